//! What one peer may cost: questions at a time, and a minute's questions, bytes and work. Each has its own, so that one
//! that asks much, or slowly, waits for itself.

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
/// How long one waits.
const WAIT_MAX: Duration = Duration::from_secs(15);

/// What a peer may use up at once, and what it gets back in a second: questions, bytes both ways, and microseconds of this
/// node's work.
const QUESTIONS: Allowance = Allowance {
    most: 1200.0,
    a_second: 20.0,
};
const BYTES: Allowance = Allowance {
    most: 512.0 * 1024.0 * 1024.0,
    a_second: 16.0 * 1024.0 * 1024.0,
};
const WORK_MICROS: Allowance = Allowance {
    most: 60_000_000.0,
    a_second: 700_000.0,
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

    /// Seconds until something is left again.
    fn wait(&mut self, allowance: Allowance) -> Option<u64> {
        self.refill(allowance);
        let lacking = 1.0 - self.amount;
        (lacking > 0.0).then_some((lacking / allowance.a_second).ceil() as u64)
    }
}

/// The budgets of all.
#[derive(Default)]
pub(crate) struct Budgets {
    peers: Mutex<BTreeMap<String, Arc<Budget>>>,
    addresses: Mutex<BTreeMap<u128, Left>>,
}

struct Budget {
    places: Arc<Semaphore>,
    waiting: Arc<Semaphore>,
    left: Mutex<Spent>,
}

struct Spent {
    questions: Left,
    bytes: Left,
    work: Left,
}

/// A peer's turn: while it lasts, one of its places is taken.
pub(crate) struct Turn {
    budget: Arc<Budget>,
    _place: OwnedSemaphorePermit,
}

impl Budgets {
    /// Waits for the turn of a party.
    ///
    /// # Errors
    /// 429 with the time to wait, where it has used up what it may or too many of its questions wait already.
    pub(crate) async fn turn(&self, party: &str) -> Result<Turn, Problem> {
        let budget = self.of(party);
        budget.require_some_left()?;
        let queued = budget.waiting.clone().try_acquire_owned();
        let queued = queued.map_err(|_| too_many("too many questions of this peer wait already", 2))?;
        let place = tokio::time::timeout(WAIT_MAX, budget.places.clone().acquire_owned()).await;
        drop(queued);
        match place {
            Ok(Ok(place)) => Ok(Turn {
                budget,
                _place: place,
            }),
            _ => Err(too_many(
                "the questions of this peer before this one take too long",
                5,
            )),
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

    fn of(&self, party: &str) -> Arc<Budget> {
        let mut peers = self.peers.lock().unwrap_or_else(PoisonError::into_inner);
        peers.entry(party.to_owned()).or_default().clone()
    }
}

impl Default for Budget {
    fn default() -> Budget {
        Budget {
            places: Arc::new(Semaphore::new(AT_ONCE)),
            waiting: Arc::new(Semaphore::new(WAITING_MAX)),
            left: Mutex::new(Spent {
                questions: Left::all(QUESTIONS),
                bytes: Left::all(BYTES),
                work: Left::all(WORK_MICROS),
            }),
        }
    }
}

impl Budget {
    fn spent(&self) -> MutexGuard<'_, Spent> {
        self.left.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn require_some_left(&self) -> Result<(), Problem> {
        let mut spent = self.spent();
        let waits = [
            spent.questions.wait(QUESTIONS),
            spent.bytes.wait(BYTES),
            spent.work.wait(WORK_MICROS),
        ];
        if let Some(seconds) = waits.into_iter().flatten().max() {
            return Err(too_many("this peer has used up what it may ask for now", seconds));
        }
        spent.questions.take(QUESTIONS, 1.0);
        Ok(())
    }
}

impl Turn {
    /// So many bytes came or went.
    pub(crate) fn bytes(&mut self, bytes: usize) {
        self.budget.spent().bytes.take(BYTES, bytes as f64);
    }

    /// So long this node worked for it.
    pub(crate) fn worked(&mut self, time: Duration) {
        self.budget
            .spent()
            .work
            .take(WORK_MICROS, time.as_micros() as f64);
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
        let budgets = Budgets::default();
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
        let budgets = Budgets::default();
        let mut taken = 0;
        while budgets.turn("one").await.is_ok() {
            taken += 1;
        }
        assert!((1200..1300).contains(&taken), "{taken}");
    }

    #[tokio::test]
    async fn who_holds_its_places_waits_for_itself() {
        let budgets = Arc::new(Budgets::default());
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
        let budgets = Budgets::default();
        let [one, other] = [IpAddr::from([127, 0, 0, 1]), IpAddr::from([127, 0, 0, 2])];
        assert!((0..60).all(|_| budgets.greet(one).is_ok()));
        assert!(budgets.greet(one).is_err());
        assert!(budgets.greet(other).is_ok());
    }
}
