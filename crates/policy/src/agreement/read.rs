//! The document, table by table. Everything is read, whatever was wrong before, so that all faults
//! are told in one go.

mod clause;
mod iep;
mod party;

use super::fault::Fault;
use super::fields::Fields;
use super::reader::{Place, Reader, did_you_mean, shown};
use super::tree::{Node, Value};
use super::{Agreement, words};
use crate::handling::{Handling, Pap, TLP_VERSION, Tlp};
use crate::limits::{AGREEMENT_BYTES_MAX, CLAUSES_MAX};
use clause::Names;

const KEYS: &[&str] = &[
    "format",
    "id",
    "version",
    "previous",
    "title",
    "purpose",
    "from",
    "until",
    "anonymous_reading",
    "party",
    "clause",
    "contribution",
    "handling",
];

/// Reads a whole document; `text` is what it was read from, if that has lines.
pub(super) fn agreement(tree: &Node, text: Option<&str>) -> Result<Agreement, Vec<Fault>> {
    let mut reader = Reader::default();
    let agreement = document(&mut reader, tree);
    reader.finish(text)?;
    let agreement = agreement.ok_or_else(|| vec![Fault::whole("not an agreement", None)])?;
    let bytes = agreement.canonical().len();
    if bytes > AGREEMENT_BYTES_MAX {
        let what = format!("{bytes} bytes as canonical JSON, where {AGREEMENT_BYTES_MAX} are the most");
        return Err(vec![Fault::whole(what, None)]);
    }
    Ok(agreement)
}

fn document(reader: &mut Reader, tree: &Node) -> Option<Agreement> {
    let fields = Fields::of(reader, tree, String::new(), KEYS)?;
    let format = fields.optional(reader, "format", format);
    let id = fields.required(reader, "id", "\"energy-north\"", Reader::name);
    let version = fields.required(reader, "version", "1", |reader, node, place| {
        let number = reader.number(node, place, 1, u32::MAX.into())?;
        u32::try_from(number).ok()
    });
    let previous = fields.optional(reader, "previous", digest);
    let title = fields.required(reader, "title", "\"…\"", Reader::line);
    let purpose = fields.required(reader, "purpose", "\"…\"", Reader::text);
    let from = fields.required(reader, "from", "2026-01-01", Reader::time);
    let until = fields.required(reader, "until", "2027-01-01", Reader::time);
    let anonymous_reading = fields.optional(reader, "anonymous_reading", Reader::truth);
    let names = party::names(&fields);
    let parties = party::all(reader, &fields);
    let mut taken = Names::default();
    let clauses = each(reader, &fields, "clause", |reader, node, part| {
        clause::clause(reader, node, part, names.as_ref(), &mut taken)
    });
    let contributions = each(reader, &fields, "contribution", |reader, node, part| {
        clause::contribution(reader, node, part, names.as_ref(), &mut taken)
    });
    let handling = match fields.node("handling") {
        Some(node) => handling(reader, node),
        None => Some(Handling::default()),
    };
    if let (Some(from), Some(until)) = (from, until)
        && from >= until
    {
        let what = format!("{until} is not after `from`, which is {from}");
        fields.tell(reader, "until", what, None);
    }
    if let (Some(version), Some(previous)) = (version, previous) {
        check_previous(reader, &fields, version, previous.is_some());
    }
    if fields.node("clause").is_none() && fields.node("contribution").is_none() {
        let what = "neither a clause nor a contribution: nothing could ever be exchanged";
        let way_out = "add a `[[clause]]`".to_owned();
        reader.tell(None, fields.place(""), what.to_owned(), Some(way_out));
    }
    format?;
    Some(Agreement {
        id: id?,
        version: version?,
        title: title?,
        purpose: purpose?,
        from: from?,
        until: until?,
        parties: parties?,
        clauses: clauses?,
        contributions: contributions?,
        handling: handling?,
        anonymous_reading: anonymous_reading?.unwrap_or(false),
        previous: previous?,
    })
}

fn format(reader: &mut Reader, node: &Node, place: Place<'_>) -> Option<()> {
    reader.word(node, place, &[words::FORMAT], |text| {
        (text == words::FORMAT).then_some(())
    })
}

fn check_previous(reader: &mut Reader, fields: &Fields<'_>, version: u32, there: bool) {
    if version > 1 && !there {
        let what = format!("version {version} without `previous`");
        let way_out = "add the digest of the version before, as 64 hexadecimal digits";
        fields.tell(reader, "version", what, Some(way_out));
    }
    if version == 1 && there {
        let way_out = "take it out, or count `version` on";
        let what = "version 1 has no version before it".to_owned();
        fields.tell(reader, "previous", what, Some(way_out));
    }
}

