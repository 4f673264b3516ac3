//! One record, whose fields are looked up only when someone asks.

use crate::json::{Form, Tree};
use crate::named::{Gathered, without_blanks};
use crate::syslog::Parts;
use crate::{FieldNames, Format, csv, fields, scan, syslog, time, tsv};
use std::borrow::Cow;

/// How a record's fields lie in its bytes.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Layout<'a> {
    Json,
    Tsv(&'a tsv::Header),
    Csv(&'a csv::Header),
    Syslog { reference: Option<i64> },
    Text,
}

/// One record of a log, borrowed from its batch.
#[derive(Clone, Copy, Debug)]
pub struct Record<'a> {
    pub(crate) line: u64,
    pub(crate) raw: &'a [u8],
    pub(crate) format: Format,
    pub(crate) layout: Layout<'a>,
}

/// Where JSON and CSV logs have their times, the most telling first.
const TIMES: &[&str] = &[
    "ts",
    "timestamp",
    "Event.System.TimeCreated.#attributes.SystemTime",
    "TimeCreated",
    "@timestamp",
    "time",
    "time_dt",
    "TimeGenerated",
    "SystemTime",
    "EventTime",
    "eventTime",
    "event_time",
    "datetime",
    "_time",
    "start_time",
    "date",
    "Timestamp",
    "Time",
    "DateTime",
    "Date",
    "UtcTime",
    "_write_ts",
];

/// Where they have the machine that a record is about.
const HOSTS: &[&str] = &[
    "id.orig_h",
    "id_orig_h",
    "src_ip",
    "Event.System.Computer",
    "Computer",
    "winlog.computer_name",
    "Hostname",
    "host.name",
    "host.hostname",
    "agent.hostname",
    "device.hostname",
    "device.ip",
    "src_endpoint.ip",
    "source.ip",
    "client.ip",
    "orig_h",
    "rx_hosts",
    "host",
    "hostname",
    "srcip",
    "source_ip",
    "src",
    "client_ip",
    "c-ip",
    "src_host",
    "computer",
    "ComputerName",
];

impl<'a> Record<'a> {
    /// The 1-based line of the decompressed text on which the record starts; for EVTX the record's number
    /// (`EventRecordID`).
    pub fn line(&self) -> u64 {
        self.line
    }

