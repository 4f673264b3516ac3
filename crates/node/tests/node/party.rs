//! Parties and their keys, seen from a second node that only has what was handed to it.

use entente_node::Error;
use entente_node::acts::{self, Act, Fate, Kind, Refusal};
use entente_node::keys::{KeyList, KeyStanding, Keys};
use entente_stix::time::Timestamp;
use entente_translog::note;

use crate::world::{Home, RECIPIENT, acquainted, day, document};

#[test]
fn founding_names_the_identity_that_the_node_had() {
    let home = Home::new("Alpha", 1);
    let before = home.id().to_owned();
    assert!(home.node.me().unwrap().is_none());
    let party = home.node.found("Alpha", &home.keys, RECIPIENT, day(1)).unwrap();
    assert_eq!(
        (party.id.as_str(), party.name.as_str()),
        (before.as_str(), "Alpha")
    );
    assert!(party.is_self);
    let shown = home.node.show(&before).unwrap().unwrap();
    assert_eq!(shown.current.name, "Alpha");
    assert_eq!(home.node.identity("unused", day(2)).unwrap(), before);
    assert_eq!(home.reopened().me(), party);
}

#[test]
fn a_node_is_founded_once_with_its_own_keys_and_a_name() {
    let home = Home::new("Alpha", 1);
    let found = |name: &str, keys: &Keys| home.node.found(name, keys, RECIPIENT, day(1));
    for name in ["", "  ", "two\nlines", &"x".repeat(201)] {
        assert!(
            matches!(found(name, &home.keys), Err(Error::Name { .. })),
            "{name:?}"
        );
    }
    let strange = Home::new("Beta", 2);
    assert!(matches!(found("Alpha", &strange.keys), Err(Error::NotOurKeys)));
    let mut offline = home.next_keys(3);
    offline.root = None;
    assert!(matches!(found("Alpha", &offline), Err(Error::RootElsewhere)));
    found("Alpha", &home.keys).unwrap();
    assert!(matches!(found("Alpha", &home.keys), Err(Error::Founded { .. })));
}

#[test]
fn a_card_makes_a_party_known_with_its_keys_and_its_identity() {
    let (alpha, beta) = (Home::founded("Alpha", 1), Home::founded("Beta", 2));
    let met = alpha.node.meet(&beta.card(), day(2)).unwrap();
    assert_eq!(met.len(), 1);
    assert_eq!(met[0].root, beta.me().root);
    assert_eq!(met[0].keys, beta.me().keys);
    assert!(!met[0].is_self);
    assert_eq!(alpha.node.party("beta").unwrap().unwrap().id, beta.id());
    assert_eq!(alpha.node.party(beta.id()).unwrap().unwrap().name, "Beta");
    let shown = alpha.node.show(beta.id()).unwrap().unwrap();
    assert_eq!(shown.current.name, "Beta");
    assert_eq!(shown.holdings[0].source, format!("party/{}", beta.id()));
    assert_eq!(
        alpha.node.store().owners(&[beta.id()]).unwrap(),
        [Some(beta.id().to_owned())]
    );
    // The same card again, and on a node opened again: nothing new.
    assert_eq!(alpha.node.meet(&beta.card(), day(3)).unwrap(), met);
    assert_eq!(alpha.reopened().node.parties().unwrap().len(), 2);
}

#[test]
fn two_parties_of_one_name_are_asked_for_by_id() {
    let (alpha, beta, other) = (
        Home::founded("Alpha", 1),
        Home::founded("Beta", 2),
        Home::founded("Beta", 3),
    );
    alpha.node.meet(&beta.card(), day(2)).unwrap();
    alpha.node.meet(&other.card(), day(2)).unwrap();
    assert!(matches!(
        alpha.node.party("Beta"),
        Err(Error::AmbiguousParty { .. })
    ));
    assert!(alpha.node.party("Gamma").unwrap().is_none());
}

/// The one refusal that taking a card in ends with.
fn refused(result: Result<Vec<entente_node::party::Party>, Error>) -> Refusal {
    match result {
        Err(Error::Act(refusal)) => refusal,
        other => panic!("{other:?}"),
    }
}

