//! References between rules: correlations find their rules, filters theirs.

use std::collections::HashMap;

use super::Collection;
use crate::correlation::{Correlation, Member};
use crate::error::{Hint, Reason, Refusal};
use crate::filter::Filter;
use crate::limits;
use crate::rule::Meta;
use crate::suggest;

/// Unknown references beyond these are told without a suggestion.
const HINTS_MAX: usize = 50;

impl Collection {
    /// Finds what correlations and filters refer to. A correlation that refers to nothing, to something refused or, by
    /// whatever way, to itself is refused. Can be called again after [`Collection::append`].
    pub fn link(&mut self) {
        let names = self.called();
        let mut resolved: Vec<Option<Vec<Member>>> = Vec::new();
        let mut refusals = Vec::new();
        let mut hints = HINTS_MAX;
        for correlation in &self.correlations {
            match self.members(correlation, &names, &mut hints) {
                Ok(members) => resolved.push(Some(members)),
                Err(refusal) => {
                    refusals.push(refusal);
                    resolved.push(None);
                }
            }
        }
        refusals.extend(self.refuse_circles(&mut resolved));
        self.refusals.extend(refusals);
        self.keep(resolved);
        self.silence();
        self.apply_filters();
    }

    /// Who is called what, in lower case.
    fn called(&self) -> HashMap<String, Vec<Member>> {
        let mut names: HashMap<String, Vec<Member>> = HashMap::new();
        let rules = self.rules.iter().map(|rule| &rule.meta).enumerate();
        let rules = rules.map(|(index, meta)| (Member::Rule(index), meta));
        let correlations = self
            .correlations
            .iter()
            .map(|correlation| &correlation.meta)
            .enumerate();
        let correlations = correlations.map(|(index, meta)| (Member::Correlation(index), meta));
        for (member, meta) in rules.chain(correlations) {
            for name in [&meta.id, &meta.name].into_iter().flatten() {
                let called = names.entry(name.to_lowercase()).or_default();
                if called.last() != Some(&member) {
                    called.push(member);
                }
            }
        }
        names
    }

    /// Ids and names of all, in their order.
    fn names(&self) -> impl Iterator<Item = &str> {
        let rules = self.rules.iter().map(|rule| &rule.meta);
        let correlations = self.correlations.iter().map(|correlation| &correlation.meta);
        let metas = rules.chain(correlations);
        metas
            .flat_map(|meta| [&meta.name, &meta.id])
            .flatten()
            .map(String::as_str)
    }

    fn members(
        &self,
        correlation: &Correlation,
        names: &HashMap<String, Vec<Member>>,
        hints: &mut usize,
    ) -> Result<Vec<Member>, Refusal> {
        let of = || correlation.meta.shown();
        let each = correlation.references.iter().map(|reference| {
            let name = reference.to_lowercase();
            let reference = crate::yaml::shown(reference);
            Err(match names.get(&name).map(Vec::as_slice) {
                Some([member]) => return Ok(*member),
                Some(several) => Reason::AmbiguousRule {
                    of: of(),
                    reference,
                    count: several.len(),
                },
                None if self.refused.contains(&name) => Reason::RefusedRule { of: of(), reference },
                None => Reason::UnknownRule {
                    of: of(),
                    hint: if *hints > 0 {
                        *hints -= 1;
                        suggest::nearest(&name, self.names())
                    } else {
                        Hint::default()
                    },
                    reference,
                },
            })
        });
        let members: Result<_, Reason> = each.collect();
        members.map_err(|reason| correlation.meta.place.refuse(reason))
    }

    /// Takes out the correlations that cannot be reached from rules alone: those in circles, those above refused ones, and
    /// those above too many others.
    fn refuse_circles(&self, resolved: &mut [Option<Vec<Member>>]) -> Vec<Refusal> {
        let mut height: Vec<Option<usize>> = vec![None; resolved.len()];
        for level in 0..=limits::CHAIN_MAX {
            let mut grew = false;
            for (index, members) in resolved.iter().enumerate() {
                let Some(members) = members.as_deref().filter(|_| at(&height, index).is_none()) else {
                    continue;
                };
                let stands = members.iter().all(|member| match member {
                    Member::Rule(_) => true,
                    Member::Correlation(below) => at(&height, *below).is_some_and(|below| below < level),
                });
                if stands {
                    if let Some(height) = height.get_mut(index) {
                        *height = Some(level);
                    }
                    grew = true;
                }
            }
            if !grew {
                break;
            }
        }
        let mut refusals = Vec::new();
        for index in 0..resolved.len() {
            if at(&height, index).is_some() || resolved.get(index).is_none_or(Option::is_none) {
                continue;
            }
            if let Some(correlation) = self.correlations.get(index) {
                let reason = self.why_not(index, resolved, &height);
                refusals.push(correlation.meta.place.refuse(reason));
            }
        }
        for (members, height) in resolved.iter_mut().zip(&height) {
            if height.is_none() {
                *members = None;
            }
        }
        refusals
    }

