//! What a rule should say better, though it can be used: findings, never refusals.
//!
//! Begin at [`collection`].

use std::collections::{HashMap, HashSet};
use std::fmt;

use crate::collection::Collection;
use crate::condition::{Condition, Quantity};
use crate::correlation::{Correlation, When};
use crate::detection;
use crate::error::{Hint, Place};
use crate::filter::{AppliesTo, Filter};
use crate::meta;
use crate::rule::{Detection, Meta, Rule};
use crate::search::{Item, Linking, Search};
use crate::suggest;
use crate::test::{Comparison, Test, TimePart};

/// Something to be said of a rule.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Finding {
    /// Where.
    pub place: Place,
    /// The rule's name or title.
    pub of: String,
    /// What.
    pub remark: Remark,
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: `{}`: {}", self.place, self.of, self.remark)
    }
}

/// What there is to be said.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Remark {
    /// An attribute that users of rules rely on is missing or empty.
    #[error("`{0}` is missing")]
    Missing(&'static str),
    /// `id` is no UUID (Sigma 2.1 rules, "Identification").
    #[error("the id `{0}` is no UUID")]
    IdIsNoUuid(String),
    /// Two documents have one id.
    #[error("the id `{0}` is another rule's too")]
    IdTwice(String),
    /// An attribute that nobody knows and that looks like one that is known.
    #[error("`{attribute}` is not known{hint}")]
    UnknownAttribute {
        /// As written.
        attribute: String,
        /// What was meant.
        hint: Hint,
    },
    /// `modified` before `date`.
    #[error("it was modified before its date")]
    ModifiedBeforeDate,
    /// A tag that does not follow the syntax (Sigma 2.1 rules, "Tags").
    #[error("the tag `{0}` should be a namespace, a dot, and lower-case letters, digits, `_` or `-`")]
    Tag(String),
    /// A list holds one text twice.
    #[error("`{attribute}` holds `{value}` twice")]
    Twice {
        /// Which list.
        attribute: &'static str,
        /// What.
        value: String,
    },
    /// A search that no condition names.
    #[error("no condition uses the search `{0}`")]
    Unused(String),
    /// `all of them` (Sigma 2.1 rules, "Condition", discourages it).
    #[error("`all of them` keeps others from adding filters; name the searches by a pattern")]
    AllOfThem,
    /// `|all` on a single value (modifiers appendix: not allowed; it changes nothing).
    #[error("`all` on a single value of `{0}` changes nothing")]
    AllOfOne(String),
    /// `null` beside other values.
    #[error("`null` stands among values of `{0}`; a search of its own is understood by more engines")]
    NullInList(String),
    /// A test that no event can meet.
    #[error("`{field}` is compared with {number}, which no {part} is")]
    NeverHolds {
        /// The field.
        field: String,
        /// As written.
        number: i64,
        /// What part of a time.
        part: &'static str,
    },
    /// An expression with more than linear engines read.
    #[error("the expression `{0}` needs an engine that can look around or back; it runs under a step limit")]
    SlowExpression(String),
    /// A filter without `not`: it keeps only what it describes.
    #[error("the filter's condition has no `not`, so it keeps what it describes and drops the rest")]
    FilterKeeps,
    /// A filter names a rule that is not there.
    #[error("the filter names `{0}`, and no rule is called so")]
    FilterOfNone(String),
    /// A correlation without `group-by`: all events are one group.
    #[error("without `group-by` all events are one group")]
    OneGroup,
    /// An alias that `group-by` does not use.
    #[error("`group-by` does not use the alias `{0}`")]
    UnusedAlias(String),
    /// `field` where nothing is measured.
    #[error("`field` has no meaning for this type")]
    FieldUnread,
}

impl Remark {
    /// What it is about: a name that stays.
    pub fn name(&self) -> &'static str {
        match self {
            Remark::Missing(_) => "missing-attribute",
            Remark::IdIsNoUuid(_) => "id-no-uuid",
            Remark::IdTwice(_) => "id-twice",
            Remark::UnknownAttribute { .. } => "unknown-attribute",
            Remark::ModifiedBeforeDate => "modified-before-date",
            Remark::Tag(_) => "tag-syntax",
            Remark::Twice { .. } => "twice-in-list",
            Remark::Unused(_) => "unused-search",
            Remark::AllOfThem => "all-of-them",
            Remark::AllOfOne(_) => "all-of-one",
            Remark::NullInList(_) => "null-in-list",
            Remark::NeverHolds { .. } => "never-holds",
            Remark::SlowExpression(_) => "slow-expression",
            Remark::FilterKeeps => "filter-keeps",
            Remark::FilterOfNone(_) => "filter-of-none",
            Remark::OneGroup => "one-group",
            Remark::UnusedAlias(_) => "unused-alias",
            Remark::FieldUnread => "field-unread",
        }
    }

    /// Whether it makes a rule do something else than its author meant; the others only help whoever reads it.
    pub fn is_warning(&self) -> bool {
        matches!(
            self,
            Remark::IdTwice(_)
                | Remark::UnknownAttribute { .. }
                | Remark::Unused(_)
                | Remark::NeverHolds { .. }
                | Remark::SlowExpression(_)
                | Remark::FilterKeeps
                | Remark::FilterOfNone(_)
                | Remark::FieldUnread
                | Remark::UnusedAlias(_)
        )
    }
}

