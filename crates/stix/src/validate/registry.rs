//! Registries of IANA and ISO that the standard points to, as lists of names in the order of their bytes.
//!
//! The lists lie in `registries/`, one name a line; to bring one up to date, replace the file.

/// A registry.
pub(super) struct Registry {
    names: &'static str,
}

/// IANA media types.
pub(super) const MEDIA_TYPES: Registry = Registry {
    names: include_str!("registries/media-types.txt"),
};
/// IANA character sets, by preferred name.
pub(super) const CHARACTER_SETS: Registry = Registry {
    names: include_str!("registries/character-sets.txt"),
};
/// IANA service names and transport protocols, and the layers below them.
pub(super) const PROTOCOLS: Registry = Registry {
    names: include_str!("registries/protocols.txt"),
};
/// IANA IPFIX information elements.
pub(super) const IPFIX: Registry = Registry {
    names: include_str!("registries/ipfix.txt"),
};
/// Socket options of the common systems.
pub(super) const SOCKET_OPTIONS: Registry = Registry {
    names: include_str!("registries/socket-options.txt"),
};
/// Request headers in common use.
pub(super) const HTTP_REQUEST_HEADERS: Registry = Registry {
    names: include_str!("registries/http-request-headers.txt"),
};
/// ISO 3166-1 alpha-2, reserved and former codes included.
pub(super) const COUNTRIES: Registry = Registry {
    names: include_str!("registries/countries.txt"),
};

impl Registry {
    /// Whether the name is registered, spelt exactly so. A binary search in the text itself.
    pub(super) fn contains(&self, name: &str) -> bool {
        let (mut low, mut high) = (0, self.names.len());
        // Both ends stand at the beginning of a line.
        while low < high {
            let middle = low.midpoint(high);
            let before = self.names.get(low..middle).unwrap_or_default();
            let start = before.rfind('\n').map_or(low, |newline| low + newline + 1);
            let line = self
                .names
                .get(start..)
                .and_then(|rest| rest.lines().next())
                .unwrap_or_default();
            match line.cmp(name) {
                std::cmp::Ordering::Equal => return true,
                std::cmp::Ordering::Less => low = start + line.len() + 1,
                std::cmp::Ordering::Greater => high = start,
            }
        }
        false
    }

    #[cfg(test)]
    pub(super) fn names(&self) -> impl Iterator<Item = &'static str> {
        self.names.lines()
    }
}
