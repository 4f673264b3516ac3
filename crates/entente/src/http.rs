//! The HTTP client: one request, one answer, everything about it bounded.
//!
//! It follows no redirect, keeps no cookie and asks no proxy that nobody named: where an answer points is for the
//! caller to judge. Bodies are unpacked within bounds ([`crate::inflate`]). Begin at [`Client`].

use std::error::Error as _;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use reqwest::header::{ACCEPT_ENCODING, CONTENT_ENCODING, HeaderMap, HeaderName, HeaderValue};
use reqwest::{Certificate, Identity, Method};
use url::Url;

use crate::inflate::{self, Encoding, NotInflated};

/// Until a connection stands, its TLS handshake included.
const CONNECT_MAX: Duration = Duration::from_secs(10);

/// Between two pieces of an answer.
const READ_MAX: Duration = Duration::from_secs(30);

/// A connection that nobody uses is closed.
const IDLE_MAX: Duration = Duration::from_secs(30);

/// Bytes of the headers of an answer over HTTP/2, and fields over HTTP/1.1.
const HEADER_BYTES_MAX: u32 = 64 << 10;
const HEADERS_MAX: usize = 128;

/// Whom a client believes.
#[derive(Clone, Debug)]
pub(crate) enum Trust {
    /// The authorities that the system trusts.
    System,
    /// Only the certificates in a PEM file.
    Ca(PathBuf),
    /// What this says, such as keys pinned for peers.
    Config(Arc<rustls::ClientConfig>),
}

/// How a client is to be made.
#[derive(Clone, Debug)]
pub(crate) struct Setup {
    pub(crate) trust: Trust,
    /// A PEM file with the client's certificate and its key. Not with [`Trust::Config`], which has its own.
    pub(crate) identity: Option<PathBuf>,
    /// Whether `HTTPS_PROXY` and its like count.
    pub(crate) environment_proxy: bool,
}

impl From<Trust> for Setup {
    fn from(trust: Trust) -> Setup {
        Setup {
            trust,
            identity: None,
            environment_proxy: false,
        }
    }
}

/// One request.
#[derive(Debug)]
pub(crate) struct Fetch<'a> {
    pub(crate) method: Method,
    pub(crate) url: &'a Url,
    pub(crate) headers: &'a [(HeaderName, HeaderValue)],
    pub(crate) body: Option<Vec<u8>>,
    /// Bytes of the answer's body, unpacked.
    pub(crate) decoded_bytes_max: usize,
    /// For everything, from the first packet to the last byte.
    pub(crate) timeout: Duration,
}

/// One answer, its body unpacked.
#[derive(Debug)]
pub(crate) struct Fetched {
    pub(crate) status: u16,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Vec<u8>,
}

/// Why there is no answer. Nothing of the request's secrets is in the words.
#[derive(Debug, thiserror::Error)]
pub(crate) enum FetchError {
    /// The client cannot be made.
    #[error("cannot prepare the connection: {0}")]
    Setup(String),
    /// A file of certificates.
    #[error("cannot use `{path}`: {cause}; give a PEM file")]
    File { path: String, cause: String },
    /// The name is unknown, nobody listens, or the connection broke.
    #[error("cannot reach {origin}: {cause}; check the address and the network, and try again later")]
    Unreachable { origin: String, cause: String },
    /// The server's certificate is not believed, or no common way to encrypt was found.
    #[error(
        "no trusted connection to {origin}: {cause}; if the server has a certificate of its own making, get it by a safe way and name it with `--ca FILE`"
    )]
    Untrusted { origin: String, cause: String },
    /// Too slow.
    #[error("{origin} gave no whole answer within {seconds} s; try again later")]
    TooSlow { origin: String, seconds: u64 },
    /// The body does not unpack, or is too big.
    #[error("{origin} answered what cannot be read: {cause}")]
    Body { origin: String, cause: NotInflated },
}

/// An HTTP client; cheap to clone, connections are shared.
#[derive(Clone, Debug)]
pub(crate) struct Client {
    inner: reqwest::Client,
}

impl Client {
    /// A client that believes whom `setup` says.
    ///
    /// # Errors
    /// [`FetchError::File`], [`FetchError::Setup`].
    pub(crate) fn new(setup: impl Into<Setup>) -> Result<Client, FetchError> {
        let setup = setup.into();
        let mut builder = reqwest::Client::builder()
            .user_agent(concat!("entente/", env!("CARGO_PKG_VERSION")))
            .redirect(reqwest::redirect::Policy::none())
            .retry(reqwest::retry::never())
            .referer(false)
            .connect_timeout(CONNECT_MAX)
            .read_timeout(READ_MAX)
            .pool_idle_timeout(IDLE_MAX)
            .http1_max_headers(HEADERS_MAX)
            .http2_max_header_list_size(HEADER_BYTES_MAX);
        if !setup.environment_proxy {
            builder = builder.no_proxy();
        }
        builder = match &setup.trust {
            Trust::System => builder.tls_backend_rustls(),
            Trust::Ca(path) => builder.tls_backend_rustls().tls_certs_only(authorities(path)?),
            Trust::Config(config) => builder.tls_backend_preconfigured(config.as_ref().clone()),
        };
        if let Some(path) = &setup.identity {
            builder = builder.identity(identity(path)?);
        }
        let inner = builder.build().map_err(|error| FetchError::Setup(root(&error)))?;
        Ok(Client { inner })
    }

