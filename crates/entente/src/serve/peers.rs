//! Conversations that the server has by itself: a task for each peer, with its own pace and patience.
//!
//! One looks at the book of peers and keeps the tasks as the book says; a peer that is slow, hostile or away holds up
//! nobody but itself. How it goes is kept in the store ([`State`]).

mod pace;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use entente_exchange::{Account, Sync};
use entente_node::Node;
use entente_node::channel::Desk;
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
    wake: Arc<Wake>,
    handle: AbortHandle,
}

/// What a task waits for beside its time.
#[derive(Default)]
struct Wake {
    /// There may be something to read, or there is something to tell.
    news: Notify,
    /// Somebody wants a conversation now.
    wish: Notify,
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
                task.wake.news.notify_one();
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
            let wake = Arc::new(Wake::default());
            let talk = converse(server.clone(), party.clone(), peer.clone(), wake.clone());
            Task {
                peer: peer.clone(),
                wake,
                handle: tasks.spawn(talk),
            }
        });
        // Somebody at the command line wants a conversation now.
        if task.peer.wanted != peer.wanted {
            task.peer.wanted.clone_from(&peer.wanted);
            task.wake.wish.notify_one();
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
async fn converse(server: Arc<Server>, party: String, peer: Peer, wake: Arc<Wake>) {
    let interval = peer.every_seconds.unwrap_or(INTERVAL_SECONDS);
    let mut pace = Pace::new(Duration::from_secs(u64::from(interval)));
    loop {
        let due = tokio::time::sleep(pace.wait());
        tokio::pin!(due);
        tokio::select! {
            () = &mut due => {}
            // Whoever operates the node may try again at any time.
            () = wake.wish.notified() => {}
            () = tokio::time::sleep(pace.rest()) => tokio::select! {
                () = &mut due => {}
                () = wake.wish.notified() => {}
                () = wake.news.notified() => {}
            }
        }
        let talk = conversation(&server, &party, &peer).await;
        match &talk.broken {
            None => pace.succeeded(),
            Some(broken) => pace.failed(broken.retry.map(Duration::from_secs)),
        }
        settle(&server, &party, talk, pace.held()).await;
    }
}

/// A conversation that came to an end, its own or an early one.
struct Talk {
    account: Account,
    broken: Option<Broken>,
}

/// Why a conversation ended early.
struct Broken {
    why: String,
    /// When the peer wants to be asked again, in seconds.
    retry: Option<u64>,
}

impl From<Problem> for Broken {
    fn from(problem: Problem) -> Broken {
        Broken {
            why: problem.detail,
            retry: None,
        }
    }
}

impl From<LineError> for Broken {
    fn from(error: LineError) -> Broken {
        Broken {
            why: error.to_string(),
            retry: error.retry_seconds(),
        }
    }
}

/// One conversation: its questions go over the network, its answers are taken in on blocking threads.
async fn conversation(server: &Arc<Server>, party: &str, peer: &Peer) -> Talk {
    let sync = Arc::new(Mutex::new(Sync::new(party)));
    let talk = until_over(server, party, peer, &sync);
    let broken = match tokio::time::timeout(CONVERSATION_MAX, talk).await {
        Ok(ended) => ended.err(),
        Err(_) => Some(Broken {
            why: "the conversation took longer than half an hour".to_owned(),
            retry: None,
        }),
    };
    let account = sync
        .lock()
        .unwrap_or_else(PoisonError::into_inner)
        .account()
        .clone();
    Talk { account, broken }
}

async fn until_over(
    server: &Arc<Server>,
    party: &str,
    peer: &Peer,
    sync: &Arc<Mutex<Sync>>,
) -> Result<(), Broken> {
    let (party, peer) = (party.to_owned(), peer.clone());
    let line = blocking(server, move |server| {
        peer.require_counting(&server.node, &party)?;
        Ok(Line::to(&peer, &server.folder)?)
    });
    let line = line.await?;
    loop {
        let asked = at_desk(server, sync, |sync, node, desk| sync.ask(node, desk));
        let Some(question) = asked.await? else {
            return Ok(());
        };
        let answer = talk::carry(&line, &question).await?;
        at_desk(server, sync, move |sync, node, desk| {
            sync.take(node, desk, &answer)
        })
        .await?;
    }
}

/// Does a step of a conversation where this node's party signs.
async fn at_desk<T: Send + 'static>(
    server: &Arc<Server>,
    sync: &Arc<Mutex<Sync>>,
    step: impl FnOnce(&mut Sync, &Node, &Desk<'_>) -> Result<T, entente_exchange::Error> + Send + 'static,
) -> Result<T, Broken> {
    let sync = sync.clone();
    let stepped = blocking(server, move |server| {
        let mut sync = sync.lock().unwrap_or_else(PoisonError::into_inner);
        let stepped = step(&mut sync, &server.node, &server.desk()?);
        Ok(stepped.map_err(|error| Broken {
            why: talk::failure(error).message,
            retry: None,
        }))
    });
    stepped.await?
}

fn after(at: Timestamp, time: Duration) -> Timestamp {
    let micros = i64::try_from(time.as_micros()).unwrap_or(i64::MAX);
    Timestamp::from_micros(at.micros().saturating_add(micros))
}

/// Keeps how it went.
async fn settle(server: &Arc<Server>, party: &str, talk: Talk, held: Option<Duration>) {
    let party = party.to_owned();
    let kept = blocking(server, move |server| {
        let at = server.at();
        let mut state = State::of(&server.node, &party, at)?;
        state.tried = Some(at.to_string());
        match &talk.broken {
            None => state.succeed(&talk.account, at),
            Some(broken) => state.fail(&broken.why, &talk.account, held.map(|held| after(at, held))),
        }
        state.measure(&server.node, &party)?;
        state.keep(&server.node, &party, at)?;
        for alarm in &talk.account.alarms {
            eprintln!("entente: ALARM: {}", crate::answers::bundle::alarm_words(alarm));
        }
        Ok(())
    });
    if let Err(problem) = kept.await {
        eprintln!("entente: peers: {}", safe(&problem.detail));
    }
}
