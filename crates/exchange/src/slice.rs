//! A slice of a channel's log as bytes: one form for messages and bundles.
//!
//! The same kinds of bytes stand together (openings, contents, salts), since so they pack to about half of what
//! they would entry by entry. What a slice proves, `node` checks; here it is only read, within bounds.

use entente_node::view::{Slice, SliceEntry};

use crate::limits::{CHUNK_ENTRIES_MAX, NOTE_BYTES_MAX};
use crate::wire::{Malformed, Reader, Writer};

/// Bytes of an entry at the least: two lengths and the salt.
const ENTRY_BYTES_MIN: usize = 2 + 32;

/// Hashes of a consistency proof between trees of 64 bits (RFC 9162 §2.1.4).
const PROOF_HASHES_MAX: usize = 2 * 64;

/// A slice as it stands in messages and bundles, before it is packed.
pub fn to_bytes(slice: &Slice) -> Vec<u8> {
    let mut out = Writer::default();
    write(slice, &mut out);
    out.finish()
}

/// Reads exactly what [`to_bytes`] writes.
///
/// # Errors
/// [`Malformed`].
pub fn from_bytes(bytes: &[u8]) -> Result<Slice, Malformed> {
    let mut from = Reader::new(bytes);
    let slice = read(&mut from)?;
    from.end()?;
    Ok(slice)
}

pub(crate) fn write(slice: &Slice, out: &mut Writer) {
    out.bytes(slice.origin.as_bytes());
    out.bytes(slice.head.as_bytes());
    out.number(slice.from);
    out.count(slice.entries.len());
    for entry in &slice.entries {
        out.count(entry.opening.len());
        out.count(entry.content.as_ref().map_or(0, |content| content.len() + 1));
    }
    slice.entries.iter().for_each(|entry| out.raw(&entry.opening));
    let contents = slice.entries.iter().filter_map(|entry| entry.content.as_ref());
    contents.for_each(|content| out.raw(content));
    slice.entries.iter().for_each(|entry| out.raw(&entry.salt));
    out.count(slice.consistency.len());
    slice.consistency.iter().for_each(|hash| out.raw(hash));
}

pub(crate) fn read(from: &mut Reader<'_>) -> Result<Slice, Malformed> {
    let origin = from.text()?.to_owned();
    let head = from.text()?.to_owned();
    if head.len() > NOTE_BYTES_MAX {
        return Err(from.fault("a head of too many bytes"));
    }
    let first = from.number()?;
    let entries = entries(from)?;
    if first.checked_add(entries.len() as u64).is_none() {
        return Err(from.fault("entries beyond 64 bits"));
    }
    let hashes = from.number_up_to(PROOF_HASHES_MAX, "a proof of too many hashes")?;
    let consistency = (0..hashes).map(|_| from.array()).collect::<Result<_, _>>()?;
    Ok(Slice {
        origin,
        head,
        from: first,
        entries,
        consistency,
    })
}

fn entries(from: &mut Reader<'_>) -> Result<Vec<SliceEntry>, Malformed> {
    let count = from.count(ENTRY_BYTES_MIN)?;
    if count > CHUNK_ENTRIES_MAX {
        return Err(from.fault("too many entries in one slice"));
    }
    let lengths = (0..count)
        .map(|_| Ok((from.count(1)?, from.count(1)?)))
        .collect::<Result<Vec<_>, Malformed>>()?;
    let mut entries = Vec::with_capacity(count);
    for (opening, _) in &lengths {
        entries.push(SliceEntry {
            opening: from.take(*opening)?.to_vec(),
            salt: [0; 32],
            content: None,
        });
    }
    for (entry, (_, content)) in entries.iter_mut().zip(&lengths) {
        if let Some(length) = content.checked_sub(1) {
            entry.content = Some(from.take(length)?.to_vec());
        }
    }
    for entry in &mut entries {
        entry.salt = from.array()?;
    }
    Ok(entries)
}

#[cfg(test)]
mod tests {
    use entente_node::view::{Slice, SliceEntry};

    use super::{from_bytes, to_bytes};

    fn slice() -> Slice {
        let entry = |opening: &str, content: Option<&str>, salt| SliceEntry {
            opening: opening.into(),
            salt: [salt; 32],
            content: content.map(Into::into),
        };
        Slice {
            origin: "entente/a/b/c".into(),
            head: "entente/a/b/c\n9\nroot\n\n— a key\n".into(),
            from: 3,
            entries: vec![
                entry("{\"entry\":\"release\"}", Some("{}"), 1),
                entry("{\"entry\":\"recall\"}", None, 2),
                entry("", Some(""), 3),
            ],
            consistency: vec![[7; 32], [8; 32]],
        }
    }

    #[test]
    fn a_slice_comes_back() {
        let empty = Slice {
            entries: Vec::new(),
            consistency: Vec::new(),
            ..slice()
        };
        for slice in [slice(), empty] {
            assert_eq!(from_bytes(&to_bytes(&slice)).unwrap(), slice);
        }
    }

    #[test]
    fn a_slice_cut_anywhere_is_refused() {
        let bytes = to_bytes(&slice());
        for length in 0..bytes.len() {
            assert!(from_bytes(&bytes[..length]).is_err(), "{length}");
        }
    }

    #[test]
    fn bytes_of_a_slice_have_one_meaning() {
        let bytes = to_bytes(&slice());
        for at in 0..bytes.len() {
            let mut changed = bytes.clone();
            changed[at] ^= 1;
            if let Ok(slice) = from_bytes(&changed) {
                assert_eq!(to_bytes(&slice), changed, "{at}");
            }
        }
    }
}
