//! What a peer may be told. A peer's door sees a node through this and nothing else.
//!
//! Entries are told only below the stored signed head, contents only through [`hand_over`]. Nothing here depends
//! on what the peer may not see. Begin at [`Node::view`].

mod files;
mod hands;

use entente_stix::time::Timestamp;
use entente_store::{Channel, LogEntry};
use entente_translog::proof;

use crate::acts::{Act, Fate};
use crate::channel::Desk;
use crate::head::Head;
use crate::limits::{HEADS_MAX, SLICE_BYTES_MAX, SLICE_ENTRIES_MAX};
use crate::pact::Pact;
use crate::reading::Alarm;
use crate::{Error, Node};

pub use files::PublishedFile;
pub(crate) use hands::{CONTENTS_AT_ONCE, Hands, Told};

/// A channel that a peer may read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Offer {
    /// The log's name.
    pub origin: String,
    /// The agreement's id.
    pub agreement: String,
    /// Entries up to the signed head.
    pub size: u64,
    /// The signed head: a note with cosignatures.
    pub head: String,
}

/// Some entries of a channel's log in order, with what proves that they are its.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Slice {
    /// The log's name.
    pub origin: String,
    /// The signed head that the entries are proven against: a note with cosignatures.
    pub head: String,
    /// Number of the first entry.
    pub from: u64,
    /// The entries, without a gap. May be empty: then the slice only carries the head.
    pub entries: Vec<SliceEntry>,
    /// Consistency proof (RFC 9162 §2.1.4) from the end of this slice to the head; empty if the slice
    /// reaches the head, or ends at 0.
    pub consistency: Vec<[u8; 32]>,
}

impl Slice {
    /// Number of the entry after the last one here.
    pub fn end(&self) -> u64 {
        self.from.saturating_add(self.entries.len() as u64)
    }
}

/// One entry of a log, opened.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SliceEntry {
    /// What the entry commits to: canonical JSON.
    pub opening: Vec<u8>,
    /// The commitment's salt.
    pub salt: [u8; 32],
    /// The object's text. `None` where the entry releases nothing, or its content is no longer told:
    /// recalled, replaced by a later entry, or past its time.
    pub content: Option<Vec<u8>>,
}

/// Why a peer does not get what it asked for. Says nothing that the peer may not know.
#[derive(Debug, thiserror::Error)]
pub enum Refused {
    /// No such channel, or not for this peer: the same answer to both.
    #[error("no channel `{origin}` for this party")]
    NoChannel {
        /// The log asked for.
        origin: String,
    },
    /// The agreement is not in force.
    #[error("agreement `{agreement}` is not in force: {standing}")]
    NotInForce {
        /// The agreement's id.
        agreement: String,
        /// How it stands, as a sentence.
        standing: String,
    },
    /// The log is not that long.
    #[error("the log `{origin}` has {size} entries, there is nothing from {from} on")]
    Beyond {
        /// The log.
        origin: String,
        /// Its signed size.
        size: u64,
        /// What was asked for.
        from: u64,
    },
    /// What the peer sent is not what it has to be.
    #[error("{0}")]
    Bad(String),
    /// This node failed. The cause is for its operator, not for the peer.
    #[error("this node cannot answer now; ask again later")]
    Failed(#[source] Box<crate::Error>),
}

impl From<Error> for Refused {
    fn from(error: Error) -> Refused {
        Refused::Failed(Box::new(error))
    }
}

/// A node as one party may see it.
pub struct PeerView<'n> {
    node: &'n Node,
    party: String,
    at: Timestamp,
}

impl Node {
    /// What `party` may see at `at`. Whoever calls this has made sure that the peer is that party.
    pub fn view(&self, party: &str, at: Timestamp) -> PeerView<'_> {
        PeerView {
            node: self,
            party: party.to_owned(),
            at,
        }
    }
}

