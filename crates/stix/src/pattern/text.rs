//! Pieces of a pattern's text: where they stand, how messages show them, what literals mean.

/// Line and column in characters, both from 1.
pub(super) fn position(text: &str, offset: usize) -> (usize, usize) {
    let before = text.get(..offset).unwrap_or(text);
    let line_start = before.rfind('\n').map_or(0, |newline| newline + 1);
    let line = memchr::memchr_iter(b'\n', before.as_bytes()).count() + 1;
    (
        line,
        before.get(line_start..).unwrap_or_default().chars().count() + 1,
    )
}

/// What a message can show of a token.
pub(super) fn shortened(text: &str) -> String {
    const SHOWN: usize = 60;
    match text.char_indices().nth(SHOWN) {
        Some((end, _)) => format!("{}…", text.get(..end).unwrap_or_default()),
        None => text.to_owned(),
    }
}

/// Resolves the two escapes; the lexer has let nothing else through.
pub(super) fn unescape(text: &str) -> String {
    let mut plain = String::with_capacity(text.len());
    let mut rest = text;
    while let Some((before, after)) = rest.split_once('\\') {
        plain.push_str(before);
        let mut characters = after.chars();
        plain.extend(characters.next());
        rest = characters.as_str();
    }
    plain.push_str(rest);
    plain
}

pub(super) fn unhex(digits: &str) -> Vec<u8> {
    let value = |digit: u8| {
        char::from(digit)
            .to_digit(16)
            .and_then(|value| u8::try_from(value).ok())
            .unwrap_or(0)
    };
    let (pairs, _) = digits.as_bytes().as_chunks::<2>();
    pairs
        .iter()
        .map(|[high, low]| value(*high) << 4 | value(*low))
        .collect()
}

/// Decodes base64 whose form the lexer has checked. Bits left over in the last digit are dropped, as
/// the grammar does not ask for zeros there.
pub(super) fn unbase64(text: &str) -> Vec<u8> {
    use base64::Engine;
    use base64::alphabet::STANDARD;
    use base64::engine::general_purpose::{GeneralPurpose, GeneralPurposeConfig};
    const LENIENT: GeneralPurpose = GeneralPurpose::new(
        &STANDARD,
        GeneralPurposeConfig::new().with_decode_allow_trailing_bits(true),
    );
    LENIENT.decode(text).unwrap_or_default()
}
