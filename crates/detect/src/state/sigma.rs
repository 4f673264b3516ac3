//! Correlations of Sigma as units of a plan.

use super::names::{self, Name};
use super::plan::{
    Asked, By, Comparison, Joined, Measure, Parts, Plan, Reading, Readings, Refusal, Unit, Watch, What,
};
use super::{Of, Part, Source, plan};
use crate::limits::{STATE_COUNT_MAX, STATE_ORDERS_MAX, STATE_RULES_SEEN_MAX};
use crate::pattern::join::{Join, Prepared};
use entente_sigma::condition::Condition;
use entente_sigma::correlation::{Alias, Kind, Member, When};
use entente_sigma::test::{self, Number};
use entente_sigma::{Collection, Correlation};
use std::collections::BTreeSet;

impl Plan {
    /// A plan of all correlations of a linked collection, and those that are not looked for. Rules and correlations
    /// have the numbers they have in the collection.
    pub fn of_sigma(collection: &Collection) -> (Plan, Vec<Refusal>) {
        Plan::of_sigma_read_by(collection, &[])
    }

    /// The same for rules that are taken through pipelines. `by` says how they are read, such as the digest of the
    /// pipelines: a machine that goes on with a plan of rules that are read otherwise begins anew with them all.
    pub fn of_sigma_read_by(collection: &Collection, by: &[u8]) -> (Plan, Vec<Refusal>) {
        let mut plan = Plan {
            fields: vec![Vec::new(); collection.rules.len()],
            ..Plan::default()
        };
        plan.name_rules(collection, by);
        let mut refused: Vec<(usize, String)> = Vec::new();
        let mut left: Vec<usize> = (0..collection.correlations.len()).collect();
        while !left.is_empty() {
            let before = left.len();
            let waiting = left.clone();
            left.retain(|number| {
                let Some(correlation) = collection.correlations.get(*number) else {
                    return false;
                };
                let below = correlation.members.iter().filter_map(|member| match member {
                    Member::Correlation(below) => Some(*below),
                    Member::Rule(_) => None,
                });
                let below: Vec<usize> = below.collect();
                if below.iter().any(|below| waiting.contains(below)) {
                    return true;
                }
                let stands = !below
                    .iter()
                    .any(|below| refused.iter().any(|(number, _)| number == below));
                let unit = match stands {
                    true => Builder::new(collection, &mut plan).unit(*number, correlation),
                    false => Err("it builds on a correlation that is refused; mend that one".to_owned()),
                };
                match unit {
                    Ok(unit) => plan.add(unit),
                    Err(reason) => refused.push((*number, reason)),
                }
                false
            });
            if left.len() == before {
                let circle = left
                    .drain(..)
                    .map(|number| (number, "it builds on itself".to_owned()));
                refused.extend(circle);
            }
        }
        refused.sort_unstable();
        let refusals = refused.into_iter().map(|(number, reason)| Refusal {
            of: Of::Correlation(short(number)),
            reason,
        });
        (plan, refusals.collect())
    }

    fn name_rules(&mut self, collection: &Collection, by: &[u8]) {
        let members = collection.correlations.iter().flat_map(|one| &one.members);
        let rules: BTreeSet<usize> = members
            .filter_map(|member| match member {
                Member::Rule(rule) => Some(*rule),
                Member::Correlation(_) => None,
            })
            .collect();
        for number in rules {
            if let Some(rule) = collection.rules.get(number) {
                let definition = names::definition_of(rule);
                let name = self.names.give(&[b"rule", by, definition.as_bytes()]);
                self.names.rules.insert(short(number), name);
            }
        }
    }
}

struct Builder<'a> {
    collection: &'a Collection,
    plan: &'a mut Plan,
}

impl<'a> Builder<'a> {
    fn new(collection: &'a Collection, plan: &'a mut Plan) -> Self {
        Builder { collection, plan }
    }

    fn unit(&mut self, number: usize, correlation: &Correlation) -> Result<Unit, String> {
        if correlation.members.is_empty() {
            return Err("it is about no rule of the collection; name one in `rules`".to_owned());
        }
        let mut parts: Vec<Part> = Vec::new();
        // For each reference its part: what is named twice is one.
        let mut references = Vec::new();
        for member in &correlation.members {
            let part = as_part(*member);
            let place = parts.iter().position(|known| *known == part);
            references.push(short(place.unwrap_or(parts.len())));
            if place.is_none() {
                parts.push(part);
            }
        }
        let readings = self.readings(correlation, &references);
        let span = i64::try_from(correlation.timespan.seconds()).unwrap_or(i64::MAX);
        let span = span.saturating_mul(1_000_000);
        let what = match correlation.kind {
            Kind::TemporalOrdered => What::Joined(in_order(correlation, &references, span, readings)?),
            _ => What::Watch(watch(correlation, &references, parts.len(), readings)?),
        };
        Ok(Unit {
            of: Of::Correlation(short(number)),
            name: Name::default(),
            silent: correlation.silent,
            span: Some(span),
            stop: None,
            parts,
            what,
        })
    }

