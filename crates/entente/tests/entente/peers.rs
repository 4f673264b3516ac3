//! Nodes that talk over the network: real servers on loopback, mutual TLS, keys pinned at first contact.

mod cuts;
mod hostile;
mod meeting;
mod relay;

use std::time::{Duration, Instant};

use reqwest::header::HeaderMap;
use serde_json::Value;

use crate::exchange::{agreed, id, import, indicator};
use crate::harness::Home;
use crate::party::signing;
use crate::served::Served;

/// How long something that happens by itself may take.
const SOON: Duration = Duration::from_secs(30);

/// How many cases: so many in every run, more where the environment asks for it.
fn cases(quick: u64) -> u64 {
    std::env::var("ENTENTE_CASES").map_or(quick, |factor| quick * factor.parse::<u64>().unwrap())
}

/// Serves a home's node with its keys unlocked.
fn served(home: &Home) -> Served {
    let passphrase = home.path("passphrase").display().to_string();
    home.serve_with(&["--passphrase-file", &passphrase])
}

/// Waits until something is so.
pub(crate) fn eventually(what: &str, is_so: impl Fn() -> bool) {
    let began = Instant::now();
    while !is_so() {
        assert!(began.elapsed() < SOON, "not within {SOON:?}: {what}");
        std::thread::sleep(Duration::from_millis(100));
    }
}

/// Meets who answers at `url`, and expects success.
fn meet(home: &Home, url: &str, name: &str) -> Value {
    let (code, out, err) = signing(home, &["peer", "add", url, "--party", name, "--json"]);
    assert_eq!(code, 0, "{err}");
    serde_json::from_str(&out).unwrap()
}

fn sync(home: &Home) -> String {
    let (code, out, err) = signing(home, &["peer", "sync"]);
    assert_eq!(code, 0, "{out}{err}");
    out
}

fn release(home: &Home, objects: &[u32]) {
    let texts: Vec<String> = objects.iter().map(|nth| indicator(*nth, "")).collect();
    import(home, &texts);
    assert_eq!(signing(home, &["release", "--all"]).0, 0);
}

fn has(home: &Home, nth: u32) -> bool {
    home.run(&["show", &id(nth)]).code == 0
}

/// What `peer list` says of a peer.
fn listed(home: &Home, name: &str) -> Value {
    let all = home.ok(&["peer", "list", "--json"]).json();
    all.into_iter().find(|peer| peer["name"] == name).unwrap()
}

/// A home's node as it connects to others: with its own TLS key.
struct Caller {
    client: reqwest::Client,
    runtime: tokio::runtime::Runtime,
    url: String,
}

impl Caller {
    fn of(home: &Home, url: &str) -> Caller {
        let pem = std::fs::read_to_string(home.data().join("tls/key.pem")).unwrap();
        Caller::with(&rcgen::KeyPair::from_pem(&pem).unwrap(), url)
    }

    fn with(key: &rcgen::KeyPair, url: &str) -> Caller {
        let certificate = rcgen::CertificateParams::new(Vec::new())
            .unwrap()
            .self_signed(key)
            .unwrap();
        let pem = format!("{}{}", key.serialize_pem(), certificate.pem());
        let client = reqwest::Client::builder()
            .identity(reqwest::Identity::from_pem(pem.as_bytes()).unwrap())
            .danger_accept_invalid_certs(true)
            .timeout(Duration::from_secs(60))
            .build()
            .unwrap();
        Caller {
            client,
            runtime: tokio::runtime::Builder::new_current_thread()
                .enable_all()
                .build()
                .unwrap(),
            url: url.to_owned(),
        }
    }

    fn send(
        &self,
        method: &str,
        path: &str,
        headers: &[(&str, &str)],
        body: &[u8],
    ) -> (u16, HeaderMap, Vec<u8>) {
        self.runtime.block_on(async {
            let mut request = self
                .client
                .request(method.parse().unwrap(), format!("{}{path}", self.url));
            for (name, value) in headers {
                request = request.header(*name, *value);
            }
            let response = request.body(body.to_vec()).send().await.unwrap();
            let (status, headers) = (response.status().as_u16(), response.headers().clone());
            (status, headers, response.bytes().await.unwrap().to_vec())
        })
    }

    fn ask(&self, body: &[u8]) -> u16 {
        self.send("POST", "/peer/v1/ask", &[], body).0
    }
}

