//! `LIKE` and `MATCHES`: translated to this platform's regular expressions and run as sets, a kind at a time.
//!
//! STIX asks for PCRE search with DOTALL (STIX 2.1 §9.6.1). What has look-around or back-references needs a
//! backtracking engine and is refused by name. Kinds whose normal form ignores case are matched so.

use crate::arena::Reader;
use crate::atom::Test;
use crate::expression::{clip, from_like, from_pcre, has_look_around, is_possessive, refusal};
use crate::generation::{Error, Generation};
use crate::layout::Part;
use crate::limits::{
    PATTERN_CLASS_BYTES_MIN, PATTERN_DFA_BYTES_MAX, PATTERN_PROGRAM_BYTES_MAX, PATTERN_TEXT_BYTES_MAX,
    PATTERNS_IN_SET, PATTERNS_MAX,
};
use entente_stix::observable::Kind;
use regex::{RegexBuilder, RegexSet, RegexSetBuilder};

/// The patterns of a generation.
#[derive(Debug, Default)]
pub(crate) struct Patterns {
    /// By the kind's number.
    kinds: Vec<Vec<Set>>,
}

#[derive(Debug)]
struct Set {
    expressions: RegexSet,
    places: Vec<u32>,
}

impl Patterns {
    /// Compiles the patterns whose atoms are at these places.
    pub(crate) fn read(generation: &Generation, places: &[u64]) -> Result<Self, Error> {
        let damaged = || Error::Damaged {
            section: Part::Patterns.name(),
        };
        if places.len() > PATTERNS_MAX {
            return Err(damaged());
        }
        let mut reader = Reader::new(generation);
        let mut sources: Vec<(u8, u32, String)> = Vec::with_capacity(places.len());
        for &place in places {
            let place = u32::try_from(place).map_err(|_| damaged())?;
            let atom = reader.atom(place)?;
            let value = String::from_utf8(atom.value).map_err(|_| damaged())?;
            if !atom.test.is_pattern() {
                return Err(damaged());
            }
            sources.push((atom.kind, place, expression(atom.kind, atom.test, &value)));
        }
        sources.sort_by_key(|source| source.0);
        let mut patterns = Patterns::default();
        for of_kind in sources.chunk_by(|a, b| a.0 == b.0) {
            let Some(&(kind, ..)) = of_kind.first() else {
                continue;
            };
            let sets: Option<Vec<Set>> = of_kind.chunks(PATTERNS_IN_SET).map(Set::compile).collect();
            patterns.kinds.resize_with(usize::from(kind) + 1, Vec::new);
            if let Some(place) = patterns.kinds.last_mut() {
                *place = sets.ok_or_else(damaged)?;
            }
        }
        Ok(patterns)
    }

    /// Whether there are patterns for this kind.
    #[inline]
    pub(crate) fn has(&self, kind: u8) -> bool {
        self.kinds
            .get(usize::from(kind))
            .is_some_and(|sets| !sets.is_empty())
    }

    /// Whether any pattern of this kind matches.
    pub(crate) fn any_match(&self, kind: u8, text: &str) -> bool {
        self.sets(kind).iter().any(|set| set.expressions.is_match(text))
    }

    /// The places of the atoms of this kind whose pattern matches.
    pub(crate) fn matching(&self, kind: u8, text: &str, places: &mut Vec<u32>) {
        for set in self.sets(kind) {
            let matches = set.expressions.matches(text);
            places.extend(matches.iter().filter_map(|number| set.places.get(number)));
        }
    }

    fn sets(&self, kind: u8) -> &[Set] {
        self.kinds
            .get(usize::from(kind))
            .map(Vec::as_slice)
            .unwrap_or_default()
    }
}

impl Set {
    fn compile(sources: &[(u8, u32, String)]) -> Option<Set> {
        let expressions = RegexSetBuilder::new(sources.iter().map(|source| source.2.as_str()))
            .size_limit(2 * PATTERNS_IN_SET * PATTERN_PROGRAM_BYTES_MAX)
            .dfa_size_limit(PATTERN_DFA_BYTES_MAX)
            .build()
            .ok()?;
        Some(Set {
            expressions,
            places: sources.iter().map(|source| source.1).collect(),
        })
    }
}

