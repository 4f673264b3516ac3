//! Batches on their way to the store: filled on one thread, committed on another, reported in order.

use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::thread::{Scope, ScopedJoinHandle};

use entente_store::{Derived, Incoming, Outcome, Store, require_fit, type_of};

use super::{Account, Fate, Item, Settings, ownership};
use crate::Error;
use crate::limits::{BATCH_BYTES_MAX, BATCH_OBJECTS_MAX};
use crate::noted::Noted;

/// Batches that may wait between the two threads; enough to keep both busy, few enough to stay small.
const BATCHES_WAITING_MAX: usize = 1;

/// One object with what was derived from it.
pub(super) struct Prepared {
    pub(super) text: Vec<u8>,
    pub(super) derived: Derived,
    /// The id covers the content (an entry of a list).
    pub(super) id_covers_content: bool,
}

/// A place in the input: an object that is to be stored, or an item refused already.
enum Slot {
    Object {
        place: String,
        id: String,
    },
    Refused {
        place: String,
        id: Option<String>,
        reason: String,
    },
}

/// What goes to the committing thread, and comes back with outcomes.
struct Batch {
    slots: Vec<Slot>,
    objects: Vec<Prepared>,
}

type Answer = Result<(Vec<Slot>, Vec<Became>), entente_store::Error>;

/// What became of an object.
enum Became {
    Told(Outcome),
    SetAside { owner: String },
}

/// The importing side of the two threads.
pub(super) struct Pipeline<'scope, 'r> {
    filling: Batch,
    bytes: usize,
    to_commit: Option<SyncSender<Batch>>,
    answers: Receiver<Answer>,
    committer: Option<ScopedJoinHandle<'scope, ()>>,
    report: &'r mut dyn FnMut(Item),
    account: Account,
    failure: Option<entente_store::Error>,
}

impl<'scope, 'r> Pipeline<'scope, 'r> {
    pub(super) fn start<'env>(
        scope: &'scope Scope<'scope, 'env>,
        store: &'env dyn Store,
        settings: &Settings<'env>,
        report: &'r mut dyn FnMut(Item),
    ) -> Pipeline<'scope, 'r> {
        let (to_commit, batches) = sync_channel::<Batch>(BATCHES_WAITING_MAX);
        let (answer, answers) = sync_channel::<Answer>(BATCHES_WAITING_MAX * 2 + 2);
        let settings = settings.clone();
        let committer = scope.spawn(move || {
            for batch in batches {
                let done = commit(store, &settings, batch);
                let failed = done.is_err();
                if answer.send(done).is_err() || failed {
                    return;
                }
            }
        });
        Pipeline {
            filling: Batch {
                slots: Vec::new(),
                objects: Vec::new(),
            },
            bytes: 0,
            to_commit: Some(to_commit),
            answers,
            committer: Some(committer),
            report,
            account: Account::default(),
            failure: None,
        }
    }

    /// One object to be stored.
    pub(super) fn object(&mut self, place: String, object: Prepared) -> Result<(), Error> {
        let derived = &object.derived;
        if let Err(error) = require_fit(
            &derived.id,
            type_of(&derived.id),
            derived.created_by.as_deref(),
            &derived.edges,
        ) {
            return self.refuse(place, Some(derived.id.clone()), error.to_string());
        }
        self.bytes += object.text.len() + weight(derived);
        self.filling.slots.push(Slot::Object {
            place,
            id: object.derived.id.clone(),
        });
        self.filling.objects.push(object);
        self.send_when_full()
    }

    /// One item that is not taken, and why.
    pub(super) fn refuse(&mut self, place: String, id: Option<String>, reason: String) -> Result<(), Error> {
        self.bytes += reason.len();
        self.filling.slots.push(Slot::Refused { place, id, reason });
        self.send_when_full()
    }

    /// Commits what is left, waits for everything, and gives the account.
    pub(super) fn finish(mut self) -> Result<Account, Error> {
        let sent = if self.filling.slots.is_empty() {
            Ok(())
        } else {
            self.send()
        };
        self.to_commit = None;
        while let Ok(answer) = self.answers.recv() {
            self.take(answer);
        }
        if let Some(committer) = self.committer.take() {
            let _ = committer.join();
        }
        match self.failure.take() {
            Some(failure) => Err(failure.into()),
            None => sent.map(|()| self.account),
        }
    }

    fn send_when_full(&mut self) -> Result<(), Error> {
        if self.filling.slots.len() >= BATCH_OBJECTS_MAX || self.bytes >= BATCH_BYTES_MAX {
            self.send()?;
        }
        Ok(())
    }

    fn send(&mut self) -> Result<(), Error> {
        while let Ok(answer) = self.answers.try_recv() {
            self.take(answer);
        }
        let batch = std::mem::replace(
            &mut self.filling,
            Batch {
                slots: Vec::new(),
                objects: Vec::new(),
            },
        );
        self.bytes = 0;
        let sent = self
            .to_commit
            .as_ref()
            .is_some_and(|to_commit| to_commit.send(batch).is_ok());
        if sent {
            return Ok(());
        }
        // The committing thread stopped: its answer says why.
        while let Ok(answer) = self.answers.recv() {
            self.take(answer);
        }
        match self.failure.take() {
            Some(failure) => Err(failure.into()),
            None => Ok(()),
        }
    }

    fn take(&mut self, answer: Answer) {
        match answer {
            Ok((slots, outcomes)) => {
                let mut outcomes = outcomes.into_iter();
                for slot in slots {
                    let item = slot.settle(&mut outcomes);
                    self.account.count(&item.fate);
                    (self.report)(item);
                }
            }
            Err(failure) => self.failure = self.failure.take().or(Some(failure)),
        }
    }
}

