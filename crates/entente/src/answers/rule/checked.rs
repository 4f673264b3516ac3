//! Rules read for use: what is to be said about each, what it can match, what evaluating it takes.

use std::collections::BTreeMap;

use entente_detect::rules::{Witness, from_sigma};
use entente_sigma::lint;
use entente_sigma::rule::{Level, Meta};
use entente_sigma::{Collection, Pipelines, Place, Refusal};
use serde::Serialize;

use super::loaded::{Loaded, Ready};
use super::words;
use super::yara::YaraShown;
use crate::answers::remark::RemarkShown;

/// A rule, a correlation, a filter, or what was to be one.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct RuleShown {
    /// The file and the place in it.
    pub(crate) source: String,
    /// Line, from 1.
    pub(crate) line: usize,
    /// `rule`, `correlation`, `filter`, `yara`; `unknown` where it could not be read.
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
    /// What a YARA rule says of itself.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) yara: Option<YaraShown>,
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
pub(crate) fn checked(
    collection: &Collection,
    pipelines: &Pipelines,
    sources: &[String],
    seed: u64,
) -> Vec<RuleShown> {
    let loaded = Loaded::new(&collection.rules, pipelines, seed);
    let mut shown: BTreeMap<(u32, u32, u32), RuleShown> = BTreeMap::new();
    let mut add = |meta: &Meta, one: RuleShown| {
        shown.insert((meta.place.source, meta.place.document, meta.place.line), one);
    };
    for (rule, ready) in collection.rules.iter().zip(&loaded.each) {
        let mut one = of_meta(&rule.meta, "rule", sources);
        one.logsource = Some(rule.logsource.to_string());
        match ready {
            Ok(ready) => {
                one.matches = variants(&loaded, ready);
                one.skipped = skipped(ready);
            }
            Err(refused) => one.refuse(error(rule.meta.place, refused.kind, refused.reason.clone())),
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
        one.logsource = Some(filter.logsource.to_string());
        add(&filter.meta, one);
    }
    for finding in lint::collection(collection) {
        let place = finding.place;
        let document = (place.source, place.document, 0)..=(place.source, place.document, u32::MAX);
        if let Some((_, one)) = shown.range_mut(document).next() {
            one.remarks.push(RemarkShown {
                severity: match finding.remark.is_warning() {
                    true => "warning",
                    false => "note",
                },
                kind: finding.remark.name(),
                line: place.line as usize,
                column: place.column as usize,
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
        line: refusal.place.line as usize,
        ..RuleShown::new("unknown", name(refusal.place.source, sources))
    };
    one.refuse(error(
        refusal.place,
        refusal.reason.name(),
        refusal.reason.to_string(),
    ));
    one
}

fn error(place: Place, kind: &'static str, message: String) -> RemarkShown {
    RemarkShown {
        severity: "error",
        kind,
        line: place.line as usize,
        column: place.column as usize,
        message,
    }
}

fn name(source: u32, sources: &[String]) -> &str {
    sources.get(source as usize).map_or("", String::as_str)
}

fn of_meta(meta: &Meta, kind: &'static str, sources: &[String]) -> RuleShown {
    RuleShown {
        line: meta.place.line as usize,
        title: Some(meta.title.clone()),
        id: meta.id.clone(),
        level: meta.level.map(Level::name),
        ..RuleShown::new(kind, name(meta.place.source, sources))
    }
}

impl RuleShown {
    /// One of which nothing is known but where it is.
    pub(super) fn new(kind: &'static str, source: &str) -> RuleShown {
        RuleShown {
            source: source.to_owned(),
            line: 1,
            kind,
            title: None,
            id: None,
            level: None,
            logsource: None,
            valid: true,
            error: None,
            remarks: Vec::new(),
            matches: Vec::new(),
            skipped: Vec::new(),
            yara: None,
        }
    }

    /// It does not load; of several reasons the first is the one.
    pub(super) fn refuse(&mut self, error: RemarkShown) {
        self.valid = false;
        self.error.get_or_insert_with(|| error.words());
        let before = self
            .remarks
            .iter()
            .take_while(|remark| remark.severity == "error");
        self.remarks.insert(before.count(), error);
    }
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
