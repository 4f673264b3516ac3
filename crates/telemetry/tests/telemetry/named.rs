//! Fields by name are what [`Record::values`] finds by the same names, with their types, whatever was learnt
//! before.

use crate::{logs, read_with};
use entente_telemetry::{Defect, Field, FieldNames, FieldValue, Format, Kind, Observed, Record, Visitor};
use proptest::prelude::*;
use std::collections::BTreeSet;
use std::path::Path;

/// Compares each record's fields with what the record says when asked.
struct Comparing {
    names: FieldNames,
    fields: Vec<(u32, Option<String>)>,
    records: usize,
    found: usize,
}

impl Comparing {
    fn new(names: &[String]) -> Self {
        Comparing {
            names: FieldNames::new(names),
            fields: Vec::new(),
            records: 0,
            found: 0,
        }
    }
}

impl Visitor for Comparing {
    fn wants(&self, _: Kind) -> bool {
        false
    }

    fn observed(&mut self, _: Observed<'_>) {
        panic!("no kind is wanted");
    }

    fn names(&self) -> Option<&FieldNames> {
        Some(&self.names)
    }

    fn fields(&mut self, fields: &[Field<'_>]) {
        let text = |field: &Field<'_>| match field.value {
            FieldValue::Text(text) | FieldValue::Number(text) => Some(text.to_string()),
            FieldValue::Boolean(truth) => Some(truth.to_string()),
            FieldValue::Null => Some("null".to_string()),
            FieldValue::Empty => None,
        };
        self.fields = fields.iter().map(|field| (field.number, text(field))).collect();
    }

    fn record(&mut self, record: &Record<'_>) {
        self.records += 1;
        for number in 0..self.names.len() as u32 {
            let name = self.names.name(number).unwrap();
            if name.starts_with('#') {
                continue;
            }
            let got: Vec<&str> = self
                .fields
                .iter()
                .filter(|field| field.0 == number)
                .filter_map(|field| field.1.as_deref())
                .collect();
            let values = record.values(name);
            let mut expected: Vec<String> = values
                .iter()
                .map(|value| String::from_utf8_lossy(value).into_owned())
                .collect();
            let mut got: Vec<String> = got.into_iter().map(str::to_owned).collect();
            if record.format() == Format::ZeekTsv {
                // Asked by name, what Zeek leaves unset is null, and `(empty)` is empty.
                got.retain(|value| value != "null" && !value.is_empty());
                expected.retain(|value| value != "-" && value != "(empty)");
            }
            self.found += got.len();
            assert_eq!(
                got,
                expected,
                "{name} in {}",
                String::from_utf8_lossy(record.raw())
            );
        }
    }

    fn defect(&mut self, _: Defect) {}
}

