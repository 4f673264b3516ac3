use super::*;
use proptest::prelude::*;

fn check(kind: Kind, raw: &str, expected: &str) {
    assert_eq!(
        normalise(kind, raw),
        Ok(Observable {
            kind,
            value: expected.to_owned()
        }),
        "{raw}"
    );
}

fn refuse(kind: Kind, raw: &str) {
    let found = normalise(kind, raw);
    assert!(found.is_err(), "{raw}: {found:?}");
}

#[test]
fn addresses_of_any_spelling_are_one() {
    for raw in [
        "192.0.2.1",
        " 192.0.2.1 ",
        "192.0.2.1/32",
        "192.0.2.1:443",
        "::ffff:192.0.2.1",
        "::FFFF:c000:201",
        "64:ff9b::192.0.2.1",
        "[::ffff:192.0.2.1]:80",
        "::ffff:192.0.2.1/128",
    ] {
        check(Kind::Ipv4, raw, "192.0.2.1");
    }
    for raw in [
        "2001:DB8:0:0:0:0:0:1",
        "2001:db8::1/128",
        "[2001:db8::1]",
        "[2001:db8::1]:443",
        "2001:db8::1%eth0",
    ] {
        check(Kind::Ipv6, raw, "2001:db8::1");
    }
    for raw in [
        "192.0.2.01",
        "192.0.2",
        "0x7f.1",
        "3221225985",
        "192.0.2.1.",
        "192.0.2.256",
        "192.0.2.1/33",
        "192.0.2.1/",
        "192.0.2.1/024x",
        "1.2.3.4:",
        "1.2.3.4:99999",
        "[1.2.3.4]x",
        "::1%",
    ] {
        refuse(Kind::Ipv4, raw);
    }
}

#[test]
fn networks_lose_their_host_bits() {
    check(Kind::Ipv4, "192.0.2.77/24", "192.0.2.0/24");
    check(Kind::Ipv4, "192.0.2.77/255.255.255.0", "192.0.2.0/24");
    check(Kind::Ipv4, "192.0.2.77/0", "0.0.0.0/0");
    check(Kind::Ipv4, "::ffff:192.0.2.77/120", "192.0.2.0/24");
    check(Kind::Ipv6, "2001:db8::ffff/64", "2001:db8::/64");
    check(Kind::Ipv6, "::ffff:192.0.2.77/95", "::fffe:0:0/95");
    check(Kind::Ipv6, "2001:db8::1/0", "::/0");
    refuse(Kind::Ipv4, "192.0.2.0/255.0.255.0");
}

#[test]
fn domains_become_lower_case_a_labels() {
    check(Kind::Domain, "EVIL.Example.", "evil.example");
    check(Kind::Domain, "*.evil.example", "evil.example");
    check(Kind::Domain, ".evil.example", "evil.example");
    check(Kind::Domain, "_dmarc.evil.example", "_dmarc.evil.example");
    check(Kind::Domain, "BÜCHER.example", "xn--bcher-kva.example");
    check(Kind::Domain, "evil。example。", "evil.example");
    check(Kind::Domain, "localhost", "localhost");
    let long = format!("{}.example", "a".repeat(63));
    check(Kind::Domain, &long, &long);
    let too_long = format!("{}example", "a.".repeat(124));
    for raw in [
        "",
        ".",
        "evil..example",
        "evil.example..",
        "-.a b",
        "evil.example/x",
        "192.0.2",
        "evil.example:80",
        "*",
        "ev*il.example",
        &format!("{}.example", "a".repeat(64)),
        &too_long,
    ] {
        refuse(Kind::Domain, raw);
    }
}

