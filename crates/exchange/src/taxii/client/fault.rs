//! Why a conversation with a TAXII server ended before its end, by whose fault.

use crate::limits::{TAXII_ANSWER_BYTES_MAX, TAXII_REDIRECTS_MAX};

/// Why a conversation ended. What was taken in before stays, and the cursor says where to go on.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Fault {
    /// The operator's address is none.
    #[error("`{url}` is no address of a TAXII server: {cause}")]
    Address {
        /// What was named.
        url: String,
        /// Why not.
        cause: String,
    },
    /// The server sends us to another one.
    #[error(
        "{named} sends us on to `{to}`, which nobody named; if that is right, name that address instead of this one"
    )]
    Elsewhere {
        /// The origin that was named.
        named: String,
        /// Where it points.
        to: String,
    },
    /// Redirect after redirect.
    #[error(
        "{origin} sends us on more than {TAXII_REDIRECTS_MAX} times; ask its operator for the right address"
    )]
    Redirects {
        /// The origin.
        origin: String,
    },
    /// Not signed in, or not allowed.
    #[error(
        "{origin} does not let us in ({status}){}; check name and password or token, and that its operator gave them this right",
        told(.said)
    )]
    SignIn {
        /// The origin.
        origin: String,
        /// 401 or 403.
        status: u16,
        /// The server's words.
        said: String,
    },
    /// Nothing there.
    #[error(
        "there is nothing at `{url}` ({status}); check the address: `entente taxii info` lists what a server has"
    )]
    Missing {
        /// The address.
        url: String,
        /// 404 or 410.
        status: u16,
    },
    /// The server does not take the request.
    #[error("{origin} refuses what it was asked ({status}){}", told(.said))]
    Rejected {
        /// The origin.
        origin: String,
        /// The status.
        status: u16,
        /// The server's words.
        said: String,
    },
    /// Busy or broken, again and again.
    #[error(
        "{origin} is busy or broken ({status}){}{}; what came before is kept, the next time goes on from there",
        told(.said),
        .retry_after.map(|seconds| format!("; it asks to come back in {seconds} s")).unwrap_or_default()
    )]
    Unavailable {
        /// The origin.
        origin: String,
        /// The status.
        status: u16,
        /// The server's words.
        said: String,
        /// Seconds until it wants to be asked again.
        retry_after: Option<u64>,
    },
    /// TAXII 2.0.
    #[error(
        "{origin} speaks TAXII 2.0, which is not read here; ask its operator for the address of TAXII 2.1, often `/taxii2/` on the same host"
    )]
    OldVersion {
        /// The origin.
        origin: String,
    },
    /// Something else altogether.
    #[error(
        "`{url}` answers {what}, not TAXII; check the address: a TAXII server often begins at `/taxii2/`"
    )]
    NotTaxii {
        /// The address.
        url: String,
        /// What it answers.
        what: String,
    },
    /// An answer that is cut off or damaged, again and again.
    #[error(
        "{origin} answers what is damaged: {cause}; try again later, and tell its operator if it stays so"
    )]
    Damaged {
        /// The origin.
        origin: String,
        /// What is wrong.
        cause: String,
    },
    /// An answer over the bound even for one object.
    #[error(
        "{origin} answers with more than {TAXII_ANSWER_BYTES_MAX} bytes even where one object was asked for"
    )]
    TooBig {
        /// The origin.
        origin: String,
    },
}

fn told(said: &str) -> String {
    match said {
        "" => String::new(),
        said => format!(": {said}"),
    }
}
