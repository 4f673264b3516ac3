//! The fuzzer's bytes to [`entente_fuzz::taxii_envelope`].
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| entente_fuzz::taxii_envelope(data));
