//! Random agreements: all that the rules allow, made from small pools so that things meet.

use std::collections::BTreeSet;

use entente_policy::agreement::{Agreement, Clause, Contribution, Member, Obligations, Parties};
use entente_policy::handling::{Handling, Iep, Modal, Pap, PermittedActions, Tlp};
use entente_stix::object::{DOMAIN_TYPES, META_TYPES, OBSERVABLE_TYPES, RELATIONSHIP_TYPES};
use entente_stix::time::Timestamp;
use proptest::collection::{btree_set, vec};
use proptest::option;
use proptest::prelude::*;
use proptest::sample::{select, subsequence};

/// How many cases a property is tried on; `ENTENTE_CASES` raises it for longer runs.
#[allow(clippy::disallowed_methods, reason = "a longer run is asked for from outside")]
pub(crate) fn cases(usual: u32) -> u32 {
    let asked = std::env::var("ENTENTE_CASES").ok();
    asked.and_then(|text| text.parse().ok()).unwrap_or(usual)
}

const NAMES: &[&str] = &["cert", "grid", "volt", "hub", "press", "aid"];

/// An agreement of two to six parties.
pub(crate) fn agreement() -> impl Strategy<Value = Agreement> {
    let count = 2..=NAMES.len();
    count.prop_flat_map(|count| {
        let names: Vec<String> = NAMES[..count].iter().map(|name| (*name).to_owned()).collect();
        let clauses = vec(clause(names.clone()), 1..5);
        let contributions = vec(contribution(names.clone()), 0..3);
        let head = (
            "[a-z0-9-]{1,64}",
            1_u32..4,
            line(),
            text(),
            any::<[u8; 32]>(),
            any::<bool>(),
        );
        let times = (
            0_i64..4_000_000_000,
            1_i64..400_000_000,
            select(vec![0_i64, 1000, 123_456]),
        );
        (head, times, clauses, contributions, handling()).prop_map(
            move |(head, times, clauses, contributions, handling)| {
                let (id, version, title, purpose, digest, anonymous_reading) = head;
                let (from, span, micros) = times;
                let mut agreement = Agreement {
                    id,
                    version,
                    title,
                    purpose,
                    from: Timestamp::from_micros(from * 1_000_000 + micros),
                    until: Timestamp::from_micros((from + span) * 1_000_000),
                    parties: names
                        .iter()
                        .enumerate()
                        .map(|(n, name)| member(n, name))
                        .collect(),
                    clauses,
                    contributions,
                    handling,
                    anonymous_reading,
                    previous: (version > 1).then_some(digest),
                };
                for (n, clause) in agreement.clauses.iter_mut().enumerate() {
                    clause.name = format!("clause-{n}");
                }
                for (n, contribution) in agreement.contributions.iter_mut().enumerate() {
                    contribution.name = format!("contribution-{n}");
                }
                agreement
            },
        )
    })
}

fn member(n: usize, name: &str) -> Member {
    Member {
        name: name.to_owned(),
        identity: format!("identity--00000000-0000-4000-8000-{n:012}"),
        root_key: format!("{name}+{n:08}+AQ{n:02}"),
    }
}

fn clause(names: Vec<String>) -> impl Strategy<Value = Clause> {
    let who = (parties(names.clone()), parties(names));
    let bounds = (
        select(Tlp::ALL.to_vec()),
        option::of(select(Tlp::ALL.to_vec())),
        option::of(select(Pap::ALL.to_vec())),
        option::of(0_u8..=100),
        option::of(span()),
    );
    let labels = (
        btree_set("[a-e]{1,2}", 0..3),
        btree_set("[f-j \"\\\\]{0,3}[f-j]", 0..3),
    );
    let forms = (any::<bool>(), any::<bool>());
    let owed = (option::of(span()), option::of(span()), any::<bool>());
    (who, types(), bounds, labels, forms, owed).prop_map(|(who, types, bounds, labels, forms, owed)| {
        let (from, mut to) = who;
        if matches!(&from, Parties::Named(names) if names.len() == 1) && from == to {
            to = Parties::All;
        }
        let custom = types.iter().any(|name| name.starts_with("x-"));
        Clause {
            name: String::new(),
            from,
            to,
            types,
            markings_up_to: bounds.0,
            unmarked: bounds.1.filter(|unmarked| *unmarked <= bounds.0),
            pap_up_to: bounds.2,
            confidence_at_least: bounds.3,
            labels_any: labels.0,
            labels_none: labels.1,
            not_older_than: bounds.4,
            redact: forms.0,
            drop_custom: forms.1 && !custom,
            obligations: Obligations {
                sightings_within: owed.0,
                delete_after: owed.1,
                redistribute: owed.2,
            },
        }
    })
}

