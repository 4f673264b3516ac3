//! `entente pattern check`: each pattern, and what is to be said about it.

use std::io::Write;

use entente_stix::json::Value;

use super::given::{self, PassedOver};
use super::pointed::pointed;
use crate::answers::pattern::{Checked, PatternShown, checked, shown};
use crate::answers::remark::RemarkShown;
use crate::cli::{Global, PatternCheck};
use crate::commands::{batch, json_line, out};
use crate::exit::{Exit, Failure};
use crate::render::{counted, safe, short};

/// Remarks on one pattern that are shown to people.
const REMARKS_SHOWN: usize = 50;

/// Characters of a pattern in the line that says it is valid.
const SHOWN: usize = 120;

pub(super) fn run(global: &Global, asked: &PatternCheck) -> Result<Exit, Failure> {
    if asked.batch {
        return batch::run("`id` and `pattern`", answered, |error| {
            Checked::from(Some(error.to_string()))
        });
    }
    let mut out = out();
    let mut sums = Sums::default();
    let passed = given::each(&asked.patterns, &mut |given| {
        let shown = shown(given.source, &given.text, given.is_old);
        sums.count(&shown);
        if global.json {
            return json_line(&mut out, &shown);
        }
        tell(&shown, &mut out)
    })?;
    if !global.json && !global.quiet {
        writeln!(out, "{}", sums.words(&passed))?;
    }
    out.flush()?;
    if sums.patterns == 0 && passed.unread == 0 {
        return Err(Failure::input(
            "no pattern was read; give a pattern, or a file with indicators of `pattern_type` `stix`",
        ));
    }
    Ok(if sums.invalid > 0 || passed.unread > 0 {
        Exit::BadInput
    } else {
        Exit::Done
    })
}

fn answered(line: &Value<'_>) -> Checked {
    match line.get("pattern").and_then(Value::as_str) {
        Some(text) => checked(text),
        None => Some("there is no `pattern`, or it is no text".to_owned()).into(),
    }
}

fn tell(shown: &PatternShown, out: &mut impl Write) -> Result<(), Failure> {
    let source = match &shown.source {
        Some(source) => format!("{}  ", safe(source)),
        None => String::new(),
    };
    if shown.remarks.is_empty() {
        writeln!(out, "{:<8} {source}{}", "valid", short(&shown.pattern, SHOWN))?;
    }
    for RemarkShown {
        severity,
        kind,
        line,
        column,
        message,
    } in shown.remarks.iter().take(REMARKS_SHOWN)
    {
        writeln!(
            out,
            "{severity:<8} {source}line {line}, column {column}: {}  ({kind})\n{}",
            safe(message),
            pointed(&shown.pattern, *line, *column)
        )?;
    }
    if let Some(more) = shown
        .remarks
        .len()
        .checked_sub(REMARKS_SHOWN)
        .filter(|more| *more > 0)
    {
        writeln!(out, "         {source}and {more} more; --json shows all of them")?;
    }
    Ok(())
}

#[derive(Default)]
struct Sums {
    patterns: u64,
    invalid: u64,
    warnings: u64,
    notes: u64,
}

impl Sums {
    fn count(&mut self, shown: &PatternShown) {
        let of = |severity| {
            shown
                .remarks
                .iter()
                .filter(|one| one.severity == severity)
                .count() as u64
        };
        self.patterns += 1;
        self.invalid += u64::from(!shown.valid);
        self.warnings += of("warning");
        self.notes += of("note");
    }

    fn words(&self, passed: &PassedOver) -> String {
        let mut words = format!(
            "{}: {} valid, {} invalid, {}",
            counted(self.patterns, "pattern"),
            self.patterns - self.invalid,
            self.invalid,
            counted(self.warnings, "warning"),
        );
        let further = [
            (self.notes, counted(self.notes, "note")),
            (
                passed.objects,
                format!(
                    "{} without a STIX pattern passed over",
                    counted(passed.objects, "object")
                ),
            ),
            (
                passed.files,
                format!("{} without a pattern passed over", counted(passed.files, "file")),
            ),
            (passed.unread, format!("{} unread", passed.unread)),
        ];
        for (count, said) in further {
            if count > 0 {
                words.push_str(", ");
                words.push_str(&said);
            }
        }
        words
    }
}
