//! Agreements between nodes that only have what was handed to them.

use entente_node::Error;
use entente_node::acts::{Fate, Kind, Refusal};
use entente_policy::agreement::Agreement;
use entente_policy::standing::Standing;

use crate::world::{Home, acquainted, day, document};

/// Hands what `from` has of `pact` to `to`; the refusals that this gives, in words.
fn hand(from: &Home, to: &Home, at: i64) -> Vec<String> {
    let file = from.node.pact_file("pact").unwrap();
    let taken = to.node.take_pact_file(&file, day(at)).unwrap();
    taken
        .into_iter()
        .filter_map(|taken| match taken.fate {
            Fate::Refused(refusal) => Some(refusal.to_string()),
            _ => None,
        })
        .collect()
}

fn standing(home: &Home, at: i64) -> Standing {
    home.node.pact("pact", day(at)).unwrap().unwrap().standing
}

fn sign(home: &Home, version: u32, at: i64) {
    home.node.sign("pact", version, &home.keys, day(at)).unwrap();
}

/// Alpha, Beta and Gamma with an agreement that all signed, in force from day 2 on.
fn in_force() -> Vec<Home> {
    let homes = acquainted(&["Alpha", "Beta", "Gamma"]);
    let text = document("pact", &homes.iter().collect::<Vec<_>>());
    homes[0].node.draft(&text, day(1)).unwrap();
    sign(&homes[0], 1, 1);
    assert_eq!(hand(&homes[0], &homes[1], 1), [""; 0]);
    sign(&homes[1], 1, 1);
    assert_eq!(hand(&homes[1], &homes[2], 1), [""; 0]);
    sign(&homes[2], 1, 1);
    for home in &homes[..2] {
        assert_eq!(hand(&homes[2], home, 1), [""; 0]);
    }
    homes
}

#[test]
fn an_agreement_is_in_force_once_all_signed() {
    let homes = in_force();
    for home in &homes {
        assert_eq!(standing(home, 1), Standing::NotYet { from: day(2) });
        assert_eq!(standing(home, 2), Standing::InForce);
        assert_eq!(standing(home, 365), Standing::Lapsed { until: day(365) });
    }
    let digests: Vec<[u8; 32]> = homes
        .iter()
        .map(|home| {
            home.node
                .pact("pact", day(2))
                .unwrap()
                .unwrap()
                .agreement
                .digest()
        })
        .collect();
    assert!(digests.iter().all(|digest| *digest == digests[0]));
    let homes: Vec<Home> = homes.into_iter().map(Home::reopened).collect();
    assert!(homes.iter().all(|home| standing(home, 2) == Standing::InForce));
}

#[test]
fn a_draft_says_whose_signature_is_missing() {
    let homes = acquainted(&["Alpha", "Beta"]);
    let text = document("pact", &[&homes[0], &homes[1]]);
    homes[0].node.draft(&text, day(1)).unwrap();
    sign(&homes[0], 1, 1);
    assert_eq!(
        standing(&homes[0], 2),
        Standing::Draft {
            missing: vec![homes[1].id().to_owned()]
        }
    );
    // Signing again changes nothing.
    sign(&homes[0], 1, 3);
    let version = &homes[0].node.pact("pact", day(3)).unwrap().unwrap().versions[0];
    assert_eq!(version.signed[homes[0].id()].at, day(1));
}

#[test]
fn a_party_that_signed_another_text_is_told_so() {
    let homes = acquainted(&["Alpha", "Beta"]);
    let text = document("pact", &[&homes[0], &homes[1]]);
    homes[0].node.draft(&text, day(1)).unwrap();
    sign(&homes[0], 1, 1);
    let other = text.replace("TLP:GREEN", "TLP:RED");
    homes[1].node.draft(&other, day(1)).unwrap();
    sign(&homes[1], 1, 1);
    let told = hand(&homes[1], &homes[0], 1).join("\n");
    assert!(
        told.contains("`Beta`") && told.contains("signed another text of version 1 of `pact`"),
        "{told}"
    );
    assert!(told.contains("which this node's party signed"), "{told}");
    assert_eq!(
        homes[0].node.pact("pact", day(1)).unwrap().unwrap().signed.len(),
        1
    );
}

