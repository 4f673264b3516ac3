//! The pool of read connections: made when first needed, never waiting for a writer.

use std::path::PathBuf;
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};

use rusqlite::Connection;

use super::fault::Fault;
use super::folder::Folder;
use crate::{Error, limits};

pub(super) struct Readers {
    folder: Folder,
    database: PathBuf,
    cache_bytes: usize,
    pool: Mutex<Pool>,
    returned: Condvar,
}

#[derive(Default)]
struct Pool {
    idle: Vec<Connection>,
    lent: usize,
}

impl Readers {
    pub(super) fn new(folder: Folder, cache_bytes: usize) -> Readers {
        let database = folder.database();
        Readers {
            folder,
            database,
            cache_bytes,
            pool: Mutex::default(),
            returned: Condvar::new(),
        }
    }

    pub(super) fn folder(&self) -> &Folder {
        &self.folder
    }

    /// Runs `body` on one committed state: everything it reads belongs together.
    pub(super) fn read<T>(&self, body: impl FnOnce(&Connection) -> Result<T, Fault>) -> Result<T, Error> {
        let lent = self.lend().map_err(|fault| fault.at(&self.database))?;
        lent.read(body).map_err(|fault| fault.at(&self.database))
    }

    fn lend(&self) -> Result<Lent<'_>, Fault> {
        let mut pool = self.pool();
        while pool.idle.is_empty() && pool.lent >= limits::READERS_MAX {
            pool = self.returned.wait(pool).unwrap_or_else(PoisonError::into_inner);
        }
        pool.lent += 1;
        let idle = pool.idle.pop();
        drop(pool);
        let mut lent = Lent {
            readers: self,
            connection: idle,
        };
        if lent.connection.is_none() {
            lent.connection = Some(self.folder.connect_for_reading(self.cache_bytes)?);
        }
        Ok(lent)
    }

    // A panic elsewhere cannot leave the pool half changed: its two steps do not panic.
    fn pool(&self) -> MutexGuard<'_, Pool> {
        self.pool.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A connection out of the pool, which goes back when dropped.
struct Lent<'a> {
    readers: &'a Readers,
    connection: Option<Connection>,
}

impl Lent<'_> {
    fn read<T>(&self, body: impl FnOnce(&Connection) -> Result<T, Fault>) -> Result<T, Fault> {
        let Some(connection) = &self.connection else {
            return Err(Fault::engine("no connection"));
        };
        let transaction = connection.unchecked_transaction()?;
        let answer = body(&transaction)?;
        transaction.finish()?;
        Ok(answer)
    }
}

impl Drop for Lent<'_> {
    fn drop(&mut self) {
        let mut pool = self.readers.pool();
        pool.lent -= 1;
        // One that is still inside a transaction would hold on to an old state.
        pool.idle
            .extend(self.connection.take().filter(Connection::is_autocommit));
        self.readers.returned.notify_one();
    }
}
