//! Heads that others have seen: two signed heads of one log that do not agree are a proof against its owner.

use entente_stix::digest::Digest;
use entente_stix::time::Timestamp;
use entente_store::{Change, Channel, NewNote};
use entente_translog::checkpoint;
use entente_translog::fork::Fork;
use entente_translog::note::Verifier;

use super::Alarm;
use crate::head::Head;
use crate::limits::{HEAD_BYTES_MAX, HEADS_MAX, SEEN_HEADS_MAX};
use crate::{Error, Node};

/// Kind of the notes that are proofs of forks: subject the log, party the proof's digest.
pub(super) const FORK: &str = "fork";

/// Kind of the notes that are heads of which not enough is held to compare them: subject the log, party the size.
const SEEN: &str = "seen";

/// Kind of the notes that say how far this node's own log was signed, where that is more than it has.
const BEHIND: &str = "behind";

/// What became of heads that were handed in.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct HeadsSeen {
    /// Heads that this node had not seen.
    pub new: u64,
    /// What is no head of a log that is known here, or signed by no key of its owner.
    pub unusable: u64,
    /// What must be looked at by people.
    pub alarms: Vec<Alarm>,
}

/// What a head turned out to be.
enum Found {
    Known,
    New,
    Unusable,
    Alarm(Alarm),
}

/// Whether a text is no head but a proof that a log forked.
fn is_proof(note: &str) -> bool {
    note.starts_with("entente/fork/")
}

impl Node {
    /// Compares heads that others have seen with what is held here; alarms are raised and kept. Heads ahead of what
    /// is held are kept until it is reached.
    ///
    /// # Errors
    /// The store failed.
    pub fn take_heads(&self, notes: &[String], at: Timestamp) -> Result<Vec<Alarm>, Error> {
        Ok(self.look_at_heads(notes, at)?.alarms)
    }

    pub(crate) fn look_at_heads(&self, notes: &[String], at: Timestamp) -> Result<HeadsSeen, Error> {
        let _turn = self.turn();
        let mut seen = HeadsSeen::default();
        for note in notes.iter().take(HEADS_MAX) {
            match self.compare(note, at)? {
                Found::Known => {}
                Found::New => seen.new += 1,
                Found::Unusable => seen.unusable += 1,
                Found::Alarm(alarm) => {
                    seen.new += 1;
                    seen.alarms.push(alarm);
                }
            }
        }
        Ok(seen)
    }

    /// Looks at a head that a witness was asked to cosign and did not: with the one that it cosigned last, it may be
    /// the proof of two histories.
    pub(crate) fn look_at_refused(
        &self,
        last: Option<&Head>,
        note: &str,
        at: Timestamp,
    ) -> Result<(), Error> {
        let Some((channel, head, keys)) = self.recognise(note)? else {
            return Ok(());
        };
        if let Some(last) = last.filter(|last| last.size == head.size) {
            self.fork_between(&channel, last, &head, &keys, at)?;
        }
        self.compare(note, at).map(drop)
    }

    /// Looks at the head of a slice that did not fit what is held: the fork, if it proves one by now.
    pub(super) fn suspect(&self, note: &str, at: Timestamp) -> Result<Option<Error>, Error> {
        Ok(match self.compare(note, at)? {
            Found::Alarm(Alarm::Fork { origin, proof }) => Some(Error::Forked { origin, proof }),
            _ => None,
        })
    }

    fn compare(&self, note: &str, at: Timestamp) -> Result<Found, Error> {
        if is_proof(note) {
            return self.take_proof(note, at);
        }
        let Some((channel, head, keys)) = self.recognise(note)? else {
            return Ok(Found::Unusable);
        };
        let known = Head::of(&channel)?;
        if known.as_ref().is_some_and(|known| known.says_as(&head)) {
            return Ok(Found::Known);
        }
        let is_own = self.me()?.is_some_and(|me| me.id == channel.owner);
        if is_own && head.size > channel.size {
            let alarm = Alarm::Behind {
                origin: channel.origin.clone(),
                have: channel.size,
                signed: head.size,
            };
            self.keep_note(BEHIND, &channel.origin, "", &head, at)?;
            return Ok(Found::Alarm(alarm));
        }
        if let Some(known) = known.filter(|known| known.size == channel.size && head.size <= known.size) {
            return Ok(match self.fork_between(&channel, &known, &head, &keys, at)? {
                Some(alarm) => Found::Alarm(alarm),
                None => Found::Known,
            });
        }
        self.keep_seen(&channel, &head, &keys, at)
    }

