//! Agreements: texts, signatures, how they stand, and what they say about an object.

use std::collections::BTreeMap;

use entente_node::Node;
use entente_node::acts::{Fate, Kind, Taken};
use entente_node::explain::Explained;
use entente_node::keys::Keys;
use entente_node::pact::{Pact, Version};
use entente_policy::agreement::{Agreement, Member};
use entente_stix::time::Timestamp;
use serde::Serialize;
use serde_json::Value;
use utoipa::ToSchema;

use super::party::named;
use super::{hex, times};
use crate::exit::Failure;
use crate::render::safe;

/// Microseconds of a day.
const DAY: i64 = 86_400_000_000;

/// An agreement with its versions and how it stands.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub(crate) struct AgreementShown {
    /// Its short name.
    pub(crate) id: String,
    /// The number of the version that counts.
    pub(crate) version: u32,
    /// Its title.
    pub(crate) title: String,
    /// Whether anything crosses under it.
    pub(crate) in_force: bool,
    /// How it stands, as a sentence.
    pub(crate) standing: String,
    /// A later version that waits.
    pub(crate) pending: Option<Pending>,
    /// Who suspended it, and since when.
    pub(crate) suspended: BTreeMap<String, String>,
    /// Who left it, and when.
    pub(crate) left: BTreeMap<String, String>,
    /// Every version that is held.
    pub(crate) versions: Vec<AgreementVersion>,
}

/// A version that waits for signatures, or for its time.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub(crate) struct Pending {
    /// Its number.
    pub(crate) version: u32,
    /// The parties that have not signed it.
    pub(crate) missing: Vec<String>,
}

/// One version of an agreement.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub(crate) struct AgreementVersion {
    /// Its number.
    pub(crate) version: u32,
    /// SHA-256 of the canonical text: what is signed.
    pub(crate) digest: String,
    /// How it stands, as a sentence.
    pub(crate) standing: String,
    /// Who signed it.
    pub(crate) signed: BTreeMap<String, SignedShown>,
    /// The text, as `docs/formats/agreement.md` describes it.
    #[schema(value_type = Object)]
    pub(crate) agreement: Value,
}

/// A signature under a version.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub(crate) struct SignedShown {
    /// When it was taken in here.
    #[schema(format = DateTime)]
    pub(crate) at: String,
    /// The key that signed.
    pub(crate) key: String,
}

impl From<&Pact> for AgreementShown {
    fn from(pact: &Pact) -> AgreementShown {
        let pending = pact.pending.as_ref();
        AgreementShown {
            id: pact.agreement.id.clone(),
            version: pact.agreement.version,
            title: pact.agreement.title.clone(),
            in_force: pact.standing.is_in_force(),
            standing: pact.standing.to_string(),
            pending: pending.map(|(version, missing)| Pending {
                version: *version,
                missing: missing.clone(),
            }),
            suspended: times(&pact.suspended),
            left: times(&pact.left),
            versions: pact.versions.iter().map(AgreementVersion::from).collect(),
        }
    }
}

impl From<&Version> for AgreementVersion {
    fn from(version: &Version) -> AgreementVersion {
        let signed = version.signed.iter();
        AgreementVersion {
            version: version.agreement.version,
            digest: hex(&version.digest),
            standing: version.standing.to_string(),
            signed: signed
                .map(|(party, signed)| {
                    let shown = SignedShown {
                        at: signed.at.to_string(),
                        key: signed.key.clone(),
                    };
                    (party.clone(), shown)
                })
                .collect(),
            agreement: serde_json::from_str(&version.agreement.canonical()).unwrap_or(Value::Null),
        }
    }
}

/// A document that was taken in.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub(crate) struct DraftTaken {
    /// The agreement as it is held now.
    pub(crate) taken: AgreementShown,
}

/// What became of one statement that another party handed over.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub(crate) struct ActTaken {
    /// What kind of statement.
    pub(crate) act: String,
    /// What it is about: a party or an agreement.
    pub(crate) about: String,
    /// Who says so.
    pub(crate) by: Option<String>,
    /// `new`, `known` or `refused`.
    pub(crate) fate: String,
    /// Why it was refused.
    pub(crate) reason: Option<String>,
}

