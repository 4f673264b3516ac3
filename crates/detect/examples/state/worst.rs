//! What the worst patterns over several records take away from the others.

use crate::cpu::cpu;
use crate::reading::{Read, read};
use crate::set::Set;
use entente_detect::rules::Matcher;
use entente_detect::sco::{Comparing, Projector};
use entente_detect::state::{Hit, Machine, Of, Plan, Scope, Settings, Source};
use std::collections::BTreeSet;
use std::sync::Arc;

/// Patterns that the others are.
const OTHERS: usize = 1000;
/// Records of the log, which is read again and again; a million an hour.
const RECORDS: u64 = 20_000;
const EACH_MICROS: i64 = 3_600;

/// Each line begins a process, in one of a few ways.
pub(crate) fn log() -> Vec<u8> {
    let lines = (0..RECORDS).map(|n| {
        let (tool, target) = (n % 4007, n % 3001);
        format!(
            "{{\"EventID\":1,\"Channel\":\"Microsoft-Windows-Sysmon/Operational\",\"Computer\":\"h{}\",\"ProcessId\":{n},\
             \"Image\":\"C:\\\\Tools\\\\tool{tool}.exe\",\"CommandLine\":\"tool{tool}.exe --target {target} --quiet\",\
             \"ParentImage\":\"C:\\\\Windows\\\\explorer.exe\",\"ParentProcessId\":{target},\"User\":\"LAB\\\\somebody\",\
             \"CurrentDirectory\":\"C:\\\\Users\\\\somebody\\\\\",\"IntegrityLevel\":\"Medium\",\"LogonId\":\"0x3e7\"}}\n",
            n % 16
        )
    });
    lines.collect::<String>().into_bytes()
}

fn others() -> Vec<String> {
    let one = |n: usize| match n % 4 {
        0 => format!(
            "[process:command_line LIKE '%--target {n} %'] FOLLOWEDBY [process:name = 'tool{n}.exe'] WITHIN 60 SECONDS"
        ),
        1 => format!("([process:name = 'tool{n}.exe'] REPEATS 3 TIMES) WITHIN 3600 SECONDS"),
        _ => format!("[process:command_line LIKE 'tool{n}.exe%' AND process:image_ref.name = 'tool{n}.exe']"),
    };
    (0..OTHERS).map(one).collect()
}

/// Kinds of the worst, each of which every line hits.
fn kinds(count: usize) -> Vec<(&'static str, Vec<String>)> {
    let all = |of: &dyn Fn(usize) -> String| (0..count).map(of).collect::<Vec<String>>();
    let any = |n: usize| format!("[process:command_line LIKE '%{n}%' OR process:pid > {n}]");
    let row = |n: usize, length: usize, joint: &str| {
        let leaves: Vec<String> = (0..length).map(|place| any(n * length + place)).collect();
        format!("({})", leaves.join(joint))
    };
    vec![
        (
            "REPEATS",
            all(&|n| format!("{} REPEATS 50000 TIMES WITHIN 1{n} SECONDS", any(n))),
        ),
        (
            "REPEATS of REPEATS",
            all(&|n| {
                format!(
                    "(({} AND {}) REPEATS 40 TIMES) WITHIN 1{n} SECONDS",
                    any(n),
                    any(n + 1)
                )
            }),
        ),
        (
            "FOLLOWEDBY",
            all(&|n| {
                format!(
                    "{} FOLLOWEDBY [process:name = 'none{n}']",
                    row(n, 3, " FOLLOWEDBY ")
                )
            }),
        ),
        (
            "FOLLOWEDBY in a long row",
            all(&|n| format!("{} WITHIN 1 SECONDS", row(n, 64, " FOLLOWEDBY "))),
        ),
        (
            "AND of many",
            all(&|n| format!("{} WITHIN 1 SECONDS", row(n, 64, " AND "))),
        ),
        (
            "a knot",
            all(&|n| {
                format!(
                    "({} FOLLOWEDBY (({} FOLLOWEDBY {}) WITHIN 0.01 SECONDS)) REPEATS 3 TIMES",
                    any(n),
                    any(n),
                    any(n + 1)
                )
            }),
        ),
    ]
}

