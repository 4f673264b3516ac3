//! What a witness answers, and that many at once cannot make it go back.

use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, Ordering};

use entente_translog::hash::Hash;
use entente_translog::note::{self, Signer};
use entente_translog::proof::consistency;
use entente_translog::tlog_proof::{Policy, TlogProof};
use entente_translog::witness::{Answer, Request, decide};
use entente_translog::{Error, checkpoint, cosignature, limits, proof};

use crate::shared::{Log, ORIGIN, Random, log_key, log_keys, witness_key};

/// The request for the log's first `new` entries, from `old` on.
fn request(log: &Log, old: u64, new: u64) -> Request {
    let mut checkpoint = log.checkpoint();
    (checkpoint.size, checkpoint.root) = (new, proof::root(log, new).unwrap());
    let note = checkpoint::sign(&checkpoint, &log_key()).unwrap();
    Request::new(old, consistency(log, old, new).unwrap_or_default(), note).unwrap()
}

fn head(log: &Log, size: u64) -> Option<(u64, Hash)> {
    Some((size, proof::root(log, size).unwrap()))
}

#[test]
fn each_answer_is_that_of_the_text() {
    let (log, other) = (Log::made(1, 20), Log::made(2, 20));
    let keys = log_keys();
    let status = |request: &Request, last| decide(request, &keys, last).status();
    let good = request(&log, 8, 20);
    assert!(matches!(decide(&good, &keys, head(&log, 8)), Answer::Cosign(seen) if seen.size == 20));
    assert_eq!(status(&request(&log, 0, 20), None), 200);
    assert_eq!(
        status(&request(&log, 0, 20), Some((0, entente_translog::hash::empty()))),
        200
    );
    assert_eq!(status(&request(&log, 20, 20), head(&log, 20)), 200);
    // Unknown log; not signed by it.
    assert_eq!(decide(&good, &[], head(&log, 8)), Answer::NotFound);
    let stranger = Signer::ed25519("stranger.example", &[9; 32]).unwrap();
    assert_eq!(
        decide(&good, &[stranger.verifier().clone()], head(&log, 8)),
        Answer::Forbidden
    );
    let unsigned = good.note().replacen("\n20\n", "\n19\n", 1);
    assert_eq!(
        status(&Request::new(8, vec![], unsigned).unwrap(), head(&log, 8)),
        403
    );
    // An old size over the new one, whatever was seen last.
    let backwards = Request::new(21, vec![], good.note().to_owned()).unwrap();
    assert_eq!(status(&backwards, head(&log, 8)), 400);
    // Another old size than that seen last.
    for last in [None, head(&log, 7), head(&log, 20)] {
        let size = last.map_or(0, |(size, _)| size);
        assert_eq!(decide(&good, &keys, last), Answer::Conflict { size });
    }
    // The same size with another root.
    assert_eq!(
        decide(&request(&log, 20, 20), &keys, head(&other, 20)),
        Answer::Conflict { size: 20 }
    );
    // A proof that does not hold, or that should be empty.
    assert_eq!(status(&good, head(&other, 8)), 422);
    let note = || good.note().to_owned();
    assert_eq!(
        status(&Request::new(8, vec![], note()).unwrap(), head(&log, 8)),
        422
    );
    assert_eq!(
        status(&Request::new(0, vec![[0; 32]], note()).unwrap(), None),
        422
    );
    assert_eq!(
        status(&Request::new(20, vec![[0; 32]], note()).unwrap(), head(&log, 20)),
        422
    );
}

