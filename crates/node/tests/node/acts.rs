//! Acts that a hostile party keeps back, sends again, or makes up.

use entente_node::acts::{Act, Fate, Kind, Refusal};
use entente_policy::agreement::Agreement;
use entente_policy::standing::Standing;
use entente_stix::time::Timestamp;

use crate::peers::{Peer, peers};
use crate::world::day;

fn of_kind(peer: &Peer, for_whom: &Peer, kind: Kind) -> Act {
    let acts = peer.home.node.acts_shared_with(for_whom.id()).unwrap();
    acts.into_iter().find(|act| act.kind == kind).unwrap()
}

fn standing(peer: &Peer, at: Timestamp) -> Standing {
    peer.home.node.pact("pact", at).unwrap().unwrap().standing
}

#[test]
fn a_resumption_that_was_kept_back_does_not_lift_a_later_suspension() {
    let [alpha, beta]: [Peer; 2] = peers(&["Alpha", "Beta"]).try_into().ok().unwrap();
    let node = &alpha.home.node;
    node.suspend("pact", &alpha.home.keys, day(3)).unwrap();
    let first = of_kind(&alpha, &beta, Kind::Suspension);
    node.resume("pact", &alpha.home.keys, day(4)).unwrap();
    let resumption = of_kind(&alpha, &beta, Kind::Resumption);
    node.suspend("pact", &alpha.home.keys, day(5)).unwrap();
    let second = of_kind(&alpha, &beta, Kind::Suspension);
    // Beta was not there in between; somebody else brings it what Alpha said in between, last.
    for act in [first, second, resumption] {
        beta.home.node.take_acts(&[act], day(6)).unwrap();
    }
    assert!(matches!(standing(&beta, day(6)), Standing::Suspended { .. }));
    // To suspend what one suspended says nothing more.
    let acts = node.store().acts(0, 1_000).unwrap().len();
    node.suspend("pact", &alpha.home.keys, day(7)).unwrap();
    assert_eq!(node.store().acts(0, 1_000).unwrap().len(), acts);
}

/// A version that names the same parties and follows `before`, as anybody can write it.
fn draft_after(before: &Agreement, id: &str, title: &str) -> Agreement {
    let mut next = before.clone();
    next.id = id.to_owned();
    next.title = title.to_owned();
    if id == before.id {
        next.version += 1;
        next.previous = Some(before.digest());
    }
    next
}

fn agreement(agreement: &Agreement) -> Act {
    Act {
        kind: Kind::Agreement,
        text: agreement.canonical(),
    }
}

#[test]
fn drafts_that_a_peer_makes_up_are_bounded_and_hold_nothing_up() {
    let [alpha, _beta]: [Peer; 2] = peers(&["Alpha", "Beta"]).try_into().ok().unwrap();
    let node = &alpha.home.node;
    let held = Agreement::clone(&node.pact("pact", day(3)).unwrap().unwrap().agreement);
    // A chain of amendments that nobody signed, and agreements that nobody asked for.
    let mut chain = vec![draft_after(&held, "pact", "false")];
    for _ in 0..90 {
        chain.push(draft_after(chain.last().unwrap(), "pact", "false"));
    }
    chain.extend((0..90).map(|number| draft_after(&held, &format!("junk-{number}"), "junk")));
    let acts: Vec<Act> = chain.iter().map(agreement).collect();
    let taken = node.take_acts(&acts, day(3)).unwrap();
    let new = taken.iter().filter(|taken| taken.fate == Fate::New).count();
    assert_eq!(new, entente_node::limits::FOREIGN_DRAFTS_MAX);
    let last = &taken.last().unwrap().fate;
    assert!(matches!(last, Fate::Refused(Refusal::TooMany { .. })), "{last:?}");
    // The true amendment still finds its place, and what followed the false one is gone.
    let amended = draft_after(&held, "pact", "amended");
    node.replace_draft(&amended.to_toml(), day(3)).unwrap();
    let versions = |peer: &Peer| {
        let pact = peer.home.node.pact("pact", day(3)).unwrap().unwrap();
        let titles = pact
            .versions
            .iter()
            .map(|version| version.agreement.title.clone());
        titles.collect::<Vec<_>>()
    };
    assert_eq!(versions(&alpha), ["Pact", "amended"]);
    let again = node.take_acts(&acts[..2], day(3)).unwrap();
    assert!(
        again.iter().all(|taken| matches!(taken.fate, Fate::Refused(_))),
        "{again:?}"
    );
    // All of it is read back as it was taken in.
    let Peer { home, guard } = alpha;
    let alpha = Peer {
        home: home.reopened(),
        guard,
    };
    assert_eq!(versions(&alpha), ["Pact", "amended"]);
}
