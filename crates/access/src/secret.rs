//! Random secrets: tokens, sessions, the link for the first administrator. Shown once, kept as digests.

use std::fmt;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};
use subtle::ConstantTimeEq as _;
use zeroize::Zeroizing;

use crate::Seconds;
use crate::limits::FIRST_LINK_FOR;

/// How a token begins, so that people and scanners of leaked secrets know one.
pub const TOKEN_PREFIX: &str = "ent_";

/// How the number of a token begins, under which it is listed and revoked.
pub const TOKEN_ID_PREFIX: &str = "tok-";

/// Bytes of the digest that make a token's number: no two tokens of a node share one by chance.
const TOKEN_ID_BYTES: usize = 8;

/// 256 random bits as text; wiped from memory when dropped, never shown by `{:?}`.
pub struct Secret(Zeroizing<String>);

/// SHA-256 over a secret's text. Compared in constant time.
#[derive(Clone, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Digest([u8; 32]);

/// What was read is no digest.
#[derive(Debug, thiserror::Error)]
#[error("a digest is 43 characters of base64url")]
pub struct BadDigest;

impl Secret {
    /// A token: `ent_` and 43 characters of base64url.
    #[must_use]
    pub fn token(random: &[u8; 32]) -> Secret {
        let bare = Secret::bare(random);
        Secret(Zeroizing::new(format!("{TOKEN_PREFIX}{}", bare.expose())))
    }

    /// A secret for cookies and links: 43 characters of base64url.
    #[must_use]
    pub fn bare(random: &[u8; 32]) -> Secret {
        Secret(Zeroizing::new(URL_SAFE_NO_PAD.encode(random)))
    }

    /// The text, to be shown or sent once.
    #[must_use]
    pub fn expose(&self) -> &str {
        &self.0
    }

    /// What is kept of it.
    #[must_use]
    pub fn digest(&self) -> Digest {
        Digest::of(&self.0)
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret(…)")
    }
}

/// Whether a text has the form of a token. What has it is never tried as a password.
#[must_use]
pub fn is_token(text: &str) -> bool {
    text.strip_prefix(TOKEN_PREFIX).is_some_and(|rest| {
        rest.len() == 43
            && rest
                .bytes()
                .all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_'))
    })
}

impl Digest {
    /// The digest of a secret's text, whatever somebody sent as one.
    #[must_use]
    pub fn of(text: &str) -> Digest {
        Digest(Sha256::digest(text.as_bytes()).into())
    }

    /// Whether both are of the same secret; takes as long for a near miss as for a far one.
    #[must_use]
    pub fn is(&self, other: &Digest) -> bool {
        self.0.ct_eq(&other.0).into()
    }

    /// The number under which a token with this digest is listed. It is no secret and leads to none.
    #[must_use]
    pub fn token_id(&self) -> String {
        let hex = self
            .0
            .iter()
            .take(TOKEN_ID_BYTES)
            .map(|byte| format!("{byte:02x}"));
        format!("{TOKEN_ID_PREFIX}{}", hex.collect::<String>())
    }

    pub(crate) fn bytes(&self) -> [u8; 32] {
        self.0
    }
}

impl fmt::Debug for Digest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.token_id())
    }
}

impl TryFrom<String> for Digest {
    type Error = BadDigest;

    fn try_from(text: String) -> Result<Digest, BadDigest> {
        let bytes = URL_SAFE_NO_PAD.decode(text).map_err(|_| BadDigest)?;
        bytes.try_into().map(Digest).map_err(|_| BadDigest)
    }
}

impl From<Digest> for String {
    fn from(digest: Digest) -> String {
        URL_SAFE_NO_PAD.encode(digest.0)
    }
}

/// The link by which the first administrator is made: good once, for a day. Lives in memory only.
#[derive(Debug)]
pub struct FirstLink {
    digest: Digest,
    expires_at: Seconds,
}

impl FirstLink {
    /// The link with `secret` in it, made at `at`.
    #[must_use]
    pub fn new(secret: &Secret, at: Seconds) -> FirstLink {
        FirstLink {
            digest: secret.digest(),
            expires_at: at.saturating_add(FIRST_LINK_FOR),
        }
    }

    /// Whether `secret` opens it at `at`.
    #[must_use]
    pub fn opens(&self, secret: &str, at: Seconds) -> bool {
        at < self.expires_at && self.digest.is(&Digest::of(secret))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_is_256_bits_with_a_prefix_and_does_not_show_itself() {
        let token = Secret::token(&[0xff; 32]);
        assert_eq!(token.expose(), "ent___________________________________________8");
        assert!(is_token(token.expose()));
        assert_eq!(format!("{token:?}"), "Secret(…)");
        for other in [
            "ent_",
            "ent_short",
            "Ent___________________________________________8",
            "ent_________________________________________ 8",
        ] {
            assert!(!is_token(other), "{other}");
        }
    }

    #[test]
    fn a_digest_is_of_its_secret_only_and_is_read_back() {
        let (one, two) = (Secret::token(&[1; 32]).digest(), Secret::token(&[2; 32]).digest());
        assert!(one.is(&Digest::of(Secret::token(&[1; 32]).expose())));
        assert!(!one.is(&two));
        assert!(Digest::try_from(String::from(one.clone())).unwrap().is(&one));
        assert!(Digest::try_from("AAAA".to_owned()).is_err());
        assert!(one.token_id().starts_with("tok-") && one.token_id().len() == 20);
    }

    #[test]
    fn the_first_link_ends_after_a_day_and_opens_for_its_secret_only() {
        let secret = Secret::bare(&[3; 32]);
        let link = FirstLink::new(&secret, 100);
        assert!(link.opens(secret.expose(), 100));
        assert!(link.opens(secret.expose(), 100 + FIRST_LINK_FOR - 1));
        assert!(!link.opens(secret.expose(), 100 + FIRST_LINK_FOR));
        assert!(!link.opens(Secret::bare(&[4; 32]).expose(), 100));
        assert!(!link.opens("", 100));
    }
}
