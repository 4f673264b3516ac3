//! Changes of accounts, each with who may make it.

use crate::Seconds;
use crate::accounts::{Account, Accounts, By, Refusal};
use crate::caller::{Caller, Who};
use crate::limits::ACCOUNTS_MAX;
use crate::name::Name;
use crate::password;
use crate::role::{Action, Role};
use crate::second::{SECRET_BYTES, Second};

impl Accounts {
    /// Adds an account without password or token.
    ///
    /// # Errors
    /// Not theirs to make; the name is taken; role and party do not go together; too many.
    pub fn add(
        &mut self,
        by: By<'_>,
        name: Name,
        role: Role,
        party: Option<String>,
        at: Seconds,
    ) -> Result<(), Refusal> {
        require_administrator(by)?;
        require_not_higher(by, role)?;
        match (&party, role.is_of_a_party()) {
            (None, true) => return Err(Refusal::NeedsParty(role)),
            (Some(_), false) => return Err(Refusal::NotForParties(role)),
            _ => {}
        }
        self.insert(name, role, party, at)
    }

    /// Adds the first administrator, for whom there is nobody to ask.
    ///
    /// # Errors
    /// There is an administrator; the name is taken.
    pub fn add_first(&mut self, name: Name, password: password::Kept, at: Seconds) -> Result<(), Refusal> {
        if self.has_administrator() {
            return Err(Refusal::NotFirst);
        }
        self.insert(name.clone(), Role::Administrator, None, at)?;
        self.known_mut(&name)?.password = Some(password);
        Ok(())
    }

    fn insert(&mut self, name: Name, role: Role, party: Option<String>, at: Seconds) -> Result<(), Refusal> {
        if self.accounts.contains_key(&name) {
            return Err(Refusal::Taken(name));
        }
        if self.accounts.len() >= ACCOUNTS_MAX {
            return Err(Refusal::TooManyAccounts);
        }
        let account = Account {
            role,
            party,
            disabled: false,
            made_at: at,
            password: None,
            second: None,
            epoch: 0,
        };
        self.accounts.insert(name, account);
        Ok(())
    }

    /// Gives an account another role of the same kind: a party's account never gets an own one.
    ///
    /// # Errors
    /// Not theirs to change; above their own; nobody would be left to administer.
    pub fn set_role(&mut self, by: By<'_>, name: &Name, role: Role) -> Result<(), Refusal> {
        self.require_above(by, name)?;
        require_not_higher(by, role)?;
        let held = self.known(name)?.role;
        if held.is_of_a_party() != role.is_of_a_party() {
            return Err(Refusal::OtherKind(name.clone()));
        }
        if role == held {
            return Ok(());
        }
        self.require_not_last(name)?;
        let account = self.known_mut(name)?;
        account.role = role;
        account.epoch += 1;
        Ok(())
    }

    /// Lets nobody ask as this account any more, or lets them again. Its tokens come back with it.
    ///
    /// # Errors
    /// Not theirs to change; nobody would be left to administer.
    pub fn set_disabled(&mut self, by: By<'_>, name: &Name, disabled: bool) -> Result<(), Refusal> {
        self.require_above(by, name)?;
        if self.known(name)?.disabled == disabled {
            return Ok(());
        }
        if disabled {
            self.require_not_last(name)?;
        }
        let account = self.known_mut(name)?;
        account.disabled = disabled;
        account.epoch += 1;
        Ok(())
    }

    /// Gives an account a password, in place of any that it has.
    ///
    /// # Errors
    /// Not theirs to change.
    pub fn set_password(&mut self, by: By<'_>, name: &Name, password: password::Kept) -> Result<(), Refusal> {
        self.require_self_or_administrator(by, name)?;
        let account = self.known_mut(name)?;
        account.password = Some(password);
        account.epoch += 1;
        Ok(())
    }

