//! The first passes over a bundle: is it whole, by whom, for whom, and does each slice prove itself. Applies nothing;
//! only a head under which something else is told than is held is remembered.

use std::collections::BTreeMap;
use std::io::{Read, Seek, SeekFrom};

use entente_node::acts::{Act, Kind};
use entente_node::channel::{Desk, read_origin};
use entente_node::keys::KeyList;
use entente_node::party::Party;
use entente_node::reading::{Alarm, Reading};
use entente_node::view::Slice;
use entente_node::{Error as NodeError, Node};
use entente_stix::digest::Digest;
use entente_stix::time::Timestamp;
use entente_translog::note::{Note, Verifier};

use super::frames::{Sections, Tag};
use super::header::{Closing, Header, Log};
use super::{Error, sealed};
use crate::limits::{HEADER_BYTES_MAX, MESSAGE_BYTES_MAX};
use crate::wire::Reader;
use crate::{heads, message, packed, slice};

/// How far the clocks of two nodes may lie apart, in microseconds: five minutes.
const CLOCK_SKEW_MAX: i64 = 300_000_000;

/// A section, unpacked and read.
pub(super) enum Section {
    Acts(Vec<Act>),
    Slice(Slice),
    Receipts(Vec<String>),
    Heads(Vec<String>),
}

/// What the first passes found.
pub(super) struct Checked {
    pub(super) header: Header,
    pub(super) digest: Digest,
    /// Of each section, in order: what must be found again when it is applied.
    pub(super) sections: Vec<Digest>,
    /// Logs of which a later head is held than the bundle has.
    pub(super) older: Vec<String>,
}

/// Reads a bundle to its end.
pub(super) struct Pass<'a, R> {
    node: &'a Node,
    at: Timestamp,
    me: &'a str,
    sections: Sections<R>,
    note: String,
    pub(super) header: Header,
}

/// Begins to read: the header is of the form, and for this party.
pub(super) fn begin<'a, F: Read + Seek>(
    node: &'a Node,
    desk: &'a Desk<'_>,
    secret: &str,
    file: &'a mut F,
) -> Result<Pass<'a, impl Read>, Error> {
    file.seek(SeekFrom::Start(0))?;
    let mut sections = Sections::begin(sealed::open(secret, file)?)?;
    let (note, header) = read_header(&mut sections)?;
    Ok(Pass {
        node,
        at: desk.at,
        me: &desk.keys.party,
        sections,
        note,
        header,
    })
}

/// Reads what is inside the encryption as far as it is of the form, without asking who made it: what it says of
/// itself, and how many sections it has.
///
/// # Errors
/// [`Error`]: it is not of the form.
pub fn outline<R: Read>(inside: R) -> Result<(Header, u64), Error> {
    let mut sections = Sections::begin(inside)?;
    let (_, header) = read_header(&mut sections)?;
    let mut told = Told::new(&header);
    loop {
        let (tag, bytes) = sections.next()?;
        if tag == Tag::Closing {
            told.require_whole()?;
            let (count, _) = sections.sum();
            sections.end()?;
            return Ok((header, count));
        }
        if let Section::Slice(slice) = open(tag, &bytes)? {
            told.tell(&slice)?;
        }
    }
}

/// The first section: a note that is not verified yet, and what it says.
fn read_header<R: Read>(sections: &mut Sections<R>) -> Result<(String, Header), Error> {
    let (tag, bytes) = sections.next()?;
    if tag != Tag::Header || bytes.len() > HEADER_BYTES_MAX {
        return Err(Error::not_ours("it does not begin with a header"));
    }
    let note = String::from_utf8(bytes).map_err(|_| Error::not_ours("its header is no text"))?;
    let read =
        Note::read(note.as_bytes()).map_err(|error| Error::not_ours(format!("its header: {error}")))?;
    let header =
        Header::read(read.text()).map_err(|cause| Error::not_ours(format!("its header: {cause}")))?;
    Ok((note, header))
}

