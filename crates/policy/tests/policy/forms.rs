//! Forms and reasons, case by case: the smallest object, and what becomes of it.

use entente_policy::agreement::{Agreement, Clause, Member, Obligations, Parties};
use entente_policy::handling::{Handling, Tlp};
use entente_policy::{
    Classes, Decision, Entry, Handing, MarkingFacts, Provenance, Question, Reason, Standing, Terms, decide,
    explain, hand_over,
};
use entente_stix::object::Object;
use entente_stix::time::Timestamp;
use serde_json::{Value, json};

use crate::worlds::{Around, DAY, NOW, id, now, party};

pub(crate) fn agreement() -> Agreement {
    let member = |number: usize, name: &str| Member {
        name: name.to_owned(),
        identity: party(number),
        root_key: format!("{name}+00000000+AQ"),
    };
    Agreement {
        id: "pair".to_owned(),
        version: 1,
        title: "made up".to_owned(),
        purpose: "to be tried".to_owned(),
        from: Timestamp::from_micros(NOW - 100 * DAY),
        until: Timestamp::from_micros(NOW + 100 * DAY),
        parties: vec![member(0, "cert"), member(1, "grid"), member(2, "volt")],
        clauses: vec![Clause {
            name: "warnings".to_owned(),
            from: Parties::Named(["cert".to_owned()].into()),
            to: Parties::All,
            types: [
                "indicator",
                "report",
                "relationship",
                "file",
                "note",
                "language-content",
                "email-message",
            ]
            .map(str::to_owned)
            .into(),
            markings_up_to: Tlp::Green,
            unmarked: Some(Tlp::Clear),
            pap_up_to: None,
            confidence_at_least: None,
            labels_any: Default::default(),
            labels_none: Default::default(),
            not_older_than: None,
            redact: true,
            drop_custom: false,
            obligations: Obligations::default(),
        }],
        contributions: Vec::new(),
        handling: Handling::default(),
        anonymous_reading: false,
        previous: None,
    }
}

fn ruled(agreement: &Agreement, object: &Value, around: &Around) -> Decision {
    let terms = Terms::compile(agreement).unwrap();
    let audience = &terms.audiences(&party(0))[0];
    let text = object.to_string();
    let question = Question {
        object: &Object::read(text.as_bytes()).unwrap(),
        owner: &party(0),
        audience,
        provenance: Provenance::Own,
        standing: &Standing::InForce,
        now: now(),
    };
    let decision = decide(&terms, &mut Classes::new(), &question, around);
    assert!(
        explain(&terms, &question, &decision)
            .iter()
            .all(|sentence| sentence.ends_with(['.', ':']))
    );
    decision
}

/// What remains of the object, by the whole of what differs.
fn goes(object: Value, released: &[String]) -> Value {
    match ruled(&agreement(), &object, &having(released)) {
        Decision::Release(form) => serde_json::from_slice(&form.value().text).unwrap(),
        Decision::Withhold(withheld) => panic!("{withheld}"),
    }
}

fn stays(object: Value, released: &[String]) -> (&'static str, Vec<String>) {
    match ruled(&agreement(), &object, &having(released)) {
        Decision::Release(form) => panic!("{:?}", form.value().taken_out),
        Decision::Withhold(withheld) => (withheld.reason.code(), withheld.awaits),
    }
}

fn having(released: &[String]) -> Around {
    Around {
        released: released.iter().cloned().collect(),
        ..Around::default()
    }
}

pub(crate) fn indicator(changes: Value) -> Value {
    let mut object = json!({"type": "indicator", "spec_version": "2.1", "id": id("indicator", 1),
        "created": "2026-05-01T00:00:00.000Z", "modified": "2026-05-01T00:00:00.000Z",
        "pattern": "[ipv4-addr:value = '198.51.100.1']", "pattern_type": "stix", "valid_from": "2026-05-01T00:00:00Z"});
    for (key, value) in changes.as_object().unwrap() {
        object[key] = value.clone();
    }
    object
}

fn marked(tlp: Tlp, selectors: &[&str]) -> Value {
    json!({"marking_ref": tlp.definition_id(), "selectors": selectors})
}