impl PeerView<'_> {
    /// The party that this view is for.
    pub fn party(&self) -> &str {
        &self.party
    }

    /// Shared agreements, what was said about them, and the cards of their parties.
    ///
    /// # Errors
    /// [`Refused::Failed`].
    pub fn acts(&self) -> Result<Vec<Act>, Refused> {
        Ok(self.node.acts_shared_with(&self.party)?)
    }

    /// Takes in what is good of `acts`: how many were new, and how many refused.
    ///
    /// # Errors
    /// [`Refused::Failed`].
    pub fn take_acts(&self, acts: &[Act], at: Timestamp) -> Result<(u64, u64), Refused> {
        let taken = self.node.take_acts(acts, at)?;
        let count = |is: fn(&Fate) -> bool| taken.iter().filter(|taken| is(&taken.fate)).count() as u64;
        Ok((
            count(|fate| matches!(fate, Fate::New)),
            count(|fate| matches!(fate, Fate::Refused(_))),
        ))
    }

    /// The channels that this party reads, up to their signed heads; by origin.
    ///
    /// # Errors
    /// [`Refused::Failed`].
    pub fn channels(&self) -> Result<Vec<Offer>, Refused> {
        let mut offers = Vec::new();
        let Some(me) = self.node.me()? else {
            return Ok(offers);
        };
        for channel in self.node.own_channels(&me.id)? {
            if channel.audience.contains(&self.party) {
                offers.extend(self.offer(&channel)?);
            }
        }
        Ok(offers)
    }

    /// What is told of a channel's signed head; nothing where there is none, or its agreement is not in force.
    fn offer(&self, channel: &Channel) -> Result<Option<Offer>, Error> {
        let (Some(head), Ok(_)) = (Head::of(channel)?, self.pact(channel)) else {
            return Ok(None);
        };
        Ok(Some(Offer {
            origin: channel.origin.clone(),
            agreement: channel.agreement.clone(),
            size: head.size,
            head: head.note,
        }))
    }

    /// The party's own logs of which a copy is held here up to their signed heads; by origin. It gets their entries
    /// back, without contents, when it lost them.
    ///
    /// # Errors
    /// [`Refused::Failed`].
    pub fn copies(&self) -> Result<Vec<Offer>, Refused> {
        let mut offers = Vec::new();
        let channels = self.node.store.channels().map_err(Error::from)?;
        for channel in channels.iter().filter(|channel| channel.owner == self.party) {
            // A head that is ahead of what was taken in cannot be told of that far.
            let offer = self.offer(channel)?;
            offers.extend(offer.filter(|offer| offer.size == channel.size));
        }
        Ok(offers)
    }

    /// What the contents of a channel pass through on their way to this party.
    pub(crate) fn hands<'v>(&'v self, channel: &'v Channel, pact: &'v Pact) -> Hands<'v> {
        Hands::to_party(self.node, &self.party, channel, pact, self.at)
    }

    /// The agreement of a channel, in force for this party too.
    fn pact(&self, channel: &Channel) -> Result<Pact, Refused> {
        self.pact_of(&channel.agreement)
    }

    /// An agreement, in force for this party too.
    pub(crate) fn pact_of(&self, agreement: &str) -> Result<Pact, Refused> {
        let not_in_force = |standing: String| Refused::NotInForce {
            agreement: agreement.to_owned(),
            standing,
        };
        let pact = self.node.pact(agreement, self.at)?;
        let pact = pact.ok_or_else(|| not_in_force("it is not known here".to_owned()))?;
        // First of all: how it stands between others is nothing to who is not of it.
        let is_member = pact.agreement.member_of(&self.party).is_some();
        if !is_member || pact.left.contains_key(&self.party) {
            return Err(not_in_force("this party is not of it any more".to_owned()));
        }
        if !pact.standing.is_in_force() {
            return Err(not_in_force(format!("it {}", pact.standing)));
        }
        Ok(pact)
    }

    /// Entries of a channel from number `from` on: as many as fit into both bounds, at least one where there is
    /// one. A party also gets the entries of its own log back, without contents: so it can go on after a loss.
    ///
    /// # Errors
    /// [`Refused`]: no such channel for this party, not in force, or nothing there.
    pub fn slice(
        &self,
        origin: &str,
        from: u64,
        entries_max: usize,
        bytes_max: usize,
    ) -> Result<Slice, Refused> {
        let Open {
            channel,
            pact,
            head,
            is_reader,
        } = self.open(origin)?;
        if from > head.size {
            return Err(Refused::Beyond {
                origin: origin.to_owned(),
                size: head.size,
                from,
            });
        }
        let left = usize::try_from(head.size - from).unwrap_or(usize::MAX);
        let entries_max = entries_max.min(SLICE_ENTRIES_MAX).min(left);
        let entries = self.entries(&channel, from, entries_max)?;
        let told = match is_reader {
            true => self
                .hands(&channel, &pact)
                .opened(entries, bytes_max.min(SLICE_BYTES_MAX))?,
            false => entries.into_iter().map(|entry| opened(entry, None)).collect(),
        };
        let end = from + told.len() as u64;
        let consistency = match end {
            0 => Vec::new(),
            end if end == head.size => Vec::new(),
            end => {
                let tree = self.node.tree(origin);
                self.node
                    .in_tree(origin, proof::consistency(&tree, end, head.size))?
            }
        };
        Ok(Slice {
            origin: origin.to_owned(),
            head: head.note,
            from,
            entries: told,
            consistency,
        })
    }

    /// A log that may be told to this party: one of ours that it reads, or a copy of its own.
    fn open(&self, origin: &str) -> Result<Open, Refused> {
        let no_channel = || Refused::NoChannel {
            origin: origin.to_owned(),
        };
        let me = self.node.me()?.ok_or_else(no_channel)?;
        let channel = self.node.store.channel(origin).map_err(Error::from)?;
        let channel = channel.ok_or_else(no_channel)?;
        let is_reader = channel.owner == me.id && channel.audience.contains(&self.party);
        let is_owner = channel.owner == self.party && channel.owner != me.id;
        if !is_reader && !is_owner {
            return Err(no_channel());
        }
        let pact = self.pact(&channel)?;
        let head = Head::of(&channel)?.ok_or_else(no_channel)?;
        // Of a log that is read here, the head may be ahead of what was taken in: that far it cannot be told.
        if is_owner && head.size != channel.size {
            return Err(no_channel());
        }
        Ok(Open {
            channel,
            pact,
            head,
            is_reader,
        })
    }

    fn entries(&self, channel: &Channel, from: u64, limit: usize) -> Result<Vec<LogEntry>, Error> {
        match limit {
            0 => Ok(Vec::new()),
            limit => Ok(self.node.store.entries(&channel.origin, from, limit)?),
        }
    }

    /// The latest heads of the channels that this party and this node both own or read: what it needs to see
    /// whether their owner tells everybody the same; and where one did not, the proof of that.
    ///
    /// # Errors
    /// [`Refused::Failed`].
    pub fn heads(&self) -> Result<Vec<String>, Refused> {
        let mut heads = Vec::new();
        for channel in self.node.store.channels().map_err(Error::from)? {
            let is_shared = channel.owner == self.party || channel.audience.contains(&self.party);
            if is_shared && heads.len() < HEADS_MAX && self.pact(&channel).is_ok() {
                heads.extend(Head::of(&channel)?.map(|head| head.note));
                heads.extend(self.node.proofs_of(&channel.origin)?);
            }
        }
        Ok(heads)
    }

    /// Looks at heads that the party has seen: how many were new here, and how many could not be used. Alarms are
    /// kept; the operator sees them with [`Node::alarms`].
    ///
    /// # Errors
    /// [`Refused::Failed`].
    pub fn take_heads(&self, notes: &[String], at: Timestamp) -> Result<(u64, u64), Refused> {
        let seen = self.node.look_at_heads(notes, at)?;
        Ok((seen.new, seen.unusable))
    }

    /// Keeps the party's receipt for a channel of this node's own.
    ///
    /// # Errors
    /// [`Refused::Bad`] with the reason where it is not the party's, or not for such a head.
    pub fn take_receipt(&self, note: &str, at: Timestamp) -> Result<(), Refused> {
        self.node.take_receipt(&self.party, note, at)
    }

    /// Answers a request to cosign a checkpoint (C2SP tlog-witness `add-checkpoint`): status and body.
    ///
    /// # Errors
    /// [`Refused::Failed`].
    pub fn add_checkpoint(&self, body: &str, desk: &Desk<'_>) -> Result<(u16, String), Refused> {
        Ok(self.node.witness(&self.party, body, desk)?)
    }
}

