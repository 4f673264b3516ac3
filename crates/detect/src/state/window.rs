//! The events of one group: what they count or measure, and whether that is what was asked for.

use super::Event;
use super::plan::{Asked, Measure, Watch};
use super::values::Values;
use crate::limits::{STATE_COUNT_MAX, STATE_EVIDENCE_MAX, STATE_MEASURED_MAX};
use std::collections::{BTreeSet, HashMap, VecDeque};

/// What is kept of a group; one event takes no memory of its own.
#[derive(Debug, Default)]
pub(super) enum State {
    #[default]
    Empty,
    One(Entry),
    Many(Box<Window>),
}

/// What is kept of an event.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Entry {
    pub(super) time: i64,
    pub(super) event: Event,
    /// The bits of a number, a digest of a value, or the number of an observation.
    pub(super) value: u64,
    pub(super) part: u32,
}

#[derive(Debug, Default)]
pub(super) struct Window {
    /// By time and event.
    pub(super) entries: VecDeque<Entry>,
    pub(super) aside: Aside,
    pub(super) closing: Option<Box<Closing>>,
    /// The time of the latest event.
    pub(super) latest: i64,
    /// A bound was met: events are missing.
    pub(super) incomplete: bool,
}

/// What is kept beside the events, so that they need not be gone through.
#[derive(Debug, Default)]
pub(super) enum Aside {
    #[default]
    Nothing,
    /// In millionths.
    Sum(Box<i128>),
    /// Ascending.
    Sorted(Vec<f64>),
    /// The latest event of each value, instead of all events.
    Distinct(Box<Distinct>),
    /// How many entries there are of each part that has any, by part.
    Counts(Vec<(u32, u32)>),
}

#[derive(Debug, Default)]
pub(super) struct Distinct {
    pub(super) by_value: HashMap<u64, Entry>,
    by_time: BTreeSet<(i64, u64)>,
}

/// A window that is judged at its end.
#[derive(Debug)]
pub(super) struct Closing {
    pub(super) opened: i64,
    /// Events; some may not be kept.
    pub(super) total: u64,
    /// The latest event's.
    pub(super) event: Event,
    pub(super) part: u32,
    pub(super) rule: u32,
    pub(super) values: Values,
}

/// What became of an event.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Added {
    Taken,
    /// It was there already.
    Known,
    /// It came when its window was over.
    Lost,
}

impl State {
    /// The window, which is to be put back by [`State::of`].
    pub(super) fn take(&mut self, watch: Option<&Watch>) -> Box<Window> {
        match std::mem::take(self) {
            State::Empty => Box::new(Window::new(watch)),
            State::Many(window) => window,
            State::One(entry) => {
                let mut window = Box::new(Window::new(watch));
                window.put(entry);
                window
            }
        }
    }

    pub(super) fn of(window: Box<Window>) -> State {
        if window.size() != 1 || window.closing.is_some() || window.incomplete {
            return State::Many(window);
        }
        let first = window.evidence().next().copied();
        match first.filter(|entry| entry.time == window.latest) {
            Some(entry) => State::One(entry),
            None => State::Many(window),
        }
    }

    pub(super) fn latest(&self) -> i64 {
        match self {
            State::Empty => i64::MIN,
            State::One(entry) => entry.time,
            State::Many(window) => window.latest,
        }
    }

    /// How many events are kept.
    pub(super) fn size(&self) -> usize {
        match self {
            State::Empty => 0,
            State::One(_) => 1,
            State::Many(window) => window.size(),
        }
    }
}

impl Window {
    /// An empty one; without a watch, of hits to be joined.
    pub(super) fn new(watch: Option<&Watch>) -> Self {
        let aside = match watch.map(|watch| watch.measure) {
            None => Aside::Counts(Vec::new()),
            Some(Measure::Count | Measure::Seen) => Aside::Nothing,
            Some(Measure::Distinct) => Aside::Distinct(Box::default()),
            Some(Measure::Sum | Measure::Average) => Aside::Sum(Box::default()),
            Some(Measure::Percentile(_)) => Aside::Sorted(Vec::new()),
        };
        Window {
            aside,
            latest: i64::MIN,
            ..Window::default()
        }
    }

    pub(super) fn size(&self) -> usize {
        match &self.aside {
            Aside::Distinct(distinct) => distinct.by_value.len(),
            _ => self.entries.len(),
        }
    }

