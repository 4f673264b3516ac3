//! Parts of many inputs, finished in any order, given on in the order of inputs and parts.

use std::collections::BTreeMap;

use super::workers::Part;
use crate::limits::HELD_MAX;

/// Parts that came before their turn.
pub(super) struct InOrder {
    held: BTreeMap<(usize, u64, u64), Part>,
    weight_held: usize,
    /// The input whose turn it is.
    input: usize,
    /// The next part and piece of each input that has begun.
    next: BTreeMap<usize, (u64, u64)>,
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
        self.held.insert((part.input, part.number, part.piece), part);
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
        // Any input whose next part is here will do; the first key of each tells.
        let mut from = 0;
        while let Some((&(input, _, _), _)) = self.held.range((from, 0, 0)..).next() {
            if let Some(part) = self.take_of(input) {
                return Some(part);
            }
            from = input + 1;
        }
        None
    }

    fn take_of(&mut self, input: usize) -> Option<Part> {
        let (number, piece) = self.next.get(&input).copied().unwrap_or_default();
        let part = self.held.remove(&(input, number, piece))?;
        self.weight_held -= weight(&part);
        if part.end.is_some() {
            self.next.remove(&input);
            self.ended.insert(input);
        } else {
            self.next.insert(
                input,
                if part.has_more {
                    (number, piece + 1)
                } else {
                    (number + 1, 0)
                },
            );
        }
        Some(part)
    }
}

/// What a held part costs: its detections and defects, and itself.
fn weight(part: &Part) -> usize {
    1 + part.found.len() + part.defects.len()
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

    #[test]
    fn pieces_of_a_part_follow_each_other() {
        let piece = |number, piece, has_more, is_last: bool| {
            let end = is_last.then_some(End::Read(entente_telemetry::Format::Text));
            Part {
                number,
                piece,
                has_more,
                end,
                ..Part::default()
            }
        };
        let mut in_order = InOrder::new();
        let mut out = Vec::new();
        for part in [
            piece(1, 0, false, true),
            piece(0, 1, true, false),
            piece(0, 0, true, false),
            piece(0, 2, false, false),
        ] {
            in_order.put(part);
            while let Some(part) = in_order.take() {
                out.push((part.number, part.piece));
            }
        }
        assert_eq!(out, [(0, 0), (0, 1), (0, 2), (1, 0)]);
    }
}