    fn readings(&mut self, correlation: &Correlation, references: &[u32]) -> Readings {
        let mut readings = Readings::new();
        let fields = match &correlation.when {
            When::Measure(measure) if correlation.kind.needs_field() => measure.fields.as_slice(),
            _ => &[],
        };
        for (member, part) in correlation.members.iter().zip(references) {
            for rule in self.rules_below(*member) {
                let mut place = |name: &String| {
                    let field = self.field(correlation, *member, rule, name);
                    self.place(rule, field)
                };
                let group = correlation.group_by.iter().map(&mut place).collect();
                let value = fields.iter().map(&mut place).collect();
                readings.insert((*part, short(rule)), Reading { group, value });
            }
        }
        readings
    }

    /// The rules whose events come as a member.
    fn rules_below(&self, member: Member) -> BTreeSet<usize> {
        let mut rules = BTreeSet::new();
        let mut seen = BTreeSet::new();
        let mut left = vec![member];
        while let Some(member) = left.pop() {
            match member {
                Member::Rule(rule) => {
                    rules.insert(rule);
                }
                Member::Correlation(below) if seen.insert(below) => {
                    let below = self.collection.correlations.get(below);
                    left.extend(below.iter().flat_map(|below| below.members.iter().copied()));
                }
                Member::Correlation(_) => {}
            }
        }
        rules
    }

    /// What a field or alias is called in the events of a rule: as the member has it, or else the rule itself.
    fn field(&self, correlation: &Correlation, member: Member, rule: usize, name: &str) -> String {
        let alias = correlation.aliases.iter().find(|alias| alias.name == name);
        let field = alias.and_then(|alias| {
            let of_member = self.aliased(alias, member);
            of_member.or_else(|| self.aliased(alias, Member::Rule(rule)))
        });
        field.unwrap_or(name).to_owned()
    }

    fn aliased<'c>(&self, alias: &'c Alias, member: Member) -> Option<&'c str> {
        let meta = match member {
            Member::Rule(rule) => self.collection.rules.get(rule).map(|rule| &rule.meta),
            Member::Correlation(number) => self.collection.correlations.get(number).map(|other| &other.meta),
        }?;
        let called = [meta.name.as_ref(), meta.id.as_ref()];
        let is_called = |name: &str| called.iter().flatten().any(|own| own.eq_ignore_ascii_case(name));
        let field = alias.fields.iter().find(|(name, _)| is_called(name));
        field.map(|(_, field)| field.as_str())
    }

    /// Where the values of a field stand; the asset stands first.
    fn place(&mut self, rule: usize, field: String) -> u32 {
        let Some(fields) = self.plan.fields.get_mut(rule) else {
            return u32::MAX;
        };
        let place = fields
            .iter()
            .position(|known| *known == field)
            .unwrap_or_else(|| {
                fields.push(field);
                fields.len() - 1
            });
        short(place + 1)
    }
}

fn watch(
    correlation: &Correlation,
    references: &[u32],
    parts: usize,
    readings: Readings,
) -> Result<Watch, String> {
    let (measure, percentile) = match &correlation.when {
        When::Measure(measure) => (Some(measure), measure.percentile),
        When::Rules(_) => (None, 0.0),
    };
    let measured = match correlation.kind {
        Kind::EventCount => Measure::Count,
        Kind::ValueCount => Measure::Distinct,
        Kind::ValueSum => Measure::Sum,
        Kind::ValueAverage => Measure::Average,
        Kind::ValuePercentile => Measure::Percentile(percentile),
        Kind::ValueMedian => Measure::Percentile(plan::MEDIAN),
        Kind::Temporal | Kind::TemporalOrdered => Measure::Seen,
    };
    if measured == Measure::Seen && parts > STATE_RULES_SEEN_MAX {
        return Err(format!(
            "it asks which of more than {STATE_RULES_SEEN_MAX} rules were seen; split it"
        ));
    }
    let (asked, closes) = match (&correlation.when, measure) {
        (When::Rules(condition), _) => {
            let asked = conditions(condition, correlation, references)?;
            if asked.size() > STATE_RULES_SEEN_MAX {
                return Err(format!(
                    "its condition has more than {STATE_RULES_SEEN_MAX} parts; split it"
                ));
            }
            let closes = asked.has_not();
            (Asked::Parts(asked), closes)
        }
        (_, None) => return Err("it has no condition; give it one".to_owned()),
        (_, Some(measure)) => {
            let bounds = bounds(&measure.bounds);
            let counts = matches!(measured, Measure::Count | Measure::Distinct | Measure::Seen);
            if counts && bounds.iter().any(|(_, bound)| *bound > STATE_COUNT_MAX as f64) {
                return Err(format!("it counts beyond {STATE_COUNT_MAX}; give a lower number"));
            }
            let closes = match measured {
                Measure::Seen => least(&bounds, parts).is_none(),
                _ => !bounds.iter().all(|(how, _)| how.is_lower()),
            };
            (Asked::Bounds(bounds), closes)
        }
    };
    Ok(Watch {
        measure: measured,
        asked,
        closes,
        readings,
    })
}