#[test]
fn what_names_nothing_goes_byte_for_byte() {
    let text = format!(
        r#" {{ "pattern_type":"stix","type":"indicator", "spec_version":"2.1","id":"{}","confidence":1.0e1,
        "created":"2026-05-01T00:00:00.000Z","modified":"2026-05-01T00:00:00.000Z","name":"\u0061",
        "pattern":"[a:b = 'c']","valid_from":"2026-05-01T00:00:00Z","x_own":[] }}"#,
        id("indicator", 1)
    );
    let terms = Terms::compile(&agreement()).unwrap();
    let question = Question {
        object: &Object::read(text.as_bytes()).unwrap(),
        owner: &party(0),
        audience: &terms.audiences(&party(0))[0],
        provenance: Provenance::Own,
        standing: &Standing::InForce,
        now: now(),
    };
    let Decision::Release(released) = decide(&terms, &mut Classes::new(), &question, &Around::default())
    else {
        panic!("withheld");
    };
    assert_eq!(released.value().text, text.trim().as_bytes());
    assert_eq!(released.clause(), "warnings");
    assert_eq!(released.audience().members, [party(1), party(2)]);
}

#[test]
fn a_list_moves_up_and_selectors_follow() {
    let object = indicator(json!({"labels": ["open", "closed", "kept"],
        "granular_markings": [marked(Tlp::Red, &["labels.[1]"]), marked(Tlp::Green, &["labels.[2]", "labels.[1]"])]}));
    let expected = indicator(json!({"labels": ["open", "kept"],
        "granular_markings": [marked(Tlp::Green, &["labels.[1]"])]}));
    assert_eq!(goes(object, &[]), expected);
}

#[test]
fn a_list_of_which_nothing_remains_goes_and_so_do_its_markings() {
    let object =
        indicator(json!({"labels": ["closed"], "granular_markings": [marked(Tlp::Red, &["labels.[0]"])]}));
    assert_eq!(goes(object, &[]), indicator(json!({})));
}

#[test]
fn a_required_part_keeps_the_whole() {
    let object = indicator(json!({"granular_markings": [marked(Tlp::Red, &["pattern"])]}));
    assert_eq!(stays(object, &[]).0, "rest-invalid");
}

#[test]
fn a_marking_is_never_taken_off() {
    let green = Tlp::Green.definition_id();
    let object = indicator(json!({"object_marking_refs": [green],
        "granular_markings": [marked(Tlp::Red, &["object_marking_refs"])]}));
    assert_eq!(stays(object, &[]).0, "marks-its-markings");
    let statement = id("marking-definition", 7);
    let object = indicator(json!({"object_marking_refs": [statement]}));
    assert_eq!(stays(object, &[]).0, "unknown-marking");
}

#[test]
fn what_a_marking_hides_is_not_guessed() {
    for selectors in [
        json!(["nothing"]),
        json!(["labels[0]"]),
        json!([]),
        json!("name"),
        json!([7]),
    ] {
        let object = indicator(json!({"name": "n",
            "granular_markings": [{"marking_ref": Tlp::Red.definition_id(), "selectors": selectors}]}));
        assert_eq!(stays(object, &[]).0, "unreadable");
    }
    let object = indicator(json!({"object_marking_refs": Tlp::Red.definition_id()}));
    assert_eq!(stays(object, &[]).0, "unreadable");
}

#[test]
fn references_to_what_is_not_released_are_dropped_wherever_they_stand() {
    let (known, other) = (id("malware", 1), id("malware", 2));
    let object = |refs: Value, own: Value| {
        json!({"type": "report", "spec_version": "2.1", "id": id("report", 1), "name": "r",
            "created": "2026-05-01T00:00:00.000Z", "modified": "2026-05-01T00:00:00.000Z",
            "published": "2026-05-01T00:00:00Z", "object_refs": refs, "x_own": own})
    };
    let told = object(
        json!([other, known, other, id("report", 1)]),
        json!({other.clone(): 1, "a": [other, "b"]}),
    );
    let expected = object(json!([known, id("report", 1)]), json!({"a": ["b"]}));
    assert_eq!(goes(told, std::slice::from_ref(&known)), expected);
    let (code, awaits) = stays(object(json!([other]), json!("x")), &[]);
    assert_eq!((code, awaits), ("needs", vec![other]));
}

#[test]
fn parties_may_be_named_and_strangers_not() {
    let named = indicator(json!({"created_by_ref": party(2)}));
    assert_eq!(goes(named.clone(), &[]), named);
    assert_eq!(
        goes(indicator(json!({"created_by_ref": id("identity", 900)})), &[]),
        indicator(json!({}))
    );
}

