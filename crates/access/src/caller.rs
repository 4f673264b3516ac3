//! Who asks, and what they may.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::role::{Action, Role};

/// As whom somebody asks.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Who {
    /// Nobody that is known.
    Anyone,
    /// A person or tool of this node's own party.
    Own(Role),
    /// An account of another party (its id).
    Party(String),
    /// Another party's node (the party's id), known by the pinned key of its certificate.
    Peer(String),
}

impl Who {
    /// What they may do at most; the permission table.
    #[must_use]
    pub fn actions(&self) -> &'static [Action] {
        match self {
            Who::Anyone => &[Action::Know, Action::SignIn, Action::TaxiiRead],
            // An account of a party never gets an own role, nor an own one that of a party.
            Who::Own(role) if role.is_of_a_party() => &[Action::Know, Action::SignIn],
            Who::Own(role) => role.actions(),
            Who::Party(_) => Role::TaxiiClient.actions(),
            Who::Peer(_) => &[
                Action::Know,
                Action::SignIn,
                Action::Me,
                Action::Peer,
                Action::TaxiiRead,
                Action::TaxiiWrite,
            ],
        }
    }

    /// The other party that asks, by its id.
    #[must_use]
    pub fn party(&self) -> Option<&str> {
        match self {
            Who::Party(party) | Who::Peer(party) => Some(party),
            Who::Anyone | Who::Own(_) => None,
        }
    }
}

/// A set of actions.
#[derive(Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(from = "Vec<Action>", into = "Vec<Action>")]
pub struct Scopes(u16);

impl Scopes {
    /// Every action.
    pub const ALL: Scopes = Scopes(u16::MAX);

    /// No action.
    pub const NONE: Scopes = Scopes(0);

    /// Whether `action` is in the set.
    #[must_use]
    pub fn contains(self, action: Action) -> bool {
        self.0 & bit(action) != 0
    }

    /// The set with `action` in it.
    #[must_use]
    pub fn with(self, action: Action) -> Scopes {
        Scopes(self.0 | bit(action))
    }

    /// The set without `action` in it.
    #[must_use]
    pub fn without(self, action: Action) -> Scopes {
        Scopes(self.0 & !bit(action))
    }

    /// What is in both.
    #[must_use]
    pub fn and(self, other: Scopes) -> Scopes {
        Scopes(self.0 & other.0)
    }

    /// Whether everything in this set is in `other`.
    #[must_use]
    pub fn is_within(self, other: Scopes) -> bool {
        self.iter().all(|action| other.contains(action))
    }

    /// Whether nothing is in it.
    #[must_use]
    pub fn is_empty(self) -> bool {
        self.iter().next().is_none()
    }

    /// The actions in it, in the order of [`Action::ALL`].
    pub fn iter(self) -> impl Iterator<Item = Action> {
        Action::ALL
            .into_iter()
            .filter(move |action| self.contains(*action))
    }
}

fn bit(action: Action) -> u16 {
    1 << (action as u16)
}

impl FromIterator<Action> for Scopes {
    fn from_iter<I: IntoIterator<Item = Action>>(actions: I) -> Scopes {
        actions.into_iter().fold(Scopes::NONE, Scopes::with)
    }
}

impl From<Vec<Action>> for Scopes {
    fn from(actions: Vec<Action>) -> Scopes {
        actions.into_iter().collect()
    }
}

impl From<Scopes> for Vec<Action> {
    fn from(scopes: Scopes) -> Vec<Action> {
        scopes.iter().collect()
    }
}

impl fmt::Debug for Scopes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_set().entries(self.iter()).finish()
    }
}

/// Who asks, as the door made it out: the only thing that decides what a request may do.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Caller {
    /// As whom.
    pub who: Who,
    /// How to call them in logs and answers: the account's name, or the party's id.
    pub name: String,
    /// The account's name, where it is one.
    pub account: Option<String>,
    /// What they were given of what they may: a token may carry less than its account.
    pub scopes: Scopes,
}

impl Caller {
    /// Nobody that is known.
    #[must_use]
    pub fn anyone() -> Caller {
        Caller {
            who: Who::Anyone,
            name: "anyone".to_owned(),
            account: None,
            scopes: Scopes::ALL,
        }
    }

    /// Another party's node, by its pinned key.
    #[must_use]
    pub fn peer(party: &str) -> Caller {
        Caller {
            who: Who::Peer(party.to_owned()),
            name: party.to_owned(),
            account: None,
            scopes: Scopes::ALL,
        }
    }

    /// Whether they may: by who they are, and by what they were given.
    #[must_use]
    pub fn may(&self, action: Action) -> bool {
        self.who.actions().contains(&action) && (action.is_implied() || self.scopes.contains(action))
    }

    /// What they may, all in all.
    #[must_use]
    pub fn allowed(&self) -> Scopes {
        Action::ALL
            .into_iter()
            .filter(|action| self.may(*action))
            .collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Who, and what they may, written out once more: a change of the table is a change here.
    const EXPECTED: &str = "\
anyone: know sign-in taxii-read
own reader: know sign-in me account read taxii-read
own analyst: know sign-in me account read import taxii-read taxii-write
own releaser: know sign-in me account read import release taxii-read taxii-write
own administrator: know sign-in me account read import release administer taxii-read taxii-write
own taxii-client: know sign-in
party: know sign-in me account taxii-read taxii-write peer
peer: know sign-in me taxii-read taxii-write peer
";

    fn caller(who: Who) -> Caller {
        Caller {
            who,
            ..Caller::anyone()
        }
    }

    #[test]
    fn each_role_may_what_the_table_says_and_nothing_else() {
        let mut found = String::new();
        let rows = [
            ("anyone", Who::Anyone),
            ("own reader", Who::Own(Role::Reader)),
            ("own analyst", Who::Own(Role::Analyst)),
            ("own releaser", Who::Own(Role::Releaser)),
            ("own administrator", Who::Own(Role::Administrator)),
            ("own taxii-client", Who::Own(Role::TaxiiClient)),
            ("party", Who::Party("p".into())),
            ("peer", Who::Peer("p".into())),
        ];
        for (name, who) in rows {
            let may: Vec<&str> = caller(who).allowed().iter().map(Action::name).collect();
            found.push_str(&format!("{name}: {}\n", may.join(" ")));
        }
        assert_eq!(found, EXPECTED);
    }

    #[test]
    fn scopes_take_away_and_never_give() {
        for action in Action::ALL {
            let mut reader = caller(Who::Own(Role::Reader));
            reader.scopes = Scopes::NONE;
            assert_eq!(reader.may(action), action.is_implied(), "{action}");
            reader.scopes = Scopes::NONE.with(action);
            let may = Role::Reader.actions().contains(&action);
            assert_eq!(reader.may(action), may, "{action}");
        }
    }

    #[test]
    fn scopes_are_listed_by_name_and_read_back() {
        let scopes: Scopes = [Action::TaxiiRead, Action::Read].into_iter().collect();
        assert_eq!(format!("{scopes:?}"), "{Read, TaxiiRead}");
        assert_eq!(Scopes::from(Vec::from(scopes)), scopes);
        assert!(scopes.is_within(Scopes::ALL) && !Scopes::ALL.is_within(scopes));
        for action in Action::ALL {
            assert_eq!(action.name().parse::<Action>().unwrap(), action);
        }
        for role in Role::ALL {
            assert_eq!(role.name().parse::<Role>().unwrap(), role);
        }
        assert!("root".parse::<Role>().is_err());
    }
}
