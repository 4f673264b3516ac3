//! How fast records are read: writes a realistic Zeek log, and visits every typed value of a log.
//!
//! `throughput generate json|tsv PATH MEGABYTES`, then `throughput scan PATH [ROUNDS]`. Figures are per second
//! of processor time (user and system), from Linux's `/proc/self/schedstat`.

#![allow(
    clippy::print_stdout,
    clippy::disallowed_methods,
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a program to measure with, not a part of the product"
)]

use entente_telemetry::{Defect, Observed, Record, Scratch, Source, Value, Visitor};
use std::fmt::Write as _;
use std::fs::File;
use std::hint::black_box;
use std::io::{BufWriter, Write};

fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    match arguments.as_slice() {
        ["generate", form, path, megabytes] => generate(form, path, megabytes.parse().unwrap()),
        ["scan", path] => scan(path, 3),
        ["scan", path, rounds] => scan(path, rounds.parse().unwrap()),
        _ => println!("throughput generate json|tsv PATH MEGABYTES | throughput scan PATH [ROUNDS]"),
    }
}

#[derive(Default)]
struct Sum {
    values: u64,
    bytes: u64,
    records: u64,
    defects: u64,
}

impl Visitor for Sum {
    #[inline]
    fn observed(&mut self, observed: Observed<'_>) {
        self.values += 1;
        self.bytes += match observed.value {
            Value::Plain(value) => black_box(value).len() as u64,
            Value::Url { host, path, .. } => (black_box(host).len() + black_box(path).len()) as u64,
        };
    }

    #[inline]
    fn record(&mut self, record: &Record<'_>) {
        self.records += 1;
        black_box(record.raw());
    }

    fn defect(&mut self, _: Defect) {
        self.defects += 1;
    }
}

fn scan(path: &str, rounds: u32) {
    for _ in 0..rounds {
        let mut sum = Sum::default();
        let start = processor_seconds();
        let mut source = Source::open(File::open(path).unwrap(), path).unwrap();
        let mut scratch = Scratch::new();
        let mut bytes = 0;
        while let Some(batch) = source.next().unwrap() {
            batch.visit(&mut sum, &mut scratch);
            bytes += batch.text_bytes();
            source.recycle(batch);
        }
        let seconds = processor_seconds() - start;
        println!(
            "{}: {:.0} MB/s, {:.2} M records/s, {:.1} M values/s ({} records, {} values, {} defects, {:.0} MB)",
            source.format(),
            bytes as f64 / seconds / 1e6,
            sum.records as f64 / seconds / 1e6,
            sum.values as f64 / seconds / 1e6,
            sum.records,
            sum.values,
            sum.defects,
            bytes as f64 / 1e6,
        );
    }
}

fn processor_seconds() -> f64 {
    let text = std::fs::read_to_string("/proc/self/schedstat").unwrap();
    text.split(' ').next().unwrap().parse::<f64>().unwrap() / 1e9
}

/// Numbers that look random and are the same every time.
struct Draw(u64);

impl Draw {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mixed = (self.0 ^ self.0 >> 30).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let mixed = (mixed ^ mixed >> 27).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ mixed >> 31
    }

    fn below(&mut self, limit: u64) -> u64 {
        self.next() % limit
    }

    fn one_of<'a>(&mut self, list: &[&'a str]) -> &'a str {
        list[self.below(list.len() as u64) as usize]
    }

    fn word(&mut self, letters: &[u8], length: u64) -> String {
        (0..length)
            .map(|_| char::from(letters[self.below(letters.len() as u64) as usize]))
            .collect()
    }

    fn uid(&mut self) -> String {
        let letters = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789";
        let length = 16 + self.below(2);
        format!("C{}", self.word(letters, length))
    }

    fn inside(&mut self) -> String {
        format!("10.{}.{}.{}", self.below(4), self.below(256), self.below(256))
    }

    fn outside(&mut self) -> String {
        let first = [13, 23, 34, 52, 91, 104, 142, 185, 199, 216][self.below(10) as usize];
        format!(
            "{first}.{}.{}.{}",
            self.below(256),
            self.below(256),
            self.below(256)
        )
    }

    fn domain(&mut self) -> String {
        let length = 4 + self.below(12);
        let name = self.word(b"abcdefghijklmnopqrstuvwxyz0123456789-eeeaaiio", length);
        let top = self.one_of(&["com", "net", "org", "io", "co.uk", "example", "de"]);
        match self.below(3) {
            0 => format!("{name}.{top}"),
            1 => format!("www.{name}.{top}"),
            _ => format!("{}.cdn.{name}.{top}", self.below(1000)),
        }
    }
}

