//! What the indexes hold about one object, packed into one value beside its text: needed to take it out again
//! when a newer version comes, and for the references in their own order.
//!
//! Form: a count of references and for each (property, target); a count of observables and for each
//! (kind, plain, length, value). Numbers are LEB128, keys are this database's own.

use super::fault::Fault;

/// What the indexes hold about one object.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(super) struct Packed {
    /// (property, target), in the order in which they came, each once.
    pub(super) edges: Vec<(i64, i64)>,
    /// (kind, value, plain), sorted, each value once.
    pub(super) observables: Vec<(u8, String, bool)>,
}

impl Packed {
    pub(super) fn write(&self, out: &mut Vec<u8>) {
        out.clear();
        write_number(out, self.edges.len() as u64);
        for (property, target) in &self.edges {
            write_number(out, property.cast_unsigned());
            write_number(out, target.cast_unsigned());
        }
        write_number(out, self.observables.len() as u64);
        for (kind, value, plain) in &self.observables {
            out.push(*kind);
            out.push(u8::from(*plain));
            write_number(out, value.len() as u64);
            out.extend_from_slice(value.as_bytes());
        }
    }

    pub(super) fn read(bytes: &[u8]) -> Result<Packed, Fault> {
        read(bytes).ok_or_else(|| Fault::damage("what is indexed of an object cannot be read"))
    }
}

fn read(mut bytes: &[u8]) -> Option<Packed> {
    let mut packed = Packed::default();
    for _ in 0..read_number(&mut bytes)? {
        let property = read_number(&mut bytes)?.cast_signed();
        packed
            .edges
            .push((property, read_number(&mut bytes)?.cast_signed()));
    }
    for _ in 0..read_number(&mut bytes)? {
        let [kind, plain] = *bytes.split_off(..2)? else {
            return None;
        };
        let length = usize::try_from(read_number(&mut bytes)?).ok()?;
        let value = std::str::from_utf8(bytes.split_off(..length)?).ok()?;
        packed.observables.push((kind, value.to_owned(), plain != 0));
    }
    bytes.is_empty().then_some(packed)
}

fn write_number(out: &mut Vec<u8>, mut number: u64) {
    while number >= 0x80 {
        out.push(number.to_le_bytes()[0] | 0x80);
        number >>= 7;
    }
    out.push(number.to_le_bytes()[0]);
}

fn read_number(bytes: &mut &[u8]) -> Option<u64> {
    let mut number = 0u64;
    for shift in (0..64).step_by(7) {
        let byte = *bytes.split_off_first()?;
        number |= u64::from(byte & 0x7f) << shift;
        if byte < 0x80 {
            return Some(number);
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn what_is_written_is_read(
            edges in prop::collection::vec((any::<i64>(), any::<i64>()), 0..8),
            observables in prop::collection::vec((any::<u8>(), ".{0,200}", any::<bool>()), 0..8),
        ) {
            let packed = Packed { edges, observables };
            let mut bytes = Vec::new();
            packed.write(&mut bytes);
            prop_assert_eq!(Packed::read(&bytes).unwrap(), packed);
        }

        #[test]
        fn reading_is_total(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
            let _ = Packed::read(&bytes);
        }
    }
}
