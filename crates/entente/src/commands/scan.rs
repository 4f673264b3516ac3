//! `entente scan`: what the node knows, found in logs; a detection a line, a summary at the end.

mod summary;

use std::io::Write;
use std::num::NonZeroUsize;
use std::path::Path;

use entente_detect::Hit;
use entente_node::Node;
use entente_node::generation::Compiled;
use entente_node::receipt::Recalled;
use entente_node::scan::{LogInput, Settings, Sums, Told};
use entente_stix::time::Timestamp;

use crate::answers::scan::{ScanLine, Summary};
use crate::cli::{Global, Scan};
use crate::commands::{json_line, out};
use crate::exit::{Exit, Failure, unless_hung_up};
use crate::inputs::{self, Input};
use crate::names::Names;
use crate::place;
use crate::progress::Progress;
use crate::render::{safe, short};

/// Defects shown to people before the rest is only counted.
const DEFECTS_SHOWN: u64 = 20;

pub(crate) fn run(global: &Global, asked: &Scan) -> Result<Exit, Failure> {
    let inputs = inputs::collect(&asked.paths)?;
    let node = if asked.dry_run {
        place::open_to_read(global)?
    } else {
        place::open_existing_to_write(global)?
    };
    let mut out = out();
    let done = scan(global, asked, &node, inputs, &mut out);
    unless_hung_up(out.flush().map_err(Failure::from))?;
    node.close().map_err(place::node_failure)?;
    done
}

fn scan(
    global: &Global,
    asked: &Scan,
    node: &Node,
    inputs: Vec<Input>,
    out: &mut impl Write,
) -> Result<Exit, Failure> {
    let compiled = node.generation().map_err(place::node_failure)?;
    let now = place::now();
    let settings = Settings {
        threads: asked.threads.unwrap_or_else(cores),
        any_time: asked.any_time,
        url_hosts: asked.url_hosts,
        recalled: asked.recalled,
        record: !asked.dry_run,
        now,
    };
    let total: Option<u64> = inputs.iter().map(Input::size).sum();
    let progress = Progress::bytes(total, global.quiet);
    let mut teller = Teller {
        global,
        progress: &progress,
        names: Names::of(node)?,
        summary: Summary::default(),
        defects: 0,
        written: Ok(()),
        out,
    };
    let logs = inputs.into_iter().map(log_input).collect();
    let scanned = node.scan(&compiled.generation, logs, &settings, &mut |told| {
        teller.told(&told)
    });
    let Teller {
        summary,
        written,
        out,
        ..
    } = teller;
    // What was recorded becomes sightings also when the scan broke off.
    let sightings = write_sightings(asked, node);
    progress.clear();
    let sums = scanned.map_err(place::node_failure)?;
    unless_hung_up(written)?;
    let counted = *sightings.as_ref().unwrap_or(&0);
    unless_hung_up(tell_end(global, asked, &summary, &sums, &compiled, counted, out))?;
    sightings?;
    if compiled.generation.is_empty() {
        eprintln!(
            "entente: the node knows no indicator that can be evaluated, so nothing could be found; `entente import` takes some in"
        );
    }
    Ok(if asked.fail_on_hit && sums.detections > 0 {
        Exit::Answer
    } else if sums.failed > 0 {
        Exit::BadInput
    } else if asked.fail_on_hit && compiled.generation.is_empty() {
        Exit::NotFound
    } else {
        Exit::Done
    })
}

fn write_sightings(asked: &Scan, node: &Node) -> Result<u64, Failure> {
    if asked.dry_run {
        return Ok(0);
    }
    let identity = place::identity(node)?;
    node.write_sightings(&identity, place::now())
        .map_err(place::node_failure)
}

fn tell_end(
    global: &Global,
    asked: &Scan,
    summary: &Summary,
    sums: &Sums,
    compiled: &Compiled,
    sightings: u64,
    out: &mut impl Write,
) -> Result<(), Failure> {
    tell_not_evaluated(global, compiled, out)?;
    if global.json {
        json_line(out, &summary.line(sums, compiled, sightings))
    } else if global.quiet {
        Ok(())
    } else {
        summary::as_text(summary, sums, compiled, sightings, asked, out)
    }
}

fn cores() -> NonZeroUsize {
    std::thread::available_parallelism().unwrap_or(NonZeroUsize::MIN)
}

fn log_input(input: Input) -> LogInput {
    let modified = match &input {
        Input::Stdin => Some(place::now().micros()),
        Input::File(path) => modified(path),
    };
    LogInput {
        name: input.name(),
        open: Box::new(move || input.open()),
        modified,
    }
}

fn modified(path: &Path) -> Option<i64> {
    let since = path
        .metadata()
        .ok()?
        .modified()
        .ok()?
        .duration_since(std::time::UNIX_EPOCH)
        .ok()?;
    i64::try_from(since.as_micros()).ok()
}

/// Prints what the scan tells, and keeps the sums that the summary wants.
struct Teller<'a, W> {
    global: &'a Global,
    progress: &'a Progress,
    names: Names,
    summary: Summary,
    defects: u64,
    written: Result<(), Failure>,
    out: &'a mut W,
}

impl<W: Write> Teller<'_, W> {
    fn told(&mut self, told: &Told<'_>) {
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
        let when = hit.time.map_or_else(
            || "no time".to_owned(),
            |at| Timestamp::from_micros(at).to_string(),
        );
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

fn tell_not_evaluated(global: &Global, compiled: &Compiled, out: &mut impl Write) -> Result<(), Failure> {
    if !global.json {
        return Ok(());
    }
    for indicator in &compiled.not_evaluated {
        json_line(out, &ScanLine::not_evaluated(indicator))?;
    }
    Ok(())
}
