//! A page of objects: an envelope, or what servers send instead; its objects with their texts as they came.

use std::collections::{BTreeSet, VecDeque};
use std::ops::Range;

use entente_stix::bundle::{Item, Reader, Wrapper};
use entente_stix::digest::Digest;
use entente_stix::json::{self, Value};
use entente_stix::time::Timestamp;

use crate::limits::{TAXII_NEXT_BYTES_MAX, TAXII_SEEN_MAX};

/// Objects that are new, ready to be imported, and what is broken beside them.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Page {
    /// `{"objects":[…]}`: the new objects, each as the text it came in.
    pub text: Vec<u8>,
    /// Where each stood in the server's answer.
    pub places: Vec<String>,
    /// What is no object, or too broken to be given.
    pub defects: Vec<Place>,
    /// Objects that were here before in this reading, or at the end of the last one.
    pub again: u64,
}

/// Something broken in an answer, and where.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Place {
    /// JSON pointer.
    pub pointer: String,
    /// What is wrong.
    pub reason: String,
}

/// An object of an answer.
#[derive(Debug)]
pub(super) struct Told {
    range: Range<usize>,
    pointer: String,
    pub(super) key: Key,
    pub(super) id: Option<String>,
    /// `modified`, else `created`.
    pub(super) own_time: Option<Timestamp>,
}

/// An answer with objects.
#[derive(Debug, Default)]
pub(super) struct Envelope {
    pub(super) objects: Vec<Told>,
    pub(super) defects: Vec<Place>,
    pub(super) more: bool,
    pub(super) next: Option<String>,
    pub(super) is_bare: bool,
}

/// Why an answer is no page.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum NoPage {
    /// Cut off or broken in its outline.
    Damaged(String),
    /// JSON that says something else.
    Foreign,
}

impl Envelope {
    pub(super) fn read(body: &[u8]) -> Result<Envelope, NoPage> {
        let body = body.strip_prefix(b"\xef\xbb\xbf").unwrap_or(body);
        if body.trim_ascii().is_empty() {
            return Ok(Envelope::default());
        }
        if let Some(cause) = outline_fault(body) {
            return Err(NoPage::Damaged(cause.to_owned()));
        }
        let mut envelope = Envelope::default();
        let mut reader = Reader::new(body);
        loop {
            match reader.next() {
                Ok(None) => break,
                Ok(Some(Item::Object {
                    text,
                    pointer,
                    offset,
                })) => {
                    let start = usize::try_from(offset).unwrap_or(usize::MAX);
                    let range = start..start.saturating_add(text.len());
                    envelope.objects.push(Told::read(text, pointer, range));
                }
                Ok(Some(Item::Defect { pointer, reason, .. })) => {
                    envelope.defects.push(Place { pointer, reason });
                }
                Err(error) => return Err(NoPage::Damaged(error.to_string())),
            }
        }
        match reader.wrapper() {
            Some(wrapper) => envelope.wrapped(wrapper)?,
            None if envelope.objects.is_empty() => return Envelope::without_objects(body),
            None => envelope.is_bare = true,
        }
        Ok(envelope)
    }

    fn wrapped(&mut self, wrapper: &Wrapper) -> Result<(), NoPage> {
        self.is_bare = wrapper.type_name.is_some();
        self.more = wrapper.more;
        self.next = wrapper.next.clone().filter(|next| !next.is_empty());
        match &self.next {
            Some(next) if next.len() > TAXII_NEXT_BYTES_MAX => Err(NoPage::Damaged(format!(
                "a `next` of {} bytes, at most {TAXII_NEXT_BYTES_MAX} are kept",
                next.len()
            ))),
            _ => Ok(()),
        }
    }

