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

pub mod admit;
pub mod agreement;
pub mod classes;
pub mod decide;
pub mod explain;
pub mod hand_over;
pub mod handling;
pub mod limits;
pub mod marks;
mod redact;
mod references;
pub mod released;
pub mod standing;
pub mod terms;
pub mod withheld;

pub use admit::{Admission, Cause, Held, Telling, Way, admit};
pub use agreement::{Agreement, Clause, Contribution, Fault, Member, Obligations, Parties, Seconds};
pub use classes::Classes;
pub use decide::{Decision, Form, Provenance, Question, Surroundings, decide};
pub use explain::explain;
pub use hand_over::{Content, Entry, Handing, HandingToAnyone, hand_over, hand_over_to_anyone};
pub use handling::{Handling, Iep, Pap, Tlp};
pub use marks::MarkingFacts;
pub use released::Released;
pub use standing::{Acts, Standing, standing};
pub use terms::{Audience, Terms};
pub use withheld::{Condition, Obstacle, Reason, Withheld};
