//! Who may do what: roles and actions, passwords, second factors, tokens, throttling.
//!
//! Pure: time and randomness are arguments, and nothing is kept here. Times are whole seconds: since 1970 where
//! they are kept ([`Seconds`]), since whatever the caller likes where they only count spans in memory.
//! Begin at [`Caller::may`] for what somebody may, at [`Accounts`] for what is known of people and tools.

#![cfg_attr(
    test,
    allow(
        clippy::unwrap_used,
        clippy::expect_used,
        clippy::panic,
        clippy::indexing_slicing
    )
)]

pub mod accounts;
pub mod caller;
pub mod limits;
pub mod name;
pub mod password;
pub mod recent;
pub mod role;
pub mod second;
pub mod secret;
pub mod session;
pub mod shown;
pub mod throttle;

pub use accounts::{Account, Accounts, By, NewToken, Refusal, Standing, Token};
pub use caller::{Caller, Scopes, Who};
pub use name::Name;
pub use role::{Action, Role};
pub use secret::Secret;

/// Whole seconds since 1970-01-01T00:00:00Z.
pub type Seconds = u64;
