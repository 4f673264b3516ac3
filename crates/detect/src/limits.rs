//! Every bound of this crate, shown to people by `entente limits`.

/// One bound: its name, its value, and what happens there.
pub const ALL: &[(&str, u64, &str)] = &[];
