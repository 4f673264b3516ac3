//! Every bound of the program, crate by crate.

use serde::Serialize;
use utoipa::ToSchema;

type Limits = &'static [(&'static str, u64, &'static str)];

const PARTS: [(&str, Limits); 13] = [
    ("stix", entente_stix::limits::ALL),
    ("formats", entente_formats::limits::ALL),
    ("telemetry", entente_telemetry::limits::ALL),
    ("sigma", entente_sigma::limits::ALL),
    ("detect", entente_detect::limits::ALL),
    ("yara", entente_yara::limits::ALL),
    ("policy", entente_policy::limits::ALL),
    ("translog", entente_translog::limits::ALL),
    ("access", entente_access::limits::ALL),
    ("store", entente_store::limits::ALL),
    ("node", entente_node::limits::ALL),
    ("exchange", entente_exchange::limits::ALL),
    ("serve", crate::serve::limits::ALL),
];

/// A bound of the program.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub(crate) struct Limit {
    /// The part of the program that it holds in.
    #[schema(value_type = String, example = "stix")]
    pub(crate) part: &'static str,
    /// What is bounded.
    #[schema(value_type = String)]
    pub(crate) limit: &'static str,
    /// The bound.
    pub(crate) value: u64,
    /// What happens beyond it.
    #[schema(value_type = String)]
    pub(crate) beyond: &'static str,
}

/// Every bound.
pub(crate) fn all() -> impl Iterator<Item = Limit> {
    PARTS.into_iter().flat_map(|(part, limits)| {
        limits.iter().map(move |(limit, value, beyond)| Limit {
            part,
            limit,
            value: *value,
            beyond,
        })
    })
}

#[cfg(test)]
mod tests {
    #[test]
    fn every_limit_is_named_in_words_and_says_what_happens_beyond_it() {
        for (part, limits) in super::PARTS {
            assert!(!limits.is_empty(), "`{part}` shows no limits");
        }
        for one in super::all() {
            let (part, name) = (one.part, one.limit);
            assert!(
                !name.contains(['_', '.']),
                "{part}: `{name}` is a name for programs"
            );
            assert!(
                one.value > 0 && !name.is_empty() && one.beyond.len() > 5,
                "{part}: {name}"
            );
        }
    }
}
