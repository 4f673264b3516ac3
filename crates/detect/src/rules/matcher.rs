//! One row against all leaves.

use super::Row;
use super::compile::{Rules, Table};
use super::effort::{Over, Spending};
use super::facts::{Facts, Fields, Seen};

/// What one thread needs to evaluate rows. It may go from [`Rules`] to [`Rules`].
#[derive(Debug, Default)]
pub struct Matcher {
    hits: Vec<u32>,
    gates: Vec<u32>,
    candidates: Candidates,
    fields: Fields,
    facts: Facts,
    /// By leaf, how often it was decided.
    decided: Vec<u64>,
    /// By table, how many rows its gate let through.
    passed: Vec<u64>,
    spending: Spending,
}

/// A test that took more than is allowed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Exhausted {
    /// The regular expression, or the comparison in words.
    pub source: String,
    /// The leaf that was passed over, as its work was more than its share; none where one expression took more steps
    /// than the limit over one value, and was taken not to match it.
    pub leaf: Option<u32>,
    /// How often: rows, or values.
    pub times: u64,
}

/// Leaves worth deciding, each once.
#[derive(Debug, Default)]
struct Candidates {
    leaves: Vec<u32>,
    /// By leaf, the pass in which it was last added.
    added: Vec<u32>,
    /// By probe of the table at hand, the pass in which it last answered.
    answered: Vec<u32>,
    /// Counts the tables gone through.
    pass: u32,
}

impl Rules {
    /// The numbers of the leaves that hold for the row, ascending. Fields are numbered by [`Rules::names`].
    pub fn matching<'m>(&self, row: &Row<'_>, matcher: &'m mut Matcher) -> &'m [u32] {
        matcher.begin(self, row);
        let Matcher {
            hits,
            gates,
            candidates,
            fields,
            facts,
            decided,
            passed,
            spending,
        } = matcher;
        hits.clear();
        if decided.len() < self.len() {
            decided.resize(self.len(), 0);
        }
        if passed.len() < self.tables.len() {
            passed.resize(self.tables.len(), 0);
        }
        let mut pass = |table: usize| {
            if let Some(passed) = passed.get_mut(table) {
                *passed += 1;
            }
        };
        spending.begin(self.len(), fields.bytes);
        candidates.begin(self.len().max(self.tables.len()), self.most_probes);
        let mut seen = Seen {
            rules: self,
            row,
            fields,
            facts,
        };
        candidates.collect(&self.gate_table, &mut seen);
        gates.clear();
        gates.extend(candidates.leaves.iter().chain(&self.gate_table.always));
        let mut decide = |table: &Table, seen: &mut Seen<'_, '_>| {
            candidates.collect(table, seen);
            for leaf in candidates.leaves.iter().chain(&table.always) {
                let Some(left) = spending.left(*leaf) else {
                    continue;
                };
                if let Some(decided) = decided.get_mut(*leaf as usize) {
                    *decided += 1;
                }
                seen.facts.effort.begin(left);
                let holds = seen.holds(self.leaves.get(*leaf as usize).copied().unwrap_or_default());
                spending.note(*leaf, &seen.facts.effort);
                if holds && !seen.facts.effort.is_cut {
                    hits.push(*leaf);
                }
            }
        };
        if let Some(table) = self.tables.first() {
            pass(0);
            decide(table, &mut seen);
        }
        for number in gates.iter() {
            let Some(table) = self.tables.get(*number as usize) else {
                continue;
            };
            // Gates are of many leaves, and no leaf's work.
            seen.facts.effort.begin(u64::MAX);
            if seen.holds(table.gate) {
                pass(*number as usize);
                decide(table, &mut seen);
            }
        }
        hits.sort_unstable();
        hits
    }

