//! The fuzzer's bytes to [`entente_fuzz::shown`].
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| entente_fuzz::shown(data));
