//! `entente scan --yara`: the inputs as files, looked at with YARA rules; a match a line, a summary at the end.

use std::io::Write;

use entente_node::Node;
use entente_node::rules::trials::Trials;
use entente_node::scan::{FileMatch, RuleText};

use super::{Opened, trials};
use crate::answers::files::{FileLine, FileMatchShown, FileSummary, PlaceShown, RuleFindingShown};
use crate::answers::trials::{LookedAt, Trying};
use crate::cli::{Global, Scan};
use crate::commands::json_line;
use crate::exit::{Exit, Failure, unless_hung_up};
use crate::inputs::Input;
use crate::place;
use crate::progress::Progress;
use crate::render::{count, counted, safe, short};
use crate::yara::book;
use crate::yara::look::{Found, Looked, look};
use crate::yara::rules::{self, Sets};

/// Strings of one match that people are shown; the rest is counted, and in `--json`.
const STRINGS_SHOWN: usize = 3;

pub(super) fn look_for(
    global: &Global,
    asked: &Scan,
    opened: &Opened,
    inputs: &[Input],
    out: &mut impl Write,
) -> Result<Exit, Failure> {
    let (node, keeps) = (&opened.node, !opened.matched.dry_run);
    let told = node.yara_rules(place::now()).map_err(place::node_failure)?;
    let sets = rules::read(&asked.yara, &told)?;
    let keys = told.iter().map(RuleText::key);
    let mut teller = Teller {
        global,
        keeps,
        node,
        trials: node.trials(keys).map_err(place::node_failure)?,
        told: &told,
        progress: &Progress::bytes(inputs.iter().map(Input::size).sum(), global.quiet),
        summary: FileSummary {
            rules: sets.len() as u64,
            refused: sets.refused().count() as u64,
            ..FileSummary::default()
        },
        trying: Trying::default(),
        inputs,
        out,
    };
    teller.findings(&sets)?;
    if sets.len() == 0 {
        return Err(Failure::not_found(
            "there is no YARA rule to look for: none was given that can be used, and the node was told none; \
             `--yara PATH` gives some, `entente import` takes in indicators with `pattern_type` `yara`",
        ));
    }
    let book_path = book::path(&place::data_folder(global)?);
    let mut verdicts = book::read(&book_path);
    let mut clean = Vec::new();
    let looked = look(
        &sets,
        &verdicts,
        inputs,
        asked.threads.unwrap_or_else(super::cores),
        |mut looked| {
            clean.append(&mut looked.clean);
            teller.looked(looked)
        },
    );
    let looked = looked.and_then(|()| teller.end_trials());
    let Teller {
        mut summary,
        trying,
        progress,
        ..
    } = teller;
    progress.clear();
    if keeps {
        clean.into_iter().for_each(|key| verdicts.remember(key));
        // Only a memory: without it the next look takes longer.
        let _ = book::write(&book_path, &verdicts);
    }
    unless_hung_up(looked)?;
    if keeps {
        summary.sightings = super::write_sightings(&opened.matched, node)?;
    }
    unless_hung_up(end(global, keeps, &summary, &trying, out))?;
    Ok(if asked.fail_on_hit && summary.matches > 0 {
        Exit::Answer
    } else if summary.skipped > 0 || summary.refused > 0 {
        Exit::BadInput
    } else {
        Exit::Done
    })
}

struct Teller<'a, W> {
    global: &'a Global,
    keeps: bool,
    node: &'a Node,
    /// The rules that the node was told, by id; their trials have their numbers.
    told: &'a [RuleText],
    trials: Trials<Found>,
    trying: Trying,
    progress: &'a Progress,
    summary: FileSummary,
    inputs: &'a [Input],
    out: &'a mut W,
}

