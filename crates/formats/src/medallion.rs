//! The data file of medallion, OASIS' TAXII server: discovery, API roots, their collections with objects, statuses.
//!
//! Three shapes are read: collections as a list with objects and manifest apart (2.x lists all versions of an id in
//! one record, 3.0 has a record a version), and collections by id, each object with a `__meta`. Objects are given as
//! the bytes that they are in the file, without what medallion added. Reading is total; what cannot be used is a
//! [`Defect`] with its JSON pointer. Begin at [`read`].

use std::collections::{BTreeMap, BTreeSet};

use entente_stix::json::{self, Value, push_token, raw};
use entente_stix::time::Timestamp;

use crate::limits::{DEFECTS_MAX, MEDALLION_BYTES_MAX};

/// A server, as its data file tells it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Server {
    /// What it is called.
    pub about: About,
    /// Its API roots, in the order of the file.
    pub roots: Vec<Root>,
    /// What could not be read.
    pub defects: Vec<Defect>,
}

/// What a server or a root is called.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct About {
    /// A title.
    pub title: String,
    /// What it is for.
    pub description: Option<String>,
    /// Whom to ask.
    pub contact: Option<String>,
    /// The path name of the root to begin with.
    pub default: Option<String>,
}

/// An API root.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Root {
    /// Its path name.
    pub name: String,
    /// What it is called.
    pub about: About,
    /// Ids and texts of its status records.
    pub statuses: Vec<(String, String)>,
    /// Its collections.
    pub collections: Vec<Collection>,
}

/// A collection.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Collection {
    /// JSON pointer to it.
    pub pointer: String,
    /// Its id.
    pub id: String,
    /// What it is called.
    pub title: String,
    /// What it is for.
    pub description: Option<String>,
    /// Another name for its id.
    pub alias: Option<String>,
    /// Whether it may be read.
    pub can_read: bool,
    /// Whether it may be added to.
    pub can_write: bool,
    /// Of what it holds.
    pub media_types: Vec<String>,
    /// Its objects in the order in which medallion tells them: by the time of adding, then as in the file.
    pub records: Vec<Record>,
}

/// One version of an object in a collection.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Record {
    /// JSON pointer to the object.
    pub pointer: String,
    /// When it was added.
    pub added: Timestamp,
    /// Its version: `modified`, else `created` (TAXII 2.1 §3.4, `version`: for what is not versioned a server MUST use
    /// `created`), else as the manifest says, else when it was added: for what has neither it is the server's to
    /// choose, so long as it stays the same, and clients know it from the manifest.
    pub version: Timestamp,
    /// The version of STIX, such as `2.1`.
    pub spec_version: String,
    /// The object's text.
    pub text: String,
}

/// Something in the file that cannot be used.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Defect {
    /// JSON pointer to it.
    pub pointer: String,
    /// What is wrong, and what it means.
    pub reason: String,
}

/// Why a file is none of medallion's at all.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum NotMedallion {
    /// Too big.
    #[error(
        "the file has {found} bytes, the limit is {MEDALLION_BYTES_MAX}; take its API roots over one by one"
    )]
    TooBig {
        /// Its bytes.
        found: usize,
    },
    /// Not UTF-8, or not JSON so far as was looked.
    #[error("the file is not JSON: {0}")]
    Json(#[from] json::Error),
    /// JSON, but something else.
    #[error("the file is not medallion's: {0}; name the file that its configuration calls `filename`")]
    Other(&'static str),
}

/// Reads a data file.
///
/// # Errors
/// [`NotMedallion`]: it is something else altogether.
pub fn read(file: &[u8]) -> Result<Server, NotMedallion> {
    if file.len() > MEDALLION_BYTES_MAX {
        return Err(NotMedallion::TooBig { found: file.len() });
    }
    let text = std::str::from_utf8(file).map_err(|_| NotMedallion::Other("it is not UTF-8"))?;
    let mut server = Server::default();
    let mut is_medallion = false;
    for (name, value) in raw::members(text)? {
        let mut pointer = String::new();
        push_token(&mut pointer, &name);
        if name == "/discovery" {
            is_medallion = true;
            server.about = server.read_about(value, &pointer);
            continue;
        }
        match Fields::of(value) {
            Ok(fields) if fields.get("information").is_some() || fields.get("collections").is_some() => {
                is_medallion = true;
                let root = server.read_root(&name, &fields, &pointer);
                server.roots.push(root);
            }
            Ok(_) => server.defect(
                &pointer,
                "no API root: it has neither `information` nor `collections`",
            ),
            Err(error) => server.defect(&pointer, &format!("no API root: {error}")),
        }
    }
    match is_medallion {
        true => Ok(server),
        false => Err(NotMedallion::Other("it has neither `/discovery` nor an API root")),
    }
}

/// The members of an object, as texts.
struct Fields<'t>(BTreeMap<String, &'t str>);

