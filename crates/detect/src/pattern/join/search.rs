//! The sure way: observations in the order of their first times, each given to a slot or left out, until a binding
//! is whole. What was tried once is not tried again, copies that repeat are alike, and what can no longer become
//! whole is given up early. Bounded by steps.

use super::normal::{Need, Node, Normal};
use super::table::{Fillers, Table, filling};
use super::{Bound, Budget, Hit, Outcome, Spent};
use std::collections::{HashMap, HashSet};

/// How far a group has come.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
enum State {
    /// Observations that each slot has, the latest first and the earliest last time.
    Bag { filled: Vec<u64>, low: i64, high: i64 },
    /// The parts of a group.
    Parts(Vec<State>),
    /// The copies of what repeats that have begun, sorted, and how many are in each state.
    Copies(Vec<(State, u64)>),
    /// Which alternative is taken, once one has begun.
    Choice(Option<(usize, Box<State>)>),
}

/// What the state of a group says to the groups around it.
#[derive(Debug, Clone, Copy)]
struct Sum {
    is_whole: bool,
    /// The latest first time that it will have at least.
    low: i64,
    /// The earliest last time so far.
    high: i64,
}

pub(super) struct Search<'a> {
    normal: &'a Normal,
    observations: Vec<&'a [Hit]>,
    /// By which leaf each slot is filled.
    fillers: Fillers,
    /// For each slot the places of the observations that fill it, in order.
    places: Vec<Vec<usize>>,
    budget: &'a mut Budget,
}

/// A state that is to be gone on from.
struct Open {
    /// The place of the next observation.
    next: usize,
    state: State,
    /// The last decision that led here.
    trail: usize,
}

/// A decision and the one before it.
struct Step {
    before: usize,
    bound: Bound,
}

/// A state that an observation leads to, and by which leaf.
type Way = (State, u32);

impl<'a> Search<'a> {
    pub(super) fn new(normal: &'a Normal, table: &'a Table, budget: &'a mut Budget) -> Self {
        let every: Vec<Need> = (0..normal.slots.len())
            .map(|slot| Need { slot, count: 1 })
            .collect();
        let fillers = super::table::fillers(normal, &every);
        let is_used =
            |hits: &&[Hit]| filling(hits, &fillers).any(|(hit, filler)| filler.times(hit).is_some());
        let observations: Vec<&[Hit]> = table.observations().filter(is_used).collect();
        let mut places = vec![Vec::new(); normal.slots.len()];
        for (place, hits) in observations.iter().enumerate() {
            for (hit, filler) in filling(hits, &fillers) {
                let of_slot: Option<&mut Vec<usize>> = places.get_mut(filler.kind);
                if let Some(of_slot) = of_slot.filter(|of_slot| of_slot.last() != Some(&place))
                    && filler.times(hit).is_some()
                {
                    of_slot.push(place);
                }
            }
        }
        Search {
            normal,
            observations,
            fillers,
            places,
            budget,
        }
    }

    pub(super) fn run(self) -> Result<Outcome, Spent> {
        let root = &self.normal.root;
        let mut steps: Vec<Step> = Vec::new();
        let mut tried: HashSet<(usize, State)> = HashSet::new();
        let mut open = vec![Open {
            next: 0,
            state: root.begin(),
            trail: usize::MAX,
        }];
        while let Some(Open {
            next,
            mut state,
            trail,
        }) = open.pop()
        {
            self.budget.spend(state.size())?;
            let Some(hits) = self.observations.get(next).copied() else {
                continue;
            };
            let now = hits.first().map_or(i64::MAX, |hit| hit.first);
            if root.sum(&state, now).is_none() || !self.can_become_whole(&state, next) {
                continue;
            }
            root.forget(&mut state, now, false);
            if !tried.insert((next, state.clone())) {
                continue;
            }
            let mut ways: Vec<Way> = Vec::new();
            for (leaf, slot, low, high) in self.ways_of(hits) {
                root.give(&state, slot, (low, high), &mut |given| ways.push((given, leaf)));
            }
            self.budget.spend(ways.iter().map(|way| way.0.size()).sum())?;
            open.push(Open {
                next: next + 1,
                state,
                trail,
            });
            let observation = hits.first().map_or(0, |hit| hit.observation);
            // Those found first are tried first.
            for (given, leaf) in ways.into_iter().rev() {
                let Some(sum) = root.sum(&given, now) else {
                    continue;
                };
                steps.push(Step {
                    before: trail,
                    bound: Bound { leaf, observation },
                });
                let trail = steps.len() - 1;
                if sum.is_whole {
                    return Ok(Outcome::Match(followed_back(&steps, trail)));
                }
                open.push(Open {
                    next: next + 1,
                    state: given,
                    trail,
                });
            }
        }
        Ok(Outcome::NoMatch)
    }

