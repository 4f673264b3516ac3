//! One total function a reader of foreign bytes, each with the laws that hold whatever the bytes.
//!
//! `fuzz_targets/` hands the fuzzer's bytes to these; `tests/replay.rs` hands them the corpora on
//! stable. A broken law is a panic, as the fuzzer wants it; so is an overflow, which is checked.

#![forbid(unsafe_code)]

mod access;
mod choice;
mod decide;
mod detect;
mod exchange;
mod field_map;
mod formats;
mod node;
mod policy;
mod rules;
mod sigma;
mod state;
mod stix;
mod store;
mod taxii;
mod telemetry;
mod translog;

pub use access::shown;
pub use decide::decide;
pub use detect::{generation, pattern_match, scan, terms};
pub use exchange::{exchange_bundle, exchange_hello, exchange_message, exchange_slice};
pub use field_map::field_map;
pub use formats::{csv, export_csv, list};
pub use node::opening;
pub use policy::{agreement_canonical, agreement_toml};
pub use rules::rules;
pub use sigma::{sigma_pipeline, sigma_rule};
pub use state::{sigma_correlation, state_hits, state_snapshot};
pub use stix::{observable, stix_bundle, stix_json, stix_object, stix_pattern, stix_pattern_equal};
pub use store::search_query;
pub use taxii::{taxii_answer, taxii_answers, taxii_envelope, taxii_query, taxii_takeover};
pub use telemetry::{evtx, logs};
pub use translog::{log_text, log_tile, note, published};

/// A reader under test.
pub type Target = fn(&[u8]);

/// Every target by its name, which is that of its corpus.
pub const TARGETS: &[(&str, Target)] = &[
    ("agreement_canonical", agreement_canonical),
    ("agreement_toml", agreement_toml),
    ("csv", csv),
    ("decide", decide),
    ("evtx", evtx),
    ("exchange_bundle", exchange_bundle),
    ("exchange_hello", exchange_hello),
    ("exchange_message", exchange_message),
    ("exchange_slice", exchange_slice),
    ("export_csv", export_csv),
    ("field_map", field_map),
    ("generation", generation),
    ("list", list),
    ("log_text", log_text),
    ("log_tile", log_tile),
    ("logs", logs),
    ("note", note),
    ("observable", observable),
    ("opening", opening),
    ("pattern_match", pattern_match),
    ("published", published),
    ("rules", rules),
    ("scan", scan),
    ("search_query", search_query),
    ("shown", shown),
    ("sigma_correlation", sigma_correlation),
    ("sigma_pipeline", sigma_pipeline),
    ("sigma_rule", sigma_rule),
    ("state_hits", state_hits),
    ("state_snapshot", state_snapshot),
    ("stix_bundle", stix_bundle),
    ("stix_json", stix_json),
    ("stix_object", stix_object),
    ("stix_pattern", stix_pattern),
    ("stix_pattern_equal", stix_pattern_equal),
    ("taxii_answer", taxii_answer),
    ("taxii_answers", taxii_answers),
    ("taxii_envelope", taxii_envelope),
    ("taxii_query", taxii_query),
    ("taxii_takeover", taxii_takeover),
    ("terms", terms),
];

/// A reader that gives a few bytes at a time: borders in odd places must change nothing.
struct Dribble<'a> {
    data: &'a [u8],
    step: usize,
}

impl<'a> Dribble<'a> {
    fn new(data: &'a [u8]) -> Self {
        Self { data, step: 0 }
    }
}

impl std::io::Read for Dribble<'_> {
    fn read(&mut self, out: &mut [u8]) -> std::io::Result<usize> {
        self.step = self.step % 7 + 1;
        let (now, later) = self.data.split_at(self.step.min(self.data.len()).min(out.len()));
        out[..now.len()].copy_from_slice(now);
        self.data = later;
        Ok(now.len())
    }
}