    /// Keeps a proof of a fork that somebody else found: who holds one of the two histories only cannot find it
    /// alone.
    fn take_proof(&self, proof: &str, at: Timestamp) -> Result<Found, Error> {
        let Ok(fork) = Fork::read(proof.as_bytes()) else {
            return Ok(Found::Unusable);
        };
        let Some((channel, ..)) = self.recognise(&fork.earlier)? else {
            return Ok(Found::Unusable);
        };
        let keys = self.known_party(&channel.owner)?.unrevoked_verifiers();
        if fork.verify(&keys).is_err() {
            return Ok(Found::Unusable);
        }
        let origin = channel.origin;
        if !self.store.notes(FORK, &origin)?.is_empty() {
            return Ok(Found::Known);
        }
        let proof = fork.to_string();
        self.keep_fork(&origin, &proof, at)?;
        Ok(Found::Alarm(Alarm::Fork { origin, proof }))
    }

    /// The proofs of forks of a log that are kept, to be shown to all who read it.
    pub(crate) fn proofs_of(&self, origin: &str) -> Result<Vec<String>, Error> {
        let notes = self.store.notes(FORK, origin)?.into_iter();
        Ok(notes
            .take(1)
            .filter_map(|note| String::from_utf8(note.text).ok())
            .collect())
    }

    /// The log, the head and all keys of the owner, where the head is signed by one that was not taken back: a thief
    /// must not convict an owner of a fork, and a fork that is one shows in the next heads too.
    fn recognise(&self, note: &str) -> Result<Option<(Channel, Head, Vec<Verifier>)>, Error> {
        if note.len() > HEAD_BYTES_MAX {
            return Ok(None);
        }
        // The text names the log; nothing else of it is believed before it is verified.
        let origin = note.lines().next().unwrap_or_default();
        let Some(channel) = self.store.channel(origin)? else {
            return Ok(None);
        };
        let owner = self.known_party(&channel.owner)?;
        let (keys, good) = (owner.all_verifiers(), owner.unrevoked_verifiers());
        let opened = checkpoint::open(note.as_bytes(), &good).and_then(|opened| opened.of_log(origin));
        let Ok(opened) = opened else {
            return Ok(None);
        };
        let head = Head {
            size: opened.size,
            root: opened.root,
            note: note.to_owned(),
        };
        Ok(Some((channel, head, keys)))
    }

    fn fork_between(
        &self,
        channel: &Channel,
        known: &Head,
        other: &Head,
        keys: &[Verifier],
        at: Timestamp,
    ) -> Result<Option<Alarm>, Error> {
        let origin = &channel.origin;
        let tree = self.tree(origin);
        let fork = self.in_tree(origin, Fork::between(&known.note, &other.note, keys, &tree))?;
        let Some(fork) = fork.map(|fork| fork.to_string()) else {
            return Ok(None);
        };
        self.keep_fork(origin, &fork, at)?;
        Ok(Some(Alarm::Fork {
            origin: origin.clone(),
            proof: fork,
        }))
    }

    /// Keeps a head for later, unless one of the same size says something else: that is a fork already.
    fn keep_seen(
        &self,
        channel: &Channel,
        head: &Head,
        keys: &[Verifier],
        at: Timestamp,
    ) -> Result<Found, Error> {
        let origin = &channel.origin;
        let kept = self.store.notes(SEEN, origin)?;
        let known = Head::of(channel)?;
        let seen = kept.iter().filter(|note| !note.text.is_empty());
        let seen: Vec<Head> = seen
            .map(|note| Head::kept(origin, &note.text))
            .collect::<Result<_, _>>()?;
        for other in seen.iter().chain(&known).filter(|other| other.size == head.size) {
            if other.says_as(head) {
                return Ok(Found::Known);
            }
            if let Some(alarm) = self.fork_between(channel, other, head, keys, at)? {
                return Ok(Found::Alarm(alarm));
            }
        }
        self.keep_for_later(origin, head, at)?;
        Ok(Found::New)
    }

