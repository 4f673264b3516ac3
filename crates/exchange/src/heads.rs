//! Signed heads in a few bytes, to compare what two sides know before notes travel.

use entente_stix::digest::Digest;
use entente_translog::checkpoint::Checkpoint;
use entente_translog::note::Note;

use crate::message::{Known, prefix};

/// What a signed head says, unverified: it is only compared with what the other side says. A proof that a log
/// forked is called by its own digest.
pub(crate) fn known(note: &str) -> Known {
    let called = |name: &str| prefix(Digest::of(name.as_bytes()).as_bytes());
    match read(note) {
        Some(head) => Known {
            origin: called(&head.origin),
            size: head.size,
            root: prefix(&head.root),
        },
        None => Known {
            origin: called(note),
            size: 0,
            root: [0; 8],
        },
    }
}

/// What a signed head says, unverified.
pub(crate) fn read(note: &str) -> Option<Checkpoint> {
    let note = Note::read(note.as_bytes()).ok()?;
    Checkpoint::read(note.text()).ok()
}
