//! Roles, actions, and the one table that says which role may do what.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use crate::caller::Scopes;

/// What an account is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Role {
    /// A party's tool that speaks TAXII, or a party's node without a key of its own. Always belongs to a party.
    TaxiiClient,
    /// Reads everything this node holds.
    Reader,
    /// Also takes intelligence in and writes to collections.
    Analyst,
    /// Also releases and recalls: decides what leaves.
    Releaser,
    /// Also keeps accounts, peers, agreements and settings.
    Administrator,
}

/// What a route needs of whoever asks.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Action {
    /// To know that a node is here, and what it speaks.
    Know,
    /// To try to become known.
    SignIn,
    /// To ask who one is, and to leave.
    Me,
    /// To change one's own password, second factor and tokens.
    Account,
    /// To read what this node holds.
    Read,
    /// To bring intelligence in.
    Import,
    /// To release and to recall.
    Release,
    /// To change who may do what, with whom, and how.
    Administer,
    /// To read TAXII collections, as far as one sees them.
    TaxiiRead,
    /// To write to TAXII collections, as far as one may.
    TaxiiWrite,
    /// To converse as another party's node.
    Peer,
}

impl Role {
    /// Every role, from the least to the most.
    pub const ALL: [Role; 5] = [
        Role::TaxiiClient,
        Role::Reader,
        Role::Analyst,
        Role::Releaser,
        Role::Administrator,
    ];

    /// What an account of this role may do.
    #[must_use]
    pub fn actions(self) -> &'static [Action] {
        use Action::{
            Account, Administer, Import, Know, Me, Peer, Read, Release, SignIn, TaxiiRead, TaxiiWrite,
        };
        match self {
            Role::TaxiiClient => &[Know, SignIn, Me, Account, TaxiiRead, TaxiiWrite, Peer],
            Role::Reader => &[Know, SignIn, Me, Account, Read, TaxiiRead],
            Role::Analyst => &[Know, SignIn, Me, Account, Read, TaxiiRead, Import, TaxiiWrite],
            Role::Releaser => &[
                Know, SignIn, Me, Account, Read, TaxiiRead, Import, TaxiiWrite, Release,
            ],
            Role::Administrator => &[
                Know, SignIn, Me, Account, Read, TaxiiRead, Import, TaxiiWrite, Release, Administer,
            ],
        }
    }

    /// What a token of such an account may carry at most.
    #[must_use]
    pub fn scopes(self) -> Scopes {
        let actions = self.actions().iter().copied();
        actions.filter(|action| !action.is_implied()).collect()
    }

    /// Whether an account of this role belongs to a party, and not to this node's own.
    #[must_use]
    pub fn is_of_a_party(self) -> bool {
        self == Role::TaxiiClient
    }

    /// The name in texts, files and options.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Role::TaxiiClient => "taxii-client",
            Role::Reader => "reader",
            Role::Analyst => "analyst",
            Role::Releaser => "releaser",
            Role::Administrator => "administrator",
        }
    }
}

impl Action {
    /// Every action, in the order in which scopes are listed.
    pub const ALL: [Action; 11] = [
        Action::Know,
        Action::SignIn,
        Action::Me,
        Action::Account,
        Action::Read,
        Action::Import,
        Action::Release,
        Action::Administer,
        Action::TaxiiRead,
        Action::TaxiiWrite,
        Action::Peer,
    ];

    /// What everyone has and no token needs to be given.
    #[must_use]
    pub fn is_implied(self) -> bool {
        matches!(self, Action::Know | Action::SignIn | Action::Me)
    }

    /// The name in texts, files and options.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Action::Know => "know",
            Action::SignIn => "sign-in",
            Action::Me => "me",
            Action::Account => "account",
            Action::Read => "read",
            Action::Import => "import",
            Action::Release => "release",
            Action::Administer => "administer",
            Action::TaxiiRead => "taxii-read",
            Action::TaxiiWrite => "taxii-write",
            Action::Peer => "peer",
        }
    }
}

impl fmt::Display for Role {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl fmt::Display for Action {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// A name that is none of those that there are; says which there are.
#[derive(Debug, thiserror::Error)]
#[error("there is no {what} `{name}`; take one of {known}")]
pub struct UnknownName {
    what: &'static str,
    name: String,
    known: String,
}

impl FromStr for Role {
    type Err = UnknownName;

    fn from_str(name: &str) -> Result<Role, UnknownName> {
        let role = Role::ALL.into_iter().find(|role| role.name() == name);
        role.ok_or_else(|| unknown("role", name, Role::ALL.map(Role::name).as_slice()))
    }
}

impl FromStr for Action {
    type Err = UnknownName;

    fn from_str(name: &str) -> Result<Action, UnknownName> {
        let action = Action::ALL.into_iter().find(|action| action.name() == name);
        action.ok_or_else(|| unknown("scope", name, Action::ALL.map(Action::name).as_slice()))
    }
}

fn unknown(what: &'static str, name: &str, known: &[&str]) -> UnknownName {
    UnknownName {
        what,
        name: name.chars().take(40).collect(),
        known: known.join(", "),
    }
}
