//! The fuzzer's bytes to [`entente_fuzz::agreement_toml`].
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| entente_fuzz::agreement_toml(data));
