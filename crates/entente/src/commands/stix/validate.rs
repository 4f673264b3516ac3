//! `entente stix validate`: a finding a line.

use std::io::Write;

use entente_stix::validate::{self, Finding, Severity};
use serde_json::Value;

use super::{batch, each_input, each_object};
use crate::answers::stix::{FindingShown, FindingSums, findings, rules as rules_shown};
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
    let mut sums = FindingSums::default();
    let all_read = each_input(&asked.paths, |input| {
        let file = input.name();
        each_object(input, &mut |pointer, text| {
            let findings = findings(text);
            sums.count(&findings);
            for finding in &findings {
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

fn tell(
    global: &Global,
    file: &str,
    object: &str,
    finding: &Finding,
    out: &mut impl Write,
) -> Result<(), Failure> {
    let pointer = format!("{object}{}", finding.pointer);
    if global.json {
        let line = FindingShown {
            file: Some(file.to_owned()),
            pointer,
            ..FindingShown::from(finding)
        };
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

fn verdict(findings: &[Finding]) -> serde_json::Map<String, Value> {
    let of = |severity: Severity| -> Vec<Value> {
        findings
            .iter()
            .filter(|finding| finding.severity == severity)
            .map(|finding| serde_json::to_value(FindingShown::from(finding)).unwrap_or_default())
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
    for rule in rules_shown() {
        if global.json {
            json_line(&mut out, &rule)?;
        } else {
            rows.push(vec![
                rule.rule.to_owned(),
                rule.severity.to_owned(),
                rule.clause.to_owned(),
                rule.summary.to_owned(),
            ]);
        }
    }
    write!(out, "{}", table(&rows))?;
    out.flush()?;
    Ok(Exit::Done)
}
