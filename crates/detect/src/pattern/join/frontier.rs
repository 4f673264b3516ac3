//! What a group can achieve: pairs of the latest first time and the earliest last time of its observations, of which
//! only the best are kept. Observations are kept apart inside a bag, not between groups.

use super::bag::Flow;
use super::normal::{Need, Node, Normal};
use super::table::{Entry, Table};
use super::{Bound, Budget, Spent};
use std::collections::{BinaryHeap, HashMap};
use std::rc::Rc;

/// How observations of one time stand to each other.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Ties {
    /// Each may be before the other, and before itself.
    Allowed,
    /// In a row by their numbers, each once.
    InRow,
}

/// A time and the place in the row of those of the same time.
type Key = (i64, u32);

/// One achievement: the latest first time and the earliest last time of a binding.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Point {
    high: Key,
    low: Key,
}

/// The best achievements: from the highest `high` down, with lower and lower `low`.
#[derive(Debug, Clone, Default)]
struct Frontier {
    points: Rc<[Point]>,
}

/// The achievements of an expression and of its parts.
#[derive(Debug)]
pub(super) struct Solved {
    frontier: Frontier,
    parts: Vec<Solved>,
    ties: Ties,
}

/// Solves an expression from its leaves up.
pub(super) struct Solver<'a> {
    normal: &'a Normal,
    table: &'a Table,
    ties: Ties,
    /// Whether the leaves of a group are also counted together.
    counting: bool,
    /// Bags that were solved: the same ones stand in many places.
    bags: HashMap<Vec<Need>, Frontier>,
    budget: &'a mut Budget,
}

impl<'a> Solver<'a> {
    pub(super) fn new(normal: &'a Normal, table: &'a Table, ties: Ties, budget: &'a mut Budget) -> Self {
        Solver {
            normal,
            table,
            ties,
            counting: false,
            bags: HashMap::new(),
            budget,
        }
    }

    /// Also counts all leaves of a group together, which shows where observations do not suffice.
    pub(super) fn counting(mut self) -> Self {
        self.counting = true;
        self
    }

    pub(super) fn solve(mut self) -> Result<Solved, Spent> {
        let normal = self.normal;
        self.node(&normal.root)
    }

    fn node(&mut self, node: &Node) -> Result<Solved, Spent> {
        let (mut frontier, parts) = match node {
            Node::Bag(bag) => (self.bag(bag)?, Vec::new()),
            Node::All(children) => {
                let parts = self.nodes(children)?;
                (self.fold(&parts, Frontier::all)?, parts)
            }
            Node::Any(children) => {
                let parts = self.nodes(children)?;
                (Frontier::any(parts.iter().map(|part| &part.frontier)), parts)
            }
            Node::InOrder(children) => {
                let parts = self.nodes(children)?;
                (self.fold(&parts, Frontier::in_order)?, parts)
            }
            Node::Repeats(inner, _) => {
                let part = self.node(inner)?;
                (part.frontier.clone(), vec![part])
            }
            Node::Within(inner, width) => {
                let part = self.node(inner)?;
                (part.frontier.within(*width), vec![part])
            }
        };
        let counts = match node {
            Node::Repeats(..) => true,
            Node::All(_) | Node::InOrder(_) => self.counting,
            _ => false,
        };
        if counts && !frontier.points.is_empty() {
            for bag in node.needs().chunks(super::normal::KINDS_MAX) {
                frontier = Frontier::all(&frontier, &self.bag(bag)?, self.ties);
            }
        }
        self.budget.spend(frontier.points.len() + 1)?;
        Ok(Solved {
            frontier,
            parts,
            ties: self.ties,
        })
    }

    fn nodes(&mut self, nodes: &[Node]) -> Result<Vec<Solved>, Spent> {
        nodes.iter().map(|node| self.node(node)).collect()
    }

    fn fold(
        &mut self,
        parts: &[Solved],
        join: fn(&Frontier, &Frontier, Ties) -> Frontier,
    ) -> Result<Frontier, Spent> {
        let mut all = parts.iter().map(|part| &part.frontier);
        let mut joined = all.next().cloned().unwrap_or_default();
        for next in all {
            self.budget.spend(joined.points.len() + next.points.len() + 1)?;
            joined = join(&joined, next, self.ties);
        }
        Ok(joined)
    }

