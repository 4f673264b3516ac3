use super::*;

/// Gives at most `step` bytes a read.
struct Slow<'a>(&'a [u8], usize);

impl Read for Slow<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let count = self.1.min(self.0.len()).min(buffer.len());
        let (now, later) = self.0.split_at(count);
        buffer[..count].copy_from_slice(now);
        self.0 = later;
        Ok(count)
    }
}

fn items(text: &[u8], step: usize) -> Vec<String> {
    let mut reader = Reader::new(Slow(text, step));
    let mut found = Vec::new();
    while let Some(item) = reader.next().unwrap() {
        found.push(match item {
            Item::Object {
                text: object,
                pointer,
                offset,
            } => {
                let offset = usize::try_from(offset).unwrap();
                assert_eq!(&text[offset..offset + object.len()], object);
                format!("{pointer} {}", String::from_utf8_lossy(object))
            }
            Item::Defect {
                pointer,
                offset,
                reason,
            } => format!("{pointer} ! {offset}: {reason}"),
        });
    }
    assert!(reader.next().unwrap().is_none());
    found
}

fn check(text: &str, expected: &[&str]) {
    for step in [1, 7, 1 << 20] {
        assert_eq!(items(text.as_bytes(), step), expected, "{text}");
    }
}

const A: &str = r#"{"type":"a","id":"a--1"}"#;
const B: &str = r#"{"type":"b","id":"b--1","x":[{"y":"]}"}]}"#;

fn given(pointer: &str, object: &str) -> String {
    format!("{pointer} {object}")
}

