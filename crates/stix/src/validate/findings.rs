//! Findings, and the places in a document that they are about.

use super::rule::{Rule, Severity};
use crate::json::push_token;
use crate::limits::{FINDINGS_MAX, POINTER_BYTES_MAX};

/// One thing that a rule says about a document.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Finding {
    /// Whether a MUST or a SHOULD is broken.
    pub severity: Severity,
    /// Where: a JSON pointer (RFC 6901) from the top of the document.
    pub pointer: String,
    /// The rule's stable name.
    pub rule: &'static str,
    /// The clause of the standard that the rule follows.
    pub clause: &'static str,
    /// What is wrong: lower case, input in backticks.
    pub message: String,
    /// What to do about it.
    pub way_out: String,
}

/// Findings as they come in, bounded. Errors are never all dropped, so that the verdict stands.
pub(super) struct Findings {
    list: Vec<Finding>,
    has_error: bool,
    cut: bool,
}

impl Findings {
    pub(super) fn new() -> Findings {
        Findings {
            list: Vec::new(),
            has_error: false,
            cut: false,
        }
    }

    pub(super) fn add(
        &mut self,
        rule: &'static Rule,
        place: &Place<'_>,
        message: impl Into<String>,
        way_out: impl Into<String>,
    ) {
        let first_error = rule.severity == Severity::Error && !self.has_error;
        if self.list.len() >= FINDINGS_MAX && !first_error {
            self.cut = true;
            return;
        }
        self.has_error |= rule.severity == Severity::Error;
        self.list.push(Finding {
            severity: rule.severity,
            pointer: place.pointer(),
            rule: rule.name,
            clause: rule.clause,
            message: message.into(),
            way_out: way_out.into(),
        });
    }

    pub(super) fn into_vec(mut self) -> Vec<Finding> {
        if self.cut {
            let message = format!("more than {FINDINGS_MAX} findings; the others are not shown");
            let rule = &super::rule::FINDINGS_CUT;
            self.list.push(Finding {
                severity: rule.severity,
                pointer: String::new(),
                rule: rule.name,
                clause: rule.clause,
                message,
                way_out: "settle these and validate again".to_owned(),
            });
        }
        self.list
    }
}

/// A place in a document; its text is made only when there is something to say about it.
#[derive(Clone, Copy)]
pub(super) struct Place<'p> {
    parent: Option<&'p Place<'p>>,
    step: Step<'p>,
}

#[derive(Clone, Copy)]
enum Step<'p> {
    Top,
    Key(&'p str),
    Item(usize),
}

impl<'p> Place<'p> {
    pub(super) const ROOT: Place<'static> = Place {
        parent: None,
        step: Step::Top,
    };

    pub(super) fn key(&'p self, name: &'p str) -> Place<'p> {
        Place {
            parent: Some(self),
            step: Step::Key(name),
        }
    }

    pub(super) fn item(&'p self, index: usize) -> Place<'p> {
        Place {
            parent: Some(self),
            step: Step::Item(index),
        }
    }

    /// Goes down a path and does something there.
    pub(super) fn at(&self, path: &[&str], then: &mut dyn FnMut(&Place<'_>)) {
        match path.split_first() {
            Some((first, rest)) => self.key(first).at(rest, then),
            None => then(self),
        }
    }

    fn pointer(&self) -> String {
        let mut steps = Vec::new();
        let mut place = Some(self);
        while let Some(here) = place {
            steps.push(here.step);
            place = here.parent;
        }
        let mut pointer = String::new();
        for step in steps.iter().rev() {
            match step {
                Step::Top => {}
                Step::Key(name) => push_token(&mut pointer, name),
                Step::Item(index) => push_token(&mut pointer, &index.to_string()),
            }
        }
        if pointer.len() > POINTER_BYTES_MAX {
            let end = (0..=POINTER_BYTES_MAX)
                .rev()
                .find(|end| pointer.is_char_boundary(*end));
            pointer.truncate(end.unwrap_or(0));
            pointer.push('…');
        }
        pointer
    }
}
