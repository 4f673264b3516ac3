//! What a reader gives: an entry, or a defect with its line, its reason and a way out.

use entente_stix::{marking::Tlp, observable::Observable, time::Timestamp};

use crate::limits;

/// One thing read from a list or CSV file.
#[derive(Debug, Clone, PartialEq)]
pub enum Item {
    /// A value with what its source says about it.
    Entry(Entry),
    /// A line or record that was not taken.
    Defect(Defect),
}

/// One value of a list.
#[derive(Debug, Clone, PartialEq)]
pub struct Entry {
    /// The line it stands on, counted from 1 (where its record begins, in CSV).
    pub line: u64,
    /// What it is, in normal form.
    pub observable: Observable,
    /// The value as its source wrote it, refanged; a URL keeps its scheme here.
    pub written: String,
    /// The port that stood with an address or a domain.
    ///
    /// The indicator is about the address alone, and says the port in its description: a list
    /// names the port where something was seen once, and a hit elsewhere still matters.
    pub port: Option<u16>,
    /// What else the source says.
    pub attributes: Attributes,
}

/// What a source says about a value.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Attributes {
    /// A name for people; the value itself where the source gives none.
    pub name: Option<String>,
    /// The comment beside the value, or the heading of its section.
    pub description: Option<String>,
    /// Labels, tags, threat types.
    pub labels: Vec<String>,
    /// Where its source has it from: links and names.
    pub links: Vec<String>,
    /// Whom the list names as the source of this value.
    pub source: Option<String>,
    /// Since when the value is bad, by its source.
    pub first_seen: Option<Timestamp>,
    /// When the source says that it ends.
    pub valid_until: Option<Timestamp>,
    /// 0 to 100, STIX 2.1 appendix A.
    pub confidence: Option<u8>,
    /// How it may be shared.
    pub tlp: Option<Tlp>,
}

impl Attributes {
    /// Adds a line to the description; cut at [`limits::DESCRIPTION_BYTES_MAX`].
    pub(crate) fn describe(&mut self, text: &str) {
        let text = text.trim();
        if text.is_empty() {
            return;
        }
        let description = self.description.get_or_insert_default();
        if !description.is_empty() {
            description.push('\n');
        }
        description.push_str(text);
        let kept = cut(description, limits::DESCRIPTION_BYTES_MAX).len();
        description.truncate(kept);
    }

    /// Adds a label once, up to [`limits::LABELS_MAX`].
    pub(crate) fn label(&mut self, label: &str) {
        let label = label.trim();
        let known = self.labels.iter().any(|have| have == label);
        if !label.is_empty() && !known && self.labels.len() < limits::LABELS_MAX {
            self.labels.push(label.to_owned());
        }
    }

    /// Adds a link once, up to [`limits::LINKS_MAX`].
    pub(crate) fn link(&mut self, link: &str) {
        let link = link.trim();
        let known = self.links.iter().any(|have| have == link);
        if !link.is_empty() && !known && self.links.len() < limits::LINKS_MAX {
            self.links.push(link.to_owned());
        }
    }
}

/// A line or record that was not taken, and why.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("line {line}: {reason}; {way_out} (`{excerpt}`)")]
pub struct Defect {
    /// The line, counted from 1.
    pub line: u64,
    /// What was wrong.
    pub reason: String,
    /// What would make it right.
    pub way_out: String,
    /// The beginning of what was read, control characters replaced.
    pub excerpt: String,
}

/// Why a value was not taken, before its line is known.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Refusal {
    pub(crate) reason: String,
    pub(crate) way_out: String,
}

impl Refusal {
    pub(crate) fn new(reason: impl Into<String>, way_out: impl Into<String>) -> Self {
        Self {
            reason: reason.into(),
            way_out: way_out.into(),
        }
    }

    pub(crate) fn at(self, line: u64, text: &str) -> Defect {
        Defect {
            line,
            reason: self.reason,
            way_out: self.way_out,
            excerpt: excerpt(text),
        }
    }
}

fn excerpt(text: &str) -> String {
    let kept = cut(text.trim(), limits::EXCERPT_BYTES_MAX);
    let mut shown: String = kept
        .chars()
        .map(|c| if c.is_control() { '\u{fffd}' } else { c })
        .collect();
    if kept.len() < text.trim().len() {
        shown.push('…');
    }
    shown
}

/// The longest beginning of `text` of at most `bytes` bytes that ends between characters.
pub(crate) fn cut(text: &str, bytes: usize) -> &str {
    let end = (0..=bytes.min(text.len()))
        .rev()
        .find(|&end| text.is_char_boundary(end));
    text.get(..end.unwrap_or(0)).unwrap_or_default()
}
