//! The fuzzer's bytes to [`entente_fuzz::exchange_message`].
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| entente_fuzz::exchange_message(data));
