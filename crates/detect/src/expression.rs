//! Regular expressions of patterns and rules, as PCRE spells them, run in linear time.
//!
//! What needs look-around or back-references is run by backtracking under a limit, and where the limit is hit, that
//! is the answer ([`Exhausted`]). Many expressions at once are the matter of `patterns`. Begin at [`Expression`].

use crate::limits::{
    PATTERN_BACKTRACKS, PATTERN_PROGRAM_BYTES_MAX, PATTERN_TEXT_BYTES_MAX, SHOWN_CHARACTERS_MAX,
};
use std::iter::Peekable;
use std::str::Chars;

/// An expression that a text or bytes are searched for.
#[derive(Debug)]
pub(crate) enum Expression {
    /// In linear time.
    Linear(regex::Regex),
    /// In linear time, over bytes; letters and digits are those of ASCII.
    Bytes(regex::bytes::Regex),
    /// By backtracking under limits: the same with each of [`PATTERN_BACKTRACKS`].
    Backtracking(Vec<fancy_regex::Regex>),
    /// Asks for a character that bytes cannot have.
    Never,
}

/// The limit of backtracking was hit: it is not known whether the expression matches.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Exhausted;

/// Why it is not known whether an expression matches.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Stopped {
    /// The limit of backtracking was hit.
    Steps,
    /// More work than was left.
    Work,
}

/// Work, in units of about a nanosecond, of beginning a search, and of one backtrack.
const SEARCH_WORK: u64 = 16;
const BACKTRACK_WORK: u64 = 48;
/// Bytes that a search in linear time takes a unit for.
const SEARCHED_BYTES: u64 = 4;

impl Expression {
    /// Compiles what is run over text; `flags` are those of `(?…)`, such as `s` or `si`.
    ///
    /// # Errors
    /// The reason, for people.
    pub(crate) fn of_text(pcre: &str, flags: &str) -> Result<Expression, String> {
        Self::of_text_within(pcre, flags, &[PATTERN_PROGRAM_BYTES_MAX]).map(|(expression, _)| expression)
    }

    /// As [`Expression::of_text`]; gives also the first of these sizes, in bytes and in order, that its program
    /// does not exceed.
    ///
    /// # Errors
    /// The reason, for people.
    pub(crate) fn of_text_within(
        pcre: &str,
        flags: &str,
        sizes: &[usize],
    ) -> Result<(Expression, usize), String> {
        check_length(pcre)?;
        let source = format!("(?{flags}){}", from_pcre(pcre));
        let mut reason = String::new();
        if is_possessive(&source) {
            return backtracking(pcre, &source).map(|expression| (expression, PATTERN_PROGRAM_BYTES_MAX));
        }
        for size in sizes {
            match regex::RegexBuilder::new(&source).size_limit(*size).build() {
                Ok(linear) => return Ok((Expression::Linear(linear), *size)),
                Err(error @ regex::Error::CompiledTooBig(_)) => reason = refusal(pcre, &error),
                Err(error) => {
                    let expression = backtracking(pcre, &source).map_err(|_| refusal(pcre, &error))?;
                    return Ok((expression, PATTERN_PROGRAM_BYTES_MAX));
                }
            }
        }
        Err(reason)
    }

    /// Compiles what is run over bytes: a character is the byte of its number (PCRE without UTF).
    ///
    /// # Errors
    /// The reason, for people.
    pub(crate) fn of_bytes(pcre: &str, flags: &str) -> Result<Expression, String> {
        check_length(pcre)?;
        let Some(escaped) = escaped_bytes(&from_pcre(pcre)) else {
            return Expression::of_text(pcre, flags).map(|_| Expression::Never);
        };
        let source = format!("(?{flags}){escaped}");
        if is_possessive(&source) {
            return backtracking(pcre, &source);
        }
        let built = regex::bytes::RegexBuilder::new(&source)
            .unicode(false)
            .size_limit(PATTERN_PROGRAM_BYTES_MAX)
            .build();
        match built {
            Ok(linear) => Ok(Expression::Bytes(linear)),
            Err(error @ regex::Error::CompiledTooBig(_)) => Err(refusal(pcre, &error)),
            Err(error) => backtracking(pcre, &source).map_err(|_| refusal(pcre, &error)),
        }
    }

    /// `LIKE`: `%` is any run of characters, `_` any one; the whole text (STIX 2.1 §9.6.1).
    ///
    /// # Errors
    /// The reason, for people.
    pub(crate) fn of_like(like: &str) -> Result<Expression, String> {
        check_length(like)?;
        regex::RegexBuilder::new(&format!("(?s){}", from_like(like)))
            .size_limit(PATTERN_PROGRAM_BYTES_MAX)
            .build()
            .map(Expression::Linear)
            .map_err(|error| refusal(like, &error))
    }