    /// What is kept, by time.
    pub(super) fn evidence(&self) -> Box<dyn Iterator<Item = &Entry> + '_> {
        match &self.aside {
            Aside::Distinct(distinct) => Box::new(
                distinct
                    .by_time
                    .iter()
                    .filter_map(|(_, value)| distinct.by_value.get(value)),
            ),
            _ => Box::new(self.entries.iter()),
        }
    }

    /// Adds an event to a window that looks back a span from its latest event.
    pub(super) fn add(&mut self, watch: &Watch, entry: Entry, span: i64) -> Added {
        self.latest = self.latest.max(entry.time);
        let over = self.latest.saturating_sub(span);
        if entry.time <= over {
            return Added::Lost;
        }
        self.forget_until(over);
        if self.knows(watch.measure, &entry) {
            return Added::Known;
        }
        if self.size() >= most(watch.measure) {
            self.incomplete = true;
            self.forget_first();
        }
        self.put(entry);
        Added::Taken
    }

    /// Adds an event to a window that is judged at its end.
    pub(super) fn add_until_end(&mut self, watch: &Watch, entry: Entry, rule: u32, values: &Values) -> Added {
        let is_first = self.closing.is_none();
        let closing = self.closing.get_or_insert_with(|| {
            Box::new(Closing {
                opened: entry.time,
                total: 0,
                event: entry.event,
                part: entry.part,
                rule,
                values: values.clone(),
            })
        });
        if entry.time < closing.opened {
            return Added::Lost;
        }
        let is_last = closing.event == entry.event && self.latest == entry.time;
        let counts_once = !matches!(watch.measure, Measure::Distinct | Measure::Seen);
        if counts_once && is_last && !is_first {
            return Added::Known;
        }
        if entry.time >= self.latest {
            closing.event = entry.event;
            closing.part = entry.part;
            closing.rule = rule;
            closing.values = values.clone();
            self.latest = entry.time;
        }
        if self.knows(watch.measure, &entry) {
            return Added::Known;
        }
        if let Some(closing) = &mut self.closing {
            closing.total = closing.total.saturating_add(1);
        }
        self.put_in_closing(watch.measure, entry);
        Added::Taken
    }

    fn put_in_closing(&mut self, measure: Measure, entry: Entry) {
        let size = self.size();
        match measure {
            // The value above all bounds is enough to know.
            Measure::Distinct if size > STATE_COUNT_MAX => {}
            Measure::Distinct | Measure::Seen => self.put(entry),
            Measure::Percentile(_) if size >= STATE_MEASURED_MAX => self.incomplete = true,
            Measure::Percentile(_) => self.put(entry),
            Measure::Count | Measure::Sum | Measure::Average => {
                if size < STATE_EVIDENCE_MAX {
                    self.put(entry);
                } else if let Aside::Sum(sum) = &mut self.aside {
                    **sum = sum.saturating_add(millionths(entry.value));
                }
            }
        }
    }

    /// Whether an event is there already; of parts and values only the latest event is kept, of which this sees to it
    /// that an earlier one goes.
    fn knows(&mut self, measure: Measure, entry: &Entry) -> bool {
        match (&mut self.aside, measure) {
            (Aside::Distinct(distinct), _) => match distinct.by_value.get(&entry.value) {
                Some(kept) if (kept.time, kept.event) >= (entry.time, entry.event) => true,
                Some(kept) => {
                    distinct.by_time.remove(&(kept.time, kept.value));
                    distinct.by_value.remove(&entry.value);
                    false
                }
                None => false,
            },
            (_, Measure::Seen) => {
                let Some(place) = self.entries.iter().position(|kept| kept.part == entry.part) else {
                    return false;
                };
                let is_later = self
                    .entries
                    .get(place)
                    .is_some_and(|kept| (kept.time, kept.event) >= (entry.time, entry.event));
                if !is_later {
                    self.entries.remove(place);
                }
                is_later
            }
            _ => {
                let place = self.place(entry);
                let before = place.checked_sub(1).and_then(|place| self.entries.get(place));
                before.is_some_and(|kept| (kept.time, kept.event) == (entry.time, entry.event))
            }
        }
    }

    /// Behind all that is not later.
    fn place(&self, entry: &Entry) -> usize {
        let is_later =
            |kept: &Entry| (kept.time, kept.event, kept.part) > (entry.time, entry.event, entry.part);
        match self.entries.back() {
            Some(last) if is_later(last) => self.entries.partition_point(|kept| !is_later(kept)),
            _ => self.entries.len(),
        }
    }

    /// Keeps an event.
    pub(super) fn put(&mut self, entry: Entry) {
        self.latest = self.latest.max(entry.time);
        match &mut self.aside {
            Aside::Nothing => {}
            Aside::Sum(sum) => **sum = sum.saturating_add(millionths(entry.value)),
            Aside::Sorted(sorted) => {
                let value = f64::from_bits(entry.value);
                let place = sorted.partition_point(|kept| kept.total_cmp(&value).is_le());
                sorted.insert(place, value);
            }
            Aside::Distinct(distinct) => {
                distinct.by_time.insert((entry.time, entry.value));
                distinct.by_value.insert(entry.value, entry);
                return;
            }
            Aside::Counts(counts) => match counts.binary_search_by_key(&entry.part, |count| count.0) {
                Ok(place) => counts
                    .iter_mut()
                    .skip(place)
                    .take(1)
                    .for_each(|count| count.1 += 1),
                Err(place) => counts.insert(place, (entry.part, 1)),
            },
        }
        self.entries.insert(self.place(&entry), entry);
    }

    /// Forgets what is not later than a time. Gives how many.
    pub(super) fn forget_until(&mut self, over: i64) -> usize {
        let mut forgotten = 0;
        while self.evidence_first().is_some_and(|time| time <= over) {
            self.forget_first();
            forgotten += 1;
        }
        forgotten
    }

    fn evidence_first(&self) -> Option<i64> {
        match &self.aside {
            Aside::Distinct(distinct) => distinct.by_time.first().map(|first| first.0),
            _ => self.entries.front().map(|entry| entry.time),
        }
    }

    fn forget_first(&mut self) {
        if let Aside::Distinct(distinct) = &mut self.aside {
            if let Some((_, value)) = distinct.by_time.pop_first() {
                distinct.by_value.remove(&value);
            }
            return;
        }
        self.forget(0);
    }

    pub(super) fn forget(&mut self, place: usize) {
        let Some(entry) = self.entries.remove(place) else {
            return;
        };
        match &mut self.aside {
            Aside::Sum(sum) => **sum = sum.saturating_sub(millionths(entry.value)),
            Aside::Sorted(sorted) => {
                let value = f64::from_bits(entry.value);
                let place = sorted.partition_point(|kept| kept.total_cmp(&value).is_lt());
                if place < sorted.len() {
                    sorted.remove(place);
                }
            }
            Aside::Counts(counts) => {
                counts.retain_mut(|count| {
                    count.1 -= u32::from(count.0 == entry.part);
                    count.1 > 0
                });
            }
            Aside::Nothing | Aside::Distinct(_) => {}
        }
    }

    /// What is measured; none where nothing is, and where it is which parts were seen.
    pub(super) fn measured(&self, watch: &Watch) -> Option<f64> {
        let kept = self.size() as f64;
        let total = self.closing.as_ref().map_or(kept, |closing| closing.total as f64);
        let sum = match &self.aside {
            Aside::Sum(sum) => **sum as f64 / MILLION,
            _ => 0.0,
        };
        match (watch.measure, &self.aside) {
            _ if kept == 0.0 => None,
            _ if matches!(watch.asked, Asked::Parts(_)) => None,
            (Measure::Count, _) => Some(total),
            (Measure::Distinct | Measure::Seen, _) => Some(kept),
            (Measure::Sum, _) => Some(sum),
            (Measure::Average, _) => Some(sum / total),
            (Measure::Percentile(percentile), Aside::Sorted(sorted)) => percentile_of(sorted, percentile),
            (Measure::Percentile(_), _) => None,
        }
    }

    /// Whether it is what was asked for.
    pub(super) fn is_match(&self, watch: &Watch) -> bool {
        match &watch.asked {
            Asked::Bounds(bounds) => self
                .measured(watch)
                .is_some_and(|measured| bounds.iter().all(|(how, bound)| how.holds(measured, *bound))),
            Asked::Parts(parts) => {
                let mut seen: Vec<u32> = self.entries.iter().map(|entry| entry.part).collect();
                seen.sort_unstable();
                parts.holds(&|part| seen.binary_search(&part).is_ok())
            }
        }
    }
}

