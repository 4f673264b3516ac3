//! Other people's intelligence formats to objects and back.
//!
//! Lists and CSV come in as entries, each a value with what its source says about it; an entry
//! becomes a STIX indicator by [`indicator()`]. What cannot be taken is a [`Defect`] beside the good
//! ones. Begin at [`detect_kind`], then [`list::Reader`] and [`csv::Reader`]; [`medallion`] reads
//! another server's data; [`export`] is the way out. STIX itself is `entente-stix`; decompressing is the caller's.

#![cfg_attr(
    test,
    allow(
        clippy::unwrap_used,
        clippy::expect_used,
        clippy::panic,
        clippy::indexing_slicing
    )
)]

pub mod csv;
pub mod entry;
pub mod export;
mod indicator;
mod kind;
pub mod limits;
mod lines;
pub mod list;
pub mod medallion;
mod value;

pub use entry::{Attributes, Defect, Entry, Item};
pub use indicator::indicator;
pub use kind::{Kind, detect_kind};
