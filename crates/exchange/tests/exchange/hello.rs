//! Introductions: who may say which TLS key is whose, when, and to whom.

use entente_exchange::hello::{Hello, Met, Moment, Nonce, Refusal, SKEW_MICROS_MAX, Said, Threshold, TlsKey};
use entente_node::party::Party;
use entente_stix::time::Timestamp;

use crate::Random;
use crate::world::{Actor, NOW, world};

const KEY: TlsKey = TlsKey([3; 32]);
const NONCE: Nonce = [1; 32];

/// What the first says to the second.
fn hello(one: &Actor, other: &Actor) -> Hello {
    Hello {
        from: one.id.clone(),
        to: other.id.clone(),
        key: Some(KEY),
        answers: NONCE,
        nonce: [2; 32],
        at: Timestamp::from_micros(NOW),
        versions: vec![1],
    }
}

fn signed(hello: &Hello, by: &Actor) -> String {
    by.at(0, |_, desk| hello.sign(desk.keys)).unwrap()
}

fn card(of: &Actor, at: &Actor) -> Party {
    at.node.party(&of.id).unwrap().unwrap()
}

fn verified<'a>(
    note: &str,
    sender: &Party,
    me: &'a Actor,
    change: impl FnOnce(&mut Moment<'a>),
) -> Result<Met, Refusal> {
    let mut moment = Moment {
        me: &me.id,
        key: Some(KEY),
        nonce: &NONCE,
        at: Timestamp::from_micros(NOW),
    };
    change(&mut moment);
    Said::read(note.as_bytes())?.verify(Some(sender), &moment)
}

#[test]
fn a_party_introduces_its_key_to_another() {
    let actors = world(2);
    let (one, other) = (&actors[0], &actors[1]);
    let said = hello(one, other);
    let met = verified(&signed(&said, one), &card(one, other), other, |_| {}).unwrap();
    assert_eq!((met.hello, met.version), (said, 1));
    assert_eq!(met.by, card(one, other).keys[0].vkey);
}

#[test]
fn a_hello_counts_for_its_recipient_connection_nonce_and_minute_only() {
    let actors = world(3);
    let (one, other, third) = (&actors[0], &actors[1], &actors[2]);
    let sender = card(one, other);
    let good = signed(&hello(one, other), one);
    macro_rules! refused {
        ($change:expr) => {
            verified(&good, &sender, other, $change).unwrap_err()
        };
    }
    let other_key = TlsKey([4; 32]);
    assert!(matches!(
        refused!(|moment| moment.key = Some(other_key)),
        Refusal::Key { .. }
    ));
    assert!(matches!(
        refused!(|moment| moment.key = None),
        Refusal::Key { .. }
    ));
    assert!(matches!(
        refused!(|moment| moment.nonce = &[9; 32]),
        Refusal::Replayed
    ));
    assert!(matches!(refused!(|moment| moment.me = &third.id), Refusal::To(_)));
    assert!(matches!(refused!(|moment| moment.me = &one.id), Refusal::From(_)));
    let ten_years = 10 * 365 * 86_400_000_000;
    for off in [SKEW_MICROS_MAX + 1, -SKEW_MICROS_MAX - 1, ten_years, -ten_years] {
        let at = Timestamp::from_micros(NOW + off);
        assert!(
            matches!(refused!(|moment| moment.at = at), Refusal::Clock { .. }),
            "{off}"
        );
    }
    for off in [SKEW_MICROS_MAX, -SKEW_MICROS_MAX / 2] {
        let at = Timestamp::from_micros(NOW + off);
        assert!(
            verified(&good, &sender, other, |moment| moment.at = at).is_ok(),
            "{off}"
        );
    }
}

#[test]
fn nobody_says_hello_for_another() {
    let actors = world(3);
    let (one, other, third) = (&actors[0], &actors[1], &actors[2]);
    let forged = hello(one, other);
    third.at(0, |_, desk| {
        assert!(matches!(forged.sign(desk.keys), Err(Refusal::Keys(_))))
    });
    let own = Hello {
        from: third.id.clone(),
        ..forged
    };
    let note = signed(&own, third);
    let sender = card(one, other);
    assert!(matches!(
        verified(&note, &sender, other, |_| {}),
        Err(Refusal::From(_))
    ));
    let put_on = note.replace(&third.id, &one.id);
    assert!(matches!(
        verified(&put_on, &sender, other, |_| {}),
        Err(Refusal::Signature(_))
    ));
}

#[test]
fn the_version_that_both_speak_is_taken_and_none_is_one_sentence() {
    let actors = world(2);
    let (one, other) = (&actors[0], &actors[1]);
    let sender = card(one, other);
    for (versions, common) in [
        (vec![1], true),
        (vec![2, 1], true),
        (vec![2], false),
        (vec![0, 255], false),
    ] {
        let said = Hello {
            versions: versions.clone(),
            ..hello(one, other)
        };
        let met = verified(&signed(&said, one), &sender, other, |_| {});
        assert_eq!(met.is_ok(), common, "{versions:?}");
        if let Err(refusal) = met {
            assert!(
                refusal
                    .to_string()
                    .contains("the older of the two must be updated"),
                "{refusal}"
            );
        }
    }
}

#[test]
fn every_change_of_a_hello_is_refused() {
    let actors = world(2);
    let (one, other) = (&actors[0], &actors[1]);
    let sender = card(one, other);
    let good = signed(&hello(one, other), one);
    assert!(Said::read(good.replace('\n', "\r\n").as_bytes()).is_err());
    let line = good.lines().last().unwrap();
    assert!(
        Said::read(format!("{good}{line}\n").as_bytes()).is_err(),
        "two signatures"
    );
    let mut random = Random(7);
    for _ in 0..crate::cases(300) {
        let mut bytes = good.clone().into_bytes();
        match random.below(3) {
            0 => bytes[random.below(good.len())] ^= 1 << random.below(8),
            1 => bytes.truncate(random.below(good.len())),
            _ => drop(bytes.remove(random.below(good.len()))),
        }
        let moment = Moment {
            me: &other.id,
            key: Some(KEY),
            nonce: &NONCE,
            at: Timestamp::from_micros(NOW),
        };
        let met = Said::read(&bytes)
            .map_err(Refusal::from)
            .and_then(|said| said.verify(Some(&sender), &moment));
        assert!(met.is_err(), "{}", String::from_utf8_lossy(&bytes));
    }
}

#[test]
fn the_example_in_the_documentation_is_what_is_written() {
    let actors = world(2);
    let (one, other) = (&actors[0], &actors[1]);
    let threshold = Threshold {
        party: other.id.clone(),
        nonce: NONCE,
        versions: vec![1],
    };
    let note = signed(&hello(one, other), one);
    assert_eq!(
        Threshold::read(threshold.text().as_bytes()),
        Ok(threshold.clone())
    );
    let text =
        std::fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/formats/peer.md")).unwrap();
    for example in [threshold.text(), note] {
        assert!(
            text.contains(&format!("```text\n{example}```")),
            "not in docs/formats/peer.md:\n{example}"
        );
    }
}
