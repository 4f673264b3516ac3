//! The fuzzer's bytes to [`entente_fuzz::csv`].
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| entente_fuzz::csv(data));
