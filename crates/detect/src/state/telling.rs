//! Matches, as they are told.

use super::giving::Arrival;
use super::machine::Machine;
use super::plan::{Reading, Unit, What};
use super::window::{Entry, Window};
use super::{Evidence, Match, Of, Part, Source};

/// What a window holds when it matches.
pub(super) struct Found {
    pub(super) evidence: Vec<Evidence>,
    pub(super) measure: Option<f64>,
    pub(super) incomplete: bool,
}

impl Machine {
    /// Tells of a match, at the time of the arrival.
    pub(super) fn tell(
        &mut self,
        unit: &Unit,
        number: u32,
        arrival: &Arrival,
        reading: Option<&Reading>,
        found: Found,
    ) {
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

impl Of {
    pub(super) fn as_part(self) -> Part {
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

impl Unit {
    pub(super) fn evidence_of<'w>(&self, entries: impl Iterator<Item = &'w Entry>) -> Vec<Evidence> {
        let evidence = entries.map(|entry| {
            let part = self.parts.get(entry.part as usize).copied();
            Evidence {
                time: entry.time,
                event: entry.event,
                part: part.unwrap_or_else(|| self.of.as_part()),
            }
        });
        evidence.collect()
    }

    /// What a window of this measures; none where nothing is.
    pub(super) fn measured(&self, window: &Window) -> Option<f64> {
        match &self.what {
            What::Watch(watch) => window.measured(watch),
            What::Joined(_) => None,
        }
    }
}
