//! Trials of rules: taken up, kept, decided by the operator, forgotten.

use entente_node::rules::trial::{Because, Verdict};
use entente_node::rules::trials::{RuleKey, Standing, Trials};
use entente_node::{Error, Node};

use super::{desk, rule};
use crate::peers::{id, indicator, peers};
use crate::world::day;

/// The trials of all rules that the node looks for.
fn all(node: &Node) -> Trials<u32> {
    let keys = node
        .rules_tried(day(4))
        .unwrap()
        .into_iter()
        .map(|tried| tried.key);
    node.trials(keys).unwrap()
}

fn matched(trials: &mut Trials<u32>, rule: usize, matches: u32, records: u64) {
    (0..matches).for_each(|number| trials.meet(rule, number, 0));
    trials.looked_at(rule, records);
}

fn standing(node: &Node, number: u32) -> Option<(Verdict, u64, u64)> {
    let standings = node.rules_tried(day(4)).unwrap().into_iter();
    let mut standings = standings.map(|tried| tried.standing);
    let Standing {
        verdict,
        matches,
        records,
        ..
    } = standings.find(|standing| standing.id == id("indicator", number))?;
    Some((verdict, matches, records))
}

#[test]
fn the_next_scan_goes_on_with_the_trial() {
    let desk = desk(&[rule(1, 0, "a.exe", ""), rule(2, 0, "b.exe", "")]);
    let node = &desk.home.node;
    let mut first = all(node);
    matched(&mut first, 0, 60, 5_000);
    matched(&mut first, 1, 10, 5_000);
    first.release();
    assert_eq!(first.take_ready().count(), 70);
    node.keep_trials(&mut first, day(4)).unwrap();
    assert_eq!(standing(node, 1), Some((Verdict::OnTrial, 60, 5_000)));

    let mut second = all(node);
    matched(&mut second, 0, 60, 5_000);
    matched(&mut second, 1, 10, 5_000);
    assert_eq!(second.take_ready().count(), 10, "of the one that passed");
    assert_eq!(second.dropped_in_all(), 60);
    node.keep_trials(&mut second, day(4)).unwrap();
    let parked = Verdict::Parked(Because::Matches);
    assert_eq!(standing(node, 1), Some((parked, 120, 10_000)));
    assert_eq!(standing(node, 2), Some((Verdict::Passed, 20, 10_000)));
}

