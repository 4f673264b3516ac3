//! The shape cache: records of a layout seen before are read by comparing what is the same in all of them and
//! stepping over what differs.
//!
//! Between two values of a record lies its *glue*: the end of one value, a key, the beginning of the next
//! (`","id.orig_h":"`). Known layouts form a trie of glues; each edge also says what form the value after it
//! has. A record is matched glue by glue, byte for byte, so no key can be skipped or mistaken: whatever is new
//! in a record makes the match fail, the generic reader takes it, and the trie learns. Values of telling
//! fields (Zeek's `_path`) count as glue.

use crate::json::{Form, Item};
use crate::plan::{Plan, Slot};
use crate::{limits, scan, simd};
use std::cell::Cell;

/// Which line discipline a layout was learnt under; the two never mix.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Framing {
    /// A record a line, the line end included in the last glue.
    Lines,
    /// A record may span lines; its end is given.
    Spans,
}

const NONE: u32 = u32::MAX;
const SHORT: usize = 32;
/// A value whose length changes twice within so many records has no usual length.
const SURPRISE_RECORDS: u32 = 50;
/// Glue longer than this is not learnt: such records are read the slow way.
const GLUE_BYTES_MAX: usize = 4 << 10;
/// Slow records for which learning rests after the cache was filled with shapes that did not come again.
const REST_RECORDS: u32 = 100_000;

/// What follows an edge's glue.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum After {
    String,
    Bare,
    List,
    /// The record's end.
    End,
}

impl From<Form> for After {
    fn from(form: Form) -> Self {
        match form {
            Form::String => After::String,
            Form::Bare => After::Bare,
            Form::List => After::List,
        }
    }
}

/// A cache line.
#[derive(Clone, Debug)]
#[repr(align(64))]
struct Edge {
    glue: [u8; SHORT],
    /// The bits of `glue` that count.
    mask: u32,
    length: u32,
    /// The next alternative at the same place.
    sibling: u32,
    /// The first alternative after the value; at the end, the number of the record's plan.
    child: u32,
    /// Where in [`Shapes::longs`] the rest of a glue is that exceeds [`SHORT`].
    long: u32,
    after: After,
    /// Whether there is more to it than a short glue with a string or a bare value behind it.
    is_rare: bool,
    /// Length of the value when it was learnt, and the bit that its end then sets; [`Edge::UNUSUAL`] once the
    /// length turned out to vary.
    usual_length: u8,
    usual_bit: Cell<u32>,
    /// When it last had another length, in records found.
    surprised_at: Cell<u32>,
}

impl Edge {
    const UNUSUAL: u32 = 1 << 31;

    /// Whether the value ends where it usually does. Of fields that hardly vary in length (flags, codes,
    /// ports) the processor guesses it, and need not wait for one value's end before it looks at the next.
    #[inline(always)]
    fn is_as_usual(&self, stops: u32) -> bool {
        stops & stops.wrapping_neg() == self.usual_bit.get()
    }

    #[inline(always)]
    fn surprise(&self, found: u64) {
        if self.usual_bit.get() != Self::UNUSUAL {
            self.surprise_again(found as u32);
        }
    }

    #[cold]
    #[inline(never)]
    fn surprise_again(&self, found: u32) {
        if found.wrapping_sub(self.surprised_at.replace(found)) < SURPRISE_RECORDS {
            self.usual_bit.set(Self::UNUSUAL);
        }
    }
}

enum Rare {
    /// A value that ends here.
    Value(usize),
    End,
    /// The edge does not fit after all.
    Nothing,
}

/// All learnt layouts of one thread.
#[derive(Debug)]
pub(crate) struct Shapes {
    edges: Vec<Edge>,
    longs: Vec<Box<[u8]>>,
    plans: Vec<Plan>,
    roots: [u32; 2],
    found: u64,
    learnt: u64,
    resting: u32,
}

impl Default for Shapes {
    fn default() -> Self {
        Shapes {
            edges: Vec::new(),
            longs: Vec::new(),
            plans: Vec::new(),
            roots: [NONE; 2],
            found: 0,
            learnt: 0,
            resting: 0,
        }
    }
}

/// Places of the values of one record.
pub(crate) type Slots = [Slot; limits::SHAPE_VALUES_MAX];

impl Shapes {
    pub(crate) fn clear(&mut self) {
        *self = Shapes::default();
    }

    pub(crate) fn plan(&self, number: u32) -> Option<&Plan> {
        self.plans.get(number as usize)
    }

