//! What is said about a STIX pattern: whether it is valid, remarks with their places, what it looks at.

use std::collections::BTreeMap;

use entente_detect::pattern::{Compiled, Observations, Options};
use entente_stix::json::Value;
use entente_stix::pattern::{self, Inspection, Remark, Step, Use};
use entente_stix::validate::Severity;
use serde::Serialize;
use utoipa::ToSchema;

use super::remark::RemarkShown;

/// What is said about a pattern.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct PatternShown {
    /// The file and the place in it; absent for a pattern that was given as such.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) source: Option<String>,
    /// The pattern as it was given.
    pub(crate) pattern: String,
    /// Whether it is valid.
    pub(crate) valid: bool,
    /// Why it is not, with the place.
    pub(crate) error: Option<String>,
    /// Everything that is to be said, in the order of the text.
    pub(crate) remarks: Vec<RemarkShown>,
    /// What it compares, by object type.
    pub(crate) comparisons: BTreeMap<String, Vec<UseShown>>,
    /// `AND`, `OR`, `FOLLOWEDBY` among observations.
    pub(crate) observation_operators: Vec<&'static str>,
    /// Qualifiers, such as `WITHIN 300 SECONDS`.
    pub(crate) qualifiers: Vec<String>,
}

/// One comparison.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct UseShown {
    /// Properties, indices and `*`.
    pub(crate) path: Vec<serde_json::Value>,
    /// Such as `NOT LIKE`.
    pub(crate) operator: String,
    /// The constant as it is written.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) value: Option<String>,
}

/// A pattern that an object carries.
pub(crate) struct Carried<'v> {
    /// The language: `stix`, `sigma`, `yara`, …
    pub(crate) language: &'v str,
    /// The pattern.
    pub(crate) text: &'v str,
    /// Whether it is of STIX 2.0, by its indicator.
    pub(crate) is_old: bool,
}

/// The pattern that an indicator carries; none of an object that is none.
pub(crate) fn carried<'v>(object: &'v Value<'_>) -> Option<Carried<'v>> {
    let member = |name| object.get(name).and_then(Value::as_str);
    let language = member("pattern_type");
    (member("type") == Some("indicator")).then_some(())?;
    Some(Carried {
        // STIX 2.0 had one language for patterns, and no property that names it.
        language: language.unwrap_or("stix"),
        text: member("pattern")?,
        is_old: language.is_none()
            || member("pattern_version").is_some_and(|version| version.starts_with("2.0")),
    })
}

/// Reads a pattern. `is_old` takes what STIX 2.0 allowed and STIX 2.1 does not.
pub(crate) fn shown(source: Option<String>, text: &str, is_old: bool) -> PatternShown {
    let read = pattern::lint(text).and_then(|checked| Ok((checked, pattern::inspect(text)?)));
    let (remarks, inspection) = match read {
        Ok((checked, inspection)) => {
            let remarks = checked.remarks.iter();
            let counts = |remark: &&Remark| !(is_old && remark.kind.was_allowed_in_2_0());
            let mut remarks: Vec<RemarkShown> = remarks.filter(counts).map(RemarkShown::from).collect();
            if remarks
                .iter()
                .all(|remark| remark.severity != Severity::Error.name())
            {
                remarks.extend(unevaluable(text));
            }
            (remarks, inspection)
        }
        Err(error) => (vec![RemarkShown::from(&error)], Inspection::default()),
    };
    let first_error = remarks
        .iter()
        .find(|remark| remark.severity == Severity::Error.name());
    PatternShown {
        source,
        pattern: text.to_owned(),
        valid: first_error.is_none(),
        error: first_error.map(RemarkShown::words),
        comparisons: comparisons(&inspection),
        observation_operators: inspection.observation_operators.into_iter().collect(),
        qualifiers: inspection.qualifiers.into_iter().collect(),
        remarks,
    }
}

/// Why a pattern that is valid cannot be evaluated: an expression that nothing can run, or that is too large.
fn unevaluable(text: &str) -> Option<RemarkShown> {
    Compiled::parse(text).err().map(|refused| RemarkShown {
        severity: Severity::Warning.name(),
        kind: "not-evaluated",
        line: 1,
        column: 1,
        message: format!("this cannot be evaluated, and finds nothing: {refused}"),
    })
}

fn comparisons(inspection: &Inspection) -> BTreeMap<String, Vec<UseShown>> {
    let shown = |(object_type, uses): (&String, &Vec<Use>)| {
        (object_type.clone(), uses.iter().map(UseShown::from).collect())
    };
    inspection.comparisons.iter().map(shown).collect()
}

impl From<&Use> for UseShown {
    fn from(used: &Use) -> UseShown {
        let step = |step: &Step| match step {
            Step::Property(name) => name.as_str().into(),
            Step::Index(index) => (*index).into(),
            Step::Any => "*".into(),
        };
        UseShown {
            path: used.path.iter().map(step).collect(),
            operator: used.operator.clone(),
            value: used.value.clone(),
        }
    }
}

/// Whether a rule or a pattern can be used.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub(crate) struct Checked {
    /// Whether it is valid.
    pub(crate) valid: bool,
    /// Why it is not, with the place.
    #[schema(required)]
    pub(crate) error: Option<String>,
}

impl From<Option<String>> for Checked {
    fn from(error: Option<String>) -> Checked {
        Checked {
            valid: error.is_none(),
            error,
        }
    }
}

/// Whether two patterns mean the same.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub(crate) struct Compared {
    /// Whether they do; `null` where it is not known.
    #[schema(required)]
    pub(crate) equal: Option<bool>,
    /// Why it is not known.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) error: Option<String>,
}

impl From<Result<bool, String>> for Compared {
    fn from(equal: Result<bool, String>) -> Compared {
        Compared {
            equal: equal.as_ref().ok().copied(),
            error: equal.err(),
        }
    }
}

/// Whether something matches.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub(crate) struct Decided {
    /// `match`, `no_match`, or `error` where it is not known.
    #[schema(value_type = String)]
    pub(crate) verdict: &'static str,
    /// Why it is not known.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) error: Option<String>,
}

impl From<Result<bool, String>> for Decided {
    fn from(matched: Result<bool, String>) -> Decided {
        Decided {
            verdict: match matched {
                Ok(true) => "match",
                Ok(false) => "no_match",
                Err(_) => "error",
            },
            error: matched.err(),
        }
    }
}

/// Whether a pattern is valid.
pub(crate) fn checked(pattern: &str) -> Checked {
    shown(None, pattern, false).error.into()
}

/// Whether two patterns mean the same; each comes with what it is called.
///
/// # Errors
/// One of them is no pattern, or a bound was met.
pub(crate) fn compared(left: (&str, &str), right: (&str, &str)) -> Result<bool, String> {
    let read = |(name, text): (&str, &str)| {
        pattern::parse(text).map_err(|error| format!("{name} cannot be read: {error}"))
    };
    pattern::equal(&read(left)?, &read(right)?).map_err(|error| error.to_string())
}

/// Whether the observed data in bundles, lists or by itself satisfies a pattern.
///
/// # Errors
/// The pattern is invalid, or a bound was met.
pub(crate) fn matched(pattern: &str, observed: Vec<Value<'_>>, options: Options) -> Result<bool, String> {
    let compiled = Compiled::parse(pattern).map_err(|refused| refused.to_string())?;
    let verdict = compiled.evaluate(&Observations::of(observed), options);
    match verdict.incomplete {
        Some(reason) => Err(reason.to_string()),
        None => Ok(verdict.matched),
    }
}
