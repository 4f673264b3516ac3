//! Networks (CIDR), and all of them that cover an address.
//!
//! Networks nest or are apart, never overlap: sorted by first address and then by length, whatever covers an
//! address is the last network that starts at or before it, or one of those that this one lies in.

use crate::table::Reference;

/// An address of either width as a number.
pub(crate) trait Address: Copy + Ord {
    const BITS: u8;
    /// The address with everything after the first `length` bits set to zero.
    fn masked(self, length: u8) -> Self;
    /// The first 16 bits.
    fn beginning(self) -> u16;
}

impl Address for u32 {
    const BITS: u8 = 32;
    #[inline(always)]
    fn masked(self, length: u8) -> Self {
        if length == 0 {
            0
        } else {
            self & (u32::MAX << (32 - u32::from(length.min(32))))
        }
    }
    #[inline(always)]
    fn beginning(self) -> u16 {
        (self >> 16) as u16
    }
}

impl Address for u128 {
    const BITS: u8 = 128;
    #[inline(always)]
    fn masked(self, length: u8) -> Self {
        if length == 0 {
            0
        } else {
            self & (u128::MAX << (128 - u32::from(length.min(128))))
        }
    }
    #[inline(always)]
    fn beginning(self) -> u16 {
        (self >> 112) as u16
    }
}

/// One network and where its records are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Network<A> {
    pub(crate) start: A,
    pub(crate) length: u8,
    pub(crate) reference: Reference,
}

/// Networks in order, ready to be asked.
#[derive(Clone, Debug)]
pub(crate) struct Networks<A> {
    starts: Vec<A>,
    /// Length, and in the high bit whether the reference is a list. Whole addresses are not networks, so
    /// seven bits suffice.
    lengths: Vec<u8>,
    places: Vec<u32>,
    /// The smallest network around each, or `NONE`.
    parents: Vec<u32>,
    /// A bit for each value of an address's first 16 bits that some network touches.
    touched: Vec<u64>,
}

const NONE: u32 = u32::MAX;
const LIST: u8 = 0x80;

impl<A: Address> Networks<A> {
    /// From networks sorted by start and then length, without doubles; `None` if they are not so.
    pub(crate) fn from_sorted(networks: impl Iterator<Item = Network<A>>) -> Option<Self> {
        let mut all = Networks {
            starts: Vec::new(),
            lengths: Vec::new(),
            places: Vec::new(),
            parents: Vec::new(),
            touched: Vec::new(),
        };
        let mut around: Vec<(Network<A>, u32)> = Vec::new();
        let mut last = None;
        for network in networks {
            let order = (network.start, network.length);
            let whole = network.start.masked(network.length) == network.start;
            if !whole || network.length >= A::BITS || last.is_some_and(|last| last >= order) {
                return None;
            }
            last = Some(order);
            while around
                .last()
                .is_some_and(|(outer, _)| !covers(outer, network.start))
            {
                around.pop();
            }
            all.parents
                .push(around.last().map_or(NONE, |&(_, number)| number));
            around.push((network, u32::try_from(all.starts.len()).ok()?));
            all.push(network);
        }
        Some(all)
    }

    fn push(&mut self, network: Network<A>) {
        self.starts.push(network.start);
        self.lengths
            .push(network.length | if network.reference.is_list { LIST } else { 0 });
        self.places.push(network.reference.place);
        self.touched.resize(1024, 0);
        let first = network.start.beginning();
        let more = if network.length >= 16 {
            0
        } else {
            u16::MAX >> network.length
        };
        for beginning in first..=first | more {
            if let Some(word) = self.touched.get_mut(usize::from(beginning >> 6)) {
                *word |= 1 << (beginning & 63);
            }
        }
    }

    /// Bytes held in memory.
    pub(crate) fn resident(&self) -> usize {
        self.starts.len() * (size_of::<A>() + 9) + self.touched.len() * 8
    }

