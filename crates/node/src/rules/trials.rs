//! The trials of the rules that the node holds: taken up for a scan, and kept in the store.
//!
//! A trial belongs to an object and its pattern: another pattern under the same id begins anew. Verdicts are this
//! node's own and do not travel. Nothing of a record is kept, only counts. Begin at [`Node::trials`].

mod kept;
mod ruling;

use std::collections::BTreeMap;

use entente_stix::digest::Digest;
use entente_stix::json::Value;

use super::trial::{Because, Met, Trial, Verdict};
use crate::limits::{TRIAL_HELD_MAX, TRIAL_HELD_MICROS};
use crate::{Error, Node};
use kept::Kept;
pub use ruling::Tried;

/// Bytes kept of an expression for which a rule is parked.
const EXPRESSION_BYTES_MAX: usize = 500;

/// A rule that the node holds, as trials tell it apart.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RuleKey {
    /// The object's id.
    pub id: String,
    /// SHA-256 of its pattern and of the pattern's type, in hexadecimal.
    pub pattern: String,
}

impl RuleKey {
    /// The key of a rule with this text in this language (`pattern_type`).
    pub fn new(id: &str, language: &str, text: &str) -> RuleKey {
        RuleKey {
            id: id.to_owned(),
            pattern: Digest::of(format!("{language}\n{text}").as_bytes()).to_string(),
        }
    }

    /// The key of an indicator; none where it has no pattern.
    pub(crate) fn of(id: &str, indicator: &Value<'_>) -> Option<RuleKey> {
        let text = |property| indicator.get(property).and_then(Value::as_str);
        // A pattern without a type is one of STIX 2.0.
        let language = text("pattern_type").unwrap_or("stix");
        Some(RuleKey::new(id, language, text("pattern")?))
    }
}

/// How a rule stands, and what its trial counted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Standing {
    /// The object's id.
    pub id: String,
    /// Whether it alerts, and why not.
    pub verdict: Verdict,
    /// Matches of the trial, and those since it is parked.
    pub matches: u64,
    /// Records that it looked at meanwhile.
    pub records: u64,
}

/// The trials of one scan's rules, with the matches `M` that are held back. Rules have the numbers of the order in
/// which they were handed in.
#[derive(Debug)]
pub struct Trials<M> {
    rules: Vec<Ruled<M>>,
    /// Numbers matches, so that those of several rules come out in their order.
    met: u64,
    held: usize,
    /// When the first of those that are held was met, microseconds since 1970 UTC.
    held_since: Option<i64>,
    ready: Vec<(u64, M)>,
    dropped: u64,
}

#[derive(Debug)]
struct Ruled<M> {
    key: RuleKey,
    trial: Trial<(u64, M)>,
    /// As the store had it when it was read or written last.
    kept: Kept,
}

impl Node {
    /// Takes the trials of these rules up where they were left.
    ///
    /// # Errors
    /// The store failed.
    pub fn trials<M>(&self, rules: impl IntoIterator<Item = RuleKey>) -> Result<Trials<M>, Error> {
        let all = self.kept_trials()?;
        let rules = rules.into_iter().map(|key| {
            let kept = all.get(&key.id).filter(|kept| kept.pattern == key.pattern);
            let kept = kept.cloned().unwrap_or_else(|| Kept::new(&key.pattern));
            let trial = Trial::resumed(kept.verdict.clone(), kept.matches, kept.records);
            Ruled { key, trial, kept }
        });
        Ok(Trials {
            rules: rules.collect(),
            met: 0,
            held: 0,
            held_since: None,
            ready: Vec::new(),
            dropped: 0,
        })
    }
}

impl<M> Trials<M> {
    /// Takes a match of a rule; what is to be told comes out of [`Trials::take_ready`]. `now` is in microseconds.
    pub fn meet(&mut self, number: usize, found: M, now: i64) {
        self.met += 1;
        let Some(ruled) = self.rules.get_mut(number) else {
            self.ready.push((self.met, found));
            return;
        };
        let held = ruled.trial.held();
        match ruled.trial.meet((self.met, found)) {
            Met::Alert(found) => self.ready.push(found),
            Met::Held => {
                self.held += 1;
                self.held_since.get_or_insert(now);
                if self.held > TRIAL_HELD_MAX {
                    self.release();
                }
            }
            Met::Dropped => self.drop_held(held, 1),
        }
    }

