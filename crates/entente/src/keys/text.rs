//! What stands in the files of keys, once they are opened: a line each.

use std::fmt::Write as _;
use std::str::FromStr as _;

use age::secrecy::SecretString;
use entente_node::party::Party;
use entente_stix::time::Timestamp;
use entente_translog::note::Signer;
use zeroize::{Zeroize as _, Zeroizing};

use super::exposed;

const INSTANCE_LINE: &str = "entente/instance-keys/v1";
const ROOT_LINE: &str = "entente/root-key/v1";

/// The instance keys of a party, oldest first, and what goes with them.
pub(super) struct InstanceSecrets {
    party: String,
    instances: Vec<[u8; 32]>,
    salt: [u8; 32],
    age: SecretString,
}

impl InstanceSecrets {
    pub(super) fn new(party: &str, instance: [u8; 32], salt: [u8; 32], age: SecretString) -> InstanceSecrets {
        InstanceSecrets {
            party: party.to_owned(),
            instances: vec![instance],
            salt,
            age,
        }
    }

    pub(super) fn read(text: &str) -> Option<InstanceSecrets> {
        let mut lines = text.lines();
        if lines.next() != Some(INSTANCE_LINE) {
            return None;
        }
        let party = lines.next()?.strip_prefix("party ")?.to_owned();
        let salt = seed(lines.next()?.strip_prefix("salt ")?)?;
        let age = lines.next()?.strip_prefix("age ")?;
        age::x25519::Identity::from_str(age).ok()?;
        let age = SecretString::from(age.to_owned());
        let instances = lines
            .map(|line| seed(line.strip_prefix("instance ")?))
            .collect::<Option<Vec<_>>>()?;
        Some(InstanceSecrets {
            party,
            instances,
            salt,
            age,
        })
    }

    pub(super) fn to_text(&self) -> Zeroizing<String> {
        // Grown once, so that no copy of it is left behind.
        let mut text = Zeroizing::new(String::with_capacity(1024 + self.instances.len() * 80));
        let _ = writeln!(text, "{INSTANCE_LINE}\nparty {}", self.party);
        let _ = writeln!(text, "salt {}", *hex(&self.salt));
        let _ = writeln!(text, "age {}", exposed(&self.age));
        for instance in &self.instances {
            let _ = writeln!(text, "instance {}", *hex(instance));
        }
        text
    }

    pub(super) fn add(&mut self, instance: [u8; 32]) {
        self.instances.push(instance);
    }

    pub(super) fn party(&self) -> &str {
        &self.party
    }

    pub(super) fn salt(&self) -> [u8; 32] {
        self.salt
    }

    pub(super) fn newest(&self) -> Option<[u8; 32]> {
        self.instances.last().copied()
    }

    pub(super) fn age(&self) -> SecretString {
        self.age.clone()
    }

    pub(super) fn recipient(&self) -> Option<String> {
        let identity = age::x25519::Identity::from_str(exposed(&self.age)).ok()?;
        Some(identity.to_public().to_string())
    }

    /// The newest key that counts at `at`; else the newest that is on a list, so that the reason can be told.
    pub(super) fn counting(&self, party: &Party, at: Timestamp) -> Option<[u8; 32]> {
        let listed = |seed: &&[u8; 32]| {
            let vkey = Signer::ed25519(&self.party, seed).ok()?.verifier().clone();
            party.keys.iter().find(|key| key.vkey == vkey)
        };
        let newest_first = || self.instances.iter().rev();
        newest_first()
            .find(|seed| listed(seed).is_some_and(|key| key.is_valid(at)))
            .or_else(|| newest_first().find(|seed| listed(seed).is_some()))
            .copied()
    }
}

impl Drop for InstanceSecrets {
    fn drop(&mut self) {
        self.instances.zeroize();
        self.salt.zeroize();
    }
}

/// The root key of a party.
pub(super) struct RootSecret {
    party: String,
    seed: [u8; 32],
}

impl RootSecret {
    pub(super) fn new(party: &str, seed: [u8; 32]) -> RootSecret {
        RootSecret {
            party: party.to_owned(),
            seed,
        }
    }

    pub(super) fn read(text: &str) -> Option<RootSecret> {
        let mut lines = text.lines();
        if lines.next() != Some(ROOT_LINE) {
            return None;
        }
        let party = lines.next()?.strip_prefix("party ")?.to_owned();
        let seed = seed(lines.next()?.strip_prefix("root ")?)?;
        Some(RootSecret { party, seed })
    }

    pub(super) fn to_text(&self) -> Zeroizing<String> {
        let mut text = Zeroizing::new(String::with_capacity(1024));
        let _ = writeln!(text, "{ROOT_LINE}\nparty {}", self.party);
        let _ = writeln!(text, "root {}", *hex(&self.seed));
        text
    }

    pub(super) fn party(&self) -> &str {
        &self.party
    }

    pub(super) fn seed(&self) -> [u8; 32] {
        self.seed
    }
}

impl Drop for RootSecret {
    fn drop(&mut self) {
        self.seed.zeroize();
    }
}

fn hex(seed: &[u8; 32]) -> Zeroizing<String> {
    let mut text = Zeroizing::new(String::with_capacity(64));
    for byte in seed {
        let _ = write!(text, "{byte:02x}");
    }
    text
}

fn seed(hex: &str) -> Option<[u8; 32]> {
    let digits = hex.as_bytes();
    let mut seed = [0; 32];
    if digits.len() != 64 || !digits.iter().all(u8::is_ascii_hexdigit) {
        return None;
    }
    for (byte, pair) in seed.iter_mut().zip(digits.chunks_exact(2)) {
        *byte = u8::from_str_radix(std::str::from_utf8(pair).ok()?, 16).ok()?;
    }
    Some(seed)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn secrets_are_read_as_written() {
        let age = age::x25519::Identity::generate().to_string();
        let mut secrets = InstanceSecrets::new("identity--x", [1; 32], [2; 32], age);
        secrets.add([3; 32]);
        let read = InstanceSecrets::read(&secrets.to_text()).unwrap();
        assert_eq!(*read.to_text(), *secrets.to_text());
        assert_eq!(read.newest(), Some([3; 32]));
        let root = RootSecret::new("identity--x", [0xab; 32]);
        assert_eq!(RootSecret::read(&root.to_text()).unwrap().seed(), [0xab; 32]);
        assert!(RootSecret::read(&secrets.to_text()).is_none());
        assert!(InstanceSecrets::read(&root.to_text()).is_none());
    }
}
