//! What scans and watches tell of rules on trial.

use std::io::{self, Cursor, Read};
use std::num::NonZeroUsize;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use entente_node::Node;
use entente_node::rules::trial::{Because, Verdict};
use entente_node::rules::trials::Standing;
use entente_node::rules::{Asked, Text};
use entente_node::scan::watch::{LiveInput, Opened, Pace};
use entente_node::scan::{LogInput, Settings, Sums, Told};
use entente_stix::time::Timestamp;

use super::{desk, in_language, rule};
use crate::peers::id;
use crate::world::day;

/// A process as Sysmon tells it; the second is its time of day, and its machine's name.
fn process(second: usize, image: &str) -> String {
    let at = Timestamp::from_micros(day(3).micros() + second as i64 * 1_000_000);
    format!(
        r#"{{"Event":{{"System":{{"Provider":{{"\#attributes":{{"Name":"Microsoft-Windows-Sysmon"}}}},"EventID":1,"Channel":"Microsoft-Windows-Sysmon/Operational","Computer":"pc{second}","TimeCreated":{{"\#attributes":{{"SystemTime":"{at}"}}}}}},"EventData":{{"Image":"C:\\{image}","CommandLine":"{image} {second}"}}}}}}"#
    )
    .replace(r"\#", "#")
        + "\n"
}

/// A log of `records` processes, of which each `nth` is `rare.exe`.
fn log(records: usize, nth: usize) -> String {
    let image = |second: usize| {
        if second.is_multiple_of(nth) {
            "rare.exe"
        } else {
            "usual.exe"
        }
    };
    (1..=records)
        .map(|second| process(second, image(second)))
        .collect()
}

#[derive(Debug, Default, PartialEq)]
struct Seen {
    /// Rule, input and line, as told.
    fired: Vec<(String, String, u64)>,
    standings: Vec<Standing>,
    sums: Sums,
}

impl Seen {
    fn take(&mut self, told: &Told<'_>) {
        match told {
            Told::Fired {
                fired, rule, file, ..
            } => {
                let fired = (rule.id.clone(), (*file).to_owned(), fired.line);
                self.fired.push(fired);
            }
            Told::Trial { standing, .. } => self.standings.push((*standing).clone()),
            _ => {}
        }
    }

    fn of(&self, number: u32) -> Vec<u64> {
        let of = self
            .fired
            .iter()
            .filter(|(rule, ..)| *rule == id("indicator", number));
        of.map(|(_, _, line)| *line).collect()
    }

    fn standing(&self, number: u32) -> Option<(Verdict, u64, u64)> {
        let mut all = self.standings.iter();
        let one = all.find(|standing| standing.id == id("indicator", number))?;
        Some((one.verdict.clone(), one.matches, one.records))
    }
}

fn settings(threads: usize, record: bool) -> Settings {
    Settings {
        threads: NonZeroUsize::new(threads).unwrap(),
        any_time: false,
        url_hosts: false,
        recalled: false,
        record,
        lateness: 0,
        now: day(4),
    }
}

fn scan_with(node: &Node, logs: &[&str], asked: &Asked, settings: &Settings) -> Seen {
    let compiled = node.generation().unwrap();
    let rules = node.rules(&compiled, asked).unwrap();
    let input = |(number, log): (usize, &&str)| {
        let log = (*log).to_owned();
        LogInput {
            name: format!("log{number}"),
            open: Box::new(move || Ok(Box::new(Cursor::new(log)))),
            modified: None,
        }
    };
    let logs = logs.iter().enumerate().map(input).collect();
    let mut seen = Seen::default();
    let sums = node.scan(&compiled.generation, &rules, logs, settings, &mut |told| {
        seen.take(&told)
    });
    seen.sums = sums.unwrap();
    seen
}

fn scan(node: &Node, logs: &[&str]) -> Seen {
    scan_with(node, logs, &Asked::default(), &settings(2, true))
}

fn recorded(node: &Node) -> usize {
    node.store().detections(None, None, 10_000).unwrap().items.len()
}

const PARKED: Verdict = Verdict::Parked(Because::Matches);

