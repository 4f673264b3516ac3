//! Events as Zeek TSV: a file a type, as Zeek itself writes them.

use std::{
    fs::{self, File},
    io::{self, BufWriter, Write},
    path::Path,
};

use crate::{
    create,
    event::{Conn, Dns, Event, Http, What},
    zeek_json::{number, seconds},
};

pub(crate) struct Writer {
    conn: Log,
    dns: Log,
    http: Log,
    row: Vec<u8>,
}

struct Log {
    name: &'static str,
    lines: u64,
    out: BufWriter<File>,
}

impl Writer {
    pub(crate) fn new(folder: &Path) -> io::Result<Self> {
        fs::create_dir_all(folder)?;
        Ok(Self {
            conn: Log::new(folder, "conn.log", CONN)?,
            dns: Log::new(folder, "dns.log", DNS)?,
            http: Log::new(folder, "http.log", HTTP)?,
            row: Vec::with_capacity(2_048),
        })
    }

    /// Writes an event; says in which file and on which line.
    pub(crate) fn write(&mut self, event: &Event) -> io::Result<(&'static str, u64)> {
        let row = &mut self.row;
        row.clear();
        seconds(row, event.at);
        text(row, &event.uid);
        text(row, &event.from.0);
        count(row, event.from.1.into());
        text(row, &event.to.0);
        count(row, event.to.1.into());
        let log = match &event.what {
            What::Conn(what) => {
                conn(row, what);
                &mut self.conn
            }
            What::Dns(what) => {
                dns(row, what);
                &mut self.dns
            }
            What::Http(what) => {
                http(row, what);
                &mut self.http
            }
        };
        row.push(b'\n');
        log.out.write_all(row)?;
        log.lines += 1;
        Ok((log.name, log.lines))
    }

    pub(crate) fn finish(self) -> io::Result<()> {
        for mut log in [self.conn, self.dns, self.http] {
            log.out.write_all(b"#close\t2026-03-01-01-00-00\n")?;
            log.out.flush()?;
        }
        Ok(())
    }
}

impl Log {
    fn new(folder: &Path, name: &'static str, fields: &[(&str, &str)]) -> io::Result<Self> {
        let mut out = create(&folder.join(name))?;
        let path = name.trim_end_matches(".log");
        write!(
            out,
            "#separator \\x09\n#set_separator\t,\n#empty_field\t(empty)\n#unset_field\t-\n\
             #path\t{path}\n#open\t2026-03-01-00-00-00\n"
        )?;
        let fields = || ENVELOPE.iter().chain(fields);
        writeln!(
            out,
            "#fields{}",
            fields().map(|(name, _)| format!("\t{name}")).collect::<String>()
        )?;
        writeln!(
            out,
            "#types{}",
            fields().map(|(_, of)| format!("\t{of}")).collect::<String>()
        )?;
        Ok(Self { name, lines: 8, out })
    }
}

const ENVELOPE: &[(&str, &str)] = &[
    ("ts", "time"),
    ("uid", "string"),
    ("id.orig_h", "addr"),
    ("id.orig_p", "port"),
    ("id.resp_h", "addr"),
    ("id.resp_p", "port"),
];
const CONN: &[(&str, &str)] = &[
    ("proto", "enum"),
    ("service", "string"),
    ("duration", "interval"),
    ("orig_bytes", "count"),
    ("resp_bytes", "count"),
    ("conn_state", "string"),
    ("local_orig", "bool"),
    ("local_resp", "bool"),
    ("missed_bytes", "count"),
    ("history", "string"),
    ("orig_pkts", "count"),
    ("orig_ip_bytes", "count"),
    ("resp_pkts", "count"),
    ("resp_ip_bytes", "count"),
    ("tunnel_parents", "set[string]"),
    ("vlan", "int"),
    ("community_id", "string"),
];
const DNS: &[(&str, &str)] = &[
    ("proto", "enum"),
    ("trans_id", "count"),
    ("rtt", "interval"),
    ("query", "string"),
    ("qclass", "count"),
    ("qclass_name", "string"),
    ("qtype", "count"),
    ("qtype_name", "string"),
    ("rcode", "count"),
    ("rcode_name", "string"),
    ("AA", "bool"),
    ("TC", "bool"),
    ("RD", "bool"),
    ("RA", "bool"),
    ("Z", "count"),
    ("answers", "vector[string]"),
    ("TTLs", "vector[interval]"),
    ("rejected", "bool"),
];
const HTTP: &[(&str, &str)] = &[
    ("trans_depth", "count"),
    ("method", "string"),
    ("host", "string"),
    ("uri", "string"),
    ("referrer", "string"),
    ("version", "string"),
    ("user_agent", "string"),
    ("request_body_len", "count"),
    ("response_body_len", "count"),
    ("status_code", "count"),
    ("status_msg", "string"),
    ("tags", "set[enum]"),
    ("resp_fuids", "vector[string]"),
    ("resp_mime_types", "vector[string]"),
];

