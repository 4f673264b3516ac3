//! Nobody takes over another's object, whatever is tried.

use entente_policy::agreement::{Agreement, Clause, Obligations, Parties};
use entente_policy::handling::Tlp;
use entente_policy::{Admission, Cause, Classes, Held, Telling, Terms, Way, admit};
use entente_stix::object::Object;
use serde_json::{Value, json};

use crate::worlds::{self, DAY, NOW, Random, cases, id, now, party};

/// An agreement in which all may tell all.
fn open(random: &mut Random) -> Agreement {
    let mut agreement = worlds::agreement(random);
    let types = worlds::TYPES
        .iter()
        .copied()
        .chain(["identity", "extension-definition"]);
    agreement.clauses = vec![Clause {
        name: "all".to_owned(),
        from: Parties::All,
        to: Parties::All,
        types: types.map(str::to_owned).collect(),
        markings_up_to: Tlp::Red,
        unmarked: Some(Tlp::Clear),
        pap_up_to: None,
        confidence_at_least: None,
        labels_any: Default::default(),
        labels_none: Default::default(),
        not_older_than: None,
        redact: true,
        drop_custom: false,
        obligations: Obligations::default(),
    }];
    agreement
}

const OWNER: usize = 0;
const THIEF: usize = 1;

fn tell(
    terms: &Terms,
    object: &Value,
    teller: usize,
    current: Option<&Value>,
    owner: Option<&str>,
    alone: bool,
) -> Admission {
    let text = object.to_string();
    let object = Object::read(text.as_bytes()).unwrap();
    let held = current.map(Value::to_string);
    let held = held.as_ref().map(|text| Object::read(text.as_bytes()).unwrap());
    let teller = party(teller);
    let telling = Telling {
        object: &object,
        teller: &teller,
        terms,
        way: Way::Channel,
        now: now(),
    };
    let parties = |id: &str| (0..5).any(|number| party(number) == id);
    let held = Held {
        current: held.as_ref(),
        owner,
        held_from_teller: alone,
        parties: &parties,
        markings: &|_| None,
    };
    admit(&mut Classes::new(), &telling, &held)
}

fn victim(random: &mut Random, type_name: &str) -> Value {
    loop {
        let mut object = match type_name {
            "identity" => {
                json!({"type": "identity", "spec_version": "2.1", "id": party(OWNER), "name": "the owner",
                "created": "2020-01-01T00:00:00.000Z", "modified": "2020-01-01T00:00:00.000Z"})
            }
            _ => worlds::object(random, type_name, 1),
        };
        let map = object.as_object_mut().unwrap();
        for key in [
            "granular_markings",
            "created_by_ref",
            "labels",
            "confidence",
            "x_inside",
            "x_marked",
            "extensions",
        ] {
            map.remove(key);
        }
        map.insert(
            "object_marking_refs".to_owned(),
            json!([Tlp::Amber.definition_id()]),
        );
        if map.contains_key("modified") {
            map.insert("modified".to_owned(), json!("2020-01-01T00:00:00.000Z"));
        }
        if map.contains_key("created") && !random.one_in(3) {
            let creator = [party(OWNER), id("identity", 900)];
            map.insert("created_by_ref".to_owned(), json!(creator[random.below(2)]));
        }
        let text = object.to_string();
        let value = entente_stix::json::read(text.as_bytes()).unwrap();
        let valid = entente_stix::validate::object(&value);
        if valid
            .iter()
            .all(|finding| finding.severity != entente_stix::validate::Severity::Error)
        {
            return object;
        }
    }
}

/// One way to try it; what is told after it differs from what is held.
fn attempt(random: &mut Random, held: &Value) -> Value {
    let mut told = held.clone();
    let map = told.as_object_mut().unwrap();
    let newer = (random.below(1000) as i64 + 1) * DAY / 1000;
    for _ in 0..1 + random.below(3) {
        match random.below(9) {
            0 if map.contains_key("modified") => {
                let time = entente_stix::time::Timestamp::from_micros(NOW / 1000 * 1000 - newer);
                map.insert("modified".to_owned(), json!(time.to_string()));
            }
            1 if map.contains_key("created") => drop(map.insert("revoked".to_owned(), json!(true))),
            2 => drop(map.insert(
                "object_marking_refs".to_owned(),
                json!([Tlp::Clear.definition_id()]),
            )),
            3 => drop(map.remove("object_marking_refs")),
            4 if map.contains_key("target_ref") => {
                drop(map.insert("target_ref".to_owned(), json!(id("malware", 666))))
            }
            5 if map.contains_key("created") => {
                drop(map.insert("created_by_ref".to_owned(), json!(party(THIEF))))
            }
            6 if map.contains_key("created_by_ref") => drop(map.remove("created_by_ref")),
            7 if map.contains_key("definition") => {
                map.insert("definition".to_owned(), json!({"statement": "free for all"}));
            }
            _ => drop(map.insert("x_spite".to_owned(), json!(random.below(1_000_000)))),
        }
    }
    told
}

