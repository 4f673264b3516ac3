//! One certificate, looked at by itself: whether its key may stand for somebody here and now.
//!
//! For keys that are pinned a certificate is a wrapper; what it says about time, purpose and strength still counts, and one
//! that names itself as its issuer must be signed by its own key.

use entente_exchange::hello::TlsKey;
use rustls::CertificateError;
use rustls::pki_types::{CertificateDer, UnixTime};
use sha2::{Digest as _, Sha256};
use x509_parser::certificate::X509Certificate;
use x509_parser::extensions::ParsedExtension;
use x509_parser::oid_registry::{
    OID_EC_P256, OID_KEY_TYPE_EC_PUBLIC_KEY, OID_NIST_EC_P384, OID_NIST_EC_P521, OID_PKCS1_RSAENCRYPTION,
    OID_PKCS1_RSASSAPSS, OID_PKCS1_SHA256WITHRSA, OID_PKCS1_SHA384WITHRSA, OID_PKCS1_SHA512WITHRSA,
    OID_SIG_ECDSA_WITH_SHA256, OID_SIG_ECDSA_WITH_SHA384, OID_SIG_ED25519, Oid,
};
use x509_parser::public_key::PublicKey;
use x509_parser::x509::{SubjectPublicKeyInfo, X509Version};

/// Bytes of one certificate.
const CERTIFICATE_BYTES_MAX: usize = 16 << 10;

/// Bits of an RSA key.
const RSA_BITS: std::ops::RangeInclusive<usize> = 2048..=8192;

/// Bytes of a serial number (RFC 5280 §4.1.2.2).
const SERIAL_BYTES_MAX: usize = 20;

/// What the key is to prove.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Purpose {
    /// That this is the server.
    Server,
    /// Who connects to one.
    Client,
}

/// A certificate without fault.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Sound {
    /// Its key.
    pub(crate) key: TlsKey,
    /// Whether its own key signed it; otherwise somebody else did, and that is not verified here.
    pub(crate) is_self_signed: bool,
}

/// What is wrong with a certificate.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(crate) enum Fault {
    #[error("the certificate is malformed: {0}")]
    Malformed(&'static str),
    #[error(
        "the certificate counts from {from} on (seconds since 1970), and it is {now} here; is one of the clocks wrong?"
    )]
    Early { from: i64, now: i64 },
    #[error(
        "the certificate ran out at {until} (seconds since 1970), and it is {now} here; is one of the clocks wrong? A node \
         makes itself a new one when it starts"
    )]
    Over { until: i64, now: i64 },
    #[error("the certificate's key is too weak or of a kind that is not taken: {0}")]
    Key(&'static str),
    #[error(
        "the certificate is signed in a way that is not taken; SHA-256 or better with RSA, ECDSA or Ed25519 is"
    )]
    Algorithm,
    #[error("the certificate is not for this purpose: {0}")]
    Purpose(&'static str),
    #[error("the certificate has a critical extension that is not known here")]
    Critical,
    #[error("the certificate names itself as its issuer, and is not signed by its own key")]
    Signature,
}

impl From<Fault> for rustls::Error {
    fn from(fault: Fault) -> rustls::Error {
        rustls::Error::InvalidCertificate(match fault {
            Fault::Malformed(_) => CertificateError::BadEncoding,
            Fault::Early { .. } => CertificateError::NotValidYet,
            Fault::Over { .. } => CertificateError::Expired,
            Fault::Key(_) | Fault::Algorithm => CertificateError::ApplicationVerificationFailure,
            Fault::Purpose(_) => CertificateError::InvalidPurpose,
            Fault::Critical => CertificateError::UnhandledCriticalExtension,
            Fault::Signature => CertificateError::BadSignature,
        })
    }
}

/// The SHA-256 of a certificate's SubjectPublicKeyInfo; nothing else of it is looked at.
pub(crate) fn key_of(certificate: &CertificateDer<'_>) -> Option<TlsKey> {
    let (_, certificate) = x509_parser::parse_x509_certificate(certificate).ok()?;
    Some(key(&certificate))
}

fn key(certificate: &X509Certificate<'_>) -> TlsKey {
    TlsKey(Sha256::digest(certificate.public_key().raw).into())
}

/// Looks a certificate over.
pub(crate) fn check(
    certificate: &CertificateDer<'_>,
    purpose: Purpose,
    now: UnixTime,
) -> Result<Sound, Fault> {
    if certificate.len() > CERTIFICATE_BYTES_MAX {
        return Err(Fault::Malformed("it is too long"));
    }
    let parsed = x509_parser::parse_x509_certificate(certificate);
    let (rest, certificate) = parsed.map_err(|_| Fault::Malformed("it is not X.509 in DER"))?;
    if !rest.is_empty() {
        return Err(Fault::Malformed("bytes follow it"));
    }
    require_form(&certificate)?;
    require_time(&certificate, now)?;
    require_extensions(&certificate, purpose)?;
    require_key(certificate.public_key())?;
    require_algorithm(&certificate)?;
    let is_self_signed = certificate.issuer().as_raw() == certificate.subject().as_raw();
    if is_self_signed && certificate.verify_signature(None).is_err() {
        return Err(Fault::Signature);
    }
    Ok(Sound {
        key: key(&certificate),
        is_self_signed,
    })
}

