//! Accounts as clap sees them.

use std::path::PathBuf;

use clap::{Args, Subcommand};
use entente_access::{Action, Name, Role};

#[derive(Debug, Subcommand)]
pub(crate) enum Account {
    /// Add an account; there is none by default
    Add(AccountAdd),
    /// Every account and its tokens
    List,
    /// Make a token for a tool; it is shown once
    Token(AccountToken),
    /// Take a token back, or every token of an account
    Revoke(AccountRevoke),
    /// Set an account's password, in place of any that it has; whoever is signed in with it is signed out
    Password(AccountPassword),
    /// Set up a second factor (RFC 6238): shows the secret, then takes the first code
    Totp(AccountTotp),
    /// Give an account another role
    Role(AccountRole),
    /// Let nobody ask as this account any more; its name stays taken
    Disable(AccountNamed),
    /// Undo `disable`
    Enable(AccountNamed),
}

#[derive(Debug, Args)]
pub(crate) struct AccountAdd {
    /// Its name: a-z, 0-9 and . _ - @ +
    pub(crate) name: Name,
    /// reader, analyst, releaser, administrator, or taxii-client (of a party)
    #[arg(long)]
    pub(crate) role: Role,
    /// The party that a taxii-client belongs to: name or id
    #[arg(long, value_name = "PARTY", required_if_eq("role", "taxii-client"))]
    pub(crate) party: Option<String>,
    #[command(flatten)]
    pub(crate) password: PasswordFrom,
    /// Make it without a password, for tools that use tokens
    #[arg(long, conflicts_with = "password_file")]
    pub(crate) no_password: bool,
}

#[derive(Debug, Args)]
pub(crate) struct PasswordFrom {
    /// Its first line is the password [default: asked for at the terminal, where there is one]
    #[arg(long, value_name = "FILE")]
    pub(crate) password_file: Option<PathBuf>,
}

#[derive(Debug, Args)]
pub(crate) struct AccountToken {
    /// The account's name
    pub(crate) name: Name,
    /// What it may be used for: read, import, release, administer, taxii-read, taxii-write, peer, account (more tokens)
    /// [default: all that the account may but `account`]
    #[arg(long = "scope", value_name = "SCOPE", value_delimiter = ',')]
    pub(crate) scopes: Vec<Action>,
    /// How long it lasts: 12h, 30d, 8w; at most 730d
    #[arg(long, value_name = "SPAN", value_parser = span, default_value = "90d")]
    pub(crate) expires: u64,
    /// What to call it in lists
    #[arg(long)]
    pub(crate) label: Option<String>,
}

#[derive(Debug, Args)]
pub(crate) struct AccountRevoke {
    /// A token's number (tok-…), or an account's name for all of its tokens
    #[arg(value_name = "NAME|TOKEN-ID")]
    pub(crate) what: String,
}

#[derive(Debug, Args)]
pub(crate) struct AccountPassword {
    /// The account's name
    pub(crate) name: Name,
    #[command(flatten)]
    pub(crate) password: PasswordFrom,
}

#[derive(Debug, Args)]
pub(crate) struct AccountTotp {
    /// The account's name
    pub(crate) name: Name,
    /// The first code, which confirms a secret that was shown before
    #[arg(long, conflicts_with = "remove")]
    pub(crate) code: Option<String>,
    /// Remove the second factor instead
    #[arg(long)]
    pub(crate) remove: bool,
}

#[derive(Debug, Args)]
pub(crate) struct AccountRole {
    /// The account's name
    pub(crate) name: Name,
    /// reader, analyst, releaser or administrator
    pub(crate) role: Role,
}

#[derive(Debug, Args)]
pub(crate) struct AccountNamed {
    /// The account's name
    pub(crate) name: Name,
}

/// `30d` as seconds.
pub(super) fn span(text: &str) -> Result<u64, String> {
    let wrong = || format!("`{text}` is no span; write a number and m, h, d or w, such as 30d");
    let (number, unit) = text
        .char_indices()
        .next_back()
        .and_then(|(at, unit)| Some((text.get(..at)?, unit)))
        .ok_or_else(wrong)?;
    let seconds: u64 = match unit {
        'm' => 60,
        'h' => 3600,
        'd' => 86_400,
        'w' => 7 * 86_400,
        _ => return Err(wrong()),
    };
    if number.is_empty() || !number.bytes().all(|byte| byte.is_ascii_digit()) {
        return Err(wrong());
    }
    let number: u64 = number.parse().map_err(|_| wrong())?;
    number.checked_mul(seconds).ok_or_else(wrong)
}

#[cfg(test)]
mod tests {
    use entente_access::limits::TOKEN_SECONDS;

    use super::*;

    #[test]
    fn spans_are_a_number_and_a_unit() {
        for (text, seconds) in [
            ("30m", 1800),
            ("12h", 43_200),
            ("90d", TOKEN_SECONDS),
            ("2w", 1_209_600),
        ] {
            assert_eq!(span(text), Ok(seconds), "{text}");
        }
        for text in [
            "",
            "d",
            "30",
            "-1d",
            "+1d",
            "1.5d",
            "30 d",
            "30D",
            "３０d",
            "999999999999999999d",
            "30é",
        ] {
            assert!(span(text).is_err(), "{text}");
        }
    }
}
