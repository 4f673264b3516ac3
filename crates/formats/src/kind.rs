//! What a file is, by its first bytes.

use entente_stix::observable;

use crate::csv;

/// What a file of intelligence is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Kind {
    /// A bundle, a TAXII envelope, objects in an array or one a line, or one object.
    Stix,
    /// One value a line.
    List,
    /// A header and rows.
    Csv,
    /// MISP JSON, which is not read yet.
    Misp,
    /// None of these, and why it was not taken for one.
    Unknown(String),
}

/// What the file called `name` is that begins with `head`: 4 KiB are plenty, less will do.
///
/// Content decides; the name only where content allows both a list and CSV.
pub fn detect_kind(head: &[u8], name: &str) -> Kind {
    let head = head.strip_prefix(b"\xef\xbb\xbf").unwrap_or(head);
    if let Some(why) = not_text(head) {
        return Kind::Unknown(why.to_owned());
    }
    match head.iter().find(|byte| !byte.is_ascii_whitespace()) {
        None => Kind::Unknown("it is empty".to_owned()),
        Some(b'#') if is_zeek(head) => log_of("Zeek"),
        Some(b'{' | b'[') if !head.starts_with(b"[Adblock") => json(head),
        Some(_) => table(&String::from_utf8_lossy(head), name),
    }
}

fn not_text(head: &[u8]) -> Option<&'static str> {
    const MAGICS: &[(&[u8], &str)] = &[
        (b"\x1f\x8b", "it is gzip inside; decompress it first"),
        (b"\x28\xb5\x2f\xfd", "it is zstd inside; decompress it first"),
        (b"PK\x03\x04", "it is a ZIP archive; unpack it first"),
        (
            b"\xff\xfe",
            "it is UTF-16 text; `iconv -f utf-16 -t utf-8` converts it",
        ),
        (
            b"\xfe\xff",
            "it is UTF-16 text; `iconv -f utf-16 -t utf-8` converts it",
        ),
        (b"%PDF", "it is a PDF document"),
        (
            b"ElfFile",
            "it is a Windows event log, which `entente scan` reads",
        ),
        (b"<", "it is XML or HTML"),
    ];
    let magic = MAGICS.iter().find(|(magic, _)| head.starts_with(magic));
    magic
        .map(|(_, why)| *why)
        .or_else(|| head.contains(&0).then_some("it is binary"))
}

/// A Zeek log with a head of its own. Zeek's intelligence files have `#fields` too, but carry indicators.
fn is_zeek(head: &[u8]) -> bool {
    let mut lines = head.split(|byte| *byte == b'\n');
    head.starts_with(b"#separator ")
        || lines.any(|line| line.starts_with(b"#fields\t") && find(line, b"indicator_type").is_none())
}

fn log_of(program: &str) -> Kind {
    Kind::Unknown(format!("it is a log of {program}, which `entente scan` reads"))
}

/// Which program's log it is by a key, and where that key stands.
fn json_log(head: &[u8]) -> Option<(usize, &'static str)> {
    let suricata = find(head, b"\"event_type\"").map(|at| (at, "Suricata"));
    let zeek = find(head, b"\"_path\"").or_else(|| {
        let uid = find(head, b"\"uid\"")?;
        Some(uid.min(find(head, b"\"id.orig_h\"")?))
    });
    suricata.into_iter().chain(zeek.map(|at| (at, "Zeek"))).min()
}

/// A MISP warning list: `matching_attributes`, or a `list` beside what describes it, where that key comes late.
fn is_warning_list(head: &[u8]) -> bool {
    let described = || find(head, b"\"description\"").is_some() || find(head, b"\"name\"").is_some();
    find(head, b"\"matching_attributes\"").is_some() || (find(head, b"\"list\"").is_some() && described())
}

/// JSON is told apart by the keys that occur in its beginning, whichever comes first.
fn json(head: &[u8]) -> Kind {
    const STIX: &[&[u8]] = &[
        b"\"objects\"",
        b"\"spec_version\"",
        b"\"bundle\"",
        b"\"bundle--",
        b"\"created_by_ref\"",
    ];
    const MISP: &[&[u8]] = &[
        b"\"Event\"",
        b"\"Attribute\"",
        b"\"orgc_id\"",
        b"\"Orgc\"",
        b"\"threat_level_id\"",
    ];
    let first = |keys: &[&[u8]]| keys.iter().filter_map(|key| find(head, key)).min();
    let (stix, misp) = (first(STIX), first(MISP));
    // A log is known by its first line; what a log tells about may well be called `objects`.
    if let Some((at, program)) = json_log(head)
        && stix.is_none_or(|stix| at < stix)
        && misp.is_none_or(|misp| at < misp)
    {
        return log_of(program);
    }
    match (stix, misp) {
        (None, None) if stix_id(head) => Kind::Stix,
        (None, None) if is_warning_list(head) => Kind::Unknown(
            "it is a MISP warning list: it names what is known to be harmless, and is not intelligence"
                .to_owned(),
        ),
        (None, None) => Kind::Unknown("it is JSON, but neither STIX nor MISP by its keys".to_owned()),
        (Some(stix), Some(misp)) if misp < stix => Kind::Misp,
        (None, Some(_)) => Kind::Misp,
        _ => Kind::Stix,
    }
}

