//! TLS: the server's certificate from files, or a self-signed one made at first start; one provider, aws-lc-rs.

use std::fs;
use std::net::SocketAddr;
use std::path::Path;
use std::sync::Arc;

use entente_exchange::hello::TlsKey;
use entente_stix::time::Timestamp;
use rustls::ServerConfig;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio_rustls::TlsAcceptor;
use tokio_rustls::server::TlsStream;

use super::server::Server;
use crate::cli::{self, Global};
use crate::exit::Failure;
use crate::trust::{Callers, certificate};
use crate::{guard, place};

/// What greets in TLS.
pub(crate) type Tls = TlsAcceptor;

const FOLDER: &str = "tls";
const KEY: &str = "key.pem";
const CERTIFICATE: &str = "certificate.pem";

/// Days for which a self-signed certificate is good; what pins it pins its key, which stays.
const GOOD_FOR_DAYS: i64 = 397;
/// Days before its end on which it is made anew, at a start.
const RENEWED_BEFORE_DAYS: i64 = 90;

const DAY_MICROS: i64 = 86_400_000_000;

/// The key and the certificates that one side shows.
pub(crate) struct Identity {
    pub(crate) chain: Vec<CertificateDer<'static>>,
    pub(crate) key: PrivateKeyDer<'static>,
}

/// Says once which provider everything uses.
pub(crate) fn install_provider() {
    // Somebody else in this process did it already: that is as good.
    let _ = rustls::crypto::aws_lc_rs::default_provider().install_default();
}

/// How the server greets; `None` for plain HTTP.
pub(crate) fn for_server(
    global: &Global,
    asked: &cli::Serve,
    addresses: &[SocketAddr],
    server: &Arc<Server>,
) -> Result<Option<Tls>, Failure> {
    if asked.plain {
        return Ok(None);
    }
    let identity = match (&asked.cert, &asked.key) {
        (Some(cert), Some(key)) => Identity::read(cert, key)?,
        _ => Identity::own(
            &place::data_folder(global)?,
            &names(asked, addresses),
            place::now(),
        )?,
    };
    let wrong = |error| {
        Failure::input(format!(
            "the certificate and the key cannot be used: {error}; `--cert` is the chain with the server's own certificate first, \
             `--key` that certificate's private key, without a passphrase"
        ))
    };
    if let Some(key) = identity.chain.first().and_then(certificate::key_of) {
        server.show(key);
    }
    let mut config = ServerConfig::builder()
        .with_client_cert_verifier(Callers::new(asked.client_ca.as_deref())?)
        .with_single_cert(identity.chain, identity.key)
        .map_err(wrong)?;
    config.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
    Ok(Some(TlsAcceptor::from(Arc::new(config))))
}

fn names(asked: &cli::Serve, addresses: &[SocketAddr]) -> Vec<String> {
    let mut names = vec!["localhost".to_owned(), "127.0.0.1".to_owned(), "::1".to_owned()];
    names.extend(addresses.iter().map(|address| address.ip().to_string()));
    names.extend(asked.name.iter().cloned());
    names.sort();
    names.dedup();
    names
}

impl Identity {
    /// From files that the operator keeps.
    fn read(certificate: &Path, key: &Path) -> Result<Identity, Failure> {
        let cannot = |path: &Path, error: &dyn std::fmt::Display| {
            Failure::input(format!(
                "cannot read `{}`: {error}; give files in PEM that this process may read, or leave `--cert` and `--key` out: then \
                 the node makes a certificate of its own",
                path.display()
            ))
        };
        let chain = CertificateDer::pem_file_iter(certificate)
            .and_then(Iterator::collect::<Result<Vec<_>, _>>)
            .map_err(|error| cannot(certificate, &error))?;
        if chain.is_empty() {
            return Err(cannot(certificate, &"there is no certificate in it"));
        }
        let key = PrivateKeyDer::from_pem_file(key).map_err(|error| cannot(key, &error))?;
        Ok(Identity { chain, key })
    }

    /// The node's own, made at first need: one key for good, certificates for it as they run out.
    pub(crate) fn own(data: &Path, names: &[String], at: Timestamp) -> Result<Identity, Failure> {
        let folder = data.join(FOLDER);
        let key = own_key(&folder)?;
        let certificate_file = folder.join(CERTIFICATE);
        let made = format!("{}.made", CERTIFICATE);
        let wanted = format!("{} {}", at.micros() / DAY_MICROS, names.join(" "));
        if !is_still_good(fs::read_to_string(folder.join(&made)).ok().as_deref(), &wanted) {
            let cannot = |error| cannot_keep(&folder, &error);
            let certificate = self_signed(&key, names, at).map_err(Failure::store)?;
            guard::replace(&certificate_file, certificate.pem().as_bytes()).map_err(cannot)?;
            guard::replace(&folder.join(&made), wanted.as_bytes()).map_err(cannot)?;
        }
        Identity::read(&certificate_file, &folder.join(KEY))
    }

