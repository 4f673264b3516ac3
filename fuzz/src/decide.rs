//! Decisions and admission: whatever the object, the answer keeps its promises.

use std::sync::OnceLock;

use entente_policy::{
    Admission, Agreement, Audience, Classes, Decision, Held, MarkingFacts, Provenance, Question, Standing,
    Surroundings, Telling, Terms, Way, admit, decide as decided, explain,
};
use entente_stix::{
    id,
    json::Value,
    object::Object,
    time::Timestamp,
    validate::{self, Severity},
};

const AGREEMENT: &str = include_str!("../../examples/agreements/energy-north.toml");

fn terms() -> &'static Terms {
    static TERMS: OnceLock<Terms> = OnceLock::new();
    TERMS.get_or_init(|| Terms::compile(&Agreement::read(AGREEMENT).unwrap()).unwrap())
}

/// Half of all ids are released, by their last digit; so are half of the definitions held.
struct Around;

fn is_even(id: &str) -> bool {
    id.as_bytes().last().is_some_and(|last| last % 2 == 0)
}

impl Surroundings for Around {
    fn marking(&self, id: &str) -> Option<MarkingFacts> {
        let known = MarkingFacts {
            known: true,
            ..MarkingFacts::default()
        };
        is_even(id).then_some(known)
    }

    fn is_released(&self, id: &str) -> bool {
        is_even(id)
    }
}

/// One object, decided for every audience of an agreement, and told by each party.
pub fn decide(data: &[u8]) {
    let Ok(object) = Object::read(data) else { return };
    let terms = terms();
    let agreement = terms.agreement();
    let now = Timestamp::from_micros((agreement.from.micros() + agreement.until.micros()) / 2);
    let mut classes = Classes::new();
    for owner in &agreement.parties {
        for audience in terms.audiences(&owner.identity) {
            let question = Question {
                object: &object,
                owner: &owner.identity,
                audience: &audience,
                provenance: Provenance::Own,
                standing: &Standing::InForce,
                now,
            };
            let decision = decided(terms, &mut classes, &question, &Around);
            assert_eq!(decided(terms, &mut Classes::new(), &question, &Around), decision);
            assert!(!explain(terms, &question, &decision).is_empty());
            holds(terms, &object, &audience, &decision);
        }
        told(terms, &mut classes, &object, &owner.identity, now);
    }
}

fn holds(terms: &Terms, object: &Object<'_>, audience: &Audience, decision: &Decision) {
    let Decision::Release(released) = decision else {
        return;
    };
    assert_eq!(released.audience(), audience);
    let form = released.value();
    let again = Object::read(&form.text).expect("a form is an object");
    assert_eq!(again.id(), object.id());
    assert_eq!(*again.digest().as_bytes(), form.digest);
    strings(again.value(), &mut |text| {
        let is_fixed = entente_stix::marking::Tlp::of_definition_id(text).is_some()
            || text == entente_stix::marking::TLP2_EXTENSION;
        let may = is_even(text) || terms.is_party(text) || text == object.id() || is_fixed;
        assert!(!id::is_id(text) || may, "`{text}` is told");
    });
    match form.taken_out.is_empty() {
        true => assert_eq!(form.text, object.text().as_bytes()),
        false => {
            let findings = validate::object(again.value());
            assert!(findings.iter().all(|finding| finding.severity != Severity::Error));
            let found = |pointer: &String| object.value().pointer(pointer).is_some();
            assert!(form.taken_out.iter().all(found), "{:?}", form.taken_out);
        }
    }
}

fn strings(value: &Value<'_>, each: &mut dyn FnMut(&str)) {
    match value {
        Value::String(text) => each(text),
        Value::Array(elements) => elements.iter().for_each(|element| strings(element, each)),
        Value::Object(map) => map.iter().for_each(|(key, member)| {
            each(key);
            strings(member, each);
        }),
        _ => {}
    }
}

fn told(terms: &Terms, classes: &mut Classes, object: &Object<'_>, teller: &str, now: Timestamp) {
    for way in [Way::Channel, Way::Contribution] {
        let telling = Telling {
            object,
            teller,
            terms,
            way,
            now,
        };
        let held = Held {
            current: None,
            owner: Some("identity--00000000-0000-4000-8000-000000000000"),
            held_from_teller: false,
            parties: &|id| terms.is_party(id),
            markings: &|_| None,
        };
        let answer = admit(classes, &telling, &held);
        // What another owns binds nobody new.
        assert!(
            !matches!(answer, Admission::Accept { bind: Some(_) }),
            "{answer:?}"
        );
    }
}
