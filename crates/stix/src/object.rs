//! One STIX object: the text that it came in, and what we must know of it.
//!
//! Reads STIX 2.1 and 2.0. Whether the object keeps the rules of the standard is `validate`'s task;
//! here is refused only what could not be kept, found or told apart. Begin at [`Object::read`].

use std::borrow::Cow;

use crate::digest::Digest;
use crate::id::{self, NotAnId};
use crate::json::{self, Value};
use crate::reference::{self, Reference};
use crate::time::{NotATime, Timestamp};

/// Domain objects (STIX 2.1 §4).
pub const DOMAIN_TYPES: &[&str] = &[
    "attack-pattern",
    "campaign",
    "course-of-action",
    "grouping",
    "identity",
    "incident",
    "indicator",
    "infrastructure",
    "intrusion-set",
    "location",
    "malware",
    "malware-analysis",
    "note",
    "observed-data",
    "opinion",
    "report",
    "threat-actor",
    "tool",
    "vulnerability",
];

/// Relationship objects (STIX 2.1 §5).
pub const RELATIONSHIP_TYPES: &[&str] = &["relationship", "sighting"];

/// Cyber-observable objects (STIX 2.1 §6).
pub const OBSERVABLE_TYPES: &[&str] = &[
    "artifact",
    "autonomous-system",
    "directory",
    "domain-name",
    "email-addr",
    "email-message",
    "file",
    "ipv4-addr",
    "ipv6-addr",
    "mac-addr",
    "mutex",
    "network-traffic",
    "process",
    "software",
    "url",
    "user-account",
    "windows-registry-key",
    "x509-certificate",
];

/// Meta objects (STIX 2.1 §7).
pub const META_TYPES: &[&str] = &["extension-definition", "language-content", "marking-definition"];

/// What family an object is of.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Class {
    /// STIX domain object.
    Sdo,
    /// STIX relationship object.
    Sro,
    /// STIX cyber-observable object.
    Sco,
    /// Marking definition, language content, extension definition.
    Meta,
    /// A type that the standard does not define.
    Custom,
}

impl Class {
    /// The class of a type.
    pub fn of_type(type_name: &str) -> Class {
        let families = [
            (DOMAIN_TYPES, Class::Sdo),
            (RELATIONSHIP_TYPES, Class::Sro),
            (OBSERVABLE_TYPES, Class::Sco),
            (META_TYPES, Class::Meta),
        ];
        let family = families.iter().find(|(types, _)| types.contains(&type_name));
        family.map_or(Class::Custom, |(_, class)| *class)
    }
}

/// What tells two versions of one id apart.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Version {
    /// By `modified` (STIX 2.1 §3.6).
    Modified(Timestamp),
    /// By content, where an object has no `modified`.
    Content(Digest),
}