impl From<&Taken> for ActTaken {
    fn from(item: &Taken) -> ActTaken {
        let (fate, reason) = match &item.fate {
            Fate::New => ("new", None),
            Fate::Known => ("known", None),
            Fate::Refused(refusal) => ("refused", Some(refusal.to_string())),
        };
        ActTaken {
            act: item.kind.name().to_owned(),
            about: item.subject.clone(),
            by: item.by.clone(),
            fate: fate.to_owned(),
            reason,
        }
    }
}

/// An agreement under which something was signed.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub(crate) struct SignedNow {
    /// The agreement as it stands now.
    pub(crate) signed: AgreementShown,
}

/// What would be signed.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub(crate) struct WouldSign {
    /// What would be signed.
    pub(crate) would_sign: ToSign,
}

/// A statement about to be signed.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub(crate) struct ToSign {
    /// `signature`, `suspension`, `resumption` or `leaving`.
    pub(crate) act: String,
    /// The agreement.
    pub(crate) agreement: String,
    /// Its version.
    pub(crate) version: u32,
    /// SHA-256 of the text that would be signed; empty for words about it.
    pub(crate) digest: String,
}

/// What one agreement says about an object's way to a party.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub(crate) struct ExplainedShown {
    /// The agreement.
    pub(crate) agreement: String,
    /// The log that it would go to.
    pub(crate) origin: String,
    /// All who read that log.
    pub(crate) audience: Vec<String>,
    /// Whether it may go now.
    pub(crate) may_go: bool,
    /// Number of the entry that released it, if that was done and not taken back.
    pub(crate) released: Option<u64>,
    /// The clause that lets it go, or that comes nearest.
    pub(crate) clause: Option<String>,
    /// A stable word for the reason why it does not go.
    pub(crate) code: Option<String>,
    /// The decision in sentences.
    pub(crate) sentences: Vec<String>,
    /// The text as it would go, where something would be taken out.
    pub(crate) form: Option<String>,
}

impl From<&Explained> for ExplainedShown {
    fn from(one: &Explained) -> ExplainedShown {
        let form = one.form.as_deref();
        ExplainedShown {
            agreement: one.agreement.clone(),
            origin: one.origin.clone(),
            audience: one.audience.clone(),
            may_go: one.may_go,
            released: one.released,
            clause: one.clause.clone(),
            code: one.code.clone(),
            sentences: one.sentences.clone(),
            form: form.map(|form| String::from_utf8_lossy(form).into_owned()),
        }
    }
}

/// The agreement of this short name.
///
/// # Errors
/// There is none.
pub(crate) fn known(node: &Node, id: &str, at: Timestamp) -> Result<Pact, Failure> {
    let unknown = || entente_node::Error::UnknownAgreement {
        agreement: id.to_owned(),
        version: None,
    };
    Ok(node.pact(id, at)?.ok_or_else(unknown)?)
}

/// What this node's party would sign of an agreement: the newest version, or the one of this number.
///
/// # Errors
/// There is no such version, or the party is none of its parties.
pub(crate) fn signable(node: &Node, id: &str, number: Option<u32>, at: Timestamp) -> Result<ToSign, Failure> {
    let pact = known(node, id, at)?;
    let version = match number {
        Some(number) => pact.version(number),
        None => pact.newest(),
    };
    let version = version.ok_or_else(|| entente_node::Error::UnknownAgreement {
        agreement: id.to_owned(),
        version: number,
    })?;
    let me = named(node, None)?;
    let number = version.agreement.version;
    if version.agreement.member_of(&me.id).is_none() {
        return Err(Failure::refused(format!(
            "`{}` is not a party to version {number} of `{id}`, so it has nothing to sign there",
            safe(&me.name),
        )));
    }
    Ok(ToSign {
        act: Kind::Signature.name().to_owned(),
        agreement: id.to_owned(),
        version: number,
        digest: hex(&version.digest),
    })
}

/// The word about an agreement that this node's party would sign: a suspension, a resumption, or that it leaves.
///
/// # Errors
/// There is no such agreement, or nothing to take back.
pub(crate) fn sayable(node: &Node, id: &str, kind: Kind, at: Timestamp) -> Result<ToSign, Failure> {
    let pact = known(node, id, at)?;
    let me = named(node, None)?;
    if kind == Kind::Resumption && !pact.suspended.contains_key(&me.id) {
        return Err(Failure::refused(format!(
            "this node's party has not suspended `{id}`; who suspended it must resume it (`entente agreement show {id}`)"
        )));
    }
    Ok(ToSign {
        act: kind.name().to_owned(),
        agreement: id.to_owned(),
        version: pact.agreement.version,
        digest: String::new(),
    })
}

