//! What Cedar is asked: about a class of objects, never about one object.
//!
//! The request is made of [`Facts`] alone, which are also the key under which the answer is kept. So an
//! answer from the cache cannot differ from one that is asked for anew.

use std::collections::{BTreeMap, HashSet};
use std::str::FromStr;

use cedar_policy::{
    Context, Decision, Entities, Entity, EntityId, EntityTypeName, EntityUid, PolicyId, PolicySet, Request,
    Response, RestrictedExpression,
};

use super::{Route, Terms, write};
use crate::agreement::Agreement;
use crate::handling::{Pap, Tlp};
use crate::withheld::Condition;

/// A class of objects: what decides about each of them alike.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Facts {
    /// Position among the types of the agreement; `None`: a type that it does not name.
    pub(crate) type_number: Option<u32>,
    /// The most closed TLP level that it is marked with.
    pub(crate) tlp: Option<Tlp>,
    /// The most closed PAP level that it is marked with.
    pub(crate) pap: Option<Pap>,
    /// How many of the agreement's least confidences it reaches; `None`: it states none.
    pub(crate) confidence_band: Option<u16>,
    /// How many of the agreement's greatest ages it exceeds; `None`: it states no time.
    pub(crate) age_band: Option<u16>,
    /// Positions of its labels among the labels of the agreement, sorted.
    pub(crate) labels: Vec<u32>,
    /// Said here.
    pub(crate) own: bool,
    /// Received, with the right to pass it on.
    pub(crate) redistribute: bool,
    /// Received under this agreement.
    pub(crate) returns: bool,
}

/// What the clauses say about a class.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Verdict {
    /// Numbers of the clauses that let it go, in the order of the agreement; at least one.
    Permitted(Vec<usize>),
    /// No clause does: the nearest one, and which of its conditions, or which rules, do not hold.
    Denied {
        /// The clause that reaches the audience and misses the fewest conditions.
        nearest: Option<usize>,
        /// What stands in the way, in the order in which it is told.
        failing: Vec<Condition>,
    },
    /// Cedar reported an error; nothing goes.
    Failed(String),
}

/// Names that every request needs.
#[derive(Debug)]
pub(super) struct Names {
    party: EntityTypeName,
    type_: EntityTypeName,
    release: EntityUid,
    contribute: EntityUid,
    /// The parties in their agreement, the types in the groups that clauses name. The same for every request.
    entities: Entities,
}

impl Names {
    pub(super) fn new(agreement: &Agreement) -> Result<Names, String> {
        let type_name = |text| EntityTypeName::from_str(text).map_err(|why| why.to_string());
        let uid = |type_text, id: &str| {
            let type_name = type_name(type_text)?;
            Ok::<_, String>(EntityUid::from_type_name_and_id(type_name, EntityId::new(id)))
        };
        let whole = uid("Entente::Agreement", &agreement.id)?;
        let mut entities = Vec::new();
        for member in &agreement.parties {
            let party = uid("Entente::Party", &member.identity)?;
            entities.push((party, HashSet::from([whole.clone()])));
        }
        let mut groups: BTreeMap<&str, HashSet<EntityUid>> = BTreeMap::new();
        for (group, types) in write::types(agreement) {
            let group = uid("Entente::Types", &group)?;
            for name in types {
                groups.entry(name).or_default().insert(group.clone());
            }
        }
        for (name, groups) in groups {
            entities.push((uid("Entente::Type", name)?, groups));
        }
        let entities = entities
            .into_iter()
            .map(|(uid, parents)| Entity::new_no_attrs(uid, parents));
        Ok(Names {
            party: type_name("Entente::Party")?,
            type_: type_name("Entente::Type")?,
            release: uid("Entente::Action", "release")?,
            contribute: uid("Entente::Action", "contribute")?,
            entities: Entities::from_entities(entities, None).map_err(|why| why.to_string())?,
        })
    }

