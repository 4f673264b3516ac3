//! Streams objects out of a bundle, a TAXII envelope, a list, a single object, or lines of objects.
//!
//! Holds one object at a time, whatever the size of the input. What is broken is a defect with its
//! place, and reading goes on behind it. What an object says is `object`'s matter. Begin at [`Reader`].

mod structure;
mod window;

use std::io::{self, Read};

use crate::json::{self, ErrorKind, Value};
use crate::limits::{OBJECT_BYTES_MAX, RESYNC_BYTES_MAX, STRAY_VALUES_MAX};
use structure::{Progress, Structure};
use window::{Skipped, Window};

/// How far the comma before an object may stand from the place where the one before it broke.
const RESYNC_LOOK_BACK_BYTES: u64 = 256;

const OBJECT_MAX: u64 = OBJECT_BYTES_MAX as u64;

/// One thing found in the input.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Item<'a> {
    /// The text of an object: from its `{` to the `}` that closes it.
    Object {
        /// The text; whether it is JSON inside is for its reader to say.
        text: &'a [u8],
        /// JSON pointer to it. In lines of objects, line `n` (from 0) is `/n`.
        pointer: String,
        /// Where it begins, in bytes from the start of the input.
        offset: u64,
    },
    /// Something that is no object, or too broken or too big to be given.
    Defect {
        /// JSON pointer to it, as near as it can be told.
        pointer: String,
        /// Where it is, in bytes from the start of the input.
        offset: u64,
        /// What is wrong.
        reason: String,
    },
}

/// What the members around a list of objects say.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Wrapper {
    /// `bundle`; a TAXII envelope has none.
    pub type_name: Option<String>,
    /// The bundle's id.
    pub id: Option<String>,
    /// The bundle's version of STIX; only 2.0 has it here.
    pub spec_version: Option<String>,
    /// A TAXII envelope's cursor for the next page.
    pub next: Option<String>,
    /// Whether a TAXII envelope says that there is more.
    pub more: bool,
}

/// Reads objects one by one; see the module.
pub struct Reader<R> {
    window: Window<R>,
    state: State,
    wrapper: Option<Wrapper>,
    /// Values at the top level so far: more than one in lines of objects.
    top_values: u64,
    objects: u64,
    stray_values: u64,
    /// Whether something was said to the caller, or an empty bundle read: silence would be wrong.
    accounted: bool,
}

enum State {
    /// Before the first byte.
    Start,
    /// Between values at the top level.
    Between,
    /// In a list of objects.
    List(List),
    /// In a bundle or envelope, behind its list of objects.
    Members { pointer: String },
    /// At the end, or where nothing more can be understood.
    Done,
}

struct List {
    /// Pointer to the list.
    pointer: String,
    /// Index of the next element.
    index: u64,
    /// Whether an element was read since the last comma.
    comma_due: bool,
    /// Whether the list is a member of a bundle or envelope.
    wrapped: bool,
}

/// An [`Item`] whose text is still in the window.
enum Event {
    Object {
        start: u64,
        end: u64,
        pointer: String,
    },
    Defect {
        pointer: String,
        offset: u64,
        reason: String,
    },
}

fn defect(pointer: impl Into<String>, offset: u64, reason: impl Into<String>) -> Option<Event> {
    Some(Event::Defect {
        pointer: pointer.into(),
        offset,
        reason: reason.into(),
    })
}

impl<R: Read> Reader<R> {
    /// Reads from `input`; buffering is done here.
    pub fn new(input: R) -> Reader<R> {
        Reader {
            window: Window::new(input),
            state: State::Start,
            wrapper: None,
            top_values: 0,
            objects: 0,
            stray_values: 0,
            accounted: false,
        }
    }