/// Why a text is not an object that could be kept.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// Not strict I-JSON.
    #[error("{0}")]
    Json(#[from] json::Error),
    /// JSON, but no object.
    #[error("not a STIX object but {0}")]
    NotAnObject(&'static str),
    /// Without a `type` that is a string.
    #[error("no `type`: not a STIX object")]
    NoType,
    /// A bundle inside a bundle.
    #[error("a bundle is no object: give the objects in it")]
    Bundle,
    /// Without an `id` that is a string.
    #[error("no `id`: without it the object cannot be kept")]
    NoId,
    /// An `id` that is none.
    #[error("`id` is {1}: `{0}`")]
    BadId(String, NotAnId),
    /// An `id` of another type than `type`.
    #[error("`id` begins with another type than `{0}`")]
    IdOfOtherType(String),
    /// A `modified` that is no timestamp.
    #[error("`{0}` is {1}")]
    BadTime(&'static str, NotATime),
}

impl Refusal {
    /// JSON pointer from the object to what is wrong.
    pub fn pointer(&self) -> &str {
        match self {
            Refusal::Json(error) => &error.pointer,
            Refusal::NotAnObject(_) => "",
            Refusal::NoType | Refusal::Bundle => "/type",
            Refusal::NoId | Refusal::BadId(..) | Refusal::IdOfOtherType(_) => "/id",
            Refusal::BadTime(..) => "/modified",
        }
    }
}

/// One object: its text, kept whole, and its values.
#[derive(Debug, Clone)]
pub struct Object<'a> {
    text: &'a str,
    value: Value<'a>,
    created: Option<Timestamp>,
    modified: Option<Timestamp>,
}

impl<'a> Object<'a> {
    /// Reads an object; what is before and after it must be white space.
    pub fn read(text: &'a [u8]) -> Result<Object<'a>, Refusal> {
        let value = json::read(text)?;
        let (created, modified) = admit(&value)?;
        // The reader has seen that it is UTF-8.
        let text = std::str::from_utf8(text).unwrap_or_default().trim_ascii();
        Ok(Object {
            text,
            value,
            created,
            modified,
        })
    }

    /// The text as it came in, without white space around it.
    pub fn text(&self) -> &'a str {
        self.text
    }

    /// The object as a JSON value.
    pub fn value(&self) -> &Value<'a> {
        &self.value
    }

    /// The member `key`.
    pub fn get(&self, key: &str) -> Option<&Value<'a>> {
        self.value.get(key)
    }

    /// The member `key`, if it is a string.
    pub fn str(&self, key: &str) -> Option<&str> {
        self.get(key)?.as_str()
    }

    /// The identifier.
    pub fn id(&self) -> &str {
        self.str("id").unwrap_or_default()
    }

    /// The type.
    pub fn type_name(&self) -> &str {
        self.str("type").unwrap_or_default()
    }

    /// The family of its type.
    pub fn class(&self) -> Class {
        Class::of_type(self.type_name())
    }

    /// What tells this version of the object from others.
    pub fn version(&self) -> Version {
        self.modified
            .map_or_else(|| Version::Content(self.digest()), Version::Modified)
    }

    /// SHA-256 of the canonical form (RFC 8785).
    pub fn digest(&self) -> Digest {
        Digest::of(self.value.canonical_of(self.text.len()).as_bytes())
    }

    /// The identity that made it.
    pub fn created_by(&self) -> Option<&str> {
        self.str("created_by_ref")
    }

    /// When it was made; `None` also where that is no timestamp.
    pub fn created(&self) -> Option<Timestamp> {
        self.created
    }

    /// When this version was made.
    pub fn modified(&self) -> Option<Timestamp> {
        self.modified
    }

    /// Whether its creator took it back (STIX 2.1 §3.6).
    pub fn revoked(&self) -> bool {
        self.get("revoked").and_then(Value::as_bool).unwrap_or(false)
    }

    /// Every `*_ref` and `*_refs`, nested ones too.
    pub fn references(&self) -> impl Iterator<Item = Reference<'_>> {
        reference::of_value(&self.value).into_iter()
    }

    /// The markings of the whole object, as ids.
    pub fn marking_refs(&self) -> impl Iterator<Item = &str> {
        let refs = self
            .get("object_marking_refs")
            .and_then(Value::as_array)
            .unwrap_or_default();
        refs.iter().filter_map(Value::as_str)
    }

    /// The property `name`, if there is one.
    pub fn name(&self) -> Option<&str> {
        self.str("name")
    }

    /// What people would call it: its name, value, pattern... at last its id.
    pub fn label(&self) -> Cow<'_, str> {
        const TELLING: &[&str] = &[
            "name",
            "value",
            "key",
            "path",
            "subject",
            "pattern",
            "abstract",
            "display_name",
            "account_login",
            "user_id",
            "command_line",
            "serial_number",
            "opinion",
            "content",
            "url",
        ];
        let told = TELLING
            .iter()
            .find_map(|key| self.str(key).filter(|text| !text.is_empty()));
        if let Some(text) = told {
            return Cow::Borrowed(text);
        }
        self.composed_label().map_or(Cow::Borrowed(self.id()), Cow::Owned)
    }

    fn composed_label(&self) -> Option<String> {
        match self.type_name() {
            "relationship" => {
                let end = |key| Some(self.str(key)?.split("--").next()?.to_owned());
                let verb = self.str("relationship_type")?;
                Some(format!("{} {verb} {}", end("source_ref")?, end("target_ref")?))
            }
            "sighting" => Some(format!("sighting of {}", self.str("sighting_of_ref")?)),
            "autonomous-system" => Some(format!("AS{}", self.get("number")?.as_i64()?)),
            "marking-definition" => {
                let definition = self.get("definition")?.as_object()?;
                let (kind, value) = definition.iter().next()?;
                Some(format!(
                    "{}:{}",
                    kind.to_uppercase(),
                    value.as_str()?.to_uppercase()
                ))
            }
            "network-traffic" => {
                let protocols = self
                    .get("protocols")?
                    .as_array()?
                    .iter()
                    .filter_map(Value::as_str);
                Some(protocols.collect::<Vec<_>>().join("/"))
            }
            _ => {
                let (algorithm, hash) = self.get("hashes")?.as_object()?.iter().next()?;
                Some(format!("{algorithm}:{}", hash.as_str()?))
            }
        }
    }
}

