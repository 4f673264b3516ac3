//! The JSON reader and the canonical form against implementations of others.

use entente_stix::json;
use proptest::prelude::*;

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200_000))]

    #[test]
    fn doubles_are_written_as_another_implementation_does(bits in any::<u64>()) {
        same_canonical_double(f64::from_bits(bits))?;
    }

    #[test]
    fn short_decimals_are_written_as_another_implementation_does(digits in -99_999_999_i64..99_999_999, power in -30..30_i32) {
        same_canonical_double(format!("{digits}e{power}").parse().unwrap())?;
    }
}

fn same_canonical_double(value: f64) -> Result<(), TestCaseError> {
    if !value.is_finite() {
        return Ok(());
    }
    let theirs = serde_json_canonicalizer::to_string(&value).unwrap();
    let text = format!("{value:e}");
    match json::read(text.as_bytes()) {
        Ok(ours) => {
            let canonical = ours.canonical();
            prop_assert_eq!(&canonical, &theirs);
            // What we write we read, as the same.
            let again = json::read(canonical.as_bytes()).map(|again| again.canonical());
            prop_assert_eq!(again.as_ref(), Ok(&canonical));
        }
        Err(error) => {
            prop_assert_eq!(error.kind, json::ErrorKind::PrecisionLoss);
            let exact = value.fract() == 0.0 && value.abs() > 9_007_199_254_740_991.0 && value.abs() < 1e21;
            let tie = theirs.parse::<f64>() == Ok(value) && json::read(theirs.as_bytes()).is_ok();
            prop_assert!(exact || tie, "{} {}", text, theirs);
        }
    }
    Ok(())
}

fn tree() -> impl Strategy<Value = serde_json::Value> {
    let text = prop_oneof![
        "\\PC{0,8}",
        "[a-z\u{0}-\u{20}\"\\\\\u{7f}-\u{a0}]{0,6}",
        "[\u{d7fa}-\u{d7ff}\u{e000}-\u{e010}\u{fff0}-\u{10010}]{0,3}"
    ];
    let leaf = prop_oneof![
        Just(serde_json::Value::Null),
        any::<bool>().prop_map(Into::into),
        (-9_007_199_254_740_991_i64..=9_007_199_254_740_991).prop_map(Into::into),
        (-1e6..1e6).prop_map(|value: f64| value.into()),
        text.clone().prop_map(Into::into),
    ];
    leaf.prop_recursive(5, 60, 6, move |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..6).prop_map(Into::into),
            prop::collection::btree_map(text.clone(), inner, 0..6)
                .prop_map(|map| serde_json::Value::Object(map.into_iter().collect())),
        ]
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(5_000))]

    #[test]
    fn trees_are_read_and_written_as_another_implementation_does(tree in tree(), pretty in any::<bool>()) {
        let text = if pretty { serde_json::to_string_pretty(&tree) } else { serde_json::to_string(&tree) }.unwrap();
        let value = json::read(text.as_bytes()).unwrap();
        let canonical = value.canonical();
        prop_assert_eq!(&canonical, &serde_json_canonicalizer::to_string(&tree).unwrap());
        prop_assert_eq!(&json::read(canonical.as_bytes()).unwrap(), &value);
    }

    #[test]
    fn what_we_accept_others_accept(pieces in prop::collection::vec(prop::sample::select(PIECES.to_vec()), 0..14)) {
        let text = pieces.concat();
        if let Ok(value) = json::read(&text) {
            let theirs: serde_json::Value = serde_json::from_slice(&text).unwrap();
            prop_assert_eq!(value.canonical(), serde_json_canonicalizer::to_string(&theirs).unwrap());
        } else if let Ok(theirs) = serde_json::from_slice::<serde_json::Value>(&text) {
            // We are stricter in what the module names, no more: nothing of that is among the pieces but
            // duplicate keys, which the other reader drops, and big numbers.
            let kind = json::read(&text).unwrap_err().kind;
            let known = matches!(kind, json::ErrorKind::DuplicateKey | json::ErrorKind::PrecisionLoss);
            prop_assert!(known, "{:?} {}", kind, theirs);
        }
    }

    #[test]
    fn any_bytes_are_read_or_refused(bytes in prop::collection::vec(any::<u8>(), 0..64)) {
        let ours = json::read(&bytes);
        if let Err(error) = ours {
            prop_assert!(error.offset <= bytes.len());
        }
    }
}

const PIECES: &[&[u8]] = &[
    b"{",
    b"}",
    b"[",
    b"]",
    b",",
    b":",
    b"\"",
    b"\"a\"",
    b"\"b\":",
    b"\"a\":1",
    b"1",
    b"-",
    b"0",
    b".",
    b"5",
    b"e",
    b"E+",
    b"true",
    b"null",
    b"fals",
    b" ",
    b"\n",
    b"\\u00e9",
    b"\\ud83d\\ude00",
    b"\\ud83d",
    b"\\n",
    b"\\x",
    b"\xc3\xa9",
    b"\xc3",
    b"\x01",
    b"\"\\\"\"",
];

