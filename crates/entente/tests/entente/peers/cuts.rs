//! Connections that break, at any byte; and what a conversation costs.

use std::time::{Duration, Instant};

use super::relay::Relay;
use super::{cases, has, listed, meet, release, served, sync};
use crate::exchange::agreed;
use crate::harness::{Home, Numbers};

/// One slice of a log as it is packed is at most this long.
const CHUNK: u64 = 1 << 20;

#[test]
fn a_transfer_that_is_cut_anywhere_goes_on_where_it_stopped() {
    let [alpha, beta] = <[Home; 2]>::try_from(agreed(&["Alpha", "Beta"])).ok().unwrap();
    let server = served(&alpha);
    let relay = Relay::before(server.address());
    meet(&beta, &relay.url, "Alpha");
    drop(server);
    let mut numbers = Numbers(11);
    let (mut next, mut worst) = (1, 0);
    for round in 0..cases(4) {
        let new: Vec<u32> = (next..next + 400).collect();
        next += 400;
        release(&alpha, &new);
        let server = served(&alpha);
        // The relay is where the peer is; the server behind it came back elsewhere.
        let relay = Relay::before(server.address());
        move_peer(&beta, "Alpha", &relay.url);
        relay.cut_after(numbers.below(60_000) as i64);
        sync(&beta);
        let with_cut = relay.bytes();
        assert!(has(&beta, new[0]) && has(&beta, new[399]), "round {round}");
        assert_eq!(listed(&beta, "Alpha")["lag"], 0);
        worst = worst.max(with_cut);
    }
    // 400 small objects and their openings pack into less than a quarter of a chunk; lost is at most a chunk.
    assert!(worst < CHUNK + CHUNK / 4, "{worst}");
    beta.ok(&["check"]);
    beta.ok(&["log", "verify"]);
}

/// Says where a peer answers now.
pub(super) fn move_peer(home: &Home, name: &str, url: &str) {
    let party = listed(home, name)["party"].as_str().unwrap().to_owned();
    let path = home.data().join("peers.json");
    let mut book: serde_json::Value = serde_json::from_slice(&std::fs::read(&path).unwrap()).unwrap();
    book["book"]["peers"][&party]["url"] = url.into();
    std::fs::write(path, book.to_string()).unwrap();
}

#[test]
fn asking_for_nothing_new_is_cheap() {
    let [alpha, beta] = <[Home; 2]>::try_from(agreed(&["Alpha", "Beta"])).ok().unwrap();
    release(&alpha, &(1..=500).collect::<Vec<_>>());
    let server = served(&alpha);
    let relay = Relay::before(server.address());
    meet(&beta, &relay.url, "Alpha");
    sync(&beta);
    relay.bytes();
    let began = Instant::now();
    assert!(sync(&beta).contains("nothing new"));
    let (took, bytes) = (began.elapsed(), relay.bytes());
    println!(
        "nothing new: {bytes} bytes on the wire, {took:?} with the start of the program and the passphrase"
    );
    assert!(bytes < 10_000, "{bytes}");
    assert!(took < Duration::from_secs(5), "{took:?}");
}

#[test]
fn a_cut_before_the_first_byte_and_in_the_handshake_is_tried_again() {
    let [alpha, beta] = <[Home; 2]>::try_from(agreed(&["Alpha", "Beta"])).ok().unwrap();
    release(&alpha, &[1]);
    let server = served(&alpha);
    let relay = Relay::before(server.address());
    meet(&beta, &relay.url, "Alpha");
    for bytes in [0, 1, 100, 1000, 2500] {
        relay.cut_after(bytes);
        sync(&beta);
    }
    assert!(has(&beta, 1));
    assert_eq!(relay.cuts(), 5);
}
