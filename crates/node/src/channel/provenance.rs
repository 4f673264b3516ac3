//! Where an object came from, told by who holds it: what was received goes on only where that is allowed.

use std::collections::{BTreeMap, BTreeSet};

use entente_policy::decide::Provenance;
use entente_stix::time::Timestamp;
use entente_store::{Stored, Told};

use crate::channel::opening::Opening;
use crate::channel::{party_of_source, read_origin};
use crate::limits::LISTED_MAX;
use crate::{Error, Node};

/// One way by which an object came here.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Came {
    Own,
    Received {
        from: String,
        agreement: String,
        redistribute: bool,
    },
}

impl Came {
    pub(crate) fn as_policy(&self) -> Provenance<'_> {
        match self {
            Came::Own => Provenance::Own,
            Came::Received {
                from,
                agreement,
                redistribute,
            } => Provenance::Received {
                from,
                agreement,
                redistribute: *redistribute,
            },
        }
    }
}

/// Answers where objects came from.
pub(crate) struct Provenances<'n> {
    node: &'n Node,
    me: &'n str,
    at: Timestamp,
    /// The clauses of an agreement that let what came under them go on.
    open: BTreeMap<String, BTreeSet<OpenClause>>,
}

/// A clause of one version: its digest, and the clause's name.
type OpenClause = ([u8; 32], String);

impl<'n> Provenances<'n> {
    pub(crate) fn new(node: &'n Node, me: &'n str, at: Timestamp) -> Provenances<'n> {
        Provenances {
            node,
            me,
            at,
            open: BTreeMap::new(),
        }
    }

    /// Every way by which the object came here. It counts as this node's own only where somebody here told it and
    /// it belongs to no other party: exporting and importing again washes nothing.
    pub(crate) fn of(&mut self, id: &str, told: &[Told], owner: Option<&str>) -> Result<Vec<Came>, Error> {
        let mut ways = Vec::new();
        let is_others = owner.is_some_and(|owner| owner != self.me);
        let mut is_received = false;
        for told in told {
            if let Some((from, agreement)) = party_of_source(&told.source) {
                is_received = true;
                ways.push(Came::Received {
                    from: from.to_owned(),
                    agreement: agreement.to_owned(),
                    redistribute: self.may_go_on(id, from, agreement)?,
                });
            } else if !is_others {
                return Ok(vec![Came::Own]);
            }
        }
        // Bound to a party, and no party holds it here any more: it was theirs, under which clause is not known.
        if let Some(owner) = owner.filter(|_| is_others && !is_received) {
            ways.push(Came::Received {
                from: owner.to_owned(),
                agreement: String::new(),
                redistribute: false,
            });
        }
        Ok(ways)
    }

    /// Whether the clause under which `from` released it last lets it go on, in the words of the version that counted
    /// then: an amendment neither opens nor closes what came before it.
    fn may_go_on(&mut self, id: &str, from: &str, agreement: &str) -> Result<bool, Error> {
        if self.open_clauses(agreement)?.is_empty() {
            return Ok(false);
        }
        for (origin, number) in self.node.store.released_in(id)? {
            let is_theirs =
                read_origin(&origin).is_some_and(|(named, owner)| named == agreement && owner == from);
            if !is_theirs {
                continue;
            }
            let entries = self.node.store.entries(&origin, number, 1)?;
            let opening = entries
                .first()
                .and_then(|entry| Opening::read(&entry.opening).ok());
            if let Some(Opening::Release(release)) = opening {
                let clause = (release.terms, release.clause);
                return Ok(self.open_clauses(agreement)?.contains(&clause));
            }
        }
        Ok(false)
    }

    fn open_clauses(&mut self, agreement: &str) -> Result<&BTreeSet<OpenClause>, Error> {
        if !self.open.contains_key(agreement) {
            let pact = self.node.pact(agreement, self.at)?;
            let versions = pact.iter().flat_map(|pact| &pact.versions);
            let open = versions.flat_map(|version| {
                let clauses = version.agreement.clauses.iter();
                let open = clauses.filter(|clause| clause.obligations.redistribute);
                open.map(|clause| (version.digest, clause.name.clone()))
            });
            self.open.insert(agreement.to_owned(), open.collect());
        }
        const NONE: &BTreeSet<OpenClause> = &BTreeSet::new();
        Ok(self.open.get(agreement).unwrap_or(NONE))
    }
}

impl Node {
    /// Who told this version.
    pub(crate) fn told(&self, stored: &Stored) -> Result<Vec<Told>, Error> {
        let holdings = self.store.holdings(&stored.id, None, LISTED_MAX)?.items;
        let of_it = holdings
            .into_iter()
            .filter(|holding| holding.digest == stored.digest);
        Ok(of_it
            .map(|holding| Told {
                source: holding.source,
                at: holding.at,
            })
            .collect())
    }
}
