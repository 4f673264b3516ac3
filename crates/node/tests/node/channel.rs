//! Channels between whole nodes: what is released arrives, and nothing else.

use entente_node::Error;
use entente_node::reading::Alarm;
use entente_node::release::{Ruling, Selection};
use entente_node::steady::Steady;
use entente_node::view::Refused;

use crate::peers::{GREEN, Peer, RED, count, id, indicator, marked, object, peers, relationship};
use crate::world::day;

#[test]
fn what_is_allowed_arrives_byte_for_byte_and_is_acknowledged() {
    let [alpha, beta, gamma] = peers(&["Alpha", "Beta", "Gamma"]).try_into().ok().unwrap();
    let open = indicator(1, 0, &marked(GREEN));
    alpha.import("feed", &[open.clone(), indicator(2, 0, &marked(RED))], day(3));
    let (account, ruled) = alpha.release(&Selection::All, day(3));
    assert_eq!((account.released, account.heads.len()), (1, 1));
    let codes: Vec<&str> = ruled
        .iter()
        .filter_map(|one| match &one.ruling {
            Ruling::Withheld { code, .. } if one.id.starts_with("indicator") => Some(code.as_str()),
            _ => None,
        })
        .collect();
    assert_eq!(codes, ["marking"]);
    for reader in [&beta, &gamma] {
        let taken = reader.read_on(&alpha, day(4));
        assert_eq!((taken[0].stored, taken[0].held), (1, 1));
        assert_eq!(reader.text(&id("indicator", 1)).unwrap(), open);
        assert_eq!(reader.text(&id("indicator", 2)), None);
    }
    let acknowledged = alpha.home.node.acknowledged().unwrap();
    assert!(acknowledged.iter().all(|one| one.size == 1), "{acknowledged:?}");
    // Nothing is left to do, and nothing is done twice.
    assert_eq!(alpha.release_all(day(5)).released, 0);
    assert!(beta.slices(&alpha, 100, day(5)).is_empty());
}

#[test]
fn recalled_object_goes_and_who_has_not_acknowledged_is_known() {
    let [alpha, beta, gamma] = peers(&["Alpha", "Beta", "Gamma"]).try_into().ok().unwrap();
    alpha.import("feed", &[indicator(1, 0, ""), indicator(2, 0, "")], day(3));
    alpha.release_all(day(3));
    beta.read_on(&alpha, day(4));
    gamma.read_on(&alpha, day(4));
    let name = id("indicator", 1);
    let account = alpha
        .home
        .node
        .recall(&[name.clone(), id("tool", 9)], "a mistake", &alpha.desk(day(5)));
    let account = account.unwrap();
    assert_eq!(
        (account.recalled.len(), account.not_released),
        (1, vec![id("tool", 9)])
    );
    assert_eq!(beta.read_on(&alpha, day(6))[0].recalled, 1);
    assert_eq!(beta.text(&name), None);
    assert!(beta.text(&id("indicator", 2)).is_some());
    let recalls = beta.home.node.recalls_of(&name).unwrap();
    assert_eq!(
        (recalls[0].by.as_str(), recalls[0].reason.as_str()),
        (alpha.id(), "a mistake")
    );
    let open = alpha.home.node.unacknowledged_recalls().unwrap();
    assert_eq!(open.len(), 1);
    assert_eq!(
        (open[0].object.as_str(), &open[0].parties),
        (name.as_str(), &vec![gamma.id().to_owned()])
    );
    gamma.read_on(&alpha, day(7));
    assert!(alpha.home.node.unacknowledged_recalls().unwrap().is_empty());
    let said = &alpha
        .home
        .node
        .explain(&name, beta.id(), day(8))
        .unwrap()
        .unwrap()[0]
        .sentences;
    assert!(
        said.iter()
            .any(|one| one.contains("recalled") && one.contains("a mistake")),
        "{said:?}"
    );
    // It does not go again by itself; named, it does.
    assert_eq!(alpha.release_all(day(8)).released, 0);
    assert_eq!(
        alpha
            .release(&Selection::Ids(vec![name.clone()]), day(8))
            .0
            .released,
        1
    );
    beta.read_on(&alpha, day(9));
    assert!(beta.text(&name).is_some());
}