/// `"id": "<type>--<uuid>"`, by which an object is known whose other keys come late.
fn stix_id(head: &[u8]) -> bool {
    let Some(at) = find(head, b"\"id\"") else {
        return false;
    };
    let value = head.get(at..).unwrap_or_default();
    value
        .get(..80.min(value.len()))
        .is_some_and(|value| find(value, b"--").is_some())
}

fn find(text: &[u8], needle: &[u8]) -> Option<usize> {
    text.windows(needle.len()).position(|window| window == needle)
}

fn table(head: &str, name: &str) -> Kind {
    let lines = || head.lines().map(str::trim).filter(|line| !line.is_empty());
    let content = lines().find(|line| !line.starts_with('#'));
    let header_in_comment = lines().filter(|line| line.starts_with('#')).any(csv::is_header);
    let header = content.is_some_and(csv::is_header);
    let named = [".csv", ".tsv"]
        .iter()
        .any(|end| name.to_ascii_lowercase().ends_with(end));
    if header || (header_in_comment && content.is_none_or(|line| line.contains([',', ';', '\t', '|']))) {
        return Kind::Csv;
    }
    let bare = content.is_some_and(|line| observable::guess(line).is_some());
    if named && !bare { Kind::Csv } else { Kind::List }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn content_tells_what_a_file_is() {
        let check = |head: &str, name, kind| assert_eq!(detect_kind(head.as_bytes(), name), kind, "{head}");
        check(r#"{"type": "bundle", "id": "bundle--1""#, "a.json", Kind::Stix);
        check(r#"{"more": true, "objects": ["#, "a.json", Kind::Stix);
        check(
            r#"{"type":"indicator","spec_version":"2.1""#,
            "a.ndjson",
            Kind::Stix,
        );
        check(
            r#"[{"type":"malware","id":"malware--31b940d4""#,
            "a.json",
            Kind::Stix,
        );
        check(r#"{"Event": {"uuid": "5"}}"#, "a.json", Kind::Misp);
        check(
            r#"{"response": [{"Event": {"info": "x"}}]}"#,
            "a.json",
            Kind::Misp,
        );
        check("# list\nevil.example\n", "a.txt", Kind::List);
        check("evil.example\n", "a.csv", Kind::List);
        check("value,type\nevil.example,domain\n", "a.txt", Kind::Csv);
        check(
            "# \"first_seen\",\"sha256_hash\"\n\"2026\", \"aa\"\n",
            "a.txt",
            Kind::Csv,
        );
        check("evil.example,c2\n", "a.csv", Kind::Csv);
        check("[Adblock Plus 2.0]\n||evil.example^\n", "a.txt", Kind::List);
    }

    #[test]
    fn what_is_not_taken_says_why() {
        let check = |head: &[u8], part: &str| match detect_kind(head, "x") {
            Kind::Unknown(why) => assert!(why.contains(part), "{why}"),
            kind => panic!("{kind:?}"),
        };
        check(b"", "empty");
        check(b"\x1f\x8b\x08", "gzip");
        check(b"a\0b", "binary");
        check(b"\xff\xfea\0", "UTF-16");
        check(br#"{"a": 1}"#, "neither STIX nor MISP");
    }

    #[test]
    fn logs_and_warning_lists_are_called_by_name() {
        let check = |head: &str, part: &str| match detect_kind(head.as_bytes(), "x.log") {
            Kind::Unknown(why) => assert!(why.contains(part), "{head}: {why}"),
            kind => panic!("{head}: {kind:?}"),
        };
        check("#separator \\x09\n#set_separator\t,\n", "log of Zeek");
        check("#path\tdns\n#fields\tts\tuid\tquery\n", "log of Zeek");
        check(r#"{"_path":"dns","ts":1,"uid":"C1"}"#, "log of Zeek");
        check(r#"{"ts":1,"uid":"C1","id.orig_h":"192.0.2.1"}"#, "log of Zeek");
        check(
            r#"{"timestamp":"2026","event_type":"dns","dns":{"id":1,"rrname":"xn--e1a.example"},"objects":[]}"#,
            "log of Suricata",
        );
        check(
            r#"{"description": "DNS resolvers", "list": ["192.0.2.1""#,
            "warning list",
        );
        check(
            r#"[{"name": "x", "matching_attributes": ["ip-dst"]}]"#,
            "warning list",
        );
        assert_eq!(
            detect_kind(
                b"{\"type\":\"bundle\",\"objects\":[{\"event_type\":\"x\"}]}",
                "a.json"
            ),
            Kind::Stix
        );
    }
}
