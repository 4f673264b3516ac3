//! What one peer, or one visitor of TAXII, may cost: questions at a time, and a minute's questions, bytes and work. Each
//! has its own, so that one that asks much, or slowly, waits for itself.

use std::collections::BTreeMap;
use std::net::IpAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use crate::serve::listen::network_of;
use crate::serve::problem::Problem;

/// Questions of one peer that are answered at a time.
pub(crate) const AT_ONCE: usize = 4;
/// Questions of one peer that wait for that.
pub(crate) const WAITING_MAX: usize = 64;
/// The same of one visitor: many tools may share an account.
pub(crate) const VISITORS_AT_ONCE: usize = 8;
pub(crate) const VISITORS_WAITING_MAX: usize = 512;
/// How long one waits.
const WAIT_MAX: Duration = Duration::from_secs(15);

/// What a peer may use up at once, and what it gets back in a second: questions, bytes both ways, and microseconds of this
/// node's work.
const PEERS: Allowances = Allowances {
    questions: Allowance {
        most: 1200.0,
        a_second: 20.0,
    },
    bytes: Allowance {
        most: 512.0 * MIB,
        a_second: 16.0 * MIB,
    },
    work_micros: WORK_MICROS,
    at_once: AT_ONCE,
    waiting: WAITING_MAX,
};
/// Visitors ask small questions often, and read whole collections when they come for the first time.
const VISITORS: Allowances = Allowances {
    questions: Allowance {
        most: 20_000.0,
        a_second: 200.0,
    },
    bytes: Allowance {
        most: 8192.0 * MIB,
        a_second: 64.0 * MIB,
    },
    work_micros: WORK_MICROS,
    at_once: VISITORS_AT_ONCE,
    waiting: VISITORS_WAITING_MAX,
};
const WORK_MICROS: Allowance = Allowance {
    most: 60_000_000.0,
    a_second: 700_000.0,
};
const MIB: f64 = 1024.0 * 1024.0;
/// Bytes that a party may contribute a day over TAXII.
pub(crate) const CONTRIBUTED_BYTES_A_DAY: u64 = 256 << 20;
const CONTRIBUTIONS: Allowance = Allowance {
    most: CONTRIBUTED_BYTES_A_DAY as f64,
    a_second: CONTRIBUTED_BYTES_A_DAY as f64 / 86_400.0,
};
/// Hellos and knocks of one address.
const GREETINGS: Allowance = Allowance {
    most: 60.0,
    a_second: 0.5,
};

/// Addresses and peers of which something is remembered; who has used nothing lately is forgotten first.
const REMEMBERED_MAX: usize = 10_000;

#[derive(Debug, Clone, Copy)]
struct Allowance {
    most: f64,
    a_second: f64,
}

/// What one may use up.
#[derive(Debug)]
struct Allowances {
    questions: Allowance,
    bytes: Allowance,
    work_micros: Allowance,
    at_once: usize,
    waiting: usize,
}

/// What is left of an allowance.
#[derive(Debug, Clone, Copy)]
struct Left {
    amount: f64,
    at: Instant,
}

impl Left {
    fn all(allowance: Allowance) -> Left {
        Left {
            amount: allowance.most,
            at: now(),
        }
    }

    fn refill(&mut self, allowance: Allowance) {
        let at = now();
        let passed = at.saturating_duration_since(self.at).as_secs_f64();
        self.amount = (self.amount + passed * allowance.a_second).min(allowance.most);
        self.at = at;
    }

    /// Uses some; may go below nothing, which is then waited for.
    fn take(&mut self, allowance: Allowance, amount: f64) {
        self.refill(allowance);
        self.amount -= amount;
    }

    /// Whether nothing of it is used up.
    fn is_whole(&mut self, allowance: Allowance) -> bool {
        self.refill(allowance);
        self.amount >= allowance.most
    }

    /// Seconds until something is left again.
    fn wait(&mut self, allowance: Allowance) -> Option<u64> {
        self.refill(allowance);
        let lacking = 1.0 - self.amount;
        (lacking > 0.0).then_some((lacking / allowance.a_second).ceil() as u64)
    }
}

/// The budgets of all who ask in one way.
pub(crate) struct Budgets {
    allowances: &'static Allowances,
    each: Mutex<BTreeMap<String, Arc<Budget>>>,
    addresses: Mutex<BTreeMap<u128, Left>>,
    contributed: Mutex<BTreeMap<String, Left>>,
}

struct Budget {
    allowances: &'static Allowances,
    places: Arc<Semaphore>,
    waiting: Arc<Semaphore>,
    left: Mutex<Spent>,
}

struct Spent {
    questions: Left,
    bytes: Left,
    work: Left,
}

/// A turn: while it lasts, one of the caller's places is taken.
pub(crate) struct Turn {
    budget: Arc<Budget>,
    _place: OwnedSemaphorePermit,
}

