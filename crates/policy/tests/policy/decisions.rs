//! Decisions against the naive rules, among paired worlds, and what forms may not tell.

use std::collections::{BTreeMap, BTreeSet};

use entente_policy::agreement::Agreement;
use entente_policy::handling::Tlp;
use entente_policy::{
    Audience, Classes, Decision, Entry, HandingToAnyone, Provenance, Question, Reason, Standing,
    Surroundings, Terms, decide, hand_over_to_anyone,
};
use entente_stix::object::Object;
use entente_stix::time::Timestamp;
use entente_stix::validate::{self, Severity};
use serde_json::{Value, json};

use crate::oracle::{self, Asked, Ruling};
use crate::worlds::{self, Around, DAY, NOW, Random, cases, now};

fn ruling_of(decision: &Decision, object: &Value) -> Ruling {
    match decision {
        Decision::Release(released) => Ruling::Goes {
            clause: released.clause().to_owned(),
            whole: released.value().taken_out.is_empty(),
            value: match released.value().taken_out.is_empty() {
                true => canonical(object),
                false => serde_json::from_slice(&released.value().text).unwrap(),
            },
        },
        Decision::Withhold(withheld) => match &withheld.reason {
            Reason::NotCovered(obstacles) => Ruling::Denied {
                nearest: withheld.clause.clone(),
                failing: obstacles.iter().map(|obstacle| obstacle.condition).collect(),
            },
            Reason::UnknownMarking(_) => Ruling::Stays("marking"),
            Reason::Unreadable(pointer) if pointer == "/object_marking_refs" => Ruling::Stays("marking"),
            Reason::Needs { .. } | Reason::RestInvalid { .. } => Ruling::Stays("rest"),
            other => Ruling::Stays(other.code()),
        },
    }
}

/// `49.0` is `49`.
fn canonical(value: &Value) -> Value {
    let text = value.to_string();
    let canonical = entente_stix::json::read(text.as_bytes()).unwrap().canonical();
    serde_json::from_str(&canonical).unwrap()
}

fn provenance(random: &mut Random) -> Provenance<'static> {
    match random.below(4) {
        0 => Provenance::Received {
            from: "identity--00000000-0000-4000-8000-000000000001",
            agreement: ["agreement-0", "elsewhere"][random.below(2)],
            redistribute: random.one_in(2),
        },
        _ => Provenance::Own,
    }
}

fn audiences(agreement: &Agreement, terms: &Terms) -> Vec<(String, Audience)> {
    let owners = agreement.parties.iter().map(|member| member.identity.clone());
    owners
        .flat_map(|owner| {
            terms
                .audiences(&owner)
                .into_iter()
                .map(move |audience| (owner.clone(), audience))
        })
        .collect()
}

#[test]
fn what_goes_to_anyone_is_what_the_naive_rules_call_clear() {
    let (mut seed, mut went, mut stayed) = (0, 0, 0);
    let standing = Standing::InForce;
    while went + stayed < cases(4_000) {
        seed += 1;
        let mut random = Random(seed);
        let agreement = Agreement {
            anonymous_reading: true,
            ..worlds::agreement(&mut random)
        };
        let terms = Terms::compile(&agreement).unwrap();
        let Some((owner, audience)) = audiences(&agreement, &terms).into_iter().next() else {
            continue;
        };
        for number in 0..40 {
            let type_name = random.of(worlds::TYPES);
            let mut object = worlds::object(&mut random, type_name, 1 + number);
            if random.one_in(2) {
                // Made-up objects are rarely marked so, and most often nothing else is wrong with them.
                object["object_marking_refs"] = json!([Tlp::Clear.definition_id()]);
            }
            let around = worlds::around(&mut random);
            let text = object.to_string();
            let Ok(read) = Object::read(text.as_bytes()) else {
                continue;
            };
            let handing = HandingToAnyone {
                entry: Entry {
                    subject: read.id(),
                    digest: *read.digest().as_bytes(),
                    clause: "clause-0",
                    expires: None,
                    recalled: false,
                },
                content: Some(text.as_bytes()),
                redacted: false,
                owner: &owner,
                audience: &audience,
                standing: &standing,
                now: now(),
            };
            let answer = hand_over_to_anyone(&terms, &handing, &|id| around.marking(id));
            assert_eq!(
                answer.is_ok(),
                oracle::is_clear(&object, &around),
                "{text}: {answer:?}"
            );
            match answer {
                Ok(_) => went += 1,
                Err(_) => stayed += 1,
            }
        }
    }
    assert!(
        went * 10 > stayed && stayed * 10 > went,
        "{went} went, {stayed} stayed"
    );
}