    fn bag(&mut self, bag: &[Need]) -> Result<Frontier, Spent> {
        if let Some(solved) = self.bags.get(bag) {
            return Ok(solved.clone());
        }
        let solved = self.solve_bag(bag)?;
        self.bags.insert(bag.to_vec(), solved.clone());
        Ok(solved)
    }

    /// For each earliest last time the smallest latest first time with which the bag can be filled.
    fn solve_bag(&mut self, bag: &[Need]) -> Result<Frontier, Spent> {
        self.budget.spend(self.table.len())?;
        let mut entries = self.table.entries(self.normal, bag);
        entries.sort_by_key(|entry| std::cmp::Reverse(self.ties.high(entry)));
        let mut flow = Flow::new(bag.iter().map(|need| need.count));
        // Those in the flow, the latest first.
        let mut inside: BinaryHeap<(Key, u64)> = BinaryHeap::new();
        let mut points: Vec<Point> = Vec::new();
        for entry in &entries {
            let low = self.ties.low(entry);
            if points.last().is_some_and(|best| low >= best.low) {
                continue;
            }
            flow.add(entry.kinds);
            inside.push((low, entry.kinds));
            let mut best = None;
            while flow.is_full() {
                let Some(&(low, kinds)) = inside.peek() else {
                    break;
                };
                if !flow.remove(kinds) {
                    flow.add(kinds);
                    best = Some(low);
                    break;
                }
                inside.pop();
            }
            self.budget.spend(flow.take_work() + 1)?;
            if let Some(low) = best {
                push(
                    &mut points,
                    Point {
                        high: self.ties.high(entry),
                        low,
                    },
                );
            }
        }
        Ok(Frontier::of(points))
    }
}

impl Ties {
    fn low(self, entry: &Entry) -> Key {
        (entry.low, self.place(entry))
    }

    fn high(self, entry: &Entry) -> Key {
        (entry.high, self.place(entry))
    }

    fn place(self, entry: &Entry) -> u32 {
        match self {
            Ties::Allowed => 0,
            Ties::InRow => entry.observation,
        }
    }

    /// The least that may come behind what ends so.
    fn behind(self, (time, place): Key) -> Key {
        match self {
            Ties::Allowed => (time, place),
            Ties::InRow => match place.checked_add(1) {
                Some(next) => (time, next),
                None => (time.saturating_add(1), 0),
            },
        }
    }
}

/// Adds a point behind others with a higher `high`, if it is better than they.
fn push(points: &mut Vec<Point>, point: Point) {
    match points.last_mut() {
        Some(last) if point.low >= last.low => {}
        Some(last) if point.high == last.high => *last = point,
        _ => points.push(point),
    }
}

impl Frontier {
    fn of(points: Vec<Point>) -> Frontier {
        Frontier {
            points: points.into(),
        }
    }

    /// The best with at least this `high`: the one with the lowest `low`.
    fn at(&self, high: Key) -> Option<Point> {
        let count = self.points.partition_point(|point| point.high >= high);
        self.points.get(count.checked_sub(1)?).copied()
    }

    /// Any that is at least as good as this.
    fn reaching(&self, high: Key, low: Key) -> Option<Point> {
        self.at(high).filter(|point| point.low <= low)
    }

    /// Every `high` of both, from the top.
    fn highs(&self, other: &Frontier) -> Vec<Key> {
        let mut highs: Vec<Key> = self
            .points
            .iter()
            .chain(&*other.points)
            .map(|point| point.high)
            .collect();
        // Two rows in order: merged, not sorted.
        highs.sort_by(|a, b| b.cmp(a));
        highs.dedup();
        highs
    }

    fn all(&self, other: &Frontier, _: Ties) -> Frontier {
        let mut points = Vec::new();
        for high in self.highs(other) {
            if let (Some(a), Some(b)) = (self.at(high), other.at(high)) {
                push(
                    &mut points,
                    Point {
                        high,
                        low: a.low.max(b.low),
                    },
                );
            }
        }
        Frontier::of(points)
    }

