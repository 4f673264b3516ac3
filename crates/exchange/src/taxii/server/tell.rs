//! Resources of TAXII 2.1 as JSON.

use std::sync::Arc;

use entente_node::shelf::{About, Collection, Item, Page, Root, timestamp};
use entente_stix::json::quote;

use super::members::{Members, list};
use super::pages::Rendered;
use crate::limits::POST_BYTES_MAX;
use crate::taxii::MEDIA_TYPE;

/// §4.1.1.
pub(super) fn about(about: &About, host: &str) -> String {
    let url = |root: &String| format!("{host}/taxii2/{}/", encoded(root));
    let urls: Vec<String> = about.roots.iter().map(url).collect();
    let default = about.default.as_ref().or(about.roots.first());
    let mut members = Members::new()
        .string("title", &about.title)
        .string_if("description", about.description.as_deref())
        .string_if("contact", about.contact.as_deref());
    if let Some(default) = default {
        members = members
            .string("default", &url(default))
            .strings("api_roots", urls.iter().map(String::as_str));
    }
    members.done()
}

/// §4.2.1.
pub(super) fn root(root: &Root) -> String {
    Members::new()
        .string("title", &root.title)
        .string_if("description", root.description.as_deref())
        .strings("versions", [MEDIA_TYPE])
        .number("max_content_length", POST_BYTES_MAX as u64)
        .done()
}

/// §5.1.1.
pub(super) fn collections(collections: &[Collection]) -> String {
    let collections: Vec<String> = collections.iter().map(collection).collect();
    match list(&collections) {
        Some(list) => Members::new().raw("collections", &list).done(),
        None => Members::new().done(),
    }
}

/// §5.2.1.
pub(super) fn collection(collection: &Collection) -> String {
    Members::new()
        .string("id", &collection.id)
        .string("title", &collection.title)
        .string_if("description", collection.description.as_deref())
        .string_if("alias", collection.alias.as_deref())
        .bool("can_read", collection.can_read)
        .bool("can_write", collection.can_write)
        .strings("media_types", collection.media_types.iter().map(String::as_str))
        .done()
}

/// §3.7: the texts of the objects go in as the bytes they are.
pub(super) fn envelope(page: &Page) -> Rendered {
    let bytes: usize = page.items.iter().map(|item| item.text.len() + 1).sum();
    let mut text = begin(page, bytes);
    if !page.items.is_empty() {
        text.extend(b"\"objects\":[");
        for (place, item) in page.items.iter().enumerate() {
            if place > 0 {
                text.push(b',');
            }
            text.extend(&item.text);
        }
        text.push(b']');
    }
    rendered(page, text)
}

/// §5.3.1.
pub(super) fn manifest(page: &Page) -> Rendered {
    let mut text = begin(page, page.items.len() * 256);
    let records: Vec<String> = page.items.iter().map(record).collect();
    if let Some(list) = list(&records) {
        text.extend(b"\"objects\":");
        text.extend(list.as_bytes());
    }
    rendered(page, text)
}

fn record(item: &Item) -> String {
    Members::new()
        .string("id", &item.id)
        .string("date_added", &timestamp(item.added))
        .string("version", &item.version)
        .string("media_type", &item.media_type)
        .done()
}

/// §5.8.1: the newest first.
pub(super) fn versions(page: &Page) -> Rendered {
    let mut text = begin(page, page.items.len() * 32);
    let mut versions: Vec<&str> = page.items.iter().map(|item| item.version.as_str()).collect();
    versions.sort_unstable_by(|left, right| right.cmp(left));
    if !versions.is_empty() {
        let list = Members::new().strings("versions", versions).done();
        text.extend(list.trim_start_matches('{').trim_end_matches('}').as_bytes());
    }
    rendered(page, text)
}

/// `more` and `next`, and a comma where something follows.
fn begin(page: &Page, bytes: usize) -> Vec<u8> {
    let mut text = String::with_capacity(bytes + 256);
    text.push('{');
    if !page.items.is_empty() || page.next.is_some() {
        text.push_str(if page.next.is_some() {
            "\"more\":true"
        } else {
            "\"more\":false"
        });
    }
    if let Some(next) = &page.next {
        text.push_str(",\"next\":");
        quote(next, &mut text);
    }
    if !page.items.is_empty() {
        text.push(',');
    }
    text.into_bytes()
}

fn rendered(page: &Page, mut text: Vec<u8>) -> Rendered {
    text.push(b'}');
    let ends = page.items.first().zip(page.items.last());
    Rendered {
        body: Arc::from(text),
        added: ends.map(|(first, last)| (timestamp(first.added), timestamp(last.added))),
        more: page.next.is_some(),
        expires: page.expires,
    }
}

/// A piece of a path, percent-encoded.
fn encoded(piece: &str) -> String {
    let mut text = String::with_capacity(piece.len());
    for byte in piece.bytes() {
        match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' => {
                text.push(char::from(byte))
            }
            byte => text.push_str(&format!("%{byte:02X}")),
        }
    }
    text
}
