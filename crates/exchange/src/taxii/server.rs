//! The server's side: a request to its response. Begin at [`respond`].

mod accept;
mod envelope;
mod members;
mod pages;
mod query;
mod refusal;
mod route;
mod tell;

use std::sync::Arc;

use entente_node::shelf::{Collection, Deleted, Shelf, Visitor, Wanted, Written};
use entente_stix::time::Timestamp;

pub use envelope::objects_again;
pub use pages::Pages;
pub use query::query_again;

use super::MEDIA_TYPE;
use pages::{Key, Rendered};
use query::Asked;
use refusal::Refusal;
use route::{Endpoint, Inside};

/// A request, once its visitor is known.
#[derive(Debug, Clone, Copy)]
pub struct Request<'a> {
    /// `GET`, `POST`…
    pub method: &'a str,
    /// From `/taxii2` on, percent-encoded as it came.
    pub path: &'a str,
    /// What stands behind the question mark, as it came; empty where there is none.
    pub query: &'a str,
    /// `Accept`.
    pub accept: Option<&'a str>,
    /// `Content-Type`.
    pub content_type: Option<&'a str>,
    /// The body, decoded.
    pub body: &'a [u8],
    /// Now.
    pub at: Timestamp,
    /// How this server is called from outside, `https://node.example`: absolute addresses begin with it.
    pub host: &'a str,
}

/// A response. `Content-Length` is its sender's, except where `HEAD` is told how long it would be.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Response {
    /// The status.
    pub status: u16,
    /// Names in small letters, and values.
    pub headers: Vec<(&'static str, String)>,
    /// The body.
    pub body: Arc<[u8]>,
}

impl Response {
    fn of(status: u16, body: impl Into<Arc<[u8]>>) -> Response {
        Response {
            status,
            headers: vec![
                ("content-type", MEDIA_TYPE.to_owned()),
                ("cache-control", "private, no-cache".to_owned()),
                ("vary", "accept, authorization".to_owned()),
            ],
            body: body.into(),
        }
    }
}

/// Answers a request of the visitor that `shelf` is for. Rendered pages are kept in `pages`, which all visitors share.
pub fn respond(shelf: &Shelf<'_>, pages: &Pages, request: &Request<'_>) -> Response {
    let answered = answer(shelf, pages, request);
    let mut response = answered.unwrap_or_else(|refusal| refusal.response(request));
    if request.method == "HEAD" {
        let length = response.body.len().to_string();
        response.headers.push(("content-length", length));
        response.body = Arc::from([]);
    }
    response
}

/// The refusal of a request with a body, where it is refused whatever the body says: to be asked before reading it.
/// The request's own body may be left out here.
pub fn refused_before_body(shelf: &Shelf<'_>, pages: &Pages, request: &Request<'_>) -> Option<Response> {
    let refused = require_body(shelf, pages, request).err();
    refused.map(|refusal| refusal.response(request))
}

fn require_body(shelf: &Shelf<'_>, pages: &Pages, request: &Request<'_>) -> Result<(), Refusal> {
    let (endpoint, method) = understood(shelf, request)?;
    let Endpoint::In(root, name, Inside::Objects) = endpoint else {
        return Ok(());
    };
    if method != "POST" {
        return Ok(());
    }
    let collection = found(shelf, shelf.collection(&root, &name))?;
    let at = Place {
        shelf,
        pages,
        request,
        collection: &collection,
    };
    at.require_addable()
}

/// What is asked, where the address knows the method and the answer would be welcome.
fn understood<'r>(shelf: &Shelf<'_>, request: &Request<'r>) -> Result<(Endpoint<'r>, &'r str), Refusal> {
    let endpoint = Endpoint::of(request.path).ok_or_else(|| unknown(shelf))?;
    let method = match request.method {
        "HEAD" => "GET",
        method => method,
    };
    let allowed = endpoint.allowed();
    if method == "OPTIONS" {
        return Ok((endpoint, method));
    }
    if !allowed.split(", ").any(|known| known == method) {
        return Err(Refusal::method(allowed));
    }
    match accept::is_welcome(request.accept) {
        true => Ok((endpoint, method)),
        false => Err(Refusal::not_acceptable()),
    }
}

