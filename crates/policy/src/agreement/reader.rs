//! Reads single values of the tree and gathers what is wrong with them.
//!
//! A reader of a value gives `None` where it told a fault; so the rest of the document is still read.

use std::collections::BTreeSet;

use entente_stix::time::Timestamp;

use super::fault::{Fault, Found, located};
use super::tree::{Node, Value};
use super::words;
use crate::limits::{FAULTS_MAX, LINE_BYTES_MAX, LIST_MAX, NAME_BYTES_MAX, SPAN_SECONDS_MAX, TEXT_BYTES_MAX};

/// Characters of a wrong value that are shown.
const SHOWN_CHARS: usize = 80;

/// Gathers faults.
#[derive(Default)]
pub(super) struct Reader {
    found: Vec<Found>,
    more: usize,
}

/// Which value: `clause "warnings"`, `markings_up_to`.
#[derive(Clone, Copy)]
pub(super) struct Place<'p> {
    pub(super) part: &'p str,
    pub(super) key: &'p str,
}

impl Reader {
    /// Tells a fault. `way_out` is asked only where it will be shown.
    pub(super) fn tell(
        &mut self,
        at: Option<usize>,
        place: Place<'_>,
        what: String,
        way_out: Option<String>,
    ) {
        if self.found.len() >= FAULTS_MAX {
            self.more += 1;
            return;
        }
        let between = if place.part.is_empty() || place.key.is_empty() {
            ""
        } else {
            ", "
        };
        self.found.push(Found {
            at,
            place: format!("{}{between}{}", place.part, place.key),
            what,
            way_out,
        });
    }

    /// Whether further faults are only counted.
    pub(super) fn is_full(&self) -> bool {
        self.found.len() >= FAULTS_MAX
    }

    /// Everything told, in the order of the text.
    pub(super) fn finish(self, text: Option<&str>) -> Result<(), Vec<Fault>> {
        if self.found.is_empty() {
            Ok(())
        } else {
            Err(located(self.found, self.more, text))
        }
    }

    fn wrong<T>(
        &mut self,
        node: &Node,
        place: Place<'_>,
        what: String,
        way_out: Option<String>,
    ) -> Option<T> {
        self.tell(node.at, place, what, way_out);
        None
    }

    fn other<T>(&mut self, node: &Node, place: Place<'_>, expected: &str) -> Option<T> {
        self.wrong(
            node,
            place,
            format!("{} where {expected} should be", node.words()),
            None,
        )
    }

    fn raw<'n>(&mut self, node: &'n Node, place: Place<'_>, expected: &str) -> Option<&'n str> {
        match &node.value {
            Value::Text(text) => Some(text),
            _ => self.other(node, place, expected),
        }
    }

    /// A text of several lines.
    pub(super) fn text(&mut self, node: &Node, place: Place<'_>) -> Option<String> {
        let allowed = |character: char| character == '\n' || character == '\t';
        self.bounded(node, place, TEXT_BYTES_MAX, allowed)
    }

    /// A text of one line.
    pub(super) fn line(&mut self, node: &Node, place: Place<'_>) -> Option<String> {
        self.bounded(node, place, LINE_BYTES_MAX, |_| false)
    }

    fn bounded(
        &mut self,
        node: &Node,
        place: Place<'_>,
        most: usize,
        allowed: fn(char) -> bool,
    ) -> Option<String> {
        let text = self.raw(node, place, "a text")?;
        if text.trim().is_empty() {
            return self.wrong(node, place, "an empty text".to_owned(), None);
        }
        if text.len() > most {
            let what = format!("{} bytes, where {most} are the most", text.len());
            return self.wrong(node, place, what, None);
        }
        if let Some(hidden) = text
            .chars()
            .find(|character| is_hidden(*character) && !allowed(*character))
        {
            let what = format!(
                "the character U+{:04X}, which nobody sees who reads",
                u32::from(hidden)
            );
            return self.wrong(node, place, what, Some("take it out".to_owned()));
        }
        Some(text.to_owned())
    }

    /// A short name: `[a-z0-9-]{1,64}`.
    pub(super) fn name(&mut self, node: &Node, place: Place<'_>) -> Option<String> {
        let text = self.raw(node, place, "a name")?;
        let allowed = |byte: u8| matches!(byte, b'a'..=b'z' | b'0'..=b'9' | b'-');
        if !text.is_empty() && text.len() <= NAME_BYTES_MAX && text.bytes().all(allowed) {
            return Some(text.to_owned());
        }
        let what = format!("`{}` is no name", shown(text));
        let way_out = format!("write 1 to {NAME_BYTES_MAX} of `a-z`, `0-9` and `-`");
        self.wrong(node, place, what, Some(way_out))
    }

    /// A whole number within bounds.
    pub(super) fn number(&mut self, node: &Node, place: Place<'_>, least: i64, most: i64) -> Option<i64> {
        match node.value {
            Value::Integer(number) if (least..=most).contains(&number) => Some(number),
            Value::Integer(number) => self.wrong(
                node,
                place,
                format!("{number} is not from {least} to {most}"),
                None,
            ),
            _ => self.other(node, place, &format!("a whole number from {least} to {most}")),
        }
    }

    /// `true` or `false`.
    pub(super) fn truth(&mut self, node: &Node, place: Place<'_>) -> Option<bool> {
        match node.value {
            Value::Bool(truth) => Some(truth),
            _ => self.other(node, place, "`true` or `false`"),
        }
    }

