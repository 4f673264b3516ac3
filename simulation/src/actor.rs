//! One organisation of the simulated world: its node, its disk, its clock, and what it was told is done.

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;

use entente_exchange::Sync;
use entente_node::Node;
use entente_node::channel::Desk;
use entente_node::keys::Keys;
use entente_stix::time::Timestamp;

use crate::disk::Disk;
use crate::network::Place;
use crate::objects::{Digest, Made};
use crate::random::Random;
use crate::rules::{Broken, Rule};

/// For whom files are encrypted, by place. Made for this, published here, protecting nothing.
const SECRETS: [&str; 7] = [
    "AGE-SECRET-KEY-1EYKFZTAYFSESL4423QWK2C629QSQDZP927PZND9L3374A95ZU3RSQR5FTF",
    "AGE-SECRET-KEY-169GKWLZ7JGZP502Y4RZWF06JK587MATX4UM8JVFV0RGLUZTCJAASH3HQUD",
    "AGE-SECRET-KEY-1MNUCCJNTAMF3EESJ3L3EUHQLMGFF5EFX0H4VRVD8JZ6GNFHTTLCSNPYNRH",
    "AGE-SECRET-KEY-1GMAQALGJVFG4ECQNC8JTN6N7XU3MA5M28V2KL8Z9JQCU0H4QHAQQ2XPUKD",
    "AGE-SECRET-KEY-1SM2GLDWWXQ3SN0ZFA4S9SYAA5KCAAG5UCXVRYACUCJALC27W9XDSJEY9HA",
    "AGE-SECRET-KEY-15AGZAVK57T4U79Q36W2ENHA8WJZM9PUPKYFZ9GS89CK6KFZUREMQTKFSZJ",
    "AGE-SECRET-KEY-1FKRJT2WFRSTN9J59YUL3V646CDSL8S54DDKTJ5837J66XCA6DU0SSQL0R3",
];

/// At most so many organisations.
pub const ACTORS_MAX: usize = SECRETS.len();

/// What an organisation was told is done: none of it may be lost, whatever crashes. It belongs to a disk.
#[derive(Debug, Clone, Default)]
pub struct Ledger {
    /// Objects imported here, by digest: their ids.
    pub held: BTreeMap<Digest, String>,
    /// Entries made in own logs: log and number, and the object's id.
    pub entries: BTreeMap<(String, u64), String>,
    /// How far others' logs were taken in.
    pub taken: BTreeMap<String, u64>,
    /// Forks that were kept as proof, by log.
    pub forks: BTreeSet<String>,
}

/// A conversation under way.
pub struct Talk {
    /// Where it is.
    pub sync: Sync,
    /// The number of the question that waits for an answer.
    pub number: u64,
    /// When that was asked, in the world's time.
    pub asked_at: u64,
}

/// A copy of a disk that was made at some time, and what was told to be done until then.
#[derive(Debug, Clone)]
pub struct Copy {
    /// Where it lies.
    pub folder: PathBuf,
    /// What it must hold.
    pub ledger: Ledger,
    /// The heads that were signed by then.
    pub signed: BTreeMap<String, String>,
}

/// An organisation.
pub struct Actor {
    /// Its number.
    pub place: Place,
    /// What it is called.
    pub name: String,
    /// The id of its identity; empty until it is founded.
    pub id: String,
    /// Its disk.
    pub disk: Disk,
    /// Its node, where it runs.
    pub node: Option<Node>,
    /// Its clock minus the world's, in microseconds.
    pub drift: i64,
    /// What it was told is done.
    pub ledger: Ledger,
    /// What it made.
    pub made: Vec<Made>,
    /// Its conversations, by peer.
    pub talks: BTreeMap<Place, Talk>,
    /// Whether it lies.
    pub is_hostile: bool,
    /// An old copy of its disk.
    pub backup: Option<Copy>,
    /// The real disk, while an old copy is in its place.
    pub newest: Option<Copy>,
    /// Whether it went on from an old copy: what came after that copy is gone for good.
    pub is_rebuilt: bool,
    root: [u8; 32],
    instance: [u8; 32],
    salt: [u8; 32],
}

impl Actor {
    /// An organisation with an empty disk in `folder`.
    ///
    /// # Errors
    /// The real disk failed.
    pub fn new(place: Place, folder: PathBuf, random: &mut Random) -> Result<Actor, Broken> {
        Ok(Actor {
            place,
            name: format!("party {place}"),
            id: String::new(),
            disk: Disk::new(folder)?,
            node: None,
            drift: 0,
            ledger: Ledger::default(),
            made: Vec::new(),
            talks: BTreeMap::new(),
            is_hostile: false,
            backup: None,
            newest: None,
            is_rebuilt: false,
            root: random.key(),
            instance: random.key(),
            salt: random.key(),
        })
    }

    /// The secret for files that are encrypted to it.
    pub fn secret(&self) -> &'static str {
        SECRETS.get(self.place).copied().unwrap_or_default()
    }

    /// Its keys, unlocked.
    pub fn keys(&self) -> Keys {
        Keys {
            party: self.id.clone(),
            root: Some(self.root),
            instance: self.instance,
            salt: self.salt,
        }
    }

    /// What its clock shows.
    pub fn clock(&self, now: u64) -> Timestamp {
        Timestamp::from_micros(i64::try_from(now).unwrap_or(i64::MAX).saturating_add(self.drift))
    }

    /// Does something at its desk; `None` where its node does not run.
    pub fn at_desk<T>(&self, now: u64, act: impl FnOnce(&Node, &Desk<'_>) -> T) -> Option<T> {
        let node = self.node.as_ref()?;
        let keys = self.keys();
        let desk = Desk {
            at: self.clock(now),
            keys: &keys,
            guard: &self.disk.guard,
        };
        Some(act(node, &desk))
    }

    /// Starts the node from what is on the disk, and signs what a crash left unsigned.
    ///
    /// # Errors
    /// It does not start, or lost something.
    pub fn start(&mut self, now: u64) -> Result<(), Broken> {
        let store = self.disk.open().map_err(|error| {
            Rule::Lost.broken(format!(
                "{} cannot open its store after a crash: {error}",
                self.name
            ))
        })?;
        let node = Node::new(Box::new(store), &self.disk.compiled(), 7);
        self.node = Some(node);
        if !self.id.is_empty() && self.is_itself() {
            self.at_desk(now, |node, desk| node.sign_heads(desk))
                .transpose()?;
        }
        Ok(())
    }

    /// The power fails, or has failed: the node is gone, and the disk is as the crash left it.
    ///
    /// # Errors
    /// The real disk failed.
    pub fn crash(&mut self, random: &mut Random) -> Result<(), Broken> {
        self.talks.clear();
        if self.node.is_some() {
            self.disk.pull_the_plug()?;
        }
        self.node = None;
        self.disk.settle(random)?;
        Ok(())
    }

    /// The node ends in good order.
    pub fn stop(&mut self) {
        self.talks.clear();
        self.node = None;
    }

    /// Whether what it says and holds is held against it: an old copy of a disk, or a liar, proves nothing.
    pub fn is_itself(&self) -> bool {
        !self.is_hostile && self.newest.is_none() && !self.is_rebuilt
    }
}
