//! From the values of a record to what the visitor observes: which value is of which kind, by which name.
//!
//! A plan is made from a generically read record; it holds for every record with the same keys, and is then
//! carried out on nothing but the values' places.

use crate::fields::{self, Class, How, Schema};
use crate::json::{Form, Tree};
use crate::named::{Asking, Bytes, Gathered};
use crate::{FieldNames, Kind, Observed, Value, Visitor, limits, scan};

/// Where a value is, in the batch's bytes, and whether it has escapes.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Slot {
    start: u32,
    /// The top bit is set for escapes; no batch is nearly as large.
    end: u32,
}

impl Slot {
    const ESCAPED: u32 = 1 << 31;

    #[inline(always)]
    pub(crate) fn new(start: usize, end: usize) -> Self {
        Slot {
            start: start as u32,
            end: end as u32,
        }
    }

    pub(crate) fn new_escaped(start: usize, end: usize) -> Self {
        Slot {
            start: start as u32,
            end: end as u32 | Self::ESCAPED,
        }
    }

    #[inline(always)]
    pub(crate) fn start(self) -> usize {
        self.start as usize
    }

    #[inline(always)]
    pub(crate) fn end(self) -> usize {
        (self.end & !Self::ESCAPED) as usize
    }

    #[inline(always)]
    pub(crate) fn is_escaped(self) -> bool {
        self.end & Self::ESCAPED != 0
    }
}

/// A set of kinds.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Kinds(u32);

impl Kinds {
    pub(crate) fn wanted_by<V: Visitor>(visitor: &V) -> Self {
        let wanted = Kind::ALL.into_iter().filter(|kind| visitor.wants(*kind));
        Kinds(wanted.fold(0, |set, kind| set | 1 << kind as u32))
    }

    pub(crate) fn has(self, kind: Kind) -> bool {
        self.0 & 1 << kind as u32 != 0
    }
}

#[derive(Clone, Copy, Debug)]
struct Emit {
    slot: u32,
    kind: Kind,
    form: Form,
    how: How,
    name: (u32, u32),
}

/// A value that somebody asks for by name.
#[derive(Clone, Copy, Debug)]
struct Named {
    slot: u32,
    form: Form,
    element: Option<usize>,
    number: u32,
}

/// What is wanted of records.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Wanted<'n> {
    pub(crate) kinds: Kinds,
    pub(crate) names: Option<&'n FieldNames>,
    /// Whether the log began with events of Windows.
    pub(crate) is_windows: bool,
}

/// What is observed in records of one layout.
#[derive(Debug, Default)]
pub(crate) struct Plan {
    /// In the order of slots.
    named: Vec<Named>,
    /// Named values that are the same in all of them, and their places in `names`.
    constants: Vec<(u32, (u32, u32))>,
    names: String,
    emits: Vec<Emit>,
    hosts: Vec<Emit>,
    ports: Vec<Emit>,
    paths: Vec<Emit>,
}

/// Space to undo escapes in.
#[derive(Debug, Default)]
pub(crate) struct Buffers {
    first: Vec<u8>,
    second: Vec<u8>,
    third: Vec<u8>,
}

impl Plan {
    /// Plans for a record just read; marks its telling items.
    pub(crate) fn build(&mut self, tree: &mut Tree, data: &[u8], wanted: Wanted<'_>, classes: &mut Classes) {
        let kinds = wanted.kinds;
        self.named.clear();
        self.constants.clear();
        self.names.clear();
        self.emits.clear();
        self.hosts.clear();
        self.ports.clear();
        self.paths.clear();
        let log = mark_telling(tree, data);
        let log = log.and_then(|(start, end)| data.get(start..end));
        let mut top = std::mem::take(&mut classes.keys);
        top.clear();
        top.extend(tree.top_key_spans());
        let schema = fields::infer(top.iter().filter_map(|(start, end)| data.get(*start..*end)), log);
        classes.keys = top;
        if let Some(names) = wanted.names {
            let inside = fields::named_inside(schema, wanted.is_windows);
            let (schema, known) = fields::schema_name(schema);
            let log = log.and_then(|log| std::str::from_utf8(log).ok()).or(known);
            self.name_schema(names, (schema, log));
            self.name(tree, data, names, inside);
        }
        let items = tree.items.iter().filter(|item| !item.telling);
        for (slot, item) in (0..).zip(items) {
            let name_start = self.names.len();
            tree.path(data, item.node, &mut self.names);
            let path = self.names.get(name_start..).unwrap_or_default();
            let class = classes.of(schema, path);
            if !self.add(slot, item.form, class, name_start, kinds) {
                self.names.truncate(name_start);
            }
        }
    }

