//! Peers, and conversations with them.

use entente_exchange::Account;
use entente_exchange::hello::Met;
use entente_node::party::Party;
use serde::Serialize;
use utoipa::ToSchema;

use super::bundle::{LogTaken, RefusedShown, alarm_words};
use crate::peers::line::Line;
use crate::peers::state::State;
use crate::peers::{Peer, Pinned, Removed};

/// A peer that was met.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub(crate) struct PeerMet {
    /// Its party.
    pub(crate) party: String,
    /// What it calls itself.
    pub(crate) name: String,
    /// Where it answers.
    pub(crate) url: String,
    /// The party's fingerprint: that of its root key.
    pub(crate) fingerprint: String,
    /// Its TLS key, by which it is known from now on: base64 of SHA-256 of the SubjectPublicKeyInfo.
    pub(crate) key: Option<String>,
    /// The key that was pinned for it before, where that was another.
    pub(crate) key_before: Option<String>,
    /// This node's TLS key, by which it is known there.
    pub(crate) own_key: Option<String>,
    /// The version of the exchange that both speak.
    pub(crate) version: u8,
}

impl PeerMet {
    /// `before`: the key that was pinned for it until now.
    pub(crate) fn of(party: &Party, met: &Met, line: &Line, url: &str, before: Option<&Pinned>) -> PeerMet {
        let key = met.hello.key;
        let before = before.filter(|before| Some(before.key) != key);
        PeerMet {
            party: party.id.clone(),
            name: party.name.clone(),
            url: url.to_owned(),
            fingerprint: party.fingerprint(),
            key: key.map(|key| key.to_string()),
            key_before: before.map(|before| before.key.to_string()),
            own_key: line.own_key().map(|key| key.to_string()),
            version: met.version,
        }
    }
}

/// A peer as it stands.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub(crate) struct PeerShown {
    /// Its party.
    pub(crate) party: String,
    /// What it calls itself.
    pub(crate) name: String,
    /// Where it answers; none: it only asks here.
    pub(crate) url: Option<String>,
    /// `paused`, `asks here`, `new`, `in step`, `behind`, `failing`, `waiting` (it has not fetched all that is there for it), or
    /// `not met yet` (and its side has not added this node, so that it never asks).
    #[schema(value_type = String)]
    pub(crate) standing: &'static str,
    /// The TLS key that it answers with.
    pub(crate) answers_with: Option<String>,
    /// The TLS key that it asks with.
    pub(crate) asks_with: Option<String>,
    /// Whether it is asked with a token.
    pub(crate) token: bool,
    /// Since when it is known.
    #[schema(format = DateTime)]
    pub(crate) since: String,
    /// How the conversations go.
    #[serde(flatten)]
    pub(crate) state: State,
}

impl PeerShown {
    pub(crate) fn of(party: &str, name: &str, peer: &Peer, state: State) -> PeerShown {
        let key =
            |pinned: &Option<crate::peers::Pinned>| pinned.as_ref().map(|pinned| pinned.key.to_string());
        PeerShown {
            party: party.to_owned(),
            name: name.to_owned(),
            url: peer.url.clone(),
            standing: standing(peer, &state),
            answers_with: key(&peer.answers_with),
            asks_with: key(&peer.asks_with),
            token: peer.token.is_some(),
            since: peer.since.clone(),
            state,
        }
    }
}

/// The standing of a peer that has not added this node.
pub(crate) const NOT_MET: &str = "not met yet";

fn standing(peer: &Peer, state: &State) -> &'static str {
    match () {
        () if peer.paused => "paused",
        () if peer.url.is_none() && state.queue > 0 => "waiting",
        () if peer.url.is_none() => "asks here",
        () if state.error.is_some() => "failing",
        () if state.succeeded.is_none() => "new",
        () if state.lag > 0 => "behind",
        // With tokens nobody's key is pinned, and that says nothing.
        () if state.queue > 0 && peer.asks_with.is_none() && peer.token.is_none() => NOT_MET,
        () if state.queue > 0 => "waiting",
        () => "in step",
    }
}

