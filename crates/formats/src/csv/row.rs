//! One row to entries: each value with what the other columns say about it.

use entente_stix::{marking::Tlp, observable::Kind, time::Timestamp};

use super::columns::{self, Columns, Role, Type};
use crate::{
    entry::{Attributes, Entry, Item, Refusal},
    value::{self, Value},
};

/// The entries of a row, or its one defect.
pub(super) fn items(columns: &Columns, line: u64, text: &str, fields: &[String]) -> Vec<Item> {
    match entries(columns, line, fields) {
        Ok(entries) => entries.into_iter().map(Item::Entry).collect(),
        Err(refusal) => vec![Item::Defect(refusal.at(line, text))],
    }
}

fn entries(columns: &Columns, line: u64, fields: &[String]) -> Result<Vec<Entry>, Refusal> {
    for_detection(columns, fields)?;
    let attributes = attributes(columns, fields)?;
    let said = said_type(columns, fields)?;
    let port = columns
        .field(fields, Role::Port)
        .and_then(|port| port.parse().ok());
    let mut entries = Vec::new();
    for (raw, of_column) in columns.values(fields) {
        for value in values(plain(raw), of_column.or(said))? {
            let Value {
                observable,
                written,
                port: own,
            } = value;
            let port = own.or(port);
            entries.push(Entry {
                line,
                observable,
                written,
                port,
                attributes: attributes.clone(),
            });
        }
    }
    if entries.is_empty() {
        return Err(Refusal::new(
            "no value in this row",
            "fill the value column, or remove the row",
        ));
    }
    Ok(entries)
}

/// A field that a careful writer protected from being run as a formula.
fn plain(raw: &str) -> &str {
    match raw.strip_prefix('\'') {
        Some(rest) if rest.starts_with(['=', '+', '-', '@', '\t', '\r']) => rest,
        _ => raw,
    }
}

fn for_detection(columns: &Columns, fields: &[String]) -> Result<(), Refusal> {
    let says = |role, words: &[&str]| {
        let field = columns.field(fields, role).map(str::to_ascii_lowercase);
        field.is_some_and(|field| words.contains(&field.as_str()))
    };
    if says(Role::ForDetection, &["0", "false", "no"]) {
        return Err(Refusal::new(
            "`to_ids` is off: its source says that this value is not for detection",
            "leave it out, or set `to_ids` to 1 where you know better",
        ));
    }
    if says(Role::Revoked, &["1", "true", "yes"]) {
        return Err(Refusal::new(
            "revoked by its source",
            "take revocations in as STIX, where they name the object that is taken back",
        ));
    }
    Ok(())
}

fn said_type(columns: &Columns, fields: &[String]) -> Result<Option<Type>, Refusal> {
    let kind = columns.field(fields, Role::Kind).and_then(columns::of_type);
    if kind.is_some() {
        return Ok(kind);
    }
    let Some(name) = columns.field(fields, Role::Type) else {
        return Ok(None);
    };
    columns::of_type(name).map(Some).ok_or_else(|| {
        Refusal::new(
            format!("type `{name}` is not one that a row can carry"),
            "give domain, ip, url, email, md5, sha1, sha256, sha512, filename, regkey, user-agent \
             or ja3, or leave the type empty",
        )
    })
}

fn values(raw: &str, of: Option<Type>) -> Result<Vec<Value>, Refusal> {
    let value = match of {
        None | Some(Type::ByLook) => value::guess(raw)?,
        Some(Type::One(kind)) => value::of_kind(kind, raw)?,
        Some(Type::Address) => address(raw)?,
        Some(Type::Composite(parts)) => return composite(raw, parts),
    };
    Ok(vec![value])
}

fn address(raw: &str) -> Result<Value, Refusal> {
    match value::guess(raw) {
        Ok(value) if matches!(value.observable.kind, Kind::Ipv4 | Kind::Ipv6) => Ok(value),
        _ => Err(Refusal::new(
            "not an address or network, as its type says",
            "correct the value or its type; an empty type lets the value speak for itself",
        )),
    }
}

/// `a|b`: each part by its own type; a part that is no value beside it is context.
fn composite(raw: &str, parts: &[Option<Type>]) -> Result<Vec<Value>, Refusal> {
    let mut values = Vec::new();
    let mut port = None;
    for (text, part) in raw.split('|').zip(parts) {
        match part {
            Some(part) => values.extend(self::values(text, Some(*part))?),
            None => port = text.trim().parse().ok(),
        }
    }
    if values.is_empty() || raw.split('|').count() < parts.len() {
        return Err(Refusal::new(
            "a composite type without its `|`",
            "write both parts, as `evil.example|192.0.2.1`",
        ));
    }
    for value in &mut values {
        value.port = value.port.or(port);
    }
    Ok(values)
}

