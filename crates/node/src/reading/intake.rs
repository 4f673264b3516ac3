//! What of a verified slice is kept, and how: taken in, beside, or parked; withdrawn where it is taken back.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;

use entente_policy::admit::{Admission, Cause, Way};
use entente_stix::object::Object;
use entente_stix::time::Timestamp;
use entente_store::{Aside, Change, Derived, NewAside, Outcome, Telling, Withdrawn, require_fit, type_of};

use super::check::{Checked, CheckedEntry, unexplained_name};
use super::judge::{Before, Judge};
use super::{Reading, TakenIn};
use crate::channel::opening::Opening;
use crate::channel::{BOUND, Desk, read_origin, source_of};
use crate::derive::{derive, derive_text, incoming};
use crate::limits::{LISTED_MAX, UNEXPLAINED_MAX};
use crate::noted::Noted;
use crate::{Error, Node};

/// Kind of the asides that are another's to change.
pub(crate) const PROPOSAL: &str = "proposal";
/// Kind of the asides that are tried again.
pub(crate) const PARKED: &str = "parked";

/// Microseconds after which what is parked for another reason than its date is looked at again: a day.
pub(super) const RETRY_AFTER: i64 = 86_400_000_000;

/// What a slice changes here, gathered entry by entry.
pub(super) struct Intake<'n> {
    node: &'n Node,
    desk: &'n Desk<'n>,
    origin: String,
    agreement: String,
    owner: String,
    source: String,
    judge: Judge<'n>,
    /// Objects to be stored, in order; `None`: taken back by the same slice.
    told: Vec<Option<Taken>>,
    /// The last of an id among them.
    latest: BTreeMap<String, usize>,
    asides: Vec<SetAside>,
    settled: Vec<u64>,
    withdrawn: Vec<(String, Option<[u8; 32]>)>,
    bound: BTreeSet<String>,
    /// Releases without content, by number, that nothing explains yet: their ids.
    unexplained: BTreeMap<u64, String>,
    /// New releases without content.
    erased: BTreeSet<u64>,
}

/// An object that is taken in.
struct Taken {
    text: Vec<u8>,
    derived: Derived,
    /// Whether nobody else holds what was current before.
    is_only_ours: bool,
}

/// An object that is kept beside what is held.
pub(crate) struct SetAside {
    pub(super) kind: &'static str,
    pub(super) id: String,
    pub(super) digest: [u8; 32],
    pub(super) text: Vec<u8>,
    pub(super) reason: String,
    pub(super) until: Option<i64>,
}