fn contribution(names: Vec<String>) -> impl Strategy<Value = Contribution> {
    (parties(names), types(), select(Tlp::ALL.to_vec()), any::<bool>()).prop_map(
        |(by, types, markings_up_to, counts)| Contribution {
            name: String::new(),
            by,
            types,
            markings_up_to,
            unmarked: counts.then_some(markings_up_to),
        },
    )
}

fn parties(names: Vec<String>) -> impl Strategy<Value = Parties> {
    let some = subsequence(names.clone(), 1..=names.len());
    prop_oneof![
        Just(Parties::All),
        some.prop_map(|names| Parties::Named(names.into_iter().collect())),
    ]
}

fn types() -> impl Strategy<Value = BTreeSet<String>> {
    let families = [DOMAIN_TYPES, RELATIONSHIP_TYPES, OBSERVABLE_TYPES, META_TYPES];
    let whole = subsequence(families.to_vec(), 1..=4).prop_map(|families| families.concat());
    let mut single = families.concat();
    single.extend(["x-own", "x-coordinated-account"]);
    let some = subsequence(single.clone(), 1..=single.len());
    let both = (whole.clone(), some.clone()).prop_map(|(whole, some)| [whole, some].concat());
    prop_oneof![whole, some, both].prop_map(|types| types.into_iter().map(str::to_owned).collect())
}

fn span() -> impl Strategy<Value = u64> {
    prop_oneof![
        1_u64..100_000,
        (1_u64..1000).prop_map(|days| days * 86_400),
        (1_u64..1000).prop_map(|hours| hours * 3600)
    ]
}

fn handling() -> impl Strategy<Value = Handling> {
    (option::of(select(Pap::ALL.to_vec())), option::of(iep())).prop_map(|(pap, iep)| Handling { pap, iep })
}

fn iep() -> impl Strategy<Value = Iep> {
    let modal = |allowed: &'static [Modal]| option::of(select(allowed));
    let statements = (
        modal(&[Modal::Must, Modal::May]),
        option::of(select(PermittedActions::ALL.to_vec())),
        modal(&[Modal::May, Modal::MustNot]),
        modal(&[Modal::May, Modal::Must, Modal::MustNot]),
        modal(&[Modal::May, Modal::MustNot]),
    );
    let rest = (
        option::of(text()),
        option::of(1_i64..1000),
        option::of(select(Tlp::ALL.to_vec())),
    );
    let urls = vec("https://[a-z]{1,8}\\.example/[a-z\"']{0,4}", 0..3);
    (line(), statements, rest, urls).prop_map(|(name, statements, rest, external_references)| Iep {
        id: "01bc4353-4829-4d55-8d52-0ab7e0790df9".to_owned(),
        name,
        description: rest.0,
        start: Timestamp::from_micros(0),
        end: rest.1.map(|days| Timestamp::from_micros(days * 86_400_000_000)),
        encrypt_in_transit: statements.0,
        permitted_actions: statements.1,
        affected_party_notifications: statements.2,
        tlp: rest.2,
        attribution: statements.3,
        unmodified_resale: statements.4,
        external_references,
    })
}

/// One line, with all that quoting has to mind.
fn line() -> impl Strategy<Value = String> {
    "[ a-z\"'\\\\#\u{e9}\u{4e2d}\u{1f512}]{0,12}[a-z]"
}

/// Several lines; they may begin and end with line breaks.
fn text() -> impl Strategy<Value = String> {
    "[ a-z\"'\\\\#\n\t\u{e9}]{0,24}[a-z\"'\\\\][\n\"]{0,4}"
}
