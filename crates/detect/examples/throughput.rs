//! Measures scanning, telemetry and matching together, and each apart, in CPU time of one thread.
//!
//! `cargo run --release -p entente-detect --example throughput -- json|tsv INDICATORS MEBIBYTES`
//!
//! The log is made here: Zeek connections (55 %), DNS (30 %) and HTTP (15 %), of which one record in 10 000
//! holds an indicator and as many hold a look-alike.

#![expect(
    clippy::disallowed_methods,
    clippy::print_stdout,
    reason = "a program for people to run"
)]
#![expect(
    clippy::indexing_slicing,
    clippy::expect_used,
    clippy::panic,
    reason = "a measurement ends when something is wrong"
)]

#[path = "shared/cpu.rs"]
mod cpu;

use cpu::cpu;
use entente_detect::{Compiler, Entry, Generation, Options, Scanner, Settings, terms};
use entente_telemetry::{Defect, Kind, Observed, Record, Scratch, Source, Value, Visitor};
use std::fmt::Write as _;

fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let is_json = arguments.first().is_none_or(|form| form == "json");
    let indicators: u64 = arguments
        .get(1)
        .map_or(1_000_000, |n| n.parse().expect("a number"));
    let mebibytes: usize = arguments.get(2).map_or(256, |n| n.parse().expect("a number"));

    let path = std::env::temp_dir().join(format!("entente-throughput-{}.generation", std::process::id()));
    let compiled = cpu(|| compile(&path, indicators));
    println!(
        "compile   {indicators:>10} indicators   {:>8.3} CPU-s",
        compiled.1
    );
    let sample = indicators.min(200_000);
    let reading = cpu(|| {
        (0..sample)
            .map(|n| terms::of_pattern(&pattern(n)).atoms.len())
            .sum::<usize>()
    })
    .1;
    println!(
        "          {:.3} of these for making and reading the patterns",
        reading * indicators as f64 / sample.max(1) as f64
    );
    let (generation, seconds) = cpu(|| {
        Generation::open(std::fs::File::open(&path).expect("the file just written")).expect("a generation")
    });
    std::fs::remove_file(&path).expect("the file just written");
    let resident = generation.resident() as f64 / indicators.max(1) as f64;
    println!(
        "open      {:>10} bytes file   {seconds:>8.3} CPU-s   {resident:.2} resident bytes an indicator",
        generation.summary().file_bytes
    );

    let (log, records, planted) = if is_json {
        json(indicators, mebibytes << 20)
    } else {
        tsv(indicators, mebibytes << 20)
    };
    println!(
        "log       {:>10} bytes, {records} records, {planted} planted",
        log.len()
    );
    let mut count = Count::default();
    let alone = (0..3)
        .map(|_| cpu(|| visit(&log, &mut count)).1)
        .fold(f64::MAX, f64::min);
    report("telemetry alone", &log, records, alone);
    println!("          {} values", count.values / 3);
    let mut best = f64::MAX;
    for _ in 0..7 {
        let mut scanner = Scanner::new(&generation, Options::default());
        best = best.min(cpu(|| visit(&log, &mut scanner)).1);
        let hits = scanner.hits().expect("a whole generation");
        let mut lines: Vec<u64> = hits.iter().map(|hit| hit.line).collect();
        lines.dedup();
        assert_eq!(lines.len() as u64, planted, "every planted line and no other");
    }
    report("with matching", &log, records, best);
    probes(&generation, &log);
}

/// The best of several runs: what else runs on the machine only ever adds.
fn report(name: &str, log: &[u8], records: u64, seconds: f64) {
    let (bytes, records) = (log.len() as f64, records as f64);
    println!(
        "{name:<18} {:>7.0} MB/CPU-s   {:>6.2} M records/CPU-s   {:>6.0} ns a record",
        bytes / seconds / 1e6,
        records / seconds / 1e6,
        seconds / records * 1e9
    );
}

fn visit<V: Visitor>(log: &[u8], visitor: &mut V) {
    let mut source = Source::open(log, "made").expect("a log");
    let mut scratch = Scratch::new();
    while let Some(batch) = source.next().expect("a log") {
        batch.visit(visitor, &mut scratch);
        source.recycle(batch);
    }
}

#[derive(Default)]
struct Count {
    values: u64,
    sum: u64,
}

