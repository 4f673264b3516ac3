//! Which field of which log holds what: tables, and the rule for reading them.
//!
//! A path is looked up without list indices (`dns.answers[0].rdata` is `dns.answers.rdata`). A pattern is a
//! whole path, `*.end` or `start.*`; the first that fits decides. What no table knows is judged by well-known
//! names, and else is [`Kind::Text`] if it is a string. The version goes up with every change of meaning.

mod ecs;
mod eve;
mod generic;
mod ocsf;
mod windows;
mod zeek;

use crate::Kind;

pub(crate) use zeek::{infer_log, log_name, log_named};

/// Version of all tables together; part of what makes two scans comparable.
pub(crate) const VERSION: u32 = 1;

/// How a field's text is to be taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum How {
    /// As one value.
    Whole,
    /// Values separated by semicolons, each perhaps with `type:  5 ` before it (Sysmon `QueryResults`).
    Results,
    /// `SHA256=..,MD5=..,IMPHASH=..` or one bare hash (Sysmon `Hashes`).
    Hashes,
    /// Values separated by commas and white space.
    Commas,
    /// Host of a URL that is split over fields; also a value itself.
    UrlHost,
    /// Port of such a URL; not a value.
    UrlPort,
    /// Path of such a URL, or a whole URL.
    UrlPath,
}

/// What a field holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Class {
    /// Nothing that could be looked up.
    Nothing,
    /// A value of this kind.
    Is(Kind, How),
    /// A value that may be either.
    Either(Kind, Kind),
}

/// A schema: which tables hold for a record.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Schema {
    /// Zeek, with the log's number in its table, where the log is known.
    Zeek(Option<u8>),
    Eve,
    Windows,
    Ecs,
    Ocsf,
    Generic,
}

/// A line of a table.
pub(crate) type Entry = (&'static str, Class);

pub(crate) const fn is(kind: Kind) -> Class {
    Class::Is(kind, How::Whole)
}

/// What the field at `path` (without list indices) holds.
pub(crate) fn classify(schema: Schema, path: &str) -> Class {
    let known = match schema {
        Schema::Zeek(log) => zeek::classify(log, path),
        Schema::Eve => find(eve::TABLE, path),
        Schema::Windows => windows::classify(path),
        Schema::Ecs => ecs::classify(path),
        Schema::Ocsf => find(ocsf::TABLE, path),
        Schema::Generic => None,
    };
    known
        .or_else(|| generic::classify(path))
        .unwrap_or(is(Kind::Text))
}

fn find(table: &[Entry], path: &str) -> Option<Class> {
    table
        .iter()
        .find(|(pattern, _)| fits(pattern, path))
        .map(|(_, class)| *class)
}

fn fits(pattern: &str, path: &str) -> bool {
    if let Some(end) = pattern.strip_prefix("*.") {
        return path
            .strip_suffix(end)
            .is_some_and(|start| start.is_empty() || start.ends_with('.'));
    }
    if let Some(start) = pattern.strip_suffix(".*") {
        return path
            .strip_prefix(start)
            .is_some_and(|end| end.is_empty() || end.starts_with('.'));
    }
    pattern == path
}

/// A schema's name, as rules ask for it, and the log's, where it has one.
pub(crate) fn schema_name(schema: Schema) -> (&'static str, Option<&'static str>) {
    match schema {
        Schema::Zeek(log) => ("zeek", log.and_then(log_name)),
        Schema::Eve => ("suricata", None),
        Schema::Windows => ("windows", None),
        Schema::Ecs => ("ecs", None),
        Schema::Ocsf => ("ocsf", None),
        Schema::Generic => ("other", None),
    }
}

/// What fields lie in that may be named without it, as people name those of Windows events; `is_windows`: whether the
/// log that the record is from began with such events.
pub(crate) fn named_inside(schema: Schema, is_windows: bool) -> Option<&'static str> {
    match schema {
        Schema::Windows => Some(""),
        // Beside the event there are fields of the schema, which are named whole: `file.name` is not
        // `email.attachments.file.name`.
        Schema::Ecs => Some("winlog."),
        Schema::Generic if is_windows => Some(""),
        _ => None,
    }
}

/// A schema's number, for caches.
pub(crate) fn schema_number(schema: Schema) -> u16 {
    match schema {
        Schema::Zeek(None) => 0,
        Schema::Eve => 1,
        Schema::Windows => 2,
        Schema::Ecs => 3,
        Schema::Ocsf => 4,
        Schema::Generic => 5,
        Schema::Zeek(Some(log)) => 16 + u16::from(log),
    }
}

