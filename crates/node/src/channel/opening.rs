//! What an entry of a log commits to: canonical JSON (RFC 8785), read strictly.

use std::fmt::Write as _;

use entente_stix::digest::Digest;
use entente_stix::json::{self, Map, Value, quote};
use entente_stix::time::Timestamp;

use crate::limits::{OPENING_BYTES_MAX, RECALLED_AT_ONCE_MAX};

/// What an entry says, opened.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Opening {
    /// An object is released.
    Release(Release),
    /// Earlier releases of an object are taken back.
    Recall(Recall),
    /// Nothing more will come.
    Close {
        /// Why.
        reason: String,
    },
}

/// The release of one form of an object.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Release {
    /// The agreement's id.
    pub agreement: String,
    /// The clause that allowed it.
    pub clause: String,
    /// SHA-256 of the canonical form of what was released.
    pub digest: [u8; 32],
    /// When it must be deleted.
    pub expires: Option<Timestamp>,
    /// Whether something was taken out.
    pub redacted: bool,
    /// The object's id.
    pub object: String,
    /// The digest of the agreement's version.
    pub terms: [u8; 32],
    /// `modified` of the object, where it has one.
    pub version: Option<Timestamp>,
}

/// Earlier releases are taken back.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Recall {
    /// The object's id.
    pub object: String,
    /// Why, in the words of who recalls.
    pub reason: String,
    /// Numbers of the entries that released it.
    pub releases: Vec<u64>,
}

/// Why a text is no opening.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("not the opening of an entry: {0}")]
pub struct NotAnOpening(String);

impl Opening {
    /// Its text: canonical JSON.
    pub fn text(&self) -> String {
        match self {
            Opening::Release(release) => release.text(),
            Opening::Recall(recall) => recall.text(),
            Opening::Close { reason } => {
                let mut text = String::from("{\"entry\":\"close\"");
                member(&mut text, "reason", reason);
                text.push('}');
                text
            }
        }
    }

    /// Reads an opening. What is not exactly the text that [`Opening::text`] gives is none.
    ///
    /// # Errors
    /// [`NotAnOpening`], with the reason.
    pub fn read(text: &[u8]) -> Result<Opening, NotAnOpening> {
        if text.len() > OPENING_BYTES_MAX {
            return Err(not(format!(
                "it has {} bytes, the limit is {OPENING_BYTES_MAX}",
                text.len()
            )));
        }
        let opening = Opening::kept(text)?;
        // One text for one meaning: no other spelling, no unknown member.
        if opening.text().as_bytes() != text {
            return Err(not("it is not in canonical form, or says more than is known"));
        }
        Ok(opening)
    }

    /// Reads an opening of a log that is kept here: it was written in canonical form, or was found to be when it was
    /// taken in.
    ///
    /// # Errors
    /// [`NotAnOpening`], with the reason.
    pub(crate) fn kept(text: &[u8]) -> Result<Opening, NotAnOpening> {
        let value = json::read(text).map_err(not)?;
        let members = value.as_object().ok_or_else(|| not("not a JSON object"))?;
        Ok(match string(members, "entry")? {
            "release" => Opening::Release(Release::of(members)?),
            "recall" => Opening::Recall(Recall::of(members)?),
            "close" => Opening::Close {
                reason: string(members, "reason")?.to_owned(),
            },
            other => return Err(not(format!("`{other}` is no kind of entry"))),
        })
    }

    /// The object's id; empty for a close.
    pub fn subject(&self) -> &str {
        match self {
            Opening::Release(release) => &release.object,
            Opening::Recall(recall) => &recall.object,
            Opening::Close { .. } => "",
        }
    }
}

impl Release {
    fn text(&self) -> String {
        let mut text = String::with_capacity(420);
        text.push_str("{\"agreement\":");
        quote(&self.agreement, &mut text);
        member(&mut text, "clause", &self.clause);
        hex_member(&mut text, "digest", &self.digest);
        text.push_str(",\"entry\":\"release\"");
        if let Some(expires) = self.expires {
            let _ = write!(text, ",\"expires\":\"{expires}\"");
        }
        let form = if self.redacted { "redacted" } else { "whole" };
        let _ = write!(text, ",\"form\":\"{form}\"");
        member(&mut text, "object", &self.object);
        hex_member(&mut text, "terms", &self.terms);
        if let Some(version) = self.version {
            let _ = write!(text, ",\"version\":\"{version}\"");
        }
        text.push('}');
        text
    }

    fn of(members: &Map<'_>) -> Result<Release, NotAnOpening> {
        Ok(Release {
            agreement: string(members, "agreement")?.to_owned(),
            clause: string(members, "clause")?.to_owned(),
            digest: hex(members, "digest")?,
            expires: time(members, "expires")?,
            redacted: match string(members, "form")? {
                "whole" => false,
                "redacted" => true,
                other => return Err(not(format!("`{other}` is no form"))),
            },
            object: string(members, "object")?.to_owned(),
            terms: hex(members, "terms")?,
            version: time(members, "version")?,
        })
    }
}

impl Recall {
    fn text(&self) -> String {
        let mut text = String::from("{\"entry\":\"recall\"");
        member(&mut text, "object", &self.object);
        member(&mut text, "reason", &self.reason);
        let releases: Vec<String> = self.releases.iter().map(u64::to_string).collect();
        let _ = write!(text, ",\"releases\":[{}]}}", releases.join(","));
        text
    }

