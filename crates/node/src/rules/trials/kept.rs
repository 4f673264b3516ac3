//! Trials as the store keeps them: a document a rule, lines of a name and a value.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::sync::{MutexGuard, PoisonError};

use entente_stix::object::Object;
use entente_stix::time::Timestamp;
use entente_store::{Change, Expected, NewDocument};

use super::{RuleKey, Ruled, Trials};
use crate::limits::LISTED_MAX;
use crate::rules::trial::{Because, Verdict};
use crate::{Error, Node};

/// The kind of these documents.
const TRIAL: &str = "trial";

/// They do not end: at any time the store tells the same.
const ANY_TIME: i64 = 0;

/// What the store keeps of a rule's trial.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Kept {
    /// Which pattern, as [`RuleKey::pattern`].
    pub(super) pattern: String,
    pub(super) verdict: Verdict,
    pub(super) matches: u64,
    pub(super) records: u64,
    /// When it was written; none where it was not.
    pub(super) at: Option<i64>,
}

impl Kept {
    pub(super) fn new(pattern: &str) -> Kept {
        Kept {
            pattern: pattern.to_owned(),
            verdict: Verdict::OnTrial,
            matches: 0,
            records: 0,
            at: None,
        }
    }

    fn text(&self) -> String {
        let (word, because) = match &self.verdict {
            Verdict::OnTrial => ("on-trial", None),
            Verdict::Passed => ("passed", None),
            Verdict::Accepted => ("accepted", None),
            Verdict::Parked(Because::Matches) => ("parked", None),
            Verdict::Parked(Because::Steps(expression)) => ("parked", Some(("steps", expression))),
            Verdict::Parked(Because::Operator(reason)) => ("parked", Some(("operator", reason))),
        };
        let mut text = format!("pattern {}\nverdict {word}\n", self.pattern);
        // Writing to a string does not fail.
        let _ = write!(text, "matches {}\nrecords {}\n", self.matches, self.records);
        if let Some((name, value)) = because {
            let _ = writeln!(text, "{name} {}", value.replace(['\n', '\r'], " "));
        }
        text
    }

    /// None where it is not ours: the trial begins anew then.
    fn read(text: &str, at: i64) -> Option<Kept> {
        let values: BTreeMap<&str, &str> = text.lines().filter_map(|line| line.split_once(' ')).collect();
        let number = |name| values.get(name).and_then(|value| value.parse().ok());
        let reason = |name| values.get(name).map(|value| (*value).to_owned());
        let because = reason("steps")
            .map(Because::Steps)
            .or_else(|| reason("operator").map(Because::Operator));
        Some(Kept {
            pattern: (*values.get("pattern")?).to_owned(),
            verdict: match *values.get("verdict")? {
                "on-trial" => Verdict::OnTrial,
                "passed" => Verdict::Passed,
                "accepted" => Verdict::Accepted,
                "parked" => Verdict::Parked(because.unwrap_or(Because::Matches)),
                _ => return None,
            },
            matches: number("matches")?,
            records: number("records")?,
            at: Some(at),
        })
    }

    /// Whom to follow where two scans at a time came to different verdicts: the operator first, then who stops.
    fn weight(&self) -> u8 {
        match self.verdict {
            Verdict::OnTrial => 0,
            Verdict::Passed => 1,
            Verdict::Parked(Because::Matches | Because::Steps(_)) => 2,
            Verdict::Accepted | Verdict::Parked(Because::Operator(_)) => 3,
        }
    }
}

impl<M> Ruled<M> {
    fn now(&self) -> Kept {
        Kept {
            pattern: self.key.pattern.clone(),
            verdict: self.trial.verdict().clone(),
            matches: self.trial.matches(),
            records: self.trial.looked_at(),
            at: self.kept.at,
        }
    }

    /// What is to be kept, where `stored` may tell what others counted since.
    fn merged(&self, now: Kept, stored: Option<&Kept>) -> Kept {
        let Some(stored) = stored.filter(|stored| stored.pattern == now.pattern && **stored != self.kept)
        else {
            return now;
        };
        let heavier = if stored.weight() > now.weight() {
            stored
        } else {
            &now
        };
        Kept {
            verdict: heavier.verdict.clone(),
            matches: stored
                .matches
                .saturating_add(now.matches - self.kept.matches.min(now.matches)),
            records: stored
                .records
                .saturating_add(now.records - self.kept.records.min(now.records)),
            ..now
        }
    }
}

