//! Measures Sigma rules over a log: reading, gathering fields and matching together, in CPU time of one thread.
//!
//! `cargo run --release -p entente-detect --example rules -- RECORDS FOLDER[,FOLDER] LOG... [--show]`
//!
//! Rules are all those below the folders, for each kind of event that our pipelines know. The logs are read again
//! and again to the number of records. `--show` tells the leaves that were decided most often.

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

#[path = "shared/cpu.rs"]
mod cpu;

use cpu::cpu;
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
    let (options, arguments): (Vec<String>, Vec<String>) = std::env::args()
        .skip(1)
        .partition(|argument| argument.starts_with("--"));
    let records: u64 = arguments[0].parse().expect("a number");
    let ((rules, titles), seconds) = cpu(|| compile(&arguments[1]));
    println!("compile   {:>8} leaves   {seconds:>8.3} CPU-s", rules.len());
    let read = |path: &String| std::fs::read(path).expect("a log");
    let mut logs: Vec<Vec<u8>> = arguments[2..].iter().map(read).collect();
    // Logs of lines are one log, so that learning a log's shapes anew is not what is measured.
    if !logs[0].starts_with(b"ElfFile") {
        logs = vec![logs.concat()];
    }
    run("gathering", None, rules.names(), &logs, records);
    for _ in 0..2 {
        run("matching ", Some(&rules), rules.names(), &logs, records);
    }
    let matching = run("matching ", Some(&rules), rules.names(), &logs, records);
    if options.iter().any(|option| option == "--show") {
        let decided = matching.matcher.decided();
        let mut order: Vec<usize> = (0..decided.len()).filter(|leaf| decided[*leaf] > 0).collect();
        order.sort_by_key(|leaf| std::cmp::Reverse(decided[*leaf]));
        for leaf in order {
            println!(
                "decided {:>8}, hits {:>8} {:?} {}",
                decided[leaf],
                matching.hits.get(&(leaf as u32)).copied().unwrap_or_default(),
                rules.cost(leaf).expect("a leaf").witness,
                titles[leaf]
            );
        }
    }
}

/// Reads the logs until so many records were seen.
fn run<'r>(
    what: &str,
    rules: Option<&'r Rules>,
    names: &'r FieldNames,
    logs: &[Vec<u8>],
    records: u64,
) -> Matching<'r> {
    let mut matching = Matching {
        rules,
        names,
        matcher: Matcher::new(),
        records: 0,
        fields: 0,
        hits: BTreeMap::new(),
    };
    let mut scratch = Scratch::new();
    let ((), seconds) = cpu(|| {
        while matching.records < records {
            for log in logs {
                let mut source = Source::open(log.as_slice(), "log").expect("a log");
                while let Some(batch) = source.next().expect("a batch") {
                    batch.visit(&mut matching, &mut scratch);
                    source.recycle(batch);
                }
            }
        }
    });
    let each = |count: u64| count as f64 / matching.records as f64;
    println!(
        "{what} {:>9} events {seconds:>8.3} CPU-s {:>10.0} events/CPU-s; {:.1} fields, {:.2} leaves decided an event, \
         {} hits",
        matching.records,
        matching.records as f64 / seconds,
        each(matching.fields),
        each(matching.matcher.decided().iter().sum()),
        matching.hits.values().sum::<u64>(),
    );
    matching
}

fn compile(folders: &str) -> (Rules, Vec<String>) {
    let pipelines = Pipelines::builtin().expect("our pipelines");
    let mut leaves = Vec::new();
    let mut titles = Vec::new();
    let mut open: Vec<_> = folders.split(',').map(std::path::PathBuf::from).collect();
    let (mut read, mut left_out) = (0, 0);
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
                read += 1;
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
    println!("read      {read:>8} rules; {left_out} rules or their variants left out");
    let (rules, refusals) = Rules::compile(&leaves, 1);
    for refusal in refusals {
        println!("refused   {}: {}", titles[refusal.leaf], refusal.reason);
    }
    (rules, titles)
}
