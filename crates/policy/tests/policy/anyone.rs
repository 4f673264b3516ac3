//! What is told to anyone who asks, who need not be a party.

use entente_policy::agreement::Agreement;
use entente_policy::handling::Tlp;
use entente_policy::{Entry, HandingToAnyone, MarkingFacts, Standing, Terms, hand_over_to_anyone};
use entente_stix::object::Object;
use entente_stix::time::Timestamp;
use serde_json::json;

use crate::forms::{agreement, indicator};
use crate::worlds::{DEFINITIONS, NOW, definition, id, now, party};

#[test]
fn to_anyone_goes_only_what_is_clear_and_stands() {
    let open = Agreement {
        anonymous_reading: true,
        ..agreement()
    };
    let terms = Terms::compile(&open).unwrap();
    let shut = Terms::compile(&agreement()).unwrap();
    let (owner, stranger) = (party(0), party(3));
    let audience = &terms.audiences(&owner)[0];
    let suspended = Standing::Suspended { by: party(2) };
    let clear = Tlp::Clear.definition_id();
    let green = Tlp::Green.definition_id();
    let text = indicator(json!({"object_marking_refs": [clear]})).to_string();
    let subject = id("indicator", 1);
    let entry = |text: &str| Entry {
        subject: &subject,
        digest: *Object::read(text.as_bytes()).unwrap().digest().as_bytes(),
        clause: "warnings",
        expires: Some(Timestamp::from_micros(NOW + 1)),
        recalled: false,
    };
    let good = HandingToAnyone {
        entry: entry(&text),
        content: Some(text.as_bytes()),
        redacted: false,
        owner: &owner,
        audience,
        standing: &Standing::InForce,
        now: now(),
    };
    let marking = |id: &str| {
        let of = |number| definition_facts(number, id);
        DEFINITIONS.into_iter().find_map(of)
    };
    let handed = hand_over_to_anyone(&terms, &good, &marking).unwrap();
    assert_eq!(
        (handed.value().text.as_slice(), handed.clause()),
        (text.as_bytes(), "warnings")
    );
    let code = |terms: &Terms, handing: HandingToAnyone<'_>| {
        let answer = hand_over_to_anyone(terms, &handing, &marking);
        answer.map_or_else(|withheld| withheld.reason.code(), |_| "goes")
    };
    assert_eq!(code(&shut, good), "not-for-anyone");
    let recalled = Entry {
        recalled: true,
        ..good.entry
    };
    let handings = [
        (
            "not-in-force",
            HandingToAnyone {
                standing: &suspended,
                ..good
            },
        ),
        (
            "not-in-force",
            HandingToAnyone {
                now: open.until,
                ..good
            },
        ),
        (
            "expired",
            HandingToAnyone {
                now: Timestamp::from_micros(NOW + 1),
                ..good
            },
        ),
        (
            "recalled",
            HandingToAnyone {
                entry: recalled,
                ..good
            },
        ),
        (
            "erased",
            HandingToAnyone {
                content: None,
                ..good
            },
        ),
        (
            "other-content",
            HandingToAnyone {
                content: Some(b"{"),
                ..good
            },
        ),
        (
            "not-a-recipient",
            HandingToAnyone {
                owner: &stranger,
                ..good
            },
        ),
        (
            "not-clear",
            HandingToAnyone {
                redacted: true,
                ..good
            },
        ),
    ];
    for (expected, handing) in handings {
        assert_eq!(code(&terms, handing), expected);
    }
    let granular = |id: &str| json!([{"marking_ref": id, "selectors": ["pattern"]}]);
    let held = |number| id("marking-definition", number);
    let markings = [
        ("not-clear", json!({})),
        ("not-clear", json!({"object_marking_refs": []})),
        ("not-clear", json!({"object_marking_refs": [green]})),
        ("not-clear", json!({"object_marking_refs": [clear, green]})),
        ("not-clear", json!({"object_marking_refs": [held(9001)]})),
        ("goes", json!({"object_marking_refs": [clear, held(9001)]})),
        ("not-clear", json!({"object_marking_refs": [clear, held(9002)]})),
        ("not-clear", json!({"object_marking_refs": [clear, held(9003)]})),
        (
            "unknown-marking",
            json!({"object_marking_refs": [clear, held(9004)]}),
        ),
        (
            "unknown-marking",
            json!({"object_marking_refs": [clear, held(9009)]}),
        ),
        ("unreadable", json!({"object_marking_refs": clear})),
        (
            "goes",
            json!({"object_marking_refs": [clear], "granular_markings": granular(clear)}),
        ),
        (
            "not-clear",
            json!({"object_marking_refs": [clear], "granular_markings": granular(green)}),
        ),
        (
            "not-clear",
            json!({"object_marking_refs": [clear], "granular_markings": granular(&held(9009))}),
        ),
        (
            "unreadable",
            json!({"object_marking_refs": [clear], "granular_markings": 1}),
        ),
        (
            "not-clear",
            json!({"object_marking_refs": [clear], "x_inner": {"object_marking_refs": [green]}}),
        ),
    ];
    for (expected, marks) in markings {
        let text = indicator(marks.clone()).to_string();
        let handing = HandingToAnyone {
            entry: entry(&text),
            content: Some(text.as_bytes()),
            ..good
        };
        assert_eq!(code(&terms, handing), expected, "{marks}");
    }
}

/// What the made-up definition of this number means, if it has this id.
fn definition_facts(number: usize, wanted: &str) -> Option<MarkingFacts> {
    let text = definition(number).to_string();
    let object = Object::read(text.as_bytes()).unwrap();
    (object.id() == wanted).then(|| MarkingFacts::of(&object))
}
