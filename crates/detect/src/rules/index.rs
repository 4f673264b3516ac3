//! The probes of one field, all asked of a value at once.

use super::check::{network, number_of};
use super::keyed::{Table, mix};
use super::parts::Parts;
use super::probe::{Asks, Network, Probe};
use super::rarity::Rarity;
use super::{Number, Reading, Value};
use crate::hash::Keys;
use std::net::IpAddr;

/// Lengths at which beginnings and ends are hashed; a text is found by the longest that it has.
const LENGTHS: [usize; 14] = [1, 2, 3, 4, 5, 6, 7, 8, 12, 16, 24, 32, 48, 64];

/// What one field's values are asked.
#[derive(Debug, Default)]
pub(super) struct FieldIndex {
    equals: Texts,
    starts: Texts,
    ends: Texts,
    contains: Parts,
    numbers: Numbers,
    networks: Networks,
    /// Those that the field's presence answers.
    pub(super) present: Vec<u32>,
    asks_text: bool,
}

/// Texts by their hash, or by the hash of their beginning or end.
#[derive(Debug, Default)]
struct Texts {
    table: Table,
    entries: Vec<(Box<str>, u32)>,
    /// Lengths of the beginnings or ends in use, in order.
    lengths: Vec<usize>,
}

#[derive(Debug, Default)]
struct Numbers {
    equal: Table,
    /// In order.
    at_least: Vec<(Number, u32)>,
    at_most: Vec<(Number, u32)>,
    is_empty: bool,
}

#[derive(Debug, Default)]
struct Networks {
    table: Table,
    /// Lengths in use.
    v4: Vec<u8>,
    v6: Vec<u8>,
}

impl FieldIndex {
    /// The probes of one field with their numbers.
    pub(super) fn new(probes: &[(&Probe, u32)], keys: &Keys, rarity: &Rarity) -> Self {
        let equals = pick(probes, |asks| match asks {
            Asks::Equals(text) => Some(&**text),
            _ => None,
        });
        let starts = pick(probes, |asks| match asks {
            Asks::StartsWith(text) => Some(&**text),
            _ => None,
        });
        let ends = pick(probes, |asks| match asks {
            Asks::EndsWith(text) => Some(&**text),
            _ => None,
        });
        let contains = pick(probes, |asks| match asks {
            Asks::Contains(text) => Some(&**text),
            _ => None,
        });
        let networks = pick(probes, |asks| match asks {
            Asks::Network(network) => Some(*network),
            _ => None,
        });
        let present = pick(probes, |asks| (*asks == Asks::Present).then_some(()));
        let mut index = FieldIndex {
            equals: Texts::new(&equals, |text| text.as_bytes(), keys),
            starts: Texts::new(&starts, |text| beginning(text.as_bytes(), length_of(text)), keys),
            ends: Texts::new(&ends, |text| end(text.as_bytes(), length_of(text)), keys),
            contains: Parts::new(&contains, rarity),
            numbers: Numbers::new(probes),
            networks: Networks::new(&networks),
            present: present.into_iter().map(|((), number)| number).collect(),
            asks_text: false,
        };
        index.asks_text = !(equals.is_empty()
            && starts.is_empty()
            && ends.is_empty()
            && contains.is_empty()
            && networks.is_empty());
        index
    }

    /// Whether the value's folded text is needed.
    #[inline(always)]
    pub(super) fn asks_text(&self) -> bool {
        self.asks_text
    }

    /// Tells every probe that the value answers, perhaps more than once. `folded` is its text.
    #[inline]
    pub(super) fn ask(
        &self,
        value: Value<'_>,
        folded: Option<&str>,
        keys: &Keys,
        mut answers: impl FnMut(u32),
    ) {
        if !self.numbers.is_empty
            && let Some(number) = number_of(value, Reading::Loose)
        {
            self.numbers.ask(number, &mut answers);
        }
        let Some(text) = folded.filter(|_| self.asks_text) else {
            return;
        };
        let bytes = text.as_bytes();
        if !self.equals.entries.is_empty() {
            self.equals.ask(bytes, keys, |known| known == text, &mut answers);
        }
        for length in &self.starts.lengths {
            if bytes.len() < *length {
                break;
            }
            let key = beginning(bytes, *length);
            self.starts
                .ask(key, keys, |known| text.starts_with(known), &mut answers);
        }
        for length in &self.ends.lengths {
            if bytes.len() < *length {
                break;
            }
            let key = end(bytes, *length);
            self.ends
                .ask(key, keys, |known| text.ends_with(known), &mut answers);
        }
        self.contains.ask(bytes, &mut answers);
        if !self.networks.table.is_empty()
            && let Some((address, length)) = network(text)
        {
            self.networks.ask(address, length, &mut answers);
        }
    }
}

