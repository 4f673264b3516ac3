//! A party's own note: its STIX identity and its root key, signed by that key (`docs/formats/party.md`).

use entente_stix::json::{self, Value};
use entente_stix::object::Object;
use entente_stix::time::Timestamp;
use entente_stix::validate::{self, Severity};
use entente_translog::note::{Algorithm, Verifier};

use crate::limits::PARTY_NAME_BYTES_MAX;

const FIRST_LINE: &str = "entente/party/v1";

/// What the note says.
pub(crate) struct PartyNote {
    pub(crate) id: String,
    pub(crate) name: String,
    pub(crate) modified: Timestamp,
    pub(crate) identity: String,
    pub(crate) root: Verifier,
}

/// The text that the root key signs.
pub(crate) fn text(identity: &str, root: &Verifier) -> String {
    format!("{FIRST_LINE}\n{identity}\nroot {root}\n")
}

/// Reads the text of a note; `Err` says what is wrong.
pub(crate) fn read(text: &str) -> Result<PartyNote, String> {
    let lines: Vec<&str> = text.split('\n').collect();
    let [FIRST_LINE, identity, root, ""] = lines.as_slice() else {
        return Err(format!("it is not of three lines that begin with `{FIRST_LINE}`"));
    };
    let root = root
        .strip_prefix("root ")
        .ok_or("its third line does not begin with `root `")?;
    let root: Verifier = root.parse().map_err(|error| format!("its root key: {error}"))?;
    let value = json::read(identity.as_bytes()).map_err(|error| format!("its identity: {error}"))?;
    if value.canonical() != *identity {
        return Err("its identity is not in canonical form (RFC 8785)".to_owned());
    }
    let object = Object::read(identity.as_bytes()).map_err(|refusal| format!("its identity: {refusal}"))?;
    let modified = require_identity(&object)?;
    if root.name() != object.id() || root.algorithm() != Algorithm::Ed25519 {
        return Err("its root key is not an Ed25519 key with the name of the identity".to_owned());
    }
    let name = value.get("name").and_then(Value::as_str).unwrap_or_default();
    require_name(name)?;
    Ok(PartyNote {
        id: object.id().to_owned(),
        name: name.to_owned(),
        modified,
        identity: (*identity).to_owned(),
        root,
    })
}

fn require_identity(object: &Object<'_>) -> Result<Timestamp, String> {
    if object.type_name() != "identity" {
        return Err(format!("its object is not an identity: `{}`", object.id()));
    }
    let errors = validate::object(object.value());
    if let Some(first) = errors
        .into_iter()
        .find(|finding| finding.severity == Severity::Error)
    {
        return Err(format!(
            "its identity: {} at `{}` ({})",
            first.message, first.pointer, first.clause
        ));
    }
    if object.revoked() {
        return Err("its identity is revoked".to_owned());
    }
    object
        .modified()
        .ok_or_else(|| "its identity has no `modified`".to_owned())
}

/// A name stands in lists, messages and prompts: one line, and not too long.
pub(crate) fn require_name(name: &str) -> Result<(), String> {
    if name.trim().is_empty() {
        return Err("a party needs a name".to_owned());
    }
    if name.len() > PARTY_NAME_BYTES_MAX {
        return Err(format!("the name has more than {PARTY_NAME_BYTES_MAX} bytes"));
    }
    if name.chars().any(char::is_control) {
        return Err("the name has control characters".to_owned());
    }
    Ok(())
}