#[test]
fn a_second_root_key_for_a_known_party_is_refused() {
    let (alpha, beta) = (Home::founded("Alpha", 1), Home::founded("Beta", 2));
    alpha.node.meet(&beta.card(), day(2)).unwrap();
    // The same identity, founded somewhere else with other keys.
    let impostor = Home::new("Beta", 2);
    let mut keys = clone(&impostor.keys);
    keys.root = Some([77; 32]);
    impostor.node.found("Beta", &keys, RECIPIENT, day(1)).unwrap();
    let refusal = refused(alpha.node.meet(&impostor.card(), day(2)));
    assert!(matches!(refusal, Refusal::OtherRoot { .. }), "{refusal}");
    assert_eq!(alpha.node.party("Beta").unwrap().unwrap().root, beta.me().root);
}

fn clone(keys: &Keys) -> Keys {
    Keys {
        party: keys.party.clone(),
        root: keys.root,
        instance: keys.instance,
        salt: keys.salt,
    }
}

#[test]
fn a_card_of_ones_own_identity_from_elsewhere_is_refused() {
    let (alpha, copy) = (Home::new("Alpha", 1), Home::founded("Alpha", 1));
    let refusal = refused(alpha.node.meet(&copy.card(), day(2)));
    assert!(matches!(refusal, Refusal::OurIdentity { .. }), "{refusal}");
    assert!(alpha.node.me().unwrap().is_none());
}

#[test]
fn a_changed_card_is_refused() {
    let (alpha, beta) = (Home::founded("Alpha", 1), Home::founded("Beta", 2));
    let card = beta.card();
    for (from, to) in [
        ("\"name\":\"Beta\"", "\"name\":\"Bete\""),
        ("entente/party/v1", "entente/party/v2"),
        ("root identity", "key identity"),
        ("\"identity_class\":\"organization\",", ""),
        ("{\"created\"", "{ \"created\""),
        ("entente/acts/v1", "entente/acts/v2"),
        ("== party", "== partly"),
    ] {
        assert!(card.contains(from), "{from}");
        let changed = card.replacen(from, to, 1);
        assert!(alpha.node.meet(&changed, day(2)).is_err(), "{to}");
    }
    assert_eq!(alpha.node.parties().unwrap().len(), 1);
    assert!(matches!(
        alpha.node.meet("entente/acts/v1\n", day(2)),
        Err(Error::NoCard)
    ));
}

/// A key list of `home`'s party, signed with whatever `signer` says.
fn list(home: &Home, sequence: u64, signer: &note::Signer) -> Act {
    let mut list = KeyList::of(&home.me(), day(3));
    list.sequence = sequence;
    Act {
        kind: Kind::Keys,
        text: note::sign(&list.text(), &[signer]).unwrap(),
    }
}

#[test]
fn only_a_list_with_a_higher_number_by_the_root_key_is_taken() {
    let homes = acquainted(&["Alpha", "Beta"]);
    let (alpha, beta) = (&homes[0], &homes[1]);
    let root = beta.keys.root_signer().unwrap();
    let instance = beta.keys.signer().unwrap();
    let take = |act: Act| alpha.node.take_acts(&[act], day(3)).unwrap().remove(0).fate;

    let by_instance = take(list(beta, 2, &instance));
    assert!(
        matches!(&by_instance, Fate::Refused(refusal @ Refusal::NotByRoot { .. }) if refusal.to_string().contains("instance key")),
        "{by_instance:?}"
    );
    let stranger = note::Signer::ed25519(beta.id(), &[55; 32]).unwrap();
    assert!(matches!(
        take(list(beta, 2, &stranger)),
        Fate::Refused(Refusal::NotByRoot { .. })
    ));
    assert_eq!(take(list(beta, 5, &root)), Fate::New);
    assert_eq!(take(list(beta, 5, &root)), Fate::Known);
    assert_eq!(take(list(beta, 4, &root)), Fate::Known);
    assert_eq!(alpha.node.party("Beta").unwrap().unwrap().sequence, 5);

    let mut second = KeyList::of(&beta.me(), day(3));
    second.sequence = 5;
    second.recipient = None;
    assert!(matches!(
        take(second.signed(&root).unwrap()),
        Fate::Refused(Refusal::TwoLists { sequence: 5, .. })
    ));
}

