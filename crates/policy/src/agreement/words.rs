//! The words of the document: its format, spans of time, and names for sets of types.

/// What the canonical JSON says that it is.
pub(super) const FORMAT: &str = "entente/agreement/v1";

/// Every party.
pub(super) const ALL_PARTIES: &str = "all";

/// Units of a span of time, from long to short, in seconds.
const UNITS: &[(&str, u64)] = &[("d", 86_400), ("h", 3600), ("m", 60), ("s", 1)];

/// A span of time in the longest unit that leaves no rest: `90d`, `36h`.
pub(super) fn span(seconds: u64) -> String {
    let fits = UNITS.iter().find(|(_, unit)| seconds.is_multiple_of(*unit));
    let (name, unit) = fits.copied().unwrap_or(("s", 1));
    format!("{}{name}", seconds / unit)
}