#[test]
fn a_rule_that_matches_everything_tells_nothing_and_a_good_one_everything() {
    let desk = desk(&[rule(1, 0, ".exe", ""), rule(2, 0, "rare.exe", "")]);
    let node = &desk.home.node;
    let text = log(12_000, 200);
    let dry = scan_with(node, &[&text], &Asked::default(), &settings(1, false));
    let seen = scan(node, &[&text]);
    assert_eq!(
        seen,
        Seen {
            sums: Sums { new: 60, ..dry.sums },
            ..dry
        },
        "whatever the threads"
    );
    assert_eq!(seen.of(1), Vec::<u64>::new());
    assert_eq!(
        seen.of(2),
        (1..=60).map(|number| number * 200).collect::<Vec<u64>>()
    );
    assert_eq!(seen.standing(1), Some((PARKED, 12_000, 12_000)));
    assert_eq!(seen.standing(2), None, "it passed");
    assert_eq!((seen.sums.detections, seen.sums.parked), (60, 12_000));
    assert_eq!(recorded(node), 60);

    let again = scan(node, &[&text]);
    assert_eq!(again.of(1), Vec::<u64>::new());
    assert_eq!((again.of(2).len(), again.sums.new), (60, 0));
    assert_eq!(again.standing(1), Some((PARKED, 24_000, 24_000)));
}

#[test]
fn nothing_is_kept_of_a_dry_run() {
    let desk = desk(&[rule(1, 0, ".exe", "")]);
    let node = &desk.home.node;
    for _ in 0..2 {
        let seen = scan_with(node, &[&log(150, 2)], &Asked::default(), &settings(1, false));
        assert_eq!(seen.standing(1), Some((PARKED, 150, 150)));
    }
    assert_eq!(node.store().documents("trial", None, 0, 9).unwrap(), []);
}

#[test]
fn a_short_scan_tells_what_is_held_in_the_order_of_records_and_the_next_one_goes_on() {
    let desk = desk(&[rule(1, 0, "rare.exe", ""), rule(2, 0, "usual.exe", "")]);
    let node = &desk.home.node;
    let seen = scan(node, &[&log(20, 5), &log(10, 2)]);
    let places: Vec<(&str, u64)> = seen
        .fired
        .iter()
        .map(|(_, file, line)| (file.as_str(), *line))
        .collect();
    let expected: Vec<(&str, u64)> = (1..=20)
        .map(|line| ("log0", line))
        .chain((1..=10).map(|line| ("log1", line)))
        .collect();
    assert_eq!(places, expected);
    assert_eq!(seen.standing(1), Some((Verdict::OnTrial, 9, 30)));
    assert_eq!(seen.standing(2), Some((Verdict::OnTrial, 21, 30)));
    assert_eq!(
        recorded(node),
        seen.fired.len() - 5,
        "five of the short log are records of the long one"
    );

    let seen = scan(node, &[&log(200, 1_000)]);
    assert_eq!(seen.standing(1), Some((Verdict::OnTrial, 9, 230)));
    assert_eq!(seen.standing(2), Some((PARKED, 221, 230)));
    assert_eq!(seen.fired, []);
}

#[test]
fn a_rule_that_the_operator_accepted_alerts_and_one_that_he_parked_does_not() {
    let desk = desk(&[rule(1, 0, ".exe", ""), rule(2, 0, "rare.exe", "")]);
    let node = &desk.home.node;
    node.accept_rules(&[id("indicator", 1)], day(3)).unwrap();
    node.park_rules(&[id("indicator", 2)], "known", day(3)).unwrap();
    let seen = scan(node, &[&log(500, 5)]);
    assert_eq!(seen.of(1).len(), 500);
    assert_eq!(seen.of(2).len(), 0);
    let parked = Verdict::Parked(Because::Operator("known".into()));
    assert_eq!(seen.standings.len(), 1);
    assert_eq!(seen.standing(2), Some((parked, 100, 500)));
    assert_eq!(recorded(node), 500);
}

