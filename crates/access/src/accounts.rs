//! The book of accounts: who may be who, and how they prove it. Data and rules; keeping it is the binary's.
//!
//! An account is never removed, only disabled: its name stays taken, so that what a log says about a name stays true.
//! Begin at [`Accounts::token`] and [`Accounts::caller`] for what the door asks, at [`Accounts::add`] for changes.

mod change;
mod standing;
mod tokens;

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::Seconds;
use crate::caller::{Caller, Scopes};
use crate::limits::{ACCOUNTS_MAX, LABEL_CHARS_MAX, TOKEN_SECONDS_MAX, TOKENS_MAX};
use crate::name::Name;
use crate::password;
use crate::role::{Action, Role};
use crate::second::Second;
use crate::secret::Digest;

pub use standing::Standing;
pub use tokens::NewToken;

/// Everything that is known of people and tools. Empty at first: there is no default account.
#[derive(Debug, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Accounts {
    accounts: BTreeMap<Name, Account>,
    /// By number, which is the beginning of the digest.
    tokens: BTreeMap<String, Token>,
}

/// The number of the form in which the book is written down.
pub const BOOK_VERSION: u32 = 1;

/// Somebody, or something, that may ask.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Account {
    /// What it is for.
    pub role: Role,
    /// The party (its id) that it belongs to; of this node's own where there is none.
    pub party: Option<String>,
    /// Whether nobody may ask as it for now.
    pub disabled: bool,
    /// When it was made.
    pub made_at: Seconds,
    /// Its password, where it has one.
    password: Option<password::Kept>,
    /// Its second factor, confirmed or about to be.
    second: Option<Second>,
    /// Counts what ends sessions: another password, role, second factor, being disabled.
    epoch: u64,
}

/// A token, without its secret.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Token {
    /// Whose it is.
    pub account: Name,
    /// What it may be used for, of what its account may.
    pub scopes: Scopes,
    /// What its owner calls it.
    pub label: Option<String>,
    /// When it was made.
    pub made_at: Seconds,
    /// From when on it is good no more.
    pub expires_at: Seconds,
    /// When it was used last, to the hour.
    pub used_at: Option<Seconds>,
    digest: Digest,
}

/// Who changes the book.
#[derive(Clone, Copy, Debug)]
pub enum By<'a> {
    /// Whoever has the data folder in hand: the command line on the node's own machine.
    Operator,
    /// Somebody over the network.
    Caller(&'a Caller),
}

/// Why the book was not changed, or not asked. Nothing was changed then.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// There is one already.
    #[error("there is an account `{0}` already; names are never used again, take another")]
    Taken(Name),
    /// There is none.
    #[error("there is no account `{0}`; `entente account list` shows which there are")]
    NoAccount(String),
    /// There is none.
    #[error("there is no token `{0}`; `entente account list` shows which there are")]
    NoToken(String),
    /// Not for whoever asks.
    #[error("`{0}` may not change accounts; ask an administrator")]
    NotYours(String),
    /// Whoever asks has less.
    #[error(
        "`{caller}` may not give or change the role {role}, which is above their own; ask somebody who has it"
    )]
    Higher {
        /// Who asks.
        caller: String,
        /// What they asked for, or what the account has.
        role: Role,
    },
    /// Nobody would be left to administer.
    #[error("`{0}` is the last administrator; make another one first")]
    LastAdministrator(Name),
    /// The link for the first administrator is for the first only.
    #[error("there is an administrator already; ask them for an account")]
    NotFirst,
    /// A party's account has no party.
    #[error("an account of role {0} belongs to a party; name it (`--party`)")]
    NeedsParty(Role),
    /// An own account has a party.
    #[error(
        "an account of role {0} is this node's own; an account of another party has the role taxii-client; leave the party out, or take that role"
    )]
    NotForParties(Role),
    /// Own accounts and those of parties never change places.
    #[error("`{0}` belongs to a party (or to this node's own) and stays there; make another account")]
    OtherKind(Name),
    /// Too many.
    #[error(
        "there are {ACCOUNTS_MAX} accounts already, which is the most there may be; enable or give tokens to one that there is"
    )]
    TooManyAccounts,
    /// Too many.
    #[error("`{0}` has {TOKENS_MAX} tokens already; revoke one first")]
    TooManyTokens(Name),
    /// More than the account has.
    #[error("a token of `{account}` may not carry the scope {scope}; it may be given: {may}")]
    Scope {
        /// Whose token.
        account: Name,
        /// What it may not carry.
        scope: Action,
        /// What it may.
        may: String,
    },
    /// A token for nothing.
    #[error("a token needs at least one scope; name none to get all that its account may")]
    NoScope,
    /// Over before it begins, or too late.
    #[error("a token lasts from one second to {} days", TOKEN_SECONDS_MAX / 86_400)]
    Expiry,
    /// Too long, or with characters that move a terminal.
    #[error("a label has 1 to {LABEL_CHARS_MAX} characters and no control characters")]
    Label,
    /// Asked to sign in as one that cannot.
    #[error("`{0}` is disabled; `entente account enable` undoes that")]
    Disabled(Name),
    /// No second factor waits.
    #[error("`{0}` has no second factor that waits for a code; begin anew")]
    NothingToConfirm(Name),
    /// There is one.
    #[error("`{0}` has a second factor already; remove it first")]
    HasSecond(Name),
    /// Not the code.
    #[error(
        "this is not the code of now, or it was used before; see that both clocks are right and take the next one"
    )]
    WrongCode,
}

impl Accounts {
    /// Every account, by name.
    pub fn iter(&self) -> impl Iterator<Item = (&Name, &Account)> {
        self.accounts.iter()
    }

    /// An account.
    #[must_use]
    pub fn get(&self, name: &Name) -> Option<&Account> {
        self.accounts.get(name)
    }

    /// Whether somebody may administer this node.
    #[must_use]
    pub fn has_administrator(&self) -> bool {
        self.administrators().next().is_some()
    }

    fn administrators(&self) -> impl Iterator<Item = &Name> {
        let enabled = self.accounts.iter().filter(|(_, account)| !account.disabled);
        enabled
            .filter(|(_, account)| account.role == Role::Administrator)
            .map(|(name, _)| name)
    }

    fn known(&self, name: &Name) -> Result<&Account, Refusal> {
        self.accounts
            .get(name)
            .ok_or_else(|| Refusal::NoAccount(name.to_string()))
    }

    fn known_mut(&mut self, name: &Name) -> Result<&mut Account, Refusal> {
        self.accounts
            .get_mut(name)
            .ok_or_else(|| Refusal::NoAccount(name.to_string()))
    }
}

impl Account {
    /// Its password as it is kept, to be verified.
    #[must_use]
    pub fn password(&self) -> Option<&password::Kept> {
        self.password.as_ref()
    }

    /// Whether signing in takes a code.
    #[must_use]
    pub fn has_second(&self) -> bool {
        self.second.as_ref().is_some_and(Second::is_confirmed)
    }

    /// Its second factor, confirmed or about to be.
    #[must_use]
    pub fn second(&self) -> Option<&Second> {
        self.second.as_ref()
    }

    /// Counts what ends sessions.
    #[must_use]
    pub fn epoch(&self) -> u64 {
        self.epoch
    }
}
