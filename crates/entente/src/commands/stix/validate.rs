//! `entente stix validate`: a finding a line.

use std::io::Write;

use entente_stix::json;
use entente_stix::validate::{self, Finding, Rule, Severity};
use serde_json::{Value, json};

use super::{batch, each_input, each_object, lacks_objects};
use crate::cli::{Global, Validate};
use crate::commands::{json_line, out};
use crate::exit::{Exit, Failure};
use crate::render::{counted, safe, table};

pub(super) fn run(global: &Global, asked: &Validate) -> Result<Exit, Failure> {
    if asked.batch {
        return batch(|object| verdict(&validate::object(object)));
    }
    if asked.rules {
        return rules(global);
    }
    let mut out = out();
    let mut sums = Sums::default();
    let all_read = each_input(&asked.paths, |input| {
        let file = input.name();
        each_object(input, &mut |pointer, text| {
            let findings = match text.and_then(|text| json::read(text).map_err(|error| error.to_string())) {
                Ok(value) => validate::object(&value),
                Err(reason) if lacks_objects(&reason) => vec![without_objects(reason)],
                Err(reason) => vec![unreadable(reason)],
            };
            if findings.iter().all(|finding| finding.rule != NO_OBJECTS.name) {
                sums.objects += 1;
            }
            for finding in &findings {
                sums.count(finding);
                tell(global, &file, pointer, finding, &mut out)?;
            }
            Ok(())
        })
    })?;
    if !global.json && !global.quiet {
        writeln!(
            out,
            "{}: {}, {}{}",
            counted(sums.objects, "object"),
            counted(sums.errors, "error"),
            counted(sums.warnings, "warning"),
            if sums.notes == 0 {
                String::new()
            } else {
                format!(", {}", counted(sums.notes, "note"))
            }
        )?;
    }
    out.flush()?;
    Ok(if sums.errors > 0 || !all_read {
        Exit::BadInput
    } else {
        Exit::Done
    })
}

#[derive(Default)]
struct Sums {
    objects: u64,
    errors: u64,
    warnings: u64,
    notes: u64,
}

impl Sums {
    fn count(&mut self, finding: &Finding) {
        match finding.severity {
            Severity::Error => self.errors += 1,
            Severity::Warning => self.warnings += 1,
            Severity::Note => self.notes += 1,
        }
    }
}

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

fn unreadable(reason: String) -> Finding {
    broken(&I_JSON, reason, "mend the JSON text at that place")
}

fn without_objects(reason: String) -> Finding {
    broken(
        &NO_OBJECTS,
        reason,
        "give a bundle, a list of objects, objects one a line, or one object",
    )
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

fn tell(
    global: &Global,
    file: &str,
    object: &str,
    finding: &Finding,
    out: &mut impl Write,
) -> Result<(), Failure> {
    let pointer = format!("{object}{}", finding.pointer);
    if global.json {
        let mut line = as_json(finding);
        if let Some(members) = line.as_object_mut() {
            members.insert("file".into(), file.into());
            members.insert("pointer".into(), pointer.into());
        }
        return json_line(out, &line);
    }
    writeln!(
        out,
        "{:<8} {}#{}  {}  ({})  {}; {}",
        finding.severity.name(),
        safe(file),
        safe(&pointer),
        finding.rule,
        finding.clause,
        safe(&finding.message),
        safe(&finding.way_out),
    )?;
    Ok(())
}

fn as_json(finding: &Finding) -> Value {
    json!({
        "severity": finding.severity.name(), "pointer": finding.pointer, "rule": finding.rule,
        "clause": finding.clause, "message": finding.message, "way_out": finding.way_out,
    })
}

fn verdict(findings: &[Finding]) -> serde_json::Map<String, Value> {
    let of = |severity: Severity| -> Vec<Value> {
        findings
            .iter()
            .filter(|finding| finding.severity == severity)
            .map(as_json)
            .collect()
    };
    let errors = of(Severity::Error);
    let mut members = serde_json::Map::new();
    members.insert("valid".into(), errors.is_empty().into());
    members.insert("errors".into(), errors.into());
    members.insert("warnings".into(), of(Severity::Warning).into());
    members
}

fn rules(global: &Global) -> Result<Exit, Failure> {
    let mut out = out();
    let mut rows = Vec::new();
    for rule in [&I_JSON, &NO_OBJECTS]
        .into_iter()
        .chain(validate::rules().iter().copied())
    {
        if global.json {
            let line = json!({
                "rule": rule.name, "severity": rule.severity.name(), "clause": rule.clause, "summary": rule.summary,
            });
            json_line(&mut out, &line)?;
        } else {
            rows.push(vec![
                rule.name.to_owned(),
                rule.severity.name().to_owned(),
                rule.clause.to_owned(),
                rule.summary.to_owned(),
            ]);
        }
    }
    write!(out, "{}", table(&rows))?;
    out.flush()?;
    Ok(Exit::Done)
}