    fn party(&self, identity: &str) -> EntityUid {
        EntityUid::from_type_name_and_id(self.party.clone(), EntityId::new(identity))
    }
}

impl Terms {
    /// Whether a class may go from the owner to the audience of a route.
    pub(crate) fn ask_release(&self, route: &Route, facts: &Facts) -> Verdict {
        let answer = || -> Result<Verdict, String> {
            let asked = self.asked(&route.recipient, &self.names.release, &route.owner, facts)?;
            let response = self.answer(&asked, &self.permits)?;
            if response.decision() == Decision::Allow {
                return Ok(Verdict::Permitted(numbers(&response)));
            }
            let probes = self.answer(&asked, &route.probes)?;
            Ok(self.nearest(&route.audience.clauses, &probes))
        };
        answer().unwrap_or_else(Verdict::Failed)
    }

    /// Whether `teller` keeps to what some clause lets it release: type, marking and PAP.
    pub(crate) fn ask_told(&self, teller: &str, facts: &Facts) -> Result<bool, String> {
        let Some(member) = self.agreement.member_of(teller) else {
            return Ok(false);
        };
        let asked = self.asked(teller, &self.names.release, teller, facts)?;
        let held = held(&self.answer(&asked, &self.probes)?);
        Ok(self.agreement.clauses.iter().enumerate().any(|(number, clause)| {
            let holds = |condition: Condition| held.contains(&(Some(number), condition as u8));
            clause.from.contains(&member.name)
                && holds(Condition::Type)
                && holds(Condition::Marking)
                && (clause.pap_up_to.is_none() || holds(Condition::Pap))
        }))
    }

    /// Whether `teller` may put such a thing into another party's node.
    pub(crate) fn ask_contribution(&self, teller: &str, facts: &Facts) -> Result<bool, String> {
        if !self.is_party(teller) {
            return Ok(false);
        }
        let asked = self.asked(teller, &self.names.contribute, teller, facts)?;
        let response = self.answer(&asked, &self.permits)?;
        Ok(response.decision() == Decision::Allow)
    }

    /// Principal and owner are parties of the agreement: the callers have looked.
    fn asked(
        &self,
        principal: &str,
        action: &EntityUid,
        owner: &str,
        facts: &Facts,
    ) -> Result<Request, String> {
        let type_name = facts
            .type_number
            .and_then(|number| self.scale.types.get(number as usize));
        let type_name = EntityId::new(type_name.map_or("", String::as_str));
        let resource = EntityUid::from_type_name_and_id(self.names.type_.clone(), type_name);
        let context = self.class(owner, facts)?;
        let request = Request::new(
            self.names.party(principal),
            action.clone(),
            resource,
            context,
            None,
        );
        request.map_err(|why| why.to_string())
    }

    /// A policy that cannot be evaluated is skipped by Cedar, a `forbid` too; so an error ends it here.
    fn answer(&self, asked: &Request, policies: &PolicySet) -> Result<Response, String> {
        let response = self
            .authorizer
            .is_authorized(asked, policies, &self.names.entities);
        let error = response.diagnostics().errors().next().map(ToString::to_string);
        error.map_or(Ok(response), Err)
    }

    /// The class as Cedar sees it: each band by a value that lies in it.
    fn class(&self, owner: &str, facts: &Facts) -> Result<Context, String> {
        let scale = &self.scale;
        let labels = facts
            .labels
            .iter()
            .filter_map(|number| scale.labels.get(*number as usize).cloned());
        let boolean = RestrictedExpression::new_bool;
        let optional = [
            ("marking", facts.tlp.map(|tlp| tlp as i64)),
            ("pap", facts.pap.map(|pap| pap as i64)),
            (
                "confidence",
                facts
                    .confidence_band
                    .map(|band| least_of(&scale.confidences, band, 0)),
            ),
            ("age", facts.age_band.map(|band| least_of(&scale.ages, band, 1))),
        ];
        let optional = optional
            .into_iter()
            .filter_map(|(name, value)| Some((name, RestrictedExpression::new_long(value?))));
        let pairs = [
            (
                "owner",
                RestrictedExpression::new_entity_uid(self.names.party(owner)),
            ),
            (
                "labels",
                RestrictedExpression::new_set(labels.map(RestrictedExpression::new_string)),
            ),
            ("own", boolean(facts.own)),
            ("redistribute", boolean(facts.redistribute)),
            ("returns", boolean(facts.returns)),
        ];
        let pairs = pairs.into_iter().chain(optional);
        Context::from_pairs(pairs.map(|(name, value)| (name.to_owned(), value)))
            .map_err(|why| why.to_string())
    }