impl<R: Read> Pass<'_, R> {
    /// Verifies everything; with `slices`, also what each slice proves. Applies nothing.
    pub(super) fn check(mut self, with_slices: bool) -> Result<Checked, Error> {
        let issuer = self.issuer()?;
        let (first, acts) = self.first()?;
        let keys = keys(&issuer, &acts, self.at);
        let note = self.note.clone();
        self.require_signed(&keys, &note, "header")?;
        self.require_for_us()?;
        let header = self.header.clone();
        let mut checked = Checked {
            header: header.clone(),
            digest: first,
            sections: vec![first],
            older: Vec::new(),
        };
        let mut told = Told::new(&header);
        loop {
            let (tag, bytes) = self.sections.next()?;
            if tag == Tag::Closing {
                checked.digest = self.close(&keys, bytes)?;
                told.require_whole()?;
                return Ok(checked);
            }
            checked.sections.push(Digest::of(&bytes));
            if let Section::Slice(slice) = open(tag, &bytes)? {
                told.tell(&slice)?;
                if with_slices {
                    self.check_slice(&slice, &mut told, &mut checked.older)?;
                }
            }
        }
    }

    /// The next section.
    pub(super) fn next(&mut self) -> Result<Option<(Digest, Section)>, Error> {
        let (tag, bytes) = self.sections.next()?;
        match tag {
            Tag::Closing => Ok(None),
            tag => Ok(Some((Digest::of(&bytes), open(tag, &bytes)?))),
        }
    }

    fn issuer(&self) -> Result<Party, Error> {
        let issuer = &self.header.issuer;
        self.node
            .party(issuer)?
            .filter(|party| party.id == *issuer)
            .ok_or_else(|| Error::UnknownIssuer {
                issuer: issuer.clone(),
            })
    }

    /// The first section: acts, which may bring the key that signed the rest.
    fn first(&mut self) -> Result<(Digest, Vec<Act>), Error> {
        match self.next()? {
            Some((digest, Section::Acts(acts))) => Ok((digest, acts)),
            _ => Err(Error::not_ours("its first section is not that of acts")),
        }
    }

    fn require_signed(&self, keys: &[Verifier], note: &str, place: &'static str) -> Result<(), Error> {
        let read = Note::read(note.as_bytes());
        let verified = read.and_then(|read| read.verify(keys).map(drop));
        verified.map_err(|cause| Error::NotSigned {
            issuer: self.header.issuer.clone(),
            place,
            cause: cause.to_string(),
        })
    }

    fn require_for_us(&self) -> Result<(), Error> {
        let header = &self.header;
        if header.audience != self.me {
            return Err(Error::WrongAudience {
                audience: header.audience.clone(),
            });
        }
        if header.not_before.micros() > self.at.micros().saturating_add(CLOCK_SKEW_MAX) {
            return Err(Error::NotYet {
                not_before: header.not_before,
            });
        }
        if self.at >= header.until {
            return Err(Error::Over { until: header.until });
        }
        let is_of_it =
            |log: &&Log| read_origin(&log.origin).is_some_and(|(agreement, _)| agreement == header.agreement);
        match header.logs.iter().find(|log| !is_of_it(log)) {
            Some(log) => Err(Error::NotAsSaid(format!(
                "`{}` is of another agreement",
                log.origin
            ))),
            None => Ok(()),
        }
    }

    /// The end: signed, and over exactly what came before. Nothing may follow.
    fn close(self, keys: &[Verifier], bytes: Vec<u8>) -> Result<Digest, Error> {
        let note = String::from_utf8(bytes).map_err(|_| Error::not_ours("its end is no text"))?;
        self.require_signed(keys, &note, "end")?;
        let (sections, body) = self.sections.sum();
        let closing = Closing {
            header: Digest::of(self.note.as_bytes()),
            sections,
            body,
        };
        let read = Note::read(note.as_bytes()).map_err(|error| Error::not_ours(error.to_string()))?;
        if read.text() != closing.text() {
            return Err(Error::NotAsSaid(
                "its end is signed over something else".to_owned(),
            ));
        }
        self.sections.end()?;
        Ok(closing.digest())
    }

    fn check_slice(&self, slice: &Slice, told: &mut Told<'_>, older: &mut Vec<String>) -> Result<(), Error> {
        if older.contains(&slice.origin) {
            return Ok(());
        }
        let reading = match told.readings.entry(slice.origin.clone()) {
            std::collections::btree_map::Entry::Occupied(entry) => entry.into_mut(),
            std::collections::btree_map::Entry::Vacant(entry) => {
                entry.insert(self.node.reading(&slice.origin, self.at)?)
            }
        };
        match self
            .node
            .check_slice(&self.header.issuer, slice, reading, self.at)
        {
            Ok(_) => Ok(()),
            Err(NodeError::Older { origin, .. }) => {
                older.push(origin);
                Ok(())
            }
            Err(NodeError::Gap { origin, have, from }) => Err(Error::Gap {
                origin,
                have,
                from,
                missing: self.missing()?,
            }),
            Err(error @ (NodeError::BadSlice { .. } | NodeError::BadLog { .. })) => {
                // Its head is its owner's word all the same, and may be that of another history.
                let alarms = self.node.take_heads(std::slice::from_ref(&slice.head), self.at)?;
                Err(forked(alarms).unwrap_or(error).into())
            }
            Err(error) => Err(error.into()),
        }
    }

    /// The bundles between the last one that was read and this one, in words.
    fn missing(&self) -> Result<String, Error> {
        let (number, agreement) = (self.header.number, &self.header.agreement);
        let last = self.node.bundle_read(agreement, &self.header.issuer)?;
        let first = last.map_or(1, |last| last.number + 1);
        Ok(match number.saturating_sub(first) {
            0 => "the entries before it, by another way or from a bundle that begins earlier,".to_owned(),
            1 => format!("bundle {first}"),
            _ => format!("bundles {first} to {}", number - 1),
        })
    }
}