fn require_form(certificate: &X509Certificate<'_>) -> Result<(), Fault> {
    if certificate.version() != X509Version::V3 {
        return Err(Fault::Malformed("it is not of version 3"));
    }
    let serial = certificate.raw_serial();
    let is_positive = serial.first().is_some_and(|first| first & 0x80 == 0);
    if !is_positive || serial.len() > SERIAL_BYTES_MAX {
        return Err(Fault::Malformed("its serial number is negative or too long"));
    }
    if certificate.signature_algorithm != certificate.tbs_certificate.signature {
        return Err(Fault::Malformed("it names two ways of signing"));
    }
    Ok(())
}

fn require_time(certificate: &X509Certificate<'_>, now: UnixTime) -> Result<(), Fault> {
    let validity = certificate.validity();
    let (from, until) = (validity.not_before.timestamp(), validity.not_after.timestamp());
    let now = i64::try_from(now.as_secs()).unwrap_or(i64::MAX);
    if from > until {
        return Err(Fault::Malformed("it ends before it begins"));
    }
    if now < from {
        return Err(Fault::Early { from, now });
    }
    match now > until {
        true => Err(Fault::Over { until, now }),
        false => Ok(()),
    }
}

fn require_extensions(certificate: &X509Certificate<'_>, purpose: Purpose) -> Result<(), Fault> {
    certificate
        .extensions_map()
        .map_err(|_| Fault::Malformed("an extension stands in it twice"))?;
    for extension in certificate.extensions() {
        match extension.parsed_extension() {
            ParsedExtension::ParseError { .. } => {
                return Err(Fault::Malformed("an extension cannot be read"));
            }
            ParsedExtension::KeyUsage(usage) if !usage.digital_signature() => {
                return Err(Fault::Purpose("its key is not for signing"));
            }
            ParsedExtension::ExtendedKeyUsage(usage) => {
                let is_so = match purpose {
                    Purpose::Server => usage.server_auth,
                    Purpose::Client => usage.client_auth,
                };
                if !is_so && !usage.any {
                    return Err(Fault::Purpose("its key is not for this side of TLS"));
                }
            }
            ParsedExtension::BasicConstraints(constraints) if constraints.ca => {
                return Err(Fault::Purpose("it is an authority's"));
            }
            ParsedExtension::KeyUsage(_)
            | ParsedExtension::BasicConstraints(_)
            | ParsedExtension::SubjectAlternativeName(_)
            | ParsedExtension::CertificatePolicies(_) => {}
            _ if extension.critical => return Err(Fault::Critical),
            _ => {}
        }
    }
    Ok(())
}

/// The algorithm of a key and, where it has one, its curve.
fn require_key(info: &SubjectPublicKeyInfo<'_>) -> Result<(), Fault> {
    let parsed = info
        .parsed()
        .map_err(|_| Fault::Malformed("its key cannot be read"))?;
    let bytes = info.subject_public_key.data.as_ref();
    let algorithm = &info.algorithm.algorithm;
    if *algorithm == OID_SIG_ED25519 && bytes.len() == 32 {
        return Ok(());
    }
    if *algorithm == OID_PKCS1_RSAENCRYPTION {
        let PublicKey::RSA(key) = parsed else {
            return Err(Fault::Malformed("its key cannot be read"));
        };
        let is_odd = key.exponent.last().is_some_and(|last| last & 1 == 1) && key.exponent != [1];
        return match RSA_BITS.contains(&significant_bits(key.modulus)) && is_odd {
            true => Ok(()),
            false => Err(Fault::Key("RSA needs 2048 to 8192 bits")),
        };
    }
    if *algorithm != OID_KEY_TYPE_EC_PUBLIC_KEY {
        return Err(Fault::Key("RSA, ECDSA and Ed25519 are taken"));
    }
    let curve = info
        .algorithm
        .parameters
        .as_ref()
        .and_then(|curve| curve.as_oid().ok());
    let curves: [(Oid<'_>, usize); 3] = [(OID_EC_P256, 65), (OID_NIST_EC_P384, 97), (OID_NIST_EC_P521, 133)];
    let is_known = curves.iter().any(|(known, length)| {
        Some(known) == curve.as_ref() && bytes.len() == *length && bytes.first() == Some(&4)
    });
    match is_known {
        true => Ok(()),
        false => Err(Fault::Key("of elliptic curves P-256, P-384 and P-521 are taken")),
    }
}

fn significant_bits(number: &[u8]) -> usize {
    let zeros = number.iter().take_while(|byte| **byte == 0).count();
    let first = number.get(zeros).map_or(0, |byte| byte.leading_zeros() as usize);
    (8 * (number.len() - zeros)).saturating_sub(first)
}

fn require_algorithm(certificate: &X509Certificate<'_>) -> Result<(), Fault> {
    let taken = [
        OID_PKCS1_SHA256WITHRSA,
        OID_PKCS1_SHA384WITHRSA,
        OID_PKCS1_SHA512WITHRSA,
        OID_PKCS1_RSASSAPSS,
        OID_SIG_ECDSA_WITH_SHA256,
        OID_SIG_ECDSA_WITH_SHA384,
        OID_SIG_ED25519,
    ];
    match taken.contains(&certificate.signature_algorithm.algorithm) {
        true => Ok(()),
        false => Err(Fault::Algorithm),
    }
}
