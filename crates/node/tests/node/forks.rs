//! Owners with two histories, thieves of keys, and readers that meddle with what is signed.

use entente_node::Error;
use entente_node::channel::Desk;
use entente_node::keys::Keys;
use entente_node::limits::SEEN_HEADS_MAX;
use entente_node::reading::Alarm;
use entente_stix::time::Timestamp;
use entente_translog::checkpoint::{self, Checkpoint};

use crate::peers::{Peer, indicator, peers};
use crate::world::day;

fn two() -> [Peer; 2] {
    peers(&["Alpha", "Beta"]).try_into().ok().unwrap()
}

fn release(peer: &Peer, numbers: std::ops::Range<u32>, at: i64) {
    let objects: Vec<String> = numbers.map(|number| indicator(number, 0, "")).collect();
    peer.import("feed", &objects, day(at));
    peer.release_all(day(at));
}

fn origin(owner: &Peer) -> String {
    owner.home.node.store().channels().unwrap().remove(0).origin
}

fn head(peer: &Peer, origin: &str) -> String {
    let channel = peer.home.node.store().channel(origin).unwrap().unwrap();
    String::from_utf8(channel.head.unwrap()).unwrap()
}

/// A head that says whatever it is told to, under a key of its owner.
fn forged(origin: &str, size: u64, keys: &Keys) -> String {
    let checkpoint = Checkpoint {
        origin: origin.to_owned(),
        size,
        root: [7; 32],
        extensions: Vec::new(),
    };
    checkpoint::sign(&checkpoint, &keys.signer().unwrap()).unwrap()
}

#[test]
fn a_reader_does_not_choose_what_stands_under_an_owners_head() {
    let [alpha, beta] = two();
    release(&alpha, 0..1, 3);
    beta.read_on(&alpha, day(4));
    let origin = origin(&alpha);
    let mut slice = beta
        .home
        .node
        .view(alpha.id(), day(4))
        .slice(&origin, 1, 10, 1 << 20)
        .unwrap();
    for _ in 0..9 {
        slice.head.push_str("— somebody AAAAAAAA\n");
    }
    let before = head(&alpha, &origin);
    alpha
        .home
        .node
        .take_in(beta.id(), &slice, &alpha.desk(day(5)))
        .unwrap();
    assert_eq!(head(&alpha, &origin), before);
}

#[test]
fn a_head_that_was_not_reached_is_held_against_the_next_one() {
    let [alpha, beta] = two();
    let [twin, _] = two();
    for peer in [&alpha, &twin] {
        release(peer, 0..1, 3);
    }
    release(&alpha, 1..3, 4);
    release(&twin, 5..9, 4);
    // One entry under the one history's head, the rest under the other's.
    let first = beta.slices(&alpha, 1, day(5)).remove(0);
    let take = |slice| {
        beta.home
            .node
            .take_in(alpha.id(), slice, &beta.desk(day(5)))
            .unwrap()
    };
    assert_eq!(take(&first).held, 1);
    let rest = beta.slices(&twin, 100, day(5)).remove(0);
    let taken = take(&rest);
    assert!(matches!(taken.alarms[..], [Alarm::Fork { .. }]), "{taken:?}");
    assert_eq!(taken.receipt, None);
}

/// Alpha takes its key back and goes on with another one, which Beta knows.
fn revoked(alpha: &Peer, beta: &Peer, at: i64) -> Keys {
    let new = alpha.home.next_keys(77);
    let stolen = alpha.home.keys.signer().unwrap().verifier().to_string();
    alpha.home.node.rotate(&new, None, day(at)).unwrap();
    alpha.home.node.revoke(&stolen, &new, day(at)).unwrap();
    beta.home.node.meet(&alpha.home.card(), day(at)).unwrap();
    new
}

fn desk<'a>(peer: &'a Peer, keys: &'a Keys, at: Timestamp) -> Desk<'a> {
    Desk {
        at,
        keys,
        guard: &peer.guard,
    }
}

#[test]
fn who_stole_a_key_that_was_taken_back_convicts_nobody() {
    let [alpha, beta] = two();
    release(&alpha, 0..2, 3);
    beta.read_on(&alpha, day(4));
    let origin = origin(&alpha);
    let new = revoked(&alpha, &beta, 5);
    let forged: Vec<String> = [1, 2, 9]
        .map(|size| forged(&origin, size, &alpha.home.keys))
        .into();
    assert_eq!(beta.home.node.take_heads(&forged, day(6)).unwrap(), []);
    assert_eq!(alpha.home.node.take_heads(&forged, day(6)).unwrap(), []);
    for peer in [&alpha, &beta] {
        assert_eq!(peer.home.node.alarms().unwrap(), []);
    }
    alpha.import("feed", &[indicator(2, 0, "")], day(6));
    alpha
        .home
        .node
        .release(
            &entente_node::release::Selection::All,
            None,
            false,
            &desk(&alpha, &new, day(6)),
            &mut |_| {},
        )
        .unwrap();
    assert_eq!(beta.read_on(&alpha, day(7))[0].held, 3);
}

#[test]
fn a_log_can_be_read_on_once_the_key_under_its_head_was_taken_back() {
    let [alpha, beta] = two();
    release(&alpha, 0..2, 3);
    let new = revoked(&alpha, &beta, 5);
    let heads = alpha.home.node.sign_heads(&desk(&alpha, &new, day(6))).unwrap();
    assert_eq!(heads.len(), 1);
    assert_eq!(beta.read_on(&alpha, day(7))[0].stored, 2);
    let again = alpha.home.node.sign_heads(&desk(&alpha, &new, day(8))).unwrap();
    assert_eq!(again, []);
}

