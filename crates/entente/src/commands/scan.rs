//! `entente scan`: what the node knows, found in logs; a detection a line, a summary at the end.

mod rules;
mod summary;

use std::io::Write;
use std::num::NonZeroUsize;
use std::path::Path;

use entente_detect::Hit;
use entente_node::Node;
use entente_node::receipt::Recalled;
use entente_node::rules::{Asked, Fired, Part, Rule};
use entente_node::scan::{LogInput, Settings, Sums, Told};
use entente_stix::time::Timestamp;

use crate::answers::scan::{Against, ScanLine, Summary};
use crate::cli::{Global, Scan};
use crate::commands::{json_line, out};
use crate::exit::{Exit, Failure, unless_hung_up};
use crate::inputs::{self, Input};
use crate::names::Names;
use crate::place;
use crate::progress::Progress;
use crate::render::{safe, short};

/// Comparisons shown of a rule that fired; `--json` names all.
const PARTS_SHOWN: usize = 3;

/// Defects shown to people before the rest is only counted.
const DEFECTS_SHOWN: u64 = 20;

pub(crate) fn run(global: &Global, asked: &Scan) -> Result<Exit, Failure> {
    let inputs = inputs::collect(&asked.paths)?;
    let rules = rules::given(&asked.rules)?;
    let node = if asked.dry_run {
        place::open_to_read(global)?
    } else {
        place::open_existing_to_write(global)?
    };
    let mut out = out();
    let done = scan(global, asked, &node, inputs, &rules, &mut out);
    unless_hung_up(out.flush().map_err(Failure::from))?;
    node.close().map_err(place::node_failure)?;
    done
}

fn scan(
    global: &Global,
    asked: &Scan,
    node: &Node,
    inputs: Vec<Input>,
    rules: &Asked,
    out: &mut impl Write,
) -> Result<Exit, Failure> {
    let compiled = node.generation().map_err(place::node_failure)?;
    let rules = node.rules(&compiled, rules).map_err(place::node_failure)?;
    let against = Against {
        compiled: &compiled,
        rules: &rules,
    };
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
    let sightings = write_sightings(asked, node);
    progress.clear();
    let sums = scanned.map_err(place::node_failure)?;
    unless_hung_up(written)?;
    let counted = *sightings.as_ref().unwrap_or(&0);
    unless_hung_up(tell_end(global, asked, &summary, &sums, against, counted, out))?;
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
            Told::Fired {
                fired,
                rule,
                file,
                recalled,
                ..
            } => self.fired(fired, rule, file, *recalled),
            Told::Exhausted { .. } => Ok(()),
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
        let parts: Vec<String> = fired.parts.iter().take(PARTS_SHOWN).map(shown).collect();
        let more = if fired.parts.len() > PARTS_SHOWN {
            "; …"
        } else {
            ""
        };
        let line = format!(
            "{}  {}:{}  {}{more}  {}{}  {}{}",
            when(fired.time),
            safe(file),
            fired.line,
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