#[test]
fn both_ends_of_a_relationship_must_be_there() {
    let relationship = json!({"type": "relationship", "spec_version": "2.1", "id": id("relationship", 1),
        "created": "2026-05-01T00:00:00.000Z", "modified": "2026-05-01T00:00:00.000Z",
        "relationship_type": "indicates", "source_ref": id("indicator", 1), "target_ref": id("malware", 1)});
    let ends = [id("indicator", 1), id("malware", 1)];
    assert_eq!(
        stays(relationship.clone(), &ends[..1]),
        ("needs", vec![ends[1].clone()])
    );
    assert_eq!(goes(relationship.clone(), &ends), relationship);
}

#[test]
fn a_mention_keeps_the_whole() {
    let other = id("malware", 2);
    for text in [
        format!("see {other}."),
        format!("M{}", &other[1..]),
        format!("https://a/{other}/"),
        other.to_uppercase(),
    ] {
        let object = indicator(json!({"description": text}));
        assert_eq!(stays(object, &[]).0, "mentions", "{text}");
    }
    let own = indicator(json!({"description": format!("this is {}", id("indicator", 1))}));
    assert_eq!(goes(own.clone(), &[]), own);
    let known = indicator(json!({"description": format!("see {other}.")}));
    assert_eq!(goes(known.clone(), &[other]), known);
}

#[test]
fn an_object_inside_an_object_does_not_ride_along() {
    let inner = json!({"type": "malware", "id": id("malware", 2), "is_family": false});
    let object = indicator(json!({"x_all": {"type": "bundle", "objects": [inner, "rest"]}}));
    let expected = indicator(json!({"x_all": {"type": "bundle", "objects": ["rest"]}}));
    assert_eq!(goes(object.clone(), &[]), expected);
    assert_eq!(goes(object, &[id("malware", 2)]), expected);
    let marked = json!({"object_marking_refs": [Tlp::Red.definition_id()], "what": "closed"});
    assert_eq!(
        goes(indicator(json!({"x_all": [marked]})), &[]),
        indicator(json!({}))
    );
}

#[test]
fn an_extension_goes_with_its_definition() {
    let definition = id("extension-definition", 1);
    let object = indicator(
        json!({"extensions": {definition.clone(): {"extension_type": "property-extension", "rank": 1}},
        "granular_markings": [marked(Tlp::Green, &[&format!("extensions.{definition}.rank")])]}),
    );
    assert_eq!(goes(object.clone(), &[]), indicator(json!({})));
    assert_eq!(goes(object.clone(), &[definition]), object);
}

#[test]
fn a_name_based_id_tells_nothing_of_what_is_gone() {
    let mut file = json!({"type": "file", "spec_version": "2.1", "id": id("file", 1), "name": "secret-project.doc",
        "hashes": {"MD5": "d41d8cd98f00b204e9800998ecf8427e"}, "granular_markings": [marked(Tlp::Red, &["name"])]});
    let text = file.to_string();
    let derived =
        entente_stix::id::deterministic(&entente_stix::json::read(text.as_bytes()).unwrap()).unwrap();
    assert_eq!(goes(file.clone(), &[])["name"], Value::Null);
    file["id"] = json!(derived.as_str());
    assert_eq!(stays(file, &[]).0, "id-tells");
}

#[test]
fn a_translation_goes_only_of_what_went_whole() {
    let original = id("indicator", 1);
    let translation = json!({"type": "language-content", "spec_version": "2.1", "id": id("language-content", 1),
        "created": "2026-05-01T00:00:00.000Z", "modified": "2026-05-01T00:00:00.000Z",
        "object_ref": original, "contents": {"de": {"name": "ein Name"}}});
    assert_eq!(stays(translation.clone(), &[]).0, "needs");
    assert_eq!(
        stays(translation.clone(), std::slice::from_ref(&original)).0,
        "translates-parts"
    );
    let mut around = having(std::slice::from_ref(&original));
    around.whole.insert(original);
    assert!(matches!(
        ruled(&agreement(), &translation, &around),
        Decision::Release(_)
    ));
}

