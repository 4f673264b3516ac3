//! Runs worlds by seed: `entente-simulation --seed N --verbose`, `entente-simulation --seeds 0..10000`.

#![allow(clippy::print_stdout, reason = "the program's own report")]

use std::collections::BTreeMap;
use std::process::ExitCode;

use clap::Parser;
use entente_simulation::run;

/// Simulated worlds of several nodes; a seed that breaks a rule is told, and breaks it again.
#[derive(Parser)]
struct Options {
    /// One seed.
    #[arg(long, conflicts_with = "seeds")]
    seed: Option<u64>,
    /// Many seeds: from, and up to but not including.
    #[arg(long, value_parser = range, default_value = "0..200")]
    seeds: (u64, u64),
    /// Tell everything that happens.
    #[arg(long)]
    verbose: bool,
}

fn range(text: &str) -> Result<(u64, u64), String> {
    let numbers = text
        .split_once("..")
        .and_then(|(from, to)| Some((from.parse().ok()?, to.parse().ok()?)));
    numbers.ok_or_else(|| "write it as `0..200`".to_owned())
}

fn main() -> ExitCode {
    let options = Options::parse();
    let (from, to) = options.seed.map_or(options.seeds, |seed| (seed, seed + 1));
    let mut failed = 0_u64;
    let mut counts: BTreeMap<&'static str, u64> = BTreeMap::new();
    for seed in from..to {
        let verbose = options.verbose;
        let told = run(
            seed,
            Box::new(move |line| {
                if verbose {
                    println!("{line}");
                }
            }),
        );
        match told {
            Ok(outcome) => {
                let counted = outcome.counts.iter();
                counted.for_each(|(what, count)| *counts.entry(what).or_default() += count);
                if options.seed.is_some() {
                    println!("seed {seed}: all came to {}", outcome.digest);
                }
            }
            Err(failure) => {
                failed += 1;
                if !options.verbose {
                    failure.trace.iter().for_each(|line| println!("{line}"));
                }
                println!("seed {seed} fails at step {}: {}", failure.step, failure.broken);
                println!("again: cargo run -p entente-simulation -- --seed {seed} --verbose");
            }
        }
    }
    for (what, count) in counts {
        println!("{count:>10} {what}");
    }
    println!("{} worlds, {failed} failed", to.saturating_sub(from));
    match failed {
        0 => ExitCode::SUCCESS,
        _ => ExitCode::FAILURE,
    }
}