impl Budgets {
    /// Of peers.
    pub(crate) fn of_peers() -> Budgets {
        Budgets::new(&PEERS)
    }

    /// Of visitors of TAXII.
    pub(crate) fn of_visitors() -> Budgets {
        Budgets::new(&VISITORS)
    }

    fn new(allowances: &'static Allowances) -> Budgets {
        Budgets {
            allowances,
            each: Mutex::default(),
            addresses: Mutex::default(),
            contributed: Mutex::default(),
        }
    }

    /// Waits for the turn of a party, an account or a network.
    ///
    /// # Errors
    /// 429 with the time to wait, where it has used up what it may or too many of its questions wait already.
    pub(crate) async fn turn(&self, one: &str) -> Result<Turn, Problem> {
        let budget = self.of(one)?;
        budget.require_some_left()?;
        let queued = budget.waiting.clone().try_acquire_owned();
        let queued = queued.map_err(|_| too_many("too many of your questions wait already", 2))?;
        let place = tokio::time::timeout(WAIT_MAX, budget.places.clone().acquire_owned()).await;
        drop(queued);
        match place {
            Ok(Ok(place)) => Ok(Turn {
                budget,
                _place: place,
            }),
            _ => Err(too_many("your questions before this one take too long", 5)),
        }
    }

    /// One greeting from an address, or from the /64 of one.
    ///
    /// # Errors
    /// 429 where there were too many.
    pub(crate) fn greet(&self, address: IpAddr) -> Result<(), Problem> {
        let address = network_of(address);
        let mut addresses = self.addresses.lock().unwrap_or_else(PoisonError::into_inner);
        if addresses.len() >= REMEMBERED_MAX && !addresses.contains_key(&address) {
            addresses.retain(|_, left| {
                left.refill(GREETINGS);
                left.amount < GREETINGS.most
            });
            if addresses.len() >= REMEMBERED_MAX {
                return Err(too_many("too many greetings from everywhere", 60));
            }
        }
        let left = addresses.entry(address).or_insert_with(|| Left::all(GREETINGS));
        if let Some(seconds) = left.wait(GREETINGS) {
            return Err(too_many("too many greetings from this address", seconds));
        }
        left.take(GREETINGS, 1.0);
        Ok(())
    }

    /// Refuses what a party would contribute, where it has contributed as much as it may for now.
    ///
    /// # Errors
    /// 429 with the time to wait.
    pub(crate) fn require_contribution_left(&self, party: &str) -> Result<(), Problem> {
        match self.with_contributed(party, |left| left.wait(CONTRIBUTIONS)) {
            Some(seconds) => Err(too_many(
                "your party has contributed as many bytes as it may a day",
                seconds,
            )),
            None => Ok(()),
        }
    }

    /// A party contributed so many bytes.
    pub(crate) fn contributed(&self, party: &str, bytes: usize) {
        self.with_contributed(party, |left| left.take(CONTRIBUTIONS, bytes as f64));
    }

    fn with_contributed<R>(&self, party: &str, with: impl FnOnce(&mut Left) -> R) -> R {
        let mut contributed = self.contributed.lock().unwrap_or_else(PoisonError::into_inner);
        with(
            contributed
                .entry(party.to_owned())
                .or_insert_with(|| Left::all(CONTRIBUTIONS)),
        )
    }

    fn of(&self, one: &str) -> Result<Arc<Budget>, Problem> {
        let mut each = self.each.lock().unwrap_or_else(PoisonError::into_inner);
        if each.len() >= REMEMBERED_MAX && !each.contains_key(one) {
            each.retain(|_, budget| Arc::strong_count(budget) > 1 || !budget.is_whole());
            if each.len() >= REMEMBERED_MAX {
                return Err(too_many("too many ask from everywhere", 60));
            }
        }
        let budget = each.entry(one.to_owned());
        Ok(budget
            .or_insert_with(|| Arc::new(Budget::new(self.allowances)))
            .clone())
    }
}

impl Budget {
    fn new(allowances: &'static Allowances) -> Budget {
        Budget {
            allowances,
            places: Arc::new(Semaphore::new(allowances.at_once)),
            waiting: Arc::new(Semaphore::new(allowances.waiting)),
            left: Mutex::new(Spent {
                questions: Left::all(allowances.questions),
                bytes: Left::all(allowances.bytes),
                work: Left::all(allowances.work_micros),
            }),
        }
    }

    /// Whether nothing of it is used up: it may be forgotten.
    fn is_whole(&self) -> bool {
        let (mut spent, allowances) = (self.spent(), self.allowances);
        spent.questions.is_whole(allowances.questions)
            && spent.bytes.is_whole(allowances.bytes)
            && spent.work.is_whole(allowances.work_micros)
    }