fn answer(shelf: &Shelf<'_>, pages: &Pages, request: &Request<'_>) -> Result<Response, Refusal> {
    let (endpoint, method) = understood(shelf, request)?;
    if method == "OPTIONS" {
        let mut response = Response::of(204, []);
        response.headers = vec![("allow", endpoint.allowed().to_owned())];
        return Ok(response);
    }
    let told = |text: String| Ok(Response::of(200, text.into_bytes()));
    match endpoint {
        Endpoint::Discovery => discovery(shelf, request),
        Endpoint::Root(root) => {
            let root = found(shelf, shelf.root(&root))?;
            told(tell::root(&root))
        }
        Endpoint::Status(root, id) => told(found(shelf, shelf.status(&root, &id))?),
        Endpoint::Collections(root) => {
            let collections = shelf.collections(&root).map_err(|_| Refusal::failed())?;
            if collections.is_empty() {
                return Err(unknown(shelf));
            }
            told(tell::collections(&collections))
        }
        Endpoint::In(root, name, inside) => {
            let collection = found(shelf, shelf.collection(&root, &name))?;
            let at = Place {
                shelf,
                pages,
                request,
                collection: &collection,
            };
            match (inside, method) {
                (Inside::About, _) => told(tell::collection(&collection)),
                (Inside::Manifest, _) => at.list("manifest"),
                (Inside::Objects, "POST") => at.add(),
                (Inside::Objects, _) => at.list("objects"),
                (Inside::Object(id), "DELETE") => at.delete(&id),
                (Inside::Object(id), _) => at.of_object("objects", query::OBJECT, &id),
                (Inside::Versions(id), _) => at.of_object("versions", query::VERSIONS, &id),
            }
        }
    }
}

/// What may be seen by nobody but others is as if it were not there; who has not said who it is, is asked to.
fn unknown(shelf: &Shelf<'_>) -> Refusal {
    match shelf.visitor() {
        Visitor::Anyone => Refusal::unknown_visitor(),
        Visitor::Party(_) | Visitor::Own { .. } => Refusal::not_found(),
    }
}

fn found<T>(shelf: &Shelf<'_>, found: Result<Option<T>, entente_node::Error>) -> Result<T, Refusal> {
    found
        .map_err(|_| Refusal::failed())?
        .ok_or_else(|| unknown(shelf))
}

fn discovery(shelf: &Shelf<'_>, request: &Request<'_>) -> Result<Response, Refusal> {
    let about = shelf.about().map_err(|_| Refusal::failed())?;
    if about.roots.is_empty() && shelf.visitor() == Visitor::Anyone {
        return Err(unknown(shelf));
    }
    Ok(Response::of(200, tell::about(&about, request.host).into_bytes()))
}

/// A collection that is asked something.
struct Place<'p> {
    shelf: &'p Shelf<'p>,
    pages: &'p Pages,
    request: &'p Request<'p>,
    collection: &'p Collection,
}

