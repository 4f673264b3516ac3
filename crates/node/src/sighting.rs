//! Detections to sightings: what may be told about them, as objects like any other.
//!
//! One sighting an indicator and day of events, with the observed values as observed-data. Its id is
//! name-based over this node, its own random number, the indicator and the day, so a detection more is a new
//! version of the same sighting and the same log twice is nothing new. Begin at [`Node::write_sightings`].

use entente_stix::id;
use entente_stix::json::{Map, Number, Value};
use entente_stix::object::Object;
use entente_stix::observable::Kind;
use entente_stix::time::Timestamp;
use entente_store::{Derived, Group};
use uuid::Uuid;

use crate::derive::{derive, incoming};
use crate::import::ownership;
use crate::limits::{BATCH_BYTES_MAX, BATCH_OBJECTS_MAX};
use crate::noted::Noted;
use crate::{Error, Node};

/// Under which name the node holds what it says itself.
pub(crate) const OWN_SOURCE: &str = "this node";

/// The namespace of the ids of sightings and their observed-data.
const NAMESPACE: Uuid = Uuid::from_u128(0x6f0c_5be2_9d1f_4a53_8c47_1b8e_2a90_d7c4);

/// How far a clock may have gone back between two scans, in microseconds: five minutes.
const CLOCK_SKEW_MAX: i64 = 300_000_000;

/// Groups read at once; each gives at most a hundred values and two objects more.
const GROUPS_AT_ONCE: usize = 256;

impl Node {
    /// Writes the sightings of every group of detections that changed since its last one. Returns how many.
    ///
    /// `identity` is the id of the node's own identity object.
    ///
    /// # Errors
    /// The store failed; groups not yet written stay marked and are written by the next call.
    pub fn write_sightings(&self, identity: &str, at: Timestamp) -> Result<u64, Error> {
        let mut written = 0;
        loop {
            let groups = self.store.dirty_groups(GROUPS_AT_ONCE)?;
            if groups.is_empty() {
                return Ok(written);
            }
            let mut waiting = Waiting::default();
            for group in &groups {
                for text in self.texts(group, identity, at)? {
                    waiting.bytes += text.len();
                    waiting.objects.push(prepare(text)?);
                }
                waiting.groups.push(group);
                if waiting.objects.len() >= BATCH_OBJECTS_MAX || waiting.bytes >= BATCH_BYTES_MAX {
                    self.write_batch(std::mem::take(&mut waiting), at)?;
                }
            }
            self.write_batch(waiting, at)?;
            written += groups.len() as u64;
        }
    }

    fn write_batch(&self, waiting: Waiting<'_>, at: Timestamp) -> Result<(), Error> {
        if waiting.groups.is_empty() {
            return Ok(());
        }
        let Waiting {
            groups, mut objects, ..
        } = waiting;
        // Who told a sighting with an id that is to be ours keeps it; ours stands beside it.
        let derived: Vec<&Derived> = objects.iter().map(|(_, derived)| derived).collect();
        let owners = ownership::foreign(self.store(), &derived)?;
        let aside = objects.iter().zip(&owners);
        let aside: Vec<(&Derived, &[u8], &str)> = aside
            .filter_map(|((text, derived), owner)| Some((derived, text.as_slice(), owner.as_deref()?)))
            .collect();
        ownership::set_aside(self.store(), OWN_SOURCE, at.micros(), &aside)?;
        let mut owners = owners.into_iter();
        objects.retain(|_| owners.next().flatten().is_none());
        let observables = objects.iter().flat_map(|(_, derived)| &derived.observables);
        Noted::extend(
            self.store(),
            observables.map(|observed| (observed.kind, observed.value.as_str())),
        )?;
        let batch: Vec<_> = objects
            .iter_mut()
            .map(|(text, derived)| incoming(text, derived, false))
            .collect();
        let done: Vec<_> = groups.into_iter().map(Group::done).collect();
        self.store
            .ingest_sightings(&done, OWN_SOURCE, at.micros(), &batch)?;
        Ok(())
    }

