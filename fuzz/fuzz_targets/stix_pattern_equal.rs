//! The fuzzer's bytes to [`entente_fuzz::stix_pattern_equal`].
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| entente_fuzz::stix_pattern_equal(data));
