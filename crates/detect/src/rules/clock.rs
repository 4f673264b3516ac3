//! Parts of a time as it is written: no zone is converted.

use super::TimePart;

/// One part of the time that a text begins with: `2025-10-25T13:44:33`, with a blank for the `T`, with `/` for
/// the `-`, or a date alone, which has no hour and no minute.
pub(super) fn part(text: &str, part: TimePart) -> Option<i64> {
    let text = text.trim_ascii().as_bytes();
    let (year, rest) = number(text, 4)?;
    let separator = *rest.first().filter(|byte| matches!(byte, b'-' | b'/'))?;
    let (month, rest) = number(rest.strip_prefix(&[separator])?, 2)?;
    let (day, rest) = number(rest.strip_prefix(&[separator])?, 2)?;
    if !(1..=12).contains(&month) || !(1..=days_of(year, month)).contains(&day) {
        return None;
    }
    match part {
        TimePart::Year => Some(year),
        TimePart::Month => Some(month),
        TimePart::Day => Some(day),
        TimePart::Week => Some(week(year, month, day)),
        TimePart::Hour => clock(rest).map(|(hour, _)| hour),
        TimePart::Minute => clock(rest).map(|(_, minute)| minute),
    }
}

fn clock(text: &[u8]) -> Option<(i64, i64)> {
    let (b'T' | b't' | b' ', text) = text.split_first()? else {
        return None;
    };
    let (hour, rest) = number(text, 2)?;
    let (minute, _) = number(rest.strip_prefix(b":")?, 2)?;
    (hour < 24 && minute < 60).then_some((hour, minute))
}

fn number(text: &[u8], digits: usize) -> Option<(i64, &[u8])> {
    let (digits, rest) = text.split_at_checked(digits)?;
    let mut value = 0;
    for digit in digits {
        value = value * 10 + i64::from((*digit as char).to_digit(10)?);
    }
    Some((value, rest))
}

fn is_leap(year: i64) -> bool {
    year % 4 == 0 && (year % 100 != 0 || year % 400 == 0)
}

fn days_of(year: i64, month: i64) -> i64 {
    match month {
        2 if is_leap(year) => 29,
        2 => 28,
        4 | 6 | 9 | 11 => 30,
        _ => 31,
    }
}

/// Week of the year: the one with the year's first Thursday is the first (ISO 8601).
fn week(year: i64, month: i64, day: i64) -> i64 {
    let day_of_year = (1..month).map(|month| days_of(year, month)).sum::<i64>() + day;
    // Monday is 1.
    let weekday = (weekday_before_year(year) + day_of_year - 1) % 7 + 1;
    match (day_of_year - weekday + 10) / 7 {
        0 => weeks_of(year - 1),
        week if week > weeks_of(year) => 1,
        week => week,
    }
}

/// Day of the week of the last 31 December before the year, Monday being 1 (and Sunday 0).
fn weekday_before_year(year: i64) -> i64 {
    let before = year - 1;
    (before + before.div_euclid(4) - before.div_euclid(100) + before.div_euclid(400)).rem_euclid(7)
}

/// 53 for years that start on a Thursday, or end on one.
fn weeks_of(year: i64) -> i64 {
    let starts = (weekday_before_year(year) + 1) % 7;
    let ends = (weekday_before_year(year + 1)) % 7;
    if starts == 4 || ends == 4 { 53 } else { 52 }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parts_are_those_written() {
        let check = |text: &str, expected: [Option<i64>; 6]| {
            let parts = [
                TimePart::Year,
                TimePart::Month,
                TimePart::Day,
                TimePart::Week,
                TimePart::Hour,
                TimePart::Minute,
            ];
            assert_eq!(parts.map(|each| part(text, each)), expected, "{text}");
        };
        let all = |parts: [i64; 6]| parts.map(Some);
        check("2025-10-25T13:44:33.440907Z", all([2025, 10, 25, 43, 13, 44]));
        check("2025-10-25 13:44:33.433", all([2025, 10, 25, 43, 13, 44]));
        check("2024/02/29 00:00", all([2024, 2, 29, 9, 0, 0]));
        check("2021-01-03", [Some(2021), Some(1), Some(3), Some(53), None, None]);
        check("2023-02-29T00:00:00", [None; 6]);
        check("yesterday", [None; 6]);
        check("", [None; 6]);
    }

    #[test]
    fn weeks_are_those_of_iso_8601() {
        let check = |text: &str, week| assert_eq!(part(text, TimePart::Week), Some(week), "{text}");
        check("2005-01-01", 53);
        check("2005-01-02", 53);
        check("2005-12-31", 52);
        check("2006-01-01", 52);
        check("2006-01-02", 1);
        check("2007-01-01", 1);
        check("2007-12-30", 52);
        check("2007-12-31", 1);
        check("2008-12-28", 52);
        check("2008-12-29", 1);
        check("2009-12-31", 53);
        check("2010-01-03", 53);
        check("2026-12-31", 53);
    }
}
