//! Wildcard patterns over a whole text.

use super::Piece;
use memchr::memmem::Finder;

/// A pattern cut at its runs: the first part at the text's beginning, the last at its end, those between
/// anywhere in order. The earliest place for each is as good as any (each run takes what is left).
#[derive(Debug)]
pub(super) struct Glob {
    first: Part,
    between: Vec<Part>,
    /// `None` when there is no run: then the first part is all.
    last: Option<Part>,
}

/// Pieces without runs.
#[derive(Debug, Default)]
struct Part {
    /// So many characters come before the steps.
    lead: usize,
    steps: Vec<Step>,
    /// Finds the first of the steps, a literal.
    finder: Option<Finder<'static>>,
}

/// Work of one step at one place, and bytes that are searched in a unit of it.
const STEP_WORK: u64 = 4;
const SEARCHED_BYTES: usize = 16;

#[derive(Debug)]
enum Step {
    Literal(Box<str>),
    /// So many characters.
    Characters(usize),
}

impl Glob {
    pub(super) fn new(pieces: &[Piece]) -> Self {
        let mut parts: Vec<Part> = pieces
            .split(|piece| *piece == Piece::AnyRun)
            .map(Part::new)
            .collect();
        let last = if parts.len() > 1 { parts.pop() } else { None };
        let mut parts = parts.into_iter();
        Glob {
            first: parts.next().unwrap_or_default(),
            between: parts.collect(),
            last,
        }
    }

    /// None where it takes more work than is left; what is done is added to `work`.
    pub(super) fn is_match(&self, text: &str, left: u64, work: &mut u64) -> Option<bool> {
        let Some(mut rest) = self.first.after(text) else {
            return Some(false);
        };
        let Some(last) = &self.last else {
            return Some(rest.is_empty());
        };
        *work += STEP_WORK * self.between.len() as u64 + (text.len() / SEARCHED_BYTES) as u64;
        for part in &self.between {
            match part.find(rest, left, work)? {
                Some(after) => rest = after,
                None => return Some(false),
            }
        }
        Some(last.is_end_of(rest))
    }
}

impl Part {
    fn new(pieces: &[Piece]) -> Self {
        let mut steps: Vec<Step> = Vec::new();
        for piece in pieces {
            match (piece, steps.last_mut()) {
                (Piece::Literal(text), _) if text.is_empty() => {}
                (Piece::Literal(text), Some(Step::Literal(before))) => {
                    *before = [&**before, text].concat().into();
                }
                (Piece::Literal(text), _) => steps.push(Step::Literal(text.as_str().into())),
                (_, Some(Step::Characters(count))) => *count += 1,
                (_, _) => steps.push(Step::Characters(1)),
            }
        }
        let lead = match steps.first() {
            Some(Step::Characters(count)) => *count,
            _ => 0,
        };
        steps.drain(..usize::from(lead > 0));
        let finder = match steps.first() {
            Some(Step::Literal(text)) => Some(Finder::new(text.as_bytes()).into_owned()),
            _ => None,
        };
        Part { lead, steps, finder }
    }

    /// What follows the part at the text's beginning.
    fn after<'t>(&self, text: &'t str) -> Option<&'t str> {
        self.after_lead(skip(text, self.lead)?)
    }

    fn after_lead<'t>(&self, text: &'t str) -> Option<&'t str> {
        self.steps.iter().try_fold(text, |rest, step| match step {
            Step::Literal(literal) => rest.strip_prefix(&**literal),
            Step::Characters(count) => skip(rest, *count),
        })
    }

    /// What follows the part at the first place where it fits; none within where it takes more work than is left.
    #[expect(clippy::option_option, reason = "the outer says whether it was found out")]
    fn find<'t>(&self, text: &'t str, left: u64, work: &mut u64) -> Option<Option<&'t str>> {
        // Whatever the characters before the first literal are: the first place is that of the first literal.
        let Some(text) = skip(text, self.lead) else {
            return Some(None);
        };
        let Some(finder) = &self.finder else {
            return Some(Some(text));
        };
        let mut from = 0;
        loop {
            let Some(rest) = text.get(from..) else {
                return Some(None);
            };
            let Some(found) = finder.find(rest.as_bytes()).and_then(|at| rest.get(at..)) else {
                return Some(None);
            };
            if let Some(after) = self.after_lead(found) {
                return Some(Some(after));
            }
            *work += STEP_WORK * self.steps.len() as u64;
            if *work > left {
                return None;
            }
            // Places may overlap (`aab` in `aaab`).
            from = text.len() - found.len() + found.chars().next().map_or(1, char::len_utf8);
        }
    }

    /// Whether the text ends with the part.
    fn is_end_of(&self, text: &str) -> bool {
        let mut rest = text;
        for step in self.steps.iter().rev() {
            let before = match step {
                Step::Literal(literal) => rest.strip_suffix(&**literal),
                Step::Characters(count) => skip_back(rest, *count),
            };
            match before {
                Some(before) => rest = before,
                None => return false,
            }
        }
        skip_back(rest, self.lead).is_some()
    }
}

fn skip(text: &str, count: usize) -> Option<&str> {
    let mut characters = text.chars();
    for _ in 0..count {
        characters.next()?;
    }
    Some(characters.as_str())
}

fn skip_back(text: &str, count: usize) -> Option<&str> {
    let mut characters = text.chars();
    for _ in 0..count {
        characters.next_back()?;
    }
    Some(characters.as_str())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pieces(pattern: &str) -> Vec<Piece> {
        let piece = |character: char| match character {
            '*' => Piece::AnyRun,
            '?' => Piece::AnyOne,
            other => Piece::Literal(other.into()),
        };
        pattern.chars().map(piece).collect()
    }

    #[test]
    fn wildcards_cover_what_they_should() {
        let check = |pattern: &str, text: &str, expected: bool| {
            assert_eq!(
                Glob::new(&pieces(pattern)).is_match(text, u64::MAX, &mut 0),
                Some(expected),
                "{pattern} {text:?}"
            );
        };
        check("", "", true);
        check("", "a", false);
        check("*", "", true);
        check("*", "a\nb", true);
        check("a*b", "a\r\n\u{2028}b", true);
        check("a*b", "ab", true);
        check("a*b", "aab ", false);
        check("?", "ж", true);
        check("?", "\n", true);
        check("?", "", false);
        check("??", "😀", false);
        check("a?c*", "abcd", true);
        check("*?", "", false);
        check("?*", "a", true);
        check("*a?b*", "aaxb", true);
        check("*aab?c*", "aaabxc", true);
        check("*ab*ab", "ab", false);
        check("*ab*ab", "abab", true);
        check("a*a", "a", false);
        check("*a*b*c", "xaxbxc", true);
        check("*a*b*c", "xbxaxc", false);
        check("a**b", "ab", true);
        check("*??b?d*", "bbxbcd", true);
        check("*??b?d*", "bbxd", false);
        check("*??*", "a", false);
        check("*a*??", "ab", false);
        check("*a*??", "abc", true);
    }
}
