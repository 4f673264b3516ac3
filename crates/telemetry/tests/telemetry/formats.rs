//! One small log of each format, and what is seen in it.

use crate::{Seen, read};
use entente_telemetry::Format;
use std::io::Write;

fn check(text: &str, format: Format, values: &[&str]) -> Seen {
    let (found, seen) = read(text.as_bytes());
    assert_eq!(found, format);
    assert_eq!(seen.values, values, "{text}");
    assert_eq!(seen.defects, []);
    seen
}

#[test]
fn zeek_http_json_gives_the_url_in_parts() {
    let text = r#"{"ts":1588205199.82437,"uid":"C1","id.orig_h":"10.0.0.1","id.resp_h":"192.0.2.7","method":"GET","host":"evil.example:8080","uri":"\/a\u0062?c","referrer":"http://r.example/","user_agent":"curl","resp_filenames":["x.exe"]}
{"ts":"2020-04-30T00:06:39.824370Z","id_orig_h":"10.0.0.2","uid":"C2","method":"CONNECT","host":"p.example","uri":"q.example:443"}
"#;
    let seen = check(
        text,
        Format::ZeekJson,
        &[
            "0 Address id.orig_h 10.0.0.1",
            "0 Address id.resp_h 192.0.2.7",
            "0 Host host evil.example:8080",
            "0 Url referrer http://r.example/",
            "0 UserAgent user_agent curl",
            "0 FileName resp_filenames x.exe",
            "0 Url uri evil.example:8080 /ab?c",
            "1 Address id_orig_h 10.0.0.2",
            "1 Host host p.example",
            "1 Host uri q.example:443",
        ],
    );
    let time = Some(1_588_205_199_824_370);
    let host = |text: &str| Some(text.to_string());
    assert_eq!(
        seen.records,
        [(1, time, host("10.0.0.1")), (2, time, host("10.0.0.2"))]
    );
}

#[test]
fn zeek_tsv_follows_its_headers() {
    let text = "#separator \\x09\n#set_separator\t,\n#empty_field\t(empty)\n#unset_field\t-\n#path\tdns\n\
        #fields\tts\tuid\tid.orig_h\tquery\tanswers\textra\n#types\ttime\tstring\taddr\tstring\tvector[string]\tstring\n\
        1.5\tC\t10.0.0.1\tq\\x09.example\ta.example,b\\x2cc,-\t(empty)\n\
        2.5\tC\t10.0.0.2\t-\t(empty)\tnew\n\
        #close\t2020\n#path\tsmb_mapping\n#fields\tid.resp_h\tpath\n#types\taddr\tstring\n\
        192.0.2.1\t\\\\\\\\srv\\\\share\n";
    let seen = check(
        text,
        Format::ZeekTsv,
        &[
            "0 Address id.orig_h 10.0.0.1",
            "0 Domain query q\t.example",
            "0 Host answers a.example",
            "0 Host answers b,c",
            "1 Address id.orig_h 10.0.0.2",
            "1 Text extra new",
            "2 Address id.resp_h 192.0.2.1",
            "2 FilePath path \\\\srv\\share",
        ],
    );
    assert_eq!(
        seen.records.iter().map(|record| record.0).collect::<Vec<_>>(),
        [8, 9, 14]
    );
}

#[test]
fn zeek_tsv_http_joins_host_and_uri() {
    let text = "#fields\thost\turi\tuser_agent\n#types\tstring\tstring\tstring\n\
        h.example\t/p\\x09q\tua\n-\t/alone\t-\nh.example\thttp://full.example/x\t-\n";
    check(
        text,
        Format::ZeekTsv,
        &[
            "0 Host host h.example",
            "0 UserAgent user_agent ua",
            "0 Url uri h.example /p\tq",
            "2 Host host h.example",
            "2 Url uri http://full.example/x",
        ],
    );
}

