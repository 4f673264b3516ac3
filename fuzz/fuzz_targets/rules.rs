//! The fuzzer's bytes to [`entente_fuzz::rules`].
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| entente_fuzz::rules(data));
