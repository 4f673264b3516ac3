//! The fuzzer's bytes to [`entente_fuzz::state_snapshot`].
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| entente_fuzz::state_snapshot(data));