    /// The next object or defect; `None` at the end. An error is the input's, and ends the reading.
    #[expect(clippy::should_implement_trait, reason = "an item borrows from the reader")]
    pub fn next(&mut self) -> io::Result<Option<Item<'_>>> {
        self.window.hold = None;
        let event = loop {
            if let Some(event) = self.step()? {
                break event;
            }
            if matches!(self.state, State::Done) {
                return Ok(None);
            }
        };
        self.accounted = true;
        Ok(Some(match event {
            Event::Object { start, end, pointer } => {
                self.objects += 1;
                Item::Object {
                    text: self.window.slice(start, end),
                    pointer,
                    offset: start,
                }
            }
            Event::Defect {
                pointer,
                offset,
                reason,
            } => Item::Defect {
                pointer,
                offset,
                reason,
            },
        }))
    }

    /// The members around the objects, as far as they were read; `None` outside bundles and envelopes.
    pub fn wrapper(&self) -> Option<&Wrapper> {
        self.wrapper.as_ref()
    }

    /// How many bytes were read over.
    pub fn offset(&self) -> u64 {
        self.window.at
    }

    /// How many objects were given.
    pub fn objects(&self) -> u64 {
        self.objects
    }

    fn step(&mut self) -> io::Result<Option<Event>> {
        match std::mem::replace(&mut self.state, State::Done) {
            State::Start => self.start(),
            State::Between => self.top_value(),
            State::List(list) => self.element(list),
            State::Members { pointer } => self.member(pointer),
            State::Done => Ok(None),
        }
    }

    fn start(&mut self) -> io::Result<Option<Event>> {
        if self.window.starts_with(b"\xff\xfe")? || self.window.starts_with(b"\xfe\xff")? {
            return Ok(defect(
                "",
                0,
                "no STIX objects: the text is UTF-16; convert it to UTF-8",
            ));
        }
        self.state = State::Between;
        if self.window.starts_with(b"\xef\xbb\xbf")? {
            self.window.at += 3;
            return Ok(defect(
                "",
                0,
                "starts with a byte order mark, which JSON does not have; read on without it",
            ));
        }
        Ok(None)
    }
}

/// The top level.
impl<R: Read> Reader<R> {
    fn top_value(&mut self) -> io::Result<Option<Event>> {
        let first = self.window.peek_past_space()?;
        let offset = self.window.at;
        let Some(first) = first else {
            // `Done`: the end.
            return Ok(if self.accounted {
                None
            } else {
                defect("", offset, "no STIX objects: the file is empty")
            });
        };
        self.top_values += 1;
        match first {
            b'{' => self.top_object(),
            b'[' => {
                self.window.at += 1;
                self.state = State::List(List {
                    pointer: self.top_pointer(),
                    index: 0,
                    comma_due: false,
                    wrapped: false,
                });
                Ok(None)
            }
            _ => self.stray_top_value(offset, first),
        }
    }

    /// `/n` from the second value on: the first does not know that it has company.
    fn top_pointer(&self) -> String {
        match self.top_values {
            0 | 1 => String::new(),
            more => format!("/{}", more - 1),
        }
    }

    fn stray_top_value(&mut self, offset: u64, first: u8) -> io::Result<Option<Event>> {
        let what = match first {
            b'"' => "a JSON string",
            b'-' | b'0'..=b'9' => "a number",
            _ => "not JSON",
        };
        let reason = format!("no STIX objects: {what} where an object or a list should be");
        let event = defect(self.top_pointer(), offset, reason);
        self.resync(None)?;
        self.bound_stray_values(event)
    }