/// A peer that was removed.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct PeerRemoved {
    /// Its party.
    pub(crate) party: String,
    /// What it calls itself.
    pub(crate) name: String,
    /// When it was removed.
    pub(crate) removed: String,
}

impl PeerRemoved {
    pub(crate) fn of(party: &str, name: &str, removed: &Removed) -> PeerRemoved {
        PeerRemoved {
            party: party.to_owned(),
            name: name.to_owned(),
            removed: removed.at.clone(),
        }
    }
}

/// What a conversation came to.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub(crate) struct PeerSynced {
    /// With which party.
    pub(crate) party: String,
    /// What it calls itself.
    pub(crate) name: String,
    /// Statements about keys and agreements that were new here.
    pub(crate) acts: u64,
    /// Receipts that were delivered.
    pub(crate) receipts: u64,
    /// Cosignatures that were brought back.
    pub(crate) cosignatures: u64,
    /// What became of each log's entries.
    pub(crate) logs: Vec<LogTaken>,
    /// Logs that were not told, and why.
    pub(crate) withheld: Vec<RefusedShown>,
    /// What was refused here.
    pub(crate) refused: Vec<RefusedShown>,
    /// What people must see.
    pub(crate) alarms: Vec<String>,
    /// Bytes of questions.
    pub(crate) sent: u64,
    /// Bytes of answers.
    pub(crate) received: u64,
}

impl PeerSynced {
    pub(crate) fn of(party: &str, name: &str, account: &Account) -> PeerSynced {
        let named = |named: &[(String, String)]| {
            let named = named.iter().map(|(subject, reason)| RefusedShown {
                subject: subject.clone(),
                reason: reason.clone(),
            });
            named.collect()
        };
        PeerSynced {
            party: party.to_owned(),
            name: name.to_owned(),
            acts: account.acts,
            receipts: account.receipts,
            cosignatures: account.cosignatures,
            logs: account.logs.values().map(LogTaken::from).collect(),
            withheld: named(&account.withheld),
            refused: named(&account.refused),
            alarms: account.alarms.iter().map(alarm_words).collect(),
            sent: account.sent,
            received: account.received,
        }
    }
}

#[cfg(test)]
mod tests {
    use entente_stix::time::Timestamp;

    use super::*;

    #[test]
    fn standing_says_what_waits_and_for_whom() {
        let key = Pinned {
            key: entente_exchange::hello::TlsKey([1; 32]),
            by: String::new(),
            since: String::new(),
        };
        let stands = |change: &dyn Fn(&mut Peer, &mut State)| {
            let (mut peer, mut state) = (Peer::new(Timestamp::from_micros(0)), State::default());
            peer.url = Some("https://node.example".to_owned());
            peer.asks_with = Some(key.clone());
            state.succeeded = Some(String::new());
            change(&mut peer, &mut state);
            standing(&peer, &state)
        };
        assert_eq!(stands(&|_, _| {}), "in step");
        assert_eq!(stands(&|_, state| state.queue = 2), "waiting");
        assert_eq!(stands(&|peer, _| peer.asks_with = None), "in step");
        let alone = |peer: &mut Peer, state: &mut State| (peer.asks_with, state.queue) = (None, 2);
        assert_eq!(stands(&alone), NOT_MET);
        let with_token = |peer: &mut Peer, state: &mut State| {
            alone(peer, state);
            peer.token = Some(String::new());
        };
        assert_eq!(stands(&with_token), "waiting");
        let asks = |peer: &mut Peer, state: &mut State| (peer.url, state.queue) = (None, 2);
        assert_eq!(stands(&asks), "waiting");
        assert_eq!(stands(&|peer, _| peer.url = None), "asks here");
        assert_eq!(stands(&|_, state| (state.lag, state.queue) = (1, 1)), "behind");
        let failed = |_: &mut Peer, state: &mut State| (state.queue, state.error) = (2, Some(String::new()));
        assert_eq!(stands(&failed), "failing");
    }
}
