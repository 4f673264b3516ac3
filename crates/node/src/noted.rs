//! Which kinds of values and sizes of networks occur among what the node holds.
//!
//! Derived like every index: import and scan add to it, `check` makes it anew.

use std::collections::BTreeSet;

use entente_stix::observable::Kind;
use entente_store::Store;

/// The name under which the store keeps it.
const NOTED: &str = "kinds_and_networks";

/// Which kinds of observables occur at all, and which prefix lengths of networks: a value is asked about as what
/// occurs here, and a dozen networks around an address are asked for instead of all 161 that there could be.
#[derive(Default)]
pub(crate) struct Noted {
    pub(crate) kinds: BTreeSet<u8>,
    networks: BTreeSet<(u8, u8)>,
}

impl Noted {
    /// The note that the store keeps.
    pub(crate) fn of(store: &dyn Store) -> Result<Noted, entente_store::Error> {
        Ok(Noted::read(store.meta(NOTED)?.as_deref().unwrap_or_default()))
    }

    /// Adds `observables` to the store's note, before objects with them are stored: the note may say too much,
    /// never too little, also after a crash between the two.
    pub(crate) fn extend<'a>(
        store: &dyn Store,
        observables: impl Iterator<Item = (u8, &'a str)>,
    ) -> Result<(), entente_store::Error> {
        let mut found = Noted::default();
        observables.for_each(|(kind, value)| found.note(kind, value));
        Noted::of(store)?.save_with(found, store)
    }

    /// Stores this note with what `found` has more; nothing where that is nothing.
    pub(crate) fn save_with(mut self, found: Noted, store: &dyn Store) -> Result<(), entente_store::Error> {
        if self.add(found) {
            store.set_meta(NOTED, Some(&self.text()))
        } else {
            Ok(())
        }
    }

    /// Whether everything of `other` is noted here.
    pub(crate) fn covers(&self, other: &Noted) -> bool {
        self.kinds.is_superset(&other.kinds) && self.networks.is_superset(&other.networks)
    }

    /// Kinds stand as `3`, networks as `1/24`.
    pub(crate) fn read(text: &str) -> Noted {
        let mut noted = Noted::default();
        for word in text.split(' ') {
            match word.split_once('/') {
                None => noted.kinds.extend(word.parse::<u8>().ok()),
                Some((kind, length)) => noted.networks.extend(kind.parse().ok().zip(length.parse().ok())),
            }
        }
        noted
    }

    pub(crate) fn note(&mut self, kind: u8, value: &str) {
        self.kinds.insert(kind);
        let is_address = kind == Kind::Ipv4.number() || kind == Kind::Ipv6.number();
        if let Some((_, length)) = value.split_once('/').filter(|_| is_address) {
            self.networks
                .extend(length.parse().ok().map(|length| (kind, length)));
        }
    }

    /// Takes in what `other` has; whether that was anything new.
    pub(crate) fn add(&mut self, other: Noted) -> bool {
        let before = (self.kinds.len(), self.networks.len());
        self.kinds.extend(other.kinds);
        self.networks.extend(other.networks);
        before != (self.kinds.len(), self.networks.len())
    }

    fn text(&self) -> String {
        let kinds = self.kinds.iter().map(u8::to_string);
        let networks = self
            .networks
            .iter()
            .map(|(kind, length)| format!("{kind}/{length}"));
        kinds.chain(networks).collect::<Vec<String>>().join(" ")
    }

    pub(crate) fn lengths(&self, kind: Kind) -> impl Iterator<Item = u8> {
        self.networks
            .iter()
            .rev()
            .filter(move |(noted, _)| *noted == kind.number())
            .map(|(_, length)| *length)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn note_is_read_back_as_it_was_written() {
        let mut noted = Noted::default();
        noted.note(Kind::Ipv4.number(), "192.0.2.0/24");
        noted.note(Kind::Domain.number(), "evil.example");
        // A slash in anything but an address is no network.
        noted.note(Kind::Url.number(), "evil.example/24");
        assert_eq!(noted.text(), "1 3 4 1/24");
        assert_eq!(Noted::read(&noted.text()).text(), noted.text());
        assert!(!noted.add(Noted::read("3 1/24")));
        assert!(noted.add(Noted::read("1/16")));
    }
}
