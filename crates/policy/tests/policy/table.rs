//! The decision table of the example agreements: party by type by marking by state, as a text that a
//! lawyer can read.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use entente_policy::agreement::Agreement;
use entente_policy::handling::Tlp;
use entente_policy::{Audience, Classes, Decision, Provenance, Question, Reason, Standing, Terms, decide};
use entente_stix::object::{DOMAIN_TYPES, META_TYPES, OBSERVABLE_TYPES, Object, RELATIONSHIP_TYPES};
use entente_stix::time::Timestamp;
use serde_json::json;

use crate::golden;
use crate::worlds::{Around, id};

const EXAMPLES: [&str; 3] = [
    include_str!("../../../../examples/agreements/energy-north.toml"),
    include_str!("../../../../examples/agreements/field-and-press.toml"),
    include_str!("../../../../examples/agreements/health-isac.toml"),
];

const HEAD: &str = "# What the example agreements let go\n
Made by the tests from the agreements in `examples/agreements`, and compared with every change. Each table is of
one owner and those who receive from it alike. The object asked about names no other, is one day old, and, where
the standard lets its type say so, states a confidence of 80. A cell names the clause that lets it go; where nothing
goes, it says why: `type`, `marking`, `confidence`, `labels-any`, `age` are the first condition that the nearest
clause asks for and the object does not meet. Types with the same answers share a line.\n";

#[test]
fn the_decision_table_of_the_examples_stands() {
    let mut text = HEAD.to_owned();
    for example in EXAMPLES {
        let agreement = Agreement::read(example).unwrap();
        let terms = Terms::compile(&agreement).unwrap();
        writeln!(text, "\n## {}: {}\n", agreement.id, agreement.title).unwrap();
        states(&terms, &mut text);
        for (owner, audience) in ways(&terms) {
            writeln!(
                text,
                "\n### From {} to {}\n",
                name(&terms, &owner),
                names(&terms, &audience)
            )
            .unwrap();
            writeln!(text, "Clauses: {}.\n", audience.clauses.join(", ")).unwrap();
            table(&terms, &owner, &audience, &mut text);
        }
    }
    golden::check("decisions.md", &text);
}

fn ways(terms: &Terms) -> Vec<(String, Audience)> {
    let owners = terms
        .agreement()
        .parties
        .iter()
        .map(|member| member.identity.clone());
    owners
        .flat_map(|owner| {
            terms
                .audiences(&owner)
                .into_iter()
                .map(move |audience| (owner.clone(), audience))
        })
        .collect()
}

fn name(terms: &Terms, id: &str) -> String {
    terms.agreement().member_of(id).unwrap().name.clone()
}

fn names(terms: &Terms, audience: &Audience) -> String {
    let mut names: Vec<String> = audience.members.iter().map(|id| name(terms, id)).collect();
    names.sort();
    names.join(", ")
}

fn types() -> impl Iterator<Item = &'static str> {
    let standard = [DOMAIN_TYPES, RELATIONSHIP_TYPES, OBSERVABLE_TYPES, META_TYPES]
        .into_iter()
        .flatten()
        .copied();
    standard.chain(["x-coordinated-account", "x-other"])
}

const LEVELS: [Option<Tlp>; 6] = [
    None,
    Some(Tlp::Clear),
    Some(Tlp::Green),
    Some(Tlp::Amber),
    Some(Tlp::AmberStrict),
    Some(Tlp::Red),
];

