//! Values that were read the slow way lately and found to be nothing: logs repeat themselves.

use crate::limits::{MEMO_VALUE_BYTES_MAX, MEMO_VALUES};
use entente_telemetry::{Kind, Value};

/// A direct-mapped cache of values.
#[derive(Debug)]
pub(crate) struct Memo {
    slots: Vec<(Kind, Vec<u8>)>,
    wanted: Vec<u8>,
}

impl Default for Memo {
    fn default() -> Self {
        Memo {
            slots: vec![(Kind::Text, Vec::new()); MEMO_VALUES],
            wanted: Vec::new(),
        }
    }
}

impl Memo {
    /// Whether this very value of this kind was noted and not displaced since.
    pub(crate) fn knows(&mut self, kind: Kind, value: &Value<'_>) -> bool {
        self.spell(value);
        let place = self.place();
        let slot = self.slots.get(place);
        !self.wanted.is_empty() && slot.is_some_and(|(known, bytes)| *known == kind && *bytes == self.wanted)
    }

    pub(crate) fn note(&mut self, kind: Kind, value: &Value<'_>) {
        self.spell(value);
        if self.wanted.is_empty() || self.wanted.len() > MEMO_VALUE_BYTES_MAX {
            return;
        }
        let place = self.place();
        if let Some(slot) = self.slots.get_mut(place) {
            slot.0 = kind;
            slot.1.clear();
            slot.1.extend_from_slice(&self.wanted);
        }
    }

    /// The value as one run of bytes; parts are told apart by a byte that none of them has.
    fn spell(&mut self, value: &Value<'_>) {
        self.wanted.clear();
        match value {
            Value::Plain(bytes) if bytes.len() <= MEMO_VALUE_BYTES_MAX => {
                self.wanted.extend_from_slice(bytes)
            }
            Value::Plain(_) => {}
            Value::Url { host, port, path } => {
                let parts = [*host, port.unwrap_or_default(), *path];
                let length: usize = parts.iter().map(|part| part.len()).sum();
                if length <= MEMO_VALUE_BYTES_MAX && !parts.iter().any(|part| part.contains(&0)) {
                    for part in parts {
                        self.wanted.extend_from_slice(part);
                        self.wanted.push(0);
                    }
                }
            }
        }
    }

    /// Chosen so that hostile values can displace others and nothing more.
    fn place(&self) -> usize {
        let (words, rest) = self.wanted.as_chunks::<8>();
        let words = words
            .iter()
            .map(|word| u64::from_le_bytes(*word))
            .chain(rest.iter().map(|&b| u64::from(b)));
        let hash = words.fold(0u64, |hash, word| {
            (hash.rotate_left(5) ^ word).wrapping_mul(0x9e37_79b9_7f4a_7c15)
        });
        (hash >> 32) as usize % MEMO_VALUES
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn knows_only_what_was_noted() {
        let mut memo = Memo::default();
        let url = |host, path| Value::Url {
            host,
            port: None,
            path,
        };
        memo.note(Kind::Url, &url(b"a.example", b"/x"));
        memo.note(Kind::Email, &Value::Plain(b"a@b.example"));
        assert!(memo.knows(Kind::Url, &url(b"a.example", b"/x")));
        assert!(memo.knows(Kind::Email, &Value::Plain(b"a@b.example")));
        assert!(!memo.knows(Kind::Host, &Value::Plain(b"a@b.example")));
        assert!(!memo.knows(Kind::Url, &url(b"a.example/x", b"")));
        assert!(!memo.knows(Kind::Text, &Value::Plain(b"")));
    }
}
