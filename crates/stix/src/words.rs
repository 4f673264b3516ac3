//! Which word was meant: near names for what somebody wrote.

/// Bytes of a word for which a near one is looked for.
pub const MEANT_BYTES_MAX: usize = 64;

/// Which of `known` somebody may have meant who wrote `word`: few letters apart, or its beginning. None for
/// words longer than [`MEANT_BYTES_MAX`].
pub fn meant<'k>(word: &str, known: impl IntoIterator<Item = &'k str>) -> Option<&'k str> {
    if word.is_empty() || word.len() > MEANT_BYTES_MAX {
        return None;
    }
    let lower = word.to_ascii_lowercase();
    let far = (lower.chars().count() / 3).clamp(1, 3);
    let close = known.into_iter().filter_map(|candidate| {
        let name = candidate.to_ascii_lowercase();
        let begins = lower.len() >= 3 && name.starts_with(&lower);
        let distance = distance(&lower, &name);
        (distance <= far || begins).then_some((distance, candidate))
    });
    close.min().map(|(_, candidate)| candidate)
}

/// Letters to put in, take out, change or swap with the next to make one word of another (optimal
/// string alignment).
fn distance(left: &str, right: &str) -> usize {
    let right: Vec<char> = right.chars().collect();
    let mut former: Vec<usize> = Vec::new();
    let mut last: Vec<usize> = (0..=right.len()).collect();
    let mut letter_before = None;
    for (line, letter) in left.chars().enumerate() {
        let mut row = vec![line + 1];
        for (column, other) in right.iter().enumerate() {
            let at = |row: &[usize], column: usize| row.get(column).copied().unwrap_or(usize::MAX - 1);
            let changed = at(&last, column) + usize::from(letter != *other);
            let mut best = changed.min(at(&last, column + 1) + 1).min(at(&row, column) + 1);
            let before = column.checked_sub(1).and_then(|before| right.get(before));
            if letter_before == Some(*other) && before == Some(&letter) {
                best = best.min(at(&former, column - 1) + 1);
            }
            row.push(best);
        }
        former = std::mem::replace(&mut last, row);
        letter_before = Some(letter);
    }
    last.last().copied().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_slip_of_the_pen_is_understood() {
        let known = [
            "markings_up_to",
            "not_older_than",
            "indicator",
            "ipv4-addr",
            "TLP:AMBER",
        ];
        for (word, expected) in [
            ("markings_upto", Some("markings_up_to")),
            ("indicators", Some("indicator")),
            ("Indicator", Some("indicator")),
            ("tlp:ambre", Some("TLP:AMBER")),
            ("ipv4", Some("ipv4-addr")),
            ("colour", None),
            ("", None),
        ] {
            assert_eq!(meant(word, known), expected, "{word}");
        }
        assert_eq!(distance("kitten", "sitting"), 3);
        assert_eq!(distance("cret", "cert"), 1);
        assert_eq!(distance("ca", "abc"), 3);
        assert_eq!(distance("", "abc"), 3);
    }
}
