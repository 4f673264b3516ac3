//! The server's own manners: where it listens, whom it waits for, and how it ends.

use std::io::{Read, Write};
use std::net::TcpStream;
use std::time::{Duration, Instant};

use crate::harness::Home;

#[test]
fn a_second_start_names_the_first() {
    let home = Home::new();
    let served = home.serve(&[]);
    let second = home.run(&["serve", "--plain", "--listen", "127.0.0.1:0"]);
    assert_eq!(second.code, 7, "{}", second.err);
    assert!(
        second.err.contains(&format!("process {}", served.pid())),
        "{}",
        second.err
    );
}

#[test]
fn plain_http_stays_on_this_machine() {
    let home = Home::new();
    let refused = home.run(&["serve", "--plain", "--listen", "0.0.0.0:0"]);
    assert_eq!(refused.code, 2, "{}", refused.err);
    assert!(refused.err.contains("--plain-beyond-loopback"), "{}", refused.err);
    assert_eq!(
        home.run(&["serve", "--plain", "--cert", "a", "--key", "b"]).code,
        2
    );
}

#[test]
fn an_address_in_use_is_told() {
    let home = Home::new();
    let served = home.serve(&[]);
    let other = Home::new();
    let refused = other.run(&["serve", "--plain", "--listen", served.address()]);
    assert_eq!(refused.code, 5, "{}", refused.err);
    assert!(refused.err.contains(served.address()), "{}", refused.err);
}

#[test]
fn it_ends_in_good_order_and_keeps_its_key() {
    let home = Home::new();
    let mut served = home.serve_with(&[]);
    assert!(served.url.starts_with("https://"));
    assert_eq!(served.get("/health", &[]).status, 200);
    let key = std::fs::read(home.data().join("tls/key.pem")).unwrap();
    assert_eq!(served.stop(), 0, "{}", served.told());
    let mut again = home.serve_with(&["--name", "node.example"]);
    assert_eq!(again.get("/health", &[]).status, 200);
    assert_eq!(std::fs::read(home.data().join("tls/key.pem")).unwrap(), key);
    assert_eq!(again.stop(), 0, "{}", again.told());
}

#[test]
fn a_damaged_key_is_told_and_stays() {
    let home = Home::new();
    assert_eq!(home.serve_with(&[]).stop(), 0);
    let key = home.data().join("tls/key.pem");
    std::fs::write(&key, "garbage").unwrap();
    let refused = home.run(&["serve", "--listen", "127.0.0.1:0"]);
    assert_eq!(refused.code, 7, "{}", refused.err);
    assert!(refused.err.contains("key.pem"), "{}", refused.err);
    assert_eq!(std::fs::read(&key).unwrap(), b"garbage");
}

#[test]
fn what_is_not_served_is_a_problem_document() {
    let home = Home::new();
    let served = home.serve(&[]);
    for (method, path, status) in [
        ("GET", "/nowhere", 404),
        ("GET", "/health/", 404),
        ("POST", "/health", 405),
        ("TRACE", "/health", 405),
    ] {
        let answer = served.ask(method, path, &[], "");
        assert_eq!(answer.status, status, "{method} {path}");
        assert_eq!(answer.header("content-type"), "application/problem+json");
        assert_eq!(answer.json()["status"], status);
    }
}

/// How long the server lets somebody hold a connection who sends this, a byte every 200 ms once the beginning is sent.
fn held_for(address: &str, beginning: &[u8]) -> Duration {
    dribbled(connected(address), beginning, b"x")
}

fn connected(address: &str) -> TcpStream {
    let stream = TcpStream::connect(address).unwrap();
    stream.set_read_timeout(Some(Duration::from_millis(200))).unwrap();
    stream
}

/// The same of any stream and piece.
fn dribbled(mut stream: impl Read + Write, beginning: &[u8], piece: &[u8]) -> Duration {
    let began = Instant::now();
    stream.write_all(beginning).unwrap();
    let mut bytes = [0; 4096];
    while began.elapsed() < Duration::from_secs(30) {
        match stream.read(&mut bytes) {
            Ok(0) => break,
            Ok(_) => continue,
            Err(error)
                if matches!(
                    error.kind(),
                    std::io::ErrorKind::WouldBlock | std::io::ErrorKind::TimedOut
                ) => {}
            Err(_) => break,
        }
        if stream.write_all(piece).and_then(|()| stream.flush()).is_err() {
            break;
        }
    }
    began.elapsed()
}

