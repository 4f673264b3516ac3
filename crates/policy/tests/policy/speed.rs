//! How fast decisions are. Run in release, by hand:
//! `cargo test --release -p entente-policy --test policy speed -- --ignored --nocapture`

use std::time::Instant;

use entente_policy::agreement::Agreement;
use entente_policy::handling::Tlp;
use entente_policy::{Classes, Decision, Provenance, Question, Standing, Terms, decide};
use entente_stix::object::Object;
use serde_json::json;

use crate::worlds::{Around, NOW, id};

const OBJECTS: usize = 200_000;

fn agreement() -> Agreement {
    let example = include_str!("../../../../examples/agreements/energy-north.toml");
    let mut agreement = Agreement::read(example).unwrap();
    agreement.from = entente_stix::time::Timestamp::from_micros(NOW - 1);
    agreement.until = entente_stix::time::Timestamp::from_micros(NOW + 1);
    agreement
}

/// Indicators as they are: about 600 bytes, with a marking, a creator and labels.
fn indicators(creator: &str, label: impl Fn(usize) -> Vec<String>) -> Vec<String> {
    let levels = [Tlp::Clear, Tlp::Green, Tlp::Amber, Tlp::Red];
    (0..OBJECTS)
        .map(|number| {
            json!({"type": "indicator", "spec_version": "2.1", "id": id("indicator", number),
                "created_by_ref": creator, "created": "2026-05-01T00:00:00.000Z", "modified": "2026-05-01T00:00:00.000Z",
                "name": format!("C2 server {number}"), "indicator_types": ["malicious-activity"],
                "description": "seen as the command and control server of a loader, by our own sensors, several times",
                "pattern": format!("[ipv4-addr:value = '10.{}.{}.{}']", number >> 16, number >> 8 & 255, number & 255),
                "pattern_type": "stix", "valid_from": "2026-05-01T00:00:00Z", "confidence": number % 101,
                "labels": label(number), "object_marking_refs": [levels[number % 4].definition_id()]})
            .to_string()
        })
        .collect()
}

#[allow(clippy::disallowed_methods, clippy::print_stdout, reason = "this measures")]
fn measure(what: &str, agreement: &Agreement, clause: &str, texts: &[String]) {
    let terms = Terms::compile(agreement).unwrap();
    let owner = agreement.parties[0].identity.clone();
    let audience = terms
        .audiences(&owner)
        .into_iter()
        .find(|one| one.clauses.contains(&clause.to_owned()))
        .unwrap();
    let objects: Vec<Object<'_>> = texts
        .iter()
        .map(|text| Object::read(text.as_bytes()).unwrap())
        .collect();
    let around = Around::default();
    let mut classes = Classes::new();
    let started = Instant::now();
    let mut released = 0;
    for object in &objects {
        let question = Question {
            object,
            owner: &owner,
            audience: &audience,
            provenance: Provenance::Own,
            standing: &Standing::InForce,
            now: entente_stix::time::Timestamp::from_micros(NOW),
        };
        let decision = decide(&terms, &mut classes, &question, &around);
        released += usize::from(matches!(decision, Decision::Release(_)));
    }
    let seconds = started.elapsed().as_secs_f64();
    println!(
        "{what}: {:.0} objects/s, {released} of {OBJECTS} released, {} evaluations",
        OBJECTS as f64 / seconds,
        classes.evaluations()
    );
}

#[test]
#[ignore = "a measurement"]
fn speed_of_decisions() {
    let agreement = agreement();
    let texts = indicators(&agreement.parties[0].identity, |number| {
        vec![format!("campaign-{number}")]
    });
    measure("with the class cache", &agreement, "warnings", &texts);
    let mut many = agreement.clone();
    let bits = |number: usize| {
        (0..18)
            .filter(move |bit| number >> bit & 1 == 1)
            .map(|bit| format!("label-{bit}"))
    };
    many.clauses[0].labels_none = (0..18)
        .map(|bit| format!("label-{bit}"))
        .chain(["internal".to_owned()])
        .collect();
    let texts = indicators(&agreement.parties[0].identity, |number| bits(number).collect());
    measure("every object its own class, withheld", &many, "warnings", &texts);
    many.clauses[0].labels_none.clear();
    many.clauses[0].labels_any = (0..18).map(|bit| format!("label-{bit}")).collect();
    measure("every object its own class, released", &many, "warnings", &texts);
    let texts = indicators("identity--00000000-0000-4000-8000-000000000999", |_| {
        vec!["a".to_owned()]
    });
    measure(
        "with the class cache, every object redacted",
        &agreement,
        "warnings",
        &texts,
    );
}

/// A million objects of a made-up node: few classes, whatever labels people invent.
#[test]
fn many_objects_are_few_classes() {
    let agreement = agreement();
    let terms = Terms::compile(&agreement).unwrap();
    let owner = &agreement.parties[0].identity;
    let audience = &terms.audiences(owner)[0];
    let mut classes = Classes::new();
    for number in 0..20_000 {
        let type_name = if number % 3 == 0 {
            format!("x-{number}")
        } else {
            "indicator".to_owned()
        };
        let text = json!({"type": type_name, "id": id(&type_name, number), "confidence": number % 101,
            "labels": [format!("label-{number}"), "Internal"], "created": "2026-05-01T00:00:00.000Z"})
        .to_string();
        let question = Question {
            object: &Object::read(text.as_bytes()).unwrap(),
            owner,
            audience,
            provenance: Provenance::Own,
            standing: &Standing::InForce,
            now: entente_stix::time::Timestamp::from_micros(NOW),
        };
        decide(&terms, &mut classes, &question, &Around::default());
    }
    assert!(classes.evaluations() <= 8, "{}", classes.evaluations());
}
