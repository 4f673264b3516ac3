//! A shared rule's first records: what it matches is held back until it is known whether it matches too much.
//!
//! Pure: no store, no clock; what a match is, the caller says. Begin at [`Trial::meet`].

use crate::limits::{TRIAL_MATCHES_MAX, TRIAL_RECORDS};

/// How a rule stands.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Verdict {
    /// What it matches is held back for now.
    #[default]
    OnTrial,
    /// It matched little enough: it alerts.
    Passed,
    /// The operator said that it alerts, whatever it matches.
    Accepted,
    /// It does not alert: what it matches is counted.
    Parked(Because),
}

/// Why a rule does not alert.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Because {
    /// It matched more than [`TRIAL_MATCHES_MAX`] times before it had looked at [`TRIAL_RECORDS`] records.
    Matches,
    /// This expression of its took too many steps for some value.
    Steps(String),
    /// The operator's reason.
    Operator(String),
}

/// What becomes of a match.
#[derive(Debug, PartialEq, Eq)]
pub enum Met<M> {
    /// It is told now.
    Alert(M),
    /// It is held back.
    Held,
    /// Its rule is parked: it is only counted.
    Dropped,
}

/// One rule's trial, with the matches that are held back.
///
/// Nothing is lost in between: every match is told, held, or counted as dropped, and what is told keeps its order.
/// A rule passes once it looked at [`TRIAL_RECORDS`] records. As it is parked at its match number
/// [`TRIAL_MATCHES_MAX`] + 1 before that, what passes matched at most 1 in 100, and no more than
/// [`TRIAL_MATCHES_MAX`] are ever held.
#[derive(Debug)]
pub struct Trial<M> {
    verdict: Verdict,
    matches: u64,
    records: u64,
    held: Vec<M>,
}

impl<M> Default for Trial<M> {
    fn default() -> Self {
        Trial::resumed(Verdict::default(), 0, 0)
    }
}

impl<M> Trial<M> {
    /// A trial that goes on: so many matches among so many records so far.
    pub fn resumed(verdict: Verdict, matches: u64, records: u64) -> Self {
        Trial {
            verdict,
            matches,
            records,
            held: Vec::new(),
        }
    }

    /// What becomes of a match.
    pub fn meet(&mut self, found: M) -> Met<M> {
        match self.verdict {
            Verdict::Passed | Verdict::Accepted => return Met::Alert(found),
            Verdict::Parked(_) => self.dropped(1),
            Verdict::OnTrial => {
                self.matches = self.matches.saturating_add(1);
                if self.matches <= TRIAL_MATCHES_MAX {
                    self.held.push(found);
                    return Met::Held;
                }
                self.park(Because::Matches);
            }
        }
        Met::Dropped
    }

    /// Counts matches of a parked rule that nobody brings here.
    pub fn dropped(&mut self, matches: u64) {
        self.matches = self.matches.saturating_add(matches);
    }

    /// The rule looked at so many more records. Gives what is told now, as the rule passes.
    ///
    /// To be called after [`Trial::meet`] for what matched among them.
    pub fn records(&mut self, records: u64) -> Vec<M> {
        if matches!(self.verdict, Verdict::Passed | Verdict::Accepted) {
            return Vec::new();
        }
        self.records = self.records.saturating_add(records);
        if self.verdict == Verdict::OnTrial && self.records >= TRIAL_RECORDS {
            self.verdict = Verdict::Passed;
            return self.release();
        }
        Vec::new()
    }

    /// Stops the rule, if it is on trial; gives how many matches are dropped with that.
    pub fn park(&mut self, because: Because) -> usize {
        if self.verdict != Verdict::OnTrial {
            return 0;
        }
        self.verdict = Verdict::Parked(because);
        std::mem::take(&mut self.held).len()
    }

    /// Gives what is held to be told, and goes on.
    pub fn release(&mut self) -> Vec<M> {
        std::mem::take(&mut self.held)
    }

    /// How the rule stands.
    pub fn verdict(&self) -> &Verdict {
        &self.verdict
    }

    /// Matches of the trial, and those since the rule is parked.
    pub fn matches(&self) -> u64 {
        self.matches
    }

    /// Records that the rule looked at on trial, and since it is parked.
    pub fn looked_at(&self) -> u64 {
        self.records
    }

    /// Matches that are held back.
    pub fn held(&self) -> usize {
        self.held.len()
    }
}

#[cfg(test)]
mod tests;
