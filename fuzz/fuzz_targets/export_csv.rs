//! The fuzzer's bytes to [`entente_fuzz::export_csv`].
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| entente_fuzz::export_csv(data));
