//! `entente rule check`: each rule, what is to be said about it, what it can match.

use std::io::Write;

use entente_stix::json::Value;

use super::given::{self, Given};
use crate::answers::pattern::{Checked, PatternShown};
use crate::answers::remark::RemarkShown;
use crate::answers::rule::yara::YaraShown;
use crate::answers::rule::{Cost, RuleShown, checked, pipelines, refusal, text_of};
use crate::cli::{Global, RuleCheck};
use crate::commands::{batch, json_line, out};
use crate::exit::{Exit, Failure};
use crate::place;
use crate::render::{counted, safe, short};

/// Remarks on one rule that people are shown; `--json` gives all.
const REMARKS_SHOWN: usize = 50;

pub(super) fn run(global: &Global, asked: &RuleCheck) -> Result<Exit, Failure> {
    if asked.batch {
        return batch::run("`id` and `rule`", answered, |error| {
            Checked::from(Some(error.to_string()))
        });
    }
    let pipelines = pipelines::named(&asked.pipelines)?;
    let mut given = given::read(&asked.paths)?;
    let mut rules = checked(&given.collection, &pipelines, &given.sources, place::seed());
    rules.append(&mut given.yara);
    let mut out = out();
    for rule in &rules {
        if global.json {
            json_line(&mut out, rule)?;
        } else {
            tell(rule, asked.cost, global.quiet, &mut out)?;
        }
    }
    for pattern in &given.patterns {
        if global.json {
            json_line(&mut out, pattern)?;
        } else {
            tell_pattern(pattern, &mut out)?;
        }
    }
    if !global.json && !global.quiet {
        writeln!(out, "{}", summary(&rules, &given))?;
    }
    out.flush()?;
    if rules.is_empty() && given.patterns.is_empty() && given.unread == 0 {
        return Err(Failure::input(
            "no rule was read; give Sigma rules (.yml, .yaml), YARA rules (.yar, .yara), or indicators with `pattern_type` `sigma`, `yara` or `stix`",
        ));
    }
    let all_good = rules.iter().all(|rule| rule.valid) && given.patterns.iter().all(|pattern| pattern.valid);
    Ok(if all_good && given.unread == 0 {
        Exit::Done
    } else {
        Exit::BadInput
    })
}

fn answered(line: &Value<'_>) -> Checked {
    match line.get("rule") {
        Some(rule) => refusal(&text_of(rule)).into(),
        None => Some("there is no `rule`".to_owned()).into(),
    }
}

fn tell(rule: &RuleShown, cost: bool, quiet: bool, out: &mut impl Write) -> Result<(), Failure> {
    let title = match rule.title.as_deref() {
        Some("") | None => String::new(),
        Some(title) => format!("`{}`: ", short(title, 80)),
    };
    let is_told = |remark: &&RemarkShown| !(quiet && remark.severity == "note");
    for remark in rule.remarks.iter().filter(is_told).take(REMARKS_SHOWN) {
        tell_remark(&rule.source, &title, remark, out)?;
    }
    if rule.remarks.len() > REMARKS_SHOWN {
        writeln!(
            out,
            "         {} more; `--json` gives all",
            rule.remarks.len() - REMARKS_SHOWN
        )?;
    }
    if cost && rule.valid {
        tell_cost(rule, out)?;
    }
    Ok(())
}

fn tell_remark(source: &str, title: &str, remark: &RemarkShown, out: &mut impl Write) -> Result<(), Failure> {
    let RemarkShown {
        severity,
        kind,
        line,
        column,
        message,
    } = remark;
    let (source, message) = (safe(source), safe(message));
    Ok(writeln!(
        out,
        "{severity:<8} {source}:{line}:{column}  {title}{message}  ({kind})"
    )?)
}

