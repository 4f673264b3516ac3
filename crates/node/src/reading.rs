//! Reading on in a peer's channel: verify all, admit object by object, apply as one, give a receipt.
//!
//! Begin at [`Node::take_in`]; `check` verifies without storing, `intake` decides what is kept how, `heads`
//! compares what different readers were told.

mod check;
mod heads;
mod intake;
mod judge;
mod parked;

use std::collections::BTreeMap;

use entente_stix::digest::Digest;
use entente_store::{Append, Change, NewChannel, NewEntry, NewNote};
use entente_translog::tile;

pub(crate) use check::unexplained_name;
pub use check::{Checked, CheckedEntry, Reading};
pub use heads::HeadsSeen;
pub(crate) use intake::{PROPOSAL, SetAside};
pub(crate) use judge::{Before, Judge};
pub use parked::Retried;

use crate::channel::opening::Opening;
use crate::channel::{Desk, source_of};
use crate::recall::RECALLED;
use crate::view::Slice;
use crate::{Error, Node};
use intake::Intake;

/// What became of a slice.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct TakenIn {
    /// The log.
    pub origin: String,
    /// The agreement's id.
    pub agreement: String,
    /// The party that released.
    pub owner: String,
    /// Entries of the log that were held here before.
    pub before: u64,
    /// Entries of the log that are held now.
    pub held: u64,
    /// Entries that the signed head has.
    pub size: u64,
    /// Objects stored: new ones and new versions.
    pub stored: u64,
    /// Objects that were known already.
    pub known: u64,
    /// Objects kept beside what is held, as proposals: they are another's to change.
    pub proposals: u64,
    /// Objects parked with a reason.
    pub parked: u64,
    /// Objects taken back by their releaser.
    pub recalled: u64,
    /// Releases whose content is no longer told, and why is plain: replaced, recalled or past its time.
    pub erased: u64,
    /// Releases whose content is not told, and nothing up to the head says why. With these there is no receipt.
    pub missing: u64,
    /// The receipt to hand to the owner, where the head is reached: a signed note.
    pub receipt: Option<String>,
    /// What must be looked at by people.
    pub alarms: Vec<Alarm>,
}

/// Something that people must see.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Alarm {
    /// Two signed heads of one log that do not agree; the text is the transferable proof.
    Fork {
        /// The log.
        origin: String,
        /// The proof, as text.
        proof: String,
    },
    /// A peer holds a later head of this node's own log than this node: an old backup was restored.
    Behind {
        /// The log.
        origin: String,
        /// Entries that this node has.
        have: u64,
        /// Entries that were signed.
        signed: u64,
    },
}

impl Node {
    /// Takes in some entries of a peer's log: everything in the slice is verified first; then each object is taken
    /// in, kept beside as a proposal, or parked; all of it is stored as one, or nothing. Once the head is reached
    /// there is a receipt. A slice that was taken in before changes nothing.
    ///
    /// A slice of this node's own log, from a peer that keeps a copy, gives back entries that were lost with the
    /// store; only entries that this node signed are taken.
    ///
    /// # Errors
    /// [`Error::Gap`], [`Error::Older`], [`Error::WrongAudience`], [`Error::NotInForce`], [`Error::BadSlice`],
    /// [`Error::BadLog`], [`Error::Forked`] (which is kept as proof): nothing of the slice is applied.
    /// The store failed.
    pub fn take_in(&self, from_party: &str, slice: &Slice, desk: &Desk<'_>) -> Result<TakenIn, Error> {
        let _turn = self.turn();
        let mut reading = self.reading(&slice.origin, desk.at)?;
        let before = reading.held();
        let ahead = reading.head().filter(|head| head.size > before).cloned();
        let checked = match self.check_slice(from_party, slice, &mut reading, desk.at) {
            Err(Error::Forked { origin, proof }) => {
                self.keep_fork(&origin, &proof, desk.at)?;
                return Err(Error::Forked { origin, proof });
            }
            Err(error @ (Error::BadSlice { .. } | Error::BadLog { .. })) => {
                // Its head may be of another history, which what is held shows once it is as long.
                return match reading.owner() == desk.keys.party {
                    true => Err(error),
                    false => Err(self.suspect(&slice.head, desk.at)?.unwrap_or(error)),
                };
            }
            checked => checked?,
        };
        let me = desk.keys.party.as_str();
        let mut taken = TakenIn {
            origin: slice.origin.clone(),
            agreement: reading.agreement().to_owned(),
            owner: reading.owner().to_owned(),
            before,
            held: reading.held(),
            size: checked.head_size(),
            ..TakenIn::default()
        };
        if reading.owner() != me {
            let recalled = checked.entries().iter().filter(|entry| entry.number >= before);
            let recalled = recalled.filter(|entry| matches!(entry.opening, Opening::Recall(_)));
            let ids: Vec<&str> = recalled.map(|entry| entry.opening.subject()).collect();
            self.recall_onward(&ids, &source_of(reading.owner(), reading.agreement()), desk)?;
        }
        let mut intake = Intake::new(self, &reading, desk)?;
        if reading.owner() != me {
            intake.entries(&checked, before, &mut taken)?;
        }
        intake.require_explained(&checked, &mut taken)?;
        // A head that was not reached is not forgotten for a later one: the two may belong to two histories.
        if let Some(ahead) = ahead.filter(|ahead| !ahead.says_as(checked.head())) {
            self.keep_for_later(&slice.origin, &ahead, desk.at)?;
        }
        self.apply_intake(&reading, &checked, before, intake, desk, &mut taken)?;
        taken.alarms = self.compare_seen(&slice.origin, desk.at)?;
        let is_whole = taken.held == taken.size && taken.missing == 0 && taken.alarms.is_empty();
        if is_whole && reading.owner() != me {
            taken.receipt = Some(self.receipt(&checked, desk)?);
        }
        Ok(taken)
    }

