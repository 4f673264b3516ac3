//! What a release log has for an entry: a salted commitment to what the entry says.
//!
//! A witness sees commitments only and learns nothing but their number; whoever has opening and salt
//! can tell that exactly this was logged. See `docs/formats/release-log.md`.

use sha2::{Digest as _, Sha256};

/// Domain of commitments: nothing else of ours is hashed behind this line.
const COMMITMENT: &[u8] = b"entente/commitment/v1\n";
/// Domain of salts.
const SALT: &[u8] = b"entente/salt/v1\n";
/// Block of SHA-256 (FIPS 180-4 §1).
const BLOCK_BYTES: usize = 64;

/// The 32 bytes that are logged for an opening: SHA-256 of the domain line, the salt and the opening.
/// The leaf of the tree is [`crate::hash::leaf`] over these 32 bytes.
pub fn commit(salt: &[u8; 32], opening: &[u8]) -> [u8; 32] {
    let mut hasher = Sha256::new();
    hasher.update(COMMITMENT);
    hasher.update(salt);
    hasher.update(opening);
    hasher.finalize().into()
}

/// The salt of entry `number`: HMAC-SHA-256 under the log's own secret over the domain line, the
/// number (eight bytes, big-endian) and the opening. The same act done again after a crash commits to
/// the same bytes; without the key nobody can try openings against a commitment.
pub fn salt(key: &[u8; 32], number: u64, opening: &[u8]) -> [u8; 32] {
    hmac(key, &[SALT, &number.to_be_bytes(), opening])
}

/// RFC 2104 with SHA-256, for keys of 32 bytes.
fn hmac(key: &[u8; 32], parts: &[&[u8]]) -> [u8; 32] {
    let mut inner = Sha256::new();
    inner.update(padded(key, 0x36));
    parts.iter().for_each(|part| inner.update(part));
    let mut outer = Sha256::new();
    outer.update(padded(key, 0x5c));
    outer.update(inner.finalize());
    outer.finalize().into()
}

fn padded(key: &[u8; 32], pad: u8) -> [u8; BLOCK_BYTES] {
    let mut block = [pad; BLOCK_BYTES];
    block.iter_mut().zip(key).for_each(|(byte, key)| *byte ^= key);
    block
}

#[cfg(test)]
mod tests {
    use super::*;

    fn hex(text: &str) -> [u8; 32] {
        let byte = |at: usize| u8::from_str_radix(&text[2 * at..2 * at + 2], 16).unwrap();
        std::array::from_fn(byte)
    }

    /// RFC 4231 §4.2 to §4.4. A shorter key is one with zeroes behind it (RFC 2104 §2).
    #[test]
    fn hmac_is_that_of_rfc_4231() {
        let mut first = [0; 32];
        first[..20].fill(0x0b);
        let mut second = [0; 32];
        second[..4].copy_from_slice(b"Jefe");
        let mut third = [0; 32];
        third[..20].fill(0xaa);
        let cases: [(_, &[u8], _); 3] = [
            (
                first,
                b"Hi There",
                "b0344c61d8db38535ca8afceaf0bf12b881dc200c9833da726e9376c2e32cff7",
            ),
            (
                second,
                b"what do ya want for nothing?",
                "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843",
            ),
            (
                third,
                &[0xdd; 50],
                "773ea91e36800e46854db8ebd09181a72959098b3ef8c122d9635514ced565fe",
            ),
        ];
        for (key, data, expected) in cases {
            assert_eq!(hmac(&key, &[data]), hex(expected));
            let (left, right) = data.split_at(3);
            assert_eq!(hmac(&key, &[left, right]), hex(expected));
        }
    }

    #[test]
    fn salts_differ_by_key_number_and_opening() {
        let of = |key, number, opening: &[u8]| salt(&[key; 32], number, opening);
        let one = of(1, 1, b"a");
        assert_eq!(one, of(1, 1, b"a"));
        for other in [of(2, 1, b"a"), of(1, 2, b"a"), of(1, 1, b"b")] {
            assert_ne!(one, other);
        }
    }
}
