//! The fuzzer's bytes to [`entente_fuzz::pattern_match`].
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| entente_fuzz::pattern_match(data));