fn table(terms: &Terms, owner: &str, audience: &Audience, text: &mut String) {
    let mut rows: Vec<(Vec<String>, Vec<&str>)> = Vec::new();
    let now = in_the_middle(terms);
    for type_name in types() {
        let cells = LEVELS.map(|level| {
            match ruled(terms, owner, audience, type_name, level, &Standing::InForce, now) {
                Decision::Release(released) => format!("**{}**", released.clause()),
                Decision::Withhold(withheld) => withheld.reason.code().to_owned(),
            }
        });
        match rows.iter_mut().find(|(known, _)| known[..] == cells) {
            Some((_, types)) => types.push(type_name),
            None => rows.push((cells.to_vec(), vec![type_name])),
        }
    }
    writeln!(
        text,
        "| type | unmarked | CLEAR | GREEN | AMBER | AMBER+STRICT | RED |\n|---|---|---|---|---|---|---|"
    )
    .unwrap();
    for (cells, types) in rows {
        writeln!(text, "| {} | {} |", types.join(", "), cells.join(" | ")).unwrap();
    }
}

/// In any state but one nothing goes at all; asked for every way, type and marking.
fn states(terms: &Terms, text: &mut String) {
    let agreement = terms.agreement();
    let by = agreement.parties[0].identity.clone();
    let (from, until) = (agreement.from, agreement.until);
    let now = in_the_middle(terms);
    let just_before = |time: Timestamp| Timestamp::from_micros(time.micros() - 1);
    let states = [
        (
            Standing::Draft {
                missing: vec![by.clone()],
            },
            now,
        ),
        (Standing::NotYet { from }, just_before(from)),
        (Standing::InForce, from),
        (Standing::InForce, now),
        (Standing::InForce, just_before(until)),
        (Standing::Lapsed { until }, until),
        (Standing::Suspended { by: by.clone() }, now),
        (Standing::Left { by }, now),
        (Standing::Superseded { by: 2 }, now),
        // Whoever says so: outside of its time it is not in force.
        (Standing::InForce, just_before(from)),
        (Standing::InForce, until),
    ];
    writeln!(text, "| the agreement | at | goes | stays |\n|---|---|---|---|").unwrap();
    for (standing, now) in states {
        let mut counts: BTreeMap<&str, usize> = BTreeMap::new();
        for (owner, audience) in ways(terms) {
            for type_name in types() {
                for level in LEVELS {
                    let decision = ruled(terms, &owner, &audience, type_name, level, &standing, now);
                    let kind = match &decision {
                        Decision::Release(_) => "goes",
                        Decision::Withhold(withheld) => {
                            let shut = matches!(withheld.reason, Reason::NotInForce(_));
                            assert_ne!(
                                standing.is_in_force() && from <= now && now < until,
                                shut,
                                "{standing}"
                            );
                            "stays"
                        }
                    };
                    *counts.entry(kind).or_default() += 1;
                }
            }
        }
        let count = |kind| counts.get(kind).copied().unwrap_or(0);
        writeln!(
            text,
            "| {standing} | {now} | {} | {} |",
            count("goes"),
            count("stays")
        )
        .unwrap();
    }
}

fn in_the_middle(terms: &Terms) -> Timestamp {
    let agreement = terms.agreement();
    Timestamp::from_micros((agreement.from.micros() + agreement.until.micros()) / 2)
}

fn ruled(
    terms: &Terms,
    owner: &str,
    audience: &Audience,
    type_name: &str,
    level: Option<Tlp>,
    standing: &Standing,
    now: Timestamp,
) -> Decision {
    let dated = !OBSERVABLE_TYPES.contains(&type_name);
    let mut object = json!({"type": type_name, "spec_version": "2.1", "id": id(type_name, 1)});
    if dated {
        let yesterday = Timestamp::from_micros(now.micros() - 86_400_000_000).to_string();
        object["created"] = json!(yesterday);
        if type_name != "marking-definition" {
            object["modified"] = json!(yesterday);
        }
        if !["marking-definition", "extension-definition"].contains(&type_name) {
            object["confidence"] = json!(80);
        }
    }
    if let Some(level) = level {
        object["object_marking_refs"] = json!([level.definition_id()]);
    }
    let text = object.to_string();
    let object = Object::read(text.as_bytes()).unwrap();
    let question = Question {
        object: &object,
        owner,
        audience,
        provenance: Provenance::Own,
        standing,
        now,
    };
    decide(terms, &mut Classes::new(), &question, &Around::default())
}
