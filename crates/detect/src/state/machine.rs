//! Hits in, matches out: hits are put in the order of their times, and windows are judged when they end. What a hit does
//! to a unit is `giving`'s.

use super::giving::Arrival;
use super::groups::Groups;
use super::plan::{Plan, What};
use super::settings::{Counters, Late, Settings};
use super::telling::Found;
use super::values::{Key, Values};
use super::waiting::Waiting;
use super::{Event, Hit, Match, Of, Part, Source};
use crate::limits;
use std::collections::BTreeSet;
use std::sync::Arc;

/// The state of everything that is looked for.
#[derive(Debug)]
pub struct Machine {
    pub(super) plan: Arc<Plan>,
    pub(super) settings: Settings,
    pub(super) waiting: Waiting,
    /// All hits before this were taken.
    pub(super) handled: i64,
    pub(super) not_after: i64,
    pub(super) groups: Groups,
    pub(super) progress: Vec<Progress>,
    /// The windows to be judged, by their ends.
    pub(super) ends: BTreeSet<(i64, Key)>,
    /// Counts the events handled: those of one are the hits of one observation.
    pub(super) observation: u64,
    pub(super) observed: Option<(i64, Event)>,
    pub(super) events: usize,
    /// The latest time handled.
    pub(super) now: i64,
    /// The unit that is looked through next for what has expired.
    pub(super) swept: u64,
    pub(super) counters: Counters,
    pub(super) matches: Vec<Match>,
    /// Memory to use again.
    bytes: Vec<u8>,
}

/// How a unit fares.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Progress {
    /// Until then its groups may lack events.
    pub(super) unsure_until: i64,
    /// Work that may still be spent, and since when it grows.
    pub(super) work: u64,
    pub(super) worked_at: i64,
    /// How often its hits were not joined.
    pub(super) unjoined: u64,
    /// Until then it is given no hits, as its work was spent.
    pub(super) rests_until: i64,
}

impl Progress {
    pub(super) const NEW: Progress = Progress {
        unsure_until: i64::MIN,
        work: limits::STATE_WORK_MAX,
        worked_at: i64::MIN,
        unjoined: 0,
        rests_until: i64::MIN,
    };
}

impl Machine {
    /// One that has seen nothing.
    pub fn new(plan: Arc<Plan>, settings: Settings) -> Machine {
        let units = plan.units.len();
        Machine {
            plan,
            settings,
            waiting: Waiting::default(),
            handled: i64::MIN,
            not_after: i64::MAX,
            groups: Groups::new(units),
            progress: vec![Progress::NEW; units],
            ends: BTreeSet::new(),
            observation: 0,
            observed: None,
            events: 0,
            now: i64::MIN,
            swept: 0,
            counters: Counters::default(),
            matches: Vec::new(),
            bytes: Vec::new(),
        }
    }

    /// Gives a hit. Hits may come in any order: within the lateness the matches do not depend on it.
    pub fn push(&mut self, hit: &Hit<'_>) {
        if !self.plan.listens_to(hit.source) {
            return;
        }
        self.counters.hits += 1;
        if hit.time > self.not_after {
            self.counters.ahead += 1;
            return;
        }
        if hit.time < self.handled {
            self.push_late(hit);
            return;
        }
        if self.rests(hit.source, hit.time) {
            self.pass_over(hit.source);
        } else {
            let values = Values::of(hit, &mut self.bytes);
            let is_new = self.waiting.add((hit.time, hit.event, hit.source), values);
            self.counters.duplicates += u64::from(!is_new);
        }
        self.see(hit.time);
        while self.waiting.len() > self.settings.waiting_max {
            let Some((first, ..)) = self.waiting.first() else {
                break;
            };
            self.counters.pressed += 1;
            self.handle_until(first.saturating_add(1));
        }
    }

    fn push_late(&mut self, hit: &Hit<'_>) {
        self.counters.late += 1;
        if self.settings.late == Late::Take {
            let values = Values::of(hit, &mut self.bytes);
            let mut arrival = Arrival::of(hit.source, hit.time, hit.event, values);
            arrival.is_late = true;
            self.handle(vec![arrival]);
        }
    }

    /// Whether something could come of a hit: something listens to it that does not rest at that time. A hit of which
    /// nothing can come need not be given.
    pub fn wants(&self, source: Source, time: i64) -> bool {
        self.plan.listens_to(source) && (time < self.handled || !self.rests(source, time))
    }

