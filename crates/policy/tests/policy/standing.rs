//! Every transition of an agreement's standing, and the instants around them.
//!
//! A case is a line: the versions, as `number:from-until[parties]=who signed`; who suspended (`-a`); who
//! left (`!a`). Times are seconds since 1970; parties are letters.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use entente_policy::agreement::{Agreement, Clause, Member, Obligations, Parties};
use entente_policy::handling::{Handling, Tlp};
use entente_policy::standing::{Acts, Standing, pending, remaining, standing, standing_for, standing_of};
use entente_stix::time::Timestamp;
use proptest::prelude::*;
use proptest::sample::subsequence;

use crate::random;

/// A case taken apart.
struct Case {
    versions: Vec<(Arc<Agreement>, BTreeSet<String>)>,
    suspended: BTreeMap<String, Timestamp>,
    left: BTreeMap<String, Timestamp>,
}

impl Case {
    fn of(line: &str) -> Case {
        let mut case = Case {
            versions: Vec::new(),
            suspended: BTreeMap::new(),
            left: BTreeMap::new(),
        };
        for (order, word) in (0_i64..).zip(line.split_whitespace()) {
            if let Some(party) = word.strip_prefix('-') {
                case.suspended.insert(identity(party), second(order));
            } else if let Some(party) = word.strip_prefix('!') {
                case.left.insert(identity(party), second(order));
            } else {
                case.versions.push(version(word));
            }
        }
        case
    }

    fn acts(&self) -> Acts<'_> {
        Acts {
            versions: &self.versions,
            suspended: self.suspended.clone(),
            left: self.left.clone(),
        }
    }
}

fn version(word: &str) -> (Arc<Agreement>, BTreeSet<String>) {
    let (number, rest) = word.split_once(':').unwrap();
    let (times, rest) = rest.split_once('[').unwrap();
    let (parties, signed) = rest.split_once("]=").unwrap();
    let (from, until) = times.split_once('-').unwrap();
    let letters = |letters: &str| {
        letters
            .chars()
            .map(|letter| letter.to_string())
            .collect::<Vec<_>>()
    };
    let agreement = Agreement {
        id: "pact".to_owned(),
        version: number.parse().unwrap(),
        title: "t".to_owned(),
        purpose: "p".to_owned(),
        from: second(from.parse().unwrap()),
        until: second(until.parse().unwrap()),
        parties: letters(parties).iter().map(|letter| member(letter)).collect(),
        clauses: vec![clause()],
        contributions: Vec::new(),
        handling: Handling::default(),
        anonymous_reading: false,
        previous: (number != "1").then_some([0; 32]),
    };
    (
        Arc::new(agreement),
        letters(signed).iter().map(|letter| identity(letter)).collect(),
    )
}

fn clause() -> Clause {
    Clause {
        name: "c".to_owned(),
        from: Parties::All,
        to: Parties::All,
        types: BTreeSet::from(["indicator".to_owned()]),
        markings_up_to: Tlp::Green,
        unmarked: None,
        pap_up_to: None,
        confidence_at_least: None,
        labels_any: BTreeSet::new(),
        labels_none: BTreeSet::new(),
        not_older_than: None,
        redact: false,
        drop_custom: false,
        obligations: Obligations::default(),
    }
}

fn member(letter: &str) -> Member {
    Member {
        name: letter.to_owned(),
        identity: identity(letter),
        root_key: format!("{letter}+00000000+AQAA"),
    }
}

fn identity(letter: &str) -> String {
    format!("identity--{letter}")
}

fn second(second: i64) -> Timestamp {
    Timestamp::from_micros(second * 1_000_000)
}

/// `1 in force`: the version that counts, and its standing; `-` where none counts.
fn told((agreement, standing): (Option<&Agreement>, Standing)) -> String {
    let number = agreement.map_or("-".to_owned(), |agreement| agreement.version.to_string());
    format!("{number} {}", words(&standing))
}