    /// Sends a request and brings the whole answer, whatever its status; a redirect is an answer too.
    ///
    /// # Errors
    /// [`FetchError`].
    pub(crate) async fn fetch(&self, fetch: Fetch<'_>) -> Result<Fetched, FetchError> {
        let origin = fetch.url.origin().ascii_serialization();
        let timeout = fetch.timeout;
        match tokio::time::timeout(timeout, self.fetch_in_time(fetch, &origin)).await {
            Ok(fetched) => fetched,
            Err(_) => Err(FetchError::TooSlow {
                origin,
                seconds: timeout.as_secs(),
            }),
        }
    }

    async fn fetch_in_time(&self, fetch: Fetch<'_>, origin: &str) -> Result<Fetched, FetchError> {
        let mut request = self
            .inner
            .request(fetch.method, fetch.url.clone())
            .header(ACCEPT_ENCODING, "zstd, gzip, deflate");
        for (name, value) in fetch.headers {
            request = request.header(name, value);
        }
        if let Some(body) = fetch.body {
            request = request.body(body);
        }
        let failed = |error: reqwest::Error| failed(origin, &error);
        let unread = |cause| FetchError::Body {
            origin: origin.to_owned(),
            cause,
        };
        let mut response = request.send().await.map_err(failed)?;
        let encoding = encodings(response.headers());
        let encoding = Encoding::named(&encoding).ok_or_else(|| unread(NotInflated::Encoding(encoding)))?;
        let bytes_max = fetch.decoded_bytes_max;
        let packed_max = match encoding {
            Encoding::Identity => bytes_max,
            _ => bytes_max.saturating_add(inflate::PACKING_BYTES_MAX),
        };
        let mut packed = Vec::new();
        while let Some(piece) = response.chunk().await.map_err(failed)? {
            packed.extend_from_slice(&piece);
            if packed.len() > packed_max {
                let bytes_max = bytes_max as u64;
                return Err(unread(NotInflated::TooBig { bytes_max }));
            }
        }
        Ok(Fetched {
            status: response.status().as_u16(),
            headers: std::mem::take(response.headers_mut()),
            body: unpacked(encoding, packed, bytes_max).await.map_err(unread)?,
        })
    }
}

async fn unpacked(encoding: Encoding, packed: Vec<u8>, bytes_max: usize) -> Result<Vec<u8>, NotInflated> {
    if encoding == Encoding::Identity {
        return Ok(packed);
    }
    // Much may come out of little: others' turns on this thread do not wait for it.
    let done = tokio::task::spawn_blocking(move || inflate::unpacked(encoding, &packed, bytes_max));
    done.await
        .unwrap_or_else(|_| Err(NotInflated::Damaged("it could not be unpacked".to_owned())))
}

fn authorities(path: &Path) -> Result<Vec<Certificate>, FetchError> {
    let certificates =
        Certificate::from_pem_bundle(&read(path)?).map_err(|error| unusable(path, root(&error)))?;
    match certificates.is_empty() {
        true => Err(unusable(path, "there is no certificate in it".to_owned())),
        false => Ok(certificates),
    }
}

fn identity(path: &Path) -> Result<Identity, FetchError> {
    Identity::from_pem(&read(path)?).map_err(|error| unusable(path, root(&error)))
}

fn read(path: &Path) -> Result<Vec<u8>, FetchError> {
    std::fs::read(path).map_err(|error| unusable(path, error.to_string()))
}

fn unusable(path: &Path, cause: String) -> FetchError {
    FetchError::File {
        path: path.display().to_string(),
        cause,
    }
}

/// The words of `Content-Encoding`, in order.
fn encodings(headers: &HeaderMap) -> String {
    let values = headers.get_all(CONTENT_ENCODING).iter();
    let words: Vec<&str> = values.filter_map(|value| value.to_str().ok()).collect();
    words.join(",")
}

fn failed(origin: &str, error: &reqwest::Error) -> FetchError {
    let origin = origin.to_owned();
    if error.is_timeout() {
        let limit = if error.is_connect() { CONNECT_MAX } else { READ_MAX };
        return FetchError::TooSlow {
            origin,
            seconds: limit.as_secs(),
        };
    }
    let cause = root(error);
    match is_of_tls(error) {
        true => FetchError::Untrusted { origin, cause },
        false => FetchError::Unreachable { origin, cause },
    }
}

/// The innermost cause: the layers above it only say that something failed.
fn root(error: &reqwest::Error) -> String {
    let mut innermost: &dyn std::error::Error = error;
    while let Some(source) = innermost.source() {
        innermost = source;
    }
    // An I/O error that carries another one does not name it as its source, but says the same.
    innermost.to_string()
}

fn is_of_tls(error: &reqwest::Error) -> bool {
    let mut next = error.source();
    while let Some(cause) = next {
        if cause.is::<rustls::Error>() {
            return true;
        }
        // An I/O error that carries another one names that one's source, not itself.
        let carried = cause
            .downcast_ref::<std::io::Error>()
            .and_then(std::io::Error::get_ref);
        next = match carried {
            Some(carried) => Some(carried),
            None => cause.source(),
        };
    }
    false
}

#[cfg(test)]
mod tests;
