//! Measures what is kept over time: values counted, and live groups in memory.
//!
//! `cargo run --release -p entente-detect --example state -- values EVENTS` counts 1,800 different values;
//! `... -- groups GROUPS` makes so many groups of one event each and tells the memory that they take;
//! `... -- pattern EVENTS` gives a pattern that is never satisfied an event at each turn;
//! `... -- worst EVENTS [COUNT]` tells what as many of the worst patterns over several records take away from 1,000
//! others.

#![expect(
    clippy::disallowed_methods,
    clippy::print_stdout,
    reason = "a program for people to run"
)]
#![expect(
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "a measurement ends when something is wrong"
)]

#[path = "../shared/cpu.rs"]
mod cpu;
#[expect(dead_code, reason = "the other example needs more of it")]
#[path = "../patterns/reading.rs"]
mod reading;
#[path = "../patterns/set.rs"]
mod set;
mod worst;

use cpu::cpu;
use entente_detect::pattern::join::Join;
use entente_detect::state::{Hit, Machine, Plan, Scope, Settings, Source};
use entente_sigma::Collection;
use std::sync::Arc;

const RULES: &str = "title: a\nname: a\nlogsource: {category: t}\ndetection: {s: {x: 1}, condition: s}\n---\n\
                     title: t\ncorrelation:\n  rules: [a]\n  group-by: [user]\n  timespan: 1d\n  ";

fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let what = arguments.first().map_or("values", String::as_str);
    let count = arguments
        .get(1)
        .map_or(1_000_000, |n| n.parse().expect("a number"));
    match what {
        "groups" => groups(count),
        "pattern" => pattern(count),
        "worst" => worst::worst(
            count,
            arguments.get(2).map_or(1, |n| n.parse().expect("a number")),
        ),
        _ => values(count),
    }
}

fn values(count: u64) {
    let mut machine = machine("type: value_count\n  condition: {field: value, gte: 1801}\n");
    let ((), seconds) = cpu(|| {
        for n in 0..count {
            let value = format!("value-{}", n * 7919 % 1800);
            push(&mut machine, n, &[Some("somebody"), Some(&value)]);
        }
        machine.finish();
    });
    println!(
        "values    {count} events   {seconds:.3} CPU-s   {:.0} events/CPU-s",
        count as f64 / seconds
    );
    assert_eq!(machine.counters().matches, 0);
}

fn groups(count: u64) {
    let mut machine = machine("type: event_count\n  condition: {gte: 10}\n");
    let before = resident();
    let ((), seconds) = cpu(|| {
        for n in 0..count {
            push(&mut machine, n, &[Some(&format!("user-{n}"))]);
            machine.see(n as i64 * 1000 + 300_000_000);
        }
    });
    let bytes = resident() - before;
    println!(
        "groups    {} live   {:.1} MB   {:.1} bytes each   {:.0} events/CPU-s",
        machine.groups(),
        bytes as f64 / 1e6,
        bytes as f64 / machine.groups() as f64,
        count as f64 / seconds
    );
    let (snapshot, seconds) = cpu(|| machine.snapshot());
    println!("snapshot  {} bytes   {seconds:.3} CPU-s", snapshot.len());
}

/// The leaves come in turn, and never as the pattern asks.
fn pattern(count: u64) {
    let leaves = |first, second| vec![Join::Leaf(first), Join::Leaf(second), Join::Leaf(first)];
    let knot = Join::Within(Box::new(Join::InOrder(leaves(1, 0))), 1);
    let mut plan = Plan::default();
    let join = Join::Repeats(Box::new(Join::All(vec![knot, Join::Leaf(0)])), 3);
    plan.add_pattern(&join, Scope::Asset).expect("a pattern");
    let mut machine = Machine::new(Arc::new(plan), Settings::default());
    let ((), seconds) = cpu(|| {
        for n in 0..count {
            machine.push(&Hit {
                source: Source::Leaf {
                    pattern: 0,
                    leaf: (n % 2) as u32,
                },
                time: n as i64 * 1000,
                event: u128::from(n).to_le_bytes(),
                asset: None,
                values: &[],
            });
        }
        machine.finish();
    });
    let counters = machine.counters();
    println!(
        "pattern   {count} events   {seconds:.3} CPU-s   {} times not joined   {} matches",
        counters.unjoined, counters.matches
    );
}

fn machine(correlation: &str) -> Machine {
    let mut collection = Collection::read(&format!("{RULES}{correlation}"));
    collection.link();
    assert!(collection.refusals.is_empty(), "{:?}", collection.refusals);
    let (plan, refusals) = Plan::of_sigma(&collection);
    assert!(refusals.is_empty(), "{refusals:?}");
    Machine::new(Arc::new(plan), Settings::default())
}

fn push(machine: &mut Machine, n: u64, values: &[Option<&str>]) {
    machine.push(&Hit {
        source: Source::Rule(0),
        time: n as i64 * 1000,
        event: u128::from(n.wrapping_mul(0x9e37_79b9_7f4a_7c15)).to_le_bytes(),
        asset: None,
        values,
    });
}

/// Resident memory of this process, in bytes.
fn resident() -> u64 {
    let status = std::fs::read_to_string("/proc/self/statm").expect("a Linux system");
    let pages = status
        .split(' ')
        .nth(1)
        .and_then(|pages| pages.parse::<u64>().ok());
    pages.expect("a number") * 4096
}
