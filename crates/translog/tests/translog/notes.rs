//! Notes, keys, checkpoints and cosignatures: what is signed stands, what is odd is refused.

use base64::prelude::{BASE64_STANDARD, Engine as _};
use entente_translog::checkpoint::{self, Checkpoint};
use entente_translog::note::{self, Algorithm, Note, Signer, Verifier};
use entente_translog::{Error, cosignature, hash, limits};

use crate::shared::{Log, ORIGIN, log_key, log_keys, witness_key};

fn signer(name: &str, seed: u8) -> Signer {
    Signer::ed25519(name, &[seed; 32]).unwrap()
}

/// An ML-DSA-44 key: known by its type, and verified by nobody here.
fn post_quantum() -> Verifier {
    let (name, key) = ("later.example", [vec![0x06], vec![5; 1312]].concat());
    let digest = <sha2::Sha256 as sha2::Digest>::digest([name.as_bytes(), b"\n", &key].concat());
    let id: String = digest[..4].iter().map(|byte| format!("{byte:02x}")).collect();
    format!("{name}+{id}+{}", BASE64_STANDARD.encode(key))
        .parse()
        .unwrap()
}

fn line(name: &str, bytes: &[u8]) -> String {
    format!("— {name} {}\n", BASE64_STANDARD.encode(bytes))
}

#[test]
fn what_known_keys_signed_is_good_and_names_them() {
    let (a, b, c) = (
        signer("a.example", 1),
        signer("b.example", 2),
        signer("c.example", 3),
    );
    let text = "first\n\nsecond\n";
    let note = note::sign(text, &[&a, &b, &c]).unwrap();
    let read = Note::read(note.as_bytes()).unwrap();
    assert_eq!((read.text(), read.signatures().len()), (text, 3));
    let verified = read
        .verify(&[c.verifier().clone(), a.verifier().clone()])
        .unwrap();
    let names: Vec<_> = verified
        .signers()
        .iter()
        .map(|signed| signed.key.name())
        .collect();
    assert_eq!((verified.text(), names), (text, vec!["a.example", "c.example"]));
    assert!(verified.is_by(a.verifier()) && !verified.is_by(b.verifier()));
}

#[test]
fn strangers_are_passed_over_and_are_not_enough() {
    let (known, stranger) = (signer("a.example", 1), signer("a.example", 2));
    let other_name = signer("b.example", 1);
    let keys = [known.verifier().clone()];
    for signers in [vec![&stranger], vec![&other_name], vec![&stranger, &other_name]] {
        let note = note::sign("text\n", &signers).unwrap();
        let error = Note::read(note.as_bytes()).unwrap().verify(&keys).unwrap_err();
        assert!(matches!(error, Error::UnknownSigner(_)), "{error}");
    }
    // The same name with another id and another name with the same id say nothing about the known key.
    let odd = [&stranger.verifier().key_id(), [0; 64].as_slice()].concat();
    let note = note::sign("text\n", &[&known]).unwrap() + &line("a.example", &odd);
    let odd = [&known.verifier().key_id(), [0; 64].as_slice()].concat();
    let note = note + &line("b.example", &odd);
    Note::read(note.as_bytes()).unwrap().verify(&keys).unwrap();
}

#[test]
fn a_bad_signature_by_a_known_key_spoils_the_note() {
    let (a, b) = (signer("a.example", 1), signer("b.example", 2));
    let keys = [a.verifier().clone(), b.verifier().clone()];
    let good = note::sign("text\n", &[&a]).unwrap();
    for bytes in [vec![0; 64], vec![0; 63], vec![0; 65], vec![1]] {
        let bad = line("b.example", &[b.verifier().key_id().to_vec(), bytes].concat());
        let note = format!("{good}{bad}");
        let error = Note::read(note.as_bytes()).unwrap().verify(&keys).unwrap_err();
        assert_eq!(error, Error::BadSignature("b.example".to_owned()));
    }
    let moved = good.replacen("text", "test", 1);
    let error = Note::read(moved.as_bytes()).unwrap().verify(&keys).unwrap_err();
    assert_eq!(error, Error::BadSignature("a.example".to_owned()));
}

