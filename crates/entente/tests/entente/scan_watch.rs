//! Logs that are being written: what a watch finds is what a scan of them finds, whatever happens to the files.

use std::fs::File;
use std::io::{BufRead as _, BufReader, Write as _};
use std::process::{Child, ChildStdin, ChildStdout, Stdio};

use serde_json::{Value, json};

use crate::harness::{Home, Numbers, bundle, indicator};

const RULE: &str = "title: Lookup of evil\nid: 11111111-2222-4333-8444-666666666666\nlogsource:\n  category: dns\n\
detection:\n  selection:\n    query|endswith: '.evil.example'\n  condition: selection\n";

fn record(number: u64) -> String {
    let query = match number % 5 {
        0 => "www.evil.example",
        1 => "evil.example",
        _ => "other.example",
    };
    format!(
        "{{\"_path\":\"dns\",\"ts\":{}.5,\"uid\":\"C{}\",\"id.orig_h\":\"10.0.0.5\",\"query\":\"{query}\"}}\n",
        1_767_225_600 + number,
        number % 50,
    )
}

fn home() -> (Home, String) {
    let home = Home::with_indicator();
    let rules = home.file("rules/evil.yml", RULE);
    (home, rules)
}

/// A watch under way; it ends with the test.
struct Watching {
    child: Child,
    stdin: Option<ChildStdin>,
    out: BufReader<ChildStdout>,
}

impl Watching {
    fn begin(home: &Home, arguments: &[&str]) -> Watching {
        let mut child = home
            .command(&[&["watch", "--json", "--until-stdin-closes"], arguments].concat())
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        Watching {
            stdin: child.stdin.take(),
            out: BufReader::new(child.stdout.take().unwrap()),
            child,
        }
    }

    fn line(&mut self) -> Option<Value> {
        let mut line = String::new();
        (self.out.read_line(&mut line).unwrap() > 0).then(|| serde_json::from_str(&line).unwrap())
    }

    /// Lines up to the first that is as asked.
    fn until(&mut self, is: impl Fn(&Value) -> bool) -> Vec<Value> {
        let mut lines = Vec::new();
        loop {
            lines.push(self.line().unwrap());
            if lines.last().is_some_and(&is) {
                return lines;
            }
        }
    }

    /// Ends it, and gives the lines since.
    fn end(mut self) -> Vec<Value> {
        drop(self.stdin.take());
        let lines = std::iter::from_fn(|| self.line()).collect();
        assert!(self.child.wait().unwrap().success());
        lines
    }
}

/// What was found, in order, without what depends on earlier scans.
fn hits(lines: &[Value]) -> Vec<Value> {
    let found = lines.iter().filter(|line| line["line"].is_u64()).cloned();
    found
        .map(|mut hit| {
            hit["new"] = json!(null);
            hit
        })
        .collect()
}

/// What was found of single records; of several together, in the order of time, as the order in which both come differs.
fn alone_and_together(lines: &[Value]) -> (Vec<Value>, Vec<Value>) {
    let (mut together, alone): (Vec<Value>, Vec<Value>) = hits(lines)
        .into_iter()
        .partition(|hit| hit["over_time"].is_object());
    together.sort_by_key(|hit| (hit["time"].to_string(), hit["rule"].to_string()));
    (alone, together)
}

const MANY: &str = "title: Many lookups\nid: 11111111-2222-4333-8444-777777777777\ncorrelation:\n  type: event_count\n  \
rules:\n    - 11111111-2222-4333-8444-666666666666\n  group-by:\n    - id.orig_h\n  timespan: 30s\n  \
generate: true\n  condition:\n    gte: 5\n---\ntitle: Few lookups\nid: 11111111-2222-4333-8444-888888888888\n\
correlation:\n  type: event_count\n  rules:\n    - 11111111-2222-4333-8444-666666666666\n  group-by:\n    - \
id.orig_h\n  timespan: 1s\n  generate: true\n  condition:\n    lt: 2\n";

/// Writes a log piece by piece, and gives what a watch of it tells.
fn watched_in_pieces(home: &Home, whole: &str, arguments: &[&str], path: &str) -> Vec<Value> {
    let mut file = File::options().append(true).open(path).unwrap();
    let mut watching = Watching::begin(home, &[arguments, &[path]].concat());
    let mut numbers = Numbers(7);
    let mut rest = whole.as_bytes();
    let mut lines = Vec::new();
    while !rest.is_empty() {
        let (piece, after) = rest.split_at(rest.len().min(1 + (numbers.next() % 20_000) as usize));
        file.write_all(piece).unwrap();
        rest = after;
        // The last line that is whole by now and that something is found in: then the piece was read.
        let written = whole.len() - rest.len();
        let count = whole[..written].matches('\n').count() as u64;
        if let Some(last) = (0..count).rev().find(|number| number % 5 < 2) {
            let is_last = |line: &Value| line["line"] == last + 1 && line["over_time"].is_null();
            if !lines.iter().any(is_last) {
                lines.extend(watching.until(is_last));
            }
        }
    }
    lines.extend(watching.end());
    lines
}

