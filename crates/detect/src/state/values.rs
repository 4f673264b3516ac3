//! The values that came with a hit, in one piece of memory, and the keys of groups.

use super::Hit;
use super::names::Name;
use crate::limits::STATE_VALUE_BYTES_MAX;
use sha2::{Digest, Sha256};
use std::sync::Arc;

/// What a group is called: a digest of what it is of and of its values.
pub(super) type Key = [u64; 2];

/// The asset and the values of a hit: of each its length plus one in 4 bytes, or 0 for none, then its bytes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Values(Arc<[u8]>);

/// Where the asset stands.
pub(super) const ASSET: u32 = 0;

impl Values {
    /// Of a hit; what is in `bytes` does not matter.
    pub(super) fn of(hit: &Hit<'_>, bytes: &mut Vec<u8>) -> Self {
        bytes.clear();
        put(bytes, hit.asset);
        hit.values.iter().for_each(|value| put(bytes, *value));
        Values(bytes.as_slice().into())
    }

    pub(super) fn of_bytes(bytes: &[u8]) -> Self {
        Values(bytes.into())
    }

    pub(super) fn bytes(&self) -> &[u8] {
        &self.0
    }

    /// The same asset, and behind it the values that stand at these places here.
    pub(super) fn with_places(&self, places: &[Option<u32>]) -> Self {
        let mut bytes = Vec::with_capacity(self.0.len());
        let all = std::iter::once(&Some(ASSET)).chain(places);
        for place in all {
            put_as_it_is(&mut bytes, place.and_then(|place| self.get(place)));
        }
        Values(bytes.into())
    }

    /// The value at a place: the asset first, then the rest.
    pub(super) fn get(&self, place: u32) -> Option<&str> {
        let mut rest = &*self.0;
        for _ in 0..place {
            rest = next(rest)?.1;
        }
        std::str::from_utf8(next(rest)?.0?).ok()
    }
}

/// A value that is too long is stood for by its beginning and the digest of it all.
fn put(bytes: &mut Vec<u8>, value: Option<&str>) {
    let Some(long) = value.filter(|value| value.len() > STATE_VALUE_BYTES_MAX) else {
        return put_as_it_is(bytes, value);
    };
    let shown = long.get(..long.floor_char_boundary(STATE_VALUE_BYTES_MAX));
    let digest = Sha256::digest(long.as_bytes());
    let digest: String = digest.iter().map(|byte| format!("{byte:02x}")).collect();
    put_as_it_is(bytes, Some(&format!("{}…{digest}", shown.unwrap_or_default())));
}

fn put_as_it_is(bytes: &mut Vec<u8>, value: Option<&str>) {
    let length = value.map_or(0, |value| u32::try_from(value.len()).unwrap_or(u32::MAX - 1) + 1);
    bytes.extend_from_slice(&length.to_le_bytes());
    bytes.extend_from_slice(value.unwrap_or_default().as_bytes());
}

/// The first value and what is behind it.
fn next(bytes: &[u8]) -> Option<(Option<&[u8]>, &[u8])> {
    let (length, rest) = bytes.split_first_chunk::<4>()?;
    match u32::from_le_bytes(*length).checked_sub(1) {
        None => Some((None, rest)),
        Some(length) => rest
            .split_at_checked(length as usize)
            .map(|(value, rest)| (Some(value), rest)),
    }
}

/// The key of a group; none where a value is missing.
pub(super) fn key<'v>(seed: u64, of: Name, values: impl Iterator<Item = Option<&'v str>>) -> Option<Key> {
    let mut digest = Sha256::new();
    digest.update(seed.to_le_bytes());
    digest.update(of);
    for value in values {
        let value = value?;
        digest.update((value.len() as u64).to_le_bytes());
        digest.update(value.as_bytes());
    }
    let digest: [u8; 32] = digest.finalize().into();
    let (words, _) = digest.as_chunks::<8>();
    match words {
        [first, second, ..] => Some([u64::from_le_bytes(*first), u64::from_le_bytes(*second)]),
        _ => None,
    }
}
