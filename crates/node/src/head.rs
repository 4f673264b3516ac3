//! Signed heads of own logs: signed only over what is durable, and only ever one history.
//!
//! The order is the invariant *log before leave*: entries and tiles are durable, then the head is signed, then
//! the guard advances, then the head is stored; only then does a peer see the entries. A crash between any two
//! of these is mended by the next call.

use entente_store::{Change, Channel};
use entente_translog::checkpoint::{self, Checkpoint};
use entente_translog::frontier::Frontier;
use entente_translog::note::{Note, Verifier};
use entente_translog::proof;

use crate::channel::Desk;
use crate::reading::Alarm;
use crate::{Error, Node};

/// What a signed head says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Head {
    pub(crate) size: u64,
    pub(crate) root: [u8; 32],
    /// The signed note.
    pub(crate) note: String,
}

impl Head {
    /// Reads a head that this node verified or made itself before it kept it.
    pub(crate) fn kept(origin: &str, note: &[u8]) -> Result<Head, Error> {
        let damaged = |cause: String| Error::Damaged {
            origin: origin.to_owned(),
            cause: format!("its signed head cannot be read: {cause}"),
        };
        let text = std::str::from_utf8(note).map_err(|error| damaged(error.to_string()))?;
        let read = Note::read(note).and_then(|note| Checkpoint::read(note.text()));
        let checkpoint = read.map_err(|error| damaged(error.to_string()))?;
        if checkpoint.origin != origin {
            return Err(damaged(format!("it is that of `{}`", checkpoint.origin)));
        }
        Ok(Head {
            size: checkpoint.size,
            root: checkpoint.root,
            note: text.to_owned(),
        })
    }

    /// The head that a channel keeps.
    pub(crate) fn of(channel: &Channel) -> Result<Option<Head>, Error> {
        let note = channel.head.as_deref();
        note.map(|note| Head::kept(&channel.origin, note)).transpose()
    }

    /// Whether `key` signed it.
    pub(crate) fn is_by(&self, key: &Verifier) -> bool {
        let note = Note::read(self.note.as_bytes());
        note.is_ok_and(|note| note.verify(std::slice::from_ref(key)).is_ok())
    }

    /// Whether both say the same of the same size, whoever cosigned.
    pub(crate) fn says_as(&self, other: &Head) -> bool {
        (self.size, self.root) == (other.size, other.root)
    }
}

/// The state that appends go on from.
pub(crate) fn frontier(channel: &Channel) -> Result<Frontier, Error> {
    Frontier::from_bytes(channel.size, &channel.frontier).map_err(|cause| Error::Damaged {
        origin: channel.origin.clone(),
        cause: format!("what is needed to append on cannot be read: {cause}"),
    })
}

impl Node {
    /// The channel as it may be appended to: what the guard saw signed is a prefix of what the store has.
    ///
    /// # Errors
    /// [`Error::Rollback`] if it is not.
    pub(crate) fn guarded(&self, channel: &Channel, desk: &Desk<'_>) -> Result<Option<Head>, Error> {
        let origin = &channel.origin;
        let Some(note) = desk.guard.last(origin)? else {
            return match Head::of(channel)? {
                // Moved or restored without the guard: what was signed last is not known here.
                Some(head) => Err(Error::Unguarded {
                    origin: origin.clone(),
                    signed: head.size,
                }),
                None => Ok(None),
            };
        };
        let signed = Head::kept(origin, note.as_bytes())?;
        let is_prefix = channel.size >= signed.size && self.root_at(channel, signed.size)? == signed.root;
        if !is_prefix {
            return Err(Error::Rollback {
                origin: origin.clone(),
                have: channel.size,
                signed: signed.size,
            });
        }
        Ok(Some(signed))
    }

    /// The root of the first `size` entries of a log.
    pub(crate) fn root_at(&self, channel: &Channel, size: u64) -> Result<[u8; 32], Error> {
        if size == channel.size {
            return Ok(frontier(channel)?.root());
        }
        self.in_tree(&channel.origin, proof::root(&self.tree(&channel.origin), size))
    }

    /// Signs the head over everything that `origin` has, if that is not done yet.
    pub(crate) fn sign_head(&self, origin: &str, desk: &Desk<'_>) -> Result<Option<(String, u64)>, Error> {
        let Some(channel) = self.store.channel(origin)? else {
            return Ok(None);
        };
        let signed = self.guarded(&channel, desk)?;
        let stored = Head::of(&channel)?;
        let key = desk.keys.signer()?.verifier().clone();
        let head = match signed {
            // A crash came between the guard and the store, or there is nothing new.
            Some(signed) if signed.size == channel.size && signed.is_by(&key) => signed,
            // Also where nothing is new but the key: what an old key signed counts no more once it was taken back.
            signed => self.sign_anew(&channel, signed, desk)?,
        };
        if stored.is_some_and(|stored| stored.says_as(&head) && stored.is_by(&key)) {
            return Ok(None);
        }
        self.store.apply(&Change {
            at: desk.at.micros(),
            heads: vec![(origin, head.note.as_bytes())],
            ..Change::default()
        })?;
        Ok(Some((origin.to_owned(), head.size)))
    }

    fn sign_anew(&self, channel: &Channel, signed: Option<Head>, desk: &Desk<'_>) -> Result<Head, Error> {
        let origin = &channel.origin;
        let root = frontier(channel)?.root();
        let checkpoint = Checkpoint {
            origin: origin.clone(),
            size: channel.size,
            root,
            extensions: Vec::new(),
        };
        let signer = desk.keys.signer()?;
        let note = checkpoint::sign(&checkpoint, &signer).map_err(|cause| Error::BadLog {
            origin: origin.clone(),
            cause,
        })?;
        let from = signed.as_ref().map(|head| head.note.as_str());
        desk.guard.advance(origin, from, &note)?;
        Ok(Head {
            size: channel.size,
            root,
            note,
        })
    }

    /// Guards anew the heads of own logs that the guard does not know: after the node was moved, or restored from a
    /// backup, and has read on with every reader. Gives the logs and the sizes that are guarded now.
    ///
    /// # Errors
    /// [`Error::Rollback`] where a reader has shown a later head than is held; the store or the guard failed.
    pub fn guard_anew(&self, desk: &Desk<'_>) -> Result<Vec<(String, u64)>, Error> {
        let _turn = self.turn();
        let mut guarded = Vec::new();
        for channel in self.own_channels(&desk.keys.party)? {
            let Some(head) = Head::of(&channel)? else { continue };
            if desk.guard.last(&channel.origin)?.is_some() {
                continue;
            }
            for alarm in self.alarms_of(&channel.origin)? {
                if let Alarm::Behind { origin, have, signed } = alarm {
                    return Err(Error::Rollback { origin, have, signed });
                }
            }
            desk.guard.advance(&channel.origin, None, &head.note)?;
            guarded.push((channel.origin, head.size));
        }
        Ok(guarded)
    }

    /// Signs what a crash left unsigned, in every own log, and gives the heads that are new.
    ///
    /// # Errors
    /// [`Error::Rollback`] if the store is older than what was signed; the store or the guard failed.
    pub fn sign_heads(&self, desk: &Desk<'_>) -> Result<Vec<(String, u64)>, Error> {
        let _turn = self.turn();
        let mut heads = Vec::new();
        for channel in self.own_channels(&desk.keys.party)? {
            heads.extend(self.sign_head(&channel.origin, desk)?);
        }
        Ok(heads)
    }
}
