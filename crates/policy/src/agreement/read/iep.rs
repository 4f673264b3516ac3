//! A FIRST IEP 2.0 policy, with the names and values of its JSON Specification.

use super::super::fields::Fields;
use super::super::reader::{Place, Reader, shown};
use super::super::tree::{Node, Value};
use crate::handling::{IEP_VERSION, Iep, Modal, PermittedActions};
use crate::limits::LIST_MAX;

const KEYS: &[&str] = &[
    "id",
    "name",
    "description",
    "iep_version",
    "start_date",
    "end_date",
    "encrypt_in_transit",
    "permitted_actions",
    "affected_party_notifications",
    "tlp",
    "attribution",
    "unmodified_resale",
    "external_references",
];

pub(super) fn iep(reader: &mut Reader, node: &Node) -> Option<Iep> {
    let fields = Fields::of(reader, node, "handling.iep".to_owned(), KEYS)?;
    let id = fields.required(reader, "id", "\"…\"", id);
    let name = fields.required(reader, "name", "\"…\"", Reader::line);
    let description = fields.optional(reader, "description", Reader::text);
    let version = fields.optional(reader, "iep_version", version);
    let start = fields.required(reader, "start_date", "2026-01-01", Reader::time);
    let end = fields.optional(reader, "end_date", Reader::time);
    let encrypt_in_transit = fields.optional(reader, "encrypt_in_transit", |reader, node, place| {
        modal(reader, node, place, &[Modal::Must, Modal::May])
    });
    let permitted_actions = fields.optional(reader, "permitted_actions", actions);
    let may_or_not: fn(&mut Reader, &Node, Place<'_>) -> Option<Modal> =
        |reader, node, place| modal(reader, node, place, &[Modal::May, Modal::MustNot]);
    let affected_party_notifications = fields.optional(reader, "affected_party_notifications", may_or_not);
    let tlp = fields.optional(reader, "tlp", super::tlp);
    let attribution = fields.optional(reader, "attribution", |reader, node, place| {
        modal(reader, node, place, &[Modal::May, Modal::Must, Modal::MustNot])
    });
    let unmodified_resale = fields.optional(reader, "unmodified_resale", may_or_not);
    let external_references = fields.optional(reader, "external_references", urls);
    if let (Some(start), Some(Some(end))) = (start, end)
        && start >= end
    {
        let what = format!("{end} is not after `start_date`, which is {start}");
        fields.tell(reader, "end_date", what, None);
    }
    version?;
    Some(Iep {
        id: id?,
        name: name?,
        description: description?,
        start: start?,
        end: end?,
        encrypt_in_transit: encrypt_in_transit?,
        permitted_actions: permitted_actions?,
        affected_party_notifications: affected_party_notifications?,
        tlp: tlp?,
        attribution: attribution?,
        unmodified_resale: unmodified_resale?,
        external_references: external_references?.unwrap_or_default(),
    })
}

/// A UUID, or the address of the policy.
fn id(reader: &mut Reader, node: &Node, place: Place<'_>) -> Option<String> {
    let text = reader.line(node, place)?;
    // An id of STIX is any type and a UUID; so this asks for a UUID alone.
    let is_uuid = entente_stix::id::is_id(&format!("x--{text}"));
    if is_uuid || is_url(&text) {
        return Some(text);
    }
    let what = format!(
        "`{}` is neither a UUID nor an address that begins with `https://`",
        shown(&text)
    );
    reader.tell(node.at, place, what, None);
    None
}

/// As a text, or as the number that the JSON Specification writes.
fn version(reader: &mut Reader, node: &Node, place: Place<'_>) -> Option<()> {
    match &node.value {
        Value::Number(number) if number == IEP_VERSION => Some(()),
        _ => reader.word(node, place, &[IEP_VERSION], |text| {
            (text == IEP_VERSION).then_some(())
        }),
    }
}

fn modal(reader: &mut Reader, node: &Node, place: Place<'_>, known: &[Modal]) -> Option<Modal> {
    let names: Vec<_> = known.iter().map(|modal| modal.name()).collect();
    let of = |text: &str| known.iter().copied().find(|modal| modal.name() == text);
    reader.word(node, place, &names, of)
}

fn actions(reader: &mut Reader, node: &Node, place: Place<'_>) -> Option<PermittedActions> {
    let all = PermittedActions::ALL;
    let of = |text: &str| all.into_iter().find(|actions| actions.name() == text);
    reader.word(node, place, &all.map(PermittedActions::name), of)
}

fn urls(reader: &mut Reader, node: &Node, place: Place<'_>) -> Option<Vec<String>> {
    let elements = reader.list(node, place, LIST_MAX, "addresses")?;
    let urls: Vec<_> = elements.iter().map(|node| url(reader, node, place)).collect();
    urls.into_iter().collect()
}

fn url(reader: &mut Reader, node: &Node, place: Place<'_>) -> Option<String> {
    let text = reader.line(node, place)?;
    if is_url(&text) {
        return Some(text);
    }
    let what = format!("`{}` is no address that begins with `https://`", shown(&text));
    reader.tell(node.at, place, what, None);
    None
}

fn is_url(text: &str) -> bool {
    let rest = text
        .strip_prefix("https://")
        .or_else(|| text.strip_prefix("http://"));
    rest.is_some_and(|rest| !rest.is_empty() && !rest.contains(char::is_whitespace))
}