/// Every name that a record may be asked by: keys as they stand, and paths.
fn names_of(text: &[u8]) -> Vec<String> {
    #[derive(Default)]
    struct Paths(BTreeSet<String>);
    impl Visitor for Paths {
        fn observed(&mut self, observed: Observed<'_>) {
            if !self.0.contains(observed.field) {
                self.0.insert(observed.field.to_string());
            }
        }
        fn record(&mut self, _: &Record<'_>) {}
        fn defect(&mut self, _: Defect) {}
    }
    let mut paths = Paths::default();
    read_with(text, &mut paths);
    let mut names = paths.0;
    for path in names.clone() {
        let plain: String = path
            .split('[')
            .map(|part| part.split_once(']').map_or(part, |(_, rest)| rest))
            .collect();
        names.extend([format!("{path}[0]"), format!("{path}[1]"), plain]);
        names.extend(
            path.match_indices('.')
                .map(|(dot, _)| path[dot + 1..].to_string()),
        );
    }
    for line in String::from_utf8_lossy(text).lines().take(300) {
        if let Some(columns) = line.strip_prefix("#fields\t") {
            names.extend(
                columns
                    .split('\t')
                    .flat_map(|name| [name.to_string(), format!("{name}[1]")]),
            );
        }
        let keys = line.split("\":").filter_map(|before| before.rsplit('"').next());
        names.extend(keys.filter(|key| key.len() < 60).map(str::to_owned));
    }
    for name in names.clone() {
        names.insert(name.replace(' ', ""));
    }
    names.extend(["message", "host", "app", "pid", "missing", "#schema"].map(str::to_owned));
    names.into_iter().collect()
}

fn compare(text: &[u8]) -> Comparing {
    let mut comparing = Comparing::new(&names_of(text));
    let (_, error) = read_with(text, &mut comparing);
    assert!(error.is_none(), "{error:?}");
    comparing
}

#[test]
fn on_every_real_log() {
    let Some(logs) = logs() else { return };
    let folders = ["windows-json", "suricata", "zeek/zeek-json", "zeek/zeek-default"];
    for folder in folders {
        for entry in std::fs::read_dir(logs.join(folder)).unwrap() {
            let text = head(&entry.unwrap().path());
            let comparing = compare(&text);
            assert!(
                comparing.found > comparing.records,
                "{folder}: {} {}",
                comparing.found,
                comparing.records
            );
        }
    }
    for name in ["sysmon.evtx", "new-user-security.evtx"] {
        let text = std::fs::read(logs.join("evtx").join(name)).unwrap();
        let names = [
            "Image",
            "CommandLine",
            "Channel",
            "EventID",
            "Event.System.EventID",
            "Computer",
            "Name",
            "Hashes",
        ];
        let mut comparing = Comparing::new(&names.map(str::to_owned));
        read_with(text.as_slice(), &mut comparing);
        assert!(
            comparing.records > 0 && comparing.found > 2 * comparing.records,
            "{name}"
        );
    }
}

/// The first lines of a log, enough to learn and to meet again.
fn head(path: &Path) -> Vec<u8> {
    let text = std::fs::read(path).unwrap();
    let end = text
        .iter()
        .enumerate()
        .filter(|(_, byte)| **byte == b'\n')
        .nth(60)
        .map_or(text.len(), |(at, _)| at + 1);
    text[..end].to_vec()
}

#[test]
fn other_formats_are_asked_alike() {
    for text in [
        "a,b,\"c d\",a\n1,\"x \"\"y\"\"\",,z\n2,é,3,4\n",
        "<34>1 2003-10-11T22:14:15.003Z mymachine su 12 ID47 [a b=\"c\"] BOM'su root' failed\n",
        "Oct 11 22:14:15 mymachine su[77]: failed\nOct 11 22:14:16 other x: y\n",
        "just some words\nand \u{e9} more\n",
    ] {
        let comparing = compare(text.as_bytes());
        assert!(comparing.found > 0, "{text}");
    }
    let bytes = b"{\"a\":\"x\\u00e9\xff\",\"b\":[\"\xff\",\"y\",1]}\n{\"a\":\"\xff\",\"b\":[]}\n";
    assert_eq!(compare(bytes).records, 2);
}

/// One record's fields as they come.
fn fields_of(text: &str, names: &FieldNames) -> Vec<String> {
    struct Take<'n>(&'n FieldNames, Vec<String>);
    impl Visitor for Take<'_> {
        fn observed(&mut self, _: Observed<'_>) {}
        fn names(&self) -> Option<&FieldNames> {
            Some(self.0)
        }
        fn fields(&mut self, fields: &[Field<'_>]) {
            let shown =
                |field: &Field<'_>| format!("{} {:?}", self.0.name(field.number).unwrap_or("-"), field.value);
            self.1.extend(fields.iter().map(shown));
        }
        fn record(&mut self, _: &Record<'_>) {}
        fn defect(&mut self, defect: Defect) {
            panic!("{defect:?}");
        }
    }
    let mut take = Take(names, Vec::new());
    read_with(text.as_bytes(), &mut take);
    take.1
}

#[test]
fn only_what_lies_in_an_event_of_windows_is_named_without_that_wherever_in_the_log_it_is() {
    let text = r#"{"_path":"conn","ts":1,"uid":"C1","a":{"Image":"zeek"}}
{"Event":{"System":{"EventID":1},"EventData":{"Image":"windows"}}}
{"@timestamp":"2024-01-01T00:00:00Z","ecs":{"version":"8"},"winlog":{"event_data":{"Image":"ecs"}},"email":{"attachments":[{"file":{"name":"not.this"}}]}}
"#;
    let names = ["Image", "file.name"].map(str::to_owned);
    assert_eq!(
        fields_of(text, &FieldNames::new(&names)),
        ["Image Text(\"windows\")", "Image Text(\"ecs\")"]
    );
    let mut comparing = Comparing::new(&names);
    read_with(text.as_bytes(), &mut comparing);
    assert_eq!((comparing.records, comparing.found), (3, 2));
}

#[test]
fn values_have_their_types() {
    let text = "{\"EventID\":1,\"Channel\":\"x\",\"Hostname\":null,\"a\":[],\"b\":[1,\"1\",true,null],\"c\":{\"d\":-1.5e3}}\n";
    let names = FieldNames::new(["#schema", "EventID", "Hostname", "a", "b", "b[1]", "d", "none"]);
    assert_eq!(
        fields_of(text, &names),
        [
            "#schema Text(\"windows\")",
            "EventID Number(\"1\")",
            "Hostname Null",
            "a Empty",
            "b Number(\"1\")",
            "b Text(\"1\")",
            "b Boolean(true)",
            "b Null",
            "b[1] Text(\"1\")",
            "d Number(\"-1.5e3\")",
        ]
    );
    assert_eq!(
        fields_of(text, &FieldNames::new(["Channel"]).and_every_value()),
        [
            "- Number(\"1\")",
            "Channel Text(\"x\")",
            "- Null",
            "- Empty",
            "- Number(\"1\")",
            "- Text(\"1\")",
            "- Boolean(true)",
            "- Null",
            "- Number(\"-1.5e3\")",
        ]
    );
    let zeek = "{\"_path\":\"dns\",\"ts\":1.5,\"uid\":\"C1\",\"query\":\"a.example\"}\n";
    let names = FieldNames::new(["#schema", "#log", "_path", "query"]);
    let expected = [
        "#schema Text(\"zeek\")",
        "#log Text(\"dns\")",
        "_path Text(\"dns\")",
        "query Text(\"a.example\")",
    ];
    assert_eq!(fields_of(&zeek.repeat(2), &names), [expected, expected].concat());
    let tsv = "#separator \\x09\n#set_separator\t,\n#empty_field\t(empty)\n#unset_field\t-\n#path\tdns\n\
        #fields\tts\tquery\tanswers\tempty\tTTLs\n#types\ttime\tstring\tvector[string]\tstring\tvector[interval]\n\
        1.5\ta\\x09b\tx,-\t(empty)\t(empty)\n2.5\t-\t-\tz\t1.0,2.0\n";
    let names = FieldNames::new(["#schema", "#log", "query", "answers", "empty", "TTLs"]);
    assert_eq!(
        fields_of(tsv, &names),
        [
            "#schema Text(\"zeek\")",
            "#log Text(\"dns\")",
            "query Text(\"a\\tb\")",
            "answers Text(\"x\")",
            "answers Null",
            "empty Text(\"\")",
            "TTLs Empty",
            "#schema Text(\"zeek\")",
            "#log Text(\"dns\")",
            "query Null",
            "answers Null",
            "empty Text(\"z\")",
            "TTLs Text(\"1.0\")",
            "TTLs Text(\"2.0\")",
        ]
    );
}

#[test]
fn a_field_at_the_top_goes_before_one_inside_of_the_same_name() {
    let names = FieldNames::new(["Image", "EventData.Image"]);
    let line = "{\"EventID\":1,\"Channel\":\"x\",\"Event\":{\"EventData\":{\"Image\":\"inner\"}}";
    assert_eq!(
        fields_of(&format!("{line}}}\n"), &names),
        ["EventData.Image Text(\"inner\")", "Image Text(\"inner\")"]
    );
    assert_eq!(
        fields_of(&format!("{line},\"Image\":\"outer\"}}\n"), &names),
        ["EventData.Image Text(\"inner\")", "Image Text(\"outer\")"]
    );
    assert_eq!(
        fields_of(&format!("{line},\"Image\":[]}}\n"), &names),
        ["EventData.Image Text(\"inner\")", "Image Empty"]
    );
}

#[test]
fn one_scratch_serves_visitors_with_other_names() {
    let text = "{\"ts\":1.5,\"uid\":\"C1\",\"query\":\"a.example\"}\n".repeat(3);
    for _ in 0..2 {
        for name in ["uid", "query", "none"] {
            let found = fields_of(&text, &FieldNames::new([name]));
            assert_eq!(found.len(), if name == "none" { 0 } else { 3 });
        }
    }
}

fn json() -> impl Strategy<Value = String> {
    let bare = [
        "1",
        "-0.5",
        "true",
        "false",
        "null",
        "\"x\"",
        "\"a\\nb\\u00e9\"",
        "\"\"",
        "[]",
        "[1,\"\\\\\",null]",
    ];
    let leaf = prop::sample::select(bare.to_vec()).prop_map(str::to_owned);
    leaf.prop_recursive(3, 12, 3, |inner| {
        let key = prop::sample::select(vec![
            "a",
            "b",
            "Image",
            "EventData",
            "Event",
            "x.y",
            "#text",
            "k\\u0041",
        ]);
        let member = (key, inner.clone()).prop_map(|(key, value)| format!("\"{key}\":{value}"));
        prop_oneof![
            2 => prop::collection::vec(member, 0..4).prop_map(|members| format!("{{{}}}", members.join(","))),
            1 => prop::collection::vec(inner, 0..3).prop_map(|values| format!("[{}]", values.join(","))),
        ]
    })
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(300) })]

    #[test]
    fn on_any_json(values in prop::collection::vec(json(), 1..6)) {
        let record = |value: &String| format!("{{\"EventID\":1,\"Channel\":\"c\",\"v\":{value},\"Image\":1}}\n");
        let lines: String = values.iter().flat_map(|value| [record(value), record(value)]).collect();
        compare(lines.as_bytes());
    }
}
