//! The fuzzer's bytes to [`entente_fuzz::opening`].
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| entente_fuzz::opening(data));
