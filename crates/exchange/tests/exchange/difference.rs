//! What a conversation costs: what the difference costs, and nearly nothing where there is none.

use crate::cases;
use crate::world::world;

#[test]
fn two_that_were_apart_come_together_for_what_the_difference_costs() {
    let mut actors = world(2);
    let count = cases(500).min(10_000);
    let mut bytes = 0;
    for actor in &mut actors {
        bytes += actor.tell(count);
    }
    let [one, two] = &actors[..] else { panic!() };
    let mut moved = 0;
    for (asks, answers) in [(one, two), (two, one)] {
        let account = asks.sync(answers, &mut Ok).unwrap();
        assert!(
            account.alarms.is_empty() && account.withheld.is_empty(),
            "{account:?}"
        );
        moved += account.sent + account.received;
    }
    assert_eq!(one.told().len() as u64, count);
    assert_eq!(two.told().len() as u64, count);
    println!("{count} changes each: {bytes} bytes of objects, {moved} bytes moved");
    assert!(moved * 10 <= bytes as u64 * 12, "{moved} of {bytes}");
}

#[test]
fn a_conversation_without_news_costs_little() {
    let mut actors = world(3);
    actors[0].tell(20);
    for _ in 0..2 {
        for (asks, answers) in [(0, 1), (1, 0), (1, 2), (2, 1), (0, 2), (2, 0)] {
            actors[asks].sync(&actors[answers], &mut Ok).unwrap();
        }
    }
    let account = actors[1].sync(&actors[0], &mut Ok).unwrap();
    println!("idle: {} bytes", account.sent + account.received);
    assert!(account.sent + account.received <= 10_000, "{account:?}");
    assert_eq!((account.acts, account.logs.len()), (0, 0));
}

#[test]
fn receipts_reach_the_owner_and_heads_are_cosigned() {
    let mut actors = world(2);
    actors[0].tell(3);
    let account = actors[1].sync(&actors[0], &mut Ok).unwrap();
    assert_eq!(account.receipts, 1);
    let acknowledged = actors[0].node.acknowledged().unwrap();
    assert_eq!(acknowledged.iter().map(|one| one.size).collect::<Vec<_>>(), [3]);
    let account = actors[0].sync(&actors[1], &mut Ok).unwrap();
    assert_eq!(account.cosignatures, 1);
    let again = actors[0].sync(&actors[1], &mut Ok).unwrap();
    assert_eq!(again.cosignatures, 0);
}
