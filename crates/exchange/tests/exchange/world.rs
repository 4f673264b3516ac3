//! A few nodes under one agreement, each in a folder of its own.

use std::collections::{BTreeMap, BTreeSet};
use std::io::Cursor;
use std::sync::Mutex;

use entente_exchange::{Account, answer, bundle, sync};
use entente_node::Node;
use entente_node::channel::{Desk, party_of_source};
use entente_node::guard::{Guard, GuardError};
use entente_node::import::Settings;
use entente_node::keys::Keys;
use entente_node::release::Selection;
use entente_stix::time::Timestamp;
use entente_store::sqlite::{Options, Sqlite};
use tempfile::TempDir;

/// 2026-06-01T00:00:00Z.
pub(crate) const NOW: i64 = 1_780_272_000_000_000;

const SECRETS: [&str; 3] = [
    "AGE-SECRET-KEY-1EYKFZTAYFSESL4423QWK2C629QSQDZP927PZND9L3374A95ZU3RSQR5FTF",
    "AGE-SECRET-KEY-169GKWLZ7JGZP502Y4RZWF06JK587MATX4UM8JVFV0RGLUZTCJAASH3HQUD",
    "AGE-SECRET-KEY-1MNUCCJNTAMF3EESJ3L3EUHQLMGFF5EFX0H4VRVD8JZ6GNFHTTLCSNPYNRH",
];

#[derive(Default)]
pub(crate) struct Memory(Mutex<BTreeMap<String, String>>);

impl Guard for Memory {
    fn last(&self, origin: &str) -> Result<Option<String>, GuardError> {
        Ok(self.0.lock().unwrap().get(origin).cloned())
    }

    fn advance(&self, origin: &str, from: Option<&str>, to: &str) -> Result<(), GuardError> {
        let mut heads = self.0.lock().unwrap();
        assert_eq!(heads.get(origin).map(String::as_str), from);
        heads.insert(origin.to_owned(), to.to_owned());
        Ok(())
    }
}

/// One organisation.
pub(crate) struct Actor {
    pub(crate) node: Node,
    pub(crate) id: String,
    pub(crate) secret: &'static str,
    number: u8,
    guard: Memory,
    made: u64,
    _folder: TempDir,
}

impl Actor {
    fn new(number: u8) -> Actor {
        let folder = tempfile::tempdir().unwrap();
        let options = Options {
            sync: false,
            ..Options::write()
        };
        let store = Sqlite::open(folder.path(), &options).unwrap();
        let node = Node::new(Box::new(store), folder.path(), 7);
        let uuid = format!("00000000-0000-4000-8000-00000000000{number}");
        let id = node.identity(&uuid, Timestamp::from_micros(NOW)).unwrap();
        let secret = SECRETS[usize::from(number)];
        let actor = Actor {
            node,
            id,
            secret,
            number,
            guard: Memory::default(),
            made: 0,
            _folder: folder,
        };
        let recipient = bundle::recipient(secret).unwrap();
        let name = format!("party {number}");
        actor
            .at(0, |node, desk| node.found(&name, desk.keys, &recipient, desk.at))
            .unwrap();
        actor
    }

