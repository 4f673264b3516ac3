//! Hits in, matches out: put in the order of their times, then given to the units that listen to them.

use super::groups::Groups;
use super::plan::{By, Joined, Measure, Plan, Reading, Unit, Watch, What};
use super::settings::{Counters, Late, Settings};
use super::values::{ASSET, Key, Values, key};
use super::window::{Added, Entry, State, Window, number};
use super::{Event, Evidence, Hit, Match, Of, Part, Source};
use crate::limits;
use crate::pattern::join::Outcome;
use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::sync::Arc;

/// The state of everything that is looked for.
#[derive(Debug)]
pub struct Machine {
    pub(super) plan: Arc<Plan>,
    pub(super) settings: Settings,
    pub(super) waiting: BTreeMap<(i64, Event, Source), Values>,
    /// All hits before this were taken.
    pub(super) handled: i64,
    pub(super) not_after: i64,
    pub(super) groups: Groups,
    pub(super) progress: Vec<Progress>,
    /// The windows to be judged, by their ends.
    pub(super) ends: BTreeSet<(i64, u32, Key)>,
    /// Counts the events handled: those of one are the hits of one observation.
    pub(super) observation: u64,
    pub(super) observed: Option<(i64, Event)>,
    pub(super) events: usize,
    /// The latest time handled.
    pub(super) now: i64,
    /// The unit that is looked through next for what has expired.
    pub(super) swept: u64,
    pub(super) counters: Counters,
    matches: Vec<Match>,
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
}

/// A hit to be handled, or a match that another unit listens to.
struct Arrival {
    part: Part,
    /// The rule whose event it is; 0 for leaves.
    rule: u32,
    time: i64,
    event: Event,
    values: Values,
    is_late: bool,
}