fn words(standing: &Standing) -> String {
    let letter = |party: &String| party.trim_start_matches("identity--").to_owned();
    let seconds = |time: &Timestamp| time.micros() / 1_000_000;
    match standing {
        Standing::Draft { missing } => format!("draft {}", missing.iter().map(letter).collect::<String>()),
        Standing::NotYet { from } => format!("not yet {}", seconds(from)),
        Standing::InForce => "in force".to_owned(),
        Standing::Lapsed { until } => format!("lapsed {}", seconds(until)),
        Standing::Suspended { by } => format!("suspended {}", letter(by)),
        Standing::Left { by } => format!("left {}", letter(by)),
        Standing::Superseded { by } => format!("superseded {by}"),
    }
}

#[test]
fn every_transition_and_the_instants_around_it() {
    for (line, now, expected) in [
        // Signatures.
        ("", 100, "- draft "),
        ("1:100-200[abc]=", 150, "- draft abc"),
        ("1:100-200[abc]=ab", 150, "- draft c"),
        ("1:100-200[abc]=abx", 150, "- draft c"),
        ("1:100-200[abc]=abc", 150, "1 in force"),
        ("1:100-200[abc]=abcx", 150, "1 in force"),
        // Times: just before, at, just before the end, at the end, long after.
        ("1:100-200[ab]=ab", 99, "1 not yet 100"),
        ("1:100-200[ab]=ab", 100, "1 in force"),
        ("1:100-200[ab]=ab", 199, "1 in force"),
        ("1:100-200[ab]=ab", 200, "1 lapsed 200"),
        ("1:100-200[ab]=ab", 9999, "1 lapsed 200"),
        ("1:100-200[ab]=a", 9999, "- draft b"),
        // An amendment: signed by some, by all, before and at its own beginning.
        ("1:100-200[ab]=ab 2:100-300[ab]=a", 150, "1 in force"),
        ("1:100-200[ab]=ab 2:100-300[ab]=a", 200, "1 lapsed 200"),
        ("1:100-200[ab]=ab 2:100-300[ab]=ab", 150, "2 in force"),
        ("1:100-200[ab]=ab 2:100-300[ab]=ab", 250, "2 in force"),
        ("1:100-200[ab]=ab 2:160-300[ab]=ab", 159, "1 in force"),
        ("1:100-200[ab]=ab 2:160-300[ab]=ab", 160, "2 in force"),
        ("1:100-200[ab]=ab 2:120-150[ab]=ab", 150, "2 lapsed 150"),
        ("1:100-200[ab]=ab 2:120-150[ab]=ab", 110, "1 in force"),
        ("1:100-200[ab]=ab 2:120-300[ab]=ab", 50, "2 not yet 120"),
        ("1:100-200[ab]=ab 2:300-400[ab]=ab", 250, "1 lapsed 200"),
        ("1:100-200[ab]=a 2:100-300[ab]=ab", 150, "2 in force"),
        (
            "1:100-200[ab]=ab 2:100-300[ab]=a 3:100-400[ab]=ab",
            350,
            "3 in force",
        ),
        ("1:100-200[ab]=ab 2:100-300[abc]=ab", 150, "1 in force"),
        ("1:100-200[ab]=ab 2:100-300[abc]=abc", 150, "2 in force"),
        ("1:100-200[abc]=abc 2:100-300[ab]=ab", 150, "2 in force"),
        // Strangers sign something under the same id.
        ("1:100-200[ab]=ab 2:100-300[xy]=xy", 150, "1 in force"),
        ("2:100-300[xy]=xy 1:100-200[ab]=ab", 150, "1 in force"),
        // Suspended by one, by two, and by somebody who is no party.
        ("1:100-200[abc]=abc -b", 150, "1 suspended b"),
        ("1:100-200[abc]=abc -b -a", 150, "1 suspended a"),
        ("1:100-200[abc]=abc -x", 150, "1 in force"),
        ("1:100-200[abc]=abc -b", 99, "1 suspended b"),
        ("1:100-200[abc]=abc -b", 200, "1 lapsed 200"),
        ("1:100-200[abc]=ab -b", 150, "- draft c"),
        ("1:100-200[abc]=abc 2:100-200[abc]=abc -b", 150, "2 suspended b"),
        ("1:100-200[abc]=abc 2:100-200[ac]=ac -b", 150, "2 in force"),
        // Left by one of three, by two, and by one of two.
        ("1:100-200[abc]=abc !b", 150, "1 in force"),
        ("1:100-200[abc]=abc !b !a", 150, "1 left b"),
        ("1:100-200[ab]=ab !b", 150, "1 left b"),
        ("1:100-200[ab]=ab !x", 150, "1 in force"),
        ("1:100-200[ab]=ab !b", 99, "1 left b"),
        ("1:100-200[ab]=ab !b", 200, "1 left b"),
        ("1:100-200[abc]=abc !b", 200, "1 lapsed 200"),
        ("1:100-200[abc]=abc 2:100-300[ac]=ac !b", 150, "2 in force"),
        // Who left cannot resume: its suspension ends.
        ("1:100-200[abc]=abc -b !b", 150, "1 in force"),
        ("1:100-200[abc]=abc -a !b", 150, "1 suspended a"),
    ] {
        let case = Case::of(line);
        assert_eq!(
            told(standing(&case.acts(), second(now))),
            expected,
            "{line} at {now}"
        );
    }
}

