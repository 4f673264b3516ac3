//! What every handler shares: the node, who may sign, and what is under way.

use std::path::PathBuf;
use std::sync::{Arc, OnceLock};

use entente_exchange::hello::TlsKey;
use entente_exchange::taxii::Pages;
use entente_node::Node;
use entente_node::channel::Desk;
use entente_stix::time::Timestamp;
use tokio::sync::{Semaphore, watch};

use super::api::once::UnderWay;
use super::gate::Gate;
use super::limits::{
    BODIES_BYTES_MAX, CALLER_BODIES_BYTES_MAX, CALLER_LONG_MAX, CALLER_SMALL_BODIES_BYTES_MAX, LONG_MAX,
    PAGES_BYTES_MAX, SMALL_BODIES_BYTES_MAX, WORK_MAX,
};
use super::metrics::Metrics;
use super::peer::Door;
use super::problem::Problem;
use super::proxy::Proxy;
use super::shares::Shares;
use crate::cli::{self, Global};
use crate::desk::Signing;
use crate::exit::Failure;
use crate::kept::Kept;
use crate::{peers, place};

/// Why nothing can be signed.
enum Locked {
    NoParty,
    NoPassphrase,
}

/// A node that is served.
pub(crate) struct Server {
    pub(crate) node: Node,
    pub(crate) global: Global,
    /// The data folder.
    pub(crate) folder: PathBuf,
    signing: Result<Signing, Locked>,
    /// Whose word about others counts.
    pub(crate) proxies: Vec<Proxy>,
    /// The key that it shows where it does TLS itself.
    shown: OnceLock<TlsKey>,
    /// The peers, as the command line may change them meanwhile.
    pub(crate) peers: Kept<peers::Book>,
    /// What is remembered of who comes in.
    pub(crate) gate: Gate,
    /// What is remembered of peers that ask here.
    pub(crate) door: Door,
    /// Pages of TAXII collections as they were sent.
    pub(crate) pages: Pages,
    /// Places for requests that ask the node.
    pub(crate) work: Arc<Semaphore>,
    /// Bytes of bodies under way, by caller.
    pub(crate) bodies: Arc<Shares<String>>,
    /// The same of small bodies, which strangers send too: they do not crowd out who is known.
    pub(crate) small_bodies: Arc<Shares<String>>,
    /// Places for uploads and downloads of any length, which hold a thread for as long as the other side takes.
    pub(crate) long: Arc<Shares<String>>,
    /// Requests that are to be done once, and are being done.
    pub(crate) under_way: Arc<UnderWay>,
    pub(crate) metrics: Metrics,
    /// Changes whenever detections were recorded: whoever listens reads on.
    pub(crate) detected: watch::Sender<()>,
    stopping: watch::Sender<bool>,
}

impl Server {
    /// Opens the node for writing, for as long as the server runs.
    pub(crate) fn open(global: &Global, asked: &cli::Serve) -> Result<Server, Failure> {
        let node = place::open_to_write(global)?;
        let signing = match (node.me()?, &asked.unlock.passphrase_file) {
            (Some(_), Some(_)) => {
                let signing = Signing::unlock(&node, global, &asked.unlock, place::now())?;
                signing.catch_up(&node, place::now())?;
                Ok(signing)
            }
            (Some(_), None) => Err(Locked::NoPassphrase),
            (None, _) => Err(Locked::NoParty),
        };
        let folder = place::data_folder(global)?;
        Ok(Server {
            node,
            global: global.clone(),
            peers: peers::book(&folder),
            gate: Gate::new(&folder)?,
            door: Door::new()?,
            folder,
            signing,
            proxies: asked.trusted_proxy.clone(),
            shown: OnceLock::new(),
            pages: Pages::new(PAGES_BYTES_MAX),
            work: Arc::new(Semaphore::new(WORK_MAX)),
            bodies: Shares::new(BODIES_BYTES_MAX, CALLER_BODIES_BYTES_MAX),
            small_bodies: Shares::new(SMALL_BODIES_BYTES_MAX, CALLER_SMALL_BODIES_BYTES_MAX),
            long: Shares::new(LONG_MAX, CALLER_LONG_MAX),
            under_way: Arc::default(),
            metrics: Metrics::new().map_err(Failure::store)?,
            detected: watch::Sender::new(()),
            stopping: watch::Sender::new(false),
        })
    }

    /// Now.
    pub(crate) fn at(&self) -> Timestamp {
        place::now()
    }

    /// What this node's party signs with.
    pub(crate) fn signing(&self) -> Result<&Signing, Problem> {
        self.signing.as_ref().map_err(|locked| {
            Problem::locked(match locked {
                Locked::NoPassphrase => {
                    "the server was started without the passphrase of this party's keys; start it again with `--passphrase-file`"
                }
                Locked::NoParty => {
                    "this node was no party when the server started, so it has no keys to sign with; stop it, make it one with \
                     `entente party add --self NAME`, and start it again with `--passphrase-file`"
                }
            })
        })
    }

    /// Where this node's party signs.
    pub(crate) fn desk(&self) -> Result<Desk<'_>, Problem> {
        Ok(self.signing()?.desk(self.at()))
    }

    /// Says which TLS key the server shows.
    pub(crate) fn show(&self, key: TlsKey) {
        // Said once, before anybody is let in.
        let _ = self.shown.set(key);
    }

    /// The TLS key that the server shows; `None` where it does no TLS.
    pub(crate) fn shown(&self) -> Option<TlsKey> {
        self.shown.get().copied()
    }

    /// Why nothing can be signed, as a sentence.
    pub(crate) fn locked(&self) -> Option<&'static str> {
        self.signing.as_ref().err().map(|locked| match locked {
            Locked::NoPassphrase => {
                "no passphrase was given: what is signed already is served, nothing new is signed (`--passphrase-file`)"
            }
            Locked::NoParty => {
                "this node is no party: it serves its own people, and exchanges nothing; `entente party add --self NAME` makes it \
                 one, before the server is started"
            }
        })
    }

    /// Returns when the server is to stop.
    pub(crate) async fn stopped(&self) {
        // The sender lives as long as the server.
        let _ = self.stopping.subscribe().wait_for(|stop| *stop).await;
    }

    pub(crate) fn stop(&self) {
        self.stopping.send_replace(true);
    }

    /// Puts the store into its final form, where nobody holds the server any more.
    pub(crate) fn close(self: Arc<Self>) -> Result<(), Failure> {
        self.gate.write_uses(self.at())?;
        match Arc::try_unwrap(self) {
            Ok(server) => Ok(server.node.close()?),
            // Dropping the store does the same; only a failure would go untold.
            Err(_) => Ok(()),
        }
    }

    /// Where the first administrator is made, while there is none.
    pub(crate) fn first_link(&self, urls: &[String]) -> Result<Option<String>, Failure> {
        if self.gate.accounts.read()?.has_administrator() {
            return Ok(None);
        }
        let Some(url) = urls.first() else {
            return Ok(None);
        };
        let secret = self.gate.open_first()?;
        Ok(Some(format!("{url}/first/{}", secret.expose())))
    }
}