    /// Whether it is found in the text.
    ///
    /// # Errors
    /// [`Exhausted`] where the limit of backtracking is hit.
    pub(crate) fn is_in_text(&self, text: &str) -> Result<bool, Exhausted> {
        match self {
            Self::Linear(linear) => Ok(linear.is_match(text)),
            Self::Bytes(linear) => Ok(linear.is_match(text.as_bytes())),
            Self::Backtracking(limited) => match limited.last() {
                Some(backtracking) => backtracking.is_match(text).map_err(|_| Exhausted),
                None => Ok(false),
            },
            Self::Never => Ok(false),
        }
    }

    /// The same with no more work than is left; what is done is added to `work`.
    ///
    /// # Errors
    /// What it was stopped by.
    pub(crate) fn is_in_text_within(&self, text: &str, left: u64, work: &mut u64) -> Result<bool, Stopped> {
        let searched = SEARCH_WORK + text.len() as u64 / SEARCHED_BYTES;
        *work += searched;
        let Self::Backtracking(limited) = self else {
            return self.is_in_text(text).map_err(|Exhausted| Stopped::Steps);
        };
        // Most are done after few steps: how many were taken is known by the limit that sufficed.
        for (steps, backtracking) in PATTERN_BACKTRACKS.iter().zip(limited) {
            let most = searched + *steps as u64 * BACKTRACK_WORK;
            if *work + most > left {
                return Err(Stopped::Work);
            }
            *work += most;
            if let Ok(is_found) = backtracking.is_match(text) {
                return Ok(is_found);
            }
        }
        Err(Stopped::Steps)
    }

    /// Whether it is found in the bytes.
    ///
    /// # Errors
    /// [`Exhausted`] where the limit of backtracking is hit.
    pub(crate) fn is_in_bytes(&self, bytes: &[u8]) -> Result<bool, Exhausted> {
        match self {
            Self::Bytes(linear) => Ok(linear.is_match(bytes)),
            _ => self.is_in_text(&characters_of(bytes)),
        }
    }
}

/// Bytes as a text: each the character of its number.
pub(crate) fn characters_of(bytes: &[u8]) -> String {
    bytes.iter().map(|&byte| char::from(byte)).collect()
}

fn check_length(expression: &str) -> Result<(), String> {
    if expression.len() <= PATTERN_TEXT_BYTES_MAX {
        return Ok(());
    }
    Err(format!(
        "the expression `{}` of {} bytes is longer than {PATTERN_TEXT_BYTES_MAX}",
        clip(expression),
        expression.len()
    ))
}

/// The second way: only for what the linear one cannot do, not for what is too big for it.
fn backtracking(pcre: &str, source: &str) -> Result<Expression, String> {
    let limited = PATTERN_BACKTRACKS.iter().map(|steps| {
        fancy_regex::RegexBuilder::new(source)
            .backtrack_limit(*steps)
            .delegate_size_limit(PATTERN_PROGRAM_BYTES_MAX)
            .build()
    });
    let limited: Result<_, fancy_regex::Error> = limited.collect();
    limited
        .map(Expression::Backtracking)
        .map_err(|_| format!("the expression `{}` cannot be run", clip(pcre)))
}

/// Whether a repetition keeps what it took (`a++`), which Rust's expressions take for a repetition of one. Of what
/// [`from_pcre`] gives.
pub(crate) fn is_possessive(pattern: &str) -> bool {
    let mut characters = pattern.chars().peekable();
    let (mut in_class, mut is_repeated) = (false, false);
    while let Some(character) = characters.next() {
        is_repeated = match (character, in_class) {
            ('+', false) if is_repeated => return true,
            ('*' | '+' | '?' | '}', false) => true,
            ('\\', _) => {
                characters.next();
                false
            }
            ('[', true) if characters.peek() == Some(&':') => {
                characters.find(|one| *one == ']');
                false
            }
            ('[', _) => {
                in_class = true;
                false
            }
            (']', _) => {
                in_class = false;
                false
            }
            _ => false,
        };
    }
    false
}

/// Why an expression cannot be run, for people.
pub(crate) fn refusal(expression: &str, error: &regex::Error) -> String {
    let shown = clip(expression);
    match error {
        regex::Error::CompiledTooBig(limit) => {
            format!("the expression `{shown}` takes more than {limit} bytes")
        }
        other => {
            let text = other.to_string();
            let last = text.lines().last().unwrap_or_default();
            let reason = clip(last.trim_start_matches("error: "));
            format!("the expression `{shown}` cannot be run: {reason}")
        }
    }
}