#[test]
fn a_type_that_cannot_be_verified_is_never_good() {
    let (known, later) = (signer("a.example", 1), post_quantum());
    assert_eq!(later.algorithm(), Algorithm::MlDsa44);
    let stamped = [&later.key_id(), [0; 8 + 2420].as_slice()].concat();
    let body = Log::made(1, 3).checkpoint().to_string();
    let both = note::sign(&body, &[&known]).unwrap() + &line("later.example", &stamped);
    let keys = [known.verifier().clone(), later.clone()];
    let unsupported = Error::Unsupported {
        name: "later.example".to_owned(),
        algorithm: 6,
    };
    assert_eq!(
        Note::read(both.as_bytes()).unwrap().verify(&keys),
        Err(unsupported.clone())
    );
    assert_eq!(
        checkpoint::open(both.as_bytes(), std::slice::from_ref(&later)),
        Err(unsupported.clone())
    );
    assert_eq!(cosignature::verify(both.as_bytes(), &[later]), Err(unsupported));
    // Whoever does not ask for it reads the note as before.
    Note::read(both.as_bytes()).unwrap().verify(&keys[..1]).unwrap();
}

#[test]
fn what_is_not_a_note_is_refused() {
    let good = note::sign("text\n", &[&signer("a.example", 1)]).unwrap();
    let signature = good.lines().last().unwrap();
    let encoded = signature.rsplit(' ').next().unwrap();
    let cases = [
        (String::new(), "empty"),
        ("text\n".to_owned(), "no signature"),
        ("text\n\n".to_owned(), "no signature after the empty line"),
        (format!("text\n{signature}\n"), "no empty line"),
        (format!("text\n\n{signature}"), "no final newline"),
        (format!("{good}\n"), "two final newlines"),
        (format!("{good}more\n"), "text after the signatures"),
        (
            format!("text\n\n{signature}\n\n{signature}\n{signature}"),
            "no final newline at last",
        ),
        (good.replace("text", "te\0xt"), "NUL"),
        (good.replace("text", "te\txt"), "tab"),
        (good.replace('\n', "\r\n"), "carriage returns"),
        (good.replace('—', "-"), "hyphen"),
        (good.replace("— ", "—"), "no space behind the dash"),
        (good.replace("— ", "—  "), "two spaces behind the dash"),
        (good.replace("a.example", ""), "no name"),
        (good.replace("a.example", "a+b"), "plus in the name"),
        (
            good.replace("a.example", "a\u{a0}b"),
            "no-break space in the name",
        ),
        (good.replace("a.example", "a\u{2003}b"), "em space in the name"),
        (good.replace(encoded, encoded.trim_end_matches('=')), "no padding"),
        (good.replace(encoded, &format!("{encoded} ")), "space at the end"),
        (good.replace(encoded, "AAAAAA=="), "a key id alone"),
        (good.replace(encoded, "AAAAAAB="), "stray bits"),
        (good.replace(encoded, ""), "no signature bytes"),
    ];
    for (note, what) in &cases {
        assert!(Note::read(note.as_bytes()).is_err(), "{what}: {note:?}");
    }
    assert!(Note::read(&[b"\xff\n\n", signature.as_bytes(), b"\n"].concat()).is_err());
    Note::read(good.as_bytes()).unwrap();
}

#[test]
fn notes_are_bounded() {
    let one = line("a.example", &[1; 68]);
    let note = |count: usize| format!("text\n\n{}", one.repeat(count));
    assert_eq!(
        Note::read(note(limits::NOTE_SIGNATURES_MAX).as_bytes())
            .unwrap()
            .signatures()
            .len(),
        100
    );
    let over = note(limits::NOTE_SIGNATURES_MAX + 1);
    assert!(matches!(Note::read(over.as_bytes()), Err(Error::TooMuch { .. })));
    let long = "a".repeat(limits::NOTE_BYTES_MAX) + "\n";
    assert!(matches!(
        note::sign(&long, &[&log_key()]),
        Err(Error::TooMuch { .. })
    ));
}

#[test]
fn signing_refuses_what_could_not_be_read() {
    let key = log_key();
    for text in ["", "text", "te\0xt\n", "te\rxt\n"] {
        assert!(note::sign(text, &[&key]).is_err(), "{text:?}");
    }
    assert!(note::sign("text\n", &[]).is_err());
    assert!(matches!(
        note::sign("text\n", &[&witness_key(1)]),
        Err(Error::WrongKey { .. })
    ));
    // A note that reads as what a cosigner signs would give one key's word for another.
    let cosigned = format!("cosignature/v1\ntime 1\n{}", Log::made(1, 1).checkpoint());
    assert!(matches!(
        note::sign(&cosigned, &[&key]),
        Err(Error::WrongKey { .. })
    ));
}