#[test]
fn a_signature_under_a_version_that_is_not_known_is_told() {
    let homes = in_force();
    let second = amended(&homes[0], 1).replace("version = 1", "version = 2");
    homes[0].node.draft(&second, day(3)).unwrap();
    sign(&homes[0], 2, 3);
    let file = homes[0].node.pact_file("pact").unwrap();
    let acts = entente_node::acts::file::read(&file).unwrap();
    let without_texts: Vec<_> = acts
        .into_iter()
        .filter(|act| act.kind != Kind::Agreement)
        .collect();
    let taken = homes[1].node.take_acts(&without_texts, day(3)).unwrap();
    let refusals: Vec<_> = taken
        .iter()
        .filter_map(|taken| match &taken.fate {
            Fate::Refused(refusal) => Some(refusal),
            _ => None,
        })
        .collect();
    assert!(
        matches!(refusals.as_slice(), [Refusal::UnknownVersion { version: 2, .. }]),
        "{refusals:?}"
    );
}

/// The text of the version that `home` has, amended: with another title, after the digest of `after`.
fn amended(home: &Home, after: u32) -> String {
    let pact = home.node.pact("pact", day(3)).unwrap().unwrap();
    let held = pact.version(after).unwrap();
    let mut next = Agreement::clone(&held.agreement);
    next.previous = Some(held.digest);
    next.version = after + 1;
    next.title = format!("{}, amended", next.title);
    next.to_toml()
}

#[test]
fn an_amendment_takes_over_when_all_signed_it() {
    let homes = in_force();
    let text = amended(&homes[0], 1);
    homes[0].node.draft(&text, day(3)).unwrap();
    sign(&homes[0], 2, 3);
    assert_eq!(standing(&homes[0], 3), Standing::InForce);
    let pact = homes[0].node.pact("pact", day(3)).unwrap().unwrap();
    assert_eq!((pact.agreement.version, pact.versions.len()), (1, 2));
    for home in &homes[1..] {
        assert_eq!(hand(&homes[0], home, 4), [""; 0]);
        sign(home, 2, 4);
        assert_eq!(hand(home, &homes[0], 4), [""; 0]);
    }
    let pact = homes[0].node.pact("pact", day(5)).unwrap().unwrap();
    assert_eq!((pact.agreement.version, &pact.standing), (2, &Standing::InForce));
    assert_eq!(pact.versions[0].standing, Standing::Superseded { by: 2 });
}

#[test]
fn an_amendment_must_follow_the_text_that_is_held() {
    let homes = in_force();
    let mut next = Agreement::read(&amended(&homes[0], 1)).unwrap();
    next.previous = Some([7; 32]);
    let refusal = homes[0].node.draft(&next.to_toml(), day(3)).unwrap_err();
    assert!(
        matches!(&refusal, Error::Act(Refusal::NoPrevious { version: 2, .. })),
        "{refusal}"
    );
    next.version = 3;
    let refusal = homes[0].node.draft(&next.to_toml(), day(3)).unwrap_err();
    assert!(refusal.to_string().contains("missing"), "{refusal}");
}

#[test]
fn each_party_holds_it_up_and_lets_it_go_on_for_itself() {
    let homes = in_force();
    let (alpha, beta) = (&homes[0], &homes[1]);
    alpha.node.suspend("pact", &alpha.keys, day(3)).unwrap();
    let early = alpha.node.pact_file("pact").unwrap();
    assert_eq!(hand(alpha, beta, 3), [""; 0]);
    let by_alpha = Standing::Suspended {
        by: alpha.id().to_owned(),
    };
    assert_eq!(standing(beta, 3), by_alpha);
    // Another party's resumption is about its own suspension only, of which there is none.
    let pact = beta.node.resume("pact", &beta.keys, day(4)).unwrap();
    assert_eq!(pact.standing, by_alpha);
    alpha.node.resume("pact", &alpha.keys, day(4)).unwrap();
    assert_eq!(hand(alpha, beta, 4), [""; 0]);
    assert_eq!(standing(beta, 4), Standing::InForce);
    // The old suspension replayed changes nothing.
    beta.node.take_pact_file(&early, day(5)).unwrap();
    assert_eq!(standing(beta, 5), Standing::InForce);
    let gamma = &homes[2];
    assert_eq!(hand(alpha, gamma, 5), [""; 0]);
    gamma.node.take_pact_file(&early, day(5)).unwrap();
    assert_eq!(standing(gamma, 5), Standing::InForce);
}

