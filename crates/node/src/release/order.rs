//! The order in which types are released: what is referred to before what refers to it.
//!
//! An object whose turn comes too early loses a reference and is released again; the order only saves that.

/// Types by rank. Types that are not named, custom ones too, have the rank of [`OTHERS`].
const RANKS: &[&[&str]] = &[
    &["marking-definition", "extension-definition"],
    &["identity"],
    &[
        "artifact",
        "autonomous-system",
        "mac-addr",
        "mutex",
        "software",
        "url",
        "user-account",
        "x509-certificate",
    ],
    &["email-addr", "ipv4-addr", "ipv6-addr", "windows-registry-key"],
    &["directory", "domain-name"],
    &["file"],
    &["email-message", "network-traffic", "process"],
    &[],
    &["malware", "observed-data"],
    &["malware-analysis"],
    &["relationship", "sighting"],
    &["note", "opinion"],
    &["grouping", "report"],
    &["language-content"],
];

/// Rank of what is not named.
const OTHERS: u8 = 7;

/// How many ranks there are.
pub(super) const COUNT: u8 = 14;

/// When the type's turn is, from 0.
pub(super) fn rank(type_name: &str) -> u8 {
    let named = RANKS.iter().position(|types| types.contains(&type_name));
    named.and_then(|rank| u8::try_from(rank).ok()).unwrap_or(OTHERS)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_referred_to_comes_first() {
        assert_eq!(RANKS.len(), usize::from(COUNT));
        let order = [
            "marking-definition",
            "identity",
            "mac-addr",
            "ipv4-addr",
            "domain-name",
            "file",
            "network-traffic",
            "indicator",
            "observed-data",
            "sighting",
            "report",
        ];
        let ranks: Vec<u8> = order.iter().map(|name| rank(name)).collect();
        assert!(ranks.is_sorted(), "{ranks:?}");
        assert_eq!(rank("x-acme-thing"), rank("indicator"));
    }
}
