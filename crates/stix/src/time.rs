//! Points in time as STIX writes them: RFC 3339, UTC (STIX 2.1 §2.16).
//!
//! Kept in microseconds since 1970. What time it is now, the caller knows.

use std::fmt;

/// A point in time: microseconds since 1970-01-01T00:00:00Z.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Timestamp(i64);

/// Not a timestamp, and why.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum NotATime {
    /// Not of the form that STIX asks for.
    #[error("not a timestamp: write it as `2024-01-31T12:00:00.000Z`")]
    Form,
    /// A month, day, hour, minute or second that does not exist.
    #[error("no such {0}")]
    NoSuch(&'static str),
    /// A time zone where STIX asks for UTC.
    #[error("not in UTC: end it with `Z`")]
    NotUtc,
}

const SECOND: i64 = 1_000_000;
const DAY_SECONDS: i64 = 86_400;

impl Timestamp {
    /// From microseconds since 1970.
    pub const fn from_micros(micros: i64) -> Timestamp {
        Timestamp(micros)
    }

    /// Microseconds since 1970.
    pub const fn micros(self) -> i64 {
        self.0
    }

    /// Reads the form of STIX 2.1 §2.16: `YYYY-MM-DDTHH:mm:ss[.s+]Z`. Digits after the sixth are cut.
    pub fn parse(text: &str) -> Result<Timestamp, NotATime> {
        let (local, zone) = civil(text.as_bytes(), b"T").ok_or(NotATime::Form)??;
        match zone {
            b"Z" => Ok(local),
            _ if offset(zone).is_some() || zone == b"z" => Err(NotATime::NotUtc),
            _ => Err(NotATime::Form),
        }
    }

    /// Reads any RFC 3339 timestamp: with an offset, in lower case, with a space for the `T`.
    pub fn parse_rfc3339(text: &str) -> Result<Timestamp, NotATime> {
        let (local, zone) = civil(text.as_bytes(), b"Tt ").ok_or(NotATime::Form)??;
        let offset = offset(zone).ok_or(NotATime::Form)?;
        Ok(Timestamp(local.0 - offset * SECOND))
    }
}

/// With 3 digits after the second, or 6 where the microseconds need them.
impl fmt::Display for Timestamp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let seconds = self.0.div_euclid(SECOND);
        let micros = self.0.rem_euclid(SECOND);
        let (year, month, day) = date_of(seconds.div_euclid(DAY_SECONDS));
        let second = seconds.rem_euclid(DAY_SECONDS);
        let (hour, minute, second) = (second / 3600, second / 60 % 60, second % 60);
        if !(0..10_000).contains(&year) {
            return write!(
                f,
                "{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}.{micros:06}Z"
            );
        }
        // Digit by digit: pages and logs are full of times, and `{:02}` takes longer than the rest of a page.
        let mut text = *b"0000-00-00T00:00:00.000000";
        let pairs = [
            (0, year / 100),
            (2, year % 100),
            (5, month),
            (8, day),
            (11, hour),
            (14, minute),
            (17, second),
            (20, micros / 10_000),
            (22, micros / 100 % 100),
            (24, micros % 100),
        ];
        for (place, number) in pairs {
            if let Some([tens, ones]) = text.get_mut(place..place + 2) {
                *tens += u8::try_from(number / 10).unwrap_or(0);
                *ones += u8::try_from(number % 10).unwrap_or(0);
            }
        }
        let end = if micros % 1000 == 0 { 23 } else { 26 };
        let text = text.get(..end).unwrap_or_default();
        f.write_str(std::str::from_utf8(text).unwrap_or_default())?;
        f.write_str("Z")
    }
}

