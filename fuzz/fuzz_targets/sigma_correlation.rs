//! The fuzzer's bytes to [`entente_fuzz::sigma_correlation`].
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| entente_fuzz::sigma_correlation(data));
