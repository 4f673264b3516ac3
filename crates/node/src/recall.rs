//! Recall: an entry that takes earlier releases back, in every log where the object is live.
//!
//! What a recall means for copies that came by other ways is in [`standing`].

pub mod standing;

use std::collections::BTreeMap;

use entente_stix::digest::Digest;
use entente_store::{Change, EntryKind, NewNote};

use crate::channel::Desk;
use crate::channel::opening::{Opening, Recall};
use crate::limits::{LISTED_MAX, REASON_BYTES_MAX};
use crate::release::append::{Appending, Line};
use crate::{Error, Node};

/// Kind of the notes that list the recalls of an own log: subject the log, party the object's id.
pub(crate) const RECALLED: &str = "recalled";

/// What a party recalled in its logs: of each object, the logs and the numbers of the recalls' entries.
pub(crate) type Recalled = BTreeMap<String, Vec<(String, u64)>>;

/// What a recall did.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct RecallAccount {
    /// Recalled: the object's id, the log, and the number of the recall's entry.
    pub recalled: Vec<(String, String, u64)>,
    /// Ids that are live in no log of this node's own.
    pub not_released: Vec<String>,
    /// Logs whose head was signed: name and size.
    pub heads: Vec<(String, u64)>,
}

impl Node {
    /// Takes back every release of these objects, and signs the heads that say so. Works whether or not the
    /// agreement is in force: taking back is always allowed.
    ///
    /// # Errors
    /// The reason is too long, the store is older than what was signed, or the store or the guard failed.
    pub fn recall(&self, ids: &[String], reason: &str, desk: &Desk<'_>) -> Result<RecallAccount, Error> {
        if reason.len() > REASON_BYTES_MAX {
            return Err(Error::TooLong {
                what: "the reason",
                found: reason.len(),
                limit: REASON_BYTES_MAX,
            });
        }
        let _turn = self.turn();
        self.recall_in_turn(ids, reason, desk)
    }

    /// Takes back what was passed on of objects that `source` takes back, unless somebody else told the same: it
    /// is not there to be handed over any more, and who reads on must be told why.
    ///
    /// Comes before the withdrawal: after a crash in between, the recall is there and the withdrawal is repeated.
    pub(crate) fn recall_onward(&self, ids: &[&str], source: &str, desk: &Desk<'_>) -> Result<(), Error> {
        let mut lost = Vec::new();
        for id in ids {
            for (origin, number) in self.store.released_in(id)? {
                if self.is_own(&origin, desk) && !self.is_told_by_others(id, source, &origin, number)? {
                    lost.push((*id).to_owned());
                    break;
                }
            }
        }
        if !lost.is_empty() {
            self.recall_in_turn(&lost, "its source took it back", desk)?;
        }
        Ok(())
    }

    /// Whether the form that an entry released outlasts what `source` told.
    fn is_told_by_others(&self, id: &str, source: &str, origin: &str, number: u64) -> Result<bool, Error> {
        let Some(entry) = self.store.entries(origin, number, 1)?.into_iter().next() else {
            return Ok(true);
        };
        let is_redacted =
            matches!(Opening::read(&entry.opening), Ok(Opening::Release(release)) if release.redacted);
        let holdings = self.store.holdings(id, None, LISTED_MAX)?.items;
        let mut others = holdings.iter().filter(|holding| holding.source != source);
        Ok(others.any(|holding| is_redacted || entry.digest == Some(holding.digest)))
    }

    /// What was recalled in `party`'s own logs, closed ones too.
    pub(crate) fn recalled(&self, party: &str) -> Result<Recalled, Error> {
        let mut recalled = Recalled::new();
        for channel in self.own_channels(party)? {
            for note in self.store.notes(RECALLED, &channel.origin)? {
                let number = u64::try_from(note.size).unwrap_or(0);
                let places = recalled.entry(note.party).or_default();
                places.push((channel.origin.clone(), number));
            }
        }
        Ok(recalled)
    }

