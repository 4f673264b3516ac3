//! Gives each writing call its turn on the one writing connection, and lets calls that wait share a commit.
//!
//! No thread and no queue: a caller does its own work, on its own data, when its turn comes. If others
//! wait by then, it leaves the transaction open to them and waits; the last one commits for all. While
//! one commit waits for the disk, the next group gathers.

use std::path::PathBuf;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};

use rusqlite::Connection;

use super::fault::Fault;
use crate::{Error, limits};

pub(super) struct Writer {
    desk: Mutex<Desk>,
    /// Callers that want the desk: whoever holds it may leave the group open to them.
    waiting: AtomicUsize,
    settled: Condvar,
    database: PathBuf,
}

struct Desk {
    connection: Connection,
    /// The open group, or the next one to open.
    group: u64,
    members: usize,
    bytes: usize,
    is_open: bool,
    /// Groups that did not commit, with the members that have yet to learn it.
    failed: Vec<(u64, usize)>,
}

impl Writer {
    pub(super) fn new(connection: Connection, database: PathBuf) -> Writer {
        let desk = Desk {
            connection,
            group: 0,
            members: 0,
            bytes: 0,
            is_open: false,
            failed: Vec::new(),
        };
        Writer {
            desk: Mutex::new(desk),
            waiting: AtomicUsize::new(0),
            settled: Condvar::new(),
            database,
        }
    }

    /// Runs `body` atomically; durable when this returns `Ok`. `bytes` is about how much it writes.
    /// If a commit shared with others fails, `body` is run once more, alone, so that only the one whose
    /// fault it is fails.
    pub(super) fn turn<T>(
        &self,
        bytes: usize,
        body: impl Fn(&Connection) -> Result<T, Fault>,
    ) -> Result<T, Error> {
        let mut desk = self.desk();
        let _alarm = Alarm(&self.settled);
        desk.open().map_err(|fault| fault.at(&self.database))?;
        let answer = desk.attempt(&body);
        if !desk.is_open {
            // The group is undone, with whatever others had in it.
            self.settled.notify_all();
            return answer.map_err(|fault| fault.at(&self.database));
        }
        desk.bytes += bytes;
        let group = desk.group;
        let is_member = answer.is_ok();
        desk.members += usize::from(is_member);
        if self.may_leave_open(&desk) {
            if !is_member {
                return answer.map_err(|fault| fault.at(&self.database));
            }
            desk = self.wait_for(group, desk);
            if !desk.has_failed(group) {
                return answer.map_err(|fault| fault.at(&self.database));
            }
            drop(desk);
            return self.alone(body);
        }
        let was_shared = desk.members > usize::from(is_member);
        let committed = desk.settle();
        self.settled.notify_all();
        let Err(fault) = committed else {
            return answer.map_err(|fault| fault.at(&self.database));
        };
        if !is_member {
            return answer.map_err(|fault| fault.at(&self.database));
        }
        desk.has_failed(group);
        drop(desk);
        if was_shared {
            self.alone(body)
        } else {
            Err(fault.at(&self.database))
        }
    }

    /// Runs `body` atomically in a transaction that it shares with nobody.
    pub(super) fn alone<T>(&self, body: impl Fn(&Connection) -> Result<T, Fault>) -> Result<T, Error> {
        let mut desk = self.desk();
        if desk.is_open {
            // Those who wait for that group learn themselves whether it went well.
            let _ = desk.settle();
            self.settled.notify_all();
        }
        let answer = desk.open().and_then(|()| desk.attempt(&body));
        let answer = answer.and_then(|answer| desk.settle().map(|()| answer));
        if desk.is_open {
            desk.give_up();
        }
        desk.failed.retain(|(_, members)| *members > 0);
        answer.map_err(|fault| fault.at(&self.database))
    }

    /// Puts the log into the database file.
    pub(super) fn close(self) -> Result<(), Error> {
        let Writer { desk, database, .. } = self;
        let desk = desk.into_inner().unwrap_or_else(PoisonError::into_inner);
        let connection = desk.connection;
        // Nothing acknowledged depends on this: it is in the log, and the next opening reads it there.
        // SQLite is not asked to note how big its tables are (`PRAGMA optimize`): a store that is closed while it is small
        // would be planned for as small when it has grown, and scan where it has an index.
        let tidied = connection.query_row("PRAGMA wal_checkpoint(TRUNCATE)", (), |_| Ok(()));
        let closed = connection.close().map_err(|(_, error)| error);
        tidied
            .and(closed)
            .map_err(|error| Fault::from(error).at(&database))
    }

