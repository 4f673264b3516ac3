//! Times of requests, and what is told of them.

use std::time::Duration;

use serde_json::{Value, json};

#[derive(Default)]
pub(crate) struct Times(Vec<Duration>);

impl Times {
    pub(crate) fn add(&mut self, took: Duration) {
        self.0.push(took);
    }

    pub(crate) fn append(&mut self, mut other: Times) {
        self.0.append(&mut other.0);
    }

    pub(crate) fn sum(&self) -> Duration {
        self.0.iter().sum()
    }

    /// Milliseconds within which this part of a thousand was answered; 0 where nothing was.
    pub(crate) fn within(&self, thousandth: usize) -> f64 {
        let mut sorted = self.0.clone();
        sorted.sort_unstable();
        let place = (sorted.len() * thousandth).div_ceil(1000).saturating_sub(1);
        sorted.get(place).map_or(0.0, |took| took.as_secs_f64() * 1e3)
    }

    pub(crate) fn told(&self) -> Value {
        json!({
            "requests": self.0.len(),
            "p50_ms": self.within(500),
            "p99_ms": self.within(990),
            "max_ms": self.within(1000),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_part_of_a_thousand_is_the_least_time_that_covers_it() {
        let mut times = Times::default();
        assert_eq!(times.within(990), 0.0);
        for millisecond in (1..=100).rev() {
            times.add(Duration::from_millis(millisecond));
        }
        assert_eq!(
            [500, 990, 991, 1000].map(|part| times.within(part)),
            [50.0, 99.0, 100.0, 100.0]
        );
        assert_eq!(times.sum(), Duration::from_millis(5050));
    }
}
