//! Measures Sigma rules over a log: reading, gathering fields and matching together, in CPU time of one thread.
//!
//! `cargo run --release -p entente-detect --example rules -- RULES_FOLDER RECORDS LOG...`
//!
//! The logs are repeated, in memory, to the number of records. Rules without a log source known here are left out.

#![expect(
    clippy::disallowed_methods,
    clippy::print_stdout,
    reason = "a program for people to run"
)]
#![expect(
    clippy::indexing_slicing,
    clippy::expect_used,
    reason = "a measurement ends when something is wrong"
)]

use entente_detect::rules::{FieldNames, Leaf, Matcher, Rules, from_sigma};
use entente_sigma::{Collection, Pipelines};
use entente_telemetry::{Defect, Field, Kind, Observed, Record, Scratch, Source, Visitor};
use std::collections::BTreeMap;

struct Matching<'r> {
    rules: Option<&'r Rules>,
    names: &'r FieldNames,
    matcher: Matcher,
    records: u64,
    fields: u64,
    hits: BTreeMap<u32, u64>,
}

impl Visitor for Matching<'_> {
    fn wants(&self, _: Kind) -> bool {
        false
    }
    fn observed(&mut self, _: Observed<'_>) {}
    fn names(&self) -> Option<&FieldNames> {
        Some(self.names)
    }
    fn fields(&mut self, fields: &[Field<'_>]) {
        self.fields += fields.len() as u64;
        if let Some(rules) = self.rules {
            for hit in rules.matching(fields, &mut self.matcher) {
                *self.hits.entry(*hit).or_default() += 1;
            }
        }
    }
    fn record(&mut self, _: &Record<'_>) {
        self.records += 1;
    }
    fn defect(&mut self, _: Defect) {}
}

fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let records: usize = arguments[1].parse().expect("a number");
    let ((rules, titles), seconds) = cpu(|| compile(&arguments[0]));
    println!("compile   {:>8} leaves   {seconds:>8.3} CPU-s", rules.len());
    let mut log = Vec::new();
    for path in arguments[2..].iter().filter(|path| !path.starts_with("--")) {
        log.extend(std::fs::read(path).expect("a log"));
    }
    let run = |rules_on: bool| {
        let mut matching = Matching {
            rules: rules_on.then_some(&rules),
            names: rules.names(),
            matcher: Matcher::new(),
            records: 0,
            fields: 0,
            hits: BTreeMap::new(),
        };
        let mut scratch = Scratch::new();
        let ((), seconds) = cpu(|| {
            while matching.records < records as u64 {
                let mut source = Source::open(log.as_slice(), "log").expect("a log");
                while let Some(batch) = source.next().expect("a batch") {
                    batch.visit(&mut matching, &mut scratch);
                    source.recycle(batch);
                }
            }
        });
        println!(
            "{} {:>9} events {:>8.3} CPU-s {:>10.0} events/CPU-s; {:.1} fields, {:.2} leaves decided an event, {} hits",
            if rules_on { "matching " } else { "gathering" },
            matching.records,
            seconds,
            matching.records as f64 / seconds,
            matching.fields as f64 / matching.records as f64,
            matching.matcher.decided().iter().sum::<u64>() as f64 / matching.records as f64,
            matching.hits.values().sum::<u64>(),
        );
        (matching.hits, matching.matcher.decided().to_vec())
    };
    run(false);
    let (hits, decided) = run(true);
    if arguments.iter().any(|argument| argument == "--show") {
        let mut order: Vec<usize> = (0..decided.len()).collect();
        order.sort_by_key(|leaf| std::cmp::Reverse(decided[*leaf]));
        for leaf in order.into_iter().filter(|leaf| decided[*leaf] > 0) {
            println!(
                "decided {:>8}, hits {:>8} {:?} {}",
                decided[leaf],
                hits.get(&(leaf as u32)).copied().unwrap_or_default(),
                rules.cost(leaf).expect("a leaf").witness,
                titles[leaf]
            );
        }
    }
}

fn compile(folder: &str) -> (Rules, Vec<String>) {
    let pipelines = Pipelines::builtin().expect("our pipelines");
    let mut leaves = Vec::new();
    let mut titles = Vec::new();
    let mut open = vec![std::path::PathBuf::from(folder)];
    let mut left_out = 0;
    while let Some(folder) = open.pop() {
        for entry in std::fs::read_dir(folder).expect("a folder") {
            let path = entry.expect("an entry").path();
            if path.is_dir() {
                open.push(path);
                continue;
            }
            if path.extension().is_none_or(|extension| extension != "yml") {
                continue;
            }
            let collection = Collection::read(&std::fs::read_to_string(&path).expect("a rule"));
            for rule in &collection.rules {
                match pipelines.prepare(rule) {
                    Ok(prepared) => {
                        for variant in &prepared.variants {
                            match (
                                variant.route.as_ref().map(from_sigma),
                                from_sigma(&variant.expression),
                            ) {
                                (Some(Ok(gate)), Ok(condition)) => {
                                    leaves.push(Leaf { gate, condition });
                                    titles.push(rule.meta.title.clone());
                                }
                                _ => left_out += 1,
                            }
                        }
                    }
                    Err(_) => left_out += 1,
                }
            }
        }
    }
    println!("left out  {left_out:>8} rules or variants");
    let (rules, refusals) = Rules::compile(&leaves, 1);
    for refusal in refusals {
        println!("refused   {}: {}", titles[refusal.leaf], refusal.reason);
    }
    (rules, titles)
}

/// What the work gave, and the CPU seconds of this thread that it took.
fn cpu<T>(work: impl FnOnce() -> T) -> (T, f64) {
    let ticks = || -> f64 {
        let text = std::fs::read_to_string("/proc/thread-self/schedstat").expect("Linux");
        text.split(' ')
            .next()
            .expect("a number")
            .parse::<f64>()
            .expect("a number")
            / 1e9
    };
    let before = ticks();
    let result = work();
    (result, ticks() - before)
}
