//! `entente account`: who may ask the server what. Works beside a running server, which sees each change at the next
//! request.

use std::io::{IsTerminal as _, Write};

use entente_access::secret::TOKEN_ID_PREFIX;
use entente_access::{Accounts, By, Name, NewToken, Refusal, Role, Scopes};
use serde::Serialize;
use zeroize::Zeroizing;

use crate::accounts;
use crate::answers::account::{AccountShown, Enrolled, Revoked, TokenMade, TokenShown};
use crate::answers::party::named;
use crate::cli::{
    self, AccountAdd, AccountNamed, AccountPassword, AccountRevoke, AccountToken, AccountTotp, Global,
    PasswordFrom,
};
use crate::commands::{json_line, out};
use crate::exit::{Exit, Failure};
use crate::kept::Kept;
use crate::keys::first_line;
use crate::place;
use crate::render::{counted, safe, table};

pub(crate) fn run(global: &Global, asked: &cli::Account) -> Result<Exit, Failure> {
    let book = accounts::book(&place::data_folder(global)?);
    match asked {
        cli::Account::Add(asked) => add(global, &book, asked),
        cli::Account::List => list(global, &book),
        cli::Account::Token(asked) => token(global, &book, asked),
        cli::Account::Revoke(asked) => revoke(global, &book, asked),
        cli::Account::Password(asked) => password(global, &book, asked),
        cli::Account::Totp(asked) => totp(global, &book, asked),
        cli::Account::Role(asked) => {
            change(&book, |book| book.set_role(By::Operator, &asked.name, asked.role))?;
            tell(
                global,
                &book,
                &asked.name,
                &format!("has the role {} now", asked.role),
            )
        }
        cli::Account::Disable(asked) => set_disabled(global, &book, asked, true),
        cli::Account::Enable(asked) => set_disabled(global, &book, asked, false),
    }
}

/// A change that the rules may refuse.
fn change<R>(
    book: &Kept<Accounts>,
    change: impl FnOnce(&mut Accounts) -> Result<R, Refusal>,
) -> Result<R, Failure> {
    book.change(|book| change(book).map_err(Failure::from))
}

fn add(global: &Global, book: &Kept<Accounts>, asked: &AccountAdd) -> Result<Exit, Failure> {
    // Nobody types a password for an account that cannot be made.
    if book.read()?.get(&asked.name).is_some() {
        return Err(Refusal::Taken(asked.name.clone()).into());
    }
    let party = match &asked.party {
        Some(party) => Some(party_of_others(global, party)?),
        None => None,
    };
    let password = match password_for(asked)? {
        Some(password) => Some(accounts::hashed(&password, &asked.name)?),
        None => None,
    };
    let is_silent = asked.no_password || asked.role == Role::TaxiiClient || global.quiet;
    let lacks_password = password.is_none() && !is_silent;
    change(book, |book| {
        let at = accounts::seconds(place::now());
        book.add(By::Operator, asked.name.clone(), asked.role, party, at)?;
        match password {
            Some(password) => book.set_password(By::Operator, &asked.name, password),
            None => Ok(()),
        }
    })?;
    if lacks_password {
        let name = &asked.name;
        eprintln!(
            "there is no terminal to ask for a password, so {name} has none and cannot sign in: `entente account password {name} \
             --password-file FILE` gives one, `entente account token {name}` makes a token (`--no-password` says that this is meant)"
        );
    }
    tell(
        global,
        book,
        &asked.name,
        &format!("was added with the role {}", asked.role),
    )
}

/// The id of a party that is not this node's own.
fn party_of_others(global: &Global, name: &str) -> Result<String, Failure> {
    let party = named(&place::open_to_read(global)?, Some(name))?;
    if party.is_self {
        return Err(Failure::usage(format!(
            "`{}` is this node's own party; its people have the roles reader, analyst, releaser or administrator",
            safe(&party.name)
        )));
    }
    Ok(party.id)
}