    /// Takes in an object that the node itself says.
    ///
    /// # Errors
    /// The text is not an object, or the store failed.
    pub fn take_own(&self, text: &str, at: Timestamp) -> Result<(), Error> {
        let (text, mut derived) = prepare(text.to_owned())?;
        self.store
            .ingest(OWN_SOURCE, at.micros(), &[incoming(&text, &mut derived, false)])?;
        Ok(())
    }

    /// The objects that tell one group: observables, observed-data and the sighting itself.
    fn texts(&self, group: &Group, identity: &str, at: Timestamp) -> Result<Vec<String>, Error> {
        // The node's own number keeps others from telling our next sightings' ids before us, which would then be theirs.
        let secret = self.secret;
        let name = format!("{identity}\n{secret:016x}\n{}\n{}", group.indicator, group.day);
        let sighting = id::name_based("sighting", &NAMESPACE, name.as_bytes());
        let observed = id::name_based("observed-data", &NAMESPACE, name.as_bytes());
        let (created, modified) = self.dates(sighting.as_str(), at)?;
        let when = When::of(group, created, modified);

        let observables: Vec<(String, String)> = group
            .values
            .iter()
            .filter_map(|(kind, value)| observable(*kind, value))
            .collect();
        let mut texts: Vec<String> = observables.iter().map(|(_, text)| text.clone()).collect();
        let refs: Vec<&str> = observables.iter().map(|(id, _)| id.as_str()).collect();
        if !refs.is_empty() {
            texts.push(observed_data(observed.as_str(), identity, group, &when, &refs));
        }
        texts.push(sighting_text(
            sighting.as_str(),
            identity,
            group,
            &when,
            (!refs.is_empty()).then_some(observed.as_str()),
        ));
        Ok(texts)
    }

    /// `created` stays what it was first; `modified` always moves on, also when the clock went back a little.
    ///
    /// Anyone who was told the sighting can send back a version of it from the far future. Ours does not follow
    /// it there: it stands beside it with the time it has.
    fn dates(&self, sighting: &str, at: Timestamp) -> Result<(Timestamp, Timestamp), Error> {
        let Some(stored) = self.store.current(sighting)? else {
            return Ok((at, at));
        };
        let created = Object::read(&stored.text)
            .ok()
            .and_then(|object| object.created())
            .unwrap_or(at);
        let next = stored.version.saturating_add(1_000);
        let is_ours_to_follow = next <= at.micros().saturating_add(CLOCK_SKEW_MAX);
        let modified = if is_ours_to_follow {
            next.max(at.micros())
        } else {
            at.micros()
        };
        Ok((created.min(at), Timestamp::from_micros(modified)))
    }
}

/// Sightings on their way to the store, group by group.
#[derive(Default)]
struct Waiting<'g> {
    groups: Vec<&'g Group>,
    objects: Vec<(Vec<u8>, Derived)>,
    bytes: usize,
}

struct When {
    created: Timestamp,
    modified: Timestamp,
    /// The first and the last event, where any told its time.
    events: Option<(Timestamp, Timestamp)>,
}

impl When {
    fn of(group: &Group, created: Timestamp, modified: Timestamp) -> When {
        let events = group.first.zip(group.last);
        let times = |(first, last)| (Timestamp::from_micros(first), Timestamp::from_micros(last));
        When {
            created,
            modified,
            events: events.map(times),
        }
    }
}

fn prepare(text: String) -> Result<(Vec<u8>, Derived), Error> {
    let text = text.into_bytes();
    let derived = match Object::read(&text) {
        Ok(object) => derive(&object),
        Err(refusal) => {
            return Err(Error::Text {
                id: "a sighting".to_owned(),
                cause: refusal.to_string(),
            });
        }
    };
    Ok((text, derived))
}

fn sighting_text(id: &str, identity: &str, group: &Group, when: &When, observed: Option<&str>) -> String {
    let mut members = common("sighting", id, identity, when);
    // Events that tell no time leave the times out: a partner must not be told an invented one.
    if let Some((first, last)) = when.events {
        members.insert("first_seen", text(first));
        members.insert("last_seen", text(last));
    }
    members.insert("count", number(group.count));
    members.insert("sighting_of_ref", Value::String(group.indicator.as_str().into()));
    members.insert("where_sighted_refs", list(&[identity]));
    if let Some(observed) = observed {
        members.insert("observed_data_refs", list(&[observed]));
    }
    Value::Object(members).canonical()
}