    /// The record's bytes without the line end; for EVTX its JSON rendering.
    pub fn raw(&self) -> &'a [u8] {
        self.raw
    }

    /// The format of the log it is from.
    pub fn format(&self) -> Format {
        self.format
    }

    /// When it happened, in microseconds since 1970 UTC; `None` where the record does not say. Times without
    /// an offset are taken as UTC.
    pub fn time(&self) -> Option<i64> {
        match self.layout {
            Layout::Json => {
                let tree = self.tree()?;
                TIMES
                    .iter()
                    .find_map(|name| time::any(self.top_value(&tree, name)?.as_ref()))
            }
            Layout::Tsv(header) => time::any(header.field(self.raw, "ts")?.as_ref()),
            Layout::Csv(header) => self.csv_time(header),
            Layout::Syslog { reference } => self.syslog(reference).time,
            Layout::Text => self.text_time(),
        }
    }

    /// One field by its dotted path (`id.orig_h`, `dns.answers[0].rdata`), unescaped; of several the first.
    /// See [`Record::values`].
    pub fn field(&self, path: &str) -> Option<Cow<'a, [u8]>> {
        self.values(path).into_iter().next()
    }

    /// Every value at a dotted path: the elements of a list, of repeated keys each, and of a list of objects
    /// all (`dns.answers.rdata`) or one (`dns.answers[0].rdata`). Fields of Windows events may be named
    /// without what they lie in (`Image` for `Event.EventData.Image`), and then without
    /// blanks. Syslog has `priority`, `time`, `host`,
    /// `app`, `pid`, `message_id`, `data` and `message`; text has `message`.
    pub fn values(&self, path: &str) -> Vec<Cow<'a, [u8]>> {
        match self.layout {
            Layout::Json => self
                .tree()
                .map(|tree| self.json_values(&tree, path))
                .unwrap_or_default(),
            Layout::Tsv(header) => header.values(self.raw, path),
            Layout::Csv(header) => header.field(self.raw, path).into_iter().collect(),
            Layout::Syslog { reference } => syslog_value(&self.syslog(reference), path).into_iter().collect(),
            Layout::Text if path == "message" => vec![Cow::Borrowed(self.raw)],
            Layout::Text => Vec::new(),
        }
    }

    /// The machine this is about: Zeek `id.orig_h`, EVE `src_ip`, Windows `Computer`, syslog's host.
    pub fn host(&self) -> Option<String> {
        let host = match self.layout {
            Layout::Json => {
                let tree = self.tree()?;
                HOSTS.iter().find_map(|name| self.top_value(&tree, name))
            }
            Layout::Tsv(_) | Layout::Csv(_) => HOSTS.iter().find_map(|name| self.field(name)),
            Layout::Syslog { reference } => self.syslog(reference).host.map(Cow::Borrowed),
            Layout::Text => None,
        };
        let host = host.filter(|host| !host.is_empty() && host.as_ref() != b"-")?;
        Some(String::from_utf8_lossy(&host).into_owned())
    }

    /// Gathers the named fields of a record that is syslog or text.
    pub(crate) fn gather_text(&self, names: &FieldNames, gathered: &mut Gathered) {
        gathered.clear();
        let (schema, known): (_, &[&str]) = match self.layout {
            Layout::Syslog { .. } => ("syslog", SYSLOG_NAMES),
            _ => ("text", &["message"]),
        };
        if let Some(number) = names.number(FieldNames::SCHEMA) {
            gathered.owned(number, schema.as_bytes());
        }
        let values = known.iter().map(|name| {
            let unnamed = names.wants_every_value().then_some(FieldNames::UNNAMED);
            (*name, names.number(name).or(unnamed))
        });
        if values.clone().all(|(_, number)| number.is_none()) {
            return;
        }
        let parts = match self.layout {
            Layout::Syslog { reference } => self.syslog(reference),
            _ => Parts {
                message: self.raw,
                ..Parts::default()
            },
        };
        values.for_each(|(name, number)| {
            if let (Some(number), Some(value)) = (number, syslog_value(&parts, name)) {
                gathered.owned(number, &value);
            }
        });
    }

    fn tree(&self) -> Option<Tree> {
        let mut tree = Tree::default();
        tree.read(self.raw, 0, self.raw.len()).ok()?;
        Some(tree)
    }

    fn syslog(&self, reference: Option<i64>) -> Parts<'a> {
        syslog::parse(self.raw, reference)
    }

    /// The first value at exactly this path.
    fn top_value(&self, tree: &Tree, path: &str) -> Option<Cow<'a, [u8]>> {
        let mut name = String::new();
        for item in &tree.items {
            name.clear();
            tree.path(self.raw, item.node, &mut name);
            if name == path {
                let mut values = Vec::new();
                self.item_values(item, None, &mut values);
                return values.into_iter().next();
            }
        }
        None
    }

    fn json_values(&self, tree: &Tree, path: &str) -> Vec<Cow<'a, [u8]>> {
        let mut values = Vec::new();
        let mut inner = Vec::new();
        let mut is_whole = false;
        let mut name = String::new();
        let inside = self.named_inside(tree);
        let is_inside = |name: &str| inside.is_some_and(|inside| name.starts_with(inside));
        for item in &tree.items {
            name.clear();
            tree.path(self.raw, item.node, &mut name);
            match fit(&name, path) {
                Some(element) => {
                    is_whole = true;
                    self.item_values(item, element, &mut values);
                }
                // Only the rest of the path, as people name Windows fields.
                None if is_inside(&name) && name.len() > path.len() => {
                    let inside = name.strip_suffix(".#text").unwrap_or(&name);
                    let is_inner = |inside: &str| {
                        inside
                            .strip_suffix(path)
                            .is_some_and(|outer| outer.ends_with('.'))
                    };
                    if is_inner(inside) || without_blanks(inside).is_some_and(|joined| is_inner(&joined)) {
                        self.item_values(item, None, &mut inner);
                    }
                }
                None => {}
            }
        }
        if is_whole { values } else { inner }
    }

    /// What fields lie in that may be named without it.
    fn named_inside(&self, tree: &Tree) -> Option<&'static str> {
        let keys = tree
            .top_key_spans()
            .filter_map(|(start, end)| self.raw.get(start..end));
        let keys: Vec<&[u8]> = keys.collect();
        let log = tree
            .log(self.raw)
            .and_then(|(start, end)| self.raw.get(start..end));
        fields::named_inside(
            fields::infer(keys.iter().copied(), log),
            self.format.has_windows_events(),
        )
    }

    fn item_values(&self, item: &crate::json::Item, element: Option<usize>, values: &mut Vec<Cow<'a, [u8]>>) {
        if item.form != Form::List {
            values.extend(unescaped(self.raw, item.start, item.end, item.escaped));
            return;
        }
        let inside = self.raw.get(..item.end + 1).unwrap_or(self.raw);
        for (index, found) in scan::Elements::new(inside, item.start).enumerate() {
            if element.is_none_or(|element| element == index) {
                values.extend(unescaped(self.raw, found.start, found.end, found.escaped));
            }
        }
    }

    fn csv_time(&self, header: &csv::Header) -> Option<i64> {
        let text = |name: &str| header.field(self.raw, name);
        // The extended log format has date and time apart.
        if let (Some(date), Some(clock)) = (text("date"), text("time"))
            && let Some(time) = time::iso(&[date.as_ref(), b"T", clock.as_ref()].concat())
        {
            return Some(time);
        }
        TIMES.iter().find_map(|name| time::any(text(name)?.as_ref()))
    }

    fn text_time(&self) -> Option<i64> {
        if let Some((time, _)) = time::iso_prefix(self.raw) {
            return Some(time);
        }
        let open = memchr::memchr(b'[', self.raw.get(..160.min(self.raw.len()))?)?;
        let inside = self.raw.get(open + 1..)?;
        time::web(inside).or_else(|| time::iso_prefix(inside).map(|(time, _)| time))
    }
}

