//! What a pattern looks at: paths by object type, operators, qualifiers, in the words of its text.

use std::collections::{BTreeMap, BTreeSet};

use super::ast::{Comparison, ObservationExpr, Operator, Pattern, Step};
use super::layout::{ComparisonAt, Layout};

/// What a pattern looks at.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Inspection {
    /// Comparisons by object type, in the order of the text.
    pub comparisons: BTreeMap<String, Vec<Use>>,
    /// `AND`, `OR` and `FOLLOWEDBY` among observations, those that there are.
    pub observation_operators: BTreeSet<&'static str>,
    /// Qualifiers, each once: `WITHIN 300 SECONDS`.
    pub qualifiers: BTreeSet<String>,
}

/// A comparison in parts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Use {
    /// The way to the property; the first step is always a property.
    pub path: Vec<Step>,
    /// Such as `=`, `NOT LIKE`, `NOT EXISTS`.
    pub operator: String,
    /// The constant as it is written, a set as `(1,2,3)`; none for `EXISTS`.
    pub value: Option<String>,
}

pub(super) fn of(text: &str, pattern: &Pattern, layout: &Layout) -> Inspection {
    let mut inspection = Inspection::default();
    for (comparison, at) in pattern.comparisons().into_iter().zip(&layout.comparisons) {
        inspection
            .comparisons
            .entry(comparison.path.object_type.clone())
            .or_default()
            .push(used(text, comparison, at));
    }
    add_operators(&pattern.expression, &mut inspection.observation_operators);
    inspection.qualifiers = layout
        .qualifiers
        .iter()
        .filter_map(|range| text.get(range.clone()))
        .map(|qualifier| qualifier.split_whitespace().collect::<Vec<_>>().join(" "))
        .collect();
    inspection
}

fn used(text: &str, comparison: &Comparison, at: &ComparisonAt) -> Use {
    let values: Vec<&str> = at
        .values
        .iter()
        .filter_map(|range| text.get(range.clone()))
        .collect();
    let not = if comparison.negated { "NOT " } else { "" };
    Use {
        path: comparison.path.steps.clone(),
        operator: format!("{not}{}", comparison.operator),
        value: match comparison.operator {
            Operator::Exists => None,
            Operator::In => Some(format!("({})", values.join(","))),
            _ => Some(values.concat()),
        },
    }
}

fn add_operators(expression: &ObservationExpr, operators: &mut BTreeSet<&'static str>) {
    let parts = match expression {
        ObservationExpr::Comparison(_) => return,
        ObservationExpr::Qualified { inner, .. } => return add_operators(inner, operators),
        ObservationExpr::And(parts) => {
            operators.insert("AND");
            parts
        }
        ObservationExpr::Or(parts) => {
            operators.insert("OR");
            parts
        }
        ObservationExpr::FollowedBy(parts) => {
            operators.insert("FOLLOWEDBY");
            parts
        }
    };
    parts.iter().for_each(|part| add_operators(part, operators));
}
