//! `entente scan`: what the node knows, found in logs; a detection a line, a summary at the end.

mod files;
pub(super) mod rules;
pub(super) mod summary;
pub(super) mod teller;
mod trials;

use std::io::Write;
use std::num::NonZeroUsize;
use std::path::Path;

use entente_detect::limits::STATE_LATENESS_MICROS;
use entente_node::Node;
use entente_node::rules::Asked;
use entente_node::scan::{LogInput, Settings, Sums};
use entente_telemetry::{Error as Unreadable, Source};
use tempfile::TempDir;

use crate::answers::scan::{Against, Summary};
use crate::cli::{Global, Matched, Scan};
use crate::commands::{json_line, out};
use crate::exit::{Exit, Failure, unless_hung_up};
use crate::inputs::{self, Input};
use crate::place;
use crate::progress::Progress;
use crate::render::safe;
use teller::Teller;

pub(crate) fn run(global: &Global, asked: &Scan) -> Result<Exit, Failure> {
    let inputs = inputs::collect(&asked.paths)?;
    let given = rules::given(&asked.rules)?;
    let as_files = asked.files || !asked.yara.is_empty();
    // Who hands in rules for logs and rules for files wants both.
    let as_logs = !as_files || asked.rules.is_given();
    let opened = Opened::new(global, &asked.matched, as_logs.then_some(&given), &asked.yara)?;
    let mut out = out();
    let done = look(
        global,
        asked,
        &opened,
        inputs,
        as_logs.then_some(&given),
        as_files,
        &mut out,
    );
    unless_hung_up(out.flush().map_err(Failure::from))?;
    opened.close()?;
    done
}

fn look(
    global: &Global,
    asked: &Scan,
    opened: &Opened,
    inputs: Vec<Input>,
    given: Option<&Asked>,
    as_files: bool,
    out: &mut impl Write,
) -> Result<Exit, Failure> {
    let of_logs = match given {
        Some(given) if as_files => {
            let logs = inputs.iter().filter(|input| is_log(input)).cloned().collect();
            scan(global, asked, opened, logs, given, out)?
        }
        Some(given) => return scan(global, asked, opened, inputs, given, out),
        None => Exit::Done,
    };
    let of_files = files::look_for(global, asked, opened, &inputs, out)?;
    Ok(match (of_logs, of_files) {
        (Exit::Answer, _) | (_, Exit::Done) => of_logs,
        _ => of_files,
    })
}

/// Whether it begins as a log does. One that cannot be read is told when it is scanned.
fn is_log(input: &Input) -> bool {
    let Input::File(_) = input else {
        return false;
    };
    let read = input.open().map(|reader| Source::open(reader, &input.name()));
    !matches!(read, Ok(Err(Unreadable::Unreadable { .. })))
}

/// The node to look with.
pub(super) struct Opened {
    pub(super) node: Node,
    /// What counts, and whether what is found is kept.
    pub(super) matched: Matched,
    _folder: Option<TempDir>,
}

impl Opened {
    /// Opens the node. Who hands in rules needs none: nothing is kept then, and that is said.
    pub(super) fn new(
        global: &Global,
        matched: &Matched,
        rules: Option<&Asked>,
        yara: &[String],
    ) -> Result<Opened, Failure> {
        let opened = match matched.dry_run {
            true => place::open_to_read(global),
            false => place::open_existing_to_write(global),
        };
        let brings_rules = !yara.is_empty() || rules.is_some_and(|rules| !rules.texts.is_empty());
        match opened {
            Err(failure) if failure.exit == Exit::NotFound && brings_rules => {
                if !global.quiet && !matched.dry_run {
                    eprintln!(
                        "entente: there is no node yet, so nothing is kept; only the rules given are looked for"
                    );
                }
                let (node, folder) = place::open_for_dry_run(global)?;
                let matched = Matched {
                    dry_run: true,
                    ..matched.clone()
                };
                Ok(Opened {
                    node,
                    matched,
                    _folder: folder,
                })
            }
            opened => Ok(Opened {
                node: opened?,
                matched: matched.clone(),
                _folder: None,
            }),
        }
    }

    pub(super) fn close(self) -> Result<(), Failure> {
        self.node.close().map_err(place::node_failure)
    }
}

fn scan(
    global: &Global,
    asked: &Scan,
    opened: &Opened,
    inputs: Vec<Input>,
    rules: &Asked,
    out: &mut impl Write,
) -> Result<Exit, Failure> {
    let Opened { node, matched, .. } = opened;
    let compiled = node.generation().map_err(place::node_failure)?;
    let rules = node.rules(&compiled, rules).map_err(place::node_failure)?;
    let against = Against {
        compiled: &compiled,
        rules: &rules,
    };
    let settings = settings(matched, asked.threads.unwrap_or_else(cores));
    let total: Option<u64> = inputs.iter().map(Input::size).sum();
    let progress = Progress::bytes(total, global.quiet);
    let mut teller = Teller::new(global, &progress, node, out)?;
    let logs = inputs.into_iter().map(log_input).collect();
    let scanned = node.scan(&compiled.generation, &rules, logs, &settings, &mut |told| {
        teller.told(&told)
    });
    let Teller {
        summary,
        written,
        out,
        ..
    } = teller;
    // What was recorded becomes sightings also when the scan broke off.
    let sightings = write_sightings(matched, node);
    progress.clear();
    let sums = scanned.map_err(place::node_failure)?;
    unless_hung_up(written)?;
    let counted = *sightings.as_ref().unwrap_or(&0);
    unless_hung_up(tell_end(global, matched, &summary, &sums, against, counted, out))?;
    sightings?;
    let knows_nothing = compiled.generation.is_empty() && rules.is_empty();
    if knows_nothing {
        eprintln!(
            "entente: the node knows no indicator that can be evaluated, and no rule was given, so nothing could be found; `entente import` takes some in, `--rules` names rules"
        );
    }
    Ok(if asked.fail_on_hit && sums.detections > 0 {
        Exit::Answer
    } else if sums.failed > 0 || !rules.refused.is_empty() {
        Exit::BadInput
    } else if asked.fail_on_hit && knows_nothing {
        Exit::NotFound
    } else {
        Exit::Done
    })
}

pub(super) fn settings(asked: &Matched, threads: NonZeroUsize) -> Settings {
    Settings {
        threads,
        any_time: asked.any_time,
        url_hosts: asked.url_hosts,
        recalled: asked.recalled,
        record: !asked.dry_run,
        lateness: STATE_LATENESS_MICROS,
        now: place::now(),
    }
}

fn write_sightings(matched: &Matched, node: &Node) -> Result<u64, Failure> {
    if matched.dry_run {
        return Ok(0);
    }
    let identity = place::identity(node)?;
    node.write_sightings(&identity, place::now())
        .map_err(place::node_failure)
}

pub(super) fn tell_end(
    global: &Global,
    asked: &Matched,
    summary: &Summary,
    sums: &Sums,
    against: Against<'_>,
    sightings: u64,
    out: &mut impl Write,
) -> Result<(), Failure> {
    if global.json {
        return against
            .lines()
            .chain([summary.line(sums, against, sightings)])
            .try_for_each(|line| json_line(out, &line));
    }
    for refused in &against.rules.refused {
        eprintln!("refused  {}: {}", safe(&refused.text), safe(&refused.reason));
    }
    if global.quiet {
        Ok(())
    } else {
        summary::as_text(summary, sums, against, sightings, asked, out)
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
