//! An expression in the form that is solved: times of `START` and `STOP` at the leaves, leaves joined by `AND`
//! counted together, what is always true or never left out.

use super::Join;
use std::collections::HashMap;

/// An expression in normal form.
#[derive(Debug)]
pub(super) struct Normal {
    pub(super) root: Node,
    /// What each slot takes.
    pub(super) slots: Vec<Vec<Source>>,
}

/// One way to fill a slot: a leaf, between two times (both inclusive).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) struct Source {
    pub(super) leaf: u32,
    pub(super) start: i64,
    pub(super) end: i64,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Node {
    /// Slots and how many observations each of them needs; never empty, no slot twice.
    Bag(Vec<Need>),
    All(Vec<Node>),
    Any(Vec<Node>),
    InOrder(Vec<Node>),
    /// Of what is more than a bag.
    Repeats(Box<Node>, u64),
    Within(Box<Node>, i64),
}

/// A slot and how many observations it needs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) struct Need {
    pub(super) slot: usize,
    pub(super) count: u64,
}

/// Kinds of slots in one bag: bits of a mask.
pub(super) const KINDS_MAX: usize = 64;

/// The normal form; none for what nothing satisfies.
pub(super) fn of(join: &Join) -> Option<Normal> {
    let mut normalizer = Normalizer::default();
    let root = normalizer.node(join, i64::MIN, i64::MAX)?;
    let mut slots: Vec<(Vec<Source>, usize)> = normalizer.slots.into_iter().collect();
    slots.sort_unstable_by_key(|slot| slot.1);
    Some(Normal {
        root,
        slots: slots.into_iter().map(|slot| slot.0).collect(),
    })
}

#[derive(Default)]
struct Normalizer {
    slots: HashMap<Vec<Source>, usize>,
}

// Recursion is as deep as the expression, whose maker bounds it.
impl Normalizer {
    fn node(&mut self, join: &Join, start: i64, end: i64) -> Option<Node> {
        match join {
            Join::Leaf(leaf) => Some(self.slot(vec![Source {
                leaf: *leaf,
                start,
                end,
            }])),
            Join::Between(inner, from, until) => {
                let (start, end) = (start.max(*from), end.min(until.saturating_sub(1)));
                self.node(inner, start, end).filter(|_| start <= end)
            }
            Join::Repeats(inner, times) => repeated(self.node(inner, start, end)?, *times),
            Join::Within(inner, width) => within(self.node(inner, start, end)?, *width),
            Join::All(all) => self.all(all, start, end),
            Join::Any(any) => self.any(any, start, end),
            Join::InOrder(row) => self.in_order(row, start, end),
        }
    }

    fn slot(&mut self, mut sources: Vec<Source>) -> Node {
        sources.sort_unstable();
        sources.dedup();
        let next = self.slots.len();
        let slot = *self.slots.entry(sources).or_insert(next);
        Node::Bag(vec![Need { slot, count: 1 }])
    }

    fn all(&mut self, all: &[Join], start: i64, end: i64) -> Option<Node> {
        let mut needs = Vec::new();
        let mut others = Vec::new();
        for join in all {
            match self.node(join, start, end)? {
                Node::Bag(bag) => needs.extend(bag),
                Node::All(children) => {
                    for child in children {
                        match child {
                            Node::Bag(bag) => needs.extend(bag),
                            other => others.push(other),
                        }
                    }
                }
                other => others.push(other),
            }
        }
        for bag in summed(needs).chunks(KINDS_MAX) {
            others.push(Node::Bag(bag.to_vec()));
        }
        single_or(others, Node::All)
    }

    fn any(&mut self, any: &[Join], start: i64, end: i64) -> Option<Node> {
        let mut sources = Vec::new();
        let mut others = Vec::new();
        for join in any {
            match self.node(join, start, end) {
                None => {}
                Some(Node::Any(children)) => others.extend(children),
                Some(other) => others.push(other),
            }
        }
        // Alternatives of one observation each are one slot.
        let by_number: HashMap<usize, &Vec<Source>> = self
            .slots
            .iter()
            .map(|(sources, slot)| (*slot, sources))
            .collect();
        others.retain(|node| match node {
            Node::Bag(bag) => match bag.as_slice() {
                [Need { slot, count: 1 }] => {
                    sources.extend(by_number.get(slot).into_iter().copied().flatten().copied());
                    false
                }
                _ => true,
            },
            _ => true,
        });
        if !sources.is_empty() {
            others.push(self.slot(sources));
        }
        single_or(others, Node::Any)
    }

    fn in_order(&mut self, row: &[Join], start: i64, end: i64) -> Option<Node> {
        let mut children = Vec::new();
        for join in row {
            match self.node(join, start, end)? {
                Node::InOrder(inner) => children.extend(inner),
                other => children.push(other),
            }
        }
        single_or(children, Node::InOrder)
    }
}

fn single_or(mut nodes: Vec<Node>, several: fn(Vec<Node>) -> Node) -> Option<Node> {
    match nodes.len() {
        0 | 1 => nodes.pop(),
        _ => Some(several(nodes)),
    }
}

fn repeated(node: Node, times: u64) -> Option<Node> {
    match (node, times) {
        (_, 0) => None,
        (node, 1) => Some(node),
        (Node::Bag(mut bag), times) => {
            for need in &mut bag {
                need.count = need.count.saturating_mul(times);
            }
            Some(Node::Bag(bag))
        }
        (Node::Repeats(inner, before), times) => Some(Node::Repeats(inner, before.saturating_mul(times))),
        (node, times) => Some(Node::Repeats(Box::new(node), times)),
    }
}

fn within(node: Node, width: i64) -> Option<Node> {
    match node {
        _ if width <= 0 => None,
        // One observation is always within.
        Node::Bag(bag) if matches!(bag.as_slice(), [Need { count: 1, .. }]) => Some(Node::Bag(bag)),
        Node::Within(inner, before) => Some(Node::Within(inner, before.min(width))),
        node => Some(Node::Within(Box::new(node), width)),
    }
}

/// Each slot once.
fn summed(mut needs: Vec<Need>) -> Vec<Need> {
    needs.sort_unstable_by_key(|need| need.slot);
    let mut out: Vec<Need> = Vec::with_capacity(needs.len());
    for need in needs {
        match out.last_mut() {
            Some(last) if last.slot == need.slot => last.count = last.count.saturating_add(need.count),
            _ => out.push(need),
        }
    }
    out
}

impl Node {
    /// Whether anything must come before anything.
    pub(super) fn has_order(&self) -> bool {
        match self {
            Node::Bag(_) => false,
            Node::InOrder(_) => true,
            Node::All(children) | Node::Any(children) => children.iter().any(Node::has_order),
            Node::Repeats(inner, _) | Node::Within(inner, _) => inner.has_order(),
        }
    }

    /// What every binding needs, whatever alternatives it takes.
    pub(super) fn needs(&self) -> Vec<Need> {
        let mut needs = Vec::new();
        self.add_needs(1, &mut needs);
        summed(needs)
    }

    fn add_needs(&self, times: u64, needs: &mut Vec<Need>) {
        match self {
            Node::Bag(bag) => needs.extend(bag.iter().map(|need| Need {
                slot: need.slot,
                count: need.count.saturating_mul(times),
            })),
            Node::All(children) | Node::InOrder(children) => {
                children.iter().for_each(|child| child.add_needs(times, needs));
            }
            Node::Any(_) => {}
            Node::Repeats(inner, more) => inner.add_needs(times.saturating_mul(*more), needs),
            Node::Within(inner, _) => inner.add_needs(times, needs),
        }
    }
}
