//! Several nodes on one thread, with virtual time and a network and disks made of values, by seed.
//!
//! A seed makes a world: three to seven organisations with agreements between them. Objects are made, changed,
//! released and recalled; agreements are signed, held up and amended; messages are lost, doubled, cut and told
//! again; power fails in the middle of writes; clocks jump; old backups are restored; some lie. After everything
//! that happens the rules are checked ([`rules::Rule`]), and once the faults stop, all must come to the same.
//! Begin at [`run`].

#![cfg_attr(
    test,
    allow(
        clippy::unwrap_used,
        clippy::expect_used,
        clippy::panic,
        clippy::indexing_slicing
    )
)]

pub mod actor;
mod apply;
mod checks;
mod converge;
pub mod disk;
mod hostile;
pub mod logs;
pub mod network;
pub mod objects;
pub mod operation;
pub mod pacts;
pub mod parcel;
pub mod random;
pub mod rules;
pub mod sabotage;
mod talk;
mod truth;
pub mod world;

use std::collections::BTreeMap;

use rules::Broken;
use sabotage::Sabotage;
use world::World;

/// Things that happen in a world before its faults stop.
pub const STEPS: u64 = 120;

/// What came of a world in which no rule was broken.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Outcome {
    /// How often each thing happened.
    pub counts: BTreeMap<&'static str, u64>,
    /// What all came to: a digest of what each recipient holds.
    pub digest: String,
}

/// A rule was broken.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Failure {
    /// The seed that does it again.
    pub seed: u64,
    /// The step; [`STEPS`] where it was after the faults stopped.
    pub step: u64,
    /// Which rule, and how.
    pub broken: Broken,
    /// The last things that happened.
    pub trace: Vec<String>,
}

/// Runs the world of a seed, telling `verbose` what happens.
///
/// # Errors
/// [`Failure`]: a rule was broken.
pub fn run(seed: u64, verbose: Box<dyn FnMut(&str)>) -> Result<Outcome, Box<Failure>> {
    run_with(seed, None, verbose)
}

/// Runs the world of a seed in which a rule may be broken on purpose.
///
/// # Errors
/// [`Failure`]: a rule was broken.
pub fn run_with(
    seed: u64,
    sabotage: Option<Sabotage>,
    verbose: Box<dyn FnMut(&str)>,
) -> Result<Outcome, Box<Failure>> {
    let failure = |step, broken, trace| {
        Box::new(Failure {
            seed,
            step,
            broken,
            trace,
        })
    };
    let mut world = World::new(seed, verbose).map_err(|broken| failure(0, broken, Vec::new()))?;
    world.sabotage = sabotage;
    for step in 0..STEPS {
        let stepped = world.step();
        stepped.map_err(|broken| failure(step, broken, world.trace()))?;
        let sabotaged = world.do_sabotage(step);
        sabotaged.map_err(|broken| failure(step, broken, world.trace()))?;
    }
    let digest = world
        .converge()
        .map_err(|broken| failure(STEPS, broken, world.trace()))?;
    Ok(Outcome {
        counts: std::mem::take(&mut world.counts),
        digest,
    })
}