#[test]
fn a_clock_that_went_back_does_not_lose_a_word() {
    let homes = in_force();
    let alpha = &homes[0];
    alpha.node.suspend("pact", &alpha.keys, day(30)).unwrap();
    let pact = alpha.node.resume("pact", &alpha.keys, day(10)).unwrap();
    assert_eq!(pact.standing, Standing::InForce);
    assert_eq!(hand(alpha, &homes[1], 10), [""; 0]);
    assert_eq!(standing(&homes[1], 10), Standing::InForce);
}

#[test]
fn who_left_is_out_until_it_signs_a_later_version() {
    let homes = in_force();
    let (alpha, beta, gamma) = (&homes[0], &homes[1], &homes[2]);
    gamma.node.leave("pact", &gamma.keys, day(3)).unwrap();
    assert_eq!(hand(gamma, alpha, 3), [""; 0]);
    assert_eq!(
        standing(gamma, 4),
        Standing::Left {
            by: gamma.id().to_owned()
        }
    );
    assert_eq!(standing(alpha, 4), Standing::InForce);
    assert!(
        alpha
            .node
            .pact("pact", day(4))
            .unwrap()
            .unwrap()
            .left
            .contains_key(gamma.id())
    );
    alpha.node.draft(&amended(alpha, 1), day(5)).unwrap();
    sign(alpha, 2, 5);
    for home in [beta, gamma] {
        assert_eq!(hand(alpha, home, 5), [""; 0]);
        sign(home, 2, 5);
        assert_eq!(hand(home, alpha, 5), [""; 0]);
    }
    assert_eq!(standing(gamma, 6).to_string(), standing(alpha, 6).to_string());
    let pact = alpha.node.pact("pact", day(6)).unwrap().unwrap();
    assert!(pact.left.is_empty());
}

#[test]
fn who_is_not_of_it_does_not_sign_it() {
    let homes = acquainted(&["Alpha", "Beta", "Gamma"]);
    let text = document("pact", &[&homes[0], &homes[1]]);
    homes[2].node.draft(&text, day(1)).unwrap();
    let refusal = homes[2].node.sign("pact", 1, &homes[2].keys, day(1)).unwrap_err();
    assert!(
        matches!(&refusal, Error::Act(Refusal::NotAMember { .. })),
        "{refusal}"
    );
    assert!(matches!(
        homes[2].node.leave("pact", &homes[2].keys, day(1)),
        Err(Error::Act(Refusal::NotAMember { .. }))
    ));
    assert!(matches!(
        homes[2].node.sign("other", 1, &homes[2].keys, day(1)),
        Err(Error::UnknownAgreement { .. })
    ));
}

#[test]
fn an_agreement_cannot_give_a_known_party_another_root_key() {
    let homes = acquainted(&["Alpha", "Beta"]);
    let root = homes[1].me().root.to_string();
    let strange = entente_translog::note::Signer::ed25519(homes[1].id(), &[99; 32]).unwrap();
    let text = document("pact", &[&homes[0], &homes[1]]).replace(&root, &strange.verifier().to_string());
    let refusal = homes[0].node.draft(&text, day(1)).unwrap_err();
    assert!(
        matches!(&refusal, Error::Act(Refusal::OtherRoot { .. })),
        "{refusal}"
    );
}