    /// A bundle, an envelope, or an object: the members tell. Everything is held until it is clear.
    fn top_object(&mut self) -> io::Result<Option<Event>> {
        let start = self.window.at;
        self.window.hold = Some(start);
        self.window.at += 1;
        let mut members = Wrapper::default();
        let mut objects_at = None;
        while let Some(key) = self.key(start)? {
            self.window.peek_past_space()?;
            let value_at = self.window.at;
            if key == "objects" {
                objects_at = Some(value_at);
                let is_object = members.type_name.as_deref().is_some_and(|name| name != "bundle");
                if self.window.peek()? == Some(b'[') && !is_object {
                    return Ok(self.enter_list(members));
                }
            }
            if self
                .window
                .skip_value(OBJECT_MAX.saturating_sub(value_at - start))?
                != Skipped::Whole
            {
                return self.broken_top_object(start);
            }
            self.note(&mut members, &key, value_at);
            match self.window.peek_past_space()? {
                Some(b',') => self.window.at += 1,
                _ => break,
            }
        }
        if self.window.peek_past_space()? != Some(b'}') {
            return self.broken_top_object(start);
        }
        self.window.at += 1;
        self.state = State::Between;
        self.whole_top_object(start, members, objects_at)
    }

    fn enter_list(&mut self, members: Wrapper) -> Option<Event> {
        self.window.hold = None;
        self.window.at += 1;
        self.accounted = true;
        self.wrapper = Some(members);
        let mut pointer = self.top_pointer();
        pointer.push_str("/objects");
        self.state = State::List(List {
            pointer,
            index: 0,
            comma_due: false,
            wrapped: true,
        });
        None
    }

    /// A key and its colon; `None` where none stands.
    fn key(&mut self, start: u64) -> io::Result<Option<String>> {
        if self.window.peek_past_space()? != Some(b'"') {
            return Ok(None);
        }
        let key_at = self.window.at;
        if self
            .window
            .skip_value(OBJECT_MAX.saturating_sub(key_at.saturating_sub(start)))?
            != Skipped::Whole
        {
            return Ok(None);
        }
        let key = match json::read(self.window.slice(key_at, self.window.at)) {
            Ok(Value::String(key)) => key.into_owned(),
            _ => return Ok(None),
        };
        if self.window.peek_past_space()? != Some(b':') {
            return Ok(None);
        }
        self.window.at += 1;
        Ok(Some(key))
    }

    /// Keeps what a member says that the account may want.
    fn note(&self, members: &mut Wrapper, key: &str, value_at: u64) {
        if !matches!(key, "type" | "id" | "spec_version" | "next" | "more") {
            return;
        }
        let Ok(value) = json::read(self.window.slice(value_at, self.window.at)) else {
            return;
        };
        let text = value.as_str().map(str::to_owned);
        match key {
            "type" => members.type_name = text,
            "id" => members.id = text,
            "spec_version" => members.spec_version = text,
            // Some servers count pages, and write the number as one.
            "next" => members.next = text.or_else(|| Some(value.as_number()?.text().to_owned())),
            _ => members.more = value.as_bool().unwrap_or(false),
        }
    }

    fn whole_top_object(
        &mut self,
        start: u64,
        members: Wrapper,
        objects_at: Option<u64>,
    ) -> io::Result<Option<Event>> {
        let end = self.window.at;
        match (members.type_name.as_deref(), objects_at) {
            (Some("bundle"), Some(at)) => {
                let pointer = self.top_pointer() + "/objects";
                Ok(defect(pointer, at, "no STIX objects: `objects` is not a list"))
            }
            (Some("bundle"), None) => {
                self.accounted = true;
                self.wrapper = Some(members);
                Ok(None)
            }
            (Some(_), _) => {
                // Whether more values follow decides how this one is called.
                let more = self.window.peek_past_space()?.is_some();
                let pointer = if more && self.top_values == 1 {
                    "/0".to_owned()
                } else {
                    self.top_pointer()
                };
                Ok(Some(Event::Object { start, end, pointer }))
            }
            (None, _) => {
                let reason = no_stix(self.window.slice(start, end));
                let event = defect(self.top_pointer(), start, reason);
                self.bound_stray_values(event)
            }
        }
    }

