//! What a log is, by its beginning.

use crate::fields::Schema;
use crate::{Format, csv, fields, json, syslog};

/// How the text is to be cut into records.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Framing {
    /// JSON, a record a line.
    JsonLines,
    /// JSON objects that span lines: in a list, or one after the other.
    JsonValues,
    Tsv,
    Csv {
        separator: u8,
    },
    Syslog,
    Text,
    Evtx,
}

/// What was tried, for the error.
pub(crate) const TRIED: &str = "gzip, zstd, EVTX, Zeek TSV, JSON (Zeek, EVE, Windows, ECS, OCSF, other), CSV, \
                                syslog, text";

/// The format and framing of a log with this beginning, or what it is instead.
pub(crate) fn sniff(head: &[u8], is_whole: bool) -> Result<(Format, Framing), String> {
    if head.starts_with(b"ElfFile\0") {
        return Ok((Format::Evtx, Framing::Evtx));
    }
    if let Some(what) = known_other(head) {
        return Err(what.to_string());
    }
    if let Some(what) = binary(head) {
        return Err(what.to_string());
    }
    if let Some(found) = tsv(head) {
        return Ok(found);
    }
    if let Some(found) = json_like(head) {
        return Ok(found);
    }
    let lines = Lines(head, is_whole);
    if lines.iter().take(5).any(syslog::is_line) {
        return Ok((Format::Syslog, Framing::Syslog));
    }
    if let Some(separator) = csv_separator(&lines, head) {
        return Ok((Format::Csv, Framing::Csv { separator }));
    }
    Ok((Format::Text, Framing::Text))
}

/// Lines that are not blank; of a cut head, without the last.
struct Lines<'a>(&'a [u8], bool);

impl<'a> Lines<'a> {
    fn iter(&self) -> impl Iterator<Item = &'a [u8]> {
        let head = self.0;
        let end = match (self.1, memchr::memrchr(b'\n', head)) {
            (false, Some(end)) => end,
            _ => head.len(),
        };
        let lines = head.get(..end).unwrap_or(head).split(|byte| *byte == b'\n');
        lines
            .map(|line| line.strip_suffix(b"\r").unwrap_or(line))
            .filter(|line| !line.trim_ascii().is_empty())
    }
}

fn known_other(head: &[u8]) -> Option<&'static str> {
    let is = |magic: &[u8]| head.starts_with(magic);
    if is(b"PK\x03\x04") {
        return Some("it is a zip archive; unpack it first");
    }
    if is(b"\xfd7zXZ\0") || is(b"BZh") || is(b"7z\xbc\xaf") || is(b"\x04\x22\x4d\x18") {
        return Some(
            "it is compressed in a way that is not read here (only gzip and zstd are); unpack it first",
        );
    }
    if is(b"PAR1") {
        return Some("it is a Parquet file");
    }
    if [
        &b"\xd4\xc3\xb2\xa1"[..],
        b"\xa1\xb2\xc3\xd4",
        b"\x0a\x0d\x0d\x0a",
        b"\x4d\x3c\xb2\xa1",
    ]
    .into_iter()
    .any(is)
    {
        return Some("it is a packet capture; let Zeek or Suricata make logs of it");
    }
    if is(b"SQLite format 3\0") {
        return Some("it is an SQLite database");
    }
    if is(b"\x1f\x8b") || is(b"\x28\xb5\x2f\xfd") {
        return Some("it is compressed twice; unpack it once");
    }
    if is(b"\x30\x00\x00\x00LfLe") {
        return Some("it is a Windows event log of the old form (.evt); convert it to .evtx");
    }
    if head.get(257..262) == Some(b"ustar") {
        return Some("it is a tar archive; unpack it first");
    }
    None
}

fn binary(head: &[u8]) -> Option<&'static str> {
    let odd = |byte: &&u8| matches!(byte, 0..=8 | 14..=26 | 28..=31 | 127);
    let zeros = head.iter().filter(|byte| **byte == 0).count();
    if zeros * 10 > head.len() * 3 {
        let nuls = |parity: usize| {
            head.iter()
                .skip(parity)
                .step_by(2)
                .filter(|byte| **byte == 0)
                .count()
        };
        if nuls(0).min(nuls(1)) * 10 < zeros {
            return Some(
                "it seems to be UTF-16 without a byte order mark; convert it to UTF-8 (iconv -f UTF-16LE)",
            );
        }
    }
    (head.iter().filter(odd).count() * 20 > head.len()).then_some("it is binary data of no known kind")
}

fn tsv(head: &[u8]) -> Option<(Format, Framing)> {
    let starts: [&[u8]; 6] = [
        b"#separator ",
        b"#fields\t",
        b"#set_separator",
        b"#path\t",
        b"#empty_field",
        b"#unset_field",
    ];
    let starts = starts.into_iter().any(|start| head.starts_with(start));
    let has_fields = || memchr::memmem::find(head, b"\n#fields").is_some() || head.starts_with(b"#fields");
    (starts && has_fields()).then_some((Format::ZeekTsv, Framing::Tsv))
}

fn json_like(head: &[u8]) -> Option<(Format, Framing)> {
    let text = head.trim_ascii_start();
    match text.first()? {
        b'{' => {
            let framing = if spans_lines(text) {
                Framing::JsonValues
            } else {
                Framing::JsonLines
            };
            Some((schema_format(text), framing))
        }
        b'[' => {
            let inside = text.get(1..)?.trim_ascii_start();
            matches!(inside.first(), None | Some(b'{' | b']'))
                .then(|| (schema_format(inside), Framing::JsonValues))
        }
        _ => None,
    }
}