#[test]
fn records_that_a_rule_does_not_mean_are_no_trial() {
    let dns = "title: Any\nlogsource:\n  product: zeek\n  service: dns\ndetection:\n  a:\n    query|contains: e\n  condition: a";
    let desk = desk(&[in_language("sigma", 1, 0, dns, "")]);
    let node = &desk.home.node;
    let seen = scan(node, &[&log(12_000, 7)]);
    assert_eq!(seen.standing(1), Some((Verdict::OnTrial, 0, 0)));
    let zeek: String = (0..200)
        .map(|number| format!("{{\"_path\":\"dns\",\"ts\":{}.5,\"uid\":\"C{number}\",\"id.orig_h\":\"10.0.0.1\",\"id.resp_h\":\"10.0.0.2\",\"proto\":\"udp\",\"query\":\"evil.example\"}}\n", 1_767_400_000 + number))
        .collect();
    let seen = scan(node, &[&zeek]);
    assert_eq!(seen.fired, []);
    assert_eq!(seen.standing(1), Some((PARKED, 200, 200)));
}

#[test]
fn rules_of_texts_and_single_values_have_no_trial() {
    let value = in_language("stix", 1, 0, "[file:name = 'usual.exe']", "");
    let desk = desk(&[value]);
    let text = "title: Any process\nid: 11111111-2222-4333-8444-555555555555\nlogsource:\n  product: windows\n  category: process_creation\ndetection:\n  a:\n    Image|endswith: .exe\n  condition: a";
    let asked = Asked {
        texts: vec![Text {
            name: "own.yml".into(),
            text: text.into(),
        }],
        ..Asked::default()
    };
    let seen = scan_with(&desk.home.node, &[&log(300, 1_000)], &asked, &settings(1, true));
    assert_eq!(seen.fired.len(), 300);
    assert_eq!(seen.standings, []);
}

#[test]
fn patterns_over_one_record_and_over_several_are_on_trial_too() {
    let one = "[process:command_line LIKE '%.exe%' AND process:image_ref.name != 'x']";
    let several = "[process:command_line LIKE '%.exe%'] FOLLOWEDBY [process:command_line LIKE '%.exe%'] WITHIN 5 SECONDS";
    let desk = desk(&[
        in_language("stix", 1, 0, one, ""),
        in_language("stix", 2, 0, several, ""),
    ]);
    let node = &desk.home.node;
    // One machine, so that records are joined.
    let text: String = (0..400)
        .map(|second| process(second, "usual.exe").replace(&format!("\"pc{second}\""), "\"pc\""))
        .collect();
    let seen = scan(node, &[&text]);
    assert_eq!(seen.fired, [], "{:?}", seen.standings);
    for number in [1, 2] {
        let (verdict, matches, records) = seen.standing(number).unwrap();
        assert_eq!(verdict, PARKED, "{number}");
        assert!(matches > 100 && records >= 400, "{number}: {matches} {records}");
    }
    assert_eq!(recorded(node), 0);
}

#[test]
fn a_rule_that_costs_too_much_is_parked_for_it_and_one_beside_it_is_not() {
    let evil = "title: Evil\nlogsource:\n  product: windows\n  category: process_creation\ndetection:\n  a:\n    CommandLine|re: '^(a|aa)+\\1c'\n  b:\n    Image|endswith: rare.exe\n  condition: a or b";
    let desk = desk(&[in_language("sigma", 1, 0, evil, ""), rule(2, 0, "rare.exe", "")]);
    let node = &desk.home.node;
    let long = "a".repeat(300);
    let text: String = (1..=40)
        .map(|second| process(second, "rare.exe").replace("rare.exe ", &long))
        .collect();
    let seen = scan(node, &[&text]);
    let (verdict, ..) = seen.standing(1).unwrap();
    assert_eq!(verdict, Verdict::Parked(Because::Steps(r"^(a|aa)+\1c".into())));
    assert_eq!((seen.of(1).len(), seen.of(2).len()), (0, 40));
    assert_eq!(seen.standing(2), Some((Verdict::OnTrial, 40, 40)));
    // An operator who accepts it nevertheless has it evaluated within its share.
    node.accept_rules(&[id("indicator", 1)], day(4)).unwrap();
    let accepted = scan(node, &[&log(20, 10)]);
    assert_eq!((accepted.of(1).first(), accepted.standing(1)), (Some(&10), None));
}

