//! One thread's look at bytes: which rules match, where, and whether it was looked to the end.

use std::time::Duration;

use yara_x::MetaValue;

use crate::compile::{Rules, VARIABLES, origin_of};
use crate::limits::{PLACES_MAX, SHOWN_BYTES_MAX};

/// Why bytes could not be looked at.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The engine failed on them.
    #[error("the YARA engine failed: {0}")]
    Engine(String),
}

/// What was found in some bytes.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Verdict {
    /// The rules that match, in the order of the set; private ones are not told.
    pub matches: Vec<Match>,
    /// Whether the look was broken off for its time: more may match.
    pub incomplete: bool,
}

/// A rule that matches.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Match {
    /// Its name.
    pub rule: String,
    /// The text that it is from.
    pub origin: String,
    /// Its tags.
    pub tags: Vec<String>,
    /// What its author says, in the order of the text: `description`, `author`, `score` and the like.
    pub meta: Vec<(String, String)>,
    /// Where its strings are; none when the condition asks for none.
    pub places: Vec<Place>,
}

/// A string of a rule, found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Place {
    /// The string's name, such as `$a`.
    pub string: String,
    /// Where it begins, in bytes.
    pub offset: u64,
    /// How long it is, in bytes.
    pub length: u64,
    /// Its beginning, at most [`SHOWN_BYTES_MAX`] bytes.
    pub shown: Vec<u8>,
}

/// One thread's state over a shared set.
pub struct Scanner<'r> {
    engine: yara_x::Scanner<'r>,
}

impl<'r> Scanner<'r> {
    /// A scanner that breaks off each look after this long (whole seconds, at least one).
    pub fn new(rules: &'r Rules, longest: Duration) -> Self {
        let mut engine = yara_x::Scanner::new(&rules.engine);
        engine
            .set_timeout(longest.max(Duration::from_secs(1)))
            .max_matches_per_pattern(PLACES_MAX)
            .use_mmap(false);
        Scanner { engine }
    }

    /// Looks at bytes; `path` is what rules see as the file's name.
    ///
    /// # Errors
    /// The engine failed otherwise than by running out of time.
    pub fn look(&mut self, bytes: &[u8], path: &str) -> Result<Verdict, Error> {
        for (variable, value) in VARIABLES.iter().zip(variables(path)) {
            self.engine
                .set_global(variable, value)
                .map_err(|error| Error::Engine(error.to_string()))?;
        }
        match self.engine.scan(bytes) {
            Ok(found) => Ok(Verdict {
                matches: found.matching_rules().map(|rule| of_rule(&rule)).collect(),
                incomplete: false,
            }),
            Err(yara_x::ScanError::Timeout) => Ok(Verdict {
                matches: Vec::new(),
                incomplete: true,
            }),
            Err(error) => Err(Error::Engine(error.to_string())),
        }
    }
}

/// The values of [`VARIABLES`], in their order.
fn variables(path: &str) -> [&str; 5] {
    let (folder, name) = path
        .rsplit_once(['/', '\\'])
        .map_or(("", path), |(folder, name)| (folder, name));
    let extension = name
        .rfind('.')
        .and_then(|dot| name.get(dot..))
        .unwrap_or_default();
    // What a file is and whose it is, only a scanner inside of the machine can say.
    [name, folder, extension, "", ""]
}

fn of_rule(rule: &yara_x::Rule<'_, '_>) -> Match {
    let places = rule
        .patterns()
        .flat_map(|pattern| {
            let name = pattern.identifier().to_owned();
            pattern.matches().take(PLACES_MAX).map(move |found| Place {
                string: name.clone(),
                offset: found.range().start as u64,
                length: found.range().len() as u64,
                shown: found
                    .data()
                    .get(..SHOWN_BYTES_MAX)
                    .unwrap_or(found.data())
                    .to_owned(),
            })
        })
        .collect();
    Match {
        rule: rule.identifier().to_owned(),
        origin: origin_of(rule.namespace()).to_owned(),
        tags: rule.tags().map(|tag| tag.identifier().to_owned()).collect(),
        meta: rule
            .metadata()
            .map(|(key, value)| (key.to_owned(), meta_text(&value)))
            .collect(),
        places,
    }
}

fn meta_text(value: &MetaValue<'_>) -> String {
    match value {
        MetaValue::Integer(number) => number.to_string(),
        MetaValue::Float(number) => number.to_string(),
        MetaValue::Bool(value) => value.to_string(),
        MetaValue::String(text) => (*text).to_owned(),
        MetaValue::Bytes(bytes) => String::from_utf8_lossy(bytes).into_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::variables;

    #[test]
    fn a_path_gives_name_folder_and_extension() {
        let parts = |path| -> Vec<&str> { variables(path).into_iter().take(3).collect() };
        assert_eq!(parts("/tmp/a.tar.gz"), ["a.tar.gz", "/tmp", ".gz"]);
        assert_eq!(parts("C:\\x\\evil.exe"), ["evil.exe", "C:\\x", ".exe"]);
        assert_eq!(parts("plain"), ["plain", "", ""]);
    }
}