/// The tables of a list such as `[[clause]]`; none where the list is not there.
fn each<T>(
    reader: &mut Reader,
    fields: &Fields<'_>,
    key: &str,
    mut read: impl FnMut(&mut Reader, &Node, String) -> Option<T>,
) -> Option<Vec<T>> {
    let Some(node) = fields.node(key) else {
        return Some(Vec::new());
    };
    let tables = tables(reader, node, fields.place(key), CLAUSES_MAX)?;
    let mut all = Some(Vec::with_capacity(tables.len()));
    for (position, table) in tables.iter().enumerate() {
        let one = read(reader, table, part(key, table, position));
        all = match (all, one) {
            (Some(mut all), Some(one)) => {
                all.push(one);
                Some(all)
            }
            _ => None,
        };
    }
    all
}

/// A list of tables. A single table is a common slip: `[clause]` for `[[clause]]`.
fn tables<'n>(reader: &mut Reader, node: &'n Node, place: Place<'_>, most: usize) -> Option<&'n [Node]> {
    let key = place.key;
    if matches!(node.value, Value::Table(_)) {
        let way_out = format!("begin each with `[[{key}]]`");
        reader.tell(
            node.at,
            place,
            "one table where a list of them should be".to_owned(),
            Some(way_out),
        );
        return None;
    }
    reader.list(node, place, most, "tables")
}

/// How messages call a table: by its name, where it tells one.
fn part(key: &str, table: &Node, position: usize) -> String {
    match table.get("name").map(|name| &name.value) {
        Some(Value::Text(name)) => format!("{key} \"{}\"", shown(name)),
        _ => format!("{key} {}", position + 1),
    }
}

fn handling(reader: &mut Reader, node: &Node) -> Option<Handling> {
    let keys = &["tlp_version", "pap", "iep"];
    let fields = Fields::of(reader, node, "handling".to_owned(), keys)?;
    let tlp_version = fields.optional(reader, "tlp_version", |reader, node, place| {
        reader.word(node, place, &[TLP_VERSION], |text| {
            (text == TLP_VERSION).then_some(())
        })
    });
    let pap = fields.optional(reader, "pap", pap);
    let iep = match fields.node("iep") {
        Some(node) => iep::iep(reader, node).map(Some),
        None => Some(None),
    };
    tlp_version?;
    Some(Handling { pap: pap?, iep: iep? })
}

fn tlp(reader: &mut Reader, node: &Node, place: Place<'_>) -> Option<Tlp> {
    let known = Tlp::ALL.map(|tlp| tlp.to_string());
    reader.word(node, place, &known.each_ref().map(String::as_str), Tlp::from_name)
}

fn pap(reader: &mut Reader, node: &Node, place: Place<'_>) -> Option<Pap> {
    let known = Pap::ALL.map(|pap| pap.to_string());
    reader.word(node, place, &known.each_ref().map(String::as_str), Pap::from_name)
}

/// A SHA-256 digest in hexadecimal.
fn digest(reader: &mut Reader, node: &Node, place: Place<'_>) -> Option<[u8; 32]> {
    let text = reader.line(node, place)?;
    let digest = from_hex(&text);
    if digest.is_none() {
        let what = format!("`{}` is no digest: 64 digits of `0-9` and `a-f`", shown(&text));
        reader.tell(node.at, place, what, None);
    }
    digest
}

fn from_hex(text: &str) -> Option<[u8; 32]> {
    let lower = |byte: &u8| matches!(byte, b'0'..=b'9' | b'a'..=b'f');
    if text.len() != 64 || !text.as_bytes().iter().all(lower) {
        return None;
    }
    let mut digest = [0; 32];
    for (byte, pair) in digest.iter_mut().zip(text.as_bytes().chunks_exact(2)) {
        *byte = u8::from_str_radix(std::str::from_utf8(pair).ok()?, 16).ok()?;
    }
    Some(digest)
}

/// Tells a name that no party has.
fn unknown_party(reader: &mut Reader, node: &Node, place: Place<'_>, name: &str, names: &party::PartyNames) {
    let known = names.iter().map(String::as_str);
    let way_out = if reader.is_full() {
        None
    } else {
        did_you_mean(name, known)
    };
    let way_out = way_out.or_else(|| Some("name one of the parties above, by its `name`".to_owned()));
    reader.tell(
        node.at,
        place,
        format!("no party is called `{}`", shown(name)),
        way_out,
    );
}
