//! What is said about a STIX pattern: whether it is valid, remarks with their places, what it looks at.

use std::collections::BTreeMap;

use entente_stix::pattern::{self, Inspection, PatternError, Remark, Step, Use};
use entente_stix::validate::Severity;
use serde::Serialize;

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

/// Something that is to be said about a pattern.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct RemarkShown {
    /// `error`, `warning` or `note`.
    pub(crate) severity: &'static str,
    /// What it is about, a stable name; `syntax` where the text is no pattern.
    pub(crate) kind: &'static str,
    /// Line, from 1.
    pub(crate) line: usize,
    /// Column in characters, from 1.
    pub(crate) column: usize,
    /// What is wrong, and a way out.
    pub(crate) message: String,
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

/// Reads a pattern. `is_old` takes what STIX 2.0 allowed and STIX 2.1 does not.
pub(crate) fn shown(source: Option<String>, text: &str, is_old: bool) -> PatternShown {
    let read = pattern::lint(text).and_then(|checked| Ok((checked, pattern::inspect(text)?)));
    let (remarks, inspection) = match read {
        Ok((checked, inspection)) => {
            let remarks = checked.remarks.iter();
            let counts = |remark: &&Remark| !(is_old && remark.kind.was_allowed_in_2_0());
            (
                remarks.filter(counts).map(RemarkShown::from).collect(),
                inspection,
            )
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

fn comparisons(inspection: &Inspection) -> BTreeMap<String, Vec<UseShown>> {
    let shown = |(object_type, uses): (&String, &Vec<Use>)| {
        (object_type.clone(), uses.iter().map(UseShown::from).collect())
    };
    inspection.comparisons.iter().map(shown).collect()
}

impl RemarkShown {
    /// Place and message in one line.
    fn words(&self) -> String {
        format!("line {}, column {}: {}", self.line, self.column, self.message)
    }
}

impl From<&Remark> for RemarkShown {
    fn from(remark: &Remark) -> RemarkShown {
        RemarkShown {
            severity: remark.kind.severity().name(),
            kind: remark.kind.name(),
            line: remark.line,
            column: remark.column,
            message: remark.message.clone(),
        }
    }
}

impl From<&PatternError> for RemarkShown {
    fn from(error: &PatternError) -> RemarkShown {
        RemarkShown {
            severity: Severity::Error.name(),
            kind: "syntax",
            line: error.line,
            column: error.column,
            message: error.message.clone(),
        }
    }
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
