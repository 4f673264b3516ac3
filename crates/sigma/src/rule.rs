//! A rule as it was written, modifiers resolved, and how it is asked for its expression.

use crate::error::Place;
use crate::search::Named;

/// A Sigma rule.
#[derive(Debug, Clone, PartialEq)]
pub struct Rule {
    /// Title, id, level and so on.
    pub meta: Meta,
    /// Which records it is about.
    pub logsource: Logsource,
    /// What it looks for.
    pub detection: Detection,
}

/// What rules, correlations and filters all say of themselves.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Meta {
    /// `title`; empty where there is none, which lint says.
    pub title: String,
    /// `id`: a UUID in lower case.
    pub id: Option<String>,
    /// `name`: what correlations may call it.
    pub name: Option<String>,
    /// `taxonomy`; none is `sigma`.
    pub taxonomy: Option<String>,
    /// `status`.
    pub status: Option<Status>,
    /// `level`.
    pub level: Option<Level>,
    /// `description`.
    pub description: Option<String>,
    /// `license`.
    pub license: Option<String>,
    /// `author`.
    pub author: Option<String>,
    /// `references`.
    pub references: Vec<String>,
    /// `date`.
    pub date: Option<Date>,
    /// `modified`.
    pub modified: Option<Date>,
    /// `related`.
    pub related: Vec<Related>,
    /// `tags`, as written.
    pub tags: Vec<String>,
    /// `fields`.
    pub fields: Vec<String>,
    /// `falsepositives`.
    pub falsepositives: Vec<String>,
    /// `scope`.
    pub scope: Vec<String>,
    /// Where the document begins.
    pub place: Place,
}

/// `status`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Status {
    /// For production.
    Stable,
    /// Mostly stable.
    Test,
    /// May be noisy.
    Experimental,
    /// Replaced by another.
    Deprecated,
    /// Cannot be used as it is.
    Unsupported,
}

/// `level`, least first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Level {
    /// For enrichment only.
    Informational,
    /// Rarely an incident.
    Low,
    /// To be looked at now and then.
    Medium,
    /// An alert.
    High,
    /// An incident.
    Critical,
}

/// A day.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Date {
    /// 1 to 9999.
    pub year: u16,
    /// 1 to 12.
    pub month: u8,
    /// 1 to 31, as the month has them.
    pub day: u8,
}

/// One line of `related`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Related {
    /// The other rule.
    pub id: String,
    /// What it is to this one.
    pub relation: Relation,
}

/// `type` of a related rule.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Relation {
    /// Made from it.
    Derived,
    /// It is obsolete by this one.
    Obsolete,
    /// It was merged into this one.
    Merged,
    /// It was this one's earlier name.
    Renamed,
    /// Alike.
    Similar,
    /// In a correlation with it (pySigma).
    Correlation,
}

/// `logsource`.
#[derive(Debug, Clone, PartialEq, Eq, Default, Hash)]
pub struct Logsource {
    /// `category`: what kind of event.
    pub category: Option<String>,
    /// `product`: of what system.
    pub product: Option<String>,
    /// `service`: which log of it.
    pub service: Option<String>,
    /// `definition`: for people.
    pub definition: Option<String>,
}

/// `detection`.
#[derive(Debug, Clone, PartialEq)]
pub struct Detection {
    /// Searches in the order they are written; names are unique.
    pub searches: Vec<Named>,
    /// `condition`: one of these holds; never empty.
    pub conditions: Vec<String>,
}
