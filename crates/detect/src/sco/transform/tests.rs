//! Each transform by example.

use super::*;

fn made(name: &str, text: &str, more: Option<&str>) -> Vec<String> {
    let transform = Transform::named(name).unwrap();
    let (mut out, mut found) = (String::new(), Vec::new());
    let mut pieces = Vec::new();
    transform.pieces(text, |range| pieces.push(range));
    for piece in pieces {
        let text = &text[piece];
        if let Some(made) = transform.apply(text, more, &mut out) {
            found.push(match made.text {
                Where::There(range) => text[range].to_owned(),
                Where::Written(range) => out[range].to_owned(),
            });
        }
    }
    found
}

#[test]
fn each_transform_gives_what_it_says() {
    let sha256 = "0B".repeat(32);
    let hashes = format!("MD5=D41D8CD98F00B204E9800998ECF8427E,SHA256={sha256},IMPHASH=00");
    let cases: &[(&str, &str, Option<&str>, &[&str])] = &[
        ("text", "-", None, &[]),
        ("lower", "TCP", None, &["tcp"]),
        ("words", "gssapi,SMB", None, &["gssapi", "smb"]),
        (
            "results",
            "type:  5 www.Example.org;::ffff:192.0.2.1;",
            None,
            &["www.Example.org", "::ffff:192.0.2.1"],
        ),
        ("integer", "443", None, &["443"]),
        ("integer", "0x1a4", None, &["420"]),
        ("integer", "007", None, &[]),
        ("integer", "4.5", None, &[]),
        ("system", "AS13335", None, &["13335"]),
        (
            "time",
            "1521911721.255387",
            None,
            &["2018-03-24T17:15:21.255387Z"],
        ),
        (
            "time",
            "2020-10-21 12:32:58.311",
            None,
            &["2020-10-21T12:32:58.311Z"],
        ),
        (
            "ends",
            "2018-03-24T17:15:21.255387Z",
            Some("0.5"),
            &["2018-03-24T17:15:21.755387Z"],
        ),
        ("address", "::ffff:192.0.2.1", None, &["192.0.2.1"]),
        ("address", "2001:DB8:0::1", None, &["2001:db8::1"]),
        ("address", "localhost", None, &[]),
        ("host", "Example.org:8080", None, &["example.org"]),
        ("host", "[2001:db8::1]:8080", None, &["2001:db8::1"]),
        ("host", "192.0.2.1:80", None, &["192.0.2.1"]),
        ("domain", "Example.ORG.", None, &["example.org"]),
        ("domain", "192.0.2.1", None, &[]),
        ("email", "A B <A.b@Example.org>", None, &["a.b@example.org"]),
        ("email", "nobody", None, &[]),
        ("md5", &hashes, None, &["d41d8cd98f00b204e9800998ecf8427e"]),
        ("sha256", &hashes, None, &[&sha256.to_lowercase()]),
        ("sha1", &hashes, None, &[]),
        ("name", r"C:\Windows\System32\cmd.exe", None, &["cmd.exe"]),
        (
            "folder",
            r"C:\Windows\System32\cmd.exe",
            None,
            &[r"C:\Windows\System32"],
        ),
        ("folder", "cmd.exe", None, &[]),
        ("url", "Example.org", Some("/a?b"), &["http://example.org/a?b"]),
        ("url", "-", Some("http://example.org/"), &["http://example.org/"]),
        ("url", "-", Some("/a"), &[]),
        ("key", r"HKLM\System\x", None, &[r"HKEY_LOCAL_MACHINE\System\x"]),
        ("key", r"\REGISTRY\MACHINE\a", None, &[r"HKEY_LOCAL_MACHINE\a"]),
        ("parent-key", r"HKU\S-1\Run\evil", None, &[r"HKEY_USERS\S-1\Run"]),
        ("value-name", r"HKU\S-1\Run\evil", None, &["evil"]),
        ("mac", "00-0C-29-AB-cd-EF", None, &["00:0c:29:ab:cd:ef"]),
        ("mac", "00-0C-29", None, &[]),
        ("protocol", "6", None, &["tcp"]),
        ("protocol", "UDP", None, &["udp"]),
    ];
    for (name, text, more, expected) in cases {
        assert_eq!(made(name, text, *more), *expected, "{name} {text}");
    }
}