fn observed_data(id: &str, identity: &str, group: &Group, when: &When, refs: &[&str]) -> String {
    let mut members = common("observed-data", id, identity, when);
    // Required here (STIX 2.1 §4.14); without times of events it is when the data was read.
    let (first, last) = when.events.unwrap_or((when.created, when.modified));
    members.insert("first_observed", text(first));
    members.insert("last_observed", text(last));
    members.insert("number_observed", number(group.count));
    members.insert("object_refs", list(refs));
    Value::Object(members).canonical()
}

fn common<'a>(type_name: &'a str, id: &'a str, identity: &'a str, when: &When) -> Map<'a> {
    let mut members = Map::new();
    members.insert("type", Value::String(type_name.into()));
    members.insert("spec_version", Value::String("2.1".into()));
    members.insert("id", Value::String(id.into()));
    members.insert("created_by_ref", Value::String(identity.into()));
    members.insert("created", text(when.created));
    members.insert("modified", text(when.modified));
    members
}

/// The observable object for a value, with its deterministic id; `None` for kinds that STIX has no object for
/// (user agents, JA3): their sightings go without observed-data rather than with an invented type.
fn observable(kind: u8, value: &str) -> Option<(String, String)> {
    let kind = Kind::from_number(kind)?;
    let mut members = Map::new();
    let type_name = match kind {
        Kind::Ipv4 => with(&mut members, "ipv4-addr", "value", value),
        Kind::Ipv6 => with(&mut members, "ipv6-addr", "value", value),
        Kind::Domain => with(&mut members, "domain-name", "value", value),
        Kind::Url => {
            // A log that splits its URLs tells no scheme; the object wants one (STIX 2.1 §6.15).
            let url = if value.contains("://") {
                value.to_owned()
            } else {
                format!("http://{value}")
            };
            members.insert("value", Value::String(url.into()));
            "url"
        }
        Kind::Email => with(&mut members, "email-addr", "value", value),
        Kind::FileName => with(&mut members, "file", "name", value),
        Kind::FilePath => with(&mut members, "file", "name", last_component(value)),
        Kind::RegistryKey => with(&mut members, "windows-registry-key", "key", value),
        Kind::MacAddress => with(&mut members, "mac-addr", "value", value),
        Kind::Mutex => with(&mut members, "mutex", "name", value),
        Kind::Md5 => with_hash(&mut members, "MD5", value),
        Kind::Sha1 => with_hash(&mut members, "SHA-1", value),
        Kind::Sha256 => with_hash(&mut members, "SHA-256", value),
        Kind::Sha512 => with_hash(&mut members, "SHA-512", value),
        _ => return None,
    };
    members.insert("type", Value::String(type_name.into()));
    members.insert("spec_version", Value::String("2.1".into()));
    let id = id::deterministic(&Value::Object(members.clone()))?;
    members.insert("id", Value::String(id.as_str().into()));
    let text = Value::Object(members).canonical();
    Some((id.as_str().to_owned(), text))
}

fn with<'a>(
    members: &mut Map<'a>,
    type_name: &'static str,
    property: &'static str,
    value: &'a str,
) -> &'static str {
    members.insert(property, Value::String(value.into()));
    type_name
}

fn with_hash<'a>(members: &mut Map<'a>, algorithm: &'static str, value: &'a str) -> &'static str {
    let mut hashes = Map::new();
    hashes.insert(algorithm, Value::String(value.into()));
    members.insert("hashes", Value::Object(hashes));
    "file"
}

fn last_component(path: &str) -> &str {
    path.rsplit(['/', '\\']).next().unwrap_or(path)
}

fn text(at: Timestamp) -> Value<'static> {
    Value::String(at.to_string().into())
}

fn number(count: u64) -> Value<'static> {
    // STIX 2.1 §5.2: sighting counts end at 999,999,999.
    Number::new(count.min(999_999_999).to_string()).map_or(Value::Null, Value::Number)
}

fn list<'a>(ids: &[&'a str]) -> Value<'a> {
    Value::Array(ids.iter().map(|id| Value::String((*id).into())).collect())
}
