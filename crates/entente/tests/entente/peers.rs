//! Nodes that talk over the network: real servers on loopback, mutual TLS, keys pinned at first contact.

use std::time::{Duration, Instant};

use crate::exchange::{agreed, id, import, indicator};
use crate::harness::Home;
use crate::party::signing;
use crate::served::Served;

/// How long something that happens by itself may take.
const SOON: Duration = Duration::from_secs(20);

/// Serves a home's node with its keys unlocked.
fn served(home: &Home) -> Served {
    let passphrase = home.path("passphrase").display().to_string();
    home.serve_with(&["--passphrase-file", &passphrase])
}

/// Waits until something is so.
fn eventually(what: &str, is_so: impl Fn() -> bool) {
    let began = Instant::now();
    while !is_so() {
        assert!(began.elapsed() < SOON, "not within {SOON:?}: {what}");
        std::thread::sleep(Duration::from_millis(50));
    }
}

/// Meets, and expects success.
fn meet(home: &Home, server: &Served, name: &str) -> serde_json::Value {
    let (code, out, err) = signing(home, &["peer", "add", &server.url, "--party", name, "--json"]);
    assert_eq!(code, 0, "{err}");
    serde_json::from_str(&out).unwrap()
}

fn has(home: &Home, nth: u32) -> bool {
    home.run(&["show", &id(nth)]).code == 0
}

#[test]
fn what_is_released_arrives_and_what_is_recalled_goes() {
    let [alpha, beta] = <[Home; 2]>::try_from(agreed(&["Alpha", "Beta"])).ok().unwrap();
    import(&alpha, &[indicator(1, ""), indicator(2, "")]);
    assert_eq!(signing(&alpha, &["release", "--all"]).0, 0);
    let server = served(&alpha);
    let met = meet(&beta, &server, "Alpha");
    assert_eq!(met["version"], 1);
    // Without a server of its own, by the command line.
    let (code, out, err) = signing(&beta, &["peer", "sync", "Alpha"]);
    assert_eq!(code, 0, "{err}");
    assert!(out.contains("2 stored"), "{out}");
    assert!(out.contains("1 receipt went there"), "{out}");
    assert!(has(&beta, 1));
    let again = signing(&beta, &["peer", "sync"]);
    assert!(again.1.contains("nothing new"), "{}", again.1);
    let listed = beta.ok(&["peer", "list"]).out;
    assert!(listed.contains("in step"), "{listed}");
    drop(server);
    let closed = alpha.ok(&["log", "show"]).out;
    assert!(closed.contains("Beta has signed for everything"), "{closed}");
}
