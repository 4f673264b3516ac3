//! Peers: the nodes that this one talks with, where they are, and by which key they are known.
//!
//! [`Book`] is what is kept of them, in `peers.json` of the data folder: the command line and the server both read and
//! change it. [`line`] carries a conversation, [`meeting`] is how two nodes that do not know each other's keys yet meet.

pub(crate) mod line;
pub(crate) mod meeting;
pub(crate) mod state;
pub(crate) mod talk;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use entente_exchange::hello::{Met, TlsKey};
use entente_node::Node;
use entente_node::party::Party;
use entente_stix::time::Timestamp;
use serde::{Deserialize, Deserializer, Serialize, Serializer, de};

use crate::exit::Failure;
use crate::kept::Kept;

const FILE: &str = "peers.json";
const VERSION: u32 = 1;

/// How often a conversation is due, in seconds, unless something is there to tell earlier.
pub(crate) const INTERVAL_SECONDS: u32 = 30;

/// The book of a data folder.
pub(crate) fn book(data: &Path) -> Kept<Book> {
    Kept::new(data.join(FILE), VERSION)
}

/// Every peer, by its party's id.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub(crate) struct Book {
    pub(crate) peers: BTreeMap<String, Peer>,
    /// Parties whose nodes were peers, and may not become some by themselves.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub(crate) removed: BTreeMap<String, Removed>,
}

/// A peer that was removed.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct Removed {
    /// When.
    pub(crate) at: String,
    /// The keys that it was known by: who shows one of them hears what became of it.
    #[serde(default)]
    pub(crate) keys: Vec<Pinned>,
}

/// One peer.
#[derive(Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct Peer {
    /// Where it answers; `None`: it is known as one who asks here.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) url: Option<String>,
    /// The key that it shows there.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) answers_with: Option<Pinned>,
    /// The key that it shows when it asks here.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) asks_with: Option<Pinned>,
    /// The token that it is asked with, where keys cannot say who asks.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) token: Option<String>,
    /// Whose certificate it must have, besides its key: a PEM file.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) authority: Option<PathBuf>,
    /// When it was met.
    pub(crate) since: String,
    /// Nothing is asked, and nothing answered.
    #[serde(default)]
    pub(crate) paused: bool,
    /// How often a conversation is due.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) every_seconds: Option<u32>,
    /// When somebody wanted a conversation at once.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) wanted: Option<String>,
}

/// A key, and who vouched for it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Pinned {
    /// SHA-256 of its SubjectPublicKeyInfo.
    #[serde(serialize_with = "write_key", deserialize_with = "read_key")]
    pub(crate) key: TlsKey,
    /// The party's instance key that signed the hello: when it is revoked, the key counts no more.
    pub(crate) by: String,
    /// When it was pinned.
    pub(crate) since: String,
}

impl Peer {
    /// A peer of which nothing is known yet.
    pub(crate) fn new(at: Timestamp) -> Peer {
        Peer {
            url: None,
            answers_with: None,
            asks_with: None,
            token: None,
            authority: None,
            since: at.to_string(),
            paused: false,
            every_seconds: None,
            wanted: None,
        }
    }

    /// That the key which it answers with may still be believed.
    pub(crate) fn require_counting(&self, node: &Node, party: &str) -> Result<(), Failure> {
        let Some(pinned) = &self.answers_with else {
            return Ok(());
        };
        match node.party(party)?.filter(|known| pinned.counts(known)) {
            Some(_) => Ok(()),
            None => Err(Failure::refused(
                "the party has taken back the key that vouched for its TLS key; meet it again with `entente peer add`",
            )),
        }
    }
}

/// Its token stays out of logs.
impl std::fmt::Debug for Peer {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(
            f,
            "Peer({:?}, {:?}, {:?})",
            self.url, self.answers_with, self.asks_with
        )
    }
}

impl Pinned {
    /// The key of a party that introduced itself; `None` where it has none to pin.
    pub(crate) fn of(met: &Met, at: Timestamp) -> Option<Pinned> {
        Some(Pinned {
            key: met.hello.key?,
            by: met.by.to_string(),
            since: at.to_string(),
        })
    }

