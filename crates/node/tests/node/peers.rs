//! Parties with an agreement in force, that release to and read from each other in process.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::sync::Mutex;

use entente_formats::Kind;
use entente_node::Error;
use entente_node::channel::Desk;
use entente_node::guard::{Guard, GuardError};
use entente_node::import::Settings;
use entente_node::reading::TakenIn;
use entente_node::release::{ReleaseAccount, Ruled, Selection};
use entente_node::view::Slice;
use entente_stix::time::Timestamp;

use crate::world::{Home, day, introduce};

/// A guard that remembers as long as it lives; a test's node may be exchanged beneath it.
#[derive(Default)]
pub(crate) struct Memory {
    pub(crate) heads: Mutex<BTreeMap<String, String>>,
}

impl Guard for Memory {
    fn last(&self, origin: &str) -> Result<Option<String>, GuardError> {
        Ok(self.heads.lock().unwrap().get(origin).cloned())
    }

    fn advance(&self, origin: &str, from: Option<&str>, to: &str) -> Result<(), GuardError> {
        let mut heads = self.heads.lock().unwrap();
        if heads.get(origin).map(String::as_str) != from {
            return Err(GuardError::Moved {
                origin: origin.to_owned(),
            });
        }
        heads.insert(origin.to_owned(), to.to_owned());
        Ok(())
    }
}

/// A party with its node and its guard.
pub(crate) struct Peer {
    pub(crate) home: Home,
    pub(crate) guard: Memory,
}

impl Peer {
    pub(crate) fn id(&self) -> &str {
        self.home.id()
    }

    pub(crate) fn desk(&self, at: Timestamp) -> Desk<'_> {
        Desk {
            at,
            keys: &self.home.keys,
            guard: &self.guard,
        }
    }

    /// Imports objects as told by `source`.
    pub(crate) fn import(&self, source: &str, objects: &[String], at: Timestamp) {
        if objects.is_empty() {
            return;
        }
        let text = format!("[{}]", objects.join(","));
        let settings = Settings {
            source,
            at,
            kind: Some(Kind::Stix),
            strict: false,
            dry_run: false,
        };
        let done = self
            .home
            .node
            .import(text.as_bytes(), "test", &settings, &mut |_| {})
            .unwrap();
        assert_eq!(done.account.refused, 0);
    }

    pub(crate) fn release(&self, what: &Selection, at: Timestamp) -> (ReleaseAccount, Vec<Ruled>) {
        self.try_release(what, at).unwrap()
    }

    pub(crate) fn try_release(
        &self,
        what: &Selection,
        at: Timestamp,
    ) -> Result<(ReleaseAccount, Vec<Ruled>), Error> {
        let mut ruled = Vec::new();
        let account = self
            .home
            .node
            .release(what, None, false, &self.desk(at), &mut |one| ruled.push(one))?;
        Ok((account, ruled))
    }

    /// Releases everything.
    pub(crate) fn release_all(&self, at: Timestamp) -> ReleaseAccount {
        self.release(&Selection::All, at).0
    }

    /// The slices that lead this peer to the heads of `owner`'s channels, from what it holds.
    pub(crate) fn slices(&self, owner: &Peer, entries_max: usize, at: Timestamp) -> Vec<Slice> {
        let held: BTreeMap<String, u64> = self.home.node.reads().unwrap().into_iter().collect();
        let view = owner.home.node.view(self.id(), at);
        let mut slices = Vec::new();
        for offer in view.channels().unwrap() {
            let mut from = held.get(&offer.origin).copied().unwrap_or(0);
            while from < offer.size {
                let slice = view.slice(&offer.origin, from, entries_max, 1 << 20).unwrap();
                from = slice.end();
                slices.push(slice);
            }
        }
        slices
    }

    /// Reads all of `owner`'s channels to their heads and hands the receipts over.
    pub(crate) fn read_on(&self, owner: &Peer, at: Timestamp) -> Vec<TakenIn> {
        let slices = self.slices(owner, 1_000, at);
        let taken: Vec<TakenIn> = slices
            .iter()
            .map(|slice| self.home.node.take_in(owner.id(), slice, &self.desk(at)).unwrap())
            .collect();
        for receipt in taken.iter().filter_map(|taken| taken.receipt.as_ref()) {
            owner
                .home
                .node
                .view(self.id(), at)
                .take_receipt(receipt, at)
                .unwrap();
        }
        taken
    }

    /// Ids and digests of what is current, of one type.
    pub(crate) fn current(&self, type_name: &str) -> Vec<(String, [u8; 32])> {
        let store = self.home.node.store();
        let mut all = Vec::new();
        let mut after = None;
        loop {
            let page = store.objects(Some(type_name), after.as_ref(), 1_000).unwrap();
            all.extend(page.items.into_iter().map(|stored| (stored.id, stored.digest)));
            match page.next {
                Some(next) => after = Some(next),
                None => return all,
            }
        }
    }

    pub(crate) fn text(&self, id: &str) -> Option<String> {
        let stored = self.home.node.store().current(id).unwrap();
        stored.map(|stored| String::from_utf8(stored.text).unwrap())
    }
}