#[test]
fn a_root_key_in_its_own_list_is_refused() {
    let homes = acquainted(&["Alpha", "Beta"]);
    let root = homes[1].keys.root_signer().unwrap();
    let list = KeyList::of(&homes[1].me(), day(3)).rotated(root.verifier().clone(), None, day(3));
    let taken = homes[0].node.take_acts(&[list.signed(&root).unwrap()], day(3));
    assert!(matches!(
        taken.unwrap()[0].fate,
        Fate::Refused(Refusal::Malformed { .. })
    ));
}

/// A word of `home` about `pact`, as its node would sign it, with another key.
fn word(home: &Home, keys: &Keys, day_said: i64) -> Act {
    let text = format!("entente/suspension/v1\npact\n1\n{}\n", day(day_said));
    assert_eq!(keys.party, home.id());
    Act {
        kind: Kind::Suspension,
        text: note::sign(&text, &[&keys.signer().unwrap()]).unwrap(),
    }
}

/// The whole life of a party's keys, as another node sees it: ten rotations, one revocation, a lost key. What was
/// logged before a revocation stays good; nothing new under a revoked or expired key.
#[test]
fn keys_count_as_long_as_the_lists_that_are_known_say() {
    let homes = acquainted(&["Alpha", "Beta"]);
    let (alpha, beta) = (&homes[0], &homes[1]);
    let text = document("pact", &[alpha, beta]);
    for home in [alpha, beta] {
        home.node.draft(&text, day(1)).unwrap();
    }
    let mut keys = vec![clone(&beta.keys)];
    for rotation in 1..=10u8 {
        let next = beta.next_keys(150 + rotation);
        beta.node
            .rotate(&next, None, day(10 * i64::from(rotation)))
            .unwrap();
        keys.push(next);
        alpha
            .node
            .meet(&beta.card(), day(10 * i64::from(rotation)))
            .unwrap();
    }
    let me = beta.me();
    assert_eq!((me.sequence, me.keys.len()), (11, 11));
    assert_eq!(alpha.node.party("Beta").unwrap().unwrap().keys, me.keys);
    // The signature under the agreement comes while key 9 counts, which is then revoked.
    let vkey = |at: usize| keys[at].signer().unwrap().verifier().to_string();
    let signature = {
        let mut signing = beta.node.sign("pact", 1, &keys[9], day(101)).unwrap();
        signing.signed.take(beta.id()).unwrap();
        beta.node.pact_file("pact").unwrap()
    };
    alpha.node.take_pact_file(&signature, day(101)).unwrap();
    beta.node.revoke(&vkey(9), &keys[10], day(102)).unwrap();
    alpha.node.meet(&beta.card(), day(103)).unwrap();

    //        key, day, what a new note under it meets
    let table: &[(usize, i64, &str)] = &[
        (0, 104, "is valid from"), // replaced on day 10, its thirty days over
        (6, 104, "is valid from"), // replaced on day 70: until day 100
        (7, 104, ""),              // replaced on day 80: until day 110
        (7, 110, "is valid from"), // not on that day any more
        (8, 104, ""),
        (9, 104, "was revoked"),
        (9, 102, "was revoked"), // also for what it says of the day before
        (10, 104, ""),
        (10, 464, ""),
        (10, 465, "is valid from"), // a year is over
    ];
    for (key, at, reason) in table {
        let act = word(beta, &keys[*key], *at);
        let told = alpha.node.would_take(&[act], day(*at)).unwrap().remove(0);
        let got = match told.fate {
            Fate::Refused(refusal) => refusal.to_string(),
            other => format!("{other:?}"),
        };
        let fits = if reason.is_empty() {
            got == "New"
        } else {
            got.contains(reason)
        };
        assert!(fits, "key {key} on day {at}: {got}");
    }
    // A key that nobody was told of: lost, or never theirs.
    let lost = alpha
        .node
        .would_take(&[word(beta, &beta.next_keys(222), 104)], day(104))
        .unwrap();
    assert!(matches!(lost[0].fate, Fate::Refused(Refusal::UnknownKey { .. })));

    // What was logged before the revocation stays good, also when everything is read anew.
    let pact = alpha.node.pact("pact", day(104)).unwrap().unwrap();
    assert!(pact.signed.contains(beta.id()));
    let homes: Vec<Home> = homes.into_iter().map(Home::reopened).collect();
    let pact = homes[0].node.pact("pact", day(104)).unwrap().unwrap();
    assert!(pact.signed.contains(homes[1].id()));
    assert_eq!(
        pact.versions[0].signed[homes[1].id()].key,
        vkey(9),
        "the signature that came in is the revoked key's"
    );
    // Nothing new under it: a node that hears of it only now does not take it.
    let gamma = Home::founded("Gamma", 9);
    for home in &homes {
        gamma.node.meet(&home.card(), day(104)).unwrap();
    }
    let taken = gamma.node.take_pact_file(&signature, day(104)).unwrap();
    let fate = taken.iter().find(|taken| taken.kind == Kind::Signature);
    assert!(
        matches!(&fate.unwrap().fate, Fate::Refused(Refusal::Revoked { at, .. }) if *at == day(102)),
        "{fate:?}"
    );
}