#[test]
fn objects_come_out_of_every_wrapping() {
    let both = [given("/objects/0", A), given("/objects/1", B)];
    let both: Vec<&str> = both.iter().map(String::as_str).collect();
    check(
        &format!(r#" {{"type":"bundle","id":"bundle--1","objects":[{A} , {B}]}} "#),
        &both,
    );
    check(&format!(r#"{{"objects":[{A},{B}],"type":"bundle"}}"#), &both);
    check(
        &format!(r#"{{"more":true,"next":"7","objects":[{A},{B}]}}"#),
        &both,
    );
    check(&format!("[{A},\n{B}]"), &[&given("/0", A), &given("/1", B)]);
    check(A, &[&given("", A)]);
    check(&format!("{A}\n{B}\n"), &[&given("/0", A), &given("/1", B)]);
    check(&format!("{A}{B}"), &[&given("/0", A), &given("/1", B)]);
    let observed = r#"{"type":"observed-data","objects":{"0":{}}}"#;
    check(observed, &[&given("", observed)]);
    let custom = r#"{"type":"x-custom","objects":[1]}"#;
    check(custom, &[&given("", custom)]);
}

#[test]
fn wrappers_without_objects_are_no_fault() {
    check(r#"{"type":"bundle","id":"bundle--1"}"#, &[]);
    check(r#"{"type":"bundle","id":"bundle--1","objects":[]}"#, &[]);
}

#[test]
fn wrapper_members_are_kept_from_both_sides() {
    let text = format!(
        r#"{{"id":"bundle--1","objects":[{A}],"type":"bundle","spec_version":"2.0","x":[{{}}],"more":true}}"#
    );
    let mut reader = Reader::new(text.as_bytes());
    while reader.next().unwrap().is_some() {}
    let expected = Wrapper {
        type_name: Some("bundle".into()),
        id: Some("bundle--1".into()),
        spec_version: Some("2.0".into()),
        next: None,
        more: true,
    };
    assert_eq!(reader.wrapper(), Some(&expected));
    assert_eq!((reader.objects(), reader.offset()), (1, text.len() as u64));
}

#[test]
fn what_holds_no_stix_says_so_once() {
    check("", &[" ! 0: no STIX objects: the file is empty"]);
    check("  \n", &[" ! 3: no STIX objects: the file is empty"]);
    check("[]", &[" ! 1: no STIX objects: an empty list"]);
    check("{}", &[" ! 0: no STIX objects: an empty JSON object"]);
    check(
        "7",
        &[" ! 0: no STIX objects: a number where an object or a list should be"],
    );
    check(
        "evil.example\n192.0.2.1\n",
        &[" ! 0: no STIX objects: not JSON where an object or a list should be"],
    );
    check(
        r#"{"Event":{"id":"1"},"x":1}"#,
        &[" ! 0: no STIX objects: a JSON object with neither `type` nor a list `objects`, but `Event`, `x`"],
    );
    check(
        r#"{"type":"bundle","objects":{}}"#,
        &["/objects ! 27: no STIX objects: `objects` is not a list"],
    );
    assert_eq!(
        items(b"\xff\xfe{\0", 9),
        [" ! 0: no STIX objects: the text is UTF-16; convert it to UTF-8"]
    );
}

#[test]
fn byte_order_mark_is_named_and_passed() {
    let bom = " ! 0: starts with a byte order mark, which JSON does not have; read on without it";
    check(&format!("\u{feff}{A}"), &[bom, &given("", A)]);
}

#[test]
fn elements_that_are_no_objects_are_defects_beside_the_good() {
    let text = format!(r#"{{"objects":[1,"x",{A},[[{{}}]],null,{B}]}}"#);
    check(
        &text,
        &[
            "/objects/0 ! 12: a number where an object should be",
            "/objects/1 ! 14: a string where an object should be",
            &given("/objects/2", A),
            "/objects/3 ! 43: an array where an object should be",
            "/objects/4 ! 50: a word where an object should be",
            &given("/objects/5", B),
        ],
    );
}

#[test]
fn commas_are_counted() {
    check(
        &format!("[{A}{B},,{A},]"),
        &[
            &given("/0", A),
            "/1 ! 25: no comma before this element of the list",
            &given("/1", B),
            "/2 ! 67: a comma too many in the list of objects",
            &given("/2", A),
            " ! 93: a comma after the last element of the list",
        ],
    );
}

#[test]
fn second_list_of_objects_is_a_defect() {
    check(
        &format!(r#"{{"objects":[{A}],"objects":[{B}]}}"#),
        &[
            &given("/objects/0", A),
            "/objects ! 48: `objects` given twice: the second one was left out",
        ],
    );
}

#[test]
fn truncated_input_gives_what_was_before() {
    let whole = format!(r#"{{"type":"bundle","objects":[{A},{B}]}}"#);
    let cut = whole.find("]}\"}").unwrap();
    check(
        &whole[..cut],
        &[
            &given("/objects/0", A),
            &format!("/objects/1/x/0/y ! {cut}: the file ends at byte {cut}, inside this object"),
        ],
    );
    let between = whole.find(",{\"type\":\"b\"").unwrap();
    check(
        &whole[..between],
        &[
            &given("/objects/0", A),
            &format!("/objects ! {between}: the file ends inside the list of objects, after 1 of them"),
        ],
    );
    let end = whole.len() - 1;
    check(
        &whole[..end],
        &[
            &given("/objects/0", A),
            &given("/objects/1", B),
            &format!(" ! {end}: the file ends behind the list of objects, inside the bundle"),
        ],
    );
}

#[test]
fn broken_objects_cost_only_themselves() {
    // Balanced brackets: the object is given, and its reader says what is wrong in it.
    let sloppy = r#"{'type': "a", x: NaN,}"#;
    check(
        &format!("[{sloppy},{B}]"),
        &[&given("/0", sloppy), &given("/1", B)],
    );
    // A bracket that does not fit.
    check(
        &format!(r#"{{"objects":[{{"a":[1}},{B},{A}]}}"#),
        &[
            "/objects/0/a ! 19: `}` where `,` or `]` should be",
            &given("/objects/1", B),
            &given("/objects/2", A),
        ],
    );
    // A quote that is missing.
    check(
        &format!(r#"{{"objects":[{{"a":"b,"c":"d"}},{B},{A}]}}"#),
        &[
            "/objects/0 ! 21: `c` where `,` or `}` should be",
            &given("/objects/1", B),
            &given("/objects/2", A),
        ],
    );
    // A bracket that is missing.
    check(
        &format!(r#"{{"objects":[{{"a":{{"b":1}},{B},{A}]}}"#),
        &[
            "/objects/0 ! 25: `{` where a key in quotes should be",
            &given("/objects/1", B),
            &given("/objects/2", A),
        ],
    );
    // A broken line.
    check(
        &format!("{A}\n{{\"a\": \"b\n{B}\n"),
        &[
            &given("/0", A),
            "/1/a ! 33: control character U+000A in a string: escape it",
            &given("/2", B),
        ],
    );
    // A broken head.
    check(
        &format!(r#"{{"type" "bundle","objects":[{A},{B}]}}"#),
        &[
            "/type ! 8: `\\\"` where `:` should be",
            &given("/objects/0", A),
            &given("/objects/1", B),
        ],
    );
}

#[test]
fn nesting_without_end_is_refused_at_once() {
    let deep = "[".repeat(1_000_000);
    assert_eq!(
        items(deep.as_bytes(), 1 << 20),
        ["/0 ! 1: an array where an object should be, and the file ends inside it"]
    );
    let whole = format!("{deep}{}", "]".repeat(1_000_000));
    assert_eq!(
        items(whole.as_bytes(), 1 << 20),
        ["/0 ! 1: an array where an object should be"]
    );
    let inside = format!(r#"{{"type":"bundle","objects":[{{"a":{deep}"#);
    let found = items(inside.as_bytes(), 1 << 20);
    assert_eq!(found.len(), 1, "{found:?}");
    assert!(found[0].ends_with("nested deeper than 64"), "{found:?}");
    let objects = format!(r#"{{"objects":[{{"a":{whole}}},{A}]}}"#);
    let found = items(objects.as_bytes(), 1 << 20);
    assert_eq!(found[1], given("/objects/1", A));
}

#[test]
fn big_objects_are_skipped_and_named() {
    let big = format!(
        r#"{{"type":"a","id":"a--1","x":"{}"}}"#,
        "y".repeat(OBJECT_BYTES_MAX)
    );
    let text = format!(r#"{{"objects":[{A},{big},{B}]}}"#);
    let reason = format!("/objects/1 ! 37: an object of more than {OBJECT_BYTES_MAX} bytes: skipped");
    assert_eq!(
        items(text.as_bytes(), 1 << 20),
        [given("/objects/0", A), reason, given("/objects/2", B)]
    );
    assert_eq!(items(format!("{big}\n{A}").as_bytes(), 1 << 20).len(), 2);
}

#[test]
fn values_of_another_format_end_the_reading() {
    let lines = "{\"a\":1}\n".repeat(5000);
    let found = items(lines.as_bytes(), 1 << 20);
    assert_eq!(found.len() as u64, STRAY_VALUES_MAX);
    assert!(found.last().unwrap().ends_with("the rest was not read"));
}

#[test]
fn errors_of_the_input_come_behind_what_was_read() {
    struct Failing<'a>(&'a [u8]);
    impl Read for Failing<'_> {
        fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
            match self.0.is_empty() {
                true => Err(io::Error::other("unplugged")),
                false => self.0.read(buffer),
            }
        }
    }
    let text = format!(r#"{{"objects":[{A},{B}"#);
    let mut reader = Reader::new(Failing(text.as_bytes()));
    assert!(matches!(reader.next(), Ok(Some(Item::Object { .. }))));
    assert!(matches!(reader.next(), Ok(Some(Item::Object { .. }))));
    assert!(reader.next().is_err());
}

proptest::proptest! {
    #[test]
    fn any_bytes_come_to_an_end(
        pieces in proptest::collection::vec(
            proptest::sample::select(vec!["{", "}", "[", "]", ",", ":", "\"", "\\", "\n", " ", "1", "{\"type\":\"a\",\"id\":\"x\"}",
                "\"objects\"", "\"type\":\"bundle\"", "\u{feff}", "nul"]),
            0..60,
        )
    ) {
        let text = pieces.concat();
        let by_bytes = items(text.as_bytes(), 1);
        proptest::prop_assert_eq!(items(text.as_bytes(), 1 << 20), by_bytes);
    }
}
