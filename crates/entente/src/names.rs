//! What parties are called, wherever their ids would be shown to people.

use std::collections::BTreeMap;

use entente_node::Node;
use entente_node::channel::party_of_source;
use entente_node::receipt::Recalled;

use crate::exit::Failure;
use crate::render::{safe, short};

/// The names of those who are known, by id.
#[derive(Default)]
pub(crate) struct Names(BTreeMap<String, String>);

impl Names {
    pub(crate) fn of(node: &Node) -> Result<Names, Failure> {
        let parties = node.parties()?;
        Ok(Names(
            parties.into_iter().map(|party| (party.id, party.name)).collect(),
        ))
    }

    /// The party's name, safe to print; its id where it is not known.
    pub(crate) fn name(&self, party: &str) -> String {
        safe(self.0.get(party).map_or(party, String::as_str))
    }

    pub(crate) fn names(&self, parties: &[String]) -> String {
        let names: Vec<String> = parties.iter().map(|party| self.name(party)).collect();
        names.join(", ")
    }

    /// By whom, when and why something was taken back, safe to print.
    pub(crate) fn recall(&self, recall: &Recalled) -> String {
        let (by, reason) = (self.name(&recall.by), short(&recall.reason, 200));
        match reason.is_empty() {
            true => format!("recalled by {by} on {}", recall.at),
            false => format!("recalled by {by} on {}: {reason}", recall.at),
        }
    }

    /// A source, safe to print: a party with the agreement it told something under, or what the operator named.
    pub(crate) fn source(&self, source: &str) -> String {
        match party_of_source(source) {
            Some((party, agreement)) => format!("{} (under `{}`)", self.name(party), safe(agreement)),
            None => safe(source),
        }
    }
}
