//! The fuzzer's bytes to [`entente_fuzz::exchange_hello`].
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| entente_fuzz::exchange_hello(data));