#[test]
fn a_revocation_cannot_be_taken_back_by_a_later_list() {
    let homes = acquainted(&["Alpha", "Beta"]);
    let (alpha, beta) = (&homes[0], &homes[1]);
    let old = clone(&beta.keys);
    let vkey = old.signer().unwrap().verifier().clone();
    let new = beta.next_keys(160);
    beta.node.rotate(&new, None, day(2)).unwrap();
    beta.node.revoke(&vkey.to_string(), &new, day(3)).unwrap();
    alpha.node.meet(&beta.card(), day(3)).unwrap();
    // The root key itself lists the revoked key again.
    let mut list = KeyList::of(&beta.me(), day(4));
    list.revoked.clear();
    let list = list.rotated(vkey, None, day(4));
    let root = beta.keys.root_signer().unwrap();
    let taken = alpha
        .node
        .take_acts(&[list.signed(&root).unwrap()], day(4))
        .unwrap();
    assert_eq!(taken[0].fate, Fate::New);
    let party = alpha.node.party("Beta").unwrap().unwrap();
    let old_key = party
        .keys
        .iter()
        .find(|key| key.vkey == *old.signer().unwrap().verifier())
        .unwrap();
    assert_eq!(old_key.standing(day(5)), KeyStanding::Revoked);
}

#[test]
fn without_the_root_key_everything_works_but_rotation_and_revocation() {
    let homes = acquainted(&["Alpha", "Beta"]);
    let (alpha, beta) = (&homes[0], &homes[1]);
    let mut keys = clone(&alpha.keys);
    keys.root = None;
    alpha
        .node
        .draft(&document("pact", &[alpha, beta]), day(1))
        .unwrap();
    alpha.node.sign("pact", 1, &keys, day(1)).unwrap();
    alpha.node.suspend("pact", &keys, day(2)).unwrap();
    let mut next = alpha.next_keys(170);
    next.root = None;
    assert!(matches!(
        alpha.node.rotate(&next, None, day(3)),
        Err(Error::RootElsewhere)
    ));
    // What needs the root key is prepared as a text, and signed where that key is: no node is needed there.
    let list =
        KeyList::of(&alpha.me(), day(3)).rotated(next.signer().unwrap().verifier().clone(), None, day(3));
    let carried = KeyList::read(&list.text()).unwrap();
    let signed = carried.to_file(&alpha.keys.root_signer().unwrap()).unwrap();
    alpha.node.meet(&signed, day(3)).unwrap();
    assert_eq!(alpha.node.sign_again(&next, day(3)).unwrap(), 1);
    assert_eq!(alpha.me().sequence, 2);
    let signed = &alpha.node.pact("pact", day(3)).unwrap().unwrap().versions[0].signed;
    assert_eq!(signed.len(), 1);
}