    fn spent(&self) -> MutexGuard<'_, Spent> {
        self.left.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn require_some_left(&self) -> Result<(), Problem> {
        let mut spent = self.spent();
        let waits = [
            spent.questions.wait(self.allowances.questions),
            spent.bytes.wait(self.allowances.bytes),
            spent.work.wait(self.allowances.work_micros),
        ];
        if let Some(seconds) = waits.into_iter().flatten().max() {
            return Err(too_many("you have used up what you may ask for now", seconds));
        }
        spent.questions.take(self.allowances.questions, 1.0);
        Ok(())
    }
}

impl Turn {
    /// So many bytes came or went.
    pub(crate) fn bytes(&mut self, bytes: usize) {
        let allowance = self.budget.allowances.bytes;
        self.budget.spent().bytes.take(allowance, bytes as f64);
    }

    /// So long this node worked for it.
    pub(crate) fn worked(&mut self, time: Duration) {
        let allowance = self.budget.allowances.work_micros;
        self.budget.spent().work.take(allowance, time.as_micros() as f64);
    }
}

fn too_many(why: &str, seconds: u64) -> Problem {
    Problem::too_many(format!("{why}; ask again after {seconds} s")).retry(seconds.max(1))
}

pub(crate) fn now() -> Instant {
    #[expect(clippy::disallowed_methods, reason = "the binary is where the clock is read")]
    Instant::now()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_peer_that_has_used_up_its_part_waits_and_others_do_not() {
        let budgets = Budgets::of_peers();
        let mut turn = budgets.turn("one").await.unwrap();
        turn.worked(Duration::from_secs(61));
        drop(turn);
        let refused = budgets.turn("one").await.err().unwrap();
        assert_eq!(refused.status.as_u16(), 429);
        assert!(
            refused
                .retry_after
                .is_some_and(|seconds| (1..=3).contains(&seconds))
        );
        assert!(budgets.turn("other").await.is_ok());
    }

    #[tokio::test]
    async fn so_many_questions_a_minute_and_no_more() {
        let budgets = Budgets::of_peers();
        let mut taken = 0;
        while budgets.turn("one").await.is_ok() {
            taken += 1;
        }
        assert!((1200..1300).contains(&taken), "{taken}");
    }

    #[tokio::test]
    async fn who_holds_its_places_waits_for_itself() {
        let budgets = Arc::new(Budgets::of_peers());
        let mut held = Vec::new();
        for _ in 0..AT_ONCE {
            held.push(budgets.turn("one").await.unwrap());
        }
        let wait = || {
            let budgets = budgets.clone();
            tokio::spawn(async move { budgets.turn("one").await.is_ok() })
        };
        let waiting: Vec<_> = (0..WAITING_MAX).map(|_| wait()).collect();
        for _ in 0..=WAITING_MAX {
            tokio::task::yield_now().await;
        }
        let refused = budgets.turn("one").await.err();
        assert_eq!(
            refused.map(|problem| problem.status.as_u16()),
            Some(429),
            "enough wait"
        );
        assert!(budgets.turn("other").await.is_ok());
        drop(held);
        for waiting in waiting {
            assert!(waiting.await.unwrap(), "a place became free");
        }
    }

    #[test]
    fn greetings_of_one_address_end_and_of_others_go_on() {
        let budgets = Budgets::of_peers();
        let [one, other] = [IpAddr::from([127, 0, 0, 1]), IpAddr::from([127, 0, 0, 2])];
        assert!((0..60).all(|_| budgets.greet(one).is_ok()));
        assert!(budgets.greet(one).is_err());
        assert!(budgets.greet(other).is_ok());
    }

    #[tokio::test]
    async fn visitors_from_everywhere_are_forgotten_once_they_have_used_nothing_lately() {
        let budgets = Budgets::of_visitors();
        for network in 0..REMEMBERED_MAX {
            drop(budgets.of(&network.to_string()).unwrap());
        }
        assert!(budgets.turn("one more").await.is_ok());
        assert_eq!(budgets.each.lock().unwrap().len(), 1);
    }

    #[test]
    fn a_party_contributes_so_much_a_day_and_others_go_on() {
        let budgets = Budgets::of_visitors();
        for _ in 0..CONTRIBUTED_BYTES_A_DAY >> 24 {
            budgets.require_contribution_left("one").unwrap();
            budgets.contributed("one", 16 << 20);
        }
        budgets.contributed("one", 1 << 20);
        let refused = budgets.require_contribution_left("one").unwrap_err();
        let wait = refused.retry_after.unwrap();
        assert!(
            refused.status.as_u16() == 429 && (300..400).contains(&wait),
            "{wait}"
        );
        assert!(refused.detail.contains(&format!("{wait} s")));
        assert!(budgets.require_contribution_left("other").is_ok());
    }
}
