//! What stands at the end of a scan, as people read it: sums, and the objects, hosts and files that matter most.

use std::collections::BTreeMap;
use std::io::Write;

use entente_node::generation::NotEvaluated;
use entente_node::scan::{Account, Sums};

use super::trials;
use crate::answers::scan::{Against, Summary, Tally};
use crate::answers::trials::LookedAt;
use crate::cli::Matched;
use crate::exit::Failure;
use crate::render::{count, counted, safe, short, table};

/// Reasons named for what is not evaluated; the rest is in `--json`.
const NOT_EVALUATED_SHOWN: usize = 5;

pub(crate) fn as_text(
    summary: &Summary,
    sums: &Sums,
    against: Against<'_>,
    sightings: u64,
    asked: &Matched,
    out: &mut impl Write,
) -> Result<(), Failure> {
    if sums.detections > 0 {
        writeln!(out)?;
    }
    let what = if asked.dry_run {
        " (dry run: nothing is kept)".to_owned()
    } else {
        format!(
            ", {} of them new; {} written",
            count(sums.new),
            counted(sightings, "sighting")
        )
    };
    writeln!(
        out,
        "{}{} in {}{what}",
        counted(sums.detections, "detection"),
        by_rules(sums),
        counted(sums.records, "record"),
    )?;
    let formats: Vec<Vec<String>> = summary
        .formats
        .iter()
        .map(|(format, (inputs, records))| {
            vec![
                format!("  {format}"),
                counted(*inputs, "input"),
                counted(*records, "record"),
            ]
        })
        .collect();
    write!(out, "{}", table(&formats))?;
    tops(summary, out)?;
    troubles(summary, sums, against, asked, out)
}

fn by_rules(sums: &Sums) -> String {
    match sums.fired {
        0 => String::new(),
        fired => format!(" ({} by rules)", count(fired)),
    }
}

fn tops(summary: &Summary, out: &mut impl Write) -> Result<(), Failure> {
    let called = |tally: &Tally| -> Vec<(String, u64)> {
        let shown = tally.top().into_iter().map(|(id, count)| {
            let name = summary.names.get(id).map(|name| short(name, 60));
            (format!("{}  {}", name.unwrap_or_default(), safe(id)), count)
        });
        shown.collect()
    };
    top("Most seen", called(&summary.objects), out)?;
    top("Rules", called(&summary.rules), out)?;
    let named = |tally: &Tally| {
        tally
            .top()
            .into_iter()
            .map(|(name, count)| (safe(name), count))
            .collect()
    };
    top("Hosts", named(&summary.hosts), out)?;
    top("Files", named(&summary.files), out)
}

fn troubles(
    summary: &Summary,
    sums: &Sums,
    against: Against<'_>,
    asked: &Matched,
    out: &mut impl Write,
) -> Result<(), Failure> {
    if sums.defects > 0 {
        let were = if sums.defects == 1 { "was" } else { "were" };
        let what = counted(sums.defects, "broken record");
        writeln!(out, "{what} could not be read and {were} passed over")?;
    }
    if sums.failed > 0 {
        writeln!(
            out,
            "{} could not be read, or not to the end:",
            counted(sums.failed, "input")
        )?;
        for (name, _) in summary.failed.top() {
            writeln!(out, "  {}", safe(name))?;
        }
    }
    if sums.cut > 0 {
        let what = counted(sums.cut, "detection");
        writeln!(
            out,
            "{what} beyond the bound of a single record are not listed (`entente limits`)"
        )?;
    }
    if sums.outside_validity > 0 && !asked.any_time {
        let what = if sums.outside_validity == 1 {
            "match"
        } else {
            "matches"
        };
        let number = count(sums.outside_validity);
        writeln!(
            out,
            "{number} {what} outside the indicators' validity; `--any-time` shows them"
        )?;
    }
    if sums.revoked > 0 {
        let what = if sums.revoked == 1 { "match" } else { "matches" };
        writeln!(
            out,
            "{} {what} of revoked indicators, not reported",
            count(sums.revoked)
        )?;
    }
    if sums.recalled > 0 {
        let what = if sums.recalled == 1 { "match" } else { "matches" };
        writeln!(
            out,
            "{} {what} of indicators that their owner recalled; `--recalled` shows them",
            count(sums.recalled)
        )?;
    }
    for (expression, rule, times) in &summary.exhausted {
        match rule {
            None => writeln!(
                out,
                "the expression {} was given up for {} (`entente limits`)",
                short(expression, 80),
                counted(*times, "value")
            )?,
            Some(rule) => writeln!(
                out,
                "{} was passed over for {}, for the work that {} is (`entente limits`)",
                safe(rule),
                counted(*times, "record"),
                short(expression, 80),
            )?,
        }
    }
    over_time(&summary.over_time, out)?;
    trials::as_text(&summary.trying, sums.parked, LookedAt::Record, out)?;
    not_evaluated("indicator", &against.compiled.not_evaluated, out)?;
    not_evaluated("rule", &against.rules.not_evaluated, out)
}

