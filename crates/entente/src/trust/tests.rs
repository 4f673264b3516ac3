//! Certificates that are taken and, of many kinds, those that are not. Some come from OpenSSL (`certificates/`): what
//! else would make weak ones.

use std::time::Duration;

use rcgen::{
    BasicConstraints, CertificateParams, CustomExtension, ExtendedKeyUsagePurpose, IsCa, Issuer, KeyPair,
    KeyUsagePurpose, PKCS_ED25519, PKCS_RSA_SHA256, SerialNumber, date_time_ymd,
};
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, ServerName, UnixTime};

use super::certificate::{Fault, Purpose, check};
use super::*;

/// 2027-06-01T00:00:00Z.
const NOW: u64 = 1_811_808_000;

fn at(seconds: u64) -> UnixTime {
    UnixTime::since_unix_epoch(Duration::from_secs(seconds))
}

fn now() -> UnixTime {
    at(NOW)
}

/// As a node makes its own.
fn params() -> CertificateParams {
    let mut params = CertificateParams::new(["localhost".to_owned()]).unwrap();
    params.not_before = date_time_ymd(2026, 1, 1);
    params.not_after = date_time_ymd(2028, 1, 1);
    params.key_usages = vec![KeyUsagePurpose::DigitalSignature];
    params.extended_key_usages = vec![
        ExtendedKeyUsagePurpose::ServerAuth,
        ExtendedKeyUsagePurpose::ClientAuth,
    ];
    params
}

fn made(change: impl FnOnce(&mut CertificateParams)) -> CertificateDer<'static> {
    let mut params = params();
    change(&mut params);
    params
        .self_signed(&KeyPair::generate().unwrap())
        .unwrap()
        .der()
        .clone()
}

fn file(name: &str) -> CertificateDer<'static> {
    let path = format!("{}/src/trust/certificates/{name}.pem", env!("CARGO_MANIFEST_DIR"));
    CertificateDer::from_pem_file(path).unwrap()
}

/// The bytes with `from`, which occurs in them, replaced.
fn patched(certificate: &CertificateDer<'_>, from: &[u8], to: &[u8]) -> CertificateDer<'static> {
    let mut bytes = certificate.to_vec();
    let place = bytes
        .windows(from.len())
        .position(|window| window == from)
        .unwrap();
    bytes.splice(place..place + from.len(), to.iter().copied());
    bytes.into()
}

#[test]
fn what_a_node_makes_and_other_strong_keys_are_taken() {
    let ed25519 = KeyPair::generate_for(&PKCS_ED25519).unwrap();
    let rsa = KeyPair::generate_for(&PKCS_RSA_SHA256).unwrap();
    let bare = made(|params| {
        params.key_usages.clear();
        params.extended_key_usages.clear();
    });
    for good in [
        made(|_| {}),
        bare,
        made(|params| params.extended_key_usages = vec![ExtendedKeyUsagePurpose::Any]),
        params().self_signed(&ed25519).unwrap().der().clone(),
        params().self_signed(&rsa).unwrap().der().clone(),
        file("good-rsa-2048"),
        file("good-ed25519"),
        file("good-p384"),
        file("good-pss"),
    ] {
        for purpose in [Purpose::Server, Purpose::Client] {
            let sound = check(&good, purpose, now()).unwrap();
            assert!(sound.is_self_signed);
            assert_eq!(Some(sound.key), certificate::key_of(&good));
        }
    }
}

/// A word for a fault.
fn word(fault: &Fault) -> &'static str {
    match fault {
        Fault::Malformed(_) => "malformed",
        Fault::Early { .. } => "early",
        Fault::Over { .. } => "over",
        Fault::Key(_) => "key",
        Fault::Algorithm => "algorithm",
        Fault::Purpose(_) => "purpose",
        Fault::Critical => "critical",
        Fault::Signature => "signature",
    }
}