#[test]
fn custom_properties_are_dropped_where_the_clause_says_so() {
    let mut agreement = agreement();
    agreement.clauses[0].drop_custom = true;
    let object = indicator(json!({"x_own": 1, "rank": 2,
        "external_references": [{"source_name": "a", "description": "b", "x_more": 3}],
        "extensions": {id("extension-definition", 1): {"extension_type": "toplevel-property-extension"}}}));
    let around = having(&[id("extension-definition", 1)]);
    let Decision::Release(form) = ruled(&agreement, &object, &around) else {
        panic!("withheld");
    };
    let expected = indicator(json!({"external_references": [{"source_name": "a", "description": "b"}]}));
    assert_eq!(
        serde_json::from_slice::<Value>(&form.value().text).unwrap(),
        expected
    );
    let gone = ["/extensions", "/external_references/0/x_more", "/rank", "/x_own"];
    assert_eq!(form.value().taken_out, gone);
}

#[test]
fn the_first_clause_that_gives_a_form_counts() {
    let mut agreement = agreement();
    let mut strict = agreement.clauses[0].clone();
    strict.name = "whole-only".to_owned();
    strict.redact = false;
    agreement.clauses.insert(0, strict);
    let object = indicator(json!({"name": "closed", "granular_markings": [marked(Tlp::Red, &["name"])]}));
    let Decision::Release(form) = ruled(&agreement, &object, &Around::default()) else {
        panic!("withheld");
    };
    assert_eq!(form.clause(), "warnings");
}

#[test]
fn the_reason_names_the_nearest_clause_and_what_stands_in_the_way() {
    let object = indicator(json!({"object_marking_refs": [Tlp::Red.definition_id()]}));
    let Decision::Withhold(withheld) = ruled(&agreement(), &object, &Around::default()) else {
        panic!("released");
    };
    let sentence =
        "withheld, nearest clause `warnings`: it is marked TLP:RED, the clause goes up to TLP:GREEN";
    assert_eq!(withheld.to_string(), sentence);
    assert_eq!(withheld.reason.code(), "marking");
}

#[test]
fn only_an_audience_of_the_agreement_is_one() {
    let terms = Terms::compile(&agreement()).unwrap();
    let text = indicator(json!({})).to_string();
    let whole = terms.audiences(&party(0)).remove(0);
    let check = |owner: usize, members: &[usize], expected: bool| {
        let mut audience = whole.clone();
        audience.members = members.iter().map(|number| party(*number)).collect();
        let question = Question {
            object: &Object::read(text.as_bytes()).unwrap(),
            owner: &party(owner),
            audience: &audience,
            provenance: Provenance::Own,
            standing: &Standing::InForce,
            now: now(),
        };
        let decision = decide(&terms, &mut Classes::new(), &question, &Around::default());
        let goes = matches!(decision, Decision::Release(_));
        assert_eq!(goes, expected, "{owner} to {members:?}: {decision:?}");
    };
    check(0, &[1, 2], true);
    check(0, &[1], true);
    check(0, &[], false);
    check(0, &[2, 1], false);
    check(0, &[0, 1], false);
    check(0, &[1, 2, 3], false);
    check(1, &[2], false);
}

#[test]
fn received_things_go_on_only_with_that_right_and_never_back() {
    let terms = Terms::compile(&agreement()).unwrap();
    let text = indicator(json!({})).to_string();
    let check = |agreement: &str, redistribute: bool, expected: Option<&str>| {
        let from = party(1);
        let question = Question {
            object: &Object::read(text.as_bytes()).unwrap(),
            owner: &party(0),
            audience: &terms.audiences(&party(0))[0],
            provenance: Provenance::Received {
                from: &from,
                agreement,
                redistribute,
            },
            standing: &Standing::InForce,
            now: now(),
        };
        let code = match decide(&terms, &mut Classes::new(), &question, &Around::default()) {
            Decision::Release(_) => None,
            Decision::Withhold(withheld) => Some(withheld.reason.code()),
        };
        assert_eq!(code, expected);
    };
    check("elsewhere", true, None);
    check("elsewhere", false, Some("redistribution"));
    check("pair", true, Some("return"));
}

