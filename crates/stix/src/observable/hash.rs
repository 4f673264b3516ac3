//! Hexadecimal values: hashes, fingerprints, hardware addresses, serial numbers.

use std::borrow::Cow;

use super::{Kind, NotA, folded};

/// Hexadecimal digits of a hash of this kind; `None` for what is no hash.
pub(super) fn digits(kind: Kind) -> Option<usize> {
    match kind {
        Kind::Md5 | Kind::Ja3 | Kind::Imphash => Some(32),
        Kind::Sha1 => Some(40),
        Kind::Sha256 | Kind::Sha3_256 => Some(64),
        Kind::Sha512 | Kind::Sha3_512 => Some(128),
        _ => None,
    }
}

/// The hash that has as many digits as `text`, if it is hexadecimal.
pub(super) fn by_length(text: &str) -> Option<Kind> {
    let kind = match text.len() {
        32 => Kind::Md5,
        40 => Kind::Sha1,
        64 => Kind::Sha256,
        128 => Kind::Sha512,
        _ => return None,
    };
    is_hex(text).then_some(kind)
}

/// A hash: its digits in lower case, without the colons and spaces of fingerprints.
pub(super) fn of_kind(kind: Kind, raw: &str) -> Result<Cow<'_, str>, NotA> {
    let wanted = digits(kind).ok_or(NotA("no hash"))?;
    let bare = if raw.len() == wanted {
        Cow::Borrowed(raw)
    } else {
        Cow::Owned(without(raw, &[':', ' ', '-']))
    };
    if !is_hex(&bare) {
        return Err(NotA("other characters than hexadecimal digits"));
    }
    if bare.len() != wanted {
        return Err(NotA("another number of digits than the hash has"));
    }
    Ok(match bare {
        Cow::Borrowed(text) => folded(text),
        Cow::Owned(text) => Cow::Owned(text.to_ascii_lowercase()),
    })
}

pub(super) fn is_hex(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_hexdigit())
}

fn without(text: &str, separators: &[char]) -> String {
    text.chars()
        .filter(|character| !separators.contains(character))
        .collect()
}

/// Six or eight bytes, with colons. Hyphens, dots (`0011.22aa.bbcc`) and no separators are read too.
pub(super) fn mac_address(raw: &str) -> Result<String, NotA> {
    let bare = without(raw, &[':', '-', '.']).to_ascii_lowercase();
    if !is_hex(&bare) || !matches!(bare.len(), 12 | 16) {
        return Err(NotA("no hardware address: six bytes in hexadecimal digits"));
    }
    let pairs: Vec<&str> = (0..bare.len())
        .step_by(2)
        .filter_map(|at| bare.get(at..at + 2))
        .collect();
    Ok(pairs.join(":"))
}

/// Digits in lower case, without separators and leading zeros.
pub(super) fn serial_number(raw: &str) -> Result<String, NotA> {
    let bare = without(raw, &[':', ' ', '-']).to_ascii_lowercase();
    let bare = bare.trim_start_matches("0x");
    if !is_hex(bare) {
        return Err(NotA("no serial number: other characters than hexadecimal digits"));
    }
    let significant = bare.trim_start_matches('0');
    Ok(if significant.is_empty() {
        "0".to_owned()
    } else {
        significant.to_owned()
    })
}

/// 70 digits; the version before them is taken off.
pub(super) fn tlsh(raw: &str) -> Result<String, NotA> {
    let lower = raw.to_ascii_lowercase();
    let bare = if lower.len() == 72 {
        lower.trim_start_matches("t1")
    } else {
        &lower
    };
    if bare.len() == 70 && is_hex(bare) {
        Ok(bare.to_owned())
    } else {
        Err(NotA("no TLSH: 70 hexadecimal digits"))
    }
}
