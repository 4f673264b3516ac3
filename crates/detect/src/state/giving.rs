//! Events given to the units that listen to them: what each counts, measures or joins, and what becomes of it.

use super::machine::Machine;
use super::names::Name;
use super::plan::{By, Joined, Measure, Plan, Reading, Unit, Watch, What};
use super::telling::Found;
use super::values::{ASSET, Key, Values, key};
use super::window::{Added, Entry, State, Window, number};
use super::{Event, Of, Part, Source};
use crate::limits;
use crate::pattern::join::{Bound, Outcome};
use std::sync::Arc;

/// A hit to be handled, or a match that another unit listens to.
pub(super) struct Arrival {
    pub(super) part: Part,
    /// The rule whose event it is; 0 for leaves.
    pub(super) rule: u32,
    pub(super) time: i64,
    pub(super) event: Event,
    pub(super) values: Values,
    /// Set when it is handled.
    pub(super) observation: u64,
    pub(super) is_late: bool,
}

impl Machine {
    /// Gives the hits of an event to those that listen, then what becomes of them to those that listen to that. Each
    /// unit is given them in the order in which it names its parts, so that numbers decide nothing.
    pub(super) fn handle(&mut self, mut arrivals: Vec<Arrival>) {
        let plan = Arc::clone(&self.plan);
        while !arrivals.is_empty() {
            let mut turns = Vec::new();
            for (place, arrival) in arrivals.iter_mut().enumerate() {
                self.observe(arrival);
                let listeners = plan.listeners_of(arrival.part).iter();
                turns.extend(listeners.map(|(number, part)| (*number, *part, place)));
            }
            turns.sort_unstable();
            let mut made = Vec::new();
            for (number, part, place) in turns {
                let Some(arrival) = arrivals.get(place) else {
                    continue;
                };
                if let Some((of, time)) = self.give(&plan, (number, part), arrival) {
                    let part = of.as_part();
                    made.push(Arrival {
                        part,
                        ..arrival.at(time)
                    });
                }
            }
            arrivals = made;
        }
    }

    /// Notes that an event is there, and which observation it is.
    fn observe(&mut self, arrival: &mut Arrival) {
        if self.observed != Some((arrival.time, arrival.event)) {
            self.observed = Some((arrival.time, arrival.event));
            self.observation += 1;
        }
        arrival.observation = self.observation;
        self.now = self.now.max(arrival.time);
    }

    /// Gives an arrival to a unit; what matches then and when, if that makes something match.
    fn give(&mut self, plan: &Plan, (number, part): (u32, u32), arrival: &Arrival) -> Option<(Of, i64)> {
        let unit = plan.units.get(number as usize)?;
        if self.now < self.progress.get(number as usize)?.rests_until {
            self.count_unjoined(number);
            return None;
        }
        self.expire(plan, number);
        let span = self.span(unit);
        if arrival.is_late && self.is_lost(unit, span, arrival.time) {
            self.counters.lost += 1;
            return None;
        }
        let reading = match unit.readings() {
            Some(readings) => readings.get(&(part, arrival.rule))?.clone(),
            None => unit.what.scope(),
        };
        let Some(key) = self.group(unit, &reading, arrival) else {
            self.counters.ungrouped += 1;
            return None;
        };
        let Some(value) = self.value(unit, &reading, arrival) else {
            self.counters.unmeasured += 1;
            return None;
        };
        let entry = Entry {
            time: arrival.time,
            event: arrival.event,
            value,
            part,
        };
        let (found, mut state) = self.take_group(key);
        if self.is_over(unit, span, state.latest()) {
            state = State::Empty;
        }
        if found.is_none() && unit.closes() {
            self.ends.insert((entry.time.saturating_add(span), key));
        }
        let (window, evidence) = match &unit.what {
            What::Watch(watch) => {
                let mut window = state.take(Some(watch));
                let matched = self.watch(watch, &mut window, entry, span, arrival);
                let evidence = matched.then(|| unit.evidence_of(window.evidence()));
                (window, evidence)
            }
            What::Joined(joined) => {
                let mut window = state.take(None);
                let binding = self.join(unit, number, joined, &mut window, entry, span);
                let evidence = binding.map(|binding| unit.evidence_of(window.bound(&binding)));
                (window, evidence)
            }
        };
        let Some(evidence) = evidence else {
            self.keep(number, key, found, State::of(window));
            return None;
        };
        self.start_anew(found);
        let told = Found {
            evidence,
            measure: unit.measured(&window),
            incomplete: window.incomplete,
        };
        self.tell(unit, number, &arrival.at(window.latest), Some(&reading), told);
        Some((unit.of, window.latest))
    }

    /// The group that an arrival belongs to; none where a value is missing.
    fn group(&self, unit: &Unit, reading: &Reading, arrival: &Arrival) -> Option<Key> {
        // An asset may be missing, as those without one are joined among themselves.
        let otherwise = unit.readings().is_none().then_some("");
        let values = reading
            .group
            .iter()
            .map(|place| arrival.values.get(*place).or(otherwise));
        key(self.settings.seed, unit.name, values)
    }

    /// Adds an event to a window; whether it matches now.
    fn watch(
        &mut self,
        watch: &Watch,
        window: &mut Window,
        entry: Entry,
        span: i64,
        arrival: &Arrival,
    ) -> bool {
        let was_incomplete = window.incomplete;
        let added = match watch.closes {
            true => window.add_until_end(watch, entry, arrival.rule, &arrival.values),
            false => window.add(watch, entry, span),
        };
        self.counters.capped += u64::from(window.incomplete && !was_incomplete);
        self.count(added);
        added == Added::Taken && !watch.closes && window.is_match(watch)
    }

