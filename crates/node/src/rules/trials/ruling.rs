//! What the operator asks and decides about rules: which are on trial, which alert, which do not.

use std::collections::BTreeSet;

use entente_stix::object::Object;
use entente_stix::time::Timestamp;
use entente_store::Stored;

use super::kept::Kept;
use super::{RuleKey, Standing};
use crate::derive::label;
use crate::limits::{LISTED_MAX, REASON_BYTES_MAX};
use crate::rules::trial::{Because, Verdict};
use crate::{Error, Node};

/// A rule that the node holds, and how it stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Tried {
    /// Which rule it is.
    pub key: RuleKey,
    /// What it is called.
    pub name: String,
    /// The language of its pattern (STIX 2.1 §4.7, `pattern_type`).
    pub language: String,
    /// Whether it alerts, and what its trial counted.
    pub standing: Standing,
    /// When that was written; none where no scan was kept since the rule came.
    pub at: Option<Timestamp>,
}

impl Node {
    /// Every rule that the node holds and looks for, in the order of ids.
    ///
    /// # Errors
    /// The store failed.
    pub fn rules_tried(&self, now: Timestamp) -> Result<Vec<Tried>, Error> {
        let all = self.kept_trials()?;
        let ids: Vec<String> = self.rule_ids(now)?.into_iter().collect();
        let mut tried = Vec::with_capacity(ids.len());
        for ids in ids.chunks(LISTED_MAX) {
            let ids: Vec<&str> = ids.iter().map(String::as_str).collect();
            for stored in self.store.current_many(&ids)?.into_iter().flatten() {
                let one = tried_of(&stored.id, &stored.text, |key| {
                    let kept = all.get(&key.id);
                    Ok(kept.filter(|kept| kept.pattern == key.pattern).cloned())
                })?;
                tried.extend(one);
            }
        }
        Ok(tried)
    }

    /// How the rule of this object stands; none where it has none that is tried. Of a STIX pattern only what was kept is
    /// known: most are looked for by their values, and are not tried.
    ///
    /// # Errors
    /// The store failed.
    pub(crate) fn rule_tried(&self, stored: &Stored) -> Result<Option<Tried>, Error> {
        if stored.revoked || stored.type_name() != "indicator" {
            return Ok(None);
        }
        let tried = tried_of(&stored.id, &stored.text, |key| self.kept_trial(key))?;
        Ok(tried.filter(|tried| tried.at.is_some() || matches!(tried.language.as_str(), "sigma" | "yara")))
    }

    /// Lets these rules alert from now on, whatever their trials said.
    ///
    /// # Errors
    /// An id is not one of a rule that the node looks for, then nothing is changed; or the store failed.
    pub fn accept_rules(&self, ids: &[String], now: Timestamp) -> Result<Vec<Tried>, Error> {
        self.rule_on(ids, &Verdict::Accepted, now)
    }

    /// Stops these rules: what they match is counted, and not told.
    ///
    /// # Errors
    /// As [`Node::accept_rules`], or the reason is too long.
    pub fn park_rules(&self, ids: &[String], because: &str, now: Timestamp) -> Result<Vec<Tried>, Error> {
        if because.len() > REASON_BYTES_MAX {
            return Err(Error::TooLong {
                what: "the reason",
                found: because.len(),
                limit: REASON_BYTES_MAX,
            });
        }
        let because = Because::Operator(because.to_owned());
        self.rule_on(ids, &Verdict::Parked(because), now)
    }

    fn rule_on(&self, ids: &[String], verdict: &Verdict, now: Timestamp) -> Result<Vec<Tried>, Error> {
        let _turn = self.trials_turn();
        let known = self.rule_ids(now)?;
        let (mut told, mut written) = (Vec::new(), Vec::new());
        for id in ids {
            let unknown = || Error::NoRule { id: id.clone() };
            let stored = self.store.current(id)?.filter(|_| known.contains(id));
            let stored = stored.ok_or_else(unknown)?;
            let tried = tried_of(id, &stored.text, |key| self.kept_trial(key))?;
            let mut tried = tried.ok_or_else(unknown)?;
            tried.standing.verdict = verdict.clone();
            tried.at = Some(now);
            let kept = Kept {
                verdict: verdict.clone(),
                matches: tried.standing.matches,
                records: tried.standing.records,
                ..Kept::new(&tried.key.pattern)
            };
            written.push((id.clone(), kept));
            told.push(tried);
        }
        self.write_trials(&written, now)?;
        Ok(told)
    }

    /// The indicators that carry a rule which is looked for, in logs or in files.
    fn rule_ids(&self, now: Timestamp) -> Result<BTreeSet<String>, Error> {
        let mut ids: BTreeSet<String> = self.generation()?.rules.into_iter().collect();
        ids.extend(self.yara_rules(now)?.into_iter().map(|rule| rule.id));
        Ok(ids)
    }
}

/// An object's rule with what is kept of its trial; none where it has no pattern.
fn tried_of(
    id: &str,
    text: &[u8],
    kept: impl FnOnce(&RuleKey) -> Result<Option<Kept>, Error>,
) -> Result<Option<Tried>, Error> {
    let object = Object::read(text).map_err(|refusal| Error::Text {
        id: id.to_owned(),
        cause: refusal.to_string(),
    })?;
    let Some(key) = RuleKey::of(id, object.value()) else {
        return Ok(None);
    };
    let kept = kept(&key)?.unwrap_or_else(|| Kept::new(&key.pattern));
    let language = object
        .value()
        .get("pattern_type")
        .and_then(|value| value.as_str());
    Ok(Some(Tried {
        key,
        name: label(&object),
        language: language.unwrap_or("stix").to_owned(),
        standing: Standing {
            id: id.to_owned(),
            verdict: kept.verdict,
            matches: kept.matches,
            records: kept.records,
        },
        at: kept.at.map(Timestamp::from_micros),
    }))
}
