//! Conversations that the server has by itself: a task for each peer, with its own pace and patience.
//!
//! One looks at the book of peers and keeps the tasks as the book says; a peer that is slow, hostile or away holds up
//! nobody but itself. How it goes is kept in the store ([`State`]).

mod pace;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;

use entente_exchange::{Account, Sync};
use entente_stix::time::Timestamp;
use tokio::sync::Notify;
use tokio::task::{AbortHandle, JoinSet};

use super::problem::Problem;
use super::server::Server;
use super::work::blocking;
use crate::peers::line::{Line, LineError};
use crate::peers::state::State;
use crate::peers::{Book, INTERVAL_SECONDS, Peer, talk};
use crate::render::safe;
use pace::Pace;

/// How often the book of peers is looked at.
const LOOK_EVERY: Duration = Duration::from_secs(1);
/// For a whole conversation; the next one goes on where it ended.
const CONVERSATION_MAX: Duration = Duration::from_secs(1800);
/// Peers that are talked with; more are kept, and not asked.
pub(crate) const PEERS_MAX: usize = 1000;

/// The task of one peer.
struct Task {
    peer: Peer,
    nudge: Arc<Notify>,
    handle: AbortHandle,
}

/// Keeps a task for each peer that the book names, until the server stops, and wakes those for whom there is something.
pub(crate) async fn attend(server: Arc<Server>) {
    let mut tasks = JoinSet::new();
    let mut talking: BTreeMap<String, Task> = BTreeMap::new();
    let mut heads = Heads::new();
    loop {
        if let Some(book) = read(&server).await {
            follow(&server, &book, &mut tasks, &mut talking);
        }
        let moved = moved(&server, &mut heads).await;
        for party in moved.into_iter().chain(server.door.heard()) {
            if let Some(task) = talking.get(&party) {
                task.nudge.notify_one();
            }
        }
        while tasks.try_join_next().is_some() {}
        tokio::select! {
            () = tokio::time::sleep(LOOK_EVERY) => {}
            () = server.door.somebody_spoke() => {}
            () = server.stopped() => return,
        }
    }
}

/// Starts, restarts and ends tasks so that they are as the book says.
fn follow(server: &Arc<Server>, book: &Book, tasks: &mut JoinSet<()>, talking: &mut BTreeMap<String, Task>) {
    let asked: BTreeMap<&String, &Peer> = book.asked().take(PEERS_MAX).collect();
    talking.retain(|party, task| {
        let stays = asked.get(party).is_some_and(|peer| is_same(&task.peer, peer));
        if !stays {
            task.handle.abort();
        }
        stays
    });
    for (party, peer) in asked {
        let task = talking.entry(party.clone()).or_insert_with(|| {
            let nudge = Arc::new(Notify::new());
            let talk = converse(server.clone(), party.clone(), peer.clone(), nudge.clone());
            Task {
                peer: peer.clone(),
                nudge,
                handle: tasks.spawn(talk),
            }
        });
        // Somebody at the command line wants a conversation now.
        if task.peer.wanted != peer.wanted {
            task.peer.wanted.clone_from(&peer.wanted);
            task.nudge.notify_one();
        }
    }
}

/// Whether a task for the one serves for the other.
fn is_same(one: &Peer, other: &Peer) -> bool {
    let plain = |peer: &Peer| Peer {
        wanted: None,
        asks_with: None,
        ..peer.clone()
    };
    plain(one) == plain(other)
}

/// Signed sizes of this node's own logs.
type Heads = BTreeMap<String, u64>;

/// The readers of logs that have a new head.
async fn moved(server: &Arc<Server>, heads: &mut Heads) -> BTreeSet<String> {
    let own = blocking(server, |server| {
        let me = server.node.me()?.map(|me| me.id);
        let mut channels = server.node.store().channels()?;
        channels.retain(|channel| Some(&channel.owner) == me.as_ref());
        Ok(channels)
    });
    let mut readers = BTreeSet::new();
    for channel in own.await.unwrap_or_default() {
        let before = heads.insert(channel.origin, channel.size);
        if before.is_some_and(|before| before != channel.size) {
            readers.extend(channel.audience);
        }
    }
    readers
}

/// How it goes with every peer of the book, by party: for `/metrics` and REST.
pub(crate) fn states(server: &Server) -> Result<Vec<(String, Peer, State)>, Problem> {
    let book = server.peers.read()?;
    let at = server.at();
    let states = book.peers.iter().map(|(party, peer)| {
        let mut state = State::of(&server.node, party, at)?;
        state.measure(&server.node, party)?;
        Ok((party.clone(), peer.clone(), state))
    });
    states.collect()
}

async fn read(server: &Arc<Server>) -> Option<Arc<Book>> {
    match blocking(server, |server| Ok(server.peers.read()?)).await {
        Ok(book) => Some(book),
        // It is looked at again soon; whom we talk with stays the same until then.
        Err(problem) => {
            eprintln!("entente: peers: {}", safe(&problem.detail));
            None
        }
    }
}

