//! What stands at the end of a scan: sums, and the objects, hosts and files that matter most.

use std::collections::BTreeMap;
use std::io::Write;

use entente_detect::Hit;
use entente_node::generation::Compiled;
use entente_node::scan::Sums;
use entente_telemetry::Format;
use serde_json::{Value, json};

use crate::cli::Scan;
use crate::exit::Failure;
use crate::render::{count, counted, safe, short, table};

/// Rows of each top list.
const TOP: usize = 5;

/// Distinct names counted in each top list; later ones beyond it are not listed.
const NAMES_MAX: usize = 100_000;

/// Indicators named as not evaluated; the rest is counted.
const NOT_EVALUATED_SHOWN: usize = 5;

/// Counts by name.
#[derive(Default)]
struct Tally(BTreeMap<String, u64>);

impl Tally {
    fn add(&mut self, name: &str) {
        if let Some(known) = self.0.get_mut(name) {
            *known += 1;
        } else if self.0.len() < NAMES_MAX {
            self.0.insert(name.to_owned(), 1);
        }
    }

    fn top(&self) -> Vec<(&str, u64)> {
        let mut counts: Vec<(&str, u64)> = self
            .0
            .iter()
            .map(|(name, count)| (name.as_str(), *count))
            .collect();
        counts.sort_by_key(|(name, count)| (std::cmp::Reverse(*count), *name));
        counts.truncate(TOP);
        counts
    }
}

/// What the summary needs, gathered while the scan runs.
#[derive(Default)]
pub(super) struct Summary {
    objects: Tally,
    names: BTreeMap<String, String>,
    hosts: Tally,
    files: Tally,
    failed: Tally,
    formats: BTreeMap<&'static str, (u64, u64)>,
}

impl Summary {
    pub(super) fn new() -> Summary {
        Summary::default()
    }

    pub(super) fn found(&mut self, hit: &Hit, file: &str) {
        self.objects.add(&hit.indicator.id);
        if self.names.len() < NAMES_MAX {
            self.names
                .entry(hit.indicator.id.clone())
                .or_insert_with(|| hit.indicator.name.clone());
        }
        self.hosts.add(hit.host.as_deref().unwrap_or("(no host)"));
        self.files.add(file);
    }

    pub(super) fn failed(&mut self, file: &str) {
        self.failed.add(file);
    }

    pub(super) fn read(&mut self, format: Format, sums: &Sums) {
        let (inputs, records) = self.formats.entry(format.name()).or_default();
        *inputs += 1;
        *records += sums.records;
    }

    pub(super) fn as_json(&self, sums: &Sums, compiled: &Compiled, sightings: u64) -> Value {
        let list = |tally: &Tally| -> Vec<Value> {
            tally
                .top()
                .into_iter()
                .map(|(name, count)| json!({"name": name, "count": count}))
                .collect()
        };
        let formats: Vec<Value> = self
            .formats
            .iter()
            .map(
                |(format, (inputs, records))| json!({"format": format, "inputs": inputs, "records": records}),
            )
            .collect();
        json!({"summary": {
            "records": sums.records, "values": sums.values, "detections": sums.detections, "new": sums.new,
            "sightings": sightings, "defects": sums.defects, "unread": sums.failed,
            "outside_validity": sums.outside_validity, "not_evaluated": compiled.not_evaluated.len(),
            "indicators": compiled.generation.len(), "formats": formats,
            "top_objects": list(&self.objects), "top_hosts": list(&self.hosts), "top_files": list(&self.files),
        }})
    }

    pub(super) fn as_text(
        &self,
        sums: &Sums,
        compiled: &Compiled,
        sightings: u64,
        asked: &Scan,
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
            "{} in {}{what}",
            counted(sums.detections, "detection"),
            counted(sums.records, "record"),
        )?;
        let formats: Vec<Vec<String>> = self
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
        self.tops(out)?;
        self.troubles(sums, compiled, asked, out)
    }

    fn tops(&self, out: &mut impl Write) -> Result<(), Failure> {
        let objects: Vec<(String, u64)> = self
            .objects
            .top()
            .into_iter()
            .map(|(id, count)| {
                let name = self.names.get(id).map(|name| short(name, 60)).unwrap_or_default();
                (format!("{name}  {}", safe(id)), count)
            })
            .collect();
        top("Most seen", objects, out)?;
        let named = |tally: &Tally| {
            tally
                .top()
                .into_iter()
                .map(|(name, count)| (safe(name), count))
                .collect()
        };
        top("Hosts", named(&self.hosts), out)?;
        top("Files", named(&self.files), out)
    }

    fn troubles(
        &self,
        sums: &Sums,
        compiled: &Compiled,
        asked: &Scan,
        out: &mut impl Write,
    ) -> Result<(), Failure> {
        if sums.defects > 0 {
            writeln!(
                out,
                "{} could not be read and were passed over",
                counted(sums.defects, "broken record")
            )?;
        }
        if sums.failed > 0 {
            writeln!(
                out,
                "{} could not be read, or not to the end:",
                counted(sums.failed, "input")
            )?;
            for (name, _) in self.failed.top() {
                writeln!(out, "  {}", safe(name))?;
            }
        }
        if sums.outside_validity > 0 && !asked.any_time {
            writeln!(
                out,
                "{} lay outside the indicators' validity; `--any-time` shows them",
                counted(sums.outside_validity, "match").replace("matchs", "matches")
            )?;
        }
        let not_evaluated = &compiled.not_evaluated;
        if !not_evaluated.is_empty() {
            writeln!(
                out,
                "{} not evaluated, or only in part:",
                counted(not_evaluated.len() as u64, "indicator")
            )?;
            for indicator in not_evaluated.iter().take(NOT_EVALUATED_SHOWN) {
                writeln!(
                    out,
                    "  {}  {}",
                    safe(&indicator.id),
                    short(&indicator.reason, 120)
                )?;
            }
            if not_evaluated.len() > NOT_EVALUATED_SHOWN {
                writeln!(out, "  … `--json` names every one")?;
            }
        }
        if compiled.generation.is_empty() {
            writeln!(
                out,
                "The node knows no indicators yet; `entente import` takes some in."
            )?;
        }
        Ok(())
    }
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
