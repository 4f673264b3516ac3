//! The fuzzer's bytes to [`entente_fuzz::published`].
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| entente_fuzz::published(data));