/// Date and time of day as if in UTC, and the bytes of the zone. `None` where the form is another.
fn civil<'a>(text: &'a [u8], separators: &[u8]) -> Option<Result<(Timestamp, &'a [u8]), NotATime>> {
    let (head, tail) = text.split_at_checked(19)?;
    let mut fields = [0_i64; 6];
    let layout = [(0, 4), (5, 2), (8, 2), (11, 2), (14, 2), (17, 2)];
    for (field, (from, length)) in fields.iter_mut().zip(layout) {
        *field = digits(head.get(from..from + length)?)?;
    }
    let marks = [head.get(4)?, head.get(7)?, head.get(13)?, head.get(16)?];
    if marks != [&b'-', &b'-', &b':', &b':'] || !separators.contains(head.get(10)?) {
        return None;
    }
    let (micros, zone) = fraction(tail)?;
    Some(seconds_of(fields).map(|seconds| (Timestamp(seconds * SECOND + micros), zone)))
}

fn digits(text: &[u8]) -> Option<i64> {
    let digit = |byte: &u8| byte.is_ascii_digit().then(|| i64::from(byte - b'0'));
    text.iter()
        .try_fold(0, |value, byte| Some(value * 10 + digit(byte)?))
}

/// Microseconds of `.s+`, and what follows.
fn fraction(tail: &[u8]) -> Option<(i64, &[u8])> {
    let Some(after_point) = tail.strip_prefix(b".") else {
        return Some((0, tail));
    };
    let count = after_point
        .iter()
        .take_while(|byte| byte.is_ascii_digit())
        .count();
    let (fraction, zone) = after_point.split_at_checked(count)?;
    if fraction.is_empty() {
        return None;
    }
    let kept = fraction.get(..6).unwrap_or(fraction);
    let scale = 10_i64.pow(u32::try_from(6 - kept.len()).ok()?);
    Some((digits(kept)? * scale, zone))
}

/// Seconds east of UTC.
fn offset(zone: &[u8]) -> Option<i64> {
    match zone {
        b"Z" | b"z" => Some(0),
        [sign @ (b'+' | b'-'), h1, h2, b':', m1, m2] => {
            let (hours, minutes) = (digits(&[*h1, *h2])?, digits(&[*m1, *m2])?);
            let size = hours * 3600 + minutes * 60;
            (hours < 24 && minutes < 60).then_some(if *sign == b'-' { -size } else { size })
        }
        _ => None,
    }
}

fn seconds_of([year, month, day, hour, minute, second]: [i64; 6]) -> Result<i64, NotATime> {
    if !(1..=12).contains(&month) {
        return Err(NotATime::NoSuch("month"));
    }
    if !(1..=month_days(year, month)).contains(&day) {
        return Err(NotATime::NoSuch("day"));
    }
    if hour > 23 {
        return Err(NotATime::NoSuch("hour"));
    }
    if minute > 59 {
        return Err(NotATime::NoSuch("minute"));
    }
    // A leap second is written as 23:59:60 (RFC 3339 §5.7) and counted as the second after.
    if second > 60 || (second == 60 && (hour, minute) != (23, 59)) {
        return Err(NotATime::NoSuch("second"));
    }
    Ok(days_of(year, month, day) * DAY_SECONDS + hour * 3600 + minute * 60 + second)
}

fn month_days(year: i64, month: i64) -> i64 {
    let leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
    match month {
        2 if leap => 29,
        2 => 28,
        4 | 6 | 9 | 11 => 30,
        _ => 31,
    }
}

/// Days since 1970 of a date in the proleptic Gregorian calendar. Years are counted from March, so
/// that the leap day is the last of its year, and in eras of 400 years, which all have 146,097 days.
fn days_of(year: i64, month: i64, day: i64) -> i64 {
    let year = if month <= 2 { year - 1 } else { year };
    let era = year.div_euclid(400);
    let year_of_era = year.rem_euclid(400);
    let day_of_year = (153 * ((month + 9) % 12) + 2) / 5 + day - 1;
    let day_of_era = year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year;
    era * 146_097 + day_of_era - 719_468
}

