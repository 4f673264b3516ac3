//! Passwords: which are taken, and how they are kept (argon2id, PHC text).
//!
//! Hashing costs 19 MiB and some tens of milliseconds by design: the caller bounds how many run at once.

use std::collections::BTreeSet;

use argon2::password_hash::{PasswordHasher as _, PasswordVerifier as _};
use argon2::{Algorithm, Argon2, Params, Version};
use serde::{Deserialize, Serialize};
use unicode_normalization::UnicodeNormalization as _;
use zeroize::Zeroizing;

use crate::limits::{PASSWORD_BYTES_MAX, PASSWORD_CHARS_MIN};
use crate::name::Name;

/// OWASP Password Storage Cheat Sheet: argon2id with 19 MiB, two passes, one lane.
const MEMORY_KIB: u32 = 19 * 1024;
const PASSES: u32 = 2;
const LANES: u32 = 1;

/// Different characters that a password has at least.
const DIFFERENT_MIN: usize = 5;

/// What many passwords are made of. One of these with a number and a sign behind it is guessed early.
const COMMON: [&str; 14] = [
    "password",
    "passwort",
    "passw0rd",
    "letmein",
    "welcome",
    "administrator",
    "admin",
    "changeme",
    "qwerty",
    "qwertz",
    "iloveyou",
    "entente",
    "secret",
    "default",
];

/// Rows of keys and of the alphabet: a run along them is no secret.
const RUNS: [&str; 5] = [
    "01234567890123456789",
    "abcdefghijklmnopqrstuvwxyz",
    "qwertyuiopasdfghjklzxcvbnm",
    "qwertzuiopasdfghjklyxcvbnm",
    "1qaz2wsx3edc4rfv5tgb6yhn",
];

/// A password as it is kept: the PHC text of its argon2id hash.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Kept(String);

/// Why a password is not taken.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub enum Weak {
    /// Not enough characters.
    #[error(
        "a password has at least {PASSWORD_CHARS_MIN} characters, and this one has {0}; take several words"
    )]
    Short(usize),
    /// More than is hashed.
    #[error("a password has at most {PASSWORD_BYTES_MAX} bytes")]
    Long,
    /// A few characters again and again.
    #[error(
        "this password repeats a few characters; take several words that have nothing to do with each other"
    )]
    Repeats,
    /// A row of keys, the alphabet, numbers in order.
    #[error(
        "this password is a row of keys or numbers; take several words that have nothing to do with each other"
    )]
    Run,
    /// A word that everyone tries first, or the account's own name.
    #[error(
        "this password is little more than `{0}`; take several words that have nothing to do with each other"
    )]
    Common(String),
}

/// The system gave less memory than hashing takes.
#[derive(Debug, thiserror::Error)]
#[error("cannot hash a password: {0}; free memory and try again")]
pub struct Unhashed(argon2::password_hash::Error);

/// Whether `password` may be the password of the account `name`.
///
/// # Errors
/// Why not, with a way out.
pub fn require_strong(password: &str, name: &Name) -> Result<(), Weak> {
    let chars = password.chars().count();
    if chars < PASSWORD_CHARS_MIN {
        return Err(Weak::Short(chars));
    }
    if password.len() > PASSWORD_BYTES_MAX {
        return Err(Weak::Long);
    }
    let folded: String = password.nfkc().flat_map(char::to_lowercase).collect();
    if folded.chars().collect::<BTreeSet<_>>().len() < DIFFERENT_MIN || is_repeated(&folded) {
        return Err(Weak::Repeats);
    }
    if RUNS.iter().any(|run| is_run_of(&folded, run)) {
        return Err(Weak::Run);
    }
    let own = name.as_str();
    match COMMON
        .into_iter()
        .chain([own])
        .find(|word| is_little_more_than(&folded, word))
    {
        Some(word) => Err(Weak::Common(word.to_owned())),
        None => Ok(()),
    }
}

/// Whether the text is a short piece again and again (`abcabcabcabc`).
fn is_repeated(text: &str) -> bool {
    let characters: Vec<char> = text.chars().collect();
    (1..=characters.len() / 3).any(|period| {
        let shifted = characters.iter().skip(period);
        characters.iter().zip(shifted).all(|(left, right)| left == right)
    })
}

fn is_run_of(text: &str, run: &str) -> bool {
    let backwards: String = run.chars().rev().collect();
    [run.to_owned(), backwards]
        .iter()
        .any(|run| run.repeat(2).contains(text))
}

