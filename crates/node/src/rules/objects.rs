//! Rules that the node holds: indicators whose pattern is a rule (STIX 2.1 §4.7, `pattern_type`).

use entente_sigma::one_rule;
use entente_stix::json::Value;
use entente_stix::object::Object;
use entente_store::Stored;

use super::Origin;
use super::gather::{From, Gathered};
use crate::derive::label;
use crate::generation::time;
use crate::limits::LISTED_MAX;
use crate::{Error, Node};

/// `pattern_type` of Sigma rules.
const SIGMA: &str = "sigma";

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
    let Some(pattern) = value.get("pattern").and_then(Value::as_str) else {
        return Ok(());
    };
    let valid = time(value, "valid_from").unwrap_or(i64::MIN)..time(value, "valid_until").unwrap_or(i64::MAX);
    let from = From {
        id: stored.id.clone(),
        origin: Origin::Object { valid },
    };
    match one_rule(pattern) {
        Ok(mut rule) => {
            rule.meta.title = label(&object);
            gathered.add(from, &rule);
        }
        Err(refusal) => gathered.leave_out(&from, format!("its Sigma rule: {refusal}")),
    }
    Ok(())
}

/// Whether an indicator's pattern is a rule that is evaluated here.
pub(crate) fn is_rule(value: &Value<'_>) -> bool {
    let kind = value.get("pattern_type").and_then(Value::as_str);
    kind == Some(SIGMA) && value.get("pattern").and_then(Value::as_str).is_some()
}
