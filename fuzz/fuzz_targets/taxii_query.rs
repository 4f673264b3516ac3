//! The fuzzer's bytes to [`entente_fuzz::taxii_query`].
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| entente_fuzz::taxii_query(data));
