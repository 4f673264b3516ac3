//! How a machine works, and what it counts.

use crate::limits;

/// How a machine works.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Settings {
    /// How much later than the newest event one may come, in microseconds; none waits for
    /// [`Machine::advance`](super::Machine::advance) and [`Machine::finish`](super::Machine::finish).
    pub lateness: Option<i64>,
    /// What becomes of a hit that comes later still.
    pub late: Late,
    /// How far back a pattern without `WITHIN` and `STOP` looks, in microseconds.
    pub look_back: i64,
    /// Most hits of one leaf that are kept to be joined.
    pub leaf_hits_max: usize,
    /// Most hits that wait for earlier ones; beyond, the earliest waits no longer.
    pub waiting_max: usize,
    /// Most groups; beyond, the one that would expire first is forgotten.
    pub groups_max: usize,
    /// Most events of all groups together; beyond, the same.
    pub events_max: usize,
    /// The key of the digests by which groups are found.
    pub seed: u64,
}

impl Default for Settings {
    fn default() -> Self {
        Settings {
            lateness: Some(limits::STATE_LATENESS_MICROS),
            late: Late::Take,
            look_back: limits::STATE_LOOK_BACK_MICROS,
            leaf_hits_max: limits::STATE_LEAF_HITS_MAX,
            waiting_max: limits::STATE_WAITING_MAX,
            groups_max: limits::STATE_GROUPS_MAX,
            events_max: limits::STATE_EVENTS_MAX,
            seed: 0,
        }
    }
}

/// What becomes of a hit that comes later than is waited for. It is counted in any case.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum Late {
    /// It counts in what is still kept; matches by it are marked late. Other matches stay as they were.
    #[default]
    Take,
    /// Nothing.
    Leave,
}

/// What happened so far.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Counters {
    /// Hits that something listens to.
    pub hits: u64,
    /// Hits of an event that was there already.
    pub duplicates: u64,
    /// Hits that came later than is waited for.
    pub late: u64,
    /// Of those that came late, and were taken: times that one came after the end of its window.
    pub lost: u64,
    /// Hits of events that are ahead of the clock ([`Machine::not_after`](super::Machine::not_after)); they are not taken.
    pub ahead: u64,
    /// Hits that waited no longer because too many were waiting.
    pub pressed: u64,
    /// Times that a field of `group-by` was missing; the event does not count there.
    pub ungrouped: u64,
    /// Times that a field to be measured was missing or no number; the event does not count there.
    pub unmeasured: u64,
    /// Groups that were forgotten before their time.
    pub evicted: u64,
    /// Events that were forgotten before their time, as their group had too many.
    pub capped: u64,
    /// Times that the hits of a pattern were not joined, or not to the end, for the work that it is.
    pub unjoined: u64,
    /// Matches.
    pub matches: u64,
}