impl Visitor for Count {
    #[inline(always)]
    fn observed(&mut self, observed: Observed<'_>) {
        self.values += 1;
        if let Value::Plain(bytes) = observed.value {
            self.sum = self.sum.wrapping_add(bytes.len() as u64);
        }
    }
    #[inline(always)]
    fn record(&mut self, record: &Record<'_>) {
        self.sum ^= record.line();
    }
    fn defect(&mut self, defect: Defect) {
        panic!("{defect:?}");
    }
}

/// Every value of a part of the log, kept, then probed over and over by kind: nanoseconds a value.
fn probes(generation: &Generation, log: &[u8]) {
    #[derive(Default)]
    struct Keep(Vec<(Kind, Vec<u8>, Option<Vec<u8>>)>);
    impl Visitor for Keep {
        fn observed(&mut self, observed: Observed<'_>) {
            self.0.push(match observed.value {
                Value::Plain(bytes) => (observed.kind, bytes.to_vec(), None),
                Value::Url { host, path, .. } => (observed.kind, host.to_vec(), Some(path.to_vec())),
            });
        }
        fn record(&mut self, _: &Record<'_>) {}
        fn defect(&mut self, _: Defect) {}
    }
    let mut keep = Keep::default();
    visit(&log[..log.len().min(16 << 20)], &mut keep);
    for kind in Kind::ALL {
        let values: Vec<_> = keep.0.iter().filter(|value| value.0 == kind).collect();
        if values.is_empty() {
            continue;
        }
        let mut scanner = Scanner::new(generation, Options::default());
        let wanted = if scanner.wants(kind) { "" } else { " (not wanted)" };
        let rounds = 4_000_000 / values.len() + 1;
        let mut pass = || {
            for _ in 0..rounds {
                for (kind, bytes, path) in &values {
                    let value = match path {
                        None => Value::Plain(bytes),
                        Some(path) => Value::Url {
                            host: bytes,
                            port: None,
                            path,
                        },
                    };
                    scanner.observed(Observed {
                        kind: *kind,
                        field: "",
                        value,
                    });
                }
            }
        };
        let seconds = (0..5).map(|_| cpu(&mut pass).1).fold(f64::MAX, f64::min);
        let each = seconds / (rounds * values.len()) as f64 * 1e9;
        println!(
            "probe     {kind:?}: {} values, {each:.1} ns each{wanted}",
            values.len()
        );
    }
}

/// SplitMix64.
struct Random(u64);

impl Random {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }
    fn below(&mut self, most: u64) -> u64 {
        ((u128::from(self.next()) * u128::from(most)) >> 64) as u64
    }
}

fn indicator_domain(n: u64) -> String {
    format!(
        "bad-{:x}.{}.example",
        Random(n).next() >> 20,
        ["news", "cdn", "login"][n as usize % 3]
    )
}

fn indicator_address(n: u64) -> String {
    let bits = Random(n ^ 0xabcd).next();
    format!(
        "{}.{}.{}.{}",
        100 + bits % 100,
        bits >> 8 & 255,
        bits >> 16 & 255,
        bits >> 24 & 255
    )
}

/// 40 % domains, 30 % addresses, 15 % URLs, 15 % SHA-256, as lists have them.
fn pattern(n: u64) -> String {
    match n % 20 {
        0..8 => format!("[domain-name:value = '{}']", indicator_domain(n)),
        8..14 => format!("[ipv4-addr:value = '{}']", indicator_address(n)),
        14..17 => format!("[url:value = 'http://{}/gate/{:x}.php']", indicator_domain(n), n),
        _ => format!(
            "[file:hashes.'SHA-256' = '{:016x}{:016x}{:016x}{:016x}']",
            Random(n).next(),
            Random(n + 1).next(),
            n,
            n
        ),
    }
}

fn compile(path: &std::path::Path, indicators: u64) {
    let file = std::fs::File::create(path).expect("a temporary file");
    let mut compiler = Compiler::new(
        file,
        Settings {
            seed: 42,
            url_hosts: false,
        },
    )
    .expect("a temporary file");
    for n in 0..indicators {
        let atoms = terms::of_pattern(&pattern(n)).atoms;
        let id = format!("indicator--{:08x}-0000-4000-8000-{:012x}", n, n);
        let name = format!("Indicator {n}");
        let entry = Entry {
            id: &id,
            name: &name,
            valid_from: Some(0),
            ..Entry::default()
        };
        assert!(compiler.add(&entry, &atoms).expect("a temporary file").is_empty());
    }
    let ((), finish) = cpu(|| drop(compiler.finish().expect("a temporary file")));
    println!("          {finish:.3} of these for laying out filter and table");
}

