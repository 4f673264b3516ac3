//! Tokens: what they are worth, when, and for whom.

use entente_access::limits::{
    TOKEN_REMEMBERED, TOKEN_SECONDS, TOKEN_SECONDS_MAX, TOKENS_MAX, USE_NOTED_AFTER,
};
use entente_access::{Accounts, Action, By, NewToken, Refusal, Role, Seconds, Secret, Standing};

use crate::{book, caller, name};

const AT: Seconds = 1_800_000_000;

fn new(seconds: Seconds) -> NewToken {
    NewToken {
        scopes: None,
        label: Some("laptop".into()),
        seconds,
    }
}

fn secret(number: u32) -> Secret {
    let mut random = [0; 32];
    random[..4].copy_from_slice(&number.to_be_bytes());
    Secret::token(&random)
}

fn add(book: &mut Accounts, role: Role, number: u32, seconds: Seconds) -> Result<String, Refusal> {
    book.add_token(
        By::Operator,
        &name(role),
        new(seconds),
        secret(number).digest(),
        AT,
    )
}

fn is_good(book: &Accounts, number: u32, at: Seconds) -> bool {
    matches!(book.token(secret(number).expose(), at), Standing::Good { .. })
}

#[test]
fn a_token_is_good_until_it_expires_and_then_over() {
    let mut book = book();
    add(&mut book, Role::Reader, 1, TOKEN_SECONDS).unwrap();
    let Standing::Good { caller, .. } = book.token(secret(1).expose(), AT) else {
        panic!("not good");
    };
    assert_eq!(caller.name, "reader");
    assert!(caller.may(Action::Read) && !caller.may(Action::Import));
    assert!(is_good(&book, 1, AT + TOKEN_SECONDS - 1));
    assert_eq!(book.token(secret(1).expose(), AT + TOKEN_SECONDS), Standing::Over);
    assert_eq!(book.token(secret(2).expose(), AT), Standing::Unknown);
    assert_eq!(book.token("", AT), Standing::Unknown);
    assert_eq!(
        book.token(&secret(1).expose().to_uppercase(), AT),
        Standing::Unknown
    );
}

#[test]
fn a_clock_ten_years_off_makes_no_token_good() {
    let mut book = book();
    add(&mut book, Role::Reader, 1, TOKEN_SECONDS_MAX).unwrap();
    let ten_years = 10 * 365 * 86_400;
    assert_eq!(book.token(secret(1).expose(), AT + ten_years), Standing::Over);
    assert_eq!(book.token(secret(1).expose(), AT - ten_years), Standing::NotYet);
    assert_eq!(book.token(secret(1).expose(), 0), Standing::NotYet);
    assert_eq!(book.token(secret(1).expose(), Seconds::MAX), Standing::Over);
    // Corrections of a clock do no harm.
    assert!(is_good(&book, 1, AT - 3600));
}

#[test]
fn what_is_revoked_or_disabled_is_good_no_more() {
    let mut book = book();
    let id = add(&mut book, Role::Reader, 1, 60).unwrap();
    book.set_disabled(By::Operator, &name(Role::Reader), true)
        .unwrap();
    assert_eq!(book.token(secret(1).expose(), AT), Standing::Disabled);
    assert!(matches!(
        add(&mut book, Role::Reader, 2, 60),
        Err(Refusal::Disabled(_))
    ));
    book.set_disabled(By::Operator, &name(Role::Reader), false)
        .unwrap();
    assert!(is_good(&book, 1, AT));
    book.revoke(By::Operator, &id).unwrap();
    assert_eq!(book.token(secret(1).expose(), AT), Standing::Unknown);
    assert!(matches!(book.revoke(By::Operator, &id), Err(Refusal::NoToken(_))));
}

#[test]
fn others_tokens_are_not_there_for_those_who_may_not_see_them() {
    let mut book = book();
    let id = add(&mut book, Role::Reader, 1, 60).unwrap();
    let by = caller(&book, Role::Releaser);
    assert_eq!(
        book.revoke(By::Caller(&by), &id).unwrap_err(),
        book.revoke(By::Caller(&by), "tok-0")
            .map(drop)
            .map_err(|_| Refusal::NoToken(id.clone()))
            .unwrap_err()
    );
    let own = caller(&book, Role::Reader);
    assert!(book.revoke(By::Caller(&own), &id).is_ok());
}

