//! What records satisfy together: hits go to a machine as they are found, matches come out when they are known.

use std::collections::{BTreeMap, HashMap, VecDeque};
use std::hash::{BuildHasherDefault, DefaultHasher};
use std::sync::Arc;

use entente_detect::state::Part as StatePart;
use entente_detect::state::{Counters, Event, Evidence, Hit, Machine, Match, Of, Settings as How, Source};
use entente_stix::time::Timestamp;
use sha2::{Digest as _, Sha256};

use crate::limits::{AHEAD_MICROS_MAX, HITS_WAITING_MAX, PLACES_KNOWN_MAX, RECORDS_TOLD_MAX};
use crate::rules::{Fired, OverTime, Part, Rule, RuleSet, Seen, Together};

/// What is seen over time, in one scan or watch.
pub(super) struct Watching {
    rules: Arc<RuleSet>,
    machine: Machine,
    places: Places,
    /// Hits of records that tell no time.
    untimed: u64,
    /// Records for which patterns were passed over, by pattern.
    passed_over: BTreeMap<u32, u64>,
}

/// What can be said of what was seen over time, beside the matches.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Account {
    /// What happened to hits and groups.
    pub counters: Counters,
    /// Hits of records that tell no time: they do not count.
    pub untimed: u64,
    /// Rules whose hits were not joined, or not to the end, for the work that it is; with how often.
    pub unjoined: Vec<(String, u64)>,
    /// Rules that were met by so many records that they were passed over for others; for how many.
    pub passed_over: Vec<(String, u64)>,
}

impl Watching {
    pub(super) fn new(rules: &Arc<RuleSet>, seed: u64, now: Timestamp) -> Watching {
        Watching::with(rules, Machine::new(Arc::clone(rules.plan()), how(seed)), now)
    }

    /// Goes on with what was seen before; with nothing, where that cannot be read.
    pub(super) fn restored(rules: &Arc<RuleSet>, seed: u64, now: Timestamp, state: &[u8]) -> Watching {
        match Machine::restore(Arc::clone(rules.plan()), how(seed), state) {
            Ok(machine) => Watching::with(rules, machine, now),
            Err(_) => Watching::new(rules, seed, now),
        }
    }

    fn with(rules: &Arc<RuleSet>, mut machine: Machine, now: Timestamp) -> Watching {
        machine.not_after(now.micros().saturating_add(AHEAD_MICROS_MAX));
        Watching {
            rules: Arc::clone(rules),
            machine,
            places: Places::default(),
            untimed: 0,
            passed_over: BTreeMap::new(),
        }
    }

    /// Notes patterns that were passed over, as they were hit too often.
    pub(super) fn pass_over(&mut self, passed_over: &[(u32, u64)]) {
        for (pattern, times) in passed_over {
            *self.passed_over.entry(*pattern).or_default() += times;
        }
    }

    /// Goes on with other rules; those that are the same go on as they were. Take out the matches before.
    pub(super) fn go_on_with(&mut self, rules: &Arc<RuleSet>) {
        self.machine.go_on_with(Arc::clone(rules.plan()));
        self.rules = Arc::clone(rules);
        self.places.forget_parts();
        self.passed_over.clear();
    }

    /// All that was seen and still counts.
    pub(super) fn state(&self) -> Vec<u8> {
        self.machine.snapshot()
    }

    /// Takes a hit; the occurrence tells equal records of one input apart. Of one that is known, only its place is new.
    pub(super) fn see(&mut self, input: usize, occurrence: u32, seen: Seen, is_known: bool) {
        let Some(time) = seen.time else {
            self.untimed += 1;
            return;
        };
        if !self.machine.wants(seen.source, time) {
            return;
        }
        let event = event(&seen.record_digest, occurrence);
        if !is_known {
            self.push(event, time, &seen);
        }
        self.places
            .know(event, input, seen.line, (seen.source, seen.parts));
    }

    fn push(&mut self, event: Event, time: i64, seen: &Seen) {
        let values: Vec<Option<&str>> = seen.values.iter().map(Option::as_deref).collect();
        self.machine.push(&Hit {
            source: seen.source,
            time,
            event,
            asset: seen.host.as_deref(),
            values: &values,
        });
    }

    /// Says that no record before this time comes any more, and what the clock shows.
    pub(super) fn advance(&mut self, time: i64, now: Timestamp) {
        self.machine
            .not_after(now.micros().saturating_add(AHEAD_MICROS_MAX));
        self.machine.advance(time);
    }

    /// Says that no record comes any more.
    pub(super) fn finish(&mut self) {
        self.machine.finish();
    }

    /// What is known by now.
    pub(super) fn matches(&mut self) -> Vec<Match> {
        self.machine.take_matches()
    }

