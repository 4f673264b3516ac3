//! The fuzzer's bytes to [`entente_fuzz::sigma_pipeline`].
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| entente_fuzz::sigma_pipeline(data));
