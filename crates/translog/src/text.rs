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
