//! The way to one peer: its address, whom it is believed to be, and how it is told who asks.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use entente_exchange::hello::TlsKey;
use entente_exchange::limits::{HELLO_BYTES_MAX, PACKED_BYTES_MAX};
use reqwest::Method;
use reqwest::header::{AUTHORIZATION, CONTENT_TYPE, HeaderMap, HeaderName, HeaderValue, RETRY_AFTER};
use url::{Host, Url};

use super::Peer;
use crate::exit::{Exit, Failure};
use crate::http::{Client, Fetch, FetchError, Fetched, Trust};
use crate::render::{safe, short};
use crate::serve::tls::Identity;
use crate::trust::{self, PinnedServer};
use crate::{place, trust::certificate};

/// The media type of messages between nodes.
pub(crate) const MESSAGE: &str = "application/vnd.entente.exchange";

/// For one question and its answer.
const ASK_WITHIN: Duration = Duration::from_secs(120);
/// For an introduction.
const HELLO_WITHIN: Duration = Duration::from_secs(20);

/// Bytes of a refusal that are read.
const PROBLEM_BYTES_MAX: usize = 64 << 10;

/// Seconds after which a peer that is busy is asked again where it does not say.
const RETRY_SECONDS: u64 = 5;
const RETRY_SECONDS_MAX: u64 = 3600;

/// A way to one peer.
pub(crate) struct Line {
    client: Client,
    url: Url,
    token: Option<HeaderValue>,
    keys: Option<Keys>,
}

/// Who is believed by its key, and what is shown to it.
struct Keys {
    server: Arc<PinnedServer>,
    own: TlsKey,
}

/// Why a peer did not answer.
#[derive(Debug, thiserror::Error)]
pub(crate) enum LineError {
    /// No connection, or none that lasted.
    #[error(transparent)]
    Fetch(#[from] FetchError),
    /// Somebody answers who is not believed.
    #[error("no trusted connection to {origin}: {cause}")]
    Untrusted { origin: String, cause: String },
    /// The peer refuses.
    #[error("{origin} refuses ({status}): {detail}")]
    Refused {
        origin: String,
        status: u16,
        detail: String,
    },
    /// The peer has too much to do.
    #[error("{origin} is busy: {detail}; it says to try again after {seconds} s")]
    Busy {
        origin: String,
        detail: String,
        seconds: u64,
    },
}

impl LineError {
    /// Whether asking again at once may help: something on the way broke.
    pub(crate) fn is_passing(&self) -> bool {
        matches!(
            self,
            LineError::Fetch(
                FetchError::Unreachable { .. } | FetchError::TooSlow { .. } | FetchError::Body { .. }
            )
        )
    }

    /// When the peer wants to be asked again.
    pub(crate) fn retry_seconds(&self) -> Option<u64> {
        match self {
            LineError::Busy { seconds, .. } => Some(*seconds),
            _ => None,
        }
    }
}

impl From<LineError> for Failure {
    fn from(error: LineError) -> Failure {
        Failure {
            exit: match error {
                LineError::Fetch(FetchError::File { .. }) => Exit::BadInput,
                _ => Exit::Network,
            },
            message: error.to_string(),
        }
    }
}

impl Line {
    /// The way to a peer from the data folder's node.
    pub(crate) fn to(peer: &Peer, data: &Path) -> Result<Line, Failure> {
        let url = peer.url.as_deref().ok_or_else(|| {
            Failure::usage("this peer asks here and has no address; `entente peer add URL` gives it one")
        })?;
        let pinned = peer.answers_with.as_ref().map(|pinned| pinned.key);
        Line::new(
            address(url)?,
            pinned,
            peer.token.as_deref(),
            peer.authority.as_deref(),
            data,
        )
    }

    /// With a token the server is believed by its certificate, as on the web; else by its key alone: by `pinned`, or
    /// by the first that it shows.
    pub(crate) fn new(
        url: Url,
        pinned: Option<TlsKey>,
        token: Option<&str>,
        authority: Option<&Path>,
        data: &Path,
    ) -> Result<Line, Failure> {
        require_address(&url, token.is_some())?;
        let token = token.map(bearer).transpose()?;
        let setup = |error: FetchError| Failure::from(LineError::from(error));
        if token.is_some() {
            let trust = authority.map_or(Trust::System, |path| Trust::Ca(path.to_owned()));
            let client = Client::new(trust).map_err(setup)?;
            return Ok(Line {
                client,
                url,
                token,
                keys: None,
            });
        }
        let own = Identity::to_show(data, place::now())?;
        let shown = own.chain.first().and_then(certificate::key_of);
        let shown = shown.ok_or_else(|| Failure::store("this node's own certificate cannot be read"))?;
        let server = PinnedServer::new(pinned, authority)?;
        let config = trust::client_config(server.clone(), own.chain, own.key)?;
        let client = Client::new(Trust::Config(Arc::new(config))).map_err(setup)?;
        Ok(Line {
            client,
            url,
            token,
            keys: Some(Keys { server, own: shown }),
        })
    }

    /// The key that this node shows.
    pub(crate) fn own_key(&self) -> Option<TlsKey> {
        self.keys.as_ref().map(|keys| keys.own)
    }

    /// The key that the peer showed.
    pub(crate) fn shown_key(&self) -> Option<TlsKey> {
        self.keys.as_ref().and_then(|keys| keys.server.shown().key)
    }

