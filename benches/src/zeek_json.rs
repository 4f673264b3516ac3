//! An event as one line of Zeek JSON.

use crate::event::{Conn, Dns, Event, Http, What};

pub(crate) fn write(out: &mut Vec<u8>, event: &Event) {
    let path = match event.what {
        What::Conn(_) => "conn",
        What::Dns(_) => "dns",
        What::Http(_) => "http",
    };
    out.extend_from_slice(b"{\"_path\":\"");
    out.extend_from_slice(path.as_bytes());
    out.extend_from_slice(b"\",\"ts\":");
    seconds(out, event.at);
    text(out, "uid", &event.uid);
    text(out, "id.orig_h", &event.from.0);
    count(out, "id.orig_p", event.from.1.into());
    text(out, "id.resp_h", &event.to.0);
    count(out, "id.resp_p", event.to.1.into());
    match &event.what {
        What::Conn(what) => conn(out, what),
        What::Dns(what) => dns(out, what),
        What::Http(what) => http(out, what),
    }
    out.extend_from_slice(b"}\n");
}

fn conn(out: &mut Vec<u8>, conn: &Conn) {
    text(out, "proto", conn.proto);
    if let Some(service) = conn.service {
        text(out, "service", service);
    }
    if let Some((duration, sent, received)) = conn.flow {
        key(out, "duration");
        seconds(out, duration);
        count(out, "orig_bytes", sent);
        count(out, "resp_bytes", received);
    }
    text(out, "conn_state", conn.state);
    raw(out, "local_orig", "true");
    raw(out, "local_resp", "false");
    count(out, "missed_bytes", 0);
    text(out, "history", conn.history);
    count(out, "orig_pkts", conn.packets.0);
    count(out, "orig_ip_bytes", conn.packets.0 * 52);
    count(out, "resp_pkts", conn.packets.1);
    count(out, "resp_ip_bytes", conn.packets.1 * 1_452);
    if let Some(vlan) = conn.vlan {
        count(out, "vlan", vlan.into());
    }
    raw(out, "tunnel_parents", "[]");
    if let Some(community) = &conn.community {
        text(out, "community_id", community);
    }
}

fn dns(out: &mut Vec<u8>, dns: &Dns) {
    text(out, "proto", "udp");
    count(out, "trans_id", dns.transaction);
    if let Some(round_trip) = dns.round_trip {
        key(out, "rtt");
        seconds(out, round_trip);
    }
    text(out, "query", &dns.query);
    count(out, "qclass", 1);
    text(out, "qclass_name", "C_INTERNET");
    count(out, "qtype", dns.kind.0.into());
    text(out, "qtype_name", dns.kind.1);
    count(out, "rcode", dns.code.0.into());
    text(out, "rcode_name", dns.code.1);
    for (name, value) in [("AA", "false"), ("TC", "false"), ("RD", "true"), ("RA", "true")] {
        raw(out, name, value);
    }
    count(out, "Z", 0);
    if !dns.answers.is_empty() {
        key(out, "answers");
        list(out, dns.answers.iter().map(|answer| format!("\"{answer}\"")));
        key(out, "TTLs");
        list(out, dns.answers.iter().map(|_| "300.0".to_owned()));
    }
    raw(out, "rejected", "false");
}

fn http(out: &mut Vec<u8>, http: &Http) {
    count(out, "trans_depth", 1);
    text(out, "method", http.method);
    if let Some(host) = &http.host {
        text(out, "host", host);
    }
    text(out, "uri", &http.uri);
    if let Some(referrer) = &http.referrer {
        text(out, "referrer", referrer);
    }
    text(out, "version", "1.1");
    if let Some(agent) = http.agent {
        text(out, "user_agent", agent);
    }
    count(out, "request_body_len", http.lengths.0);
    count(out, "response_body_len", http.lengths.1);
    if let Some((status, message)) = http.status {
        count(out, "status_code", status.into());
        text(out, "status_msg", message);
    }
    raw(out, "tags", "[]");
    if let Some((file, media)) = &http.file {
        key(out, "resp_fuids");
        list(out, [format!("\"{file}\"")].into_iter());
        key(out, "resp_mime_types");
        list(out, [format!("\"{media}\"")].into_iter());
    }
}

fn key(out: &mut Vec<u8>, key: &str) {
    out.extend_from_slice(b",\"");
    out.extend_from_slice(key.as_bytes());
    out.extend_from_slice(b"\":");
}

fn raw(out: &mut Vec<u8>, name: &str, value: &str) {
    key(out, name);
    out.extend_from_slice(value.as_bytes());
}

fn text(out: &mut Vec<u8>, name: &str, value: &str) {
    key(out, name);
    out.push(b'"');
    for byte in value.bytes() {
        if matches!(byte, b'"' | b'\\') {
            out.push(b'\\');
        }
        out.push(byte);
    }
    out.push(b'"');
}

fn count(out: &mut Vec<u8>, name: &str, value: u64) {
    key(out, name);
    number(out, value, 1);
}

fn list(out: &mut Vec<u8>, items: impl Iterator<Item = String>) {
    out.push(b'[');
    for (nth, item) in items.enumerate() {
        if nth > 0 {
            out.push(b',');
        }
        out.extend_from_slice(item.as_bytes());
    }
    out.push(b']');
}

/// Microseconds as seconds with six digits after the point.
pub(crate) fn seconds(out: &mut Vec<u8>, micros: u64) {
    number(out, micros / 1_000_000, 1);
    out.push(b'.');
    number(out, micros % 1_000_000, 6);
}

/// Decimal, with at least so many digits.
pub(crate) fn number(out: &mut Vec<u8>, value: u64, digits: usize) {
    let start = out.len();
    let mut rest = value;
    while rest > 0 || out.len() - start < digits {
        out.push(b'0' + (rest % 10) as u8);
        rest /= 10;
    }
    if let Some(written) = out.get_mut(start..) {
        written.reverse();
    }
}