/// Findings of everything in a linked collection.
pub fn collection(collection: &Collection) -> Vec<Finding> {
    let mut findings = Vec::new();
    findings.extend(collection.rules.iter().flat_map(rule));
    findings.extend(collection.correlations.iter().flat_map(correlation));
    let rules = collection
        .rules
        .iter()
        .flat_map(|rule| [&rule.meta.id, &rule.meta.name]);
    let called: HashSet<String> = rules.flatten().map(|name| name.to_lowercase()).collect();
    for filter in &collection.filters {
        findings.extend(self::filter(filter));
        findings.extend(unmatched(filter, &called));
    }
    let metas = collection.rules.iter().map(|rule| &rule.meta);
    findings.extend(twice(
        metas.chain(
            collection
                .correlations
                .iter()
                .map(|correlation| &correlation.meta),
        ),
    ));
    findings
}

/// Findings of one rule.
pub fn rule(rule: &Rule) -> Vec<Finding> {
    let mut said = Said::new(&rule.meta);
    said.meta();
    for (name, missing) in [
        ("level", rule.meta.level.is_none()),
        ("status", rule.meta.status.is_none()),
    ] {
        said.when(missing, Remark::Missing(name));
    }
    said.detection(&rule.detection);
    said.findings
}

/// Findings of one correlation.
pub fn correlation(correlation: &Correlation) -> Vec<Finding> {
    let mut said = Said::new(&correlation.meta);
    said.meta();
    said.when(correlation.group_by.is_empty(), Remark::OneGroup);
    for alias in &correlation.aliases {
        let unused = !correlation.group_by.contains(&alias.name);
        said.when(unused, Remark::UnusedAlias(crate::yaml::shown(&alias.name)));
    }
    if let When::Measure(measure) = &correlation.when {
        said.when(
            !correlation.kind.needs_field() && !measure.fields.is_empty(),
            Remark::FieldUnread,
        );
    }
    said.findings
}

/// Findings of one filter.
pub fn filter(filter: &Filter) -> Vec<Finding> {
    let mut said = Said::new(&filter.meta);
    said.meta();
    let keeps = filter
        .detection
        .conditions
        .iter()
        .all(|condition| !negates(condition));
    said.when(keeps, Remark::FilterKeeps);
    said.detection(&filter.detection);
    said.findings
}

fn unmatched(filter: &Filter, called: &HashSet<String>) -> Vec<Finding> {
    let mut said = Said::new(&filter.meta);
    if let AppliesTo::Rules(references) = &filter.applies_to {
        for reference in references.iter().filter(|reference| !called.contains(*reference)) {
            said.say(Remark::FilterOfNone(crate::yaml::shown(reference)));
        }
    }
    said.findings
}

fn twice<'a>(metas: impl Iterator<Item = &'a Meta>) -> Vec<Finding> {
    let mut seen: HashMap<&str, ()> = HashMap::new();
    let mut findings = Vec::new();
    for meta in metas {
        let Some(id) = meta.id.as_deref() else {
            continue;
        };
        if seen.insert(id, ()).is_some() {
            let mut said = Said::new(meta);
            said.say(Remark::IdTwice(crate::yaml::shown(id)));
            findings.extend(said.findings);
        }
    }
    findings
}

fn negates(condition: &Condition) -> bool {
    match condition {
        Condition::Not(_) => true,
        Condition::And(parts) | Condition::Or(parts) => parts.iter().any(negates),
        Condition::Search(_) | Condition::Selector { .. } => false,
    }
}

/// What the text names besides `title`.
const ATTRIBUTES: &[&str] = &[
    "id",
    "name",
    "related",
    "taxonomy",
    "status",
    "description",
    "license",
    "references",
    "author",
    "date",
    "modified",
    "logsource",
    "detection",
    "fields",
    "falsepositives",
    "level",
    "tags",
    "scope",
    "correlation",
    "filter",
    "generate",
];

/// What was said of one document.
struct Said<'a> {
    meta: &'a Meta,
    findings: Vec<Finding>,
}

impl<'a> Said<'a> {
    fn new(meta: &'a Meta) -> Self {
        Self {
            meta,
            findings: Vec::new(),
        }
    }

    fn say(&mut self, remark: Remark) {
        self.say_at(self.meta.place, remark);
    }

