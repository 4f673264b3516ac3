use entente_stix::{marking::Tlp, observable::Kind, time::Timestamp};

use super::*;
use crate::{Entry, Item, export};

fn read(text: &str) -> Vec<Item> {
    let mut reader = Reader::new(text.as_bytes());
    let mut items = Vec::new();
    while let Some(item) = reader.read_item().unwrap() {
        items.push(item);
    }
    items
}

fn entries(text: &str) -> Vec<Entry> {
    let entry = |item| match item {
        Item::Entry(entry) => entry,
        Item::Defect(defect) => panic!("{defect}"),
    };
    read(text).into_iter().map(entry).collect()
}

fn values(text: &str) -> Vec<(u64, Kind, String)> {
    let triple = |entry: Entry| (entry.line, entry.observable.kind, entry.observable.value);
    entries(text).into_iter().map(triple).collect()
}

fn refused(text: &str) -> String {
    match read(text).as_slice() {
        [Item::Defect(defect)] => defect.to_string(),
        other => panic!("{other:?}"),
    }
}

fn at(text: &str) -> Option<Timestamp> {
    Some(Timestamp::parse(text).unwrap())
}

#[test]
fn columns_are_found_by_name_in_each_dialect() {
    for delimiter in [",", ";", "\t", "|"] {
        let text = "Indicator,Type,Confidence\nevil.example,domain,80\n".replace(',', delimiter);
        let entries = entries(&text);
        assert_eq!(entries[0].observable.value, "evil.example");
        assert_eq!(entries[0].attributes.confidence, Some(80));
    }
}

#[test]
fn every_column_says_its_part() {
    let text = "value,type,first_seen,valid_until,confidence,description,labels,source,tlp,reference\r\n\
                hxxp://evil[.]example/x,url,2026-01-02 03:04:05,2027-01-01,high,\"a, b\",\"c2,loader\",\
                CERT,TLP:AMBER+STRICT,https://r.example/1\r\n";
    let entry = entries(text).remove(0);
    let attributes = entry.attributes;
    assert_eq!((entry.line, entry.written.as_str()), (2, "http://evil.example/x"));
    assert_eq!(attributes.first_seen, at("2026-01-02T03:04:05Z"));
    assert_eq!(attributes.valid_until, at("2027-01-01T00:00:00Z"));
    assert_eq!(attributes.confidence, Some(85));
    assert_eq!(attributes.description.as_deref(), Some("a, b"));
    assert_eq!(attributes.labels, ["c2", "loader"]);
    assert_eq!(attributes.source.as_deref(), Some("CERT"));
    assert_eq!(attributes.tlp, Some(Tlp::AmberStrict));
    assert_eq!(attributes.links, ["https://r.example/1"]);
}

#[test]
fn a_header_in_a_comment_line_is_taken() {
    let text = "################\n# A tracker   #\n# Terms: none  #\n################\n#\n\
                # id,dateadded,url,url_status,threat,tags,urlhaus_link,reporter\n\
                \"7\",\"2026-03-01 10:00:00\",\"http://192.0.2.7:5555/bin.sh\",\"online\",\"malware_download\",\
                \"elf,mips\",\"https://tracker.example/url/7/\",\"somebody\"\n";
    let entry = entries(text).remove(0);
    assert_eq!((entry.line, entry.observable.kind), (7, Kind::Url));
    assert_eq!(entry.attributes.labels, ["malware_download", "elf", "mips"]);
    assert_eq!(entry.attributes.first_seen, at("2026-03-01T10:00:00Z"));
    let spaced = "# \"first_seen_utc\",\"ioc_value\",\"ioc_type\",\"confidence_level\"\n\
                  \"2026-03-01 10:00:00\", \"192.0.2.7:443\", \"ip:port\", \"75\"\n";
    let entry = entries(spaced).remove(0);
    assert_eq!(
        (entry.observable.value.as_str(), entry.port),
        ("192.0.2.7", Some(443))
    );
}

#[test]
fn a_row_of_several_hashes_gives_each() {
    let text = "sha256_hash,md5_hash,file_name\n\
                e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855,\
                d41d8cd98f00b204e9800998ecf8427e,empty\n";
    let kinds: Vec<_> = values(text).into_iter().map(|(_, kind, _)| kind).collect();
    assert_eq!(kinds, [Kind::Sha256, Kind::Md5]);
}