/// The beginning of a text from outside, as reasons show it.
pub(crate) fn clip(text: &str) -> std::borrow::Cow<'_, str> {
    match text.char_indices().nth(SHOWN_CHARACTERS_MAX) {
        Some((end, _)) => format!("{}…", text.get(..end).unwrap_or_default()).into(),
        None => text.into(),
    }
}

pub(crate) fn has_look_around(pattern: &str) -> bool {
    ["(?=", "(?!", "(?<=", "(?<!", "(?P="]
        .iter()
        .any(|group| pattern.contains(group))
        || pattern
            .as_bytes()
            .windows(2)
            .any(|pair| matches!(pair, [b'\\', b'1'..=b'9' | b'k' | b'g']))
}

/// `LIKE` as an expression for the whole text.
pub(crate) fn from_like(like: &str) -> String {
    let mut expression = String::from("^");
    let mut buffer = [0; 4];
    for character in like.chars() {
        match character {
            '%' => expression.push_str(".*"),
            '_' => expression.push('.'),
            other => expression.push_str(&regex::escape(other.encode_utf8(&mut buffer))),
        }
    }
    expression.push('$');
    expression
}

/// Characters beyond ASCII by their numbers; none where one has no byte.
fn escaped_bytes(expression: &str) -> Option<String> {
    let mut out = String::with_capacity(expression.len());
    for character in expression.chars() {
        match u8::try_from(character) {
            Ok(ascii) if ascii.is_ascii() => out.push(character),
            Ok(byte) => out.push_str(&format!("\\x{byte:02x}")),
            Err(_) => return None,
        }
    }
    Some(out)
}

/// Spells what PCRE and Rust's expressions write alike but mean differently: set operations and nested
/// brackets in a class are plain characters in PCRE, as are `\<` and `\>` everywhere; `$` is also before a
/// last newline; a brace that begins no repetition is plain.
pub(crate) fn from_pcre(pattern: &str) -> String {
    let multi_line = has_flag_m(pattern);
    let mut out = String::with_capacity(pattern.len());
    let mut class_start = None;
    let mut characters = pattern.chars().peekable();
    while let Some(character) = characters.next() {
        match (character, class_start) {
            ('\\', _) => escape(&mut characters, class_start.is_some(), &mut out),
            ('[', None) => {
                out.push('[');
                if characters.next_if_eq(&'^').is_some() {
                    out.push('^');
                }
                class_start = Some(out.len());
            }
            // A bracket right after the start is a member.
            (']', Some(start)) if start != out.len() => {
                out.push(']');
                class_start = None;
            }
            (']', Some(_)) => out.push_str("\\]"),
            ('[', Some(_)) if characters.peek() == Some(&':') => out.push_str(&posix_class(&mut characters)),
            ('[', Some(_)) => out.push_str("\\["),
            ('&' | '~', Some(_)) => out.extend(['\\', character]),
            // The first member is plain, and so is what follows the dash of a range.
            ('-', Some(start)) if start == out.len() || out.ends_with('-') && !out.ends_with("\\-") => {
                out.push_str("\\-");
            }
            ('$', None) if !multi_line && matches!(characters.peek(), None | Some(')' | '|')) => {
                out.push_str("\\n?\\z");
            }
            ('{', None) if !begins_repetition(&characters) => out.push_str("\\{"),
            _ => out.push(character),
        }
    }
    out
}

/// What stands behind a backslash.
fn escape(characters: &mut Peekable<Chars<'_>>, in_class: bool, out: &mut String) {
    match (characters.next(), in_class) {
        (Some(plain @ ('<' | '>')), _) => out.push(plain),
        (Some('e'), _) => out.push_str("\\x1b"),
        (Some('h'), true) => out.push_str(" \\t\\xa0"),
        (Some('h'), false) => out.push_str("[ \\t\\xa0]"),
        (Some('R'), false) => out.push_str("(?:\\r\\n|[\\n\\x0b\\f\\r\\x85])"),
        (Some('Z'), false) => out.push_str("\\n?\\z"),
        (Some('Q'), _) => quoted(characters, out),
        (Some('E'), _) => {}
        (Some(other), _) => out.extend(['\\', other]),
        (None, _) => out.push('\\'),
    }
}

/// `\Q…\E`: plain characters, to the end where nothing closes it.
fn quoted(characters: &mut Peekable<Chars<'_>>, out: &mut String) {
    let mut buffer = [0; 4];
    while let Some(character) = characters.next() {
        if character == '\\' && characters.next_if_eq(&'E').is_some() {
            return;
        }
        out.push_str(&regex::escape(character.encode_utf8(&mut buffer)));
    }
}

