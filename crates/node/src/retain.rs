//! Retention: what is past its time goes, and the logs still verify.
//!
//! Of own releases the content is no longer kept for their entries; the object itself stays this node's own. Of
//! what was received, the holding ends.

use entente_stix::time::Timestamp;
use entente_store::{Change, Withdrawn};

use crate::channel::{read_origin, source_of};
use crate::derive::derive_text;
use crate::limits::RELEASE_BATCH_MAX;
use crate::{Error, Node};

/// What went because its time was over.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Retained {
    /// Own releases whose content is not told any more.
    pub own: u64,
    /// Received releases whose object is not held from that party any more.
    pub received: u64,
}

impl Node {
    /// Erases what is past its time at `at`.
    ///
    /// # Errors
    /// The store failed; what was erased before stays erased.
    pub fn retain(&self, at: Timestamp) -> Result<Retained, Error> {
        let _turn = self.turn();
        let me = self.me()?.map(|me| me.id);
        let mut retained = Retained::default();
        loop {
            let over = self.store.expiring(at.micros(), RELEASE_BATCH_MAX)?;
            if over.is_empty() {
                return Ok(retained);
            }
            let mut withdrawn = Vec::new();
            let mut settled = Vec::new();
            for (origin, number, subject) in &over {
                let Some((agreement, owner)) = read_origin(origin) else {
                    continue;
                };
                if Some(&owner) == me.as_ref() {
                    retained.own += 1;
                    continue;
                }
                retained.received += 1;
                let Some(digest) = self.over(origin, *number, subject)? else {
                    continue;
                };
                let source = source_of(&owner, agreement);
                // What was not taken in is over as well, and is not tried again.
                let beside = self.asides_of(&source, subject)?.into_iter();
                settled.extend(
                    beside
                        .filter(|aside| aside.digest == digest)
                        .map(|aside| aside.number),
                );
                withdrawn.push((source, subject.as_str(), digest));
            }
            let derive = derive_text;
            let change = Change {
                at: at.micros(),
                withdrawn: withdrawn
                    .iter()
                    .map(|(source, id, digest)| Withdrawn {
                        source,
                        id,
                        digest: Some(*digest),
                        derive: &derive,
                    })
                    .collect(),
                erased: over
                    .iter()
                    .map(|(origin, number, _)| (origin.as_str(), *number))
                    .collect(),
                aside_gone: settled,
                ..Change::default()
            };
            self.store.apply(&change)?;
        }
    }

    /// The form that the entry released, unless a later entry released the same again.
    fn over(&self, origin: &str, number: u64, subject: &str) -> Result<Option<[u8; 32]>, Error> {
        let entries = self.store.entries(origin, number, 1)?;
        let digest = entries
            .first()
            .filter(|entry| entry.number == number)
            .and_then(|entry| entry.digest);
        let live = self.store.live(origin, &[subject])?;
        let again = live.first().copied().flatten();
        let is_told_again = again.is_some_and(|(last, live)| last > number && Some(live) == digest);
        Ok(digest.filter(|_| !is_told_again))
    }
}
