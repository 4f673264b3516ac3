//! Syslog lines: RFC 5424 (`<34>1 2003-10-11T22:14:15.003Z host app procid msgid [..] text`) and RFC 3164
//! (`<34>Oct 11 22:14:15 host app[1]: text`), the latter also without priority and with an ISO time, as
//! syslog daemons write them to files.

use crate::time;

/// The parts of one line.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Parts<'a> {
    pub(crate) priority: Option<u16>,
    pub(crate) time: Option<i64>,
    pub(crate) host: Option<&'a [u8]>,
    pub(crate) app: Option<&'a [u8]>,
    pub(crate) pid: Option<&'a [u8]>,
    pub(crate) message_id: Option<&'a [u8]>,
    /// Structured data (RFC 5424), brackets included.
    pub(crate) data: Option<&'a [u8]>,
    pub(crate) message: &'a [u8],
}

/// Whether a line is syslog.
pub(crate) fn is_line(line: &[u8]) -> bool {
    let (priority, rest) = priority(line);
    let timed = time::bsd_prefix(rest, None).is_some_and(|(_, rest)| rest.starts_with(b" "));
    let dated = || {
        time::iso_prefix(rest).is_some_and(|(_, after)| {
            // `2024-01-01T10:00:00 host app: text`, but not the many logs that go on otherwise.
            let mut words = after.trim_ascii_start().splitn(3, |byte| *byte == b' ');
            let host = words.next().is_some_and(is_host);
            host && words
                .next()
                .is_some_and(|app| app.ends_with(b":") && app.len() > 1)
        })
    };
    timed || (priority.is_some() && (rest.starts_with(b"1 ") || time::iso_prefix(rest).is_some())) || dated()
}

fn is_host(word: &[u8]) -> bool {
    let fits = |byte: &u8| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'-' | b'_' | b':');
    !word.is_empty() && !word.ends_with(b":") && word.iter().all(fits)
}

/// Takes a line apart; what is not there stays `None`, and the rest is the message.
pub(crate) fn parse(line: &[u8], reference: Option<i64>) -> Parts<'_> {
    let (priority, rest) = priority(line);
    let parts = match rest.strip_prefix(b"1 ") {
        Some(rest) if priority.is_some() => modern(rest),
        _ => classic(rest, reference),
    };
    Parts { priority, ..parts }
}

fn priority(line: &[u8]) -> (Option<u16>, &[u8]) {
    let parsed = line.strip_prefix(b"<").and_then(|rest| {
        let close = rest.iter().take(4).position(|byte| *byte == b'>')?;
        let digits = std::str::from_utf8(rest.get(..close)?).ok()?;
        let priority = digits.parse().ok().filter(|priority| *priority <= 191)?;
        Some((Some(priority), rest.get(close + 1..)?))
    });
    parsed.unwrap_or((None, line))
}

fn modern(text: &[u8]) -> Parts<'_> {
    let mut rest = text;
    let mut word = || {
        let end = rest.iter().position(|byte| *byte == b' ').unwrap_or(rest.len());
        let (word, after) = rest.split_at(end);
        rest = after.get(1..).unwrap_or_default();
        (word != b"-" && !word.is_empty()).then_some(word)
    };
    let time = word().and_then(time::iso);
    let (host, app, pid, message_id) = (word(), word(), word(), word());
    let end = structured_end(rest);
    let (data, message) = rest.split_at_checked(end).unwrap_or((&[], rest));
    let message = message.strip_prefix(b" ").unwrap_or(message);
    let message = message.strip_prefix(b"\xef\xbb\xbf").unwrap_or(message);
    let data = (data != b"-" && !data.is_empty()).then_some(data);
    Parts {
        priority: None,
        time,
        host,
        app,
        pid,
        message_id,
        data,
        message,
    }
}

/// Where structured data ends: `-`, or `[id name="value"]...` with `\]` in values.
fn structured_end(text: &[u8]) -> usize {
    if text.starts_with(b"-") {
        return 1;
    }
    let mut at = 0;
    while text.get(at) == Some(&b'[') {
        let mut quoted = false;
        loop {
            match text.get(at) {
                None => return text.len(),
                Some(b'\\') => at += 1,
                Some(b'"') => quoted = !quoted,
                Some(b']') if !quoted => break,
                _ => {}
            }
            at += 1;
        }
        at += 1;
    }
    at.min(text.len())
}