    fn any<'a>(all: impl Iterator<Item = &'a Frontier>) -> Frontier {
        let mut every: Vec<Point> = all.flat_map(|one| one.points.iter().copied()).collect();
        every.sort_unstable_by_key(|point| (std::cmp::Reverse(point.high), point.low));
        let mut points = Vec::new();
        every.into_iter().for_each(|point| push(&mut points, point));
        Frontier::of(points)
    }

    fn in_order(&self, later: &Frontier, ties: Ties) -> Frontier {
        let mut points = Vec::new();
        for high in self.highs(later) {
            let Some(before) = self.at(high) else {
                continue;
            };
            if let Some(after) = later.at(high.max(ties.behind(before.low))) {
                push(
                    &mut points,
                    Point {
                        high,
                        low: before.low.max(after.low),
                    },
                );
            }
        }
        Frontier::of(points)
    }

    fn within(&self, width: i64) -> Frontier {
        let is_within = |point: &&Point| point.low.0.saturating_sub(point.high.0) < width;
        Frontier::of(self.points.iter().filter(is_within).copied().collect())
    }
}

impl Solved {
    pub(super) fn is_empty(&self) -> bool {
        self.frontier.points.is_empty()
    }

    /// A binding that achieves the best; none where groups are repeated, whose observations are not known apart.
    /// An observation can be in it twice.
    pub(super) fn binding(&self, normal: &Normal, table: &Table) -> Option<Vec<Bound>> {
        let best = self.frontier.points.last()?;
        let mut bounds = Vec::new();
        self.trace(&normal.root, *best, normal, table, &mut bounds)?;
        Some(bounds)
    }

    /// Adds a binding of this part that is at least as good as `point`.
    fn trace(
        &self,
        node: &Node,
        point: Point,
        normal: &Normal,
        table: &Table,
        bounds: &mut Vec<Bound>,
    ) -> Option<()> {
        match node {
            Node::Bag(bag) => bounds.extend(fill(bag, point, self.ties, normal, table)?),
            Node::All(children) => {
                for (child, part) in children.iter().zip(&self.parts) {
                    part.trace(child, point, normal, table, bounds)?;
                }
            }
            Node::Any(children) => {
                let mut parts = children.iter().zip(&self.parts);
                let (child, part) =
                    parts.find(|(_, part)| part.frontier.reaching(point.high, point.low).is_some())?;
                part.trace(child, point, normal, table, bounds)?;
            }
            Node::InOrder(children) => {
                let mut from = point.high;
                for (child, part) in children.iter().zip(&self.parts) {
                    let best = part.frontier.at(from)?;
                    part.trace(child, best, normal, table, bounds)?;
                    from = from.max(self.ties.behind(best.low));
                }
            }
            Node::Within(inner, _) => {
                let best = self.frontier.reaching(point.high, point.low)?;
                self.parts.first()?.trace(inner, best, normal, table, bounds)?;
            }
            Node::Repeats(..) => return None,
        }
        Some(())
    }
}

/// Observations that fill a bag and are at least as good as `point`.
fn fill(bag: &[Need], point: Point, ties: Ties, normal: &Normal, table: &Table) -> Option<Vec<Bound>> {
    let mut flow = Flow::new(bag.iter().map(|need| need.count));
    let mut inside = Vec::new();
    for entry in table.entries(normal, bag) {
        if ties.low(&entry) <= point.low && ties.high(&entry) >= point.high {
            flow.add(entry.kinds);
            inside.push(entry);
        }
        if flow.is_full() {
            break;
        }
    }
    if !flow.is_full() {
        return None;
    }
    let mut given: HashMap<u64, Vec<u64>> = flow
        .given()
        .map(|(kinds, given)| (kinds, given.to_vec()))
        .collect();
    let mut filled = HashMap::new();
    for entry in inside {
        let Some(given) = given.get_mut(&entry.kinds) else {
            continue;
        };
        if let Some((kind, left)) = given.iter_mut().enumerate().find(|(_, left)| **left > 0) {
            *left -= 1;
            // The same observation between other times cannot be told apart here: given up, searched later.
            if filled.insert(entry.observation, kind).is_some() {
                return None;
            }
        }
    }
    Some(table.name(normal, bag, &filled))
}
