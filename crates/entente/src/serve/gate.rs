//! What is remembered of who comes in: the book of accounts, sessions, failed tries, passwords verified a moment ago.
//!
//! Everything but the book lives in memory and ends with the server. Who asks is found in [`super::caller`].

#[cfg(test)]
mod tests;

use std::collections::{BTreeMap, BTreeSet};
use std::net::IpAddr;
use std::path::Path;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use axum::http::StatusCode;
use entente_access::recent::{Key, Recent};
use entente_access::secret::FirstLink;
use entente_access::session::{Session, Sessions};
use entente_access::throttle::{Kind, Network, Throttle, Try, Wait};
use entente_access::{Account, Accounts, Name, Seconds, Secret, name, password};
use entente_stix::time::Timestamp;
use tokio::sync::Semaphore;
use tokio::time::Instant;
use zeroize::Zeroizing;

use super::limits::{HASHING_MAX, HASHING_WAITING_MAX};
use super::problem::Problem;
use crate::accounts::{self, random};
use crate::exit::Failure;
use crate::kept::Kept;

/// The gate of a server.
pub(crate) struct Gate {
    /// Accounts, as the command line may change them meanwhile.
    pub(crate) accounts: Kept<Accounts>,
    /// What spans in memory are counted from: a clock that nobody sets back.
    began: Instant,
    memory: Mutex<Memory>,
    /// Places to hash a password: each takes 19 MiB and a core.
    hashing: Arc<Semaphore>,
    /// Places to wait for one.
    waiting: Arc<Semaphore>,
    /// Passwords that are being verified: who sends the same one meanwhile waits for the answer.
    under_way: Mutex<BTreeMap<Key, Arc<tokio::sync::Mutex<()>>>>,
}

struct Memory {
    throttle: Throttle,
    sessions: Sessions,
    recent: Recent,
    first: Option<FirstLink>,
    /// Tokens that were used, and are to be written down as such. Only ones that there are: the book bounds them.
    used: BTreeSet<String>,
}

/// For what a password is shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Door {
    /// For one request (HTTP Basic), where no code can follow: an account with a second factor has no password here.
    Request,
    /// To sign in, where a code may follow.
    SignIn,
}

/// What everyone hears who showed a wrong password, whether there is such an account or not.
const WRONG: &str = "this is not a name and password that are known here; an account with a second factor needs a token \
                     where no code can be asked for";

impl Gate {
    pub(crate) fn new(folder: &Path) -> Result<Gate, Failure> {
        Ok(Gate {
            accounts: accounts::book(folder),
            began: Instant::now(),
            memory: Mutex::new(Memory {
                throttle: Throttle::new(random()?),
                sessions: Sessions::default(),
                recent: Recent::new(random()?),
                first: None,
                used: BTreeSet::new(),
            }),
            hashing: Arc::new(Semaphore::new(HASHING_MAX)),
            waiting: Arc::new(Semaphore::new(HASHING_WAITING_MAX)),
            under_way: Mutex::default(),
        })
    }

    /// Seconds of the clock that only goes on.
    fn tick(&self) -> Seconds {
        self.began.elapsed().as_secs()
    }

    fn memory(&self) -> MutexGuard<'_, Memory> {
        self.memory.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Begins a try; 429 where there are none left for now. Dropped, it counts as failed.
    pub(crate) fn begin(&self, kind: Kind, account: &str, address: IpAddr) -> Result<Try, Problem> {
        let (network, at) = (Network::from(address), self.tick());
        let begun = self.memory().throttle.begin(kind, account, network, at);
        begun.map_err(too_many)
    }

    /// The try was right.
    pub(crate) fn right(&self, done: Try) {
        self.memory().throttle.succeeded(done);
    }

    /// Somebody has shown all that `name` needs to sign in: it is known from there now.
    pub(crate) fn signed_in_from(&self, name: &Name, address: IpAddr) {
        let at = self.tick();
        self.memory()
            .throttle
            .signed_in(name.as_str(), Network::from(address), at);
    }

