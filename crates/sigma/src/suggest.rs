//! What somebody probably meant who wrote a name that is not there.

use crate::error::Hint;

/// Names longer than this are not compared: nobody mistypes that much.
const NAME_CHARS_MAX: usize = 64;

/// Candidates behind these are not looked at: a hint is worth only so much.
const CANDIDATES_MAX: usize = 10_000;

/// The candidate nearest to `name`, if it is near: a third of its letters may differ, at least one.
pub(crate) fn nearest<'a>(name: &str, candidates: impl IntoIterator<Item = &'a str>) -> Hint {
    let wanted: Vec<char> = name.chars().flat_map(char::to_lowercase).collect();
    if wanted.len() > NAME_CHARS_MAX {
        return Hint::default();
    }
    let allowed = (wanted.len() / 3).max(1);
    let best = candidates
        .into_iter()
        .take(CANDIDATES_MAX)
        .filter(|candidate| candidate.chars().count() <= NAME_CHARS_MAX)
        .map(|candidate| (distance(&wanted, candidate), candidate))
        .filter(|(far, _)| *far <= allowed)
        .min_by_key(|(far, _)| *far);
    Hint(best.map(|(_, candidate)| candidate.to_owned()))
}

/// How many letters must be changed, dropped, added or swapped with their neighbour.
fn distance(wanted: &[char], candidate: &str) -> usize {
    let candidate: Vec<char> = candidate.chars().flat_map(char::to_lowercase).collect();
    let mut before: Vec<usize> = Vec::new();
    let mut above: Vec<usize> = (0..=candidate.len()).collect();
    for (i, &w) in wanted.iter().enumerate() {
        let mut row = vec![i + 1];
        for (j, &c) in candidate.iter().enumerate() {
            let changed = at(&above, j) + usize::from(w != c);
            let best = changed.min(at(&above, j + 1) + 1).min(at(&row, j) + 1);
            let swapped = i > 0 && j > 0 && wanted.get(i - 1) == Some(&c) && candidate.get(j - 1) == Some(&w);
            row.push(if swapped {
                best.min(at(&before, j - 1) + 1)
            } else {
                best
            });
        }
        before = std::mem::replace(&mut above, row);
    }
    at(&above, candidate.len())
}

fn at(row: &[usize], index: usize) -> usize {
    row.get(index).copied().unwrap_or(usize::MAX / 2)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn swapped_letters_are_one_mistake() {
        let hint = nearest("contians", ["contains", "cased"]);
        assert_eq!(hint.0.as_deref(), Some("contains"));
    }

    #[test]
    fn something_else_is_not_suggested() {
        assert_eq!(nearest("frobnicate", ["contains", "cased"]), Hint::default());
    }
}
