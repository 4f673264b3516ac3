//! Times as logs write them, to microseconds since 1970 UTC. No clock: what a log leaves out (the year of an
//! RFC 3164 time) is taken from a reference that the caller gives.

const SECOND: i64 = 1_000_000;
const DAY: i64 = 86_400 * SECOND;

/// RFC 3339 and its relatives: `2018-03-24T17:15:20.866586Z`, `2018-03-24 17:15:20,8 +02:00`,
/// `2018-03-24T14:37:19.037299-0600`. Without an offset the time is taken as UTC.
pub(crate) fn iso(text: &[u8]) -> Option<i64> {
    iso_prefix(text.trim_ascii()).and_then(|(time, rest)| rest.trim_ascii().is_empty().then_some(time))
}

/// An ISO time at the beginning of a text, and what follows it.
pub(crate) fn iso_prefix(text: &[u8]) -> Option<(i64, &[u8])> {
    let (year, rest) = number(text, 4)?;
    let separator = *rest.first().filter(|byte| matches!(byte, b'-' | b'/'))?;
    let (month, rest) = number(rest.strip_prefix(&[separator])?, 2)?;
    let (day, rest) = number(rest.strip_prefix(&[separator])?, 2)?;
    let (b'T' | b't' | b' ', rest) = rest.split_first().map(|(byte, rest)| (*byte, rest))? else {
        return None;
    };
    let (clock, rest) = clock(rest)?;
    let (offset, rest) = offset(rest);
    Some((date(year, month, day)? + clock - offset, rest))
}

/// `17:15:20.866586` to microseconds of the day.
fn clock(text: &[u8]) -> Option<(i64, &[u8])> {
    let (hour, rest) = number(text, 2)?;
    let (minute, rest) = number(rest.strip_prefix(b":")?, 2)?;
    let (second, rest) = number(rest.strip_prefix(b":")?, 2)?;
    if hour > 23 || minute > 59 || second > 60 {
        return None;
    }
    let whole = (hour * 3600 + minute * 60 + second) * SECOND;
    let Some((b'.' | b',', digits)) = rest.split_first().map(|(byte, rest)| (*byte, rest)) else {
        return Some((whole, rest));
    };
    let (fraction, rest) = fraction(digits)?;
    Some((whole + fraction, rest))
}

/// Digits after the point to microseconds; finer ones are cut.
fn fraction(digits: &[u8]) -> Option<(i64, &[u8])> {
    let count = digits.iter().take_while(|byte| byte.is_ascii_digit()).count();
    let (digits, rest) = digits.split_at_checked(count)?;
    let six = digits.iter().copied().chain(std::iter::repeat(b'0')).take(6);
    let micros = six.fold(0, |value, digit| value * 10 + i64::from(digit - b'0'));
    (count > 0).then_some((micros, rest))
}

/// `Z`, `+02:00`, `-0600`, ` +0200`, or nothing.
fn offset(text: &[u8]) -> (i64, &[u8]) {
    if let Some(rest) = text.strip_prefix(b"Z").or_else(|| text.strip_prefix(b"z")) {
        return (0, rest);
    }
    let signed = text.strip_prefix(b" ").unwrap_or(text);
    let sign = match signed.first() {
        Some(b'+') => 1,
        Some(b'-') => -1,
        _ => return (0, text),
    };
    let parsed = signed.get(1..).and_then(|rest| {
        let (hours, rest) = number(rest, 2)?;
        let (minutes, rest) = number(rest.strip_prefix(b":").unwrap_or(rest), 2)?;
        (hours < 24 && minutes < 60).then_some((sign * (hours * 3600 + minutes * 60) * SECOND, rest))
    });
    parsed.unwrap_or((0, text))
}

