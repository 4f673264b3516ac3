//! `entente watch`: what the node knows, found in logs as they are written; ends with a summary when it is told to.

mod follow;

use std::io::Write;
use std::num::NonZeroUsize;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use entente_node::Node;
use entente_node::rules::Asked;
use entente_node::scan::watch::{LiveInput, Pace};

use super::scan::{Opened, rules, settings, tell_end, teller::Teller};
use crate::answers::scan::Against;
use crate::cli::{Global, Watch};
use crate::commands::out;
use crate::exit::{Exit, Failure, unless_hung_up};
use crate::place;
use crate::progress::Progress;
use crate::render::safe;
use crate::serve::until_stopped;

/// Between two looks at sources that had nothing new.
const BETWEEN_LOOKS: Duration = Duration::from_millis(100);

/// Microseconds between two writings of sightings: each is a new version of the day's.
const BETWEEN_SIGHTINGS: i64 = 60_000_000;

/// Microseconds for which what is there may still be read when somebody wants the watch to stop.
const STOPPING: i64 = 5_000_000;

pub(crate) fn run(global: &Global, asked: &Watch) -> Result<Exit, Failure> {
    let sources = sources(asked)?;
    let given = rules::given(&asked.rules)?;
    let opened = Opened::new(global, &asked.matched, Some(&given), &[])?;
    let mut out = out();
    let done = watch(global, asked, &opened, sources, &given, &mut out);
    unless_hung_up(out.flush().map_err(Failure::from))?;
    opened.close()?;
    done
}

fn sources(asked: &Watch) -> Result<Vec<LiveInput>, Failure> {
    let mut sources = Vec::new();
    let mut has_stdin = asked.until_stdin_closes;
    for source in &asked.sources {
        if source != "-" {
            if Path::new(source).is_dir() {
                return Err(Failure::usage(format!(
                    "`{}` is a folder; name the logs in it that are being written",
                    safe(source)
                )));
            }
            sources.push(follow::file(PathBuf::from(source)));
        } else if std::mem::replace(&mut has_stdin, true) {
            return Err(Failure::usage(
                "stdin can be read once; name `-` once, and without `--until-stdin-closes`".to_owned(),
            ));
        } else {
            sources.push(follow::stdin());
        }
    }
    Ok(sources)
}

fn watch(
    global: &Global,
    asked: &Watch,
    opened: &Opened,
    sources: Vec<LiveInput>,
    given: &Asked,
    out: &mut impl Write,
) -> Result<Exit, Failure> {
    let Opened { node, matched, .. } = opened;
    let mut settings = settings(matched, NonZeroUsize::MIN);
    if let Some(seconds) = asked.lateness {
        settings.lateness = i64::from(seconds) * 1_000_000;
    }
    let progress = Progress::bytes(None, true);
    let mut teller = Teller::new(global, &progress, node, out)?;
    let hung_up = AtomicBool::new(false);
    let mut turns = Turns {
        node,
        record: settings.record,
        stop: stop_sign(asked.until_stdin_closes)?,
        stopping: None,
        sightings_at: settings.now.micros(),
        sightings: Ok(0),
    };
    let watched = node.watch(
        sources,
        given,
        &settings,
        &mut |is_idle| {
            if hung_up.load(Ordering::Relaxed) {
                return Pace::Stop;
            }
            turns.next(is_idle)
        },
        &mut |told| {
            teller.told(&told);
            // Whoever reads a pipe wants to see it now.
            if teller.written.is_ok() {
                teller.written = teller.out.flush().map_err(Failure::from);
            }
            if teller.written.is_err() {
                hung_up.store(true, Ordering::Relaxed);
            }
        },
    );
    turns.write_sightings();
    let Teller {
        summary,
        written,
        out,
        ..
    } = teller;
    let sums = watched.map_err(place::node_failure)?;
    unless_hung_up(written)?;
    let sightings = turns.sightings?;
    let compiled = node.generation().map_err(place::node_failure)?;
    let rules = node.rules(&compiled, given).map_err(place::node_failure)?;
    let against = Against {
        compiled: &compiled,
        rules: &rules,
    };
    unless_hung_up(tell_end(
        global, matched, &summary, &sums, against, sightings, out,
    ))?;
    Ok(if sums.failed > 0 || !rules.refused.is_empty() {
        Exit::BadInput
    } else {
        Exit::Done
    })
}

/// What happens between two looks at the sources.
struct Turns<'n> {
    node: &'n Node,
    record: bool,
    stop: Arc<AtomicBool>,
    /// Since when somebody wants the watch to stop.
    stopping: Option<i64>,
    sightings_at: i64,
    /// Sightings written so far, or why no more are.
    sightings: Result<u64, Failure>,
}

impl Turns<'_> {
    fn next(&mut self, is_idle: bool) -> Pace {
        if self.stop.load(Ordering::Relaxed) {
            let now = place::now().micros();
            let since = *self.stopping.get_or_insert(now);
            if is_idle || passed(since, now) > STOPPING {
                return Pace::Stop;
            }
        } else if is_idle {
            wait();
        }
        let now = place::now();
        if passed(self.sightings_at, now.micros()) > BETWEEN_SIGHTINGS {
            self.sightings_at = now.micros();
            self.write_sightings();
        }
        match self.sightings {
            Ok(_) => Pace::GoOn(now),
            Err(_) => Pace::Stop,
        }
    }

    fn write_sightings(&mut self) {
        let (true, Ok(written)) = (self.record, &self.sightings) else {
            return;
        };
        let more = place::identity(self.node).and_then(|identity| {
            let more = self.node.write_sightings(&identity, place::now());
            more.map_err(place::node_failure)
        });
        self.sightings = more.map(|more| written + more);
    }
}

#[expect(
    clippy::disallowed_methods,
    reason = "waiting for others to write is the binary's"
)]
fn wait() {
    std::thread::sleep(BETWEEN_LOOKS);
}

/// Time between two moments, also where the clock was put back.
fn passed(since: i64, now: i64) -> i64 {
    now.saturating_sub(since).saturating_abs()
}

/// Is set when somebody wants the watch to stop: a signal, or the end of stdin where that was asked for.
fn stop_sign(until_stdin_closes: bool) -> Result<Arc<AtomicBool>, Failure> {
    let stop = Arc::new(AtomicBool::new(false));
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .map_err(Failure::from)?;
    let sign = Arc::clone(&stop);
    std::thread::spawn(move || {
        runtime.block_on(until_stopped(until_stdin_closes));
        sign.store(true, Ordering::Relaxed);
        // Its thread may still wait for stdin; the process does not wait for it.
        runtime.shutdown_background();
    });
    Ok(stop)
}