#[test]
fn a_key_reads_as_it_is_written() {
    for key in [
        log_key().verifier().clone(),
        witness_key(1).verifier().clone(),
        post_quantum(),
    ] {
        assert_eq!(key.to_string().parse(), Ok(key));
    }
    let other: Verifier = "ecdsa.example+01234567+AgECAwQ=".parse().unwrap();
    assert_eq!(
        (other.algorithm(), other.to_string().as_str()),
        (Algorithm::Other(2), "ecdsa.example+01234567+AgECAwQ=")
    );
    let key = signer("a.example", 1).verifier().clone();
    assert_eq!(
        key.as_cosigner().unwrap(),
        *Signer::cosigner("a.example", &[1; 32]).unwrap().verifier()
    );
    assert_ne!(key.as_cosigner().unwrap().key_id(), key.key_id());
    assert!(format!("{:?}", signer("a.example", 1)).contains(&key.to_string()));
}

#[test]
fn what_is_not_a_key_is_refused() {
    let good = signer("a.example", 1).verifier().to_string();
    let parts: Vec<_> = good.split('+').collect();
    let flip = |text: &str| {
        if text.starts_with('0') {
            text.replacen('0', "1", 1)
        } else {
            format!("0{}", &text[1..])
        }
    };
    let with = |key: Vec<u8>| format!("{}+{}+{}", parts[0], parts[1], BASE64_STANDARD.encode(key));
    let key = BASE64_STANDARD
        .decode(good.splitn(3, '+').nth(2).unwrap())
        .unwrap();
    let cases = [
        String::new(),
        "a.example".to_owned(),
        format!("{}+{}", parts[0], parts[1]),
        good.replacen("a.example", "b.example", 1),
        good.replacen("a.example", "", 1),
        good.replacen("a.example", "a example", 1),
        good.replacen("a.example", "a\nexample", 1),
        good.replacen(parts[1], &flip(parts[1]), 1),
        good.replacen(parts[1], &parts[1].to_uppercase(), 1)
            .replacen("a.example", "A.example", 1),
        good.replacen(parts[1], &format!("+{}", &parts[1][1..]), 1),
        format!("{good} "),
        format!("{good}="),
        with(vec![]),
        with(key[..32].to_vec()),
        with([&key[..], &[0]].concat()),
        with([&[6], &key[1..]].concat()),
        "a".repeat(limits::KEY_NAME_BYTES_MAX + 1) + &good[9..],
        "a".repeat(limits::KEY_TEXT_BYTES_MAX + 1),
    ];
    for case in cases {
        assert!(case.parse::<Verifier>().is_err(), "{case}");
    }
    // Points of small order: anybody can sign for them.
    let mut one = [0; 32];
    one[0] = 1;
    assert!(Verifier::ed25519("a.example", &[0; 32]).is_err());
    assert!(Verifier::ed25519("a.example", &one).is_err());
}

#[test]
fn a_checkpoint_reads_as_it_is_written() {
    let mut checkpoint = Log::made(2, 300).checkpoint();
    assert_eq!(Checkpoint::read(&checkpoint.to_string()), Ok(checkpoint.clone()));
    checkpoint.extensions = vec!["one".to_owned(), "two words".to_owned()];
    let note = checkpoint::sign(&checkpoint, &log_key()).unwrap();
    let opened = checkpoint::open(note.as_bytes(), &log_keys()).unwrap();
    assert_eq!((opened.checkpoint(), opened.note()), (&checkpoint, note.as_str()));
    assert_eq!(opened.clone().of_log(ORIGIN), Ok(opened.clone()));
    assert!(matches!(
        opened.of_log("entente/other"),
        Err(Error::Origin { .. })
    ));
    for odd in ["", "a\nb"] {
        let mut bad = checkpoint.clone();
        bad.extensions.push(odd.to_owned());
        assert!(checkpoint::sign(&bad, &log_key()).is_err(), "{odd:?}");
        bad.extensions.clear();
        bad.origin = odd.to_owned();
        assert!(checkpoint::sign(&bad, &log_key()).is_err(), "{odd:?}");
    }
    assert!(matches!(
        checkpoint::sign(&checkpoint, &witness_key(1)),
        Err(Error::WrongKey { .. })
    ));
}

