//! The fuzzer's bytes to [`entente_fuzz::field_map`].
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| entente_fuzz::field_map(data));