    /// Matches the record that starts at `start`; gives its plan's number and where it ends (after the line
    /// end, for lines), with its values' places in `slots`.
    // Not inlined: with registers of its own it takes a third less time.
    #[inline(never)]
    pub(crate) fn find(
        &self,
        framing: Framing,
        data: &[u8],
        start: usize,
        slots: &mut Slots,
    ) -> Option<(u32, usize)> {
        let edges = self.edges.as_slice();
        let [lines, spans] = self.roots;
        let mut next = if framing == Framing::Lines { lines } else { spans };
        let mut at = start;
        let mut values = 0;
        let mut before = NONE;
        loop {
            let Some(edge) = edges.get(next as usize) else {
                // Nothing fits, perhaps since the string before only stopped at an escape.
                let slot = slots.get_mut(usize::checked_sub(values, 1)?)?;
                (at, next) = self.after_escape(before, slot, data, at)?;
                continue;
            };
            if simd::equal32(simd::chunk(data, at)?, &edge.glue) & edge.mask != edge.mask {
                next = edge.sibling;
                continue;
            }
            let begin = at + edge.length as usize;
            let end = if edge.is_rare {
                match self.rare(edge, framing, data, at) {
                    Rare::Value(end) => end,
                    Rare::End => return Some((edge.child, begin)),
                    Rare::Nothing => {
                        next = edge.sibling;
                        continue;
                    }
                }
            } else if edge.after == After::String {
                let stops = simd::string_stops(simd::chunk(data, begin)?);
                if edge.is_as_usual(stops) {
                    begin + edge.usual_length as usize
                } else if stops == 0 {
                    scan::string_stop(data, begin + simd::WIDTH)
                } else {
                    edge.surprise(self.found);
                    begin + stops.trailing_zeros() as usize
                }
            } else {
                let stops = simd::bare_stops(simd::chunk(data, begin)?);
                if edge.is_as_usual(stops) {
                    begin + edge.usual_length as usize
                } else if stops == 0 {
                    scan::bare_end(data, begin + simd::WIDTH)
                } else if stops & 1 == 0 {
                    edge.surprise(self.found);
                    begin + stops.trailing_zeros() as usize
                } else {
                    next = edge.sibling;
                    continue;
                }
            };
            *slots.get_mut(values)? = Slot::new(begin, end);
            values += 1;
            at = end;
            before = next;
            next = edge.child;
        }
    }

    /// What the lean loop above leaves out.
    #[inline(never)]
    fn rare(&self, edge: &Edge, framing: Framing, data: &[u8], at: usize) -> Rare {
        if edge.long != NONE {
            let long = self
                .longs
                .get(edge.long as usize)
                .map(|long| &**long)
                .unwrap_or_default();
            if !data.get(at + SHORT..).is_some_and(|rest| rest.starts_with(long)) {
                return Rare::Nothing;
            }
        }
        let begin = at + edge.length as usize;
        match edge.after {
            After::String => Rare::Value(scan::string_stop(data, begin)),
            After::Bare => match scan::bare_end(data, begin) {
                end if end == begin => Rare::Nothing,
                end => Rare::Value(end),
            },
            After::List => flat_list_end(framing, data, begin).map_or(Rare::Nothing, Rare::Value),
            After::End => Rare::End,
        }
    }

    /// A string is first taken to end where it may; if that is an escape, no glue fits there. Puts the string's
    /// real end right in its slot, and gives it and the edges to go on with.
    #[inline(never)]
    fn after_escape(&self, before: u32, slot: &mut Slot, data: &[u8], at: usize) -> Option<(usize, u32)> {
        let before = self.edges.get(before as usize)?;
        if before.after != After::String || data.get(at) != Some(&b'\\') {
            return None;
        }
        let (end, _) = scan::string_end(data, at)?;
        *slot = Slot::new_escaped(slot.start(), end);
        Some((end, before.child))
    }

    /// Counts a record that was found, so that useless learning can be told.
    pub(crate) fn count_found(&mut self) {
        self.found += 1;
    }

    /// Whether a layout can be learnt now; counts the rest down.
    pub(crate) fn is_learning(&mut self) -> bool {
        self.resting = self.resting.saturating_sub(1);
        self.resting == 0
    }

    /// Learns the layout of `data[start..end]` (line end included, for lines), whose values are `items`.
    pub(crate) fn learn(
        &mut self,
        framing: Framing,
        data: &[u8],
        (start, end): (usize, usize),
        items: &[Item],
        plan: Plan,
    ) {
        if items.len() > limits::SHAPE_VALUES_MAX {
            return;
        }
        self.make_room(items.len());
        let mut steps = Steps {
            shapes: self,
            place: Place::Root(framing as usize),
        };
        let mut at = start;
        for item in items.iter().filter(|item| !item.telling) {
            let Some(glue) = data.get(at..item.start) else {
                return;
            };
            if !steps.go(glue, After::from(item.form), item.end - item.start) {
                return;
            }
            at = item.end;
        }
        let Some(glue) = data.get(at..end) else { return };
        let number = u32::try_from(steps.shapes.plans.len()).unwrap_or(NONE);
        if steps.go(glue, After::End, 0)
            && let Place::After(edge) = steps.place
            && let Some(edge) = self.edges.get_mut(edge as usize)
        {
            edge.child = number;
            self.plans.push(plan);
            self.learnt += 1;
        }
    }