/// Seconds since 1970 with a fraction (`1588205199.82437`), or milli-, micro- or nanoseconds since then, told
/// apart by their size.
pub(crate) fn epoch(text: &[u8]) -> Option<i64> {
    let text = text.trim_ascii();
    let count = text.iter().take_while(|byte| byte.is_ascii_digit()).count();
    if count == 0 || count > 19 {
        return None;
    }
    let (digits, rest) = text.split_at_checked(count)?;
    let whole = digits.iter().try_fold(0i64, |value, digit| {
        value.checked_mul(10)?.checked_add(i64::from(digit - b'0'))
    })?;
    if count >= 18 {
        return Some(whole / 1_000);
    }
    if count >= 15 {
        return Some(whole);
    }
    if count >= 12 {
        return Some(whole * 1_000);
    }
    match rest.split_first() {
        None => Some(whole * SECOND),
        Some((b'.', digits)) => {
            let (fraction, rest) = fraction(digits)?;
            rest.is_empty().then_some(whole * SECOND + fraction)
        }
        Some(_) => None,
    }
}

/// A time as logs write it, in microseconds since 1970 UTC: ISO 8601 and its relatives (without an offset taken as
/// UTC), or seconds, milli-, micro- or nanoseconds since 1970.
pub fn any(text: &[u8]) -> Option<i64> {
    iso(text).or_else(|| epoch(text))
}

/// `Mar 24 17:15:20` (RFC 3164), perhaps with a year after the day or after the time, and what follows. The
/// year is the latest that does not put the record more than a day after `reference`.
pub(crate) fn bsd_prefix(text: &[u8], reference: Option<i64>) -> Option<(Option<i64>, &[u8])> {
    const MONTHS: &[u8] = b"JanFebMarAprMayJunJulAugSepOctNovDec";
    let (name, rest) = text.split_at_checked(3)?;
    let month = MONTHS
        .chunks_exact(3)
        .position(|month| month.eq_ignore_ascii_case(name))?;
    let month = i64::try_from(month).ok()? + 1;
    let rest = rest.strip_prefix(b" ")?;
    let rest = rest.strip_prefix(b" ").unwrap_or(rest);
    let digits = rest.iter().take_while(|byte| byte.is_ascii_digit()).count();
    let (day, rest) = number(rest, digits.clamp(1, 2))?;
    let rest = rest.strip_prefix(b" ")?;
    let (year, rest) = match number(rest, 4).filter(|(_, rest)| rest.starts_with(b" ")) {
        Some((year, rest)) => (Some(year), rest.strip_prefix(b" ")?),
        None => (None, rest),
    };
    let (clock, rest) = clock(rest)?;
    date(2000, month, day)?;
    let time = match year {
        Some(year) => date(year, month, day).map(|day| day + clock),
        None => reference.and_then(|reference| latest_before(reference, month, day, clock)),
    };
    Some((time, rest))
}

fn latest_before(reference: i64, month: i64, day: i64, clock: i64) -> Option<i64> {
    // The year of the reference or up to eight before it: far enough for 29 February.
    let year = 1970 + reference.div_euclid(31_556_952 * SECOND) + 1;
    (year - 9..=year).rev().find_map(|year| {
        let time = date(year, month, day)? + clock;
        (time <= reference.saturating_add(DAY)).then_some(time)
    })
}

/// `24/Mar/2018:17:15:20 -0600`, as web servers write it.
pub(crate) fn web(text: &[u8]) -> Option<i64> {
    const MONTHS: &[u8] = b"JanFebMarAprMayJunJulAugSepOctNovDec";
    let (day, rest) = number(text, 2)?;
    let (name, rest) = rest.strip_prefix(b"/")?.split_at_checked(3)?;
    let month = MONTHS.chunks_exact(3).position(|month| month == name)?;
    let (year, rest) = number(rest.strip_prefix(b"/")?, 4)?;
    let (clock, rest) = clock(rest.strip_prefix(b":")?)?;
    let (offset, _) = offset(rest);
    Some(date(year, i64::try_from(month).ok()? + 1, day)? + clock - offset)
}