    /// Notes which values are asked for by name.
    fn name(&mut self, tree: &Tree, data: &[u8], names: &FieldNames, inside: Option<&str>) {
        let mut path = String::new();
        let mut asking: Vec<(u32, usize, Asking)> = Vec::new();
        let mut slot = 0;
        for (place, item) in tree.items.iter().enumerate() {
            path.clear();
            tree.path(data, item.node, &mut path);
            let before = asking.len();
            names.asking(&path, inside, |asked| asking.push((slot, place, asked)));
            if asking.len() == before && names.wants_every_value() {
                let number = FieldNames::UNNAMED;
                asking.push((
                    slot,
                    place,
                    Asking {
                        number,
                        element: None,
                        is_inner: false,
                    },
                ));
            }
            slot += u32::from(!item.telling);
        }
        // What a name means as it stands goes before what it means inside of something.
        let mut whole: Vec<u32> = asking
            .iter()
            .filter(|(.., asked)| !asked.is_inner)
            .map(|(.., asked)| asked.number)
            .collect();
        whole.sort_unstable();
        for (slot, place, asked) in asking {
            let Some(item) = tree.items.get(place) else {
                continue;
            };
            if asked.is_inner && whole.binary_search(&asked.number).is_ok() {
                continue;
            }
            if item.telling {
                let mut buffer = Vec::new();
                let raw = data.get(item.start..item.end).unwrap_or_default();
                let text = if item.escaped {
                    scan::unescape(raw, &mut buffer)
                } else {
                    raw
                };
                self.add_constant(asked.number, &String::from_utf8_lossy(text));
            } else {
                self.named.push(Named {
                    slot,
                    form: item.form,
                    element: asked.element,
                    number: asked.number,
                });
            }
        }
    }

    /// The fields that are no values of the record.
    pub(crate) fn name_schema(&mut self, names: &FieldNames, (schema, log): (&str, Option<&str>)) {
        if let Some(number) = names.number(FieldNames::SCHEMA) {
            self.add_constant(number, schema);
        }
        if let (Some(number), Some(log)) = (names.number(FieldNames::LOG), log) {
            self.add_constant(number, log);
        }
    }

    fn add_constant(&mut self, number: u32, text: &str) {
        let span = |index: usize| u32::try_from(index).unwrap_or(u32::MAX);
        let start = span(self.names.len());
        self.names.push_str(text);
        self.constants.push((number, (start, span(self.names.len()))));
    }

    /// Notes that a column of a table is asked for by name.
    pub(crate) fn name_column(&mut self, slot: u32, number: u32) {
        self.named.push(Named {
            slot,
            form: Form::String,
            element: None,
            number,
        });
    }

    /// Gathers the named values that lie in `slots`.
    pub(crate) fn gather(&self, data: Bytes<'_>, slots: &[Slot], gathered: &mut Gathered) {
        gathered.clear();
        for (number, (start, end)) in &self.constants {
            let text = self.names.get(*start as usize..*end as usize).unwrap_or_default();
            gathered.owned(*number, text.as_bytes());
        }
        let mut last = None;
        let mut places = 0..0;
        for named in &self.named {
            if last == Some((named.slot, named.element)) {
                gathered.again(named.number, places.clone());
                continue;
            }
            last = Some((named.slot, named.element));
            let start = gathered.count();
            let Some(slot) = slots.get(named.slot as usize) else {
                continue;
            };
            match named.form {
                Form::String => gathered.json_string(named.number, data, *slot),
                Form::Bare => gathered.json_bare(named.number, data, slot.start(), slot.end()),
                Form::List => gathered.json_list(named.number, data, slot.start(), named.element),
            }
            places = start..gathered.count();
        }
    }

    /// Adds a column of a table as [`Plan::build`] adds an item.
    pub(crate) fn add_column(&mut self, column: u32, form: Form, class: Class, name: &str, kinds: Kinds) {
        let start = self.names.len();
        self.names.push_str(name);
        if !self.add(column, form, class, start, kinds) {
            self.names.truncate(start);
        }
    }

