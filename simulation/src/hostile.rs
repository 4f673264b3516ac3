//! What liars do: they speak for others, and show their readers different logs.

use std::collections::BTreeMap;

use entente_exchange::answer;
use entente_node::Node;
use entente_node::channel::Desk;
use entente_node::import::Settings;
use entente_node::release::Selection;

use crate::disk::{Disk, GuardFile};
use crate::network::Place;
use crate::objects::{self, Made};
use crate::rules::Broken;
use crate::world::World;

/// A liar's second node, with the same keys and a guard of its own.
pub(crate) struct Other {
    node: Node,
    guard: GuardFile,
}

/// The second nodes, by place.
pub(crate) type Others = BTreeMap<Place, Other>;

impl World {
    /// A newer version of somebody else's object, as if by its creator, imported and released.
    pub(crate) fn forge(&mut self, place: Place) -> Result<(), Broken> {
        let theirs = self.actors.iter().filter(|actor| actor.place != place);
        let theirs: Vec<Made> = theirs.flat_map(|actor| &actor.made).cloned().collect();
        let Some(made) = self
            .random
            .pick(&theirs)
            .filter(|made| made.has_versions())
            .cloned()
        else {
            return Ok(());
        };
        let at = self.actor(place)?.clock(self.now);
        let forged = made.forged(at, &mut self.random);
        self.count("forgeries");
        self.import(place, std::slice::from_ref(&forged))?;
        let released = self.actor(place)?.at_desk(self.now, |node, desk| {
            node.release(
                &Selection::Ids(vec![forged.id.clone()]),
                None,
                false,
                desk,
                &mut |_| {},
            )
        });
        self.done(place, released.map(|released| released.map(drop)))
    }

    /// A liar copies its disk and its guard, and goes on in two ways.
    pub(crate) fn fork(&mut self, place: Place) -> Result<(), Broken> {
        if self.others.contains_key(&place) || self.actor(place)?.newest.is_some() {
            return Ok(());
        }
        let folder = self.actor(place)?.disk.backup("other")?;
        let mut disk = Disk::new(folder.with_file_name("other-disk"))?;
        disk.restore(&folder)?;
        let guard = self.actor(place)?.disk.guard.copied(disk.fuse.clone());
        let node = Node::new(Box::new(disk.open()?), &disk.compiled(), 8);
        self.others.insert(place, Other { node, guard });
        self.count("forks planted");
        self.tell(format!("{place} goes on in two ways"));
        let me = self.actor(place)?.id.clone();
        let at = self.actor(place)?.clock(self.now);
        let mut new = || {
            let mut made = Made::new(&me, &[], at, &mut self.random);
            made.tlp = entente_stix::marking::Tlp::Clear;
            made
        };
        let (one, other) = (new(), new());
        self.truth.say(place, &other.id, other.digest());
        self.go_on_as_other(place, &other)?;
        self.import(place, std::slice::from_ref(&one))?;
        let released = self.actor(place)?.at_desk(self.now, |node, desk| {
            node.release(
                &Selection::Ids(vec![one.id.clone()]),
                None,
                false,
                desk,
                &mut |_| {},
            )
        });
        self.done(place, released.map(|released| released.map(drop)))
    }

    fn go_on_as_other(&mut self, place: Place, made: &Made) -> Result<(), Broken> {
        let bundle = objects::bundle(&[made.text()], &mut self.random);
        let actor = self.actor(place)?;
        let (id, keys, at) = (actor.id.clone(), actor.keys(), actor.clock(self.now));
        let Some(other) = self.others.get(&place) else {
            return Ok(());
        };
        let settings = Settings {
            source: crate::apply::DESK,
            at,
            kind: None,
            strict: false,
            dry_run: false,
        };
        other
            .node
            .import(bundle.as_bytes(), "made.json", &settings, &mut |_| {})?;
        let desk = Desk {
            at,
            keys: &keys,
            guard: &other.guard,
        };
        // Refused where nothing is in force: then there is no fork.
        let _ = other.node.release(
            &Selection::Ids(vec![made.id.clone()]),
            None,
            false,
            &desk,
            &mut |_| {},
        );
        self.logs.look(other.node.store(), &id, true)
    }

    /// Whether a reader is shown the liar's other log: every second one is.
    pub(crate) fn shows_other(&self, place: Place, reader: Place) -> bool {
        self.others.contains_key(&place) && reader % 2 == 1
    }

    pub(crate) fn answer_as_other(
        &self,
        place: Place,
        peer: &str,
        question: &[u8],
    ) -> Option<Result<Vec<u8>, entente_exchange::Error>> {
        let (other, actor) = (self.others.get(&place)?, self.actors.get(place)?);
        let keys = actor.keys();
        let desk = Desk {
            at: actor.clock(self.now),
            keys: &keys,
            guard: &other.guard,
        };
        Some(answer(&other.node.view(peer, desk.at), &desk, question))
    }
}
