//! Identifiers: `type--uuid`, and the ids that follow from what an observable says (STIX 2.1 §2.9).
//!
//! Begin at [`ObjectId`] and [`deterministic`].

use std::borrow::Cow;
use std::fmt;

use uuid::Uuid;

use crate::json::{Map, Value};
use crate::limits::TYPE_NAME_BYTES_MAX;

/// The namespace that STIX 2.1 §2.9 sets for deterministic ids of observables.
pub const OBSERVABLE_NAMESPACE: Uuid = Uuid::from_u128(0x00abedb4_aa42_466c_9c01_fed23315a9b7);

/// An identifier of the form `type--uuid`, kept as written.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ObjectId(String);

/// Why a text is no identifier.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum NotAnId {
    /// No `--` between a type and a UUID.
    #[error("not of the form `type--uuid`")]
    Form,
    /// A type name with other characters than `a-z 0-9 - _`, or too long.
    #[error("malformed type name: lower-case letters, digits and hyphens, at most {TYPE_NAME_BYTES_MAX}")]
    TypeName,
    /// The part after `--` is no UUID (RFC 4122).
    #[error("malformed UUID")]
    Uuid,
}

impl ObjectId {
    /// Reads an identifier.
    pub fn parse(text: &str) -> Result<ObjectId, NotAnId> {
        split(text)?;
        Ok(ObjectId(text.to_owned()))
    }

    /// The identifier as written.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The part before `--`.
    pub fn type_name(&self) -> &str {
        self.0.split_once("--").map_or("", |(type_name, _)| type_name)
    }
}

impl fmt::Display for ObjectId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl AsRef<str> for ObjectId {
    fn as_ref(&self) -> &str {
        &self.0
    }
}

/// Type name and UUID of an identifier, without a copy. Underscores are let through, because
/// custom types of STIX 2.0 tools have them; validation tells them.
pub fn split(text: &str) -> Result<(&str, &str), NotAnId> {
    let (type_name, uuid) = text.split_once("--").ok_or(NotAnId::Form)?;
    if !is_type_name(type_name) {
        return Err(NotAnId::TypeName);
    }
    if !is_uuid(uuid.as_bytes()) {
        return Err(NotAnId::Uuid);
    }
    Ok((type_name, uuid))
}

/// Whether `text` is an identifier.
pub fn is_id(text: &str) -> bool {
    split(text).is_ok()
}

fn is_type_name(text: &str) -> bool {
    let allowed = |byte: u8| matches!(byte, b'a'..=b'z' | b'0'..=b'9' | b'-' | b'_');
    !text.is_empty() && text.len() <= TYPE_NAME_BYTES_MAX && text.bytes().all(allowed)
}

fn is_uuid(text: &[u8]) -> bool {
    let fits = |(at, byte): (usize, &u8)| match at {
        8 | 13 | 18 | 23 => *byte == b'-',
        _ => byte.is_ascii_hexdigit(),
    };
    text.len() == 36 && text.iter().enumerate().all(fits)
}

/// An id that follows from `name` alone: a UUIDv5 (RFC 4122 §4.3) in a namespace of the caller.
pub fn name_based(type_name: &str, namespace: &Uuid, name: &[u8]) -> ObjectId {
    ObjectId(format!("{type_name}--{}", Uuid::new_v5(namespace, name)))
}

/// The id that an observable has by STIX 2.1 §2.9: a UUIDv5 over the canonical form of its ID
/// contributing properties. `None` where none of them is there or the type has none (`process`,
/// everything that is no observable): such an object takes a random id.
pub fn deterministic(object: &Value<'_>) -> Option<ObjectId> {
    let object = object.as_object()?;
    let type_name = object.get("type")?.as_str()?;
    let mut name = Map::new();
    for property in contributing(type_name) {
        if let Some(value) = object.get(property) {
            name.insert(*property, contribution(property, value));
        }
    }
    let canonical = || Value::Object(name.clone()).canonical();
    (!name.is_empty()).then(|| name_based(type_name, &OBSERVABLE_NAMESPACE, canonical().as_bytes()))
}

