//! Who the parties are: each unique by name, by identity and by root key.

use std::collections::{BTreeMap, BTreeSet};

use entente_stix::id::ObjectId;

use super::super::Member;
use super::super::fields::Fields;
use super::super::reader::{Place, Reader, shown};
use super::super::tree::{Node, Value};
use super::{part, tables};
use crate::limits::PARTIES_MAX;

/// The names that clauses may use.
pub(super) type PartyNames = BTreeSet<String>;

/// Every name that a party gives itself, for better or worse; `None` where there is no list of parties.
pub(super) fn names(fields: &Fields<'_>) -> Option<PartyNames> {
    let Value::List(tables) = &fields.node("party")?.value else {
        return None;
    };
    let name = |table: &Node| match &table.get("name")?.value {
        Value::Text(name) => Some(name.clone()),
        _ => None,
    };
    Some(tables.iter().take(PARTIES_MAX).filter_map(name).collect())
}

/// All parties, at least two.
pub(super) fn all(reader: &mut Reader, fields: &Fields<'_>) -> Option<Vec<Member>> {
    let Some(node) = fields.node("party") else {
        let way_out = "begin each party with `[[party]]`".to_owned();
        reader.tell(
            None,
            fields.place(""),
            "no party where an agreement takes two".to_owned(),
            Some(way_out),
        );
        return None;
    };
    let tables = tables(reader, node, fields.place("party"), PARTIES_MAX)?;
    if tables.len() < 2 {
        let what = format!("{} where an agreement takes two", count(tables.len()));
        reader.tell(node.at, fields.place("party"), what, None);
    }
    let mut seen = Seen::default();
    let read = tables.iter().enumerate();
    let members: Vec<_> = read
        .map(|(position, table)| member(reader, table, position, &mut seen))
        .collect();
    members.into_iter().collect()
}

fn count(parties: usize) -> &'static str {
    if parties == 0 { "no party" } else { "one party" }
}

/// Names, identities and keys so far, each with who has it.
#[derive(Default)]
struct Seen {
    names: BTreeSet<String>,
    identities: BTreeMap<String, String>,
    keys: BTreeMap<String, String>,
}

fn member(reader: &mut Reader, table: &Node, position: usize, seen: &mut Seen) -> Option<Member> {
    let part = part("party", table, position);
    let fields = Fields::of(reader, table, part, &["name", "identity", "root_key"])?;
    let name = fields.required(reader, "name", "\"cert\"", Reader::name);
    let identity = fields.required(reader, "identity", "\"identity--…\"", identity);
    let root_key = fields.required(reader, "root_key", "\"name+hash+base64\"", root_key);
    if let Some(name) = &name
        && !seen.names.insert(name.clone())
    {
        fields.tell(reader, "name", "another party has this name".to_owned(), None);
    }
    if let Some(identity) = &identity {
        let part = fields.part().to_owned();
        if let Some(other) = seen.identities.insert(identity.clone(), part) {
            fields.tell(reader, "identity", format!("{other} has this identity"), None);
        }
    }
    if let Some(root_key) = &root_key {
        // The key itself: under two names it would still be one key.
        let key = root_key.splitn(3, '+').last().unwrap_or_default().to_owned();
        let part = fields.part().to_owned();
        if let Some(other) = seen.keys.insert(key, part) {
            fields.tell(reader, "root_key", format!("{other} has this key"), None);
        }
    }
    Some(Member {
        name: name?,
        identity: identity?,
        root_key: root_key?,
    })
}

fn identity(reader: &mut Reader, node: &Node, place: Place<'_>) -> Option<String> {
    let text = reader.line(node, place)?;
    let why = match ObjectId::parse(&text) {
        Ok(id) if id.type_name() != "identity" => format!("is a {}", shown(id.type_name())),
        Ok(_) if text.bytes().any(|byte| byte.is_ascii_uppercase()) => "has capitals".to_owned(),
        Ok(_) => return Some(text),
        Err(error) => format!("is {error}"),
    };
    let way_out = "give the id of the party's STIX identity, as `identity--` and a UUID in lower case";
    let what = format!("`{}` {why}", shown(&text));
    reader.tell(node.at, place, what, Some(way_out.to_owned()));
    None
}

/// The shape of a verifier key (C2SP signed-note): `name+hash+base64`. Whether it is a key, whoever
/// verifies with it finds out.
fn root_key(reader: &mut Reader, node: &Node, place: Place<'_>) -> Option<String> {
    let text = reader.line(node, place)?;
    let mut parts = text.splitn(3, '+');
    let (name, hash, key) = (
        parts.next()?,
        parts.next().unwrap_or(""),
        parts.next().unwrap_or(""),
    );
    let wrong = if name.is_empty() || name.contains(char::is_whitespace) {
        Some("its name is empty or has spaces")
    } else if hash.len() != 8 || !hash.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f')) {
        Some("its hash is not 8 digits of `0-9` and `a-f`")
    } else if !is_base64(key) {
        Some("its key is not base64")
    } else {
        None
    };
    let Some(wrong) = wrong else {
        return Some(text);
    };
    let what = format!("`{}` is no verifier key: {wrong}", shown(&text));
    let way_out = "copy the line that the party hands out: `name+hash+base64`";
    reader.tell(node.at, place, what, Some(way_out.to_owned()));
    None
}

/// Padded base64 (RFC 4648 §4) of at least an algorithm byte and something after it.
fn is_base64(text: &str) -> bool {
    let bare = text.trim_end_matches('=');
    let allowed = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'+' || byte == b'/';
    text.len().is_multiple_of(4)
        && text.len() - bare.len() <= 2
        && bare.len() > 2
        && bare.bytes().all(allowed)
}