#[test]
fn the_last_key_is_not_revoked_and_a_strange_one_is_not_known() {
    let alpha = Home::founded("Alpha", 1);
    let vkey = alpha.me().keys[0].vkey.to_string();
    assert!(matches!(
        alpha.node.revoke(&vkey, &alpha.keys, day(2)),
        Err(Error::LastKey)
    ));
    assert!(matches!(
        alpha.node.revoke("x+y+z", &alpha.keys, day(2)),
        Err(Error::UnknownKey { .. })
    ));
}

#[test]
fn a_key_that_is_over_signs_nothing_here() {
    let homes = acquainted(&["Alpha", "Beta"]);
    let (alpha, beta) = (&homes[0], &homes[1]);
    alpha
        .node
        .draft(&document("pact", &[alpha, beta]), day(1))
        .unwrap();
    assert!(matches!(
        alpha.node.sign("pact", 1, &alpha.keys, day(500)),
        Err(Error::KeyOver { revoked: false, .. })
    ));
    assert!(matches!(
        alpha.node.sign("pact", 1, &alpha.next_keys(200), day(2)),
        Err(Error::NotOurKeys)
    ));
}

#[test]
fn a_clock_that_is_a_little_behind_takes_what_was_signed_just_now() {
    let (alpha, beta) = (Home::founded("Alpha", 1), Home::founded("Beta", 2));
    let behind = |seconds: i64| Timestamp::from_micros(day(1).micros() - seconds * 1_000_000);
    alpha.node.meet(&beta.card(), behind(299)).unwrap();
    let key = &alpha.node.party("Beta").unwrap().unwrap().keys[0];
    assert!(key.is_valid(behind(299)));
    assert_eq!(key.standing(behind(301)), KeyStanding::NotYet);
}

#[test]
fn a_note_of_a_party_is_checked_with_the_keys_that_come_with_it() {
    let homes = acquainted(&["Alpha", "Beta"]);
    let (alpha, beta) = (&homes[0], &homes[1]);
    let next = beta.next_keys(180);
    let note = note::sign("hello\n", &[&next.signer().unwrap()]).unwrap();
    beta.node.rotate(&next, None, day(2)).unwrap();
    let also = acts::file::read(&beta.card()).unwrap();
    let check = |also: &[Act]| alpha.node.verify_by(beta.id(), &note, also, day(2));
    assert!(matches!(check(&[]), Err(Error::Act(Refusal::UnknownKey { .. }))));
    assert_eq!(check(&also).unwrap(), "hello\n");
    assert_eq!(
        alpha.node.party("Beta").unwrap().unwrap().sequence,
        1,
        "nothing was taken in"
    );
    assert!(alpha.node.verify_by(alpha.id(), &note, &also, day(2)).is_err());
}

#[test]
fn hostile_lists_are_refused() {
    let beta = Home::founded("Beta", 2);
    let good = KeyList::of(&beta.me(), day(1)).text();
    assert!(KeyList::read(&good).is_ok());
    let key = good.lines().find(|line| line.starts_with("key ")).unwrap();
    for (from, to) in [
        ("entente/keys/v1", "entente/keys/v9".to_owned()),
        ("\n1\n", "\n0\n".to_owned()),
        ("\n1\n", "\n01\n".to_owned()),
        ("\n1\n", "\n-1\n".to_owned()),
        ("\n1\n", "\n99999999999999999999999\n".to_owned()),
        (key, format!("{key}\n{key}")),
        (key, key.replace(".000Z", "Z")),
        (key, key.replace(' ', "  ")),
        (key, key.replace("2027", "2025")),
        (key, key.replace("identity--", "identity--0")),
        ("recipient age1", "recipient age2".to_owned()),
        ("recipient age1", "recipient age1\u{e9}".to_owned()),
    ] {
        let changed = good.replacen(from, &to, 1);
        assert_ne!(changed, good, "{from}");
        assert!(KeyList::read(&changed).is_err(), "{changed}");
    }
}
