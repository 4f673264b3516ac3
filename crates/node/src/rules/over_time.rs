//! What several records together satisfy: correlations, and STIX patterns over several observations.

/// How records satisfied something together.
#[derive(Clone, Debug, PartialEq)]
pub struct OverTime {
    /// What they have in common: the fields of `group-by` with their values. Those of a pattern are of one machine.
    pub group: Vec<(String, Option<String>)>,
    /// What was counted or measured; none where rules or comparisons only had to be met.
    pub measure: Option<f64>,
    /// The last of the records, by time; at most [`RECORDS_TOLD_MAX`](crate::limits::RECORDS_TOLD_MAX).
    pub records: Vec<Together>,
    /// How many there were before those.
    pub untold: u64,
    /// It was known only by a record that came later than is waited for.
    pub is_late: bool,
    /// A bound was met before: it may rest on less than what was seen.
    pub is_incomplete: bool,
}

/// One of the records.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Together {
    /// Its time, microseconds since 1970 UTC.
    pub time: i64,
    /// The input and the line, where they are still known: a watch that went on after a pause knows only those since.
    pub place: Option<(String, u64)>,
    /// What it satisfies: the title of a rule, or a comparison.
    pub what: String,
    /// What was met in it, or what was counted of it.
    pub parts: Vec<super::Part>,
}

impl OverTime {
    /// What it is, in a few words.
    pub fn in_words(&self) -> String {
        let count = self.untold + self.records.len() as u64;
        let (Some(first), Some(last)) = (self.records.first(), self.records.last()) else {
            return "over time".to_owned();
        };
        let seconds = last.time.saturating_sub(first.time) / 1_000_000;
        let were = match self.untold {
            0 => "together",
            _ => "together, the last of them",
        };
        let measured = match self.measure {
            Some(measure) => format!(", measured {measure}"),
            None => String::new(),
        };
        let noun = if count == 1 { "record" } else { "records" };
        format!("{count} {noun} {were} within {seconds} s{measured}")
    }
}