    /// Of the clauses that reach the audience the one that misses the fewest conditions.
    fn nearest(&self, reaching: &[String], probes: &Response) -> Verdict {
        let held = held(probes);
        let rules = [Condition::Redistribution, Condition::Return];
        let mut failing: Vec<Condition> = rules
            .into_iter()
            .filter(|rule| !held.contains(&(None, *rule as u8)))
            .collect();
        let clauses = self.agreement.clauses.iter().enumerate();
        let missing = clauses
            .filter(|(_, clause)| reaching.contains(&clause.name))
            .map(|(number, _)| {
                let conditions = Condition::OF_CLAUSES.iter().copied();
                let missing = conditions.filter(|condition| {
                    self.has_probe(number, *condition) && !held.contains(&(Some(number), *condition as u8))
                });
                (number, missing.collect::<Vec<Condition>>())
            })
            .min_by_key(|(_, missing)| missing.len());
        let nearest = missing.as_ref().map(|(number, _)| *number);
        failing.extend(missing.into_iter().flat_map(|(_, missing)| missing));
        Verdict::Denied { nearest, failing }
    }

    fn has_probe(&self, clause: usize, condition: Condition) -> bool {
        let Some(clause) = self.clause(clause) else {
            return false;
        };
        match condition {
            Condition::Pap => clause.pap_up_to.is_some(),
            Condition::Confidence => clause.confidence_at_least.is_some(),
            Condition::LabelsAny => !clause.labels_any.is_empty(),
            Condition::LabelsNone => !clause.labels_none.is_empty(),
            Condition::Age => clause.not_older_than.is_some(),
            Condition::Parties | Condition::Type | Condition::Marking => true,
            Condition::Redistribution | Condition::Return => false,
        }
    }
}

/// A value of the band that lies `above` or more over the `band`-th border; below the first one 0.
fn least_of(borders: &[i64], band: u16, above: i64) -> i64 {
    let border = usize::from(band)
        .checked_sub(1)
        .and_then(|place| borders.get(place));
    border.map_or(0, |border| border + above)
}

/// The clauses whose `permit` holds, sorted: Cedar tells them in no order.
fn numbers(response: &Response) -> Vec<usize> {
    let ids = response.diagnostics().reason();
    let mut numbers: Vec<usize> = ids
        .filter_map(|id| AsRef::<str>::as_ref(id).parse().ok())
        .collect();
    numbers.sort_unstable();
    numbers
}

/// The clause that a probe is of; `None`: it is of a rule.
pub(super) fn clause_of_probe(id: &PolicyId) -> Option<usize> {
    let (clause, _) = AsRef::<str>::as_ref(id).split_once('.')?;
    clause.parse().ok()
}

/// The probes that hold: clause and condition, or a rule.
fn held(response: &Response) -> Vec<(Option<usize>, u8)> {
    let of_id = |id: &str| match id.strip_prefix('!') {
        Some(rule) => Some((None, rule.parse().ok()?)),
        None => {
            let (clause, condition) = id.split_once('.')?;
            Some((Some(clause.parse().ok()?), condition.parse().ok()?))
        }
    };
    let ids = response.diagnostics().reason();
    ids.filter_map(|id| of_id(id.as_ref())).collect()
}