#[test]
fn eve_dns_in_three_layouts_and_http() {
    let text = r#"{"timestamp":"2018-03-24T14:37:19.037299-0600","event_type":"dns","src_ip":"10.0.0.1","dest_ip":"10.0.0.2","proto":"UDP","dns":{"type":"answer","rrname":"a.example","rrtype":"A","rdata":"192.0.2.1"}}
{"timestamp":"2018-03-24T14:37:19.037299-0600","event_type":"dns","src_ip":"10.0.0.1","dns":{"version":2,"type":"answer","rrname":"b.example","answers":[{"rrname":"b.example","rrtype":"CNAME","rdata":"c.example"},{"rrname":"c.example","rrtype":"A","rdata":"192.0.2.2"}],"grouped":{"A":["192.0.2.2"],"CNAME":["c.example"]}}}
{"timestamp":"2018-03-24T14:37:19.037299-0600","event_type":"dns","src_ip":"10.0.0.1","dns":{"version":3,"queries":[{"rrname":"d.example","rrtype":"A"}],"answers":[]}}
{"timestamp":"2018-03-24T14:37:19.037299-0600","event_type":"http","src_ip":"10.0.0.1","http":{"hostname":"h.example","http_port":8080,"url":"/x","http_user_agent":"ua","status":200}}
"#;
    let seen = check(
        text,
        Format::Eve,
        &[
            "0 Address src_ip 10.0.0.1",
            "0 Address dest_ip 10.0.0.2",
            "0 Domain dns.rrname a.example",
            "0 Host dns.rdata 192.0.2.1",
            "1 Address src_ip 10.0.0.1",
            "1 Domain dns.rrname b.example",
            "1 Domain dns.answers[0].rrname b.example",
            "1 Host dns.answers[0].rdata c.example",
            "1 Domain dns.answers[1].rrname c.example",
            "1 Host dns.answers[1].rdata 192.0.2.2",
            "1 Host dns.grouped.A 192.0.2.2",
            "1 Host dns.grouped.CNAME c.example",
            "2 Address src_ip 10.0.0.1",
            "2 Domain dns.queries[0].rrname d.example",
            "3 Address src_ip 10.0.0.1",
            "3 Host http.hostname h.example",
            "3 UserAgent http.http_user_agent ua",
            "3 Url http.url h.example:8080 /x",
        ],
    );
    assert_eq!(seen.records[0].1, Some(1_521_923_839_037_299));
}

#[test]
fn windows_fields_flat_and_below_event_data() {
    let text = r#"{"EventID":22,"Channel":"Sysmon","Computer":"pc1","@timestamp":"2020-10-21T11:28:08.823Z","QueryName":"q.example","QueryResults":"type:  5 c.example;::ffff:192.0.2.1;","Hashes":"SHA1=da39a3ee5e6b4b0d3255bfef95601890afd80709,IMPHASH=00000000000000000000000000000000","Image":"C:\\a.exe","ProcessGuid":"{1}","TargetObject":"HKLM\\x","CommandLine":"a \"b\"","Destination":"-"}
{"@timestamp":"2020-10-21T11:28:08.823Z","winlog":{"event_data":{"DestinationIp":"192.0.2.9","User":"x"},"computer_name":"pc2"},"ecs":{"version":"1"},"source":{"ip":["192.0.2.3"]}}
"#;
    let seen = check(
        text,
        Format::WindowsJson,
        &[
            "0 Domain QueryName q.example",
            "0 Host QueryResults c.example",
            "0 Host QueryResults ::ffff:192.0.2.1",
            "0 Hash Hashes da39a3ee5e6b4b0d3255bfef95601890afd80709",
            "0 FilePath Image C:\\a.exe",
            "0 RegistryKey TargetObject HKLM\\x",
            "0 Text CommandLine a \"b\"",
            "1 Address winlog.event_data.DestinationIp 192.0.2.9",
            "1 Address source.ip 192.0.2.3",
        ],
    );
    assert_eq!(seen.records[0].2.as_deref(), Some("pc1"));
    assert_eq!(seen.records[1].2.as_deref(), Some("pc2"));
}

#[test]
fn any_json_and_ocsf() {
    let text = r#"{"when":"x","src_ip":"192.0.2.1","deep":{"url":"http://u.example/"},"note":"some text","n":5,"asn":64500,"ok":true}
{"class_uid":4003,"metadata":{"version":"1"},"query":{"hostname":"q.example"},"answers":[{"rdata":"192.0.2.2"}],"src_endpoint":{"ip":"10.0.0.1"},"time":1588205199824}
"#;
    let seen = check(
        text,
        Format::Json,
        &[
            "0 Text when x",
            "0 Address src_ip 192.0.2.1",
            "0 Text note some text",
            "0 AutonomousSystem asn 64500",
            "0 Url deep.url http://u.example/",
            "1 Domain query.hostname q.example",
            "1 Host answers[0].rdata 192.0.2.2",
            "1 Address src_endpoint.ip 10.0.0.1",
        ],
    );
    assert_eq!(seen.records[1].1, Some(1_588_205_199_824_000));
}

