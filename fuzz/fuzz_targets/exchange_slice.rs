//! The fuzzer's bytes to [`entente_fuzz::exchange_slice`].
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| entente_fuzz::exchange_slice(data));