/// The password of a new account: from a file, typed, or none. Tools of parties have tokens, unless a file is named.
fn password_for(asked: &AccountAdd) -> Result<Option<Zeroizing<String>>, Failure> {
    if let Some(file) = &asked.password.password_file {
        return first_line(file, "the password").map(Some);
    }
    let is_typed = asked.role != Role::TaxiiClient && !asked.no_password && std::io::stdin().is_terminal();
    match is_typed {
        true => typed().map(Some),
        false => Ok(None),
    }
}

fn given(from: &PasswordFrom) -> Result<Zeroizing<String>, Failure> {
    match &from.password_file {
        Some(file) => first_line(file, "the password"),
        None if std::io::stdin().is_terminal() => typed(),
        None => Err(Failure::usage(
            "there is no terminal to ask for the password; name a file with `--password-file FILE`",
        )),
    }
}

fn typed() -> Result<Zeroizing<String>, Failure> {
    let ask = |prompt: &str| {
        rpassword::prompt_password(prompt)
            .map(Zeroizing::new)
            .map_err(|error| {
                Failure::usage(format!(
                    "cannot read the password: {error}; use `--password-file FILE`"
                ))
            })
    };
    let first = ask("New password: ")?;
    if *first == *ask("The same again: ")? {
        Ok(first)
    } else {
        Err(Failure::usage("the two passwords differ; begin again"))
    }
}

fn list(global: &Global, book: &Kept<Accounts>) -> Result<Exit, Failure> {
    let all = AccountShown::all(&*book.read()?, place::now());
    let mut out = out();
    if global.json {
        for account in &all {
            json_line(&mut out, account)?;
        }
    } else if all.is_empty() {
        writeln!(
            out,
            "there is no account; `entente account add NAME --role administrator` makes one"
        )?;
    } else {
        let mut rows = vec![
            ["account", "role", "sign-in", "party"]
                .map(str::to_owned)
                .to_vec(),
        ];
        rows.extend(all.iter().map(row));
        write!(out, "{}", table(&rows))?;
        let tokens: Vec<&TokenShown> = all.iter().flat_map(|account| &account.tokens).collect();
        if !tokens.is_empty() {
            let heads = ["token", "account", "expires", "last used", "label", "scopes"];
            let mut rows = vec![heads.map(str::to_owned).to_vec()];
            rows.extend(tokens.into_iter().map(token_row));
            write!(out, "\n{}", table(&rows))?;
        }
    }
    out.flush()?;
    Ok(Exit::Done)
}

fn row(account: &AccountShown) -> Vec<String> {
    let sign_in = match (account.disabled, account.has_password, account.second_factor) {
        (true, ..) => "disabled",
        (_, true, true) => "password and code",
        (_, true, false) => "password",
        (_, false, _) => "tokens only",
    };
    let party = account.party.as_deref().map(safe).unwrap_or_default();
    vec![
        account.name.clone(),
        account.role.clone(),
        sign_in.to_owned(),
        party,
    ]
}

fn token_row(token: &TokenShown) -> Vec<String> {
    let day = |time: &str| time.get(..10).unwrap_or(time).to_owned();
    let expires = match token.expired {
        true => "over".to_owned(),
        false => day(&token.expires_at),
    };
    vec![
        token.id.clone(),
        token.account.clone(),
        expires,
        token.used_at.as_deref().map_or("never".to_owned(), day),
        token.label.as_deref().map_or("-".to_owned(), safe),
        token.scopes.join(" "),
    ]
}

fn token(global: &Global, book: &Kept<Accounts>, asked: &AccountToken) -> Result<Exit, Failure> {
    let new = NewToken {
        scopes: (!asked.scopes.is_empty()).then(|| scopes_of(asked)),
        label: asked.label.clone(),
        seconds: asked.expires,
    };
    let made: TokenMade = book.change(|book| {
        accounts::make_token(book, By::Operator, &asked.name, new, place::now()).map_err(Failure::from)
    })?;
    let mut out = out();
    if global.json {
        json_line(&mut out, &made)?;
    } else {
        // The token alone on stdout: `TOKEN=$(entente account token ada)`.
        writeln!(out, "{}", made.token)?;
        if !global.quiet {
            eprintln!(
                "token {} of {}, good until {}, for: {}; it is shown only now",
                made.shown.id,
                made.shown.account,
                made.shown.expires_at,
                made.shown.scopes.join(" ")
            );
        }
    }
    out.flush()?;
    Ok(Exit::Done)
}