/// A log of which one more piece is there after each look.
struct Growing {
    pieces: Vec<String>,
    at_hand: Cursor<String>,
    taken: usize,
    looks: Arc<AtomicUsize>,
}

impl Read for Growing {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let count = self.at_hand.read(buffer)?;
        if count > 0 || self.taken == self.pieces.len() {
            return Ok(count);
        }
        if self.looks.load(Ordering::Relaxed) < self.taken {
            return Err(io::ErrorKind::WouldBlock.into());
        }
        self.at_hand = Cursor::new(self.pieces[self.taken].clone());
        self.taken += 1;
        self.at_hand.read(buffer)
    }
}

/// Watches a log that grows; with each look, so many seconds pass. Also tells after which look each match came.
fn watch(node: &Node, pieces: Vec<String>, seconds: i64, record: bool) -> (Vec<(usize, u64)>, Seen) {
    let looks = Arc::new(AtomicUsize::new(0));
    let mut log = Some(Growing {
        pieces,
        at_hand: Cursor::default(),
        taken: 0,
        looks: Arc::clone(&looks),
    });
    let source = LiveInput {
        name: "live".into(),
        open: Box::new(move || {
            Ok(match log.take() {
                Some(log) => Opened::Log(Box::new(log), None),
                None => Opened::Over,
            })
        }),
    };
    let mut seen = Seen::default();
    let mut came = Vec::new();
    let settings = settings(1, record);
    let sums = node.watch(
        vec![source],
        &Asked::default(),
        &settings,
        &mut |_| {
            let looked = looks.fetch_add(1, Ordering::Relaxed) as i64 + 1;
            Pace::GoOn(Timestamp::from_micros(
                day(4).micros() + looked * seconds * 1_000_000,
            ))
        },
        &mut |told| {
            if let Told::Fired { fired, .. } = &told {
                came.push((looks.load(Ordering::Relaxed), fired.line));
            }
            seen.take(&told);
        },
    );
    seen.sums = sums.unwrap();
    (came, seen)
}

#[test]
fn a_watch_tells_what_is_held_after_a_minute_and_at_its_end_like_a_scan() {
    let desk = desk(&[rule(1, 0, "rare.exe", "")]);
    let node = &desk.home.node;
    let pieces: Vec<String> = (1..=20)
        .map(|second| process(second, if second % 5 == 0 { "rare.exe" } else { "usual.exe" }))
        .collect();
    let whole = pieces.concat();
    let (came, watched) = watch(node, pieces, 30, false);
    let lines: Vec<u64> = came.iter().map(|(_, line)| *line).collect();
    assert_eq!(lines, [5, 10, 15, 20]);
    let (first, _) = came[0];
    assert!(
        (6..=9).contains(&first),
        "a minute after the fifth look: {came:?}"
    );
    let scanned = scan_with(node, &[&whole], &Asked::default(), &settings(1, false));
    assert_eq!(watched.of(1), scanned.of(1));
    assert_eq!(watched.standings, scanned.standings);
    assert_eq!(watched.sums.detections, scanned.sums.detections);
}

#[test]
fn a_watch_parks_a_rule_and_goes_on_with_its_trials_when_others_come() {
    let desk = desk(&[rule(1, 0, "rare.exe", ""), rule(2, 0, ".exe", "")]);
    let node = &desk.home.node;
    for record in [false, true] {
        let pieces: Vec<String> = (0..4).map(|_| log(100, 10)).collect();
        let (came, seen) = watch(node, pieces, 1, record);
        assert_eq!(came.len(), 40, "{record}");
        assert_eq!(seen.of(2), Vec::<u64>::new());
        assert_eq!(seen.standing(1), Some((Verdict::OnTrial, 40, 400)));
        assert_eq!(seen.standing(2), Some((PARKED, 400, 400)));
    }
    assert_eq!(recorded(node), 40);
}