/// How many events are kept at most.
fn most(measure: Measure) -> usize {
    match measure {
        Measure::Percentile(_) => STATE_MEASURED_MAX,
        Measure::Count | Measure::Distinct | Measure::Sum | Measure::Average | Measure::Seen => {
            STATE_COUNT_MAX
        }
    }
}

/// A number as the text of a value has it; none of what is none, or so large that sums would not be exact.
pub(super) fn number(text: &str) -> Option<f64> {
    let number: f64 = text.trim_ascii().parse().ok()?;
    (number.abs() <= NUMBER_MAX).then_some(number)
}

const NUMBER_MAX: f64 = 1e24;
const MILLION: f64 = 1e6;

/// Sums are of whole millionths, so that their order does not matter and nothing drifts.
fn millionths(bits: u64) -> i128 {
    (f64::from_bits(bits) * MILLION).round() as i128
}

/// The value at a percentile of ascending values, between two of them in proportion: the median of two values is
/// half-way between them.
fn percentile_of(sorted: &[f64], percentile: f64) -> Option<f64> {
    let place = percentile / 100.0 * sorted.len().checked_sub(1)? as f64;
    let below = sorted.get(place.floor() as usize)?;
    let above = sorted.get(place.ceil() as usize)?;
    Some(below + (above - below) * place.fract())
}
