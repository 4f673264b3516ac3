//! When a peer is talked with next: at its interval, sooner where there is something to tell, later after failures.
//!
//! After some failures in a row the breaker opens: the peer is left alone for a while, whatever there is to tell, then
//! tried once; that closes it, or opens it for longer.

use std::time::Duration;

use crate::peers::talk::jittered;

/// After the first failure; doubled with each further one.
const BACK_OFF: Duration = Duration::from_secs(2);
const BACK_OFF_MAX: Duration = Duration::from_secs(900);
/// Failures in a row that open the breaker.
const FAILURES_MAX: u32 = 5;
/// Between two conversations, whatever there is to tell.
const REST: Duration = Duration::from_millis(500);

/// The pace of one peer.
#[derive(Debug)]
pub(super) struct Pace {
    interval: Duration,
    failures: u32,
    wait: Duration,
}

impl Pace {
    /// The first conversation is due soon; further ones after each `interval`.
    pub(super) fn new(interval: Duration) -> Pace {
        Pace {
            interval,
            failures: 0,
            wait: REST,
        }
    }

    /// How long from now until the next conversation is due.
    pub(super) fn wait(&self) -> Duration {
        self.wait
    }

    /// How long it is left alone even where there is something to tell.
    pub(super) fn rest(&self) -> Duration {
        match self.is_open() {
            true => self.wait,
            false => REST.min(self.wait),
        }
    }

    /// Until when failures hold the next conversation off, from now.
    pub(super) fn held(&self) -> Option<Duration> {
        (self.failures > 0).then_some(self.wait)
    }

    /// Whether the breaker is open.
    pub(super) fn is_open(&self) -> bool {
        self.failures >= FAILURES_MAX
    }

    /// A conversation came to its end.
    pub(super) fn succeeded(&mut self) {
        self.failures = 0;
        self.wait = jittered(self.interval);
    }

    /// One ended early; the peer may have said when it wants to be asked again.
    pub(super) fn failed(&mut self, told: Option<Duration>) {
        self.failures = self.failures.saturating_add(1);
        let doublings = (self.failures - 1).min(16);
        let backed_off = BACK_OFF.saturating_mul(1 << doublings).min(BACK_OFF_MAX);
        self.wait = jittered(backed_off.max(told.unwrap_or_default().min(BACK_OFF_MAX)));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const INTERVAL: Duration = Duration::from_secs(30);

    /// `jittered` adds up to half.
    fn is_about(time: Duration, expected: Duration) -> bool {
        (expected..=expected.mul_f64(1.5)).contains(&time)
    }

    #[test]
    fn failures_are_waited_out_longer_and_longer_and_a_success_ends_that() {
        let mut pace = Pace::new(INTERVAL);
        for expected in [2, 4, 8, 16, 32, 64, 128, 256, 512, 900, 900] {
            pace.failed(None);
            assert!(
                is_about(pace.wait(), Duration::from_secs(expected)),
                "{:?}",
                pace.wait()
            );
            assert_eq!(pace.held(), Some(pace.wait()));
        }
        pace.succeeded();
        assert!(is_about(pace.wait(), INTERVAL));
        assert_eq!(pace.held(), None);
    }

    #[test]
    fn the_breaker_opens_after_five_failures_and_one_success_closes_it() {
        let mut pace = Pace::new(INTERVAL);
        for failures in 1..=FAILURES_MAX {
            assert!(!pace.is_open(), "{failures}");
            pace.failed(None);
        }
        assert!(pace.is_open());
        assert_eq!(pace.rest(), pace.wait(), "nothing to tell is worth a try now");
        pace.succeeded();
        assert!(!pace.is_open());
        assert_eq!(pace.rest(), REST);
    }

    #[test]
    fn what_the_peer_asks_for_is_kept_within_reason() {
        let mut pace = Pace::new(INTERVAL);
        pace.failed(Some(Duration::from_secs(60)));
        assert!(is_about(pace.wait(), Duration::from_secs(60)));
        pace.failed(Some(Duration::from_secs(1_000_000)));
        assert!(is_about(pace.wait(), BACK_OFF_MAX));
    }
}