#[test]
fn decisions_are_those_of_the_naive_rules() {
    let pairs = cases(2_000);
    let (mut done, mut seed, mut seen) = (0, 0, BTreeMap::new());
    while done < pairs {
        seed += 1;
        let mut random = Random(seed);
        let agreement = worlds::agreement(&mut random);
        let terms = Terms::compile(&agreement).unwrap();
        let ways = audiences(&agreement, &terms);
        let mut classes = Classes::new();
        for number in 0..if ways.is_empty() { 0 } else { 40 } {
            let (owner, audience) = &ways[random.below(ways.len())];
            let type_name = random.of(worlds::TYPES);
            let object = worlds::object(&mut random, type_name, 1 + number);
            let around = worlds::around(&mut random);
            let standing = match random.below(20) {
                0 => Standing::Suspended { by: owner.clone() },
                _ => Standing::InForce,
            };
            let times = [
                NOW,
                NOW,
                NOW,
                NOW,
                NOW + 3,
                NOW - DAY,
                NOW + 2000 * DAY,
                NOW - 2000 * DAY,
            ];
            let now = Timestamp::from_micros(times[random.below(times.len())]);
            let provenance = provenance(&mut random);
            let text = object.to_string();
            let read = Object::read(text.as_bytes()).unwrap();
            let question = Question {
                object: &read,
                owner,
                audience,
                provenance,
                standing: &standing,
                now,
            };
            let decision = decide(&terms, &mut classes, &question, &around);
            let mut expected = oracle::rule(&Asked {
                agreement: &agreement,
                owner,
                audience,
                object: &object,
                provenance,
                standing: &standing,
                now,
                around: &around,
            });
            if let Ruling::Goes { value, .. } = &mut expected {
                *value = canonical(value);
            }
            assert_eq!(
                ruling_of(&decision, &object),
                expected,
                "seed {seed}, object {object}, {around:?}, {decision:?}, {}",
                terms.cedar()
            );
            let kind = match &decision {
                Decision::Release(form) if form.value().taken_out.is_empty() => "whole",
                Decision::Release(_) => "redacted",
                Decision::Withhold(withheld) => withheld.reason.code(),
            };
            *seen.entry(kind).or_insert(0_u64) += 1;
            done += 1;
        }
    }
    // The comparison says something only where everything occurs.
    for kind in [
        "whole",
        "redacted",
        "type",
        "marking",
        "pap",
        "confidence",
        "labels-any",
        "labels-none",
        "age",
        "redistribution",
        "return",
        "not-in-force",
        "unknown-marking",
        "unreadable",
        "marking-not-released",
        "part-above",
        "translates-parts",
        "needs",
        "mentions",
        "custom-type",
    ] {
        assert!(seen.contains_key(kind), "`{kind}` never occurred: {seen:?}");
    }
}

#[test]
fn an_answer_from_the_cache_is_the_answer_anew() {
    let mut random = Random(7);
    for _ in 0..20 {
        let agreement = worlds::agreement(&mut random);
        let terms = Terms::compile(&agreement).unwrap();
        let mut kept = Classes::new();
        for (owner, audience) in audiences(&agreement, &terms) {
            for number in 0..20 {
                let type_name = random.of(worlds::TYPES);
                let text = worlds::object(&mut random, type_name, number).to_string();
                let object = Object::read(text.as_bytes()).unwrap();
                let around = worlds::around(&mut random);
                let question = Question {
                    object: &object,
                    owner: &owner,
                    audience: &audience,
                    provenance: Provenance::Own,
                    standing: &Standing::InForce,
                    now: now(),
                };
                let anew = decide(&terms, &mut Classes::new(), &question, &around);
                assert_eq!(decide(&terms, &mut kept, &question, &around), anew);
            }
        }
    }
}

