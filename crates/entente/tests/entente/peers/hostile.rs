//! Peers that are slow, endless or mad, beside good ones.

use std::io::Write as _;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use super::relay::{Greeter, Stream, request, respond};
use super::{Caller, cases, eventually, has, listed, meet, release, served, sync};
use crate::exchange::agreed;
use crate::harness::Home;

/// `entente`, version 1, and a body of one question in a zstd frame.
fn question(body: &[u8]) -> Vec<u8> {
    [b"entente\x01", &zstd::encode_all(body, 3).unwrap()[..]].concat()
}

/// Which channels are there? One question, tag 3, without fields.
fn channels() -> Vec<u8> {
    question(&[1, 3, 0])
}

/// The time within which 95 of 100 answers came.
fn p95(caller: &Caller, count: usize) -> Duration {
    let mut times: Vec<Duration> = (0..count)
        .map(|_| {
            let began = Instant::now();
            assert_eq!(caller.ask(&channels()), 200);
            began.elapsed()
        })
        .collect();
    times.sort();
    times[times.len() * 95 / 100]
}

#[test]
fn a_hostile_peer_waits_for_itself_and_a_good_one_is_served_as_before() {
    let [alpha, beta, gamma] = <[Home; 3]>::try_from(agreed(&["Alpha", "Beta", "Gamma"]))
        .ok()
        .unwrap();
    release(&alpha, &(1..=200).collect::<Vec<_>>());
    let server = served(&alpha);
    meet(&beta, &server.url, "Alpha");
    meet(&gamma, &server.url, "Alpha");
    let good = Caller::of(&beta, &server.url);
    let before = p95(&good, 100);
    let over = AtomicBool::new(false);
    let (during, statuses) = std::thread::scope(|scope| {
        let hostile: Vec<_> = (0..8)
            .map(|nth| {
                let (gamma, url, over) = (&gamma, &server.url, &over);
                scope.spawn(move || {
                    let caller = Caller::of(gamma, url);
                    let bodies = [
                        vec![0xff; 200_000],
                        question(&vec![7; 3 << 20]),
                        question(&[255; 100]),
                        [b"entente\x02", &[0; 100][..]].concat(),
                        channels(),
                    ];
                    let mut statuses = Vec::new();
                    while !over.load(Ordering::Relaxed) {
                        statuses.push(caller.ask(&bodies[(nth + statuses.len()) % bodies.len()]));
                    }
                    statuses
                })
            })
            .collect();
        std::thread::sleep(Duration::from_millis(500));
        let during = p95(&good, 100);
        over.store(true, Ordering::Relaxed);
        let statuses: Vec<u16> = hostile
            .into_iter()
            .flat_map(|thread| thread.join().unwrap())
            .collect();
        (during, statuses)
    });
    println!(
        "p95 of the good peer: {before:?} alone, {during:?} beside the hostile one ({} questions)",
        statuses.len()
    );
    assert!(
        statuses.iter().all(|status| [200, 429, 503].contains(status)),
        "{statuses:?}"
    );
    assert!(
        during < before * 10 + Duration::from_millis(300),
        "{before:?}, then {during:?}"
    );
    assert!(sync(&beta).contains("200 stored"));
}

#[test]
fn a_hundred_readings_at_once_have_the_effect_of_one() {
    let [alpha, beta] = <[Home; 2]>::try_from(agreed(&["Alpha", "Beta"])).ok().unwrap();
    release(&alpha, &(1..=100).collect::<Vec<_>>());
    let server = served(&alpha);
    meet(&beta, &server.url, "Alpha");
    let answers: Vec<(u16, Vec<u8>)> = std::thread::scope(|scope| {
        let askers: Vec<_> = (0..100)
            .map(|_| {
                scope.spawn(|| {
                    let (status, _, body) =
                        Caller::of(&beta, &server.url).send("POST", "/peer/v1/ask", &[], &channels());
                    (status, body)
                })
            })
            .collect();
        askers.into_iter().map(|asker| asker.join().unwrap()).collect()
    });
    let served_well: Vec<&Vec<u8>> = answers
        .iter()
        .filter(|(status, _)| *status == 200)
        .map(|(_, body)| body)
        .collect();
    assert!(answers.iter().all(|(status, _)| [200, 429].contains(status)));
    assert!(served_well.len() >= 4 && served_well.iter().all(|body| *body == served_well[0]));
    // Many programs at once: one has the store, the others say so, and each object is there once.
    std::thread::scope(|scope| {
        for _ in 0..10 {
            scope.spawn(|| crate::party::signing(&beta, &["peer", "sync"]));
        }
    });
    sync(&beta);
    let stats = beta.ok(&["export", "stix"]).out;
    assert_eq!(stats.matches("\"pattern_type\"").count(), 100);
    beta.ok(&["check"]);
}

