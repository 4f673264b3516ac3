//! The fuzzer's bytes to [`entente_fuzz::agreement_canonical`].
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| entente_fuzz::agreement_canonical(data));