    /// Keeps a head until it is reached, in one of so many places. Where all are taken the greatest gives way, which
    /// would be the last to be compared: an owner that signs many far ahead does not keep others out.
    pub(super) fn keep_for_later(&self, origin: &str, head: &Head, at: Timestamp) -> Result<(), Error> {
        let kept = self.store.notes(SEEN, origin)?;
        let taken = |place: &String| {
            kept.iter()
                .any(|note| note.party == *place && !note.text.is_empty())
        };
        let free = (0..SEEN_HEADS_MAX)
            .map(|place| place.to_string())
            .find(|place| !taken(place));
        let size = i64::try_from(head.size).unwrap_or(i64::MAX);
        let greatest = || {
            kept.iter()
                .filter(|note| note.size > size)
                .max_by_key(|note| note.size)
        };
        match free.or_else(|| greatest().map(|note| note.party.clone())) {
            Some(place) => self.keep_note(SEEN, origin, &place, head, at),
            None => Ok(()),
        }
    }

    /// Compares the heads that were kept for later with what is held now.
    pub(super) fn compare_seen(&self, origin: &str, at: Timestamp) -> Result<Vec<Alarm>, Error> {
        let mut alarms = Vec::new();
        let Some(channel) = self.store.channel(origin)? else {
            return Ok(alarms);
        };
        let Some(known) = Head::of(&channel)?.filter(|known| known.size == channel.size) else {
            return Ok(alarms);
        };
        for note in self.store.notes(SEEN, origin)? {
            if note.text.is_empty() {
                continue;
            }
            let head = Head::kept(origin, &note.text)?;
            if head.size > known.size {
                continue;
            }
            let keys = self.known_party(&channel.owner)?.all_verifiers();
            alarms.extend(self.fork_between(&channel, &known, &head, &keys, at)?);
            self.store.apply(&Change {
                at: at.micros(),
                notes: vec![NewNote {
                    kind: SEEN,
                    subject: origin,
                    party: &note.party,
                    size: note.size,
                    text: b"",
                }],
                ..Change::default()
            })?;
        }
        Ok(alarms)
    }

    fn keep_note(
        &self,
        kind: &str,
        origin: &str,
        party: &str,
        head: &Head,
        at: Timestamp,
    ) -> Result<(), Error> {
        self.store.apply(&Change {
            at: at.micros(),
            notes: vec![NewNote {
                kind,
                subject: origin,
                party,
                size: i64::try_from(head.size).unwrap_or(i64::MAX),
                text: head.note.as_bytes(),
            }],
            ..Change::default()
        })?;
        Ok(())
    }

    /// Keeps the proof of a fork for good. One convicts; who signs two histories can make any number.
    ///
    /// # Errors
    /// The store failed.
    pub fn keep_fork(&self, origin: &str, proof: &str, at: Timestamp) -> Result<(), Error> {
        if !self.store.notes(FORK, origin)?.is_empty() {
            return Ok(());
        }
        let digest = Digest::of(proof.as_bytes()).to_string();
        self.store.apply(&Change {
            at: at.micros(),
            notes: vec![NewNote {
                kind: FORK,
                subject: origin,
                party: &digest,
                size: 0,
                text: proof.as_bytes(),
            }],
            ..Change::default()
        })?;
        Ok(())
    }

    pub(crate) fn alarms_of(&self, origin: &str) -> Result<Vec<Alarm>, Error> {
        let mut alarms = Vec::new();
        for note in self.store.notes(FORK, origin)? {
            alarms.push(Alarm::Fork {
                origin: origin.to_owned(),
                proof: String::from_utf8_lossy(&note.text).into_owned(),
            });
        }
        let have = self.store.channel(origin)?.map_or(0, |channel| channel.size);
        for note in self.store.notes(BEHIND, origin)? {
            let signed = u64::try_from(note.size).unwrap_or(0);
            if signed > have {
                alarms.push(Alarm::Behind {
                    origin: origin.to_owned(),
                    have,
                    signed,
                });
            }
        }
        Ok(alarms)
    }
}
