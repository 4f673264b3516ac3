//! An agreement compiled: its clauses as Cedar policies, validated against a schema, and the audiences
//! that follow from them.
//!
//! A clause becomes one `permit`, and one small probe policy for each of its conditions, made of the same
//! expression: what stands in the way is asked of Cedar too. Begin at [`Terms::compile`].

mod ask;
mod write;

use std::collections::{BTreeMap, BTreeSet};

use cedar_policy::{Authorizer, Policy, PolicyId, PolicySet, Schema, ValidationMode, Validator};

use crate::agreement::{Agreement, Clause, Seconds};

pub(crate) use ask::{Facts, Verdict};

/// An agreement that can decide: compiled once, asked often.
#[derive(Debug)]
pub struct Terms {
    agreement: Agreement,
    digest: [u8; 32],
    text: String,
    permits: PolicySet,
    probes: PolicySet,
    names: ask::Names,
    authorizer: Authorizer,
    identities: BTreeSet<String>,
    pub(crate) scale: Scale,
}

/// Who may have the same things from one owner.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Audience {
    /// Ids of the parties that receive, sorted; the owner is not among them.
    pub members: Vec<String>,
    /// Names of the clauses that reach every one of them, in the order of the agreement.
    pub clauses: Vec<String>,
}

/// An owner and one of its audiences, with what Cedar is asked about them.
#[derive(Debug)]
pub(crate) struct Route {
    /// Who releases.
    pub(crate) owner: String,
    /// To whom.
    pub(crate) audience: Audience,
    /// One member stands for all: the same clauses reach each of them.
    pub(crate) recipient: String,
    /// The probes of those clauses and of the rules: no other clause can be the nearest.
    probes: PolicySet,
}

/// The values between which an agreement tells objects apart; what lies between two is one class.
#[derive(Debug, Default)]
pub(crate) struct Scale {
    /// Every type that a clause or a contribution names, sorted.
    pub(crate) types: Vec<String>,
    /// Every label that a clause names, in the form of [`folded`], sorted.
    pub(crate) labels: Vec<String>,
    /// Least confidences, sorted.
    pub(crate) confidences: Vec<i64>,
    /// Greatest ages in seconds, sorted.
    pub(crate) ages: Vec<i64>,
}

/// Why an agreement cannot be compiled. Ours, not its authors': each agreement that was read should compile.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// What was written for Cedar cannot be parsed.
    #[error(
        "clause `{clause}` of agreement `{agreement}` became no Cedar policy: {why}; report this, with the agreement"
    )]
    Parse {
        /// The agreement.
        agreement: String,
        /// The clause.
        clause: String,
        /// What Cedar says.
        why: String,
    },
    /// The policies do not fit the schema.
    #[error(
        "agreement `{agreement}` became Cedar policies that do not fit their schema: {why}; report this, with the agreement"
    )]
    Validation {
        /// The agreement.
        agreement: String,
        /// What Cedar says.
        why: String,
    },
}

impl Terms {
    /// Writes the clauses as Cedar policies and validates them (strict mode).
    pub fn compile(agreement: &Agreement) -> Result<Terms, Error> {
        let failed = |why: String| Error::Validation {
            agreement: agreement.id.clone(),
            why,
        };
        let written = write::policies(agreement);
        let permits = policy_set(agreement, &written.permits)?;
        let probes = policy_set(agreement, &written.probes)?;
        let (schema, _) =
            Schema::from_cedarschema_str(write::SCHEMA).map_err(|why| failed(why.to_string()))?;
        let validator = Validator::new(schema);
        for policies in [&permits, &probes] {
            let result = validator.validate(policies, ValidationMode::Strict);
            if let Some(error) = result.validation_errors().next() {
                return Err(failed(error.to_string()));
            }
        }
        let names = ask::Names::new(agreement).map_err(failed)?;
        Ok(Terms {
            digest: agreement.digest(),
            text: written.text,
            permits,
            probes,
            names,
            authorizer: Authorizer::new(),
            identities: agreement
                .parties
                .iter()
                .map(|member| member.identity.clone())
                .collect(),
            scale: Scale::of(agreement),
            agreement: agreement.clone(),
        })
    }

    /// The agreement that this was compiled from.
    pub fn agreement(&self) -> &Agreement {
        &self.agreement
    }

    /// [`Agreement::digest`] of that version.
    pub fn digest(&self) -> [u8; 32] {
        self.digest
    }

    /// The schema and the policies, as Cedar is given them, for people.
    pub fn cedar(&self) -> &str {
        &self.text
    }

