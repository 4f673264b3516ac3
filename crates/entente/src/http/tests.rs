//! The client against servers that are slow, talk nonsense or cannot be trusted.

use std::io::{Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::sync::Arc;

use super::*;

/// A server that does `answer` with each connection, after the request has come.
fn server(answer: impl Fn(&mut TcpStream) + Send + 'static) -> Url {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}/", listener.local_addr().unwrap());
    std::thread::spawn(move || {
        for stream in listener.incoming() {
            let mut stream = stream.unwrap();
            let _ = stream.read(&mut [0; 4096]);
            answer(&mut stream);
        }
    });
    url.parse().unwrap()
}

fn fetch(client: &Client, url: &Url, milliseconds: u64) -> Result<Fetched, FetchError> {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .unwrap();
    runtime.block_on(client.fetch(Fetch {
        method: Method::GET,
        url,
        headers: &[],
        body: None,
        decoded_bytes_max: 1000,
        timeout: Duration::from_millis(milliseconds),
    }))
}

fn plain() -> Client {
    Client::new(Trust::System).unwrap()
}

#[test]
fn who_says_nothing_or_never_ends_is_left_in_time() {
    let silent = server(|stream| {
        let _ = stream.read(&mut [0; 1]);
    });
    let endless = server(|stream| {
        let mut written = stream.write_all(b"HTTP/1.1 200 OK\r\n\r\n");
        stream.set_read_timeout(Some(Duration::from_millis(20))).unwrap();
        while written.is_ok() {
            // Waits: the client says nothing after its request.
            let _ = stream.read(&mut [0; 1024]);
            written = stream.write_all(b"x");
        }
    });
    for url in [silent, endless] {
        let left = fetch(&plain(), &url, 300);
        assert!(matches!(left, Err(FetchError::TooSlow { .. })), "{left:?}");
    }
}

#[test]
fn a_body_over_the_bound_is_not_read_on() {
    let url = server(|stream| {
        let mut written = stream.write_all(b"HTTP/1.1 200 OK\r\n\r\n");
        while written.is_ok() {
            written = stream.write_all(&[b'x'; 4096]);
        }
    });
    let refused = fetch(&plain(), &url, 10_000).unwrap_err();
    assert!(
        refused.to_string().contains("a body of more than 1000 bytes"),
        "{refused}"
    );
}

#[test]
fn nonsense_and_endless_headers_are_told() {
    for answer in [
        "SSH-2.0-OpenSSH\r\n",
        "HTTP/1.1 999999 X\r\n\r\n",
        "HTTP/1.1 200 OK\r\nA: b",
        "",
    ] {
        let url = server(move |stream| drop(stream.write_all(answer.as_bytes())));
        let refused = fetch(&plain(), &url, 10_000);
        assert!(
            matches!(refused, Err(FetchError::Unreachable { .. })),
            "{answer:?}: {refused:?}"
        );
    }
    let url = server(|stream| {
        let mut written = stream.write_all(b"HTTP/1.1 200 OK\r\n");
        while written.is_ok() {
            written = stream.write_all(b"X-More: y\r\n");
        }
    });
    let refused = fetch(&plain(), &url, 10_000);
    assert!(
        matches!(refused, Err(FetchError::Unreachable { .. })),
        "{refused:?}"
    );
}

#[test]
fn a_redirect_is_an_answer() {
    let url = server(|stream| {
        let _ = stream
            .write_all(b"HTTP/1.1 302 Found\r\nLocation: http://127.0.0.1:1/\r\nContent-Length: 0\r\n\r\n");
    });
    let fetched = fetch(&plain(), &url, 10_000).unwrap();
    assert_eq!(
        (fetched.status, &fetched.headers["location"]),
        (302, &HeaderValue::from_static("http://127.0.0.1:1/"))
    );
}

#[test]
fn a_certificate_that_nobody_trusts_is_refused_unless_it_is_named() {
    let made = rcgen::generate_simple_self_signed(["localhost".to_owned(), "127.0.0.1".to_owned()]).unwrap();
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("ca.pem");
    std::fs::write(&file, made.cert.pem()).unwrap();
    let key = rustls::pki_types::PrivateKeyDer::try_from(made.signing_key.serialize_der()).unwrap();
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let config = rustls::ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(vec![made.cert.der().clone()], key)
        .unwrap();
    let config = Arc::new(config);
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url: Url = format!("https://{}/", listener.local_addr().unwrap())
        .parse()
        .unwrap();
    std::thread::spawn(move || {
        for stream in listener.incoming() {
            let connection = rustls::ServerConnection::new(config.clone()).unwrap();
            let mut stream = rustls::StreamOwned::new(connection, stream.unwrap());
            let _ = stream.read(&mut [0; 4096]);
            let _ = stream.write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhi");
            stream.conn.send_close_notify();
            let _ = stream.flush();
        }
    });
    let refused = fetch(&plain(), &url, 10_000);
    assert!(
        matches!(refused, Err(FetchError::Untrusted { .. })),
        "{refused:?}"
    );
    let trusting = Client::new(Trust::Ca(file)).unwrap();
    assert_eq!(fetch(&trusting, &url, 10_000).unwrap().body, b"hi");
    for (name, content) in [
        ("empty.pem", ""),
        (
            "noise.pem",
            "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n",
        ),
    ] {
        let file = folder.path().join(name);
        std::fs::write(&file, content).unwrap();
        assert!(Client::new(Trust::Ca(file)).is_err(), "{name}");
    }
}