    /// `{}` is an envelope without objects (TAXII 2.1 §3.7): the list is left out where it is empty.
    fn without_objects(body: &[u8]) -> Result<Envelope, NoPage> {
        let value = json::read(body).map_err(|error| NoPage::Damaged(error.to_string()))?;
        let is_known =
            |key: &str| matches!(key, "more" | "next" | "objects" | "type" | "id" | "spec_version");
        let members = match &value {
            Value::Array(elements) if elements.is_empty() => return Ok(Envelope::default()),
            Value::Object(members) if members.is_empty() || members.keys().any(is_known) => members,
            _ => return Err(NoPage::Foreign),
        };
        let no_objects = members.get("objects").is_none_or(|value| *value == Value::Null);
        if !no_objects {
            return Err(NoPage::Foreign);
        }
        let mut envelope = Envelope::default();
        let next = match members.get("next") {
            Some(Value::Number(number)) => Some(number.text().to_owned()),
            next => next.and_then(Value::as_str).map(str::to_owned),
        };
        envelope.wrapped(&Wrapper {
            type_name: None,
            next,
            more: members.get("more").and_then(Value::as_bool).unwrap_or(false),
            ..Wrapper::default()
        })?;
        Ok(envelope)
    }

    /// What is new of it.
    pub(super) fn page(self, body: &[u8], seen: &mut Seen) -> Page {
        let body = body.strip_prefix(b"\xef\xbb\xbf").unwrap_or(body);
        let mut page = Page {
            text: b"{\"objects\":[".to_vec(),
            places: Vec::with_capacity(self.objects.len()),
            defects: self.defects,
            again: 0,
        };
        for object in self.objects {
            if !seen.insert(object.key) {
                page.again += 1;
                continue;
            }
            if !page.places.is_empty() {
                page.text.push(b',');
            }
            page.text
                .extend_from_slice(body.get(object.range).unwrap_or_default());
            page.places.push(object.pointer);
        }
        page.text.extend_from_slice(b"]}");
        page
    }
}

impl Told {
    fn read(text: &[u8], pointer: String, range: Range<usize>) -> Told {
        let value = json::read(text).ok();
        let member = |key: &str| {
            value
                .as_ref()
                .and_then(|value| value.get(key))
                .and_then(Value::as_str)
        };
        let time = |key: &str| member(key).and_then(|text| Timestamp::parse_rfc3339(text).ok());
        Told {
            range,
            pointer,
            id: member("id").map(str::to_owned),
            own_time: time("modified").or_else(|| time("created")),
            key: Key::of(
                value
                    .as_ref()
                    .map_or_else(|| text.to_vec(), |value| value.canonical().into_bytes())
                    .as_slice(),
            ),
        }
    }
}

/// What tells objects apart: the beginning of the digest of an object's canonical form. A server that makes two of
/// its objects collide withholds one from its own reader.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Key(pub(super) [u8; 8]);

impl Key {
    pub(super) fn of(bytes: &[u8]) -> Key {
        Key(crate::message::prefix(Digest::of(bytes).as_bytes()))
    }
}

/// Objects of this reading; the oldest are forgotten first.
#[derive(Debug, Default)]
pub(super) struct Seen {
    recent: BTreeSet<Key>,
    older: BTreeSet<Key>,
}

impl Seen {
    pub(super) fn contains(&self, key: Key) -> bool {
        self.recent.contains(&key) || self.older.contains(&key)
    }

    /// Whether it was not seen before.
    pub(super) fn insert(&mut self, key: Key) -> bool {
        if self.older.contains(&key) || !self.recent.insert(key) {
            return false;
        }
        if self.recent.len() >= TAXII_SEEN_MAX / 2 {
            self.older = std::mem::take(&mut self.recent);
        }
        true
    }
}

/// The last keys of what was told, as many as are kept.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Tail(pub(super) VecDeque<Key>);

impl Tail {
    pub(super) fn push(&mut self, key: Key, max: usize) {
        if self.0.len() >= max {
            self.0.pop_front();
        }
        self.0.push_back(key);
    }
}

/// What is wrong with the brackets of a JSON text: an answer that was cut off must not look like one that is done.
fn outline_fault(text: &[u8]) -> Option<&'static str> {
    let (mut depth, mut in_string, mut escaped) = (0_u64, false, false);
    for byte in text {
        match (in_string, byte) {
            (true, _) if escaped => escaped = false,
            (true, b'\\') => escaped = true,
            (true, b'"') => in_string = false,
            (true, _) => {}
            (false, b'"') => in_string = true,
            (false, b'{' | b'[') => depth += 1,
            (false, b'}' | b']') => match depth.checked_sub(1) {
                Some(less) => depth = less,
                None => return Some("more brackets are closed than were opened"),
            },
            (false, _) => {}
        }
    }
    (in_string || depth > 0).then_some("it ends in the middle")
}