/// The first proof of two histories among alarms.
fn forked(alarms: Vec<Alarm>) -> Option<NodeError> {
    alarms.into_iter().find_map(|alarm| match alarm {
        Alarm::Fork { origin, proof } => Some(NodeError::Forked { origin, proof }),
        Alarm::Behind { .. } => None,
    })
}

/// Which parts of which logs were told so far.
struct Told<'h> {
    logs: Vec<(&'h Log, u64, bool)>,
    readings: BTreeMap<String, Reading>,
}

impl<'h> Told<'h> {
    fn new(header: &'h Header) -> Told<'h> {
        Told {
            logs: header.logs.iter().map(|log| (log, log.from, false)).collect(),
            readings: BTreeMap::new(),
        }
    }

    /// A slice goes on where the one before it ended, under the head that the header names.
    fn tell(&mut self, slice: &Slice) -> Result<(), Error> {
        let said = |cause: &str| Error::NotAsSaid(format!("`{}`: {cause}", slice.origin));
        let log = self.logs.iter_mut().find(|(log, ..)| log.origin == slice.origin);
        let (log, next, begun) = log.ok_or_else(|| said("a log that it does not name"))?;
        let head = heads::read(&slice.head).ok_or_else(|| said("a head that is none"))?;
        if head.size != log.size || head.root != *log.root.as_bytes() || head.origin != log.origin {
            return Err(said("a slice is under another head"));
        }
        if slice.from != *next || slice.end() > log.size {
            return Err(said("a slice does not go on where the one before it ended"));
        }
        *next = slice.end();
        *begun = true;
        Ok(())
    }

    fn require_whole(&self) -> Result<(), Error> {
        match self
            .logs
            .iter()
            .find(|(log, next, begun)| *next != log.size || !begun)
        {
            None => Ok(()),
            Some((log, next, _)) => Err(Error::NotAsSaid(format!(
                "`{}` is told up to entry {next}, its head is at {}",
                log.origin, log.size
            ))),
        }
    }
}

/// The issuer's keys that count now: those that are known, and those of a later list in the bundle that its root
/// key signed.
fn keys(issuer: &Party, acts: &[Act], at: Timestamp) -> Vec<Verifier> {
    let lists = acts
        .iter()
        .filter(|act| act.kind == Kind::Keys)
        .filter_map(|act| {
            let note = Note::read(act.text.as_bytes()).ok()?;
            note.verify(std::slice::from_ref(&issuer.root)).ok()?;
            let list = KeyList::read(note.text()).ok()?;
            (list.party == issuer.id && list.sequence > issuer.sequence).then_some(list)
        });
    let Some(latest) = lists.max_by_key(|list| list.sequence) else {
        return issuer.verifiers(at);
    };
    let is_now = |from: Timestamp, until: Timestamp| {
        from.micros() <= at.micros().saturating_add(CLOCK_SKEW_MAX) && at < until
    };
    let keys = latest.keys.iter().filter(|key| is_now(key.from, key.until));
    keys.map(|key| key.vkey.clone()).collect()
}

fn open(tag: Tag, bytes: &[u8]) -> Result<Section, Error> {
    let bytes = packed::unpack(bytes, MESSAGE_BYTES_MAX)?;
    let mut from = Reader::new(&bytes);
    let section = match tag {
        Tag::Acts => Section::Acts(message::read_acts(&mut from)?),
        Tag::Slice => Section::Slice(slice::read(&mut from)?),
        Tag::Receipts => Section::Receipts(message::read_notes(&mut from)?),
        Tag::Heads => Section::Heads(message::read_notes(&mut from)?),
        Tag::Header | Tag::Closing => return Err(Error::not_ours("it has two headers")),
    };
    from.end()?;
    Ok(section)
}
