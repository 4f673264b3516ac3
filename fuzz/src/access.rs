//! What strangers show of who they are.

use entente_access::limits::{NAME_CHARS_MAX, PASSWORD_CHARS_MIN};
use entente_access::name::counted_as;
use entente_access::second::{SECRET_BYTES, Second};
use entente_access::secret::{TOKEN_PREFIX, is_token};
use entente_access::shown::{Shown, session_cookie};
use entente_access::{Accounts, Name, Standing, password};

/// `Authorization`, cookies, names, passwords, codes and tokens: read or refused, in one spelling, and good for nothing
/// where no account is.
pub fn shown(data: &[u8]) {
    let text = String::from_utf8_lossy(data);
    match Shown::read(&text) {
        Shown::Bearer(token) => unknown(token),
        Shown::Basic { name, secret } => {
            assert!(!name.contains(':'));
            named(&name);
            strong(&secret);
            unknown(&secret);
        }
        Shown::Unreadable(why) => assert!(!why.is_empty()),
        Shown::Nothing => panic!("a header that is there shows nothing"),
    }
    if let Some(value) = session_cookie(&text) {
        assert!(!value.contains(';'));
    }
    named(&text);
    strong(&text);
    unknown(&text);
    let mut second = Second::new(&[7; SECRET_BYTES]);
    if second.take(&text, 1_800_000_000) {
        assert!(text.len() == 6 && !second.take(&text, 1_800_000_000));
    }
}

/// A name has one spelling, under which its tries are counted.
fn named(text: &str) {
    let Ok(name) = text.parse::<Name>() else {
        return;
    };
    assert!(name.as_str().len() <= NAME_CHARS_MAX && name.as_str().is_ascii());
    assert!(!name.as_str().starts_with(TOKEN_PREFIX));
    assert_eq!(name.as_str().parse::<Name>().as_ref(), Ok(&name));
    assert_eq!(
        name.as_str().to_ascii_uppercase().parse::<Name>().as_ref(),
        Ok(&name)
    );
    assert_eq!(counted_as(text), name.as_str());
}

fn strong(text: &str) {
    let Ok(name) = "ada".parse::<Name>() else {
        return;
    };
    if password::require_strong(text, &name).is_ok() {
        assert!(text.chars().count() >= PASSWORD_CHARS_MIN);
    }
}

fn unknown(text: &str) {
    if is_token(text) {
        assert!(text.parse::<Name>().is_err());
    }
    assert_eq!(Accounts::default().token(text, 0), Standing::Unknown);
}
