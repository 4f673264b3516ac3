//! Absorption: an alternative that implies another one says nothing new, and is left out.

use std::collections::{BTreeMap, HashMap, VecDeque};

use super::tree::Node;
use super::{Budget, Conjunction, Undecided};

/// The conjunctions that contain no other one, sorted.
pub(super) fn conjunctions(
    mut all: Vec<Conjunction>,
    budget: &mut Budget,
) -> Result<Vec<Conjunction>, Undecided> {
    all.sort_unstable();
    all.dedup();
    let needs = all.clone();
    left_over(all, needs, is_subset, budget)
}

/// The alternatives that imply no other one, sorted.
pub(super) fn observations(mut all: Vec<Node>, budget: &mut Budget) -> Result<Vec<Node>, Undecided> {
    all.sort();
    all.dedup();
    let wholes: BTreeMap<&Node, u32> = wholes(&all);
    let needs: Vec<Vec<u32>> = all.iter().map(|one| needs(one, &wholes)).collect();
    left_over(all, needs, covers, budget)
}

/// What remains of `all` without those that another one `covers`. `needs` names what of an alternative must
/// stand in every one that it covers: it is looked for only among those that hold its rarest need.
fn left_over<T>(
    all: Vec<T>,
    needs: Vec<Vec<u32>>,
    covers: fn(&T, &T, &mut Budget) -> Result<bool, Undecided>,
    budget: &mut Budget,
) -> Result<Vec<T>, Undecided> {
    if all.len() < 2 {
        return Ok(all);
    }
    let mut counts: HashMap<u32, usize> = HashMap::new();
    for need in needs.iter().flatten() {
        *counts.entry(*need).or_default() += 1;
    }
    // By the rarest need of each alternative: who could cover others.
    let mut coverers: HashMap<u32, Vec<usize>> = HashMap::new();
    for (at, needs) in needs.iter().enumerate() {
        budget.take(1 + needs.len())?;
        let rarest = needs.iter().min_by_key(|need| counts.get(need));
        if let Some(rarest) = rarest {
            coverers.entry(*rarest).or_default().push(at);
        }
    }
    let signatures: Vec<u64> = needs.iter().map(|needs| signature(needs)).collect();
    let mut kept = vec![true; all.len()];
    for (at, one) in all.iter().enumerate() {
        let own = signatures.get(at).copied().unwrap_or_default();
        let candidates = needs
            .get(at)
            .into_iter()
            .flatten()
            .filter_map(|need| coverers.get(need))
            .flatten();
        for candidate in candidates {
            budget.take(1)?;
            let (Some(other), Some(signature)) = (all.get(*candidate), signatures.get(*candidate)) else {
                continue;
            };
            if *candidate != at && signature & !own == 0 && covers(other, one, budget)? {
                kept.iter_mut().skip(at).take(1).for_each(|keep| *keep = false);
                break;
            }
        }
    }
    let mut kept = kept.into_iter();
    Ok(all.into_iter().filter(|_| kept.next() == Some(true)).collect())
}

/// A bit for each need; one set lies in another only if its bits do.
fn signature(needs: &[u32]) -> u64 {
    needs.iter().fold(0, |bits, need| bits | 1 << (need % 64))
}

fn is_subset(inner: &Conjunction, outer: &Conjunction, budget: &mut Budget) -> Result<bool, Undecided> {
    budget.take(outer.len())?;
    let mut outer = outer.iter();
    Ok(inner.iter().all(|wanted| outer.any(|one| one == wanted)))
}

/// Numbers for the parts that are needed as a whole, above those of comparisons.
fn wholes(all: &[Node]) -> BTreeMap<&Node, u32> {
    let mut found = BTreeMap::new();
    all.iter().for_each(|one| add_wholes(one, &mut found));
    let first = u32::MAX / 2;
    for (number, slot) in (first..).zip(found.values_mut()) {
        *slot = number;
    }
    found
}

fn add_wholes<'a>(node: &'a Node, found: &mut BTreeMap<&'a Node, u32>) {
    match node {
        Node::Leaf(alternatives) if alternatives.len() == 1 => {}
        Node::Leaf(_) | Node::Qualified(..) => {
            found.insert(node, 0);
        }
        Node::And(parts) | Node::FollowedBy(parts) => parts.iter().for_each(|part| add_wholes(part, found)),
    }
}

