//! Regular expressions in lists: over file paths, as `\\name\.exe;60`, or over names.
//!
//! An expression that says no more than "the file is called so" becomes that file name. Any other
//! is refused: a value is looked up, an expression would have to be run.

use entente_stix::observable::Kind;

use crate::{
    entry::Refusal,
    value::{self, Value},
};

/// What `bare` gives if it is an expression; nothing if it is an ordinary value.
///
/// A score beside it marks the dialect, so that `C:\.ssh\id` alone stays a path.
pub(super) fn expression(bare: &str, scored: bool) -> Option<Result<Value, Refusal>> {
    let escaped = bare.contains(r"\\") || bare.contains(r"\.") || bare.starts_with("(?");
    let marked = bare.contains(['(', '[', '|', '^', '$', '*', '+']) && bare.contains('\\');
    let metacharacters = escaped || bare.contains(['\\', '|', '^', '$', '*', '+', '[', '(']);
    let is_expression = if scored { metacharacters } else { escaped && marked };
    if !is_expression {
        return scored.then(|| plain_word(bare)).flatten();
    }
    Some(match literal_name(bare) {
        Some(name) => value::of_kind(Kind::FileName, &name),
        None => Err(not_plain()),
    })
}

/// A scored word that is no value at all, such as `application-2e\.css`, is left to the guess.
fn plain_word(bare: &str) -> Option<Result<Value, Refusal>> {
    match value::guess(bare) {
        Ok(_) => None,
        Err(_) if bare.starts_with('/') || bare.contains(char::is_whitespace) => Some(Err(not_plain())),
        Err(_) => None,
    }
}

/// The name in `\\name\.ext` or `(?i)\\name\.ext$`, where it holds no other special character.
fn literal_name(expression: &str) -> Option<String> {
    let bare = expression.strip_prefix("(?i)").unwrap_or(expression);
    let bare = bare.strip_suffix('$').unwrap_or(bare).strip_prefix(r"\\")?;
    let mut name = String::with_capacity(bare.len());
    let mut dot = None;
    let mut characters = bare.chars();
    while let Some(character) = characters.next() {
        let literal = match character {
            '\\' => characters
                .next()
                .filter(|c| c.is_ascii_punctuation() && *c != '\\')?,
            c if c.is_alphanumeric() || matches!(c, ' ' | '_' | '-' | '@' | ',' | '~' | '\'' | '=') => c,
            _ => return None,
        };
        if literal == '.' {
            dot = Some(name.len());
        }
        name.push(literal);
    }
    let extension = name.get(dot? + 1..)?;
    let ends_there = (1..=5).contains(&extension.len());
    (ends_there && extension.bytes().all(|b| b.is_ascii_alphanumeric())).then_some(name)
}

pub(super) fn with_exception() -> Refusal {
    Refusal::new(
        "a regular expression with an exception beside it",
        "write it as a STIX pattern, `[file:name MATCHES '…']`, without what the exception names",
    )
}

fn not_plain() -> Refusal {
    Refusal::new(
        "a regular expression, which a list does not carry",
        "write it as a STIX pattern, as `[domain-name:value MATCHES '…']` or \
         `[file:name MATCHES '…']`, or give the plain value",
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_literal_name_with_its_extension_is_plain() {
        let check = |expression, name: Option<&str>| {
            assert_eq!(literal_name(expression).as_deref(), name, "{expression}");
        };
        check(r"\\usbclass\.sys", Some("usbclass.sys"));
        check(r"(?i)\\a b\.tar\.gz$", Some("a b.tar.gz"));
        check(r"\\systems\.exe\.exe", Some("systems.exe.exe"));
        check(r"usbclass\.sys", None);
        check(r"\\e\\index\.jsp", None);
        check(r"\\ISUninst.bin", None);
        check(r"\\Mail\\MailAg\\", None);
        check(r"\\orleansstride", None);
        check(r"\\word\.exe[^\.]", None);
    }
}
