//! Records of sensors to events, fields read lazily and without copies.
//!
//! A [`Source`] turns any readable stream into [`Batch`]es of whole records (decompressing, finding out the
//! format from the content, following headers); a batch is then visited, on any thread, by a [`Visitor`] that
//! gets each record's typed values, the record itself, and what was broken. What a value means, and whether
//! it matches anything, is left to others. Begin at [`Source::open`].

#![cfg_attr(
    test,
    allow(
        clippy::unwrap_used,
        clippy::expect_used,
        clippy::panic,
        clippy::indexing_slicing
    )
)]

pub mod limits;

mod batch;
mod csv;
mod error;
mod evtx_chunk;
mod fields;
mod format;
mod frame;
mod input;
mod json;
mod named;
mod observe;
mod plan;
mod record;
mod scan;
mod shape;
mod simd;
mod sniff;
mod source;
mod syslog;
mod time;
mod tsv;

pub use batch::{Batch, FIELDS_VERSION, Scratch};
pub use error::Error;
pub use format::Format;
pub use input::decompressed;
pub use named::{Field, FieldNames, FieldValue};
pub use observe::{Defect, Kind, Observed, Value, Visitor};
pub use record::Record;
pub use source::{Options, Source};
pub use time::any as time_of;
