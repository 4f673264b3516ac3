//! Releasing: what policy allows becomes entries of a channel's log, durable before it is visible.

/// What to release.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Selection {
    /// These objects, even if they were decided before.
    Ids(Vec<String>),
    /// What these sources told since they were last released.
    Sources(Vec<String>),
    /// Everything since the last time.
    All,
}

/// What was decided about one object for one audience.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Ruled {
    /// The object's id.
    pub id: String,
    /// The agreement's id.
    pub agreement: String,
    /// The log it goes to.
    pub origin: String,
    /// The parties that may read that log.
    pub audience: Vec<String>,
    /// The decision.
    pub ruling: Ruling,
}

/// A decision as it is accounted for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Ruling {
    /// It is an entry of the log now (or would be, in a dry run).
    Released {
        /// The entry's number.
        number: u64,
        /// The clause that allowed it.
        clause: String,
        /// JSON pointers of what was taken out; empty: it goes whole.
        taken_out: Vec<String>,
        /// Whether it takes the place of an earlier form or version in this log.
        replaces: bool,
    },
    /// The log already has exactly this.
    Already {
        /// The entry's number.
        number: u64,
    },
    /// It stays here.
    Withheld {
        /// A stable word for the reason.
        code: String,
        /// The reason as a sentence.
        reason: String,
        /// The nearest clause.
        clause: Option<String>,
    },
}

/// The sums over decisions, and the heads that were signed.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ReleaseAccount {
    /// Objects decided, once for each audience.
    pub decided: u64,
    /// Entries made.
    pub released: u64,
    /// Of these, forms from which something was taken out.
    pub redacted: u64,
    /// Already released as they are.
    pub already: u64,
    /// Withheld.
    pub withheld: u64,
    /// Logs whose head was signed: name and size.
    pub heads: Vec<(String, u64)>,
}
