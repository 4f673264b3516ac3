//! Bad input: clear errors, defects at the right line, and everything good beside it.

use crate::{Seen, logs, read, read_with};
use entente_telemetry::{Defect, Error, Format, Observed, Record, Visitor, limits};
use proptest::prelude::*;
use std::io::{Read, Write};

fn line(n: u32) -> String {
    format!("{{\"ts\":{n},\"uid\":\"C\",\"id.orig_h\":\"10.0.0.1\"}}\n")
}

#[test]
fn broken_lines_are_defects_and_lose_nothing_else() {
    let text = [
        &line(1),
        "{\"ts\":2,\"uid\":\"C\n",
        &line(3),
        "not json\n",
        "\n",
        "{\"a\":1}}\n",
        &line(7),
        "{\"ts\":8",
    ]
    .concat();
    let (_, seen) = read(text.as_bytes());
    assert_eq!(
        seen.records.iter().map(|record| record.0).collect::<Vec<_>>(),
        [1, 3, 7]
    );
    assert_eq!(seen.values.len(), 3);
    assert_eq!(
        seen.defects.iter().map(|defect| defect.line).collect::<Vec<_>>(),
        [2, 4, 6, 8]
    );
}

#[test]
fn tsv_rows_of_another_width_are_defects() {
    let text = "#fields\tts\thost\n#types\ttime\taddr\n1\t10.0.0.1\n2\n3\t10.0.0.3\tx\n\n4\t10.0.0.4";
    let (_, seen) = read(text.as_bytes());
    assert_eq!(
        seen.records.iter().map(|record| record.0).collect::<Vec<_>>(),
        [3, 7]
    );
    assert_eq!(
        seen.defects.iter().map(|defect| defect.line).collect::<Vec<_>>(),
        [4, 5]
    );
}

#[test]
fn truncated_gzip_gives_what_was_before_and_names_the_place() {
    let text: String = (0..50_000).map(line).collect();
    let mut gzip = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    gzip.write_all(text.as_bytes()).unwrap();
    let whole = gzip.finish().unwrap();
    let cut = &whole[..whole.len() * 9 / 10];
    let mut seen = Seen::default();
    let (format, error) = read_with(cut, &mut seen);
    assert_eq!(format, Format::ZeekJson);
    assert!(seen.records.len() > 40_000, "{}", seen.records.len());
    match error {
        Some(Error::Compressed {
            compression: "gzip",
            offset,
            ..
        }) => assert_eq!(offset, cut.len() as u64),
        other => panic!("{other:?}"),
    }
}

#[test]
fn garbage_is_named_with_what_was_tried() {
    let garbage: Vec<u8> = (0..100_000u32)
        .map(|n| (n.wrapping_mul(2_654_435_761) >> 24) as u8)
        .collect();
    let (_, error) = read_with(garbage.as_slice(), &mut Seen::default());
    let text = error.unwrap().to_string();
    assert!(
        text.contains("not a log that can be read") && text.contains("EVTX"),
        "{text}"
    );
}

#[test]
fn evtx_cut_or_overwritten_anywhere_is_read_on() {
    let Some(logs) = logs() else { return };
    let whole = std::fs::read(logs.join("evtx/new-user-security.evtx")).unwrap();
    let (_, all) = read(&whole);
    let (_, twice) = read(&[&whole[..], &whole[4096..]].concat());
    assert_eq!(twice.records.len(), 2 * all.records.len());
    let mut broken = [&whole[..], &whole[4096..]].concat();
    broken[4096..4100].fill(b'x');
    let (_, seen) = read(&broken);
    assert_eq!((seen.records.len(), seen.defects.len()), (all.records.len(), 1));
    let (_, cut) = read(&whole[..whole.len() - 1000]);
    assert_eq!(cut.defects.len(), 1);
    let mut scribbled = whole.clone();
    for at in (4096 + 512..scribbled.len()).step_by(997) {
        scribbled[at] ^= 0x55;
    }
    let (_, seen) = read(&scribbled);
    assert!(seen.records.len() + seen.defects.len() > 0);
}

#[derive(Default)]
struct Count {
    records: u64,
    defects: Vec<u64>,
    last: u64,
}

