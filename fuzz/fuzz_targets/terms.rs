//! The fuzzer's bytes to [`entente_fuzz::terms`].
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| entente_fuzz::terms(data));
