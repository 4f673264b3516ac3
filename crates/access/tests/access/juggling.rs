//! Who may change whom: tried for every pair of roles, against a table written out here.

use entente_access::second::SECRET_BYTES;
use entente_access::{Accounts, Action, By, Caller, Name, NewToken, Refusal, Role, Scopes, Secret, password};

use crate::{book, caller, name};

const ROLES: [Role; 5] = Role::ALL;

/// A change of somebody's account, and what it is called in the table.
type Change = (
    &'static str,
    fn(&mut Accounts, By<'_>, &Name) -> Result<(), Refusal>,
);

const CHANGES: [Change; 9] = [
    ("password", |book, by, name| book.set_password(by, name, kept())),
    ("enrol", |book, by, name| {
        book.enrol(by, name, &[1; SECRET_BYTES]).map(drop)
    }),
    ("remove second", |book, by, name| book.remove_second(by, name)),
    ("token", |book, by, name| {
        book.add_token(by, name, token(None), digest(1), 0).map(drop)
    }),
    ("revoke all", |book, by, name| book.revoke_all(by, name).map(drop)),
    ("disable", |book, by, name| book.set_disabled(by, name, true)),
    ("enable", |book, by, name| book.set_disabled(by, name, false)),
    ("to reader", |book, by, name| {
        book.set_role(by, name, Role::Reader)
    }),
    ("to administrator", |book, by, name| {
        book.set_role(by, name, Role::Administrator)
    }),
];

/// Of oneself everyone may change these.
const OWN: [&str; 5] = ["password", "enrol", "remove second", "token", "revoke all"];

fn kept() -> password::Kept {
    serde_json::from_str("\"$argon2id$\"").unwrap()
}

fn token(scopes: Option<&[Action]>) -> NewToken {
    NewToken {
        scopes: scopes.map(|scopes| scopes.iter().copied().collect()),
        label: None,
        seconds: 60,
    }
}

fn digest(number: u8) -> entente_access::secret::Digest {
    Secret::token(&[number; 32]).digest()
}

/// What the table says: administrators change everyone who is of this node's own or of a party; everyone changes
/// their own way in; nothing else.
fn is_allowed(actor: Role, target: Role, change: &str) -> bool {
    let by_right = actor == Role::Administrator || (actor == target && OWN.contains(&change));
    // A party's account gets no own role, whoever asks.
    by_right && !(target == Role::TaxiiClient && change.starts_with("to "))
}

#[test]
fn each_role_changes_whom_it_may_and_nobody_else() {
    let mut tried = 0;
    for actor in ROLES {
        for target in ROLES {
            for (what, change) in CHANGES {
                let mut book = book();
                // A second administrator, so that the rule of the last one does not hide this one.
                book.add(
                    By::Operator,
                    "spare".parse().unwrap(),
                    Role::Administrator,
                    None,
                    0,
                )
                .unwrap();
                let by = caller(&book, actor);
                let before = serde_json::to_string(&book).unwrap();
                let answer = change(&mut book, By::Caller(&by), &name(target));
                let expected = is_allowed(actor, target, what);
                assert_eq!(answer.is_ok(), expected, "{actor} → {target}: {what}: {answer:?}");
                if !expected {
                    assert_eq!(
                        serde_json::to_string(&book).unwrap(),
                        before,
                        "{actor} → {target}: {what}"
                    );
                }
                tried += 1;
            }
        }
    }
    assert_eq!(tried, 225);
}

#[test]
fn nobody_but_an_administrator_adds_accounts() {
    for actor in ROLES {
        for role in ROLES {
            let mut book = book();
            let by = caller(&book, actor);
            let party = role.is_of_a_party().then(|| "identity--q".to_owned());
            let answer = book.add(By::Caller(&by), "new".parse().unwrap(), role, party, 0);
            assert_eq!(
                answer.is_ok(),
                actor == Role::Administrator,
                "{actor} adds {role}"
            );
        }
    }
}

#[test]
fn a_token_without_the_scope_takes_the_right_away() {
    let mut book = book();
    let weak = Caller {
        scopes: Scopes::NONE.with(Action::Read).with(Action::Account),
        ..caller(&book, Role::Administrator)
    };
    let refused = book.set_disabled(By::Caller(&weak), &name(Role::Reader), true);
    assert!(matches!(refused, Err(Refusal::NotYours(_))), "{refused:?}");
    // Nor does it make another token with more than it carries.
    let more = book.add_token(
        By::Caller(&weak),
        &name(Role::Administrator),
        token(Some(&[Action::Administer])),
        digest(1),
        0,
    );
    assert!(
        matches!(
            more,
            Err(Refusal::Scope {
                scope: Action::Administer,
                ..
            })
        ),
        "{more:?}"
    );
    let less = book.add_token(
        By::Caller(&weak),
        &name(Role::Administrator),
        token(None),
        digest(1),
        0,
    );
    assert_eq!(
        book.tokens(None)
            .find(|(id, _)| *id == less.as_deref().unwrap())
            .unwrap()
            .1
            .scopes,
        Scopes::NONE.with(Action::Read)
    );
}

#[test]
fn the_last_administrator_stays_whoever_asks() {
    let mut book = book();
    let admin = name(Role::Administrator);
    let own = caller(&book, Role::Administrator);
    for by in [By::Operator, By::Caller(&own)] {
        let last = Refusal::LastAdministrator(admin.clone());
        assert_eq!(book.set_disabled(by, &admin, true), Err(last.clone()));
        assert_eq!(book.set_role(by, &admin, Role::Releaser), Err(last));
        assert_eq!(book.set_role(by, &admin, Role::Administrator), Ok(()));
    }
    // One who is disabled is no administrator.
    let spare: Name = "spare".parse().unwrap();
    book.add(By::Operator, spare.clone(), Role::Administrator, None, 0)
        .unwrap();
    book.set_disabled(By::Operator, &spare, true).unwrap();
    assert!(book.set_disabled(By::Operator, &admin, true).is_err());
    book.set_disabled(By::Operator, &spare, false).unwrap();
    assert_eq!(book.set_disabled(By::Operator, &admin, true), Ok(()));
}

#[test]
fn roles_and_parties_go_together_or_not_at_all() {
    let mut book = book();
    let new = || "new".parse::<Name>().unwrap();
    let party = || Some("identity--p".to_owned());
    assert_eq!(
        book.add(By::Operator, new(), Role::TaxiiClient, None, 0),
        Err(Refusal::NeedsParty(Role::TaxiiClient))
    );
    assert_eq!(
        book.add(By::Operator, new(), Role::Reader, party(), 0),
        Err(Refusal::NotForParties(Role::Reader))
    );
    let client = name(Role::TaxiiClient);
    assert_eq!(
        book.set_role(By::Operator, &client, Role::Reader),
        Err(Refusal::OtherKind(client))
    );
    let reader = name(Role::Reader);
    assert_eq!(
        book.set_role(By::Operator, &reader, Role::TaxiiClient),
        Err(Refusal::OtherKind(reader))
    );
}

#[test]
fn a_book_that_somebody_bent_gives_nobody_rights() {
    let mut text: serde_json::Value = serde_json::to_value(book()).unwrap();
    text["accounts"]["taxii-client"]["role"] = "administrator".into();
    text["accounts"]["reader"]["party"] = "identity--p".into();
    let bent: Accounts = serde_json::from_value(text).unwrap();
    assert!(bent.caller(&name(Role::TaxiiClient), Scopes::ALL).is_none());
    assert!(bent.caller(&name(Role::Reader), Scopes::ALL).is_none());
}

#[test]
fn the_first_administrator_is_made_once_and_no_account_is_there_before() {
    let mut book = Accounts::default();
    assert!(book.iter().next().is_none() && !book.has_administrator());
    book.add_first("ada".parse().unwrap(), kept(), 0).unwrap();
    assert_eq!(
        book.add_first("eve".parse().unwrap(), kept(), 0),
        Err(Refusal::NotFirst)
    );
    assert_eq!(
        book.add(By::Operator, "ADA".parse().unwrap(), Role::Reader, None, 0),
        Err(Refusal::Taken("ada".parse().unwrap()))
    );
}

#[test]
fn what_ends_sessions_counts_the_account_on() {
    let mut book = book();
    let reader = name(Role::Reader);
    let mut last = book.get(&reader).unwrap().epoch();
    for (_, change) in CHANGES
        .iter()
        .filter(|(what, _)| ["password", "disable", "enable", "to administrator"].contains(what))
    {
        change(&mut book, By::Operator, &reader).unwrap();
        let epoch = book.get(&reader).unwrap().epoch();
        assert_eq!(epoch, last + 1);
        last = epoch;
    }
}

#[test]
fn a_second_factor_counts_once_its_first_code_was_given() {
    let mut book = book();
    let reader = name(Role::Reader);
    let by = caller(&book, Role::Reader);
    assert_eq!(
        book.confirm(By::Caller(&by), &reader, "287082", 59),
        Err(Refusal::NothingToConfirm(reader.clone()))
    );
    book.enrol(By::Caller(&by), &reader, b"12345678901234567890")
        .unwrap();
    assert!(!book.get(&reader).unwrap().has_second());
    assert_eq!(book.take_code(&reader, "287082", 59), Err(Refusal::WrongCode));
    assert_eq!(
        book.confirm(By::Caller(&by), &reader, "000000", 59),
        Err(Refusal::WrongCode)
    );
    book.confirm(By::Caller(&by), &reader, "287082", 59).unwrap();
    assert!(book.get(&reader).unwrap().has_second());
    // The confirming code is used up; a second enrolment does not replace the first.
    assert_eq!(book.take_code(&reader, "287082", 60), Err(Refusal::WrongCode));
    assert_eq!(book.take_code(&reader, "081804", 1_111_111_109), Ok(()));
    assert!(matches!(
        book.enrol(By::Caller(&by), &reader, &[0; 20]),
        Err(Refusal::HasSecond(_))
    ));
}