    /// The slots that an observation can fill, and between which times.
    fn ways_of(&self, hits: &[Hit]) -> Vec<(u32, usize, i64, i64)> {
        let mut ways: Vec<(u32, usize, i64, i64)> = Vec::new();
        for (hit, filler) in filling(hits, &self.fillers) {
            if let Some((low, high)) = filler.times(hit)
                && !ways
                    .iter()
                    .any(|way| (way.1, way.2, way.3) == (filler.kind, low, high))
            {
                ways.push((hit.leaf, filler.kind, low, high));
            }
        }
        ways
    }

    /// Whether enough observations are left for every slot.
    fn can_become_whole(&self, state: &State, next: usize) -> bool {
        let mut lacking = HashMap::new();
        self.normal.root.add_lacking(Some(state), 1, &mut lacking);
        lacking.into_iter().all(|(slot, count)| {
            let places = self.places.get(slot).map(Vec::as_slice).unwrap_or_default();
            let left = places.len() - places.partition_point(|place| *place < next);
            left as u64 >= count
        })
    }
}

fn followed_back(steps: &[Step], last: usize) -> Vec<Bound> {
    let mut bounds = Vec::new();
    let mut at = last;
    while let Some(step) = steps.get(at) {
        bounds.push(step.bound);
        at = step.before;
    }
    bounds.reverse();
    bounds
}

impl State {
    /// How much there is to copy and to compare.
    fn size(&self) -> usize {
        match self {
            State::Bag { filled, .. } => 1 + filled.len() / 4,
            State::Parts(parts) => 1 + parts.iter().map(State::size).sum::<usize>(),
            State::Copies(copies) => 1 + copies.iter().map(|copy| copy.0.size()).sum::<usize>(),
            State::Choice(None) => 1,
            State::Choice(Some((_, state))) => 1 + state.size(),
        }
    }
}

impl Node {
    fn begin(&self) -> State {
        match self {
            Node::Bag(bag) => State::Bag {
                filled: vec![0; bag.len()],
                low: i64::MIN,
                high: i64::MAX,
            },
            Node::All(children) | Node::InOrder(children) => {
                State::Parts(children.iter().map(Node::begin).collect())
            }
            Node::Any(_) => State::Choice(None),
            Node::Repeats(..) => State::Copies(Vec::new()),
            Node::Within(inner, _) => inner.begin(),
        }
    }

    /// Sums up a state, if it can still become whole with observations whose first time is `now` or later.
    fn sum(&self, state: &State, now: i64) -> Option<Sum> {
        match (self, state) {
            (Node::Bag(bag), State::Bag { filled, low, high }) => {
                let is_whole = bag.iter().zip(filled).all(|(need, filled)| *filled >= need.count);
                Some(Sum {
                    is_whole,
                    low: if is_whole { *low } else { now.max(*low) },
                    high: *high,
                })
            }
            (Node::All(children), State::Parts(parts)) => {
                summed(children.iter().zip(parts), now, |_, _| true)
            }
            (Node::InOrder(children), State::Parts(parts)) => {
                summed(children.iter().zip(parts), now, |before, after| {
                    before.low <= after.high
                })
            }
            (Node::Repeats(inner, times), State::Copies(copies)) => {
                let begun = summed(copies.iter().map(|copy| (&**inner, &copy.0)), now, |_, _| true)?;
                let is_whole = begun.is_whole && count(copies) >= *times;
                Some(Sum {
                    is_whole,
                    low: if is_whole { begun.low } else { now.max(begun.low) },
                    high: begun.high,
                })
            }
            (Node::Any(children), State::Choice(Some((number, state)))) => {
                children.get(*number)?.sum(state, now)
            }
            (Node::Within(inner, width), state) => inner
                .sum(state, now)
                .filter(|sum| sum.low.saturating_sub(sum.high) < *width),
            _ => Some(Sum {
                is_whole: false,
                low: now,
                high: i64::MAX,
            }),
        }
    }