#[test]
fn no_attempt_at_anothers_object_is_accepted() {
    let mut random = Random(42);
    let agreement = open(&mut random);
    let terms = Terms::compile(&agreement).unwrap();
    let types = [
        "indicator",
        "relationship",
        "sighting",
        "report",
        "malware",
        "ipv4-addr",
        "file",
        "marking-definition",
        "x-thing",
        "location",
        "identity",
    ];
    let mut tried = 0;
    while tried < cases(1_000).max(1_000) {
        let type_name = types[random.below(types.len())];
        let held = victim(&mut random, type_name);
        let told = attempt(&mut random, &held);
        if told == held {
            continue;
        }
        // Bound to its owner, or held by the operator or from several, unbound.
        let owner = party(OWNER);
        let owner = random.one_in(2).then_some(owner.as_str());
        let owner = owner.filter(|_| type_name != "ipv4-addr" && type_name != "file");
        let answer = tell(&terms, &told, THIEF, Some(&held), owner, false);
        assert!(
            matches!(answer, Admission::Proposal(_)),
            "{answer:?}: {told} over {held}"
        );
        // The same, told by a third that relays it.
        let relayed = tell(
            &terms,
            &told,
            2 % agreement.parties.len().max(3),
            Some(&held),
            owner,
            false,
        );
        assert!(
            !matches!(relayed, Admission::Accept { .. }),
            "{relayed:?}: {told}"
        );
        tried += 1;
    }
}

#[test]
fn the_owner_may_what_others_may_not() {
    let mut random = Random(43);
    let agreement = open(&mut random);
    let terms = Terms::compile(&agreement).unwrap();
    for _ in 0..200 {
        let type_name = ["indicator", "report", "x-thing"][random.below(3)];
        let held = victim(&mut random, type_name);
        let mut told = attempt(&mut random, &held);
        told.as_object_mut().unwrap().remove("created_by_ref");
        let answer = tell(&terms, &told, OWNER, Some(&held), Some(&party(OWNER)), false);
        assert_eq!(answer, Admission::Accept { bind: None }, "{told}");
    }
}

#[test]
fn a_definition_never_changes_not_even_by_its_owner() {
    let mut random = Random(44);
    let terms = Terms::compile(&open(&mut random)).unwrap();
    let held = worlds::definition(9001);
    let mut told = held.clone();
    told["definition"] = json!({"statement": "free for all"});
    let answer = tell(&terms, &told, OWNER, Some(&held), Some(&party(OWNER)), true);
    assert_eq!(answer, Admission::Proposal(Cause::Immutable));
}

fn indicator(changes: Value) -> Value {
    let mut object = json!({"type": "indicator", "spec_version": "2.1", "id": id("indicator", 1),
        "created": "2020-01-01T00:00:00.000Z", "modified": "2020-01-01T00:00:00.000Z",
        "pattern": "[ipv4-addr:value = '198.51.100.1']", "pattern_type": "stix", "valid_from": "2020-01-01T00:00:00Z"});
    for (key, value) in changes.as_object().unwrap() {
        object[key] = value.clone();
    }
    object
}

fn check(object: Value, current: Option<&Value>, owner: Option<&str>, alone: bool, expected: Admission) {
    let terms = Terms::compile(&open(&mut Random(1))).unwrap();
    assert_eq!(
        tell(&terms, &object, THIEF, current, owner, alone),
        expected,
        "{object}"
    );
}

fn accept(bind: bool) -> Admission {
    Admission::Accept {
        bind: bind.then(|| party(THIEF)),
    }
}