    /// At the desk, so many seconds after the beginning.
    pub(crate) fn at<T>(&self, seconds: i64, act: impl FnOnce(&Node, &Desk<'_>) -> T) -> T {
        let seed = |part: u8| [self.number * 3 + part + 1; 32];
        let keys = Keys {
            party: self.id.clone(),
            root: Some(seed(0)),
            instance: seed(1),
            salt: seed(2),
        };
        let at = Timestamp::from_micros(NOW + seconds * 1_000_000);
        act(
            &self.node,
            &Desk {
                at,
                keys: &keys,
                guard: &self.guard,
            },
        )
    }

    /// Makes objects and releases them. How many bytes of text that was.
    pub(crate) fn tell(&mut self, count: u64) -> usize {
        let texts: Vec<String> = (0..count).map(|_| self.indicator()).collect();
        self.tell_these(&texts, 1);
        texts.iter().map(String::len).sum()
    }

    /// Releases objects, so many seconds after the beginning.
    pub(crate) fn tell_these(&self, texts: &[String], seconds: i64) {
        let bundle = format!(
            r#"{{"type":"bundle","id":"bundle--00000000-0000-4000-8000-000000000000","objects":[{}]}}"#,
            texts.join(",")
        );
        self.at(seconds, |node, desk| {
            let settings = Settings {
                source: "desk",
                at: desk.at,
                kind: None,
                strict: true,
                dry_run: false,
            };
            let imported = node
                .import(bundle.as_bytes(), "made", &settings, &mut |_| {})
                .unwrap();
            assert_eq!(imported.account.refused, 0);
            node.release(&Selection::All, None, false, desk, &mut |_| {})
                .unwrap();
        });
    }

    pub(crate) fn indicator(&mut self) -> String {
        self.made += 1;
        let (n, me, id) = (self.made, self.number, &self.id);
        let at = Timestamp::from_micros(NOW - 86_400_000_000 + n as i64 * 1_000);
        let hash = entente_stix::digest::Digest::of(&[&n.to_le_bytes()[..], &[me]].concat()).to_string();
        format!(
            r#"{{"type":"indicator","spec_version":"2.1","id":"indicator--{me:08}-0000-4000-8000-{n:012}","created_by_ref":"{id}","created":"{at}","modified":"{at}","name":"file {n} of a campaign","indicator_types":["malicious-activity"],"pattern":"[file:hashes.'SHA-256' = '{hash}']","pattern_type":"stix","valid_from":"{at}","object_marking_refs":["marking-definition--bab4a63c-aed9-4cf5-a766-dfca5abac2bb"]}}"#
        )
    }

    /// Asks a peer; every question and answer passes through `on_the_way`.
    pub(crate) fn sync(
        &self,
        peer: &Actor,
        on_the_way: &mut dyn FnMut(Vec<u8>) -> Result<Vec<u8>, String>,
    ) -> Result<Account, entente_exchange::Error> {
        self.at(2, |node, desk| {
            sync(node, &peer.id, desk, &mut |question| {
                let question = on_the_way(question.to_vec())?;
                let answered = peer.at(2, |node, desk| {
                    answer(&node.view(&self.id, desk.at), desk, &question)
                });
                on_the_way(answered.unwrap())
            })
        })
    }

    pub(crate) fn bundle_for(&self, peer: &Actor, from: bundle::From) -> Vec<u8> {
        self.bundle_at(2, peer, from)
    }

    pub(crate) fn bundle_at(&self, seconds: i64, peer: &Actor, from: bundle::From) -> Vec<u8> {
        let mut bytes = Vec::new();
        let until = Timestamp::from_micros(NOW + 90 * 86_400_000_000);
        let order = bundle::Order {
            party: &peer.id,
            agreement: "north-sea",
            give_back: false,
            from,
            until,
        };
        self.at(seconds, |node, desk| {
            bundle::write(node, &order, desk, &mut bytes)
        })
        .unwrap();
        bytes
    }

    pub(crate) fn read(&self, bundle: &[u8]) -> Result<bundle::Account, bundle::Error> {
        self.at(3, |node, desk| {
            bundle::read(node, desk, self.secret, &mut Cursor::new(bundle))
        })
    }

    /// Everything that parties told here: source, id, digest.
    pub(crate) fn told(&self) -> BTreeSet<(String, String, [u8; 32])> {
        let store = self.node.store();
        let mut told = BTreeSet::new();
        let mut after = None;
        loop {
            let page = store.objects(None, after.as_ref(), 10_000).unwrap();
            for stored in &page.items {
                for holding in store.holdings(&stored.id, None, 100).unwrap().items {
                    if party_of_source(&holding.source).is_some_and(|(_, agreement)| !agreement.is_empty()) {
                        told.insert((holding.source, stored.id.clone(), holding.digest));
                    }
                }
            }
            after = page.next;
            if after.is_none() {
                return told;
            }
        }
    }

    /// All that a refused bundle must not change.
    pub(crate) fn state(&self) -> (u64, Vec<(String, u64)>, usize) {
        let store = self.node.store();
        let channels = store.channels().unwrap().into_iter();
        let channels = channels.map(|channel| (channel.origin, channel.size)).collect();
        (
            store.change_number().unwrap(),
            channels,
            store.acts(0, 1_000).unwrap().len(),
        )
    }
}

/// Parties that know each other and have one agreement in force: `north-sea`, everything up to green for all.
pub(crate) fn world(count: u8) -> Vec<Actor> {
    world_under(count, "", "")
}

/// The same, with more at the head of the agreement and at its end.
pub(crate) fn world_under(count: u8, head: &str, end: &str) -> Vec<Actor> {
    let actors: Vec<Actor> = (0..count).map(Actor::new).collect();
    let parties: String = actors
        .iter()
        .map(|actor| {
            let me = actor.node.me().unwrap().unwrap();
            format!(
                "[[party]]\nname = \"p{}\"\nidentity = \"{}\"\nroot_key = \"{}\"\n\n",
                actor.number, me.id, me.root
            )
        })
        .collect();
    let toml = format!(
        "id = \"north-sea\"\nversion = 1\ntitle = \"North Sea\"\npurpose = \"To defend together.\"\n\
         from = \"2026-01-01T00:00:00Z\"\nuntil = \"2028-01-01T00:00:00Z\"\n{head}\n{parties}\
         [[clause]]\nname = \"all\"\nfrom = \"all\"\nto = \"all\"\ntypes = [\"any\"]\nmarkings_up_to = \"green\"\n{end}"
    );
    let mut file: Option<String> = None;
    for actor in &actors {
        for other in actors.iter().filter(|other| other.id != actor.id) {
            let card = other.node.card(&other.id).unwrap();
            actor.at(0, |node, desk| node.meet(&card, desk.at)).unwrap();
        }
        actor.at(0, |node, desk| {
            match &file {
                Some(file) => drop(node.take_pact_file(file, desk.at).unwrap()),
                None => drop(node.draft(&toml, desk.at).unwrap()),
            }
            node.sign("north-sea", 1, desk.keys, desk.at).unwrap();
        });
        file = Some(actor.node.pact_file("north-sea").unwrap());
    }
    for actor in &actors {
        actor
            .at(0, |node, desk| {
                node.take_pact_file(file.as_ref().unwrap(), desk.at)
            })
            .unwrap();
    }
    actors
}
