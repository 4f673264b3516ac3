//! Nothing is lost on trial, and nothing is told too much.

use super::*;
use proptest::prelude::*;

/// What happens to a rule.
#[derive(Clone, Debug)]
enum Happens {
    Matches(u16),
    Records(u16),
    Released,
    GaveUp,
    Dropped(u8),
}

fn happens() -> impl Strategy<Value = Happens> {
    prop_oneof![
        8 => (0u16..60).prop_map(Happens::Matches),
        8 => (0u16..4_000).prop_map(Happens::Records),
        2 => Just(Happens::Released),
        1 => Just(Happens::GaveUp),
        1 => any::<u8>().prop_map(Happens::Dropped),
    ]
}

/// What a trial told of matches 0, 1, 2, … and how many it dropped.
#[derive(Default)]
struct Told {
    matches: u32,
    told: Vec<u32>,
    dropped: usize,
}

impl Told {
    fn step(&mut self, trial: &mut Trial<u32>, happens: &Happens) {
        match happens {
            Happens::Matches(matches) => {
                for _ in 0..*matches {
                    let held = trial.held();
                    match trial.meet(self.matches) {
                        Met::Alert(found) => self.told.push(found),
                        Met::Held => assert_eq!(trial.held(), held + 1),
                        Met::Dropped => self.dropped += 1 + held,
                    }
                    self.matches += 1;
                }
            }
            Happens::Records(records) => self.told.extend(trial.records(u64::from(*records))),
            Happens::Released => self.told.extend(trial.release()),
            Happens::GaveUp => self.dropped += trial.park(Because::Steps("(?=a)".into())),
            Happens::Dropped(more) => {
                if matches!(trial.verdict(), Verdict::Parked(_)) {
                    trial.dropped(u64::from(*more));
                }
            }
        }
    }
}

proptest! {
    #[test]
    fn every_match_is_told_in_order_or_held_or_dropped(steps in prop::collection::vec(happens(), 0..40)) {
        let mut trial = Trial::default();
        let mut seen = Told::default();
        for step in &steps {
            seen.step(&mut trial, step);
            prop_assert_eq!(seen.told.len() + seen.dropped + trial.held(), seen.matches as usize);
            prop_assert!(seen.told.is_sorted());
            prop_assert!(trial.held() as u64 <= TRIAL_MATCHES_MAX);
            if !matches!(trial.verdict(), Verdict::Passed) {
                prop_assert!(seen.told.len() as u64 <= TRIAL_MATCHES_MAX);
            }
        }
    }

    #[test]
    fn a_trial_that_is_taken_up_again_ends_like_one_that_went_on(
        steps in prop::collection::vec(happens(), 0..40),
        at in 0usize..40,
    ) {
        let (mut whole, mut seen) = (Trial::default(), Told::default());
        let (mut parts, mut seen_in_parts) = (Trial::default(), Told::default());
        for (number, step) in steps.iter().enumerate() {
            seen.step(&mut whole, step);
            seen_in_parts.step(&mut parts, step);
            if number == at {
                // The scan ends: both tell what they hold, one is kept and read again.
                seen.told.extend(whole.release());
                seen_in_parts.told.extend(parts.release());
                parts = Trial::resumed(parts.verdict().clone(), parts.matches(), parts.looked_at());
            }
        }
        prop_assert_eq!(whole.verdict(), parts.verdict());
        prop_assert_eq!(whole.matches(), parts.matches());
        prop_assert_eq!(seen.told, seen_in_parts.told);
    }
}

#[test]
fn a_rule_that_matches_everything_is_parked_and_tells_nothing() {
    let mut trial = Trial::default();
    for number in 0..20_000 {
        assert!(!matches!(trial.meet(number), Met::Alert(_)), "{number}");
        assert_eq!(trial.records(1), Vec::<u32>::new());
    }
    assert_eq!(*trial.verdict(), Verdict::Parked(Because::Matches));
    assert_eq!((trial.matches(), trial.looked_at()), (20_000, 20_000));
}

#[test]
fn one_match_in_a_hundred_records_passes_and_one_more_does_not() {
    let passes = |first: u64| {
        let mut trial = Trial::default();
        let mut told = 0;
        for record in 0..TRIAL_RECORDS {
            if record % 100 == 0 || record < first {
                trial.meet(());
            }
            told += trial.records(1).len() as u64;
        }
        (trial.verdict().clone(), told)
    };
    assert_eq!(passes(0), (Verdict::Passed, TRIAL_MATCHES_MAX));
    assert_eq!(passes(2), (Verdict::Parked(Because::Matches), 0));
}

#[test]
fn what_the_operator_decided_stands() {
    let mut accepted = Trial::resumed(Verdict::Accepted, 5_000, 5_000);
    let mut parked = Trial::resumed(Verdict::Parked(Because::Operator("noise".into())), 0, 0);
    for _ in 0..1_000 {
        assert_eq!(accepted.meet(()), Met::Alert(()));
        assert_eq!(parked.meet(()), Met::Dropped);
    }
    assert_eq!(accepted.park(Because::Matches), 0);
    assert_eq!(*accepted.verdict(), Verdict::Accepted);
    assert!(parked.records(2 * TRIAL_RECORDS).is_empty());
    assert!(matches!(parked.verdict(), Verdict::Parked(Because::Operator(_))));
}
