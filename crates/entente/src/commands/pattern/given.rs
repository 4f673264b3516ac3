//! Patterns that an argument names: itself, a file that holds one, indicators in files, stdin.

use std::io::{Cursor, Read};
use std::path::Path;

use entente_stix::json;
use entente_stix::limits::PATTERN_BYTES_MAX;

use crate::answers::pattern::carried;
use crate::answers::stix::objects;
use crate::exit::Failure;
use crate::inputs::{self, Input};
use crate::render::safe;

/// A pattern and where it comes from.
pub(super) struct Given {
    /// File and pointer; none for an argument.
    pub(super) source: Option<String>,
    pub(super) text: String,
    /// Whether it is of STIX 2.0, by its indicator.
    pub(super) is_old: bool,
}

/// What a reading passed over.
#[derive(Default)]
pub(super) struct PassedOver {
    /// Objects without a STIX pattern.
    pub(super) objects: u64,
    /// Files in folders that hold neither STIX nor what could be a pattern.
    pub(super) files: u64,
    /// Inputs and objects that cannot be read; they are named on stderr.
    pub(super) unread: u64,
}

/// Every pattern that the arguments name, in order, each given to `each`.
pub(super) fn each(
    arguments: &[String],
    each: &mut dyn FnMut(Given) -> Result<(), Failure>,
) -> Result<PassedOver, Failure> {
    let mut passed = PassedOver::default();
    for argument in arguments {
        if !is_path(argument) {
            each(Given {
                source: None,
                text: argument.clone(),
                is_old: false,
            })?;
            continue;
        }
        let is_folder = Path::new(argument).is_dir();
        for input in inputs::collect(std::slice::from_ref(argument))? {
            match of_input(&input, is_folder, &mut passed, each) {
                Err(failure) if failure.exit == crate::exit::Exit::BadInput => {
                    passed.unread += 1;
                    eprintln!("unread   {}", safe(&failure.message));
                }
                done => done?,
            }
        }
    }
    Ok(passed)
}

/// The one pattern that an argument names.
pub(super) fn single(argument: &str) -> Result<String, Failure> {
    let mut found = Vec::new();
    each(&[argument.to_owned()], &mut |given| {
        found.push(given.text);
        Ok(())
    })?;
    match (found.pop(), found.len()) {
        (Some(only), 0) => Ok(only),
        (found, others) => Err(Failure::input(format!(
            "`{}` holds {} patterns; name one that holds one",
            safe(argument),
            others + usize::from(found.is_some())
        ))),
    }
}

/// Whether an argument names a file rather than being a pattern, which holds a bracket or at least a blank
/// or a colon.
fn is_path(argument: &str) -> bool {
    argument == "-"
        || Path::new(argument).exists()
        || !(argument.is_empty() || argument.contains(['[', ']', '(', ' ', ':', '\n', '=']))
}

fn of_input(
    input: &Input,
    in_folder: bool,
    passed: &mut PassedOver,
    each: &mut dyn FnMut(Given) -> Result<(), Failure>,
) -> Result<(), Failure> {
    let name = input.name();
    let (text, reader) = input.begin(&name, PATTERN_BYTES_MAX)?;
    if is_json(&text) {
        let whole = Cursor::new(text).chain(reader);
        return objects(whole, &name, &mut |pointer, object| {
            of_object(&name, pointer, object, passed, each)
        });
    }
    if in_folder && !begins_as_pattern(&text) {
        passed.files += 1;
        return Ok(());
    }
    let text = String::from_utf8(text).map_err(|_| {
        Failure::input(format!(
            "`{}` is neither a pattern nor STIX: it is not UTF-8; give a pattern or indicators",
            safe(&name)
        ))
    })?;
    each(Given {
        source: Some(name.clone()),
        text: text.trim_end_matches(['\n', '\r']).to_owned(),
        is_old: false,
    })
}

/// Whether a text is JSON and no pattern: an object, or a list that begins with one.
fn is_json(text: &[u8]) -> bool {
    let text = text
        .strip_prefix(b"\xef\xbb\xbf")
        .unwrap_or(text)
        .trim_ascii_start();
    match text.split_first() {
        Some((b'{', _)) => true,
        Some((b'[', rest)) => matches!(rest.trim_ascii_start().first(), Some(b'{' | b'[' | b'"')),
        _ => false,
    }
}

fn begins_as_pattern(text: &[u8]) -> bool {
    matches!(text.trim_ascii_start().first(), Some(b'[' | b'('))
}

fn of_object(
    file: &str,
    pointer: &str,
    object: Result<&[u8], String>,
    passed: &mut PassedOver,
    each: &mut dyn FnMut(Given) -> Result<(), Failure>,
) -> Result<(), Failure> {
    let source = format!("{file}#{pointer}");
    let read = object.and_then(|text| json::read(text).map_err(|error| error.to_string()));
    let value = match read {
        Ok(value) => value,
        Err(reason) => {
            passed.unread += 1;
            eprintln!("unread   {}: {}", safe(&source), safe(&reason));
            return Ok(());
        }
    };
    match carried(&value) {
        Some(carried) if carried.language == "stix" => each(Given {
            source: Some(source),
            text: carried.text.to_owned(),
            is_old: carried.is_old,
        }),
        _ => {
            passed.objects += 1;
            Ok(())
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn files_and_patterns_are_told_apart() {
        for text in [
            "[a:b = 1]",
            "([a:b = 1])",
            "a:b=1",
            "",
            "file:size = 1280",
            "[[]]",
        ] {
            assert!(!is_path(text), "{text}");
        }
        for path in ["-", "feed.json", "/no/such/file", "."] {
            assert!(is_path(path), "{path}");
        }
        for json in [
            "{}",
            " [ {} ]",
            "[\"x\"]",
            "\u{feff}{\"type\":\"bundle\"}",
            "[[]]",
        ] {
            assert!(is_json(json.as_bytes()), "{json}");
        }
        for pattern in ["[a:b = 1]", "", "[", "[ 'a':b = 1]", "/* { */ [a:b=1]"] {
            assert!(!is_json(pattern.as_bytes()), "{pattern}");
        }
    }
}