/// One field of a record, written in either form.
enum Field {
    Text(&'static str, String),
    Bare(&'static str, String),
    List(&'static str, Vec<String>),
}

fn generate(form: &str, path: &str, megabytes: u64) {
    let mut draw = Draw(7);
    let mut out = BufWriter::with_capacity(1 << 20, File::create(path).unwrap());
    let mut written = 0;
    let mut line = String::new();
    let mut time = 1_588_205_199.0;
    // TSV has one kind of record a file; a change of kind is a change of header.
    let run = if form == "tsv" { 2_000 } else { 1 };
    while written < megabytes * 1_000_000 {
        let kind = draw.below(100);
        for index in 0..run {
            time += 0.0003;
            let fields = match kind {
                0..55 => conn(&mut draw, time),
                55..85 => dns(&mut draw, time),
                _ => http(&mut draw, time),
            };
            line.clear();
            match form {
                "tsv" => tsv(&mut line, &fields, index == 0, kind),
                _ => json(&mut line, &fields, &mut draw),
            }
            out.write_all(line.as_bytes()).unwrap();
            written += line.len() as u64;
        }
    }
    out.flush().unwrap();
}

fn json(line: &mut String, fields: &[Field], draw: &mut Draw) {
    line.push('{');
    for field in fields {
        let comma = if line.len() > 1 { "," } else { "" };
        match field {
            Field::Text(_, value) if value.is_empty() => {}
            Field::Bare(_, value) if value.is_empty() => {}
            Field::Text(name, value) => {
                // Now and then what exporters escape.
                let value = if draw.below(50) == 0 {
                    value.replace('/', "\\/")
                } else {
                    value.clone()
                };
                write!(line, "{comma}\"{name}\":\"{value}\"").unwrap();
            }
            Field::Bare(name, value) => write!(line, "{comma}\"{name}\":{value}").unwrap(),
            Field::List(_, values) if values.is_empty() => {}
            Field::List(name, values) => write!(line, "{comma}\"{name}\":[{}]", values.join(",")).unwrap(),
        }
    }
    line.push_str("}\n");
}

fn tsv(line: &mut String, fields: &[Field], header: bool, kind: u64) {
    if header {
        let path = ["conn", "dns", "http"][(kind >= 55) as usize + (kind >= 85) as usize];
        let name = |field: &Field| match field {
            Field::Text(name, _) | Field::Bare(name, _) | Field::List(name, _) => *name,
        };
        let kind = |field: &Field| match field {
            Field::Text(name, _) if name.ends_with("_h") => "addr",
            Field::Text(..) => "string",
            Field::Bare(..) => "count",
            Field::List(..) => "vector[string]",
        };
        let names: Vec<_> = fields.iter().map(name).collect();
        let kinds: Vec<_> = fields.iter().map(kind).collect();
        writeln!(line, "#separator \\x09\n#path\t{path}").unwrap();
        writeln!(
            line,
            "#fields\t{}\n#types\t{}",
            names.join("\t"),
            kinds.join("\t")
        )
        .unwrap();
    }
    for (index, field) in fields.iter().enumerate() {
        if index > 0 {
            line.push('\t');
        }
        match field {
            Field::Text(_, value) | Field::Bare(_, value) if value.is_empty() => line.push('-'),
            Field::Text(_, value) | Field::Bare(_, value) => line.push_str(value),
            Field::List(_, values) if values.is_empty() => line.push_str("(empty)"),
            Field::List(_, values) => line.push_str(&values.join(",").replace('"', "")),
        }
    }
    line.push('\n');
}

fn start(draw: &mut Draw, time: f64, port: u64) -> Vec<Field> {
    vec![
        Field::Bare("ts", format!("{time:.6}")),
        Field::Text("uid", draw.uid()),
        Field::Text("id.orig_h", draw.inside()),
        Field::Bare("id.orig_p", (1024 + draw.below(60_000)).to_string()),
        Field::Text("id.resp_h", draw.outside()),
        Field::Bare("id.resp_p", port.to_string()),
    ]
}

fn conn(draw: &mut Draw, time: f64) -> Vec<Field> {
    let mut fields = start(draw, time, 443);
    let answered = draw.below(10) > 0;
    let number = |draw: &mut Draw, limit| {
        if answered {
            draw.below(limit).to_string()
        } else {
            String::new()
        }
    };
    let duration = if answered {
        format!("{}.{:015}", draw.below(100), draw.below(999_999_999_999_999))
    } else {
        String::new()
    };
    fields.extend([
        Field::Text("proto", draw.one_of(&["tcp", "udp"]).into()),
        Field::Text("service", draw.one_of(&["ssl", "http", "dns", ""]).into()),
        Field::Bare("duration", duration),
        Field::Bare("orig_bytes", number(draw, 100_000)),
        Field::Bare("resp_bytes", number(draw, 10_000_000)),
        Field::Text("conn_state", draw.one_of(&["SF", "S0", "RSTO", "S1"]).into()),
        Field::Bare("local_orig", "true".into()),
        Field::Bare("local_resp", "false".into()),
        Field::Bare("missed_bytes", "0".into()),
        Field::Text(
            "history",
            draw.one_of(&["ShADadFf", "Dd", "S", "ShADTadtFf"]).into(),
        ),
        Field::Bare("orig_pkts", draw.below(200).to_string()),
        Field::Bare("orig_ip_bytes", draw.below(100_000).to_string()),
        Field::Bare("resp_pkts", draw.below(2000).to_string()),
        Field::Bare("resp_ip_bytes", draw.below(10_000_000).to_string()),
    ]);
    fields
}

fn dns(draw: &mut Draw, time: f64) -> Vec<Field> {
    let mut fields = start(draw, time, 53);
    let count = draw.below(4);
    let answers: Vec<String> = (0..count)
        .map(|index| {
            let answer = if index == 0 && count > 1 {
                draw.domain()
            } else {
                draw.outside()
            };
            format!("\"{answer}\"")
        })
        .collect();
    let times = answers
        .iter()
        .map(|_| format!("{}.0", draw.below(3600)))
        .collect();
    fields.extend([
        Field::Text("proto", "udp".into()),
        Field::Bare("trans_id", draw.below(65_536).to_string()),
        Field::Bare("rtt", format!("0.{:06}", draw.below(999_999))),
        Field::Text("query", draw.domain()),
        Field::Bare("qclass", "1".into()),
        Field::Text("qclass_name", "C_INTERNET".into()),
        Field::Bare("qtype", "1".into()),
        Field::Text("qtype_name", draw.one_of(&["A", "AAAA"]).into()),
        Field::Bare("rcode", "0".into()),
        Field::Text("rcode_name", "NOERROR".into()),
        Field::Bare("AA", "false".into()),
        Field::Bare("TC", "false".into()),
        Field::Bare("RD", "true".into()),
        Field::Bare("RA", "true".into()),
        Field::Bare("Z", "0".into()),
        Field::List("answers", answers),
        Field::List("TTLs", times),
        Field::Bare("rejected", "false".into()),
    ]);
    fields
}

fn http(draw: &mut Draw, time: f64) -> Vec<Field> {
    let mut fields = start(draw, time, 80);
    let host = draw.domain();
    let length = 5 + draw.below(50);
    let uri = draw.word(b"abcdefghijklmnopqrstuvwxyz/0123456789_-", length);
    let referrer = if draw.below(2) == 0 {
        format!("http://{host}/")
    } else {
        String::new()
    };
    let agent = "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/";
    let text = |name: &str| format!("\"{name}\"");
    fields.extend([
        Field::Bare("trans_depth", "1".into()),
        Field::Text("method", draw.one_of(&["GET", "POST"]).into()),
        Field::Text("host", host),
        Field::Text("uri", format!("/{uri}")),
        Field::Text("referrer", referrer),
        Field::Text("version", "1.1".into()),
        Field::Text(
            "user_agent",
            format!("{agent}{}.0.0.0 Safari/537.36", 80 + draw.below(60)),
        ),
        Field::Bare("request_body_len", "0".into()),
        Field::Bare("response_body_len", draw.below(1_000_000).to_string()),
        Field::Bare("status_code", "200".into()),
        Field::Text("status_msg", "OK".into()),
        Field::List("tags", vec![]),
        Field::List("resp_fuids", vec![text(&draw.uid())]),
        Field::List("resp_mime_types", vec![text("text/html")]),
    ]);
    fields
}
