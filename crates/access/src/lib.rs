//! Who may do what: roles and actions, passwords, second factors, tokens, throttling.
//!
//! Pure: time and randomness are arguments, and nothing is kept here. Times are whole seconds: since 1970 where
//! they are kept ([`Seconds`]), since whatever the caller likes where they only count spans in memory.
//! Begin at [`Caller::may`].

#![cfg_attr(
    test,
    allow(
        clippy::unwrap_used,
        clippy::expect_used,
        clippy::panic,
        clippy::indexing_slicing
    )
)]

pub mod caller;
pub mod role;

pub use caller::{Caller, Scopes, Who};
pub use role::{Action, Role};

/// Whole seconds since 1970-01-01T00:00:00Z.
pub type Seconds = u64;
