//! The fuzzer's bytes to [`entente_fuzz::sigma_rule`].
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| entente_fuzz::sigma_rule(data));