impl<W: Write> Teller<'_, W> {
    fn findings(&mut self, sets: &Sets) -> Result<(), Failure> {
        for finding in &sets.findings {
            if self.global.json {
                json_line(self.out, &FileLine::Rule(RuleFindingShown::from(finding)))?;
            }
        }
        if !self.global.json && !self.global.quiet {
            for finding in sets.refused() {
                let rule = finding
                    .rule
                    .as_ref()
                    .map_or_else(|| "rules".to_owned(), |rule| format!("rule `{}`", safe(rule)));
                eprintln!(
                    "refused  {}:{}:{}: {rule}: {}",
                    safe(&finding.origin),
                    finding.line,
                    finding.column,
                    short(&finding.message, 200)
                );
            }
        }
        Ok(())
    }

    fn looked(&mut self, mut looked: Looked) -> Result<(), Failure> {
        self.summary.files += 1;
        self.summary.parts += looked.parts;
        self.summary.remembered += looked.remembered;
        let found = self.tried(std::mem::take(&mut looked.found));
        self.found_all(&found)?;
        // What was clean before was looked at before.
        let looked_at = looked.parts - looked.remembered;
        (0..self.told.len()).for_each(|number| self.trials.looked_at(number, looked_at));
        let passed: Vec<Found> = self.trials.take_ready().collect();
        self.found_all(&passed)?;
        let name = self.inputs.get(looked.input).map(Input::name).unwrap_or_default();
        let too_long = "not looked at to the end: rules took too long on it";
        let passed_over: Vec<(&str, &str)> = looked
            .skipped
            .iter()
            .map(|skipped| (skipped.name.as_str(), skipped.reason.as_str()))
            .chain(looked.incomplete.iter().map(|name| (name.as_str(), too_long)))
            .chain(
                looked
                    .failed
                    .iter()
                    .map(|reason| (name.as_str(), reason.as_str())),
            )
            .collect();
        for (file, reason) in passed_over {
            self.skipped(file, reason)?;
        }
        self.progress.about(&name);
        self.progress.advance(looked.bytes);
        Ok(())
    }

    /// What is told now of what was found: the rest waits for its rules to pass, or is only counted.
    fn tried(&mut self, found: Vec<Found>) -> Vec<Found> {
        let mut now = Vec::new();
        for one in found {
            let number = one.indicator.as_ref().and_then(|id| {
                let known = self.told.binary_search_by(|rule| rule.id.cmp(id));
                known.ok()
            });
            match number {
                Some(number) => self.trials.meet(number, one, place::now().micros()),
                None => now.push(one),
            }
            now.extend(self.trials.take_ready());
        }
        now
    }

    /// Tells what is still held, and how the rules stand.
    fn end_trials(&mut self) -> Result<(), Failure> {
        self.trials.release();
        let held: Vec<Found> = self.trials.take_ready().collect();
        self.found_all(&held)?;
        if self.keeps {
            self.node
                .keep_trials(&mut self.trials, place::now())
                .and_then(|()| self.node.sweep_trials(place::now()))
                .map_err(place::node_failure)?;
        }
        self.summary.parked_matches = self.trials.dropped_in_all();
        for (standing, rule) in self.trials.standings().zip(self.told) {
            self.trying.take(&standing, &rule.name, LookedAt::File);
            if self.global.json
                && let Some(line) = FileLine::of_trial(&standing, &rule.name)
            {
                json_line(self.out, &line)?;
            }
        }
        self.summary.on_trial = self.trying.on_trial;
        self.summary.parked = self.trying.parked.len() as u64;
        Ok(())
    }

    /// Keeps the matches of rules that the node was told, and tells all.
    fn found_all(&mut self, all: &[Found]) -> Result<(), Failure> {
        self.summary.matches += all.len() as u64;
        let mut news = self.note(all)?.into_iter();
        for found in all {
            let is_new = found.indicator.as_ref().and_then(|_| news.next());
            self.summary.new += u64::from(is_new == Some(true));
            self.found(found, is_new)?;
        }
        Ok(())
    }

    /// Answers which of them were not known, in their order.
    fn note(&self, all: &[Found]) -> Result<Vec<bool>, Failure> {
        if !self.keeps {
            return Ok(Vec::new());
        }
        let matches: Vec<FileMatch> = all
            .iter()
            .filter_map(|found| {
                Some(FileMatch {
                    indicator: found.indicator.clone()?,
                    rule: found.what.rule.clone(),
                    digest: found.digest,
                    file: found.name.clone(),
                })
            })
            .collect();
        self.node
            .note_file_matches(&matches, place::now())
            .map_err(place::node_failure)
    }

    fn found(&mut self, found: &Found, is_new: Option<bool>) -> Result<(), Failure> {
        if self.global.json {
            return json_line(self.out, &FileLine::Match(FileMatchShown::of(found, is_new)));
        }
        let about = found
            .what
            .meta
            .iter()
            .find(|(key, _)| key == "description")
            .map(|(_, text)| format!("  {}", short(text, 120)))
            .unwrap_or_default();
        let mut strings: Vec<String> = found
            .what
            .places
            .iter()
            .take(STRINGS_SHOWN)
            .map(PlaceShown::of)
            .map(|place| {
                format!(
                    "{} at {}: {}",
                    safe(&place.string),
                    place.offset,
                    short(&place.shown, 40)
                )
            })
            .collect();
        if found.what.places.len() > STRINGS_SHOWN {
            strings.push(format!("{} more", found.what.places.len() - STRINGS_SHOWN));
        }
        let strings = if strings.is_empty() {
            String::new()
        } else {
            format!("  ({})", strings.join(", "))
        };
        let line = format!(
            "{}  {}  {}{about}{strings}",
            safe(&found.name),
            safe(&found.what.rule),
            safe(&found.what.origin)
        );
        let out = &mut *self.out;
        self.progress.suspend(|| writeln!(out, "{line}"))?;
        Ok(())
    }

    fn skipped(&mut self, file: &str, reason: &str) -> Result<(), Failure> {
        self.summary.skipped += 1;
        if self.global.json {
            return json_line(
                self.out,
                &FileLine::Skipped {
                    file: file.to_owned(),
                    reason: reason.to_owned(),
                },
            );
        }
        if !self.global.quiet {
            let text = format!("skipped  {}: {}", safe(file), short(reason, 200));
            self.progress.suspend(|| eprintln!("{text}"));
        }
        Ok(())
    }
}

fn end(
    global: &Global,
    keeps: bool,
    summary: &FileSummary,
    trying: &Trying,
    out: &mut impl Write,
) -> Result<(), Failure> {
    if global.json {
        return json_line(out, &FileLine::Summary(summary.clone()));
    }
    if global.quiet {
        return Ok(());
    }
    if summary.matches > 0 {
        writeln!(out)?;
    }
    let kept = if !keeps {
        " (nothing is kept)".to_owned()
    } else if summary.sightings > 0 {
        format!("; {} written", counted(summary.sightings, "sighting"))
    } else {
        String::new()
    };
    let inside = if summary.parts > summary.files {
        format!(" and {} inside of them", count(summary.parts - summary.files))
    } else {
        String::new()
    };
    writeln!(
        out,
        "{} of {} in {}{inside}{kept}",
        counted(summary.matches, "match"),
        counted(summary.rules, "rule"),
        counted(summary.files, "file"),
    )?;
    for (number, what) in [
        (summary.remembered, "known to be clean from before"),
        (summary.skipped, "skipped, or not looked at to the end"),
        (
            summary.refused,
            "rules or texts of rules not used; `--json` names all that is to be said",
        ),
    ] {
        if number > 0 {
            writeln!(out, "  {} {what}", count(number))?;
        }
    }
    trials::as_text(trying, summary.parked_matches, LookedAt::File, out)
}