#[test]
fn the_first_teller_is_bound() {
    check(indicator(json!({})), None, None, false, accept(true));
    check(
        indicator(json!({"created_by_ref": party(THIEF)})),
        None,
        None,
        false,
        accept(true),
    );
    check(
        indicator(json!({"created_by_ref": id("identity", 900)})),
        None,
        None,
        false,
        accept(true),
    );
}

#[test]
fn a_known_creator_speaks_for_itself() {
    let relayed = Admission::Proposal(Cause::Relayed(party(OWNER)));
    check(
        indicator(json!({"created_by_ref": party(OWNER)})),
        None,
        None,
        false,
        relayed,
    );
}

#[test]
fn a_creator_that_became_known_later_speaks_for_itself() {
    // Told first by the owner, who named the thief as its creator while nobody knew that party.
    let named = indicator(json!({"created_by_ref": party(THIEF)}));
    let newer = indicator(json!({"created_by_ref": party(THIEF), "modified": "2021-01-01T00:00:00.000Z"}));
    check(newer, Some(&named), Some(&party(OWNER)), false, accept(false));
    // And the other way round: whoever told it first changes it no more, not even by naming nobody.
    let named = indicator(json!({"created_by_ref": party(OWNER)}));
    let relayed = || Admission::Proposal(Cause::Relayed(party(OWNER)));
    for newer in [
        indicator(json!({"modified": "2021-01-01T00:00:00.000Z"})),
        indicator(json!({"created_by_ref": party(THIEF), "modified": "2021-01-01T00:00:00.000Z"})),
    ] {
        check(newer, Some(&named), Some(&party(THIEF)), true, relayed());
    }
    // Claiming it is not enough: what is held must say so.
    let claimed = indicator(json!({"created_by_ref": party(THIEF), "modified": "2021-01-01T00:00:00.000Z"}));
    let owned = Admission::Proposal(Cause::OwnedBy(party(OWNER)));
    check(
        claimed,
        Some(&indicator(json!({}))),
        Some(&party(OWNER)),
        false,
        owned,
    );
}

#[test]
fn nobody_is_another_party() {
    let mut random = Random(3);
    let object = victim(&mut random, "identity");
    check(
        object,
        None,
        None,
        false,
        Admission::Proposal(Cause::OthersIdentity),
    );
}

#[test]
fn the_creator_takes_what_the_operator_had_imported() {
    let held = indicator(json!({"created_by_ref": party(THIEF)}));
    let told = indicator(json!({"created_by_ref": party(THIEF), "modified": "2021-01-01T00:00:00.000Z"}));
    check(told, Some(&held), None, false, accept(true));
    // Saying so oneself is not enough.
    let claimed = indicator(json!({"created_by_ref": party(THIEF), "modified": "2021-01-01T00:00:00.000Z"}));
    let refused = Admission::Proposal(Cause::HeldFromOthers);
    check(claimed, Some(&indicator(json!({}))), None, false, refused);
}

#[test]
fn the_same_is_taken_from_whoever_holds_it() {
    let held = indicator(json!({}));
    check(
        held.clone(),
        Some(&held),
        Some(&party(OWNER)),
        false,
        accept(false),
    );
}

#[test]
fn observables_stay_per_source() {
    let held = json!({"type": "ipv4-addr", "id": "ipv4-addr--28bb3599-77cd-5a82-a950-b5bc3caf07c4",
        "value": "198.51.100.3"});
    let id = entente_stix::id::deterministic(&entente_stix::json::read(held.to_string().as_bytes()).unwrap())
        .unwrap();
    let mut held = held;
    held["id"] = json!(id.as_str());
    let mut told = held.clone();
    told["defanged"] = json!(true);
    check(held.clone(), None, None, false, accept(false));
    check(told.clone(), Some(&held), None, true, accept(false));
    check(
        told,
        Some(&held),
        None,
        false,
        Admission::Proposal(Cause::Variant),
    );
    let mut other = held.clone();
    other["value"] = json!("198.51.100.4");
    let terms = Terms::compile(&open(&mut Random(1))).unwrap();
    let parked = tell(&terms, &other, THIEF, Some(&held), None, false);
    assert!(
        matches!(parked, Admission::Park(Cause::IdOfOtherContent(_))),
        "{parked:?}"
    );
}

