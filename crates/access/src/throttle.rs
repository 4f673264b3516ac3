//! How often somebody may guess: failed tries are counted by network, and by account over all networks.
//!
//! A network has [`TRIES_MAX`] tries at whatever accounts it likes. A network that an account signed in from lately has
//! as many at that account alone, whoever else fails there or elsewhere: so nobody locks an account's owner out from
//! another network. From all other networks together an account is tried at most so often as [`Kind::from_everywhere`]
//! says.
//!
//! A try is counted when it begins and given back when it succeeds, so that many at once are not more than one after
//! the other. Time is whole seconds of a clock that never goes back.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::net::IpAddr;

use sha2::{Digest as _, Sha256};

use crate::Seconds;
use crate::limits::{
    ACCOUNT_COUNTERS, KNOWN_FOR, KNOWN_NETWORKS_MAX, NETWORKS_MAX, TRIES_FROM_EVERYWHERE_MAX, TRIES_MAX,
    TRIES_WITHIN,
};

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

/// What is guessed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Kind {
    /// A password.
    Password,
    /// A code of a second factor, by somebody who knows the password: six digits are guessed soon.
    Code,
}

impl Kind {
    /// Tries at one account in [`TRIES_WITHIN`] from all networks together that it is not known from.
    #[must_use]
    pub const fn from_everywhere(self) -> usize {
        match self {
            Kind::Password => TRIES_FROM_EVERYWHERE_MAX,
            Kind::Code => TRIES_MAX,
        }
    }
}

/// A try that was counted. Give it back with [`Throttle::succeeded`]; dropped, it stays counted.
#[derive(Debug)]
#[must_use]
pub struct Try {
    kind: Kind,
    account: Account,
    network: Network,
    is_known: bool,
    at: Seconds,
}

/// An account by a keyed hash of its name.
type Account = u64;

/// The counters. Memory is bounded: see [`NETWORKS_MAX`], [`ACCOUNT_COUNTERS`] and [`KNOWN_NETWORKS_MAX`].
pub struct Throttle {
    seed: [u8; 32],
    /// By some bits of the hash of the name: names that are no account count as those that are, so that nothing tells
    /// them apart, and nobody can push a name out by trying many others.
    accounts: BTreeMap<(Kind, u16), Tries>,
    networks: BTreeMap<Network, Tries>,
    /// Networks by their last try, the oldest first.
    order: BTreeSet<(Seconds, Network)>,
    /// Where accounts signed in from. Only accounts that there are: the book bounds them.
    known: BTreeMap<(Account, Network), Known>,
}

/// A network that an account signed in from.
#[derive(Default)]
struct Known {
    last: Seconds,
    passwords: Tries,
    codes: Tries,
}

impl Known {
    fn tries(&mut self, kind: Kind) -> &mut Tries {
        match kind {
            Kind::Password => &mut self.passwords,
            Kind::Code => &mut self.codes,
        }
    }
}

/// Times of the last tries.
#[derive(Default)]
struct Tries {
    times: VecDeque<Seconds>,
    /// Under which time a network stands in the order.
    listed: Seconds,
}

