//! One thread's indicators and rules: what a visit of records finds of both.

use entente_detect::{Counters, Generation, Hit, Options, Scanner};
use entente_telemetry::{Batch, Defect, Field, FieldNames, Kind, Observed, Record, Scratch, Visitor};

use super::Sums;
use super::workers::Part;
use crate::rules::{self, Fired, Firing, Parked, RuleSet, Seen};

/// What records are held against.
#[derive(Clone, Copy)]
pub(super) struct Against<'g> {
    pub(super) generation: &'g Generation,
    pub(super) rules: &'g RuleSet,
    pub(super) parked: &'g Parked,
    pub(super) any_time: bool,
    pub(super) url_hosts: bool,
    /// Whether the latest time and the last line of each batch are wanted.
    pub(super) with_times: bool,
}

/// A record satisfies an indicator or a rule.
pub(super) enum Found {
    Hit(Hit),
    Fired(Fired),
    /// It helps to satisfy something over time.
    Seen(Seen),
}

/// One thread's indicators and rules: one visit of a record serves both.
pub(super) struct Matching<'g> {
    scanner: Scanner<'g>,
    firing: Firing<'g>,
    /// For each record that fired, how many hits of indicators, rules fired and records seen were there with it.
    until: Vec<(usize, usize, usize)>,
    with_times: bool,
    /// The latest time of a record, and the last line.
    latest: Option<i64>,
    line: u64,
}

impl<'g> Matching<'g> {
    pub(super) fn new(against: &Against<'g>) -> Self {
        let options = Options {
            any_time: against.any_time,
            url_hosts: against.url_hosts,
        };
        Matching {
            scanner: Scanner::new(against.generation, options),
            firing: Firing::new(against.rules, against.parked, against.any_time),
            until: Vec::new(),
            with_times: against.with_times,
            latest: None,
            line: 0,
        }
    }

    /// Holds a batch against everything, and puts into the part what came of it.
    pub(super) fn visit(&mut self, batch: &Batch, scratch: &mut Scratch, part: &mut Part) {
        let before = self.counters();
        batch.visit(self, scratch);
        self.rest(before, part);
    }

    /// What a part tells once its batch was visited.
    pub(super) fn rest(&mut self, before: (Counters, rules::Counters), part: &mut Part) {
        part.sums = sums_between(before, self.counters());
        part.defects = self.scanner.defects();
        part.exhausted = self.firing.exhausted();
        part.passed_over = self.firing.passed_over();
        part.parked = self.firing.take_quiet();
        part.passed = self.firing.take_passed();
        part.latest = self.latest.take();
        part.line = self.line;
        self.take(part);
    }

    pub(super) fn counters(&self) -> (Counters, rules::Counters) {
        (self.scanner.counters(), self.firing.counters)
    }

    pub(super) fn waiting(&self) -> usize {
        self.scanner.waiting() + self.firing.fired.len() + self.firing.seen.len()
    }

    /// Moves what was found to a part, in the order of records.
    pub(super) fn take(&mut self, part: &mut Part) {
        let hits = match self.scanner.hits() {
            Ok(hits) => hits,
            // The generation's file became unreadable: no scan may look complete then.
            Err(error) => {
                part.fault = Some(error.to_string());
                return;
            }
        };
        let mut hits = hits.into_iter();
        let mut fired = std::mem::take(&mut self.firing.fired).into_iter();
        let mut seen = std::mem::take(&mut self.firing.seen).into_iter();
        let mut taken = (0, 0, 0);
        for until in std::mem::take(&mut self.until) {
            let found = hits.by_ref().take(until.0 - taken.0).map(Found::Hit);
            let found = found.chain(fired.by_ref().take(until.1 - taken.1).map(Found::Fired));
            part.found
                .extend(found.chain(seen.by_ref().take(until.2 - taken.2).map(Found::Seen)));
            taken = until;
        }
        part.found.extend(hits.map(Found::Hit));
    }
}

impl Visitor for Matching<'_> {
    #[inline]
    fn wants(&self, kind: Kind) -> bool {
        self.scanner.wants(kind)
    }

    #[inline]
    fn observed(&mut self, observed: Observed<'_>) {
        self.scanner.observed(observed);
    }

    fn names(&self) -> Option<&FieldNames> {
        self.firing.names()
    }

    #[inline]
    fn fields(&mut self, fields: &[Field<'_>]) {
        self.firing.fields(fields);
    }

    #[inline]
    fn record(&mut self, record: &Record<'_>) {
        self.scanner.record(record);
        self.firing.record(record);
        let (fired, seen) = (self.firing.fired.len(), self.firing.seen.len());
        let (_, fired_before, seen_before) = self.until.last().copied().unwrap_or_default();
        if fired > fired_before || seen > seen_before {
            self.until.push((self.scanner.waiting(), fired, seen));
        }
        if self.with_times {
            self.latest = self.latest.max(record.time());
            self.line = record.line();
        }
    }

    #[inline]
    fn defect(&mut self, defect: Defect) {
        self.scanner.defect(defect);
        self.firing.defect();
    }
}

fn sums_between(
    (before, fired_before): (Counters, rules::Counters),
    (after, fired): (Counters, rules::Counters),
) -> Sums {
    Sums {
        records: after.records - before.records,
        values: after.values - before.values,
        defects: after.defects - before.defects,
        outside_validity: after.outside_validity - before.outside_validity + fired.outside_validity
            - fired_before.outside_validity,
        revoked: after.revoked - before.revoked,
        cut: after.hits_cut - before.hits_cut + fired.cut - fired_before.cut,
        ..Sums::default()
    }
}
