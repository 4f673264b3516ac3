//! What the author of a pattern is likely to have meant otherwise. Begin at [`add`].

mod constants;
mod path;
mod qualifiers;
#[cfg(test)]
mod tests;

use super::ast::Pattern;
use super::layout::Layout;
use super::remarks::{Noted, RemarkKind};
use crate::limits::FINDINGS_MAX;

/// Adds remarks on paths, constants and qualifiers.
pub(super) fn add(pattern: &Pattern, layout: &Layout, remarks: &mut Vec<Noted>) {
    for (comparison, at) in pattern.comparisons().into_iter().zip(&layout.comparisons) {
        if remarks.len() >= FINDINGS_MAX {
            break;
        }
        match path::follow(&comparison.path) {
            Ok(reached) => constants::add(comparison, &reached, at, remarks),
            Err((step, fault)) => {
                let offset = match step {
                    Some(step) => at.steps.get(step).copied(),
                    None => Some(at.path),
                };
                remarks.push(fault.noted(offset.unwrap_or(at.path)));
            }
        }
    }
    qualifiers::add(&pattern.expression, &layout.qualifiers, remarks);
}

/// A remark that has no place yet.
struct Fault {
    kind: RemarkKind,
    message: String,
}

impl Fault {
    fn new(kind: RemarkKind, message: String) -> Fault {
        Fault { kind, message }
    }

    fn noted(self, offset: usize) -> Noted {
        Noted {
            offset,
            kind: self.kind,
            message: self.message,
        }
    }
}