/// Whether nothing much is left of the text without `word`: fewer than five letters.
fn is_little_more_than(text: &str, word: &str) -> bool {
    text.contains(word)
        && text
            .replace(word, "")
            .chars()
            .filter(|character| character.is_alphabetic())
            .count()
            < 5
}

fn argon() -> Result<Argon2<'static>, Unhashed> {
    let params = Params::new(MEMORY_KIB, PASSES, LANES, None).map_err(|error| Unhashed(error.into()))?;
    Ok(Argon2::new(Algorithm::Argon2id, Version::V0x13, params))
}

/// The bytes that are hashed: one form for what different keyboards send as the same text (NIST SP 800-63B-4 §3.1.1.2).
fn normal(password: &str) -> Zeroizing<String> {
    Zeroizing::new(password.nfkc().collect())
}

/// A password as it is to be kept, under a salt that was never used before.
///
/// # Errors
/// Memory was short.
pub fn keep(password: &str, salt: &[u8; 16]) -> Result<Kept, Unhashed> {
    let hashed = argon()?.hash_password_with_salt(normal(password).as_bytes(), salt);
    hashed.map(|phc| Kept(phc.to_string())).map_err(Unhashed)
}

/// Whether `password` is the one that is kept; with `None` (no such account, no password) the same work, and never.
///
/// # Errors
/// Memory was short.
pub fn verify(password: &str, kept: Option<&Kept>) -> Result<bool, Unhashed> {
    if password.len() > PASSWORD_BYTES_MAX {
        return Ok(false);
    }
    let Some(kept) = kept else {
        keep(password, &[0; 16])?;
        return Ok(false);
    };
    match argon()?.verify_password(normal(password).as_bytes(), kept.0.as_str()) {
        Ok(()) => Ok(true),
        Err(argon2::password_hash::Error::OutOfMemory) => {
            Err(Unhashed(argon2::password_hash::Error::OutOfMemory))
        }
        Err(_) => Ok(false),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn judge(password: &str) -> Result<(), Weak> {
        require_strong(password, &"adalovelace".parse().unwrap())
    }

    #[test]
    fn weak_passwords_are_refused_with_the_reason() {
        use Weak::{Common, Repeats, Run, Short};
        let table = [
            ("", Short(0)),
            ("correct-hor", Short(11)),
            ("aaaaaaaaaaaa", Repeats),
            ("abcd1abcd1abcd1", Repeats),
            ("121212341234", Repeats),
            ("123456789012", Run),
            ("987654321098", Run),
            ("abcdefghijklm", Run),
            ("QwertyUiopAsdf", Run),
            ("1qaz2wsx3edc", Run),
            ("Password2026!", Common("password".into())),
            ("Welcome-12345", Common("welcome".into())),
            ("AdaLovelace42!", Common("adalovelace".into())),
        ];
        for (password, weak) in table {
            assert_eq!(judge(password), Err(weak), "{password}");
        }
        assert_eq!(judge(&"words ".repeat(400)), Err(Weak::Long));
        for password in [
            "correct horse battery",
            "пароль из четырёх слов",
            "ｆｕｌｌ width words",
            "tr0ub4dor&3xyz",
        ] {
            assert_eq!(judge(password), Ok(()), "{password}");
        }
    }

    #[test]
    fn a_kept_password_is_argon2id_with_the_recommended_cost_and_verifies() {
        let kept = keep("correct horse battery", &[7; 16]).unwrap();
        assert!(
            kept.0.starts_with("$argon2id$v=19$m=19456,t=2,p=1$"),
            "{}",
            kept.0
        );
        assert!(!kept.0.contains("correct"));
        assert!(verify("correct horse battery", Some(&kept)).unwrap());
        assert!(!verify("correct horse batterz", Some(&kept)).unwrap());
        assert!(!verify("", Some(&kept)).unwrap());
        assert!(!verify("correct horse battery", None).unwrap());
        assert!(!verify("correct horse battery", Some(&Kept("damaged".into()))).unwrap());
        assert_ne!(kept, keep("correct horse battery", &[8; 16]).unwrap());
    }

    #[test]
    fn composed_and_decomposed_letters_are_one_password() {
        let kept = keep("caf\u{e9} au lait please", &[1; 16]).unwrap();
        assert!(verify("cafe\u{301} au lait please", Some(&kept)).unwrap());
    }
}