#[test]
fn the_future_is_parked() {
    let terms = Terms::compile(&open(&mut Random(1))).unwrap();
    for key in ["modified", "created"] {
        for (ahead, parked) in [(300_000_000, false), (301_000_000, true)] {
            let time = entente_stix::time::Timestamp::from_micros(NOW + ahead).to_string();
            let mut object = indicator(json!({"modified": time}));
            if key == "created" {
                object["created"] = json!(time);
            }
            let answer = tell(&terms, &object, THIEF, None, None, false);
            assert_eq!(
                matches!(answer, Admission::Park(Cause::Future(_))),
                parked,
                "{key} {ahead}: {answer:?}"
            );
        }
    }
}

#[test]
fn the_bad_is_parked_with_its_reason() {
    let parked = |object: &Value| {
        let mut random = Random(1);
        let mut agreement = open(&mut random);
        agreement.clauses[0].types.remove("report");
        agreement.clauses[0].markings_up_to = Tlp::Amber;
        match tell(
            &Terms::compile(&agreement).unwrap(),
            object,
            THIEF,
            None,
            None,
            false,
        ) {
            Admission::Park(cause) => cause.code(),
            other => panic!("{other:?}"),
        }
    };
    assert_eq!(parked(&indicator(json!({"pattern": 7}))), "invalid");
    assert_eq!(
        parked(&indicator(
            json!({"object_marking_refs": [Tlp::Red.definition_id()]})
        )),
        "not-covered"
    );
    let mut report = indicator(json!({}));
    report["type"] = json!("report");
    report["id"] = json!(id("report", 1));
    report["name"] = json!("r");
    report["published"] = json!("2020-01-01T00:00:00Z");
    report["object_refs"] = json!([id("malware", 1)]);
    assert_eq!(parked(&report), "not-covered");
    let false_red = json!({"type": "marking-definition", "spec_version": "2.1", "id": Tlp::Red.definition_id(),
        "created": "2020-01-01T00:00:00.000Z", "definition_type": "statement", "definition": {"statement": "clear"}});
    assert_eq!(parked(&false_red), "fixed-definition");
}

#[test]
fn contributions_are_what_the_agreement_lets_be_contributed() {
    let mut agreement = open(&mut Random(1));
    agreement.contributions[0].by = Parties::All;
    agreement.contributions[0].types = ["note".to_owned()].into();
    agreement.contributions[0].markings_up_to = Tlp::Green;
    let terms = Terms::compile(&agreement).unwrap();
    let check = |terms: &Terms, object: &Value, expected: &str| {
        let text = object.to_string();
        let object = Object::read(text.as_bytes()).unwrap();
        let teller = party(THIEF);
        let telling = Telling {
            object: &object,
            teller: &teller,
            terms,
            way: Way::Contribution,
            now: now(),
        };
        let held = Held {
            current: None,
            owner: None,
            held_from_teller: false,
            parties: &|_| false,
            markings: &|_| None,
        };
        match admit(&mut Classes::new(), &telling, &held) {
            Admission::Park(cause) => {
                assert_eq!(cause.code(), "not-covered");
                let said = cause.to_string();
                assert!(!expected.is_empty() && said.contains(expected), "{said}");
            }
            admission => assert_eq!((admission, expected), (accept(true), "")),
        }
    };
    let note = |tlp: Tlp| {
        json!({"type": "note", "spec_version": "2.1", "id": id("note", 1), "content": "c",
        "created": "2020-01-01T00:00:00.000Z", "modified": "2020-01-01T00:00:00.000Z",
        "object_refs": [id("malware", 1)], "object_marking_refs": [tlp.definition_id()]})
    };
    let mut unmarked = note(Tlp::Green);
    unmarked.as_object_mut().unwrap().remove("object_marking_refs");
    check(&terms, &note(Tlp::Green), "");
    check(
        &terms,
        &note(Tlp::Amber),
        "`tips` takes nothing above TLP:GREEN, and this is TLP:AMBER",
    );
    check(&terms, &indicator(json!({})), "`tips` takes no `indicator`");
    check(&terms, &unmarked, "`tips` takes nothing without a TLP marking");
    agreement.contributions[0].unmarked = Some(Tlp::Clear);
    check(&Terms::compile(&agreement).unwrap(), &unmarked, "");
    let mut others = agreement
        .parties
        .iter()
        .filter(|member| member.identity != party(THIEF));
    let other = others.next().unwrap().name.clone();
    agreement.contributions[0].by = Parties::Named([other].into());
    check(
        &Terms::compile(&agreement).unwrap(),
        &unmarked,
        "takes anything from",
    );
}