#[test]
fn a_log_fed_in_pieces_gives_what_a_scan_of_it_gives_hit_for_hit() {
    let (home, rules) = home();
    let whole: String = (0..2_000).map(record).collect();
    let path = home.file("dns.log", "");
    let lines = watched_in_pieces(&home, &whole, &["--rules", &rules], &path);
    let watched = hits(&lines);
    let summary = lines.last().unwrap()["summary"].clone();
    let scanned = home.ok(&["scan", "--json", "--rules", &rules, &path]);
    assert_eq!(watched.len(), 1_200);
    assert_eq!(watched, hits(&scanned.json()));
    let again = &scanned.last()["summary"];
    assert_eq!(summary["detections"], again["detections"]);
    assert_eq!((&summary["new"], &again["new"]), (&json!(800), &json!(0)));
    assert_eq!(summary["sightings"], 1);
}

#[test]
fn what_records_satisfy_together_is_the_same_for_a_log_fed_in_pieces() {
    let (home, rules) = home();
    let pattern = "([domain-name:value = 'www.evil.example'] FOLLOWEDBY [domain-name:value = 'other.example']) \
                   WITHIN 5 SECONDS";
    let feed = home.file("patterns.json", bundle(&[indicator(7, pattern)]));
    home.ok(&["import", "--quiet", &feed]);
    // On trial it would match too much.
    home.ok(&[
        "rule",
        "accept",
        "indicator--00000007-0000-4000-8000-000000000007",
    ]);
    let many = home.file("rules/many.yml", MANY);
    let whole: String = (0..2_000).map(record).collect();
    let path = home.file("dns.log", "");
    let lines = watched_in_pieces(&home, &whole, &["--rules", &rules, "--rules", &many], &path);
    let scanned = home
        .ok(&["scan", "--json", "--rules", &rules, "--rules", &many, &path])
        .json();
    let (watched, scanned) = (alone_and_together(&lines), alone_and_together(&scanned));
    assert_eq!(watched.0.len(), 1_200);
    assert_eq!(watched.0, scanned.0);
    let of = |rule: &str| {
        scanned
            .1
            .iter()
            .filter(|hit| hit["rule"].as_str().unwrap().starts_with(rule))
            .count()
    };
    assert!(
        of("11111111-2222-4333-8444-777777777777") > 60,
        "{}",
        scanned.1.len()
    );
    assert!(
        of("11111111-2222-4333-8444-888888888888") > 300,
        "{}",
        scanned.1.len()
    );
    assert_eq!(of("indicator--"), 400);
    assert_eq!(watched.1, scanned.1);
}

/// The last line of a text that a hit of a single record is in.
fn is_last_hit_of(whole: &str) -> impl Fn(&Value) -> bool {
    let count = whole.matches('\n').count() as u64;
    let last = (0..count).rev().find(|number| number % 5 < 2).unwrap() + 1;
    move |line| line["line"] == last && line["over_time"].is_null()
}

#[test]
fn a_watch_that_was_stopped_goes_on_with_what_it_saw() {
    let (home, rules) = home();
    let pattern = "([domain-name:value = 'www.evil.example'] REPEATS 7 TIMES) WITHIN 40 SECONDS";
    let feed = home.file("patterns.json", bundle(&[indicator(7, pattern)]));
    home.ok(&["import", "--quiet", &feed]);
    let many = home.file("rules/many.yml", MANY);
    let whole: String = (0..1_003).map(record).collect();
    let arguments = ["--rules", &rules, "--rules", &many];
    let mut together = Vec::new();
    let path = home.file("dns.log", "");
    for until in [whole.len() / 3, whole.len() / 2, whole.len()] {
        // Also in the middle of a line.
        home.file("dns.log", &whole[..until]);
        let mut watching = Watching::begin(&home, &[&arguments[..], &[&path]].concat());
        let mut lines = watching.until(is_last_hit_of(&whole[..until]));
        lines.extend(watching.end());
        together.extend(alone_and_together(&lines).1);
    }
    let scanned = home
        .ok(&[&["scan", "--json"], &arguments[..], &[&path]].concat())
        .json();
    let scanned = alone_and_together(&scanned).1;
    assert!(scanned.len() > 200);
    together.sort_by_key(|hit| (hit["time"].to_string(), hit["rule"].to_string()));
    assert_eq!(together, scanned);
}

