//! What is wrong with a document, where, and the way out.

use std::fmt;

/// One fault of an agreement's document.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fault {
    /// Line from 1; `None` in canonical JSON, which has only one.
    pub line: Option<usize>,
    /// Column from 1, in characters.
    pub column: Option<usize>,
    /// Which part: `clause "warnings", markings_up_to`; empty for the document as a whole.
    pub place: String,
    /// What is wrong, and what was expected.
    pub what: String,
    /// The way out, where there is one to tell.
    pub way_out: Option<String>,
}

impl Fault {
    /// A fault of the document as a whole.
    pub(super) fn whole(what: impl Into<String>, way_out: Option<&str>) -> Fault {
        Fault {
            line: None,
            column: None,
            place: String::new(),
            what: what.into(),
            way_out: way_out.map(str::to_owned),
        }
    }

    /// The text is JSON and an agreement, but not written as it was signed.
    pub(super) fn not_canonical() -> Fault {
        Fault::whole(
            "not in canonical form: what was signed is the form of RFC 8785, byte by byte",
            Some("take the file as it was handed out, without formatting it"),
        )
    }

    /// The first of several; of none, an unknown one.
    pub(super) fn first(faults: Vec<Fault>) -> Fault {
        let more = faults.len().saturating_sub(1);
        let Some(mut first) = faults.into_iter().next() else {
            return Fault::whole("not an agreement", None);
        };
        if more > 0 {
            first.what.push_str(&format!(" (and {more} more)"));
        }
        first
    }
}

/// A fault that does not yet know its line.
pub(super) struct Found {
    /// Bytes from the start of the text.
    pub(super) at: Option<usize>,
    pub(super) place: String,
    pub(super) what: String,
    pub(super) way_out: Option<String>,
}

/// Faults in the order of the text, with their lines and columns. `more` is how many were left out.
pub(super) fn located(mut found: Vec<Found>, more: usize, text: Option<&str>) -> Vec<Fault> {
    found.sort_by_key(|found| found.at);
    let mut lines = Lines::of(text.unwrap_or_default());
    let mut faults: Vec<_> = found
        .into_iter()
        .map(|found| {
            let position = found.at.and_then(|at| lines.position(at));
            Fault {
                line: position.map(|(line, _)| line),
                column: position.map(|(_, column)| column),
                place: found.place,
                what: found.what,
                way_out: found.way_out,
            }
        })
        .collect();
    if more > 0 {
        faults.push(Fault::whole(format!("and {more} faults more"), None));
    }
    faults
}

/// A walk through a text that counts lines and columns: once, whatever the number of faults.
struct Lines<'t> {
    text: &'t str,
    at: usize,
    line: usize,
    column: usize,
}

impl<'t> Lines<'t> {
    fn of(text: &'t str) -> Lines<'t> {
        Lines {
            text,
            at: 0,
            line: 1,
            column: 1,
        }
    }

    /// Line and column of a byte; to be asked in rising order.
    fn position(&mut self, at: usize) -> Option<(usize, usize)> {
        for character in self.text.get(self.at..at)?.chars() {
            if character == '\n' {
                self.line += 1;
                self.column = 1;
            } else {
                self.column += 1;
            }
        }
        self.at = at;
        Some((self.line, self.column))
    }
}

impl std::error::Error for Fault {}

/// `line 4, column 1, clause "warnings": unknown key `markings_upto`; did you mean `markings_up_to`?`
impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut between = "";
        if let Some(line) = self.line {
            write!(f, "line {line}")?;
            between = ", ";
        }
        if let Some(column) = self.column {
            write!(f, "{between}column {column}")?;
            between = ", ";
        }
        if !self.place.is_empty() {
            write!(f, "{between}{}", self.place)?;
            between = ", ";
        }
        if !between.is_empty() {
            f.write_str(": ")?;
        }
        f.write_str(&self.what)?;
        match &self.way_out {
            Some(way_out) => write!(f, "; {way_out}"),
            None => Ok(()),
        }
    }
}
