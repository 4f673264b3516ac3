//! Rules that arguments name: Sigma in YAML, indicators that carry rules, in files, folders, globs and on stdin.

use std::io::{Cursor, Read};
use std::path::Path;

use entente_sigma::Collection;
use entente_sigma::limits::TEXT_BYTES_MAX;
use entente_stix::json::{self, Value};

use crate::answers::pattern::{PatternShown, shown};
use crate::answers::stix::objects;
use crate::exit::{Exit, Failure};
use crate::inputs::{self, Input};
use crate::render::safe;

/// Everything that the arguments hold.
#[derive(Default)]
pub(super) struct Given {
    /// Where texts come from; `Place::source` is a number in it.
    pub(super) sources: Vec<String>,
    /// Sigma, linked.
    pub(super) collection: Collection,
    /// STIX patterns.
    pub(super) patterns: Vec<PatternShown>,
    /// Objects that carry no rule.
    pub(super) objects: u64,
    /// Files in folders that hold none.
    pub(super) files: u64,
    /// Inputs that cannot be read; they are named on stderr.
    pub(super) unread: u64,
}

/// Reads what the arguments name.
///
/// # Errors
/// An argument names nothing.
pub(super) fn read(arguments: &[String]) -> Result<Given, Failure> {
    let mut given = Given::default();
    for argument in arguments {
        let is_folder = Path::new(argument).is_dir();
        for input in inputs::collect(std::slice::from_ref(argument))? {
            match given.input(&input, is_folder) {
                Err(failure) if failure.exit == Exit::BadInput => {
                    given.unread += 1;
                    eprintln!("unread   {}", safe(&failure.message));
                }
                done => done?,
            }
        }
    }
    given.collection.link();
    Ok(given)
}

impl Given {
    /// Adds a text of Sigma.
    pub(super) fn text(&mut self, source: String, text: &str) {
        let number = u32::try_from(self.sources.len()).unwrap_or(u32::MAX);
        self.sources.push(source);
        self.collection.append(Collection::read_as(number, text));
    }

    fn input(&mut self, input: &Input, in_folder: bool) -> Result<(), Failure> {
        let name = input.name();
        let is_yaml = is_yaml(&name);
        if in_folder && !is_yaml && !has_ending(&name, &["json", "ndjson", "jsonl", "stix", "gz", "zst"]) {
            self.files += 1;
            return Ok(());
        }
        let (bytes, reader) = input.begin(&name, TEXT_BYTES_MAX)?;
        if !is_yaml && matches!(bytes.trim_ascii_start().first(), Some(b'{' | b'[')) {
            let before = (self.patterns.len(), self.sources.len(), self.objects);
            objects(Cursor::new(bytes).chain(reader), &name, &mut |pointer, object| {
                self.object(&name, pointer, object, in_folder);
                Ok(())
            })?;
            if in_folder && before == (self.patterns.len(), self.sources.len(), self.objects) {
                self.files += 1;
            }
            return Ok(());
        }
        if in_folder && !is_yaml {
            self.files += 1;
            return Ok(());
        }
        match String::from_utf8(bytes) {
            Ok(text) => self.text(name.clone(), &text),
            Err(_) => {
                return Err(Failure::input(format!(
                    "`{}` holds no rules: it is not UTF-8; give Sigma in YAML, or STIX indicators",
                    safe(&name)
                )));
            }
        }
        Ok(())
    }

    fn object(&mut self, file: &str, pointer: &str, object: Result<&[u8], String>, in_folder: bool) {
        let source = format!("{file}#{pointer}");
        let read = object.and_then(|text| json::read(text).map_err(|error| error.to_string()));
        let value = match read {
            Ok(value) => value,
            Err(_) if in_folder => return,
            Err(reason) => {
                self.unread += 1;
                eprintln!("unread   {}: {}", safe(&source), safe(&reason));
                return;
            }
        };
        let member = |name| value.get(name).and_then(Value::as_str);
        match (member("pattern"), member("pattern_type")) {
            (Some(text), Some("sigma")) => self.text(source, text),
            (Some(text), Some("stix")) => self.patterns.push(shown(Some(source), text, false)),
            _ if ["detection", "correlation", "filter"]
                .iter()
                .any(|key| value.get(key).is_some()) =>
            {
                self.text(source, &value.canonical());
            }
            _ => self.objects += 1,
        }
    }
}

/// Whether a file is one of YAML by its name.
pub(super) fn is_yaml(name: &str) -> bool {
    has_ending(name, &["yml", "yaml"])
}

fn has_ending(name: &str, endings: &[&str]) -> bool {
    Path::new(name)
        .extension()
        .and_then(|ending| ending.to_str())
        .is_some_and(|ending| endings.iter().any(|known| ending.eq_ignore_ascii_case(known)))
}

/// A rule as a line of a batch has it: its text, a map, or a list of maps, each a document.
pub(super) fn of_line(rule: &Value<'_>) -> String {
    match (rule.as_str(), rule.as_array()) {
        (Some(text), _) => text.to_owned(),
        (None, Some(documents)) => documents
            .iter()
            .map(|document| format!("---\n{}\n", document.canonical()))
            .collect(),
        (None, None) => rule.canonical(),
    }
}
