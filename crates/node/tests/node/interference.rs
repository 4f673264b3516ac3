//! Pairs of worlds that differ in one object that the recipient may not see: its whole view is the same.

use std::fmt::Write as _;

use crate::hostile::Choices;
use crate::peers::{Peer, RED, count, id, indicator, marked, object, peers, relationship};
use crate::world::day;

/// Everything that Beta can learn of Alpha, as text.
fn view(alpha: &Peer, beta: &Peer, secret: &str) -> String {
    let view = alpha.home.node.view(beta.id(), day(5));
    let mut all = String::new();
    for act in view.acts().unwrap() {
        writeln!(all, "{}", act.text).unwrap();
    }
    writeln!(all, "{:?}", view.heads().unwrap()).unwrap();
    for offer in view.channels().unwrap() {
        writeln!(all, "{offer:?}").unwrap();
        for from in 0..offer.size + 2 {
            writeln!(all, "{:?}", view.slice(&offer.origin, from, 3, 700)).unwrap();
        }
    }
    writeln!(
        all,
        "{:?}",
        view.slice(secret, 0, 1, 1).map_err(|error| error.to_string())
    )
    .unwrap();
    all
}

/// Objects that refer to each other at random.
fn random_objects(choices: &mut Choices) -> Vec<String> {
    let mut objects = Vec::new();
    for number in 0..3 + choices.below(6) as u32 {
        objects.push(match choices.below(4) {
            0 => object("malware", number, 0, r#","is_family":false,"name":"m""#),
            1 => relationship(
                number,
                &id("indicator", choices.below(9) as u32),
                &id("malware", choices.below(9) as u32),
            ),
            2 => object(
                "report",
                number,
                0,
                &format!(
                    r#","name":"r","published":"{}","object_refs":["{}","{}"]"#,
                    day(0),
                    id("indicator", choices.below(9) as u32),
                    id("malware", choices.below(9) as u32)
                ),
            ),
            _ => indicator(number, 0, ""),
        });
    }
    objects
}

/// Something that Beta may not see: too closely marked, or naming what is not released.
fn secret(choices: &mut Choices) -> String {
    let number = choices.below(9) as u32;
    match choices.below(4) {
        0 => indicator(100 + number, 0, &marked(RED)),
        1 => object(
            "malware",
            100 + number,
            0,
            &format!(r#","is_family":false,"name":"m"{}"#, marked(RED)),
        ),
        2 => relationship(100 + number, &id("indicator", number), &id("malware", 777)),
        _ => object(
            "sighting",
            100 + number,
            0,
            &format!(r#","sighting_of_ref":"{}""#, id("indicator", 777)),
        ),
    }
}

#[test]
fn what_may_not_be_seen_changes_nothing_in_a_peers_view() {
    let pairs = u64::from(count("ENTENTE_PAIRS", 40));
    for seed in 0..pairs {
        let mut choices = Choices(seed);
        let mut objects = random_objects(&mut choices);
        let secret = secret(&mut choices);
        let cut = choices.below(objects.len());
        let place = choices.below(objects.len());
        let mut views = Vec::new();
        for has_secret in [false, true] {
            let [alpha, beta]: [Peer; 2] = peers(&["Alpha", "Beta"]).try_into().ok().unwrap();
            if has_secret {
                objects.insert(place, secret.clone());
            }
            let cut = if has_secret && place < cut { cut + 1 } else { cut };
            alpha.import("feed", &objects[..cut], day(3));
            alpha.release_all(day(3));
            alpha.import("feed", &objects[cut..], day(4));
            alpha.release_all(day(4));
            views.push(view(&alpha, &beta, &format!("entente/pact/{}", seed)));
        }
        assert_eq!(views[0], views[1], "seed {seed}: {secret}");
    }
}