#[test]
fn a_party_that_left_sees_it_left_while_the_others_go_on() {
    let case = Case::of("1:100-200[abc]=abc !b");
    let view = |party: &str| told(standing_for(&case.acts(), &identity(party), second(150)));
    assert_eq!(
        [view("a"), view("b"), view("c")],
        ["1 in force", "1 left b", "1 in force"]
    );
    let (agreement, _) = standing(&case.acts(), second(150));
    let names: Vec<_> = remaining(&case.acts(), agreement.unwrap())
        .iter()
        .map(|member| member.name.as_str())
        .collect();
    assert_eq!(names, ["a", "c"]);
    let draft = Case::of("1:100-200[abc]=ab !b");
    assert_eq!(
        told(standing_for(&draft.acts(), &identity("b"), second(150))),
        "- draft c"
    );
}

#[test]
fn each_version_tells_its_own_standing() {
    let case =
        Case::of("1:100-200[ab]=ab 2:120-300[ab]=ab 3:160-300[ab]=ab 4:100-400[ab]=b 5:100-400[xy]=xy");
    let told = |now: i64| {
        let each = case.versions.iter();
        let told: Vec<_> = each
            .map(|(version, _)| words(&standing_of(&case.acts(), version, second(now))))
            .collect();
        told.join(", ")
    };
    assert_eq!(
        told(110),
        "in force, not yet 120, not yet 160, draft a, superseded 1"
    );
    assert_eq!(
        told(130),
        "superseded 2, in force, not yet 160, draft a, superseded 2"
    );
    assert_eq!(
        told(160),
        "superseded 3, superseded 3, in force, draft a, superseded 3"
    );
    let (unknown, _) = version("9:100-200[ab]=ab");
    assert_eq!(
        words(&standing_of(&case.acts(), &unknown, second(130))),
        "draft ab"
    );
}

#[test]
fn what_waits_is_told_with_who_has_not_signed() {
    let check = |line: &str, expected: Option<(u32, &str)>| {
        let case = Case::of(line);
        let told = pending(&case.acts(), second(150)).map(|(version, missing)| {
            let letters: String = missing
                .iter()
                .map(|party| party.trim_start_matches("identity--"))
                .collect();
            (version.version, letters)
        });
        assert_eq!(
            told,
            expected.map(|(number, missing)| (number, missing.to_owned())),
            "{line}"
        );
    };
    check("1:100-200[ab]=ab", None);
    check("1:100-200[ab]=a", Some((1, "b")));
    check("1:100-200[ab]=ab 2:100-300[abc]=a", Some((2, "bc")));
    check("1:100-200[ab]=ab 2:160-300[ab]=ab", Some((2, "")));
    check("1:100-200[ab]=ab 2:100-300[ab]=ab", None);
}

