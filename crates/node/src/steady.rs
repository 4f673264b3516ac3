//! Whether the clock can be believed before something is deleted by it.
//!
//! One command under a clock that is years ahead would delete everything that was ever received. So a jump ahead
//! deletes nothing until the clock has stood by it for a day. Begin at [`Node::retain_steadily`].

use entente_stix::time::Timestamp;

use crate::retain::Retained;
use crate::{Error, Node};

/// The latest time that was believed.
const BELIEVED: &str = "clock";
/// When a time too far ahead was first told, by that same clock.
const AHEAD_SINCE: &str = "clock ahead since";

const HOUR: i64 = 3_600_000_000;
/// A node that lay still for longer is asked to wait, too.
const AHEAD_MAX: i64 = 31 * 24 * HOUR;
/// How long a clock must stand by what it says.
const STEADY: i64 = 24 * HOUR;

/// What became of what is past its time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Steady {
    /// It went.
    Retained(Retained),
    /// The clock is so many microseconds ahead of when this node was last used: nothing was deleted, until it has
    /// stood by that for a day.
    Ahead(i64),
}

impl Node {
    /// Erases what is past its time at `at`, unless the clock has jumped ahead by more than a month since it was
    /// last believed.
    ///
    /// # Errors
    /// The store failed.
    pub fn retain_steadily(&self, at: Timestamp) -> Result<Steady, Error> {
        let now = at.micros();
        let Some(believed) = self.clock(BELIEVED)? else {
            self.set_clock(BELIEVED, Some(now))?;
            return Ok(Steady::Retained(self.retain(at)?));
        };
        let ahead = now.saturating_sub(believed);
        let since = self.clock(AHEAD_SINCE)?;
        if ahead > AHEAD_MAX {
            let stood = since.map(|since| now.saturating_sub(since));
            if stood.is_none_or(|stood| stood < STEADY) {
                // Anew where it went back meanwhile: then it was not steady.
                if stood.is_none_or(|stood| stood < 0) {
                    self.set_clock(AHEAD_SINCE, Some(now))?;
                }
                return Ok(Steady::Ahead(ahead));
            }
        }
        if since.is_some() {
            self.set_clock(AHEAD_SINCE, None)?;
        }
        if ahead > HOUR {
            self.set_clock(BELIEVED, Some(now))?;
        }
        Ok(Steady::Retained(self.retain(at)?))
    }

    fn clock(&self, name: &str) -> Result<Option<i64>, Error> {
        Ok(self.store.meta(name)?.and_then(|text| text.parse().ok()))
    }

    fn set_clock(&self, name: &str, micros: Option<i64>) -> Result<(), Error> {
        let text = micros.map(|micros| micros.to_string());
        Ok(self.store.set_meta(name, text.as_deref())?)
    }
}
