//! `entente stix validate`: a finding a line.

use std::io::Write;

use entente_stix::json;
use entente_stix::validate::{self, Finding, Severity};
use serde_json::{Value, json};

use super::{batch, each_object};
use crate::cli::{Global, Validate};
use crate::commands::{json_line, out};
use crate::exit::{Exit, Failure};
use crate::inputs;
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
    for input in inputs::collect(&asked.paths)? {
        let file = input.name();
        each_object(&input, &mut |pointer, text| {
            sums.objects += 1;
            let findings = match text.and_then(|text| json::read(text).map_err(|error| error.to_string())) {
                Ok(value) => validate::object(&value),
                Err(reason) => vec![unreadable(reason)],
            };
            for finding in &findings {
                sums.count(finding);
                tell(global, &file, pointer, finding, &mut out)?;
            }
            Ok(())
        })?;
    }
    if !global.json && !global.quiet {
        writeln!(
            out,
            "{}: {}, {}",
            counted(sums.objects, "object"),
            counted(sums.errors, "error"),
            counted(sums.warnings, "warning")
        )?;
    }
    out.flush()?;
    Ok(if sums.errors > 0 {
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
}

impl Sums {
    fn count(&mut self, finding: &Finding) {
        match finding.severity {
            Severity::Error => self.errors += 1,
            Severity::Warning => self.warnings += 1,
            Severity::Note => {}
        }
    }
}

fn unreadable(reason: String) -> Finding {
    Finding {
        severity: Severity::Error,
        pointer: String::new(),
        rule: "i-json",
        clause: "STIX 2.1 §2, RFC 7493",
        message: reason,
        way_out: "mend the JSON text at that place".to_owned(),
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
    for rule in validate::rules() {
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
