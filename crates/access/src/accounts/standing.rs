//! As whom somebody asks who has shown something: a token, or that they signed in.

use crate::Seconds;
use crate::accounts::{Account, Accounts, Token};
use crate::caller::{Caller, Scopes, Who};
use crate::limits::{CLOCK_BACK_MAX, USE_NOTED_AFTER};
use crate::name::Name;
use crate::secret::Digest;

/// What a token that was shown is worth.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Standing {
    /// Good.
    Good {
        /// As whom.
        caller: Caller,
        /// The token's number, for noting its use.
        token: String,
        /// Whether its last use that is written down is so old that this one should be.
        note_use: bool,
    },
    /// It was good once.
    Over,
    /// By this node's clock it is not made yet: the clock is wrong.
    NotYet,
    /// Its account is disabled.
    Disabled,
    /// There is no such token.
    Unknown,
}

impl Accounts {
    /// What `secret`, which somebody showed, is worth at `at`.
    #[must_use]
    pub fn token(&self, secret: &str, at: Seconds) -> Standing {
        let shown = Digest::of(secret);
        let id = shown.token_id();
        let Some(token) = self.tokens.get(&id).filter(|token| token.digest.is(&shown)) else {
            return Standing::Unknown;
        };
        if token.expires_at <= at {
            return Standing::Over;
        }
        // A clock years back would let tokens live for years.
        if token.made_at > at.saturating_add(CLOCK_BACK_MAX) {
            return Standing::NotYet;
        }
        match self.caller(&token.account, token.scopes) {
            Some(caller) => Standing::Good {
                caller,
                token: id,
                note_use: token.is_use_worth_noting(at),
            },
            None => Standing::Disabled,
        }
    }

    /// As whom somebody asks who is `name` and was given `scopes`; nobody where the account is disabled or none.
    #[must_use]
    pub fn caller(&self, name: &Name, scopes: Scopes) -> Option<Caller> {
        let account = self.accounts.get(name).filter(|account| !account.disabled)?;
        Some(Caller {
            who: account.who()?,
            name: name.to_string(),
            account: Some(name.to_string()),
            scopes,
        })
    }
}

impl Account {
    /// As whom it asks. A book that gives a party an own role, or the other way round, is wrong: then nobody.
    #[must_use]
    pub fn who(&self) -> Option<Who> {
        match &self.party {
            Some(party) if self.role.is_of_a_party() => Some(Who::Party(party.clone())),
            None if !self.role.is_of_a_party() => Some(Who::Own(self.role)),
            _ => None,
        }
    }
}

impl Token {
    pub(super) fn is_use_worth_noting(&self, at: Seconds) -> bool {
        self.used_at
            .is_none_or(|used| used.abs_diff(at) >= USE_NOTED_AFTER)
    }
}
