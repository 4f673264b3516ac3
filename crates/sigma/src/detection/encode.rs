//! Texts in other encodings: UTF-16 and Base64, as `utf16le`, `base64offset` and their like make them.

use base64::Engine;
use base64::engine::general_purpose::{STANDARD, STANDARD_NO_PAD};

use super::modifier::Utf16;
use super::working::Piece;
use crate::error::Reason;
use crate::test::{Pattern, Token};

/// Base64 of a whole value, padded.
pub(super) fn base64(bytes: &[u8]) -> String {
    STANDARD.encode(bytes)
}

/// Base64 of a text, or of its UTF-16, without padding.
pub(crate) fn unpadded(text: &str, layout: Option<Utf16>) -> String {
    let mut bytes = Vec::new();
    match layout {
        None => bytes.extend_from_slice(text.as_bytes()),
        Some(layout) => {
            for piece in utf16(&Pattern::literal(text), layout) {
                if let Piece::Bytes(more) = piece {
                    bytes.extend(more);
                }
            }
        }
    }
    STANDARD_NO_PAD.encode(bytes)
}

/// What stands in Base64 of any text that holds these bytes, by their offset in it: the characters that depend on
/// what comes before or behind are cut off. Empty where nothing is left.
pub(super) fn base64_offsets(bytes: &[u8]) -> Vec<String> {
    let offset = |shift: usize| {
        let mut shifted = vec![b' '; shift];
        shifted.extend_from_slice(bytes);
        let encoded = STANDARD.encode(&shifted);
        let begin = [0, 2, 3].get(shift).copied().unwrap_or(0);
        let cut = [0, 3, 2].get(shifted.len() % 3).copied().unwrap_or(0);
        let end = encoded.len().saturating_sub(cut);
        encoded.get(begin..end).unwrap_or_default().to_owned()
    };
    (0..3).map(offset).collect()
}

/// UTF-16 of the literals of a pattern; wildcards stay.
pub(super) fn utf16(pattern: &Pattern, layout: Utf16) -> Vec<Piece> {
    let mut pieces = Vec::new();
    if layout == Utf16::Marked {
        pieces.push(Piece::Bytes(vec![0xff, 0xfe]));
    }
    for token in &pattern.tokens {
        let Token::Literal(text) = token else {
            pieces.push(Piece::Wildcard(token.clone()));
            continue;
        };
        let bytes: Vec<u8> = text
            .encode_utf16()
            .flat_map(|unit| match layout {
                Utf16::BigEndian => unit.to_be_bytes(),
                Utf16::LittleEndian | Utf16::Marked => unit.to_le_bytes(),
            })
            .collect();
        match pieces.last_mut() {
            Some(Piece::Bytes(last)) => last.extend(bytes),
            _ => pieces.push(Piece::Bytes(bytes)),
        }
    }
    pieces
}

/// Encoded pieces as a text that a field can hold: the bytes read as UTF-8, the byte order mark as U+FEFF.
pub(super) fn text_of(pieces: &[Piece]) -> Result<Pattern, Reason> {
    let mut pattern = Pattern::default();
    for (index, piece) in pieces.iter().enumerate() {
        match piece {
            Piece::Wildcard(token) => pattern.push(token.clone()),
            Piece::Bytes(bytes) => {
                let marked = bytes.strip_prefix(&[0xff, 0xfe]).filter(|_| index <= 1);
                if marked.is_some() {
                    pattern.push(Token::Literal('\u{feff}'.to_string()));
                }
                let text = std::str::from_utf8(marked.unwrap_or(bytes)).map_err(|_| {
                    let why = "is not text in this encoding; put `base64` or `base64offset` behind it";
                    Reason::Value(why.into())
                })?;
                pattern.push(Token::Literal(text.to_owned()));
            }
        }
    }
    Ok(pattern)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn offsets_are_what_every_embedding_shares() {
        let bytes = b"/bin/bash";
        let offsets = base64_offsets(bytes);
        assert_eq!(offsets, ["L2Jpbi9iYXNo", "9iaW4vYmFza", "vYmluL2Jhc2"]);
        for (shift, offset) in offsets.iter().enumerate() {
            for tail in ["", "x", "xyz"] {
                let mut whole = vec![b'q'; shift + 3];
                whole.extend_from_slice(bytes);
                whole.extend_from_slice(tail.as_bytes());
                assert!(base64(&whole).contains(offset), "{shift} {tail}");
            }
        }
    }

    #[test]
    fn utf16_of_ascii_is_text_with_zeros() {
        let pieces = utf16(&Pattern::parse("a*"), Utf16::Marked);
        let tokens = text_of(&pieces).unwrap().tokens;
        assert_eq!(tokens, [Token::Literal("\u{feff}a\0".into()), Token::Run]);
        let pieces = utf16(&Pattern::literal("ä"), Utf16::LittleEndian);
        assert!(text_of(&pieces).is_err());
    }
}
