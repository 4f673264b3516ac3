//! Whether everything is as history says.

use entente_store::{Difference, Report};
use serde::Serialize;
use utoipa::ToSchema;

/// Something that is not as history says.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub(crate) struct DifferenceShown {
    /// Which part of the store.
    #[schema(example = "observables")]
    pub(crate) part: String,
    /// The object's id, or a place in the file; may be empty.
    pub(crate) subject: String,
    /// What differs.
    pub(crate) message: String,
    /// Whether a repair mends it.
    pub(crate) repairable: bool,
}

impl From<&Difference> for DifferenceShown {
    fn from(difference: &Difference) -> DifferenceShown {
        DifferenceShown {
            part: difference.part.to_owned(),
            subject: difference.subject.clone(),
            message: difference.message.clone(),
            repairable: difference.repairable,
        }
    }
}

/// The end of a check.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub(crate) struct Checked {
    /// The sums.
    pub(crate) check: CheckSums,
}

/// The sums of a check.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub(crate) struct CheckSums {
    /// Object versions looked at.
    pub(crate) versions: u64,
    /// What differs in all; fewer may be listed.
    pub(crate) differences: u64,
    /// Whether what is derived was rebuilt.
    pub(crate) repaired: bool,
    /// Whether everything is as history says.
    pub(crate) clean: bool,
}

impl From<&Report> for Checked {
    fn from(report: &Report) -> Checked {
        Checked {
            check: CheckSums {
                versions: report.versions,
                differences: report.differences_total,
                repaired: report.repaired,
                clean: report.is_clean(),
            },
        }
    }
}
