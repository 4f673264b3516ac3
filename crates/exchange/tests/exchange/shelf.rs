//! TAXII 2.1: what a visitor is answered, byte by byte, and what it can never learn.

mod answers;
mod contributions;

mod paging;
mod secrets;
mod takeover;

use entente_exchange::taxii::{Pages, Request, Response, refused_before_body, respond};
use entente_node::shelf::Visitor;
use entente_stix::json::{self, Value};

use crate::world::Actor;

/// A visitor of an actor's node, so many seconds after the beginning.
struct Guest<'g> {
    host: &'g Actor,
    visitor: Visitor<'g>,
    seconds: i64,
    pages: &'g Pages,
}

impl<'g> Guest<'g> {
    fn party(host: &'g Actor, party: &'g Actor, pages: &'g Pages) -> Guest<'g> {
        Guest {
            host,
            visitor: Visitor::Party(&party.id),
            seconds: 10,
            pages,
        }
    }

    fn own(host: &'g Actor, pages: &'g Pages) -> Guest<'g> {
        Guest {
            host,
            visitor: Visitor::Own { may_write: true },
            seconds: 10,
            pages,
        }
    }

    fn ask(&self, method: &str, path: &str, query: &str) -> Response {
        self.send(
            method,
            path,
            query,
            Some("application/taxii+json;version=2.1"),
            None,
            b"",
        )
    }

    fn post(&self, path: &str, body: &[u8]) -> Response {
        let media_type = Some("application/taxii+json;version=2.1");
        self.send("POST", path, "", media_type, media_type, body)
    }

    fn send(
        &self,
        method: &str,
        path: &str,
        query: &str,
        accept: Option<&str>,
        content_type: Option<&str>,
        body: &[u8],
    ) -> Response {
        self.host.at(self.seconds, |node, desk| {
            let request = Request {
                method,
                path,
                query,
                accept,
                content_type,
                body,
                at: desk.at,
                host: "https://node.example",
            };
            let shelf = node.shelf(self.visitor, desk.at);
            let response = respond(&shelf, self.pages, &request);
            // What the body does not decide is decided before it is read.
            if method == "POST" {
                let early = refused_before_body(&shelf, self.pages, &Request { body: b"", ..request });
                let is_early = matches!(response.status, 401 | 403..=406 | 415);
                assert_eq!(early, is_early.then(|| response.clone()));
            }
            response
        })
    }

    /// The collections of a root: id, alias.
    fn collections(&self, root: &str) -> Vec<(String, String)> {
        let response = self.ask("GET", &format!("/taxii2/{root}/collections/"), "");
        let text = body(&response);
        let value = json::read(text.as_bytes()).unwrap();
        let list = value
            .get("collections")
            .and_then(Value::as_array)
            .unwrap_or_default();
        let string = |value: &Value<'_>, key| {
            value
                .get(key)
                .and_then(Value::as_str)
                .unwrap_or_default()
                .to_owned()
        };
        list.iter()
            .map(|collection| (string(collection, "id"), string(collection, "alias")))
            .collect()
    }

    /// Every id of a collection in pages of `limit`, and how many pages there were.
    fn all(&self, path: &str, filters: &str, limit: usize) -> (Vec<String>, usize) {
        let mut ids = Vec::new();
        let mut next = String::new();
        for pages in 1..10_000 {
            let (some, more) = page(&self.ask("GET", path, &format!("limit={limit}{filters}{next}")));
            ids.extend(some);
            match more {
                Some(cursor) => next = format!("&next={cursor}"),
                None => return (ids, pages),
            }
        }
        panic!("{path} does not end");
    }
}

fn body(response: &Response) -> String {
    String::from_utf8(response.body.to_vec()).unwrap()
}

fn header<'r>(response: &'r Response, name: &str) -> Option<&'r str> {
    let found = response.headers.iter().find(|(key, _)| *key == name);
    found.map(|(_, value)| value.as_str())
}

/// The ids in an envelope or manifest, and where the next page begins.
fn page(response: &Response) -> (Vec<String>, Option<String>) {
    assert_eq!(response.status, 200, "{}", body(response));
    let text = body(response);
    let value = json::read(text.as_bytes()).unwrap();
    let objects = value.get("objects").and_then(Value::as_array).unwrap_or_default();
    let ids = objects
        .iter()
        .map(|object| object.get("id").and_then(Value::as_str).unwrap().to_owned());
    let next = value.get("next").and_then(Value::as_str).map(str::to_owned);
    let more = value.get("more").and_then(Value::as_bool).unwrap_or(false);
    assert_eq!(more, next.is_some());
    (ids.collect(), next)
}
