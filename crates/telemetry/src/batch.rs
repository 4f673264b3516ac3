//! A batch of whole records, and visiting them.

use crate::fields;
use crate::frame::Span;
use crate::json::Tree;
use crate::named::{Bytes, Gathered};
use crate::plan::{Buffers, Classes, Kinds, Plan, Slot, Wanted};
use crate::shape::{Framing, Shapes, Slots};
use crate::{Defect, FieldNames, Format, Kind, Observed, Record, Value, Visitor};
use crate::{csv, evtx_chunk, limits, record, tsv};
use std::sync::Arc;

/// Zero bytes after a batch's text, so that readers may look ahead.
pub(crate) const PADDING: usize = 128;

/// How the records lie in a batch.
#[derive(Debug)]
pub(crate) enum Layout {
    JsonLines,
    JsonSpans {
        spans: Vec<Span>,
    },
    Tsv(Arc<tsv::Header>),
    Csv {
        header: Arc<csv::Header>,
        spans: Vec<Span>,
    },
    Syslog {
        reference: Option<i64>,
    },
    Text,
    Evtx,
}

/// Whole records of one log, ready to be visited on any thread.
#[derive(Debug)]
pub struct Batch {
    pub(crate) format: Format,
    /// The text is `data[..used]`; [`PADDING`] zero bytes follow.
    pub(crate) data: Vec<u8>,
    pub(crate) used: usize,
    /// Line of the first byte; number of the chunk for EVTX.
    pub(crate) first_line: u64,
    pub(crate) bytes_read: u64,
    pub(crate) layout: Layout,
    /// What was found broken when the records were cut.
    pub(crate) defects: Vec<Defect>,
}

/// What a thread keeps from batch to batch: learnt shapes, buffers. It fits any source and any visitor.
#[derive(Debug)]
pub struct Scratch {
    kinds: Kinds,
    names: Option<FieldNames>,
    is_windows: bool,
    gathered: Gathered,
    shapes: Shapes,
    slots: Box<Slots>,
    json: Json,
    row: tsv::Row,
    cells: Vec<csv::Cell>,
    text: Vec<u8>,
}

/// What the generic way of reading needs.
#[derive(Debug, Default)]
struct Json {
    tree: Tree,
    plan: Plan,
    slots: Vec<Slot>,
    classes: Classes,
    buffers: Buffers,
}

impl Default for Scratch {
    fn default() -> Self {
        Scratch {
            kinds: Kinds::default(),
            names: None,
            is_windows: false,
            gathered: Gathered::default(),
            shapes: Shapes::default(),
            slots: Box::new([Slot::default(); limits::SHAPE_VALUES_MAX]),
            json: Json::default(),
            row: tsv::Row::default(),
            cells: Vec::new(),
            text: Vec::new(),
        }
    }
}

impl Scratch {
    /// An empty one.
    pub fn new() -> Self {
        Self::default()
    }

    /// Forgets what was learnt for other wishes.
    fn prepare<V: Visitor>(&mut self, visitor: &V, format: Format) {
        let kinds = Kinds::wanted_by(visitor);
        let is_windows = format.has_windows_events();
        let same_names = match (&self.names, visitor.names()) {
            (None, None) => true,
            (Some(known), Some(names)) => known.is_same(names) && self.is_windows == is_windows,
            _ => false,
        };
        if self.kinds == kinds && same_names {
            return;
        }
        self.kinds = kinds;
        self.names = visitor.names().cloned();
        self.is_windows = is_windows;
        self.shapes.clear();
    }
}

impl Batch {
    /// Reads every record of the batch.
    pub fn visit<V: Visitor>(&self, visitor: &mut V, scratch: &mut Scratch) {
        scratch.prepare(visitor, self.format);
        for defect in &self.defects {
            visitor.defect(defect.clone());
        }
        match &self.layout {
            Layout::JsonLines => self.visit_json_lines(visitor, scratch),
            Layout::JsonSpans { spans } => self.visit_json_spans(spans, visitor, scratch),
            Layout::Tsv(header) => self.visit_tsv(header, visitor, scratch),
            Layout::Csv { header, spans } => self.visit_csv(header, spans, visitor, scratch),
            Layout::Syslog { reference } => {
                let layout = record::Layout::Syslog {
                    reference: *reference,
                };
                self.visit_text(layout, visitor, scratch);
            }
            Layout::Text => self.visit_text(record::Layout::Text, visitor, scratch),
            Layout::Evtx => self.visit_chunk(visitor, scratch),
        }
    }

    /// Bytes of the input (compressed, where it is) that had been read when the batch was made.
    pub fn bytes_read(&self) -> u64 {
        self.bytes_read
    }

    /// Whether nothing is in it, also nothing broken.
    pub fn is_empty(&self) -> bool {
        self.used == 0 && self.defects.is_empty()
    }

    /// Bytes of text in the batch.
    pub fn text_bytes(&self) -> usize {
        self.used
    }

    fn text(&self) -> &[u8] {
        self.data.get(..self.used).unwrap_or(&self.data)
    }