impl Place<'_> {
    /// §5.3, §5.4.
    fn list(&self, form: &'static str) -> Result<Response, Refusal> {
        self.require_readable()?;
        let asked = Asked::read(self.request.query, query::OBJECTS).map_err(Refusal::bad_request)?;
        self.page(form, &asked)
    }

    /// §5.6, §5.8: of one object, which has to be there.
    fn of_object(
        &self,
        form: &'static str,
        known: &[query::Parameter],
        id: &str,
    ) -> Result<Response, Refusal> {
        self.require_readable()?;
        let mut asked = Asked::read(self.request.query, known).map_err(Refusal::bad_request)?;
        asked.filter.ids = vec![id.to_owned()];
        if form == "versions" {
            asked.filter.versions = entente_node::shelf::Versions::all();
        }
        let response = self.page(form, &asked)?;
        let is_empty = response.body.as_ref() == b"{}";
        if is_empty && !self.is_there(id)? {
            return Err(unknown(self.shelf));
        }
        Ok(response)
    }

    /// Whether the collection tells any version of an object.
    fn is_there(&self, id: &str) -> Result<bool, Refusal> {
        let mut any = Asked::default();
        any.filter.ids = vec![id.to_owned()];
        any.limit = 1;
        Ok(self.page("objects", &any)?.body.as_ref() != b"{}")
    }

    fn page(&self, form: &'static str, asked: &Asked) -> Result<Response, Refusal> {
        let key = Key {
            name: self.shelf.name_of(self.collection, &asked.filter),
            form,
            added_after: asked.filter.added_after.map(Timestamp::micros),
            next: asked.next.clone(),
            limit: asked.limit,
        };
        let mark = self.shelf.mark(self.collection).map_err(|_| Refusal::failed())?;
        let rendered = match self.pages.get(&key, mark, self.request.at) {
            Some(rendered) => rendered,
            None => {
                let rendered = self.read(form, asked)?;
                self.pages.put(key, mark, rendered.clone());
                rendered
            }
        };
        let mut response = Response::of(200, rendered.body);
        if let Some((first, last)) = rendered.added {
            response.headers.push(("x-taxii-date-added-first", first));
            response.headers.push(("x-taxii-date-added-last", last));
        }
        Ok(response)
    }

    fn read(&self, form: &'static str, asked: &Asked) -> Result<Rendered, Refusal> {
        let wanted = Wanted {
            filter: &asked.filter,
            next: asked.next.as_deref(),
            limit: asked.limit,
        };
        let page = self.shelf.page(self.collection, &wanted);
        let page = page.map_err(|_| Refusal::failed())?.ok_or_else(|| {
            Refusal::bad_request(
                "`next` does not come from a page of this collection with these filters; begin again without it"
                    .to_owned(),
            )
        })?;
        Ok(match form {
            "manifest" => tell::manifest(&page),
            "versions" => tell::versions(&page),
            _ => tell::envelope(&page),
        })
    }

    /// §5.5.
    fn add(&self) -> Result<Response, Refusal> {
        self.require_addable()?;
        let objects = envelope::objects(self.request.body)?;
        let written = self.shelf.write(self.collection, &objects);
        match written.map_err(|_| Refusal::failed())? {
            Written::Done(status) => Ok(Response::of(202, status.into_bytes())),
            Written::Unreadable { pointer, cause } => Err(Refusal::unprocessable(&pointer, cause)),
            Written::TooMuch(what) => Err(Refusal::too_large(format!("{what}; send less at a time"))),
            Written::NotAllowed => Err(unknown(self.shelf)),
        }
    }

    /// §5.7: who may only read, or only write, may not delete (403); to who may neither, nothing is there (404).
    fn delete(&self, id: &str) -> Result<Response, Refusal> {
        let asked = Asked::read(self.request.query, query::DELETE).map_err(Refusal::bad_request)?;
        if !self.collection.can_read && !self.collection.can_write {
            return Err(unknown(self.shelf));
        }
        if !self.collection.can_read || !self.collection.can_write {
            return Err(Refusal::forbidden(
                "nothing can be taken out of this collection by you: that needs both reading and writing it",
            ));
        }
        let deleted = self.shelf.delete(self.collection, id, &asked.filter);
        match deleted.map_err(|_| Refusal::failed())? {
            Deleted::Done => Ok(Response::of(200, [])),
            Deleted::NotThere => Err(unknown(self.shelf)),
            Deleted::NotAllowed => Err(Refusal::forbidden("this collection is not yours to change")),
        }
    }

    fn require_readable(&self) -> Result<(), Refusal> {
        match self.collection.can_read {
            true => Ok(()),
            false => Err(Refusal::forbidden("this collection cannot be read")),
        }
    }

    fn require_addable(&self) -> Result<(), Refusal> {
        if !accept::is_taxii(self.request.content_type) {
            return Err(Refusal::media_type());
        }
        self.require_writable()
    }

    fn require_writable(&self) -> Result<(), Refusal> {
        match self.collection.can_write {
            true => Ok(()),
            false => Err(Refusal::forbidden("nothing can be added to this collection")),
        }
    }
}
