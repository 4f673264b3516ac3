//! Every bound of this crate, shown to people by `entente limits`.

/// Bytes of one text of rules or of a pipeline; a longer one is refused.
pub const TEXT_BYTES_MAX: usize = 64 << 20;

/// Documents in one text; those after are refused.
pub const DOCUMENTS_MAX: usize = 100_000;

/// Lists and maps inside each other in one document.
pub const DEPTH_MAX: usize = 48;

/// Nodes of one document, aliases counted as often as they are used.
pub const NODES_MAX: usize = 200_000;

/// Bytes of the scalars of one document, aliases counted as often as they are used.
pub const SCALAR_BYTES_MAX: usize = 16 << 20;

/// One bound: its name, its value, and what happens there.
pub const ALL: &[(&str, u64, &str)] = &[];