impl Visitor for Count {
    fn observed(&mut self, _: Observed<'_>) {}
    fn record(&mut self, record: &Record<'_>) {
        self.records += 1;
        self.last = record.line();
    }
    fn defect(&mut self, defect: Defect) {
        self.defects.push(defect.line);
    }
}

/// So many bytes of `x`, without holding them.
fn long(bytes: usize) -> impl Read {
    std::io::repeat(b'x').take(bytes as u64)
}

#[test]
fn a_line_over_the_limit_is_one_defect_in_any_format() {
    let starts = [
        line(1),
        "plain text\n".to_string(),
        "#fields\tts\n1\n".to_string(),
        "a,b\n1,2\n".to_string(),
        "[\n{\"a\":1},\n".to_string(),
    ];
    for start in starts {
        for (length, defects) in [(limits::LINE_BYTES_MAX + 1, 1), (3 * limits::LINE_BYTES_MAX, 1)] {
            let text = start
                .as_bytes()
                .chain(long(length))
                .chain(&b"\n"[..])
                .chain(start.as_bytes());
            let mut count = Count::default();
            let (_, error) = read_with(text, &mut count);
            assert!(error.is_none());
            assert_eq!(
                count.defects.len(),
                defects,
                "{start} {length} {:?}",
                count.defects
            );
            assert!(count.records >= 1 && count.last >= 3, "{start} {length}");
        }
    }
}

#[test]
fn the_longest_line_is_still_read() {
    let frame = "{\"a\":\"\"}".len();
    for (length, records) in [(limits::LINE_BYTES_MAX, 2), (limits::LINE_BYTES_MAX + 1, 1)] {
        let text = b"{\"a\":\""
            .chain(long(length - frame))
            .chain(&b"\"}\n{\"a\":1}\n"[..]);
        let mut count = Count::default();
        let (_, error) = read_with(text, &mut count);
        assert!(error.is_none());
        assert_eq!((count.records, count.last), (records, 2), "{length}");
    }
}

#[test]
fn deep_nesting_and_open_quotes_end_quickly() {
    let deep = format!("{}{{\"a\":{}\n{}", line(1), "[".repeat(1_000_000), line(3));
    let (_, seen) = read(deep.as_bytes());
    assert_eq!((seen.records.len(), seen.defects.len()), (2, 1));
    let deep = "[{\"a\":".repeat(100_000);
    let mut count = Count::default();
    let _ = read_with(deep.as_bytes(), &mut count);
    assert_eq!(count.records, 0);
    let csv = format!("a,b\n{}x,\"open\ny,2\n", "1,2\n".repeat(10));
    let (_, seen) = read(csv.as_bytes());
    assert_eq!((seen.records.len(), seen.defects.len()), (11, 1));
}

#[test]
fn failing_readers_say_where() {
    struct Fails;
    impl Read for Fails {
        fn read(&mut self, _: &mut [u8]) -> std::io::Result<usize> {
            Err(std::io::Error::other("disk on fire"))
        }
    }
    let text = line(1).repeat(2);
    let mut seen = Seen::default();
    let (_, error) = read_with(text.as_bytes().chain(Fails), &mut seen);
    assert!(error.unwrap().to_string().contains("disk on fire"));
    assert_eq!(seen.records.len(), 2);
}

const SAMPLES: &[&str] = &[
    "{\"ts\":1,\"uid\":\"C\",\"id.orig_h\":\"10.0.0.1\",\"answers\":[\"a\",\"b\\n\"],\"x\":{\"y\":[{\"z\":1}]}}\n",
    "#separator \\x09\n#fields\tts\thost\turi\n#types\ttime\taddr\tset[string]\n1\t10.0.0.1\ta,b\\x2c\n",
    "[\n  {\n    \"timestamp\": \"x\",\n    \"event_type\": \"dns\",\n    \"src_ip\": \"10.0.0.1\"\n  }\n]\n",
    "time,src_ip,comment\n1,10.0.0.1,\"a\"\"\nb\"\n2,10.0.0.2,\n",
    "<34>1 2018-03-24T17:15:20Z host app 1 m [a b=\"c\"] text\n<34>Mar 24 17:15:20 host app[1]: text\n",
    "2018-03-24 17:15:20 text [24/Mar/2018:17:15:20 +0000] \n",
    "{\"@timestamp\":\"2018-03-24T17:15:20Z\",\"EventID\":1,\"Channel\":\"x\",\"Hashes\":\"MD5=1,IMPHASH=2\"}\n",
];

proptest! {
    #![proptest_config(ProptestConfig { cases: 500, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn no_bytes_make_a_reader_fail(
        sample in prop::sample::select(SAMPLES),
        copies in 1usize..40,
        edits in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>(), 0u8..4), 0..20),
    ) {
        let mut bytes = sample.repeat(copies).into_bytes();
        for (place, byte, how) in edits {
            let at = place.index(bytes.len());
            match how {
                0 => bytes[at] = byte,
                1 => bytes.insert(at, byte),
                2 => bytes[at] = b"\"\\\n[]{},:\t#\0"[usize::from(byte) % 12],
                _ => bytes.truncate(at.max(1)),
            }
        }
        let mut count = Count::default();
        let (format, error) = read_with(bytes.as_slice(), &mut count);
        let lines = bytes.split(|byte| *byte == b'\n').filter(|line| !line.trim_ascii().is_empty()).count() as u64;
        let by_line = matches!(format, Format::ZeekJson | Format::WindowsJson | Format::Text | Format::Syslog);
        if error.is_none() && by_line && bytes.first() == Some(&b'{') && !sample.starts_with('[') {
            // Every line is either a record or a defect.
            prop_assert!(count.records + count.defects.len() as u64 <= lines);
        }
    }
}

