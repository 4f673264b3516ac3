//! Where this node's party signs: the node, its keys unlocked, the guard of what it signed, and the time.

use std::path::PathBuf;

use entente_node::channel::Desk;
use entente_node::{Error, Node};
use entente_stix::time::Timestamp;

use crate::cli::{Global, Unlock};
use crate::exit::Failure;
use crate::guard::Folder;
use crate::keys::{Passphrase, Unlocked, Vault};
use crate::place;

/// A node of which the party is there to sign.
pub(crate) struct Seat {
    pub(crate) node: Node,
    pub(crate) signing: Signing,
    at: Timestamp,
}

/// What a party signs with.
pub(crate) struct Signing {
    pub(crate) unlocked: Unlocked,
    guard: Folder,
}

impl Seat {
    /// Opens the node for writing and unlocks its party's keys.
    pub(crate) fn take(global: &Global, unlock: &Unlock) -> Result<Seat, Failure> {
        let node = place::open_existing_to_write(global)?;
        let at = place::now();
        let signing = Signing::unlock(&node, global, unlock, at)?;
        let seat = Seat { node, signing, at };
        seat.signing.catch_up(&seat.node, at)?;
        Ok(seat)
    }

    pub(crate) fn desk(&self) -> Desk<'_> {
        self.signing.desk(self.at)
    }
}

impl Signing {
    /// Unlocks the keys of the node's party.
    pub(crate) fn unlock(
        node: &Node,
        global: &Global,
        unlock: &Unlock,
        at: Timestamp,
    ) -> Result<Signing, Failure> {
        let me = node.me()?.ok_or_else(|| {
            Failure::usage("this node is no party yet; `entente party add --self NAME` makes it one")
        })?;
        let vault = Vault::new(&place::data_folder(global)?, &me.id);
        Ok(Signing {
            unlocked: vault.unlock(&me, &Passphrase::given(unlock)?, at)?,
            guard: Folder::new(guard_folder(global)?),
        })
    }

    /// After a change of keys the heads are signed anew, and what a crash left unsigned is signed now; what was parked
    /// is tried again. A node that may not sign is told so by what it is asked to do: reading what gives its log back
    /// must go on.
    pub(crate) fn catch_up(&self, node: &Node, at: Timestamp) -> Result<(), Failure> {
        match node.sign_heads(&self.desk(at)) {
            Ok(_) | Err(Error::Rollback { .. } | Error::Unguarded { .. }) => {}
            Err(error) => return Err(error.into()),
        }
        node.retry_parked(&self.desk(at))?;
        Ok(())
    }

    pub(crate) fn desk(&self, at: Timestamp) -> Desk<'_> {
        Desk {
            at,
            keys: &self.unlocked.keys,
            guard: &self.guard,
        }
    }
}

/// `--guard`, `ENTENTE_GUARD`, or the platform's folder for state: not the data folder, which is backed up.
pub(crate) fn guard_folder(global: &Global) -> Result<PathBuf, Failure> {
    if let Some(folder) = &global.guard {
        return Ok(folder.clone());
    }
    let folders = directories::ProjectDirs::from("", "", "entente");
    let state = folders.map(|folders| {
        folders
            .state_dir()
            .unwrap_or(folders.data_local_dir())
            .join("heads")
    });
    state.ok_or_else(|| {
        Failure::usage(
            "there is no home directory to guard signed heads in; name a folder outside of backups with `--guard DIR` \
             or ENTENTE_GUARD",
        )
    })
}