    fn may_leave_open(&self, desk: &Desk) -> bool {
        self.waiting.load(Ordering::SeqCst) > 0
            && desk.members < limits::COMMIT_BATCHES_MAX
            && desk.bytes < limits::BATCH_BYTES_MAX
    }

    fn wait_for<'a>(&'a self, group: u64, mut desk: MutexGuard<'a, Desk>) -> MutexGuard<'a, Desk> {
        // Someone who counted themselves in `waiting` is on the way to the desk and will find the group
        // open: that one commits it, or leaves it to the next who waits. So this wait ends.
        while desk.is_open && desk.group == group {
            desk = match self.settled.wait(desk) {
                Ok(desk) => desk,
                Err(poisoned) => self.after_panic(poisoned),
            };
        }
        desk
    }

    fn desk(&self) -> MutexGuard<'_, Desk> {
        self.waiting.fetch_add(1, Ordering::SeqCst);
        let desk = self.desk.lock();
        self.waiting.fetch_sub(1, Ordering::SeqCst);
        let mut desk = desk.unwrap_or_else(|poisoned| self.after_panic(poisoned));
        desk.failed.retain(|(_, members)| *members > 0);
        desk
    }

    /// A caller's work panicked half-way: what it wrote must not be committed by the next.
    fn after_panic<'a>(&'a self, poisoned: PoisonError<MutexGuard<'a, Desk>>) -> MutexGuard<'a, Desk> {
        self.desk.clear_poison();
        let mut desk = poisoned.into_inner();
        desk.give_up();
        self.settled.notify_all();
        desk
    }
}

/// Wakes those who wait for a group when the one at the desk panics.
struct Alarm<'a>(&'a Condvar);

impl Drop for Alarm<'_> {
    fn drop(&mut self) {
        if std::thread::panicking() {
            self.0.notify_all();
        }
    }
}

impl Desk {
    fn open(&mut self) -> Result<(), Fault> {
        if self.is_open {
            return Ok(());
        }
        self.connection.prepare_cached("BEGIN IMMEDIATE")?.execute(())?;
        self.group += 1;
        self.members = 0;
        self.bytes = 0;
        self.is_open = true;
        Ok(())
    }

    /// Runs `body` so that an error undoes its part of the transaction only.
    fn attempt<T>(&mut self, body: impl Fn(&Connection) -> Result<T, Fault>) -> Result<T, Fault> {
        if self.members > 0 {
            return self.attempt_among_others(body);
        }
        // The first needs no savepoint, for which SQLite would copy each page before its first change:
        // there is nothing else to keep.
        let answer = body(&self.connection);
        match answer {
            Ok(_) if self.connection.is_autocommit() => {
                self.give_up();
                Err(Fault::engine("the transaction was lost"))
            }
            Ok(_) => answer,
            Err(_) => {
                self.give_up();
                answer
            }
        }
    }

    fn attempt_among_others<T>(
        &mut self,
        body: impl Fn(&Connection) -> Result<T, Fault>,
    ) -> Result<T, Fault> {
        let connection = &self.connection;
        connection.prepare_cached("SAVEPOINT turn")?.execute(())?;
        let answer = body(connection);
        let end = match answer {
            Ok(_) => "RELEASE turn",
            Err(_) => "ROLLBACK TO turn; RELEASE turn",
        };
        let is_whole = !connection.is_autocommit() && connection.execute_batch(end).is_ok();
        if is_whole {
            return answer;
        }
        // The engine gave up the whole transaction (a full disk, a failing one).
        self.give_up();
        answer.and(Err(Fault::engine("the transaction was lost")))
    }

    /// Commits the open group for all its members.
    fn settle(&mut self) -> Result<(), Fault> {
        // After this returns `Ok` the log is on the disk, and only then anybody is told.
        let committed = self
            .connection
            .prepare_cached("COMMIT")
            .and_then(|mut commit| commit.execute(()));
        match committed {
            Ok(_) => {
                self.is_open = false;
                Ok(())
            }
            Err(error) => {
                self.give_up();
                Err(error.into())
            }
        }
    }

    /// Undoes the open group; its members will see that it failed.
    fn give_up(&mut self) {
        if !self.connection.is_autocommit() {
            let _ = self.connection.execute_batch("ROLLBACK");
        }
        if self.is_open {
            self.failed.push((self.group, self.members));
        }
        self.is_open = false;
    }

    /// Whether a group failed; each member asks once.
    fn has_failed(&mut self, group: u64) -> bool {
        match self.failed.iter_mut().find(|(failed, _)| *failed == group) {
            Some((_, members)) => {
                *members = members.saturating_sub(1);
                true
            }
            None => false,
        }
    }
}