/// Talks with one peer again and again.
async fn converse(server: Arc<Server>, party: String, peer: Peer, nudge: Arc<Notify>) {
    let interval = peer.every_seconds.unwrap_or(INTERVAL_SECONDS);
    let mut pace = Pace::new(Duration::from_secs(u64::from(interval)));
    loop {
        let due = tokio::time::sleep(pace.wait());
        tokio::pin!(due);
        tokio::select! {
            () = &mut due => {}
            () = tokio::time::sleep(pace.rest()) => tokio::select! {
                () = &mut due => {}
                () = nudge.notified() => {}
            }
        }
        let talk = conversation(&server, &party, &peer);
        let end = tokio::time::timeout(CONVERSATION_MAX, talk).await;
        let end = end.unwrap_or_else(|_| End::failed("the conversation took longer than half an hour"));
        match &end.error {
            None => pace.succeeded(),
            Some(_) => pace.failed(end.retry.map(Duration::from_secs)),
        }
        settle(&server, &party, end, pace.held()).await;
    }
}

/// How a conversation ended.
struct End {
    account: Account,
    error: Option<String>,
    /// When the peer wants to be asked again, in seconds.
    retry: Option<u64>,
}

impl End {
    fn failed(why: impl Into<String>) -> End {
        End {
            account: Account::default(),
            error: Some(why.into()),
            retry: None,
        }
    }
}

/// One conversation, its questions asked on the network and its answers taken in on blocking threads.
async fn conversation(server: &Arc<Server>, party: &str, peer: &Peer) -> End {
    let made = {
        let peer = peer.clone();
        blocking(server, move |server| Ok(Line::to(&peer, &server.folder)?))
    };
    let line = match made.await {
        Ok(line) => line,
        Err(problem) => return End::failed(problem.detail),
    };
    let mut sync = Sync::new(party);
    let (mut error, mut retry) = (None, None);
    loop {
        let step = step(server, &line, sync).await;
        match step {
            Step::Next(next) => sync = next,
            Step::Over(last) => {
                sync = last;
                break;
            }
            Step::Broken(last, why) => {
                retry = why.retry_seconds();
                error = Some(why.to_string());
                sync = last;
                break;
            }
            Step::Failed(last, why) => {
                error = Some(why);
                let Some(last) = last else {
                    return End {
                        error,
                        ..End::failed("")
                    };
                };
                sync = *last;
                break;
            }
        }
    }
    End {
        account: sync.account().clone(),
        error,
        retry,
    }
}

/// What one question and its answer came to.
enum Step {
    Next(Sync),
    Over(Sync),
    Broken(Sync, LineError),
    Failed(Option<Box<Sync>>, String),
}

async fn step(server: &Arc<Server>, line: &Line, sync: Sync) -> Step {
    let asked = blocking(server, move |server| {
        let mut sync = sync;
        let question = match server.desk() {
            Ok(desk) => sync
                .ask(&server.node, &desk)
                .map_err(|error| talk::failure(error).message),
            Err(locked) => Err(locked.detail),
        };
        Ok((sync, question))
    });
    let (sync, question) = match asked.await {
        Ok((sync, Ok(Some(question)))) => (sync, question),
        Ok((sync, Ok(None))) => return Step::Over(sync),
        Ok((sync, Err(why))) => return Step::Failed(Some(Box::new(sync)), why),
        Err(problem) => return Step::Failed(None, problem.detail),
    };
    let answer = match talk::carry(line, &question).await {
        Ok(answer) => answer,
        Err(error) => return Step::Broken(sync, error),
    };
    let taken = blocking(server, move |server| {
        let mut sync = sync;
        let taken = match server.desk() {
            Ok(desk) => sync
                .take(&server.node, &desk, &answer)
                .map_err(|error| talk::failure(error).message),
            Err(locked) => Err(locked.detail),
        };
        Ok((sync, taken))
    });
    match taken.await {
        Ok((sync, Ok(()))) => Step::Next(sync),
        Ok((sync, Err(why))) => Step::Failed(Some(Box::new(sync)), why),
        Err(problem) => Step::Failed(None, problem.detail),
    }
}

fn after(at: Timestamp, time: Duration) -> Timestamp {
    let micros = i64::try_from(time.as_micros()).unwrap_or(i64::MAX);
    Timestamp::from_micros(at.micros().saturating_add(micros))
}

/// Keeps how it went.
async fn settle(server: &Arc<Server>, party: &str, end: End, held: Option<Duration>) {
    let party = party.to_owned();
    let kept = blocking(server, move |server| {
        let at = server.at();
        let mut state = State::of(&server.node, &party, at)?;
        state.tried = Some(at.to_string());
        match &end.error {
            None => state.succeed(&end.account, at),
            Some(why) => state.fail(why, &end.account, held.map(|held| after(at, held))),
        }
        state.measure(&server.node, &party)?;
        state.keep(&server.node, &party, at)?;
        for alarm in &end.account.alarms {
            eprintln!("entente: ALARM: {}", crate::answers::bundle::alarm_words(alarm));
        }
        Ok(())
    });
    if let Err(problem) = kept.await {
        eprintln!("entente: peers: {}", safe(&problem.detail));
    }
}
