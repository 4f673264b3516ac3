//! Signed heads in a few bytes, to compare what two sides know before notes travel.

use entente_stix::digest::Digest;
use entente_translog::checkpoint::Checkpoint;
use entente_translog::note::Note;

use crate::message::{Known, prefix};

/// What a signed head says, unverified: it is only compared with what the other side says. `None` where it is none.
pub(crate) fn known(note: &str) -> Option<Known> {
    let head = read(note)?;
    Some(Known {
        origin: prefix(Digest::of(head.origin.as_bytes()).as_bytes()),
        size: head.size,
        root: prefix(&head.root),
    })
}

/// What a signed head says, unverified.
pub(crate) fn read(note: &str) -> Option<Checkpoint> {
    let note = Note::read(note.as_bytes()).ok()?;
    Checkpoint::read(note.text()).ok()
}