#[test]
fn another_pattern_under_the_same_id_begins_anew() {
    let desk = desk(&[rule(1, 0, "a.exe", "")]);
    let node = &desk.home.node;
    let ids = [id("indicator", 1)];
    node.accept_rules(&ids, day(4)).unwrap();
    assert_eq!(standing(node, 1), Some((Verdict::Accepted, 0, 0)));

    // Only its name: the pattern is the same.
    desk.import("feed", &[rule(1, 1, "a.exe", r#","name":"New""#)], day(4));
    assert_eq!(standing(node, 1), Some((Verdict::Accepted, 0, 0)));

    desk.import("feed", &[rule(1, 2, "e", "")], day(4));
    assert_eq!(standing(node, 1), Some((Verdict::OnTrial, 0, 0)));
}

#[test]
fn scans_side_by_side_add_up_and_the_operator_stands_above_them() {
    let desk = desk(&[rule(1, 0, "a.exe", ""), rule(2, 0, "b.exe", "")]);
    let node = &desk.home.node;
    let (mut one, mut other) = (all(node), all(node));
    matched(&mut one, 0, 20, 1_000);
    matched(&mut other, 0, 30, 2_000);
    matched(&mut other, 1, 5, 20_000);
    node.keep_trials(&mut one, day(4)).unwrap();
    node.park_rules(&[id("indicator", 2)], "too loud", day(4))
        .unwrap();
    node.keep_trials(&mut other, day(4)).unwrap();
    assert_eq!(standing(node, 1), Some((Verdict::OnTrial, 50, 3_000)));
    let parked = Verdict::Parked(Because::Operator("too loud".into()));
    assert_eq!(standing(node, 2), Some((parked, 5, 20_000)));

    // Keeping again counts nothing twice.
    matched(&mut other, 0, 1, 10);
    node.keep_trials(&mut other, day(4)).unwrap();
    node.keep_trials(&mut other, day(4)).unwrap();
    assert_eq!(standing(node, 1), Some((Verdict::OnTrial, 51, 3_010)));
}

#[test]
fn matches_of_several_rules_are_told_in_their_order_and_after_a_minute() {
    let desk = desk(&[rule(1, 0, "a.exe", ""), rule(2, 0, "b.exe", "")]);
    let mut trials = all(&desk.home.node);
    for number in 0..10 {
        trials.meet(number as usize % 2, number, i64::from(number) * 1_000_000);
    }
    trials.release_due(59_999_999);
    assert_eq!(trials.take_ready().count(), 0);
    trials.release_due(60_000_000);
    assert_eq!(
        trials.take_ready().collect::<Vec<_>>(),
        (0..10).collect::<Vec<_>>()
    );
    // The next one begins its own minute.
    trials.meet(0, 10, 100_000_000);
    trials.release_due(120_000_000);
    assert_eq!(trials.take_ready().count(), 0);
}

#[test]
fn what_all_rules_hold_together_has_a_bound() {
    let keys = (0..1_000).map(|number| RuleKey::new(&id("indicator", number), "sigma", "same"));
    let desk = desk(&[]);
    let mut trials = desk.home.node.trials(keys).unwrap();
    let mut told = 0;
    for number in 0..20_000 {
        trials.meet(number % 1_000, number, 0);
        told += trials.take_ready().count();
    }
    assert_eq!(told, entente_node::limits::TRIAL_HELD_MAX + 1);
    trials.release();
    assert_eq!(told + trials.take_ready().count(), 20_000);
}

#[test]
fn a_rule_that_is_gone_is_forgotten() {
    let desk = desk(&[rule(1, 0, "a.exe", ""), rule(2, 0, "b.exe", "")]);
    let node = &desk.home.node;
    node.accept_rules(&[id("indicator", 1), id("indicator", 2)], day(4))
        .unwrap();
    desk.import("feed", &[rule(1, 1, "a.exe", r#","revoked":true"#)], day(4));
    node.sweep_trials(day(4)).unwrap();
    let kept: Vec<String> = documents(node);
    assert_eq!(kept, [id("indicator", 2)]);
}

#[test]
fn a_rule_that_its_owner_recalled_is_forgotten() {
    let both = peers(&["Alpha", "Beta"]);
    let [alpha, beta] = both.as_slice() else { panic!() };
    alpha.import("desk", &[rule(1, 3, "a.exe", "")], day(3));
    alpha.release_all(day(3));
    beta.read_on(alpha, day(4));
    let ids = [id("indicator", 1)];
    beta.home.node.accept_rules(&ids, day(4)).unwrap();
    beta.home.node.sweep_trials(day(4)).unwrap();
    assert_eq!(documents(&beta.home.node), ids);

    alpha
        .home
        .node
        .recall(&ids, "it was wrong", &alpha.desk(day(5)))
        .unwrap();
    beta.read_on(alpha, day(6));
    beta.home.node.sweep_trials(day(6)).unwrap();
    assert_eq!(documents(&beta.home.node), Vec::<String>::new());
}

#[test]
fn only_rules_that_are_looked_for_are_decided_on() {
    let desk = desk(&[rule(1, 0, "a.exe", ""), indicator(2, 0, "")]);
    let node = &desk.home.node;
    for unknown in [
        id("indicator", 2),
        id("indicator", 3),
        id("malware", 1),
        String::new(),
    ] {
        let ids = [id("indicator", 1), unknown.clone()];
        let refused = node.accept_rules(&ids, day(4));
        assert!(matches!(refused, Err(Error::NoRule { id }) if id == unknown));
    }
    assert_eq!(documents(node), Vec::<String>::new(), "all or none");
    let long = "a".repeat(entente_node::limits::REASON_BYTES_MAX + 1);
    assert!(matches!(
        node.park_rules(&[id("indicator", 1)], &long, day(4)),
        Err(Error::TooLong { .. })
    ));
}

#[test]
fn a_reason_is_one_line_and_a_document_of_others_is_none() {
    let desk = desk(&[rule(1, 0, "a.exe", "")]);
    let node = &desk.home.node;
    let ids = [id("indicator", 1)];
    node.park_rules(&ids, "loud\nverdict accepted", day(4)).unwrap();
    let parked = Verdict::Parked(Because::Operator("loud verdict accepted".into()));
    assert_eq!(standing(node, 1), Some((parked, 0, 0)));
    for text in [
        "",
        "verdict passed",
        "pattern 0\nverdict odd\nmatches 1\nrecords 1",
    ] {
        let document = entente_store::NewDocument {
            kind: "trial",
            key: &ids[0],
            value: Some(text.as_bytes()),
            expires_at: None,
            expected: entente_store::Expected::Any,
        };
        node.store().put_document(&document, day(4).micros()).unwrap();
        assert_eq!(standing(node, 1), Some((Verdict::OnTrial, 0, 0)), "{text}");
    }
}

fn documents(node: &Node) -> Vec<String> {
    let documents = node
        .store()
        .documents("trial", None, day(9).micros(), 100)
        .unwrap();
    documents.into_iter().map(|document| document.key).collect()
}
