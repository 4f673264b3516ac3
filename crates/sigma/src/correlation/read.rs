//! A correlation rule from its document.

use super::{Alias, Correlation, Kind, Measure, Timespan, When};
use crate::condition::{self, Condition};
use crate::error::{Reason, Refusal};
use crate::meta;
use crate::suggest;
use crate::test::{Comparison, Number};
use crate::yaml::{Entry, Node, Value};

const KINDS: &[(&str, Kind)] = &[
    ("event_count", Kind::EventCount),
    ("value_count", Kind::ValueCount),
    ("value_sum", Kind::ValueSum),
    ("value_avg", Kind::ValueAverage),
    ("value_percentile", Kind::ValuePercentile),
    ("value_median", Kind::ValueMedian),
    ("temporal", Kind::Temporal),
    ("temporal_ordered", Kind::TemporalOrdered),
    ("temporal_extended", Kind::Temporal),
    ("temporal_ordered_extended", Kind::TemporalOrdered),
];

const COMPARISONS: &[(&str, Comparison)] = &[
    ("gt", Comparison::Greater),
    ("gte", Comparison::GreaterOrEqual),
    ("lt", Comparison::Less),
    ("lte", Comparison::LessOrEqual),
    ("eq", Comparison::Equal),
    ("neq", Comparison::NotEqual),
];

const KEYS: &[&str] = &[
    "type",
    "rules",
    "group-by",
    "timespan",
    "timeframe",
    "aliases",
    "condition",
    "generate",
];

/// Reads a document that has a `correlation`.
pub(crate) fn read(node: &Node) -> Result<Correlation, Refusal> {
    let meta = meta::read(node, &["correlation", "generate"])?;
    let missing = |key: &str| meta.place.refuse(Reason::Missing(key.to_owned()));
    let entry = node.entry("correlation").ok_or_else(|| missing("correlation"))?;
    let entries = entry
        .node
        .map()
        .ok_or_else(|| entry.node.wrong("correlation", "a map"))?;
    if let Some(unknown) = entries.iter().find(|entry| !KEYS.contains(&entry.key.as_str())) {
        return Err(unknown.place.refuse(Reason::Wrong {
            attribute: "correlation".into(),
            expected: "a map of what correlations have",
            found: format!("one with `{}`", crate::yaml::shown(&unknown.key)),
            hint: suggest::nearest(&unknown.key, KEYS.iter().copied()),
        }));
    }
    let given = |key: &str| entry.node.entry(key).filter(|entry| !entry.node.is_null());
    let kind = given("type").ok_or_else(|| missing("correlation: type"))?;
    let kind = meta::one_of(kind, KINDS, "a type of correlation")?;
    let mut references = given("rules").map(one_or_more).transpose()?.unwrap_or_default();
    let span = given("timespan").or_else(|| given("timeframe"));
    let span = span.ok_or_else(|| missing("correlation: timespan"))?;
    let timespan = span.node.text().and_then(Timespan::parse);
    let timespan = timespan.ok_or_else(|| {
        span.node.wrong(
            "timespan",
            "a number and one of `s`, `m`, `h`, `d`, `w`, `M`, `y`",
        )
    })?;
    let when = match given("condition") {
        Some(entry) => when(entry, kind, &mut references)?,
        None if kind.is_temporal() => all_of(&references),
        None => return Err(missing("correlation: condition")),
    };
    if references.is_empty() {
        return Err(missing("correlation: rules"));
    }
    let generate = given("generate").or_else(|| node.entry("generate"));
    Ok(Correlation {
        kind,
        references,
        members: Vec::new(),
        group_by: given("group-by")
            .map(one_or_more)
            .transpose()?
            .unwrap_or_default(),
        aliases: given("aliases").map(aliases).transpose()?.unwrap_or_default(),
        timespan,
        when,
        generate: generate.map(generates).transpose()?.unwrap_or_default(),
        silent: false,
        meta,
    })
}

fn generates(entry: &Entry) -> Result<bool, Refusal> {
    entry
        .node
        .boolean()
        .ok_or_else(|| entry.node.wrong("generate", "`true` or `false`"))
}

fn one_or_more(entry: &Entry) -> Result<Vec<String>, Refusal> {
    match entry.node.text() {
        Some(text) => Ok(vec![text.to_owned()]),
        None => meta::texts(entry),
    }
}

/// What a temporal correlation without a condition asks: each of its rules was seen.
fn all_of(references: &[String]) -> When {
    let count = i64::try_from(references.len()).unwrap_or(i64::MAX);
    When::Measure(Measure {
        bounds: vec![(Comparison::GreaterOrEqual, Number::Integer(count))],
        fields: Vec::new(),
        percentile: MEDIAN,
    })
}

