//! The fuzzer's bytes to [`entente_fuzz::taxii_answers`].
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| entente_fuzz::taxii_answers(data));