fn conn(row: &mut Vec<u8>, conn: &Conn) {
    text(row, conn.proto);
    text(row, conn.service.unwrap_or("-"));
    match conn.flow {
        Some((duration, sent, received)) => {
            row.push(b'\t');
            seconds(row, duration);
            count(row, sent);
            count(row, received);
        }
        None => texts(row, &["-", "-", "-"]),
    }
    texts(row, &[conn.state, "T", "F", "0", conn.history]);
    count(row, conn.packets.0);
    count(row, conn.packets.0 * 52);
    count(row, conn.packets.1);
    count(row, conn.packets.1 * 1_452);
    text(row, "(empty)");
    match conn.vlan {
        Some(vlan) => count(row, vlan.into()),
        None => text(row, "-"),
    }
    text(row, conn.community.as_deref().unwrap_or("-"));
}

fn dns(row: &mut Vec<u8>, dns: &Dns) {
    text(row, "udp");
    count(row, dns.transaction);
    match dns.round_trip {
        Some(round_trip) => {
            row.push(b'\t');
            seconds(row, round_trip);
        }
        None => text(row, "-"),
    }
    texts(row, &[&dns.query, "1", "C_INTERNET"]);
    count(row, dns.kind.0.into());
    text(row, dns.kind.1);
    count(row, dns.code.0.into());
    texts(row, &[dns.code.1, "F", "F", "T", "T", "0"]);
    if dns.answers.is_empty() {
        texts(row, &["-", "-"]);
    } else {
        text(row, &dns.answers.join(","));
        text(row, &vec!["300.000000"; dns.answers.len()].join(","));
    }
    text(row, "F");
}

fn http(row: &mut Vec<u8>, http: &Http) {
    text(row, "1");
    text(row, http.method);
    text(row, http.host.as_deref().unwrap_or("-"));
    text(row, &http.uri);
    text(row, http.referrer.as_deref().unwrap_or("-"));
    text(row, "1.1");
    text(row, http.agent.unwrap_or("-"));
    count(row, http.lengths.0);
    count(row, http.lengths.1);
    match http.status {
        Some((status, message)) => {
            count(row, status.into());
            text(row, message);
        }
        None => texts(row, &["-", "-"]),
    }
    text(row, "(empty)");
    match &http.file {
        Some((file, media)) => texts(row, &[file, media]),
        None => texts(row, &["-", "-"]),
    }
}

fn texts(row: &mut Vec<u8>, values: &[&str]) {
    values.iter().for_each(|value| text(row, value));
}

/// A field behind a tab; Zeek writes a backslash as `\x5c`.
fn text(row: &mut Vec<u8>, value: &str) {
    row.push(b'\t');
    for byte in value.bytes() {
        match byte {
            b'\\' => row.extend_from_slice(b"\\x5c"),
            byte => row.push(byte),
        }
    }
}

fn count(row: &mut Vec<u8>, value: u64) {
    row.push(b'\t');
    number(row, value, 1);
}