    /// The rule that a match makes fire, with the input of the last record whose place is known; nothing where
    /// something else is told in its place.
    pub(super) fn fired(&self, one: Match, names: &[String]) -> Option<(usize, Fired)> {
        let number = self.rules.number_of(one.of).filter(|_| !one.silent)?;
        let last = one
            .evidence
            .iter()
            .rev()
            .find_map(|evidence| self.places.of(evidence));
        let host = match one.of {
            Of::Pattern(_) => one.group.first().cloned().flatten(),
            Of::Correlation(_) => None,
        };
        let group_by = self.rules.group_by(one.of).iter();
        let untold = one.evidence.len().saturating_sub(RECORDS_TOLD_MAX);
        let records = one.evidence.iter().skip(untold);
        let over_time = OverTime {
            group: group_by.cloned().zip(one.group).collect(),
            measure: one.measure,
            records: records.map(|evidence| self.together(evidence, names)).collect(),
            untold: untold as u64,
            is_late: one.late,
            is_incomplete: one.incomplete || self.lacks_hits(one.of),
        };
        let fired = Fired {
            number,
            line: last.map_or(0, |place| place.line),
            time: Some(one.time),
            host: host.filter(|host| !host.is_empty()),
            parts: Vec::new(),
            record_digest: digest(&one.evidence),
            over_time: Some(Box::new(over_time)),
        };
        Some((last.map_or(usize::MAX, |place| place.input), fired))
    }

    fn lacks_hits(&self, of: Of) -> bool {
        matches!(of, Of::Pattern(pattern) if self.passed_over.contains_key(&pattern))
    }

    fn together(&self, evidence: &Evidence, names: &[String]) -> Together {
        let place = self.places.of(evidence);
        let name = place.and_then(|place| names.get(place.input));
        Together {
            time: evidence.time,
            place: name.cloned().zip(place.map(|place| place.line)),
            what: self.rules.part_called(evidence.part).to_owned(),
            parts: place
                .map(|place| place.parts_of(evidence.part))
                .unwrap_or_default(),
        }
    }

    /// What is to be said of it; nothing where nothing is looked for over time.
    pub(super) fn account(&self) -> Option<Account> {
        if self.rules.plan().is_empty() {
            return None;
        }
        let unjoined = self.machine.unjoined();
        let called = |of| self.rules.rule_of(of).map(|rule: &Rule| rule.id.clone());
        Some(Account {
            counters: self.machine.counters(),
            untimed: self.untimed,
            unjoined: unjoined
                .filter_map(|(of, times)| Some((called(of)?, times)))
                .collect(),
            passed_over: self
                .passed_over
                .iter()
                .filter_map(|(pattern, times)| Some((called(Of::Pattern(*pattern))?, *times)))
                .collect(),
        })
    }
}

fn how(seed: u64) -> How {
    How {
        // Who reads the records knows when none comes any more before a time.
        lateness: None,
        waiting_max: HITS_WAITING_MAX,
        seed,
        ..How::default()
    }
}

/// Where a record stands that may help to a match.
#[derive(Debug)]
struct Place {
    input: usize,
    line: u64,
    /// What was met in it, where that is told.
    parts: Vec<(Source, Vec<Part>)>,
}

/// The places of the last records that hit something.
#[derive(Debug, Default)]
struct Places {
    known: HashMap<Event, Place, BuildHasherDefault<DefaultHasher>>,
    order: VecDeque<Event>,
}

impl Place {
    fn parts_of(&self, part: StatePart) -> Vec<Part> {
        let of = |(source, _): &&(Source, Vec<Part>)| StatePart::Source(*source) == part;
        let known = self.parts.iter().find(of);
        known.map(|(_, parts)| parts.clone()).unwrap_or_default()
    }
}

impl Places {
    fn know(&mut self, event: Event, input: usize, line: u64, parts: (Source, Vec<Part>)) {
        if !self.known.contains_key(&event) {
            self.order.push_back(event);
        }
        let place = self.known.entry(event).or_insert_with(|| Place {
            input,
            line,
            parts: Vec::new(),
        });
        if !parts.1.is_empty() {
            place.parts.push(parts);
        }
        if self.order.len() > PLACES_KNOWN_MAX
            && let Some(first) = self.order.pop_front()
        {
            self.known.remove(&first);
        }
    }

    /// What sources are called has changed.
    fn forget_parts(&mut self) {
        for place in self.known.values_mut() {
            place.parts.clear();
        }
    }

    fn of(&self, evidence: &Evidence) -> Option<&Place> {
        self.known.get(&evidence.event)
    }
}

fn event(record_digest: &[u8; 32], occurrence: u32) -> Event {
    let mut hash = Sha256::new();
    hash.update(record_digest);
    hash.update(occurrence.to_le_bytes());
    let digest: [u8; 32] = hash.finalize().into();
    let mut event = Event::default();
    event.iter_mut().zip(digest).for_each(|(to, from)| *to = from);
    event
}

/// The same records give the same digest, so that a match that is found again is known.
fn digest(evidence: &[Evidence]) -> [u8; 32] {
    let mut hash = Sha256::new();
    for one in evidence {
        hash.update(one.event);
        hash.update(one.time.to_le_bytes());
    }
    hash.finalize().into()
}
