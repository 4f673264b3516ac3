//! Qualifiers that restrict less than their author is likely to have meant (STIX 2.1 §9.5.1 to §9.5.3).
//!
//! A qualifier binds to the nearest `[…]` or `(…)` before it; it is never read otherwise.

use std::ops::Range;

use super::super::ast::{ObservationExpr, Qualifier};
use super::super::remarks::{Noted, RemarkKind};
use super::Fault;

/// Adds a remark for each qualifier that restricts nothing or only the end of a chain. `places` are those of
/// the qualifiers, inner before outer.
pub(super) fn add(expression: &ObservationExpr, places: &[Range<usize>], remarks: &mut Vec<Noted>) {
    let mut walk = Walk {
        places: places.iter(),
        remarks,
    };
    walk.expression(expression, None);
}

struct Walk<'a> {
    places: std::slice::Iter<'a, Range<usize>>,
    remarks: &'a mut Vec<Noted>,
}

/// A chain of observations, seen from its last part.
#[derive(Clone, Copy)]
struct Chain<'a> {
    joint: &'static str,
    parts: &'a [ObservationExpr],
}

// Recursion is as deep as the brackets, which the parser bounds.
impl Walk<'_> {
    fn expression(&mut self, expression: &ObservationExpr, ends: Option<Chain<'_>>) {
        match expression {
            ObservationExpr::Comparison(_) => {}
            ObservationExpr::And(parts) => self.chain(parts, "AND"),
            ObservationExpr::Or(parts) => self.chain(parts, "OR"),
            ObservationExpr::FollowedBy(parts) => self.chain(parts, "FOLLOWEDBY"),
            ObservationExpr::Qualified { inner, qualifier } => {
                self.expression(inner, None);
                if let (Some(place), Some(fault)) = (self.places.next(), judge(inner, qualifier, ends)) {
                    self.remarks.push(fault.noted(place.start));
                }
            }
        }
    }

    fn chain(&mut self, parts: &[ObservationExpr], joint: &'static str) {
        let Some((last, before)) = parts.split_last() else {
            return;
        };
        before.iter().for_each(|part| self.expression(part, None));
        self.expression(last, Some(Chain { joint, parts: before }));
    }
}

fn judge(inner: &ObservationExpr, qualifier: &Qualifier, ends: Option<Chain<'_>>) -> Option<Fault> {
    let is_vacuous = matches!(qualifier, Qualifier::Within(_)) && !needs_several(inner);
    // Brackets, or the same qualifier on the other parts: the author knew.
    let chain =
        ends.filter(|chain| is_single(inner) && !chain.parts.iter().any(|part| part.carries(qualifier)));
    match chain {
        Some(Chain { joint, .. }) if is_vacuous && joint != "OR" => Some(Fault::new(
            RemarkKind::QualifierReach,
            format!(
                "`{qualifier}` restricts only the `[…]` before it, which one observation satisfies at once; \
                 to restrict the whole, write `(… {joint} …) {qualifier}`"
            ),
        )),
        _ if is_vacuous => Some(Fault::new(
            RemarkKind::VacuousQualifier,
            format!(
                "`{qualifier}` restricts nothing, as one observation satisfies what stands before it; \
                 leave it out, or say how often with REPEATS"
            ),
        )),
        Some(Chain { joint, .. }) => Some(Fault::new(
            RemarkKind::QualifierBinding,
            format!(
                "`{qualifier}` restricts only the `[…]` before it; to restrict the whole, write \
                 `(… {joint} …) {qualifier}`"
            ),
        )),
        None => None,
    }
}

fn is_single(expression: &ObservationExpr) -> bool {
    match expression {
        ObservationExpr::Comparison(_) => true,
        ObservationExpr::Qualified { inner, .. } => is_single(inner),
        _ => false,
    }
}

/// Whether it takes more than one observation in some way of satisfying it.
fn needs_several(expression: &ObservationExpr) -> bool {
    match expression {
        ObservationExpr::Comparison(_) => false,
        ObservationExpr::And(_) | ObservationExpr::FollowedBy(_) => true,
        ObservationExpr::Or(parts) => parts.iter().any(needs_several),
        ObservationExpr::Qualified {
            qualifier: Qualifier::Repeats(times),
            ..
        } if *times > 1 => true,
        ObservationExpr::Qualified { inner, .. } => needs_several(inner),
    }
}