impl<'t> Fields<'t> {
    fn of(text: &'t str) -> Result<Fields<'t>, json::Error> {
        let members = raw::members(text)?.into_iter();
        Ok(Fields(
            members.map(|(key, value)| (key.into_owned(), value)).collect(),
        ))
    }

    fn get(&self, key: &str) -> Option<&'t str> {
        self.0.get(key).copied()
    }

    fn value(&self, key: &str) -> Option<Value<'t>> {
        json::read(self.get(key)?.as_bytes()).ok()
    }

    fn string(&self, key: &str) -> Option<String> {
        self.value(key)?.as_str().map(str::to_owned)
    }

    fn bool(&self, key: &str) -> Option<bool> {
        self.value(key)?.as_bool()
    }

    fn time(&self, key: &str) -> Option<Timestamp> {
        Timestamp::parse_rfc3339(&self.string(key)?).ok()
    }
}

/// What a manifest says of one version of an object.
struct Noted {
    added: Timestamp,
    spec_version: Option<String>,
    is_used: bool,
    pointer: String,
}

impl Server {
    fn defect(&mut self, pointer: &str, reason: &str) {
        if self.defects.len() < DEFECTS_MAX {
            self.defects.push(Defect {
                pointer: pointer.to_owned(),
                reason: reason.to_owned(),
            });
        }
    }

    fn read_about(&mut self, text: &str, pointer: &str) -> About {
        let Ok(fields) = Fields::of(text) else {
            self.defect(pointer, "not an object; its title is not taken over");
            return About::default();
        };
        let path_name = |url: String| url.trim_end_matches('/').rsplit('/').next().map(str::to_owned);
        About {
            title: fields.string("title").unwrap_or_default(),
            description: fields.string("description"),
            contact: fields.string("contact"),
            default: fields.string("default").and_then(path_name),
        }
    }

    fn read_root(&mut self, name: &str, fields: &Fields<'_>, pointer: &str) -> Root {
        let mut root = Root {
            name: name.to_owned(),
            ..Root::default()
        };
        if let Some(information) = fields.get("information") {
            root.about = self.read_about(information, &format!("{pointer}/information"));
        }
        for (id, text, pointer) in self.list(fields.get("status"), &format!("{pointer}/status")) {
            match Fields::of(text)
                .ok()
                .and_then(|fields| fields.string("id"))
                .or(id)
            {
                Some(id) if json::read(text.as_bytes()).is_ok() => root.statuses.push((id, text.to_owned())),
                _ => self.defect(
                    &pointer,
                    "a status without an id, or not JSON; it is not taken over",
                ),
            }
        }
        let mut ids = BTreeSet::new();
        for (id, text, pointer) in self.list(fields.get("collections"), &format!("{pointer}/collections")) {
            let Ok(fields) = Fields::of(text) else {
                self.defect(&pointer, "not an object; this collection is not taken over");
                continue;
            };
            match id.or_else(|| fields.string("id")).filter(|id| !id.is_empty()) {
                Some(id) if ids.insert(id.clone()) => {
                    let collection = self.read_collection(id, &fields, pointer);
                    root.collections.push(collection);
                }
                Some(_) => self.defect(&pointer, "a second collection of this id; it is not taken over"),
                None => self.defect(&pointer, "a collection without an id; it is not taken over"),
            }
        }
        root
    }