/// Whether some group sets the flag `m`, under which `$` is at each line's end.
fn has_flag_m(pattern: &str) -> bool {
    pattern.split("(?").skip(1).any(|group| {
        let flags = group.bytes().take_while(|byte| byte.is_ascii_lowercase());
        flags.into_iter().any(|flag| flag == b'm')
    })
}

/// Whether what follows a brace makes it a repetition: `3}`, `3,}`, `3,5}`.
fn begins_repetition(characters: &Peekable<Chars<'_>>) -> bool {
    let mut rest = characters.clone();
    let mut digits = 0;
    while rest.next_if(char::is_ascii_digit).is_some() {
        digits += 1;
    }
    if rest.next_if_eq(&',').is_some() {
        while rest.next_if(char::is_ascii_digit).is_some() {}
    }
    digits > 0 && rest.next() == Some('}')
}

/// `[:alpha:]` after its first bracket; a bracket and a colon that are no such class stay characters.
fn posix_class(characters: &mut Peekable<Chars<'_>>) -> String {
    let rest: String = characters.clone().collect();
    let name = rest
        .strip_prefix(':')
        .and_then(|rest| rest.split_once(":]"))
        .map(|(name, _)| name);
    match name {
        Some(name) if name.bytes().all(|byte| byte.is_ascii_lowercase() || byte == b'^') => {
            characters.nth(name.len() + 2);
            format!("[:{name}:]")
        }
        _ => "\\[".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check_match(pattern: &str, matching: &[&str], others: &[&str]) {
        let compiled = Expression::of_text(pattern, "s").unwrap();
        for text in matching {
            assert!(
                compiled.is_in_text(text).unwrap(),
                "`{pattern}` should match `{text}`"
            );
        }
        for text in others {
            assert!(
                !compiled.is_in_text(text).unwrap(),
                "`{pattern}` should not match `{text}`"
            );
        }
    }

    #[test]
    fn what_only_pcre_spells_so_is_understood() {
        check_match("^a$", &["a", "a\n"], &["a\nb", "a\n\n"]);
        check_match("(?m)^a$", &["a\nb"], &["ab"]);
        check_match("a{", &["a{"], &["a"]);
        check_match("a{2,3}", &["aa"], &["a"]);
        check_match("\\Qa.b\\E", &["a.b"], &["axb"]);
        check_match("a\\hb", &["a\tb", "a b"], &["a\nb"]);
        check_match("a[\\h]b", &["a\tb"], &["a\nb"]);
        check_match("^a\\Z", &["a\n"], &["ab"]);
    }

    #[test]
    fn look_around_and_back_references_are_run() {
        check_match("a(?!b)", &["ac", "a"], &["ab"]);
        check_match("(?<=x)y", &["xy"], &["ay"]);
        check_match("^(a+)b\\1$", &["aabaa"], &["aaba"]);
        check_match("^(a|aa)+\\1$", &["aaaa", "aaa"], &["a", "aab"]);
        check_match("(?>a+)b", &["aab"], &["aa"]);
        check_match("^a++a", &[], &["aa", "a"]);
        check_match("^[+]+[a]?+a", &["+aa"], &["+a"]);
        check_match("^[[:alpha:]+]{2}+b$", &["aab", "+ab"], &["aa"]);
    }

    #[test]
    fn backtracking_without_end_is_told() {
        let evil = Expression::of_text("^(a|aa)+\\1c", "s").unwrap();
        assert_eq!(evil.is_in_text(&"a".repeat(200)), Err(Exhausted));
    }

    #[test]
    fn bytes_are_searched_without_unicode() {
        let expression = Expression::of_bytes("^\\xff.\u{e9}\\d$", "s").unwrap();
        assert!(expression.is_in_bytes(b"\xff\n\xe95").unwrap());
        assert!(!expression.is_in_bytes(b"\xff\n\xe9x").unwrap());
        let beyond = Expression::of_bytes("\u{103}", "s").unwrap();
        assert!(!beyond.is_in_bytes(b"\x03").unwrap());
        let look_around = Expression::of_bytes("(?<=\\x01)\\x02", "s").unwrap();
        assert!(look_around.is_in_bytes(b"\x01\x02").unwrap());
    }

    #[test]
    fn what_cannot_be_run_is_refused_with_the_reason() {
        for pattern in ["(((", "(a{500}){500}", &"a".repeat(PATTERN_TEXT_BYTES_MAX + 1)] {
            let reason = Expression::of_text(pattern, "s").unwrap_err();
            assert!(reason.contains("the expression"), "{reason}");
        }
    }
}