fn tell_cost(rule: &RuleShown, out: &mut impl Write) -> Result<(), Failure> {
    writeln!(
        out,
        "{:<8} {}:{}  {}",
        rule.kind,
        safe(&rule.source),
        rule.line,
        short(rule.title.as_deref().unwrap_or_default(), 120)
    )?;
    if let Some(logsource) = &rule.logsource {
        writeln!(out, "         log source: {}", safe(logsource))?;
    }
    for variant in &rule.matches {
        let records = match &variant.records {
            Some(records) => format!("{}: {}", variant.pipeline, safe(records)),
            None => "every record, as no pipeline knows the log source".to_owned(),
        };
        writeln!(out, "         looks at {records}")?;
        if let Some(cost) = &variant.cost {
            writeln!(out, "           {}", of_cost(cost))?;
        }
    }
    for skipped in &rule.skipped {
        writeln!(out, "         left out: {}", safe(skipped))?;
    }
    if let Some(yara) = &rule.yara {
        writeln!(out, "         {}", of_yara(yara))?;
    }
    Ok(())
}

fn of_yara(yara: &YaraShown) -> String {
    let mut words = counted(yara.strings as u64, "string");
    for module in &yara.modules {
        words.push_str(&format!(", asks the module `{}`", short(module, 40)));
    }
    if yara.private {
        words.push_str(", only serves other rules");
    }
    if yara.global {
        words.push_str(", every other rule of its text depends on it");
    }
    words
}

fn of_cost(cost: &Cost) -> String {
    let found = match cost.found_by {
        "index" => format!("found by index ({})", counted(cost.index_entries as u64, "entry")),
        "presence" => "decided for each such record that has a field".to_owned(),
        "never" => "can never match".to_owned(),
        _ => "decided for each such record".to_owned(),
    };
    let mut words = format!("{}, {found}", counted(cost.comparisons as u64, "comparison"));
    for (count, kind) in [
        (cost.linear_expressions, "regular expression"),
        (
            cost.limited_expressions,
            "regular expression under a limit of steps",
        ),
    ] {
        match count {
            0 => {}
            1 => words.push_str(&format!(", 1 {kind}")),
            _ => words.push_str(&format!(
                ", {count} {}",
                kind.replacen("expression", "expressions", 1)
            )),
        }
    }
    let fields: Vec<String> = cost.fields.iter().map(|field| short(field, 60)).collect();
    match (fields.is_empty(), cost.keywords) {
        (true, false) => {}
        (_, true) => words.push_str("; looks for keywords in every value"),
        (false, false) => words.push_str(&format!("; fields: {}", fields.join(", "))),
    }
    words
}

fn tell_pattern(pattern: &PatternShown, out: &mut impl Write) -> Result<(), Failure> {
    let source = pattern.source.as_deref().unwrap_or_default();
    for remark in pattern.remarks.iter().take(REMARKS_SHOWN) {
        tell_remark(source, "", remark, out)?;
    }
    Ok(())
}

fn summary(rules: &[RuleShown], given: &Given) -> String {
    let of = |kind: &str| {
        rules
            .iter()
            .filter(|rule| rule.valid && rule.kind == kind)
            .count() as u64
    };
    let refused = rules.iter().filter(|rule| !rule.valid).count()
        + given.patterns.iter().filter(|pattern| !pattern.valid).count();
    let patterns = given.patterns.iter().filter(|pattern| pattern.valid).count() as u64;
    let of_remarks = |severity: &str| {
        let remarks = rules.iter().flat_map(|rule| &rule.remarks);
        remarks.filter(|remark| remark.severity == severity).count() as u64
    };
    let loads = of("rule") + of("yara");
    let mut words = format!(
        "{} load{}, {} refused",
        counted(loads, "rule"),
        if loads == 1 { "s" } else { "" },
        refused
    );
    let further = [
        (
            of("yara"),
            format!("{} of YARA among them", crate::render::count(of("yara"))),
        ),
        (of("correlation"), counted(of("correlation"), "correlation")),
        (of("filter"), counted(of("filter"), "filter")),
        (patterns, counted(patterns, "STIX pattern")),
        (of_remarks("warning"), counted(of_remarks("warning"), "warning")),
        (of_remarks("note"), counted(of_remarks("note"), "note")),
        (
            given.objects,
            format!("{} without a rule passed over", counted(given.objects, "object")),
        ),
        (
            given.files,
            format!("{} without rules passed over", counted(given.files, "file")),
        ),
        (given.unread, format!("{} unread", given.unread)),
    ];
    for (count, said) in further {
        if count > 0 {
            words.push_str(", ");
            words.push_str(&said);
        }
    }
    words
}
