//! The pattern of an indicator (STIX 2.1 §9).

use super::super::findings::{Findings, Place};
use super::super::{forms, rule, tables};
use super::{Object, values};
use crate::pattern::{self, Instant, Pattern, Remark, Step};

pub(super) fn check(object: &Object<'_>, place: &Place<'_>, findings: &mut Findings) {
    if object.type_name != "indicator" || object.text("pattern_type") != Some("stix") {
        return;
    }
    let Some(text) = object.text("pattern") else {
        return;
    };
    let place = place.key("pattern");
    match pattern::check(text) {
        Err(error) => {
            findings.add(
                &rule::PATTERN,
                &place,
                format!("not a STIX pattern: {error}"),
                "correct the pattern",
            );
        }
        Ok(checked) => {
            let is_old = object
                .text("pattern_version")
                .is_some_and(|version| version.starts_with("2.0"));
            for remark in &checked.remarks {
                self::remark(remark, is_old, &place, findings);
            }
            if checked.is_valid() || is_old {
                names(&checked.pattern, &place, findings);
                windows(&checked.pattern, object, &place, findings);
            }
        }
    }
}

fn remark(remark: &Remark, is_old: bool, place: &Place<'_>, findings: &mut Findings) {
    let rule = match remark.kind {
        kind if is_old && kind.was_allowed_in_2_0() => return,
        _ if remark.is_error() => &rule::PATTERN,
        _ => &rule::PATTERN_NEVER_MATCHES,
    };
    let message = format!(
        "line {}, column {}: {}",
        remark.line, remark.column, remark.message
    );
    findings.add(rule, place, message, "correct the pattern");
}

/// The types and properties that a pattern names; each wrong one once.
fn names(pattern: &Pattern, place: &Place<'_>, findings: &mut Findings) {
    let mut told: Vec<&str> = Vec::new();
    for comparison in pattern.comparisons() {
        let type_name = comparison.path.object_type.as_str();
        let known = tables::find(type_name);
        if known.is_none() && !is_type_name(type_name) && !told.contains(&type_name) {
            told.push(type_name);
            let message = format!("`{}` cannot be the type of an object", values::shown(type_name));
            findings.add(
                &rule::PATTERN_TYPE_NAME,
                place,
                message,
                "name an observable, such as `file`",
            );
        }
        let Some(Step::Property(property)) = comparison.path.steps.first() else {
            continue;
        };
        let is_known = known.is_some_and(|known| known.property(property).is_some())
            || tables::OBSERVABLE_COMMON
                .iter()
                .any(|common| common.name == property);
        if !is_known && !forms::is_property_name_lax(property) && !told.contains(&property.as_str()) {
            told.push(property);
            let message = format!("`{}` cannot be the name of a property", values::shown(property));
            findings.add(
                &rule::PATTERN_PROPERTY_NAME,
                place,
                message,
                "name a property of the object",
            );
        }
        // What a hostile pattern can make us remember.
        if told.len() > 32 {
            return;
        }
    }
}

/// The first `START … STOP …` that is not in the time in which the indicator is valid: what is seen in one and not in the
/// other does not count.
fn windows(pattern: &Pattern, object: &Object<'_>, place: &Place<'_>, findings: &mut Findings) {
    let bound = |name| object.text(name).and_then(Instant::new);
    let (from, until) = (bound("valid_from"), bound("valid_until"));
    let outside = pattern.windows().into_iter().find_map(|(start, stop)| {
        let is_early = from.as_ref().filter(|from| start.is_before(from));
        let is_late = until.as_ref().filter(|until| until.is_before(stop));
        let never = from.as_ref().is_some_and(|from| !from.is_before(stop))
            || until.as_ref().is_some_and(|until| !start.is_before(until));
        let (what, bound) = match (is_early, is_late) {
            (Some(from), _) if !never => (format!("START {start} is before"), ("valid_from", from)),
            (None, Some(until)) if !never => (format!("STOP {stop} is after"), ("valid_until", until)),
            (Some(from), _) if !from.is_before(stop) => {
                (format!("STOP {stop} is not after"), ("valid_from", from))
            }
            (_, Some(until)) => (format!("START {start} is not before"), ("valid_until", until)),
            _ => return None,
        };
        let (name, bound) = bound;
        let so = match never {
            true => "so this never matches",
            false => "and what is seen outside of that does not count",
        };
        Some(format!("{what} `{name}`, {}, {so}", bound.text()))
    });
    if let Some(message) = outside {
        findings.add(
            &rule::PATTERN_WINDOW,
            place,
            message,
            "give the indicator the validity that the pattern means, or the pattern that of the indicator",
        );
    }
}

fn is_type_name(text: &str) -> bool {
    let body = text.strip_prefix('-').unwrap_or(text);
    let body = body.strip_suffix('-').unwrap_or(body);
    let is_word =
        |word: &str| !word.is_empty() && word.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit());
    (3..=250).contains(&text.len()) && body.split('-').all(is_word)
}