    /// Whether a version of an object (its time in microseconds, 0 for none), which the log `origin` does not have,
    /// stays here because it was recalled, or a later one was: in this log, or in another one and it stands in none
    /// since. A form from which something else is taken out is no other version.
    pub(crate) fn is_recalled(
        &self,
        recalled: &Recalled,
        id: &str,
        version: i64,
        origin: &str,
    ) -> Result<bool, Error> {
        let Some(places) = recalled.get(id) else {
            return Ok(false);
        };
        // A recall takes an object out of every log: where it stands, it was released since.
        let is_out = self
            .store
            .released_in(id)?
            .iter()
            .any(|(log, _)| owner_of(log) == owner_of(origin));
        for (place, number) in places.iter().filter(|(place, _)| !is_out || place == origin) {
            if version == 0 || version <= self.recalled_version(place, *number)? {
                return Ok(true);
            }
        }
        Ok(false)
    }

    /// The version that a recall in an own log took back, in microseconds. One that cannot be told is the latest.
    fn recalled_version(&self, origin: &str, number: u64) -> Result<i64, Error> {
        let at = |number: u64| -> Result<Option<Opening>, Error> {
            let entry = self.store.entries(origin, number, 1)?.into_iter().next();
            let entry = entry.filter(|entry| entry.number == number);
            Ok(entry.and_then(|entry| Opening::read(&entry.opening).ok()))
        };
        let Some(Opening::Recall(recall)) = at(number)? else {
            return Ok(i64::MAX);
        };
        let mut latest = None;
        for number in recall.releases {
            if let Some(Opening::Release(release)) = at(number)? {
                latest = latest.max(release.version.map(entente_stix::time::Timestamp::micros));
            }
        }
        Ok(latest.unwrap_or(i64::MAX))
    }

    fn recall_in_turn(&self, ids: &[String], reason: &str, desk: &Desk<'_>) -> Result<RecallAccount, Error> {
        let mut account = RecallAccount::default();
        let mut by_origin: BTreeMap<String, Vec<(&str, u64)>> = BTreeMap::new();
        for id in ids {
            let mut live = self.store.released_in(id)?;
            live.retain(|(origin, _)| self.is_own(origin, desk));
            if live.is_empty() {
                account.not_released.push(id.clone());
            }
            for (origin, number) in live {
                by_origin.entry(origin).or_default().push((id, number));
            }
        }
        for (origin, released) in by_origin {
            self.recall_in(&origin, &released, reason, desk, &mut account)?;
            account.heads.extend(self.sign_head(&origin, desk)?);
        }
        Ok(account)
    }

    fn is_own(&self, origin: &str, desk: &Desk<'_>) -> bool {
        crate::channel::read_origin(origin).is_some_and(|(_, owner)| owner == desk.keys.party)
    }

    fn recall_in(
        &self,
        origin: &str,
        released: &[(&str, u64)],
        reason: &str,
        desk: &Desk<'_>,
        account: &mut RecallAccount,
    ) -> Result<(), Error> {
        let mut appending = Appending::open(self, origin, desk)?;
        for batch in released.chunks(crate::limits::RELEASE_BATCH_MAX) {
            let ids: Vec<&str> = batch.iter().map(|(id, _)| *id).collect();
            let live = self.store.live(origin, &ids)?;
            let digests: Vec<String> = live
                .iter()
                .map(|live| {
                    live.map_or_else(String::new, |(_, digest)| Digest::from_bytes(digest).to_string())
                })
                .collect();
            let first = appending.size();
            let mut notes = Vec::new();
            let mut lines = Vec::new();
            for (((id, number), digest), place) in batch.iter().zip(&digests).zip(first..) {
                lines.push(Line {
                    kind: EntryKind::Recall,
                    digest: None,
                    expires: None,
                    opening: Opening::Recall(Recall {
                        object: (*id).to_owned(),
                        reason: reason.to_owned(),
                        releases: vec![*number],
                    }),
                });
                notes.push(NewNote {
                    kind: RECALLED,
                    subject: origin,
                    party: id,
                    size: i64::try_from(place).unwrap_or(i64::MAX),
                    text: digest.as_bytes(),
                });
                account
                    .recalled
                    .push(((*id).to_owned(), origin.to_owned(), place));
            }
            let change = Change {
                notes,
                ..Change::default()
            };
            appending.append(&lines, change)?;
        }
        Ok(())
    }
}

fn owner_of(origin: &str) -> Option<String> {
    crate::channel::read_origin(origin).map(|(_, owner)| owner)
}