/// What every token may anyway need not be asked for, and may be.
fn scopes_of(asked: &AccountToken) -> Scopes {
    asked
        .scopes
        .iter()
        .copied()
        .filter(|action| !action.is_implied())
        .collect()
}

fn revoke(global: &Global, book: &Kept<Accounts>, asked: &AccountRevoke) -> Result<Exit, Failure> {
    let revoked = change(book, |book| {
        if asked.what.starts_with(TOKEN_ID_PREFIX) {
            return book.revoke(By::Operator, &asked.what).map(|_| 1);
        }
        match asked.what.parse::<Name>() {
            Ok(name) => book.revoke_all(By::Operator, &name),
            Err(_) => Err(Refusal::NoAccount(asked.what.chars().take(64).collect())),
        }
    })?;
    say(global, &Revoked { revoked }, || {
        format!("{} revoked", counted(revoked as u64, "token"))
    })
}

fn password(global: &Global, book: &Kept<Accounts>, asked: &AccountPassword) -> Result<Exit, Failure> {
    if book.read()?.get(&asked.name).is_none() {
        return Err(Refusal::NoAccount(asked.name.to_string()).into());
    }
    let password = accounts::hashed(&given(&asked.password)?, &asked.name)?;
    change(book, |book| {
        book.set_password(By::Operator, &asked.name, password)
    })?;
    tell(global, book, &asked.name, "has a new password")
}

fn totp(global: &Global, book: &Kept<Accounts>, asked: &AccountTotp) -> Result<Exit, Failure> {
    if asked.remove {
        change(book, |book| book.remove_second(By::Operator, &asked.name))?;
        return tell(global, book, &asked.name, "has no second factor any more");
    }
    if let Some(code) = &asked.code {
        let at = accounts::seconds(place::now());
        change(book, |book| {
            book.confirm(By::Operator, &asked.name, code.trim(), at)
        })?;
        return tell(global, book, &asked.name, "needs a code to sign in from now on");
    }
    let enrolled: Enrolled =
        book.change(|book| accounts::enrol(book, By::Operator, &asked.name).map_err(Failure::from))?;
    say(global, &enrolled, || {
        format!(
            "secret: {}\n{}\n\nIt counts once its first code is given: `entente account totp {} --code CODE`",
            enrolled.secret, enrolled.url, asked.name
        )
    })
}

fn set_disabled(
    global: &Global,
    book: &Kept<Accounts>,
    asked: &AccountNamed,
    disabled: bool,
) -> Result<Exit, Failure> {
    change(book, |book| {
        book.set_disabled(By::Operator, &asked.name, disabled)
    })?;
    let is = if disabled { "is disabled" } else { "is enabled" };
    tell(global, book, &asked.name, is)
}

/// What became of an account.
fn tell(global: &Global, book: &Kept<Accounts>, name: &Name, what: &str) -> Result<Exit, Failure> {
    let book = book.read()?;
    let account = book
        .get(name)
        .ok_or_else(|| Refusal::NoAccount(name.to_string()))?;
    let shown = AccountShown::of(&book, name, account, place::now());
    say(global, &shown, || format!("{name} {what}"))
}

fn say(global: &Global, answer: &impl Serialize, words: impl FnOnce() -> String) -> Result<Exit, Failure> {
    let mut out = out();
    if global.json {
        json_line(&mut out, answer)?;
    } else if !global.quiet {
        writeln!(out, "{}", words())?;
    }
    out.flush()?;
    Ok(Exit::Done)
}
