//! One log's releases: whose turn it is, pass by pass, and the thread that makes them durable.

use std::sync::mpsc::{Receiver, SyncSender, sync_channel};

use entente_policy::terms::Audience;
use entente_store::{Change, NewContent};

use super::append::{Appending, Line};
use super::resume::{self, Resume};
use super::ruling::Ruler;
use super::turn::Pages;
use super::{ReleaseAccount, Ruled, Selection, order};
use crate::channel::Desk;
use crate::limits::{RELEASE_BATCH_BYTES_MAX, RELEASE_BATCH_MAX};
use crate::pact::Pact;
use crate::recall::Recalled;
use crate::{Error, Node};

/// Decisions that are reported together, when nothing else fills a batch.
const RULED_AT_ONCE_MAX: usize = 4 * RELEASE_BATCH_MAX;

/// Batches that may wait for the thread that stores them.
const BATCHES_WAITING_MAX: usize = 1;

/// Decisions on their way to being durable.
#[derive(Default)]
pub(super) struct Batch {
    pub(super) lines: Vec<Line>,
    /// Forms that are not stored as objects: id, digest, text.
    pub(super) forms: Vec<(String, [u8; 32], Vec<u8>)>,
    pub(super) ruled: Vec<Ruled>,
    pub(super) bytes: usize,
}

impl Batch {
    fn is_full(&self) -> bool {
        self.lines.len() >= RELEASE_BATCH_MAX
            || self.bytes >= RELEASE_BATCH_BYTES_MAX
            || self.ruled.len() >= RULED_AT_ONCE_MAX
    }
}

/// The releases of one log, in one call.
pub(super) struct Run<'r> {
    node: &'r Node,
    desk: &'r Desk<'r>,
    origin: &'r str,
    dry_run: bool,
    terms: [u8; 32],
    ruler: Ruler<'r>,
}

impl<'r> Run<'r> {
    pub(super) fn new(
        node: &'r Node,
        desk: &'r Desk<'r>,
        pact: &'r Pact,
        audience: &'r Audience,
        origin: &'r str,
        recalled: &'r Recalled,
        dry_run: bool,
    ) -> Result<Run<'r>, Error> {
        Ok(Run {
            node,
            desk,
            origin,
            dry_run,
            terms: pact.terms.digest(),
            ruler: Ruler::new(node, desk, pact, audience, origin, recalled)?,
        })
    }

    /// Decides all that `what` selects, makes it durable, and notes how far it came.
    pub(super) fn all(
        mut self,
        what: &Selection,
        report: &mut dyn FnMut(Ruled),
        account: &mut ReleaseAccount,
    ) -> Result<(), Error> {
        let name = resume::name(self.origin);
        let mut resume = Resume::read(self.node.store.meta(&name)?.as_deref(), &self.terms);
        let (node, origin, desk, dry_run) = (self.node, self.origin, self.desk, self.dry_run);
        let reached = std::thread::scope(|scope| {
            let (to_commit, batches) = sync_channel::<Batch>(BATCHES_WAITING_MAX);
            let (answer, answers) = sync_channel::<Answer>(BATCHES_WAITING_MAX * 2 + 2);
            let mut appending = match dry_run {
                true => None,
                false => Some(Appending::open(node, origin, desk)?),
            };
            scope.spawn(move || {
                for batch in batches {
                    let done = commit(appending.as_mut(), batch);
                    let failed = done.is_err();
                    if answer.send(done).is_err() || failed {
                        return;
                    }
                }
            });
            let mut out = Out {
                filling: Batch::default(),
                to_commit: Some(to_commit),
                answers,
                report,
                account,
                failure: None,
            };
            let reached = self.decide(what, &resume, &mut out);
            // What was decided before a fault is still stored and accounted for.
            out.finish()?;
            reached
        })?;
        if let Some(reached) = reached.filter(|_| !dry_run) {
            resume.reached(what, reached);
            node.store.set_meta(&name, Some(&resume.text()))?;
        }
        Ok(())
    }

    /// Answers up to which change everything was decided.
    fn decide(&mut self, what: &Selection, resume: &Resume, out: &mut Out<'_>) -> Result<Option<u64>, Error> {
        let from = resume.from(what);
        self.ruler.begin(what, resume, from == 0);
        let reached = match what {
            Selection::Ids(ids) => {
                self.ids(ids, out)?;
                None
            }
            Selection::All | Selection::Sources(_) => Some(self.passes(from, out)?),
        };
        while let Some(round) = self.ruler.next_round() {
            for ids in round.chunks(RELEASE_BATCH_MAX) {
                self.ruler.again(ids, &mut out.filling)?;
                self.flush(out)?;
            }
        }
        Ok(reached)
    }

    fn ids(&mut self, ids: &[String], out: &mut Out<'_>) -> Result<(), Error> {
        let mut ids: Vec<&str> = ids.iter().map(String::as_str).collect();
        ids.sort_by_key(|id| (order::rank(entente_store::type_of(id)), *id));
        ids.dedup();
        for ids in ids.chunks(RELEASE_BATCH_MAX) {
            self.ruler.asked(ids, &mut out.filling)?;
            self.flush(out)?;
        }
        Ok(())
    }

    fn passes(&mut self, from: u64, out: &mut Out<'_>) -> Result<u64, Error> {
        let mut pages = Pages::new(self.node.store(), from);
        while let Some(changed) = pages.scan()? {
            self.ruler.page(&changed, 0, &mut out.filling)?;
            pages.keep(changed);
            self.flush(out)?;
        }
        for rank in 1..order::COUNT {
            let mut pass = pages.pass(rank);
            while let Some(changed) = pass.next()? {
                self.ruler.page(&changed, rank, &mut out.filling)?;
                self.flush(out)?;
            }
        }
        Ok(pages.reached())
    }

    fn flush(&mut self, out: &mut Out<'_>) -> Result<(), Error> {
        if out.filling.is_full() {
            out.send()?;
        }
        if !self.dry_run {
            self.ruler.forget_durable();
        }
        Ok(())
    }
}

