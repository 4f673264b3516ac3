//! Accounts and tokens, without their secrets; and those two answers in which a secret is shown once.

use entente_access::second::Enrolment;
use entente_access::{Account, Accounts, Action, Name, Scopes, Seconds, Secret, Token};
use entente_stix::time::Timestamp;
use serde::Serialize;
use utoipa::ToSchema;

use crate::accounts::seconds;

/// An account.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub(crate) struct AccountShown {
    /// Its name.
    #[schema(example = "ada")]
    pub(crate) name: String,
    /// `reader`, `analyst`, `releaser`, `administrator` or `taxii-client`.
    #[schema(example = "analyst")]
    pub(crate) role: String,
    /// The party it belongs to, by id; none for an account of this node's own.
    pub(crate) party: Option<String>,
    /// Whether nobody may ask as it for now.
    pub(crate) disabled: bool,
    /// Whether it can sign in with a password.
    pub(crate) has_password: bool,
    /// Whether signing in takes a code.
    pub(crate) second_factor: bool,
    /// When it was made.
    #[schema(format = DateTime)]
    pub(crate) made_at: String,
    /// Its tokens.
    pub(crate) tokens: Vec<TokenShown>,
}

/// A token, without its secret.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub(crate) struct TokenShown {
    /// Its number, under which it is revoked.
    #[schema(example = "tok-4f1b0c9a2d3e5f60")]
    pub(crate) id: String,
    /// Whose it is.
    pub(crate) account: String,
    /// What its owner calls it.
    pub(crate) label: Option<String>,
    /// What it may be used for.
    #[schema(example = json!(["taxii-read"]))]
    pub(crate) scopes: Vec<String>,
    /// When it was made.
    #[schema(format = DateTime)]
    pub(crate) made_at: String,
    /// From when on it is good no more.
    #[schema(format = DateTime)]
    pub(crate) expires_at: String,
    /// Whether that is now.
    pub(crate) expired: bool,
    /// When it was used last, to the hour.
    #[schema(format = DateTime)]
    pub(crate) used_at: Option<String>,
}

/// A new token. Its secret is shown here and nowhere else.
#[derive(Clone, Serialize, ToSchema)]
pub(crate) struct TokenMade {
    /// The token: `Authorization: Bearer ent_…`, or the password of HTTP Basic.
    #[schema(example = "ent_Zm9vYmFyYmF6cXV4cXV1eGNvcmdlZ3JhdWx0Z2FycGx5")]
    pub(crate) token: String,
    /// What is known of it from now on.
    #[serde(flatten)]
    pub(crate) shown: TokenShown,
}

/// Tokens that were taken back.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub(crate) struct Revoked {
    /// How many.
    pub(crate) revoked: usize,
}

/// A second factor that waits for its first code. Its secret is shown here and nowhere else.
#[derive(Clone, Serialize, ToSchema)]
pub(crate) struct Enrolled {
    /// The secret in base 32, to be typed into an authenticator application.
    pub(crate) secret: String,
    /// The same as a URL, for a picture that the application reads.
    #[schema(example = "otpauth://totp/Entente:ada?secret=GEZDGNBVGY3TQOJQ&issuer=Entente")]
    pub(crate) url: String,
}

impl AccountShown {
    pub(crate) fn of(book: &Accounts, name: &Name, account: &Account, at: Timestamp) -> AccountShown {
        AccountShown {
            name: name.to_string(),
            role: account.role.to_string(),
            party: account.party.clone(),
            disabled: account.disabled,
            has_password: account.password().is_some(),
            second_factor: account.has_second(),
            made_at: time(account.made_at),
            tokens: book
                .tokens(Some(name))
                .map(|(id, token)| TokenShown::of(id, token, at))
                .collect(),
        }
    }

    /// Every account, by name.
    pub(crate) fn all(book: &Accounts, at: Timestamp) -> Vec<AccountShown> {
        let accounts = book.iter();
        accounts
            .map(|(name, account)| AccountShown::of(book, name, account, at))
            .collect()
    }
}

impl TokenShown {
    pub(crate) fn of(id: &str, token: &Token, at: Timestamp) -> TokenShown {
        TokenShown {
            id: id.to_owned(),
            account: token.account.to_string(),
            label: token.label.clone(),
            scopes: names(token.scopes),
            made_at: time(token.made_at),
            expires_at: time(token.expires_at),
            expired: token.expires_at <= seconds(at),
            used_at: token.used_at.map(time),
        }
    }
}

impl TokenMade {
    pub(crate) fn of(book: &Accounts, id: &str, secret: &Secret, at: Timestamp) -> Option<TokenMade> {
        let (id, token) = book.tokens(None).find(|(known, _)| *known == id)?;
        Some(TokenMade {
            token: secret.expose().to_owned(),
            shown: TokenShown::of(id, token, at),
        })
    }
}

impl Enrolled {
    pub(crate) fn of(enrolment: Enrolment) -> Enrolled {
        Enrolled {
            secret: enrolment.secret,
            url: enrolment.url,
        }
    }
}

/// Scopes by name.
pub(crate) fn names(scopes: Scopes) -> Vec<String> {
    scopes.iter().map(Action::name).map(str::to_owned).collect()
}

fn time(at: Seconds) -> String {
    super::time(i64::try_from(at).unwrap_or(i64::MAX).saturating_mul(1_000_000))
}
