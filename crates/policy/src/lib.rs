//! Agreements and handling rules to a decision with its clause; redaction; admission.
//!
//! Pure: the caller brings the agreement, the objects and the time, and has verified the signatures.
//! Begin at [`agreement::Agreement`], which is what parties sign, and [`standing::standing`], which
//! says whether it is in force.

#![cfg_attr(
    test,
    allow(
        clippy::unwrap_used,
        clippy::expect_used,
        clippy::panic,
        clippy::indexing_slicing
    )
)]

pub mod agreement;
pub mod handling;
pub mod limits;
pub mod standing;

pub use agreement::{Agreement, Clause, Contribution, Fault, Member, Obligations, Parties, Seconds};
pub use handling::{Handling, Iep, Pap, Tlp};
pub use standing::{Acts, Standing, standing};
