//! The book of accounts, asked and changed as the door and the command line do.

#![allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::panic)]

mod juggling;
mod tokens;

use entente_access::{Accounts, By, Caller, Name, Role, Scopes};

/// A book with one account of each role, `own-<role>`, and one of a party.
fn book() -> Accounts {
    let mut book = Accounts::default();
    for role in Role::ALL {
        let party = role.is_of_a_party().then(|| "identity--p".to_owned());
        book.add(By::Operator, name(role), role, party, 1_000).unwrap();
    }
    book
}

fn name(role: Role) -> Name {
    role.name().parse().unwrap()
}

fn caller(book: &Accounts, role: Role) -> Caller {
    book.caller(&name(role), Scopes::ALL).unwrap()
}
