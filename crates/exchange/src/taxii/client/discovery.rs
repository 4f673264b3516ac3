//! What a server has: its API roots and their collections, wherever in it one begins.

use std::collections::VecDeque;

use entente_stix::json::{self, Value};
use entente_stix::time::Timestamp;
use url::Url;

use super::address::{below, folder, is_segment, named, shortened, within};
use super::talk::{Heard, Talk};
use super::{Fault, Oddity, Response, Step};
use crate::limits::{TAXII_COLLECTIONS_MAX, TAXII_ROOTS_MAX};

/// A look at what a server has. Begins at a discovery, an API root, a list of collections or a collection.
#[derive(Debug)]
pub struct Discovery {
    talk: Talk,
    jobs: VecDeque<Job>,
    found: Found,
}

/// What a server has.
#[derive(Debug, Default)]
pub struct Found {
    /// The server's title.
    pub title: Option<String>,
    /// What it says of itself.
    pub description: Option<String>,
    /// Whom to ask about it.
    pub contact: Option<String>,
    /// Its API roots.
    pub roots: Vec<Root>,
    /// Roots that were not looked at, and why.
    pub refused: Vec<(String, String)>,
}

/// An API root.
#[derive(Debug)]
pub struct Root {
    /// Its address.
    pub url: Url,
    /// Its title.
    pub title: Option<String>,
    /// What it says of itself.
    pub description: Option<String>,
    /// Bytes that it takes in one request.
    pub content_bytes_max: Option<u64>,
    /// Its collections.
    pub collections: Vec<Collection>,
    /// Why they could not be listed.
    pub fault: Option<String>,
}

/// A collection.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Collection {
    /// The API root.
    pub root: Url,
    /// Its address.
    pub url: Url,
    /// Its id.
    pub id: String,
    /// Its title.
    pub title: Option<String>,
    /// What it says of itself.
    pub description: Option<String>,
    /// Another name for its id.
    pub alias: Option<String>,
    /// Whether we may read it.
    pub can_read: bool,
    /// Whether we may write to it.
    pub can_write: bool,
}

#[derive(Debug, Clone)]
enum Job {
    /// What the operator named: anything. The second: where else it may be.
    Named(Url, Option<Url>),
    /// An API root that the discovery named.
    Root(Url),
    /// The collections of the root so numbered.
    Collections(usize),
}

impl Discovery {
    /// Looks at the server at `url`, as the operator named it.
    ///
    /// # Errors
    /// [`Fault::Address`].
    pub fn new(url: &str) -> Result<Discovery, Fault> {
        let url = named(url)?;
        // TAXII 2.1 §4.1: a discovery is at `/taxii2/`.
        let at_root = matches!(url.path(), "" | "/");
        let usual = at_root.then(|| below(&url, &["taxii2"]));
        Ok(Discovery {
            talk: Talk::new(url.clone()),
            jobs: VecDeque::from([Job::Named(url, usual)]),
            found: Found::default(),
        })
    }

    /// What is to be done next.
    pub fn step(&mut self) -> Step {
        if let Some(seconds) = self.talk.waiting() {
            return Step::Wait(seconds);
        }
        let url = match self.jobs.front() {
            None => return Step::Done,
            Some(Job::Named(url, _) | Job::Root(url)) => url.clone(),
            Some(Job::Collections(root)) => match self.found.roots.get(*root) {
                Some(root) => below(&root.url, &["collections"]),
                None => return Step::Done,
            },
        };
        Step::Ask(Box::new(self.talk.get(url)))
    }

    /// Takes the answer to the last request.
    ///
    /// # Errors
    /// [`Fault`]: there is nothing to find here. What is wrong with one root of several is told beside it.
    pub fn take(&mut self, response: &Response, at: Timestamp) -> Result<(), Fault> {
        let Some(job) = self.jobs.front().cloned() else {
            return Ok(());
        };
        let taken = self.take_one(&job, response, at);
        match (taken, job) {
            (Ok(true), _) => {
                self.jobs.pop_front();
            }
            (Ok(false), _) => {}
            (Err(fault), Job::Named(..)) => return Err(fault),
            (Err(fault), Job::Root(url)) => {
                self.jobs.pop_front();
                self.found.refused.push((url.to_string(), fault.to_string()));
            }
            (Err(fault), Job::Collections(number)) => {
                self.jobs.pop_front();
                if let Some(root) = self.found.roots.get_mut(number) {
                    root.fault = Some(fault.to_string());
                }
            }
        }
        match (self.jobs.is_empty(), self.found.roots.is_empty()) {
            // With nothing to show, the first reason is the answer.
            (true, true) => match self.found.refused.first() {
                Some((url, _)) if !self.on_origin(url) => Err(Fault::Elsewhere {
                    named: self.talk.origin(),
                    to: url.clone(),
                }),
                Some((url, cause)) => Err(Fault::Address {
                    url: url.clone(),
                    cause: cause.clone(),
                }),
                None => Ok(()),
            },
            _ => Ok(()),
        }
    }

    /// What was found.
    pub fn found(self) -> (Found, Vec<Oddity>) {
        (self.found, self.talk.oddities.into_iter().collect())
    }

    fn on_origin(&self, url: &str) -> bool {
        within(self.talk.named(), self.talk.named(), url).is_ok()
    }

