//! The second factor: time-based codes (RFC 6238) of an authenticator application. SHA-1, six digits, thirty seconds,
//! which is what all of them know.

use serde::{Deserialize, Serialize};
use totp_rs::{Builder, Totp};

use crate::Seconds;
use crate::name::Name;

/// Seconds that one code stands for.
const STEP: Seconds = 30;

/// How many steps a clock may be off, either way.
const DRIFT_STEPS: u64 = 1;

/// Bytes of the shared secret (RFC 4226 §4 R6 recommends 160 bits).
pub const SECRET_BYTES: usize = 20;

/// A second factor of an account. It counts once a first code confirmed it.
#[derive(Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Second {
    /// The shared secret: whoever reads the book can make codes, as always with this method.
    #[serde(with = "base32")]
    secret: Vec<u8>,
    /// Whether a first code was given.
    confirmed: bool,
    /// The step of the code that was taken last: none works twice.
    last_step: Option<u64>,
}

impl std::fmt::Debug for Second {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Second")
            .field("confirmed", &self.confirmed)
            .finish_non_exhaustive()
    }
}

/// What is shown once for an application to know the second factor.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Enrolment {
    /// The secret in base 32, to be typed.
    pub secret: String,
    /// The same as `otpauth://totp/…`, to be shown as a picture.
    pub url: String,
}

impl Second {
    /// A second factor that waits for its first code.
    #[must_use]
    pub fn new(random: &[u8; SECRET_BYTES]) -> Second {
        Second {
            secret: random.to_vec(),
            confirmed: false,
            last_step: None,
        }
    }

    /// Whether a first code was given; before that it is not asked for.
    #[must_use]
    pub fn is_confirmed(&self) -> bool {
        self.confirmed
    }

    /// What is shown for the account `name` of the node `issuer`.
    #[must_use]
    pub fn enrolment(&self, issuer: &str, name: &Name) -> Option<Enrolment> {
        // The label of an otpauth URL is split at a colon.
        let issuer = issuer.replace(':', " ");
        let totp = self
            .builder()
            .with_issuer(Some(issuer))
            .with_account_name(name.as_str());
        let totp = totp.build().ok()?;
        Some(Enrolment {
            secret: totp.secret().to_base32(),
            url: totp.to_url().ok()?,
        })
    }

    /// Takes a code at `at`: the first one confirms, and none is taken twice.
    #[must_use]
    pub fn take(&mut self, code: &str, at: Seconds) -> bool {
        let Some(step) = self.step_of(code, at) else {
            return false;
        };
        // A last step far ahead is of a clock that was wrong then: it must not lock its owner out for years.
        let last = self.last_step.filter(|last| *last <= at / STEP + DRIFT_STEPS);
        if last.is_some_and(|last| step <= last) {
            return false;
        }
        self.last_step = Some(step);
        self.confirmed = true;
        true
    }

    /// The step of which `code` is, within the drift allowed at `at`.
    fn step_of(&self, code: &str, at: Seconds) -> Option<u64> {
        if code.len() != 6 || !code.bytes().all(|byte| byte.is_ascii_digit()) {
            return None;
        }
        self.totp()?.check(code, at)
    }

    fn totp(&self) -> Option<Totp> {
        self.builder().build().ok()
    }

    fn builder(&self) -> Builder {
        Builder::new()
            .with_secret(self.secret.clone())
            .with_step_duration(STEP)
            .with_skew(DRIFT_STEPS as u16)
    }
}

/// The secret as it stands in the book, and as people type it.
mod base32 {
    use serde::{Deserialize as _, Deserializer, Serializer, de};
    use totp_rs::Secret;

    pub(super) fn serialize<S: Serializer>(secret: &[u8], out: S) -> Result<S::Ok, S::Error> {
        out.serialize_str(&Secret::new(secret.into()).to_base32())
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(from: D) -> Result<Vec<u8>, D::Error> {
        let text = String::deserialize(from)?;
        let secret = Secret::try_from_base32(text).map_err(|_| de::Error::custom("a secret is base 32"))?;
        Ok(secret.as_bytes().to_vec())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// RFC 6238 appendix B, SHA-1 (the last six of its eight digits).
    const VECTORS: [(Seconds, &str); 6] = [
        (59, "287082"),
        (1_111_111_109, "081804"),
        (1_111_111_111, "050471"),
        (1_234_567_890, "005924"),
        (2_000_000_000, "279037"),
        (20_000_000_000, "353130"),
    ];

    fn second() -> Second {
        Second::new(b"12345678901234567890")
    }

    #[test]
    fn codes_are_those_of_rfc_6238() {
        for (at, code) in VECTORS {
            assert!(second().take(code, at), "{at}");
            assert!(!second().take(code, at + 90), "{at}");
        }
    }

    #[test]
    fn one_step_of_drift_is_allowed_either_way_and_no_more() {
        let (at, code) = VECTORS[2];
        for (moved, taken) in [(-60, false), (-30, true), (0, true), (30, true), (60, false)] {
            assert_eq!(
                second().take(code, at.checked_add_signed(moved).unwrap()),
                taken,
                "{moved}"
            );
        }
    }

    #[test]
    fn a_code_works_once_and_an_older_one_not_after_it() {
        let mut second = second();
        assert!(!second.is_confirmed());
        // 081804 belongs to the step before that of 050471.
        assert!(second.take("050471", 1_111_111_111));
        assert!(second.is_confirmed());
        assert!(!second.take("050471", 1_111_111_112));
        assert!(!second.take("081804", 1_111_111_112));
    }

    #[test]
    fn a_clock_that_was_years_ahead_locks_nobody_out() {
        let mut second = second();
        assert!(second.take("353130", 20_000_000_000));
        assert!(second.take("005924", 1_234_567_890));
        assert!(!second.take("005924", 1_234_567_890));
    }

    #[test]
    fn what_is_no_code_is_not_taken() {
        for code in [
            "",
            "28708",
            "2870820",
            "28708a",
            "２８７０８２",
            "-87082",
            " 287082",
            "287 82",
        ] {
            assert!(!second().take(code, 59), "{code}");
        }
        assert!(!second().take("287082", u64::MAX - 60));
    }

    #[test]
    fn enrolment_is_an_otpauth_url_that_applications_know() {
        let enrolment = second()
            .enrolment("CERT: North", &"ada".parse().unwrap())
            .unwrap();
        assert_eq!(enrolment.secret, "GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ");
        assert_eq!(
            enrolment.url,
            "otpauth://totp/CERT%20%20North:ada?secret=GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ&issuer=CERT%20%20North"
        );
    }
}
