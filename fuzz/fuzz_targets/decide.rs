//! The fuzzer's bytes to [`entente_fuzz::decide`].
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| entente_fuzz::decide(data));
