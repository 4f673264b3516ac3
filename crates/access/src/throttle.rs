//! How often somebody may guess: failed tries are counted by account and by network, whatever is tried.
//!
//! A try is counted when it begins and given back when it succeeds, so that many at once are not more than one after
//! the other. Time is whole seconds of a clock that never goes back.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::net::IpAddr;

use sha2::{Digest as _, Sha256};

use crate::Seconds;
use crate::limits::{ACCOUNT_COUNTERS, NETWORKS_MAX, TRIES_MAX, TRIES_WITHIN};

/// Whose tries count as one: an IPv4 address, or the /64 that one IPv6 subscriber has at least.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Network {
    /// One address.
    V4(u32),
    /// The first half of an address.
    V6(u64),
}

impl From<IpAddr> for Network {
    fn from(address: IpAddr) -> Network {
        // ::ffff:192.0.2.1 is 192.0.2.1 that came through a socket for both.
        match address.to_canonical() {
            IpAddr::V4(address) => Network::V4(address.to_bits()),
            IpAddr::V6(address) => Network::V6((address.to_bits() >> 64) as u64),
        }
    }
}

/// No more tries for now.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Wait {
    /// Whole seconds until there is one again, at least 1.
    pub seconds: Seconds,
}

/// A try that was counted. Give it back with [`Throttle::succeeded`]; dropped, it stays counted.
#[derive(Debug)]
#[must_use]
pub struct Try {
    network: Network,
    counter: Option<u16>,
    at: Seconds,
}

/// The counters. Memory is bounded: see [`NETWORKS_MAX`] and [`ACCOUNT_COUNTERS`].
pub struct Throttle {
    seed: [u8; 32],
    /// By a keyed hash of the name: names that are no account count as those that are, so that nothing tells them apart,
    /// and nobody can push a name out by trying many others.
    accounts: BTreeMap<u16, Tries>,
    networks: BTreeMap<Network, Tries>,
    /// Networks by their last try, the oldest first.
    order: BTreeSet<(Seconds, Network)>,
}

/// Times of the last tries, at most [`TRIES_MAX`].
#[derive(Default)]
struct Tries {
    times: VecDeque<Seconds>,
    /// Under which time a network stands in the order.
    listed: Seconds,
}

impl Tries {
    fn wait(&mut self, at: Seconds) -> Option<Wait> {
        while self
            .times
            .front()
            .is_some_and(|first| first.saturating_add(TRIES_WITHIN) <= at)
        {
            self.times.pop_front();
        }
        let oldest = self.times.front().filter(|_| self.times.len() >= TRIES_MAX)?;
        Some(Wait {
            seconds: oldest.saturating_add(TRIES_WITHIN).saturating_sub(at).max(1),
        })
    }

    fn take_back(&mut self, at: Seconds) {
        if let Some(position) = self.times.iter().rposition(|time| *time == at) {
            self.times.remove(position);
        }
    }
}

impl Throttle {
    /// Counters at zero; `seed` is random, so that nobody can choose names that share one.
    #[must_use]
    pub fn new(seed: [u8; 32]) -> Throttle {
        Throttle {
            seed,
            accounts: BTreeMap::new(),
            networks: BTreeMap::new(),
            order: BTreeSet::new(),
        }
    }

    /// Begins a try, as `account` (any text that somebody sent as a name, folded) where one is named.
    ///
    /// # Errors
    /// How long to wait, when the account or the network has failed too often.
    pub fn begin(&mut self, account: Option<&str>, network: Network, at: Seconds) -> Result<Try, Wait> {
        self.forget_old(at);
        let counter = account.map(|account| self.counter(account));
        let by_network = self.networks.get_mut(&network).and_then(|tries| tries.wait(at));
        let by_account = counter.and_then(|counter| self.accounts.get_mut(&counter)?.wait(at));
        if let Some(wait) = by_network
            .into_iter()
            .chain(by_account)
            .max_by_key(|wait| wait.seconds)
        {
            return Err(wait);
        }
        if let Some(counter) = counter {
            self.accounts.entry(counter).or_default().times.push_back(at);
        }
        self.add_network(network, at);
        Ok(Try { network, counter, at })
    }

    /// The try was right: it does not count.
    pub fn succeeded(&mut self, done: Try) {
        if let Some(counter) = done.counter
            && let Some(tries) = self.accounts.get_mut(&counter)
        {
            tries.take_back(done.at);
            if tries.times.is_empty() {
                self.accounts.remove(&counter);
            }
        }
        if let Some(tries) = self.networks.get_mut(&done.network) {
            tries.take_back(done.at);
            if tries.times.is_empty() {
                self.order.remove(&(tries.listed, done.network));
                self.networks.remove(&done.network);
            }
        }
    }

    /// Networks that are remembered.
    #[must_use]
    pub fn networks(&self) -> usize {
        self.networks.len()
    }

    fn counter(&self, account: &str) -> u16 {
        let hash = Sha256::new()
            .chain_update(self.seed)
            .chain_update(account)
            .finalize();
        let number = hash
            .iter()
            .take(2)
            .fold(0u16, |number, byte| number << 8 | u16::from(*byte));
        const { assert!(ACCOUNT_COUNTERS == 1 << 16) };
        number
    }