/// Bytes that what was derived takes in memory, about.
fn weight(derived: &Derived) -> usize {
    let edges: usize = derived
        .edges
        .iter()
        .map(|(property, target)| 48 + property.len() + target.len())
        .sum();
    let observables: usize = derived
        .observables
        .iter()
        .map(|observed| 32 + observed.value.len())
        .sum();
    edges + observables + derived.words.len()
}

impl Slot {
    fn settle(self, outcomes: &mut impl Iterator<Item = Became>) -> Item {
        match self {
            Slot::Refused { place, id, reason } => Item {
                place,
                id,
                fate: Fate::Refused { reason },
            },
            Slot::Object { place, id } => {
                let fate = match outcomes.next() {
                    Some(Became::Told(Outcome::New)) => Fate::Stored,
                    Some(Became::Told(Outcome::NewVersion)) => Fate::NewVersion,
                    Some(Became::Told(Outcome::OlderVersion)) => Fate::OlderVersion,
                    Some(Became::Told(Outcome::KnownHere)) => Fate::Known,
                    Some(Became::Told(Outcome::KnownElsewhere)) => Fate::NewSource,
                    Some(Became::SetAside { owner }) => Fate::SetAside { owner },
                    None => Fate::Refused {
                        reason: "the store gave no outcome for it".to_owned(),
                    },
                };
                Item {
                    place,
                    id: Some(id),
                    fate,
                }
            }
        }
    }
}

fn commit(store: &dyn Store, settings: &Settings<'_>, batch: Batch) -> Answer {
    let Batch { slots, mut objects } = batch;
    let derived: Vec<&Derived> = objects.iter().map(|object| &object.derived).collect();
    let owners = ownership::foreign(store, &derived)?;
    if settings.dry_run {
        let became = objects.iter().zip(owners).map(|(object, owner)| match owner {
            Some(owner) => Ok(Became::SetAside { owner }),
            None => foresee(store, settings.source, object).map(Became::Told),
        });
        return Ok((slots, became.collect::<Result<_, _>>()?));
    }
    let aside: Vec<(&Derived, &[u8], &str)> = objects
        .iter()
        .zip(&owners)
        .filter_map(|(object, owner)| Some((&object.derived, object.text.as_slice(), owner.as_deref()?)))
        .collect();
    ownership::set_aside(store, settings.source, settings.at.micros(), &aside)?;
    let own = objects
        .iter_mut()
        .zip(&owners)
        .filter(|(_, owner)| owner.is_none());
    let mut own: Vec<&mut Prepared> = own.map(|(object, _)| object).collect();
    let observables = own.iter().flat_map(|object| &object.derived.observables);
    Noted::extend(
        store,
        observables.map(|observed| (observed.kind, observed.value.as_str())),
    )?;
    let incoming: Vec<Incoming<'_>> = own.iter_mut().map(|object| incoming(object)).collect();
    let mut outcomes = store
        .ingest(settings.source, settings.at.micros(), &incoming)?
        .into_iter();
    let became = owners.into_iter().filter_map(|owner| match owner {
        Some(owner) => Some(Became::SetAside { owner }),
        None => outcomes.next().map(Became::Told),
    });
    Ok((slots, became.collect()))
}

fn incoming(object: &mut Prepared) -> Incoming<'_> {
    crate::derive::incoming(&object.text, &mut object.derived, object.id_covers_content)
}

/// What `ingest` would answer, without storing.
fn foresee(store: &dyn Store, source: &str, object: &Prepared) -> Result<Outcome, entente_store::Error> {
    let derived = &object.derived;
    let Some(current) = store.current(&derived.id)? else {
        return Ok(Outcome::New);
    };
    let known = object.id_covers_content || store.by_digest(&derived.digest)?.is_some();
    if !known {
        let newer = (derived.version, derived.digest) > (current.version, current.digest);
        return Ok(if newer {
            Outcome::NewVersion
        } else {
            Outcome::OlderVersion
        });
    }
    let holdings = store.holdings(&derived.id, None, crate::limits::LISTED_MAX)?;
    let here = holdings.items.iter().any(|holding| {
        holding.source == source && (object.id_covers_content || holding.digest == derived.digest)
    });
    Ok(if here {
        Outcome::KnownHere
    } else {
        Outcome::KnownElsewhere
    })
}
