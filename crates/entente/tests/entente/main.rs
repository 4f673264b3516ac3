//! The built binary and the repository as a whole, tried from outside.

#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::disallowed_methods,
    clippy::print_stdout
)]

mod account;
mod agreement;
mod ask;
mod bad_rules;
mod crash;
mod exchange;
mod export;
mod harness;
mod hostile;
mod import;
mod map;
mod party;
mod pattern;
mod peers;
mod rule;
mod rule_trials;
mod scan;
mod scan_over_time;
mod scan_rules;
mod scan_watch;
mod serve;
mod served;
mod stix;
mod taxii;
mod web;
mod yara;