    /// Knocks (nothing), or says hello.
    pub(crate) async fn hello(&self, body: Vec<u8>) -> Result<Vec<u8>, LineError> {
        self.post(
            "peer/v1/hello",
            "text/plain; charset=utf-8",
            body,
            HELLO_BYTES_MAX,
            HELLO_WITHIN,
        )
        .await
    }

    /// Brings a question there and the answer back.
    pub(crate) async fn ask(&self, question: Vec<u8>) -> Result<Vec<u8>, LineError> {
        self.post("peer/v1/ask", MESSAGE, question, PACKED_BYTES_MAX, ASK_WITHIN)
            .await
    }

    async fn post(
        &self,
        path: &str,
        media_type: &'static str,
        body: Vec<u8>,
        bytes_max: usize,
        timeout: Duration,
    ) -> Result<Vec<u8>, LineError> {
        let url = self.at(path);
        let mut headers: Vec<(HeaderName, HeaderValue)> =
            vec![(CONTENT_TYPE, HeaderValue::from_static(media_type))];
        headers.extend(self.token.iter().map(|token| (AUTHORIZATION, token.clone())));
        let fetched = self.client.fetch(Fetch {
            method: Method::POST,
            url: &url,
            headers: &headers,
            body: Some(body),
            decoded_bytes_max: bytes_max.max(PROBLEM_BYTES_MAX),
            timeout,
        });
        let fetched = fetched.await.map_err(|error| self.told(error))?;
        match fetched.status {
            200 => Ok(fetched.body),
            _ => Err(self.refusal(&fetched)),
        }
    }

    fn at(&self, path: &str) -> Url {
        let mut url = self.url.clone();
        let base = url.path().trim_end_matches('/').to_owned();
        url.set_path(&format!("{base}/{path}"));
        url
    }

    fn origin(&self) -> String {
        self.url.origin().ascii_serialization()
    }

    /// What was wrong with a certificate is known here better than what came up through the layers.
    fn told(&self, error: FetchError) -> LineError {
        let refusal = self.keys.as_ref().and_then(|keys| keys.server.shown().refusal);
        match (error, refusal) {
            (FetchError::Untrusted { origin, .. } | FetchError::Unreachable { origin, .. }, Some(cause)) => {
                LineError::Untrusted { origin, cause }
            }
            (FetchError::Untrusted { origin, cause }, None) if self.keys.is_some() => {
                LineError::Untrusted { origin, cause }
            }
            (error, _) => error.into(),
        }
    }

    fn refusal(&self, fetched: &Fetched) -> LineError {
        let detail = detail(&fetched.body).unwrap_or_else(|| "it gives no reason".to_owned());
        let origin = self.origin();
        match fetched.status {
            429 | 503 => LineError::Busy {
                origin,
                detail,
                seconds: retry_after(&fetched.headers),
            },
            status => LineError::Refused {
                origin,
                status,
                detail,
            },
        }
    }
}

/// The address of a peer, read.
pub(crate) fn address(text: &str) -> Result<Url, Failure> {
    let url = Url::parse(text).map_err(|error| {
        Failure::usage(format!(
            "`{}` is no address: {error}; one looks like `https://cert.example:8440`",
            safe(text)
        ))
    })?;
    let is_bare = url.username().is_empty()
        && url.password().is_none()
        && url.query().is_none()
        && url.fragment().is_none();
    match is_bare {
        true => Ok(url),
        false => Err(Failure::usage(
            "the address of a peer has no name, password, query or fragment in it; tokens go into a file (`--token-file`)",
        )),
    }
}

/// Keys and tokens go over TLS; plain HTTP is for this machine, and there a token is needed.
fn require_address(url: &Url, has_token: bool) -> Result<(), Failure> {
    let is_loopback = match url.host() {
        Some(Host::Ipv4(address)) => address.is_loopback(),
        Some(Host::Ipv6(address)) => address.to_canonical().is_loopback(),
        Some(Host::Domain(name)) => name == "localhost",
        None => false,
    };
    match url.scheme() {
        "https" => Ok(()),
        "http" if !has_token => Err(Failure::usage(
            "over plain HTTP nobody can show a key; give a token with `--token-file`, or an address with https://",
        )),
        "http" if is_loopback => Ok(()),
        "http" => Err(Failure::usage(
            "plain HTTP beyond this machine could be read and changed on its way; give an address with https://",
        )),
        _ => Err(Failure::usage(
            "the address of a peer begins with https://, as in `https://cert.example:8440`",
        )),
    }
}

fn bearer(token: &str) -> Result<HeaderValue, Failure> {
    let mut value = HeaderValue::from_str(&format!("Bearer {token}"))
        .map_err(|_| Failure::input("the token has characters that no token has"))?;
    value.set_sensitive(true);
    Ok(value)
}

/// What a problem document (RFC 9457) says, made safe and short: a stranger wrote it.
fn detail(body: &[u8]) -> Option<String> {
    let problem: serde_json::Value = serde_json::from_slice(body).ok()?;
    let detail = problem.get("detail").or_else(|| problem.get("title"))?.as_str()?;
    Some(short(detail, 400))
}

fn retry_after(headers: &HeaderMap) -> u64 {
    let told = headers.get(RETRY_AFTER).and_then(|value| value.to_str().ok());
    let seconds = told.and_then(|told| told.parse().ok()).unwrap_or(RETRY_SECONDS);
    seconds.clamp(1, RETRY_SECONDS_MAX)
}
