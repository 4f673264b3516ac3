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
/// Glue longer than this is not learnt: such records are read the slow way.
const GLUE_BYTES_MAX: usize = 4 << 10;
/// Slow records for which learning rests after the cache was filled with shapes that did not come again.
const REST_RECORDS: u32 = 100_000;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum After {
    Value(Form),
    /// The record's end; the number is its plan.
    End(u32),
}

#[derive(Debug)]
struct Edge {
    glue: [u8; SHORT],
    /// The bits of `glue` that count.
    mask: u32,
    length: u32,
    after: After,
    /// The next alternative at the same place.
    sibling: u32,
    /// The first alternative after the value.
    child: u32,
    /// What of the glue exceeds [`SHORT`].
    long: Option<Box<[u8]>>,
}

/// All learnt layouts of one thread.
#[derive(Debug)]
pub(crate) struct Shapes {
    edges: Vec<Edge>,
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
    #[inline]
    pub(crate) fn find(
        &mut self,
        framing: Framing,
        data: &[u8],
        start: usize,
        slots: &mut Slots,
    ) -> Option<(u32, usize)> {
        let mut at = start;
        let mut next = match framing {
            Framing::Lines => self.roots[0],
            Framing::Spans => self.roots[1],
        };
        let mut values = 0;
        while let Some(edge) = self.edges.get(next as usize) {
            let same = simd::equal32(data, at, &edge.glue);
            if same & edge.mask != edge.mask || !edge.rest_fits(data, at) {
                next = edge.sibling;
                continue;
            }
            let begin = at + edge.length as usize;
            let (end, escaped) = match edge.after {
                After::Value(Form::String) => scan::string_end(data, begin)?,
                After::Value(Form::Bare) => (scan::bare_end(data, begin), false),
                After::Value(Form::List) => match flat_list_end(framing, data, begin) {
                    Some(end) => (end, false),
                    None => {
                        next = edge.sibling;
                        continue;
                    }
                },
                After::End(plan) => {
                    self.found += 1;
                    return Some((plan, begin));
                }
            };
            if end == begin && edge.after == After::Value(Form::Bare) {
                next = edge.sibling;
                continue;
            }
            *slots.get_mut(values)? = Slot {
                start: begin as u32,
                end: end as u32,
                escaped,
            };
            values += 1;
            at = end;
            next = edge.child;
        }
        None
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
            if !steps.go(glue, After::Value(item.form)) {
                return;
            }
            at = item.end;
        }
        let Some(glue) = data.get(at..end) else { return };
        let number = u32::try_from(steps.shapes.plans.len()).unwrap_or(NONE);
        if steps.go(glue, After::End(number)) {
            steps.shapes.plans.push(plan);
            self.learnt += 1;
        }
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
    #[inline(always)]
    fn rest_fits(&self, data: &[u8], at: usize) -> bool {
        match &self.long {
            None => true,
            Some(long) => data.get(at + SHORT..).is_some_and(|rest| rest.starts_with(long)),
        }
    }

    fn new(glue: &[u8], after: After) -> Edge {
        let (short, long) = glue.split_at(glue.len().min(SHORT));
        let mut first = [0; SHORT];
        for (to, from) in first.iter_mut().zip(short) {
            *to = *from;
        }
        let mask = if short.len() == SHORT {
            u32::MAX
        } else {
            (1 << short.len()) - 1
        };
        let long = (!long.is_empty()).then(|| long.into());
        let length = u32::try_from(glue.len()).unwrap_or(u32::MAX);
        Edge {
            glue: first,
            mask,
            length,
            after,
            sibling: NONE,
            child: NONE,
            long,
        }
    }

    fn is(&self, glue: &[u8], after: After) -> bool {
        let (short, long) = glue.split_at(glue.len().min(SHORT));
        let same_after = match (self.after, after) {
            (After::End(_), After::End(_)) => true,
            (known, new) => known == new,
        };
        same_after
            && self.length as usize == glue.len()
            && self.glue.starts_with(short)
            && self.long.as_deref().unwrap_or_default() == long
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
    fn go(&mut self, glue: &[u8], after: After) -> bool {
        if glue.len() > GLUE_BYTES_MAX {
            return false;
        }
        let first = match self.place {
            Place::Root(root) => self.shapes.roots.get(root).copied().unwrap_or(NONE),
            Place::After(edge) => self
                .shapes
                .edges
                .get(edge as usize)
                .map_or(NONE, |edge| edge.child),
        };
        let mut next = first;
        let mut last = NONE;
        while let Some(edge) = self.shapes.edges.get(next as usize) {
            if edge.is(glue, after) {
                self.place = Place::After(next);
                return !matches!(after, After::End(_));
            }
            last = next;
            next = edge.sibling;
        }
        let number = u32::try_from(self.shapes.edges.len()).unwrap_or(NONE);
        self.shapes.edges.push(Edge::new(glue, after));
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