#[test]
fn a_draft_gives_way_on_purpose_until_we_signed_it() {
    let homes = acquainted(&["Alpha", "Beta"]);
    let text = |title: &str| {
        document("pact", &[&homes[0], &homes[1]]).replace("Exchange of threat intelligence", title)
    };
    let (alpha, beta) = (&homes[0], &homes[1]);
    let title = || {
        alpha
            .node
            .pact("pact", day(1))
            .unwrap()
            .unwrap()
            .agreement
            .title
            .clone()
    };
    alpha.node.draft(&text("one"), day(1)).unwrap();
    let refusal = alpha.node.draft(&text("two"), day(1)).unwrap_err().to_string();
    assert!(refusal.contains("--replace"), "{refusal}");
    assert_eq!(title(), "one");
    alpha.node.replace_draft(&text("two"), day(1)).unwrap();
    assert_eq!(title(), "two");
    // Back to one that gave way: the log of acts has it once, so it must differ.
    let refusal = alpha.node.replace_draft(&text("one"), day(1)).unwrap_err();
    assert!(refusal.to_string().contains("change a word"), "{refusal}");
    beta.node.draft(&text("two"), day(1)).unwrap();
    sign(beta, 1, 1);
    assert_eq!(hand(beta, alpha, 1), [""; 0]);
    // Others signed it: only on purpose.
    let refusal = alpha.node.draft(&text("three"), day(1)).unwrap_err().to_string();
    assert!(refusal.contains("--replace"), "{refusal}");
    alpha.node.replace_draft(&text("three"), day(1)).unwrap();
    assert_eq!(title(), "three");
    sign(alpha, 1, 1);
    // We signed it: it stays.
    let refusal = alpha
        .node
        .replace_draft(&text("four"), day(1))
        .unwrap_err()
        .to_string();
    assert!(refusal.contains("this node's party signed"), "{refusal}");
}

#[test]
fn a_text_that_was_read_is_not_exchanged_by_a_file() {
    let homes = acquainted(&["Alpha", "Beta"]);
    let text = document("pact", &[&homes[0], &homes[1]]);
    homes[0].node.draft(&text, day(1)).unwrap();
    let other = text.replace("TLP:GREEN", "TLP:RED");
    homes[1].node.draft(&other, day(1)).unwrap();
    let held = homes[0].node.pact("pact", day(1)).unwrap().unwrap().agreement;
    let told = hand(&homes[1], &homes[0], 1).join("\n");
    assert!(told.contains("--replace"), "{told}");
    let digest = |digest: [u8; 32]| {
        digest
            .iter()
            .map(|byte| format!("{byte:02x}"))
            .collect::<String>()
    };
    assert!(told.contains(&digest(held.digest())), "{told}");
    let still = homes[0].node.pact("pact", day(1)).unwrap().unwrap().agreement;
    assert_eq!(still.digest(), held.digest());
}

#[test]
fn a_text_that_its_signature_does_not_fit_is_not_kept() {
    let homes = acquainted(&["Alpha", "Beta"]);
    let text = document("pact", &[&homes[0], &homes[1]]);
    homes[1].node.draft(&text, day(1)).unwrap();
    sign(&homes[1], 1, 1);
    let file = homes[1].node.pact_file("pact").unwrap();
    let changed = file.replace("Exchange of threat intelligence", "Something else");
    for replace in [false, true] {
        let taken = if replace {
            homes[0].node.replace_from_pact_file(&changed, day(1)).unwrap()
        } else {
            homes[0].node.take_pact_file(&changed, day(1)).unwrap()
        };
        let is_changed = |taken: &entente_node::acts::Taken| {
            matches!(
                &taken.fate,
                Fate::Refused(Refusal::ChangedText { version: 1, .. })
            )
        };
        assert!(taken.iter().any(is_changed), "{taken:?}");
        assert!(homes[0].node.pact("pact", day(1)).unwrap().is_none());
    }
    assert_eq!(hand(&homes[1], &homes[0], 1), [""; 0]);
}