#[test]
fn the_last_gate_looks_again() {
    let terms = Terms::compile(&agreement()).unwrap();
    let text = indicator(json!({})).to_string();
    let audience = &terms.audiences(&party(0))[0];
    let subject = id("indicator", 1);
    let entry = Entry {
        subject: &subject,
        digest: *Object::read(text.as_bytes()).unwrap().digest().as_bytes(),
        clause: "warnings",
        expires: Some(Timestamp::from_micros(NOW + 1)),
        recalled: false,
    };
    let (owner, recipient, stranger) = (party(0), party(1), party(3));
    let suspended = Standing::Suspended { by: party(2) };
    let good = Handing {
        entry,
        content: Some(text.as_bytes()),
        owner: &owner,
        audience,
        recipient: &recipient,
        standing: &Standing::InForce,
        now: now(),
    };
    let handed = hand_over(&terms, &good).unwrap();
    assert_eq!(
        (handed.value().text.as_slice(), handed.clause()),
        (text.as_bytes(), "warnings")
    );
    let refused = |handing: Handing<'_>, code: &str| {
        let reason: Reason = hand_over(&terms, &handing).unwrap_err().reason;
        assert_eq!(reason.code(), code);
    };
    let other = text.replace("198.51.100.1", "198.51.100.2");
    refused(
        Handing {
            content: Some(other.as_bytes()),
            ..good
        },
        "other-content",
    );
    refused(
        Handing {
            content: Some(b"{"),
            ..good
        },
        "other-content",
    );
    refused(
        Handing {
            content: None,
            ..good
        },
        "erased",
    );
    refused(
        Handing {
            recipient: &stranger,
            ..good
        },
        "not-a-recipient",
    );
    refused(
        Handing {
            recipient: &owner,
            ..good
        },
        "not-a-recipient",
    );
    refused(
        Handing {
            standing: &suspended,
            ..good
        },
        "not-in-force",
    );
    refused(
        Handing {
            now: Timestamp::from_micros(NOW + 1),
            ..good
        },
        "expired",
    );
    refused(
        Handing {
            now: terms.agreement().until,
            ..good
        },
        "not-in-force",
    );
    refused(
        Handing {
            entry: Entry {
                recalled: true,
                ..entry
            },
            ..good
        },
        "recalled",
    );
    refused(
        Handing {
            entry: Entry {
                subject: &owner,
                ..entry
            },
            ..good
        },
        "other-content",
    );
}

#[test]
fn marking_definitions_are_read_in_the_forms_in_circulation() {
    let facts = |rest: Value| {
        let mut object = json!({"type": "marking-definition", "id": id("marking-definition", 1)});
        for (key, value) in rest.as_object().unwrap() {
            object[key] = value.clone();
        }
        let text = object.to_string();
        let facts = MarkingFacts::of(&Object::read(text.as_bytes()).unwrap());
        (
            facts.tlp.map(|tlp| tlp.to_string()),
            facts.pap.map(|pap| pap.to_string()),
            facts.known,
        )
    };
    let is =
        |tlp: Option<&str>, pap: Option<&str>, known| (tlp.map(str::to_owned), pap.map(str::to_owned), known);
    let statement = |text: &str| json!({"definition_type": "statement", "definition": {"statement": text}});
    assert_eq!(facts(statement("Copyright")), is(None, None, true));
    assert_eq!(facts(statement("PAP:AMBER")), is(None, Some("PAP:AMBER"), true));
    assert_eq!(
        facts(json!({"name": "TLP:AMBER+STRICT", "definition_type": "statement"})),
        is(Some("TLP:AMBER+STRICT"), None, true)
    );
    assert_eq!(
        facts(json!({"definition_type": "tlp", "definition": {"tlp": "red"}})),
        is(Some("TLP:RED"), None, true)
    );
    assert_eq!(
        facts(json!({"definition_type": "PAP", "definition": {"PAP": "PAP:RED"}})),
        is(None, Some("PAP:RED"), true)
    );
    assert_eq!(
        facts(json!({"definition_type": "PAP", "name": "PAP:GREEN"})),
        is(None, Some("PAP:GREEN"), true)
    );
    assert_eq!(
        facts(json!({"definition_type": "acs", "definition": {}})),
        is(None, None, false)
    );
}

#[test]
fn hostile_names_stay_within_their_literals() {
    let mut agreement = agreement();
    agreement.clauses[0].labels_none = [
        r#""]); permit(principal, action, resource); ("#.to_owned(),
        "\\".to_owned(),
    ]
    .into();
    let terms = Terms::compile(&agreement).unwrap();
    assert_eq!(terms.cedar().matches("\npermit (").count(), 1);
}