#[test]
fn what_is_not_a_checkpoint_is_refused() {
    let good = Log::made(3, 12).checkpoint().to_string();
    let root = good.lines().nth(2).unwrap();
    let empty = BASE64_STANDARD.encode(hash::empty());
    Checkpoint::read(&good).unwrap();
    Checkpoint::read(&format!("a\n0\n{empty}\n")).unwrap();
    let cases = [
        String::new(),
        "\n".to_owned(),
        good.trim_end().to_owned(),
        format!("{good}\n"),
        format!("\n{good}"),
        format!("{good}more"),
        format!("{good}\nmore\n"),
        format!("a\n12\n{root}"),
        format!("\n12\n{root}\n"),
        format!("a\n012\n{root}\n"),
        format!("a\n00\n{empty}\n"),
        format!("a\n+12\n{root}\n"),
        format!("a\n-12\n{root}\n"),
        format!("a\n 12\n{root}\n"),
        format!("a\n1e3\n{root}\n"),
        format!("a\n\n{root}\n"),
        format!("a\n٣\n{root}\n"),
        format!("a\n9223372036854775808\n{root}\n"),
        format!("a\n18446744073709551616\n{root}\n"),
        format!("a\n0\n{root}\n"),
        format!("a\n12\n{root} \n"),
        format!("a\n12\n{}\n", root.trim_end_matches('=')),
        format!("a\n12\n{}\n", BASE64_STANDARD.encode([0; 31])),
        format!("a\n12\n{}\n", BASE64_STANDARD.encode([0; 33])),
        "a\n12\n".to_owned(),
    ];
    for case in cases {
        assert!(
            matches!(Checkpoint::read(&case), Err(Error::Checkpoint(_))),
            "{case:?}"
        );
    }
    Checkpoint::read(&format!("a\n9223372036854775807\n{root}\n")).unwrap();
}

#[test]
fn a_note_over_something_else_is_no_checkpoint() {
    let note = note::sign("entente/keys/v1\nwhatever\n", &[&log_key()]).unwrap();
    assert!(matches!(
        checkpoint::open(note.as_bytes(), &log_keys()),
        Err(Error::Checkpoint(_))
    ));
    assert!(matches!(
        cosignature::cosign(note.as_bytes(), &witness_key(1), 1),
        Err(Error::Checkpoint(_))
    ));
}

#[test]
fn witnesses_and_their_times_are_found_under_a_checkpoint() {
    let head = Log::made(4, 20).head();
    let (one, two, three) = (witness_key(1), witness_key(2), witness_key(3));
    let keys: Vec<_> = [&one, &two].iter().map(|key| key.verifier().clone()).collect();
    assert_eq!(cosignature::verify(head.as_bytes(), &keys), Ok(vec![]));
    let mut note = head.clone();
    for (key, seconds) in [
        (&one, 1_767_225_600),
        (&three, 7),
        (&two, 0),
        (&one, 1_767_225_700),
    ] {
        let line = cosignature::cosign(note.as_bytes(), key, seconds).unwrap();
        note = cosignature::attach(&note, &line).unwrap();
    }
    let found = cosignature::verify(note.as_bytes(), &keys).unwrap();
    assert_eq!(found, [(keys[0].clone(), 1_767_225_700), (keys[1].clone(), 0)]);
    // The log's own key is no witness, and the log's own signature still stands.
    assert_eq!(cosignature::verify(note.as_bytes(), &log_keys()), Ok(vec![]));
    checkpoint::open(note.as_bytes(), &log_keys()).unwrap();
    // Again changes nothing.
    let line = cosignature::cosign(note.as_bytes(), &one, 1_767_225_600).unwrap();
    assert_eq!(cosignature::attach(&note, &line).unwrap(), note);
}

#[test]
fn a_cosignature_holds_for_its_checkpoint_and_time_only() {
    let (log, key) = (Log::made(5, 20), witness_key(1));
    let keys = [key.verifier().clone()];
    let line = cosignature::cosign(log.head().as_bytes(), &key, 1_767_225_600).unwrap();
    let on_another = Log::made(6, 20).head() + &line;
    assert!(matches!(
        cosignature::verify(on_another.as_bytes(), &keys),
        Err(Error::BadSignature(_))
    ));
    let encoded = line.trim_end().rsplit(' ').next().unwrap();
    for at in 4..76 {
        let mut bytes = BASE64_STANDARD.decode(encoded).unwrap();
        bytes[at] ^= 1;
        let note = log.head() + &line.replace(encoded, &BASE64_STANDARD.encode(bytes));
        assert!(
            matches!(
                cosignature::verify(note.as_bytes(), &keys),
                Err(Error::BadSignature(_))
            ),
            "{at}"
        );
    }
    let log_key_signs = cosignature::cosign(log.head().as_bytes(), &log_key(), 1);
    assert!(matches!(log_key_signs, Err(Error::WrongKey { .. })));
    let late = cosignature::cosign(log.head().as_bytes(), &key, 1 << 63);
    assert!(matches!(late, Err(Error::TooMuch { .. })));
}

#[test]
fn attaching_refuses_what_is_no_signature_line() {
    let head = Log::made(7, 2).head();
    for lines in ["", "\n", "text\n", "— a\n", "— a AAAAAAA=", "— a AAAAAAA=\n\n"] {
        assert!(cosignature::attach(&head, lines).is_err(), "{lines:?}");
    }
}
