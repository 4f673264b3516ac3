//! Worlds by seed. `ENTENTE_SEEDS` says how many; a failing one tells its seed.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::disallowed_methods
)]

use std::sync::atomic::{AtomicU64, Ordering};
use std::thread;

use entente_simulation::sabotage::Sabotage;
use entente_simulation::{Failure, run, run_with};

fn silent() -> Box<dyn FnMut(&str)> {
    Box::new(|_| {})
}

fn told(failure: &Failure) -> String {
    let trace = failure.trace.join("\n");
    let (seed, step, broken) = (failure.seed, failure.step, &failure.broken);
    format!(
        "{trace}\nseed {seed}, step {step}: {broken}\nagain: cargo run -p entente-simulation -- --seed {seed} --verbose"
    )
}

#[test]
fn no_seed_breaks_a_rule() {
    let seeds = std::env::var("ENTENTE_SEEDS").map_or(200, |seeds| seeds.parse().expect("a number of seeds"));
    let next = AtomicU64::new(0);
    let failures: Vec<String> = thread::scope(|scope| {
        let workers = [(); 2].map(|()| {
            scope.spawn(|| {
                let mut failures = Vec::new();
                loop {
                    let seed = next.fetch_add(1, Ordering::Relaxed);
                    if seed >= seeds {
                        return failures;
                    }
                    failures.extend(run(seed, silent()).err().map(|failure| told(&failure)));
                }
            })
        });
        workers
            .into_iter()
            .flat_map(|worker| worker.join().expect("a world that panics"))
            .collect()
    });
    assert!(failures.is_empty(), "{}", failures.join("\n\n"));
}

#[test]
fn a_seed_makes_the_same_world_again() {
    for seed in [3, 4] {
        assert_eq!(run(seed, silent()), run(seed, silent()));
    }
}

/// Of each rule that is broken on purpose, some world tells that this very rule is broken.
#[test]
fn every_check_bites() {
    for sabotage in Sabotage::ALL {
        let broken = |seed| {
            run_with(seed, Some(sabotage), silent())
                .err()
                .map(|failure| failure.broken.rule)
        };
        assert!(
            (0..20).any(|seed| broken(seed) == Some(sabotage.rule())),
            "{sabotage:?}"
        );
    }
}