#[test]
fn a_second_history_that_comes_whole_convicts_its_owner() {
    for entries in [1_000, 3] {
        let [alpha, beta] = two();
        let [twin, _] = two();
        for peer in [&alpha, &twin] {
            release(peer, 0..2, 3);
        }
        release(&alpha, 2..4, 4);
        release(&twin, 5..10, 4);
        let slices = beta.slices(&twin, entries, day(5));
        beta.read_on(&alpha, day(5));
        let take = |slice| beta.home.node.take_in(alpha.id(), slice, &beta.desk(day(6)));
        let refused = take(&slices[0]);
        if slices.len() > 1 {
            // It does not reach its head: that is kept until what is held is as long.
            assert!(
                matches!(refused, Err(Error::BadSlice { .. } | Error::BadLog { .. })),
                "{refused:?}"
            );
            assert_eq!(beta.home.node.alarms().unwrap(), []);
            release(&alpha, 20..26, 7);
            let taken = beta.read_on(&alpha, day(7)).remove(0);
            assert!(matches!(taken.alarms[..], [Alarm::Fork { .. }]), "{taken:?}");
        } else {
            assert!(matches!(refused, Err(Error::Forked { .. })), "{refused:?}");
        }
        let alarms = beta.home.node.alarms().unwrap();
        assert!(matches!(alarms[..], [Alarm::Fork { .. }]), "{alarms:?}");
    }
}

#[test]
fn heads_far_ahead_do_not_keep_out_those_that_convict() {
    let [alpha, beta, gamma]: [Peer; 3] = peers(&["Alpha", "Beta", "Gamma"]).try_into().ok().unwrap();
    let twin = peers(&["Alpha", "Beta", "Gamma"]).remove(0);
    for peer in [&alpha, &twin] {
        release(peer, 0..1, 3);
    }
    beta.read_on(&alpha, day(4));
    release(&twin, 5..7, 4);
    gamma.read_on(&twin, day(4));
    let origin = origin(&alpha);
    let ahead: Vec<String> = (0..200)
        .map(|more| forged(&origin, 1_000 + more, &alpha.home.keys))
        .collect();
    assert_eq!(beta.home.node.take_heads(&ahead, day(5)).unwrap(), []);
    let heads = gamma.home.node.view(beta.id(), day(5)).heads().unwrap();
    assert_eq!(beta.home.node.take_heads(&heads, day(5)).unwrap(), []);
    let kept = beta.home.node.store().notes("seen", &origin).unwrap();
    assert!(kept.len() <= SEEN_HEADS_MAX, "{}", kept.len());
    release(&alpha, 1..4, 6);
    let taken = beta.read_on(&alpha, day(7));
    assert!(matches!(taken[0].alarms[..], [Alarm::Fork { .. }]), "{taken:?}");
}

#[test]
fn a_witness_keeps_what_convicts_and_remembers_no_logs_that_cannot_be() {
    let [alpha, beta] = two();
    let [twin, _] = two();
    release(&alpha, 0..1, 3);
    release(&twin, 5..6, 3);
    beta.read_on(&alpha, day(4));
    let origin = origin(&alpha);
    let ask = |body: &str| {
        let view = beta.home.node.view(alpha.id(), day(5));
        view.add_checkpoint(body, &beta.desk(day(5))).unwrap().0
    };
    let request = |peer: &Peer| {
        peer.home
            .node
            .witness_request(&origin, beta.id())
            .unwrap()
            .unwrap()
    };
    assert_eq!(ask(&request(&alpha)), 200);
    assert_eq!(ask(&request(&twin)), 409);
    let alarms = beta.home.node.alarms().unwrap();
    assert!(matches!(alarms[..], [Alarm::Fork { .. }]), "{alarms:?}");
    let (known, _) = origin.rsplit_once('/').unwrap();
    let other = format!("{known}/0123456789abcdef");
    let body = format!("old 0\n\n{}", forged(&other, 1, &alpha.home.keys));
    assert_eq!(ask(&body), 404);
}

#[test]
fn a_witness_does_not_fill_the_place_of_others() {
    let [alpha, beta] = two();
    release(&alpha, 0..1, 3);
    let origin = origin(&alpha);
    let body = alpha
        .home
        .node
        .witness_request(&origin, beta.id())
        .unwrap()
        .unwrap();
    let view = beta.home.node.view(alpha.id(), day(4));
    let lines = |peer: &Peer| {
        head(peer, &origin)
            .lines()
            .filter(|line| line.starts_with('—'))
            .count()
    };
    let take = |body: &str, status| {
        let node = &alpha.home.node;
        node.take_cosignature(&origin, beta.id(), status, body, day(4))
            .unwrap();
    };
    let (status, mut cosigned) = view.add_checkpoint(&body, &beta.desk(day(4))).unwrap();
    for junk in 0..9 {
        cosigned.push_str(&format!("— somebody{junk} AAAAAAAA\n"));
    }
    take(&cosigned, status);
    assert_eq!(lines(&alpha), 2);
    // Asked again because it says that it knows nothing, it cosigns once more.
    take("0\n", 409);
    let again = entente_translog::cosignature::cosign(
        head(&alpha, &origin).as_bytes(),
        &beta.home.keys.cosigner().unwrap(),
        1_800_000_000,
    );
    take(&again.unwrap(), 200);
    assert_eq!(lines(&alpha), 2);
}