fn attributes(columns: &Columns, fields: &[String]) -> Result<Attributes, Refusal> {
    let mut attributes = Attributes {
        name: columns
            .field(fields, Role::Name)
            .map(|name| plain(name).to_owned()),
        source: columns
            .field(fields, Role::Source)
            .map(|source| plain(source).to_owned()),
        first_seen: time(columns, fields, Role::FirstSeen)?,
        valid_until: time(columns, fields, Role::ValidUntil)?,
        confidence: columns
            .field(fields, Role::Confidence)
            .map(confidence)
            .transpose()?,
        tlp: columns.field(fields, Role::Tlp).map(tlp).transpose()?,
        ..Attributes::default()
    };
    for description in columns.fields(fields, Role::Description) {
        attributes.describe(plain(description));
    }
    for link in columns.fields(fields, Role::Link) {
        attributes.link(link);
    }
    for labels in columns.fields(fields, Role::Label) {
        for label in split_labels(plain(labels)) {
            take_label(&mut attributes, label)?;
        }
    }
    if let (Some(from), Some(until)) = (attributes.first_seen, attributes.valid_until)
        && until <= from
    {
        return Err(Refusal::new(
            "ends before it begins: `valid_until` is not later than `valid_from` (STIX 2.1 §4.7)",
            "correct one of the two dates",
        ));
    }
    Ok(attributes)
}

/// A tag such as `tlp:amber` is a marking; the stricter one counts where both are given.
fn take_label(attributes: &mut Attributes, label: &str) -> Result<(), Refusal> {
    if label
        .get(..4)
        .is_some_and(|start| start.eq_ignore_ascii_case("tlp:"))
    {
        let tagged = tlp(label)?;
        attributes.tlp = attributes.tlp.max(Some(tagged));
    } else {
        attributes.label(label);
    }
    Ok(())
}

/// Splits at commas, semicolons and bars that stand outside quotes.
fn split_labels(text: &str) -> impl Iterator<Item = &str> {
    let mut quoted = false;
    text.split(move |c| {
        quoted ^= c == '"';
        !quoted && matches!(c, ',' | ';' | '|')
    })
}

fn tlp(text: &str) -> Result<Tlp, Refusal> {
    Tlp::from_name(text).ok_or_else(|| {
        Refusal::new(
            format!("`{text}` is not a TLP 2.0 marking"),
            "give CLEAR, GREEN, AMBER, AMBER+STRICT or RED",
        )
    })
}

/// A number from 0 to 100, or the words of STIX 2.1 appendix A (none, low, medium, high).
fn confidence(text: &str) -> Result<u8, Refusal> {
    let word = text.strip_suffix('%').unwrap_or(text).trim().to_ascii_lowercase();
    let number = match word.as_str() {
        "low" => Some(15),
        "medium" | "med" | "moderate" => Some(50),
        "high" => Some(85),
        _ => word.parse::<u8>().ok().filter(|number| *number <= 100),
    };
    number.ok_or_else(|| {
        Refusal::new(
            format!("confidence `{text}` is not a whole number from 0 to 100"),
            "scale it to 0 to 100, or write low, medium or high (STIX 2.1 appendix A)",
        )
    })
}

fn time(columns: &Columns, fields: &[String], role: Role) -> Result<Option<Timestamp>, Refusal> {
    columns.field(fields, role).map(read_time).transpose()
}

/// RFC 3339, or `2026-03-01`, `2026-03-01 10:00:00` (UTC), `20260301`, seconds since 1970.
fn read_time(text: &str) -> Result<Timestamp, Refusal> {
    let bare = text.trim().trim_end_matches(" UTC");
    let candidate = match bare.len() {
        10 if all_digits(bare) => {
            let seconds = bare.parse::<i64>().map_err(|_| not_a_time(text))?;
            return Ok(Timestamp::from_micros(seconds * 1_000_000));
        }
        10 => format!("{bare}T00:00:00Z"),
        8 if all_digits(bare) => compact_date(bare),
        16 => format!("{bare}:00Z"),
        _ => with_zone(bare),
    };
    Timestamp::parse_rfc3339(&candidate).map_err(|_| not_a_time(text))
}

/// A time without a zone is taken as UTC, which is what the feeds that write so say.
fn with_zone(text: &str) -> String {
    let zone = text
        .get(11..)
        .is_some_and(|time| time.contains(['Z', 'z', '+', '-']));
    if zone { text.to_owned() } else { format!("{text}Z") }
}

fn compact_date(text: &str) -> String {
    let part = |from, to| text.get(from..to).unwrap_or_default();
    format!("{}-{}-{}T00:00:00Z", part(0, 4), part(4, 6), part(6, 8))
}

fn all_digits(text: &str) -> bool {
    text.bytes().all(|byte| byte.is_ascii_digit())
}

fn not_a_time(text: &str) -> Refusal {
    Refusal::new(
        format!("`{text}` is not a time"),
        "write it as `2026-03-01T10:00:00Z`, `2026-03-01 10:00:00` (UTC) or `2026-03-01`",
    )
}