/// The ID contributing properties of a type (STIX 2.1 §6, the table of each observable).
pub fn contributing(type_name: &str) -> &'static [&'static str] {
    match type_name {
        "artifact" => &["hashes", "payload_bin"],
        "autonomous-system" => &["number"],
        "directory" => &["path"],
        "domain-name" | "email-addr" | "ipv4-addr" | "ipv6-addr" | "mac-addr" | "url" => &["value"],
        "email-message" => &["from_ref", "subject", "body"],
        "file" => &["hashes", "name", "parent_directory_ref", "extensions"],
        "mutex" => &["name"],
        "network-traffic" => &[
            "start",
            "end",
            "src_ref",
            "dst_ref",
            "src_port",
            "dst_port",
            "protocols",
            "extensions",
        ],
        "software" => &["name", "cpe", "swid", "vendor", "version"],
        "user-account" => &["account_type", "user_id", "account_login"],
        "windows-registry-key" => &["key", "values"],
        "x509-certificate" => &["hashes", "serial_number"],
        _ => &[],
    }
}

/// Of several hashes one contributes, by the order that §6.7.1 gives; of others the first by name,
/// since the members of a JSON object have no order.
fn contribution<'a>(property: &str, value: &Value<'a>) -> Value<'a> {
    let (Value::Object(hashes), "hashes") = (value, property) else {
        return value.clone();
    };
    let preferred = ["MD5", "SHA-1", "SHA-256", "SHA-512"]
        .into_iter()
        .find(|name| hashes.contains_key(name));
    let Some(chosen) = preferred.or_else(|| hashes.keys().min()) else {
        return value.clone();
    };
    let mut one = Map::new();
    if let Some(hash) = hashes.get(chosen) {
        one.insert(Cow::Owned(chosen.to_owned()), hash.clone());
    }
    Value::Object(one)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::json;

    fn check(object: &str, expected: Option<&str>) {
        let value = json::read(object.as_bytes()).unwrap();
        assert_eq!(
            deterministic(&value).as_ref().map(ObjectId::as_str),
            expected,
            "{object}"
        );
    }

    #[test]
    fn ids_follow_from_the_contributing_properties() {
        check(
            r#"{"type":"domain-name","value":"circl.lu","resolves_to_refs":["ipv4-addr--0"]}"#,
            Some("domain-name--4f2ea360-1460-5a03-afb8-4cbce15a9cf0"),
        );
        check(
            r#"{"type":"autonomous-system","name":"x","number":174}"#,
            Some("autonomous-system--55d86c46-4ca5-59db-b240-d082106bbcf5"),
        );
    }

    #[test]
    fn one_hash_contributes_by_the_order_of_the_standard() {
        let id = |hashes: &str| {
            let text = format!(r#"{{"type":"file","hashes":{hashes}}}"#);
            deterministic(&json::read(text.as_bytes()).unwrap()).unwrap()
        };
        assert_eq!(id(r#"{"SHA-256":"b","MD5":"a"}"#), id(r#"{"MD5":"a"}"#));
        assert_eq!(id(r#"{"SSDEEP":"z","SHA-512":"b"}"#), id(r#"{"SHA-512":"b"}"#));
        assert_eq!(
            id(r#"{"TLSH":"t","SSDEEP":"s"}"#),
            id(r#"{"SSDEEP":"s","TLSH":"t"}"#)
        );
        assert_ne!(id(r#"{"MD5":"a"}"#), id(r#"{"MD5":"A"}"#));
    }

    #[test]
    fn what_has_nothing_that_contributes_has_no_id_of_its_own() {
        check(r#"{"type":"process","pid":1}"#, None);
        check(r#"{"type":"network-traffic","src_byte_count":1}"#, None);
        check(r#"{"type":"indicator","name":"x"}"#, None);
        check(r#"["type"]"#, None);
    }

    #[test]
    fn malformed_identifiers_are_named() {
        for (text, why) in [
            ("indicator", NotAnId::Form),
            ("--d7f3e25a-ba1c-447a-ab71-6434b092b05e", NotAnId::TypeName),
            (
                "Indicator--d7f3e25a-ba1c-447a-ab71-6434b092b05e",
                NotAnId::TypeName,
            ),
            ("indicator--d7f3e25aba1c447aab716434b092b05e", NotAnId::Uuid),
            ("indicator--{d7f3e25a-ba1c-447a-ab71-6434b092b05}", NotAnId::Uuid),
            ("indicator--d7f3e25a-ba1c-447a-ab71-6434b092b05e ", NotAnId::Uuid),
        ] {
            assert_eq!(ObjectId::parse(text), Err(why), "{text}");
        }
        let id = ObjectId::parse("x-my-type--d7f3e25a-ba1c-447a-ab71-6434b092b05E").unwrap();
        assert_eq!(id.type_name(), "x-my-type");
    }
}