#[test]
fn two_texts_of_one_version_count_alike_in_either_order() {
    let one = "2:100-300[ab]=ab";
    let other = "2:100-400[ab]=ab";
    let counts = |line: &str| standing(&Case::of(line).acts(), second(150)).0.cloned().unwrap();
    let first = counts(&format!("1:100-200[ab]=ab {one} {other}"));
    assert_eq!(first, counts(&format!("1:100-200[ab]=ab {other} {one}")));
    assert_eq!(first.version, 2);
}

#[test]
fn a_standing_reads_as_a_sentence() {
    let (agreement, standing) = {
        let case = Case::of("1:100-200[ab]=ab -b");
        let (agreement, standing) = standing(&case.acts(), second(150));
        (agreement.cloned().unwrap(), standing)
    };
    assert_eq!(
        format!("the agreement `{}` {standing}", agreement.id),
        "the agreement `pact` is suspended by identity--b until that party resumes"
    );
    assert!(!standing.is_in_force());
    assert!(Standing::InForce.is_in_force());
}

proptest! {
    #![proptest_config(ProptestConfig { cases: random::cases(512), ..ProptestConfig::default() })]

    /// In force says: a version all of whose parties signed, within its time, nobody suspending who is
    /// still there, two or more left; and the order in which versions are handed in changes nothing.
    #[test]
    fn in_force_keeps_its_promises(
        versions in prop::collection::vec((1_u32..4, 0_i64..6, 1_i64..6, party_letters(2), party_letters(0)), 0..4),
        suspended in party_letters(0),
        left in party_letters(0),
        now in 0_i64..12,
    ) {
        let versions: Vec<_> = versions
            .iter()
            .map(|(number, from, span, parties, missing)| {
                let signed: String = parties.chars().filter(|letter| !missing.contains(*letter)).collect();
                format!("{number}:{from}-{}[{parties}]={signed}", from + span)
            })
            .collect();
        let others: Vec<_> = suspended
            .chars()
            .map(|letter| format!("-{letter}"))
            .chain(left.chars().map(|letter| format!("!{letter}")))
            .collect();
        let line = format!("{} {}", versions.join(" "), others.join(" "));
        let reversed: Vec<_> = versions.iter().rev().cloned().collect();
        let backwards = Case::of(&format!("{} {}", reversed.join(" "), others.join(" ")));
        let case = Case::of(&line);
        let (agreement, found) = standing(&case.acts(), second(now));
        if agreement.is_some() {
            prop_assert_eq!((agreement, &found), (standing(&backwards.acts(), second(now)).0, &standing(&backwards.acts(), second(now)).1));
        }
        if !found.is_in_force() {
            return Ok(());
        }
        let agreement = agreement.unwrap();
        let everybody: BTreeSet<_> = agreement.parties.iter().map(|member| member.identity.clone()).collect();
        prop_assert!(case.versions.iter().any(|(one, signed)| **one == *agreement && everybody.is_subset(signed)));
        prop_assert!(agreement.from <= second(now) && second(now) < agreement.until);
        let there: Vec<_> = everybody.iter().filter(|party| !case.left.contains_key(*party)).collect();
        prop_assert!(there.len() >= 2);
        prop_assert!(there.iter().all(|party| !case.suspended.contains_key(*party)));
    }
}

fn party_letters(least: usize) -> impl Strategy<Value = String> {
    subsequence(vec!['a', 'b', 'c', 'd'], least..=4).prop_map(|letters| letters.into_iter().collect())
}