/// The schema of a record with these keys at its top; `log` is the value of Zeek's `_path` or `@stream`.
pub(crate) fn infer<'k>(keys: impl Iterator<Item = &'k [u8]> + Clone, log: Option<&[u8]>) -> Schema {
    if let Some(log) = log {
        return Schema::Zeek(log_named(log));
    }
    let has = |name: &[u8]| keys.clone().any(|key| key == name);
    let has_part = |name: &[u8]| {
        keys.clone().any(|key| {
            key.strip_prefix(name)
                .is_some_and(|rest| matches!(rest.first(), None | Some(b'.')))
        })
    };
    // Some readers of EVTX put attributes beside their elements.
    if has(b"Event")
        && keys
            .clone()
            .all(|key| matches!(key, b"Event" | b"Event_attributes"))
    {
        return Schema::Windows;
    }
    if has(b"event_type") && has(b"timestamp") {
        return Schema::Eve;
    }
    let windows: [&[u8]; 8] = [
        b"Channel",
        b"SourceName",
        b"Hostname",
        b"Computer",
        b"EventData",
        b"Provider",
        b"ProviderGuid",
        b"ProviderName",
    ];
    if has_part(b"EventID") && windows.iter().any(|name| has(name)) {
        return Schema::Windows;
    }
    let zeek: [&[u8]; 8] = [
        b"uid",
        b"id.orig_h",
        b"id_orig_h",
        b"fuid",
        b"conn_uids",
        b"tx_hosts",
        b"fingerprint",
        b"host",
    ];
    if has(b"ts") && zeek.iter().any(|name| has(name)) {
        return Schema::Zeek(infer_log(keys));
    }
    if has(b"class_uid")
        && [&b"metadata"[..], b"category_uid", b"activity_id"]
            .iter()
            .any(|name| has(name))
    {
        return Schema::Ocsf;
    }
    let ecs: [&[u8]; 8] = [
        b"ecs",
        b"event",
        b"agent",
        b"winlog",
        b"source",
        b"destination",
        b"process",
        b"url",
    ];
    if has(b"@timestamp") && ecs.iter().any(|name| has_part(name)) {
        return Schema::Ecs;
    }
    Schema::Generic
}

/// The schema of a table with these columns.
pub(crate) fn infer_columns(names: &[String]) -> Schema {
    infer(names.iter().map(|name| name.as_bytes()), None)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn patterns_fit_whole_starts_and_ends() {
        assert!(fits("a.b", "a.b") && !fits("a.b", "a.bc"));
        assert!(fits("*.ip", "source.ip") && fits("*.ip", "ip") && !fits("*.ip", "zip"));
        assert!(fits("alert.*", "alert.x.y") && fits("alert.*", "alert") && !fits("alert.*", "alerts"));
    }

    #[test]
    fn fields_are_typed_by_their_log() {
        let check = |schema, path, class| assert_eq!(classify(schema, path), class, "{path}");
        let zeek = |log: &str| Schema::Zeek(log_named(log.as_bytes()));
        check(zeek("conn"), "id.orig_h", is(Kind::Address));
        check(zeek("conn"), "id_orig_h", is(Kind::Address));
        check(zeek("conn"), "uid", Class::Nothing);
        check(zeek("http"), "host", Class::Is(Kind::Host, How::UrlHost));
        check(zeek("known_hosts"), "host", is(Kind::Address));
        check(zeek("smtp"), "path", is(Kind::Address));
        check(zeek("smb_mapping"), "path", is(Kind::FilePath));
        check(zeek("x509"), "san.dns", is(Kind::Domain));
        check(zeek("conn"), "something_new", is(Kind::Text));
        check(Schema::Eve, "dns.answers.rdata", is(Kind::Host));
        check(Schema::Eve, "dns.grouped.A", is(Kind::Host));
        check(Schema::Eve, "alert.signature", Class::Nothing);
        check(
            Schema::Windows,
            "Event.EventData.Hashes",
            Class::Is(Kind::Hash, How::Hashes),
        );
        check(Schema::Windows, "TargetObject", is(Kind::RegistryKey));
        check(Schema::Windows, "CommandLine", is(Kind::Text));
        check(Schema::Ecs, "winlog.event_data.Image", is(Kind::FilePath));
        check(Schema::Ecs, "source.ip", is(Kind::Address));
        check(Schema::Ecs, "process.parent.hash.sha256", is(Kind::Hash));
        check(Schema::Ocsf, "actor.process.file.hashes.value", is(Kind::Hash));
        check(Schema::Generic, "Src-IP", is(Kind::Address));
        check(Schema::Generic, "deep.in.md5", Class::Is(Kind::Hash, How::Hashes));
        check(Schema::Generic, "note", is(Kind::Text));
    }

    #[test]
    fn schema_is_known_by_its_keys() {
        let check = |keys: &[&str], schema| {
            let keys = keys.iter().map(|key| key.as_bytes());
            assert_eq!(infer(keys, None), schema);
        };
        check(
            &["ts", "uid", "id.orig_h", "conn_state"],
            Schema::Zeek(log_named(b"conn")),
        );
        check(
            &["ts", "uid", "id_orig_h", "query"],
            Schema::Zeek(log_named(b"dns")),
        );
        check(&["timestamp", "event_type"], Schema::Eve);
        check(&["@timestamp", "EventID", "Channel"], Schema::Windows);
        check(&["Event"], Schema::Windows);
        check(&["Event", "Event_attributes"], Schema::Windows);
        check(&["@timestamp", "ecs.version"], Schema::Ecs);
        check(&["@timestamp", "winlog"], Schema::Ecs);
        check(&["class_uid", "metadata"], Schema::Ocsf);
        check(&["ts", "msg"], Schema::Generic);
    }
}