struct Row {
    ts: f64,
    uid: String,
    source: String,
    sport: u64,
    target: String,
    kind: RowKind,
}

enum RowKind {
    Conn {
        duration: f64,
        orig: u64,
        resp: u64,
    },
    Dns {
        query: String,
        answer: String,
    },
    Http {
        host: String,
        uri: String,
        agent: &'static str,
        referrer: String,
    },
}

const AGENTS: [&str; 4] = [
    "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/120.0.0.0 Safari/537.36",
    "Mozilla/5.0 (X11; Linux x86_64; rv:121.0) Gecko/20100101 Firefox/121.0",
    "Microsoft-CryptoAPI/10.0",
    "curl/8.4.0",
];

fn host(random: &mut Random) -> String {
    let place = if random.below(2) == 0 {
        random.below(2000)
    } else {
        random.below(1_000_000)
    };
    let first = ["www", "api", "cdn-3", "mail", "static.assets", "a1"][place as usize % 6];
    format!(
        "{first}.site{place}.{}",
        ["com", "net", "org", "co.uk"][place as usize % 4]
    )
}

fn row(random: &mut Random, indicators: u64, planted: &mut u64) -> Row {
    let target = if random.below(2) == 0 {
        random.below(20_000) | 0x1700_0000
    } else {
        random.below(0x2000_0000) | 0x2000_0000
    };
    let mut row = Row {
        ts: 1_700_000_000.0 + random.below(86_400_000_000) as f64 / 1e6,
        uid: format!("C{:016x}", random.next()),
        source: format!(
            "10.{}.{}.{}",
            random.below(4),
            random.below(16),
            random.below(256)
        ),
        sport: 1024 + random.below(60_000),
        target: std::net::Ipv4Addr::from(target as u32).to_string(),
        kind: match random.below(100) {
            0..55 => RowKind::Conn {
                duration: random.below(100_000_000) as f64 / 1e6,
                orig: random.below(100_000),
                resp: random.below(10_000_000),
            },
            55..85 => RowKind::Dns {
                query: host(random),
                answer: format!("23.{}.{}.7", random.below(256), random.below(256)),
            },
            _ => RowKind::Http {
                host: host(random),
                uri: format!(
                    "/path/{:x}/item.php?id={}",
                    random.below(100_000),
                    random.below(1000)
                ),
                agent: AGENTS[random.below(4) as usize],
                referrer: format!("http://{}/index.html", host(random)),
            },
        },
    };
    if random.below(10_000) == 0 && indicators >= 20 {
        let n = random.below(indicators / 20) * 20;
        match &mut row.kind {
            RowKind::Conn { .. } => row.target = indicator_address(n + 8),
            RowKind::Dns { query, .. } => *query = format!("x{n}.{}", indicator_domain(n)),
            RowKind::Http { host, uri, .. } => {
                *host = indicator_domain(n + 14);
                *uri = format!("/gate/{:x}.php?q=1", n + 14);
            }
        }
        *planted += 1;
    } else if random.below(10_000) == 0 && indicators >= 20 {
        let n = random.below(indicators / 20) * 20;
        match &mut row.kind {
            RowKind::Conn { .. } => {}
            RowKind::Dns { query, .. } => *query = format!("not{}", indicator_domain(n)),
            RowKind::Http { host, .. } => *host = format!("{}.com", indicator_domain(n)),
        }
    }
    row
}