    /// Values that are no STIX, line after line: another format, and one more defect tells no more.
    fn bound_stray_values(&mut self, event: Option<Event>) -> io::Result<Option<Event>> {
        self.stray_values += 1;
        if self.objects > 0 || self.stray_values < STRAY_VALUES_MAX {
            return Ok(event);
        }
        self.state = State::Done;
        let reason =
            format!("no STIX objects among the first {STRAY_VALUES_MAX} values; the rest was not read");
        Ok(defect("", self.window.at, reason))
    }

    fn broken_top_object(&mut self, start: u64) -> io::Result<Option<Event>> {
        let pointer = self.top_pointer();
        self.recover(start, pointer, None)
    }
}

/// Lists of objects.
impl<R: Read> Reader<R> {
    fn element(&mut self, mut list: List) -> io::Result<Option<Event>> {
        let first = self.window.peek_past_space()?;
        let offset = self.window.at;
        let event = match first {
            None => {
                let reason = format!(
                    "the file ends inside the list of objects, after {} of them",
                    self.objects
                );
                return Ok(defect(list.pointer, offset, reason));
            }
            Some(b']') => return Ok(self.leave_list(list)),
            Some(b',') => {
                self.window.at += 1;
                let spare = !list.comma_due;
                list.comma_due = false;
                if spare {
                    defect(
                        list.element_pointer(),
                        offset,
                        "a comma too many in the list of objects",
                    )
                } else {
                    None
                }
            }
            Some(_) if list.comma_due => {
                list.comma_due = false;
                defect(
                    list.element_pointer(),
                    offset,
                    "no comma before this element of the list",
                )
            }
            Some(b'{') => return self.object(list),
            Some(_) => return self.stray_element(list),
        };
        self.state = State::List(list);
        Ok(event)
    }

    fn leave_list(&mut self, list: List) -> Option<Event> {
        let offset = self.window.at;
        self.window.at += 1;
        let dangling = list.index > 0 && !list.comma_due;
        let empty = list.index == 0 && !list.wrapped && !self.accounted;
        let pointer = list.pointer.clone();
        self.state = match list.wrapped {
            true => State::Members {
                pointer: list.pointer,
            },
            false => State::Between,
        };
        if dangling {
            return defect(pointer, offset, "a comma after the last element of the list");
        }
        if empty {
            defect(pointer, offset, "no STIX objects: an empty list")
        } else {
            None
        }
    }

    fn object(&mut self, mut list: List) -> io::Result<Option<Event>> {
        let start = self.window.at;
        self.window.hold = Some(start);
        let pointer = list.element_pointer();
        let skipped = self.window.skip_value(OBJECT_MAX)?;
        list.index += 1;
        list.comma_due = true;
        if skipped == Skipped::Whole {
            self.state = State::List(list);
            return Ok(Some(Event::Object {
                start,
                end: self.window.at,
                pointer,
            }));
        }
        self.recover(start, pointer, Some(list))
    }

    /// An element that is no object.
    fn stray_element(&mut self, mut list: List) -> io::Result<Option<Event>> {
        let offset = self.window.at;
        let pointer = list.element_pointer();
        let what = match self.window.peek()? {
            Some(b'[') => "an array",
            Some(b'"') => "a string",
            Some(b'-' | b'0'..=b'9') => "a number",
            Some(b't' | b'f' | b'n') => "a word",
            _ => "not JSON",
        };
        let reason = format!("{what} where an object should be");
        list.index += 1;
        list.comma_due = true;
        match self.window.skip_value(u64::MAX)? {
            Skipped::Whole => self.state = State::List(list),
            Skipped::Truncated => {
                return Ok(defect(
                    pointer,
                    offset,
                    format!("{reason}, and the file ends inside it"),
                ));
            }
            _ => {
                self.window.at += 1;
                self.resync(Some(list))?;
            }
        }
        self.bound_stray_values(defect(pointer, offset, reason))
    }
}

impl List {
    fn element_pointer(&self) -> String {
        format!("{}/{}", self.pointer, self.index)
    }
}