    fn apply_intake(
        &self,
        reading: &Reading,
        checked: &Checked<'_>,
        before: u64,
        intake: Intake<'_>,
        desk: &Desk<'_>,
        taken: &mut TakenIn,
    ) -> Result<(), Error> {
        let origin = reading.origin();
        let new: Vec<&CheckedEntry<'_>> = checked
            .entries()
            .iter()
            .filter(|entry| entry.number >= before)
            .collect();
        let leaves: Vec<[u8; 32]> = new.iter().map(|entry| entry.leaf).collect();
        let tiles = self.in_tree(origin, tile::appended(before, &leaves, &self.tree(origin)))?;
        let unexplained = intake.unexplained();
        let unexplained_name = check::unexplained_name(origin);
        let erased = intake.erased(before);
        let mut change = Change {
            at: desk.at.micros(),
            channels: vec![NewChannel {
                origin,
                agreement: reading.agreement(),
                owner: reading.owner(),
                audience: reading.audience().iter().map(String::as_str).collect(),
            }],
            ..Change::default()
        };
        if !new.is_empty() {
            change.appends.push(Append {
                origin,
                expected_size: before,
                entries: new
                    .iter()
                    .map(|entry| entry.as_new())
                    .collect::<Vec<NewEntry<'_>>>(),
                tiles: tiles
                    .into_iter()
                    .map(|(id, bytes)| (id.level, id.index, bytes))
                    .collect(),
                frontier: reading.frontier().to_bytes(),
            });
        }
        // Of this node's own log only the whole is of use, and only under the head that it signed; who brings what is
        // held already does not choose what stands under it.
        let is_own = reading.owner() == desk.keys.party;
        if !is_own || (!new.is_empty() && reading.held() == checked.head_size()) {
            change.heads.push((origin, checked.head_note().as_bytes()));
        }
        let recalled = match is_own {
            true => self.own_recalls(origin, &new)?,
            false => Vec::new(),
        };
        change
            .notes
            .extend(recalled.iter().map(|(id, number, digest)| NewNote {
                kind: RECALLED,
                subject: origin,
                party: id,
                size: *number,
                text: digest.as_bytes(),
            }));
        change.erased = erased.iter().map(|number| (origin, *number)).collect();
        change.meta.push((&unexplained_name, unexplained.as_deref()));
        intake.apply(change, taken)
    }

    /// What entries of this node's own log took back, as [`Node::recall`] notes it: it does not go again by itself.
    fn own_recalls<'e>(
        &self,
        origin: &str,
        new: &[&'e CheckedEntry<'_>],
    ) -> Result<Vec<(&'e str, i64, String)>, Error> {
        let mut released: BTreeMap<&str, [u8; 32]> = BTreeMap::new();
        let mut recalls = Vec::new();
        for entry in new {
            let id = entry.opening.subject();
            match &entry.opening {
                Opening::Release(release) => drop(released.insert(id, release.digest)),
                Opening::Recall(_) => {
                    let live = self.store.live(origin, &[id])?.into_iter().flatten().next();
                    let digest = released.get(id).copied().or(live.map(|(_, digest)| digest));
                    let digest =
                        digest.map_or_else(String::new, |digest| Digest::from_bytes(digest).to_string());
                    recalls.push((id, i64::try_from(entry.number).unwrap_or(i64::MAX), digest));
                }
                Opening::Close { .. } => {}
            }
        }
        Ok(recalls)
    }

    /// The logs of others that are read here, and how many entries of each are held: where to read on.
    ///
    /// # Errors
    /// The store failed.
    pub fn reads(&self) -> Result<Vec<(String, u64)>, Error> {
        let me = self.me()?.map(|me| me.id);
        let channels = self.store.channels()?.into_iter();
        let others = channels.filter(|channel| Some(&channel.owner) != me.as_ref());
        Ok(others.map(|channel| (channel.origin, channel.size)).collect())
    }
}