#[test]
fn a_request_reads_as_it_is_written() {
    let request = request(&Log::made(3, 600), 300, 600);
    assert_eq!(Request::read(request.to_string().as_bytes()), Ok(request.clone()));
    assert_eq!(request.origin(), ORIGIN);
    let body = request.to_string();
    let cases = [
        body.replacen("old 300", "old 0300", 1),
        body.replacen("old 300", "old  300", 1),
        body.replacen("old 300", "Old 300", 1),
        body.replacen("old 300", "old 300 ", 1),
        body.replacen("old 300", "old -1", 1),
        body.replacen("old 300", "old 9223372036854775808", 1),
        body.replacen("old 300\n", "", 1),
        body.replacen("old 300\n", "old 300\n\n", 1),
        body.replacen("=\n", "\n", 1),
        body.replacen("=\n", "=\r\n", 1),
        body.clone() + "\n",
        body.trim_end().to_owned(),
        String::new(),
    ];
    for case in cases {
        assert!(Request::read(case.as_bytes()).is_err(), "{case}");
    }
    let many = |count| Request::new(1, vec![[0; 32]; count], request.note().to_owned());
    let longest = many(limits::PROOF_HASHES_MAX).unwrap().to_string();
    Request::read(longest.as_bytes()).unwrap();
    assert!(matches!(
        many(limits::PROOF_HASHES_MAX + 1),
        Err(Error::TooMuch { .. })
    ));
    let longer = longest.replacen("\n\n", &format!("\n{}=\n\n", "A".repeat(43)), 1);
    assert!(Request::read(longer.as_bytes()).is_err());
}

/// The race of tlog-witness: requests are decided on at once, and stored by compare and swap.
#[test]
fn ten_thousand_submissions_at_once_never_make_the_size_smaller() {
    const SUBMISSIONS: u64 = 10_000;
    const SIZE: u64 = 400;
    let (log, keys) = (Log::made(4, SIZE), log_keys());
    // Signing is not what is tried here: one note for each size.
    let notes: Vec<_> = (0..=SIZE)
        .map(|size| request(&log, size, size).note().to_owned())
        .collect();
    let stored = Mutex::new(None::<(u64, Hash)>);
    let (next, cosigned, lost) = (AtomicU64::new(0), AtomicU64::new(0), AtomicU64::new(0));
    let submit = |nth: u64| {
        let mut random = Random(nth);
        let last = *stored.lock().unwrap();
        let old = last.map_or(0, |(size, _)| size);
        // A step on, or now and then a size that is behind already.
        let new = (old + random.below(3))
            .saturating_sub(random.below(8) / 7)
            .min(SIZE);
        let Ok(proof) = consistency(&log, old, new) else {
            return;
        };
        let request = Request::new(old, proof, notes[new as usize].clone()).unwrap();
        let Answer::Cosign(seen) = decide(&request, &keys, last) else {
            return;
        };
        std::thread::yield_now();
        let mut now = stored.lock().unwrap();
        if *now != last {
            lost.fetch_add(1, Ordering::Relaxed);
            return;
        }
        assert!(seen.size >= now.map_or(0, |(size, _)| size), "rolled back");
        *now = Some((seen.size, seen.root));
        cosigned.fetch_add(1, Ordering::Relaxed);
    };
    std::thread::scope(|scope| {
        for _ in 0..8 {
            scope.spawn(|| {
                loop {
                    let nth = next.fetch_add(1, Ordering::Relaxed);
                    if nth >= SUBMISSIONS {
                        break;
                    }
                    submit(nth);
                }
            });
        }
    });
    assert_eq!(stored.into_inner().unwrap(), head(&log, SIZE));
    assert!(cosigned.into_inner() > SIZE / 2 && next.into_inner() >= SUBMISSIONS);
    assert!(lost.into_inner() > 0, "the race was never run");
}

