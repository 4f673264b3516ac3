//! Correlations straight from the text: every window over all events, every choice of events.

use super::*;
use std::collections::BTreeSet;

/// What is asked of a group's events.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum Asked {
    Count,
    Distinct,
    Sum,
    Average,
    Percentile(f64),
    Temporal,
    Ordered,
}

/// The seconds, the group and the measure of each match.
pub(super) type Told = (i64, String, Option<f64>);

const SPAN: i64 = 10;

/// A naive evaluator of a correlation of all rules, by `user`, measuring `n`, within 10 seconds.
pub(super) struct Naive<'a> {
    pub(super) asked: Asked,
    pub(super) holds: &'a dyn Fn(f64) -> bool,
    /// Judged at the end of the window.
    pub(super) closes: bool,
}

impl Naive<'_> {
    pub(super) fn run(&self, events: &[Seen]) -> Vec<Told> {
        let mut events: Vec<&Seen> = events
            .iter()
            .filter(|event| self.value(event).is_some())
            .collect();
        events.sort_by_key(|event| (event.seconds, event.event, event.rule));
        events.dedup_by_key(|event| (event.seconds, event.event, event.rule));
        let groups: BTreeSet<&str> = events.iter().filter_map(|event| field(event, "user")).collect();
        let of_group = groups.into_iter().flat_map(|group| {
            let events: Vec<&Seen> = events
                .iter()
                .copied()
                .filter(|event| field(event, "user") == Some(group))
                .collect();
            let told = match self.closes {
                true => self.closing(&events),
                false => self.sliding(&events),
            };
            told.into_iter()
                .map(move |(time, measure)| (time, group.to_owned(), measure))
        });
        let mut told: Vec<Told> = of_group.collect();
        told.sort_by(|a, b| (a.0, &a.1).cmp(&(b.0, &b.1)));
        told
    }

    fn sliding(&self, events: &[&Seen]) -> Vec<(i64, Option<f64>)> {
        let mut told = Vec::new();
        let mut start = 0;
        for (place, event) in events.iter().enumerate() {
            let window: Vec<&Seen> = events[start..=place]
                .iter()
                .copied()
                .filter(|other| event.seconds - other.seconds < SPAN)
                .collect();
            if let Some(measure) = self.matches(&window) {
                told.push((event.seconds, measure));
                start = place + 1;
            }
        }
        told
    }

    fn closing(&self, mut events: &[&Seen]) -> Vec<(i64, Option<f64>)> {
        let mut told = Vec::new();
        while let Some(first) = events.first() {
            let end = first.seconds + SPAN;
            let length = events.iter().take_while(|event| event.seconds < end).count();
            let (window, rest) = events.split_at(length);
            told.extend(self.matches(window).map(|measure| (end, measure)));
            events = rest;
        }
        told
    }

    fn matches(&self, window: &[&Seen]) -> Option<Option<f64>> {
        if self.asked == Asked::Ordered {
            return in_order(window, &[0, 1, 2], &mut Vec::new()).then_some(None);
        }
        let measured = self.measure(window);
        (self.holds)(measured).then_some(Some(measured))
    }

    fn measure(&self, window: &[&Seen]) -> f64 {
        let mut once: Vec<&Seen> = window.to_vec();
        once.dedup_by_key(|event| (event.seconds, event.event));
        let mut numbers: Vec<f64> = once
            .iter()
            .filter_map(|event| field(event, "n")?.parse().ok())
            .collect();
        numbers.sort_by(f64::total_cmp);
        let sum: f64 = numbers.iter().sum();
        match self.asked {
            Asked::Count => once.len() as f64,
            Asked::Distinct => {
                let values: BTreeSet<_> = window.iter().filter_map(|event| field(event, "n")).collect();
                values.len() as f64
            }
            Asked::Temporal | Asked::Ordered => {
                let rules: BTreeSet<u32> = window.iter().map(|event| event.rule).collect();
                rules.len() as f64
            }
            Asked::Sum => sum,
            Asked::Average => sum / numbers.len() as f64,
            Asked::Percentile(percentile) => {
                let place = percentile / 100.0 * (numbers.len() - 1) as f64;
                let (below, above) = (numbers[place.floor() as usize], numbers[place.ceil() as usize]);
                below + (above - below) * place.fract()
            }
        }
    }

    /// What an event counts by; none where it does not count.
    fn value(&self, event: &Seen) -> Option<()> {
        match self.asked {
            Asked::Count | Asked::Temporal | Asked::Ordered => Some(()),
            Asked::Distinct => field(event, "n").map(|_| ()),
            _ => field(event, "n")?.parse::<f64>().ok().map(|_| ()),
        }
    }
}

fn field<'e>(event: &'e Seen, name: &str) -> Option<&'e str> {
    let field = event.fields.iter().find(|(known, _)| *known == name);
    field.map(|(_, value)| value.as_str())
}

/// Whether different events of these rules come in this order.
fn in_order<'e>(window: &[&'e Seen], rules: &[u32], chosen: &mut Vec<&'e Seen>) -> bool {
    let Some((rule, rest)) = rules.split_first() else {
        return true;
    };
    window.iter().any(|event| {
        let is_next = event.rule == *rule
            && chosen.last().is_none_or(|last| last.seconds <= event.seconds)
            && chosen
                .iter()
                .all(|other| (other.seconds, other.event) != (event.seconds, event.event));
        if !is_next {
            return false;
        }
        chosen.push(event);
        let is_found = in_order(window, rest, chosen);
        chosen.pop();
        is_found
    })
}
