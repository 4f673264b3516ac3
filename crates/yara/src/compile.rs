//! Texts of rules to one compiled set; each rule that cannot be read is named with its place and reason.
//!
//! Begin at [`Compiler`]. Nothing is read from disk: `include` is refused, as whoever gives a folder gives the
//! included file, too, and another party's rules have no business on this disk.

use std::cell::Cell;
use std::collections::HashMap;

use sha2::{Digest, Sha256};
use yara_x::{IgnoredRuleReason, SourceCode};

use crate::lexical;
use crate::limits::{FINDINGS_MAX, SHARED_SOURCE_BYTES_MAX, SOURCE_BYTES_MAX};
use crate::outline::starts;

/// Variables that rule sets for scanners of files expect (THOR and LOKI define them); each is a text.
pub(crate) const VARIABLES: [&str; 5] = ["filename", "filepath", "extension", "filetype", "owner"];

/// Whose rules these are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Trust {
    /// The operator's own: slow strings and loops are warnings.
    Own,
    /// Another party's: what the engine calls slow is refused, and the text is shorter.
    Shared,
}

/// Where rules come from: a file's name, an object's id.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Origin {
    /// As reports name it; unique in one set, as it is the namespace.
    pub name: String,
    /// Whose they are.
    pub trust: Trust,
}

/// How bad a finding is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Severity {
    /// The rule is used; something about it is doubtful.
    Warning,
    /// The rule, or the whole text, is not used.
    Error,
}

/// What is to be said about a rule, or about a text of rules.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Finding {
    /// How bad it is.
    pub severity: Severity,
    /// The engine's code for it, such as `E009`; empty for our own.
    pub code: &'static str,
    /// In which text.
    pub origin: String,
    /// The rule that is not used because of it; none when it concerns more than one or less than a rule.
    pub rule: Option<String>,
    /// Line in the text, from 1.
    pub line: usize,
    /// Column in characters, from 1.
    pub column: usize,
    /// What is wrong, for people; one line.
    pub message: String,
}

/// What a rule says about itself.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RuleFacts {
    /// Its name.
    pub name: String,
    /// The text that it is from.
    pub origin: String,
    /// Its tags.
    pub tags: Vec<String>,
    /// Its strings' names, such as `$a`; of anonymous ones `$`.
    pub strings: Vec<String>,
    /// Whether it only serves other rules.
    pub is_private: bool,
    /// Whether every other rule of its text depends on it.
    pub is_global: bool,
}

/// Reads texts of rules; [`Compiler::finish`] gives the set.
pub struct Compiler {
    engine: yara_x::Compiler<'static>,
    /// Rules of others are compiled apart, as the engine knows one severity for all that it reads.
    digest: Sha256,
    texts: usize,
    depends_on_name: bool,
    depends_on_time: bool,
}

impl Compiler {
    /// A compiler for rules of one [`Trust`].
    pub fn new(trust: Trust) -> Self {
        let mut engine = yara_x::Compiler::new();
        engine
            .enable_includes(false)
            .relaxed_re_syntax(trust == Trust::Own)
            .error_on_slow_pattern(trust == Trust::Shared)
            .error_on_slow_loop(trust == Trust::Shared);
        for name in VARIABLES {
            // A new compiler has no variable yet, so this cannot be taken.
            let _ = engine.define_global(name, "");
        }
        let mut digest = Sha256::new();
        digest.update(b"entente yara rules 1\0");
        Compiler {
            engine,
            digest,
            texts: 0,
            depends_on_name: false,
            depends_on_time: false,
        }
    }

