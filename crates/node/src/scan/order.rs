//! Parts of many inputs, finished in any order, given on in the order of inputs and parts.

use std::collections::BTreeMap;

use super::workers::Part;
use crate::limits::HELD_MAX;

/// Parts that came before their turn.
pub(super) struct InOrder {
    held: BTreeMap<(usize, u64), Part>,
    weight_held: usize,
    /// The input whose turn it is.
    input: usize,
    /// The next part of each input that has begun.
    next: BTreeMap<usize, u64>,
    /// Inputs that ended before their turn came.
    ended: std::collections::BTreeSet<usize>,
}

impl InOrder {
    pub(super) fn new() -> InOrder {
        InOrder {
            held: BTreeMap::new(),
            weight_held: 0,
            input: 0,
            next: BTreeMap::new(),
            ended: std::collections::BTreeSet::new(),
        }
    }

    pub(super) fn put(&mut self, part: Part) {
        self.weight_held += weight(&part);
        self.held.insert((part.input, part.number), part);
    }

    /// The next part whose turn has come. Within an input the order always holds; between inputs it is given
    /// up when too many detections wait for an earlier input to end.
    pub(super) fn take(&mut self) -> Option<Part> {
        while self.ended.remove(&self.input) {
            self.input += 1;
        }
        if let Some(part) = self.take_of(self.input) {
            return Some(part);
        }
        if self.weight_held <= HELD_MAX {
            return None;
        }
        let inputs: Vec<usize> = self.held.keys().map(|(input, _)| *input).collect();
        inputs.into_iter().find_map(|input| self.take_of(input))
    }

    fn take_of(&mut self, input: usize) -> Option<Part> {
        let next = self.next.get(&input).copied().unwrap_or(0);
        let part = self.held.remove(&(input, next))?;
        self.weight_held -= weight(&part);
        if part.end.is_some() {
            self.next.remove(&input);
            self.ended.insert(input);
        } else {
            self.next.insert(input, next + 1);
        }
        Some(part)
    }
}

/// What a held part costs: its detections and defects, and itself.
fn weight(part: &Part) -> usize {
    1 + part.hits.len() + part.defects.len()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::scan::workers::End;

    fn part(input: usize, number: u64, is_last: bool) -> Part {
        let end = is_last.then_some(End::Read(entente_telemetry::Format::Text));
        Part {
            input,
            number,
            end,
            ..Part::default()
        }
    }

    #[test]
    fn parts_come_out_by_input_then_number() {
        let mut in_order = InOrder::new();
        let mut out = Vec::new();
        for part in [
            part(1, 0, true),
            part(0, 1, true),
            part(2, 0, false),
            part(0, 0, false),
            part(2, 1, true),
        ] {
            in_order.put(part);
            while let Some(part) = in_order.take() {
                out.push((part.input, part.number));
            }
        }
        assert_eq!(out, [(0, 0), (0, 1), (1, 0), (2, 0), (2, 1)]);
    }
}
