//! The fuzzer's bytes to [`entente_fuzz::log_tile`].
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| entente_fuzz::log_tile(data));