    /// Reads one text. The rules in it that can be read are part of the set; returned is what is to be said about
    /// the others, and about doubtful ones, in the order of the text.
    pub fn add(&mut self, origin: &Origin, text: &[u8]) -> Vec<Finding> {
        let most = match origin.trust {
            Trust::Own => SOURCE_BYTES_MAX,
            Trust::Shared => SHARED_SOURCE_BYTES_MAX,
        };
        if text.len() > most {
            let message = format!("the text of {} bytes is longer than {most}; split it", text.len());
            return vec![whole(origin, 1, message)];
        }
        let clean = match lexical::read(text) {
            Ok(text) => text.clean,
            Err(unread) => return vec![whole(origin, unread.line, unread.reason)],
        };
        self.texts += 1;
        self.digest.update((text.len() as u64).to_le_bytes());
        self.digest.update(text);
        self.digest.update(origin.name.as_bytes());
        self.digest.update([0, origin.trust as u8]);
        self.depends_on_name |= VARIABLES.iter().any(|name| has_word(text, name.as_bytes()));
        self.depends_on_time |= has_word(text, b"time");
        let errors_before = self.engine.errors().len();
        let warnings_before = self.engine.warnings().len();
        let ignored_before = self.engine.ignored_rules().len();
        // The number keeps two texts of one name apart.
        self.engine
            .new_namespace(&format!("{}:{}", self.texts, origin.name));
        let source = SourceCode::from(&*clean).with_origin(origin.name.clone());
        // The first error is among those read below.
        let _ = self.engine.add_source(source);
        let lines = Lines::of(text);
        let mut findings: Vec<Finding> = Vec::new();
        let (mut fallen, mut with) = (HashMap::new(), Vec::new());
        for (rule, reason) in self.engine.ignored_rules().skip(ignored_before) {
            match reason {
                IgnoredRuleReason::CompileError(error) => {
                    fallen.insert(std::ptr::from_ref(error), rule.to_owned());
                }
                IgnoredRuleReason::IgnoredRule(other) | IgnoredRuleReason::IgnoredModule(other) => {
                    with.push((rule, other));
                }
            }
        }
        for error in self.engine.errors().iter().skip(errors_before) {
            let message = joined(error.title(), error.labels().map(|label| label.text().to_owned()));
            let rule = fallen.get(&std::ptr::from_ref(error)).cloned();
            let start = error.labels().next().map_or(0, |label| label.span().start());
            findings.push(lines.finding(Severity::Error, error.code(), origin, rule, start, message));
        }
        if !with.is_empty() {
            let starts = starts(&clean);
            for (rule, on) in with {
                let message = format!("it depends on `{on}`, which is not used");
                let start = starts.get(rule).copied().unwrap_or_default();
                let rule = Some(rule.to_owned());
                findings.push(lines.finding(Severity::Error, "", origin, rule, start, message));
            }
        }
        for warning in self.engine.warnings().iter().skip(warnings_before) {
            let message = joined(
                warning.title(),
                warning.labels().map(|label| label.text().to_owned()),
            );
            let start = warning.labels().next().map_or(0, |label| label.span().start());
            findings.push(lines.finding(Severity::Warning, warning.code(), origin, None, start, message));
        }
        findings.sort_by_key(|finding| (finding.line, finding.column));
        let mut left = FINDINGS_MAX;
        findings.retain(|finding| {
            // Which rules are used must be told of each.
            let refuses = finding.severity == Severity::Error && finding.rule.is_some();
            let is_kept = refuses || left > 0;
            left = left.saturating_sub(usize::from(!refuses));
            is_kept
        });
        findings
    }

    /// The set of all that could be read.
    pub fn finish(self) -> Rules {
        Rules {
            engine: self.engine.build(),
            digest: self.digest.finalize().into(),
            depends_on_name: self.depends_on_name,
            depends_on_time: self.depends_on_time,
        }
    }
}

fn joined(title: &str, labels: impl Iterator<Item = String>) -> String {
    let mut message = title.to_owned();
    for label in labels {
        if !label.is_empty() && label != title {
            message.push_str(": ");
            message.push_str(&label);
        }
    }
    // Reports are lines.
    message.replace(['\n', '\r'], " ")
}

fn whole(origin: &Origin, line: usize, message: String) -> Finding {
    Finding {
        severity: Severity::Error,
        code: "",
        origin: origin.name.clone(),
        rule: None,
        line,
        column: 1,
        message,
    }
}

