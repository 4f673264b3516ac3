//! A party's key list as text: what the root key signs (`docs/formats/party.md`).

use std::collections::BTreeSet;
use std::fmt::Write as _;

use entente_stix::id;
use entente_stix::time::Timestamp;
use entente_translog::note::{Algorithm, Verifier};

use crate::limits::{LIST_KEYS_MAX, LIST_REVOKED_MAX};

const FIRST_LINE: &str = "entente/keys/v1";

/// Every instance key that a party wants to be known by, and those that it took back.
#[derive(Debug, Clone, PartialEq)]
pub struct KeyList {
    /// The party's id.
    pub party: String,
    /// From 1; only a list with a higher number replaces one.
    pub sequence: u64,
    /// The keys, oldest first.
    pub keys: Vec<ListedKey>,
    /// Keys that were taken back, and when.
    pub revoked: Vec<(Verifier, Timestamp)>,
    /// For whom files to this party are encrypted (`age1…`).
    pub recipient: Option<String>,
}

/// One key of a list.
#[derive(Debug, Clone, PartialEq)]
pub struct ListedKey {
    /// The public key; its name is the party's id.
    pub vkey: Verifier,
    /// Valid from this instant on.
    pub from: Timestamp,
    /// Valid until just before this instant.
    pub until: Timestamp,
}

impl KeyList {
    /// Reads the text of a list: exactly what [`KeyList::text`] writes.
    ///
    /// # Errors
    /// What is wrong with it, in words.
    pub fn read(text: &str) -> Result<KeyList, String> {
        let mut lines = text.lines();
        if lines.next() != Some(FIRST_LINE) {
            return Err(format!("its first line is not `{FIRST_LINE}`"));
        }
        let party = lines.next().unwrap_or_default().to_owned();
        let sequence = lines.next().unwrap_or_default();
        let mut list = KeyList {
            party,
            sequence: sequence
                .parse()
                .map_err(|_| "its third line is not a number".to_owned())?,
            keys: Vec::new(),
            revoked: Vec::new(),
            recipient: None,
        };
        for line in lines {
            list.read_line(line)
                .map_err(|cause| format!("line `{}`: {cause}", shortened(line)))?;
        }
        list.require_sound()?;
        if list.text() != text {
            return Err("it is not written as a key list is: order, spaces or form of a time".to_owned());
        }
        Ok(list)
    }

    /// The text that is signed.
    pub fn text(&self) -> String {
        let mut out = format!("{FIRST_LINE}\n{}\n{}\n", self.party, self.sequence);
        for key in &self.keys {
            let _ = writeln!(out, "key {} {} {}", key.vkey, key.from, key.until);
        }
        for (vkey, at) in &self.revoked {
            let _ = writeln!(out, "revoked {vkey} {at}");
        }
        if let Some(recipient) = &self.recipient {
            let _ = writeln!(out, "recipient {recipient}");
        }
        out
    }

    fn read_line(&mut self, line: &str) -> Result<(), String> {
        let words: Vec<&str> = line.split(' ').collect();
        match words.as_slice() {
            ["key", vkey, from, until] if self.keys.len() < LIST_KEYS_MAX => self.keys.push(ListedKey {
                vkey: self.vkey(vkey)?,
                from: time(from)?,
                until: time(until)?,
            }),
            ["revoked", vkey, at] if self.revoked.len() < LIST_REVOKED_MAX => {
                self.revoked.push((self.vkey(vkey)?, time(at)?));
            }
            ["key" | "revoked", ..] => return Err("too many of these, or not of the form".to_owned()),
            ["recipient", recipient] if is_recipient(recipient) => {
                self.recipient = Some((*recipient).to_owned());
            }
            _ => return Err("neither a key, a revoked key, nor a recipient".to_owned()),
        }
        Ok(())
    }

    fn vkey(&self, text: &str) -> Result<Verifier, String> {
        let vkey: Verifier = text
            .parse()
            .map_err(|error: entente_translog::Error| error.to_string())?;
        if vkey.name() != self.party {
            return Err("the key has another name than the party".to_owned());
        }
        if vkey.algorithm() != Algorithm::Ed25519 {
            return Err("the key is not an Ed25519 key; a later version of Entente may know it".to_owned());
        }
        Ok(vkey)
    }

    fn require_sound(&self) -> Result<(), String> {
        let is_identity = id::split(&self.party).is_ok_and(|(type_name, _)| type_name == "identity");
        if !is_identity {
            return Err("its second line is not the id of an identity".to_owned());
        }
        if self.sequence == 0 {
            return Err("its number is 0; the first list has number 1".to_owned());
        }
        if self.keys.iter().any(|key| key.from >= key.until) {
            return Err("a key ends before it begins".to_owned());
        }
        let distinct: BTreeSet<String> = self.keys.iter().map(|key| key.vkey.to_string()).collect();
        let taken_back: BTreeSet<String> = self.revoked.iter().map(|(key, _)| key.to_string()).collect();
        if distinct.len() < self.keys.len() || taken_back.len() < self.revoked.len() {
            return Err("a key stands in it twice".to_owned());
        }
        if !distinct.is_disjoint(&taken_back) {
            return Err("a revoked key stands in it as a key".to_owned());
        }
        Ok(())
    }
}

fn time(text: &str) -> Result<Timestamp, String> {
    Timestamp::parse(text).map_err(|error| format!("`{}`: {error}", shortened(text)))
}

/// Whether it looks as age's native recipients do: Bech32 with the prefix `age` (BIP 173).
fn is_recipient(text: &str) -> bool {
    let data = text.strip_prefix("age1").unwrap_or_default();
    data.len() == 58
        && data
            .bytes()
            .all(|byte| b"qpzry9x8gf2tvdw0s3jn54khce6mua7l".contains(&byte))
}

fn shortened(text: &str) -> String {
    text.chars().take(80).collect()
}