    fn add_network(&mut self, network: Network, at: Seconds) {
        let tries = self.networks.entry(network).or_default();
        self.order.remove(&(tries.listed, network));
        tries.times.push_back(at);
        tries.listed = at;
        self.order.insert((at, network));
        if self.order.len() > NETWORKS_MAX {
            self.forget_first();
        }
    }

    /// What is over goes a little at a time, faster than it comes.
    fn forget_old(&mut self, at: Seconds) {
        for _ in 0..2 {
            let first = self.order.first();
            if first.is_some_and(|(listed, _)| listed.saturating_add(TRIES_WITHIN) <= at) {
                self.forget_first();
            }
        }
    }

    fn forget_first(&mut self) {
        if let Some((_, network)) = self.order.pop_first() {
            self.networks.remove(&network);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn throttle() -> Throttle {
        Throttle::new([9; 32])
    }

    fn network(text: &str) -> Network {
        text.parse::<IpAddr>().unwrap().into()
    }

    /// How many of `tries` may begin, none of which succeeds.
    fn begun<'a>(
        throttle: &mut Throttle,
        tries: impl Iterator<Item = (Option<&'a str>, Network, Seconds)>,
    ) -> usize {
        tries
            .filter(|(account, network, at)| throttle.begin(*account, *network, *at).is_ok())
            .count()
    }

    #[test]
    fn no_span_of_fifteen_minutes_has_more_than_ten_tries_at_an_account() {
        let mut throttle = throttle();
        let mut times = Vec::new();
        for at in 0..4 * TRIES_WITHIN {
            // Another network each time, as a botnet would.
            if throttle.begin(Some("ada"), Network::V6(at), at).is_ok() {
                times.push(at);
            }
        }
        assert_eq!(times.len(), 4 * TRIES_MAX);
        for window in times.windows(TRIES_MAX + 1) {
            assert!(window[TRIES_MAX] - window[0] >= TRIES_WITHIN, "{window:?}");
        }
    }

    #[test]
    fn one_network_has_ten_tries_however_it_spells_itself_and_whomever_it_tries() {
        let names: Vec<String> = (0..100).map(|number| format!("name{number}")).collect();
        for spellings in [
            vec!["192.0.2.1", "::ffff:192.0.2.1", "::ffff:c000:201"],
            vec!["2001:db8::1", "2001:db8::2", "2001:db8:0:0:ffff:ffff:ffff:ffff"],
        ] {
            let mut throttle = throttle();
            let tries = names
                .iter()
                .zip(spellings.iter().cycle())
                .map(|(name, spelling)| (Some(&**name), network(spelling), 5));
            assert_eq!(begun(&mut throttle, tries), TRIES_MAX);
            assert!(throttle.begin(Some("ada"), network("192.0.2.2"), 5).is_ok());
            assert!(throttle.begin(Some("ada"), network("2001:db8:0:1::"), 5).is_ok());
        }
    }

    #[test]
    fn tries_that_are_under_way_count_and_those_that_succeed_are_given_back() {
        let mut throttle = throttle();
        let mut under_way: Vec<Try> = (0..TRIES_MAX)
            .map(|_| throttle.begin(Some("ada"), Network::V4(1), 0).unwrap())
            .collect();
        assert_eq!(
            throttle.begin(Some("ada"), Network::V4(2), 3).unwrap_err(),
            Wait {
                seconds: TRIES_WITHIN - 3
            }
        );
        throttle.succeeded(under_way.pop().unwrap());
        assert!(throttle.begin(Some("ada"), Network::V4(2), 3).is_ok());
        assert!(throttle.begin(Some("ada"), Network::V4(2), 3).is_err());
    }

    #[test]
    fn success_does_not_wipe_out_failures() {
        let mut throttle = throttle();
        for at in 0..100 {
            let good = throttle.begin(Some("mallory"), Network::V4(1), at);
            if let Ok(good) = good {
                throttle.succeeded(good);
            }
            let _ = throttle.begin(Some("ada"), Network::V4(1), at);
        }
        assert!(throttle.begin(Some("ada"), Network::V4(2), 100).is_err());
        assert!(throttle.begin(None, Network::V4(1), 100).is_err());
    }

    #[test]
    fn many_networks_do_not_grow_without_bound_and_what_is_over_is_forgotten() {
        let mut throttle = throttle();
        for number in 0..NETWORKS_MAX as u64 + 1000 {
            let _ = throttle.begin(None, Network::V6(number), number / 1000);
        }
        assert_eq!(throttle.networks(), NETWORKS_MAX);
        for number in 0..NETWORKS_MAX as u64 {
            let _ = throttle.begin(None, Network::V4(number as u32), 10 * TRIES_WITHIN);
        }
        assert_eq!(throttle.networks(), NETWORKS_MAX);
        assert_eq!(throttle.networks.len(), throttle.order.len());
        let _ = begun(
            &mut throttle,
            (0..NETWORKS_MAX as u64).map(|at| (None, Network::V4(7), 20 * TRIES_WITHIN + at)),
        );
        assert_eq!((throttle.networks(), throttle.order.len()), (1, 1));
    }
}
