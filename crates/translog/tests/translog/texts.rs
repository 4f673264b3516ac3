//! The examples that the texts of C2SP print, and those that Go's `sumdb/note` has always had.

use entente_translog::checkpoint::Checkpoint;
use entente_translog::note::{self, Note, Signer, Verifier};
use entente_translog::proof::verify_consistency;
use entente_translog::tlog_proof::TlogProof;
use entente_translog::witness::Request;
use entente_translog::{Error, cosignature};

const SOFA: &str = "\
example.com/behind-the-sofa
20852163
CsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=

— example.com/behind-the-sofa Az3grlgtzPICa5OS8npVmf1Myq/5IZniMp+ZJurmRDeOoRDe4URYN7u5/Zhcyv2q1gGzGku9nTo+zyWE+xeMcTOAYQ8=
— witness.example.com/w1 jWbPPwAAAABkGFDLEZMHwSRaJNiIDoe9DYn/zXcrtPHeolMI5OWXEhZCB9dlrDJsX3b2oyin1nPZqhf5nNo0xUe+mbIUBkBIfZ+qnA==
";

#[test]
fn the_note_of_signed_note_reads() {
    let text = "Ognuno sta solo sul cuor della terra\ntrafitto da un raggio di sole:\n\ned è subito sera.\n";
    let note = format!(
        "{text}\n— quasimodo.example/salvatore NnugSzTjtVAewIS+Z/iJhUPeFDkO/5QQ2i5ddnGITLlC+EhfLW9oJKONrMouFSQU0xMcXxj99ihAQwaqP3ZekRwNtIc=\n"
    );
    let note = Note::read(note.as_bytes()).unwrap();
    assert_eq!(note.text(), text);
    let [signature] = note.signatures() else {
        panic!("one signature")
    };
    assert_eq!(signature.name(), "quasimodo.example/salvatore");
    assert_eq!(
        (signature.key_id(), signature.bytes().len()),
        ([0x36, 0x7b, 0xa0, 0x4b], 64)
    );
}

/// The keys and the note of the documentation of Go's `sumdb/note`; the seed is the secret key printed there.
#[test]
fn the_note_of_go_verifies_and_is_signed_the_same() {
    let vkey = "PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW";
    let text = "If you think cryptography is the answer to your problem,\nthen you don't know what your problem is.\n";
    let signed = format!(
        "{text}\n— PeterNeumann x08go/ZJkuBS9UG/SffcvIAQxVBtiFupLLr8pAcElZInNIuGUgYN1FFYC2pZSNXgKvqfqdngotpRZb6KE6RyyBwJnAM=\n"
    );
    let key: Verifier = vkey.parse().unwrap();
    let note = Note::read(signed.as_bytes()).unwrap();
    assert_eq!(note.verify(&[key]).unwrap().text(), text);

    let secret = base64::Engine::decode(
        &base64::prelude::BASE64_STANDARD,
        "AYEKFALVFGyNhPJEMzD1QIDr+Y7hfZx09iUvxdXHKDFz",
    )
    .unwrap();
    let signer = Signer::ed25519("PeterNeumann", secret[1..].try_into().unwrap()).unwrap();
    assert_eq!(signer.verifier().to_string(), vkey);
    assert_eq!(note::sign(text, &[&signer]).unwrap(), signed);
    let enoch = Signer::ed25519("EnochRoot", &[0; 32]).unwrap();
    let line = "— EnochRoot rwz+eBzmZa0SO3NbfRGzPCpDckykFXSdeX+MNtCOXm2/5n2tiOHp+vAF1aGrQ5ovTG01oOTGwnWLox33WWd1RvMc+QQ=\n";
    assert_eq!(
        note::sign(text, &[&signer, &enoch]).unwrap(),
        signed.clone() + line
    );
    assert_eq!(note::attach(&signed, line).unwrap(), signed + line);
}

#[test]
fn the_checkpoint_with_its_cosignature_reads() {
    let note = Note::read(SOFA.as_bytes()).unwrap();
    let checkpoint = Checkpoint::read(note.text()).unwrap();
    assert_eq!(
        (checkpoint.origin.as_str(), checkpoint.size),
        ("example.com/behind-the-sofa", 20_852_163)
    );
    assert_eq!(checkpoint.to_string(), note.text());
    // Eight bytes of time before the signature: 1679315147, as the text's message has it.
    let witness = note.signatures()[1].bytes();
    assert_eq!(
        (witness.len(), &witness[..8]),
        (72, 1_679_315_147u64.to_be_bytes().as_slice())
    );
    assert_eq!(cosignature::verify(SOFA.as_bytes(), &[]), Ok(vec![]));
}

#[test]
fn the_request_to_a_witness_reads() {
    let checkpoint = &SOFA[..SOFA.find("— witness").unwrap()];
    let body = format!(
        "old 20852014
PlRNCrwHpqhGrupue0L7gxbjbMiKA9temvuZZDDpkaw=
jrJZDmY8Y7SyJE0MWLpLozkIVMSMZcD5kvuKxPC3swk=
5+pKlUdi2LeF/BcMHBn+Ku6yhPGNCswZZD1X/6QgPd8=
/6WVhPs2CwSsb5rYBH5cjHV/wSmA79abXAwhXw3Kj/0=

{checkpoint}"
    );
    let request = Request::read(body.as_bytes()).unwrap();
    assert_eq!(
        (request.origin(), request.note()),
        ("example.com/behind-the-sofa", checkpoint)
    );
    assert_eq!(request.to_string(), body);
}

#[test]
fn the_proof_file_reads() {
    let body = "\
c2sp.org/tlog-proof@v1
extra YWdlLXYxLjIuMS1kYXJ3aW4tYXJtNjQudGFyLmd6kYXJ3aW4tYXJ
index 73894
gSKyXoYZUgZ6jduWYrkDOARinOMGJveXjgMkBTcdPlQ=
B95lDa8R83lS8n0eG+o0buTxRKQTYFi//1U8anccXmA=

";
    let proof = TlogProof::read(format!("{body}{SOFA}").as_bytes()).unwrap();
    assert_eq!(
        (proof.index, proof.proof.len(), proof.checkpoint.as_str()),
        (73_894, 2, SOFA)
    );
    assert_eq!(proof.to_string(), format!("{body}{SOFA}"));
    assert!(
        proof
            .extra
            .unwrap()
            .starts_with(b"age-v1.2.1-darwin-arm64.tar.gz")
    );
}

#[test]
fn nothing_is_proved_of_the_empty_tree_but_that_it_is_empty() {
    let empty = entente_translog::hash::empty();
    verify_consistency(&[], 5, &[1; 32], 0, &empty).unwrap();
    assert!(matches!(
        verify_consistency(&[[0; 32]], 5, &[1; 32], 0, &empty),
        Err(Error::Proof(_))
    ));
    assert!(matches!(
        verify_consistency(&[], 5, &[1; 32], 0, &[1; 32]),
        Err(Error::Proof(_))
    ));
}