/// Whether the word stands somewhere in the text, also in a comment: whoever asks only wants to be sure of a no.
fn has_word(text: &[u8], word: &[u8]) -> bool {
    let is_letter = |byte: &u8| byte.is_ascii_alphanumeric() || *byte == b'_';
    text.windows(word.len()).enumerate().any(|(at, window)| {
        window == word
            && !at
                .checked_sub(1)
                .and_then(|before| text.get(before))
                .is_some_and(is_letter)
            && !text.get(at + word.len()).is_some_and(is_letter)
    })
}

/// A text by lines, to tell places; those that are asked for in order cost one pass over the text together.
pub(crate) struct Lines<'a> {
    text: &'a [u8],
    /// Where lines begin.
    starts: Vec<usize>,
    /// A place told before: its offset, and its column.
    last: Cell<(usize, usize)>,
}

impl<'a> Lines<'a> {
    pub(crate) fn of(text: &'a [u8]) -> Self {
        let ends = text.iter().enumerate().filter(|(_, byte)| **byte == b'\n');
        Lines {
            text,
            starts: std::iter::once(0).chain(ends.map(|(at, _)| at + 1)).collect(),
            last: Cell::new((0, 1)),
        }
    }

    fn finding(
        &self,
        severity: Severity,
        code: &'static str,
        origin: &Origin,
        rule: Option<String>,
        start: usize,
        message: String,
    ) -> Finding {
        let (line, column) = self.place(start);
        Finding {
            severity,
            code,
            origin: origin.name.clone(),
            rule,
            line,
            column,
            message,
        }
    }

    /// Line, and column in characters, of the byte at `start`, both from 1.
    pub(crate) fn place(&self, start: usize) -> (usize, usize) {
        let start = start.min(self.text.len());
        let line = self.starts.partition_point(|begin| *begin <= start);
        let begin = line.checked_sub(1).and_then(|line| self.starts.get(line));
        let begin = begin.copied().unwrap_or_default();
        let (known, column) = match self.last.get() {
            (known, column) if (begin..=start).contains(&known) => (known, column),
            _ => (begin, 1),
        };
        let between = self.text.get(known..start).unwrap_or_default();
        // Bytes that begin a character: all but those that continue one in UTF-8.
        let column = column + between.iter().filter(|byte| **byte & 0xc0 != 0x80).count();
        self.last.set((start, column));
        (line, column)
    }
}

/// A compiled set of rules: immutable, shared by the scanners of all threads.
pub struct Rules {
    pub(crate) engine: yara_x::Rules,
    digest: [u8; 32],
    depends_on_name: bool,
    depends_on_time: bool,
}

impl std::fmt::Debug for Rules {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Rules").field("rules", &self.len()).finish()
    }
}

impl Rules {
    /// How many rules there are, private ones included.
    pub fn len(&self) -> usize {
        self.engine.iter().len()
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// SHA-256 over every text, its name and whose it is, in order: what a verdict is true for.
    pub fn digest(&self) -> &[u8; 32] {
        &self.digest
    }

    /// Whether a verdict can depend on more than the bytes looked at: on the file's name.
    pub fn depends_on_name(&self) -> bool {
        self.depends_on_name
    }

    /// Whether a verdict can depend on when it was made, so that it may not be remembered.
    pub fn depends_on_time(&self) -> bool {
        self.depends_on_time
    }

    /// What each rule says about itself, in the order of the texts.
    pub fn facts(&self) -> impl Iterator<Item = RuleFacts> + '_ {
        self.engine.iter().map(|rule| RuleFacts {
            name: rule.identifier().to_owned(),
            origin: origin_of(rule.namespace()).to_owned(),
            tags: rule.tags().map(|tag| tag.identifier().to_owned()).collect(),
            strings: rule
                .patterns()
                .include_private(true)
                .map(|pattern| pattern.identifier().to_owned())
                .collect(),
            is_private: rule.is_private(),
            is_global: rule.is_global(),
        })
    }
}

/// The text's name of a namespace that [`Compiler::add`] made.
pub(crate) fn origin_of(namespace: &str) -> &str {
    namespace.split_once(':').map_or(namespace, |(_, name)| name)
}
