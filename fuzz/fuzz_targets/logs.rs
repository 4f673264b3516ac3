//! The fuzzer's bytes to [`entente_fuzz::logs`].
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| entente_fuzz::logs(data));