    /// Whether any network covers the address.
    #[inline(always)]
    pub(crate) fn any_covers(&self, address: A) -> bool {
        let beginning = address.beginning();
        match self.touched.get(usize::from(beginning >> 6)) {
            Some(word) if word >> (beginning & 63) & 1 == 1 => self.covering(address).next().is_some(),
            _ => false,
        }
    }

    /// Every network that covers the address, the smallest first.
    pub(crate) fn covering(&self, address: A) -> impl Iterator<Item = Network<A>> + '_ {
        let mut next = self
            .starts
            .partition_point(|&start| start <= address)
            .checked_sub(1);
        std::iter::from_fn(move || {
            while let Some(number) = next {
                let network = self.network(number)?;
                next = match self.parents.get(number) {
                    Some(&parent) if parent != NONE => usize::try_from(parent).ok(),
                    _ => None,
                };
                if covers(&network, address) {
                    return Some(network);
                }
            }
            None
        })
    }

    fn network(&self, number: usize) -> Option<Network<A>> {
        let length = *self.lengths.get(number)?;
        Some(Network {
            start: *self.starts.get(number)?,
            length: length & !LIST,
            reference: Reference {
                place: *self.places.get(number)?,
                is_list: length & LIST != 0,
            },
        })
    }
}

fn covers<A: Address>(network: &Network<A>, address: A) -> bool {
    address.masked(network.length) == network.start
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn check<A: Address + std::fmt::Debug>(mut networks: Vec<(A, u8)>, addresses: &[A]) {
        for (start, length) in &mut networks {
            *length %= A::BITS;
            *start = start.masked(*length);
        }
        networks.sort_unstable();
        networks.dedup();
        let sorted = (1u32..).zip(&networks).map(|(place, &(start, length))| Network {
            start,
            length,
            reference: Reference {
                place,
                is_list: false,
            },
        });
        let compiled = Networks::from_sorted(sorted).unwrap();
        let starts: Vec<A> = networks.iter().map(|n| n.0).collect();
        for &address in addresses.iter().chain(&starts) {
            let mut expected: Vec<_> = networks
                .iter()
                .filter(|n| address.masked(n.1) == n.0)
                .copied()
                .collect();
            expected.reverse();
            let found: Vec<_> = compiled.covering(address).map(|n| (n.start, n.length)).collect();
            assert_eq!(found, expected);
            assert_eq!(compiled.any_covers(address), !expected.is_empty());
        }
    }

    proptest! {
        #[test]
        fn every_covering_v4_network_is_found(
            networks in prop::collection::vec((0u32..64, any::<u8>()), 0..60),
            wide in prop::collection::vec((any::<u32>(), any::<u8>()), 0..60),
            addresses in prop::collection::vec(any::<u32>(), 20),
        ) {
            // Few high bits, so that networks nest deeply.
            let dense = networks.into_iter().map(|(n, length)| (n.wrapping_mul(0x0101_0101), length));
            check(dense.chain(wide).collect(), &addresses);
        }

        #[test]
        fn every_covering_v6_network_is_found(
            networks in prop::collection::vec((0u128..64, any::<u8>()), 0..60),
            addresses in prop::collection::vec(any::<u128>(), 20),
        ) {
            let dense = networks.into_iter().map(|(n, length)| (n << 122 | n << 90 | n, length));
            check(dense.collect(), &addresses);
        }
    }

    #[test]
    fn disorder_and_host_bits_are_refused() {
        let network = |start, length| Network {
            start,
            length,
            reference: Reference {
                place: 1,
                is_list: false,
            },
        };
        assert!(
            Networks::<u32>::from_sorted([network(2 << 24, 8), network(1 << 24, 8)].into_iter()).is_none()
        );
        assert!(Networks::<u32>::from_sorted([network(1, 8)].into_iter()).is_none());
        assert!(Networks::<u32>::from_sorted([network(1, 32)].into_iter()).is_none());
    }
}
