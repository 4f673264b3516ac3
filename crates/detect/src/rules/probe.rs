//! What a row must have so that an atom can hold: what the index is asked for.

use super::check::{canonical_network, masked};
use super::conditions::{EVERY, Ready};
use super::fold::fold;
use super::language::{Number, Order, Piece, Polarity, Reading, Test};
use super::necessary::{Written, necessary};
use std::net::IpAddr;

/// Shortest part of a text that is searched for.
pub(super) const GRAM_BYTES: usize = 4;

/// Something that a value of a field has. Texts are folded, and are looked for in folded values also where case
/// matters: what is found is looked at again.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(super) struct Probe {
    /// Field number, or [`EVERY`].
    pub(super) field: u32,
    pub(super) asks: Asks,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(super) enum Asks {
    /// The text, or the number as it is written, is this.
    Equals(Box<str>),
    /// It starts so; not empty.
    StartsWith(Box<str>),
    /// It ends so; not empty.
    EndsWith(Box<str>),
    /// It holds this; at least [`GRAM_BYTES`] long.
    Contains(Box<str>),
    /// It is this number, however written.
    Number(Number),
    /// It is this number or greater.
    AtLeast(Number),
    /// It is this number or less.
    AtMost(Number),
    /// It is an address in this network.
    Network(Network),
    /// The field is there.
    Present,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(super) struct Network {
    pub(super) is_v4: bool,
    pub(super) length: u8,
    /// As [`masked`] gives it.
    pub(super) bits: u128,
}

impl Network {
    pub(super) fn of(address: IpAddr, length: u8) -> Self {
        Network {
            is_v4: address.is_ipv4(),
            length,
            bits: masked(address, length),
        }
    }
}

/// Sets of probes; of each, one answers if the atom holds. Never empty.
pub(super) fn of_atom(ready: &Ready) -> Vec<Vec<Probe>> {
    let mut sets = match ready.polarity {
        Polarity::Passes => of_test(&ready.atom.test, ready.reading),
        Polarity::Differs | Polarity::Fails => Vec::new(),
    };
    sets.retain(|set| set.iter().all(is_indexed));
    sets.push(vec![Asks::Present]);
    let on_field = |set: Vec<Asks>| {
        let probes = set.into_iter().map(|asks| Probe {
            field: ready.field,
            asks,
        });
        probes.collect()
    };
    let mut sets: Vec<Vec<Probe>> = sets.into_iter().map(on_field).collect();
    if ready.other != EVERY {
        sets.push(vec![Probe {
            field: ready.other,
            asks: Asks::Present,
        }]);
    }
    sets
}

/// The probe that answers for a value exactly if the atom holds by it; none where its answer would have to be
/// looked at again.
pub(super) fn exact(ready: &Ready) -> Option<Probe> {
    let folds = match &ready.atom.test {
        Test::Equals { fold, .. }
        | Test::StartsWith { fold, .. }
        | Test::EndsWith { fold, .. }
        | Test::Contains { fold, .. } => *fold,
        _ => false,
    };
    let is_plain = ready.reading == Reading::Loose && ready.polarity == Polarity::Passes;
    let mut sets = of_test(&ready.atom.test, ready.reading);
    match (sets.pop()?.pop(), sets.is_empty()) {
        (Some(asks), true) if folds && is_plain && is_indexed(&asks) => Some(Probe {
            field: ready.field,
            asks,
        }),
        _ => None,
    }
}

fn is_indexed(asks: &Asks) -> bool {
    match asks {
        Asks::StartsWith(text) | Asks::EndsWith(text) => !text.is_empty(),
        Asks::Contains(text) => text.len() >= GRAM_BYTES,
        _ => true,
    }
}

fn of_test(test: &Test, reading: Reading) -> Vec<Vec<Asks>> {
    let one = |asks| vec![vec![asks]];
    match test {
        Test::Equals { text, .. } => one(Asks::Equals(fold(text).into())),
        Test::OneOf { texts, .. } => {
            vec![texts.iter().map(|text| Asks::Equals(fold(text).into())).collect()]
        }
        Test::StartsWith { text, .. } => one(Asks::StartsWith(fold(text).into())),
        Test::EndsWith { text, .. } => one(Asks::EndsWith(fold(text).into())),
        Test::Contains { text, .. } => one(Asks::Contains(fold(text).into())),
        Test::Glob { pieces, .. } => of_pieces(pieces),
        Test::Regex { .. } => {
            let sets = Written::of(test).map(necessary).unwrap_or_default();
            let contains = |text: String| Asks::Contains(text.into());
            sets.into_iter()
                .map(|set| set.into_iter().map(contains).collect())
                .collect()
        }
        Test::Network { address, length } => {
            let (address, length) = canonical_network(*address, *length);
            one(Asks::Network(Network::of(address, length)))
        }
        Test::Number {
            order: Order::Equal,
            number,
        } => one(Asks::Number(*number)),
        Test::Number {
            order: Order::Greater | Order::GreaterOrEqual,
            number,
        } => one(Asks::AtLeast(*number)),
        Test::Number {
            order: Order::Less | Order::LessOrEqual,
            number,
        } => one(Asks::AtMost(*number)),
        Test::Boolean(truth) if reading == Reading::Loose => one(Asks::Equals(truth.to_string().into())),
        _ => Vec::new(),
    }
}

fn of_pieces(pieces: &[Piece]) -> Vec<Vec<Asks>> {
    let last = pieces.len().saturating_sub(1);
    let asks = |(place, piece): (usize, &Piece)| match piece {
        Piece::Literal(text) if place == 0 && place == last => Some(vec![Asks::Equals(fold(text).into())]),
        Piece::Literal(text) if place == 0 => Some(vec![Asks::StartsWith(fold(text).into())]),
        Piece::Literal(text) if place == last => Some(vec![Asks::EndsWith(fold(text).into())]),
        Piece::Literal(text) => Some(vec![Asks::Contains(fold(text).into())]),
        _ => None,
    };
    pieces.iter().enumerate().filter_map(asks).collect()
}