    /// Whether the job is done.
    fn take_one(&mut self, job: &Job, response: &Response, at: Timestamp) -> Result<bool, Fault> {
        match (self.talk.hear("GET", response, at)?, job) {
            (Heard::Again, _) => return Ok(false),
            (Heard::Body, _) => {}
            (_, Job::Named(_, Some(usual))) => {
                let usual = usual.clone();
                self.jobs.push_back(Job::Named(usual, None));
                return Ok(true);
            }
            (Heard::Rejected(fault), _) => return Err(fault),
            _ => return Err(self.talk.missing(response.status)),
        }
        let value = match json::read(&response.body) {
            Ok(value) => value,
            Err(error) => return self.talk.damaged(error.to_string()).map(|()| false),
        };
        self.talk.whole();
        let url = self.talk.at().clone();
        match job {
            Job::Named(_, usual) => self.take_named(&value, &url, usual.as_ref())?,
            Job::Root(_) => self.take_root(&value, url),
            Job::Collections(root) => self.take_collections(&value, *root),
        }
        Ok(true)
    }

    /// The members tell what it is.
    fn take_named(&mut self, value: &Value<'_>, url: &Url, usual: Option<&Url>) -> Result<(), Fault> {
        let has = |key: &str| value.get(key).is_some();
        if has("api_roots") || has("default") {
            self.take_discovery(value, url);
        } else if has("collections") {
            let number = self.put_root(&Value::Null, above(url, 1));
            self.take_collections(value, number);
        } else if has("can_read") || has("can_write") {
            let root = above(url, 2);
            let number = self.put_root(&Value::Null, root.clone());
            let collection = collection(value, &root);
            if let (Some(root), Some(collection)) = (self.found.roots.get_mut(number), collection) {
                root.collections.push(collection);
            }
        } else if has("versions") || has("max_content_length") {
            self.take_root(value, folder(url.clone()));
        } else if let Some(usual) = usual {
            self.jobs.push_back(Job::Named(usual.clone(), None));
        } else if has("title") {
            // A discovery need not have any root (§4.1.1).
            self.take_discovery(value, url);
        } else {
            return Err(self.talk.not_taxii("JSON that is something else"));
        }
        Ok(())
    }

    fn take_discovery(&mut self, value: &Value<'_>, url: &Url) {
        self.found.title = text(value, "title");
        self.found.description = text(value, "description");
        self.found.contact = text(value, "contact");
        let listed = value
            .get("api_roots")
            .and_then(Value::as_array)
            .unwrap_or_default();
        let mut references: Vec<&str> = value.get("default").and_then(Value::as_str).into_iter().collect();
        references.extend(listed.iter().filter_map(Value::as_str));
        let mut urls: Vec<Url> = Vec::new();
        for reference in references.into_iter().take(TAXII_ROOTS_MAX) {
            match within(self.talk.named(), url, reference).map(folder) {
                Ok(url) if urls.contains(&url) => {}
                Ok(url) => urls.push(url),
                Err(fault) => {
                    let told = (shortened(reference), fault.to_string());
                    if !self.found.refused.contains(&told) {
                        self.found.refused.push(told);
                    }
                }
            }
        }
        self.jobs.extend(urls.into_iter().map(Job::Root));
    }

    fn take_root(&mut self, value: &Value<'_>, url: Url) {
        let versions = value
            .get("versions")
            .and_then(Value::as_array)
            .unwrap_or_default();
        let is_old = |version: &Value<'_>| version.as_str().is_some_and(|version| version.contains("2.0"));
        if !versions.is_empty() && versions.iter().all(is_old) {
            let fault = Fault::OldVersion {
                origin: self.talk.origin(),
            };
            self.found.refused.push((url.to_string(), fault.to_string()));
            return;
        }
        let number = self.put_root(value, folder(url));
        self.jobs.push_back(Job::Collections(number));
    }

    fn put_root(&mut self, value: &Value<'_>, url: Url) -> usize {
        self.found.roots.push(Root {
            url,
            title: text(value, "title"),
            description: text(value, "description"),
            content_bytes_max: value
                .get("max_content_length")
                .and_then(Value::as_i64)
                .and_then(|bytes| u64::try_from(bytes).ok()),
            collections: Vec::new(),
            fault: None,
        });
        self.found.roots.len() - 1
    }

    fn take_collections(&mut self, value: &Value<'_>, number: usize) {
        let Some(root) = self.found.roots.get_mut(number) else {
            return;
        };
        let listed = value
            .get("collections")
            .and_then(Value::as_array)
            .unwrap_or_default();
        let known = listed.iter().take(TAXII_COLLECTIONS_MAX);
        root.collections = known.filter_map(|value| collection(value, &root.url)).collect();
        let left_out = listed.len() - root.collections.len();
        if left_out > 0 {
            root.fault = Some(format!(
                "{left_out} of its collections have no usable id, or are too many"
            ));
        }
    }
}

fn collection(value: &Value<'_>, root: &Url) -> Option<Collection> {
    let id = value
        .get("id")
        .and_then(Value::as_str)
        .filter(|id| is_segment(id))?;
    let may = |key| value.get(key).and_then(Value::as_bool).unwrap_or(false);
    Some(Collection {
        root: root.clone(),
        url: below(root, &["collections", id]),
        id: id.to_owned(),
        title: text(value, "title"),
        description: text(value, "description"),
        alias: text(value, "alias"),
        can_read: may("can_read"),
        can_write: may("can_write"),
    })
}

fn text(value: &Value<'_>, key: &str) -> Option<String> {
    let text = value.get(key).and_then(Value::as_str)?;
    Some(shortened(text))
}

/// The folder so many levels above.
fn above(url: &Url, levels: usize) -> Url {
    let mut url = folder(url.clone());
    if let Ok(mut segments) = url.path_segments_mut() {
        segments.pop_if_empty();
        (0..levels).for_each(|_| {
            segments.pop();
        });
        segments.push("");
    }
    url
}
