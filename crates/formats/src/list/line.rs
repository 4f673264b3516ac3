//! What a line of a list is: nothing, a comment, a hosts line, or a value with a comment beside it.

use super::file_name;
use crate::{entry::Refusal, value};

pub(super) enum Shape<'a> {
    Empty,
    Comment(&'a str),
    /// The names of a hosts line.
    Hosts(&'a str),
    Value {
        value: Result<value::Value, Refusal>,
        comment: Option<Comment<'a>>,
    },
}

pub(super) struct Comment<'a> {
    pub(super) text: &'a str,
    pub(super) score: Option<u8>,
}

pub(super) fn shape(line: &str) -> Shape<'_> {
    let line = line.trim();
    if line.is_empty() {
        return Shape::Empty;
    }
    if let Some(comment) = comment_line(line) {
        return Shape::Comment(comment);
    }
    let (before, inline) = inline_comment(line);
    if let Some(names) = hosts_line(before) {
        return Shape::Hosts(names);
    }
    if let Some(domain) = adblock_domain(before) {
        return Shape::Value {
            value: value::guess(domain),
            comment: comment(inline),
        };
    }
    value_line(before, inline)
}

/// Whether a comment is a value that somebody took out of the list.
pub(super) fn is_value(comment: &str) -> bool {
    let bare = separator(comment)
        .and_then(|at| comment.get(..at))
        .unwrap_or(comment);
    !bare.contains("://") && value::guess(bare).is_ok()
}

fn comment_line(line: &str) -> Option<&str> {
    let rest = line
        .strip_prefix('#')
        .or_else(|| line.strip_prefix("//"))
        .or_else(|| line.strip_prefix(';'))
        .or_else(|| line.strip_prefix('!'))
        .or_else(|| line.strip_prefix("[Adblock"))?;
    Some(rest.trim_matches(['#', ' ', '\t']))
}

/// A comment begins at a `#` behind white space: a URL may hold a `#` of its own.
fn inline_comment(line: &str) -> (&str, Option<&str>) {
    let at = line
        .match_indices('#')
        .find(|&(at, _)| line.get(..at).is_some_and(|before| before.ends_with([' ', '\t'])));
    match at.and_then(|(at, _)| line.split_at_checked(at)) {
        Some((before, comment)) => (before.trim_end(), Some(comment.trim_start_matches('#').trim())),
        None => (line, None),
    }
}

fn hosts_line(line: &str) -> Option<&str> {
    let (address, names) = line.split_once([' ', '\t'])?;
    let nowhere = matches!(address, "0.0.0.0" | "127.0.0.1" | "::" | "::1");
    let names = names.trim();
    (nowhere && names.split_whitespace().all(|name| name.contains('.'))).then_some(names)
}

/// The domain of `||domain^` and `||domain^$options`.
fn adblock_domain(line: &str) -> Option<&str> {
    let (domain, options) = line.strip_prefix("||")?.split_once('^')?;
    (options.is_empty() || options.starts_with('$')).then_some(domain)
}

fn value_line<'a>(line: &'a str, inline: Option<&'a str>) -> Shape<'a> {
    let (bare, beside) = match separator(line).and_then(|at| line.split_at_checked(at)) {
        Some((bare, beside)) => (bare.trim_end(), Some(beside.get(1..).unwrap_or_default().trim())),
        None => (line, None),
    };
    let comment = comment(beside.filter(|text| !text.is_empty()).or(inline));
    let scored = comment.as_ref().is_some_and(|comment| comment.score.is_some());
    let value = match file_name::expression(bare, scored) {
        // `NAME;SCORE;EXCLUDE`: a third field is a second expression, which takes hits away.
        Some(_)
            if comment
                .as_ref()
                .is_some_and(|comment| scored && !comment.text.is_empty()) =>
        {
            Err(file_name::with_exception())
        }
        Some(taken) => taken,
        None => value::guess(bare),
    };
    Shape::Value { value, comment }
}

/// Where the value ends: a tab, or a semicolon that cannot be part of a URL.
fn separator(line: &str) -> Option<usize> {
    let at = line.find([';', '\t'])?;
    let (before, after) = line.split_at_checked(at)?;
    let url = before.contains('/') && !before.starts_with('/') && !before.contains([' ', '\\', '^']);
    // A URL has no spaces, so that `url;a comment of words` still has its comment.
    (!url || after.contains(char::is_whitespace)).then_some(at)
}

/// `text`, `score` or `score;text`, the score being 0 to 100.
fn comment(text: Option<&str>) -> Option<Comment<'_>> {
    let text = text?;
    let (first, rest) = text.split_once(';').unwrap_or((text, ""));
    let digits = !first.is_empty() && first.bytes().all(|byte| byte.is_ascii_digit());
    match first.parse::<u8>() {
        Ok(score) if digits && score <= 100 => Some(Comment {
            text: rest.trim(),
            score: Some(score),
        }),
        _ => Some(Comment { text, score: None }),
    }
}