    /// Begins a second factor, in place of one that was never confirmed.
    ///
    /// # Errors
    /// Not theirs to change; there is a confirmed one.
    pub fn enrol(
        &mut self,
        by: By<'_>,
        name: &Name,
        random: &[u8; SECRET_BYTES],
    ) -> Result<&Second, Refusal> {
        self.require_self_or_administrator(by, name)?;
        let account = self.known_mut(name)?;
        if account.has_second() {
            return Err(Refusal::HasSecond(name.clone()));
        }
        Ok(account.second.insert(Second::new(random)))
    }

    /// Confirms a second factor by its first code; from then on signing in takes one.
    ///
    /// # Errors
    /// Not theirs to change; none waits; not the code.
    pub fn confirm(&mut self, by: By<'_>, name: &Name, code: &str, at: Seconds) -> Result<(), Refusal> {
        self.require_self_or_administrator(by, name)?;
        let account = self.known_mut(name)?;
        let waiting = account.second.as_mut().filter(|second| !second.is_confirmed());
        let second = waiting.ok_or_else(|| Refusal::NothingToConfirm(name.clone()))?;
        if !second.take(code, at) {
            return Err(Refusal::WrongCode);
        }
        account.epoch += 1;
        Ok(())
    }

    /// Removes a second factor, confirmed or not.
    ///
    /// # Errors
    /// Not theirs to change.
    pub fn remove_second(&mut self, by: By<'_>, name: &Name) -> Result<(), Refusal> {
        self.require_self_or_administrator(by, name)?;
        let account = self.known_mut(name)?;
        if account.second.take().is_some() {
            account.epoch += 1;
        }
        Ok(())
    }

    /// Takes a code of somebody who signs in; none is taken twice.
    ///
    /// # Errors
    /// Not the code, or there is no second factor to have one.
    pub fn take_code(&mut self, name: &Name, code: &str, at: Seconds) -> Result<(), Refusal> {
        let account = self.known_mut(name)?;
        let confirmed = account.second.as_mut().filter(|second| second.is_confirmed());
        if confirmed.is_some_and(|second| second.take(code, at)) {
            Ok(())
        } else {
            Err(Refusal::WrongCode)
        }
    }

    /// What one may change of oneself, and an administrator of those who are not above.
    pub(super) fn require_self_or_administrator(&self, by: By<'_>, name: &Name) -> Result<(), Refusal> {
        match by {
            By::Caller(caller) if is_self(caller, name) && caller.may(Action::Account) => {
                self.known(name).map(drop)
            }
            _ => self.require_above(by, name),
        }
    }

    /// What only an administrator may change, of those who are not above.
    fn require_above(&self, by: By<'_>, name: &Name) -> Result<(), Refusal> {
        require_administrator(by)?;
        require_not_higher(by, self.known(name)?.role)
    }

    fn require_not_last(&self, name: &Name) -> Result<(), Refusal> {
        let mut administrators = self.administrators();
        if administrators.next() == Some(name) && administrators.next().is_none() {
            return Err(Refusal::LastAdministrator(name.clone()));
        }
        Ok(())
    }
}

fn is_self(caller: &Caller, name: &Name) -> bool {
    caller.account.as_deref() == Some(name.as_str())
}

fn require_administrator(by: By<'_>) -> Result<(), Refusal> {
    match by {
        By::Operator => Ok(()),
        By::Caller(caller) if caller.may(Action::Administer) => Ok(()),
        By::Caller(caller) => Err(Refusal::NotYours(caller.name.clone())),
    }
}

/// Nobody gives, or changes what has, a role above their own.
fn require_not_higher(by: By<'_>, role: Role) -> Result<(), Refusal> {
    match by {
        By::Operator => Ok(()),
        By::Caller(Caller {
            who: Who::Own(own), ..
        }) if role <= *own => Ok(()),
        By::Caller(caller) => Err(Refusal::Higher {
            caller: caller.name.clone(),
            role,
        }),
    }
}