    /// Verifies a password for the account that `claimed` names; what is wrong counts as a try. Takes the same turns and
    /// the same work, and gives the same answer, whether there is such an account or not.
    pub(crate) async fn verify(
        &self,
        claimed: &str,
        shown: &Zeroizing<String>,
        address: IpAddr,
        door: Door,
    ) -> Result<Name, Problem> {
        let book = self.accounts.read()?;
        let named: Option<Name> = claimed.parse().ok();
        let account = named
            .as_ref()
            .and_then(|name| book.get(name))
            .filter(|account| !account.disabled && (door == Door::SignIn || !account.has_second()));
        let counted = name::counted_as(claimed);
        let key = self
            .memory()
            .recent
            .key(&counted, account.map_or(0, Account::epoch), shown);
        let turn = self.turn(key);
        let _ours = turn.lock.lock().await;
        let begun = self.begin_unless_known(key, &counted, address)?;
        let is_hashed = begun.is_some();
        if let Some(begun) = begun {
            let kept = account.and_then(|account| account.password().cloned());
            match self.hash(shown.clone(), kept).await {
                Ok(true) => self.right(begun),
                Ok(false) => return Err(wrong()),
                Err(problem) => {
                    // What was not looked at was no try.
                    self.right(begun);
                    return Err(problem);
                }
            }
        }
        let (Some(name), Some(account)) = (named, account) else {
            return Err(wrong());
        };
        self.require_unchanged(&name, account)?;
        if !account.has_second() {
            self.signed_in_from(&name, address);
        }
        if is_hashed {
            let at = self.tick();
            self.memory().recent.verified(key, at);
        }
        Ok(name)
    }

    /// That an account is as it was when its password began to be verified: who waited in line meanwhile does not come in
    /// with the one that it had.
    fn require_unchanged(&self, name: &Name, before: &Account) -> Result<(), Problem> {
        let book = self.accounts.read()?;
        match book.get(name).is_some_and(|now| now.epoch() == before.epoch()) {
            true => Ok(()),
            false => Err(wrong()),
        }
    }

    /// Begins a try with a password, unless it was verified a moment ago. Who has no tries left is not told that either:
    /// it would be one more.
    fn begin_unless_known(&self, key: Key, account: &str, address: IpAddr) -> Result<Option<Try>, Problem> {
        let (network, at) = (Network::from(address), self.tick());
        // At once: many who show the right one together are not many tries.
        let memory = &mut *self.memory();
        let begun = memory.throttle.begin(Kind::Password, account, network, at);
        let begun = begun.map_err(too_many)?;
        if !memory.recent.knows(&key, at) {
            return Ok(Some(begun));
        }
        memory.throttle.succeeded(begun);
        Ok(None)
    }