/// Every bad certificate: what it is, its fault at the server's side, its bytes.
fn bad() -> Vec<(&'static str, &'static str, CertificateDer<'static>)> {
    use ExtendedKeyUsagePurpose as Extended;
    use KeyUsagePurpose as Usage;
    let good = made(|_| {});
    let for_use = |usage| made(move |params| params.key_usages = vec![usage]);
    let for_extended = |usage| made(move |params| params.extended_key_usages = vec![usage]);
    let custom = |oid: &'static [u64], critical, content: &'static [u8]| {
        made(move |params| {
            let mut extension = CustomExtension::from_oid_content(oid, content.to_vec());
            extension.set_criticality(critical);
            params.custom_extensions.push(extension);
        })
    };
    let mut last_flipped = good.to_vec();
    *last_flipped.last_mut().unwrap() ^= 1;
    let mut all = vec![
        (
            "over",
            "over",
            made(|params| params.not_after = date_time_ymd(2027, 5, 31)),
        ),
        (
            "not yet",
            "early",
            made(|params| params.not_before = date_time_ymd(2027, 6, 2)),
        ),
        (
            "ends before it begins",
            "malformed",
            made(|params| params.not_before = date_time_ymd(2029, 1, 1)),
        ),
        ("nothing", "malformed", Vec::new().into()),
        ("zeros", "malformed", vec![0; 500].into()),
        (
            "text",
            "malformed",
            b"-----BEGIN CERTIFICATE-----".to_vec().into(),
        ),
        ("cut in half", "malformed", good[..good.len() / 2].to_vec().into()),
        (
            "one byte short",
            "malformed",
            good[..good.len() - 1].to_vec().into(),
        ),
        (
            "followed by a byte",
            "malformed",
            [&good, &[0][..]].concat().into(),
        ),
        (
            "very long",
            "malformed",
            made(|params| {
                let names = (0..1000).map(|nth| format!("a-long-name-{nth}.example").try_into().unwrap());
                params.subject_alt_names = names.map(rcgen::SanType::DnsName).collect();
            }),
        ),
        (
            "of version 2",
            "malformed",
            patched(&good, &[0xa0, 3, 2, 1, 2], &[0xa0, 3, 2, 1, 1]),
        ),
        ("signature changed", "signature", last_flipped.into()),
        (
            "name changed",
            "signature",
            patched(&good, b"localhost", b"localhosT"),
        ),
        (
            "serial of 30 bytes",
            "malformed",
            made(|params| params.serial_number = Some(SerialNumber::from_slice(&[7; 30]))),
        ),
        ("for certificates only", "purpose", for_use(Usage::KeyCertSign)),
        ("for revocation lists only", "purpose", for_use(Usage::CrlSign)),
        ("for encryption only", "purpose", for_use(Usage::KeyEncipherment)),
        ("for code", "purpose", for_extended(Extended::CodeSigning)),
        ("for mail", "purpose", for_extended(Extended::EmailProtection)),
        ("for time stamps", "purpose", for_extended(Extended::TimeStamping)),
        ("for OCSP", "purpose", for_extended(Extended::OcspSigning)),
        ("for clients", "purpose", for_extended(Extended::ClientAuth)),
        (
            "an authority's",
            "purpose",
            made(|params| params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained)),
        ),
        (
            "with an unknown critical extension",
            "critical",
            custom(&[1, 3, 6, 1, 4, 1, 99999, 1], true, b"\x05\0"),
        ),
        (
            "with a damaged key usage",
            "malformed",
            custom(&[2, 5, 29, 19], false, b"\xff\xff\xff"),
        ),
        (
            "with an extension twice",
            "malformed",
            custom(
                &[2, 5, 29, 37],
                false,
                b"\x30\x0a\x06\x08\x2b\x06\x01\x05\x05\x07\x03\x01",
            ),
        ),
        ("RSA of 1024 bits", "key", file("rsa-1024")),
        ("signed with SHA-1", "algorithm", file("rsa-sha1")),
        ("signed with MD5", "algorithm", file("rsa-md5")),
        ("ECDSA with SHA-1", "algorithm", file("ecdsa-sha1")),
        ("of the curve secp256k1", "key", file("secp256k1")),
        ("of the curve P-224", "key", file("p224")),
        ("of a curve of its own making", "key", file("explicit-curve")),
        ("Ed448", "key", file("ed448")),
        ("DSA", "key", file("dsa")),
    ];
    all.push(("by another key of the same name", "signature", {
        let (ours, theirs) = (KeyPair::generate().unwrap(), KeyPair::generate().unwrap());
        let issuer = Issuer::new(params(), theirs);
        params().signed_by(&ours, &issuer).unwrap().der().clone()
    }));
    all
}

#[test]
fn more_than_thirty_kinds_of_bad_certificates_are_refused_on_both_sides() {
    let all = bad();
    assert!(all.len() >= 30, "{}", all.len());
    let (callers, server) = (
        Callers::new(None).unwrap(),
        PinnedServer::new(None, None).unwrap(),
    );
    let name = ServerName::try_from("localhost").unwrap();
    for (what, expected, certificate) in &all {
        let fault = check(certificate, Purpose::Server, now());
        assert_eq!(
            fault.as_ref().err().map(word),
            Some(*expected),
            "{what}: {fault:?}"
        );
        assert!(
            server
                .verify_server_cert(certificate, &[], &name, &[], now())
                .is_err(),
            "{what}"
        );
        assert_eq!(server.shown().key, None, "{what}: nothing is taken for pinned");
        assert!(server.shown().refusal.is_some(), "{what}");
        if *what != "for clients" {
            assert!(
                callers.verify_client_cert(certificate, &[], now()).is_err(),
                "{what}"
            );
        }
    }
    let for_servers = made(|params| params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth]);
    assert!(callers.verify_client_cert(&for_servers, &[], now()).is_err());
}

