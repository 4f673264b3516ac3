//! A suite for every engine, written against [`Store`] alone.
//!
//! An engine's tests call [`suite`] with a function that opens a store by name: a new name gives an empty store,
//! a name used before (its store dropped) gives that one again. A failing case panics with its name.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "these are tests, compiled only for tests"
)]

mod changes;
mod channels;
mod collections;
mod concurrency;
mod detections;
mod documents;
mod finding;
mod history;
mod integrity;
mod model;
mod paging;
mod withdrawal;

use crate::records::{Derived, Incoming, Observed};
use crate::{Outcome, Store};

/// Opens the store of a name; the same name again is the same store.
pub type Open<'a> = dyn Fn(&str) -> Box<dyn Store> + Sync + 'a;

/// One case: its name, and what must hold.
pub type Case = (&'static str, fn(&Open<'_>));

/// Every case.
pub fn cases() -> Vec<Case> {
    let parts = [
        history::CASES,
        finding::CASES,
        paging::CASES,
        detections::CASES,
        concurrency::CASES,
        withdrawal::CASES,
        channels::CASES,
        collections::CASES,
        documents::CASES,
        changes::CASES,
        integrity::CASES,
        model::CASES,
    ];
    parts.concat()
}

/// Runs every case against an engine.
pub fn suite(open: &Open<'_>) {
    for (name, case) in cases() {
        case(&|store| open(&format!("{name}-{store}")));
    }
}

/// An object to make incoming ones of. Its text says everything that is derived from it, so that [`derive`] can.
#[derive(Debug, Clone)]
pub(crate) struct Sample {
    pub(crate) id: String,
    pub(crate) version: i64,
    pub(crate) name: String,
    pub(crate) words: String,
    pub(crate) created_by: Option<String>,
    pub(crate) revoked: bool,
    pub(crate) derived: bool,
    pub(crate) observables: Vec<Observed>,
    pub(crate) edges: Vec<(String, String)>,
    text: String,
}

impl Sample {
    pub(crate) fn new(id: &str, version: i64) -> Sample {
        let sample = Sample {
            id: id.to_owned(),
            version,
            name: String::new(),
            words: String::new(),
            created_by: None,
            revoked: false,
            derived: false,
            observables: Vec::new(),
            edges: Vec::new(),
            text: String::new(),
        };
        sample.told()
    }

    pub(crate) fn name(self, name: &str) -> Sample {
        Sample {
            name: name.to_owned(),
            ..self
        }
        .told()
    }

    pub(crate) fn words(self, words: &str) -> Sample {
        Sample {
            words: words.to_owned(),
            ..self
        }
        .told()
    }

    pub(crate) fn by(self, id: &str) -> Sample {
        Sample {
            created_by: Some(id.to_owned()),
            ..self
        }
        .told()
    }

    pub(crate) fn revoked(self) -> Sample {
        Sample {
            revoked: true,
            ..self
        }
        .told()
    }

    pub(crate) fn derived(self) -> Sample {
        Sample {
            derived: true,
            ..self
        }
    }

    pub(crate) fn edge(mut self, property: &str, target: &str) -> Sample {
        self.edges.push((property.to_owned(), target.to_owned()));
        self.told()
    }

    pub(crate) fn term(self, value: &str) -> Sample {
        self.observable(value, true)
    }

    pub(crate) fn mention(self, value: &str) -> Sample {
        self.observable(value, false)
    }

    fn observable(mut self, value: &str, is_term: bool) -> Sample {
        self.observables.push(Observed {
            kind: 3,
            value: value.to_owned(),
            is_term,
        });
        self.told()
    }