impl<'n> Intake<'n> {
    pub(super) fn new(node: &'n Node, reading: &Reading, desk: &'n Desk<'n>) -> Result<Intake<'n>, Error> {
        let text = node.store.meta(&unexplained_name(reading.origin()))?;
        Ok(Intake {
            node,
            desk,
            origin: reading.origin().to_owned(),
            agreement: reading.agreement().to_owned(),
            owner: reading.owner().to_owned(),
            source: source_of(reading.owner(), reading.agreement()),
            judge: Judge::new(node, reading.agreement(), Way::Channel, desk.at)?,
            told: Vec::new(),
            latest: BTreeMap::new(),
            asides: Vec::new(),
            settled: Vec::new(),
            withdrawn: Vec::new(),
            bound: BTreeSet::new(),
            unexplained: read_unexplained(text.as_deref()),
            erased: BTreeSet::new(),
        })
    }

    /// Goes through the entries that are new, and those whose content was missing.
    pub(super) fn entries(
        &mut self,
        checked: &Checked<'_>,
        before: u64,
        taken: &mut TakenIn,
    ) -> Result<(), Error> {
        for entry in checked.entries() {
            let is_new = entry.number >= before;
            if is_new {
                self.explain(entry);
            }
            match (&entry.opening, &entry.content) {
                (Opening::Release(_), Some(object)) => {
                    if is_new || self.unexplained.remove(&entry.number).is_some() {
                        self.told(entry, object, taken)?;
                    } else {
                        taken.known += 1;
                    }
                }
                (Opening::Release(release), None) if is_new => {
                    self.erased.insert(entry.number);
                    let is_over = release.expires.is_some_and(|expires| expires <= self.desk.at);
                    if !is_over {
                        self.unexplained.insert(entry.number, release.object.clone());
                    }
                }
                (Opening::Recall(recall), _) if is_new => {
                    self.recalled(&recall.object)?;
                    taken.recalled += 1;
                }
                _ => {}
            }
        }
        taken.erased = self.erased.len() as u64;
        Ok(())
    }

    /// A later entry about the same object explains why an earlier one has no content.
    fn explain(&mut self, entry: &CheckedEntry<'_>) {
        let subject = entry.opening.subject();
        self.unexplained.retain(|_, id| id != subject);
    }

    fn told(
        &mut self,
        entry: &CheckedEntry<'_>,
        object: &Object<'_>,
        taken: &mut TakenIn,
    ) -> Result<(), Error> {
        self.replaced(entry, object)?;
        let derived = derive(object);
        let text = object.text().as_bytes().to_vec();
        let latest = self.latest.get(object.id()).copied();
        let latest = latest
            .and_then(|place| self.told.get(place))
            .and_then(Option::as_ref);
        let before = match latest {
            Some(latest) => Before {
                text: Some(latest.text.clone()),
                owner: self
                    .node
                    .owner_of(object.id())?
                    .or_else(|| self.bound.contains(object.id()).then(|| self.owner.clone())),
                is_only_ours: latest.is_only_ours,
            },
            None => self
                .judge
                .before(object.id(), &self.source, &self.bound, &self.owner)?,
        };
        let fit = require_fit(
            &derived.id,
            type_of(&derived.id),
            derived.created_by.as_deref(),
            &derived.edges,
        );
        let admission = match fit {
            Ok(()) => self.judge.admit(object, &self.owner, &before)?,
            Err(error) => Admission::Park(Cause::Unreadable(error.to_string())),
        };
        match admission {
            Admission::Accept { bind } => {
                if bind.is_some() {
                    self.bound.insert(derived.id.clone());
                }
                let is_only_ours = before.text.is_none() || before.is_only_ours;
                self.latest.insert(derived.id.clone(), self.told.len());
                self.told.push(Some(Taken {
                    text,
                    derived,
                    is_only_ours,
                }));
            }
            Admission::Proposal(cause) => {
                taken.proposals += 1;
                self.asides
                    .push(SetAside::new(PROPOSAL, derived, text, &cause, self.desk.at));
            }
            Admission::Park(cause) => {
                taken.parked += 1;
                self.asides
                    .push(SetAside::new(PARKED, derived, text, &cause, self.desk.at));
            }
        }
        Ok(())
    }

    /// Another form of the version that this channel told before takes its place.
    fn replaced(&mut self, entry: &CheckedEntry<'_>, object: &Object<'_>) -> Result<(), Error> {
        let Some(release) = entry.release() else {
            return Ok(());
        };
        let id = object.id();
        let version = derive_version(object);
        if let Some(place) = self.latest.get(id).copied()
            && let Some(slot) = self.told.get_mut(place)
            && slot.as_ref().is_some_and(|told| {
                told.derived.version == version
                    && told.derived.digest != release.digest
                    && !is_content(object)
            })
        {
            *slot = None;
        }
        let live = self.node.store.live(&self.origin, &[id])?;
        let Some((_, digest)) = live
            .first()
            .copied()
            .flatten()
            .filter(|(_, digest)| *digest != release.digest)
        else {
            return Ok(());
        };
        let former = self.node.store.by_digest(&digest)?;
        if former.is_some_and(|former| former.id == id && former.version == version) {
            self.withdrawn.push((id.to_owned(), Some(digest)));
        }
        Ok(())
    }

    /// What was told of the object is taken back, unless another log of the same source still tells it.
    fn recalled(&mut self, id: &str) -> Result<(), Error> {
        if let Some(place) = self.latest.remove(id)
            && let Some(slot) = self.told.get_mut(place)
        {
            *slot = None;
        }
        for slot in &mut self.told {
            if slot.as_ref().is_some_and(|told| told.derived.id == id) {
                *slot = None;
            }
        }
        self.asides.retain(|aside| aside.id != id);
        let beside = self.node.asides_of(&self.source, id)?;
        self.settled.extend(beside.iter().map(|aside| aside.number));
        let elsewhere = self.node.store.released_in(id)?;
        let is_told_elsewhere = elsewhere.iter().any(|(origin, _)| {
            *origin != self.origin
                && read_origin(origin)
                    .is_some_and(|(agreement, owner)| agreement == self.agreement && owner == self.owner)
        });
        if !is_told_elsewhere {
            self.withdrawn.push((id.to_owned(), None));
        }
        Ok(())
    }

    /// A release without content must be explained by the end of the log. If this slice brought it, the slice is
    /// refused; if an earlier one did, there is no receipt.
    pub(super) fn require_explained(
        &mut self,
        checked: &Checked<'_>,
        taken: &mut TakenIn,
    ) -> Result<(), Error> {
        if self.unexplained.len() > UNEXPLAINED_MAX {
            return Err(Error::BadSlice {
                origin: self.origin.clone(),
                place: "the slice".to_owned(),
                cause: format!("more than {UNEXPLAINED_MAX} releases have no content"),
            });
        }
        let is_whole = taken.held == checked.head_size();
        let missing = self
            .unexplained
            .keys()
            .find(|number| self.erased.contains(number));
        if let Some(number) = missing.filter(|_| is_whole) {
            return Err(Error::BadSlice {
                origin: self.origin.clone(),
                place: format!("entry {number}"),
                cause: "its content is missing, and no later entry says why".to_owned(),
            });
        }
        if is_whole {
            taken.missing = self.unexplained.len() as u64;
        }
        Ok(())
    }

    /// What the store keeps of releases that are not explained yet.
    pub(super) fn unexplained(&self) -> Option<String> {
        let mut text = String::new();
        for (number, id) in &self.unexplained {
            let _ = writeln!(text, "{number} {id}");
        }
        (!text.is_empty()).then_some(text)
    }

    pub(super) fn erased(&self, before: u64) -> Vec<u64> {
        self.erased
            .iter()
            .copied()
            .filter(|number| *number >= before)
            .collect()
    }

    /// Stores everything as one, together with what `change` says already.
    pub(super) fn apply(mut self, change: Change<'_>, taken: &mut TakenIn) -> Result<(), Error> {
        let mut told: Vec<Taken> = std::mem::take(&mut self.told).into_iter().flatten().collect();
        let observables = told.iter().flat_map(|told| &told.derived.observables);
        Noted::extend(
            self.node.store(),
            observables.map(|observed| (observed.kind, observed.value.as_str())),
        )?;
        let objects = told
            .iter_mut()
            .map(|told| incoming(&told.text, &mut told.derived, false))
            .collect::<Vec<_>>();
        let derive = derive_text;
        let mut whole = change;
        whole.told.push(Telling {
            source: &self.source,
            objects,
        });
        whole.withdrawn = self
            .withdrawn
            .iter()
            .map(|(id, digest)| Withdrawn {
                source: &self.source,
                id,
                digest: *digest,
                derive: &derive,
            })
            .collect();
        whole.bound = self
            .bound
            .iter()
            .map(|id| (id.as_str(), self.owner.as_str()))
            .collect();
        if !self.bound.is_empty() {
            whole.meta.push((BOUND, Some("yes")));
        }
        whole.aside_gone = self.settled.clone();
        whole.aside = self
            .asides
            .iter()
            .map(|aside| aside.as_new(&self.source))
            .collect();
        let applied = self.node.store.apply(&whole)?;
        for outcome in applied.outcomes.iter().flatten() {
            match outcome {
                Outcome::New | Outcome::NewVersion | Outcome::OlderVersion => taken.stored += 1,
                Outcome::KnownHere | Outcome::KnownElsewhere => taken.known += 1,
            }
        }
        Ok(())
    }
}

impl SetAside {
    pub(crate) fn new(
        kind: &'static str,
        derived: Derived,
        text: Vec<u8>,
        cause: &Cause,
        at: Timestamp,
    ) -> SetAside {
        SetAside {
            kind,
            id: derived.id,
            digest: derived.digest,
            text,
            reason: cause.to_string(),
            until: if kind == PARKED { retry_at(cause, at) } else { None },
        }
    }