impl Tries {
    /// How long until there are fewer than `max`.
    fn wait(&mut self, max: usize, at: Seconds) -> Option<Wait> {
        while self
            .times
            .front()
            .is_some_and(|first| first.saturating_add(TRIES_WITHIN) <= at)
        {
            self.times.pop_front();
        }
        let oldest = self.times.front().filter(|_| self.times.len() >= max)?;
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
            known: BTreeMap::new(),
        }
    }

    /// Begins a try at `account`: any text that somebody sent as a name, folded.
    ///
    /// # Errors
    /// How long to wait, when the account or the network has failed too often.
    pub fn begin(&mut self, kind: Kind, account: &str, network: Network, at: Seconds) -> Result<Try, Wait> {
        self.forget_old(at);
        let account = self.account(account);
        let known = self.known.get_mut(&(account, network));
        let known = known.filter(|known| known.last.saturating_add(KNOWN_FOR) > at);
        let is_known = known.is_some();
        match known {
            Some(known) => {
                let tries = known.tries(kind);
                tries.wait(TRIES_MAX, at).map_or(Ok(()), Err)?;
                tries.times.push_back(at);
            }
            None => self.begin_from_elsewhere(kind, account, network, at)?,
        }
        Ok(Try {
            kind,
            account,
            network,
            is_known,
            at,
        })
    }

    /// Begins a try from a network that the account is not known from.
    fn begin_from_elsewhere(
        &mut self,
        kind: Kind,
        account: Account,
        network: Network,
        at: Seconds,
    ) -> Result<(), Wait> {
        let by_network = self.networks.get_mut(&network);
        let by_network = by_network.and_then(|tries| tries.wait(TRIES_MAX, at));
        let by_account = self.accounts.get_mut(&(kind, counter(account)));
        let by_account = by_account.and_then(|tries| tries.wait(kind.from_everywhere(), at));
        let waits = by_network.into_iter().chain(by_account);
        if let Some(wait) = waits.max_by_key(|wait| wait.seconds) {
            return Err(wait);
        }
        let tries = self.accounts.entry((kind, counter(account))).or_default();
        tries.times.push_back(at);
        self.add_network(network, at);
        Ok(())
    }

    /// The try was right: it does not count.
    pub fn succeeded(&mut self, done: Try) {
        if done.is_known {
            if let Some(known) = self.known.get_mut(&(done.account, done.network)) {
                known.tries(done.kind).take_back(done.at);
            }
            return;
        }
        let counter = (done.kind, counter(done.account));
        if let Some(tries) = self.accounts.get_mut(&counter) {
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

    /// Somebody signed in as `account`, which there is, with all that it takes: it is known from that network now.
    pub fn signed_in(&mut self, account: &str, network: Network, at: Seconds) {
        let account = self.account(account);
        self.known.entry((account, network)).or_default().last = at;
        let all = (account, Network::V4(0))..=(account, Network::V6(u64::MAX));
        let known = self.known.range(all).map(|(key, known)| (known.last, *key));
        // The one that was just used is the newest, also among those of the same second.
        let others = known.filter(|(_, (_, other))| *other != network);
        let (number, oldest) = others.fold((0, None), |(number, oldest), one| {
            (
                number + 1,
                Some(oldest.map_or(one, |oldest: (Seconds, _)| oldest.min(one))),
            )
        });
        if let Some((_, oldest)) = oldest.filter(|_| number >= KNOWN_NETWORKS_MAX) {
            self.known.remove(&oldest);
        }
    }

    /// Networks that are remembered.
    #[must_use]
    pub fn networks(&self) -> usize {
        self.networks.len()
    }

    fn account(&self, account: &str) -> Account {
        let hash = Sha256::new()
            .chain_update(self.seed)
            .chain_update(account)
            .finalize();
        hash.iter()
            .take(8)
            .fold(0, |number, byte| number << 8 | u64::from(*byte))
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

/// Which counter an account's tries from everywhere are counted by.
fn counter(account: Account) -> u16 {
    const { assert!(ACCOUNT_COUNTERS == 1 << 16) };
    (account & 0xffff) as u16
}

#[cfg(test)]
mod tests {
    use super::*;

    const ALL: usize = TRIES_FROM_EVERYWHERE_MAX;

    fn throttle() -> Throttle {
        Throttle::new([9; 32])
    }

    fn network(text: &str) -> Network {
        text.parse::<IpAddr>().unwrap().into()
    }

    /// Whether a password may be tried, which is wrong then.
    fn guess(throttle: &mut Throttle, account: &str, network: Network, at: Seconds) -> bool {
        throttle.begin(Kind::Password, account, network, at).is_ok()
    }

    /// That no span of fifteen minutes has more than `max` of the times.
    fn check(times: &[Seconds], max: usize) {
        for window in times.windows(max + 1) {
            assert!(window[max] - window[0] >= TRIES_WITHIN, "{window:?}");
        }
    }

    #[test]
    fn no_span_of_fifteen_minutes_has_more_tries_at_an_account_than_said() {
        for (kind, max) in [(Kind::Password, ALL), (Kind::Code, TRIES_MAX)] {
            let mut throttle = throttle();
            // Another network each time, as a botnet would.
            let may = |at: &Seconds| throttle.begin(kind, "ada", Network::V6(*at), *at).is_ok();
            let times: Vec<Seconds> = (0..4 * TRIES_WITHIN).filter(may).collect();
            assert_eq!(times.len(), 4 * max);
            check(&times, max);
        }
    }

    #[test]
    fn no_span_of_fifteen_minutes_has_more_than_ten_tries_from_a_network_at_one_account() {
        for is_known in [false, true] {
            let mut throttle = throttle();
            if is_known {
                throttle.signed_in("ada", Network::V4(1), 0);
            }
            let may = |at: &Seconds| guess(&mut throttle, "ada", Network::V4(1), *at);
            let times: Vec<Seconds> = (0..4 * TRIES_WITHIN).filter(may).collect();
            assert_eq!(times.len(), 4 * TRIES_MAX);
            check(&times, TRIES_MAX);
        }
    }

    #[test]
    fn one_network_has_ten_tries_however_it_spells_itself_and_whomever_it_tries() {
        for spellings in [
            vec!["192.0.2.1", "::ffff:192.0.2.1", "::ffff:c000:201"],
            vec!["2001:db8::1", "2001:db8::2", "2001:db8:0:0:ffff:ffff:ffff:ffff"],
        ] {
            let mut throttle = throttle();
            let begun = (0..100)
                .zip(spellings.iter().cycle())
                .filter(|(number, spelling)| {
                    guess(&mut throttle, &format!("name{number}"), network(spelling), 5)
                });
            assert_eq!(begun.count(), TRIES_MAX);
            assert!(guess(&mut throttle, "ada", network("192.0.2.2"), 5));
            assert!(guess(&mut throttle, "ada", network("2001:db8:0:1::"), 5));
        }
    }

    #[test]
    fn where_an_account_signed_in_from_it_is_not_locked_out_by_others() {
        let mut throttle = throttle();
        let (home, elsewhere) = (Network::V4(1), Network::V4(2));
        throttle.signed_in("ada", home, 0);
        // From everywhere, and from the same network at others.
        for number in 0..1000 {
            guess(&mut throttle, "ada", Network::V6(number), 1);
        }
        for number in 0..20 {
            guess(&mut throttle, &format!("name{number}"), home, 1);
        }
        assert!(!guess(&mut throttle, "ada", elsewhere, 1));
        assert!(!guess(&mut throttle, "bob", home, 1));
        let own = (0..20).filter(|_| guess(&mut throttle, "ada", home, 1)).count();
        assert_eq!(own, TRIES_MAX);
        // Long after, it is a network as any other.
        assert!(guess(&mut throttle, "ada", home, KNOWN_FOR - 1));
        for number in 0..ALL as u64 {
            assert!(guess(&mut throttle, "ada", Network::V6(number), KNOWN_FOR));
        }
        assert!(!guess(&mut throttle, "ada", home, KNOWN_FOR));
    }

    #[test]
    fn an_account_is_known_from_the_networks_that_it_used_last() {
        let mut throttle = throttle();
        let last = KNOWN_NETWORKS_MAX as u64 + 5;
        (0..last).for_each(|number| throttle.signed_in("ada", Network::V6(number), number));
        throttle.signed_in("bob", Network::V4(1), 0);
        assert_eq!(throttle.known.len(), KNOWN_NETWORKS_MAX + 1);
        for number in 0..ALL as u64 {
            guess(&mut throttle, "ada", Network::V6(1000 + number), last);
        }
        assert!(!guess(&mut throttle, "ada", Network::V6(4), last));
        assert!(guess(&mut throttle, "ada", Network::V6(5), last));
    }

    #[test]
    fn tries_that_are_under_way_count_and_those_that_succeed_are_given_back() {
        for is_known in [false, true] {
            let mut throttle = throttle();
            if is_known {
                throttle.signed_in("ada", Network::V4(1), 0);
            }
            let begin =
                |throttle: &mut Throttle, at| throttle.begin(Kind::Password, "ada", Network::V4(1), at);
            let mut under_way: Vec<Try> = (0..TRIES_MAX).map(|_| begin(&mut throttle, 0).unwrap()).collect();
            let wait = Wait {
                seconds: TRIES_WITHIN - 3,
            };
            assert_eq!(begin(&mut throttle, 3).unwrap_err(), wait);
            throttle.succeeded(under_way.pop().unwrap());
            assert!(begin(&mut throttle, 3).is_ok());
            assert!(begin(&mut throttle, 3).is_err());
        }
    }

    #[test]
    fn success_does_not_wipe_out_failures() {
        let mut throttle = throttle();
        for at in 0..100 {
            if let Ok(good) = throttle.begin(Kind::Password, "mallory", Network::V4(1), at) {
                throttle.succeeded(good);
                throttle.signed_in("mallory", Network::V4(1), at);
            }
            let _ = guess(&mut throttle, "ada", Network::V4(1), at);
        }
        assert!(!guess(&mut throttle, "ada", Network::V4(1), 100));
        assert!(guess(&mut throttle, "mallory", Network::V4(1), 100));
    }

    #[test]
    fn many_networks_do_not_grow_without_bound_and_what_is_over_is_forgotten() {
        let mut throttle = throttle();
        for number in 0..NETWORKS_MAX as u64 + 1000 {
            let _ = guess(
                &mut throttle,
                &format!("name{number}"),
                Network::V6(number),
                number / 1000,
            );
        }
        assert_eq!(throttle.networks(), NETWORKS_MAX);
        for number in 0..NETWORKS_MAX as u64 {
            let _ = guess(
                &mut throttle,
                &format!("name{number}"),
                Network::V4(number as u32),
                10 * TRIES_WITHIN,
            );
        }
        assert_eq!(throttle.networks(), NETWORKS_MAX);
        assert_eq!(throttle.networks.len(), throttle.order.len());
        for at in 0..NETWORKS_MAX as u64 {
            let _ = guess(&mut throttle, "ada", Network::V4(7), 20 * TRIES_WITHIN + at);
        }
        assert_eq!((throttle.networks(), throttle.order.len()), (1, 1));
    }
}
