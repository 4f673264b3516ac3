//! Rules read for use: what is to be said about each, what it can match, what evaluating it takes.

use std::collections::BTreeMap;

use entente_detect::rules::{Witness, from_sigma};
use entente_sigma::lint::{self, Remark};
use entente_sigma::rule::{Level, Logsource, Meta};
use entente_sigma::{Collection, Pipelines, Refusal};
use serde::Serialize;

use super::loaded::{Loaded, Ready};
use super::words;

/// A rule, a correlation, a filter, or what was to be one.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct RuleShown {
    /// The file and the place in it.
    pub(crate) source: String,
    /// Line, from 1.
    pub(crate) line: u32,
    /// `rule`, `correlation`, `filter`; `unknown` where it could not be read.
    pub(crate) kind: &'static str,
    /// Its title.
    pub(crate) title: Option<String>,
    /// Its id.
    pub(crate) id: Option<String>,
    /// Its level.
    pub(crate) level: Option<&'static str>,
    /// Its log source, as it is written.
    pub(crate) logsource: Option<String>,
    /// Whether it loads.
    pub(crate) valid: bool,
    /// Why it does not, with the place.
    pub(crate) error: Option<String>,
    /// Everything that is to be said.
    pub(crate) remarks: Vec<RemarkShown>,
    /// What it can match: one entry for each kind of record.
    pub(crate) matches: Vec<Variant>,
    /// Pipelines that know the log source and cannot express the rule, and why.
    pub(crate) skipped: Vec<String>,
}

/// Something that is to be said about a rule.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct RemarkShown {
    /// `error`, `warning` or `note`.
    pub(crate) severity: &'static str,
    /// Line, from 1.
    pub(crate) line: u32,
    /// Column in characters, from 1.
    pub(crate) column: u32,
    /// What is wrong, and a way out.
    pub(crate) message: String,
}

/// A rule for one kind of record.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct Variant {
    /// The pipeline; empty where none knows the log source.
    pub(crate) pipeline: String,
    /// Which records it looks at; `null` is every record.
    pub(crate) records: Option<String>,
    /// What evaluating it takes.
    pub(crate) cost: Option<Cost>,
}

/// What evaluating a rule takes.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct Cost {
    /// Comparisons.
    pub(crate) comparisons: usize,
    /// How it is found worth deciding: `index`, `presence` of a field, `every-event`, or `never`.
    pub(crate) found_by: &'static str,
    /// Texts, numbers and networks in the index that find it.
    pub(crate) index_entries: usize,
    /// Regular expressions that run in linear time.
    pub(crate) linear_expressions: usize,
    /// Regular expressions that look around or back, and run under a limit of steps.
    pub(crate) limited_expressions: usize,
    /// Whether it looks for keywords in every value.
    pub(crate) keywords: bool,
    /// The fields it looks at.
    pub(crate) fields: Vec<String>,
}

/// Everything about a linked collection, in the order of its texts. `sources` are the texts' names.
pub(crate) fn checked(collection: &Collection, pipelines: &Pipelines, sources: &[String]) -> Vec<RuleShown> {
    let loaded = Loaded::new(&collection.rules, pipelines);
    let mut shown: BTreeMap<(u32, u32, u32), RuleShown> = BTreeMap::new();
    let mut add = |meta: &Meta, one: RuleShown| {
        shown.insert((meta.place.source, meta.place.document, meta.place.line), one);
    };
    for (rule, ready) in collection.rules.iter().zip(&loaded.each) {
        let mut one = of_meta(&rule.meta, "rule", sources);
        one.logsource = Some(of_logsource(&rule.logsource));
        match ready {
            Ok(ready) => {
                one.matches = variants(&loaded, ready);
                one.skipped = skipped(ready);
            }
            Err(reason) => one.refuse(rule.meta.place.line, rule.meta.place.column, reason),
        }
        add(&rule.meta, one);
    }
    for correlation in &collection.correlations {
        add(
            &correlation.meta,
            of_meta(&correlation.meta, "correlation", sources),
        );
    }
    for filter in &collection.filters {
        let mut one = of_meta(&filter.meta, "filter", sources);
        one.logsource = Some(of_logsource(&filter.logsource));
        add(&filter.meta, one);
    }
    for finding in lint::collection(collection) {
        let place = finding.place;
        let document = (place.source, place.document, 0)..=(place.source, place.document, u32::MAX);
        if let Some((_, one)) = shown.range_mut(document).next() {
            one.remarks.push(RemarkShown {
                severity: severity(&finding.remark),
                line: place.line,
                column: place.column,
                message: finding.remark.to_string(),
            });
        }
    }
    let mut all: Vec<((u32, u32, u32), RuleShown)> = shown.into_iter().collect();
    for refusal in &collection.refusals {
        let place = refusal.place;
        all.push((
            (place.source, place.document, place.line),
            refused(refusal, sources),
        ));
    }
    all.sort_by_key(|(place, _)| *place);
    all.into_iter().map(|(_, one)| one).collect()
}

