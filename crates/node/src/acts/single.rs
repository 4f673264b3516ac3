//! A note with one signature, which is the form of every signed act.

use entente_translog::note::{Note, Verifier};

use super::Refusal;
use crate::limits::NOTE_BYTES_MAX;

/// A note with exactly one signature, not verified yet.
///
/// Others than the one that counts are refused: who could add a line could make one act look like many.
pub(crate) struct Single<'a> {
    note: Note<'a>,
    /// Whose key is said to have signed: a party's id.
    pub(crate) name: String,
    key_id: [u8; 4],
}

impl<'a> Single<'a> {
    /// Reads a note; `what` is what the refusal calls it.
    pub(crate) fn read(what: &'static str, text: &'a str) -> Result<Single<'a>, Refusal> {
        if text.len() > NOTE_BYTES_MAX {
            return Err(Refusal::malformed(
                what,
                format_args!("it has more than {NOTE_BYTES_MAX} bytes"),
            ));
        }
        let note = Note::read(text.as_bytes()).map_err(|error| Refusal::malformed(what, error))?;
        let [signature] = note.signatures() else {
            return Err(Refusal::malformed(what, "it has more than one signature"));
        };
        let (name, key_id) = (signature.name().to_owned(), signature.key_id());
        Ok(Single { note, name, key_id })
    }

    /// The signed text.
    pub(crate) fn text(&self) -> &str {
        self.note.text()
    }

    /// Whether `key` is the key that the signature names; whether it is good is another question.
    pub(crate) fn names(&self, key: &Verifier) -> bool {
        self.name == key.name() && self.key_id == key.key_id()
    }

    /// Whether `key` made the signature.
    pub(crate) fn is_by(&self, key: &Verifier) -> bool {
        self.names(key) && self.note.verify(std::slice::from_ref(key)).is_ok()
    }
}