    fn count(&mut self, added: Added) {
        match added {
            Added::Taken => {}
            Added::Known => self.counters.duplicates += 1,
            Added::Lost => self.counters.lost += 1,
        }
    }

    /// Adds a hit to those to be joined, and joins them.
    fn join(
        &mut self,
        unit: &Unit,
        number: u32,
        joined: &Joined,
        window: &mut Window,
        entry: Entry,
        span: i64,
    ) -> Option<Vec<Bound>> {
        if !self.spend(number, WORK_OF_A_HIT) {
            self.rest(number, span);
            window.incomplete = true;
            return None;
        }
        let was_incomplete = window.incomplete;
        let forgotten = window.forget_until(entry.time.saturating_sub(span));
        let is_look_back = unit.span.is_none() && unit.stop.is_none();
        window.incomplete |= is_look_back && forgotten > 0;
        let added = window.add_to_join(joined, entry, span, self.settings.leaf_hits_max);
        self.counters.capped += u64::from(window.incomplete && !was_incomplete);
        self.count(added);
        if added != Added::Taken || !window.suffices(joined) {
            return None;
        }
        if !self.spend(number, window.size() as u64 + WORK_OF_A_JOIN) {
            self.rest(number, span);
            window.incomplete = true;
            return None;
        }
        let (outcome, used) = window.join(joined);
        let progress = self.progress.get_mut(number as usize)?;
        progress.work = progress.work.saturating_sub(used);
        match outcome {
            Outcome::Match(binding) => Some(binding),
            Outcome::NoMatch => None,
            Outcome::Incomplete => {
                progress.work = progress.work.saturating_sub(WORK_IN_VAIN);
                window.incomplete = true;
                self.count_unjoined(number);
                None
            }
        }
    }

    /// Notes that hits were not joined.
    pub(super) fn count_unjoined(&mut self, number: u32) {
        self.counters.unjoined += 1;
        if let Some(progress) = self.progress.get_mut(number as usize) {
            progress.unjoined += 1;
        }
    }

    /// Lets a unit rest that has spent its work; what it then finds may lack what came meanwhile.
    fn rest(&mut self, number: u32, span: i64) {
        self.count_unjoined(number);
        if let Some(progress) = self.progress.get_mut(number as usize) {
            progress.rests_until = self.now.saturating_add(limits::STATE_REST_MICROS);
            let unsure_until = progress.rests_until.saturating_add(span);
            progress.unsure_until = progress.unsure_until.max(unsure_until);
        }
    }

    /// Takes work from what a unit may do, if it is enough; it grows again with the time of the events.
    fn spend(&mut self, number: u32, work: u64) -> bool {
        let Some(progress) = self.progress.get_mut(number as usize) else {
            return false;
        };
        let passed = self.now.saturating_sub(progress.worked_at).clamp(0, HOUR) as u64;
        let grown = passed * limits::STATE_WORK_MAX / HOUR as u64;
        if grown > 0 {
            progress.worked_at = self.now;
            progress.work = progress.work.saturating_add(grown).min(limits::STATE_WORK_MAX);
        }
        let left = progress.work.checked_sub(work);
        progress.work = left.unwrap_or(progress.work);
        left.is_some()
    }

    /// What an event is measured by.
    fn value(&self, unit: &Unit, reading: &Reading, arrival: &Arrival) -> Option<u64> {
        let What::Watch(watch) = &unit.what else {
            return Some(arrival.observation);
        };
        let mut values = reading.value.iter().map(|place| arrival.values.get(*place));
        match watch.measure {
            Measure::Count | Measure::Seen => Some(0),
            Measure::Distinct => key(self.settings.seed, VALUE, values).map(|key| key[0]),
            Measure::Sum | Measure::Average | Measure::Percentile(_) => {
                number(values.next()??).map(f64::to_bits)
            }
        }
    }
}

/// In place of the name of a unit, in digests of values.
const VALUE: Name = [0xff; 16];

/// What a hit costs that is kept, what joining costs beside going through the hits, and what it costs at the end of
/// the steps.
const WORK_OF_A_HIT: u64 = 12;
const WORK_OF_A_JOIN: u64 = 16;
const WORK_IN_VAIN: u64 = 1 << 14;
const HOUR: i64 = 3_600_000_000;

impl Arrival {
    pub(super) fn of(source: Source, time: i64, event: Event, values: Values) -> Self {
        Arrival {
            part: Part::Source(source),
            rule: match source {
                Source::Rule(rule) => rule,
                Source::Leaf { .. } => 0,
            },
            time,
            event,
            values,
            observation: 0,
            is_late: false,
        }
    }

    /// The same at another time.
    pub(super) fn at(&self, time: i64) -> Self {
        Arrival {
            time,
            values: self.values.clone(),
            ..*self
        }
    }
}

impl What {
    /// What is read of a pattern's hits.
    fn scope(&self) -> Reading {
        let is_asset = matches!(self, What::Joined(Joined { by: By::Asset, .. }));
        Reading {
            group: if is_asset { vec![ASSET] } else { Vec::new() },
            value: Vec::new(),
        }
    }
}