#[test]
fn no_event_log_makes_the_reader_fail() {
    let Some(logs) = logs() else { return };
    let whole = std::fs::read(logs.join("evtx/new-user-security.evtx")).unwrap();
    let mut seed = 1u64;
    for _ in 0..60 {
        let mut bytes = whole.clone();
        for _ in 0..20 {
            seed = seed
                .wrapping_mul(6_364_136_223_846_793_005)
                .wrapping_add(1_442_695_040_888_963_407);
            let at = 4096 + (seed >> 33) as usize % 8192;
            bytes[at] = (seed >> 20) as u8;
        }
        let mut count = Count::default();
        let (_, error) = read_with(bytes.as_slice(), &mut count);
        assert!(error.is_none());
    }
}

/// Found by attack: after each line given up, the whole buffer was looked at and moved again; 1 MB took 8 s.
#[test]
fn logs_full_of_records_that_do_not_end_are_read_in_linear_time() {
    let csv = |line: &str| format!("time,a,b\n1,2,3\n{}1,2,3\n", line.repeat((8 << 20) / line.len()));
    let stray = "2024-01-01T00:00:00Z,a\"b,\"c\"\"d\n";
    for line in [stray, "2024-01-01T00:00:00Z,a\"b,\"c\"\"d\n1,2,3\n1,2,3\n"] {
        let text = csv(line);
        let mut count = Count::default();
        let (format, error) = read_with(text.as_bytes(), &mut count);
        assert!(error.is_none() && format == Format::Csv);
        assert_eq!(count.defects.len(), (8 << 20) / line.len());
        assert_eq!(count.last as usize, text.lines().count());
    }
    for line in ["{\"a\":\n", "{\"a\":\n1,\n", "[{\"a\":[\n"] {
        let lines = (8 << 20) / line.len();
        let text = format!(
            "{}{}{{\"a\":1}}\n",
            "{\n\"a\":\n1}\n".repeat(9),
            line.repeat(lines)
        );
        let mut count = Count::default();
        let (_, error) = read_with(text.as_bytes(), &mut count);
        assert!(error.is_none());
        assert_eq!(count.records, 10, "{line}");
        // Lines that two reads share are judged alone.
        let defects = count.defects.len();
        assert!((lines..lines + 100).contains(&defects), "{line} {defects}");
        assert_eq!(count.last as usize, text.lines().count());
    }
}

#[test]
fn what_spans_lines_is_read_up_to_its_limit() {
    let cell = |bytes: usize| "x\n".repeat(bytes / 2);
    for (bytes, records, defects) in [(200 << 10, 3, 0), (300 << 10, 2, 2)] {
        // Beyond the limit the lines are records, the last of which ends a quote that is none.
        let text = format!("a,b\n1,2\n\"{}\",2\n3,4\n", cell(bytes));
        let mut count = Count::default();
        let _ = read_with(text.as_bytes(), &mut count);
        assert_eq!(count.defects.len().min(2), defects);
        assert!(count.records >= records);
        assert_eq!(count.last as usize, text.lines().count());
    }
    for (bytes, records, defects) in [(500 << 10, 3, 0), (3 << 20, 2, 1)] {
        let text = format!(
            "{{\n\"a\":1}}\n{{\"a\":[{}1]}}\n{{\"b\":1}}\n",
            "1,\n".repeat(bytes / 3)
        );
        let mut count = Count::default();
        let _ = read_with(text.as_bytes(), &mut count);
        assert_eq!(count.records, records);
        assert_eq!(count.defects.len().min(1), defects);
        assert_eq!(count.last as usize, text.lines().count());
    }
}