    /// Whether all that listen rest then. As they rest until a time that stands, it does not matter in which order
    /// hits come.
    fn rests(&self, source: Source, time: i64) -> bool {
        self.plan
            .listeners_of(Part::Source(source))
            .iter()
            .all(|(number, _)| {
                let progress = self.progress.get(*number as usize);
                progress.is_some_and(|progress| time < progress.rests_until)
            })
    }

    fn pass_over(&mut self, source: Source) {
        let plan = Arc::clone(&self.plan);
        for (number, _) in plan.listeners_of(Part::Source(source)) {
            self.count_unjoined(*number);
        }
    }

    /// Tells the time of an event, whether it hit anything or not: time goes on.
    pub fn see(&mut self, time: i64) {
        if let Some(lateness) = self.settings.lateness.filter(|_| time <= self.not_after) {
            self.handle_until(time.saturating_sub(lateness));
        }
    }

    /// Says that no event before this time comes any more, whatever the lateness: for who knows better.
    pub fn advance(&mut self, time: i64) {
        self.handle_until(time.min(self.not_after));
    }

    /// Tells the latest time that an event may have, so that one with a wrong clock does not make all others late.
    pub fn not_after(&mut self, time: i64) {
        self.not_after = time;
    }

    /// Handles all that waits and judges all windows: no event comes any more.
    pub fn finish(&mut self) {
        self.handle_until(i64::MAX);
    }

    /// Takes out the matches so far, in the order of their times but for late ones.
    pub fn take_matches(&mut self) -> Vec<Match> {
        std::mem::take(&mut self.matches)
    }

    /// What happened so far.
    pub fn counters(&self) -> Counters {
        self.counters
    }

    /// How many groups are kept.
    pub fn groups(&self) -> usize {
        self.groups.len()
    }

    /// What was not joined, or not to the end, for the work that it is, and how often.
    pub fn unjoined(&self) -> impl Iterator<Item = (Of, u64)> {
        let progress = self.plan.units.iter().zip(&self.progress);
        progress
            .filter(|(_, progress)| progress.unjoined > 0)
            .map(|(unit, progress)| (unit.of, progress.unjoined))
    }

    /// Handles the hits before a time and judges the windows that end until then, all in the order of time.
    fn handle_until(&mut self, until: i64) {
        if until <= self.handled {
            return;
        }
        self.handled = until;
        loop {
            let hit = self.waiting.first().map(|at| at.0);
            let hit = hit.filter(|time| *time < until || until == i64::MAX);
            let end = self.ends.first().map(|end| end.0);
            match (end.filter(|end| *end <= until), hit) {
                (None, None) => break,
                (Some(end), hit) if hit.is_none_or(|hit| end <= hit) => self.judge(),
                _ => self.handle_first(),
            }
        }
    }

    /// Handles all hits of the event that is first.
    fn handle_first(&mut self) {
        let Some(((time, event, source), values)) = self.waiting.pop_first() else {
            return;
        };
        let mut arrivals = vec![Arrival::of(source, time, event, values)];
        while self
            .waiting
            .first()
            .is_some_and(|next| (next.0, next.1) == (time, event))
        {
            if let Some(((.., source), values)) = self.waiting.pop_first() {
                arrivals.push(Arrival::of(source, time, event, values));
            }
        }
        self.handle(arrivals);
    }

    /// Judges the window that ends first.
    fn judge(&mut self) {
        let Some((end, key)) = self.ends.pop_first() else {
            return;
        };
        let plan = Arc::clone(&self.plan);
        let Some(found) = self.groups.find(key) else {
            return;
        };
        let number = self.groups.unit(found).unwrap_or(u32::MAX);
        let unit = plan.units.get(number as usize);
        let (Some(unit), Some(mut state)) = (unit, self.groups.remove(found)) else {
            return;
        };
        self.now = self.now.max(end);
        self.events -= state.size();
        let What::Watch(watch) = &unit.what else {
            return;
        };
        let window = state.take(Some(watch));
        let Some(closing) = window.closing.as_ref().filter(|_| window.is_match(watch)) else {
            return;
        };
        let arrival = Arrival {
            part: unit.of.as_part(),
            rule: closing.rule,
            time: end,
            event: closing.event,
            values: closing.values.clone(),
            observation: 0,
            is_late: false,
        };
        let reading = watch.readings.get(&(closing.part, closing.rule));
        let found = Found {
            evidence: unit.evidence_of(window.evidence()),
            measure: window.measured(watch),
            incomplete: window.incomplete,
        };
        self.tell(unit, number, &arrival, reading, found);
        self.handle(vec![arrival]);
    }
}
