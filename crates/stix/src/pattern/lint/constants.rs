//! Constants and operators against the shape of what a path leads to (STIX 2.1 §9.6).

use super::super::ast::{Comparison, Constant, Operator, Step};
use super::super::layout::ComparisonAt;
use super::super::remarks::{Noted, RemarkKind};
use super::super::text::shortened;
use super::Fault;
use super::path::{Reached, missing_index};
use crate::validate::schema::Shape;
use crate::words::meant;

/// Adds what is to be said if it holds for every place that the path can lead to.
pub(super) fn add(comparison: &Comparison, reached: &[Reached], at: &ComparisonAt, remarks: &mut Vec<Noted>) {
    if comparison.operator == Operator::Exists {
        return;
    }
    let named = last_name(comparison);
    if let Some(fault) = of_all(reached, |place| as_value(place, named, comparison.operator)) {
        remarks.push(fault.noted(at.path));
        return;
    }
    for (constant, range) in comparison.values.iter().zip(&at.values) {
        if let Some(fault) = of_all(reached, |place| {
            mismatch(place, named, constant, comparison.operator)
        }) {
            // One is enough: the others of a set are as a rule of the same type.
            remarks.push(fault.noted(range.start));
            return;
        }
    }
}

fn of_all(reached: &[Reached], judge: impl Fn(&Reached) -> Option<Fault>) -> Option<Fault> {
    let faults: Vec<Fault> = reached.iter().map_while(judge).collect();
    if faults.len() < reached.len() {
        return None;
    }
    faults.into_iter().next()
}

fn last_name(comparison: &Comparison) -> &str {
    let names = comparison.path.steps.iter().rev();
    let mut names = names.filter_map(|step| match step {
        Step::Property(name) => Some(name.as_str()),
        _ => None,
    });
    names.next().unwrap_or_default()
}

/// Whether a path ends where there is no plain value, or an operator asks for another one.
fn as_value(place: &Reached, name: &str, operator: Operator) -> Option<Fault> {
    let shown = shortened(name);
    match place {
        Reached::Unknown => None,
        Reached::Value(Shape::List(_)) => Some(missing_index(name)),
        Reached::Hashes => Some(Fault::new(
            RemarkKind::PathShape,
            format!("`{shown}` holds hashes by algorithm; name one: {shown}.'SHA-256'"),
        )),
        Reached::Object(_) | Reached::Structure(_) | Reached::Extensions(_) => Some(holds_others(&shown)),
        Reached::Value(Shape::Dictionary(_)) => Some(holds_others(&shown)),
        Reached::Value(Shape::Ipv4 | Shape::Ipv6) => None,
        Reached::Value(_) if matches!(operator, Operator::IsSubset | Operator::IsSuperset) => {
            Some(Fault::new(
                RemarkKind::ConstantType,
                format!(
                    "{operator} compares networks, and `{shown}` is none; use it on `ipv4-addr:value` or `ipv6-addr:value`"
                ),
            ))
        }
        Reached::Value(_) => None,
    }
}

fn holds_others(name: &str) -> Fault {
    Fault::new(
        RemarkKind::PathShape,
        format!("`{name}` holds other properties, and no constant equals it; name one of them"),
    )
}

fn mismatch(place: &Reached, name: &str, constant: &Constant, operator: Operator) -> Option<Fault> {
    let Reached::Value(shape) = place else { return None };
    let name = shortened(name);
    let (what, way_out) = match (shape, constant) {
        (Shape::Enumeration(values), Constant::String(text)) => {
            return not_listed(&name, values, text, operator);
        }
        (Shape::Integer { .. } | Shape::Number { .. }, Constant::Integer(_) | Constant::Float(_)) => {
            return None;
        }
        (Shape::Integer { .. } | Shape::Number { .. }, Constant::String(_)) => {
            ("a number", "leave the quotes off")
        }
        (Shape::Integer { .. } | Shape::Number { .. }, _) => ("a number", "compare it with a number"),
        (Shape::Boolean, Constant::Boolean(_)) => return None,
        (Shape::Boolean, _) => ("true or false", "write `true` or `false`, without quotes"),
        (
            Shape::Timestamp | Shape::TimestampToTheMillisecond | Shape::TimestampToTheSecond,
            Constant::Timestamp(_),
        ) => return None,
        (Shape::Timestamp | Shape::TimestampToTheMillisecond | Shape::TimestampToTheSecond, _) => {
            ("a time", "write it as t'2024-05-31T12:00:00Z'")
        }
        (Shape::Hex | Shape::Binary, Constant::String(_) | Constant::Hex(_) | Constant::Binary(_)) => {
            return None;
        }
        (Shape::Hex | Shape::Binary, _) => ("bytes", "write them as h'…' or b'…'"),
        (Shape::Any | Shape::Identifier(_), _) => return None,
        (Shape::TextOrInteger, Constant::Integer(_)) => return None,
        (_, Constant::String(_) | Constant::Hex(_) | Constant::Binary(_)) => return None,
        _ => ("a text", "put the constant into single quotes"),
    };
    let outcome = match (what, constant) {
        // Times are text in JSON, and are not told from it without the standard's tables.
        ("a time", Constant::String(_)) => "at best they are compared letter by letter",
        _ => "the two are never equal",
    };
    Some(Fault::new(
        RemarkKind::ConstantType,
        format!(
            "`{name}` is {what}, and the constant is {}: {outcome}; {way_out}",
            kind(constant)
        ),
    ))
}

fn kind(constant: &Constant) -> &'static str {
    match constant {
        Constant::String(_) => "a text",
        Constant::Integer(_) | Constant::Float(_) => "a number",
        Constant::Boolean(_) => "true or false",
        Constant::Timestamp(_) => "a time",
        Constant::Hex(_) | Constant::Binary(_) => "bytes",
    }
}

fn not_listed(name: &str, values: &[&str], text: &str, operator: Operator) -> Option<Fault> {
    let is_exact = matches!(operator, Operator::Equal | Operator::NotEqual | Operator::In);
    if !is_exact || values.contains(&text) {
        return None;
    }
    let way_out = meant(text, values.iter().copied())
        .map(|near| format!("did you mean '{near}'?"))
        .unwrap_or_else(|| format!("it is one of {}", values.join(", ")));
    Some(Fault::new(
        RemarkKind::ConstantType,
        format!("`{name}` is never '{}'; {way_out}", shortened(text)),
    ))
}
