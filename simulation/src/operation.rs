//! What may happen in a world, and how often.

use std::fmt;

use crate::disk::Blow;
use crate::network::Place;
use crate::world::World;

/// One thing that happens: who does it, to whom, under which agreement.
#[allow(missing_docs, reason = "the fields are named by what they are")]
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Operation {
    /// New objects are imported.
    Make { place: Place, count: usize },
    /// Own objects get newer versions, or are revoked.
    Change { place: Place, revoke: bool },
    /// What is new is released, or one object by its id.
    Release { place: Place, one: bool },
    /// An own object is recalled.
    Recall { place: Place },
    /// The newest version of an agreement is signed.
    Sign { place: Place, pact: String },
    /// An agreement is held up.
    Suspend { place: Place, pact: String },
    /// And goes on.
    Resume { place: Place, pact: String },
    /// Somebody writes and signs a new version.
    Amend { place: Place, pact: String },
    /// One asks another what is new.
    Sync { from: Place, to: Place },
    /// A bundle is written and given to a courier.
    Bundle { from: Place, to: Place, pact: String },
    /// What was parked is tried again.
    Retry { place: Place },
    /// The node ends in good order, or starts.
    Restart { place: Place },
    /// The power fails at one of the next writes.
    Fuse { place: Place, writes: u64, blow: Blow },
    /// The power fails.
    Unplug { place: Place },
    /// The disk is copied.
    Backup { place: Place },
    /// The disk is replaced by its old copy; or the real one is put back.
    Restore { place: Place },
    /// The clock jumps; microseconds away from the world's.
    Clock { place: Place, drift: i64 },
    /// A link is cut, one way, or mended.
    Link { from: Place, to: Place, up: bool },
    /// All links are mended.
    Mend,
    /// Links get better or worse.
    Weather,
    /// A message of the past comes again.
    Replay,
    /// A liar says something newer about somebody else's object.
    Forge { place: Place },
    /// A liar shows half of its readers another log.
    Fork { place: Place },
}

impl fmt::Display for Operation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{self:?}")
    }
}

/// How often each happens, of the sum.
const WEIGHTS: [(u64, Choice); 20] = [
    (16, |world| made(world)),
    (8, |world| {
        let revoke = world.random.chance(20);
        Some(Operation::Change {
            place: running(world)?,
            revoke,
        })
    }),
    (16, |world| {
        let one = world.random.chance(25);
        Some(Operation::Release {
            place: running(world)?,
            one,
        })
    }),
    (4, |world| {
        Some(Operation::Recall {
            place: running(world)?,
        })
    }),
    (4, |world| {
        let (place, pact) = (running(world)?, pact(world)?);
        Some(Operation::Sign { place, pact })
    }),
    (1, |world| {
        let (place, pact) = (running(world)?, pact(world)?);
        Some(Operation::Suspend { place, pact })
    }),
    (4, |world| {
        let (place, pact) = (running(world)?, pact(world)?);
        Some(Operation::Resume { place, pact })
    }),
    (1, |world| {
        let (place, pact) = (running(world)?, pact(world)?);
        Some(Operation::Amend { place, pact })
    }),
    (34, |world| {
        let (from, to) = (running(world)?, other(world));
        (from != to).then_some(Operation::Sync { from, to })
    }),
    (5, |world| {
        let (from, to, pact) = (running(world)?, other(world), pact(world)?);
        (from != to).then_some(Operation::Bundle { from, to, pact })
    }),
    (3, |world| {
        Some(Operation::Retry {
            place: running(world)?,
        })
    }),
    (8, |world| {
        let stopped = world.actors.iter().find(|actor| actor.node.is_none());
        let place = stopped.map(|actor| actor.place);
        Some(Operation::Restart {
            place: place.unwrap_or_else(|| other(world)),
        })
    }),
    (4, |world| {
        let blow = *world.random.pick(&[Blow::Before, Blow::After, Blow::Torn])?;
        let writes = world.random.between(0, 9);
        Some(Operation::Fuse {
            place: running(world)?,
            writes,
            blow,
        })
    }),
    (1, |world| {
        Some(Operation::Unplug {
            place: running(world)?,
        })
    }),
    (2, |world| {
        Some(Operation::Backup {
            place: running(world)?,
        })
    }),
    (2, |world| {
        let holder = world.actors.iter().find(|actor| actor.newest.is_some());
        let place = holder.map(|actor| actor.place);
        Some(Operation::Restore {
            place: place.unwrap_or_else(|| other(world)),
        })
    }),
    (3, |world| {
        const MINUTE: i64 = 60_000_000;
        let far = [
            0,
            0,
            4 * MINUTE,
            -4 * MINUTE,
            10 * MINUTE,
            -10 * MINUTE,
            1440 * MINUTE,
            -1440 * MINUTE,
        ];
        let drift = match world.random.below(20) {
            0 => 5_259_600 * MINUTE,
            1 => -5_259_600 * MINUTE,
            _ => *world.random.pick(&far)?,
        };
        Some(Operation::Clock {
            place: other(world),
            drift,
        })
    }),
    (7, |world| {
        let (from, to, up) = (other(world), other(world), world.random.chance(50));
        Some(match world.random.below(6) {
            0 => Operation::Mend,
            1 => Operation::Weather,
            _ => Operation::Link { from, to, up },
        })
    }),
    (4, |_| Some(Operation::Replay)),
    (6, |world| {
        let liar = world
            .actors
            .iter()
            .find(|actor| actor.is_hostile && actor.node.is_some())?;
        let place = liar.place;
        Some(match world.random.chance(75) {
            true => Operation::Forge { place },
            false => Operation::Fork { place },
        })
    }),
];

type Choice = fn(&mut World) -> Option<Operation>;

impl Operation {
    /// What happens next. A world in which the draw makes no sense draws again.
    pub fn choose(world: &mut World) -> Operation {
        let sum: u64 = WEIGHTS.iter().map(|(weight, _)| weight).sum();
        for _ in 0..8 {
            let mut at = world.random.between(0, sum - 1);
            for (weight, choice) in WEIGHTS {
                if at < weight {
                    if let Some(operation) = choice(world) {
                        return operation;
                    }
                    break;
                }
                at -= weight;
            }
        }
        Operation::Replay
    }
}

fn made(world: &mut World) -> Option<Operation> {
    let count = 1 + world.random.below(4);
    Some(Operation::Make {
        place: running(world)?,
        count,
    })
}

/// Somebody whose node runs.
fn running(world: &mut World) -> Option<Place> {
    let place = other(world);
    world.actors.get(place)?.node.as_ref().map(|_| place)
}

fn other(world: &mut World) -> Place {
    let count = world.actors.len();
    world.random.below(count)
}

fn pact(world: &mut World) -> Option<String> {
    let ids: Vec<String> = world.pacts.keys().cloned().collect();
    world.random.pick(&ids).cloned()
}