    pub(crate) fn as_new<'a>(&'a self, source: &'a str) -> NewAside<'a> {
        NewAside {
            kind: self.kind,
            id: &self.id,
            source,
            digest: self.digest,
            text: &self.text,
            reason: &self.reason,
            until: self.until,
        }
    }
}

/// When a parked object is tried again: what comes from the future once its time has come, what the agreement may
/// yet cover in a day, what is wrong in itself never.
fn retry_at(cause: &Cause, at: Timestamp) -> Option<i64> {
    match cause {
        Cause::Future(time) => Some(time.micros()),
        Cause::NotCovered | Cause::Engine(_) => at.micros().checked_add(RETRY_AFTER),
        _ => None,
    }
}

fn read_unexplained(text: Option<&str>) -> BTreeMap<u64, String> {
    let lines = text.unwrap_or_default().lines();
    let pairs = lines.filter_map(|line| line.split_once(' '));
    pairs
        .filter_map(|(number, id)| Some((number.parse().ok()?, id.to_owned())))
        .collect()
}

fn derive_version(object: &Object<'_>) -> i64 {
    object.modified().map_or(0, Timestamp::micros)
}

/// Whether the object's versions are told apart by content: then another digest is another statement.
fn is_content(object: &Object<'_>) -> bool {
    object.modified().is_none() && object.class() != entente_stix::object::Class::Sco
}

impl Node {
    /// Everything that `source` told of an id and that is kept beside it.
    pub(crate) fn asides_of(&self, source: &str, id: &str) -> Result<Vec<Aside>, Error> {
        let mut found = Vec::new();
        let mut after = 0;
        loop {
            let page = self.store.asides(Some(id), after, LISTED_MAX)?;
            let Some(last) = page.last() else {
                return Ok(found);
            };
            after = last.number;
            found.extend(page.into_iter().filter(|aside| aside.source == source));
        }
    }
}
