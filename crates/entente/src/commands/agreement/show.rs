//! `entente agreement show` and `list`: an agreement for people to read.

use std::collections::BTreeMap;
use std::io::Write;

use entente_node::Node;
use entente_node::pact::{Pact, Version};
use entente_policy::agreement::{Agreement, Clause, Parties};
use entente_policy::handling::Tlp;
use serde_json::Value;

use crate::answers::agreement::{AgreementShown, known};
use crate::answers::hex;
use crate::cli::{AgreementShow, Global};
use crate::commands::party::give;
use crate::commands::{json_line, out};
use crate::exit::{Exit, Failure};
use crate::place;
use crate::render::{safe, table};

/// What parties are called here, by id.
pub(super) struct Names(BTreeMap<String, String>);

impl Names {
    pub(super) fn of(node: &Node) -> Result<Names, Failure> {
        let parties = node.parties()?.into_iter();
        Ok(Names(parties.map(|party| (party.id, party.name)).collect()))
    }

    /// The name of a party, or its id where nobody is known by it.
    pub(super) fn name(&self, id: &str) -> String {
        safe(self.0.get(id).map_or(id, String::as_str))
    }

    /// A sentence on how an agreement stands, with names instead of ids.
    pub(super) fn standing(&self, pact: &Pact) -> String {
        format!(
            "`{}` {}",
            pact.agreement.id,
            self.named(&pact.standing.to_string())
        )
    }

    /// What waits beyond the version that counts, and for whom.
    pub(super) fn pending(&self, pact: &Pact) -> Option<String> {
        let (later, missing) = pact.pending.as_ref()?;
        let missing: Vec<String> = missing.iter().map(|id| self.name(id)).collect();
        Some(if missing.is_empty() {
            format!("version {later} is signed by all and waits for its time")
        } else {
            format!(
                "version {later} waits for the signatures of {}",
                missing.join(", ")
            )
        })
    }

    pub(super) fn named(&self, text: &str) -> String {
        let named = |text: String, (id, name): (&String, &String)| text.replace(id, name);
        safe(&self.0.iter().fold(text.to_owned(), named))
    }
}

pub(super) fn run(global: &Global, asked: &AgreementShow) -> Result<Exit, Failure> {
    let Some(id) = &asked.id else {
        return list(global);
    };
    let node = place::open_to_read(global)?;
    let pact = known(&node, id, place::now())?;
    if asked.file {
        give(global, None, &node.pact_file(id)?)?;
        return Ok(Exit::Done);
    }
    let number = asked.number.unwrap_or(pact.agreement.version);
    let version = pact
        .version(number)
        .ok_or_else(|| entente_node::Error::UnknownAgreement {
            agreement: id.clone(),
            version: Some(number),
        })?;
    let mut out = out();
    if asked.canonical {
        out.write_all(version.agreement.canonical().as_bytes())?;
    } else if asked.toml {
        out.write_all(version.agreement.to_toml().as_bytes())?;
    } else if global.json {
        json_line(&mut out, &AgreementShown::from(&pact))?;
    } else {
        tell(&node, &pact, version, &mut out)?;
    }
    out.flush()?;
    Ok(Exit::Done)
}

pub(super) fn list(global: &Global) -> Result<Exit, Failure> {
    let node = place::open_to_read(global)?;
    let pacts = node.pacts(place::now())?;
    let names = Names::of(&node)?;
    let mut out = out();
    if global.json {
        for pact in &pacts {
            json_line(&mut out, &AgreementShown::from(pact))?;
        }
    } else {
        let rows: Vec<Vec<String>> = pacts
            .iter()
            .map(|pact| {
                let waits = names.pending(pact);
                let waits = waits.map(|waits| format!("; {waits}")).unwrap_or_default();
                vec![
                    pact.agreement.id.clone(),
                    format!("version {}", pact.agreement.version),
                    names.named(&pact.standing.to_string()) + &waits,
                ]
            })
            .collect();
        write!(out, "{}", table(&rows))?;
        if pacts.is_empty() && !global.quiet {
            eprintln!(
                "no agreement is known yet; `entente agreement new ID -o FILE` writes a document to begin with"
            );
        }
    }
    out.flush()?;
    Ok(Exit::Done)
}

fn tell(node: &Node, pact: &Pact, version: &Version, out: &mut impl Write) -> Result<(), Failure> {
    let names = Names::of(node)?;
    let agreement = &version.agreement;
    writeln!(out, "{}", safe(&agreement.title))?;
    writeln!(out, "{}", safe(&agreement.purpose))?;
    writeln!(
        out,
        "\n`{}`, version {}, {}",
        agreement.id,
        agreement.version,
        names.named(&version.standing.to_string())
    )?;
    writeln!(out, "from {} until {}", agreement.from, agreement.until)?;
    writeln!(out, "digest {}", hex(&version.digest))?;

    writeln!(out, "\nParties and their signatures")?;
    let rows: Vec<Vec<String>> = agreement
        .parties
        .iter()
        .map(|member| {
            let signed = version.signed.get(&member.identity);
            let said = if let Some(at) = pact.left.get(&member.identity) {
                format!("; left on {at}")
            } else if let Some(at) = pact.suspended.get(&member.identity) {
                format!("; suspended it on {at}")
            } else {
                String::new()
            };
            let signed = signed.map_or("has not signed".to_owned(), |signed| {
                format!("signed, taken in here {}", signed.at)
            });
            vec![
                format!("  {}", member.name),
                names.name(&member.identity),
                format!("{signed}{said}"),
            ]
        })
        .collect();
    write!(out, "{}", table(&rows))?;

    writeln!(out, "\nWhat may go")?;
    for clause in &agreement.clauses {
        writeln!(out, "  {}", sentence(clause))?;
    }
    if agreement.anonymous_reading {
        writeln!(out, "  Anyone who asks may read what of it is TLP:CLEAR.")?;
    }
    if !agreement.contributions.is_empty() {
        writeln!(out, "\nWhat may be put before another party")?;
    }
    for contribution in &agreement.contributions {
        writeln!(
            out,
            "  {}: by {}, {}, up to {}; {}",
            contribution.name,
            parties(&contribution.by),
            listed(&contribution.types),
            contribution.markings_up_to,
            unmarked(contribution.unmarked)
        )?;
    }
    handling(agreement, out)?;
    audiences(node, pact, agreement, &names, out)?;
    if let Some(newest) = pact.newest()
        && newest.agreement.version != agreement.version
    {
        let newest = newest.agreement.version;
        let waits = names
            .pending(pact)
            .unwrap_or_else(|| format!("version {newest} is held too"));
        writeln!(
            out,
            "\n{waits}: `entente agreement show {} {newest}`",
            agreement.id
        )?;
    }
    Ok(())
}