#[test]
fn the_next_version_settles_two_texts_of_which_each_party_signed_one() {
    let homes = acquainted(&["Alpha", "Beta"]);
    let text = document("pact", &[&homes[0], &homes[1]]);
    homes[0].node.draft(&text, day(1)).unwrap();
    sign(&homes[0], 1, 1);
    let other = text.replace("TLP:GREEN", "TLP:RED");
    homes[1].node.draft(&other, day(1)).unwrap();
    sign(&homes[1], 1, 1);
    homes[0].node.draft(&amended(&homes[0], 1), day(3)).unwrap();
    sign(&homes[0], 2, 3);
    let refused = hand(&homes[0], &homes[1], 3).join("\n");
    assert!(!refused.contains("version 2"), "{refused}");
    assert_eq!(
        standing(&homes[1], 3),
        Standing::Draft {
            missing: vec![homes[1].id().to_owned()]
        }
    );
    sign(&homes[1], 2, 3);
    hand(&homes[1], &homes[0], 3);
    for home in homes.into_iter().map(Home::reopened) {
        assert_eq!(standing(&home, 3), Standing::InForce);
        assert_eq!(
            home.node.pact("pact", day(3)).unwrap().unwrap().agreement.version,
            2
        );
    }
}

#[test]
fn a_version_that_waits_is_told_beside_the_one_that_counts() {
    let homes = in_force();
    let pending = || homes[0].node.pact("pact", day(3)).unwrap().unwrap().pending;
    assert_eq!(pending(), None);
    homes[0].node.draft(&amended(&homes[0], 1), day(3)).unwrap();
    sign(&homes[0], 2, 3);
    let missing = homes[1..].iter().map(|home| home.id().to_owned()).collect();
    assert_eq!(pending(), Some((2, missing)));
}

#[test]
fn a_peer_makes_known_only_whom_we_signed_with() {
    let (alpha, beta, gamma) = (
        Home::founded("Alpha", 1),
        Home::founded("Beta", 2),
        Home::founded("Gamma", 3),
    );
    alpha.node.meet(&beta.card(), day(1)).unwrap();
    let cards = entente_node::acts::file::read(&gamma.card()).unwrap();
    let take = || alpha.node.take_acts(&cards, day(1)).unwrap()[0].fate.clone();
    assert!(matches!(take(), Fate::Refused(Refusal::UnknownParty { .. })));
    alpha
        .node
        .draft(&document("pact", &[&alpha, &beta, &gamma]), day(1))
        .unwrap();
    assert!(matches!(take(), Fate::Refused(Refusal::UnknownParty { .. })));
    sign(&alpha, 1, 1);
    assert_eq!(take(), Fate::New);
    assert!(alpha.node.party("Gamma").unwrap().is_some());
}

#[test]
fn a_peer_is_told_only_of_agreements_that_name_it_and_that_we_signed() {
    let homes = in_force();
    let (alpha, beta, gamma) = (&homes[0], &homes[1], &homes[2]);
    let secret = document("secret", &[alpha, beta]);
    alpha.node.draft(&secret, day(2)).unwrap();
    let subjects = |party: &Home| {
        let acts = alpha.node.acts_shared_with(party.id()).unwrap();
        let agreements = acts.iter().filter(|act| act.kind == Kind::Agreement);
        agreements
            .map(|act| Agreement::from_canonical(act.text.as_bytes()).unwrap().id)
            .collect::<Vec<_>>()
    };
    assert_eq!(subjects(beta), ["pact"], "a draft of ours stays here");
    alpha.node.sign("secret", 1, &alpha.keys, day(2)).unwrap();
    assert_eq!(subjects(beta), ["pact", "secret"]);
    assert_eq!(subjects(gamma), ["pact"]);
    // All that is told can be taken in by who was told.
    let acts = alpha.node.acts_shared_with(beta.id()).unwrap();
    let taken = beta.node.take_acts(&acts, day(2)).unwrap();
    assert!(
        taken.iter().all(|taken| !matches!(taken.fate, Fate::Refused(_))),
        "{taken:?}"
    );
    assert_eq!(beta.node.pact("secret", day(2)).unwrap().unwrap().signed.len(), 1);
}
