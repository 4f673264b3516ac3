//! Findings of validation, its rules, and deterministic ids of observables.

use std::io::Read;

use entente_stix::id::{contributing, deterministic};
use entente_stix::json::{self, Value};
use entente_stix::validate::{self, Finding, Rule, Severity, tables};
use serde::Serialize;
use utoipa::ToSchema;

use crate::exit::Failure;

/// What stands before every rule about objects: text that can be read, and objects in it.
const I_JSON: Rule = Rule {
    name: "i-json",
    severity: Severity::Error,
    clause: "STIX 2.1 §1.2.10, RFC 7493",
    summary: "the text is I-JSON, so that every reader reads the same",
};
const NO_OBJECTS: Rule = Rule {
    name: "no-stix-objects",
    severity: Severity::Error,
    clause: "STIX 2.1 §8",
    summary: "a file is a bundle, a TAXII envelope, a list of objects, objects one a line, or one object",
};

/// A rule of validation.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub(crate) struct RuleShown {
    /// Its name.
    #[schema(value_type = String)]
    pub(crate) rule: &'static str,
    /// `error`, `warning` or `note`.
    #[schema(value_type = String)]
    pub(crate) severity: &'static str,
    /// Where the standard says so.
    #[schema(value_type = String)]
    pub(crate) clause: &'static str,
    /// What it asks.
    #[schema(value_type = String)]
    pub(crate) summary: &'static str,
}

/// Every rule of validation.
pub(crate) fn rules() -> impl Iterator<Item = RuleShown> {
    let own = [&I_JSON, &NO_OBJECTS].into_iter();
    let all = own.chain(validate::rules().iter().copied());
    all.map(|rule| RuleShown {
        rule: rule.name,
        severity: rule.severity.name(),
        clause: rule.clause,
        summary: rule.summary,
    })
}

/// Something that an object does not keep to.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub(crate) struct FindingShown {
    /// The file, where there is one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) file: Option<String>,
    /// `error`, `warning` or `note`.
    #[schema(value_type = String)]
    pub(crate) severity: &'static str,
    /// JSON pointer to the place.
    pub(crate) pointer: String,
    /// The rule.
    #[schema(value_type = String)]
    pub(crate) rule: &'static str,
    /// Where the standard says so.
    #[schema(value_type = String)]
    pub(crate) clause: &'static str,
    /// What is wrong.
    pub(crate) message: String,
    /// How to mend it.
    pub(crate) way_out: String,
}

impl From<&Finding> for FindingShown {
    fn from(finding: &Finding) -> FindingShown {
        FindingShown {
            file: None,
            severity: finding.severity.name(),
            pointer: finding.pointer.clone(),
            rule: finding.rule,
            clause: finding.clause,
            message: finding.message.clone(),
            way_out: finding.way_out.clone(),
        }
    }
}

/// Sums over findings.
#[derive(Clone, Debug, Default, Serialize, ToSchema)]
pub(crate) struct FindingSums {
    /// Objects looked at.
    pub(crate) objects: u64,
    /// Findings that break a MUST.
    pub(crate) errors: u64,
    /// Findings that break a SHOULD.
    pub(crate) warnings: u64,
    /// Remarks.
    pub(crate) notes: u64,
}

impl FindingSums {
    /// Counts an object with its findings.
    pub(crate) fn count(&mut self, findings: &[Finding]) {
        if findings.iter().all(|finding| finding.rule != NO_OBJECTS.name) {
            self.objects += 1;
        }
        for finding in findings {
            match finding.severity {
                Severity::Error => self.errors += 1,
                Severity::Warning => self.warnings += 1,
                Severity::Note => self.notes += 1,
            }
        }
    }
}

/// Findings about an object of an input: its text, or why it has none.
pub(crate) fn findings(text: Result<&[u8], String>) -> Vec<Finding> {
    match text.and_then(|text| json::read(text).map_err(|error| error.to_string())) {
        Ok(value) => validate::object(&value),
        // `entente_stix::bundle` begins every such reason with these words.
        Err(reason) if reason.starts_with("no STIX objects") => vec![broken(
            &NO_OBJECTS,
            reason,
            "give a bundle, a list of objects, objects one a line, or one object",
        )],
        Err(reason) => vec![broken(&I_JSON, reason, "mend the JSON text at that place")],
    }
}

fn broken(rule: &Rule, message: String, way_out: &str) -> Finding {
    Finding {
        severity: rule.severity,
        pointer: String::new(),
        rule: rule.name,
        clause: rule.clause,
        message,
        way_out: way_out.to_owned(),
    }
}

/// What an object's deterministic id is (STIX 2.1 §2.9).
pub(crate) enum Identified {
    /// This.
    Id(String),
    /// An observable without an id that follows from it, and why.
    NoId(String),
    /// Of a type that is no observable.
    NoObservable,
}

/// The deterministic id of an object of an input: its text, or why it has none.
pub(crate) fn identified(text: Result<&[u8], String>) -> Identified {
    match text.and_then(|text| json::read(text).map_err(|error| error.to_string())) {
        Ok(value) => identified_value(&value),
        Err(reason) => Identified::NoId(reason),
    }
}

fn identified_value(object: &Value<'_>) -> Identified {
    if let Some(id) = deterministic(object) {
        return Identified::Id(id.as_str().to_owned());
    }
    let Some(type_name) = object.get("type").and_then(Value::as_str) else {
        return Identified::NoId("there is no `type`; give it the type of an observable".to_owned());
    };
    if !tables::find(type_name).is_some_and(|known| known.is_observable) {
        return Identified::NoObservable;
    }
    let properties: Vec<String> = contributing(type_name)
        .iter()
        .map(|property| format!("`{property}`"))
        .collect();
    Identified::NoId(match properties.as_slice() {
        [] => format!("`{type_name}` has no deterministic id, but a random one (STIX 2.1 §2.9)"),
        [one] => format!("{one} is missing, which the id of `{type_name}` follows from (STIX 2.1 §2.9)"),
        several => format!(
            "of {} at least one is needed, which the id of `{type_name}` follows from; all are missing \
             (STIX 2.1 §2.9)",
            several.join(", ")
        ),
    })
}

/// Takes an object's pointer, and its text or why it has none.
pub(crate) type Each<'e> = dyn FnMut(&str, Result<&[u8], String>) -> Result<(), Failure> + 'e;

/// Every object of an input, with the pointer where it stands; defects of the wrapper are objects that cannot
/// be read.
///
/// # Errors
/// The input cannot be read to its end, or `each` fails.
pub(crate) fn objects(input: impl Read + Send, name: &str, each: &mut Each<'_>) -> Result<(), Failure> {
    let failed = |error: std::io::Error| {
        Failure::input(format!(
            "cannot read `{}`: {error}; check path, permissions and content",
            crate::render::safe(name)
        ))
    };
    let reader = entente_telemetry::decompressed(input, name).map_err(Failure::input)?;
    let mut reader = entente_stix::bundle::Reader::new(reader);
    loop {
        match reader.next().map_err(failed)? {
            None => return Ok(()),
            Some(entente_stix::bundle::Item::Object { text, pointer, .. }) => each(&pointer, Ok(text))?,
            Some(entente_stix::bundle::Item::Defect { pointer, reason, .. }) => each(&pointer, Err(reason))?,
        }
    }
}