    /// A rule looked at so many more records, after [`Trials::meet`] for its matches among them.
    pub fn looked_at(&mut self, number: usize, records: u64) {
        if let Some(ruled) = self.rules.get_mut(number) {
            let passed = ruled.trial.records(records);
            let held = passed.len();
            self.ready.extend(passed);
            self.no_longer_held(held);
        }
    }

    /// Counts matches of a parked rule that were not brought here.
    pub fn dropped(&mut self, number: usize, matches: u64) {
        if let Some(ruled) = self.rules.get_mut(number) {
            ruled.trial.dropped(matches);
            self.dropped += matches;
        }
    }

    /// An expression of a rule took too many steps for some value: a rule on trial is parked for it.
    pub fn gave_up(&mut self, number: usize, expression: &str) {
        if let Some(ruled) = self.rules.get_mut(number) {
            let end = expression.floor_char_boundary(EXPRESSION_BYTES_MAX);
            let expression = expression.get(..end).unwrap_or_default();
            let held = ruled.trial.park(Because::Steps(expression.to_owned()));
            self.drop_held(held, 0);
        }
    }

    fn drop_held(&mut self, held: usize, more: u64) {
        self.no_longer_held(held);
        self.dropped += held as u64 + more;
    }

    fn no_longer_held(&mut self, held: usize) {
        self.held = self.held.saturating_sub(held);
        if self.held == 0 {
            self.held_since = None;
        }
    }

    /// Lets everything that is held be told, and the trials go on.
    pub fn release(&mut self) {
        for ruled in &mut self.rules {
            self.ready.extend(ruled.trial.release());
        }
        self.held = 0;
        self.held_since = None;
    }

    /// The same where the first was held a minute ago: somebody watches. `now` is in microseconds.
    pub fn release_due(&mut self, now: i64) {
        let is_due = |since: i64| now.saturating_sub(since).saturating_abs() >= TRIAL_HELD_MICROS;
        if self.held_since.is_some_and(is_due) {
            self.release();
        }
    }

    /// Matches to be told now, in the order in which they were met.
    pub fn take_ready(&mut self) -> impl Iterator<Item = M> + use<M> {
        let mut ready = std::mem::take(&mut self.ready);
        ready.sort_unstable_by_key(|(number, _)| *number);
        ready.into_iter().map(|(_, found)| found)
    }

    /// Whether a rule is parked.
    pub fn is_parked(&self, number: usize) -> bool {
        let ruled = self.rules.get(number);
        ruled.is_some_and(|ruled| matches!(ruled.trial.verdict(), Verdict::Parked(_)))
    }

    /// Matches that were dropped, of all rules.
    pub fn dropped_in_all(&self) -> u64 {
        self.dropped
    }

    /// How each rule stands, by number.
    pub fn standings(&self) -> impl Iterator<Item = Standing> {
        self.rules.iter().map(|ruled| Standing {
            id: ruled.key.id.clone(),
            verdict: ruled.trial.verdict().clone(),
            matches: ruled.trial.matches(),
            records: ruled.trial.looked_at(),
        })
    }

    /// Goes on with what `before` counted, where nothing of it was kept in the store.
    pub fn go_on_from<N>(&mut self, before: Trials<N>) {
        let known = before.rules.into_iter();
        let mut known: BTreeMap<String, Ruled<N>> =
            known.map(|ruled| (ruled.key.id.clone(), ruled)).collect();
        for ruled in &mut self.rules {
            if let Some(before) = known.remove(&ruled.key.id)
                && before.key == ruled.key
                && before.kept == ruled.kept
            {
                let trial = before.trial;
                ruled.trial = Trial::resumed(trial.verdict().clone(), trial.matches(), trial.looked_at());
            }
        }
        self.dropped = before.dropped;
    }
}
