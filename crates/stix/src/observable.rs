//! What can be looked up: kinds of values and their normal forms.
//!
//! The same functions serve indicators, look-ups and telemetry: two spellings of one thing have one
//! normal form, and a normal form is its own. Begin at [`normalise`] and [`guess`].

mod address;
mod domain;
mod guess;
mod hash;
mod kind;
mod object;
mod path;
mod system;
mod url;

use std::borrow::Cow;
use std::fmt;

pub use domain::is_public_suffix;
pub use guess::{guess, readings, readings_among, refang};
pub use kind::Kind;
pub use object::of_object;
pub use path::{Denotes, of_path};

use crate::limits::VALUE_BYTES_MAX;

/// A value of a kind, in its normal form.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Observable {
    /// What it is.
    pub kind: Kind,
    /// The normal form. An address may carry a prefix length: `192.0.2.0/24` is a network.
    pub value: String,
}

/// Not a value of the kind asked for, and why: a short clause in lower case.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct NotA(pub(crate) &'static str);

impl fmt::Display for NotA {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.0)
    }
}

impl std::error::Error for NotA {}

/// The normal form of `raw` as a `kind`. The kind of the answer is another one where the text says so:
/// `::ffff:192.0.2.1` asked for as `Ipv6` is an `Ipv4`.
///
/// Idempotent: a normal form is its own. The rules of each kind stand at [`Kind`].
pub fn normalise(kind: Kind, raw: &str) -> Result<Observable, NotA> {
    let raw = raw.trim();
    if raw.is_empty() {
        return Err(NotA("empty"));
    }
    if raw.len() > VALUE_BYTES_MAX {
        return Err(NotA("too long"));
    }
    if raw.contains('\0') {
        return Err(NotA("a NUL character in it"));
    }
    if matches!(kind, Kind::Ipv4 | Kind::Ipv6) {
        return address::normalise(raw);
    }
    let value = normal_text(kind, raw)?;
    if value.len() > VALUE_BYTES_MAX {
        return Err(NotA("too long"));
    }
    Ok(Observable {
        kind,
        value: value.into_owned(),
    })
}

fn normal_text(kind: Kind, raw: &str) -> Result<Cow<'_, str>, NotA> {
    match kind {
        Kind::Ipv4 | Kind::Ipv6 => address::normalise(raw).map(|observable| observable.value.into()),
        Kind::Domain => domain::normalise(raw),
        Kind::Url => url::normalise(raw).map(Cow::Owned),
        Kind::Email => domain::email(raw),
        Kind::FileName => Ok(folded(raw)),
        Kind::FilePath => system::file_path(raw).map(Cow::Owned),
        Kind::RegistryKey => system::registry_key(raw).map(Cow::Owned),
        Kind::MacAddress => hash::mac_address(raw).map(Cow::Owned),
        Kind::AutonomousSystem => system::autonomous_system(raw).map(Cow::Owned),
        Kind::Account => Ok(folded(raw)),
        Kind::CommandLine => Ok(folded(&system::single_spaced(raw)).into_owned().into()),
        Kind::Vulnerability => system::vulnerability(raw).map(Cow::Owned),
        Kind::CertificateSerial => hash::serial_number(raw).map(Cow::Owned),
        Kind::Tlsh => hash::tlsh(raw).map(Cow::Owned),
        Kind::Ja4 => Ok(folded(raw)),
        Kind::UserAgent | Kind::Mutex | Kind::Ssdeep | Kind::Application => Ok(Cow::Borrowed(raw)),
        _ => hash::of_kind(kind, raw),
    }
}

/// Lower case, for what is found whatever its case.
fn folded(text: &str) -> Cow<'_, str> {
    let settled = text
        .bytes()
        .all(|byte| byte.is_ascii() && !byte.is_ascii_uppercase());
    if settled {
        Cow::Borrowed(text)
    } else {
        Cow::Owned(text.to_lowercase())
    }
}

#[cfg(test)]
mod tests;