    /// What the node shows where it connects to others: its own key, in a certificate made for now.
    pub(crate) fn to_show(data: &Path, at: Timestamp) -> Result<Identity, Failure> {
        let key = own_key(&data.join(FOLDER))?;
        let certificate = self_signed(&key, &[], at).map_err(Failure::store)?;
        let secret = PrivateKeyDer::try_from(key.serialize_der()).map_err(Failure::store)?;
        Ok(Identity {
            chain: vec![certificate.der().clone()],
            key: secret,
        })
    }
}

/// The node's own key, made at first need.
fn own_key(folder: &Path) -> Result<rcgen::KeyPair, Failure> {
    let cannot = |error: &std::io::Error| cannot_keep(folder, error);
    guard::make_private(folder).map_err(|error| cannot(&error))?;
    let file = folder.join(KEY);
    if !file.exists() {
        let key = rcgen::KeyPair::generate().map_err(Failure::store)?;
        guard::put(&file, key.serialize_pem().as_bytes()).map_err(|error| cannot(&error))?;
    }
    let pem = fs::read_to_string(&file).map_err(|error| cannot(&error))?;
    rcgen::KeyPair::from_pem(&pem).map_err(|error| {
        Failure::store(format!(
            "`{}` is damaged: {error}; put it back from a backup, or remove it: then peers have to pin a new key",
            file.display()
        ))
    })
}

fn cannot_keep(folder: &Path, error: &std::io::Error) -> Failure {
    Failure::store(format!(
        "cannot keep a TLS key in `{}`: {error}; check its permissions and space",
        folder.display()
    ))
}

/// Whether what was made on a day for some names serves on this day for these.
fn is_still_good(made: Option<&str>, wanted: &str) -> bool {
    let day_and_names = |text: &str| {
        let (day, names) = text.split_once(' ')?;
        Some((day.parse::<i64>().ok()?, names.to_owned()))
    };
    match (made.and_then(day_and_names), day_and_names(wanted)) {
        (Some((made, for_names)), Some((today, names))) => {
            for_names == names && (made..made + GOOD_FOR_DAYS - RENEWED_BEFORE_DAYS).contains(&today)
        }
        _ => false,
    }
}

fn self_signed(
    key: &rcgen::KeyPair,
    names: &[String],
    at: Timestamp,
) -> Result<rcgen::Certificate, rcgen::Error> {
    let mut params = rcgen::CertificateParams::new(names)?;
    params.distinguished_name = rcgen::DistinguishedName::new();
    params
        .distinguished_name
        .push(rcgen::DnType::CommonName, "entente");
    // A day earlier than now: the other side's clock may be behind.
    let (year, month, day) = date(at.micros() - DAY_MICROS);
    params.not_before = rcgen::date_time_ymd(year, month, day);
    let (year, month, day) = date(at.micros() + GOOD_FOR_DAYS * DAY_MICROS);
    params.not_after = rcgen::date_time_ymd(year, month, day);
    params.key_usages = vec![rcgen::KeyUsagePurpose::DigitalSignature];
    params.extended_key_usages = vec![
        rcgen::ExtendedKeyUsagePurpose::ServerAuth,
        rcgen::ExtendedKeyUsagePurpose::ClientAuth,
    ];
    params.self_signed(key)
}

/// Year, month and day in UTC.
fn date(micros: i64) -> (i32, u8, u8) {
    let text = Timestamp::from_micros(micros).to_string();
    let year = text.get(..4).and_then(|year| year.parse().ok());
    let two = |from: usize| text.get(from..from + 2).and_then(|two| two.parse().ok());
    (year.unwrap_or(1970), two(5).unwrap_or(1), two(8).unwrap_or(1))
}

/// Whether HTTP/2 was agreed on.
pub(crate) fn is_h2<S>(stream: &TlsStream<S>) -> bool {
    stream.get_ref().1.alpn_protocol() == Some(b"h2")
}

/// The key that the other side proved to hold: SHA-256 of the SubjectPublicKeyInfo (RFC 5280 §4.1.2.7).
pub(crate) fn key_of_peer<S: AsyncRead + AsyncWrite>(stream: &TlsStream<S>) -> Option<TlsKey> {
    let certificates = stream.get_ref().1.peer_certificates()?;
    certificate::key_of(certificates.first()?)
}