#[test]
fn urls_lose_what_is_not_the_place() {
    for (raw, expected) in [
        ("http://Evil.EXAMPLE", "evil.example/"),
        ("https://evil.example:443/", "evil.example/"),
        ("http://evil.example:80/a#b", "evil.example/a"),
        ("evil.example/a", "evil.example/a"),
        ("//evil.example/a", "evil.example/a"),
        ("evil.example:8080/a?B=c", "evil.example:8080/a?B=c"),
        (
            "http://evil.example/%7Euser/%2fx%3d%zz",
            "evil.example/~user/%2Fx%3D%25zz",
        ),
        ("http://evil.example/a/../b/./c/%2e%2e/d", "evil.example/b/d"),
        ("http://evil.example/?", "evil.example/"),
        ("http://user:pass@evil.example/", "evil.example/"),
        ("http://0x7f.1/", "127.0.0.1/"),
        ("http://[::FFFF:192.0.2.1]:8080/", "192.0.2.1:8080/"),
        ("http://[2001:DB8::1]/", "[2001:db8::1]/"),
        ("http://bücher.example./x y", "xn--bcher-kva.example/x%20y"),
        ("ftp://evil.example:21/x", "evil.example/x"),
        ("tcp://evil.example:4444", "evil.example:4444/"),
        ("http:\\\\evil.example\\a", "evil.example/a"),
        ("http:/evil.example", "evil.example/"),
        ("MAILTO:a@evil.example", "mailto:a@evil.example"),
        ("data:text/html,x", "data:text/html,x"),
        ("http://evil.example/A/b?C=%41", "evil.example/A/b?C=A"),
        ("http://evil.example/%%34%31", "evil.example/%2541"),
    ] {
        check(Kind::Url, raw, expected);
    }
    for raw in [
        "http://",
        "http:///",
        "/gate.php",
        "?x",
        "http://evil.example:99999/",
        "http://a b/",
        "C:\\x",
        "http://*.evil.example/",
        "evil.example:x",
    ] {
        refuse(Kind::Url, raw);
    }
}

#[test]
fn hashes_are_lower_case_digits_of_the_right_number() {
    check(
        Kind::Md5,
        "D41D8CD98F00B204E9800998ECF8427E",
        "d41d8cd98f00b204e9800998ecf8427e",
    );
    let fingerprint = "46:AB:A9:9A:A7:15:8E:46:09:AA:A7:2B:50:99:08:42:FD:22:AE:86";
    check(
        Kind::Sha1,
        fingerprint,
        "46aba99aa7158e4609aaa72b50990842fd22ae86",
    );
    check(Kind::CertificateSerial, "00:5E:15:20", "5e1520");
    check(Kind::MacAddress, "00-11-22-AA-BB-CC", "00:11:22:aa:bb:cc");
    check(Kind::MacAddress, "0011.22aa.bbcc", "00:11:22:aa:bb:cc");
    refuse(Kind::Md5, "d41d8cd98f00b204e9800998ecf8427");
    refuse(Kind::Sha256, "d41d8cd98f00b204e9800998ecf8427e");
    refuse(Kind::Ja3, "g41d8cd98f00b204e9800998ecf8427e");
    refuse(Kind::MacAddress, "00:11:22:aa:bb");
}

#[test]
fn mailboxes_have_no_case() {
    check(Kind::Email, "Bad.Guy@EVIL.example", "bad.guy@evil.example");
    check(Kind::Email, "mailto:a@bücher.example", "a@xn--bcher-kva.example");
    check(Kind::Email, "a@[192.0.2.1]", "a@[192.0.2.1]");
    for raw in [
        "a",
        "@evil.example",
        "a@",
        "a b@evil.example",
        "a@.evil.example",
        "A <a@evil.example>",
        "a@192.0.2.1",
    ] {
        refuse(Kind::Email, raw);
    }
}

#[test]
fn paths_of_any_spelling_are_one() {
    for raw in [
        r"C:\Windows\Temp\x.EXE",
        r"\\?\C:\Windows\\Temp\x.exe",
        r"\??\c:/windows/temp/x.exe",
        r"\Device\HarddiskVolume3\Windows\Temp\x.exe",
        r"\\?\GLOBALROOT\..\x",
    ]
    .iter()
    .take(4)
    {
        check(Kind::FilePath, raw, "c:/windows/temp/x.exe");
    }
    check(Kind::FilePath, r"\\?\UNC\Server\Share\x", "//server/share/x");
    check(Kind::FilePath, "/private/var/db//X/", "/private/var/db/x");
    check(Kind::FilePath, r"%APPDATA%\x", "%appdata%/x");
    check(Kind::FileName, "Evil.EXE", "evil.exe");
}