#[test]
fn csv_columns_by_name() {
    let text = "time,Src IP,cs-host,cs-uri-stem,comment\r\n\
        2020-04-30T00:06:39Z,192.0.2.1,h.example,/x,\"two\r\nlines, \"\"quoted\"\"\"\r\n\r\n\
        2020-04-30 00:06:40,192.0.2.2,-,-,\r\n";
    let seen = check(
        text,
        Format::Csv,
        &[
            "0 Address Src IP 192.0.2.1",
            "0 Host cs-host h.example",
            "0 Text comment two\r\nlines, \"quoted\"",
            "0 Url cs-uri-stem h.example /x",
            "1 Address Src IP 192.0.2.2",
        ],
    );
    let lines: Vec<_> = seen
        .records
        .iter()
        .map(|record| (record.0, record.1.unwrap()))
        .collect();
    assert_eq!(lines, [(2, 1_588_205_199_000_000), (5, 1_588_205_200_000_000)]);
}

#[test]
fn csv_rows_of_another_width_are_defects() {
    let (format, seen) = read(b"a,b\n1,2\n3,4\n5,6\n7,8\n9,10\n1\n1,2,3\n1,2");
    assert_eq!((format, seen.records.len()), (Format::Csv, 6));
    assert_eq!(
        seen.defects.iter().map(|defect| defect.line).collect::<Vec<_>>(),
        [7, 8]
    );
}

#[test]
fn syslog_and_text_are_text() {
    let seen = check(
        "<34>Mar 24 17:15:20 gw su: evil.example\nMar 24 17:15:21 gw kernel: x\n",
        Format::Syslog,
        &[
            "0 Text message <34>Mar 24 17:15:20 gw su: evil.example",
            "1 Text message Mar 24 17:15:21 gw kernel: x",
        ],
    );
    assert_eq!(
        seen.records[0],
        (1, Some(1_521_911_720_000_000), Some("gw".into()))
    );
    let seen = check(
        "\n2018-03-24 17:15:20 something\n192.0.2.1 - - [24/Mar/2018:17:15:20 +0000] \"GET /\"",
        Format::Text,
        &[
            "0 Text message 2018-03-24 17:15:20 something",
            "1 Text message 192.0.2.1 - - [24/Mar/2018:17:15:20 +0000] \"GET /\"",
        ],
    );
    assert_eq!(seen.records[0], (2, Some(1_521_911_720_000_000), None));
    assert_eq!(seen.records[1], (3, Some(1_521_911_720_000_000), None));
}

#[test]
fn pretty_printed_objects_one_after_the_other() {
    let text = "{\n  \"src_ip\": \"192.0.2.1\",\n  \"list\": [\n    \"a\",\n    \"b\"\n  ]\n}\n{\n  \"src_ip\": \"192.0.2.2\"\n}\n";
    let seen = check(
        text,
        Format::Json,
        &[
            "0 Address src_ip 192.0.2.1",
            "0 Text list a",
            "0 Text list b",
            "1 Address src_ip 192.0.2.2",
        ],
    );
    assert_eq!(
        seen.records.iter().map(|record| record.0).collect::<Vec<_>>(),
        [1, 8]
    );
}

#[test]
fn wrapping_changes_nothing() {
    let text: String = (0..5000)
        .map(|n| format!("{{\"ts\":{n},\"uid\":\"ü\",\"id.orig_h\":\"10.0.0.{n}\"}}\n"))
        .collect();
    let (format, plain) = read(text.as_bytes());
    assert_eq!((format, plain.records.len()), (Format::ZeekJson, 5000));
    let mut gzip = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    gzip.write_all(text.as_bytes()).unwrap();
    let units = std::iter::once(0xfeff).chain(text.encode_utf16());
    let wrapped = [
        gzip.finish().unwrap(),
        zstd::encode_all(text.as_bytes(), 1).unwrap(),
        units.flat_map(u16::to_le_bytes).collect(),
        format!("\u{feff}{text}").into_bytes(),
        text.replace('\n', "\r\n").into_bytes(),
        text.trim_end().as_bytes().to_vec(),
    ];
    for bytes in wrapped {
        assert_eq!(read(&bytes), (format, plain.clone()));
    }
}