    /// Writes the text anew: one line for each thing said.
    fn told(mut self) -> Sample {
        let mut lines = vec![
            format!("id\t{}", self.id),
            format!("version\t{}", self.version),
            format!("name\t{}", self.name),
            format!("words\t{}", self.words),
            format!("revoked\t{}", self.revoked),
        ];
        lines.extend(self.created_by.iter().map(|id| format!("by\t{id}")));
        let observables = self.observables.iter();
        lines.extend(observables.map(|observed| format!("value\t{}\t{}", observed.is_term, observed.value)));
        lines.extend(
            self.edges
                .iter()
                .map(|(property, target)| format!("edge\t{property}\t{target}")),
        );
        self.text = lines.join("\n");
        self
    }

    pub(crate) fn text(&self) -> &[u8] {
        self.text.as_bytes()
    }

    pub(crate) fn digest(&self) -> [u8; 32] {
        digest(self.text())
    }

    pub(crate) fn incoming(&self) -> Incoming<'_> {
        Incoming {
            id: &self.id,
            type_name: self.id.split_once("--").unwrap().0,
            version: self.version,
            digest: self.digest(),
            text: self.text(),
            created_by: self.created_by.as_deref(),
            revoked: self.revoked,
            derived: self.derived,
            observables: self.observables.clone(),
            edges: self.edges.clone(),
            words: self.words.clone(),
            name: self.name.clone(),
        }
    }
}

/// Reads back what a [`Sample`] says.
pub(crate) fn derive(text: &[u8]) -> Result<Derived, String> {
    let told = std::str::from_utf8(text).map_err(|error| error.to_string())?;
    let mut derived = Derived {
        id: String::new(),
        version: 0,
        digest: digest(text),
        created_by: None,
        revoked: false,
        observables: Vec::new(),
        edges: Vec::new(),
        words: String::new(),
        name: String::new(),
    };
    for line in told.split('\n') {
        let mut parts = line.splitn(3, '\t');
        let mut part = || parts.next().map(str::to_owned).ok_or("a part is missing");
        match part()?.as_str() {
            "id" => derived.id = part()?,
            "version" => derived.version = part()?.parse().map_err(|_| "no number")?,
            "name" => derived.name = part()?,
            "words" => derived.words = part()?,
            "revoked" => derived.revoked = part()? == "true",
            "by" => derived.created_by = Some(part()?),
            "value" => {
                let is_term = part()? == "true";
                derived.observables.push(Observed {
                    kind: 3,
                    value: part()?,
                    is_term,
                });
            }
            "edge" => {
                let property = part()?;
                derived.edges.push((property, part()?));
            }
            other => return Err(format!("`{other}` is unknown")),
        }
    }
    Ok(derived)
}

/// Enough of a digest for tests: spreads well, needs no library.
pub(crate) fn digest(text: &[u8]) -> [u8; 32] {
    let mut digest = [0; 32];
    for (seed, chunk) in (0u64..).zip(digest.chunks_mut(8)) {
        let mut state = 0xcbf2_9ce4_8422_2325 ^ seed.wrapping_mul(0x9e37_79b9_7f4a_7c15);
        for byte in text {
            state = (state ^ u64::from(*byte)).wrapping_mul(0x0100_0000_01b3);
            state ^= state >> 29;
        }
        chunk.copy_from_slice(&state.to_be_bytes());
    }
    digest
}

pub(crate) fn ingest(store: &dyn Store, source: &str, samples: &[Sample]) -> Vec<Outcome> {
    let batch: Vec<Incoming<'_>> = samples.iter().map(Sample::incoming).collect();
    store.ingest(source, 7, &batch).unwrap()
}

/// The n-th id of a type.
pub(crate) fn id(type_name: &str, number: u64) -> String {
    format!("{type_name}--00000000-0000-4000-8000-{number:012x}")
}

/// Every item of all pages.
pub(crate) fn all_pages<T>(mut page: impl FnMut(Option<&crate::Cursor>) -> crate::Page<T>) -> Vec<T> {
    let mut items = Vec::new();
    let mut next = None;
    loop {
        let page = page(next.as_ref());
        items.extend(page.items);
        match page.next {
            // A cursor survives as text.
            Some(cursor) => next = Some(crate::Cursor::from_text(cursor.as_str())),
            None => return items,
        }
    }
}