/// Whether a first object goes on beyond its first line, as against being a broken line.
fn spans_lines(text: &[u8]) -> bool {
    let Some(end) = memchr::memchr(b'\n', text) else {
        return false;
    };
    let (line, rest) = text.split_at(end);
    let mut tree = json::Tree::default();
    if tree.read(line, 0, line.len()).is_ok() {
        return false;
    }
    // A second line that is an object of its own shows that the first was just broken.
    let second = rest.trim_ascii_start();
    let second = second.split(|byte| *byte == b'\n').next().unwrap_or_default();
    if second.starts_with(b"{") {
        return false;
    }
    matches!(line.trim_ascii_end().last(), Some(b'{' | b',' | b'[' | b':'))
}

/// The format by the keys of the first object, which may be cut.
fn schema_format(text: &[u8]) -> Format {
    let mut tree = json::Tree::default();
    // What was read before a fault or the cut is enough to know the keys.
    let _ = tree.read(text, 0, text.len());
    let keys = tree
        .top_key_spans()
        .filter_map(|(start, end)| text.get(start..end));
    let keys: Vec<&[u8]> = keys.collect();
    let log = keys
        .iter()
        .find(|key| matches!(**key, b"_path" | b"@stream"))
        .copied();
    match fields::infer(keys.iter().copied(), log) {
        Schema::Zeek(_) => Format::ZeekJson,
        Schema::Eve => Format::Eve,
        Schema::Windows => Format::WindowsJson,
        Schema::Ecs => Format::Ecs,
        Schema::Ocsf => Format::Ocsf,
        Schema::Generic => Format::Json,
    }
}

fn csv_separator(lines: &Lines<'_>, head: &[u8]) -> Option<u8> {
    let header = lines.iter().next()?;
    // The order decides where several would do.
    [b',', b';', b'\t', b'|']
        .into_iter()
        .find(|separator| is_csv(header, head, *separator))
}

/// Whether the first line names columns and the first records have as many cells.
fn is_csv(header: &[u8], head: &[u8], separator: u8) -> bool {
    let names = csv::Header::read(header, separator).names;
    let is_name = |name: &String| {
        let letters = name.bytes().filter(u8::is_ascii_alphabetic).count();
        letters > 0
            && name.len() <= 64
            && name
                .chars()
                .all(|c| c.is_alphanumeric() || " _-.()/#:@$%".contains(c))
    };
    if names.len() < 2 || !names.iter().all(is_name) {
        return false;
    }
    let mut cells = Vec::new();
    let mut at = memchr::memchr(b'\n', head).map_or(head.len(), |end| end + 1);
    let mut rows = 0;
    while let Some(end) = csv::record_end(head, at, separator) {
        let row_end = if head.get(end.wrapping_sub(1)) == Some(&b'\r') {
            end - 1
        } else {
            end
        };
        if row_end > at {
            if csv::split(head, at, row_end, separator, &mut cells).is_err() || cells.len() != names.len() {
                return false;
            }
            rows += 1;
        }
        if rows == 5 {
            break;
        }
        at = end + 1;
    }
    // A header alone is a table without rows.
    rows > 0 || names.len() > 2
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(text: &str, expected: (Format, Framing)) {
        assert_eq!(sniff(text.as_bytes(), true).unwrap(), expected, "{text}");
    }

    #[test]
    fn formats_are_told_by_content() {
        check("#separator \\x09\n#fields\tts\n", (Format::ZeekTsv, Framing::Tsv));
        check(
            "{\"ts\":1,\"uid\":\"C\",\"id.orig_h\":\"x\"}\n",
            (Format::ZeekJson, Framing::JsonLines),
        );
        check(
            "{\"@stream\":\"conn\",\"ts\":1}",
            (Format::ZeekJson, Framing::JsonLines),
        );
        check(
            "{\"timestamp\":\"\",\"event_type\":\"dns\"}\n",
            (Format::Eve, Framing::JsonLines),
        );
        check(
            "[\n  {\n \"timestamp\":\"\",\"event_type\":\"dns\"",
            (Format::Eve, Framing::JsonValues),
        );
        check("{\n  \"a\": 1\n}\n{\n", (Format::Json, Framing::JsonValues));
        check("{\"a\":1,\n{\"a\":2}\n", (Format::Json, Framing::JsonLines));
        check(
            "{\"Event\":{\"System\":{}}}",
            (Format::WindowsJson, Framing::JsonLines),
        );
        check(
            "{\"@timestamp\":\"\",\"ecs\":{\"version\":\"8\"}}",
            (Format::Ecs, Framing::JsonLines),
        );
        check(
            "{\"class_uid\":1,\"metadata\":{}}",
            (Format::Ocsf, Framing::JsonLines),
        );
        check("a,b\n1,2\n", (Format::Csv, Framing::Csv { separator: b',' }));
        check(
            "src ip;dst ip\n1;\"2\n3\"\n",
            (Format::Csv, Framing::Csv { separator: b';' }),
        );
        check("<34>1 - - - - - - x\n", (Format::Syslog, Framing::Syslog));
        check(
            "Mar 24 17:15:20 host app: text\n",
            (Format::Syslog, Framing::Syslog),
        );
        check("hello, world\nthis is text\n", (Format::Text, Framing::Text));
        check("", (Format::Text, Framing::Text));
        check("[    0.0] dmesg", (Format::Text, Framing::Text));
    }

    #[test]
    fn what_is_no_log_is_named() {
        let check = |head: &[u8], word: &str| {
            let error = sniff(head, true).unwrap_err();
            assert!(error.contains(word), "{error}");
        };
        check(b"PK\x03\x04....", "zip");
        check(b"PAR1....", "Parquet");
        check(&[0x91; 10].map(|b| b ^ 0x90), "binary");
        check(b"h\0e\0l\0l\0o\0 \0", "UTF-16");
    }
}