    /// A span of time: `24h`, `90d`.
    pub(super) fn span(&mut self, node: &Node, place: Place<'_>) -> Option<u64> {
        let example = || Some("write it as `24h`, `90d` or `2w`".to_owned());
        let Value::Text(text) = &node.value else {
            return self.wrong(
                node,
                place,
                format!("{} where a span of time should be", node.words()),
                example(),
            );
        };
        match words::seconds(text) {
            Some(0) => self.wrong(node, place, "a span of time of nothing".to_owned(), None),
            Some(seconds) if seconds > SPAN_SECONDS_MAX => {
                let what = format!("`{}` is longer than a hundred years", shown(text));
                self.wrong(node, place, what, None)
            }
            Some(seconds) => Some(seconds),
            None => self.wrong(
                node,
                place,
                format!("`{}` is no span of time", shown(text)),
                example(),
            ),
        }
    }

    /// A point in time: a date, which is its first instant in UTC, or a date-time with its zone.
    pub(super) fn time(&mut self, node: &Node, place: Place<'_>) -> Option<Timestamp> {
        let (Value::Time(text) | Value::Text(text)) = &node.value else {
            return self.other(node, place, "a date such as 2026-01-31, or 2026-01-31T12:00:00Z");
        };
        let years = Timestamp::from_micros(0)..Timestamp::from_micros(YEAR_10000_MICROS);
        match Timestamp::parse_rfc3339(&whole_time(text)) {
            Ok(time) if years.contains(&time) => Some(time),
            Ok(_) => self.wrong(node, place, "a year before 1970 or after 9999".to_owned(), None),
            Err(error) => {
                let what = format!("`{}` is no point in time: {error}", shown(text));
                let way_out = "write a date as 2026-01-31, or a time in UTC as 2026-01-31T12:00:00Z";
                self.wrong(node, place, what, Some(way_out.to_owned()))
            }
        }
    }

    /// One of a few words; `of` gives what a word stands for.
    pub(super) fn word<T>(
        &mut self,
        node: &Node,
        place: Place<'_>,
        known: &[&str],
        of: impl Fn(&str) -> Option<T>,
    ) -> Option<T> {
        let text = match &node.value {
            Value::Text(text) => text,
            _ => return self.other(node, place, &one_of(known)),
        };
        if let Some(value) = of(text) {
            return Some(value);
        }
        let what = format!("unknown word `{}`; expected {}", shown(text), one_of(known));
        let choice = known.len() > 1 && !self.is_full();
        let way_out = choice.then(|| did_you_mean(text, known.iter().copied()));
        self.wrong(node, place, what, way_out.flatten())
    }

    /// The elements of a list, not more than are allowed.
    pub(super) fn list<'n>(
        &mut self,
        node: &'n Node,
        place: Place<'_>,
        most: usize,
        of: &str,
    ) -> Option<&'n [Node]> {
        let Value::List(elements) = &node.value else {
            return self.other(node, place, &format!("a list of {of}"));
        };
        if elements.len() > most {
            let what = format!("{} {of}, where {most} are the most", elements.len());
            return self.wrong(node, place, what, None);
        }
        Some(elements)
    }

    /// A set written as a list: every element is read with `each`, and none comes twice.
    pub(super) fn set(
        &mut self,
        node: &Node,
        place: Place<'_>,
        of: &str,
        mut each: impl FnMut(&mut Reader, &Node) -> Option<String>,
    ) -> Option<BTreeSet<String>> {
        let mut set = BTreeSet::new();
        let mut good = true;
        for element in self.list(node, place, LIST_MAX, of)? {
            match each(self, element) {
                Some(value) if set.contains(&value) => {
                    good = false;
                    self.tell(element.at, place, format!("`{}` twice", shown(&value)), None);
                }
                Some(value) => {
                    set.insert(value);
                }
                None => good = false,
            }
        }
        good.then_some(set)
    }
}

/// 10000-01-01T00:00:00Z.
const YEAR_10000_MICROS: i64 = 253_402_300_800_000_000;

/// A date is its first instant in UTC; seconds that TOML lets be left out are 0.
fn whole_time(text: &str) -> String {
    let (head, zone) = text.split_at_checked(16).unwrap_or((text, ""));
    match text.len() {
        10 => format!("{text}T00:00:00Z"),
        _ if zone.starts_with(['Z', '+', '-']) => format!("{head}:00{zone}"),
        _ => text.to_owned(),
    }
}

/// Control characters, and those that turn the direction of what follows (Unicode TR 36 §2.10).
fn is_hidden(character: char) -> bool {
    let turns = matches!(character, '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}');
    character.is_control() || turns || matches!(character, '\u{feff}' | '\u{2028}' | '\u{2029}')
}

fn one_of(known: &[&str]) -> String {
    match known {
        [one] => format!("`{one}`"),
        several => format!("one of {}", several.join(", ")),
    }
}

/// The beginning of a text that somebody else wrote, for a message.
pub(super) fn shown(text: &str) -> String {
    let mut shown: String = text
        .chars()
        .take(SHOWN_CHARS)
        .flat_map(char::escape_debug)
        .collect();
    if text.chars().nth(SHOWN_CHARS).is_some() {
        shown.push('…');
    }
    shown
}

/// A question, where a known word is close.
pub(super) fn did_you_mean<'k>(word: &str, known: impl IntoIterator<Item = &'k str>) -> Option<String> {
    entente_stix::words::meant(word, known).map(|meant| format!("did you mean `{meant}`?"))
}