/// Midnight of a day, in microseconds since 1970.
fn date(year: i64, month: i64, day: i64) -> Option<i64> {
    let leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
    let days = match month {
        4 | 6 | 9 | 11 => 30,
        2 => 28 + i64::from(leap),
        1..=12 => 31,
        _ => return None,
    };
    if !(1..=days).contains(&day) {
        return None;
    }
    // Days since 1970 by counting years from March, so that the leap day is the year's last.
    let year = if month <= 2 { year - 1 } else { year };
    let era = year.div_euclid(400);
    let year_of_era = year.rem_euclid(400);
    let day_of_year = (153 * ((month + 9) % 12) + 2) / 5 + day - 1;
    let day_of_era = year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year;
    Some((era * 146_097 + day_of_era - 719_468) * DAY)
}

fn number(text: &[u8], digits: usize) -> Option<(i64, &[u8])> {
    let (digits, rest) = text.split_at_checked(digits)?;
    let value = digits.iter().try_fold(0, |value, digit| {
        digit
            .is_ascii_digit()
            .then(|| value * 10 + i64::from(digit - b'0'))
    })?;
    Some((value, rest))
}

#[cfg(test)]
mod tests {
    use super::*;

    const T: i64 = 1_521_911_720_866_586;

    #[test]
    fn iso_times_with_their_offsets() {
        assert_eq!(iso(b"2018-03-24T17:15:20.866586Z"), Some(T));
        assert_eq!(iso(b"2018-03-24T11:15:20.866586-0600"), Some(T));
        assert_eq!(iso(b"2018-03-24 19:15:20.8665869 +02:00"), Some(T));
        assert_eq!(iso(b"2018-03-24T17:15:20"), Some(T - 866_586));
        assert_eq!(iso(b"1969-12-31T23:59:59Z"), Some(-1_000_000));
        assert_eq!(iso(b"2020-02-29T00:00:00Z"), Some(1_582_934_400_000_000));
        for bad in [
            "2019-02-29T00:00:00Z",
            "2018-13-01T00:00:00",
            "2018-03-24",
            "2018-03-24T25:00:00",
            "-",
        ] {
            assert_eq!(iso(bad.as_bytes()), None, "{bad}");
        }
    }

    #[test]
    fn epochs_by_their_size() {
        assert_eq!(epoch(b"1521911720.866586"), Some(T));
        assert_eq!(epoch(b"1521911720"), Some(T - 866_586));
        assert_eq!(epoch(b"1521911720866"), Some(T - 586));
        assert_eq!(epoch(b"1521911720866586"), Some(T));
        assert_eq!(epoch(b"1521911720866586123"), Some(T));
        assert_eq!(epoch(b"15.x"), None);
        assert_eq!(epoch(b""), None);
    }

    #[test]
    fn syslog_year_comes_from_the_reference() {
        let year = |reference: &[u8], text: &[u8]| bsd_prefix(text, iso(reference)).unwrap().0;
        assert_eq!(
            year(b"2018-04-01T00:00:00Z", b"Mar 24 17:15:20 x"),
            Some(T - 866_586)
        );
        assert_eq!(
            year(b"2018-01-02T00:00:00Z", b"Dec 31 23:59:59"),
            iso(b"2017-12-31T23:59:59Z")
        );
        assert_eq!(
            year(b"2018-12-31T23:59:59Z", b"Jan  1 00:00:09"),
            iso(b"2019-01-01T00:00:09Z")
        );
        assert_eq!(
            year(b"2023-01-01T00:00:00Z", b"Feb 29 00:00:00"),
            iso(b"2020-02-29T00:00:00Z")
        );
        assert_eq!(
            bsd_prefix(b"Mar 24 17:15:20 x", None).unwrap(),
            (None, &b" x"[..])
        );
        assert_eq!(
            bsd_prefix(b"Mar  4 2018 17:15:20:", None).unwrap().0,
            iso(b"2018-03-04T17:15:20Z")
        );
        assert_eq!(bsd_prefix(b"Mar 34 17:15:20", None), None);
        assert_eq!(bsd_prefix(b"Foo 24 17:15:20", None), None);
    }

    #[test]
    fn web_server_times() {
        assert_eq!(web(b"24/Mar/2018:11:15:20 -0600"), Some(T - 866_586));
    }
}