fn needs(node: &Node, wholes: &BTreeMap<&Node, u32>) -> Vec<u32> {
    match node {
        Node::Leaf(alternatives) if alternatives.len() == 1 => alternatives.concat(),
        Node::Leaf(_) | Node::Qualified(..) => wholes.get(node).copied().into_iter().collect(),
        Node::And(parts) | Node::FollowedBy(parts) => {
            let mut all: Vec<u32> = parts.iter().flat_map(|part| needs(part, wholes)).collect();
            all.sort_unstable();
            all.dedup();
            all
        }
    }
}

/// Whether whatever matches `narrow` matches `wide`: it is the same or asks for more, of the same
/// observations or of further ones.
fn covers(wide: &Node, narrow: &Node, budget: &mut Budget) -> Result<bool, Undecided> {
    budget.take(1)?;
    let direct = match (wide, narrow) {
        (Node::Leaf(wide), Node::Leaf(narrow)) => match (wide.as_slice(), narrow.as_slice()) {
            ([wide], [narrow]) => is_subset(wide, narrow, budget)?,
            _ => wide == narrow,
        },
        (Node::And(wide), Node::And(narrow)) => all_among(wide, narrow, budget)?,
        (Node::FollowedBy(wide), Node::FollowedBy(narrow)) => in_order_among(wide, narrow, budget)?,
        (Node::Qualified(..), Node::Qualified(..)) => {
            budget.take(wide.size())?;
            wide == narrow
        }
        _ => false,
    };
    if direct {
        return Ok(true);
    }
    let (Node::And(parts) | Node::FollowedBy(parts)) = narrow else {
        return Ok(false);
    };
    for part in parts {
        if covers(wide, part, budget)? {
            return Ok(true);
        }
    }
    Ok(false)
}

/// Whether each of `wide` covers one of `narrow` of its own, in the same order. To take the first that
/// fits is as good as any choice.
fn in_order_among(wide: &[Node], narrow: &[Node], budget: &mut Budget) -> Result<bool, Undecided> {
    let mut rest = narrow.iter();
    for wanted in wide {
        loop {
            match rest.next() {
                Some(one) if covers(wanted, one, budget)? => break,
                Some(_) => {}
                None => return Ok(false),
            }
        }
    }
    Ok(true)
}

/// Whether each of `wide` covers one of `narrow` of its own, in any order: a matching, by augmenting paths.
fn all_among(wide: &[Node], narrow: &[Node], budget: &mut Budget) -> Result<bool, Undecided> {
    if wide.len() > narrow.len() {
        return Ok(false);
    }
    let mut fits: Vec<Vec<usize>> = Vec::new();
    for wanted in wide {
        let mut places = Vec::new();
        for (place, one) in narrow.iter().enumerate() {
            if covers(wanted, one, budget)? {
                places.push(place);
            }
        }
        if places.is_empty() {
            return Ok(false);
        }
        fits.push(places);
    }
    let mut seats = Seats::default();
    for start in 0..wide.len() {
        if !finds_place(start, &fits, &mut seats, budget)? {
            return Ok(false);
        }
    }
    Ok(true)
}

/// Who sits where.
#[derive(Default)]
struct Seats {
    holder: HashMap<usize, usize>,
    place: HashMap<usize, usize>,
}

/// Finds a place for `start`, where need be by moving others.
fn finds_place(
    start: usize,
    fits: &[Vec<usize>],
    seats: &mut Seats,
    budget: &mut Budget,
) -> Result<bool, Undecided> {
    // For each place seen, who wants to go there.
    let mut wanted_by: HashMap<usize, usize> = HashMap::new();
    let mut queue = VecDeque::from([start]);
    while let Some(one) = queue.pop_front() {
        for place in fits.get(one).into_iter().flatten() {
            budget.take(1)?;
            if wanted_by.contains_key(place) {
                continue;
            }
            wanted_by.insert(*place, one);
            match seats.holder.get(place) {
                Some(holder) => queue.push_back(*holder),
                None => {
                    move_along(*place, &wanted_by, seats);
                    return Ok(true);
                }
            }
        }
    }
    Ok(false)
}

/// Gives the free place to who wanted it, their former place to who wanted that, and so on to the one who
/// had none.
fn move_along(free: usize, wanted_by: &HashMap<usize, usize>, seats: &mut Seats) {
    let mut free = Some(free);
    while let Some(place) = free {
        let Some(mover) = wanted_by.get(&place).copied() else {
            return;
        };
        seats.holder.insert(place, mover);
        free = seats.place.insert(mover, place);
    }
}