fn classic(text: &[u8], reference: Option<i64>) -> Parts<'_> {
    let timed = time::bsd_prefix(text, reference).or_else(|| {
        let (time, rest) = time::iso_prefix(text)?;
        Some((Some(time), rest))
    });
    let Some((time, rest)) = timed else {
        return Parts {
            message: text,
            ..Parts::default()
        };
    };
    let rest = rest.strip_prefix(b":").unwrap_or(rest).trim_ascii_start();
    let (host, rest) = match rest.iter().position(|byte| *byte == b' ') {
        // A tag ends in `:`; without a host it comes first.
        Some(space) if is_host(rest.get(..space).unwrap_or_default()) => {
            (rest.get(..space), rest.get(space + 1..).unwrap_or_default())
        }
        _ => (None, rest),
    };
    let (app, pid, message) = tag(rest);
    Parts {
        time,
        host,
        app,
        pid,
        message,
        ..Parts::default()
    }
}

/// `app[pid]: message` or `app: message`.
fn tag(text: &[u8]) -> (Option<&[u8]>, Option<&[u8]>, &[u8]) {
    let stop = |byte: &u8| matches!(byte, b':' | b'[' | b' ');
    let Some(end) = text.iter().take(64).position(stop) else {
        return (None, None, text);
    };
    let (app, rest) = text.split_at(end);
    if app.is_empty() {
        return (None, None, text);
    }
    if let Some(message) = rest.strip_prefix(b":") {
        return (Some(app), None, message.trim_ascii_start());
    }
    let bracketed = rest.strip_prefix(b"[").and_then(|rest| {
        let close = rest.iter().take(32).position(|byte| *byte == b']')?;
        let message = rest.get(close + 1..)?;
        Some((rest.get(..close)?, message.strip_prefix(b":").unwrap_or(message)))
    });
    match bracketed {
        Some((pid, message)) => (Some(app), Some(pid), message.trim_ascii_start()),
        None => (None, None, text),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn show(line: &str) -> String {
        let parts = parse(line.as_bytes(), time::iso(b"2018-12-01T00:00:00Z"));
        let text = |part: Option<&[u8]>| part.map(|part| String::from_utf8_lossy(part).into_owned());
        format!(
            "{:?} {:?} {:?} {:?} {:?} {:?} {:?} {}",
            parts.priority,
            parts.time.map(|time| time / 1_000_000),
            text(parts.host),
            text(parts.app),
            text(parts.pid),
            text(parts.message_id),
            text(parts.data),
            String::from_utf8_lossy(parts.message)
        )
    }

    #[test]
    fn both_standards_and_what_daemons_write() {
        let check = |line: &str, expected: &str| {
            assert!(is_line(line.as_bytes()), "{line}");
            assert_eq!(show(line), expected);
        };
        check(
            r#"<165>1 2018-03-24T17:15:20.003Z mymachine evntslog - ID47 [a@1 k="v \] \" ]"][b] BOMless"#,
            r#"Some(165) Some(1521911720) Some("mymachine") Some("evntslog") None Some("ID47") Some("[a@1 k=\"v \\] \\\" ]\"][b]") BOMless"#,
        );
        check(
            "<34>1 - - - - - - text",
            "Some(34) None None None None None None text",
        );
        check(
            "<34>Mar 24 17:15:20 host su: 'su root' failed",
            r#"Some(34) Some(1521911720) Some("host") Some("su") None None None 'su root' failed"#,
        );
        check(
            "Mar 24 17:15:20 host sshd[12]: text",
            r#"None Some(1521911720) Some("host") Some("sshd") Some("12") None None text"#,
        );
        check(
            "2018-03-24T17:15:20.5+00:00 host kernel: [ 0.1] up",
            r#"None Some(1521911720) Some("host") Some("kernel") None None None [ 0.1] up"#,
        );
        for other in [
            "2018-03-24 17:15:20 INFO something happened",
            "<html>",
            "Mar 24",
            "hello",
        ] {
            assert!(!is_line(other.as_bytes()), "{other}");
        }
    }
}