    /// Takes out what took too much since the last call; leaves to which something is left are decided again from here
    /// on. To be called when a batch ends: which leaves are passed over, and from which row on, depends on the rows that
    /// the matcher saw and on nothing else.
    pub fn exhausted(&self, matcher: &mut Matcher) -> Vec<Exhausted> {
        let told = |atom: u32, leaf, times| {
            let ready = self.conditions.atoms.get(atom as usize);
            let source = ready.map(|ready| match ready.atom.test.source() {
                Some(expression) => expression.to_owned(),
                None => ready.atom.to_string(),
            });
            Exhausted {
                source: source.unwrap_or_default(),
                leaf,
                times,
            }
        };
        let expressions = std::mem::take(&mut matcher.facts.exhausted).into_iter();
        let expressions = expressions.map(|(atom, times)| told(atom, None, times));
        let leaves = matcher.spending.take().into_iter();
        let leaves = leaves.map(|Over { leaf, atom, times }| told(atom, Some(leaf), times));
        expressions.chain(leaves).collect()
    }
}

impl Matcher {
    /// An empty one.
    pub fn new() -> Self {
        Matcher::default()
    }

    /// Passes a leaf over until the next [`Rules::exhausted`], which does not name it for that.
    pub fn rest(&mut self, leaf: u32) {
        self.spending.rest(leaf);
    }

    fn begin(&mut self, rules: &Rules, row: &Row<'_>) {
        self.fields.begin(rules.names.len(), row);
        self.facts
            .begin(rules.conditions.nodes.len(), row.len(), self.fields.row());
    }

    /// Looks at a row, without asking any index.
    pub(super) fn see<'a, 'r>(&'a mut self, rules: &'a Rules, row: &'a Row<'r>) -> Seen<'a, 'r> {
        self.begin(rules, row);
        self.facts.effort.begin(u64::MAX);
        Seen {
            rules,
            row,
            fields: &self.fields,
            facts: &mut self.facts,
        }
    }

    /// Takes out how many rows each gate let through since the last call: how many rows the leaves behind it
    /// ([`Rules::gate_of`]) looked at. To be asked before the matcher goes to other [`Rules`].
    pub fn take_passed(&mut self) -> Vec<u64> {
        std::mem::take(&mut self.passed)
    }

    /// How often each leaf was decided, over all rows: what the index could not rule out.
    pub fn decided(&self) -> &[u64] {
        &self.decided
    }
}

impl Candidates {
    fn begin(&mut self, leaves: usize, probes: usize) {
        if self.pass > u32::MAX / 2 {
            *self = Candidates::default();
        }
        if self.added.len() < leaves {
            self.added.resize(leaves, 0);
        }
        if self.answered.len() < probes {
            self.answered.resize(probes, 0);
        }
    }

    /// Asks a table's probes; what they stand for is then in `leaves`.
    fn collect(&mut self, table: &Table, seen: &mut Seen<'_, '_>) {
        self.pass += 1;
        self.leaves.clear();
        for (field, index) in &table.fields {
            let mut next = seen.fields.first(*field);
            if next.is_some() {
                for probe in &index.present {
                    self.answer(table, *probe);
                }
            }
            while let Some(value) = next {
                seen.ask(index, value, |probe| self.answer(table, probe));
                next = seen.fields.after(value);
            }
        }
        if let Some(index) = &table.every {
            for value in 0..seen.row.len() {
                for probe in &index.present {
                    self.answer(table, *probe);
                }
                seen.ask(index, value, |probe| self.answer(table, probe));
            }
        }
    }

    #[inline]
    fn answer(&mut self, table: &Table, probe: u32) {
        match self.answered.get_mut(probe as usize) {
            Some(answered) if *answered != self.pass => *answered = self.pass,
            _ => return,
        }
        let Some(range) = table.probes.get(probe as usize) else {
            return;
        };
        for leaf in table
            .candidates
            .get(range.start as usize..range.end as usize)
            .unwrap_or_default()
        {
            if let Some(added) = self.added.get_mut(*leaf as usize)
                && *added != self.pass
            {
                *added = self.pass;
                self.leaves.push(*leaf);
            }
        }
    }
}
