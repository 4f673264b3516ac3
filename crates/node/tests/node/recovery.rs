//! What must stay gone: recalled before a backup was restored, past its time before it was taken in.

use entente_formats::Kind;
use entente_node::import::{Fate, Settings};
use entente_node::release::Selection;

use crate::peers::{Peer, id, indicator, object, peers};
use crate::world::{Home, day};

#[test]
fn what_was_recalled_does_not_go_again_after_an_old_backup_was_restored() {
    let [alpha, beta]: [Peer; 2] = peers(&["Alpha", "Beta"]).try_into().ok().unwrap();
    let mut old = peers(&["Alpha", "Beta"]).remove(0);
    for peer in [&alpha, &old] {
        peer.import("feed", &[indicator(1, 0, ""), indicator(2, 0, "")], day(3));
        peer.release_all(day(3));
    }
    let recalled = [id("indicator", 1)];
    alpha
        .home
        .node
        .recall(&recalled, "a mistake", &alpha.desk(day(4)))
        .unwrap();
    beta.read_on(&alpha, day(5));
    old.guard = alpha.guard;
    let origin = beta.home.node.reads().unwrap().remove(0).0;
    let view = beta.home.node.view(old.id(), day(6));
    let lost = view.slice(&origin, 2, 10, 1 << 20).unwrap();
    old.home
        .node
        .take_in(beta.id(), &lost, &old.desk(day(6)))
        .unwrap();
    let (account, ruled) = old.release(&Selection::Sources(vec!["feed".to_owned()]), day(7));
    assert_eq!(account.released, 0, "{ruled:?}");
    // The same feed tells it once more, and it is asked of everything.
    old.import("another feed", &[indicator(1, 0, "")], day(8));
    assert_eq!(old.release_all(day(8)).released, 0);
}

#[test]
fn what_was_parked_is_not_taken_in_after_its_time() {
    let [alpha, beta]: [Peer; 2] = peers(&["Alpha", "Beta"]).try_into().ok().unwrap();
    // Dated fifteen days ahead, and to be deleted after ten.
    let incident = |number| object("incident", number, 18, r#","name":"i""#);
    alpha.import("feed", &[incident(1), incident(2)], day(3));
    alpha.release_all(day(3));
    assert_eq!(beta.read_on(&alpha, day(4))[0].parked, 2);
    // Whether its time was looked at or not.
    assert_eq!(
        beta.home.node.retry_parked(&beta.desk(day(19))).unwrap().stored,
        0
    );
    assert_eq!(beta.current("incident"), []);
    let [alpha, beta]: [Peer; 2] = peers(&["Alpha", "Beta"]).try_into().ok().unwrap();
    alpha.import("feed", &[incident(1)], day(3));
    alpha.release_all(day(3));
    beta.read_on(&alpha, day(4));
    beta.home.node.retain(day(14)).unwrap();
    let asides = beta.home.node.store().asides(None, 0, 100).unwrap();
    assert!(asides.is_empty(), "{asides:?}");
}

#[test]
fn a_form_that_was_replaced_while_it_was_parked_is_not_taken_in() {
    let [alpha, beta]: [Peer; 2] = peers(&["Alpha", "Beta"]).try_into().ok().unwrap();
    alpha.import("feed", &[indicator(1, 6, r#","name":"too much""#)], day(3));
    alpha.release_all(day(3));
    assert_eq!(beta.read_on(&alpha, day(4))[0].parked, 1);
    alpha.import("feed", &[indicator(1, 8, r#","name":"enough""#)], day(4));
    alpha.release_all(day(4));
    assert_eq!(beta.read_on(&alpha, day(5))[0].parked, 1);
    assert_eq!(beta.home.node.retry_parked(&beta.desk(day(7))).unwrap().stored, 0);
    assert_eq!(beta.home.node.retry_parked(&beta.desk(day(9))).unwrap().stored, 1);
    let texts = beta
        .home
        .node
        .store()
        .holdings(&id("indicator", 1), None, 10)
        .unwrap();
    assert_eq!(texts.items.len(), 1);
}

#[test]
fn what_waits_for_one_agreement_does_not_keep_others_waiting() {
    let [alpha, beta]: [Peer; 2] = peers(&["Alpha", "Beta"]).try_into().ok().unwrap();
    alpha.import("feed", &[indicator(1, 6, "")], day(3));
    alpha.release_all(day(3));
    beta.read_on(&alpha, day(4));
    beta.home.node.suspend("pact", &beta.home.keys, day(5)).unwrap();
    assert_eq!(beta.home.node.retry_parked(&beta.desk(day(7))).unwrap().parked, 1);
    let due = beta.home.node.store().asides_due(day(7).micros(), 10).unwrap();
    assert!(due.is_empty(), "{due:?}");
    beta.home.node.resume("pact", &beta.home.keys, day(8)).unwrap();
    assert_eq!(beta.home.node.retry_parked(&beta.desk(day(9))).unwrap().stored, 1);
}

#[test]
fn an_import_does_not_change_a_partys_own_identity() {
    let (alpha, beta) = (Home::founded("Alpha", 1), Home::founded("Beta", 2));
    alpha.node.meet(&beta.card(), day(2)).unwrap();
    let false_name = format!(
        r#"[{{"type":"identity","spec_version":"2.1","id":"{}","created":"{}","modified":"{}","name":"Mallory"}}]"#,
        beta.id(),
        day(0),
        day(3),
    );
    let settings = Settings {
        source: "feed",
        at: day(3),
        kind: Some(Kind::Stix),
        strict: false,
        dry_run: false,
    };
    let mut fates = Vec::new();
    alpha
        .node
        .import(false_name.as_bytes(), "x", &settings, &mut |item| {
            fates.push(item.fate)
        })
        .unwrap();
    let owner = beta.id().to_owned();
    assert_eq!(fates, [Fate::SetAside { owner }]);
}