/// Tells for each kind what matching their lines takes away, what joining takes beside, and whether each of them was
/// stopped and named.
pub(crate) fn worst(events: u64, count: usize) {
    let log = log();
    let others = others();
    let alone = Watched::of(&others);
    for (kind, worst) in kinds(count) {
        let together = Watched::of(&[others.clone(), worst].concat());
        let mut best = [f64::MAX; 3];
        let mut found = [0; 3];
        let mut named = 0;
        for _ in 0..3 {
            for (place, (watched, joins)) in [(&alone, true), (&together, false), (&together, true)]
                .into_iter()
                .enumerate()
            {
                let (machine, matches, seconds) = watched.run(&log, events, joins);
                best[place] = best[place].min(seconds);
                found[place] = matches;
                let unjoined: BTreeSet<Of> = machine.unjoined().map(|(of, _)| of).collect();
                named = unjoined.len();
                assert!(unjoined.iter().all(|of| !is_other(*of)), "others are stopped");
            }
        }
        assert_eq!(found[0], found[2], "the others find what they find alone");
        let each = |seconds: f64| seconds / events as f64 * 1e9;
        println!(
            "joins     {count:>2} x {kind:<25} {:>5.1} % less by joining, {:>6.0} ns an event, beside {:>6.0} for matching and \
             {:.0} for the others; {named} of {count} stopped and named",
            100.0 * (best[2] - best[1]).max(0.0) / best[1],
            each(best[2] - best[1]),
            each(best[1] - best[0]),
            each(best[0]),
        );
    }
}

fn is_other(of: Of) -> bool {
    matches!(of, Of::Pattern(number) if (number as usize) < OTHERS)
}

/// Patterns with the plan of their joins.
struct Watched {
    set: Set,
    plan: Arc<Plan>,
}

impl Watched {
    fn of(patterns: &[String]) -> Watched {
        let set = Set::of(patterns, Comparing::Canonical);
        let mut plan = Plan::default();
        for (rule, text) in set.stix.iter().zip(patterns) {
            plan.add_pattern_called(text.as_bytes(), &rule.join, Scope::Asset)
                .expect("a pattern");
        }
        Watched {
            set,
            plan: Arc::new(plan),
        }
    }

    /// The machine, how many matches the others gave, and the CPU seconds.
    fn run(&self, log: &[u8], events: u64, joins_all: bool) -> (Machine, usize, f64) {
        let (set, plan) = (&self.set, &self.plan);
        let mut machine = Machine::new(
            Arc::clone(plan),
            Settings {
                lateness: Some(0),
                ..Settings::default()
            },
        );
        let (mut projector, mut matcher) = (Projector::new(), Matcher::new());
        let (mut number, mut found, mut over) = (0_u64, 0, BTreeSet::new());
        let ((), seconds) = cpu(|| {
            read(log, set.projection.names(), events, |read| match read {
                Read::Fields(fields) => {
                    let time = number as i64 * EACH_MICROS;
                    set.projection.rows(fields, &mut projector, |row| {
                        for leaf in set.rules.matching(row, &mut matcher) {
                            let pattern = set.owners[*leaf as usize];
                            let source = Source::Leaf {
                                pattern: pattern as u32,
                                leaf: set.number_of(*leaf),
                            };
                            if (joins_all || pattern < OTHERS) && machine.wants(source, time) {
                                let event = u128::from(number).to_le_bytes();
                                machine.push(&Hit {
                                    source,
                                    time,
                                    event,
                                    asset: Some("h"),
                                    values: &[],
                                });
                            }
                        }
                    });
                    number += 1;
                }
                Read::Batch => {
                    over.extend(
                        set.rules
                            .exhausted(&mut matcher)
                            .into_iter()
                            .filter_map(|exhausted| exhausted.leaf),
                    );
                    found += machine
                        .take_matches()
                        .iter()
                        .filter(|found| is_other(found.of))
                        .count();
                }
            });
            machine.finish();
        });
        found += machine
            .take_matches()
            .iter()
            .filter(|found| is_other(found.of))
            .count();
        (machine, found, seconds)
    }
}