    /// Whether the party still stands by the key that vouched for this one. What was signed under a key that is over
    /// stays good; under one that was taken back it does not.
    pub(crate) fn counts(&self, party: &Party) -> bool {
        party
            .keys
            .iter()
            .any(|key| key.revoked.is_none() && key.vkey.to_string() == self.by)
    }
}

impl Removed {
    /// What who was removed is told.
    pub(crate) fn sentence(&self) -> String {
        let day = self.at.get(..10).unwrap_or(&self.at);
        format!(
            "this node's operator removed this peer on {day}: it may come back when they say `entente peer add` with its address, or \
             `entente peer resume`; ask them by another way"
        )
    }
}

impl Book {
    /// Whose TLS key this is, and who vouched for it: a peer that asks here with it, or answers with it. Not of a peer
    /// that is paused.
    ///
    /// Whether it still counts is for [`Pinned::counts`] to say, with the party as it is known now.
    pub(crate) fn by_key(&self, key: &TlsKey) -> Option<(&str, &Pinned)> {
        let mut pinned = self
            .peers
            .iter()
            .filter(|(_, peer)| !peer.paused)
            .flat_map(|(party, peer)| {
                let keys = peer.asks_with.iter().chain(&peer.answers_with);
                keys.map(move |pinned| (party.as_str(), pinned))
            });
        pinned.find(|(_, pinned)| pinned.key == *key)
    }

    /// Lets a peer go; it stays away until somebody adds or resumes it. `None`: it is none.
    pub(crate) fn remove(&mut self, party: &str, at: Timestamp) -> Option<()> {
        let peer = self.peers.remove(party)?;
        let removed = Removed {
            at: at.to_string(),
            keys: peer.asks_with.into_iter().chain(peer.answers_with).collect(),
        };
        self.removed.insert(party.to_owned(), removed);
        Some(())
    }

    /// Goes on with a peer that was paused, or lets one that was removed introduce itself again. `None`: it is neither.
    pub(crate) fn resume(&mut self, party: &str) -> Option<()> {
        match self.peers.get_mut(party) {
            Some(peer) => {
                peer.paused = false;
                Some(())
            }
            None => self.removed.remove(party).map(drop),
        }
    }

    /// Why a key opens nothing here any more, where it did, as a sentence for who has it.
    pub(crate) fn why_not(&self, key: &TlsKey) -> Option<String> {
        let has = |removed: &&Removed| removed.keys.iter().any(|pinned| pinned.key == *key);
        if let Some(holder) = self.holder(key).and_then(|party| self.peers.get(party)) {
            return Some(match holder.paused {
                true => "this node's operator has paused this peer: nothing is answered until they say `entente peer resume`"
                    .to_owned(),
                false => "the key that vouched for this TLS key counts no more: introduce this node anew, with `entente peer add` \
                          and the address"
                    .to_owned(),
            });
        }
        self.removed.values().find(has).map(Removed::sentence)
    }

    /// The party that has this key, paused or not.
    pub(crate) fn holder(&self, key: &TlsKey) -> Option<&str> {
        let mut peers = self.peers.iter();
        let has = |peer: &Peer| {
            peer.asks_with
                .iter()
                .chain(&peer.answers_with)
                .any(|pinned| pinned.key == *key)
        };
        peers.find(|(_, peer)| has(peer)).map(|(party, _)| party.as_str())
    }

    /// The peers that this node asks.
    pub(crate) fn asked(&self) -> impl Iterator<Item = (&String, &Peer)> {
        self.peers
            .iter()
            .filter(|(_, peer)| peer.url.is_some() && !peer.paused)
    }
}

fn write_key<S: Serializer>(key: &TlsKey, out: S) -> Result<S::Ok, S::Error> {
    out.collect_str(key)
}

fn read_key<'de, D: Deserializer<'de>>(from: D) -> Result<TlsKey, D::Error> {
    let text = String::deserialize(from)?;
    TlsKey::parse(&text).ok_or_else(|| de::Error::custom("a key is not the base64 of 32 bytes"))
}
