//! Agreements: texts, signatures, how they stand, and what they say about an object.

use std::collections::BTreeMap;

use entente_node::acts::{Fate, Taken};
use entente_node::explain::Explained;
use entente_node::pact::{Pact, Version};
use serde::Serialize;
use serde_json::Value;
use utoipa::ToSchema;

use super::{hex, times};

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
