//! Split views are proved; honest logs never are.

use entente_translog::fork::Fork;
use entente_translog::note::Signer;
use entente_translog::{Error, ReadError, checkpoint, hash, proof};

use crate::shared::{Log, Random, log_key, log_keys, rounds};

/// Two views that are the same up to a point, and then differ in at least one entry.
fn split_view(random: &mut Random) -> (Log, Log) {
    let shared = random.below(300);
    let mut one = Log::made(1, shared);
    let mut other = one.clone();
    let more = |random: &mut Random| -> Vec<Vec<u8>> {
        (0..1 + random.below(300))
            .map(|_| random.next().to_be_bytes().to_vec())
            .collect()
    };
    one.append(more(random));
    other.append(more(random));
    (one, other)
}

#[test]
fn a_thousand_split_views_are_proved_to_anybody() {
    let mut random = Random(1);
    for round in 0..1000 {
        let (one, other) = split_view(&mut random);
        let bigger = if one.size() >= other.size() { &one } else { &other };
        let fork = Fork::between(&one.head(), &other.head(), &log_keys(), bigger).unwrap();
        let fork = fork.unwrap_or_else(|| panic!("round {round}: no fork found"));
        let handed_over = Fork::read(fork.to_string().as_bytes()).unwrap();
        assert_eq!(handed_over, fork);
        handed_over.verify(&log_keys()).unwrap();
    }
}

#[test]
fn two_heads_of_one_honest_log_are_never_proved() {
    let mut random = Random(2);
    let log = Log::made(2, 700);
    let head = |size| {
        let root = proof::root(&log, size).unwrap();
        checkpoint::sign(
            &checkpoint::Checkpoint {
                size,
                root,
                ..log.checkpoint()
            },
            &log_key(),
        )
        .unwrap()
    };
    for _ in 0..rounds(150, 5000) {
        let later = random.below(701);
        let earlier = random.below(later + 1);
        let found = Fork::between(&head(later), &head(earlier), &log_keys(), &log).unwrap();
        assert_eq!(found, None, "{earlier} of {later}");
        // Whatever root somebody claims, with the true hashes or with others, it does not hold.
        let honest = proof::root(&log, earlier).unwrap();
        let hashes = proof::consistency(&log, earlier, later).unwrap();
        let mut bent = hashes.clone();
        if !bent.is_empty() {
            let nth = random.below(bent.len() as u64) as usize;
            bent[nth][random.below(32) as usize] ^= 1;
        }
        for prefix_root in [honest, [3; 32], hash::empty()] {
            for consistency in [&hashes, &bent, &Vec::new()] {
                let claim = Fork {
                    earlier: head(earlier),
                    later: head(later),
                    prefix_root,
                    consistency: consistency.clone(),
                };
                assert!(claim.verify(&log_keys()).is_err(), "{earlier} of {later}");
                let turned = Fork {
                    earlier: head(later),
                    later: head(earlier),
                    ..claim
                };
                assert!(turned.verify(&log_keys()).is_err(), "{later} before {earlier}");
            }
        }
    }
    let same = Fork {
        earlier: head(5),
        later: head(5),
        prefix_root: log_root(&log, 5),
        consistency: vec![],
    };
    assert_eq!(same.verify(&log_keys()), Err(Error::NoFork));
}

fn log_root(log: &Log, size: u64) -> hash::Hash {
    proof::root(log, size).unwrap()
}

#[test]
fn nobody_is_convicted_by_what_they_did_not_sign() {
    let mut random = Random(3);
    let (one, other) = split_view(&mut random);
    let bigger = if one.size() >= other.size() { &one } else { &other };
    let fork = Fork::between(&one.head(), &other.head(), &log_keys(), bigger)
        .unwrap()
        .unwrap();
    let stranger = Signer::ed25519("stranger.example", &[9; 32]).unwrap();
    let theirs = [stranger.verifier().clone()];
    assert!(matches!(fork.verify(&theirs), Err(Error::UnknownSigner(_))));
    let forged = checkpoint::sign(&other.checkpoint(), &stranger).unwrap();
    assert!(Fork::between(&one.head(), &forged, &log_keys(), bigger).is_err());
    let mut renamed = other.checkpoint();
    renamed.origin = "entente/another/log".to_owned();
    let renamed = checkpoint::sign(&renamed, &log_key()).unwrap();
    let found = Fork::between(&one.head(), &renamed, &log_keys(), bigger);
    assert!(matches!(found, Err(ReadError::Asked(Error::Origin { .. }))));
    // With the tiles of some third tree nothing is proved.
    let third = Log::made(99, 1000);
    if one.size() != other.size() {
        assert!(Fork::between(&one.head(), &other.head(), &log_keys(), &third).is_err());
    }
}

#[test]
fn a_fork_is_read_only_as_it_is_written() {
    let mut random = Random(4);
    let (one, other) = split_view(&mut random);
    let bigger = if one.size() >= other.size() { &one } else { &other };
    let text = Fork::between(&one.head(), &other.head(), &log_keys(), bigger)
        .unwrap()
        .unwrap()
        .to_string();
    for (from, to) in [
        ("/v1", "/v2"),
        ("prefix ", "prefix  "),
        ("earlier 5", "earlier 05"),
        ("earlier 5", "earlier 4"),
        ("earlier 5", "earlier 0"),
        ("later 5", "later 6"),
        ("later 5", "later 9999999999999"),
        ("\n\n", "\n"),
        ("=\n", "\n"),
    ] {
        assert!(text.contains(from), "{from} in {text}");
        assert!(
            Fork::read(text.replacen(from, to, 1).as_bytes()).is_err(),
            "{from}"
        );
    }
    for cut in 0..text.len() {
        assert!(Fork::read(&text.as_bytes()[..cut]).is_err(), "{cut}");
    }
    assert!(Fork::read(format!("{text}\n").as_bytes()).is_err());
}