/// What a pattern's program takes at most, in bytes, if it can be run here; otherwise why not, for people.
///
/// # Errors
/// The reason.
pub(crate) fn check(kind: Kind, test: Test, value: &str) -> Result<usize, String> {
    let shown = clip(value);
    if value.len() > PATTERN_TEXT_BYTES_MAX {
        return Err(format!(
            "the expression `{shown}` of {} bytes is longer than {PATTERN_TEXT_BYTES_MAX}",
            value.len()
        ));
    }
    let expression = expression(kind as u8, test, value);
    if test != Test::Like && is_possessive(&expression) {
        return Err(format!(
            "the expression `{shown}` has repetitions that keep what they took"
        ));
    }
    match program_bytes(&expression) {
        Ok(bytes) => Ok(bytes),
        Err(regex::Error::Syntax(_)) if has_look_around(value) => Err(format!(
            "the expression `{shown}` uses look-around or back-references"
        )),
        Err(error) => Err(refusal(value, &error)),
    }
}

/// The smallest of a few sizes that the program stays under: the library tells no size, but keeps to a limit.
fn program_bytes(expression: &str) -> Result<usize, regex::Error> {
    let mut bytes = PATTERN_CLASS_BYTES_MIN;
    loop {
        let built = RegexBuilder::new(expression).size_limit(bytes).build();
        match built {
            Ok(_) => return Ok(bytes),
            Err(regex::Error::CompiledTooBig(_)) if bytes < PATTERN_PROGRAM_BYTES_MAX => bytes *= 4,
            Err(error) => return Err(error),
        }
    }
}

fn expression(kind: u8, test: Test, value: &str) -> String {
    let flags = if ignores_case(kind) { "(?si)" } else { "(?s)" };
    match test {
        Test::Like => format!("{flags}{}", from_like(value)),
        _ => format!("{flags}{}", from_pcre(value)),
    }
}

/// Kinds whose normal form is in lower case.
fn ignores_case(kind: u8) -> bool {
    ![Kind::Url, Kind::UserAgent]
        .iter()
        .any(|&exact| exact as u8 == kind)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check_match(test: Test, pattern: &str, matching: &[&str], others: &[&str]) {
        let compiled = regex::Regex::new(&expression(Kind::UserAgent as u8, test, pattern)).unwrap();
        for text in matching {
            assert!(compiled.is_match(text), "`{pattern}` should match `{text}`");
        }
        for text in others {
            assert!(!compiled.is_match(text), "`{pattern}` should not match `{text}`");
        }
    }

    #[test]
    fn like_covers_the_whole_text_and_newlines() {
        check_match(Test::Like, "%a_c%", &["abc", "xx\nabc\n", "aXc"], &["ac", "ab c"]);
        check_match(Test::Like, "a.c", &["a.c"], &["abc", "a.cd"]);
    }

    #[test]
    fn matches_searches_and_dot_covers_newlines() {
        check_match(Test::Matches, "b.d", &["abcde", "b\nd"], &["bd", "B.D"]);
        check_match(Test::Matches, "^(evil|bad)$", &["evil", "bad"], &["notevil"]);
    }

    #[test]
    fn pcre_classes_mean_what_pcre_means() {
        check_match(Test::Matches, "^[a[b]+$", &["a[b"], &["c"]);
        check_match(Test::Matches, "^[]a]+$", &["]a"], &["b"]);
        check_match(Test::Matches, "^[^]]$", &["a"], &["]"]);
        check_match(Test::Matches, "^[a&&b]+$", &["a&b"], &["c"]);
        check_match(Test::Matches, "^[[:digit:]x]+$", &["1x2"], &["y"]);
        check_match(Test::Matches, "^\\<a\\>$", &["<a>"], &["a"]);
        check_match(Test::Matches, "^[+--]+$", &["+,-"], &["."]);
        check_match(Test::Matches, "^[--/]+$", &["-./"], &[","]);
        check_match(Test::Matches, "a\\/b", &["a/b"], &["ab"]);
    }

    #[test]
    fn what_needs_backtracking_is_refused_by_name() {
        for pattern in ["(?=a)b", "a(?!b)", "(?<=a)b", "(a)\\1"] {
            let reason = check(Kind::Url, Test::Matches, pattern).unwrap_err();
            assert!(reason.contains("look-around"), "{reason}");
        }
        assert!(check(Kind::Url, Test::Matches, "(((").is_err());
        assert!(
            check(Kind::Url, Test::Matches, "(a{500}){500}")
                .unwrap_err()
                .contains("bytes")
        );
    }
}