    fn make_edge(&mut self, glue: &[u8], after: After, value_length: usize) -> u32 {
        let (short, rest) = glue.split_at(glue.len().min(SHORT));
        let mut first = [0; SHORT];
        for (to, from) in first.iter_mut().zip(short) {
            *to = *from;
        }
        let mut long = NONE;
        if !rest.is_empty() {
            long = u32::try_from(self.longs.len()).unwrap_or(NONE);
            self.longs.push(rest.into());
        }
        let mask = if short.len() == SHORT {
            u32::MAX
        } else {
            (1 << short.len()) - 1
        };
        let length = u32::try_from(glue.len()).unwrap_or(u32::MAX);
        let number = u32::try_from(self.edges.len()).unwrap_or(NONE);
        let is_rare = long != NONE || matches!(after, After::List | After::End);
        let usual_length = u8::try_from(value_length).unwrap_or(u8::MAX);
        let is_short = value_length < simd::WIDTH;
        let usual_bit = Cell::new(if is_short {
            1 << value_length
        } else {
            Edge::UNUSUAL
        });
        self.edges.push(Edge {
            glue: first,
            mask,
            length,
            sibling: NONE,
            child: NONE,
            long,
            after,
            is_rare,
            usual_length,
            usual_bit,
            surprised_at: Cell::new(self.found as u32),
        });
        number
    }

    /// Forgets everything when full; if what was learnt hardly ever came again, rests before learning more.
    fn make_room(&mut self, more: usize) {
        if self.edges.len() + more < limits::SHAPE_STEPS_MAX {
            return;
        }
        let useful = self.found >= self.learnt.saturating_mul(4);
        self.clear();
        if !useful {
            self.resting = REST_RECORDS;
        }
    }
}

impl Edge {
    fn is(&self, glue: &[u8], after: After, longs: &[Box<[u8]>]) -> bool {
        let (short, long) = glue.split_at(glue.len().min(SHORT));
        let known = longs
            .get(self.long as usize)
            .map(|long| &**long)
            .unwrap_or_default();
        let same = self.length as usize == glue.len() && self.glue.starts_with(short) && known == long;
        same && self.after == after
    }
}

fn flat_list_end(framing: Framing, data: &[u8], begin: usize) -> Option<usize> {
    let end = scan::flat_array_end(data, begin)?;
    let inside = data.get(begin..end)?;
    // White space in a list must not reach into the next line.
    (framing == Framing::Spans || memchr::memchr(b'\n', inside).is_none()).then_some(end)
}

/// Where in the trie a list of alternatives hangs.
#[derive(Clone, Copy)]
enum Place {
    Root(usize),
    After(u32),
}

struct Steps<'s> {
    shapes: &'s mut Shapes,
    place: Place,
}

impl Steps<'_> {
    /// Goes along the edge with this glue, which is made where there is none; `false` where it cannot be
    /// made, or is an end that is already there.
    fn go(&mut self, glue: &[u8], after: After, length: usize) -> bool {
        if glue.len() > GLUE_BYTES_MAX {
            return false;
        }
        let mut next = match self.place {
            Place::Root(root) => self.shapes.roots.get(root).copied().unwrap_or(NONE),
            Place::After(edge) => self
                .shapes
                .edges
                .get(edge as usize)
                .map_or(NONE, |edge| edge.child),
        };
        let mut last = NONE;
        while let Some(edge) = self.shapes.edges.get(next as usize) {
            if edge.is(glue, after, &self.shapes.longs) {
                self.place = Place::After(next);
                return after != After::End;
            }
            last = next;
            next = edge.sibling;
        }
        let number = self.shapes.make_edge(glue, after, length);
        match (self.shapes.edges.get_mut(last as usize), self.place) {
            (Some(edge), _) => edge.sibling = number,
            (None, Place::After(edge)) => {
                if let Some(edge) = self.shapes.edges.get_mut(edge as usize) {
                    edge.child = number;
                }
            }
            (None, Place::Root(root)) => {
                if let Some(root) = self.shapes.roots.get_mut(root) {
                    *root = number;
                }
            }
        }
        self.place = Place::After(number);
        true
    }
}