fn pick<'p, T>(probes: &[(&'p Probe, u32)], what: impl Fn(&'p Asks) -> Option<T>) -> Vec<(T, u32)> {
    probes
        .iter()
        .filter_map(|(probe, number)| Some((what(&probe.asks)?, *number)))
        .collect()
}

fn beginning(bytes: &[u8], length: usize) -> &[u8] {
    bytes.get(..length).unwrap_or(bytes)
}

fn end(bytes: &[u8], length: usize) -> &[u8] {
    bytes
        .len()
        .checked_sub(length)
        .and_then(|from| bytes.get(from..))
        .unwrap_or(bytes)
}

/// The longest of [`LENGTHS`] that a text has.
fn length_of(text: &str) -> usize {
    let fitting = LENGTHS.iter().take_while(|length| **length <= text.len());
    fitting.last().copied().unwrap_or_default()
}

impl Texts {
    fn new<'p>(texts: &[(&'p str, u32)], key: impl Fn(&'p str) -> &'p [u8], keys: &Keys) -> Self {
        let hashed = (0..)
            .zip(texts)
            .map(|(entry, (text, _))| (keys.exact(0, key(text)), entry));
        let hashed: Vec<(u64, u32)> = hashed.collect();
        let mut lengths: Vec<usize> = texts.iter().map(|(text, _)| key(text).len()).collect();
        lengths.sort_unstable();
        lengths.dedup();
        Texts {
            table: Table::new(&hashed),
            entries: texts
                .iter()
                .map(|(text, probe)| (Box::from(*text), *probe))
                .collect(),
            lengths,
        }
    }

    #[inline(always)]
    fn ask(&self, key: &[u8], keys: &Keys, is_it: impl Fn(&str) -> bool, answers: &mut impl FnMut(u32)) {
        self.table.find(keys.exact(0, key), |entry| {
            if let Some((known, probe)) = self.entries.get(entry as usize)
                && is_it(known)
            {
                answers(*probe);
            }
        });
    }
}

impl Numbers {
    fn new(probes: &[(&Probe, u32)]) -> Self {
        let equal = pick(probes, |asks| match asks {
            Asks::Number(number) => Some(number_key(*number)),
            _ => None,
        });
        let mut at_least = pick(probes, |asks| match asks {
            Asks::AtLeast(number) => Some(*number),
            _ => None,
        });
        let mut at_most = pick(probes, |asks| match asks {
            Asks::AtMost(number) => Some(*number),
            _ => None,
        });
        at_least.sort_unstable();
        at_most.sort_unstable();
        Numbers {
            is_empty: equal.is_empty() && at_least.is_empty() && at_most.is_empty(),
            equal: Table::new(&equal),
            at_least,
            at_most,
        }
    }

    fn ask(&self, number: Number, answers: &mut impl FnMut(u32)) {
        self.equal.find(number_key(number), &mut *answers);
        let below = self.at_least.partition_point(|(least, _)| *least <= number);
        let at_least = self.at_least.get(..below).unwrap_or_default();
        let above = self.at_most.partition_point(|(most, _)| *most < number);
        let at_most = self.at_most.get(above..).unwrap_or_default();
        at_least
            .iter()
            .chain(at_most)
            .for_each(|(_, probe)| answers(*probe));
    }
}

/// Equal for equal numbers; what falls together besides is looked at again.
fn number_key(number: Number) -> u64 {
    match number {
        Number::Integer(integer) => mix(integer as u64),
        Number::Float(float) => match Number::from_float(float) {
            Some(Number::Integer(integer)) => mix(integer as u64),
            _ => mix(float.to_bits()),
        },
    }
}

impl Networks {
    fn new(networks: &[(Network, u32)]) -> Self {
        let lengths = |is_v4: bool| {
            let of_version = networks.iter().filter(|(network, _)| network.is_v4 == is_v4);
            let mut lengths: Vec<u8> = of_version.map(|(network, _)| network.length).collect();
            lengths.sort_unstable();
            lengths.dedup();
            lengths
        };
        let hashed: Vec<(u64, u32)> = networks
            .iter()
            .map(|(network, probe)| (network_key(*network), *probe))
            .collect();
        Networks {
            table: Table::new(&hashed),
            v4: lengths(true),
            v6: lengths(false),
        }
    }

    fn ask(&self, address: IpAddr, length: u8, answers: &mut impl FnMut(u32)) {
        let lengths = if address.is_ipv4() { &self.v4 } else { &self.v6 };
        for length in lengths.iter().take_while(|known| **known <= length) {
            self.table
                .find(network_key(Network::of(address, *length)), &mut *answers);
        }
    }
}

fn network_key(network: Network) -> u64 {
    let tag = u64::from(network.length) << 1 | u64::from(network.is_v4);
    mix(mix((network.bits >> 64) as u64) ^ (network.bits as u64).rotate_left(17) ^ tag)
}
