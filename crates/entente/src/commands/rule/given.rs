//! Rules that arguments name: Sigma in YAML, YARA, indicators that carry rules, in files, folders, globs and on stdin.

use std::io::{Cursor, Read};
use std::path::Path;

use entente_sigma::limits::TEXT_BYTES_MAX;
use entente_sigma::{Collection, Rule, hayabusa};
use entente_stix::json;
use entente_yara::{Trust, begins_as_rules};

use crate::answers::pattern::{PatternShown, carried, shown};
use crate::answers::rule::{RuleShown, yara};
use crate::answers::stix::objects;
use crate::exit::{Exit, Failure};
use crate::inputs::{self, Input};
use crate::render::safe;
use crate::yara::rules::is_rules;

/// Everything that the arguments hold.
#[derive(Default)]
pub(super) struct Given {
    /// Where texts come from; `Place::source` is a number in it.
    pub(super) sources: Vec<String>,
    /// Sigma, linked.
    pub(super) collection: Collection,
    /// Rules in Hayabusa's dialect with the texts' names, where it is asked for.
    pub(super) of_dialect: Vec<(String, Rule)>,
    /// YARA rules.
    pub(super) yara: Vec<RuleShown>,
    /// STIX patterns.
    pub(super) patterns: Vec<PatternShown>,
    /// Objects that carry no rule.
    pub(super) objects: u64,
    /// Files in folders that hold none.
    pub(super) files: u64,
    /// Inputs that cannot be read; they are named on stderr.
    pub(super) unread: u64,
    dialect: Dialect,
    reader: yara::Reader,
}

/// What texts of Sigma are taken for.
#[derive(Clone, Copy, Default, PartialEq, Eq)]
pub(super) enum Dialect {
    /// Sigma.
    #[default]
    Sigmas,
    /// A rule without `logsource` is one of Hayabusa's.
    AlsoHayabusas,
}

/// Reads what the arguments name.
///
/// # Errors
/// An argument names nothing.
pub(super) fn read(arguments: &[String]) -> Result<Given, Failure> {
    read_in(arguments, Dialect::Sigmas)
}

/// The same, in a dialect.
///
/// # Errors
/// An argument names nothing.
pub(super) fn read_in(arguments: &[String], dialect: Dialect) -> Result<Given, Failure> {
    let mut given = Given {
        dialect,
        ..Given::default()
    };
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
    fn text(&mut self, source: String, text: &str) {
        if self.dialect == Dialect::AlsoHayabusas
            && hayabusa::is_one(text)
            && let Ok(rule) = hayabusa::rule(text)
        {
            self.of_dialect.push((source, rule));
            return;
        }
        let number = u32::try_from(self.sources.len()).unwrap_or(u32::MAX);
        self.sources.push(source);
        self.collection.append(Collection::read_as(number, text));
    }

    /// How much of everything there is.
    fn count(&self) -> usize {
        let passed = usize::try_from(self.objects + self.unread).unwrap_or(usize::MAX);
        self.sources.len() + self.of_dialect.len() + self.yara.len() + self.patterns.len() + passed
    }

    fn input(&mut self, input: &Input, in_folder: bool) -> Result<(), Failure> {
        let name = input.name();
        let by_name = Named::of(&name);
        if in_folder && by_name == Named::Otherwise {
            self.files += 1;
            return Ok(());
        }
        let (bytes, reader) = input.begin(&name, TEXT_BYTES_MAX)?;
        let bytes = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(&bytes);
        if by_name == Named::Yara || (by_name != Named::Sigma && begins_as_rules(bytes)) {
            let rules = self.reader.read(&name, bytes, Trust::Own);
            // A text without rules is none; one that is not read has at least the reason.
            self.files += u64::from(in_folder && rules.is_empty());
            self.yara.extend(rules);
            return Ok(());
        }
        if by_name != Named::Sigma && matches!(bytes.trim_ascii_start().first(), Some(b'{' | b'[')) {
            let before = self.count();
            objects(Cursor::new(bytes).chain(reader), &name, &mut |pointer, object| {
                self.object(&name, pointer, object, in_folder);
                Ok(())
            })?;
            self.files += u64::from(in_folder && before == self.count());
            return Ok(());
        }
        if in_folder && by_name != Named::Sigma {
            self.files += 1;
            return Ok(());
        }
        match std::str::from_utf8(bytes) {
            Ok(text) => self.text(name.clone(), text),
            Err(error) => {
                return Err(Failure::input(format!(
                    "`{}` holds no rules: byte {} is not UTF-8; give Sigma in YAML, YARA rules, or STIX indicators",
                    safe(&name),
                    error.valid_up_to() + 1
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
        match carried(&value) {
            Some(rule) if rule.language == "sigma" => self.text(source, rule.text),
            // Whoever is sent the indicator reads the rule as another party's.
            Some(rule) if rule.language == "yara" => {
                let rules = self.reader.read(&source, rule.text.as_bytes(), Trust::Shared);
                match rules.is_empty() {
                    true => self.objects += 1,
                    false => self.yara.extend(rules),
                }
            }
            Some(rule) if rule.language == "stix" => {
                self.patterns.push(shown(Some(source), rule.text, rule.is_old));
            }
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

/// What a file is by its name.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Named {
    Sigma,
    Yara,
    /// It may be rules, or objects that carry some.
    Open,
    Otherwise,
}

impl Named {
    fn of(name: &str) -> Named {
        if is_yaml(name) {
            Named::Sigma
        } else if has_ending(name, &["yar", "yara"]) {
            Named::Yara
        } else if has_ending(name, &["json", "ndjson", "jsonl", "stix", "gz", "zst"]) || is_rules(name) {
            Named::Open
        } else {
            Named::Otherwise
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
