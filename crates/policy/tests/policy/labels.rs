//! Labels of an agreement that names very many of them.

use std::collections::BTreeSet;

use entente_policy::{Classes, Decision, Provenance, Question, Standing, Terms, decide};
use entente_stix::object::Object;
use serde_json::json;

use crate::worlds::{self, Around, Random, now};

/// As many clauses with full lists as fit into an agreement name more labels than 16 bits can tell apart.
#[test]
fn the_last_of_many_labels_still_forbids() {
    let mut agreement = worlds::agreement(&mut Random(1));
    let first = agreement.clauses.remove(0);
    agreement.clauses = (0..67)
        .map(|number| {
            let mut clause = first.clone();
            clause.name = format!("clause-{number}");
            clause.from = entente_policy::agreement::Parties::All;
            clause.to = entente_policy::agreement::Parties::All;
            clause.types = BTreeSet::from(["indicator".to_owned()]);
            clause.unmarked = Some(entente_policy::handling::Tlp::Clear);
            clause.markings_up_to = entente_policy::handling::Tlp::Red;
            (
                clause.confidence_at_least,
                clause.not_older_than,
                clause.pap_up_to,
            ) = (None, None, None);
            clause.labels_any = BTreeSet::new();
            clause.labels_none = (0..999).map(|at| format!("{:05x}", number * 999 + at)).collect();
            clause.labels_none.insert("secret".to_owned());
            clause
        })
        .collect();
    let terms = Terms::compile(&agreement).unwrap();
    let owner = agreement.parties[0].identity.clone();
    let audience = terms.audiences(&owner).remove(0);
    for (label, goes) in [("secret", false), ("00000", true), ("other", true)] {
        let text = json!({"type": "indicator", "spec_version": "2.1", "id": worlds::id("indicator", 1),
            "created": "2020-01-01T00:00:00.000Z", "modified": "2020-01-01T00:00:00.000Z", "labels": [label],
            "pattern": "[ipv4-addr:value = '198.51.100.3']", "pattern_type": "stix",
            "valid_from": "2020-01-01T00:00:00Z"})
        .to_string();
        let object = Object::read(text.as_bytes()).unwrap();
        let question = Question {
            object: &object,
            owner: &owner,
            audience: &audience,
            provenance: Provenance::Own,
            standing: &Standing::InForce,
            now: now(),
        };
        let decision = decide(&terms, &mut Classes::new(), &question, &Around::default());
        assert_eq!(
            matches!(decision, Decision::Release(_)),
            goes,
            "{label}: {decision:?}"
        );
    }
}