    /// Whether the value is of interest, and thus its name to be kept.
    fn add(&mut self, slot: u32, form: Form, class: Class, name_start: usize, kinds: Kinds) -> bool {
        let span = |index: usize| u32::try_from(index).unwrap_or(u32::MAX);
        let name = (span(name_start), span(self.names.len()));
        let emit = |kind, how| Emit {
            slot,
            kind,
            form,
            how,
            name,
        };
        let (wanted, how) = match class {
            Class::Nothing => return false,
            Class::Is(kind, how) => ([Some(kind), None], how),
            Class::Either(first, second) => ([Some(first), Some(second)], How::Whole),
        };
        match how {
            How::UrlPort if kinds.has(Kind::Url) => {
                self.ports.push(emit(Kind::Url, how));
                return true;
            }
            How::UrlPort => return false,
            How::UrlPath if kinds.has(Kind::Url) || kinds.has(Kind::Host) => {
                self.paths.push(emit(Kind::Url, how));
                return true;
            }
            How::UrlPath => return false,
            How::UrlHost if kinds.has(Kind::Url) && self.hosts.len() < limits::URL_HOSTS_MAX => {
                self.hosts.push(emit(Kind::Host, how));
            }
            _ => {}
        }
        let mut kept = how == How::UrlHost && kinds.has(Kind::Url);
        for kind in wanted.into_iter().flatten() {
            // Of bare values only numbers that mean something: no `true`, no counts in unknown fields.
            if kinds.has(kind) && !(kind == Kind::Text && form == Form::Bare) {
                self.emits.push(emit(kind, how));
                kept = true;
            }
        }
        kept
    }

    fn name_of(&self, emit: &Emit) -> &str {
        self.names
            .get(emit.name.0 as usize..emit.name.1 as usize)
            .unwrap_or_default()
    }

    /// Shows the visitor the values that lie in `slots`.
    #[inline]
    pub(crate) fn observe<V: Visitor>(
        &self,
        data: &[u8],
        slots: &[Slot],
        buffers: &mut Buffers,
        visitor: &mut V,
    ) {
        for emit in &self.emits {
            let Some(slot) = slots.get(emit.slot as usize) else {
                continue;
            };
            let field = self.name_of(emit);
            if emit.form == Form::String && emit.how == How::Whole && !slot.is_escaped() {
                // By far the most frequent case, and in line with the caller.
                let Some(value) = data.get(slot.start()..slot.end()) else {
                    continue;
                };
                one(visitor, emit.kind, field, value);
                continue;
            }
            self.observe_other(data, emit, slot, buffers, visitor);
        }
        if !self.paths.is_empty() {
            self.observe_urls(data, slots, buffers, visitor);
        }
    }

    #[inline(never)]
    fn observe_other<V: Visitor>(
        &self,
        data: &[u8],
        emit: &Emit,
        slot: &Slot,
        buffers: &mut Buffers,
        visitor: &mut V,
    ) {
        let field = self.name_of(emit);
        if emit.form != Form::List {
            let value = text(data, slot, &mut buffers.first);
            if emit.form == Form::String || is_number(value) {
                pieces(visitor, emit.kind, emit.how, field, value);
            }
            return;
        }
        for element in scan::Elements::new(data, slot.start()) {
            let Some(raw) = data.get(element.start..element.end) else {
                continue;
            };
            let wanted = if element.is_string {
                true
            } else {
                emit.kind != Kind::Text && is_number(raw)
            };
            if wanted {
                let value = if element.escaped {
                    scan::unescape(raw, &mut buffers.first)
                } else {
                    raw
                };
                pieces(visitor, emit.kind, emit.how, field, value);
            }
        }
    }

    #[inline(never)]
    fn observe_urls<V: Visitor>(&self, data: &[u8], slots: &[Slot], buffers: &mut Buffers, visitor: &mut V) {
        for emit in &self.paths {
            let Some(slot) = slots.get(emit.slot as usize) else {
                continue;
            };
            if emit.form != Form::String {
                continue;
            }
            let path = text(data, slot, &mut buffers.first);
            let field = self.name_of(emit);
            let port = self.ports.first().and_then(|port| slots.get(port.slot as usize));
            let port = port.map(|slot| text(data, slot, &mut buffers.third));
            if self.hosts.is_empty() {
                url(visitor, field, path, None, port);
            }
            for host in &self.hosts {
                let host = slots
                    .get(host.slot as usize)
                    .map(|slot| text(data, slot, &mut buffers.second));
                url(visitor, field, path, host, port);
            }
        }
    }
}

/// Shows the visitor a URL that is split over fields, or whole where the path has it all.
pub(crate) fn url<V: Visitor>(
    visitor: &mut V,
    field: &str,
    path: &[u8],
    host: Option<&[u8]>,
    port: Option<&[u8]>,
) {
    match path {
        [] | b"-" | b"*" => {}
        [b'/', ..] => {
            if let Some(host) = host.filter(|host| !is_nothing(host)) {
                let value = Value::Url { host, port, path };
                visitor.observed(Observed {
                    kind: Kind::Url,
                    field,
                    value,
                });
            }
        }
        // The authority alone is what CONNECT names.
        _ if !path.contains(&b'/') => one(visitor, Kind::Host, field, path),
        _ => one(visitor, Kind::Url, field, path),
    }
}