/// A log that may be told, up to its signed head.
struct Open {
    channel: Channel,
    pact: Pact,
    head: Head,
    /// It is one of ours; otherwise the party's own.
    is_reader: bool,
}

fn opened(entry: LogEntry, content: Option<Vec<u8>>) -> SliceEntry {
    SliceEntry {
        opening: entry.opening,
        salt: entry.salt,
        content,
    }
}

impl Node {
    /// Texts by digest, however big they are together.
    pub(crate) fn contents(&self, digests: &[[u8; 32]]) -> Result<Vec<Option<Vec<u8>>>, Error> {
        match self.store.content(digests) {
            Err(entente_store::Error::TooMuch { .. }) if digests.len() > 1 => {
                let (some, others) = digests.split_at(digests.len() / 2);
                let mut texts = self.contents(some)?;
                texts.extend(self.contents(others)?);
                Ok(texts)
            }
            texts => Ok(texts?),
        }
    }

    /// Alarms that were raised and kept.
    ///
    /// # Errors
    /// The store failed.
    pub fn alarms(&self) -> Result<Vec<Alarm>, Error> {
        let mut alarms = Vec::new();
        for channel in self.store.channels()? {
            alarms.extend(self.alarms_of(&channel.origin)?);
        }
        Ok(alarms)
    }
}
