//! Rules that the node holds: indicators whose pattern is more than single values (STIX 2.1 §4.7, `pattern_type`).

use entente_detect::sco::{Comparing, Map, from_stix};
use entente_sigma::Collection;
use entente_stix::json::Value;
use entente_stix::object::Object;
use entente_stix::pattern;
use entente_store::Stored;

use super::Origin;
use super::gather::{From, Gathered, Pattern};
use super::trials::RuleKey;
use crate::derive::{label, stix_pattern};
use crate::generation::time;
use crate::limits::LISTED_MAX;
use crate::{Error, Node};

/// `pattern_type` of Sigma rules.
const SIGMA: &str = "sigma";

/// Comparisons named of a pattern of which a part cannot be evaluated.
const UNANSWERABLE_TOLD: usize = 3;

impl Node {
    /// Adds the rules that these objects carry.
    pub(super) fn rule_objects(&self, ids: &[String], gathered: &mut Gathered) -> Result<(), Error> {
        for ids in ids.chunks(LISTED_MAX) {
            let ids: Vec<&str> = ids.iter().map(String::as_str).collect();
            for stored in self.store.current_many(&ids)?.iter().flatten() {
                add(stored, gathered)?;
            }
        }
        Ok(())
    }
}

fn add(stored: &Stored, gathered: &mut Gathered) -> Result<(), Error> {
    let object = Object::read(&stored.text).map_err(|refusal| Error::Text {
        id: stored.id.clone(),
        cause: refusal.to_string(),
    })?;
    let value = object.value();
    let valid = time(value, "valid_from").unwrap_or(i64::MIN)..time(value, "valid_until").unwrap_or(i64::MAX);
    let Some(RuleKey { id, pattern }) = RuleKey::of(&stored.id, value) else {
        return Ok(());
    };
    let from = From {
        id,
        name: label(&object),
        origin: Origin::Object { valid, pattern },
    };
    if let Some(text) = stix_pattern(value) {
        stix(text, from, gathered);
    } else if let Some(text) = sigma_text(value) {
        sigma(text, from, gathered);
    }
    Ok(())
}

fn stix(text: &str, from: From, gathered: &mut Gathered) {
    let pattern = match pattern::parse(text) {
        Ok(pattern) => pattern,
        Err(error) => return gathered.leave_out(&from, format!("the pattern cannot be read: {error}")),
    };
    let stix = match from_stix(&pattern, Map::standard(), Comparing::Canonical) {
        Ok(stix) => stix,
        Err(refused) => return gathered.leave_out(&from, refused.to_string()),
    };
    let unanswerable = stix.unanswerable.iter().take(UNANSWERABLE_TOLD);
    let reasons: Vec<&str> = unanswerable.map(|one| one.reason.as_str()).collect();
    let more = stix.unanswerable.len().saturating_sub(UNANSWERABLE_TOLD);
    let mut reason = reasons.join("; ");
    if more > 0 {
        reason.push_str(&format!("; and {more} more"));
    }
    if !stix.can_match {
        if reason.is_empty() {
            "no record can satisfy it".clone_into(&mut reason);
        }
        return gathered.leave_out(&from, reason);
    }
    if !reason.is_empty() {
        gathered.leave_out(&from, format!("in part: {reason}"));
    }
    gathered.patterns.push(Pattern {
        from,
        text: text.to_owned(),
        stix,
    });
}

/// A text of one rule, or of correlations with the rules that they are about.
fn sigma(text: &str, from: From, gathered: &mut Gathered) {
    let mut read = Collection::read(text);
    read.link();
    if let Some(refusal) = read.refusals.first() {
        return gathered.leave_out(&from, format!("its Sigma rule: {refusal}"));
    }
    if read.rules.is_empty() {
        return gathered.leave_out(&from, "its text holds no Sigma rule");
    }
    let rules = vec![from.clone(); read.rules.len()];
    let correlations = vec![from; read.correlations.len()];
    gathered.put(read, rules, correlations);
}

fn sigma_text<'v>(value: &'v Value<'_>) -> Option<&'v str> {
    let kind = value.get("pattern_type").and_then(Value::as_str);
    let pattern = value.get("pattern").and_then(Value::as_str);
    pattern.filter(|_| kind == Some(SIGMA))
}

/// Whether an indicator's pattern is a Sigma rule.
pub(crate) fn is_sigma(value: &Value<'_>) -> bool {
    sigma_text(value).is_some()
}