impl Node {
    pub(super) fn trials_turn(&self) -> MutexGuard<'_, ()> {
        self.trials_turn.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Every trial that is kept, by the rule's id.
    pub(super) fn kept_trials(&self) -> Result<BTreeMap<String, Kept>, Error> {
        let mut all = BTreeMap::new();
        let mut after: Option<String> = None;
        loop {
            let page = self
                .store
                .documents(TRIAL, after.as_deref(), ANY_TIME, LISTED_MAX)?;
            let Some(last) = page.last() else {
                return Ok(all);
            };
            after = Some(last.key.clone());
            for document in page {
                let text = String::from_utf8(document.value).unwrap_or_default();
                if let Some(kept) = Kept::read(&text, document.at) {
                    all.insert(document.key, kept);
                }
            }
        }
    }

    /// The trial that is kept of a rule.
    pub(super) fn kept_trial(&self, key: &RuleKey) -> Result<Option<Kept>, Error> {
        let document = self.store.document(TRIAL, &key.id, ANY_TIME)?;
        let kept = document.and_then(|document| {
            let text = String::from_utf8(document.value).ok()?;
            Kept::read(&text, document.at)
        });
        Ok(kept.filter(|kept| kept.pattern == key.pattern))
    }

    /// Keeps what the trials came to since they were taken up or kept last. What other scans counted meanwhile is
    /// added, and what the operator decided meanwhile stands.
    ///
    /// # Errors
    /// The store failed.
    pub fn keep_trials<M>(&self, trials: &mut Trials<M>, now: Timestamp) -> Result<(), Error> {
        let _turn = self.trials_turn();
        if !trials.rules.iter().any(|ruled| ruled.now() != ruled.kept) {
            return Ok(());
        }
        let all = self.kept_trials()?;
        let mut written = Vec::new();
        for ruled in &mut trials.rules {
            let mine = ruled.now();
            if mine != ruled.kept {
                let kept = ruled.merged(mine.clone(), all.get(&ruled.key.id));
                written.push((ruled.key.id.clone(), kept));
                ruled.kept = mine;
            }
        }
        self.write_trials(&written, now)
    }

    pub(super) fn write_trials(&self, trials: &[(String, Kept)], now: Timestamp) -> Result<(), Error> {
        for trials in trials.chunks(LISTED_MAX) {
            let texts: Vec<(&str, String)> = trials
                .iter()
                .map(|(id, kept)| (id.as_str(), kept.text()))
                .collect();
            self.put_trials(texts.iter().map(|(id, text)| (*id, Some(text.as_str()))), now)?;
        }
        Ok(())
    }

    fn put_trials<'a>(
        &self,
        trials: impl Iterator<Item = (&'a str, Option<&'a str>)>,
        now: Timestamp,
    ) -> Result<(), Error> {
        let document = |(key, text): (&'a str, Option<&'a str>)| NewDocument {
            kind: TRIAL,
            key,
            value: text.map(str::as_bytes),
            expires_at: None,
            expected: Expected::Any,
        };
        self.store.apply(&Change {
            at: now.micros(),
            documents: trials.map(document).collect(),
            ..Change::default()
        })?;
        Ok(())
    }

    /// Forgets the trials of rules that are gone: not held any more, revoked, withdrawn by a recall, or with another
    /// pattern.
    ///
    /// # Errors
    /// The store failed.
    pub fn sweep_trials(&self, now: Timestamp) -> Result<(), Error> {
        let _turn = self.trials_turn();
        let all = self.kept_trials()?;
        let recalls = self.recalls()?;
        let mut gone = Vec::new();
        for ids in all.iter().collect::<Vec<_>>().chunks(LISTED_MAX) {
            let names: Vec<&str> = ids.iter().map(|(id, _)| id.as_str()).collect();
            let current = self.store.current_many(&names)?;
            for ((id, kept), stored) in ids.iter().zip(current) {
                let key = stored.filter(|stored| !stored.revoked).and_then(|stored| {
                    let object = Object::read(&stored.text).ok()?;
                    RuleKey::of(id, object.value())
                });
                let is_held = key.is_some_and(|key| key.pattern == kept.pattern);
                let withdrawn = recalls.of(id)?.is_some_and(|recall| recalls.withdraws(&recall));
                if !is_held || withdrawn {
                    gone.push(id.as_str());
                }
            }
        }
        for gone in gone.chunks(LISTED_MAX) {
            self.put_trials(gone.iter().map(|id| (*id, None)), now)?;
        }
        Ok(())
    }
}
