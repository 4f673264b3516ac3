//! Receipts: a reader's signature under "I hold everything you released to me up to head H".
//!
//! The text of the note is four lines: `entente/receipt/v1`, the log, its size, its root in base64.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use entente_stix::time::Timestamp;
use entente_store::{Change, EntryKind, NewNote};
use entente_translog::note::{self, Note};

use crate::channel::Desk;
use crate::head::Head;
use crate::limits::HEAD_BYTES_MAX;
use crate::reading::{Checked, unexplained_name};
use crate::recall::RECALLED;
use crate::view::Refused;
use crate::{Error, Node};

/// The first line of every receipt.
const FIRST_LINE: &str = "entente/receipt/v1";

/// Kind of the notes that are receipts: subject the log, party who signed.
const RECEIPT: &str = "receipt";

/// How far a reader of an own log has acknowledged.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Acknowledged {
    /// The log.
    pub origin: String,
    /// The reader.
    pub party: String,
    /// Entries that it holds by its own signature.
    pub size: u64,
    /// When the receipt came in; `None`: there is none.
    pub at: Option<Timestamp>,
}

/// A recall that a reader has not acknowledged.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Unacknowledged {
    /// The log.
    pub origin: String,
    /// Number of the recall's entry.
    pub number: u64,
    /// Id of the object that was recalled.
    pub object: String,
    /// The readers of whom there is no receipt that covers it.
    pub parties: Vec<String>,
}

fn text(origin: &str, size: u64, root: &[u8; 32]) -> String {
    format!("{FIRST_LINE}\n{origin}\n{size}\n{}\n", BASE64.encode(root))
}

/// Log, size and root that a receipt's text names.
fn read(text: &str) -> Option<(&str, u64, [u8; 32])> {
    let mut lines = text.split('\n');
    let (first, origin, size, root) = (lines.next()?, lines.next()?, lines.next()?, lines.next()?);
    if first != FIRST_LINE || lines.next() != Some("") || lines.next().is_some() {
        return None;
    }
    let root: [u8; 32] = BASE64.decode(root).ok()?.try_into().ok()?;
    Some((origin, size.parse().ok()?, root))
}

impl Node {
    /// The receipt for a head that was reached: signed, and kept so that it can be told again.
    pub(crate) fn receipt(&self, checked: &Checked<'_>, desk: &Desk<'_>) -> Result<String, Error> {
        let head = checked.head();
        let origin = head.note.lines().next().unwrap_or_default();
        self.sign_receipt(origin, head, desk)
    }

    fn sign_receipt(&self, origin: &str, head: &Head, desk: &Desk<'_>) -> Result<String, Error> {
        let me = desk.keys.party.as_str();
        let receipt = text(origin, head.size, &head.root);
        let signed = note::sign(&receipt, &[&desk.keys.signer()?])?;
        self.keep_receipt(origin, me, head.size, &signed, desk.at)?;
        Ok(signed)
    }

    /// Signs the receipts for heads of `owner`'s logs that were reached and have none: a crash came between taking
    /// in and signing, and nothing will be taken in again.
    ///
    /// # Errors
    /// The store failed.
    pub fn give_receipts(&self, owner: &str, desk: &Desk<'_>) -> Result<(), Error> {
        let _turn = self.turn();
        let mut channels = self.store.channels()?;
        channels.retain(|channel| channel.owner == owner && channel.owner != desk.keys.party);
        for channel in channels {
            let origin = channel.origin.as_str();
            let Some(head) = Head::of(&channel)?.filter(|head| head.size == channel.size) else {
                continue;
            };
            let given = self.acknowledged_by(origin, &desk.keys.party)?;
            let is_given = given.is_some_and(|(size, _)| size >= head.size);
            let is_forked = !self.alarms_of(origin)?.is_empty();
            if is_given || is_forked || self.store.meta(&unexplained_name(origin))?.is_some() {
                continue;
            }
            self.sign_receipt(origin, &head, desk)?;
        }
        Ok(())
    }

    fn keep_receipt(
        &self,
        origin: &str,
        party: &str,
        size: u64,
        note: &str,
        at: Timestamp,
    ) -> Result<(), Error> {
        self.store.apply(&Change {
            at: at.micros(),
            notes: vec![NewNote {
                kind: RECEIPT,
                subject: origin,
                party,
                size: i64::try_from(size).unwrap_or(i64::MAX),
                text: note.as_bytes(),
            }],
            ..Change::default()
        })?;
        Ok(())
    }

    /// The latest receipts of this node's own party for the logs of `owner`. To tell one again does no harm.
    ///
    /// # Errors
    /// The store failed.
    pub fn receipts_for(&self, owner: &str) -> Result<Vec<String>, Error> {
        let mut receipts = Vec::new();
        let Some(me) = self.me()? else {
            return Ok(receipts);
        };
        for channel in self
            .store
            .channels()?
            .iter()
            .filter(|channel| channel.owner == owner)
        {
            let notes = self.store.notes(RECEIPT, &channel.origin)?;
            let own = notes.into_iter().filter(|note| note.party == me.id);
            receipts.extend(own.filter_map(|note| String::from_utf8(note.text).ok()));
        }
        Ok(receipts)
    }