fn in_order(
    correlation: &Correlation,
    references: &[u32],
    span: i64,
    readings: Readings,
) -> Result<Joined, String> {
    let order = match &correlation.when {
        When::Rules(condition) => ordered(&conditions(condition, correlation, references)?)?,
        When::Measure(measure) => {
            let Some(least) = least(&bounds(&measure.bounds), references.len()) else {
                return Err("an order cannot have an upper bound; write `gte`".to_owned());
            };
            let mut orders = Vec::new();
            choose(references, least, &mut Vec::new(), &mut orders);
            if orders.len() > STATE_ORDERS_MAX {
                return Err(format!(
                    "some of its rules in order are more than {STATE_ORDERS_MAX} orders; name fewer rules"
                ));
            }
            Join::Any(orders)
        }
    };
    let join = Join::Within(Box::new(order), span);
    Ok(Joined {
        needs: plan::needs(&join)?,
        prepared: Prepared::of(&join),
        join,
        by: By::Group(readings),
    })
}

/// The number from which on the bounds hold for all numbers up to one; none if there is no such number.
fn least(bounds: &[(Comparison, f64)], most: usize) -> Option<usize> {
    let holds = |number: &usize| {
        bounds
            .iter()
            .all(|(how, bound)| how.holds(*number as f64, *bound))
    };
    let least = (1..=most).find(holds)?;
    (least..=most).all(|number| holds(&number)).then_some(least)
}

/// All rows of so many of the references, in their order; a few more than are allowed at most.
fn choose(references: &[u32], count: usize, chosen: &mut Vec<u32>, orders: &mut Vec<Join>) {
    if orders.len() > STATE_ORDERS_MAX || references.len() < count {
        return;
    }
    let Some((first, rest)) = references.split_first().filter(|_| count > 0) else {
        orders.push(Join::InOrder(
            chosen.iter().map(|part| Join::Leaf(*part)).collect(),
        ));
        return;
    };
    chosen.push(*first);
    choose(rest, count - 1, chosen, orders);
    chosen.pop();
    choose(rest, count, chosen, orders);
}

// Recursion is as deep as the condition, which its reader bounds.
fn conditions(condition: &Condition, correlation: &Correlation, references: &[u32]) -> Result<Parts, String> {
    let all = |parts: &[Condition]| {
        let parts = parts.iter().map(|part| conditions(part, correlation, references));
        parts.collect::<Result<Vec<Parts>, String>>()
    };
    Ok(match condition {
        Condition::Search(name) => {
            let place = correlation.references.iter().position(|known| known == name);
            let part = place.and_then(|place| references.get(place));
            Parts::Seen(
                *part.ok_or_else(|| format!("its condition names `{name}`, which is none of its rules"))?,
            )
        }
        Condition::Not(inner) => Parts::Not(Box::new(conditions(inner, correlation, references)?)),
        Condition::And(parts) => Parts::All(all(parts)?),
        Condition::Or(parts) => Parts::Any(all(parts)?),
        Condition::Selector { .. } => {
            return Err("its condition has a selector; name the rules".to_owned());
        }
    })
}

fn ordered(parts: &Parts) -> Result<Join, String> {
    let all = |parts: &[Parts]| parts.iter().map(ordered).collect::<Result<Vec<Join>, String>>();
    Ok(match parts {
        Parts::Seen(part) => Join::Leaf(*part),
        Parts::All(parts) => Join::InOrder(all(parts)?),
        Parts::Any(parts) => Join::Any(all(parts)?),
        Parts::Not(_) => {
            return Err("what is not seen has no place in an order; use `temporal_extended`".to_owned());
        }
    })
}

fn bounds(bounds: &[(test::Comparison, Number)]) -> Vec<(Comparison, f64)> {
    let bound = |(how, number): &(test::Comparison, Number)| (comparison(*how), float(*number));
    bounds.iter().map(bound).collect()
}

fn comparison(comparison: test::Comparison) -> Comparison {
    match comparison {
        test::Comparison::Less => Comparison::Less,
        test::Comparison::LessOrEqual => Comparison::LessOrEqual,
        test::Comparison::Greater => Comparison::Greater,
        test::Comparison::GreaterOrEqual => Comparison::GreaterOrEqual,
        test::Comparison::Equal => Comparison::Equal,
        test::Comparison::NotEqual => Comparison::NotEqual,
    }
}

fn float(number: Number) -> f64 {
    match number {
        Number::Integer(integer) => integer as f64,
        Number::Float(float) => float,
    }
}

fn as_part(member: Member) -> Part {
    match member {
        Member::Rule(rule) => Part::Source(Source::Rule(short(rule))),
        Member::Correlation(number) => Part::Correlation(short(number)),
    }
}

fn short(number: usize) -> u32 {
    u32::try_from(number).unwrap_or(u32::MAX)
}