#[test]
fn a_lowered_role_lowers_its_tokens() {
    let mut book = book();
    add(&mut book, Role::Releaser, 1, 60).unwrap();
    book.set_role(By::Operator, &name(Role::Releaser), Role::Reader)
        .unwrap();
    let Standing::Good { caller, .. } = book.token(secret(1).expose(), AT) else {
        panic!("not good");
    };
    assert!(!caller.may(Action::Release) && caller.may(Action::Read));
}

#[test]
fn scopes_beyond_the_role_and_odd_spans_and_labels_are_refused() {
    let mut book = book();
    let reader = name(Role::Reader);
    let mut ask = |change: &dyn Fn(&mut NewToken)| {
        let mut asked = new(60);
        change(&mut asked);
        book.add_token(By::Operator, &reader, asked, secret(1).digest(), AT)
    };
    assert!(matches!(
        ask(&|new| new.scopes = Some([Action::Import].into_iter().collect())),
        Err(Refusal::Scope {
            scope: Action::Import,
            ..
        })
    ));
    assert_eq!(
        ask(&|new| new.scopes = Some(std::iter::empty().collect())),
        Err(Refusal::NoScope)
    );
    assert_eq!(ask(&|new| new.seconds = 0), Err(Refusal::Expiry));
    assert_eq!(
        ask(&|new| new.seconds = TOKEN_SECONDS_MAX + 1),
        Err(Refusal::Expiry)
    );
    assert_eq!(ask(&|new| new.label = Some(String::new())), Err(Refusal::Label));
    assert_eq!(
        ask(&|new| new.label = Some("\u{1b}[31m".into())),
        Err(Refusal::Label)
    );
    assert_eq!(ask(&|new| new.label = Some("x".repeat(101))), Err(Refusal::Label));
    assert!(ask(&|new| new.seconds = TOKEN_SECONDS_MAX).is_ok());
}

#[test]
fn an_account_has_so_many_tokens_and_those_that_are_over_make_room() {
    let mut book = book();
    for number in 0..TOKENS_MAX as u32 {
        add(&mut book, Role::Reader, number, 60).unwrap();
    }
    assert!(matches!(
        add(&mut book, Role::Reader, 1000, 60),
        Err(Refusal::TooManyTokens(_))
    ));
    assert!(add(&mut book, Role::Analyst, 1001, 60).is_ok());
    let later = AT + 60 + TOKEN_REMEMBERED;
    book.add_token(
        By::Operator,
        &name(Role::Reader),
        new(60),
        secret(1002).digest(),
        later,
    )
    .unwrap();
    assert_eq!(book.tokens(None).count(), 1);
    assert_eq!(book.token(secret(1).expose(), later), Standing::Unknown);
}

#[test]
fn the_last_use_is_written_down_once_an_hour() {
    let mut book = book();
    let id = add(&mut book, Role::Reader, 1, TOKEN_SECONDS).unwrap();
    let mut noted = Vec::new();
    for at in (AT..AT + 3 * USE_NOTED_AFTER).step_by(60) {
        let Standing::Good { token, note_use, .. } = book.token(secret(1).expose(), at) else {
            panic!("not good");
        };
        if note_use {
            book.note_use(&token, at);
            noted.push(at);
        }
    }
    assert_eq!(noted, [AT, AT + USE_NOTED_AFTER, AT + 2 * USE_NOTED_AFTER]);
    assert_eq!(
        book.tokens(None)
            .find(|(known, _)| *known == id)
            .unwrap()
            .1
            .used_at,
        noted.last().copied()
    );
}

#[test]
fn the_book_is_read_back_as_it_was_written_and_holds_no_secret() {
    let mut book = book();
    add(&mut book, Role::Reader, 1, 60).unwrap();
    let text = serde_json::to_string(&book).unwrap();
    let again: Accounts = serde_json::from_str(&text).unwrap();
    assert_eq!(serde_json::to_string(&again).unwrap(), text);
    assert!(is_good(&again, 1, AT));
    assert!(!text.contains(secret(1).expose()));
    assert!(serde_json::from_str::<Accounts>(r#"{"accounts":{},"tokens":{},"more":1}"#).is_err());
    assert!(serde_json::from_str::<Accounts>(r#"{"accounts":{"Not A Name":{}},"tokens":{}}"#).is_err());
}