    fn bytes(&self, scratch: &Scratch) -> Bytes<'_> {
        bytes(&self.data, scratch.names.is_some())
    }

    fn visit_json_lines<V: Visitor>(&self, visitor: &mut V, scratch: &mut Scratch) {
        let data = self.bytes(scratch);
        let mut at = 0;
        let mut line = self.first_line;
        while at < self.used {
            at = json_record(
                data,
                at,
                (self.format, line),
                visitor,
                scratch,
                Framing::Lines,
                None,
            );
            line += 1;
        }
    }

    fn visit_json_spans<V: Visitor>(&self, spans: &[Span], visitor: &mut V, scratch: &mut Scratch) {
        let data = self.bytes(scratch);
        for span in spans {
            let (start, end) = (span.start as usize, span.end as usize);
            let place = (self.format, span.line);
            json_record(data, start, place, visitor, scratch, Framing::Spans, Some(end));
        }
    }

    fn visit_chunk<V: Visitor>(&self, visitor: &mut V, scratch: &mut Scratch) {
        let mut text = std::mem::take(&mut scratch.text);
        let visitor = std::cell::RefCell::new(visitor);
        evtx_chunk::records(
            self.text(),
            self.first_line,
            |number, json| {
                text.clear();
                text.extend_from_slice(json);
                let end = text.len();
                text.push(b'\n');
                text.resize(end + 1 + PADDING, 0);
                let place = (self.format, number);
                json_record(
                    bytes(&text, scratch.names.is_some()),
                    0,
                    place,
                    &mut **visitor.borrow_mut(),
                    scratch,
                    Framing::Lines,
                    Some(end),
                );
            },
            |line, reason| visitor.borrow_mut().defect(Defect { line, reason }),
        );
        scratch.text = text;
    }

    fn visit_tsv<V: Visitor>(&self, header: &tsv::Header, visitor: &mut V, scratch: &mut Scratch) {
        let columns = header.columns(scratch.kinds);
        let source = self.bytes(scratch);
        let data = source.bytes;
        let Scratch {
            row, names, gathered, ..
        } = scratch;
        let named = names.as_ref().map(|names| header.named(names));
        let mut at = 0;
        let mut line = self.first_line;
        while at < self.used {
            let end = row.split(data, at, header.separator);
            let raw = data.get(at..end).unwrap_or_default();
            if row.columns() == header.fields.len() && raw.first() != Some(&b'#') {
                row.observe(data, header, &columns, visitor);
                if let Some(named) = &named {
                    row.gather(source, header, named, gathered);
                    gathered.give(source, |fields| visitor.fields(fields));
                }
                let layout = record::Layout::Tsv(header);
                visitor.record(&Record {
                    line,
                    raw,
                    format: self.format,
                    layout,
                });
            } else if let Some(defect) = odd_row(raw, row.columns(), header, line) {
                visitor.defect(defect);
            }
            at = end + 1;
            line += 1;
        }
    }

    fn visit_csv<V: Visitor>(
        &self,
        header: &csv::Header,
        spans: &[Span],
        visitor: &mut V,
        scratch: &mut Scratch,
    ) {
        let plan = header.plan(scratch.kinds, scratch.names.as_ref());
        let source = self.bytes(scratch);
        let Scratch {
            cells,
            text,
            json,
            names,
            gathered,
            ..
        } = scratch;
        for span in spans {
            let (start, end, line) = (span.start as usize, span.end as usize, span.line);
            if let Err(reason) = csv::split(&self.data, start, end, header.separator, cells) {
                visitor.defect(Defect {
                    line,
                    reason: reason.into(),
                });
                continue;
            }
            if cells.len() != header.names.len() {
                let reason = format!(
                    "{} cells where the header has {}",
                    cells.len(),
                    header.names.len()
                );
                visitor.defect(Defect { line, reason });
                continue;
            }
            let data = csv::slots(&self.data, cells, &mut json.slots, text);
            plan.observe(data, &json.slots, &mut json.buffers, visitor);
            if names.is_some() {
                let is_rewritten = cells.iter().any(|cell| cell.doubled);
                let source = if is_rewritten { Bytes::new(data) } else { source };
                plan.gather(source, &json.slots, gathered);
                gathered.give(source, |fields| visitor.fields(fields));
            }
            let raw = self.data.get(start..end).unwrap_or_default();
            let layout = record::Layout::Csv(header);
            visitor.record(&Record {
                line,
                raw,
                format: self.format,
                layout,
            });
        }
    }

    fn visit_text<V: Visitor>(&self, layout: record::Layout<'_>, visitor: &mut V, scratch: &mut Scratch) {
        let wanted = scratch.kinds.has(Kind::Text);
        let Scratch { names, gathered, .. } = scratch;
        let text = self.text();
        let text = text.strip_suffix(b"\n").unwrap_or(text);
        if text.is_empty() && self.used == 0 {
            return;
        }
        let ends = memchr::memchr_iter(b'\n', text).chain([text.len()]);
        let mut start = 0;
        for (line, end) in (self.first_line..).zip(ends) {
            let raw = text.get(start..end).unwrap_or_default();
            let raw = raw.strip_suffix(b"\r").unwrap_or(raw);
            start = end + 1;
            if raw.is_empty() {
                continue;
            }
            if wanted {
                visitor.observed(Observed {
                    kind: Kind::Text,
                    field: "message",
                    value: Value::Plain(raw),
                });
            }
            let record = Record {
                line,
                raw,
                format: self.format,
                layout,
            };
            if let Some(names) = names {
                record.gather_text(names, gathered);
                gathered.give(bytes(&[], true), |fields| visitor.fields(fields));
            }
            visitor.record(&record);
        }
    }
}

