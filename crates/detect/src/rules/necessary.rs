//! What must be in a text that a regular expression matches.

use super::fold::{fold, fold_char};
use super::language::Test;
use crate::expression::{self, Expression};
use crate::limits::RULE_EXPRESSION_BYTES;
use regex_syntax::ParserBuilder;
use regex_syntax::hir::{Class, Hir, HirKind};

/// An expression as written, with its flags.
#[derive(Clone, Copy, Debug)]
pub(super) struct Written<'a> {
    pub(super) source: &'a str,
    pub(super) ignore_case: bool,
    pub(super) multi_line: bool,
    pub(super) dot_all: bool,
}

impl<'a> Written<'a> {
    /// That of a test that has one.
    pub(super) fn of(test: &'a Test) -> Option<Self> {
        match test {
            Test::Regex {
                source,
                ignore_case,
                multi_line,
                dot_all,
            } => Some(Written {
                source,
                ignore_case: *ignore_case,
                multi_line: *multi_line,
                dot_all: *dot_all,
            }),
            _ => None,
        }
    }

    /// The expression, and what its program is counted as, in bytes.
    ///
    /// # Errors
    /// Why it cannot be run, for people.
    pub(super) fn compile(self) -> Result<(Expression, usize), String> {
        Expression::of_text_within(&self.with_lines(), self.flags(), &RULE_EXPRESSION_BYTES)
    }

    /// The flags that do not change how PCRE is translated.
    fn flags(self) -> &'static str {
        match (self.ignore_case, self.dot_all) {
            (false, false) => "u",
            (true, false) => "i",
            (false, true) => "s",
            (true, true) => "is",
        }
    }

    /// The source with the flag that does.
    fn with_lines(self) -> String {
        let flag = if self.multi_line { "(?m)" } else { "" };
        [flag, self.source].concat()
    }
}

/// Most alternatives of which one must be in the text, and longest repetition that is written out.
const ALTERNATIVES_MAX: usize = 64;
const REPEATED_MAX: u32 = 16;
/// Expressions nested deeper are not looked into.
const DEPTH_MAX: u32 = 64;

/// The expression without what looks around; for what refers back stands any text.
fn without_look_around(source: &str) -> String {
    const LOOKS: [&str; 4] = ["(?=", "(?!", "(?<=", "(?<!"];
    let mut out = String::with_capacity(source.len());
    let mut rest = source;
    let (mut in_class, mut depth, mut left_out_from) = (false, 0usize, None);
    while let Some(character) = rest.chars().next() {
        let is_escape = character == '\\';
        let length = if is_escape {
            1 + rest.chars().nth(1).map_or(0, char::len_utf8)
        } else {
            character.len_utf8()
        };
        let (token, after) = rest.split_at_checked(length).unwrap_or((rest, ""));
        rest = after;
        let begun = out.len();
        match character {
            '[' => in_class = true,
            ']' => in_class = false,
            '(' if !in_class => {
                depth += 1;
                let at = source.len() - rest.len() - 1;
                let group = source.get(at..).unwrap_or_default();
                if left_out_from.is_none() && LOOKS.iter().any(|look| group.starts_with(look)) {
                    out.push_str("(?:)");
                    left_out_from = Some(depth);
                }
                if left_out_from.is_none() && group.starts_with("(?>") {
                    out.push_str("(?:");
                    rest = rest.get(2..).unwrap_or_default();
                }
            }
            ')' if !in_class => {
                let ends = left_out_from == Some(depth);
                depth = depth.saturating_sub(1);
                if ends {
                    left_out_from = None;
                    continue;
                }
            }
            '\\' if !in_class
                && left_out_from.is_none()
                && matches!(token.as_bytes().get(1), Some(b'1'..=b'9')) =>
            {
                out.push_str("(?s:.*)");
            }
            _ => {}
        }
        if left_out_from.is_none() && out.len() == begun {
            out.push_str(token);
        }
    }
    out
}

/// Sets of folded texts, of each of which one is in every folded text that the expression matches. Empty where
/// nothing is known, as for expressions with look-around.
pub(super) fn necessary(written: Written<'_>) -> Vec<Vec<String>> {
    let source = format!(
        "(?{}){}",
        written.flags(),
        expression::from_pcre(&written.with_lines())
    );
    let parse = |source: &str| {
        let parsed = ParserBuilder::new().nest_limit(DEPTH_MAX).build().parse(source);
        parsed.ok()
    };
    // Looking around and referring back only ever asks for more.
    let parsed = parse(&source).or_else(|| parse(&without_look_around(&source)));
    match parsed.map(|hir| Known::of(&hir)) {
        Some(Known::Exactly(text)) if !text.is_empty() => vec![vec![text]],
        Some(Known::Needs(sets)) => sets,
        _ => Vec::new(),
    }
}

