//! Tokens in the book: made, listed, revoked, forgotten.

use crate::Seconds;
use crate::accounts::{Account, Accounts, By, Refusal, Token};
use crate::caller::Scopes;
use crate::limits::{LABEL_CHARS_MAX, TOKEN_REMEMBERED, TOKEN_SECONDS_MAX, TOKENS_MAX};
use crate::name::Name;
use crate::role::Action;
use crate::secret::Digest;

/// What a token is to be.
#[derive(Clone, Debug)]
pub struct NewToken {
    /// What it may be used for. Where nothing is said, all that its account may but [`Action::Account`]: a token that
    /// leaks does not make others that last longer.
    pub scopes: Option<Scopes>,
    /// What its owner calls it.
    pub label: Option<String>,
    /// Seconds that it lasts.
    pub seconds: Seconds,
}

impl Accounts {
    /// Tokens of an account, or of all, by number.
    pub fn tokens<'a>(&'a self, of: Option<&'a Name>) -> impl Iterator<Item = (&'a str, &'a Token)> {
        let tokens = self.tokens.iter().map(|(id, token)| (id.as_str(), token));
        tokens.filter(move |(_, token)| of.is_none_or(|name| token.account == *name))
    }

    /// Adds a token of `name` whose secret has `digest`, and gives its number.
    ///
    /// # Errors
    /// Not theirs to make; more than the account may, or than who asks may; too long; too many.
    pub fn add_token(
        &mut self,
        by: By<'_>,
        name: &Name,
        new: NewToken,
        digest: Digest,
        at: Seconds,
    ) -> Result<String, Refusal> {
        self.require_self_or_administrator(by, name)?;
        let account = self.known(name)?;
        if account.disabled {
            return Err(Refusal::Disabled(name.clone()));
        }
        let grantable = grantable(account, by);
        let scopes = new.scopes.unwrap_or(grantable.without(Action::Account));
        if let Some(scope) = scopes.iter().find(|scope| !grantable.contains(*scope)) {
            return Err(Refusal::Scope {
                account: name.clone(),
                scope,
                may: names(grantable),
            });
        }
        if scopes.is_empty() {
            return Err(Refusal::NoScope);
        }
        if new.seconds == 0 || new.seconds > TOKEN_SECONDS_MAX {
            return Err(Refusal::Expiry);
        }
        require_label(new.label.as_deref())?;
        self.forget_tokens(at);
        if self
            .tokens(Some(name))
            .filter(|(_, token)| token.expires_at > at)
            .count()
            >= TOKENS_MAX
        {
            return Err(Refusal::TooManyTokens(name.clone()));
        }
        let id = digest.token_id();
        let token = Token {
            account: name.clone(),
            scopes,
            label: new.label,
            made_at: at,
            expires_at: at.saturating_add(new.seconds),
            used_at: None,
            digest,
        };
        self.tokens.insert(id.clone(), token);
        Ok(id)
    }

    /// That a token is of `name`.
    ///
    /// # Errors
    /// There is none, or it is another's.
    pub fn require_token_of(&self, name: &Name, id: &str) -> Result<(), Refusal> {
        match self.tokens.get(id) {
            Some(token) if token.account == *name => Ok(()),
            _ => Err(Refusal::NoToken(id.chars().take(40).collect())),
        }
    }

    /// Takes a token back, at once and for good.
    ///
    /// # Errors
    /// There is none, or it is not theirs.
    pub fn revoke(&mut self, by: By<'_>, id: &str) -> Result<Token, Refusal> {
        let unknown = || Refusal::NoToken(id.chars().take(40).collect());
        let token = self.tokens.get(id).ok_or_else(unknown)?;
        // To those who may not see it there is none.
        let name = token.account.clone();
        match self.require_self_or_administrator(by, &name) {
            Err(Refusal::NotYours(_)) => return Err(unknown()),
            answer => answer?,
        }
        self.tokens.remove(id).ok_or_else(unknown)
    }

    /// Takes every token of an account back; says how many.
    ///
    /// # Errors
    /// There is no such account, or it is not theirs.
    pub fn revoke_all(&mut self, by: By<'_>, name: &Name) -> Result<usize, Refusal> {
        self.require_self_or_administrator(by, name)?;
        let before = self.tokens.len();
        self.tokens.retain(|_, token| token.account != *name);
        Ok(before - self.tokens.len())
    }

    /// Writes down that a token was used, if what is written is old.
    pub fn note_use(&mut self, id: &str, at: Seconds) {
        if let Some(token) = self.tokens.get_mut(id)
            && token.is_use_worth_noting(at)
        {
            token.used_at = Some(at);
        }
    }

    /// Drops tokens that have long been over.
    fn forget_tokens(&mut self, at: Seconds) {
        self.tokens
            .retain(|_, token| token.expires_at.saturating_add(TOKEN_REMEMBERED) > at);
    }
}

/// What a token of the account may carry at most. One made over the network gets no more than its maker has.
fn grantable(account: &Account, by: By<'_>) -> Scopes {
    let own = account.role.scopes();
    match by {
        By::Operator => own,
        // An administrator gives a tool of somebody else what that account may, be it not their own.
        By::Caller(caller) if caller.may(Action::Administer) => own,
        By::Caller(caller) => own.and(caller.allowed()),
    }
}

fn names(scopes: Scopes) -> String {
    scopes.iter().map(Action::name).collect::<Vec<_>>().join(", ")
}

fn require_label(label: Option<&str>) -> Result<(), Refusal> {
    let Some(label) = label else {
        return Ok(());
    };
    let chars = label.chars().count();
    if chars == 0 || chars > LABEL_CHARS_MAX || label.chars().any(char::is_control) {
        return Err(Refusal::Label);
    }
    Ok(())
}
