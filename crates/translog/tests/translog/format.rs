//! The worked example of `docs/formats/release-log.md`: every value printed there is computed here.

use base64::prelude::{BASE64_STANDARD, Engine as _};
use entente_translog::checkpoint::{self, Checkpoint};
use entente_translog::note::Signer;
use entente_translog::tlog_proof::{Policy, TlogProof};
use entente_translog::{commitment, cosignature, hash, proof, tile};

use crate::shared::Log;

const PAGE: &str = include_str!("../../../../docs/formats/release-log.md");
const ORIGIN: &str = "entente/north-sea/1c7e2a5d-0f3b-4b8e-9a53-0a4f7c1f2b6d/2f6c1b0e9d8a7c55";
const OPENINGS: [&str; 3] = [
    r#"{"agreement":"north-sea","clause":"indicators","digest":"9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08","entry":"release","form":"whole","object":"indicator--d7f3e25a-ba1c-447a-ab71-6434b092b05e","terms":"2c26b46b68ffc68ff99b453c1d30413413422d706483bfa0f98a5e886266e7ae","version":"2026-01-01T00:00:00.000Z"}"#,
    r#"{"entry":"recall","object":"indicator--d7f3e25a-ba1c-447a-ab71-6434b092b05e","reason":"false positive","releases":[0]}"#,
    r#"{"entry":"close","reason":"amended"}"#,
];

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

fn printed(what: &str, value: &str) {
    assert!(
        PAGE.contains(value),
        "{what} is not in docs/formats/release-log.md as computed:\n{value}"
    );
}

#[test]
fn the_worked_example_is_what_the_code_computes() {
    let mut log = Log::default();
    for (number, opening) in (0..).zip(OPENINGS) {
        let salt = commitment::salt(&[0x11; 32], number, opening.as_bytes());
        let entry = commitment::commit(&salt, opening.as_bytes());
        printed("an opening", opening);
        printed("a salt", &hex(&salt));
        printed("a commitment", &hex(&entry));
        printed("a leaf", &hex(&hash::leaf(&entry)));
        log.append(vec![entry.to_vec()]);
    }
    printed(
        "the node over entries 0 and 1",
        &hex(&hash::node(&log.leaves()[0], &log.leaves()[1])),
    );
    printed("the root", &hex(&log.root()));
    printed(
        "the tile",
        &format!("`{}`", tile::TileId::of(0, 0, 3).unwrap().path()),
    );
    printed("the bundle", &format!("`{}`", tile::entries_path(0, 3)));

    let owner = Signer::ed25519("identity--1c7e2a5d-0f3b-4b8e-9a53-0a4f7c1f2b6d", &[0x22; 32]).unwrap();
    let witness = Signer::cosigner("identity--5b2f8a11-6c0d-4f7e-8d7a-3b9c0e1f2a4d", &[0x33; 32]).unwrap();
    let head = Checkpoint {
        origin: ORIGIN.to_owned(),
        size: 3,
        root: log.root(),
        extensions: vec![],
    };
    let note = checkpoint::sign(&head, &owner).unwrap();
    let line = cosignature::cosign(note.as_bytes(), &witness, 1_767_225_600).unwrap();
    let note = cosignature::attach(&note, &line).unwrap();
    printed("the owner's key", &owner.verifier().to_string());
    printed("the witness's key", &witness.verifier().to_string());
    printed("the checkpoint", &note);

    let inclusion = proof::inclusion(&log, 1, 3).unwrap();
    let file = TlogProof {
        extra: None,
        index: 1,
        proof: inclusion,
        checkpoint: note,
    };
    printed(
        "the proof of entry 1",
        file.to_string().split_once("\n\n").unwrap().0,
    );
    for hash in proof::consistency(&log, 2, 3).unwrap() {
        printed("the consistency proof from 2 to 3", &BASE64_STANDARD.encode(hash));
    }
    let policy = Policy {
        origin: ORIGIN,
        log_keys: &[owner.verifier().clone()],
        witness_keys: &[witness.verifier().clone()],
        quorum: 1,
    };
    file.verify(&log.entries[1], &policy).unwrap();
}