/// The percentile that is meant where none is written.
const MEDIAN: f64 = 50.0;

fn when(entry: &Entry, kind: Kind, references: &mut Vec<String>) -> Result<When, Refusal> {
    match &entry.node.value {
        Value::Map(entries) => measure(entry, entries, kind).map(When::Measure),
        Value::Text(text) if kind.is_temporal() => {
            let condition = condition::boolean(text).map_err(|reason| entry.node.place.refuse(reason))?;
            agree(&condition, references).map_err(|reason| entry.node.place.refuse(reason))?;
            Ok(When::Rules(condition))
        }
        Value::Text(_) => Err(entry.node.wrong(
            "condition",
            "a map of a comparison and a number; only temporal types take a text",
        )),
        _ => Err(entry
            .node
            .wrong("condition", "a map of a comparison and a number")),
    }
}

fn measure(condition: &Entry, entries: &[Entry], kind: Kind) -> Result<Measure, Refusal> {
    let mut measure = Measure {
        bounds: Vec::new(),
        fields: Vec::new(),
        percentile: MEDIAN,
    };
    for entry in entries {
        match entry.key.as_str() {
            "field" => measure.fields = one_or_more(entry)?,
            "percentile" => {
                let percentile = number(&entry.node)
                    .map(as_float)
                    .filter(|of| (0.0..=100.0).contains(of));
                measure.percentile =
                    percentile.ok_or_else(|| entry.node.wrong("percentile", "a number from 0 to 100"))?;
            }
            key => {
                let known = COMPARISONS.iter().find(|(name, _)| *name == key);
                let (_, comparison) = known.ok_or_else(|| unknown_comparison(entry))?;
                let bound = number(&entry.node).ok_or_else(|| entry.node.wrong(key, "a number"))?;
                measure.bounds.push((*comparison, bound));
            }
        }
    }
    if measure.bounds.is_empty() {
        return Err(condition.node.wrong(
            "condition",
            "a map with one of `gt`, `gte`, `lt`, `lte`, `eq`, `neq`",
        ));
    }
    if kind.needs_field() && measure.fields.is_empty() {
        return Err(condition.place.refuse(Reason::Missing("condition: field".into())));
    }
    Ok(measure)
}

fn unknown_comparison(entry: &Entry) -> Refusal {
    let names = COMPARISONS.iter().map(|(name, _)| *name);
    entry.place.refuse(Reason::Wrong {
        attribute: "condition".into(),
        expected: "made of `field`, `percentile` and comparisons",
        found: format!("`{}`", crate::yaml::shown(&entry.key)),
        hint: suggest::nearest(&entry.key, names),
    })
}

fn number(node: &Node) -> Option<Number> {
    match &node.value {
        Value::Number(number, _) => Some(*number),
        Value::Text(text) => text.parse().ok().map(Number::Integer),
        _ => None,
    }
}

fn as_float(number: Number) -> f64 {
    match number {
        #[allow(clippy::cast_precision_loss)]
        Number::Integer(number) => number as f64,
        Number::Float(number) => number,
    }
}

/// The condition and the list name the same rules; without a list, those of the condition are it.
fn agree(condition: &Condition, references: &mut Vec<String>) -> Result<(), Reason> {
    let mut named = Vec::new();
    condition::names(condition, &mut named);
    let named: Vec<String> = named.into_iter().map(str::to_owned).collect();
    if references.is_empty() {
        *references = named;
        return Ok(());
    }
    if let Some(unknown) = named.iter().find(|name| !references.contains(name)) {
        return Err(Reason::UnknownSearch {
            name: crate::yaml::shown(unknown),
            hint: suggest::nearest(unknown, references.iter().map(String::as_str)),
        });
    }
    match references.iter().find(|reference| !named.contains(reference)) {
        Some(unused) => {
            let why = format!("it does not name `{}` of `rules`", crate::yaml::shown(unused));
            Err(Reason::Condition { at: 1, why })
        }
        None => Ok(()),
    }
}

fn aliases(entry: &Entry) -> Result<Vec<Alias>, Refusal> {
    let entries = entry
        .node
        .map()
        .ok_or_else(|| entry.node.wrong("aliases", "a map"))?;
    let each = entries.iter().map(|alias| {
        let fields = alias
            .node
            .map()
            .ok_or_else(|| alias.node.wrong("alias", "a map of rules and their fields"))?;
        let fields = fields
            .iter()
            .map(|field| Ok((field.key.clone(), meta::text(field)?)));
        Ok(Alias {
            name: alias.key.clone(),
            fields: fields.collect::<Result<_, _>>()?,
        })
    });
    each.collect()
}