fn text<'t>(data: &'t [u8], slot: &Slot, buffer: &'t mut Vec<u8>) -> &'t [u8] {
    let raw = data.get(slot.start()..slot.end()).unwrap_or_default();
    if slot.is_escaped() {
        scan::unescape(raw, buffer)
    } else {
        raw
    }
}

fn is_number(bare: &[u8]) -> bool {
    bare.first().is_some_and(|byte| byte.is_ascii_digit())
}

/// Empty, or the `-` that many logs write for it.
#[inline(always)]
fn is_nothing(value: &[u8]) -> bool {
    value.len() <= 1 && matches!(value, [] | [b'-'])
}

#[inline(always)]
fn one<V: Visitor>(visitor: &mut V, kind: Kind, field: &str, value: &[u8]) {
    if !is_nothing(value) {
        visitor.observed(Observed {
            kind,
            field,
            value: Value::Plain(value),
        });
    }
}

/// Shows the visitor the values that one text holds.
pub(crate) fn pieces<V: Visitor>(visitor: &mut V, kind: Kind, how: How, field: &str, value: &[u8]) {
    match how {
        How::Whole | How::UrlHost | How::UrlPort | How::UrlPath => one(visitor, kind, field, value),
        How::Results => {
            for piece in value.split(|byte| *byte == b';') {
                let last = piece.rsplit(|byte| *byte == b' ').next().unwrap_or_default();
                one(visitor, kind, field, last);
            }
        }
        How::Commas => {
            for piece in value.split(|byte| matches!(byte, b',' | b' ' | b'\t')) {
                one(visitor, kind, field, piece);
            }
        }
        How::Hashes => {
            for piece in value.split(|byte| *byte == b',') {
                let piece = piece.trim_ascii();
                let mut parts = piece.splitn(2, |byte| *byte == b'=');
                let (first, second) = (parts.next().unwrap_or_default(), parts.next());
                // An import hash has the length of an MD5, and is none.
                if !first.eq_ignore_ascii_case(b"IMPHASH") {
                    one(visitor, kind, field, second.unwrap_or(first));
                }
            }
        }
    }
}

/// Marks the values that decide what the others mean, and gives the first one's place.
fn mark_telling(tree: &mut Tree, data: &[u8]) -> Option<(usize, usize)> {
    let log = tree.log(data);
    for index in 0..tree.items.len() {
        let Some(item) = tree.items.get(index).copied() else {
            break;
        };
        if tree.tells_log(data, &item)
            && let Some(item) = tree.items.get_mut(index)
        {
            item.telling = true;
        }
    }
    log
}

/// Remembers what fields hold, since tables are searched line by line. Direct-mapped, so bounded.
#[derive(Debug, Default)]
pub(crate) struct Classes {
    known: Vec<Option<(u16, String, Class)>>,
    stripped: String,
    keys: Vec<(usize, usize)>,
}

impl Classes {
    const PLACES: usize = 1024;

    fn of(&mut self, schema: Schema, path: &str) -> Class {
        if self.known.is_empty() {
            self.known.resize_with(Self::PLACES, || None);
        }
        let mut stripped = std::mem::take(&mut self.stripped);
        let plain = without_indices(path, &mut stripped);
        let number = fields::schema_number(schema);
        let hash = plain
            .bytes()
            .fold(u64::from(number) ^ 0xcbf2_9ce4_8422_2325, |hash, byte| {
                (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3)
            });
        let place = usize::try_from(hash >> 32).unwrap_or_default() % Self::PLACES;
        let class = match self.known.get(place) {
            Some(Some((known, name, class))) if *known == number && name == plain => *class,
            _ => {
                let class = fields::classify(schema, plain);
                if let Some(entry) = self.known.get_mut(place) {
                    *entry = Some((number, plain.to_owned(), class));
                }
                class
            }
        };
        self.stripped = stripped;
        class
    }
}

/// A path without its list indices.
pub(crate) fn without_indices<'a>(path: &'a str, buffer: &'a mut String) -> &'a str {
    if !path.contains('[') {
        return path;
    }
    buffer.clear();
    let mut rest = path;
    while let Some((before, after)) = rest.split_once('[') {
        buffer.push_str(before);
        match after.split_once(']') {
            Some((index, after)) if index.bytes().all(|byte| byte.is_ascii_digit()) => rest = after,
            _ => {
                buffer.push('[');
                rest = after;
            }
        }
    }
    buffer.push_str(rest);
    buffer
}