/// Checks what keeping an object needs: a type, an id of that type, readable times.
fn admit(value: &Value<'_>) -> Result<(Option<Timestamp>, Option<Timestamp>), Refusal> {
    let object = value
        .as_object()
        .ok_or(Refusal::NotAnObject(value.type_words()))?;
    let type_name = object
        .get("type")
        .and_then(Value::as_str)
        .ok_or(Refusal::NoType)?;
    if type_name == "bundle" {
        return Err(Refusal::Bundle);
    }
    let id = object.get("id").and_then(Value::as_str).ok_or(Refusal::NoId)?;
    let (id_type, _) = id::split(id).map_err(|why| Refusal::BadId(shortened(id), why))?;
    if id_type != type_name {
        return Err(Refusal::IdOfOtherType(shortened(type_name)));
    }
    // Versions are told apart by `modified`, so it must be understood; a time zone is, although §2.16
    // asks for UTC. `created` decides nothing here.
    let modified = match object.get("modified") {
        None => None,
        Some(Value::String(text)) => {
            Some(Timestamp::parse_rfc3339(text).map_err(|why| Refusal::BadTime("modified", why))?)
        }
        Some(_) => return Err(Refusal::BadTime("modified", NotATime::Form)),
    };
    let created = object.get("created").and_then(Value::as_str);
    Ok((
        created.and_then(|text| Timestamp::parse_rfc3339(text).ok()),
        modified,
    ))
}

/// Enough of a hostile text to recognise it.
fn shortened(text: &str) -> String {
    match text.char_indices().nth(100) {
        Some((end, _)) => format!("{}…", text.get(..end).unwrap_or_default()),
        None => text.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const TOOL: &str = r#"  {"type":"tool","spec_version":"2.1","id":"tool--d7f3e25a-ba1c-447a-ab71-6434b092b05e",
        "created":"2020-01-01T00:00:00.000Z", "modified":"2020-01-02T00:00:00.000Z","name":"x","z_custom":[1.0]} "#;

    #[test]
    fn text_is_kept_whole() {
        let object = Object::read(TOOL.as_bytes()).unwrap();
        assert_eq!(object.text(), TOOL.trim());
        assert_eq!(object.class(), Class::Sdo);
        assert_eq!(object.label(), "x");
        let modified = Timestamp::parse("2020-01-02T00:00:00Z").unwrap();
        assert_eq!(object.version(), Version::Modified(modified));
    }

    #[test]
    fn digest_is_of_what_is_said_not_of_how() {
        let one = Object::read(TOOL.as_bytes()).unwrap().digest();
        let other = TOOL.replace("[1.0]", "[ 1 ]").replace("\"x\"", r#""\u0078""#);
        assert_eq!(Object::read(other.as_bytes()).unwrap().digest(), one);
        let changed = TOOL.replace("[1.0]", "[1.5]");
        assert_ne!(Object::read(changed.as_bytes()).unwrap().digest(), one);
    }

    #[test]
    fn objects_without_modified_have_their_content_as_version() {
        let text = r#"{"type":"url","id":"url--d7f3e25a-ba1c-447a-ab71-6434b092b05e","value":"http://a/"}"#;
        let object = Object::read(text.as_bytes()).unwrap();
        assert_eq!(object.version(), Version::Content(object.digest()));
    }

    #[test]
    fn what_cannot_be_kept_is_refused_with_its_place() {
        let check = |text: &str, pointer: &str| {
            let refusal = Object::read(text.as_bytes()).unwrap_err();
            assert_eq!(refusal.pointer(), pointer, "{refusal}");
        };
        check("[]", "");
        check("{}", "/type");
        check(r#"{"type":"bundle"}"#, "/type");
        check(r#"{"type":"tool"}"#, "/id");
        check(r#"{"type":"tool","id":"tool--1"}"#, "/id");
        check(&TOOL.replace("\"tool\"", "\"malware\""), "/id");
        check(&TOOL.replace("2020-01-02", "2020-13-02"), "/modified");
        check(&TOOL.replace("\"2020-01-02T00:00:00.000Z\"", "1"), "/modified");
        check(&TOOL.replace("[1.0]", r#"{"a":[0,"\ud800"]}"#), "/z_custom/a/1");
    }
}
