//! An agreement as the TOML that people read, and a commented one to begin with.

use std::fmt::Write as _;

use entente_stix::digest::Digest;
use entente_stix::time::Timestamp;

use super::{Agreement, Clause, Contribution, Member, Obligations, Parties, words};
use crate::handling::{Handling, IEP_VERSION, Iep, TLP_VERSION};

/// The whole document. What says nothing is left out, but for the two truths of a clause.
pub(super) fn toml(agreement: &Agreement) -> String {
    let mut out = Lines(String::new());
    out.put("id", &text(&agreement.id));
    out.put("version", &agreement.version.to_string());
    if let Some(previous) = agreement.previous {
        out.put("previous", &text(&Digest::from_bytes(previous).to_string()));
    }
    out.put("title", &text(&agreement.title));
    out.put("purpose", &text(&agreement.purpose));
    out.put("from", &time(agreement.from));
    out.put("until", &time(agreement.until));
    if agreement.anonymous_reading {
        out.put("anonymous_reading", "true");
    }
    for one in &agreement.parties {
        member(&mut out, one);
    }
    for one in &agreement.clauses {
        clause(&mut out, one);
    }
    for one in &agreement.contributions {
        contribution(&mut out, one);
    }
    handling(&mut out, &agreement.handling);
    out.0
}

struct Lines(String);

impl Lines {
    fn table(&mut self, header: &str) {
        // Writing to a string cannot fail.
        let _ = writeln!(self.0, "\n{header}");
    }

    fn put(&mut self, key: &str, value: &str) {
        let _ = writeln!(self.0, "{key} = {value}");
    }

    fn put_some(&mut self, key: &str, value: Option<String>) {
        if let Some(value) = value {
            self.put(key, &value);
        }
    }

    fn put_list(&mut self, key: &str, value: &str) {
        if value != "[]" {
            self.put(key, value);
        }
    }
}

fn member(out: &mut Lines, member: &Member) {
    out.table("[[party]]");
    out.put("name", &text(&member.name));
    out.put("identity", &text(&member.identity));
    out.put("root_key", &text(&member.root_key));
}

fn clause(out: &mut Lines, clause: &Clause) {
    out.table("[[clause]]");
    out.put("name", &text(&clause.name));
    out.put("from", &parties(&clause.from));
    out.put("to", &parties(&clause.to));
    out.put("types", &list(words::shortest(&clause.types)));
    out.put("markings_up_to", &shown(clause.markings_up_to));
    out.put_some("unmarked", clause.unmarked.map(shown));
    out.put_some("pap_up_to", clause.pap_up_to.map(shown));
    let least = clause.confidence_at_least;
    out.put_some("confidence_at_least", least.map(|least| least.to_string()));
    out.put_list("labels_any", &list(clause.labels_any.iter().map(String::as_str)));
    out.put_list(
        "labels_none",
        &list(clause.labels_none.iter().map(String::as_str)),
    );
    out.put_some("not_older_than", clause.not_older_than.map(span));
    out.put("redact", &clause.redact.to_string());
    out.put("drop_custom", &clause.drop_custom.to_string());
    out.put("obligations", &obligations(&clause.obligations));
}

fn obligations(obligations: &Obligations) -> String {
    let spans = [
        ("sightings_within", obligations.sightings_within),
        ("delete_after", obligations.delete_after),
    ];
    let spans = spans
        .into_iter()
        .filter_map(|(key, seconds)| Some((key, span(seconds?))));
    let last = ("redistribute", obligations.redistribute.to_string());
    let parts = spans.chain([last]).map(|(key, value)| format!("{key} = {value}"));
    format!("{{ {} }}", parts.collect::<Vec<_>>().join(", "))
}

fn contribution(out: &mut Lines, contribution: &Contribution) {
    out.table("[[contribution]]");
    out.put("name", &text(&contribution.name));
    out.put("by", &parties(&contribution.by));
    out.put("types", &list(words::shortest(&contribution.types)));
    out.put("markings_up_to", &shown(contribution.markings_up_to));
    out.put_some("unmarked", contribution.unmarked.map(shown));
}

fn handling(out: &mut Lines, handling: &Handling) {
    out.table("[handling]");
    out.put("tlp_version", &text(TLP_VERSION));
    out.put_some("pap", handling.pap.map(shown));
    if let Some(policy) = &handling.iep {
        iep(out, policy);
    }
}

fn iep(out: &mut Lines, iep: &Iep) {
    out.table("[handling.iep]");
    out.put("id", &text(&iep.id));
    out.put("name", &text(&iep.name));
    out.put_some("description", iep.description.as_deref().map(text));
    out.put("iep_version", &text(IEP_VERSION));
    out.put("start_date", &time(iep.start));
    out.put_some("end_date", iep.end.map(time));
    for (key, stated) in iep.statements() {
        out.put_some(key, stated.map(text));
    }
    out.put_some("tlp", iep.tlp.map(shown));
    let references = iep.external_references.iter().map(String::as_str);
    out.put_list("external_references", &list(references));
}

fn parties(parties: &Parties) -> String {
    match parties {
        Parties::All => text(words::ALL_PARTIES),
        Parties::Named(names) => list(names.iter().map(String::as_str)),
    }
}

fn list<'a>(of: impl IntoIterator<Item = &'a str>) -> String {
    let quoted: Vec<_> = of.into_iter().map(text).collect();
    format!("[{}]", quoted.join(", "))
}

fn text(text: &str) -> String {
    toml::Value::from(text).to_string()
}

fn shown(value: impl ToString) -> String {
    text(&value.to_string())
}

fn span(seconds: u64) -> String {
    text(&words::span(seconds))
}

/// Midnight in UTC is written as the date alone.
fn time(time: Timestamp) -> String {
    let whole = time.to_string();
    if let Some(date) = whole.strip_suffix("T00:00:00.000Z") {
        return date.to_owned();
    }
    match whole.strip_suffix(".000Z") {
        Some(seconds) => format!("{seconds}Z"),
        None => whole,
    }
}

/// See [`Agreement::template`].
pub(super) fn template(id: &str, members: &[Member], from: Timestamp, until: Timestamp) -> String {
    let mut parties = Lines(String::new());
    for one in members {
        member(&mut parties, one);
    }
    TEMPLATE
        .replace("{id}", &text(id))
        .replace("{from}", &time(from))
        .replace("{until}", &time(until))
        .replace("{parties}", parties.0.trim_start())
}

const TEMPLATE: &str = include_str!("template.toml");