#[test]
fn fields_are_looked_up_by_path() {
    use entente_telemetry::{Batch, Defect, Observed, Record, Scratch, Source, Visitor};
    struct Ask<'a>(&'a str, Vec<String>);
    impl Visitor for Ask<'_> {
        fn observed(&mut self, _: Observed<'_>) {}
        fn defect(&mut self, defect: Defect) {
            panic!("{defect:?}");
        }
        fn record(&mut self, record: &Record<'_>) {
            let values = record.values(self.0);
            assert_eq!(record.field(self.0), values.first().cloned());
            self.1.extend(
                values
                    .iter()
                    .map(|value| String::from_utf8_lossy(value).into_owned()),
            );
        }
    }
    let check = |text: &str, path: &str, expected: &[&str]| {
        let mut source = Source::open(text.as_bytes(), "log").unwrap();
        let mut ask = Ask(path, Vec::new());
        while let Some(batch) = source.next().unwrap() {
            Batch::visit(&batch, &mut ask, &mut Scratch::new());
        }
        assert_eq!(ask.1, expected, "{path}");
    };
    let json = r#"{"id.orig_h":"a\n","x":{"y":[{"z":1},{"z":"2"}],"l":["p","q"]},"d":1,"d":2}"#;
    check(json, "id.orig_h", &["a\n"]);
    check(json, "x.y.z", &["1", "2"]);
    check(json, "x.y[1].z", &["2"]);
    check(json, "x.l", &["p", "q"]);
    check(json, "x.l[1]", &["q"]);
    check(json, "d", &["1", "2"]);
    check(json, "nothing", &[]);
    let event = r##"{"Event":{"System":{"EventID":{"#attributes":{"Q":1},"#text":4688},"Computer":"pc"},"EventData":{"Image":"C:\\x"}}}"##;
    check(event, "EventID", &["4688"]);
    check(event, "Image", &["C:\\x"]);
    check(event, "Event.System.Computer", &["pc"]);
    let tsv = "#fields\tquery\tanswers\n#types\tstring\tvector[string]\nq\\x09\ta,b\\x2cc\n-\t(empty)\n";
    check(tsv, "query", &["q\t"]);
    check(tsv, "answers", &["a", "b,c"]);
    check(tsv, "answers[1]", &["b,c"]);
    check("a b,c\n1,\"x\"\"y\"\n", "c", &["x\"y"]);
    check("<34>1 2018-03-24T17:15:20Z h a 1 m - text\n", "app", &["a"]);
    check(
        "<34>1 2018-03-24T17:15:20Z h a 1 m - text\n",
        "message",
        &["text"],
    );
    check("plain\n", "message", &["plain"]);
}

#[test]
fn batches_go_to_other_threads() {
    fn can_move<T: Send>() {}
    can_move::<entente_telemetry::Batch>();
    can_move::<entente_telemetry::Scratch>();
    let text = "{\"ts\":1,\"uid\":\"C\",\"id.orig_h\":\"10.0.0.1\"}\n".repeat(40_000);
    let mut source = entente_telemetry::Source::open(text.as_bytes(), "log").unwrap();
    let mut batches = Vec::new();
    while let Some(batch) = source.next().unwrap() {
        batches.push(batch);
    }
    assert!(batches.len() > 3);
    let visit = |batch: entente_telemetry::Batch| {
        let mut seen = Seen::default();
        batch.visit(&mut seen, &mut entente_telemetry::Scratch::new());
        seen.records
            .into_iter()
            .map(|record| record.0)
            .collect::<Vec<u64>>()
    };
    let lines = std::thread::scope(|scope| {
        let threads: Vec<_> = batches
            .into_iter()
            .map(|batch| scope.spawn(move || visit(batch)))
            .collect();
        threads
            .into_iter()
            .flat_map(|thread| thread.join().unwrap())
            .collect::<Vec<_>>()
    });
    assert_eq!(lines, (1..=40_000).collect::<Vec<_>>());
}