#[test]
fn registry_keys_of_any_spelling_are_one() {
    for raw in [
        r"HKLM\System\CurrentControlSet\Services\x",
        r"HKEY_LOCAL_MACHINE\SYSTEM\ControlSet001\Services\X\",
        r"\REGISTRY\MACHINE\SYSTEM\ControlSet002\Services\x",
        r"HKLM:\SYSTEM\CurrentControlSet\Services\x",
        r"Computer\HKEY_LOCAL_MACHINE\SYSTEM\CurrentControlSet\Services\x",
    ] {
        check(
            Kind::RegistryKey,
            raw,
            r"hklm\system\currentcontrolset\services\x",
        );
    }
    for raw in [
        r"HKCU\Software\x",
        r"HKEY_USERS\S-1-5-21-1-2-3-1001\Software\x",
        r"\REGISTRY\USER\S-1-5-21-1-2-3-1001\SOFTWARE\x",
    ] {
        check(Kind::RegistryKey, raw, r"hkcu\software\x");
    }
    check(
        Kind::RegistryKey,
        r"HKU\S-1-5-21-1_Classes\x",
        r"hkcu\software\classes\x",
    );
    check(Kind::RegistryKey, r"HKU\.DEFAULT\x", r"hku\.default\x");
    check(
        Kind::RegistryKey,
        r"HKLM\SYSTEM\ControlSet01\x",
        r"hklm\system\controlset01\x",
    );
}

#[test]
fn numbers_are_read() {
    for raw in ["64496", "AS64496", "asn 64496", "0.64496"] {
        check(Kind::AutonomousSystem, raw, "AS64496");
    }
    check(Kind::AutonomousSystem, "1.10", "AS65546");
    refuse(Kind::AutonomousSystem, "AS");
    refuse(Kind::AutonomousSystem, "AS4294967296");
    check(Kind::Vulnerability, "cve-2021-44228", "CVE-2021-44228");
}

#[test]
fn values_are_recognised_by_their_look() {
    for (raw, kind, value) in [
        ("192[.]0[.]2[.]1", Kind::Ipv4, "192.0.2.1"),
        ("192.0.2.0/24", Kind::Ipv4, "192.0.2.0/24"),
        ("2001:db8::1", Kind::Ipv6, "2001:db8::1"),
        ("hxxp://evil[.]example/a", Kind::Url, "evil.example/a"),
        ("hXXps[:]//evil(.)example", Kind::Url, "evil.example/"),
        ("hxxp[://]evil[dot]com/", Kind::Url, "evil.com/"),
        ("h**p://evil{.}com/", Kind::Url, "evil.com/"),
        ("meow://evil.com/", Kind::Url, "evil.com/"),
        ("evil.com/gate.php", Kind::Url, "evil.com/gate.php"),
        ("192.0.2.1/gate.php", Kind::Url, "192.0.2.1/gate.php"),
        ("192.0.2.1:8080/gate.php", Kind::Url, "192.0.2.1:8080/gate.php"),
        ("evil[.com", Kind::Domain, "evil.com"),
        ("evil\\.com", Kind::Domain, "evil.com"),
        ("evil [.] com", Kind::Domain, "evil.com"),
        ("evil.com:8080", Kind::Domain, "evil.com"),
        ("evil.example", Kind::Domain, "evil.example"),
        ("expyuzz4wqqyqhjn.onion", Kind::Domain, "expyuzz4wqqyqhjn.onion"),
        ("*.Evil.co.uk", Kind::Domain, "evil.co.uk"),
        ("\"evil.com\"", Kind::Domain, "evil.com"),
        ("bad[@]evil[.]com", Kind::Email, "bad@evil.com"),
        ("bad[at]evil.com", Kind::Email, "bad@evil.com"),
        (
            "d41d8cd98f00b204e9800998ecf8427e",
            Kind::Md5,
            "d41d8cd98f00b204e9800998ecf8427e",
        ),
        ("evil.exe", Kind::FileName, "evil.exe"),
        ("invoice.zip", Kind::FileName, "invoice.zip"),
        ("www.invoice.zip", Kind::Domain, "www.invoice.zip"),
        ("mail.ru", Kind::Domain, "mail.ru"),
        (r"C:\Windows\x.exe", Kind::FilePath, "c:/windows/x.exe"),
        (r"%TEMP%\x.exe", Kind::FilePath, "%temp%/x.exe"),
        (r"HKCU\Software\x", Kind::RegistryKey, r"hkcu\software\x"),
        ("00:11:22:33:44:55", Kind::MacAddress, "00:11:22:33:44:55"),
        ("AS64496", Kind::AutonomousSystem, "AS64496"),
        ("CVE-2021-44228", Kind::Vulnerability, "CVE-2021-44228"),
    ] {
        assert_eq!(
            guess(raw),
            Some(Observable {
                kind,
                value: value.to_owned()
            }),
            "{raw}"
        );
    }
    for raw in [
        "",
        "evil",
        "hello world",
        "/gate.php",
        "1.2.3",
        "v1.2.3",
        "com",
        "é",
        "[",
        "[.]",
        "http://",
    ] {
        assert_eq!(guess(raw), None, "{raw}");
    }
}

