//! Acknowledged is durable: an import killed at random points loses nothing it has told.

use std::collections::BTreeSet;
use std::io::{BufRead as _, BufReader};
use std::process::Stdio;
use std::time::{Duration, Instant};

use crate::harness::{Home, Numbers, bundle, indicator};

const OBJECTS: u64 = 8_192;
const BATCH: usize = entente_node::limits::BATCH_OBJECTS_MAX;

/// How many kills; `make crash` asks for more.
fn kills() -> u64 {
    std::env::var("ENTENTE_KILLS")
        .ok()
        .and_then(|text| text.parse().ok())
        .unwrap_or(100)
}

fn ids(home: &Home) -> BTreeSet<String> {
    let exported = home.ok(&["export", "stix", "--type", "indicator"]);
    let bundle: serde_json::Value = serde_json::from_str(&exported.out).unwrap();
    let objects = bundle["objects"].as_array().unwrap();
    objects
        .iter()
        .map(|object| object["id"].as_str().unwrap().to_owned())
        .collect()
}

#[test]
fn killed_import_loses_nothing_acknowledged_and_keeps_no_half_batch() {
    let objects: Vec<String> = (0..OBJECTS)
        .map(|number| indicator(number, &format!("[domain-name:value = 'h{number}.example']")))
        .collect();
    let order: Vec<String> = objects
        .iter()
        .map(|text| {
            serde_json::from_str::<serde_json::Value>(text).unwrap()["id"]
                .as_str()
                .unwrap()
                .to_owned()
        })
        .collect();
    let home = Home::new();
    let file = home.file("feed.json", bundle(&objects));
    let begun = Instant::now();
    home.ok(&["import", "--quiet", &file]);
    let whole = begun.elapsed();

    let mut numbers = Numbers(2026);
    let mut partial = 0;
    for kill in 0..kills() {
        let home = Home::new();
        let after = Duration::from_micros(numbers.below(whole.as_micros() as u64 + 1));
        let acknowledged = import_and_kill(&home, &file, after);
        if !home.data().join("store.db").exists() {
            assert!(acknowledged.is_empty());
            continue;
        }
        let checked = home.run(&["check"]);
        if checked.code == 4 {
            // Killed before the store was there at all.
            assert!(acknowledged.is_empty(), "kill {kill}: {}", checked.err);
            continue;
        }
        assert_eq!(
            checked.code, 0,
            "kill {kill} after {after:?}: {}{}",
            checked.out, checked.err
        );
        let stored = ids(&home);
        for id in &acknowledged {
            assert!(
                stored.contains(id),
                "kill {kill} after {after:?}: `{id}` was acknowledged and is gone"
            );
        }
        let expected: BTreeSet<String> = order.iter().take(stored.len()).cloned().collect();
        assert_eq!(
            stored, expected,
            "kill {kill}: what is stored is not a beginning of what came"
        );
        assert!(
            stored.len().is_multiple_of(BATCH),
            "kill {kill}: half a batch is visible ({} objects)",
            stored.len()
        );
        partial += u64::from(!stored.is_empty() && stored.len() < order.len());

        // The next import goes on as if nothing had happened.
        if kill % 10 == 0 {
            home.ok(&["import", "--quiet", &file]);
            assert_eq!(ids(&home).len(), order.len());
        }
    }
    assert!(
        partial > 0,
        "no kill fell into the middle of an import; the test shows nothing"
    );
}

/// The ids that the program had told as stored when it was killed.
fn import_and_kill(home: &Home, file: &str, after: Duration) -> Vec<String> {
    let mut child = home
        .command(&["import", "--json", file])
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let out = child.stdout.take().unwrap();
    let reader = std::thread::spawn(move || {
        let lines = BufReader::new(out).lines().map_while(Result::ok);
        // The last line may be cut by the kill.
        let items = lines.filter_map(|line| serde_json::from_str::<serde_json::Value>(&line).ok());
        items
            .filter(|item| item["outcome"] == "stored")
            .map(|item| item["id"].as_str().unwrap().to_owned())
            .collect::<Vec<String>>()
    });
    #[expect(
        clippy::disallowed_methods,
        reason = "the kill has to fall at a random moment of a real process"
    )]
    std::thread::sleep(after);
    // SIGKILL: no handler, no destructor.
    let _ = child.kill();
    let _ = child.wait();
    reader.join().unwrap()
}

/// Detections and sightings after kills are those of an undisturbed run: nothing twice, nothing missing.
#[test]
fn killed_scan_goes_on_to_the_same_sightings() {
    let indicators: Vec<String> = (0..50)
        .map(|number| indicator(number, &format!("[domain-name:value = 'h{number}.example']")))
        .collect();
    let lines: String = (0..40_000u64)
        .map(|number| {
            let host = if number % 4 == 0 { number % 50 } else { 1_000 };
            format!(
                "{{\"_path\":\"dns\",\"ts\":{}.5,\"uid\":\"C{number}\",\"query\":\"h{host}.example\"}}\n",
                1_767_225_600 + number
            )
        })
        .collect();
    let filled = || {
        let home = Home::new();
        let feed = home.file("feed.json", bundle(&indicators));
        home.ok(&["import", "--quiet", &feed]);
        let log = home.file("dns.json", &lines);
        (home, log)
    };
    let (undisturbed, log) = filled();
    let begun = Instant::now();
    undisturbed.ok(&["scan", "--quiet", &log]);
    let whole = begun.elapsed();
    let expected = sighting_counts(&undisturbed);
    assert_eq!(expected.values().sum::<u64>(), 10_000);

    let mut numbers = Numbers(77);
    for kill in 0..kills().div_ceil(10) {
        let (home, log) = filled();
        let mut child = home
            .command(&["scan", "--quiet", &log])
            .stdout(Stdio::null())
            .spawn()
            .unwrap();
        let after = Duration::from_micros(numbers.below(whole.as_micros() as u64 + 1));
        std::thread::sleep(after);
        let _ = child.kill();
        let _ = child.wait();
        assert_eq!(home.run(&["check"]).code, 0, "kill {kill} after {after:?}");
        home.ok(&["scan", "--quiet", &log]);
        assert_eq!(sighting_counts(&home), expected, "kill {kill} after {after:?}");
    }
}

/// Counts of current sightings by indicator and first event.
fn sighting_counts(home: &Home) -> std::collections::BTreeMap<String, u64> {
    let exported = home.ok(&["export", "stix", "--type", "sighting"]);
    let bundle: serde_json::Value = serde_json::from_str(&exported.out).unwrap();
    let sightings = bundle["objects"].as_array().unwrap().iter();
    sightings
        .map(|sighting| {
            let key = format!(
                "{} {} {}",
                sighting["sighting_of_ref"], sighting["first_seen"], sighting["last_seen"]
            );
            (key, sighting["count"].as_u64().unwrap())
        })
        .collect()
}
