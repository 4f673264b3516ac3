//! Names that look like one that is not known: most likely a slip of the pen.

/// Names that are offered.
const OFFERED_MAX: usize = 3;

/// Letters of a name that are compared.
const LETTERS_MAX: usize = 64;

/// Those of `known` that look most like `asked`, the nearest first; none where none does.
pub(crate) fn nearest<'k>(asked: &str, known: impl Iterator<Item = &'k str>) -> Vec<&'k str> {
    let folded = letters(asked);
    let mut near: Vec<(usize, &str)> = known
        .filter_map(|name| {
            let other = letters(name);
            let is_part = !asked.is_empty() && name.to_lowercase().contains(&asked.to_lowercase());
            let steps = steps(&folded, &other);
            (is_part || steps <= folded.len().div_ceil(3)).then_some((steps, name))
        })
        .collect();
    near.sort_unstable();
    near.truncate(OFFERED_MAX);
    near.into_iter().map(|(_, name)| name).collect()
}

fn letters(name: &str) -> Vec<char> {
    name.to_lowercase().chars().take(LETTERS_MAX).collect()
}

/// How many letters must be changed, added or left out to make one of the other.
fn steps(one: &[char], other: &[char]) -> usize {
    let mut row: Vec<usize> = (0..=other.len()).collect();
    for (place, letter) in one.iter().enumerate() {
        let mut next = vec![place + 1];
        for ((same, pair), above) in other.iter().zip(row.windows(2)).zip(1..) {
            let (corner, up) = (
                pair.first().copied().unwrap_or(0),
                pair.last().copied().unwrap_or(0),
            );
            let left = next.get(above - 1).copied().unwrap_or(0);
            let changed = corner + usize::from(letter != same);
            next.push(changed.min(up + 1).min(left + 1));
        }
        row = next;
    }
    row.last().copied().unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_that_look_alike_are_offered_nearest_first() {
        let known = || ["misp", "abuse.ch feed", "misp north", "sensor"].into_iter();
        assert_eq!(nearest("mips", known()), ["misp"]);
        assert_eq!(nearest("misq", known()), ["misp"]);
        assert_eq!(nearest("MISP", known()), ["misp", "misp north"]);
        assert_eq!(nearest("abuse.ch fed", known()), ["abuse.ch feed"]);
        assert_eq!(nearest("", known()), [""; 0]);
        assert_eq!(nearest("zzz", known()), [""; 0]);
    }

    #[test]
    fn steps_are_counted() {
        for (one, other, expected) in [
            ("", "abc", 3),
            ("abc", "", 3),
            ("kitten", "sitting", 3),
            ("ab", "ba", 2),
        ] {
            assert_eq!(steps(&letters(one), &letters(other)), expected, "{one} {other}");
        }
    }
}