#[test]
fn what_was_not_defanged_stays() {
    for raw in [
        "http://[2001:db8::1]/x",
        r"C:\.ssh\id",
        "http://evil.example/a(1).php",
        "Mozilla/5.0 (X11; Linux)",
        "a[0].b",
        "f(x).",
    ] {
        assert_eq!(refang(raw), raw);
    }
}

#[test]
fn public_suffixes_are_known() {
    for suffix in ["com", "co.uk", "github.io", "localhost"] {
        assert!(is_public_suffix(suffix), "{suffix}");
    }
    for name in ["evil.com", "evil.co.uk", "evil.github.io", "evil.example"] {
        assert!(!is_public_suffix(name), "{name}");
    }
}

#[test]
fn names_and_numbers_of_kinds_lead_back() {
    assert_eq!(Kind::all().count(), 28);
    for (kind, number) in Kind::all().zip(1..) {
        assert_eq!(kind.number(), number);
        assert_eq!(Kind::from_number(number), Some(kind));
        assert_eq!(Kind::from_name(kind.name()), Some(kind));
        assert_eq!(Denotes::One(kind).kinds(), [kind]);
    }
}

#[test]
fn paths_denote_kinds() {
    let denotes = |path: &str| {
        let pattern = crate::pattern::parse(&format!("[{path} = 'x']")).unwrap();
        of_path(&pattern.comparisons()[0].path)
    };
    for (path, kind) in [
        ("ipv4-addr:value", Kind::Ipv4),
        ("domain-name:value", Kind::Domain),
        ("file:hashes.'SHA-256'", Kind::Sha256),
        ("file:hashes.md5", Kind::Md5),
        ("file:content_ref.hashes.MD5", Kind::Md5),
        ("x509-certificate:hashes.'SHA-1'", Kind::Sha1),
        ("app:cert.sha256", Kind::Sha256),
        (
            "file:extensions.'ntfs-ext'.alternate_data_streams[*].hashes.'SHA-256'",
            Kind::Sha256,
        ),
        ("file:name", Kind::FileName),
        ("process:image_ref.name", Kind::FileName),
        ("email-message:from_ref.value", Kind::Email),
        ("email-message:to_refs[*].value", Kind::Email),
        (
            "network-traffic:extensions.'http-request-ext'.request_header.'User-Agent'",
            Kind::UserAgent,
        ),
        ("windows-registry-key:key", Kind::RegistryKey),
    ] {
        assert_eq!(denotes(path), Some(Denotes::One(kind)), "{path}");
    }
    assert_eq!(denotes("network-traffic:dst_ref.value"), Some(Denotes::Host));
    assert_eq!(
        denotes("domain-name:resolves_to_refs[*].value"),
        Some(Denotes::Host)
    );
    assert_eq!(denotes("file:hashes[*]"), Some(Denotes::Hash));
    for path in [
        "file:size",
        "network-traffic:dst_port",
        "windows-registry-key:values[*].data",
        "x:value",
    ] {
        assert_eq!(denotes(path), None, "{path}");
    }
}

