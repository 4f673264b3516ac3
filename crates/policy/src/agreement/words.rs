//! The words of the document: its format, spans of time, names for sets of types.

use std::collections::BTreeSet;

use entente_stix::object::{DOMAIN_TYPES, META_TYPES, OBSERVABLE_TYPES, RELATIONSHIP_TYPES};

/// What the canonical JSON says that it is.
pub(super) const FORMAT: &str = "entente/agreement/v1";

/// Every party.
pub(super) const ALL_PARTIES: &str = "all";

/// Units of a span of time, from long to short, in seconds. Weeks are read, and written as days.
const UNITS: &[(&str, u64)] = &[("d", 86_400), ("h", 3600), ("m", 60), ("s", 1)];
const WEEK: (&str, u64) = ("w", 7 * 86_400);

/// A span of time in the longest unit that leaves no rest: `90d`, `36h`.
pub(super) fn span(seconds: u64) -> String {
    let fits = UNITS.iter().find(|(_, unit)| seconds.is_multiple_of(*unit));
    let (name, unit) = fits.copied().unwrap_or(("s", 1));
    format!("{}{name}", seconds / unit)
}

/// The seconds of `90d`, `24h`, `2w`; `None` where it is none, nothing, or no number of 64 bits.
pub(super) fn seconds(text: &str) -> Option<u64> {
    let digits = text.bytes().take_while(u8::is_ascii_digit).count();
    let (count, name) = text.split_at_checked(digits)?;
    let mut units = UNITS.iter().chain([&WEEK]);
    let (_, unit) = units.find(|(unit, _)| *unit == name)?;
    count.parse::<u64>().ok()?.checked_mul(*unit)
}

/// Words for sets of types, and the sets, each within the one before it: longest first.
pub(super) fn type_sets() -> [(&'static str, Vec<&'static str>); 5] {
    let families = [
        ("sdo", DOMAIN_TYPES),
        ("sro", RELATIONSHIP_TYPES),
        ("sco", OBSERVABLE_TYPES),
        ("meta", META_TYPES),
    ];
    let any = families.iter().flat_map(|(_, types)| types.iter().copied());
    let any = ("any", any.collect());
    let [sdo, sro, sco, meta] = families.map(|(word, types)| (word, types.to_vec()));
    [any, sdo, sro, sco, meta]
}

/// The shortest words that say exactly these types.
pub(super) fn shortest(types: &BTreeSet<String>) -> Vec<&str> {
    let mut rest: BTreeSet<&str> = types.iter().map(String::as_str).collect();
    let mut words = Vec::new();
    for (word, set) in type_sets() {
        if set.iter().all(|name| rest.contains(name)) {
            rest.retain(|name| !set.contains(name));
            words.push(word);
        }
    }
    words.into_iter().chain(rest).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn spans_of_time_are_read_and_written_in_the_longest_unit() {
        for (text, expected, written) in [
            ("90d", 7_776_000, "90d"),
            ("24h", 86_400, "1d"),
            ("36h", 129_600, "36h"),
            ("2w", 1_209_600, "14d"),
            ("90m", 5400, "90m"),
            ("61s", 61, "61s"),
        ] {
            assert_eq!(seconds(text), Some(expected), "{text}");
            assert_eq!(span(expected), written);
        }
        for text in [
            "",
            "d",
            "90",
            "90 d",
            "-1d",
            "+1d",
            "1.5h",
            "90D",
            "1d12h",
            "99999999999999999999d",
        ] {
            assert_eq!(seconds(text), None, "{text}");
        }
        assert_eq!(seconds("18446744073709551615d"), None);
    }

    #[test]
    fn a_set_of_types_is_said_in_the_fewest_words() {
        let say = |names: &[&str]| {
            let sets = type_sets();
            let of = |word: &str| {
                sets.iter()
                    .find(|(known, _)| *known == word)
                    .map(|(_, set)| set.clone())
            };
            let types = names
                .iter()
                .flat_map(|name| of(name).unwrap_or_else(|| vec![name]));
            let types: BTreeSet<String> = types.map(str::to_owned).collect();
            shortest(&types).join(" ")
        };
        assert_eq!(say(&["any"]), "any");
        assert_eq!(say(&["sco", "sdo", "x-own"]), "sdo sco x-own");
        assert_eq!(say(&["relationship", "sighting"]), "sro");
        assert_eq!(say(&["indicator", "relationship"]), "indicator relationship");
    }
}
