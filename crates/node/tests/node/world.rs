//! Nodes in folders of their own, with made-up keys: no clock, no randomness.

use entente_node::Node;
use entente_node::keys::Keys;
use entente_node::party::Party;
use entente_policy::agreement::{Agreement, Member};
use entente_stix::time::Timestamp;
use entente_store::Store;
use entente_store::sqlite::{Options, Sqlite};

/// A recipient of age's, for those who need one.
pub(crate) const RECIPIENT: &str = "age1zvkyg2lqzraa2lnjvqej32nkuu0ues2s82hzrye869xeexvn73equnujwj";

/// Days after a day in 2026.
pub(crate) fn day(number: i64) -> Timestamp {
    let start = Timestamp::parse("2026-01-01T00:00:00.000Z").unwrap();
    Timestamp::from_micros(start.micros() + number * 86_400_000_000)
}

/// A node of one party.
pub(crate) struct Home {
    pub(crate) node: Node,
    pub(crate) keys: Keys,
    pub(crate) name: &'static str,
    seed: u8,
    folder: tempfile::TempDir,
}

impl Home {
    /// A node that is no party yet, with keys made from `seed`.
    pub(crate) fn new(name: &'static str, seed: u8) -> Home {
        Home::on(name, seed, |store| Box::new(store))
    }

    /// The same, on a store with something around it.
    pub(crate) fn on(name: &'static str, seed: u8, around: impl FnOnce(Sqlite) -> Box<dyn Store>) -> Home {
        // No power is lost here; what a killed process leaves behind is the store's to show.
        let options = Options {
            sync: false,
            ..Options::write()
        };
        Home::opened(name, seed, &options, around)
    }

    /// A node as people run it: durable means on the disk.
    pub(crate) fn durable(name: &'static str, seed: u8) -> Home {
        let home = Home::opened(name, seed, &Options::write(), |store| Box::new(store));
        home.node.found(name, &home.keys, RECIPIENT, day(1)).unwrap();
        home
    }

    fn opened(
        name: &'static str,
        seed: u8,
        options: &Options,
        around: impl FnOnce(Sqlite) -> Box<dyn Store>,
    ) -> Home {
        let folder = tempfile::tempdir().unwrap();
        let store = Sqlite::open(folder.path(), options).unwrap();
        let node = Node::new(around(store), &folder.path().join("generations"), 7);
        let fresh = format!("{seed:08x}-0000-4000-8000-000000000000");
        let party = node.identity(&fresh, day(0)).unwrap();
        Home {
            keys: keys(&party, seed, seed.wrapping_add(100)),
            node,
            name,
            seed,
            folder,
        }
    }

    /// A node that is the party `name` from day 1 on.
    pub(crate) fn founded(name: &'static str, seed: u8) -> Home {
        let home = Home::new(name, seed);
        home.node.found(name, &home.keys, RECIPIENT, day(1)).unwrap();
        home
    }

    pub(crate) fn id(&self) -> &str {
        &self.keys.party
    }

    pub(crate) fn me(&self) -> Party {
        self.node.me().unwrap().unwrap()
    }

    pub(crate) fn card(&self) -> String {
        self.node.card(self.id()).unwrap()
    }

    /// Further keys of the same party: the root key stays.
    pub(crate) fn next_keys(&self, instance: u8) -> Keys {
        keys(self.id(), self.seed, instance)
    }

    /// The node, closed and opened again: everything comes from the store.
    pub(crate) fn reopened(self) -> Home {
        let Home {
            node,
            keys,
            name,
            seed,
            folder,
        } = self;
        node.close().unwrap();
        Home {
            node: open(folder.path()),
            keys,
            name,
            seed,
            folder,
        }
    }
}

fn open(folder: &std::path::Path) -> Node {
    let store = Sqlite::open(folder, &Options::write()).unwrap();
    Node::new(Box::new(store), &folder.join("generations"), 7)
}

fn keys(party: &str, root: u8, instance: u8) -> Keys {
    Keys {
        party: party.to_owned(),
        root: Some([root; 32]),
        instance: [instance; 32],
        salt: [9; 32],
    }
}

/// Parties that all know each other.
pub(crate) fn acquainted(names: &[&'static str]) -> Vec<Home> {
    let homes: Vec<Home> = names
        .iter()
        .enumerate()
        .map(|(at, name)| Home::founded(name, at as u8 + 1))
        .collect();
    introduce(&homes);
    homes
}

/// Makes each known to each.
pub(crate) fn introduce(homes: &[Home]) {
    for one in homes {
        for other in homes.iter().filter(|other| other.id() != one.id()) {
            one.node.meet(&other.card(), day(1)).unwrap();
        }
    }
}

/// The text of an agreement between `homes`, from day 2 to day 365.
pub(crate) fn document(id: &str, homes: &[&Home]) -> String {
    let parties: Vec<Member> = homes
        .iter()
        .map(|home| Member {
            name: home.name.to_lowercase(),
            identity: home.id().to_owned(),
            root_key: home.me().root.to_string(),
        })
        .collect();
    Agreement::template(id, &parties, day(2), day(365))
}