#[test]
fn misp_export_is_read_by_its_types() {
    let text = "uuid,event_id,category,type,value,comment,to_ids,date\n\
                \"u1\",1,\"Network activity\",\"domain|ip\",\"evil.example|192.0.2.1\",\"\",1,20260301\n\
                \"u2\",1,\"Network activity\",\"ip-dst|port\",\"192.0.2.2|443\",\"c2\",1,20260301\n\
                \"u3\",1,\"Payload\",\"filename|md5\",\"a.exe|d41d8cd98f00b204e9800998ecf8427e\",\"\",1,20260301\n\
                \"u4\",1,\"Other\",\"domain\",\"good.example\",\"\",0,20260301\n\
                \"u5\",1,\"Other\",\"yara\",\"rule x {}\",\"\",1,20260301\n";
    let mut taken = Vec::new();
    let mut reasons = Vec::new();
    for item in read(text) {
        match item {
            Item::Entry(entry) => taken.push((entry.observable.value, entry.port)),
            Item::Defect(defect) => reasons.push((defect.line, defect.reason)),
        }
    }
    let value = |text: &str, port| (text.to_owned(), port);
    assert_eq!(
        taken,
        [
            value("evil.example", None),
            value("192.0.2.1", None),
            value("192.0.2.2", Some(443)),
            value("d41d8cd98f00b204e9800998ecf8427e", None),
        ]
    );
    assert!(
        reasons[0].0 == 5 && reasons[0].1.contains("not for detection"),
        "{reasons:?}"
    );
    assert!(
        reasons[1].0 == 6 && reasons[1].1.contains("`yara`"),
        "{reasons:?}"
    );
}

#[test]
fn a_tlp_tag_is_a_marking_and_the_stricter_counts() {
    let text = "value,tlp,tags\nevil.example,green,\"c2,tlp:amber\"\n";
    let attributes = entries(text).remove(0).attributes;
    assert_eq!(
        (attributes.tlp, attributes.labels),
        (Some(Tlp::Amber), vec!["c2".to_owned()])
    );
}

#[test]
fn rows_without_a_header_are_refused_with_a_way_out() {
    let text = refused("evil.example,domain\nworse.example,domain\n");
    assert!(
        text.contains("no header") && text.contains("`value,type,description`"),
        "{text}"
    );
}

#[test]
fn a_bad_row_is_named_and_the_rest_is_read() {
    let text = "value,type,confidence,tlp,first_seen\n\
                evil.example,ip,,,\nevil.example,domain,200,,\nevil.example,domain,,purple,\n\
                evil.example,domain,,,yesterday\n,domain,,,\na.example,\"open\nb.example,domain,,,\n";
    let items = read(text);
    let lines: Vec<_> = items
        .iter()
        .map(|item| match item {
            Item::Entry(entry) => (entry.line, true),
            Item::Defect(defect) => (defect.line, false),
        })
        .collect();
    let bad = |line| (line, false);
    assert_eq!(
        lines,
        [bad(2), bad(3), bad(4), bad(5), bad(6), bad(7), (8, true)],
        "{items:#?}"
    );
}

#[test]
fn a_record_over_lines_counts_from_its_first() {
    let text = "value,description\na.example,\"one\ntwo\"\nb.example,x\n";
    let lines: Vec<_> = values(text).into_iter().map(|(line, _, _)| line).collect();
    assert_eq!(lines, [2, 4]);
}

#[test]
fn what_is_exported_is_read_back() {
    let mut writer = export::csv::Writer::new(Vec::new()).unwrap();
    let row = export::csv::Row {
        id: "indicator--1",
        type_name: "indicator",
        kind: Kind::Domain.name(),
        value: "evil.example",
        name: "-evil",
        description: "=seen, \"often\"\nsince spring",
        valid_from: "2026-01-01T00:00:00Z",
        confidence: Some(70),
        labels: &["c2", "apt"],
        tlp: "TLP:GREEN",
        ..Default::default()
    };
    writer.write(&row).unwrap();
    let text = String::from_utf8(writer.finish().unwrap()).unwrap();
    let entry = entries(&text).remove(0);
    assert_eq!(entry.observable.value, "evil.example");
    assert_eq!(entry.attributes.name.as_deref(), Some("-evil"));
    assert_eq!(
        entry.attributes.description.as_deref(),
        Some("=seen, \"often\"\nsince spring")
    );
    assert_eq!(entry.attributes.labels, ["c2", "apt"]);
    assert_eq!(entry.attributes.tlp, Some(Tlp::Green));
}

#[test]
fn an_exported_row_is_read_back_however_long_its_description() {
    for description in ["line\n".repeat(5_000), "x".repeat(1 << 20)] {
        let mut writer = export::csv::Writer::new(Vec::new()).unwrap();
        let row = export::csv::Row {
            kind: Kind::Domain.name(),
            value: "evil.example",
            description: &description,
            ..Default::default()
        };
        writer.write(&row).unwrap();
        let text = String::from_utf8(writer.finish().unwrap()).unwrap();
        assert_eq!(entries(&text).len(), 1);
    }
}