/// Up to TLP:GREEN everything goes from all to all, redacted where parts are marked; incidents go up to AMBER
/// and are deleted after ten days.
const CLAUSES: &str = r#"
[[clause]]
name = "incidents"
from = "all"
to = "all"
types = ["incident"]
markings_up_to = "TLP:AMBER"
unmarked = "TLP:CLEAR"
obligations = { delete_after = "10d" }

[[clause]]
name = "open"
from = "all"
to = "all"
types = [
  "indicator", "malware", "report", "tool", "relationship", "sighting", "domain-name", "file", "marking-definition",
]
markings_up_to = "TLP:GREEN"
unmarked = "TLP:CLEAR"
redact = true
"#;

fn document(homes: &[Home]) -> String {
    let mut text = String::from(
        "id = \"pact\"\nversion = 1\ntitle = \"Pact\"\npurpose = \"To try.\"\nfrom = 2026-01-03\nuntil = 2026-12-31\n",
    );
    for home in homes {
        let (name, id, root) = (home.name.to_lowercase(), home.id(), home.me().root.to_string());
        write!(
            text,
            "\n[[party]]\nname = \"{name}\"\nidentity = \"{id}\"\nroot_key = \"{root}\"\n"
        )
        .unwrap();
    }
    text + CLAUSES
}

/// Parties with an agreement that is in force from day 2 to day 363.
pub(crate) fn peers(names: &[&'static str]) -> Vec<Peer> {
    let homes = names
        .iter()
        .zip(1..)
        .map(|(name, seed)| Home::founded(name, seed));
    agreed(homes.collect())
}

/// Makes an agreement between `homes`.
pub(crate) fn agreed(homes: Vec<Home>) -> Vec<Peer> {
    introduce(&homes);
    let text = document(&homes);
    homes[0].node.draft(&text, day(1)).unwrap();
    let mut file = homes[0].node.pact_file("pact").unwrap();
    for home in &homes {
        home.node.take_pact_file(&file, day(1)).unwrap();
        home.node.sign("pact", 1, &home.keys, day(1)).unwrap();
        file = home.node.pact_file("pact").unwrap();
    }
    for home in &homes {
        home.node.take_pact_file(&file, day(1)).unwrap();
    }
    let peers = homes.into_iter().map(|home| Peer {
        home,
        guard: Memory::default(),
    });
    peers.collect()
}

pub(crate) fn id(type_name: &str, number: u32) -> String {
    format!("{type_name}--{number:08x}-0000-4000-8000-00000000abcd")
}

pub(crate) const GREEN: &str = "marking-definition--34098fce-860f-48ae-8e50-ebd3cc5e41da";
pub(crate) const RED: &str = "marking-definition--5e57c739-391a-4eb3-b6be-7d15ca92d5ed";

/// An indicator; `more` is further members, each after a comma.
pub(crate) fn indicator(number: u32, modified: i64, more: &str) -> String {
    format!(
        r#"{{"type":"indicator","spec_version":"2.1","id":"{}","created":"{}","modified":"{}","pattern":"[domain-name:value = 'h{number}.evil.example']","pattern_type":"stix","valid_from":"{}"{more}}}"#,
        id("indicator", number),
        day(0),
        day(modified),
        day(0),
    )
}

/// Any other domain or relationship object.
pub(crate) fn object(type_name: &str, number: u32, modified: i64, more: &str) -> String {
    format!(
        r#"{{"type":"{type_name}","spec_version":"2.1","id":"{}","created":"{}","modified":"{}"{more}}}"#,
        id(type_name, number),
        day(0),
        day(modified),
    )
}

pub(crate) fn relationship(number: u32, from: &str, to: &str) -> String {
    let ends = format!(r#","relationship_type":"indicates","source_ref":"{from}","target_ref":"{to}""#);
    object("relationship", number, 0, &ends)
}

pub(crate) fn marked(definition: &str) -> String {
    format!(r#","object_marking_refs":["{definition}"]"#)
}

/// A number from the environment, for longer campaigns.
#[allow(clippy::disallowed_methods, reason = "counts are raised from outside")]
pub(crate) fn count(name: &str, default: u32) -> u32 {
    std::env::var(name).map_or(default, |count| count.parse().unwrap())
}