    /// The audiences of an owner: the recipients grouped by the set of clauses that reach them, so that
    /// all of one audience may have exactly the same. Sorted by their first member; none for a stranger.
    pub fn audiences(&self, owner: &str) -> Vec<Audience> {
        let mut groups: BTreeMap<Vec<usize>, Vec<String>> = BTreeMap::new();
        for recipient in self.agreement.parties.iter() {
            let reaching = self.reaching(owner, &recipient.identity);
            groups
                .entry(reaching)
                .or_default()
                .push(recipient.identity.clone());
        }
        let mut audiences = Vec::new();
        for (numbers, mut members) in groups.into_iter().filter(|(numbers, _)| !numbers.is_empty()) {
            members.sort();
            audiences.push(Audience {
                clauses: self.clause_names(&numbers),
                members,
            });
        }
        audiences.sort_by(|left, right| left.members.cmp(&right.members));
        audiences
    }

    /// Numbers of the clauses by which `recipient` gets from `owner`.
    fn reaching(&self, owner: &str, recipient: &str) -> Vec<usize> {
        let (Some(owner), Some(recipient)) = (
            self.agreement.member_of(owner),
            self.agreement.member_of(recipient),
        ) else {
            return Vec::new();
        };
        let clauses = self.agreement.clauses.iter().enumerate();
        let reaching = clauses.filter(|(_, clause)| {
            owner.identity != recipient.identity
                && clause.from.contains(&owner.name)
                && clause.to.contains(&recipient.name)
        });
        reaching.map(|(number, _)| number).collect()
    }

    fn clause_names(&self, numbers: &[usize]) -> Vec<String> {
        let clauses = numbers.iter().filter_map(|number| self.clause(*number));
        clauses.map(|clause| clause.name.clone()).collect()
    }

    /// Whether this is the identity of a party of the agreement.
    pub fn is_party(&self, id: &str) -> bool {
        self.identities.contains(id)
    }

    /// The way from `owner` to `audience`, if the agreement has it: exactly these clauses reach every
    /// member. An audience may lack some that are reached alike: those who left.
    pub(crate) fn route(&self, owner: &str, audience: &Audience) -> Option<Route> {
        let reached = |member: &String| {
            let numbers = self.reaching(owner, member);
            !numbers.is_empty() && self.clause_names(&numbers) == audience.clauses
        };
        let recipient = audience.members.first()?;
        let distinct = audience.members.is_sorted_by(|left, right| left < right);
        if !distinct || !audience.members.iter().all(reached) {
            return None;
        }
        let numbers = self.reaching(owner, recipient);
        let counts = |policy: &&Policy| {
            ask::clause_of_probe(policy.id()).is_none_or(|clause| numbers.contains(&clause))
        };
        let probes = self.probes.policies().filter(counts).cloned();
        Some(Route {
            owner: owner.to_owned(),
            audience: audience.clone(),
            recipient: recipient.clone(),
            probes: PolicySet::from_policies(probes).ok()?,
        })
    }

    /// The clause of this number.
    pub(crate) fn clause(&self, number: usize) -> Option<&Clause> {
        self.agreement.clauses.get(number)
    }
}

/// Labels are compared without regard to case and to white space around them: `Do-Not-Share` is meant
/// by a clause that says `do-not-share`.
pub(crate) fn folded(label: &str) -> String {
    label.trim().to_lowercase()
}

/// Seconds as Cedar counts them.
pub(crate) fn cedar_seconds(seconds: Seconds) -> i64 {
    i64::try_from(seconds).unwrap_or(i64::MAX).min(i64::MAX - 1)
}

impl Scale {
    fn of(agreement: &Agreement) -> Scale {
        let clauses = || agreement.clauses.iter();
        let own = clauses().flat_map(|clause| &clause.types);
        let types = own.chain(agreement.contributions.iter().flat_map(|box_| &box_.types));
        let labels = clauses().flat_map(|clause| clause.labels_any.iter().chain(&clause.labels_none));
        let confidences = clauses().filter_map(|clause| clause.confidence_at_least);
        let ages = clauses().filter_map(|clause| clause.not_older_than);
        Scale {
            types: sorted(types.cloned()),
            labels: sorted(labels.map(|label| folded(label))),
            confidences: sorted(confidences.map(i64::from)),
            ages: sorted(ages.map(cedar_seconds)),
        }
    }
}

fn sorted<T: Ord>(values: impl Iterator<Item = T>) -> Vec<T> {
    values.collect::<BTreeSet<T>>().into_iter().collect()
}

fn policy_set(agreement: &Agreement, sources: &[(String, String)]) -> Result<PolicySet, Error> {
    let failed = |name: &str, why: String| Error::Parse {
        agreement: agreement.id.clone(),
        clause: name.to_owned(),
        why,
    };
    let mut set = PolicySet::new();
    for (name, source) in sources {
        let policy = Policy::parse(Some(PolicyId::new(name)), source);
        let policy = policy.map_err(|why| failed(name, why.to_string()))?;
        set.add(policy).map_err(|why| failed(name, why.to_string()))?;
    }
    Ok(set)
}