#[test]
fn objects_state_their_values() {
    let check = |text: &str, expected: &[(Kind, &str)]| {
        let object = crate::object::Object::read(text.as_bytes()).unwrap();
        let found = of_object(&object);
        let found: Vec<_> = found
            .iter()
            .map(|(found, _)| (found.kind, found.value.as_str()))
            .collect();
        assert_eq!(found, expected, "{text}");
    };
    let uuid = "d7f3e25a-ba1c-447a-ab71-6434b092b05e";
    let md5 = "d41d8cd98f00b204e9800998ecf8427e";
    check(
        &format!(
            r#"{{"type":"file","id":"file--{uuid}","name":"X.exe","hashes":{{"MD5":"{md5}","x_foo":"{md5}","SHA-1":"zz"}},
            "extensions":{{"windows-pebinary-ext":{{"imphash":"{md5}"}}}}}}"#
        ),
        &[(Kind::Md5, md5), (Kind::FileName, "x.exe"), (Kind::Imphash, md5)],
    );
    check(
        &format!(
            r#"{{"type":"x509-certificate","id":"x509-certificate--{uuid}","serial_number":"01","hashes":{{"x":"{md5}","MD5":"{md5}"}}}}"#
        ),
        &[(Kind::Md5, md5), (Kind::CertificateSerial, "1")],
    );
    check(
        &format!(
            r#"{{"type":"observed-data","id":"observed-data--{uuid}","objects":{{"0":{{"type":"ipv4-addr","value":"192.0.2.1/32"}},
            "1":{{"type":"network-traffic","dst_ref":"0","extensions":{{"http-request-ext":{{"request_header":{{"user-agent":"X"}}}}}}}}}}}}"#
        ),
        &[(Kind::Ipv4, "192.0.2.1"), (Kind::UserAgent, "X")],
    );
    check(
        &format!(r#"{{"type":"autonomous-system","id":"autonomous-system--{uuid}","number":174}}"#),
        &[(Kind::AutonomousSystem, "AS174")],
    );
    check(
        &format!(r#"{{"type":"ipv6-addr","id":"ipv6-addr--{uuid}","value":"::ffff:192.0.2.1"}}"#),
        &[(Kind::Ipv4, "192.0.2.1")],
    );
    check(
        &format!(r#"{{"type":"domain-name","id":"domain-name--{uuid}","value":"not a domain"}}"#),
        &[],
    );
    check(
        &format!(
            r#"{{"type":"vulnerability","id":"vulnerability--{uuid}","name":"Log4Shell","external_references":[{{"source_name":"cve","external_id":"CVE-2021-44228"}}]}}"#
        ),
        &[(Kind::Vulnerability, "CVE-2021-44228")],
    );
}

/// Text made of the pieces that the normal forms look at.
fn pieces() -> impl Strategy<Value = String> {
    let piece = prop_oneof![
        Just("http://"),
        Just("ftp:"),
        Just("//"),
        Just("/"),
        Just("\\"),
        Just(":"),
        Just("80"),
        Just("443"),
        Just("."),
        Just(".."),
        Just("%"),
        Just("%2"),
        Just("%2e"),
        Just("%41"),
        Just("%25"),
        Just("?"),
        Just("#"),
        Just("@"),
        Just("["),
        Just("]"),
        Just("*."),
        Just("evil"),
        Just("EXAMPLE"),
        Just("192.0.2.1"),
        Just("0x7f"),
        Just("::ffff:"),
        Just("2001:db8::1"),
        Just("ß"),
        Just("İ"),
        Just("Σ"),
        Just("。"),
        Just("xn--"),
        Just("-"),
        Just("_"),
        Just(" "),
        Just("\\\\?\\"),
        Just("\\??\\"),
        Just("\\Device\\"),
        Just("HarddiskVolume1"),
        Just("UNC\\"),
        Just("C:"),
        Just("HKLM"),
        Just("HKU"),
        Just("S-1-5-21"),
        Just("_Classes"),
        Just("SYSTEM"),
        Just("ControlSet001"),
        Just("REGISTRY"),
        Just("MACHINE"),
        Just("Computer"),
        Just("mailto:"),
        Just("AS"),
        Just("\t"),
        Just("a"),
        Just("1"),
    ];
    proptest::collection::vec(piece, 0..8).prop_map(|pieces| pieces.concat())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(4000))]

    #[test]
    fn a_normal_form_is_its_own(raw in prop_oneof![pieces(), "\\PC{0,24}", "[0-9a-fA-F:. -]{0,70}"]) {
        for kind in Kind::all() {
            if let Ok(once) = normalise(kind, &raw) {
                prop_assert_eq!(normalise(once.kind, &once.value), Ok(once.clone()), "{:?} {}", kind, raw);
            }
        }
    }

    #[test]
    fn guesses_are_normal_forms(raw in prop_oneof![pieces(), "\\PC{0,24}"]) {
        for found in guess(&raw).into_iter().chain(readings(&raw)) {
            prop_assert_eq!(normalise(found.kind, &found.value), Ok(found.clone()), "{}", raw);
        }
    }
}