/// A connection that speaks HTTP/2 in TLS.
fn in_tls(home: &Home, address: &str) -> rustls::StreamOwned<rustls::ClientConnection, TcpStream> {
    use rustls::pki_types::CertificateDer;
    use rustls::pki_types::pem::PemObject as _;
    let mut roots = rustls::RootCertStore::empty();
    let certificate = home.data().join("tls/certificate.pem");
    roots
        .add(CertificateDer::from_pem_file(certificate).unwrap())
        .unwrap();
    let provider = std::sync::Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let mut config = rustls::ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_root_certificates(roots)
        .with_no_client_auth();
    config.alpn_protocols = vec![b"h2".to_vec()];
    let name = "localhost".try_into().unwrap();
    let client = rustls::ClientConnection::new(config.into(), name).unwrap();
    rustls::StreamOwned::new(client, connected(address))
}

/// A frame of HTTP/2 (RFC 9113 §4.1).
fn frame(kind: u8, flags: u8, stream: u8, payload: &[u8]) -> Vec<u8> {
    let length = u32::try_from(payload.len()).unwrap().to_be_bytes();
    [&length[1..], &[kind, flags, 0, 0, 0, stream], payload].concat()
}

/// The beginning of a sign-in over HTTP/2, its body still to come.
fn sign_in_over_h2() -> Vec<u8> {
    // RFC 7541: POST and https are in the static table; the others are literals with the table's names.
    let mut head = vec![0x83, 0x87];
    for (name, value) in [
        (&[0x04][..], "/api/v1/session"),
        (&[0x01], "localhost"),
        (&[0x0f, 0x10], "application/json"),
    ] {
        head.extend_from_slice(name);
        head.push(u8::try_from(value.len()).unwrap());
        head.extend_from_slice(value.as_bytes());
    }
    [
        b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n".to_vec(),
        frame(4, 0, 0, b""),
        frame(1, 4, 1, &head),
    ]
    .concat()
}

#[test]
fn a_slow_body_over_http_2_is_given_up_and_its_connection_too() {
    let home = Home::new();
    let served = home.serve_with(&[]);
    let slow = [
        ("nothing of the body", vec![], vec![], 15),
        ("a stalled body", frame(0, 0, 1, b"{"), vec![], 15),
        (
            "a stalled body and pings",
            frame(0, 0, 1, b"{"),
            frame(6, 0, 0, &[0; 8]),
            15,
        ),
        ("a slow body", frame(0, 0, 1, b"{"), frame(0, 0, 1, b" "), 15),
        (
            "a body that ends up slow",
            frame(0, 0, 1, &[b' '; 15_000]),
            frame(0, 0, 1, b" "),
            27,
        ),
    ];
    std::thread::scope(|scope| {
        for (name, body, piece, seconds) in &slow {
            let stream = in_tls(&home, served.address());
            scope.spawn(move || {
                let beginning = [sign_in_over_h2(), body.clone()].concat();
                let held = dribbled(stream, &beginning, piece);
                assert!(held > Duration::from_secs(5), "{name}: {held:?}");
                assert!(held < Duration::from_secs(*seconds), "{name}: {held:?}");
            });
        }
    });
}

/// What the server answers to these bytes first: status line to body.
fn told(address: &str, request: &str) -> String {
    let mut stream = TcpStream::connect(address).unwrap();
    stream.set_read_timeout(Some(Duration::from_secs(20))).unwrap();
    stream.write_all(request.as_bytes()).unwrap();
    let mut told = Vec::new();
    let _ = stream.read_to_end(&mut told);
    String::from_utf8_lossy(&told).into_owned()
}

#[test]
fn a_request_is_for_one_host() {
    let home = Home::new();
    let served = home.serve(&[]);
    for (request, status) in [
        ("GET /health HTTP/1.1\r\nhost: x\r\n", "200"),
        ("GET /health HTTP/1.1\r\nhost: x:8440\r\n", "200"),
        ("GET /health HTTP/1.1\r\nhost:\r\n", "200"),
        ("GET /health HTTP/1.0\r\n", "200"),
        ("GET /health HTTP/1.1\r\n", "400"),
        ("GET /health HTTP/1.1\r\nhost: x\r\nhost: x\r\n", "400"),
        ("GET /health HTTP/1.1\r\nhost: x\r\nhost: y\r\n", "400"),
        ("GET /health HTTP/1.1\r\nhost: x y\r\n", "400"),
        ("GET /health HTTP/1.1\r\nhost: a@x\r\n", "400"),
        ("GET /health HTTP/1.1\r\nhost: x/y\r\n", "400"),
        ("GET http://z/health HTTP/1.1\r\nhost: x\r\n", "200"),
        ("GET http://z/health HTTP/1.1\r\n", "400"),
        ("GET http://z/health HTTP/1.1\r\nhost: x\r\nhost: x\r\n", "400"),
    ] {
        let told = told(served.address(), &format!("{request}connection: close\r\n\r\n"));
        assert_eq!(told.split(' ').nth(1), Some(status), "{request}: {told}");
    }
}