    pub(crate) fn take_receipt(&self, party: &str, receipt: &str, at: Timestamp) -> Result<(), Refused> {
        let refused = |cause: &str| Refused::Bad(format!("the receipt is refused: {cause}"));
        if receipt.len() > HEAD_BYTES_MAX {
            return Err(refused("it is too long"));
        }
        let unsigned = Note::read(receipt.as_bytes()).map_err(|error| refused(&error.to_string()))?;
        let signer = self.known_party(party)?;
        let verified = unsigned.verify(&signer.verifiers(at));
        let verified = verified.map_err(|error| refused(&error.to_string()))?;
        let (origin, size, root) = read(verified.text()).ok_or_else(|| refused("it is not of the form"))?;
        let me = self.me()?.ok_or(Error::NotFounded)?;
        let channel = self.store.channel(origin).map_err(Error::from)?;
        let channel = channel
            .filter(|channel| channel.owner == me.id && channel.audience.iter().any(|member| member == party))
            .ok_or_else(|| Refused::NoChannel {
                origin: origin.to_owned(),
            })?;
        let signed = Head::of(&channel)?.map_or(0, |head| head.size);
        if size > signed {
            return Err(refused("no head of that size was signed"));
        }
        if self.root_at(&channel, size)? != root {
            return Err(refused("the log had another root at that size"));
        }
        let known = self.acknowledged_by(origin, party)?;
        if known.is_none_or(|(known, _)| known < size) {
            self.keep_receipt(origin, party, size, receipt, at)?;
        }
        Ok(())
    }

    fn acknowledged_by(&self, origin: &str, party: &str) -> Result<Option<(u64, Timestamp)>, Error> {
        let notes = self.store.notes(RECEIPT, origin)?;
        let note = notes.into_iter().find(|note| note.party == party);
        Ok(note.map(|note| {
            let size = u64::try_from(note.size).unwrap_or(0);
            (size, Timestamp::from_micros(note.at))
        }))
    }

    /// How far each reader of this node's own logs has acknowledged.
    ///
    /// # Errors
    /// The store failed.
    pub fn acknowledged(&self) -> Result<Vec<Acknowledged>, Error> {
        let mut all = Vec::new();
        let Some(me) = self.me()? else {
            return Ok(all);
        };
        for channel in self.own_channels(&me.id)? {
            for party in &channel.audience {
                let by = self.acknowledged_by(&channel.origin, party)?;
                all.push(Acknowledged {
                    origin: channel.origin.clone(),
                    party: party.clone(),
                    size: by.map_or(0, |(size, _)| size),
                    at: by.map(|(_, at)| at),
                });
            }
        }
        Ok(all)
    }

    /// The recalls of which some reader has not yet said that it holds them.
    ///
    /// # Errors
    /// The store failed.
    pub fn unacknowledged_recalls(&self) -> Result<Vec<Unacknowledged>, Error> {
        let acknowledged = self.acknowledged()?;
        let mut origins: Vec<&str> = acknowledged.iter().map(|one| one.origin.as_str()).collect();
        origins.dedup();
        let mut open = Vec::new();
        for origin in origins {
            for recall in self.store.notes(RECALLED, origin)? {
                let number = u64::try_from(recall.size).unwrap_or(0);
                let readers = acknowledged
                    .iter()
                    .filter(|one| one.origin == origin && one.size <= number);
                let parties: Vec<String> = readers.map(|one| one.party.clone()).collect();
                if !parties.is_empty() {
                    open.push(Unacknowledged {
                        origin: origin.to_owned(),
                        number,
                        object: recall.party,
                        parties,
                    });
                }
            }
        }
        Ok(open)
    }

    /// Who recalled an object, when and why: the tombstones that `show` tells.
    ///
    /// # Errors
    /// The store failed.
    pub fn recalls_of(&self, id: &str) -> Result<Vec<Recalled>, Error> {
        let mut recalls = Vec::new();
        for (origin, number) in self.store.entries_about(id, None, crate::limits::LISTED_MAX)? {
            let entries = self.store.entries(&origin, number, 1)?;
            let Some(entry) = entries.into_iter().find(|entry| entry.kind == EntryKind::Recall) else {
                continue;
            };
            let (Some((agreement, owner)), Ok(crate::channel::opening::Opening::Recall(recall))) = (
                crate::channel::read_origin(&origin),
                crate::channel::opening::Opening::read(&entry.opening),
            ) else {
                continue;
            };
            recalls.push(Recalled {
                agreement: agreement.to_owned(),
                by: owner,
                number,
                at: Timestamp::from_micros(entry.at),
                reason: recall.reason,
                origin: origin.clone(),
            });
        }
        Ok(recalls)
    }
}

/// A recall of an object.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Recalled {
    /// The log.
    pub origin: String,
    /// The agreement's id.
    pub agreement: String,
    /// The party that recalled.
    pub by: String,
    /// Number of the recall's entry.
    pub number: u64,
    /// When it was taken in here, or made here.
    pub at: Timestamp,
    /// Why, in that party's words.
    pub reason: String,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn receipt_is_read_as_it_was_written() {
        let written = text("entente/x/y/z", 17, &[9; 32]);
        assert_eq!(read(&written), Some(("entente/x/y/z", 17, [9; 32])));
        for other in [
            String::new(),
            written.replace("receipt", "deceit"),
            written.replace("17", "-1"),
            format!("{written}more\n"),
        ] {
            assert_eq!(read(&other), None, "{other}");
        }
    }
}
