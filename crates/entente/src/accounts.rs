//! The book of accounts in the data folder, as the command line and the server keep it: randomness, hashing, the clock.
//!
//! Rules are in `entente-access`; a refusal of theirs becomes an exit code here, and a problem in `serve`.

use std::path::Path;

use entente_access::accounts::BOOK_VERSION;
use entente_access::password::{self, Kept as Password};
use entente_access::second::SECRET_BYTES;
use entente_access::{Accounts, By, Name, NewToken, Refusal, Seconds, Secret};
use entente_stix::time::Timestamp;
use zeroize::Zeroizing;

use crate::answers::account::{Enrolled, TokenMade};
use crate::exit::{Exit, Failure};
use crate::kept::Kept;

const FILE: &str = "accounts.json";

/// What an authenticator application calls this node.
const ISSUER: &str = "Entente";

/// The book of a data folder.
pub(crate) fn book(data: &Path) -> Kept<Accounts> {
    Kept::new(data.join(FILE), BOOK_VERSION)
}

/// Whole seconds, as accounts count them.
pub(crate) fn seconds(at: Timestamp) -> Seconds {
    u64::try_from(at.micros() / 1_000_000).unwrap_or(0)
}

/// Bytes of the system's randomness.
pub(crate) fn random<const N: usize>() -> Result<[u8; N], Failure> {
    let mut bytes = [0; N];
    getrandom::fill(&mut bytes)
        .map_err(|error| Failure::store(format!("the system gives no randomness: {error}")))?;
    Ok(bytes)
}

/// A password that is good enough for `name`, as it is kept. Takes tens of milliseconds.
pub(crate) fn hashed(text: &str, name: &Name) -> Result<Password, Failure> {
    password::require_strong(text, name).map_err(Failure::usage)?;
    password::keep(text, &random()?).map_err(Failure::store)
}

/// Makes a token and adds it to the book; the answer is the only place where its secret is.
pub(crate) fn make_token(
    book: &mut Accounts,
    by: By<'_>,
    name: &Name,
    new: NewToken,
    at: Timestamp,
) -> Result<TokenMade, Made> {
    let secret = Secret::token(&Zeroizing::new(random()?));
    let id = book.add_token(by, name, new, secret.digest(), seconds(at))?;
    Ok(TokenMade::of(book, &id, &secret, at).ok_or(Refusal::NoToken(id))?)
}

/// Begins a second factor; the answer is the only place where its secret is shown.
pub(crate) fn enrol(book: &mut Accounts, by: By<'_>, name: &Name) -> Result<Enrolled, Made> {
    let random = Zeroizing::new(random::<SECRET_BYTES>()?);
    let second = book.enrol(by, name, &random)?;
    let enrolment = second.enrolment(ISSUER, name);
    Ok(enrolment
        .map(Enrolled::of)
        .ok_or_else(|| Refusal::NothingToConfirm(name.clone()))?)
}

/// Why nothing was made: the rules refused it, or the machine failed.
#[derive(Debug)]
pub(crate) enum Made {
    /// The rules.
    Refused(Refusal),
    /// The machine.
    Failed(Failure),
}

impl From<Refusal> for Made {
    fn from(refusal: Refusal) -> Made {
        Made::Refused(refusal)
    }
}

impl From<Failure> for Made {
    fn from(failure: Failure) -> Made {
        Made::Failed(failure)
    }
}

impl From<Made> for Failure {
    fn from(made: Made) -> Failure {
        match made {
            Made::Refused(refusal) => refusal.into(),
            Made::Failed(failure) => failure,
        }
    }
}

/// Whose fault a refusal is, on the command line.
impl From<Refusal> for Failure {
    fn from(refusal: Refusal) -> Failure {
        let exit = match refusal {
            Refusal::NoAccount(_) | Refusal::NoToken(_) => Exit::NotFound,
            Refusal::NotYours(_)
            | Refusal::Higher { .. }
            | Refusal::LastAdministrator(_)
            | Refusal::NotFirst
            | Refusal::OtherKind(_)
            | Refusal::Scope { .. }
            | Refusal::Disabled(_) => Exit::Refused,
            Refusal::WrongCode => Exit::BadInput,
            Refusal::Taken(_)
            | Refusal::NeedsParty(_)
            | Refusal::NotForParties(_)
            | Refusal::TooManyAccounts
            | Refusal::TooManyTokens(_)
            | Refusal::NoScope
            | Refusal::Expiry
            | Refusal::Label
            | Refusal::NothingToConfirm(_)
            | Refusal::HasSecond(_) => Exit::Usage,
        };
        Failure {
            exit,
            message: refusal.to_string(),
        }
    }
}