/// The race of tlog-witness, step by step: both are decided on before either is stored.
#[test]
fn of_two_requests_decided_at_once_the_second_to_store_finds_another_last() {
    let (log, keys) = (Log::made(5, 20), log_keys());
    let last = head(&log, 10);
    let (a, b) = (request(&log, 10, 12), request(&log, 10, 20));
    let (Answer::Cosign(a), Answer::Cosign(b)) = (decide(&a, &keys, last), decide(&b, &keys, last)) else {
        panic!("both are good when they are decided on");
    };
    let mut stored = last;
    let mut swap = |seen: &checkpoint::VerifiedCheckpoint| {
        let fits = stored == last;
        if fits {
            stored = Some((seen.size, seen.root));
        }
        fits
    };
    assert!(swap(&b) && !swap(&a));
    assert_eq!(stored, head(&log, 20));
    assert_eq!(
        decide(&request(&log, 10, 12), &keys, stored),
        Answer::Conflict { size: 20 }
    );
}

#[test]
fn a_proof_file_holds_with_enough_witnesses_and_for_its_entry_only() {
    let log = Log::made(6, 300);
    let mut checkpoint = log.head();
    for nth in [1, 2] {
        let line = cosignature::cosign(checkpoint.as_bytes(), &witness_key(nth), 1_767_225_600).unwrap();
        checkpoint = cosignature::attach(&checkpoint, &line).unwrap();
    }
    let file = TlogProof {
        extra: Some(b"opening".to_vec()),
        index: 123,
        proof: proof::inclusion(&log, 123, 300).unwrap(),
        checkpoint,
    };
    assert_eq!(TlogProof::read(file.to_string().as_bytes()), Ok(file.clone()));
    let witness_keys: Vec<_> = (1..=3).map(|nth| witness_key(nth).verifier().clone()).collect();
    let (log_keys, data) = (log_keys(), log.entries[123].as_slice());
    let policy = Policy {
        origin: ORIGIN,
        log_keys: &log_keys,
        witness_keys: &witness_keys,
        quorum: 2,
    };
    assert_eq!(file.verify(data, &policy).unwrap().size, 300);
    let with = |policy: Policy<'_>| file.verify(data, &policy).unwrap_err();
    assert_eq!(
        with(Policy { quorum: 3, ..policy }),
        Error::Quorum { found: 2, wanted: 3 }
    );
    assert!(matches!(
        with(Policy {
            origin: "other",
            ..policy
        }),
        Error::Origin { .. }
    ));
    assert!(matches!(
        with(Policy {
            log_keys: &witness_keys[2..],
            ..policy
        }),
        Error::UnknownSigner(_)
    ));
    assert!(matches!(
        file.verify(&log.entries[124], &policy),
        Err(Error::Proof(_))
    ));
    assert!(matches!(
        TlogProof {
            index: 122,
            ..file.clone()
        }
        .verify(data, &policy),
        Err(Error::Proof(_))
    ));
    let text = file.to_string();
    for (from, to) in [
        ("@v1", "@v2"),
        ("index 123", "index 0123"),
        ("index 123", "Index 123"),
        ("index 123\n", ""),
        ("extra b3BlbmluZw==", "extra b3BlbmluZw"),
        ("extra ", "extra\n"),
        ("\n\n", "\n"),
        ("=\n", "= \n"),
    ] {
        assert!(
            TlogProof::read(text.replacen(from, to, 1).as_bytes()).is_err(),
            "{from}"
        );
    }
    // One witness under two keys is one witness.
    let second = Signer::cosigner(witness_key(1).verifier().name(), &[200; 32]).unwrap();
    let twice = log.head()
        + &cosignature::cosign(log.head().as_bytes(), &witness_key(1), 1).unwrap()
        + &cosignature::cosign(log.head().as_bytes(), &second, 1).unwrap();
    note::Note::read(twice.as_bytes()).unwrap();
    let keys = [witness_key(1).verifier().clone(), second.verifier().clone()];
    let twice = TlogProof {
        checkpoint: twice,
        ..file
    };
    let found = twice
        .verify(
            data,
            &Policy {
                witness_keys: &keys,
                ..policy
            },
        )
        .unwrap_err();
    assert_eq!(found, Error::Quorum { found: 1, wanted: 2 });
}
