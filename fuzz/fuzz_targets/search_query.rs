//! The fuzzer's bytes to [`entente_fuzz::search_query`].
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| entente_fuzz::search_query(data));
