//! What rules, correlations and filters all say of themselves, read and checked.
//!
//! Refused is what the text forbids or what has another type than it must; what it only advises is left to lint.

use crate::error::{Place, Reason, Refusal};
use crate::rule::{Date, Level, Logsource, Meta, Related, Relation, Status};
use crate::suggest;
use crate::yaml::{Entry, Node};

/// Characters of a title (Sigma 2.1 rules, "Title").
const TITLE_CHARS_MAX: usize = 256;

/// Reads a document's own keys; `body` are those that another reader takes.
pub(crate) fn read(node: &Node, body: &[&str]) -> Result<Meta, Refusal> {
    let entries = node.map().ok_or_else(|| node.wrong("document", "a map"))?;
    let mut meta = Meta {
        place: node.place,
        ..Meta::default()
    };
    for entry in entries {
        if !body.contains(&entry.key.as_str()) {
            take(&mut meta, entry)?;
        }
    }
    if node.get("title").is_none_or(Node::is_null) {
        return Err(node.place.refuse(Reason::Missing("title".into())));
    }
    Ok(meta)
}

fn take(meta: &mut Meta, entry: &Entry) -> Result<(), Refusal> {
    if entry.node.is_null() {
        return Ok(());
    }
    match entry.key.as_str() {
        "title" => meta.title = title(entry)?,
        "id" => meta.id = Some(text(entry)?.to_ascii_lowercase()),
        "name" => meta.name = Some(filled(entry)?),
        "taxonomy" => meta.taxonomy = Some(filled(entry)?),
        "status" => meta.status = Some(one_of(entry, STATUSES, "a status")?),
        "level" => meta.level = Some(one_of(entry, LEVELS, "a level")?),
        "description" => meta.description = Some(text(entry)?),
        "license" => meta.license = Some(text(entry)?),
        "author" => meta.author = Some(text(entry)?),
        "references" => meta.references = texts(entry)?,
        "date" => meta.date = Some(date(entry)?),
        "modified" => meta.modified = Some(date(entry)?),
        "related" => meta.related = related(entry)?,
        "tags" => meta.tags = texts(entry)?,
        "fields" => meta.fields = texts(entry)?,
        // The schema takes one text too.
        "falsepositives" if entry.node.text().is_some() => meta.falsepositives = vec![text(entry)?],
        "falsepositives" => meta.falsepositives = texts(entry)?,
        "scope" => meta.scope = texts(entry)?,
        _ => meta.custom.push(entry.clone()),
    }
    Ok(())
}

fn title(entry: &Entry) -> Result<String, Refusal> {
    let title = text(entry)?;
    match title.chars().count() > TITLE_CHARS_MAX {
        true => Err(entry.node.wrong("title", "at most 256 characters")),
        false => Ok(title),
    }
}

pub(crate) fn text(entry: &Entry) -> Result<String, Refusal> {
    let text = entry.node.text().map(str::to_owned);
    text.ok_or_else(|| entry.node.wrong(&entry.key, "a text"))
}

fn filled(entry: &Entry) -> Result<String, Refusal> {
    let text = text(entry)?;
    match text.is_empty() {
        true => Err(entry.node.wrong(&entry.key, "a text that is not empty")),
        false => Ok(text),
    }
}

/// A list of texts; numbers and booleans count as they are written.
pub(crate) fn texts(entry: &Entry) -> Result<Vec<String>, Refusal> {
    let nodes = entry
        .node
        .list()
        .ok_or_else(|| entry.node.wrong(&entry.key, "a list"))?;
    let written = nodes.iter().filter(|node| !node.is_null());
    written
        .map(|node| {
            node.scalar()
                .ok_or_else(|| node.wrong(&entry.key, "a list of texts"))
        })
        .collect()
}

const STATUSES: &[(&str, Status)] = &[
    ("stable", Status::Stable),
    ("test", Status::Test),
    ("experimental", Status::Experimental),
    ("deprecated", Status::Deprecated),
    ("unsupported", Status::Unsupported),
];

const LEVELS: &[(&str, Level)] = &[
    ("informational", Level::Informational),
    ("low", Level::Low),
    ("medium", Level::Medium),
    ("high", Level::High),
    ("critical", Level::Critical),
];

const RELATIONS: &[(&str, Relation)] = &[
    ("derived", Relation::Derived),
    ("obsolete", Relation::Obsolete),
    ("merged", Relation::Merged),
    ("renamed", Relation::Renamed),
    ("similar", Relation::Similar),
    ("correlation", Relation::Correlation),
];

/// One of a table's words, in any case.
pub(crate) fn one_of<T: Copy>(
    entry: &Entry,
    known: &[(&str, T)],
    expected: &'static str,
) -> Result<T, Refusal> {
    let word = text(entry).map_err(|_| entry.node.wrong(&entry.key, expected))?;
    let found = known.iter().find(|(name, _)| name.eq_ignore_ascii_case(&word));
    found.map(|(_, value)| *value).ok_or_else(|| {
        entry.node.place.refuse(Reason::Wrong {
            attribute: entry.key.clone(),
            expected,
            found: entry.node.kind(),
            hint: suggest::nearest(&word, known.iter().map(|(name, _)| *name)),
        })
    })
}

impl Level {
    /// The level of this name, in any case.
    pub fn named(name: &str) -> Option<Self> {
        named(LEVELS, name)
    }

    /// Its name.
    pub fn name(self) -> &'static str {
        let known = LEVELS.iter().find(|(_, level)| *level == self);
        known.map(|(name, _)| *name).unwrap_or_default()
    }
}

impl Status {
    /// The status of this name, in any case.
    pub fn named(name: &str) -> Option<Self> {
        named(STATUSES, name)
    }