    /// Every state that an observation between two times leads to if it fills this slot.
    fn give(&self, state: &State, slot: usize, times: (i64, i64), found: &mut dyn FnMut(State)) {
        match (self, state) {
            (Node::Bag(bag), State::Bag { filled, low, high }) => {
                for (kind, (need, has)) in bag.iter().zip(filled).enumerate() {
                    if need.slot == slot && *has < need.count {
                        let mut filled = filled.clone();
                        filled.iter_mut().skip(kind).take(1).for_each(|has| *has += 1);
                        found(State::Bag {
                            filled,
                            low: times.0.max(*low),
                            high: times.1.min(*high),
                        });
                    }
                }
            }
            (Node::All(children) | Node::InOrder(children), State::Parts(parts)) => {
                for (place, (child, part)) in children.iter().zip(parts).enumerate() {
                    child.give(part, slot, times, &mut |given| {
                        found(State::Parts(replaced(parts, place, given)))
                    });
                }
            }
            (Node::Repeats(inner, repeated), State::Copies(copies)) => {
                // Copies in one state lead to the same: one of them goes on.
                for (place, (copy, _)) in copies.iter().enumerate() {
                    inner.give(copy, slot, times, &mut |given| {
                        found(moved_on(copies, Some(place), given))
                    });
                }
                if count(copies) < *repeated {
                    inner.give(&inner.begin(), slot, times, &mut |given| {
                        found(moved_on(copies, None, given))
                    });
                }
            }
            (Node::Any(children), State::Choice(None)) => {
                for (number, child) in children.iter().enumerate() {
                    child.give(&child.begin(), slot, times, &mut |given| {
                        found(State::Choice(Some((number, Box::new(given)))));
                    });
                }
            }
            (Node::Any(children), State::Choice(Some((number, state)))) => {
                if let Some(child) = children.get(*number) {
                    child.give(state, slot, times, &mut |given| {
                        found(State::Choice(Some((*number, Box::new(given)))));
                    });
                }
            }
            (Node::Within(inner, _), state) => inner.give(state, slot, times, found),
            _ => {}
        }
    }

    /// Forgets what no longer matters when all first times to come are `now` or later, so that states become alike.
    /// `is_bound` says whether a group around this one still asks for its earliest last time.
    fn forget(&self, state: &mut State, now: i64, is_bound: bool) {
        match (self, state) {
            (Node::Bag(_), State::Bag { low, high, .. }) => {
                if *low <= now {
                    *low = i64::MIN;
                }
                if !is_bound {
                    *high = i64::MAX;
                }
            }
            (Node::All(children), State::Parts(parts)) => {
                for (child, part) in children.iter().zip(parts) {
                    child.forget(part, now, is_bound);
                }
            }
            (Node::InOrder(children), State::Parts(parts)) => {
                let mut is_bound = is_bound;
                for (child, part) in children.iter().zip(parts) {
                    let sum = child.sum(part, now);
                    child.forget(part, now, is_bound);
                    is_bound |= sum.is_none_or(|sum| !sum.is_whole || sum.low > now);
                }
            }
            (Node::Repeats(inner, _), State::Copies(copies)) => {
                copies
                    .iter_mut()
                    .for_each(|copy| inner.forget(&mut copy.0, now, is_bound));
                gather(copies);
            }
            (Node::Any(children), State::Choice(Some((number, state)))) => {
                if let Some(child) = children.get(*number) {
                    child.forget(state, now, is_bound);
                }
            }
            (Node::Within(inner, _), state) => {
                let is_open = inner.sum(state, now).is_none_or(|sum| !sum.is_whole);
                inner.forget(state, now, is_bound || is_open);
            }
            _ => {}
        }
    }

