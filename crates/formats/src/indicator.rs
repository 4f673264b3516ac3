//! An entry to STIX 2.1 indicator text.
//!
//! The id is name-based (UUIDv5) over everything but `created` and `modified`, so that the same
//! entry of the same source always gives the same id and a second import knows it. A changed
//! comment makes another statement and another id.

use std::fmt::Write as _;

use entente_stix::{
    id, json,
    observable::{Kind, Observable},
    time::Timestamp,
};
use uuid::Uuid;

use crate::entry::Entry;

/// The namespace of ids made from list entries; our own, not the one of STIX 2.1 §2.9.
const NAMESPACE: Uuid = Uuid::from_u128(0x5d0c_1e47_6f3a_4b82_9a1d_e27b_40c9_36f5);

/// `valid_from` where a list does not say since when its values are bad.
///
/// Such a list says nothing about the time, and logs from before its import must be searched all
/// the same; the moment of import would hide every earlier hit.
const ALWAYS: &str = "1970-01-01T00:00:00Z";

/// The indicator for `entry`, as JSON text; `source` names the list, `at` is the time of import.
pub fn indicator(entry: &Entry, source: &str, at: Timestamp) -> String {
    let body = body(entry, source);
    let id = id::name_based("indicator", &NAMESPACE, body.as_bytes());
    format!(
        r#"{{"type":"indicator","spec_version":"2.1","id":"{id}","created":"{at}","modified":"{at}",{body}}}"#
    )
}

/// Everything but type, id and the two times, in fixed order.
fn body(entry: &Entry, source: &str) -> String {
    let attributes = &entry.attributes;
    let name = attributes.name.as_deref().unwrap_or(&entry.written);
    let mut body = String::with_capacity(256);
    property(&mut body, "name", name);
    if let Some(description) = description(entry) {
        property(&mut body, "description", &description);
    }
    property(&mut body, "pattern", &pattern(&entry.observable, &entry.written));
    property(&mut body, "pattern_type", "stix");
    property(&mut body, "pattern_version", "2.1");
    let valid_from = attributes
        .first_seen
        .map_or(ALWAYS.to_owned(), |at| at.to_string());
    property(&mut body, "valid_from", &valid_from);
    if let Some(valid_until) = attributes.valid_until {
        property(&mut body, "valid_until", &valid_until.to_string());
    }
    list(&mut body, "labels", &attributes.labels);
    if let Some(confidence) = attributes.confidence {
        // Writing to a string does not fail.
        let _ = write!(body, r#","confidence":{confidence}"#);
    }
    references(&mut body, entry, source);
    if let Some(tlp) = attributes.tlp {
        list(
            &mut body,
            "object_marking_refs",
            &[tlp.definition_id().to_owned()],
        );
    }
    body
}

fn description(entry: &Entry) -> Option<String> {
    let said = entry.attributes.description.clone();
    match (said, entry.port) {
        (Some(said), Some(port)) => Some(format!("{said}\nlisted with port {port}")),
        (None, Some(port)) => Some(format!("listed with port {port}")),
        (said, None) => said,
    }
}

/// Where it comes from: the list, whom the list names, and the links (STIX 2.1 §2.5: a reference
/// without a description or URL of its own says its source only).
fn references(body: &mut String, entry: &Entry, source: &str) {
    let named = entry
        .attributes
        .source
        .as_deref()
        .filter(|named| *named != source);
    body.push_str(r#","external_references":["#);
    for (nth, name) in std::iter::once(source).chain(named).enumerate() {
        body.push_str(if nth == 0 { "{" } else { ",{" });
        write_pair(body, "source_name", name);
        body.push(',');
        write_pair(body, "description", "list in which this value stands");
        body.push('}');
    }
    for link in &entry.attributes.links {
        body.push_str(",{");
        write_pair(body, "source_name", source);
        body.push(',');
        write_pair(body, "url", link);
        body.push('}');
    }
    body.push(']');
}

/// The pattern for one observable; `written` is the form in which a URL keeps its scheme.
///
/// Where STIX has no property, the path is the custom one that others use: `file:path` (MVT),
/// `network-traffic:x_ja3`.
pub(crate) fn pattern(observable: &Observable, written: &str) -> String {
    let Observable { kind, value } = observable;
    match kind {
        Kind::Ipv4 | Kind::Ipv6 if value.contains('/') => subset(path(*kind), value),
        Kind::AutonomousSystem => {
            format!("[{} = {}]", path(*kind), value.trim_start_matches("AS"))
        }
        // Where the normal form has lost something that other readers need: scheme, case, hive.
        Kind::Url | Kind::FileName | Kind::FilePath | Kind::RegistryKey => equal(path(*kind), written),
        _ => equal(path(*kind), value),
    }
}

fn path(kind: Kind) -> &'static str {
    match kind {
        Kind::Ipv4 => "ipv4-addr:value",
        Kind::Ipv6 => "ipv6-addr:value",
        Kind::Domain => "domain-name:value",
        Kind::Url => "url:value",
        Kind::Email => "email-addr:value",
        Kind::Md5 => "file:hashes.MD5",
        Kind::Sha1 => "file:hashes.'SHA-1'",
        Kind::Sha256 => "file:hashes.'SHA-256'",
        Kind::Sha512 => "file:hashes.'SHA-512'",
        Kind::Sha3_256 => "file:hashes.'SHA3-256'",
        Kind::Sha3_512 => "file:hashes.'SHA3-512'",
        Kind::Ssdeep => "file:hashes.SSDEEP",
        Kind::Tlsh => "file:hashes.TLSH",
        Kind::Imphash => "file:extensions.'windows-pebinary-ext'.imphash",
        Kind::FileName => "file:name",
        Kind::FilePath => "file:path",
        Kind::RegistryKey => "windows-registry-key:key",
        Kind::UserAgent => "network-traffic:extensions.'http-request-ext'.request_header.'User-Agent'",
        Kind::Ja3 => "network-traffic:x_ja3",
        Kind::Ja4 => "network-traffic:x_ja4",
        Kind::MacAddress => "mac-addr:value",
        Kind::AutonomousSystem => "autonomous-system:number",
        Kind::Mutex => "mutex:name",
        Kind::CertificateSerial => "x509-certificate:serial_number",
        Kind::Account => "user-account:account_login",
        Kind::Application => "app:id",
        Kind::CommandLine => "process:command_line",
        // Refused when read: what is vulnerable is not an indicator.
        Kind::Vulnerability => "vulnerability:name",
    }
}

fn equal(path: &str, value: &str) -> String {
    format!("[{path} = '{}']", escape(value))
}

fn subset(path: &str, value: &str) -> String {
    format!("[{path} ISSUBSET '{}']", escape(value))
}

/// STIX 2.1 §9.2: in a string constant, the apostrophe and the backslash are escaped.
fn escape(value: &str) -> String {
    value.replace('\\', r"\\").replace('\'', r"\'")
}

/// `,"name":"value"`; the first one without its comma.
fn property(body: &mut String, name: &str, value: &str) {
    if !body.is_empty() {
        body.push(',');
    }
    write_pair(body, name, value);
}

fn list(body: &mut String, name: &str, values: &[String]) {
    if values.is_empty() {
        return;
    }
    let _ = write!(body, r#","{name}":["#);
    for (nth, value) in values.iter().enumerate() {
        if nth > 0 {
            body.push(',');
        }
        json::quote(value, body);
    }
    body.push(']');
}

fn write_pair(body: &mut String, name: &str, value: &str) {
    let _ = write!(body, r#""{name}":"#);
    json::quote(value, body);
}

#[cfg(test)]
mod tests;