    /// What is listed, or stands by its id: the id, the text and its pointer.
    fn list<'t>(&mut self, text: Option<&'t str>, pointer: &str) -> Vec<(Option<String>, &'t str, String)> {
        let Some(text) = text else { return Vec::new() };
        if let Ok(elements) = raw::elements(text) {
            let numbered = elements.into_iter().enumerate();
            return numbered
                .map(|(place, element)| (None, element, format!("{pointer}/{place}")))
                .collect();
        }
        let Ok(members) = raw::members(text) else {
            self.defect(pointer, "neither a list nor an object; it is not taken over");
            return Vec::new();
        };
        members
            .into_iter()
            .map(|(key, value)| {
                let mut pointer = pointer.to_owned();
                push_token(&mut pointer, &key);
                (Some(key.into_owned()), value, pointer)
            })
            .collect()
    }

    fn read_collection(&mut self, id: String, fields: &Fields<'_>, pointer: String) -> Collection {
        let manifest = self.list(fields.get("manifest"), &format!("{pointer}/manifest"));
        let mut noted = self.read_manifest(manifest);
        let objects = self.list(fields.get("objects"), &format!("{pointer}/objects"));
        let mut records: Vec<Record> = objects
            .into_iter()
            .filter_map(|(_, text, pointer)| self.read_object(text, pointer, &mut noted))
            .collect();
        records.sort_by_key(|record| record.added);
        for (_, noted) in noted.into_iter().filter(|(_, noted)| !noted.is_used) {
            self.defect(
                &noted.pointer,
                "a record of the manifest without its object; it is not taken over",
            );
        }
        let media_types = fields.value("media_types");
        let media_types = media_types.as_ref().and_then(Value::as_array).unwrap_or_default();
        Collection {
            pointer,
            title: fields.string("title").unwrap_or_else(|| id.clone()),
            id,
            description: fields.string("description"),
            alias: fields.string("alias"),
            can_read: fields.bool("can_read").unwrap_or(false),
            can_write: fields.bool("can_write").unwrap_or(false),
            media_types: media_types
                .iter()
                .filter_map(Value::as_str)
                .map(str::to_owned)
                .collect(),
            records,
        }
    }

    fn read_manifest(
        &mut self,
        manifest: Vec<(Option<String>, &str, String)>,
    ) -> BTreeMap<(String, Timestamp), Noted> {
        let mut noted = BTreeMap::new();
        for (_, text, pointer) in manifest {
            let fields = Fields::of(text).unwrap_or(Fields(BTreeMap::new()));
            let (Some(id), Some(added)) = (fields.string("id"), fields.time("date_added")) else {
                self.defect(
                    &pointer,
                    "a record without a readable `id` and `date_added`; it is not taken over",
                );
                continue;
            };
            let listed = fields.value("versions");
            let listed = listed.as_ref().and_then(Value::as_array).unwrap_or_default();
            let listed = listed.iter().filter_map(Value::as_str).map(str::to_owned);
            let types = fields.value("media_types");
            let types = types.as_ref().and_then(Value::as_array).unwrap_or_default();
            let media_type = fields.string("media_type");
            let media_type = media_type.or_else(|| types.first().and_then(Value::as_str).map(str::to_owned));
            for version in fields.string("version").into_iter().chain(listed) {
                let Ok(version) = Timestamp::parse_rfc3339(&version) else {
                    self.defect(&pointer, "a version that is no timestamp; it is not taken over");
                    continue;
                };
                noted.entry((id.clone(), version)).or_insert_with(|| Noted {
                    added,
                    spec_version: media_type.as_deref().and_then(stix_version),
                    is_used: false,
                    pointer: pointer.clone(),
                });
            }
        }
        noted
    }

    fn read_object(
        &mut self,
        text: &str,
        pointer: String,
        noted: &mut BTreeMap<(String, Timestamp), Noted>,
    ) -> Option<Record> {
        let Ok(fields) = Fields::of(text) else {
            self.defect(&pointer, "not an object; it is not taken over");
            return None;
        };
        let Some(id) = fields.string("id") else {
            self.defect(&pointer, "an object without an id; it is not taken over");
            return None;
        };
        let own = fields.time("modified").or_else(|| fields.time("created"));
        let meta = fields.get("__meta").and_then(|meta| Fields::of(meta).ok());
        let hidden = fields.time("_date_added");
        let from_meta = meta.as_ref().and_then(|meta| {
            let spec_version = meta.string("media_type").as_deref().and_then(stix_version);
            Some((meta.time("date_added")?, spec_version))
        });
        let of_id =
            (id.clone(), Timestamp::from_micros(i64::MIN))..=(id.clone(), Timestamp::from_micros(i64::MAX));
        let found = match own.or(hidden) {
            Some(version) => noted.get_mut(&(id, version)).map(|noted| (version, noted)),
            None => noted
                .range_mut(of_id)
                .next()
                .map(|((_, version), noted)| (*version, noted)),
        };
        let told = found.as_ref().map(|(version, _)| *version);
        let from_manifest = found.map(|(_, noted)| {
            noted.is_used = true;
            (noted.added, noted.spec_version.clone())
        });
        let Some((added, spec_version)) = from_meta.or(from_manifest) else {
            self.defect(
                &pointer,
                "the manifest does not name this version, so medallion never told it; it is not taken over",
            );
            return None;
        };
        let default = || (if own.is_some() { "2.0" } else { "2.1" }).to_owned();
        let stated = || fields.string("spec_version").unwrap_or_else(default);
        Some(Record {
            added,
            version: own.or(hidden).or(told).unwrap_or(added),
            spec_version: spec_version.unwrap_or_else(stated),
            text: without_additions(text),
            pointer,
        })
    }
}

/// The version in `application/stix+json;version=2.1`; media types of TAXII say nothing about the object.
fn stix_version(media_type: &str) -> Option<String> {
    let (name, version) = media_type.split_once("version=")?;
    name.contains("stix").then(|| version.trim().to_owned())
}

/// What medallion writes into an object for itself.
const ADDITIONS: &[&str] = &["__meta", "_date_added"];

/// The text of an object as it was before medallion added something; byte by byte where it added nothing.
fn without_additions(text: &str) -> String {
    let Ok(members) = raw::members(text) else {
        return text.to_owned();
    };
    if members.iter().all(|(key, _)| !ADDITIONS.contains(&key.as_ref())) {
        return text.to_owned();
    }
    let mut kept = String::with_capacity(text.len());
    for (key, value) in members
        .iter()
        .filter(|(key, _)| !ADDITIONS.contains(&key.as_ref()))
    {
        kept.push(if kept.is_empty() { '{' } else { ',' });
        json::quote(key, &mut kept);
        kept.push(':');
        kept.push_str(value);
    }
    if kept.is_empty() {
        kept.push('{');
    }
    kept.push('}');
    kept
}