type Answer = Result<Vec<Ruled>, Error>;

fn commit(appending: Option<&mut Appending<'_>>, batch: Batch) -> Answer {
    if let Some(appending) = appending.filter(|_| !batch.lines.is_empty()) {
        let contents = batch.forms.iter().map(|(subject, digest, text)| NewContent {
            subject,
            digest: *digest,
            text,
        });
        let change = Change {
            contents: contents.collect(),
            ..Change::default()
        };
        appending.append(&batch.lines, change)?;
    }
    Ok(batch.ruled)
}

/// Where decisions go: to the thread that stores them, and then to the caller.
struct Out<'o> {
    filling: Batch,
    to_commit: Option<SyncSender<Batch>>,
    answers: Receiver<Answer>,
    report: &'o mut dyn FnMut(Ruled),
    account: &'o mut ReleaseAccount,
    failure: Option<Error>,
}

impl Out<'_> {
    fn send(&mut self) -> Result<(), Error> {
        while let Ok(answer) = self.answers.try_recv() {
            self.take(answer);
        }
        let batch = std::mem::take(&mut self.filling);
        let is_sent = self
            .to_commit
            .as_ref()
            .is_some_and(|to_commit| to_commit.send(batch).is_ok());
        if is_sent {
            return Ok(());
        }
        // The storing thread stopped: its answer says why.
        while let Ok(answer) = self.answers.recv() {
            self.take(answer);
        }
        self.failure.take().map_or(Ok(()), Err)
    }

    fn finish(mut self) -> Result<(), Error> {
        let sent = if self.filling.ruled.is_empty() {
            Ok(())
        } else {
            self.send()
        };
        self.to_commit = None;
        while let Ok(answer) = self.answers.recv() {
            self.take(answer);
        }
        self.failure.take().map_or(sent, Err)
    }

    fn take(&mut self, answer: Answer) {
        match answer {
            Ok(ruled) => {
                for ruled in ruled {
                    self.account.count(&ruled.ruling);
                    (self.report)(ruled);
                }
            }
            Err(failure) => self.failure = self.failure.take().or(Some(failure)),
        }
    }
}