/// Decides a whole world for one audience, targets before what names them.
fn view(
    terms: &Terms,
    owner: &str,
    audience: &Audience,
    held: &BTreeMap<String, Value>,
) -> BTreeMap<String, Seen> {
    let mut around = Around::default();
    for (id, value) in held.iter().filter(|(id, _)| id.starts_with("marking-definition")) {
        let text = value.to_string();
        let facts = entente_policy::MarkingFacts::of(&Object::read(text.as_bytes()).unwrap());
        around.markings.insert(id.clone(), facts);
    }
    let rank = |id: &str| {
        let order = [
            "marking-definition",
            "identity",
            "ipv4-addr",
            "file",
            "malware",
            "indicator",
            "relationship",
        ];
        order
            .iter()
            .position(|type_name| id.starts_with(type_name))
            .unwrap_or(order.len())
    };
    let mut ids: Vec<&String> = held.keys().collect();
    ids.sort_by_key(|id| (rank(id), (*id).clone()));
    let mut classes = Classes::new();
    let mut seen = BTreeMap::new();
    for id in ids {
        let text = held[id].to_string();
        let object = Object::read(text.as_bytes()).unwrap();
        let question = Question {
            object: &object,
            owner,
            audience,
            provenance: Provenance::Own,
            standing: &Standing::InForce,
            now: now(),
        };
        let decision = decide(terms, &mut classes, &question, &around);
        if let Decision::Release(released) = &decision {
            around.released.insert(id.clone());
            if released.value().taken_out.is_empty() {
                around.whole.insert(id.clone());
            }
        }
        seen.insert(
            id.clone(),
            match decision {
                Decision::Release(released) => Some((
                    released.clause().to_owned(),
                    released.value().digest,
                    released.value().text.clone(),
                )),
                Decision::Withhold(_) => None,
            },
        );
    }
    seen
}

/// Clause, digest and bytes; nothing where it stays.
type Seen = Option<(String, [u8; 32], Vec<u8>)>;

#[test]
fn what_a_recipient_sees_does_not_depend_on_what_it_may_not_see() {
    let pairs = 2_000;
    let (mut done, mut seed) = (0, 1_000_000);
    while done < pairs {
        seed += 1;
        let mut random = Random(seed);
        let agreement = worlds::agreement(&mut random);
        let terms = Terms::compile(&agreement).unwrap();
        let ways = audiences(&agreement, &terms);
        if ways.is_empty() {
            continue;
        }
        let mut world = BTreeMap::new();
        for number in worlds::DEFINITIONS {
            let mut definition = worlds::definition(number);
            definition["object_marking_refs"] = json!([Tlp::ALL[random.below(5)].definition_id()]);
            world.insert(worlds::id("marking-definition", number), definition);
        }
        for number in 0..14 {
            let type_name = ["indicator", "malware", "ipv4-addr", "file"][number % 4];
            let object = worlds::object(&mut random, type_name, 100 + number / 4);
            world.insert(object["id"].as_str().unwrap().to_owned(), object);
        }
        for number in 0..8 {
            let type_name = random.of(worlds::TYPES);
            let object = worlds::object(&mut random, type_name, 1 + number);
            world.insert(object["id"].as_str().unwrap().to_owned(), object);
        }
        for _ in 0..8 {
            let (owner, audience) = &ways[random.below(ways.len())];
            let with = view(&terms, owner, audience, &world);
            let secrets: Vec<&String> = with
                .iter()
                .filter(|(_, seen)| seen.is_none())
                .map(|(id, _)| id)
                .collect();
            for _ in 0..secrets.len().min(5) {
                let secret = secrets[random.below(secrets.len())];
                let mut without = world.clone();
                without.remove(secret);
                let mut expected = with.clone();
                expected.remove(secret);
                assert_eq!(
                    view(&terms, owner, audience, &without),
                    expected,
                    "seed {seed}, secret {secret}"
                );
                done += 1;
            }
        }
    }
}

