//! Instants as servers write them: RFC 3339, HTTP dates, and what JavaScript prints for a date.

use std::fmt;

use entente_stix::time::Timestamp;

/// An instant, and how finely the server tells instants apart.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Stamp {
    micros: i64,
    /// Digits after the second: 0, 3 or 6.
    digits: u8,
}

impl Stamp {
    pub(super) fn of(at: Timestamp) -> Stamp {
        Stamp {
            micros: at.micros(),
            digits: 6,
        }
    }

    /// Reads an instant in any of the forms; `None` for what is none, such as `undefined`.
    pub(super) fn read(text: &str) -> Option<Stamp> {
        const BYTES_MAX: usize = 100;
        let text = text.trim();
        if text.len() > BYTES_MAX {
            return None;
        }
        let (micros, digits) = match Timestamp::parse_rfc3339(text) {
            Ok(time) => (time.micros(), fraction_digits(text)),
            Err(_) => (in_words(text)?, 0),
        };
        Some(Stamp { micros, digits })
    }

    /// The last instant before this one that the server could tell.
    pub(super) fn before(self) -> Stamp {
        self.earlier(match self.digits {
            0 => 1_000_000,
            3 => 1_000,
            _ => 1,
        })
    }

    pub(super) fn earlier(self, micros: i64) -> Stamp {
        Stamp {
            micros: self.micros.saturating_sub(micros).max(0),
            digits: self.digits,
        }
    }

    pub(super) fn is_after(self, other: Stamp) -> bool {
        self.micros > other.micros
    }

    pub(super) fn is_at(self, other: Stamp) -> bool {
        self.micros == other.micros
    }

    pub(super) fn later_of(self, other: Stamp) -> Stamp {
        if other.is_after(self) { other } else { self }
    }

    /// Whole seconds from `at` until then, rounded up.
    pub(super) fn seconds_after(self, at: Timestamp) -> u64 {
        let micros = self.micros.saturating_sub(at.micros()).max(0);
        micros.unsigned_abs().div_ceil(1_000_000)
    }
}

/// As the server writes instants, so that it understands it.
impl fmt::Display for Stamp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let whole = Timestamp::from_micros(self.micros - self.micros.rem_euclid(1_000_000)).to_string();
        let seconds = whole.split('.').next().unwrap_or_default();
        let micros = self.micros.rem_euclid(1_000_000);
        match self.digits {
            0 => write!(f, "{seconds}Z"),
            3 => write!(f, "{seconds}.{:03}Z", micros / 1000),
            _ => write!(f, "{seconds}.{micros:06}Z"),
        }
    }
}

fn fraction_digits(text: &str) -> u8 {
    let fraction = text.split_once('.').map_or("", |(_, fraction)| fraction);
    match fraction.bytes().take_while(u8::is_ascii_digit).count() {
        0 => 0,
        1..=3 => 3,
        _ => 6,
    }
}

/// `Sun, 06 Nov 1994 08:49:37 GMT` (RFC 9110 §5.6.7), and the like with the words in another order.
fn in_words(text: &str) -> Option<i64> {
    const MONTHS: [&str; 12] = [
        "jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec",
    ];
    let (mut day, mut month, mut year, mut time, mut offset) = (None, None, None, None, 0);
    for word in text.split([' ', ',']).filter(|word| !word.is_empty()) {
        let lower = word.to_ascii_lowercase();
        let is_number = word.bytes().all(|byte| byte.is_ascii_digit());
        if is_number && word.len() <= 2 {
            day = day.or(Some(word));
        } else if is_number && word.len() == 4 {
            year = year.or(Some(word));
        } else if word.len() == 8 && word.contains(':') {
            time = time.or(Some(word));
        } else if let Some(shift) = lower.strip_prefix("gmt").filter(|shift| shift.len() == 5) {
            offset = minutes_east(shift)?;
        } else if month.is_none() {
            month = MONTHS.iter().position(|name| *name == lower);
        }
    }
    let text = format!("{}-{:02}-{:0>2}T{}Z", year?, month? + 1, day?, time?);
    let local = Timestamp::parse(&text).ok()?.micros();
    Some(local - offset * 60_000_000)
}

fn minutes_east(shift: &str) -> Option<i64> {
    let (sign, digits) = match shift.split_at_checked(1)? {
        ("+", digits) => (1, digits),
        ("-", digits) => (-1, digits),
        _ => return None,
    };
    let (hours, minutes) = digits.split_at_checked(2)?;
    let (hours, minutes): (i64, i64) = (hours.parse().ok()?, minutes.parse().ok()?);
    Some(sign * (hours * 60 + minutes))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(text: &str, expected: &str) {
        assert_eq!(
            Stamp::read(text).map(|stamp| stamp.to_string()).as_deref(),
            Some(expected),
            "{text}"
        );
    }

    #[test]
    fn instants_are_read_as_real_servers_write_them_and_told_as_finely() {
        check("2023-05-15T13:15:42.584Z", "2023-05-15T13:15:42.584Z");
        check("2024-01-17T16:11:20.183201+00:00", "2024-01-17T16:11:20.183201Z");
        check("2024-01-17T17:11:20+01:00", "2024-01-17T16:11:20Z");
        // A server of MITRE's prints what JavaScript makes of a date.
        check(
            "Thu Feb 20 2020 22:10:20 GMT+0000 (Coordinated Universal Time)",
            "2020-02-20T22:10:20Z",
        );
        check("Thu Feb 20 2020 22:10:20 GMT-0130 (x)", "2020-02-20T23:40:20Z");
        check("Sun, 06 Nov 1994 08:49:37 GMT", "1994-11-06T08:49:37Z");
        check("Sun Nov  6 08:49:37 1994", "1994-11-06T08:49:37Z");
    }

    #[test]
    fn what_is_no_instant_is_none() {
        for text in [
            "",
            "undefined",
            "null",
            "Mon Feb 31 2020 10:00:00 GMT",
            "2020",
            "Feb",
            "1700000000",
        ] {
            assert_eq!(Stamp::read(text), None, "{text}");
        }
    }

    #[test]
    fn the_instant_before_is_one_step_of_the_server_s_clock_earlier() {
        let before = |text: &str| Stamp::read(text).map(|stamp| stamp.before().to_string());
        assert_eq!(
            before("2024-01-01T00:00:00Z").as_deref(),
            Some("2023-12-31T23:59:59Z")
        );
        assert_eq!(
            before("2024-01-01T00:00:00.5Z").as_deref(),
            Some("2024-01-01T00:00:00.499Z")
        );
        assert_eq!(
            before("2024-01-01T00:00:00.0000Z").as_deref(),
            Some("2023-12-31T23:59:59.999999Z")
        );
    }
}