/// Whether the value named `name` is asked for by `path`, and which element of it. Indices may be left out.
pub(crate) fn fit(name: &str, path: &str) -> Option<Option<usize>> {
    if name == path {
        return Some(None);
    }
    if let Some(index) = path.strip_prefix(name).and_then(|rest| rest.strip_prefix('[')) {
        return Some(Some(index.strip_suffix(']')?.parse().ok()?));
    }
    // `a[0].b` is asked for by `a.b`.
    let (mut name, mut path) = (name, path);
    while let Some((before, after)) = name.split_once('[') {
        path = path.strip_prefix(before)?;
        let (index, rest) = after.split_once(']')?;
        name = rest;
        if let Some(asked) = path.strip_prefix('[') {
            path = asked.strip_prefix(index)?.strip_prefix(']')?;
        }
    }
    (name == path).then_some(None)
}

fn unescaped(raw: &[u8], start: usize, end: usize, escaped: bool) -> Option<Cow<'_, [u8]>> {
    let text = raw.get(start..end)?;
    if !escaped {
        return Some(Cow::Borrowed(text));
    }
    let mut buffer = Vec::new();
    scan::unescape(text, &mut buffer);
    Some(Cow::Owned(buffer))
}

/// The names of [`syslog_value`].
const SYSLOG_NAMES: &[&str] = &[
    "priority",
    "time",
    "host",
    "hostname",
    "app",
    "program",
    "appname",
    "pid",
    "procid",
    "message_id",
    "msgid",
    "data",
    "message",
];

fn syslog_value<'a>(parts: &Parts<'a>, path: &str) -> Option<Cow<'a, [u8]>> {
    let text = match path {
        "host" | "hostname" => parts.host?,
        "app" | "program" | "appname" => parts.app?,
        "pid" | "procid" => parts.pid?,
        "message_id" | "msgid" => parts.message_id?,
        "data" => parts.data?,
        "message" => parts.message,
        "priority" => {
            return parts
                .priority
                .map(|priority| Cow::Owned(priority.to_string().into_bytes()));
        }
        "time" => return parts.time.map(|time| Cow::Owned(time.to_string().into_bytes())),
        _ => return None,
    };
    Some(Cow::Borrowed(text))
}
