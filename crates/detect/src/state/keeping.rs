//! Which groups are kept, and when they are forgotten.

use super::machine::Machine;
use super::plan::{Plan, Unit};
use super::values::Key;
use super::window::State;

impl Machine {
    /// Takes out what is kept of a group, to be put back by [`Machine::keep`] or [`Machine::start_anew`]; and where
    /// it is, if it is known.
    pub(super) fn take_group(&mut self, key: Key) -> (Option<u32>, State) {
        let found = self.groups.find(key);
        let state = found.and_then(|found| self.groups.state(found));
        let state = state.map(std::mem::take).unwrap_or_default();
        self.events -= state.size();
        (found, state)
    }

    /// Keeps a group, and forgets others where that is too many.
    pub(super) fn keep(&mut self, number: u32, key: Key, found: Option<u32>, state: State) {
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

    pub(super) fn start_anew(&mut self, found: Option<u32>) {
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
        self.forget(place, number)?;
        self.counters.evicted += 1;
        let progress = self.progress.get_mut(place)?;
        progress.unsure_until = progress.unsure_until.max(over);
        Some(())
    }

    /// Forgets a group of the unit at a place.
    pub(super) fn forget(&mut self, place: usize, number: u32) -> Option<()> {
        let key = self.groups.key(number)?;
        let state = self.groups.remove(number)?;
        self.forget_end(place, key, &state);
        self.events -= state.size();
        Some(())
    }

    fn forget_end(&mut self, place: usize, key: Key, state: &State) {
        let State::Many(window) = state else {
            return;
        };
        let span = self.plan.units.get(place).and_then(|unit| unit.span);
        if let (Some(closing), Some(span)) = (&window.closing, span) {
            let end = closing.opened.saturating_add(span);
            self.ends.remove(&(end, key));
        }
    }

    /// Forgets the groups of a unit that are over, and some of the next one's.
    pub(super) fn expire(&mut self, plan: &Plan, number: u32) {
        self.expire_some(plan, number as usize, usize::MAX);
        let units = plan.units.len().max(1) as u64;
        self.swept = (self.swept + 1) % units;
        self.expire_some(plan, self.swept as usize, 2);
    }

    fn expire_some(&mut self, plan: &Plan, place: usize, most: usize) {
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

    pub(super) fn span(&self, unit: &Unit) -> i64 {
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

    pub(super) fn is_over(&self, unit: &Unit, span: i64, time: i64) -> bool {
        self.over_at(unit, span, time) <= self.now
    }

    /// Whether a late event is after the end of its window, or of any that it could open.
    pub(super) fn is_lost(&self, unit: &Unit, span: i64, time: i64) -> bool {
        match unit.closes() {
            true => self.over_at(unit, span, time) <= self.handled,
            false => self.is_over(unit, span, time),
        }
    }
}