#[test]
fn what_is_imported_meanwhile_does_not_make_a_watch_forget() {
    let (home, rules) = home();
    let many = home.file("rules/many.yml", MANY);
    let whole: String = (0..1_000).map(record).collect();
    let half = whole.match_indices('\n').nth(502).unwrap().0 + 1;
    let arguments = ["--dry-run", "--rules", &rules, "--rules", &many];
    let path = home.file("dns.log", &whole[..half]);
    let mut watching = Watching::begin(&home, &[&arguments[..], &[&path]].concat());
    let mut lines = watching.until(is_last_hit_of(&whole[..half]));
    let pattern = "[domain-name:value = 'no.example'] AND [domain-name:value = 'none.example']";
    let feed = home.file("patterns.json", bundle(&[indicator(7, pattern)]));
    home.ok(&["import", "--quiet", &feed]);
    lines.extend(watching.until(|line| line["ready"].is_object()));
    let mut file = File::options().append(true).open(&path).unwrap();
    file.write_all(&whole.as_bytes()[half..]).unwrap();
    lines.extend(watching.until(is_last_hit_of(&whole)));
    lines.extend(watching.end());
    let scanned = home
        .ok(&[&["scan", "--json"], &arguments[..], &[&path]].concat())
        .json();
    let scanned = alone_and_together(&scanned).1;
    assert!(scanned.len() > 200);
    assert_eq!(alone_and_together(&lines).1, scanned);
}

#[test]
fn stdin_is_watched_to_its_end() {
    let (home, rules) = home();
    let whole: String = (0..100).map(record).collect();
    let ran = home.with_input(&["watch", "--json", "--rules", &rules, "-"], &whole);
    assert_eq!(ran.code, 0, "{}", ran.err);
    let scanned = home.with_input(&["scan", "--json", "--rules", &rules, "-"], &whole);
    assert_eq!(hits(&ran.json()).len(), 60);
    assert_eq!(hits(&ran.json()), hits(&scanned.json()));
    let empty = home.with_input(&["watch", "--json", "-"], "");
    assert_eq!(
        (empty.code, empty.last()["summary"]["records"].as_u64()),
        (0, Some(0))
    );
}

#[test]
fn a_log_that_is_replaced_or_cut_is_followed() {
    let (home, _) = home();
    let path = home.file("dns.log", record(0));
    let mut watching = Watching::begin(&home, &["--dry-run", &path]);
    watching.until(|line| line["line"] == 1);
    let aside = home.path("dns.log.1");
    std::fs::rename(&path, &aside).unwrap();
    std::fs::write(&path, record(2) + &record(5)).unwrap();
    watching.until(|line| line["time"] == "2026-01-01T00:00:05.500Z" && line["line"] == 2);
    std::fs::write(&path, record(10)).unwrap();
    watching.until(|line| line["time"] == "2026-01-01T00:00:10.500Z" && line["line"] == 1);
    let lines = watching.end();
    assert_eq!(lines.last().unwrap()["summary"]["records"], 4);
}

#[test]
fn what_is_imported_while_a_watch_looks_on_is_looked_for_from_then_on() {
    let (home, _) = home();
    let path = home.file("dns.log", record(2));
    let mut watching = Watching::begin(&home, &["--dry-run", &path]);
    watching.until(|line| line.get("ready").is_some());
    let more = home.file(
        "more.json",
        bundle(&[indicator(2, "[domain-name:value = 'other.example']")]),
    );
    home.ok(&["import", "--quiet", &more]);
    watching.until(|line| line["ready"]["indicators"] == 2);
    let mut file = File::options().append(true).open(&path).unwrap();
    file.write_all(record(3).as_bytes()).unwrap();
    watching.until(|line| line["line"] == 2 && line["name"] == "indicator 2");
    watching.end();
}

#[test]
fn a_signal_ends_a_watch_with_its_summary() {
    let (home, _) = home();
    let path = home.file("dns.log", record(0));
    let mut child = home
        .command(&["watch", "--json", &path])
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut out = BufReader::new(child.stdout.take().unwrap());
    let mut line = String::new();
    while !line.contains("\"indicator\"") {
        line.clear();
        out.read_line(&mut line).unwrap();
    }
    let killed = std::process::Command::new("kill")
        .args(["-TERM", &child.id().to_string()])
        .status()
        .unwrap();
    assert!(killed.success());
    let last = out.lines().last().unwrap().unwrap();
    let last: Value = serde_json::from_str(&last).unwrap();
    assert_eq!(last["summary"]["sightings"], 1);
    assert!(child.wait().unwrap().success());
}

#[test]
fn a_folder_and_stdin_twice_are_refused() {
    let (home, _) = home();
    let folder = home.path("rules").display().to_string();
    assert_eq!(home.run(&["watch", &folder]).code, 2);
    assert_eq!(home.run(&["watch", "-", "-"]).code, 2);
}