/// The inverse of [`days_of`].
fn date_of(days: i64) -> (i64, i64, i64) {
    let days = days + 719_468;
    let era = days.div_euclid(146_097);
    let day_of_era = days.rem_euclid(146_097);
    let year_of_era = (day_of_era - day_of_era / 1460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let shifted_month = (5 * day_of_year + 2) / 153;
    let day = day_of_year - (153 * shifted_month + 2) / 5 + 1;
    let month = if shifted_month < 10 {
        shifted_month + 3
    } else {
        shifted_month - 9
    };
    let year = year_of_era + era * 400 + i64::from(month <= 2);
    (year, month, day)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn check(text: &str, micros: i64) {
        assert_eq!(
            Timestamp::parse(text).map(Timestamp::micros),
            Ok(micros),
            "{text}"
        );
    }

    #[test]
    fn timestamps_of_stix_are_read() {
        check("1970-01-01T00:00:00Z", 0);
        check("1970-01-01T00:00:00.5Z", 500_000);
        check("1969-12-31T23:59:59.999999Z", -1);
        check("2016-04-06T20:03:48.123456789Z", 1_459_973_028_123_456);
        check("2000-02-29T00:00:00Z", 951_782_400_000_000);
        check("2016-12-31T23:59:60Z", 1_483_228_800_000_000);
        check("0000-01-01T00:00:00Z", -62_167_219_200_000_000);
        check("9999-12-31T23:59:59.999Z", 253_402_300_799_999_000);
    }

    #[test]
    fn what_does_not_exist_is_named() {
        for (text, what) in [
            ("2023-13-01T00:00:00Z", "month"),
            ("2023-02-29T00:00:00Z", "day"),
            ("1900-02-29T00:00:00Z", "day"),
            ("2023-04-31T00:00:00Z", "day"),
            ("2023-04-00T00:00:00Z", "day"),
            ("2023-01-01T24:00:00Z", "hour"),
            ("2023-01-01T00:60:00Z", "minute"),
            ("2023-01-01T00:00:60Z", "second"),
        ] {
            assert_eq!(Timestamp::parse(text), Err(NotATime::NoSuch(what)), "{text}");
        }
    }

    #[test]
    fn other_forms_are_refused() {
        for text in [
            "",
            "2023-01-01",
            "2023-01-01T00:00:00",
            "2023-01-01T00:00:00.Z",
            "2023-01-01 00:00:00Z",
            "2023-1-01T00:00:00Z",
            "2023-01-01T00:00:00ZZ",
            "+023-01-01T00:00:00Z",
            "2023-01-01T00:00:0éZ",
            "2023-01-01T00:00:00Z ",
        ] {
            assert_eq!(Timestamp::parse(text), Err(NotATime::Form), "{text}");
        }
        for text in [
            "2023-01-01T00:00:00z",
            "2023-01-01T00:00:00+00:00",
            "2023-01-01T00:00:00.1-05:00",
        ] {
            assert_eq!(Timestamp::parse(text), Err(NotATime::NotUtc), "{text}");
        }
    }

    #[test]
    fn offsets_are_understood_where_allowed() {
        let utc = Timestamp::parse("2023-01-01T05:30:00Z").unwrap();
        assert_eq!(Timestamp::parse_rfc3339("2023-01-01t00:00:00-05:30"), Ok(utc));
        assert_eq!(Timestamp::parse_rfc3339("2023-01-01 07:30:00+02:00"), Ok(utc));
        assert!(Timestamp::parse_rfc3339("2023-01-01 07:30:00").is_err());
    }

    proptest! {
        #[test]
        fn written_and_read_again_is_the_same(micros in -62_167_219_200_000_000_i64..253_402_300_800_000_000) {
            let time = Timestamp::from_micros(micros);
            prop_assert_eq!(Timestamp::parse(&time.to_string()), Ok(time));
        }
    }
}