    fn of(members: &Map<'_>) -> Result<Recall, NotAnOpening> {
        let releases = members
            .get("releases")
            .and_then(Value::as_array)
            .filter(|releases| releases.len() <= RECALLED_AT_ONCE_MAX)
            .ok_or_else(|| not("no `releases` that is a list within bounds"))?;
        let number = |value: &Value<'_>| value.as_i64().and_then(|number| u64::try_from(number).ok());
        let releases: Option<Vec<u64>> = releases.iter().map(number).collect();
        Ok(Recall {
            object: string(members, "object")?.to_owned(),
            reason: string(members, "reason")?.to_owned(),
            releases: releases.ok_or_else(|| not("`releases` holds something that is no number"))?,
        })
    }
}

fn not(cause: impl ToString) -> NotAnOpening {
    NotAnOpening(cause.to_string())
}

fn member(text: &mut String, key: &str, value: &str) {
    text.push_str(",\"");
    text.push_str(key);
    text.push_str("\":");
    quote(value, text);
}

fn hex_member(text: &mut String, key: &str, value: &[u8; 32]) {
    let _ = write!(text, ",\"{key}\":\"{}\"", Digest::from_bytes(*value));
}

fn string<'m>(members: &'m Map<'_>, key: &str) -> Result<&'m str, NotAnOpening> {
    let value = members.get(key).and_then(Value::as_str);
    value.ok_or_else(|| not(format!("no `{key}` that is a string")))
}

fn time(members: &Map<'_>, key: &str) -> Result<Option<Timestamp>, NotAnOpening> {
    if members.get(key).is_none() {
        return Ok(None);
    }
    let time = Timestamp::parse(string(members, key)?);
    time.map(Some).map_err(|why| not(format!("`{key}` is {why}")))
}

fn hex(members: &Map<'_>, key: &str) -> Result<[u8; 32], NotAnOpening> {
    let text = string(members, key)?;
    from_hex(text).ok_or_else(|| not(format!("`{key}` is not 64 hexadecimal digits")))
}

/// 32 bytes from 64 lower-case hexadecimal digits.
pub(crate) fn from_hex(text: &str) -> Option<[u8; 32]> {
    let digits = text.as_bytes();
    if digits.len() != 64 {
        return None;
    }
    let (mut bytes, mut is_hex) = ([0; 32], true);
    for (byte, pair) in bytes.iter_mut().zip(digits.chunks_exact(2)) {
        let [high, low] = pair else { return None };
        let (high, low) = (nibble(*high), nibble(*low));
        is_hex &= high < 16 && low < 16;
        *byte = high << 4 | low & 15;
    }
    is_hex.then_some(bytes)
}

/// The value of a digit; 16 and more where it is none. Without a branch, which could not be foretold.
fn nibble(digit: u8) -> u8 {
    let (number, letter) = (digit.wrapping_sub(b'0'), digit.wrapping_sub(b'a'));
    let letter = if letter < 6 { letter + 10 } else { u8::MAX };
    if number < 10 { number } else { letter }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn release() -> Release {
        Release {
            agreement: "north-sea".to_owned(),
            clause: "indicators".to_owned(),
            digest: [0xab; 32],
            expires: Timestamp::parse("2026-03-01T00:00:00Z").ok(),
            redacted: true,
            object: "indicator--d7f3e25a-ba1c-447a-ab71-6434b092b05e".to_owned(),
            terms: [1; 32],
            version: Timestamp::parse("2025-12-01T00:00:00.000001Z").ok(),
        }
    }

    fn check(opening: &Opening, text: &str) {
        assert_eq!(opening.text(), text);
        assert_eq!(Opening::read(text.as_bytes()).as_ref(), Ok(opening));
        let value = json::read(text.as_bytes()).unwrap();
        assert_eq!(value.canonical(), text, "canonical");
    }

    #[test]
    fn openings_are_canonical_and_read_back() {
        let (digest, terms) = ("ab".repeat(32), "01".repeat(32));
        check(
            &Opening::Release(release()),
            &format!(
                r#"{{"agreement":"north-sea","clause":"indicators","digest":"{digest}","entry":"release","expires":"2026-03-01T00:00:00.000Z","form":"redacted","object":"indicator--d7f3e25a-ba1c-447a-ab71-6434b092b05e","terms":"{terms}","version":"2025-12-01T00:00:00.000001Z"}}"#
            ),
        );
        let recall = Recall {
            object: "x--1".to_owned(),
            reason: "a \"mistake\"\n".to_owned(),
            releases: vec![3, 17],
        };
        check(
            &Opening::Recall(recall),
            r#"{"entry":"recall","object":"x--1","reason":"a \"mistake\"\n","releases":[3,17]}"#,
        );
        let reason = "amended".to_owned();
        check(
            &Opening::Close { reason },
            r#"{"entry":"close","reason":"amended"}"#,
        );
    }

    #[test]
    fn other_spellings_are_refused() {
        let good = Opening::Release(release()).text();
        for bad in [
            good.replace(",\"entry\"", ", \"entry\""),
            good.replace("\"entry\":\"release\"", "\"entry\":\"release\",\"extra\":1"),
            good.replace(".000Z", "Z"),
            good.replace("abab", "ABAB"),
            good.replace("redacted", "half"),
            good.replace("release", "gift"),
            good.replace("\"north-sea\"", "1"),
            String::new(),
            "[]".to_owned(),
            r#"{"entry":"recall","object":"x","reason":"","releases":[-1]}"#.to_owned(),
            r#"{"entry":"recall","object":"x","reason":"","releases":[1.0]}"#.to_owned(),
        ] {
            assert!(Opening::read(bad.as_bytes()).is_err(), "{bad}");
        }
    }
}