    fn turn(&self, key: Key) -> Turn<'_> {
        let mut under_way = self.under_way.lock().unwrap_or_else(PoisonError::into_inner);
        let lock = Arc::clone(under_way.entry(key).or_default());
        Turn {
            gate: self,
            key,
            lock,
        }
    }

    /// Compares a password with what is kept of one, on a blocking thread.
    async fn hash(&self, shown: Zeroizing<String>, kept: Option<password::Kept>) -> Result<bool, Problem> {
        self.hashing(move || password::verify(&shown, kept.as_ref()).map_err(Failure::store))
            .await
    }

    /// A new password of `name`, as it is kept.
    pub(crate) async fn keep(&self, new: Zeroizing<String>, name: Name) -> Result<password::Kept, Problem> {
        let kept = self.hashing(move || accounts::hashed(&new, &name)).await;
        kept.map_err(|problem| match problem.status {
            StatusCode::UNPROCESSABLE_ENTITY => {
                let detail = problem.detail.clone();
                problem.at("/password", detail)
            }
            _ => problem,
        })
    }

    async fn hashing<T: Send + 'static>(
        &self,
        work: impl FnOnce() -> Result<T, Failure> + Send + 'static,
    ) -> Result<T, Problem> {
        let busy = || {
            Problem::busy("more passwords are shown than this node verifies at a time; ask again").retry(2)
        };
        let waiting = self.waiting.clone().try_acquire_owned().map_err(|_| busy())?;
        let place = self.hashing.clone().acquire_owned().await.map_err(|_| busy())?;
        // The places go with the work: who hangs up meanwhile does not make room for more.
        let done = tokio::task::spawn_blocking(move || {
            let done = work();
            drop((place, waiting));
            done
        });
        let done = done.await;
        Ok(done.map_err(|_| Problem::failed("this node could not finish that"))??)
    }

    /// Begins a session and gives its cookie's value.
    pub(crate) fn sign_in(
        &self,
        name: Name,
        account: &Account,
        awaits_second: bool,
    ) -> Result<Secret, Problem> {
        let secret = Secret::bare(&Zeroizing::new(random()?));
        let at = self.tick();
        self.memory()
            .sessions
            .begin(&secret, name, account.epoch(), awaits_second, at);
        Ok(secret)
    }

    /// The session of a cookie, unless its account changed since.
    pub(crate) fn session(&self, cookie: &str) -> Result<Option<Session>, Problem> {
        let at = self.tick();
        let Some(session) = self.memory().sessions.look(cookie, at) else {
            return Ok(None);
        };
        let book = self.accounts.read()?;
        let account = book.get(&session.account);
        if account.is_some_and(|account| !account.disabled && account.epoch() == session.epoch) {
            return Ok(Some(session));
        }
        self.sign_out(cookie);
        Ok(None)
    }

    pub(crate) fn sign_out(&self, cookie: &str) {
        self.memory().sessions.end(cookie);
    }

    /// Opens the link for the first administrator, in place of one that was opened before.
    pub(crate) fn open_first(&self) -> Result<Secret, Failure> {
        let secret = Secret::bare(&Zeroizing::new(random()?));
        let at = self.tick();
        self.memory().first = Some(FirstLink::new(&secret, at));
        Ok(secret)
    }

    /// That the link for the first administrator is open, and `secret` is its: 256 bits, as of a token.
    pub(crate) fn require_first(&self, secret: &str) -> Result<(), Problem> {
        let at = self.tick();
        let opens = self
            .memory()
            .first
            .as_ref()
            .is_some_and(|link| link.opens(secret, at));
        if opens && !self.accounts.read()?.has_administrator() {
            return Ok(());
        }
        Err(Problem::not_found(
            "this link is used, over, or never was one; where there is no administrator yet, start the server again for a new one, \
             or use `entente account add`",
        ))
    }

    /// The link is used.
    pub(crate) fn close_first(&self) {
        self.memory().first = None;
    }

    /// A token was used whose last use that is written down is old: to be written with the next ones.
    pub(crate) fn note_use(&self, token: String) {
        self.memory().used.insert(token);
    }

    /// Writes down which tokens were used, all in one change of the book.
    pub(crate) fn write_uses(&self, at: Timestamp) -> Result<(), Failure> {
        let used = std::mem::take(&mut self.memory().used);
        if used.is_empty() {
            return Ok(());
        }
        self.accounts.change(|book| {
            used.iter()
                .for_each(|token| book.note_use(token, accounts::seconds(at)));
            Ok(())
        })
    }
}

/// A place in the line of those who sent the same password.
struct Turn<'g> {
    gate: &'g Gate,
    key: Key,
    lock: Arc<tokio::sync::Mutex<()>>,
}

/// Also where the request ended early: lines that nobody stands in go.
impl Drop for Turn<'_> {
    fn drop(&mut self) {
        let mut under_way = self.gate.under_way.lock().unwrap_or_else(PoisonError::into_inner);
        // The table's and ours.
        if Arc::strong_count(&self.lock) <= 2 {
            under_way.remove(&self.key);
        }
    }
}

fn too_many(wait: Wait) -> Problem {
    Problem::too_many(format!(
        "there were too many failed tries for this account or from this network; wait {} s, and see that the secret is right; \
         tokens go on meanwhile, and so do networks that this account signed in from lately",
        wait.seconds
    ))
    .retry(wait.seconds)
}

fn wrong() -> Problem {
    Problem::unauthorized(WRONG).challenge(super::caller::CHALLENGE)
}