    /// Its rank as pySigma compares them: `unsupported` least, `stable` most.
    pub(crate) fn standing(self) -> u8 {
        match self {
            Self::Unsupported => 0,
            Self::Deprecated => 1,
            Self::Experimental => 2,
            Self::Test => 3,
            Self::Stable => 4,
        }
    }
}

fn named<T: Copy>(known: &[(&str, T)], name: &str) -> Option<T> {
    known
        .iter()
        .find(|(known, _)| known.eq_ignore_ascii_case(name))
        .map(|(_, value)| *value)
}

fn related(entry: &Entry) -> Result<Vec<Related>, Refusal> {
    let nodes = entry
        .node
        .list()
        .ok_or_else(|| entry.node.wrong("related", "a list"))?;
    let each = nodes.iter().map(|node| {
        let missing = |key: &str| node.place.refuse(Reason::Missing(format!("related: {key}")));
        let id = node.entry("id").ok_or_else(|| missing("id"))?;
        let relation = node.entry("type").ok_or_else(|| missing("type"))?;
        let uuid = id.node.text().filter(|id| is_uuid(id));
        let uuid = uuid.ok_or_else(|| id.node.wrong("related: id", "a UUID"))?;
        Ok(Related {
            id: uuid.to_ascii_lowercase(),
            relation: one_of(relation, RELATIONS, "a relation")?,
        })
    });
    each.collect()
}

/// Whether this is a UUID in its usual form.
pub(crate) fn is_uuid(text: &str) -> bool {
    let groups: Vec<&str> = text.split('-').collect();
    groups.iter().map(|group| group.len()).eq([8, 4, 4, 4, 12])
        && groups
            .iter()
            .all(|group| group.bytes().all(|byte| byte.is_ascii_hexdigit()))
}

fn date(entry: &Entry) -> Result<Date, Refusal> {
    let wrong = || entry.node.wrong(&entry.key, "a date like 2024-01-31");
    entry.node.text().and_then(Date::parse).ok_or_else(wrong)
}

impl Date {
    /// `YYYY-MM-DD`, also with a time behind it, or `YYYY/M/D` as older rules have it.
    pub fn parse(text: &str) -> Option<Self> {
        let separator = if text.contains('/') { '/' } else { '-' };
        let day = match text.split_once(['T', 't', ' ']) {
            Some((day, time)) if separator == '-' && is_time(time) => day,
            Some(_) => return None,
            None => text,
        };
        let parts: Vec<&str> = day.split(separator).collect();
        let [year, month, day] = parts.as_slice() else {
            return None;
        };
        let short = separator == '/' && (1..=2).contains(&month.len()) && (1..=2).contains(&day.len());
        let full = month.len() == 2 && day.len() == 2;
        let digits = |part: &str| part.bytes().all(|byte| byte.is_ascii_digit());
        if year.len() != 4 || !(short || full) || !parts.iter().all(|part| digits(part)) {
            return None;
        }
        let date = Self {
            year: year.parse().ok()?,
            month: month.parse().ok()?,
            day: day.parse().ok()?,
        };
        (date.year >= 1 && (1..=date.days()).contains(&date.day)).then_some(date)
    }

    /// How many days the month has; none if there is no such month.
    fn days(self) -> u8 {
        let by = |years| self.year.is_multiple_of(years);
        let leap = by(4) && (!by(100) || by(400));
        match self.month {
            1 | 3 | 5 | 7 | 8 | 10 | 12 => 31,
            4 | 6 | 9 | 11 => 30,
            2 if leap => 29,
            2 => 28,
            _ => 0,
        }
    }
}

fn is_time(text: &str) -> bool {
    let allowed = |byte: u8| byte.is_ascii_digit() || b":.+-Zz ".contains(&byte);
    text.split(':').count() >= 2
        && text.bytes().all(allowed)
        && text.starts_with(|first: char| first.is_ascii_digit())
}

/// Reads `logsource`.
pub(crate) fn logsource(node: &Node, document: Place) -> Result<Logsource, Refusal> {
    let missing = || document.refuse(Reason::Missing("logsource".into()));
    let entry = node
        .entry("logsource")
        .filter(|entry| !entry.node.is_null())
        .ok_or_else(missing)?;
    let entries = entry
        .node
        .map()
        .ok_or_else(|| entry.node.wrong("logsource", "a map"))?;
    let mut logsource = Logsource::default();
    for entry in entries.iter().filter(|entry| !entry.node.is_null()) {
        match entry.key.as_str() {
            "category" => logsource.category = Some(text(entry)?),
            "product" => logsource.product = Some(text(entry)?),
            "service" => logsource.service = Some(text(entry)?),
            "definition" => logsource.definition = entry.node.scalar(),
            _ => logsource.custom.push(entry.clone()),
        }
    }
    if logsource.category.is_none() && logsource.product.is_none() && logsource.service.is_none() {
        return Err(entry
            .node
            .wrong("logsource", "a map with `category`, `product` or `service`"));
    }
    Ok(logsource)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dates_are_days_that_there_are() {
        for (text, expected) in [
            ("2024-02-29", true),
            ("2023-02-29", false),
            ("2024/1/2", true),
            ("3000-01-02T03:04:05", true),
            (" 2024-11-24", false),
            ("2024 11-24", false),
            ("10000-01-01", false),
            ("2022/01-01", false),
            ("24-11-24", false),
            ("2024-5-5", false),
            ("2022 01/01", false),
            ("2024-13-01", false),
        ] {
            assert_eq!(Date::parse(text).is_some(), expected, "{text}");
        }
    }
}
