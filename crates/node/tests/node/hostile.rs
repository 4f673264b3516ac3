//! Slices that somebody changed on their way: always refused, and nothing of them applied.

use entente_node::view::Slice;

use crate::peers::{Peer, count, indicator, peers};
use crate::world::day;

/// A small generator with a seed, for choices only.
pub(crate) struct Choices(pub(crate) u64);

impl Choices {
    pub(crate) fn below(&mut self, bound: usize) -> usize {
        // SplitMix64 (Steele, Lea, Flood 2014).
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        ((mixed ^ (mixed >> 31)) % bound as u64) as usize
    }
}

fn flip(bytes: &mut [u8], choices: &mut Choices) {
    let place = choices.below(bytes.len());
    bytes[place] ^= 1 << choices.below(7);
}

/// Changes one thing of a slice.
fn change(slice: &mut Slice, choices: &mut Choices) {
    let place = choices.below(slice.entries.len());
    match choices.below(13) {
        0 => flip(&mut slice.entries[place].opening, choices),
        1 => flip(&mut slice.entries[place].salt, choices),
        2 => flip(slice.entries[place].content.as_mut().unwrap(), choices),
        3 => slice.entries[place].content = None,
        4 => drop(slice.entries.remove(place)),
        5 => slice.entries.insert(place, slice.entries[place].clone()),
        6 => {
            let other = (place + 1) % slice.entries.len();
            slice.entries.swap(place, other);
        }
        7 => slice.from += 1 + choices.below(3) as u64,
        8 => {
            let mut head = slice.head.clone().into_bytes();
            flip(&mut head, choices);
            slice.head = String::from_utf8_lossy(&head).into_owned();
        }
        9 => slice.consistency.push([choices.below(256) as u8; 32]),
        10 => match slice.consistency.first_mut() {
            Some(hash) => flip(hash, choices),
            None => slice.consistency.push([0; 32]),
        },
        11 => slice.origin.push('0'),
        _ => {
            let other = (place + 1) % slice.entries.len();
            slice.entries[place].content = slice.entries[other].content.clone();
        }
    }
}

#[test]
fn changed_slice_is_refused_and_nothing_of_it_applied() {
    let count = u64::from(count("ENTENTE_TAMPERINGS", 500));
    let [alpha, beta]: [Peer; 2] = peers(&["Alpha", "Beta"]).try_into().ok().unwrap();
    let objects: Vec<String> = (0..12).map(|number| indicator(number, 0, "")).collect();
    alpha.import("feed", &objects, day(3));
    alpha.release_all(day(3));
    let whole = beta.slices(&alpha, 100, day(3)).remove(0);
    let changes = beta.home.node.store().change_number().unwrap();
    for seed in 0..count {
        let mut choices = Choices(seed);
        let mut slice = whole.clone();
        change(&mut slice, &mut choices);
        if slice == whole {
            continue;
        }
        let taken = beta.home.node.take_in(alpha.id(), &slice, &beta.desk(day(4)));
        // A signature line of somebody unknown is not looked at; everything else is.
        assert!(taken.is_err(), "seed {seed}: {taken:?}\n{slice:?}");
        assert!(
            beta.home.node.store().channels().unwrap().is_empty(),
            "seed {seed}"
        );
    }
    assert_eq!(beta.home.node.store().change_number().unwrap(), changes);
    let taken = beta
        .home
        .node
        .take_in(alpha.id(), &whole, &beta.desk(day(4)))
        .unwrap();
    assert_eq!(taken.stored, 12);
}

#[test]
fn slice_of_another_party_or_for_others_is_refused() {
    let [alpha, beta, gamma]: [Peer; 3] = peers(&["Alpha", "Beta", "Gamma"]).try_into().ok().unwrap();
    alpha.import("feed", &[indicator(1, 0, "")], day(3));
    alpha.release_all(day(3));
    let slice = beta.slices(&alpha, 100, day(3)).remove(0);
    assert!(
        beta.home
            .node
            .take_in(gamma.id(), &slice, &beta.desk(day(4)))
            .is_err()
    );
    let [_, _, _, delta]: [Peer; 4] = peers(&["Alpha", "Beta", "Gamma", "Delta"])
        .try_into()
        .ok()
        .unwrap();
    let refused = delta.home.node.take_in(alpha.id(), &slice, &delta.desk(day(4)));
    assert!(
        matches!(refused, Err(entente_node::Error::WrongAudience { .. })),
        "{refused:?}"
    );
}