/// The members behind a list of objects.
impl<R: Read> Reader<R> {
    fn member(&mut self, pointer: String) -> io::Result<Option<Event>> {
        let offset = self.window.at;
        match self.window.take_past_space()? {
            Some(b'}') => {
                self.state = State::Between;
                return Ok(None);
            }
            Some(b',') => {}
            None => {
                return Ok(defect(
                    "",
                    offset,
                    "the file ends behind the list of objects, inside the bundle",
                ));
            }
            Some(_) => return self.broken_wrapper(offset),
        }
        self.window.peek_past_space()?;
        let key_at = self.window.at;
        self.window.hold = Some(key_at);
        let Some(key) = self.key(key_at)? else {
            return self.broken_wrapper(key_at);
        };
        self.window.peek_past_space()?;
        let value_at = self.window.at;
        let noted = matches!(key.as_str(), "type" | "id" | "spec_version" | "next" | "more");
        self.window.hold = noted.then_some(value_at);
        match self
            .window
            .skip_value(if noted { OBJECT_MAX } else { u64::MAX })?
        {
            Skipped::Whole => {}
            Skipped::Truncated => {
                return Ok(defect(
                    "",
                    self.window.at,
                    "the file ends behind the list of objects, inside the bundle",
                ));
            }
            _ => return self.broken_wrapper(value_at),
        }
        let mut members = self.wrapper.take().unwrap_or_default();
        self.note(&mut members, &key, value_at);
        self.wrapper = Some(members);
        self.state = State::Members {
            pointer: pointer.clone(),
        };
        if key == "objects" {
            return Ok(defect(
                pointer,
                value_at,
                "`objects` given twice: the second one was left out",
            ));
        }
        Ok(None)
    }

    fn broken_wrapper(&mut self, offset: u64) -> io::Result<Option<Event>> {
        self.resync(None)?;
        Ok(defect(
            "",
            offset,
            "the bundle is broken behind its list of objects",
        ))
    }
}

/// Going on behind what is broken.
impl<R: Read> Reader<R> {
    /// Says what is wrong with the value that begins at `start` and could not be passed over, and
    /// finds the place to go on: in `list`, or at the top level.
    fn recover(&mut self, start: u64, pointer: String, list: Option<List>) -> io::Result<Option<Event>> {
        // The strict reader finds the fault; the byte that could not be passed may be it.
        self.window.take()?;
        let reached = self.window.at;
        let cut = reached.min(start + OBJECT_MAX);
        let error = match json::read(self.window.slice(start, cut)) {
            Err(error) => error,
            Ok(_) => json::Error {
                kind: ErrorKind::UnexpectedEnd,
                pointer: String::new(),
                offset: 0,
            },
        };
        let ends_open = matches!(error.kind, ErrorKind::UnexpectedEnd);
        let at_end = self.window.peek()?.is_none() && reached - start <= OBJECT_MAX;
        if ends_open && at_end {
            let reason = format!("the file ends at byte {reached}, inside this object");
            return Ok(defect(pointer + &error.pointer, reached, reason));
        }
        if ends_open && reached - start > OBJECT_MAX {
            self.skip_big(start, list)?;
            let reason = format!("an object of more than {OBJECT_BYTES_MAX} bytes: skipped");
            return Ok(defect(pointer, start, reason));
        }
        let offset = start + error.offset as u64;
        self.window.at = offset.max(start + 1);
        self.resync(list)?;
        Ok(defect(pointer + &error.pointer, offset, error.kind.to_string()))
    }

