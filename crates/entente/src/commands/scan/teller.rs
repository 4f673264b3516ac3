//! What a scan or a watch tells, printed as it comes; sums for the summary are kept beside.

use std::io::Write;

use entente_detect::Hit;
use entente_node::Node;
use entente_node::receipt::Recalled;
use entente_node::rules::{Fired, OverTime, Part, Rule};
use entente_node::scan::Told;
use entente_stix::time::Timestamp;

use crate::answers::scan::{ScanLine, Summary};
use crate::cli::Global;
use crate::commands::json_line;
use crate::exit::Failure;
use crate::names::Names;
use crate::progress::Progress;
use crate::render::{safe, short};

/// Comparisons shown of a rule that fired; `--json` names all.
const PARTS_SHOWN: usize = 3;

/// Defects shown to people before the rest is only counted.
const DEFECTS_SHOWN: u64 = 20;

/// Prints what the scan tells, and keeps the sums that the summary wants.
pub(crate) struct Teller<'a, W> {
    global: &'a Global,
    progress: &'a Progress,
    names: Names,
    pub(crate) summary: Summary,
    defects: u64,
    pub(crate) written: Result<(), Failure>,
    pub(crate) out: &'a mut W,
}

impl<'a, W: Write> Teller<'a, W> {
    pub(crate) fn new(
        global: &'a Global,
        progress: &'a Progress,
        node: &Node,
        out: &'a mut W,
    ) -> Result<Self, Failure> {
        Ok(Teller {
            global,
            progress,
            names: Names::of(node)?,
            summary: Summary::default(),
            defects: 0,
            written: Ok(()),
            out,
        })
    }

    /// Prints it, unless printing failed before.
    pub(crate) fn told(&mut self, told: &Told<'_>) {
        if self.written.is_ok() {
            self.written = self.try_told(told);
        }
    }

    fn try_told(&mut self, told: &Told<'_>) -> Result<(), Failure> {
        self.summary.take(told);
        if self.global.json
            && let Some(line) = ScanLine::of(told)
        {
            return json_line(self.out, &line);
        }
        match told {
            Told::Found {
                hit, file, recalled, ..
            } => self.found(hit, file, *recalled),
            Told::Fired {
                fired,
                rule,
                file,
                recalled,
                ..
            } => self.fired(fired, rule, file, *recalled),
            Told::Exhausted { .. } | Told::OverTime { .. } | Told::Trial { .. } | Told::Ready { .. } => {
                Ok(())
            }
            Told::Defect { file, line, reason } => {
                self.defect(file, *line, reason);
                Ok(())
            }
            Told::Failed { reason, .. } => {
                self.progress.suspend(|| eprintln!("unread  {}", safe(reason)));
                Ok(())
            }
            Told::Read { .. } => Ok(()),
            Told::Progress { file, bytes } => {
                self.progress.about(file);
                self.progress.advance(*bytes);
                Ok(())
            }
        }
    }

    fn found(&mut self, hit: &Hit, file: &str, recalled: Option<&Recalled>) -> Result<(), Failure> {
        let when = when(hit.time);
        let recalled = recalled.map(|recall| format!("  ({})", self.names.recall(recall)));
        let line = format!(
            "{when}  {}:{}  {} = {}  {}  {}  {}{}",
            safe(file),
            hit.line,
            safe(&hit.field),
            short(&hit.value, 200),
            hit.how,
            short(&hit.indicator.name, 80),
            safe(&hit.indicator.id),
            recalled.unwrap_or_default(),
        );
        let out = &mut *self.out;
        self.progress.suspend(|| writeln!(out, "{line}"))?;
        Ok(())
    }

    fn fired(
        &mut self,
        fired: &Fired,
        rule: &Rule,
        file: &str,
        recalled: Option<&Recalled>,
    ) -> Result<(), Failure> {
        let recalled = recalled.map(|recall| format!("  ({})", self.names.recall(recall)));
        let level = rule.level.map(|level| format!(" [{level}]"));
        let shown: Vec<String> = match &fired.over_time {
            Some(over_time) => together(over_time),
            None => fired.parts.iter().map(shown).collect(),
        };
        let parts = shown.get(..PARTS_SHOWN).unwrap_or(&shown);
        let more = if shown.len() > PARTS_SHOWN { "; …" } else { "" };
        let place = match fired.line {
            0 => "seen before".to_owned(),
            line => format!("{}:{line}", safe(file)),
        };
        let line = format!(
            "{}  {place}  {}{more}  {}{}  {}{}",
            when(fired.time),
            parts.join("; "),
            short(&rule.name, 80),
            level.unwrap_or_default(),
            safe(&rule.id),
            recalled.unwrap_or_default(),
        );
        let out = &mut *self.out;
        self.progress.suspend(|| writeln!(out, "{line}"))?;
        Ok(())
    }

    fn defect(&mut self, file: &str, line: u64, reason: &str) {
        self.defects += 1;
        if self.defects <= DEFECTS_SHOWN && !self.global.quiet {
            let text = format!("defect  {}:{line}: {}", safe(file), short(reason, 200));
            self.progress.suspend(|| eprintln!("{text}"));
        } else if self.defects == DEFECTS_SHOWN + 1 && !self.global.quiet {
            self.progress
                .suspend(|| eprintln!("defect  … further ones are only counted; `--json` names them"));
        }
    }
}

fn when(time: Option<i64>) -> String {
    time.map_or_else(
        || "no time".to_owned(),
        |at| Timestamp::from_micros(at).to_string(),
    )
}

/// What a rule found, or where it found nothing to find, what it looked for.
fn shown(part: &Part) -> String {
    let field = part.field.as_deref().unwrap_or("some value");
    match part.values.first() {
        Some(value) => format!("{} = {}", safe(field), short(value, 200)),
        None => short(&part.test, 200),
    }
}

/// How many records it takes, what they have in common, and what they are.
fn together(over_time: &OverTime) -> Vec<String> {
    let mut shown = vec![over_time.in_words()];
    let group = over_time.group.iter().map(|(field, value)| {
        let value = short(value.as_deref().unwrap_or("(none)"), 200);
        format!("{} = {value}", safe(field))
    });
    shown.extend(group);
    if over_time.is_incomplete {
        shown.push("incomplete: a bound was met (`--json` tells which)".to_owned());
    }
    if over_time.is_late {
        shown.push("known late".to_owned());
    }
    let records = over_time.records.iter();
    shown.extend(records.flat_map(|record| record.parts.first()).map(self::shown));
    shown.dedup();
    shown
}
