//! What the node answers, as programs read it: the same JSON on the command line (`--json`) and over HTTP.
//!
//! One file a subject; each type is made from what `node` gives. Members are a contract with scripts, and their
//! comments are the words of the OpenAPI document. Text for people is made elsewhere: in `commands/`.

pub(crate) mod account;
pub(crate) mod agreement;
pub(crate) mod bundle;
pub(crate) mod check;
pub(crate) mod detection;
pub(crate) mod export;
pub(crate) mod files;
pub(crate) mod find;
pub(crate) mod import;
pub(crate) mod limits;
pub(crate) mod log;
pub(crate) mod look;
pub(crate) mod over_time;
pub(crate) mod party;
pub(crate) mod pattern;
pub(crate) mod peer;
pub(crate) mod proof;
pub(crate) mod release;
pub(crate) mod remark;
pub(crate) mod rule;
pub(crate) mod scan;
pub(crate) mod show;
pub(crate) mod stix;
pub(crate) mod takeover;
pub(crate) mod trials;

use std::collections::BTreeMap;

use entente_stix::time::Timestamp;

/// Microseconds since 1970 UTC as RFC 3339 text.
fn time(micros: i64) -> String {
    Timestamp::from_micros(micros).to_string()
}

/// A digest in hexadecimal.
pub(crate) fn hex(digest: &[u8; 32]) -> String {
    digest.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// Times by party.
fn times(times: &BTreeMap<String, Timestamp>) -> BTreeMap<String, String> {
    times
        .iter()
        .map(|(id, at)| (id.clone(), at.to_string()))
        .collect()
}