fn refused(text: &[u8]) -> json::Error {
    json::read(text).unwrap_err()
}

#[test]
fn faults_are_named_with_their_place() {
    use json::ErrorKind as Is;
    let check = |text: &[u8], kind: Is, pointer: &str, offset: usize| {
        let expected = json::Error {
            kind,
            pointer: pointer.to_owned(),
            offset,
        };
        assert_eq!(refused(text), expected, "{}", String::from_utf8_lossy(text));
    };
    check(b"", Is::Empty, "", 0);
    check(b" \n", Is::Empty, "", 2);
    check(b"{\"a\":1,\"a\":2}", Is::DuplicateKey, "/a", 7);
    check(b"{\"a\":{\"b\":1,\"\\u0062\":2}}", Is::DuplicateKey, "/a/b", 12);
    check(b"[\"\\ud800\"]", Is::LoneSurrogate, "/0", 2);
    check(b"[0,\"x\\udc00\\ud800\"]", Is::LoneSurrogate, "/1", 5);
    check(b"[\"\\ud800\\u0041\"]", Is::LoneSurrogate, "/0", 2);
    check(b"{\"a/b~\":[1e400]}", Is::PrecisionLoss, "/a~1b~0/0", 9);
    check(b"[9007199254740993]", Is::PrecisionLoss, "/0", 1);
    check(b"[NaN]", Is::NotFinite, "/0", 1);
    check(b"[-Infinity]", Is::NotFinite, "/0", 1);
    check(b"[01]", Is::InvalidNumber, "/0", 1);
    check(b"[\"a\x01\"]", Is::ControlCharacter(1), "/0", 3);
    check(b"[\"\\q\"]", Is::InvalidEscape, "/0", 2);
    check(b"[\"a\xff\"]", Is::InvalidUtf8, "/0", 3);
    check(b"[\"\xed\xa0\x80\"]", Is::InvalidUtf8, "/0", 2);
    check(b"\xef\xbb\xbf[]", Is::ByteOrderMark("UTF-8"), "", 0);
    check(b"[] x", Is::TrailingBytes, "", 3);
    check(b"[1,]", Is::Unexpected(']', "a value"), "/1", 3);
    check(b"{\"a\":1,}", Is::Unexpected('}', "a key in quotes"), "", 7);
    check(b"{\"a\" 1}", Is::Unexpected('1', "`:`"), "/a", 5);
    check(b"{\"a\":\"b", Is::UnexpectedEnd, "/a", 7);
    check(b"[tru", Is::UnexpectedEnd, "/0", 4);
    check(b"[nul]", Is::Unexpected(']', "null"), "/0", 4);
}

#[test]
fn depth_has_a_bound_and_the_stack_is_safe() {
    let nested = |depth: usize| "[".repeat(depth) + &"]".repeat(depth);
    assert!(json::read(nested(64).as_bytes()).is_ok());
    assert_eq!(refused(nested(65).as_bytes()).kind, json::ErrorKind::TooDeep);
    let error = refused("{\"a\":".repeat(1_000_000).as_bytes());
    assert_eq!(
        (error.kind, error.pointer),
        (json::ErrorKind::TooDeep, "/a".repeat(64))
    );
}

#[test]
fn half_a_million_keys_are_compared_in_order_not_with_each_other() {
    let member = |number: usize| format!("\"k{number}\":0");
    let mut members: Vec<String> = (0..500_000).map(member).collect();
    let whole = format!("{{{}}}", members.join(","));
    assert_eq!(
        json::read(whole.as_bytes()).unwrap().as_object().unwrap().len(),
        500_000
    );
    members.push(member(17));
    let doubled = format!("{{{}}}", members.join(","));
    let error = refused(doubled.as_bytes());
    assert_eq!(
        (error.pointer.as_str(), error.offset),
        ("/k17", doubled.len() - "\"k17\":0}".len())
    );
}

#[test]
fn pointers_lead_to_values() {
    let value = json::read(br#"{"a/b":[{"m~n":7}],"":1}"#).unwrap();
    assert_eq!(value.pointer("/a~1b/0/m~0n").unwrap().as_i64(), Some(7));
    assert_eq!(value.pointer("/").unwrap().as_i64(), Some(1));
    assert_eq!(value.pointer(""), Some(&value));
    for missing in ["a", "/x", "/a~1b/00", "/a~1b/1", "/a~1b/-"] {
        assert_eq!(value.pointer(missing), None, "{missing}");
    }
}

// RFC 8785 §3.2.3: the order of UTF-16 code units, with a surrogate pair before U+FB33.
#[test]
fn keys_are_ordered_by_utf16() {
    let text = r#"{"\u20ac":0,"\r":0,"\ufb33":0,"1":0,"\ud83d\ude00":0,"\u0080":0,"\u00f6":0}"#;
    let expected = "{\"\\r\":0,\"1\":0,\"\u{80}\":0,\"ö\":0,\"€\":0,\"😀\":0,\"\u{fb33}\":0}";
    assert_eq!(json::read(text.as_bytes()).unwrap().canonical(), expected);
}