#[test]
fn whatever_the_bytes_there_is_an_answer() {
    let good = made(|_| {});
    let callers = Callers::new(None).unwrap();
    let mut number = 7_u64;
    let mut next = |bound: usize| {
        number = number
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        (number >> 33) as usize % bound
    };
    for _ in 0..5_000 {
        let mut bytes = good.to_vec();
        for _ in 0..=next(3) {
            let place = next(bytes.len());
            bytes[place] = next(256) as u8;
        }
        bytes.truncate(next(bytes.len() * 8).max(1));
        let bytes = CertificateDer::from(bytes);
        let is_taken = callers.verify_client_cert(&bytes, &[], now()).is_ok();
        // What is taken is what was signed: only the way in which it is wrapped may differ.
        assert!(!is_taken || certificate::key_of(&bytes) == certificate::key_of(&good));
    }
}

#[test]
fn a_clock_that_is_years_off_is_told_as_that() {
    let good = made(|_| {});
    let ten_years = 10 * 365 * 86_400;
    let early = check(&good, Purpose::Server, at(NOW - ten_years)).unwrap_err();
    let over = check(&good, Purpose::Server, at(NOW + ten_years)).unwrap_err();
    assert_eq!((word(&early), word(&over)), ("early", "over"));
    for fault in [early, over] {
        assert!(fault.to_string().contains("clock"), "{fault}");
    }
}

#[test]
fn only_the_pinned_key_is_believed_and_at_first_contact_one() {
    let (one, other) = (made(|_| {}), made(|_| {}));
    let name = ServerName::try_from("elsewhere.example").unwrap();
    let key = certificate::key_of(&one).unwrap();
    let pinned = PinnedServer::new(Some(key), None).unwrap();
    assert!(
        pinned.verify_server_cert(&one, &[], &name, &[], now()).is_ok(),
        "its name does not matter"
    );
    assert!(pinned.verify_server_cert(&other, &[], &name, &[], now()).is_err());
    assert!(pinned.shown().refusal.unwrap().contains("another key"));
    let first = PinnedServer::new(None, None).unwrap();
    assert!(first.verify_server_cert(&one, &[], &name, &[], now()).is_ok());
    assert!(first.verify_server_cert(&other, &[], &name, &[], now()).is_err());
    assert_eq!(first.shown().key, Some(key));
}

#[test]
fn what_an_authority_issued_is_taken_where_the_authority_was_named() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("ca.pem");
    let mut ca = params();
    ca.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    ca.key_usages = vec![KeyUsagePurpose::KeyCertSign];
    ca.distinguished_name.push(rcgen::DnType::CommonName, "authority");
    let ca_key = KeyPair::generate().unwrap();
    std::fs::write(&file, ca.self_signed(&ca_key).unwrap().pem()).unwrap();
    let issuer = Issuer::new(ca, ca_key);
    let issued = params()
        .signed_by(&KeyPair::generate().unwrap(), &issuer)
        .unwrap()
        .der()
        .clone();
    let name = ServerName::try_from("localhost").unwrap();
    let other_name = ServerName::try_from("elsewhere.example").unwrap();
    assert!(
        Callers::new(None)
            .unwrap()
            .verify_client_cert(&issued, &[], now())
            .is_err()
    );
    assert!(
        Callers::new(Some(&file))
            .unwrap()
            .verify_client_cert(&issued, &[], now())
            .is_ok()
    );
    assert!(
        Callers::new(Some(&file))
            .unwrap()
            .verify_client_cert(&made(|_| {}), &[], now())
            .is_ok()
    );
    let server = PinnedServer::new(None, Some(&file)).unwrap();
    assert!(
        server
            .verify_server_cert(&issued, &[], &other_name, &[], now())
            .is_err()
    );
    assert!(
        server
            .verify_server_cert(&made(|_| {}), &[], &name, &[], now())
            .is_err()
    );
    assert!(server.verify_server_cert(&issued, &[], &name, &[], now()).is_ok());
    std::fs::write(&file, "nothing").unwrap();
    assert!(Callers::new(Some(&file)).is_err());
}