    /// Follows a reference that does not stand until it comes to a refused correlation or around to one it has seen.
    fn why_not(&self, start: usize, resolved: &[Option<Vec<Member>>], height: &[Option<usize>]) -> Reason {
        let name = |index: usize| {
            self.correlations
                .get(index)
                .map(|correlation| correlation.meta.shown())
                .unwrap_or_default()
        };
        let mut path = vec![start];
        loop {
            let last = path.last().copied().unwrap_or(start);
            let Some(members) = resolved.get(last).and_then(Option::as_deref) else {
                let of = path
                    .len()
                    .checked_sub(2)
                    .and_then(|at| path.get(at))
                    .copied()
                    .unwrap_or(start);
                return Reason::RefusedRule {
                    of: name(of),
                    reference: name(last),
                };
            };
            let next = members.iter().find_map(|member| match member {
                Member::Correlation(below) if at(height, *below).is_none() => Some(*below),
                _ => None,
            });
            let Some(next) = next.filter(|_| path.len() <= limits::CHAIN_MAX) else {
                let (what, max) = ("correlations above each other", limits::CHAIN_MAX);
                return Reason::TooMuch { what, max };
            };
            if let Some(from) = path.iter().position(|seen| *seen == next) {
                let circle = path
                    .iter()
                    .skip(from)
                    .chain([&next])
                    .map(|index| format!("`{}`", name(*index)));
                return Reason::Cycle(circle.collect::<Vec<_>>().join(" → "));
            }
            path.push(next);
        }
    }

    /// Keeps the correlations that stand, and gives them their members by their new places.
    fn keep(&mut self, resolved: Vec<Option<Vec<Member>>>) {
        let mut moved = Vec::new();
        let mut next = 0;
        for members in &resolved {
            moved.push(next);
            next += usize::from(members.is_some());
        }
        let correlations = std::mem::take(&mut self.correlations);
        for (mut correlation, members) in correlations.into_iter().zip(resolved) {
            let Some(members) = members else {
                self.refused.extend(
                    [&correlation.meta.id, &correlation.meta.name]
                        .into_iter()
                        .flatten()
                        .map(|name| name.to_lowercase()),
                );
                continue;
            };
            let to = |member| match member {
                Member::Correlation(was) => Member::Correlation(moved.get(was).copied().unwrap_or(was)),
                rule => rule,
            };
            correlation.members = members.into_iter().map(to).collect();
            self.correlations.push(correlation);
        }
    }

    /// Rules below a correlation that does not say `generate` do not alert on their own.
    fn silence(&mut self) {
        let all = self
            .correlations
            .iter()
            .filter(|correlation| !correlation.generate);
        let silent: Vec<Member> = all.flat_map(|correlation| correlation.members.clone()).collect();
        for member in silent {
            match member {
                Member::Rule(index) => {
                    if let Some(rule) = self.rules.get_mut(index) {
                        rule.silent = true;
                    }
                }
                Member::Correlation(index) => {
                    if let Some(correlation) = self.correlations.get_mut(index) {
                        correlation.silent = true;
                    }
                }
            }
        }
    }

    fn apply_filters(&mut self) {
        let mut refusals = Vec::new();
        for rule in &mut self.rules {
            let mut filters = self.filters.iter().filter(|filter| filter.is_for(rule));
            let applied: Vec<_> = filters
                .by_ref()
                .take(limits::FILTERS_OF_RULE_MAX)
                .map(Filter::applied)
                .collect();
            if filters.next().is_some() {
                let (what, max) = ("filters for one rule", limits::FILTERS_OF_RULE_MAX);
                refusals.push(rule.meta.place.refuse(Reason::TooMuch { what, max }));
            }
            rule.filters = applied;
        }
        self.refusals.extend(refusals);
    }
}

impl Meta {
    /// Its name in messages: name, else title, else id.
    pub fn shown(&self) -> String {
        let title = Some(&self.title).filter(|title| !title.is_empty());
        let name = self.name.as_ref().or(title).or(self.id.as_ref());
        crate::yaml::shown(name.map_or("", String::as_str))
    }
}

fn at(height: &[Option<usize>], index: usize) -> Option<usize> {
    height.get(index).copied().flatten()
}