#[test]
fn a_recall_by_the_owner_is_told_of_a_copy_that_came_by_another_way() {
    let [alpha, beta] = peers(&["Alpha", "Beta"]).try_into().ok().unwrap();
    let name = id("indicator", 1);
    let said = || {
        let recalls = beta.home.node.recalls().unwrap();
        recalls
            .of(&name)
            .unwrap()
            .map(|recall| (recall.by, recall.reason))
    };
    let told = indicator(1, 0, "");
    alpha.import("feed", std::slice::from_ref(&told), day(3));
    alpha.release_all(day(3));
    beta.read_on(&alpha, day(4));
    beta.import("taxii", &[told], day(4));
    assert_eq!(said(), None);

    let recall = alpha
        .home
        .node
        .recall(std::slice::from_ref(&name), "a mistake", &alpha.desk(day(5)));
    recall.unwrap();
    beta.read_on(&alpha, day(6));
    assert!(beta.text(&name).is_some(), "the copy of the feed stays");
    let recalled = Some((alpha.id().to_owned(), "a mistake".to_owned()));
    assert_eq!(said(), recalled);
    let (found, _) = beta.home.node.find("type:indicator", 10).unwrap();
    assert!(found[0].recalled.is_some());
    let here = beta.home.node.recalls().unwrap();
    assert!(here.withdraws(&here.of(&name).unwrap().unwrap()));

    // Somebody else's recall says nothing of it.
    let other = id("indicator", 2);
    beta.import("taxii", &[indicator(2, 0, "")], day(6));
    beta.release_all(day(6));
    beta.home
        .node
        .recall(std::slice::from_ref(&other), "ours", &beta.desk(day(7)))
        .unwrap();
    assert_eq!(here.of(&other).unwrap(), None);
    // What the owner took back from others, the owner may still look for.
    let own = indicator(3, 0, &format!(r#","created_by_ref":"{}""#, beta.id()));
    beta.import("desk", &[own], day(7));
    beta.release_all(day(7));
    beta.home
        .node
        .recall(&[id("indicator", 3)], "too early", &beta.desk(day(7)))
        .unwrap();
    let own = here.of(&id("indicator", 3)).unwrap().unwrap();
    assert!(!here.withdraws(&own));
    alpha.release(&Selection::Ids(vec![name.clone()]), day(8));
    beta.read_on(&alpha, day(9));
    assert_eq!(said(), None, "the owner tells it again");
}

#[test]
fn what_was_recalled_and_named_again_can_be_recalled_again() {
    let [alpha, beta] = peers(&["Alpha", "Beta"]).try_into().ok().unwrap();
    alpha.import("feed", &[indicator(1, 0, "")], day(3));
    alpha.release_all(day(3));
    let name = [id("indicator", 1)];
    let recall = |at| alpha.home.node.recall(&name, "a mistake", &alpha.desk(day(at)));
    for at in [4, 6] {
        assert_eq!(recall(at).unwrap().recalled.len(), 1);
        assert_eq!(alpha.release_all(day(at)).released, 0);
        let again = alpha.release(&Selection::Ids(name.to_vec()), day(at + 1)).0;
        assert_eq!(again.released, 1);
    }
    assert_eq!(recall(8).unwrap().not_released, [""; 0]);
    beta.read_on(&alpha, day(9));
    assert_eq!(beta.text(&name[0]), None);
}

#[test]
fn what_was_recalled_stays_recalled_for_another_audience_and_in_another_form() {
    let [alpha, beta, gamma] = peers(&["Alpha", "Beta", "Gamma"]).try_into().ok().unwrap();
    let (name, malware) = (id("indicator", 1), id("malware", 7));
    let refs = format!(
        r#","name":"r","published":"{}","object_refs":["{}","{malware}"]"#,
        day(0),
        id("indicator", 2)
    );
    let all = [
        indicator(1, 0, ""),
        indicator(2, 0, ""),
        object("report", 3, 0, &refs),
    ];
    alpha.import("feed", &all, day(3));
    assert_eq!(alpha.release_all(day(3)).redacted, 1);
    let recalled = [name.clone(), id("report", 3)];
    let recall = |at| {
        alpha
            .home
            .node
            .recall(&recalled, "a mistake", &alpha.desk(day(at)))
    };
    assert_eq!(recall(4).unwrap().recalled.len(), 2);
    // What the report names comes later: it could go in another form, and does not.
    let malware = object("malware", 7, 0, r#","is_family":false,"name":"m""#);
    alpha.import("feed", &[malware], day(4));
    assert_eq!(alpha.release_all(day(4)).released, 1);
    // Gamma leaves: Beta alone is another audience with a log of its own.
    gamma.home.node.leave("pact", &gamma.home.keys, day(5)).unwrap();
    let file = gamma.home.node.pact_file("pact").unwrap();
    for home in [&alpha.home, &beta.home] {
        home.node.take_pact_file(&file, day(5)).unwrap();
    }
    let (account, ruled) = alpha.release(&Selection::All, day(6));
    assert_eq!(account.released, 2, "{ruled:?}");
    assert_eq!(
        alpha
            .release(&Selection::Sources(vec!["feed".to_owned()]), day(6))
            .0
            .released,
        0
    );
    beta.read_on(&alpha, day(6));
    assert_eq!(beta.text(&name), None);
    // A later version is no mistake; named, what was recalled goes too, and can be recalled again.
    alpha.import("feed", &[indicator(1, 5, "")], day(7));
    assert_eq!(alpha.release_all(day(7)).released, 1);
    let named = Selection::Ids(vec![id("report", 3)]);
    assert_eq!(alpha.release(&named, day(7)).0.released, 1);
    beta.read_on(&alpha, day(8));
    assert!(beta.text(&name).is_some() && beta.text(&id("report", 3)).is_some());
    assert_eq!(recall(9).unwrap().recalled.len(), 2);
}

#[test]
fn what_no_recipient_would_take_in_stays_with_the_rule_that_it_breaks() {
    let [alpha, beta] = peers(&["Alpha", "Beta"]).try_into().ok().unwrap();
    let old = indicator(1, 0, "").replace(r#""spec_version":"2.1","#, "");
    let old = old.replace(r#""pattern_type":"stix","#, "");
    alpha.import("feed", &[old, indicator(2, 0, "")], day(3));
    let (account, ruled) = alpha.release(&Selection::All, day(3));
    assert_eq!(account.released, 1);
    let name = id("indicator", 1);
    let ruled = ruled.into_iter().find(|ruled| ruled.id == name).unwrap();
    let Ruling::Withheld { code, reason, .. } = ruled.ruling else {
        panic!("{ruled:?}");
    };
    assert_eq!(code, "invalid");
    assert!(reason.contains("recipients would park it"), "{reason}");
    let explained = alpha
        .home
        .node
        .explain(&name, beta.id(), day(3))
        .unwrap()
        .unwrap();
    assert_eq!(
        (explained[0].may_go, explained[0].code.as_deref()),
        (false, Some("invalid"))
    );
    assert!(explained[0].sentences.concat().contains(&reason), "{explained:?}");
    assert_eq!(beta.read_on(&alpha, day(4))[0].parked, 0);
}

#[test]
fn referrers_are_decided_again_once_what_they_name_is_released() {
    let [alpha, beta] = peers(&["Alpha", "Beta"]).try_into().ok().unwrap();
    let malware = id("malware", 7);
    let report = object(
        "report",
        3,
        0,
        &format!(
            r#","name":"r","published":"{}","object_refs":["{}","{malware}"]"#,
            day(0),
            id("indicator", 1)
        ),
    );
    let relation = relationship(5, &id("indicator", 1), &malware);
    alpha.import("feed", &[report, relation, indicator(1, 0, "")], day(3));
    let (account, ruled) = alpha.release(&Selection::All, day(3));
    assert_eq!(account.redacted, 1, "{ruled:?}");
    beta.read_on(&alpha, day(4));
    assert_eq!(beta.text(&id("relationship", 5)), None);
    let first = beta.text(&id("report", 3)).unwrap();
    assert!(!first.contains(&malware), "{first}");
    // The target comes later: the relationship may go now, and the report goes whole in place of its first form.
    alpha.import(
        "feed",
        &[object("malware", 7, 0, r#","is_family":false,"name":"m""#)],
        day(5),
    );
    let (account, ruled) = alpha.release(&Selection::All, day(5));
    assert_eq!(account.released, 3, "{ruled:?}");
    beta.read_on(&alpha, day(6));
    assert!(beta.text(&id("relationship", 5)).is_some());
    assert!(beta.text(&id("report", 3)).unwrap().contains(&malware));
    let versions = beta.home.node.versions(&id("report", 3)).unwrap();
    assert_eq!(versions.len(), 1, "the first form is gone");
}

#[test]
fn dry_run_decides_the_same_and_writes_nothing() {
    let [alpha, beta] = peers(&["Alpha", "Beta"]).try_into().ok().unwrap();
    alpha.import(
        "feed",
        &[indicator(1, 0, ""), indicator(2, 0, &marked(RED))],
        day(3),
    );
    let mut foreseen = Vec::new();
    let desk = alpha.desk(day(3));
    let account = alpha
        .home
        .node
        .release(&Selection::All, Some("pact"), true, &desk, &mut |one| {
            foreseen.push(one)
        })
        .unwrap();
    assert!(alpha.home.node.store().channels().unwrap().is_empty());
    let (done, ruled) = alpha.release(&Selection::All, day(3));
    assert_eq!(ruled, foreseen);
    assert_eq!(
        (account.released, account.withheld),
        (done.released, done.withheld)
    );
    assert_eq!(beta.slices(&alpha, 10, day(3)).len(), 1);
}

#[test]
fn sources_are_released_from_where_they_left_off() {
    let [alpha, beta] = peers(&["Alpha", "Beta"]).try_into().ok().unwrap();
    let feed = Selection::Sources(vec!["feed".to_owned()]);
    alpha.import("feed", &[indicator(1, 0, "")], day(3));
    alpha.import("other", &[indicator(2, 0, "")], day(3));
    let released = |selection: &Selection, at| alpha.release(selection, day(at)).0.released;
    assert_eq!(released(&feed, 3), 1);
    assert_eq!(released(&feed, 3), 0);
    alpha.import("feed", &[indicator(2, 0, ""), indicator(3, 0, "")], day(4));
    assert_eq!(released(&feed, 4), 2);
    assert_eq!(beta.read_on(&alpha, day(5))[0].stored, 3);
}

#[test]
fn received_objects_go_no_further_and_are_not_told_back() {
    let [alpha, beta, gamma] = peers(&["Alpha", "Beta", "Gamma"]).try_into().ok().unwrap();
    alpha.import("feed", &[indicator(1, 0, "")], day(3));
    alpha.release_all(day(3));
    beta.read_on(&alpha, day(4));
    let (account, ruled) = beta.release(&Selection::All, day(4));
    assert_eq!(account.released, 0, "{ruled:?}");
    // Nor when an export is imported again.
    beta.import("laundry", &[indicator(1, 0, "")], day(5));
    assert_eq!(beta.release_all(day(5)).released, 0);
    // A sighting of what Alpha told goes back to Alpha, and to Gamma, who has it too.
    let sighting = object(
        "sighting",
        4,
        0,
        &format!(r#","sighting_of_ref":"{}""#, id("indicator", 1)),
    );
    beta.import("own", &[sighting], day(6));
    assert_eq!(beta.release_all(day(6)).released, 1);
    for reader in [&alpha, &gamma] {
        assert_eq!(reader.read_on(&beta, day(7))[0].stored, 1);
    }
}

#[test]
fn nothing_crosses_unless_the_agreement_is_in_force() {
    let [alpha, beta] = peers(&["Alpha", "Beta"]).try_into().ok().unwrap();
    alpha.import("feed", &[indicator(1, 0, "")], day(1));
    assert_eq!(alpha.release_all(day(1)).decided, 0);
    let desk = alpha.desk(day(1));
    let named = alpha
        .home
        .node
        .release(&Selection::All, Some("pact"), false, &desk, &mut |_| {});
    assert!(matches!(named, Err(Error::NotInForce { .. })), "{named:?}");
    alpha.release_all(day(3));
    let slice = beta.slices(&alpha, 10, day(3)).remove(0);
    alpha.home.node.suspend("pact", &alpha.home.keys, day(4)).unwrap();
    let view = alpha.home.node.view(beta.id(), day(4));
    assert!(view.channels().unwrap().is_empty());
    let refused = view.slice(&slice.origin, 0, 10, 1 << 20);
    assert!(matches!(refused, Err(Refused::NotInForce { .. })), "{refused:?}");
    // Beta has not heard of it; but after the agreement lapsed it takes nothing either.
    let late = beta.home.node.take_in(alpha.id(), &slice, &beta.desk(day(364)));
    assert!(matches!(late, Err(Error::NotInForce { .. })), "{late:?}");
    // Taking back is always allowed.
    let name = id("indicator", 1);
    let recalled = alpha
        .home
        .node
        .recall(&[name], "left", &alpha.desk(day(5)))
        .unwrap();
    assert_eq!(recalled.recalled.len(), 1);
}

#[test]
fn strangers_and_other_audiences_learn_nothing() {
    let [alpha, beta] = peers(&["Alpha", "Beta"]).try_into().ok().unwrap();
    alpha.import("feed", &[indicator(1, 0, "")], day(3));
    alpha.release_all(day(3));
    let slice = beta.slices(&alpha, 10, day(3)).remove(0);
    let stranger = id("identity", 77);
    let view = alpha.home.node.view(&stranger, day(3));
    assert!(view.channels().unwrap().is_empty() && view.heads().unwrap().is_empty());
    let unknown = view
        .slice("entente/pact/x/0123456789abcdef", 0, 1, 1)
        .unwrap_err()
        .to_string();
    let hidden = view.slice(&slice.origin, 0, 1, 1).unwrap_err().to_string();
    assert_eq!(
        unknown.replace("entente/pact/x/0123456789abcdef", "ORIGIN"),
        hidden.replace(&slice.origin, "ORIGIN")
    );
    let view = alpha.home.node.view(beta.id(), day(3));
    let beyond = view.slice(&slice.origin, 2, 1, 1);
    assert!(
        matches!(beyond, Err(Refused::Beyond { size: 1, .. })),
        "{beyond:?}"
    );
}

#[test]
fn gaps_and_old_heads_are_named_and_repetition_does_nothing() {
    let [alpha, beta] = peers(&["Alpha", "Beta"]).try_into().ok().unwrap();
    let many: Vec<String> = (0..10).map(|number| indicator(number, 0, "")).collect();
    alpha.import("feed", &many, day(3));
    alpha.release_all(day(3));
    let old = beta.slices(&alpha, 4, day(3));
    alpha.import("feed", &[indicator(99, 0, "")], day(4));
    alpha.release_all(day(4));
    let new = beta.slices(&alpha, 4, day(4));
    let take = |slice| beta.home.node.take_in(alpha.id(), slice, &beta.desk(day(5)));
    assert!(matches!(take(&new[1]), Err(Error::Gap { have: 0, from: 4, .. })));
    assert!(take(&new[0]).unwrap().receipt.is_none());
    assert!(matches!(
        take(&old[1]),
        Err(Error::Older {
            have: 11,
            size: 10,
            ..
        })
    ));
    take(&new[1]).unwrap();
    let again = take(&new[0]).unwrap();
    assert_eq!(
        (again.stored, again.known, again.before, again.held),
        (0, 4, 8, 8)
    );
    assert!(take(&new[2]).unwrap().receipt.is_some());
    assert!(take(&new[2]).unwrap().receipt.is_some());
    assert_eq!(beta.current("indicator"), alpha.current("indicator"));
}

#[test]
fn what_is_past_its_time_is_erased_on_both_sides_and_the_log_still_verifies() {
    let [alpha, beta, gamma] = peers(&["Alpha", "Beta", "Gamma"]).try_into().ok().unwrap();
    let incident = object("incident", 1, 0, r#","name":"i""#);
    alpha.import("desk", &[incident, indicator(1, 0, "")], day(3));
    alpha.release_all(day(3));
    beta.read_on(&alpha, day(4));
    let name = id("incident", 1);
    assert!(beta.text(&name).is_some());
    assert_eq!(beta.home.node.retain(day(5)).unwrap().received, 0);
    assert_eq!(beta.home.node.retain(day(14)).unwrap().received, 1);
    assert_eq!(beta.text(&name), None);
    assert_eq!(alpha.home.node.retain(day(14)).unwrap().own, 1);
    assert!(alpha.text(&name).is_some(), "it is Alpha's own");
    let taken = gamma.read_on(&alpha, day(14));
    assert_eq!((taken[0].stored, taken[0].erased), (1, 1));
    assert!(taken[0].receipt.is_some());
}

#[test]
fn a_clock_that_jumps_ahead_deletes_nothing_until_it_has_stood_by_it() {
    let [alpha, beta] = peers(&["Alpha", "Beta"]).try_into().ok().unwrap();
    alpha.import("desk", &[object("incident", 1, 0, r#","name":"i""#)], day(3));
    alpha.release_all(day(3));
    beta.read_on(&alpha, day(3));
    let retained = |at| beta.home.node.retain_steadily(at).unwrap();
    let gone = |at| matches!(retained(at), Steady::Retained(retained) if retained.received == 1);
    assert!(matches!(retained(day(3)), Steady::Retained(_)));
    assert!(matches!(retained(day(900)), Steady::Ahead(_)));
    assert!(matches!(retained(day(900)), Steady::Ahead(_)));
    assert!(!gone(day(4)), "it was a mistake, and is forgotten");
    assert!(matches!(retained(day(900)), Steady::Ahead(_)));
    assert!(gone(day(901)));
}

#[test]
fn restored_old_backup_refuses_to_sign_and_a_reader_gives_the_entries_back() {
    let [alpha, beta] = peers(&["Alpha", "Beta"]).try_into().ok().unwrap();
    alpha.import("feed", &[indicator(1, 0, "")], day(3));
    let [mut old, _] = peers(&["Alpha", "Beta"]).try_into().ok().unwrap();
    old.import("feed", &[indicator(1, 0, "")], day(3));
    old.release_all(day(3));
    alpha.release_all(day(3));
    alpha.import("feed", &[indicator(2, 0, "")], day(4));
    alpha.release_all(day(4));
    beta.read_on(&alpha, day(5));
    // The same party, the same keys, the store of day 3, the guard of day 4.
    old.guard = alpha.guard;
    old.import("feed", &[indicator(3, 0, "")], day(6));
    let refused = old.try_release(&Selection::All, day(6)).unwrap_err();
    assert!(
        matches!(
            refused,
            Error::Rollback {
                have: 1,
                signed: 2,
                ..
            }
        ),
        "{refused}"
    );
    let heads = beta.home.node.view(old.id(), day(6)).heads().unwrap();
    let alarms = old.home.node.take_heads(&heads, day(6)).unwrap();
    assert!(
        matches!(
            alarms[..],
            [Alarm::Behind {
                have: 1,
                signed: 2,
                ..
            }]
        ),
        "{alarms:?}"
    );
    let origin = beta.home.node.reads().unwrap().remove(0).0;
    let lost = beta
        .home
        .node
        .view(old.id(), day(6))
        .slice(&origin, 1, 10, 1 << 20)
        .unwrap();
    old.home
        .node
        .take_in(beta.id(), &lost, &old.desk(day(6)))
        .unwrap();
    old.release_all(day(7));
    let taken = beta.read_on(&old, day(8));
    assert_eq!((taken[0].stored, taken[0].held), (1, 3));
    assert!(old.home.node.alarms().unwrap().is_empty());
}

#[test]
fn backup_without_its_guard_refuses_to_sign_until_readers_were_heard() {
    let [alpha, beta] = peers(&["Alpha", "Beta"]).try_into().ok().unwrap();
    let [mut old, _] = peers(&["Alpha", "Beta"]).try_into().ok().unwrap();
    for peer in [&alpha, &old] {
        peer.import("feed", &[indicator(1, 0, "")], day(3));
        peer.release_all(day(3));
    }
    alpha.import("feed", &[indicator(2, 0, "")], day(4));
    alpha.release_all(day(4));
    beta.read_on(&alpha, day(5));
    // The store of day 3 on a new machine: the guard stayed on the old one.
    old.guard = peers(&["Alpha", "Beta"]).remove(0).guard;
    old.import("feed", &[indicator(3, 0, "")], day(6));
    let refused = old.try_release(&Selection::All, day(6)).unwrap_err();
    assert!(matches!(refused, Error::Unguarded { signed: 1, .. }), "{refused}");
    // A reader tells of the later head: guarding anew would sign a second history.
    let heads = beta.home.node.view(old.id(), day(6)).heads().unwrap();
    old.home.node.take_heads(&heads, day(6)).unwrap();
    let refused = old.home.node.guard_anew(&old.desk(day(6))).unwrap_err();
    assert!(
        matches!(
            refused,
            Error::Rollback {
                have: 1,
                signed: 2,
                ..
            }
        ),
        "{refused}"
    );
    // It gives the missing entries back, and then there is one history to go on with.
    let origin = beta.home.node.reads().unwrap().remove(0).0;
    let view = beta.home.node.view(old.id(), day(6));
    let lost = view.slice(&origin, 1, 10, 1 << 20).unwrap();
    old.home
        .node
        .take_in(beta.id(), &lost, &old.desk(day(6)))
        .unwrap();
    assert_eq!(
        old.home.node.guard_anew(&old.desk(day(6))).unwrap(),
        [(origin, 2)]
    );
    old.release_all(day(7));
    let taken = beta.read_on(&old, day(8));
    assert_eq!((taken[0].stored, taken[0].held), (1, 3));
}

#[test]
fn two_histories_are_proven_against_their_owner() {
    let [alpha, beta, gamma] = peers(&["Alpha", "Beta", "Gamma"]).try_into().ok().unwrap();
    let twin = peers(&["Alpha", "Beta", "Gamma"]).remove(0);
    alpha.import("feed", &[indicator(1, 0, "")], day(3));
    twin.import("feed", &[indicator(2, 0, "")], day(3));
    alpha.release_all(day(3));
    twin.release_all(day(3));
    beta.read_on(&alpha, day(4));
    gamma.read_on(&twin, day(4));
    // Both readers are content until they compare.
    let heads = gamma.home.node.view(beta.id(), day(5)).heads().unwrap();
    let alarms = beta.home.node.take_heads(&heads, day(5)).unwrap();
    assert!(matches!(alarms[..], [Alarm::Fork { .. }]), "{alarms:?}");
    assert_eq!(beta.home.node.alarms().unwrap(), alarms);
    alpha.import("feed", &[indicator(4, 0, "")], day(6));
    alpha.release_all(day(6));
    let slice = beta.slices(&alpha, 10, day(6)).remove(0);
    let refused = beta.home.node.take_in(alpha.id(), &slice, &beta.desk(day(6)));
    assert!(matches!(refused, Err(Error::Forked { .. })), "{refused:?}");
}

#[test]
fn head_ahead_of_what_is_held_is_compared_once_it_is_reached() {
    let [alpha, beta, gamma] = peers(&["Alpha", "Beta", "Gamma"]).try_into().ok().unwrap();
    let twin = peers(&["Alpha", "Beta", "Gamma"]).remove(0);
    for (peer, last) in [(&alpha, 3), (&twin, 4)] {
        peer.import("feed", &[indicator(1, 0, "")], day(3));
        peer.release_all(day(3));
        peer.import("feed", &[indicator(last, 0, "")], day(4));
    }
    beta.read_on(&alpha, day(4));
    twin.release_all(day(4));
    gamma.read_on(&twin, day(4));
    let heads = gamma.home.node.view(beta.id(), day(5)).heads().unwrap();
    assert!(beta.home.node.take_heads(&heads, day(5)).unwrap().is_empty());
    alpha.release_all(day(5));
    let taken = beta.read_on(&alpha, day(6));
    assert!(matches!(taken[0].alarms[..], [Alarm::Fork { .. }]), "{taken:?}");
}

#[test]
fn restored_witness_cosigns_no_second_history() {
    let [alpha, beta] = peers(&["Alpha", "Beta"]).try_into().ok().unwrap();
    let [twin, mut restored] = peers(&["Alpha", "Beta"]).try_into().ok().unwrap();
    alpha.import("feed", &[indicator(1, 0, "")], day(3));
    alpha.release_all(day(3));
    twin.import("feed", &[indicator(2, 0, "")], day(3));
    twin.release_all(day(3));
    let origin = alpha.home.node.store().channels().unwrap()[0].origin.clone();
    let named = beta.id().to_owned();
    let asked = |owner: &Peer, witness: &Peer| {
        let body = owner.home.node.witness_request(&origin, &named).unwrap().unwrap();
        let view = witness.home.node.view(alpha.id(), day(4));
        view.add_checkpoint(&body, &witness.desk(day(4))).unwrap().0
    };
    assert_eq!(asked(&alpha, &beta), 200);
    // The same witness with a store from before: it has forgotten, its guard has not.
    restored.guard = beta.guard;
    assert_eq!(asked(&twin, &restored), 409);
}

#[test]
fn parties_cosign_each_others_heads() {
    let [alpha, beta] = peers(&["Alpha", "Beta"]).try_into().ok().unwrap();
    alpha.import("feed", &[indicator(1, 0, "")], day(3));
    alpha.release_all(day(3));
    let origin = alpha.home.node.store().channels().unwrap()[0].origin.clone();
    let cosign = |at| {
        let body = alpha
            .home
            .node
            .witness_request(&origin, beta.id())
            .unwrap()
            .unwrap();
        let answer = beta
            .home
            .node
            .view(alpha.id(), day(at))
            .add_checkpoint(&body, &beta.desk(day(at)));
        let (status, body) = answer.unwrap();
        alpha
            .home
            .node
            .take_cosignature(&origin, beta.id(), status, &body, day(at))
            .unwrap();
        status
    };
    assert_eq!(cosign(3), 200);
    assert_eq!(alpha.home.node.witness_request(&origin, beta.id()).unwrap(), None);
    let signatures = |note: &str| note.lines().filter(|line| line.starts_with('—')).count();
    let offer = alpha
        .home
        .node
        .view(beta.id(), day(3))
        .channels()
        .unwrap()
        .remove(0);
    assert_eq!(signatures(&offer.head), 2);
    alpha.import("feed", &[indicator(2, 0, "")], day(4));
    alpha.release_all(day(4));
    assert_eq!(cosign(4), 200);
    assert_eq!(beta.read_on(&alpha, day(5))[0].stored, 2);
}

#[test]
fn what_was_parked_for_its_date_is_taken_in_when_that_has_come() {
    let [alpha, beta] = peers(&["Alpha", "Beta"]).try_into().ok().unwrap();
    alpha.import("feed", &[indicator(1, 9, ""), indicator(2, 0, "")], day(3));
    alpha.release_all(day(3));
    let taken = beta.read_on(&alpha, day(4));
    assert_eq!((taken[0].stored, taken[0].parked), (1, 1));
    assert_eq!(beta.home.node.retry_parked(&beta.desk(day(5))).unwrap().stored, 0);
    assert_eq!(
        beta.home.node.retry_parked(&beta.desk(day(10))).unwrap().stored,
        1
    );
    assert!(beta.text(&id("indicator", 1)).is_some());
}

#[test]
fn explanation_names_clause_or_reason() {
    let [alpha, beta] = peers(&["Alpha", "Beta"]).try_into().ok().unwrap();
    alpha.import(
        "feed",
        &[indicator(1, 0, ""), indicator(2, 0, &marked(RED))],
        day(3),
    );
    let ask = |number| {
        alpha
            .home
            .node
            .explain(&id("indicator", number), beta.id(), day(3))
            .unwrap()
            .unwrap()
    };
    let goes = ask(1).remove(0);
    assert_eq!((goes.may_go, goes.clause.as_deref()), (true, Some("open")));
    let stays = ask(2).remove(0);
    assert_eq!((stays.may_go, stays.code.as_deref()), (false, Some("marking")));
    assert!(
        alpha
            .home
            .node
            .explain(&id("tool", 1), beta.id(), day(3))
            .unwrap()
            .is_none()
    );
}

#[test]
fn cut_off_nodes_agree_once_they_are_joined() {
    let count = count("ENTENTE_PARTITION", 300);
    let [alpha, beta] = peers(&["Alpha", "Beta"]).try_into().ok().unwrap();
    for (peer, first) in [(&alpha, 0), (&beta, count)] {
        let objects: Vec<String> = (first..first + count)
            .map(|number| indicator(number, 0, ""))
            .collect();
        peer.import("feed", &objects, day(3));
        peer.release_all(day(3));
    }
    beta.read_on(&alpha, day(4));
    alpha.read_on(&beta, day(4));
    assert_eq!(alpha.current("indicator").len(), 2 * count as usize);
    assert_eq!(alpha.current("indicator"), beta.current("indicator"));
    assert!(beta.slices(&alpha, 10, day(5)).is_empty());
}
