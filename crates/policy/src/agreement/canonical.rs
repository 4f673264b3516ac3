//! An agreement as the canonical JSON that is signed.

use entente_stix::digest::Digest;
use entente_stix::json::{Map, Number, Value};

use super::{Agreement, Clause, Contribution, Member, Obligations, Parties};
use crate::agreement::words;
use crate::handling::{Handling, IEP_VERSION, Iep, TLP_VERSION};

/// The whole document. Every default is written out; what is not stated has no member. `anonymous_reading` is not
/// written out where it is false: agreements that were signed before there was such a key keep their digest.
pub(super) fn value(agreement: &Agreement) -> Value<'_> {
    let mut map = Map::new();
    map.insert("format", Value::from(words::FORMAT));
    map.insert("id", text(&agreement.id));
    map.insert("version", number(u64::from(agreement.version)));
    map.insert("title", text(&agreement.title));
    map.insert("purpose", text(&agreement.purpose));
    map.insert("from", Value::from(agreement.from.to_string()));
    map.insert("until", Value::from(agreement.until.to_string()));
    if let Some(previous) = agreement.previous {
        map.insert("previous", Value::from(Digest::from_bytes(previous).to_string()));
    }
    map.insert("party", list(&agreement.parties, member));
    map.insert("clause", list(&agreement.clauses, clause));
    map.insert("contribution", list(&agreement.contributions, contribution));
    map.insert("handling", handling(&agreement.handling));
    if agreement.anonymous_reading {
        map.insert("anonymous_reading", Value::Bool(true));
    }
    Value::Object(map)
}

fn member(member: &Member) -> Value<'_> {
    let mut map = Map::new();
    map.insert("name", text(&member.name));
    map.insert("identity", text(&member.identity));
    map.insert("root_key", text(&member.root_key));
    Value::Object(map)
}

fn clause(clause: &Clause) -> Value<'_> {
    let mut map = Map::new();
    map.insert("name", text(&clause.name));
    map.insert("from", parties(&clause.from));
    map.insert("to", parties(&clause.to));
    map.insert("types", list(&clause.types, |name| text(name)));
    map.insert("markings_up_to", shown(clause.markings_up_to));
    put(&mut map, "unmarked", clause.unmarked.map(shown));
    put(&mut map, "pap_up_to", clause.pap_up_to.map(shown));
    let least = clause.confidence_at_least;
    put(
        &mut map,
        "confidence_at_least",
        least.map(|least| number(least.into())),
    );
    map.insert("labels_any", list(&clause.labels_any, |label| text(label)));
    map.insert("labels_none", list(&clause.labels_none, |label| text(label)));
    put(&mut map, "not_older_than", clause.not_older_than.map(span));
    map.insert("redact", Value::Bool(clause.redact));
    map.insert("drop_custom", Value::Bool(clause.drop_custom));
    map.insert("obligations", obligations(&clause.obligations));
    Value::Object(map)
}

fn obligations(obligations: &Obligations) -> Value<'static> {
    let mut map = Map::new();
    put(
        &mut map,
        "sightings_within",
        obligations.sightings_within.map(span),
    );
    put(&mut map, "delete_after", obligations.delete_after.map(span));
    map.insert("redistribute", Value::Bool(obligations.redistribute));
    Value::Object(map)
}

fn contribution(contribution: &Contribution) -> Value<'_> {
    let mut map = Map::new();
    map.insert("name", text(&contribution.name));
    map.insert("by", parties(&contribution.by));
    map.insert("types", list(&contribution.types, |name| text(name)));
    map.insert("markings_up_to", shown(contribution.markings_up_to));
    put(&mut map, "unmarked", contribution.unmarked.map(shown));
    Value::Object(map)
}

fn handling(handling: &Handling) -> Value<'_> {
    let mut map = Map::new();
    map.insert("tlp_version", Value::from(TLP_VERSION));
    put(&mut map, "pap", handling.pap.map(shown));
    put(&mut map, "iep", handling.iep.as_ref().map(iep));
    Value::Object(map)
}

/// Names and values as in the JSON Specification of IEP 2.0, but for `iep_version`, a text here: a
/// number would lose its zero.
fn iep(iep: &Iep) -> Value<'_> {
    let mut map = Map::new();
    map.insert("id", text(&iep.id));
    map.insert("name", text(&iep.name));
    put(&mut map, "description", iep.description.as_deref().map(text));
    map.insert("iep_version", Value::from(IEP_VERSION));
    map.insert("start_date", shown(iep.start));
    put(&mut map, "end_date", iep.end.map(shown));
    for (key, stated) in iep.statements() {
        put(&mut map, key, stated.map(text));
    }
    put(&mut map, "tlp", iep.tlp.map(shown));
    map.insert(
        "external_references",
        list(&iep.external_references, |url| text(url)),
    );
    Value::Object(map)
}

fn parties(parties: &Parties) -> Value<'_> {
    match parties {
        Parties::All => Value::from(words::ALL_PARTIES),
        Parties::Named(names) => list(names, |name| text(name)),
    }
}

fn text(text: &str) -> Value<'_> {
    Value::from(text)
}

fn shown(value: impl ToString) -> Value<'static> {
    Value::from(value.to_string())
}

fn span(seconds: u64) -> Value<'static> {
    Value::from(words::span(seconds))
}

fn number(number: u64) -> Value<'static> {
    Number::new(number.to_string()).map_or(Value::Null, Value::Number)
}

fn list<'a, T: 'a>(of: impl IntoIterator<Item = &'a T>, each: impl Fn(&'a T) -> Value<'a>) -> Value<'a> {
    Value::Array(of.into_iter().map(each).collect())
}

fn put<'a>(map: &mut Map<'a>, key: &'static str, value: Option<Value<'a>>) {
    if let Some(value) = value {
        map.insert(key, value);
    }
}