/// Reads the JSON record that starts at `start` and gives where the next one does. Its end is given for spans
/// and known to be the next line end for lines.
#[inline]
fn json_record<V: Visitor>(
    source: Bytes<'_>,
    start: usize,
    (format, line): (Format, u64),
    visitor: &mut V,
    scratch: &mut Scratch,
    framing: Framing,
    given_end: Option<usize>,
) -> usize {
    let data = source.bytes;
    let Scratch {
        shapes,
        slots,
        json,
        names,
        gathered,
        ..
    } = scratch;
    if let Some((plan, end)) = shapes.find(framing, data, start, slots) {
        let fits = framing == Framing::Lines || given_end == Some(end);
        shapes.count_found();
        if let (true, Some(plan)) = (fits, shapes.plan(plan)) {
            plan.observe(data, slots.as_slice(), &mut json.buffers, visitor);
            if names.is_some() {
                plan.gather(source, slots.as_slice(), gathered);
                gathered.give(source, |fields| visitor.fields(fields));
            }
            let text_end = if framing == Framing::Lines { end - 1 } else { end };
            let raw = without_return(data.get(start..text_end).unwrap_or_default());
            visitor.record(&Record {
                line,
                raw,
                format,
                layout: record::Layout::Json,
            });
            return end;
        }
    }
    json_record_generic(
        source,
        start,
        (format, line),
        visitor,
        scratch,
        framing,
        given_end,
    )
}

#[inline(never)]
fn json_record_generic<V: Visitor>(
    source: Bytes<'_>,
    start: usize,
    (format, line): (Format, u64),
    visitor: &mut V,
    scratch: &mut Scratch,
    framing: Framing,
    given_end: Option<usize>,
) -> usize {
    let data = source.bytes;
    let Scratch {
        kinds,
        names,
        is_windows,
        gathered,
        shapes,
        json,
        ..
    } = scratch;
    let rest = data.get(start..).unwrap_or_default();
    let end = given_end
        .or_else(|| memchr::memchr(b'\n', rest).map(|end| start + end))
        .unwrap_or(data.len());
    let next = if framing == Framing::Lines { end + 1 } else { end };
    let raw = without_return(data.get(start..end).unwrap_or_default());
    if raw.trim_ascii().is_empty() {
        return next;
    }
    if let Err(fault) = json.tree.read(data, start, end) {
        let column = fault.at.saturating_sub(start) + 1;
        visitor.defect(Defect {
            line,
            reason: format!("{} (at byte {column} of the record)", fault.what),
        });
        return next;
    }
    let wanted = Wanted {
        kinds: *kinds,
        names: names.as_ref(),
        is_windows: *is_windows,
    };
    json.plan.build(&mut json.tree, data, wanted, &mut json.classes);
    json.slots.clear();
    let items = json.tree.items.iter().filter(|item| !item.telling);
    let slot = |item: &crate::json::Item| match item.escaped {
        false => Slot::new(item.start, item.end),
        true => Slot::new_escaped(item.start, item.end),
    };
    json.slots.extend(items.map(slot));
    json.plan.observe(data, &json.slots, &mut json.buffers, visitor);
    if names.is_some() {
        json.plan.gather(source, &json.slots, gathered);
        gathered.give(source, |fields| visitor.fields(fields));
    }
    visitor.record(&Record {
        line,
        raw,
        format,
        layout: record::Layout::Json,
    });
    if shapes.is_learning() {
        let place = (start, next);
        shapes.learn(
            framing,
            data,
            place,
            &json.tree.items,
            std::mem::take(&mut json.plan),
        );
    }
    next
}

/// Checked for UTF-8 only where fields are to be given as text.
fn bytes(data: &[u8], is_text_wanted: bool) -> Bytes<'_> {
    match is_text_wanted {
        true => Bytes::new(data),
        false => Bytes {
            bytes: data,
            text: None,
        },
    }
}

fn without_return(raw: &[u8]) -> &[u8] {
    raw.strip_suffix(b"\r").unwrap_or(raw)
}

/// A line that is not a row of the table: blank, a header (already followed), or broken.
fn odd_row(raw: &[u8], columns: usize, header: &tsv::Header, line: u64) -> Option<Defect> {
    if raw.first() == Some(&b'#') || without_return(raw).is_empty() {
        return None;
    }
    let reason = match header.fields.len() {
        0 => "a row before any `#fields`".to_string(),
        expected => format!("{columns} columns where `#fields` has {expected}"),
    };
    Some(Defect { line, reason })
}

/// Version of the tables that say what fields hold; it goes up with every change of meaning.
pub const FIELDS_VERSION: u32 = fields::VERSION;