#[test]
fn what_is_released_arrives_and_what_is_recalled_goes() {
    let [alpha, beta] = <[Home; 2]>::try_from(agreed(&["Alpha", "Beta"])).ok().unwrap();
    release(&alpha, &[1, 2]);
    let server = served(&alpha);
    let met = meet(&beta, &server.url, "Alpha");
    assert_eq!(met["version"], 1);
    // Without a server of its own, by the command line.
    let first = sync(&beta);
    assert!(
        first.contains("2 stored") && first.contains("1 receipt went there"),
        "{first}"
    );
    assert!(has(&beta, 1) && has(&beta, 2));
    assert!(sync(&beta).contains("nothing new"));
    assert_eq!(listed(&beta, "Alpha")["standing"], "in step");
    assert_eq!(listed(&alpha, "Beta")["standing"], "asks here");
    drop(server);
    let signed = alpha.ok(&["log", "show"]).out;
    assert!(signed.contains("Beta has signed for everything"), "{signed}");
    let (code, _, err) = signing(&alpha, &["recall", &id(1), "--reason", "a mistake"]);
    assert_eq!(code, 0, "{err}");
    // With one, by itself.
    let server = served(&alpha);
    meet(&beta, &server.url, "Alpha");
    let serving = served(&beta);
    eventually("the recall arrives", || !has(&beta, 1));
    assert!(has(&beta, 2));
    eventually("the receipt went back", || listed(&alpha, "Beta")["queue"] == 0);
    assert_eq!(listed(&beta, "Alpha")["standing"], "in step");
    drop((server, serving));
    assert!(!alpha.ok(&["log", "show"]).out.contains("not yet acknowledged"));
    for home in [&alpha, &beta] {
        home.ok(&["log", "verify"]);
        home.ok(&["check"]);
    }
}

#[test]
fn both_sides_read_each_other_and_a_wish_is_granted_at_once() {
    let [alpha, beta] = <[Home; 2]>::try_from(agreed(&["Alpha", "Beta"])).ok().unwrap();
    release(&alpha, &[1]);
    release(&beta, &[2]);
    let (one, other) = (served(&alpha), served(&beta));
    // Met while both serve; each takes the new peer up by itself.
    meet(&alpha, &other.url, "Beta");
    meet(&beta, &one.url, "Alpha");
    eventually("each has the other's", || has(&alpha, 2) && has(&beta, 1));
    let before = listed(&beta, "Alpha")["conversations"].as_u64().unwrap();
    let (code, _, err) = signing(&beta, &["peer", "sync", "Alpha"]);
    assert_eq!(code, 0);
    assert!(err.contains("talks with them now"), "{err}");
    eventually("one more conversation", || {
        listed(&beta, "Alpha")["conversations"].as_u64().unwrap() > before
    });
}

#[test]
fn a_log_is_there_as_files_for_its_readers_only() {
    let [alpha, beta, gamma] = <[Home; 3]>::try_from(agreed(&["Alpha", "Beta", "Gamma"]))
        .ok()
        .unwrap();
    release(&alpha, &(1..=300).collect::<Vec<_>>());
    let server = served(&alpha);
    meet(&beta, &server.url, "Alpha");
    let origin = alpha.ok(&["log", "show", "--json"]).json()[0]["log"]
        .as_str()
        .unwrap()
        .to_owned();
    let reader = Caller::of(&beta, &server.url);
    let folder = beta.path("fetched");
    let paths = [
        "checkpoint",
        "tile/0/000",
        "tile/0/001.p/45",
        "tile/1/000.p/1",
        "tile/entries/000",
        "tile/entries/001.p/45",
    ];
    for path in paths {
        let (status, headers, bytes) = reader.send("GET", &format!("/tiles/{origin}/{path}"), &[], b"");
        assert_eq!(status, 200, "{path}");
        let is_final = headers["cache-control"].to_str().unwrap().contains("immutable");
        assert_eq!(is_final, path.ends_with("/000"), "{path}");
        let etag = headers["etag"].to_str().unwrap();
        let again = reader.send(
            "GET",
            &format!("/tiles/{origin}/{path}"),
            &[("if-none-match", etag)],
            b"",
        );
        assert_eq!((again.0, again.2.len()), (304, 0), "{path}");
        let file = folder.join(path);
        std::fs::create_dir_all(file.parent().unwrap()).unwrap();
        std::fs::write(file, bytes).unwrap();
    }
    let verified = beta.ok(&["log", "verify", folder.to_str().unwrap()]).out;
    assert!(verified.contains("301 entries"), "{verified}");
    for path in [
        "tile/0/001",
        "tile/0/001.p/46",
        "tile/0/1",
        "tile/2/000",
        "tile/entries/0",
        "../../peers.json",
        "",
    ] {
        let (status, ..) = reader.send("GET", &format!("/tiles/{origin}/{path}"), &[], b"");
        assert_eq!(status, 404, "{path}");
    }
    // Gamma is known and has a key, and reads another log; strangers have none.
    meet(&gamma, &server.url, "Alpha");
    let gone = alpha.run(&["peer", "remove", "Gamma"]);
    assert_eq!(gone.code, 0, "{}", gone.err);
    for other in [
        Caller::of(&gamma, &server.url),
        Caller::with(&rcgen::KeyPair::generate().unwrap(), &server.url),
    ] {
        let (status, ..) = other.send("GET", &format!("/tiles/{origin}/checkpoint"), &[], b"");
        assert_eq!(status, 404);
    }
}
