//! What is remembered of offline bundles: the last one that was sent to a party, and the last one read of it.
//!
//! Numbers and digests let a reader name the bundle that is missing; whether something is missing, the logs say.

use entente_stix::digest::Digest;
use entente_stix::time::Timestamp;
use entente_store::{Change, NewNote};

use crate::channel::opening::from_hex;
use crate::{Error, Node};

/// Kind of the notes about the last bundle sent: subject the agreement, party the recipient.
const SENT: &str = "bundle-sent";

/// Kind of the notes about how far bundles told: subject the log, party the recipient.
const SENT_UP_TO: &str = "bundle-sent-up-to";

/// Kind of the notes about the last bundle read: subject the agreement, party the issuer.
const READ: &str = "bundle-read";

/// A bundle, as the next one refers to it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LastBundle {
    /// Its number among the bundles of its issuer for its party and agreement, from 1.
    pub number: u64,
    /// Its digest.
    pub digest: Digest,
}

impl Node {
    /// The last bundle sent to `party` under an agreement.
    ///
    /// # Errors
    /// The store failed.
    pub fn bundle_sent(&self, agreement: &str, party: &str) -> Result<Option<LastBundle>, Error> {
        self.last_bundle(SENT, agreement, party)
    }

    /// Up to which entry of a log bundles told `party`.
    ///
    /// # Errors
    /// The store failed.
    pub fn bundle_sent_up_to(&self, origin: &str, party: &str) -> Result<u64, Error> {
        let notes = self.store.notes(SENT_UP_TO, origin)?;
        let note = notes.iter().find(|note| note.party == party);
        Ok(note.map_or(0, |note| u64::try_from(note.size).unwrap_or(0)))
    }

    /// Remembers a bundle that is about to be sent, and up to which entries of which logs it tells.
    ///
    /// # Errors
    /// The store failed.
    pub fn note_bundle_sent(
        &self,
        agreement: &str,
        party: &str,
        bundle: LastBundle,
        ends: &[(&str, u64)],
        at: Timestamp,
    ) -> Result<(), Error> {
        let digest = bundle.digest.to_string();
        let ends = ends
            .iter()
            .map(|(origin, size)| note(SENT_UP_TO, origin, party, *size, b""));
        let sent = note(SENT, agreement, party, bundle.number, digest.as_bytes());
        self.store.apply(&Change {
            at: at.micros(),
            notes: std::iter::once(sent).chain(ends).collect(),
            ..Change::default()
        })?;
        Ok(())
    }

    /// The last bundle read that `issuer` made under an agreement.
    ///
    /// # Errors
    /// The store failed.
    pub fn bundle_read(&self, agreement: &str, issuer: &str) -> Result<Option<LastBundle>, Error> {
        self.last_bundle(READ, agreement, issuer)
    }

    /// Remembers a bundle that was read, unless a later one was.
    ///
    /// # Errors
    /// The store failed.
    pub fn note_bundle_read(
        &self,
        agreement: &str,
        issuer: &str,
        bundle: LastBundle,
        at: Timestamp,
    ) -> Result<(), Error> {
        let last = self.bundle_read(agreement, issuer)?;
        if last.is_some_and(|last| last.number >= bundle.number) {
            return Ok(());
        }
        let digest = bundle.digest.to_string();
        self.store.apply(&Change {
            at: at.micros(),
            notes: vec![note(READ, agreement, issuer, bundle.number, digest.as_bytes())],
            ..Change::default()
        })?;
        Ok(())
    }

    fn last_bundle(&self, kind: &str, agreement: &str, party: &str) -> Result<Option<LastBundle>, Error> {
        let notes = self.store.notes(kind, agreement)?;
        let Some(note) = notes.iter().find(|note| note.party == party) else {
            return Ok(None);
        };
        let digest = std::str::from_utf8(&note.text).ok().and_then(from_hex);
        Ok(digest.map(|digest| LastBundle {
            number: u64::try_from(note.size).unwrap_or(0),
            digest: Digest::from_bytes(digest),
        }))
    }
}

fn note<'a>(kind: &'a str, subject: &'a str, party: &'a str, number: u64, text: &'a [u8]) -> NewNote<'a> {
    NewNote {
        kind,
        subject,
        party,
        size: i64::try_from(number).unwrap_or(i64::MAX),
        text,
    }
}