    fn say_at(&mut self, place: Place, remark: Remark) {
        self.findings.push(Finding {
            place,
            of: self.meta.shown(),
            remark,
        });
    }

    fn when(&mut self, holds: bool, remark: Remark) {
        if holds {
            self.say(remark);
        }
    }

    fn meta(&mut self) {
        let meta = self.meta;
        self.when(meta.title.trim().is_empty(), Remark::Missing("title"));
        match &meta.id {
            None => self.say(Remark::Missing("id")),
            Some(id) => self.when(!meta::is_uuid(id), Remark::IdIsNoUuid(crate::yaml::shown(id))),
        }
        let backwards = meta
            .date
            .zip(meta.modified)
            .is_some_and(|(date, modified)| modified < date);
        self.when(backwards, Remark::ModifiedBeforeDate);
        for entry in &meta.custom {
            let hint = suggest::nearest(&entry.key, ATTRIBUTES.iter().copied());
            if hint.0.is_some() {
                let attribute = crate::yaml::shown(&entry.key);
                self.say_at(entry.place, Remark::UnknownAttribute { attribute, hint });
            }
        }
        for tag in &meta.tags {
            self.when(!is_tag(tag), Remark::Tag(crate::yaml::shown(tag)));
        }
        self.repeated("tags", &meta.tags);
        self.repeated("references", &meta.references);
    }

    fn repeated(&mut self, attribute: &'static str, list: &[String]) {
        let mut seen: HashMap<&str, usize> = HashMap::new();
        for value in list {
            let count = seen.entry(value).or_default();
            *count += 1;
            if *count == 2 {
                self.say(Remark::Twice {
                    attribute,
                    value: crate::yaml::shown(value),
                });
            }
        }
    }

    fn detection(&mut self, detection: &Detection) {
        for named in detection.unused() {
            self.say_at(named.place, Remark::Unused(crate::yaml::shown(&named.name)));
        }
        let all_of_them = |condition: &Condition| has_all_of_them(condition);
        self.when(detection.conditions.iter().any(all_of_them), Remark::AllOfThem);
        for named in &detection.searches {
            self.search(&named.search);
        }
    }

    fn search(&mut self, search: &Search) {
        match search {
            Search::Item(item) => self.item(item),
            Search::All(inside) | Search::Any(inside) => inside.iter().for_each(|search| self.search(search)),
            Search::Dropped => {}
        }
    }

    fn item(&mut self, item: &Item) {
        let field = crate::yaml::shown(item.field.as_deref().unwrap_or("keywords"));
        let several = item.tests.len() > 1;
        if item.linking == Linking::All && !several {
            self.say_at(item.place, Remark::AllOfOne(field.clone()));
        }
        if several && item.tests.contains(&Test::Null) {
            self.say_at(item.place, Remark::NullInList(field.clone()));
        }
        for test in &item.tests {
            self.test(item.place, &field, test);
        }
    }

    fn test(&mut self, place: Place, field: &str, test: &Test) {
        match test {
            Test::Regex(regex) if regex.unfilled.is_empty() && detection::is_beyond_linear(&regex.source) => {
                self.say_at(place, Remark::SlowExpression(crate::yaml::shown(&regex.source)));
            }
            Test::TimePart {
                part,
                comparison: Comparison::Equal,
                number,
            } => {
                let (part, least, most) = range(*part);
                if !(least..=most).contains(number) {
                    let field = field.to_owned();
                    self.say_at(
                        place,
                        Remark::NeverHolds {
                            field,
                            number: *number,
                            part,
                        },
                    );
                }
            }
            Test::Any(tests) => tests.iter().for_each(|test| self.test(place, field, test)),
            _ => {}
        }
    }
}

fn range(part: TimePart) -> (&'static str, i64, i64) {
    match part {
        TimePart::Minute => ("minute", 0, 59),
        TimePart::Hour => ("hour", 0, 23),
        TimePart::Day => ("day", 1, 31),
        TimePart::Week => ("week", 1, 53),
        TimePart::Month => ("month", 1, 12),
        TimePart::Year => ("year", 1, 9999),
    }
}

fn is_tag(tag: &str) -> bool {
    let fits = |char: char| char.is_ascii_lowercase() || char.is_ascii_digit() || matches!(char, '_' | '-');
    let parts: Vec<&str> = tag.split('.').collect();
    parts.len() > 1
        && parts
            .iter()
            .all(|part| !part.is_empty() && part.chars().all(fits))
}

fn has_all_of_them(condition: &Condition) -> bool {
    match condition {
        Condition::Selector { quantity, pattern } => *quantity == Quantity::All && pattern == "them",
        Condition::Not(inside) => has_all_of_them(inside),
        Condition::And(parts) | Condition::Or(parts) => parts.iter().any(has_all_of_them),
        Condition::Search(_) => false,
    }
}
