//! A rule as it was written, modifiers resolved, and how it is asked for its expression.

use std::fmt;
use std::sync::Arc;

use crate::condition::Condition;
use crate::detection;
use crate::error::{Place, Reason, Refusal};
use crate::meta;
use crate::search::{Expression, Named};
use crate::yaml::{Entry, Node};

/// A Sigma rule.
#[derive(Debug, Clone, PartialEq)]
pub struct Rule {
    /// Title, id, level and so on.
    pub meta: Meta,
    /// Which records it is about.
    pub logsource: Logsource,
    /// What it looks for.
    pub detection: Detection,
    /// What filters ask beside it; each must hold too. Set by [`crate::Collection::link`].
    pub filters: Vec<AppliedFilter>,
    /// A correlation alerts in its place; set by [`crate::Collection::link`].
    pub silent: bool,
}

/// What a filter adds to a rule.
#[derive(Debug, Clone, PartialEq)]
pub struct AppliedFilter {
    /// The filter's id, or its title.
    pub name: String,
    /// What must hold.
    pub detection: Arc<Detection>,
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
    /// What the text does not know: pipelines may ask for it.
    pub custom: Vec<Entry>,
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
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Logsource {
    /// `category`: what kind of event.
    pub category: Option<String>,
    /// `product`: of what system.
    pub product: Option<String>,
    /// `service`: which log of it.
    pub service: Option<String>,
    /// `definition`: for people.
    pub definition: Option<String>,
    /// What the text does not know.
    pub custom: Vec<Entry>,
}

impl fmt::Display for Logsource {
    fn fmt(&self, to: &mut fmt::Formatter<'_>) -> fmt::Result {
        let parts = [
            ("product", &self.product),
            ("category", &self.category),
            ("service", &self.service),
        ];
        let said = parts
            .iter()
            .filter_map(|(name, value)| Some((name, value.as_deref()?)));
        for (number, (name, value)) in said.enumerate() {
            let between = if number > 0 { ", " } else { "" };
            write!(to, "{between}{name} {value}")?;
        }
        Ok(())
    }
}

impl Logsource {
    /// Whether everything that this names is named alike by the other: `product: windows` covers each log source of
    /// Windows. Case does not matter.
    pub fn covers(&self, other: &Self) -> bool {
        let covers = |mine: &Option<String>, others: &Option<String>| match (mine, others) {
            (None, _) => true,
            (Some(mine), Some(other)) => mine.eq_ignore_ascii_case(other),
            (Some(_), None) => false,
        };
        covers(&self.category, &other.category)
            && covers(&self.product, &other.product)
            && covers(&self.service, &other.service)
    }
}

/// `detection`.
#[derive(Debug, Clone, PartialEq)]
pub struct Detection {
    /// Searches in the order they are written; names are unique.
    pub searches: Vec<Named>,
    /// `condition`: one of these holds; never empty.
    pub conditions: Vec<Condition>,
}

/// Reads a document that is a rule.
pub(crate) fn read(node: &Node) -> Result<Rule, Refusal> {
    let meta = meta::read(node, &["detection", "logsource"])?;
    let logsource = meta::logsource(node, meta.place)?;
    let missing = || meta.place.refuse(Reason::Missing("detection".into()));
    let entry = node.entry("detection").ok_or_else(missing)?;
    let detection = detection::read(entry, &[TIMEFRAME])?;
    Ok(Rule {
        meta,
        logsource,
        detection,
        filters: Vec::new(),
        silent: false,
    })
}

/// A key of `detection` from the time when conditions could aggregate.
const TIMEFRAME: &str = "timeframe";

impl Rule {
    /// What the rule looks for: its conditions, and those of its filters.
    ///
    /// # Errors
    ///
    /// What [`Refusal`] says of conditions. A rule of a [`crate::Collection`] has none.
    pub fn expression(&self) -> Result<Expression, Refusal> {
        let mut parts = vec![self.detection.expression()?];
        for filter in &self.filters {
            parts.push(filter.detection.expression()?);
        }
        Ok(Expression::and(parts))
    }
}