    /// What a state lacks of each slot, whatever alternatives it takes.
    fn add_lacking(&self, state: Option<&State>, times: u64, lacking: &mut HashMap<usize, u64>) {
        match (self, state) {
            (Node::Bag(bag), state) => {
                for (kind, need) in bag.iter().enumerate() {
                    let has = match state {
                        Some(State::Bag { filled, .. }) => filled.get(kind).copied().unwrap_or(0),
                        _ => 0,
                    };
                    let more = need.count.saturating_sub(has).saturating_mul(times);
                    if more > 0 {
                        let sum = lacking.entry(need.slot).or_default();
                        *sum = sum.saturating_add(more);
                    }
                }
            }
            (Node::All(children) | Node::InOrder(children), state) => {
                for (place, child) in children.iter().enumerate() {
                    let part = match state {
                        Some(State::Parts(parts)) => parts.get(place),
                        _ => None,
                    };
                    child.add_lacking(part, times, lacking);
                }
            }
            (Node::Repeats(inner, repeated), state) => {
                let copies = match state {
                    Some(State::Copies(copies)) => copies.as_slice(),
                    _ => &[],
                };
                for (copy, number) in copies {
                    inner.add_lacking(Some(copy), times.saturating_mul(*number), lacking);
                }
                let rest = repeated.saturating_sub(count(copies));
                if rest > 0 {
                    inner.add_lacking(None, times.saturating_mul(rest), lacking);
                }
            }
            (Node::Any(children), Some(State::Choice(Some((number, state))))) => {
                if let Some(child) = children.get(*number) {
                    child.add_lacking(Some(state), times, lacking);
                }
            }
            (Node::Any(_), _) => {}
            (Node::Within(inner, _), state) => inner.add_lacking(state, times, lacking),
        }
    }
}

/// Sums up parts in their order; `agree` is asked for all before and the next.
fn summed<'s>(
    parts: impl Iterator<Item = (&'s Node, &'s State)>,
    now: i64,
    agree: fn(&Sum, &Sum) -> bool,
) -> Option<Sum> {
    let mut all = Sum {
        is_whole: true,
        low: i64::MIN,
        high: i64::MAX,
    };
    for (node, state) in parts {
        let next = node.sum(state, now)?;
        if !agree(&all, &next) {
            return None;
        }
        all = Sum {
            is_whole: all.is_whole && next.is_whole,
            low: all.low.max(next.low),
            high: all.high.min(next.high),
        };
    }
    Some(all)
}

fn replaced(states: &[State], place: usize, given: State) -> Vec<State> {
    let mut states = states.to_vec();
    if let Some(state) = states.get_mut(place) {
        *state = given;
    }
    states
}

fn count(copies: &[(State, u64)]) -> u64 {
    copies.iter().map(|copy| copy.1).sum()
}

/// One copy, of those at a place or a new one, is in another state.
fn moved_on(copies: &[(State, u64)], from: Option<usize>, to: State) -> State {
    let mut copies = copies.to_vec();
    if let Some(copy) = from.and_then(|place| copies.get_mut(place)) {
        copy.1 -= 1;
    }
    copies.push((to, 1));
    gather(&mut copies);
    State::Copies(copies)
}

/// Sorts copies and counts those in one state together.
fn gather(copies: &mut Vec<(State, u64)>) {
    copies.retain(|copy| copy.1 > 0);
    copies.sort_unstable();
    copies.dedup_by(|next, kept| {
        let is_same = next.0 == kept.0;
        if is_same {
            kept.1 += next.1;
        }
        is_same
    });
}