fn json(indicators: u64, bytes: usize) -> (Vec<u8>, u64, u64) {
    let mut random = Random(1);
    let (mut log, mut records, mut planted) = (String::with_capacity(bytes + 4096), 0, 0);
    while log.len() < bytes {
        let row = row(&mut random, indicators, &mut planted);
        records += 1;
        let Row {
            ts,
            uid,
            source,
            sport,
            target,
            kind,
        } = row;
        write!(log, r#"{{"ts":{ts:.6},"uid":"{uid}","id.orig_h":"{source}","id.orig_p":{sport},"id.resp_h":"{target}","#).expect("text");
        match kind {
            RowKind::Conn { duration, orig, resp } => writeln!(
                log,
                r#""id.resp_p":443,"proto":"tcp","service":"ssl","duration":{duration:.6},"orig_bytes":{orig},"resp_bytes":{resp},"conn_state":"SF","local_orig":true,"local_resp":false,"missed_bytes":0,"history":"ShADadfF","orig_pkts":{},"orig_ip_bytes":{},"resp_pkts":{},"resp_ip_bytes":{},"tunnel_parents":[]}}"#,
                orig / 900, orig + 300, resp / 900, resp + 300
            ),
            RowKind::Dns { query, answer } => writeln!(
                log,
                r#""id.resp_p":53,"proto":"udp","trans_id":{},"rtt":0.023114,"query":"{query}","qclass":1,"qclass_name":"C_INTERNET","qtype":1,"qtype_name":"A","rcode":0,"rcode_name":"NOERROR","AA":false,"TC":false,"RD":true,"RA":true,"Z":0,"answers":["{answer}"],"TTLs":[300.0],"rejected":false}}"#,
                sport
            ),
            RowKind::Http { host, uri, agent, referrer } => writeln!(
                log,
                r#""id.resp_p":80,"trans_depth":1,"method":"GET","host":"{host}","uri":"{uri}","referrer":"{referrer}","version":"1.1","user_agent":"{agent}","request_body_len":0,"response_body_len":5120,"status_code":200,"status_msg":"OK","tags":[],"resp_fuids":["F{uid}"],"resp_mime_types":["text/html"]}}"#
            ),
        }
        .expect("text");
    }
    (log.into_bytes(), records, planted)
}

/// The same records in one log after another, as Zeek writes a file for each kind.
fn tsv(indicators: u64, bytes: usize) -> (Vec<u8>, u64, u64) {
    let mut random = Random(1);
    let (mut records, mut planted) = (0, 0);
    let mut logs = [
        header(
            "conn",
            "ts uid id.orig_h id.orig_p id.resp_h id.resp_p proto service duration orig_bytes resp_bytes conn_state local_orig local_resp missed_bytes history orig_pkts orig_ip_bytes resp_pkts resp_ip_bytes tunnel_parents",
            "time string addr port addr port enum string interval count count string bool bool count string count count count count set[string]",
        ),
        header(
            "dns",
            "ts uid id.orig_h id.orig_p id.resp_h id.resp_p proto trans_id rtt query qclass qclass_name qtype qtype_name rcode rcode_name AA TC RD RA Z answers TTLs rejected",
            "time string addr port addr port enum count interval string count string count string count string bool bool bool bool count vector[string] vector[interval] bool",
        ),
        header(
            "http",
            "ts uid id.orig_h id.orig_p id.resp_h id.resp_p trans_depth method host uri referrer version user_agent request_body_len response_body_len status_code status_msg tags resp_fuids resp_mime_types",
            "time string addr port addr port count string string string string string string count count count string set[enum] vector[string] vector[string]",
        ),
    ];
    while logs.iter().map(String::len).sum::<usize>() < bytes {
        let row = row(&mut random, indicators, &mut planted);
        records += 1;
        let Row {
            ts,
            uid,
            source,
            sport,
            target,
            kind,
        } = row;
        let start = format!("{ts:.6}\t{uid}\t{source}\t{sport}\t{target}\t");
        match kind {
            RowKind::Conn { duration, orig, resp } => writeln!(
                logs[0],
                "{start}443\ttcp\tssl\t{duration:.6}\t{orig}\t{resp}\tSF\tT\tF\t0\tShADadfF\t{}\t{}\t{}\t{}\t(empty)",
                orig / 900, orig + 300, resp / 900, resp + 300
            ),
            RowKind::Dns { query, answer } => writeln!(
                logs[1],
                "{start}53\tudp\t{sport}\t0.023114\t{query}\t1\tC_INTERNET\t1\tA\t0\tNOERROR\tF\tF\tT\tT\t0\t{answer}\t300.000000\tF"
            ),
            RowKind::Http { host, uri, agent, referrer } => writeln!(
                logs[2],
                "{start}80\t1\tGET\t{host}\t{uri}\t{referrer}\t1.1\t{agent}\t0\t5120\t200\tOK\t(empty)\tF{uid}\ttext/html"
            ),
        }
        .expect("text");
    }
    (logs.concat().into_bytes(), records, planted)
}

fn header(path: &str, fields: &str, types: &str) -> String {
    format!(
        "#separator \\x09\n#set_separator\t,\n#empty_field\t(empty)\n#unset_field\t-\n#path\t{path}\n#open\t2024-01-01-00-00-00\n#fields\t{}\n#types\t{}\n",
        fields.replace(' ', "\t"),
        types.replace(' ', "\t")
    )
}
