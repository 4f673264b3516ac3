//! A line of a pattern with a mark below the place.

use crate::render::safe;

/// Characters shown before and behind the place.
const BEFORE: usize = 60;
const BEHIND: usize = 40;

/// The line of `text` around a column, both counted from 1, and a line with `^` below the place.
pub(super) fn pointed(text: &str, line: usize, column: usize) -> String {
    let line: Vec<char> = text
        .split('\n')
        .nth(line.saturating_sub(1))
        .unwrap_or_default()
        .chars()
        .collect();
    let at = column.saturating_sub(1).min(line.len());
    let from = at.saturating_sub(BEFORE);
    let until = (at + BEHIND).min(line.len());
    let part = |from: usize, until: usize| -> String {
        safe(
            &line
                .get(from..until)
                .unwrap_or_default()
                .iter()
                .collect::<String>(),
        )
    };
    let before = format!("{}{}", if from > 0 { "…" } else { "" }, part(from, at));
    let behind = format!("{}{}", part(at, until), if until < line.len() { "…" } else { "" });
    format!("  {before}{behind}\n  {}^", " ".repeat(before.chars().count()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_mark_stands_below_the_place() {
        assert_eq!(pointed("[a:b = x]", 1, 8), "  [a:b = x]\n         ^");
        assert_eq!(pointed("[a:b\n = é\u{7}x]", 2, 6), "   = é\\u{7}x]\n           ^");
        assert_eq!(pointed("", 1, 1), "  \n  ^");
        assert_eq!(pointed("[", 9, 9), "  \n  ^");
        let long = format!("{}X{}", "a".repeat(200), "b".repeat(200));
        let shown = pointed(&long, 1, 201);
        let lines: Vec<&str> = shown.lines().collect();
        assert!(lines[0].starts_with("  …a") && lines[0].ends_with("b…"));
        assert_eq!(
            lines[0].chars().position(|c| c == 'X'),
            lines[1].chars().position(|c| c == '^')
        );
    }
}
