//! The fuzzer's bytes to [`entente_fuzz::exchange_bundle`].
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| entente_fuzz::exchange_bundle(data));
