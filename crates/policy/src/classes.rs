//! The answers of the clauses, kept by class.
//!
//! A class is what the agreement can tell apart: of a million objects there are a few thousand. Labels
//! and types that no clause names, and confidences and ages between two borders, are one to it, so that
//! nobody can make many classes by inventing values.

use std::collections::BTreeMap;

use entente_stix::time::Timestamp;

use crate::decide::Provenance;
use crate::limits::{CLASSES_MAX, ROUTES_MAX};
use crate::marks::Level;
use crate::terms::{Audience, Facts, Route, Scale, Terms, Verdict, folded};

/// Answers of one agreement, by class. Bounded by [`CLASSES_MAX`]; full, it begins anew. Without
/// randomness: the same questions cost the same.
#[derive(Debug, Default)]
pub struct Classes {
    /// Whose answers these are.
    terms: [u8; 32],
    routes: Vec<Route>,
    released: BTreeMap<(usize, Facts), Verdict>,
    told: BTreeMap<(String, bool, Facts), Result<bool, String>>,
    evaluations: u64,
}

impl Classes {
    /// Without answers.
    pub fn new() -> Classes {
        Classes::default()
    }

    /// How often Cedar was asked, since this was made.
    pub fn evaluations(&self) -> u64 {
        self.evaluations
    }

    /// The way from owner to audience, as a number; `None` where the agreement has none.
    pub(crate) fn route(&mut self, terms: &Terms, owner: &str, audience: &Audience) -> Option<usize> {
        self.begin(terms);
        let known = |route: &Route| route.owner == owner && route.audience == *audience;
        if let Some(number) = self.routes.iter().position(known) {
            return Some(number);
        }
        let route = terms.route(owner, audience)?;
        if self.routes.len() >= ROUTES_MAX {
            self.routes.clear();
            self.released.clear();
        }
        self.routes.push(route);
        Some(self.routes.len() - 1)
    }

    /// Whether a class may go on a route, from the answers or from Cedar.
    pub(crate) fn released(&mut self, terms: &Terms, route: usize, facts: Facts) -> &Verdict {
        if self.released.len() >= CLASSES_MAX {
            self.released.clear();
        }
        let (routes, evaluations) = (&self.routes, &mut self.evaluations);
        self.released
            .entry((route, facts))
            .or_insert_with_key(|(route, facts)| {
                *evaluations += 1;
                match routes.get(*route) {
                    Some(route) => terms.ask_release(route, facts),
                    None => Verdict::Failed("no such audience".to_owned()),
                }
            })
    }

    /// Whether a class may be told by `teller`: released to us, or contributed.
    pub(crate) fn told(
        &mut self,
        terms: &Terms,
        teller: &str,
        contributed: bool,
        facts: Facts,
    ) -> Result<bool, String> {
        self.begin(terms);
        if self.told.len() >= CLASSES_MAX {
            self.told.clear();
        }
        let evaluations = &mut self.evaluations;
        let key = (teller.to_owned(), contributed, facts);
        let answer = self
            .told
            .entry(key)
            .or_insert_with_key(|(teller, contributed, facts)| {
                *evaluations += 1;
                match contributed {
                    true => terms.ask_contribution(teller, facts),
                    false => terms.ask_told(teller, facts),
                }
            });
        answer.clone()
    }

    /// Answers of another agreement, or of another version, are none.
    fn begin(&mut self, terms: &Terms) {
        if self.terms != terms.digest() {
            *self = Classes {
                terms: terms.digest(),
                evaluations: self.evaluations,
                ..Classes::default()
            };
        }
    }
}

/// What an object says that clauses may ask for.
#[derive(Debug)]
pub(crate) struct Stated<'v> {
    pub(crate) type_name: &'v str,
    pub(crate) level: Level,
    pub(crate) confidence: Option<i64>,
    pub(crate) labels: Vec<&'v str>,
    /// `modified`, else `created`.
    pub(crate) time: Option<Timestamp>,
}

impl Stated<'_> {
    /// Seconds since the version was made, rounded up, so that what is a microsecond too old is too old.
    /// What is dated in the future is new.
    pub(crate) fn age(&self, now: Timestamp) -> Option<i64> {
        let micros = now.micros().saturating_sub(self.time?.micros()).max(0);
        Some(micros / 1_000_000 + i64::from(micros % 1_000_000 != 0))
    }

    pub(crate) fn class(
        &self,
        scale: &Scale,
        provenance: &Provenance<'_>,
        agreement: &str,
        now: Timestamp,
    ) -> Facts {
        let position = |names: &[String], name: &str| {
            let found = names.binary_search_by(|known| known.as_str().cmp(name)).ok();
            found.and_then(|at| u32::try_from(at).ok())
        };
        let mut labels = Vec::new();
        if !scale.labels.is_empty() {
            labels.extend(
                self.labels
                    .iter()
                    .filter_map(|label| position(&scale.labels, &folded(label))),
            );
            labels.sort_unstable();
            labels.dedup();
        }
        let band = |borders: &[i64], reached: &dyn Fn(i64) -> bool| {
            u16::try_from(borders.partition_point(|border| reached(*border))).unwrap_or(u16::MAX)
        };
        let (own, redistribute, returns) = match provenance {
            Provenance::Own => (true, false, false),
            Provenance::Received {
                agreement: under,
                redistribute,
                ..
            } => (false, *redistribute, *under == agreement),
        };
        Facts {
            type_number: position(&scale.types, self.type_name),
            tlp: self.level.tlp,
            pap: self.level.pap,
            confidence_band: self
                .confidence
                .map(|stated| band(&scale.confidences, &|least| least <= stated)),
            age_band: self
                .age(now)
                .map(|age| band(&scale.ages, &|greatest| greatest < age)),
            labels,
            own,
            redistribute,
            returns,
        }
    }
}
