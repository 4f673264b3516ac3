//! STIX 2.1 as text kept whole plus what we must know of it.
//!
//! Pure: bytes in, values and findings out. Begin at [`bundle::Reader`], which streams objects out of
//! a file, and [`object::Object`], which is one of them.

#![cfg_attr(
    test,
    allow(
        clippy::unwrap_used,
        clippy::expect_used,
        clippy::panic,
        clippy::indexing_slicing
    )
)]

pub mod bundle;
pub mod digest;
pub mod id;
pub mod json;
pub mod limits;
pub mod marking;
pub mod object;
pub mod observable;
pub mod pattern;
pub mod reference;
pub mod time;
pub mod validate;
pub mod words;
