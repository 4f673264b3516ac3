//! What stands between two nodes in a test: a relay of bytes that can be cut, or one that does TLS with a key of its own.

use std::io::{Read, Write};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, AtomicU64, Ordering};
use std::time::Duration;

/// Passes bytes on between whoever connects and a server; counts them, and cuts where it is told to.
pub(super) struct Relay {
    pub(super) url: String,
    counts: Arc<Counts>,
}

struct Counts {
    /// Bytes from the server that were passed on.
    down: AtomicU64,
    /// Bytes to the server.
    up: AtomicU64,
    /// Bytes from the server until the connection is cut; below zero: it is not.
    until_cut: AtomicI64,
    cuts: AtomicU64,
}

impl Relay {
    /// In front of the server at `address`.
    pub(super) fn before(address: &str) -> Relay {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let url = format!("https://{}", listener.local_addr().unwrap());
        let counts = Arc::new(Counts {
            down: AtomicU64::new(0),
            up: AtomicU64::new(0),
            until_cut: AtomicI64::new(-1),
            cuts: AtomicU64::new(0),
        });
        let (address, shared) = (address.to_owned(), counts.clone());
        std::thread::spawn(move || {
            for near in listener.incoming().map_while(Result::ok) {
                let Ok(far) = TcpStream::connect(&address) else {
                    continue;
                };
                pass_on(near, far, &shared);
            }
        });
        Relay { url, counts }
    }

    /// Cuts once so many more bytes came from the server.
    pub(super) fn cut_after(&self, bytes: i64) {
        self.counts.until_cut.store(bytes, Ordering::SeqCst);
    }

    /// Bytes both ways since this was asked last.
    pub(super) fn bytes(&self) -> u64 {
        self.counts.down.swap(0, Ordering::SeqCst) + self.counts.up.swap(0, Ordering::SeqCst)
    }

    pub(super) fn cuts(&self) -> u64 {
        self.counts.cuts.load(Ordering::SeqCst)
    }
}

fn pass_on(near: TcpStream, far: TcpStream, counts: &Arc<Counts>) {
    let (mut up_from, mut up_to) = (near.try_clone().unwrap(), far.try_clone().unwrap());
    let shared = counts.clone();
    std::thread::spawn(move || {
        let mut buffer = [0; 16 << 10];
        while let Ok(read @ 1..) = up_from.read(&mut buffer) {
            shared.up.fetch_add(read as u64, Ordering::SeqCst);
            if up_to.write_all(&buffer[..read]).is_err() {
                break;
            }
        }
        let _ = up_to.shutdown(Shutdown::Both);
    });
    let shared = counts.clone();
    std::thread::spawn(move || {
        let (mut from, mut to) = (far, near);
        let mut buffer = [0; 4 << 10];
        while let Ok(read @ 1..) = from.read(&mut buffer) {
            let left = shared.until_cut.load(Ordering::SeqCst);
            if (0..=read as i64).contains(&left) {
                shared.until_cut.store(-1, Ordering::SeqCst);
                shared.cuts.fetch_add(1, Ordering::SeqCst);
                shared.down.fetch_add(left as u64, Ordering::SeqCst);
                let _ = to.write_all(&buffer[..left as usize]);
                break;
            }
            if left >= 0 {
                shared.until_cut.fetch_sub(read as i64, Ordering::SeqCst);
            }
            shared.down.fetch_add(read as u64, Ordering::SeqCst);
            if to.write_all(&buffer[..read]).is_err() {
                break;
            }
        }
        let _ = to.shutdown(Shutdown::Both);
        let _ = from.shutdown(Shutdown::Both);
    });
}

/// A TLS server with a key of its own that does `attend` with each connection, after the handshake.
pub(super) struct Greeter {
    pub(super) url: String,
    pub(super) key: rcgen::KeyPair,
}

pub(super) type Stream = rustls::StreamOwned<rustls::ServerConnection, TcpStream>;

impl Greeter {
    pub(super) fn new(attend: impl Fn(Stream) + Send + Sync + 'static) -> Greeter {
        let key = rcgen::KeyPair::generate().unwrap();
        let certificate = rcgen::CertificateParams::new(vec!["localhost".to_owned()]).unwrap();
        let certificate = certificate.self_signed(&key).unwrap();
        let secret = rustls::pki_types::PrivateKeyDer::try_from(key.serialize_der()).unwrap();
        let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
        let config = rustls::ServerConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .unwrap()
            .with_no_client_auth()
            .with_single_cert(vec![certificate.der().clone()], secret)
            .unwrap();
        let (config, attend) = (Arc::new(config), Arc::new(attend));
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let url = format!("https://{}", listener.local_addr().unwrap());
        std::thread::spawn(move || {
            for socket in listener.incoming().map_while(Result::ok) {
                let (config, attend) = (config.clone(), attend.clone());
                std::thread::spawn(move || {
                    socket.set_read_timeout(Some(Duration::from_secs(20))).unwrap();
                    let connection = rustls::ServerConnection::new(config).unwrap();
                    attend(rustls::StreamOwned::new(connection, socket));
                });
            }
        });
        Greeter { url, key }
    }

    /// As it would be pinned.
    pub(super) fn pin(&self) -> String {
        use base64::Engine as _;
        use rcgen::PublicKeyData as _;
        use sha2::Digest as _;
        let digest = sha2::Sha256::digest(self.key.subject_public_key_info());
        base64::engine::general_purpose::STANDARD.encode(digest)
    }
}

/// One request as it came: its head, and its body by `Content-Length`.
pub(super) fn request(stream: &mut Stream) -> Option<(String, Vec<u8>)> {
    let mut bytes = Vec::new();
    let mut buffer = [0; 4096];
    loop {
        let read = stream.read(&mut buffer).ok().filter(|read| *read > 0)?;
        bytes.extend_from_slice(&buffer[..read]);
        let Some(end) = bytes.windows(4).position(|window| window == b"\r\n\r\n") else {
            continue;
        };
        let head = String::from_utf8_lossy(&bytes[..end]).into_owned();
        let length = head.to_ascii_lowercase();
        let length = length
            .split("content-length: ")
            .nth(1)
            .and_then(|rest| rest.lines().next()?.trim().parse().ok());
        let body = bytes[end + 4..].to_vec();
        if body.len() >= length.unwrap_or(0) {
            return Some((head, body));
        }
    }
}

pub(super) fn respond(stream: &mut Stream, status: &str, body: &[u8]) {
    let head = format!("HTTP/1.1 {status}\r\ncontent-length: {}\r\n\r\n", body.len());
    let _ = stream.write_all(head.as_bytes());
    let _ = stream.write_all(body);
    let _ = stream.flush();
}