/// What is known of the folded texts that match.
#[derive(Clone, Debug)]
enum Known {
    /// They are this.
    Exactly(String),
    /// They hold one of each set.
    Needs(Vec<Vec<String>>),
}

impl Known {
    fn of(hir: &Hir) -> Known {
        match hir.kind() {
            HirKind::Empty | HirKind::Look(_) => Known::Exactly(String::new()),
            HirKind::Literal(literal) => match std::str::from_utf8(&literal.0) {
                Ok(text) => Known::Exactly(fold(text)),
                Err(_) => Known::nothing(),
            },
            HirKind::Class(class) => match single(class) {
                Some(character) => Known::Exactly(character.into()),
                None => Known::nothing(),
            },
            HirKind::Capture(capture) => Known::of(&capture.sub),
            HirKind::Repetition(repetition) if repetition.min == 0 => Known::nothing(),
            HirKind::Repetition(repetition) => match Known::of(&repetition.sub) {
                Known::Exactly(text)
                    if repetition.max == Some(repetition.min) && repetition.min <= REPEATED_MAX =>
                {
                    Known::Exactly(text.repeat(repetition.min as usize))
                }
                Known::Exactly(text) if text.is_empty() => Known::nothing(),
                Known::Exactly(text) => Known::Needs(vec![vec![text]]),
                needs => needs,
            },
            HirKind::Concat(parts) => Known::in_a_row(parts),
            HirKind::Alternation(parts) => Known::one_of(parts),
        }
    }

    fn nothing() -> Known {
        Known::Needs(Vec::new())
    }

    fn in_a_row(parts: &[Hir]) -> Known {
        let mut sets = Vec::new();
        let mut run = String::new();
        let mut is_exact = true;
        for part in parts {
            match Known::of(part) {
                Known::Exactly(text) => run.push_str(&text),
                Known::Needs(more) => {
                    is_exact = false;
                    sets.extend(more);
                    if !run.is_empty() {
                        sets.push(vec![std::mem::take(&mut run)]);
                    }
                }
            }
        }
        if is_exact {
            return Known::Exactly(run);
        }
        if !run.is_empty() {
            sets.push(vec![run]);
        }
        Known::Needs(sets)
    }

    fn one_of(parts: &[Hir]) -> Known {
        let mut union = Vec::new();
        for part in parts {
            match Known::of(part) {
                Known::Exactly(text) if !text.is_empty() => union.push(text),
                Known::Exactly(_) => return Known::nothing(),
                // Any of its sets would do; the one whose shortest text is longest is hard to meet.
                Known::Needs(sets) => {
                    let hardness = |set: &Vec<String>| set.iter().map(String::len).min();
                    match sets.into_iter().max_by_key(hardness) {
                        Some(set) => union.extend(set),
                        None => return Known::nothing(),
                    }
                }
            }
            if union.len() > ALTERNATIVES_MAX {
                return Known::nothing();
            }
        }
        union.sort_unstable();
        union.dedup();
        Known::Needs(vec![union])
    }
}

/// The character that all of a class fold to.
fn single(class: &Class) -> Option<char> {
    let Class::Unicode(class) = class else {
        return None;
    };
    let mut folded = None;
    let characters = class.iter().flat_map(|range| range.start()..=range.end());
    for character in characters.take(ALTERNATIVES_MAX) {
        if *folded.get_or_insert(fold_char(character)) != fold_char(character) {
            return None;
        }
    }
    // As many characters as this do not all differ in case alone.
    folded
}

#[cfg(test)]
mod tests {
    use super::*;

    fn written(source: &str) -> Written<'_> {
        Written {
            source,
            ignore_case: false,
            multi_line: false,
            dot_all: false,
        }
    }

    #[test]
    fn what_must_be_in_the_text_is_known() {
        let check = |source: &str, expected: &[&[&str]]| {
            let found = necessary(written(source));
            assert_eq!(found, expected, "{source}");
        };
        check("Abc", &[&["abc"]]);
        check("^abc$", &[&["abc"]]);
        check("(?i)Kernel", &[&["kernel"]]);
        check("a.*bcd", &[&["a"], &["bcd"]]);
        check("(?:foo|BAR)x+", &[&["bar", "foo"], &["x"]]);
        check("a{3}", &[&["aaa"]]);
        check("(ab)+c", &[&["ab"], &["c"]]);
        check("(ab)*c", &[&["c"]]);
        check("x?", &[]);
        check("a|", &[]);
        check("[ab]", &[]);
        check("(?=a)b", &[&["b"]]);
        check(r"kernel(?!32\)[(])\.dll", &[&["kernel.dll"]]);
        check(r"(?<=[)(]x)(?>abc)(?!y(?=z)){2}d", &[&["abcd"]]);
        check(r"(ab)\1cd", &[&["ab"], &["cd"]]);
        check(r"(a)(?(1)b)c", &[]);
        check("a|(?=b)", &[]);
        check(r"\w+\.exe", &[&[".exe"]]);
    }
}