/// What hostile servers do with a connection.
const TRICKS: [fn(Stream); 4] = [
    |mut stream| {
        // An answer without end.
        if request(&mut stream).is_some() {
            let _ = stream.write_all(b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n");
            let chunk = [&b"10000\r\n"[..], &[b'x'; 0x10000], b"\r\n"].concat();
            while stream.write_all(&chunk).is_ok() {}
        }
    },
    |mut stream| {
        // An answer that never comes.
        let _ = request(&mut stream);
        std::thread::sleep(Duration::from_secs(60));
    },
    |mut stream| {
        // An answer that is none.
        while request(&mut stream).is_some() {
            respond(&mut stream, "200 OK", &[0xff; 10_000]);
        }
    },
    |mut stream| {
        // A bomb.
        if request(&mut stream).is_some() {
            respond(&mut stream, "200 OK", &question(&vec![9; 20 << 20]));
        }
    },
];

#[test]
fn hostile_servers_fail_by_themselves_and_news_of_a_good_one_arrives() {
    let [alpha, beta, gamma] = <[Home; 3]>::try_from(agreed(&["Alpha", "Beta", "Gamma"]))
        .ok()
        .unwrap();
    for trick in TRICKS.into_iter().take(cases(2) as usize) {
        let hostile = Greeter::new(trick);
        let server = served(&alpha);
        meet(&beta, &server.url, "Alpha");
        add_peer(&beta, "Gamma", &hostile);
        let serving = served(&beta);
        eventually("the good peer is talked with", || {
            listed(&beta, "Alpha")["standing"] == "in step"
        });
        assert_ne!(listed(&beta, "Gamma")["standing"], "in step");
        drop((server, serving));
    }
    release(&alpha, &[1]);
    let hostile = Greeter::new(TRICKS[1]);
    let server = served(&alpha);
    meet(&beta, &server.url, "Alpha");
    add_peer(&beta, "Gamma", &hostile);
    let _serving = served(&beta);
    eventually("the release arrives", || has(&beta, 1));
    drop(gamma);
}

/// How long it takes from the wish for a conversation to its end: the middle one of three.
fn wished(home: &Home, name: &str) -> Duration {
    let held = || listed(home, name)["conversations"].as_u64().unwrap();
    let mut times: Vec<Duration> = (0..3)
        .map(|_| {
            let (before, began) = (held(), Instant::now());
            home.ok(&["peer", "sync", name]);
            eventually("the conversation was held", || held() > before);
            began.elapsed()
        })
        .collect();
    times.sort();
    times[1]
}

#[test]
fn a_good_peer_is_talked_with_beside_a_slow_one_as_before() {
    let [alpha, beta, _gamma] = <[Home; 3]>::try_from(agreed(&["Alpha", "Beta", "Gamma"]))
        .ok()
        .unwrap();
    let server = served(&alpha);
    meet(&beta, &server.url, "Alpha");
    let _serving = served(&beta);
    let before = wished(&beta, "Alpha");
    let asked = Arc::new(AtomicBool::new(false));
    let asks = asked.clone();
    let slow = Greeter::new(move |mut stream| {
        asks.store(request(&mut stream).is_some(), Ordering::SeqCst);
        std::thread::sleep(Duration::from_secs(60));
    });
    add_peer(&beta, "Gamma", &slow);
    eventually("the slow one is waited for", || asked.load(Ordering::SeqCst));
    let during = wished(&beta, "Alpha");
    assert_eq!(listed(&beta, "Gamma")["conversations"], 0);
    println!("a conversation from its wish on: {before:?} alone, {during:?} beside a slow peer");
    // A wish is seen within a second; a slow answer is waited for two minutes.
    assert!(
        during < before * 2 + Duration::from_secs(2),
        "{before:?}, then {during:?}"
    );
}

/// Puts a hostile server into the book, as if it had been met.
fn add_peer(home: &Home, name: &str, hostile: &Greeter) {
    let parties = home.ok(&["party", "list", "--json"]).json();
    let party = parties.iter().find(|party| party["name"] == name).unwrap();
    let path = home.data().join("peers.json");
    let mut book: serde_json::Value = serde_json::from_slice(&std::fs::read(&path).unwrap()).unwrap();
    book["book"]["peers"][party["id"].as_str().unwrap()] = serde_json::json!({
        "url": hostile.url,
        "answers_with": {"key": hostile.pin(), "by": party["keys"][0]["key"], "since": "2026-01-01T00:00:00.000Z"},
        "since": "2026-01-01T00:00:00.000Z",
    });
    std::fs::write(path, book.to_string()).unwrap();
}
