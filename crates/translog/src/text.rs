//! What the texts of C2SP share: decimals, base64 and lines, each with exactly one way to write it.

use base64::prelude::{BASE64_STANDARD, Engine as _};

use crate::hash::Hash;
use crate::limits;

/// A decimal below 2^63 without leading zeroes.
pub(crate) fn decimal(text: &str) -> Option<u64> {
    let canonical = text.bytes().all(|byte| byte.is_ascii_digit()) && (text == "0" || !text.starts_with('0'));
    let number = text.parse().ok()?;
    (canonical && number <= limits::TREE_SIZE_MAX).then_some(number)
}

/// Base64 with padding and without stray bits (RFC 4648 §4).
pub(crate) fn base64(text: &str) -> Option<Vec<u8>> {
    BASE64_STANDARD.decode(text).ok()
}

/// One hash in base64.
pub(crate) fn hash(text: &str) -> Option<Hash> {
    base64(text)?.try_into().ok()
}

/// As [`base64`] reads it.
pub(crate) fn to_base64(bytes: &[u8]) -> String {
    BASE64_STANDARD.encode(bytes)
}

/// The first line without its newline, and what comes behind it. `None` where no newline is.
pub(crate) fn line(text: &str) -> Option<(&str, &str)> {
    text.split_once('\n')
}

/// Hash lines up to an empty line, at most [`limits::PROOF_HASHES_MAX`]; and what comes behind it.
pub(crate) fn hashes(mut text: &str) -> Result<(Vec<Hash>, &str), &'static str> {
    let mut hashes = Vec::new();
    loop {
        let (line, rest) = line(text).ok_or("it ends within the hashes")?;
        text = rest;
        if line.is_empty() {
            return Ok((hashes, text));
        }
        if hashes.len() == limits::PROOF_HASHES_MAX {
            return Err("it has more hashes than any proof");
        }
        hashes.push(hash(line).ok_or("a line is not a hash in base64")?);
    }
}

/// Hashes as lines of base64, as [`hashes`] reads them, without the empty line.
pub(crate) fn to_lines(hashes: &[Hash]) -> String {
    hashes.iter().map(|hash| to_base64(hash) + "\n").collect()
}