#[test]
fn a_head_has_the_length_that_is_said() {
    let home = Home::new();
    let served = home.serve(&[]);
    for (bytes, status) in [(31 << 10, "200"), (33 << 10, "431")] {
        let long = "x".repeat(bytes);
        let told = told(
            served.address(),
            &format!("GET /health HTTP/1.1\r\nhost: x\r\nconnection: close\r\nx-long: {long}\r\n\r\n"),
        );
        assert_eq!(told.split(' ').nth(1), Some(status), "{bytes}: {told}");
    }
}

#[test]
fn what_is_refused_of_taxii_is_told_as_taxii_tells_it() {
    let home = Home::new();
    let served = home.serve(&[]);
    let wrong = [("authorization", "Bearer ent_wrong")];
    for (method, path, headers, status) in [
        ("GET", "/taxii2/", &wrong[..], 401),
        ("POST", "/taxii2/a/collections/b/objects/", &[], 401),
        ("OPTIONS", "/taxii2/", &[], 405),
        ("PUT", "/taxii2/a/collections/", &[], 405),
        ("GET", "/taxii2", &[], 404),
    ] {
        let answer = served.ask(method, path, headers, "");
        assert_eq!(answer.status, status, "{method} {path}");
        assert_eq!(
            answer.header("content-type"),
            "application/taxii+json;version=2.1"
        );
        let error = answer.json();
        assert_eq!(error["http_status"], status.to_string());
        assert!(error["title"].is_string(), "{error}");
        assert_eq!(
            answer.header("allow").is_empty(),
            status != 405,
            "{method} {path}"
        );
        assert_eq!(answer.header("www-authenticate").is_empty(), status != 401);
    }
}

#[test]
fn nothing_is_inflated_for_strangers() {
    let home = Home::new();
    let served = home.serve(&[]);
    for path in ["/api/v1/session", "/peer/v1/hello"] {
        let headers = [("content-type", "application/json"), ("content-encoding", "gzip")];
        let answer = served.ask("POST", path, &headers, "x");
        assert_eq!(answer.status, 415, "{path}");
    }
}

#[test]
fn who_is_slow_is_let_go_within_15_seconds() {
    let home = Home::new();
    let plain = home.serve(&[]);
    let other = Home::new();
    let tls = other.serve_with(&[]);
    let slow: [(&str, &[u8]); 5] = [
        (plain.address(), b""),
        (plain.address(), b"GET /health HTTP/1.1\r\nhost: x\r\nx-slow: "),
        (
            plain.address(),
            b"POST /health HTTP/1.1\r\nhost: x\r\ncontent-length: 100000\r\n\r\n",
        ),
        (tls.address(), b""),
        (tls.address(), b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03"),
    ];
    std::thread::scope(|scope| {
        for (address, beginning) in slow {
            scope.spawn(move || {
                let held = held_for(address, beginning);
                assert!(
                    held < Duration::from_secs(15),
                    "{held:?} {}",
                    String::from_utf8_lossy(beginning)
                );
            });
        }
        // The others are served meanwhile.
        for _ in 0..20 {
            let began = Instant::now();
            assert_eq!(plain.get("/health", &[]).status, 200);
            assert!(began.elapsed() < Duration::from_secs(1));
            std::thread::sleep(Duration::from_millis(200));
        }
    });
}

/// What came quickly at first does not buy a body time.
#[test]
fn a_body_that_ends_up_slow_is_given_up_soon() {
    let home = Home::new();
    let served = home.serve(&[]);
    let head = "POST /api/v1/session HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\ncontent-length: 16000\r\n\r\n";
    let quick = format!("{head}{}", " ".repeat(15_000));
    let held = held_for(served.address(), quick.as_bytes());
    assert!(held < Duration::from_secs(25), "{held:?}");
}

#[test]
fn who_says_nothing_is_let_go_too() {
    let home = Home::new();
    let served = home.serve(&[]);
    let began = Instant::now();
    let mut stream = TcpStream::connect(served.address()).unwrap();
    stream
        .write_all(b"GET /health HTTP/1.1\r\nhost: x\r\n\r\n")
        .unwrap();
    stream.set_read_timeout(Some(Duration::from_secs(20))).unwrap();
    let mut told = Vec::new();
    stream.read_to_end(&mut told).unwrap();
    assert!(told.starts_with(b"HTTP/1.1 200 OK"));
    assert!(began.elapsed() < Duration::from_secs(15), "{:?}", began.elapsed());
}

/// Once, who was refused before the body was read lost the answer over HTTP/2.
#[test]
fn who_is_refused_early_hears_why() {
    let home = Home::new();
    let served = home.serve_with(&[]);
    let body = vec![b'x'; 300_000];
    for number in 0..20 {
        let body = if number % 2 == 0 { &body[..100] } else { &body[..] };
        let answer = served.ask(
            "POST",
            "/api/v1/releases",
            &[("content-type", "application/json")],
            body,
        );
        assert_eq!(answer.status, 401);
        assert_eq!(answer.json()["status"], 401);
    }
}
