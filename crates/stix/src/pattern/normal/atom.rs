//! One spelling for each comparison and each qualifier.

use std::net::{Ipv4Addr, Ipv6Addr};

use super::super::ast::{Comparison, Constant, ObjectPath, Operator, Qualifier, Step};
use super::Detail;

/// A comparison as an OR of comparisons, each in its one spelling; none where it never holds.
pub(super) fn alternatives(test: &Comparison, detail: Detail) -> Vec<Comparison> {
    if never_holds(test) {
        return Vec::new();
    }
    let one = spelled(test);
    if detail == Detail::Coarse || one.operator != Operator::In || one.negated {
        return vec![one];
    }
    let equal = |value: &Constant| Comparison {
        path: one.path.clone(),
        negated: false,
        operator: Operator::Equal,
        values: vec![value.clone()],
    };
    one.values.iter().map(equal).collect()
}

/// An empty set contains nothing, and a path with a negative index leads nowhere, whatever the operator
/// (§9.6); only `NOT EXISTS` is true there.
fn never_holds(test: &Comparison) -> bool {
    let leads_nowhere = test
        .path
        .steps
        .iter()
        .any(|step| matches!(step, Step::Index(index) if *index < 0));
    let is_empty = test.operator == Operator::In && test.values.is_empty() && !test.negated;
    is_empty || leads_nowhere && !(test.operator == Operator::Exists && test.negated)
}

fn spelled(test: &Comparison) -> Comparison {
    let mut values: Vec<Constant> = test
        .values
        .iter()
        .map(|value| constant(value, &test.path, test.operator))
        .collect();
    let (mut operator, mut negated) = (test.operator, test.negated);
    if operator == Operator::In {
        values.sort_by_cached_key(Constant::to_string);
        values.dedup();
        if values.len() == 1 {
            operator = Operator::Equal;
        }
    }
    match (operator, negated) {
        (Operator::Equal, true) => (operator, negated) = (Operator::NotEqual, false),
        (Operator::NotEqual, true) => (operator, negated) = (Operator::Equal, false),
        _ => {}
    }
    Comparison {
        path: test.path.clone(),
        negated,
        operator,
        values,
    }
}

pub(super) fn qualifier(qualifier: &Qualifier) -> Qualifier {
    match qualifier {
        Qualifier::StartStop(start, stop) => Qualifier::StartStop(start.shortest(), stop.shortest()),
        other => other.clone(),
    }
}

fn constant(value: &Constant, path: &ObjectPath, operator: Operator) -> Constant {
    match value {
        Constant::Float(number) => whole(*number).map_or_else(|| value.clone(), Constant::Integer),
        Constant::Timestamp(instant) => Constant::Timestamp(instant.shortest()),
        Constant::String(text) => Constant::String(text_at(text, path, operator)),
        other => other.clone(),
    }
}

/// A number without a fraction as an integer, where one holds it exactly.
fn whole(number: f64) -> Option<i64> {
    const BOUND: f64 = 9_223_372_036_854_775_808.0;
    (number.fract() == 0.0 && (-BOUND..BOUND).contains(&number)).then_some(number as i64)
}

/// A text where a property gives several spellings one meaning: networks, and what Windows compares without
/// regard to case.
fn text_at(text: &str, path: &ObjectPath, operator: Operator) -> String {
    let compares_networks = !matches!(operator, Operator::Like | Operator::Matches);
    let plain = match (path.object_type.as_str(), path.steps.as_slice()) {
        ("ipv4-addr", [Step::Property(name)]) if name == "value" && compares_networks => network_v4(text),
        ("ipv6-addr", [Step::Property(name)]) if name == "value" && compares_networks => network_v6(text),
        ("windows-registry-key", steps) if operator != Operator::Matches && ignores_case(steps) => {
            Some(text.to_lowercase())
        }
        _ => None,
    };
    plain.unwrap_or_else(|| text.to_owned())
}

fn ignores_case(steps: &[Step]) -> bool {
    match steps {
        [Step::Property(key)] => key == "key",
        [
            Step::Property(values),
            Step::Index(_) | Step::Any,
            Step::Property(name),
        ] => values == "values" && name == "name",
        _ => false,
    }
}

/// The address, or the network with the bits behind its prefix cleared; none for other text.
fn network_v4(text: &str) -> Option<String> {
    let (address, prefix) = split(text, 32)?;
    let address: Ipv4Addr = address.parse().ok()?;
    let mask = u32::MAX.checked_shl(32 - prefix).unwrap_or(0);
    let network = Ipv4Addr::from_bits(address.to_bits() & mask);
    Some(with_prefix(network.to_string(), prefix, 32))
}

fn network_v6(text: &str) -> Option<String> {
    let (address, prefix) = split(text, 128)?;
    let address: Ipv6Addr = address.parse().ok()?;
    let mask = u128::MAX.checked_shl(128 - prefix).unwrap_or(0);
    let network = Ipv6Addr::from_bits(address.to_bits() & mask);
    Some(with_prefix(network.to_string(), prefix, 128))
}

fn split(text: &str, bits: u32) -> Option<(&str, u32)> {
    let Some((address, prefix)) = text.split_once('/') else {
        return Some((text, bits));
    };
    let is_number = !prefix.is_empty() && prefix.bytes().all(|byte| byte.is_ascii_digit());
    let prefix: u32 = is_number.then(|| prefix.parse().ok()).flatten()?;
    (prefix <= bits).then_some((address, prefix))
}

fn with_prefix(address: String, prefix: u32, bits: u32) -> String {
    if prefix == bits {
        address
    } else {
        format!("{address}/{prefix}")
    }
}