    /// Passes over an object too big to hold, from its start as far as the window still has it.
    fn skip_big(&mut self, start: u64, list: Option<List>) -> io::Result<()> {
        let mut structure = Structure::default();
        let held = structure.feed(self.window.slice(start, self.window.at));
        self.window.hold = None;
        let skipped = match held {
            Progress::Closed(length) => {
                self.window.at = start + length as u64;
                Skipped::Whole
            }
            Progress::Mismatch(_) => Skipped::Mismatch,
            Progress::Open => self.window.skip_structure(&mut structure, u64::MAX)?,
        };
        match skipped {
            Skipped::Whole => {
                self.state = list.map_or(State::Between, State::List);
                Ok(())
            }
            _ => self.resync(list),
        }
    }

    /// Moves to the next text that is an object with type and id, where objects can begin: behind `[` or
    /// `},`, or at the start of a line. Stops, for good, when that cost too much or nothing is left.
    fn resync(&mut self, list: Option<List>) -> io::Result<()> {
        let mut spent = 0;
        let mut before = Before::default();
        let near = self.window.at.saturating_sub(RESYNC_LOOK_BACK_BYTES);
        self.window
            .slice(near, self.window.at)
            .iter()
            .for_each(|byte| before.push(*byte));
        self.window.hold = None;
        while spent < RESYNC_BYTES_MAX {
            let Some(byte) = self.window.take()? else { break };
            let in_list = before.in_list();
            let candidate = byte == b'{' && (in_list || before.line_start);
            before.push(byte);
            if !candidate {
                continue;
            }
            let start = self.window.at - 1;
            self.window.at = start;
            self.window.hold = Some(start);
            let whole = self.window.skip_value(OBJECT_MAX)? == Skipped::Whole;
            let end = self.window.at;
            let found = whole && is_stix(self.window.slice(start, end));
            self.window.at = start;
            if found {
                self.state = if in_list {
                    State::List(self.resumed(list))
                } else {
                    State::Between
                };
                return Ok(());
            }
            spent += end - start;
            self.window.hold = None;
            self.window.at = start + 1;
        }
        self.state = State::Done;
        Ok(())
    }
}

impl<R> Reader<R> {
    /// The list that an object belongs to which was found again; a new one where its start was broken.
    fn resumed(&mut self, list: Option<List>) -> List {
        self.accounted = true;
        match list {
            Some(list) => List {
                comma_due: false,
                ..list
            },
            None => List {
                pointer: "/objects".to_owned(),
                index: 0,
                comma_due: false,
                wrapped: true,
            },
        }
    }
}

/// The bytes before the place where an object could begin.
#[derive(Default)]
struct Before {
    last: u8,
    second_last: u8,
    line_start: bool,
}

impl Before {
    fn in_list(&self) -> bool {
        self.last == b'[' || (self.last == b',' && self.second_last == b'}')
    }

    fn push(&mut self, byte: u8) {
        self.line_start = byte == b'\n';
        if !byte.is_ascii_whitespace() {
            self.second_last = self.last;
            self.last = byte;
        }
    }
}

fn is_stix(text: &[u8]) -> bool {
    let Ok(value) = json::read(text) else { return false };
    let is_text = |key| value.get(key).is_some_and(|member| member.as_str().is_some());
    is_text("type") && is_text("id")
}

/// Why an object at the top level is no STIX, with what it has instead.
fn no_stix(text: &[u8]) -> String {
    let value = match json::read(text) {
        Ok(value) => value,
        Err(error) => return format!("no STIX objects: {error}"),
    };
    let mut keys: Vec<&str> = value.as_object().into_iter().flat_map(|map| map.keys()).collect();
    let total = keys.len();
    keys.truncate(5);
    let shown: Vec<String> = keys
        .iter()
        .map(|key| format!("`{}`", key.chars().take(40).collect::<String>()))
        .collect();
    match total {
        0 => "no STIX objects: an empty JSON object".to_owned(),
        _ => format!(
            "no STIX objects: a JSON object with neither `type` nor a list `objects`, but {}{}",
            shown.join(", "),
            if total > shown.len() { "…" } else { "" }
        ),
    }
}

#[cfg(test)]
mod tests;