#[test]
fn nothing_that_was_taken_out_remains() {
    let wanted = cases(2_000).max(500) / 4;
    let (mut redacted, mut seed) = (0, 5_000_000);
    while redacted < wanted {
        seed += 1;
        let mut random = Random(seed);
        let agreement = worlds::agreement(&mut random);
        let terms = Terms::compile(&agreement).unwrap();
        for (owner, audience) in audiences(&agreement, &terms) {
            for number in 0..10 {
                let type_name = random.of(worlds::TYPES);
                let mut object = worlds::object(&mut random, type_name, number);
                // Every text that can be taken out is one of a kind.
                let mut secrets = 0;
                name_texts(&mut object, "", &mut secrets);
                let around = worlds::around(&mut random);
                redacted += u64::from(leaks_nothing(&terms, &owner, &audience, &object, &around));
            }
        }
    }
}

fn name_texts(value: &mut Value, key: &str, count: &mut usize) {
    match value {
        Value::String(text) => {
            let may_go = ["name", "description", "x_note", "content", "what"].contains(&key);
            if may_go && !text.contains("--") {
                *count += 1;
                *text = format!("secret \"{count}\" \u{e9}");
            }
        }
        Value::Array(list) => list.iter_mut().for_each(|inner| name_texts(inner, key, count)),
        Value::Object(map) => map
            .iter_mut()
            .for_each(|(key, inner)| name_texts(inner, key, count)),
        _ => {}
    }
}

fn leaks_nothing(terms: &Terms, owner: &str, audience: &Audience, object: &Value, around: &Around) -> bool {
    let text = object.to_string();
    let read = Object::read(text.as_bytes()).unwrap();
    let question = Question {
        object: &read,
        owner,
        audience,
        provenance: Provenance::Own,
        standing: &Standing::InForce,
        now: now(),
    };
    let Decision::Release(released) = decide(terms, &mut Classes::new(), &question, around) else {
        return false;
    };
    let form = released.value();
    let out = String::from_utf8(form.text.clone()).unwrap();
    let again = Object::read(&form.text).unwrap();
    assert_eq!(*again.digest().as_bytes(), form.digest, "{out}");
    assert_eq!(
        (again.id(), again.type_name()),
        (form.id.as_str(), form.type_name.as_str())
    );
    let of_world =
        |id: &str| around.released.contains(id) || terms.is_party(id) || Tlp::of_definition_id(id).is_some();
    for found in ids_anywhere(&out) {
        assert!(of_world(&found) || found == form.id, "`{found}` is told in {out}");
    }
    if form.taken_out.is_empty() {
        assert_eq!(out, text);
        return false;
    }
    let errors = validate::object(again.value());
    let errors: Vec<_> = errors
        .iter()
        .filter(|finding| finding.severity == Severity::Error)
        .collect();
    assert!(errors.is_empty(), "{errors:?} in {out}");
    for pointer in &form.taken_out {
        let part = object
            .pointer(pointer)
            .unwrap_or_else(|| panic!("`{pointer}` of {object}"));
        for secret in texts(part) {
            assert!(
                !out.contains(&json!(secret).to_string()),
                "`{secret}` of `{pointer}` remains in {out}"
            );
        }
    }
    true
}

fn texts(value: &Value) -> BTreeSet<String> {
    match value {
        Value::String(text) if text.starts_with("secret") => BTreeSet::from([text.clone()]),
        Value::Array(list) => list.iter().flat_map(texts).collect(),
        Value::Object(map) => map.values().flat_map(texts).collect(),
        _ => BTreeSet::new(),
    }
}

/// Whatever in the bytes looks like `type--uuid`.
fn ids_anywhere(text: &str) -> Vec<String> {
    let pieces = text.split(|c: char| !(c.is_ascii_alphanumeric() || c == '-' || c == '_'));
    pieces
        .filter(|piece| entente_stix::id::is_id(&piece.to_lowercase()))
        .map(str::to_owned)
        .collect()
}