/// How what is received is handled, as it is signed: every word of it, under its name in the document.
fn handling(agreement: &Agreement, out: &mut impl Write) -> Result<(), Failure> {
    let text: Value = serde_json::from_str(&agreement.canonical()).unwrap_or(Value::Null);
    writeln!(out, "\nHow what is received is handled")?;
    let stated = |section: &Value| -> Vec<Vec<String>> {
        let members = section.as_object().into_iter().flatten();
        let members = members.filter(|(_, value)| !value.is_object());
        members
            .map(|(name, value)| vec![format!("  {}", safe(name)), said(value)])
            .collect()
    };
    let of = text.get("handling").unwrap_or(&Value::Null);
    write!(out, "{}", table(&stated(of)))?;
    if let Some(iep) = of.get("iep") {
        writeln!(out, "\nInformation exchange policy (IEP)")?;
        write!(out, "{}", table(&stated(iep)))?;
    }
    Ok(())
}

fn said(value: &Value) -> String {
    match value {
        Value::String(text) => safe(text),
        Value::Array(values) if values.is_empty() => "none".to_owned(),
        Value::Array(values) => values.iter().map(said).collect::<Vec<_>>().join(", "),
        other => safe(&other.to_string()),
    }
}

/// Who gets the same from this node, by clauses.
fn audiences(
    node: &Node,
    pact: &Pact,
    agreement: &Agreement,
    names: &Names,
    out: &mut impl Write,
) -> Result<(), Failure> {
    let Some(me) = node.me()? else { return Ok(()) };
    if agreement.version != pact.agreement.version || agreement.member_of(&me.id).is_none() {
        return Ok(());
    }
    writeln!(out, "\nWho gets what from {}", safe(&me.name))?;
    for audience in pact.terms.audiences(&me.id) {
        let members: Vec<String> = audience.members.iter().map(|id| names.name(id)).collect();
        writeln!(
            out,
            "  {}  by {}",
            members.join(", "),
            audience.clauses.join(", ")
        )?;
    }
    Ok(())
}

fn unmarked(counts_as: Option<Tlp>) -> String {
    counts_as.map_or_else(
        || "what is not marked stays".to_owned(),
        |tlp| format!("what is not marked counts as {tlp}"),
    )
}

/// A clause as people would say it.
fn sentence(clause: &Clause) -> String {
    let mut text = format!(
        "{}: from {} to {}: {}, up to {}",
        clause.name,
        parties(&clause.from),
        parties(&clause.to),
        listed(&clause.types),
        clause.markings_up_to
    );
    let mut add = |part: String| {
        text.push_str("; ");
        text.push_str(&part);
    };
    add(unmarked(clause.unmarked));
    if let Some(pap) = clause.pap_up_to {
        add(format!("up to {pap}"));
    }
    if let Some(least) = clause.confidence_at_least {
        add(format!("confidence at least {least}"));
    }
    if !clause.labels_any.is_empty() {
        add(format!("only labelled {}", listed(&clause.labels_any)));
    }
    if !clause.labels_none.is_empty() {
        add(format!("nothing labelled {}", listed(&clause.labels_none)));
    }
    if let Some(age) = clause.not_older_than {
        add(format!("not older than {}", span(age)));
    }
    add(if clause.redact {
        "parts marked higher are taken out".to_owned()
    } else {
        "nothing is taken out: what has parts marked higher stays".to_owned()
    });
    if clause.drop_custom {
        add("custom properties are taken out".to_owned());
    }
    let owed = &clause.obligations;
    if let Some(within) = owed.sightings_within {
        add(format!("sightings are owed within {}", span(within)));
    }
    if let Some(after) = owed.delete_after {
        add(format!("to be deleted after {}", span(after)));
    }
    add(if owed.redistribute {
        "may be passed on".to_owned()
    } else {
        "not to be passed on".to_owned()
    });
    safe(&text)
}

fn parties(parties: &Parties) -> String {
    match parties {
        Parties::All => "all".to_owned(),
        Parties::Named(names) => listed(names),
    }
}

fn listed(names: &std::collections::BTreeSet<String>) -> String {
    names.iter().map(String::as_str).collect::<Vec<_>>().join(", ")
}

fn span(seconds: u64) -> String {
    for (unit, length) in [("day", 86_400), ("hour", 3_600), ("minute", 60)] {
        if seconds >= length && seconds.is_multiple_of(length) {
            return crate::render::counted(seconds / length, unit);
        }
    }
    crate::render::counted(seconds, "second")
}