/// What of what is looked for over time may be missing, and why.
fn over_time(account: &Account, out: &mut impl Write) -> Result<(), Failure> {
    let Account {
        counters,
        untimed,
        unjoined,
        passed_over,
    } = account;
    let troubles = [
        (
            *untimed,
            "that helps to a match over time tells no time, and does not count",
        ),
        (
            counters.ahead,
            "that helps to a match over time is ahead of the clock, and does not count",
        ),
        (
            counters.ungrouped,
            "lacks a field by which a correlation groups, and does not count there",
        ),
        (
            counters.unmeasured,
            "lacks a number that a correlation measures, and does not count there",
        ),
        (
            counters.late,
            "came later than others are waited for; what rests on it is marked late",
        ),
        (
            counters.evicted + counters.capped + counters.pressed,
            "was forgotten before its time, because there were too many (`entente limits`); what may lack it is marked incomplete",
        ),
    ];
    for (number, trouble) in troubles.into_iter().filter(|(number, _)| *number > 0) {
        writeln!(out, "{} × a record {trouble}", count(number))?;
    }
    for (rule, times) in passed_over {
        writeln!(
            out,
            "{} is met by too many records: it was passed over for {}, its matches say incomplete (`entente limits`)",
            safe(rule),
            counted(*times, "record"),
        )?;
    }
    for (rule, times) in unjoined {
        writeln!(
            out,
            "{} was given up {} for the work that joining its records is (`entente limits`)",
            safe(rule),
            counted(*times, "time"),
        )?;
    }
    Ok(())
}

/// What is not evaluated, by the reason.
fn not_evaluated(what: &str, all: &[NotEvaluated], out: &mut impl Write) -> Result<(), Failure> {
    if all.is_empty() {
        return Ok(());
    }
    let mut reasons: BTreeMap<&str, (u64, &str)> = BTreeMap::new();
    for one in all {
        reasons.entry(&one.reason).or_insert((0, &one.id)).0 += 1;
    }
    writeln!(
        out,
        "{} not evaluated, or only in part:",
        counted(all.len() as u64, what)
    )?;
    let mut reasons: Vec<(&str, (u64, &str))> = reasons.into_iter().collect();
    reasons.sort_by_key(|(reason, (number, _))| (std::cmp::Reverse(*number), *reason));
    for (reason, (number, id)) in reasons.iter().take(NOT_EVALUATED_SHOWN) {
        let such_as = if *number > 1 { "such as " } else { "" };
        writeln!(
            out,
            "  {:>6}  {}  ({such_as}{})",
            count(*number),
            short(reason, 100),
            safe(id)
        )?;
    }
    if reasons.len() > NOT_EVALUATED_SHOWN {
        writeln!(out, "  … `--json` names every one")?;
    }
    Ok(())
}

fn top(title: &str, rows: Vec<(String, u64)>, out: &mut impl Write) -> Result<(), Failure> {
    if rows.is_empty() {
        return Ok(());
    }
    writeln!(out, "{title}")?;
    for (name, number) in rows {
        writeln!(out, "  {:>8}  {name}", count(number))?;
    }
    Ok(())
}