/// What could not be read.
fn refused(refusal: &Refusal, sources: &[String]) -> RuleShown {
    let mut one = RuleShown {
        source: name(refusal.place.source, sources),
        line: refusal.place.line,
        kind: "unknown",
        title: None,
        id: None,
        level: None,
        logsource: None,
        valid: true,
        error: None,
        remarks: Vec::new(),
        matches: Vec::new(),
        skipped: Vec::new(),
    };
    one.refuse(
        refusal.place.line,
        refusal.place.column,
        &refusal.reason.to_string(),
    );
    one
}

fn name(source: u32, sources: &[String]) -> String {
    sources.get(source as usize).cloned().unwrap_or_default()
}

fn of_meta(meta: &Meta, kind: &'static str, sources: &[String]) -> RuleShown {
    RuleShown {
        source: name(meta.place.source, sources),
        line: meta.place.line,
        kind,
        title: Some(meta.title.clone()),
        id: meta.id.clone(),
        level: meta.level.map(of_level),
        logsource: None,
        valid: true,
        error: None,
        remarks: Vec::new(),
        matches: Vec::new(),
        skipped: Vec::new(),
    }
}

impl RuleShown {
    fn refuse(&mut self, line: u32, column: u32, reason: &str) {
        self.valid = false;
        self.error = Some(format!("line {line}, column {column}: {reason}"));
        self.remarks.insert(
            0,
            RemarkShown {
                severity: "error",
                line,
                column,
                message: reason.to_owned(),
            },
        );
    }
}

fn of_level(level: Level) -> &'static str {
    match level {
        Level::Informational => "informational",
        Level::Low => "low",
        Level::Medium => "medium",
        Level::High => "high",
        Level::Critical => "critical",
    }
}

fn of_logsource(logsource: &Logsource) -> String {
    let parts = [
        ("product", &logsource.product),
        ("category", &logsource.category),
        ("service", &logsource.service),
    ];
    let said = parts
        .iter()
        .filter_map(|(name, value)| Some(format!("{name} {}", value.as_deref()?)));
    said.collect::<Vec<_>>().join(", ")
}

fn variants(loaded: &Loaded, ready: &Ready) -> Vec<Variant> {
    let each = ready.prepared.variants.iter().zip(&ready.leaves);
    let variant = |(variant, leaf): (&entente_sigma::pipeline::Variant, &usize)| Variant {
        pipeline: variant.alternative.clone(),
        records: variant
            .route
            .as_ref()
            .and_then(|route| from_sigma(route).ok())
            .map(|route| words::of(&route)),
        cost: loaded.rules.cost(*leaf).map(of_cost),
    };
    each.map(variant).collect()
}

fn skipped(ready: &Ready) -> Vec<String> {
    let each = ready.prepared.skipped.iter();
    each.map(|skipped| format!("{}: {}", skipped.alternative, skipped.refusal.reason))
        .collect()
}

fn of_cost(cost: entente_detect::rules::Cost) -> Cost {
    let (found_by, index_entries) = match cost.witness {
        Witness::Never => ("never", 0),
        Witness::Indexed(entries) => ("index", entries),
        Witness::Presence => ("presence", 0),
        Witness::Scan => ("every-event", 0),
    };
    Cost {
        comparisons: cost.atoms,
        found_by,
        index_entries,
        linear_expressions: cost.linear_expressions,
        limited_expressions: cost.backtracking_expressions,
        keywords: cost.is_keyword_search,
        fields: cost.fields,
    }
}

/// What makes a rule do something else than its author meant is a warning; what only helps others is a note.
fn severity(remark: &Remark) -> &'static str {
    match remark {
        Remark::IdTwice(_)
        | Remark::UnknownAttribute { .. }
        | Remark::Unused(_)
        | Remark::NeverHolds { .. }
        | Remark::SlowExpression(_)
        | Remark::FilterKeeps
        | Remark::FilterOfNone(_)
        | Remark::FieldUnread
        | Remark::UnusedAlias(_) => "warning",
        _ => "note",
    }
}
