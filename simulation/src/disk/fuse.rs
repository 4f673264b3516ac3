//! Counts writes, and breaks at one of them.

use std::fs;
use std::io;
use std::path::Path;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use super::FILES;
use crate::random::Random;

/// How the write under way ends when the fuse blows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Blow {
    /// It is not there.
    Before,
    /// It is there, and nobody was told.
    After,
    /// The log of the database has its beginning.
    Torn,
}

/// Shared by everything that writes to one disk.
#[derive(Debug, Clone, Default)]
pub struct Fuse(Arc<Mutex<State>>);

#[derive(Debug, Default)]
struct State {
    /// Writes until it blows.
    left: Option<(u64, Blow)>,
    blown: bool,
    wreck: Option<Wreck>,
}

/// What a crash left of a store's files: as they were before the last write, and after it.
#[derive(Debug, Default)]
pub(super) struct Wreck {
    before: Files,
    after: Option<Files>,
}

type Files = Vec<(&'static str, Vec<u8>)>;

/// What a write has to do.
pub(super) enum Turn {
    Write,
    /// The disk is dead.
    Dead,
    /// The fuse blows at this write.
    Blow(Blow),
}

impl Fuse {
    /// It blows at the write after `writes` more, so.
    pub fn set(&self, writes: u64, blow: Blow) {
        self.state().left = Some((writes, blow));
    }

    /// Whether it blew.
    pub fn is_blown(&self) -> bool {
        self.state().blown
    }

    pub(super) fn mend(&self) {
        *self.state() = State::default();
    }

    pub(super) fn turn(&self) -> Turn {
        let mut state = self.state();
        if state.blown {
            return Turn::Dead;
        }
        match state.left.take() {
            None => Turn::Write,
            Some((0, blow)) => {
                state.blown = true;
                Turn::Blow(blow)
            }
            Some((left, blow)) => {
                state.left = Some((left - 1, blow));
                Turn::Write
            }
        }
    }

    /// Keeps what the crash left.
    pub(super) fn keep(&self, before: Files, after: Option<Files>) {
        self.state().wreck = Some(Wreck { before, after });
    }

    pub(super) fn take_wreck(&self) -> Option<Wreck> {
        self.state().wreck.take()
    }

    pub(super) fn blow_now(&self, folder: &Path) -> io::Result<()> {
        let files = files(folder)?;
        let mut state = self.state();
        state.blown = true;
        // A crash before this one left its own wreck: nothing was written since.
        if state.wreck.is_none() {
            let (before, after) = (files, None);
            state.wreck = Some(Wreck { before, after });
        }
        Ok(())
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A store's files as they lie on the disk.
pub(super) fn files(folder: &Path) -> io::Result<Files> {
    let mut files = Vec::new();
    for name in FILES {
        match fs::read(folder.join(name)) {
            Ok(bytes) => files.push((name, bytes)),
            Err(error) if error.kind() == io::ErrorKind::NotFound => {}
            Err(error) => return Err(error),
        }
    }
    Ok(files)
}

impl Wreck {
    /// Writes what is found after the crash. Where the last write is torn, the log has what that write put in
    /// front, and behind it what was there before, or noise.
    pub(super) fn settle_into(self, folder: &Path, random: &mut Random) -> io::Result<()> {
        fs::create_dir_all(folder)?;
        for (name, mut bytes) in self.before {
            let after = self.after.as_ref().and_then(|files| {
                let file = files.iter().find(|(other, _)| *other == name)?;
                Some(file.1.as_slice())
            });
            if let Some(after) = after {
                bytes = torn(&bytes, after, random);
            }
            fs::write(folder.join(name), bytes)?;
        }
        Ok(())
    }
}

fn torn(before: &[u8], after: &[u8], random: &mut Random) -> Vec<u8> {
    let same = before.iter().zip(after).take_while(|(a, b)| a == b).count();
    // At least one byte is missing, or the write would be whole.
    let written = same + random.below(after.len().saturating_sub(same));
    let mut bytes: Vec<u8> = after.iter().take(written).copied().collect();
    match random.below(3) {
        0 => bytes.extend(before.iter().skip(written)),
        1 => bytes.extend((written..after.len()).map(|_| random.below(256) as u8)),
        // Cut: but never into what was there before.
        _ => bytes.extend(before.iter().skip(written)),
    }
    bytes
}