impl Machine {
    /// One that has seen nothing.
    pub fn new(plan: Arc<Plan>, settings: Settings) -> Machine {
        let units = plan.units.len();
        let progress = Progress {
            unsure_until: i64::MIN,
            work: limits::STATE_WORK_MAX,
            worked_at: i64::MIN,
            unjoined: 0,
        };
        Machine {
            plan,
            settings,
            waiting: BTreeMap::new(),
            handled: i64::MIN,
            not_after: i64::MAX,
            groups: Groups::new(units),
            progress: vec![progress; units],
            ends: BTreeSet::new(),
            observation: 0,
            observed: None,
            events: 0,
            now: i64::MIN,
            swept: 0,
            counters: Counters::default(),
            matches: Vec::new(),
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
        let values = Values::of(hit);
        let before = self.waiting.insert((hit.time, hit.event, hit.source), values);
        self.counters.duplicates += u64::from(before.is_some());
        self.see(hit.time);
        while self.waiting.len() > self.settings.waiting_max {
            let Some((&(first, ..), _)) = self.waiting.first_key_value() else {
                break;
            };
            self.counters.pressed += 1;
            self.handle_until(first.saturating_add(1));
        }
    }

    fn push_late(&mut self, hit: &Hit<'_>) {
        self.counters.late += 1;
        if self.settings.late == Late::Take {
            let mut arrival = Arrival::of(hit.source, hit.time, hit.event, Values::of(hit));
            arrival.is_late = true;
            self.handle(arrival);
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
            let hit = self.waiting.first_key_value().map(|(key, _)| key.0);
            let hit = hit.filter(|time| *time < until || until == i64::MAX);
            let end = self.ends.first().map(|end| end.0);
            match (end.filter(|end| *end <= until), hit) {
                (None, None) => break,
                (Some(end), hit) if hit.is_none_or(|hit| end <= hit) => self.judge(),
                _ => {
                    if let Some(((time, event, source), values)) = self.waiting.pop_first() {
                        self.handle(Arrival::of(source, time, event, values));
                    }
                }
            }
        }
    }

    /// Judges the window that ends first.
    fn judge(&mut self) {
        let Some((end, number, key)) = self.ends.pop_first() else {
            return;
        };
        let plan = Arc::clone(&self.plan);
        let unit = plan.units.get(number as usize);
        let state = self.groups.find(key).and_then(|found| self.groups.remove(found));
        let (Some(unit), Some(mut state)) = (unit, state) else {
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
            is_late: false,
        };
        let reading = watch.readings.get(&(closing.part, closing.rule));
        let found = Found {
            evidence: window.evidence().map(|entry| unit.evidence(entry)).collect(),
            measure: window.measured(watch),
            incomplete: window.incomplete,
        };
        self.tell(unit, number, &arrival, reading, found);
        self.handle(arrival);
    }

    /// Gives an arrival to those that listen, and what becomes of it to those that listen to that.
    fn handle(&mut self, arrival: Arrival) {
        let plan = Arc::clone(&self.plan);
        let mut arrivals = VecDeque::from([arrival]);
        while let Some(arrival) = arrivals.pop_front() {
            if self.observed != Some((arrival.time, arrival.event)) {
                self.observed = Some((arrival.time, arrival.event));
                self.observation += 1;
            }
            self.now = self.now.max(arrival.time);
            let listeners = plan.listeners.get(&arrival.part).map(Vec::as_slice);
            for (number, part) in listeners.unwrap_or_default() {
                let Some(unit) = plan.units.get(*number as usize) else {
                    continue;
                };
                if let Some(time) = self.give(unit, *number, *part, &arrival) {
                    arrivals.push_back(Arrival {
                        part: unit.of.as_part(),
                        time,
                        values: arrival.values.clone(),
                        ..arrival
                    });
                }
            }
        }
    }

    /// Gives an arrival to a unit; the time of the match, if that makes one.
    fn give(&mut self, unit: &Unit, number: u32, part: u32, arrival: &Arrival) -> Option<i64> {
        self.expire(number);
        let span = self.span(unit);
        if arrival.is_late && self.is_lost(unit, span, arrival.time) {
            self.counters.lost += 1;
            return None;
        }
        let reading = match unit.readings() {
            Some(readings) => readings.get(&(part, arrival.rule))?.clone(),
            None => unit.what.scope(),
        };
        // An asset may be missing, as those without one are joined among themselves.
        let is_asset = unit.readings().is_none();
        let values = reading.group.iter().map(|place| arrival.values.get(*place));
        let values = values.map(|value| {
            if is_asset {
                Some(value.unwrap_or_default())
            } else {
                value
            }
        });
        let Some(key) = key(self.settings.seed, number, values) else {
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
        let found = self.groups.find(key);
        let state = found.and_then(|found| self.groups.state(found));
        let mut state = state.map(std::mem::take).unwrap_or_default();
        self.events -= state.size();
        if self.is_over(unit, span, state.latest()) {
            state = State::Empty;
        }
        match &unit.what {
            What::Watch(watch) => {
                let mut window = state.take(Some(watch));
                let matched = self.watch(watch, &mut window, entry, span, arrival);
                if watch.closes && found.is_none() {
                    let end = entry.time.saturating_add(span);
                    self.ends.insert((end, number, key));
                }
                if !matched {
                    self.keep(number, key, found, State::of(window));
                    return None;
                }
                let evidence = window.evidence().map(|entry| unit.evidence(entry)).collect();
                let told = Found {
                    evidence,
                    measure: window.measured(watch),
                    incomplete: window.incomplete,
                };
                self.start_anew(found);
                Some(self.tell_at(unit, number, arrival, &reading, told, window.latest))
            }
            What::Joined(joined) => {
                let mut window = state.take(None);
                let Some(binding) = self.join(unit, number, joined, &mut window, entry, span) else {
                    self.keep(number, key, found, State::of(window));
                    return None;
                };
                let evidence = window.bound(&binding).map(|entry| unit.evidence(entry)).collect();
                let told = Found {
                    evidence,
                    measure: None,
                    incomplete: window.incomplete,
                };
                self.start_anew(found);
                Some(self.tell_at(unit, number, arrival, &reading, told, window.latest))
            }
        }
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
    ) -> Option<Vec<crate::pattern::join::Bound>> {
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
        let work = (window.size() * joined.needs.len()) as u64 + WORK_OF_A_JOIN;
        if !self.spend(number, work) {
            return self.not_joined(number, window, 0);
        }
        match window.join(joined) {
            Outcome::Match(binding) => Some(binding),
            Outcome::NoMatch => None,
            Outcome::Incomplete => self.not_joined(number, window, WORK_IN_VAIN),
        }
    }

    /// Notes that hits were not joined, and what was spent on it.
    fn not_joined<T>(&mut self, number: u32, window: &mut Window, spent: u64) -> Option<T> {
        window.incomplete = true;
        self.counters.unjoined += 1;
        let progress = self.progress.get_mut(number as usize)?;
        progress.unjoined += 1;
        progress.work = progress.work.saturating_sub(spent);
        None
    }

    /// Takes work from what a unit may do; it grows again with the time of the events.
    fn spend(&mut self, number: u32, work: u64) -> bool {
        let Some(progress) = self.progress.get_mut(number as usize) else {
            return false;
        };
        let passed = self.now.saturating_sub(progress.worked_at).max(0);
        let grown = passed as u128 * u128::from(limits::STATE_WORK_MAX) / HOUR;
        let grown = u64::try_from(grown).unwrap_or(u64::MAX);
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
            return Some(self.observation);
        };
        let mut values = reading.value.iter().map(|place| arrival.values.get(*place));
        match watch.measure {
            Measure::Count | Measure::Seen => Some(0),
            Measure::Distinct => key(self.settings.seed, u32::MAX, values).map(|key| key[0]),
            Measure::Sum | Measure::Average | Measure::Percentile(_) => {
                number(values.next()??).map(f64::to_bits)
            }
        }
    }

    /// Keeps a group, and forgets others where that is too many.
    fn keep(&mut self, number: u32, key: Key, found: Option<u32>, state: State) {
        self.events += state.size();
        match found {
            Some(found) => {
                if let Some(kept) = self.groups.state(found) {
                    *kept = state;
                }
                self.groups.touch(found);
            }
            None => self.groups.add(number, key, state),
        }
        while self.groups.len() > self.settings.groups_max || self.events > self.settings.events_max {
            if self.evict().is_none() {
                break;
            }
        }
    }

    fn start_anew(&mut self, found: Option<u32>) {
        if let Some(found) = found {
            self.groups.remove(found);
        }
    }

    /// Forgets the group that would expire first.
    fn evict(&mut self) -> Option<()> {
        let fronts = self.plan.units.iter().enumerate().filter_map(|(place, unit)| {
            let (number, state) = self.groups.first(place)?;
            Some((self.over_at(unit, self.span(unit), state.latest()), place, number))
        });
        let (over, place, number) = fronts.min()?;
        let key = self.groups.key(number)?;
        let state = self.groups.remove(number)?;
        self.forget_end(place, key, &state);
        self.events -= state.size();
        self.counters.evicted += 1;
        let progress = self.progress.get_mut(place)?;
        progress.unsure_until = progress.unsure_until.max(over);
        Some(())
    }

    fn forget_end(&mut self, place: usize, key: Key, state: &State) {
        let State::Many(window) = state else {
            return;
        };
        let span = self.plan.units.get(place).and_then(|unit| unit.span);
        if let (Some(closing), Some(span)) = (&window.closing, span) {
            let end = closing.opened.saturating_add(span);
            self.ends.remove(&(end, place as u32, key));
        }
    }

    /// Forgets the groups of a unit that are over, and some of the next one's.
    fn expire(&mut self, number: u32) {
        self.expire_some(number as usize, usize::MAX);
        let units = self.plan.units.len().max(1) as u64;
        self.swept = (self.swept + 1) % units;
        self.expire_some(self.swept as usize, 2);
    }

    fn expire_some(&mut self, place: usize, most: usize) {
        let plan = Arc::clone(&self.plan);
        let Some(unit) = plan.units.get(place).filter(|unit| !unit.closes()) else {
            return;
        };
        for _ in 0..most {
            let Some((first, state)) = self.groups.first(place) else {
                return;
            };
            if !self.is_over(unit, self.span(unit), state.latest()) {
                return;
            }
            if let Some(state) = self.groups.remove(first) {
                self.events -= state.size();
            }
        }
    }

    fn span(&self, unit: &Unit) -> i64 {
        match (unit.span, unit.stop) {
            (Some(span), _) => span,
            (None, Some(_)) => i64::MAX,
            (None, None) => self.settings.look_back,
        }
    }

    /// When an event counts no longer.
    fn over_at(&self, unit: &Unit, span: i64, time: i64) -> i64 {
        time.saturating_add(span).min(unit.stop.unwrap_or(i64::MAX))
    }

    fn is_over(&self, unit: &Unit, span: i64, time: i64) -> bool {
        self.over_at(unit, span, time) <= self.now
    }

    /// Whether a late event is after the end of its window, or of any that it could open.
    fn is_lost(&self, unit: &Unit, span: i64, time: i64) -> bool {
        match unit.closes() {
            true => self.over_at(unit, span, time) <= self.handled,
            false => self.is_over(unit, span, time),
        }
    }

    fn tell_at(
        &mut self,
        unit: &Unit,
        number: u32,
        arrival: &Arrival,
        reading: &Reading,
        found: Found,
        time: i64,
    ) -> i64 {
        let at = Arrival {
            time,
            values: arrival.values.clone(),
            ..*arrival
        };
        self.tell(unit, number, &at, Some(reading), found);
        time
    }

    fn tell(&mut self, unit: &Unit, number: u32, arrival: &Arrival, reading: Option<&Reading>, found: Found) {
        let unsure_until = self.progress.get(number as usize);
        let unsure_until = unsure_until.map_or(i64::MIN, |progress| progress.unsure_until);
        let group = reading
            .map(|reading| reading.group.as_slice())
            .unwrap_or_default();
        let group = group
            .iter()
            .map(|place| arrival.values.get(*place).map(str::to_owned));
        self.counters.matches += 1;
        self.matches.push(Match {
            of: unit.of,
            time: arrival.time,
            group: group.collect(),
            measure: found.measure,
            evidence: found.evidence,
            silent: unit.silent,
            late: arrival.is_late,
            incomplete: found.incomplete || arrival.time < unsure_until,
        });
    }
}

/// What a window holds when it matches.
struct Found {
    evidence: Vec<Evidence>,
    measure: Option<f64>,
    incomplete: bool,
}

/// What joining costs beside going through the hits, and what it costs at the end of the steps.
const WORK_OF_A_JOIN: u64 = 16;
const WORK_IN_VAIN: u64 = 1 << 14;
const HOUR: u128 = 3_600_000_000;

impl Arrival {
    fn of(source: Source, time: i64, event: Event, values: Values) -> Self {
        Arrival {
            part: Part::Source(source),
            rule: match source {
                Source::Rule(rule) => rule,
                Source::Leaf { .. } => 0,
            },
            time,
            event,
            values,
            is_late: false,
        }
    }
}

impl Of {
    fn as_part(self) -> Part {
        match self {
            Of::Correlation(number) => Part::Correlation(number),
            // Nothing listens to patterns: this number is none of a leaf.
            Of::Pattern(pattern) => Part::Source(Source::Leaf {
                pattern,
                leaf: u32::MAX,
            }),
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

impl Unit {
    fn evidence(&self, entry: &Entry) -> Evidence {
        let part = self.parts.get(entry.part as usize).copied();
        Evidence {
            time: entry.time,
            event: entry.event,
            part: part.unwrap_or_else(|| self.of.as_part()),
        }
    }
}