/// Signs what was found to be signable.
///
/// # Errors
/// The agreements or the party's keys do not allow it, or the store failed.
pub(crate) fn say_so(node: &Node, what: &ToSign, keys: &Keys, at: Timestamp) -> Result<Pact, Failure> {
    let id = &what.agreement;
    let said = match Kind::of(&what.act) {
        Some(Kind::Suspension) => node.suspend(id, keys, at),
        Some(Kind::Resumption) => node.resume(id, keys, at),
        Some(Kind::Leaving) => node.leave(id, keys, at),
        _ => node.sign(id, what.version, keys, at),
    };
    match said {
        // What may not be signed is refused, which is another thing than a bad file.
        Err(entente_node::Error::Act(refusal)) => Err(Failure::refused(refusal)),
        said => Ok(said?),
    }
}

/// # Errors
/// It cannot be the short name of an agreement.
pub(crate) fn require_id(id: &str) -> Result<(), Failure> {
    let may_be = |letter: char| letter.is_ascii_lowercase() || letter.is_ascii_digit() || letter == '-';
    if id.is_empty() || id.len() > 64 || !id.chars().all(may_be) {
        return Err(Failure::usage(format!(
            "`{}` cannot name an agreement; take 1 to 64 of the characters a-z, 0-9 and -",
            safe(id)
        )));
    }
    Ok(())
}

/// A document (TOML) to begin with, for a year from `now`'s day (UTC), between these parties (names or ids; nobody:
/// everyone who is known).
///
/// # Errors
/// Fewer than two parties, a name that cannot be, or one that nobody has.
pub(crate) fn template(node: &Node, id: &str, parties: &[String], now: Timestamp) -> Result<String, Failure> {
    require_id(id)?;
    let parties = if parties.is_empty() {
        node.parties()?
    } else {
        let names = parties.iter();
        names
            .map(|name| named(node, Some(name)))
            .collect::<Result<Vec<_>, _>>()?
    };
    if parties.len() < 2 {
        return Err(Failure::usage(
            "an agreement needs two parties at least; take the card of another in with `entente party add FILE`, and name who takes part with `--party`, this node's own party included",
        ));
    }
    let mut taken = BTreeMap::new();
    let members: Vec<Member> = parties
        .iter()
        .map(|party| Member {
            name: short_name(&party.name, &mut taken),
            identity: party.id.clone(),
            root_key: party.root.to_string(),
        })
        .collect();
    let midnight = now.micros().div_euclid(DAY) * DAY;
    let day = |days: i64| Timestamp::from_micros(midnight + days * DAY);
    let text = Agreement::template(id, &members, day(0), day(365));
    if let Err(faults) = Agreement::read(&text) {
        let faults: Vec<String> = faults.iter().map(ToString::to_string).collect();
        return Err(Failure::usage(format!(
            "no document was written, since it could not be taken in: {}",
            faults.join("\n")
        )));
    }
    Ok(text)
}

/// How the clauses may call a party: its name in the letters that they allow, each only once.
fn short_name(name: &str, taken: &mut BTreeMap<String, u32>) -> String {
    let words: Vec<String> = name
        .split(|character: char| !character.is_ascii_alphanumeric())
        .filter(|word| !word.is_empty())
        .map(str::to_ascii_lowercase)
        .collect();
    let mut short: String = words.join("-").chars().take(56).collect();
    if short.is_empty() {
        short = "party".to_owned();
    }
    let times = taken.entry(short.clone()).or_insert(0);
    *times += 1;
    match *times {
        1 => short,
        times => format!("{short}-{times}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_of_parties_become_names_that_clauses_allow() {
        let mut taken = BTreeMap::new();
        let mut short = |name: &str| short_name(name, &mut taken);
        assert_eq!(short("CERT Österreich (AT)"), "cert-sterreich-at");
        assert_eq!(short("Energie 24"), "energie-24");
        assert_eq!(short("energie 24"), "energie-24-2");
        assert_eq!(short("国家"), "party");
        assert_eq!(short("國家"), "party-2");
    }
}
