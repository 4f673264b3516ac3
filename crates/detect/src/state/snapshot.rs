//! A machine as bytes and back, exactly; or into another plan, as far as the two look for the same.
//!
//! `entstate`, a version, what is called how in the plan, then the numbers of the machine, the hits that wait and the
//! groups of each unit in the order of their last events, all little-endian; at the end the digest of what is before.

use super::machine::{Machine, Progress};
use super::names::Name;
use super::passage::{Passage, Roster};
use super::plan::{Plan, Unit, What};
use super::settings::{Counters, Settings};
use super::values::Values;
use super::window::{Aside, Closing, Entry, State, Window};
use super::{Event, Source};
use sha2::{Digest, Sha256};
use std::collections::BTreeMap;
use std::sync::Arc;

const MAGIC: &[u8; 8] = b"entstate";
const VERSION: u32 = 2;
const DIGEST_BYTES: usize = 32;
/// No count that a machine reaches.
const COUNT_MAX: u64 = 1 << 60;

/// Why bytes are not taken for a snapshot.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Damaged {
    /// They are none.
    #[error("this is no snapshot of detection state; begin without one")]
    NotASnapshot,
    /// They are of another version.
    #[error("this snapshot is of version {0}, which this release does not read; begin without one")]
    Version(u32),
    /// They are not what was written.
    #[error("this snapshot is damaged; begin with an older one, or without")]
    Bytes,
}

impl Machine {
    /// What is needed to go on later, or elsewhere. Matches that were not taken out are not in it.
    pub fn snapshot(&self) -> Vec<u8> {
        let mut out = Vec::new();
        out.extend_from_slice(MAGIC);
        out.extend_from_slice(&VERSION.to_le_bytes());
        self.plan.roster().write(&mut out);
        self.write(&mut out);
        let digest = Sha256::digest(&out);
        out.extend_from_slice(&digest);
        out
    }

    /// Goes on from a snapshot; the seed is that of the snapshot. With another plan than it was made with, what stands in
    /// both goes on, as [`Machine::go_on_with`] has it.
    ///
    /// # Errors
    /// Why the bytes are not taken.
    pub fn restore(plan: Arc<Plan>, settings: Settings, bytes: &[u8]) -> Result<Machine, Damaged> {
        let rest = bytes.strip_prefix(MAGIC).ok_or(Damaged::NotASnapshot)?;
        let (version, _) = rest.split_first_chunk::<4>().ok_or(Damaged::NotASnapshot)?;
        let version = u32::from_le_bytes(*version);
        if version != VERSION {
            return Err(Damaged::Version(version));
        }
        let length = bytes.len().checked_sub(DIGEST_BYTES).ok_or(Damaged::Bytes)?;
        let (body, digest) = bytes.split_at_checked(length).ok_or(Damaged::Bytes)?;
        if *Sha256::digest(body) != *digest {
            return Err(Damaged::Bytes);
        }
        let body = body.get(MAGIC.len() + 4..).ok_or(Damaged::Bytes)?;
        let mut machine = Machine::new(plan, settings);
        let mut reader = Reader(body);
        machine.read(&mut reader).ok_or(Damaged::Bytes)?;
        match reader.0.is_empty() {
            true => Ok(machine),
            false => Err(Damaged::Bytes),
        }
    }

    fn write(&self, out: &mut Vec<u8>) {
        put(out, self.settings.seed);
        for time in [self.handled, self.not_after, self.now] {
            put(out, time as u64);
        }
        put(out, self.observation);
        put(out, self.swept);
        out.push(u8::from(self.observed.is_some()));
        let (time, event) = self.observed.unwrap_or_default();
        put(out, time as u64);
        out.extend_from_slice(&event);
        self.counters.all().into_iter().for_each(|count| put(out, count));
        put(out, self.waiting.len() as u64);
        for ((time, event, source), values) in self.waiting.iter() {
            put(out, *time as u64);
            out.extend_from_slice(event);
            let (kind, first, second) = match source {
                Source::Rule(rule) => (0, *rule, 0),
                Source::Leaf { pattern, leaf } => (1, *pattern, *leaf),
            };
            out.push(kind);
            put_short(out, first);
            put_short(out, second);
            put_bytes(out, values.bytes());
        }
        for (place, progress) in self.progress.iter().enumerate() {
            let length = out.len();
            put(out, 0);
            progress.write(out);
            for (key, state) in self.groups.of_unit(place) {
                put(out, key[0]);
                put(out, key[1]);
                state.write(out);
            }
            put_length(out, length);
        }
    }

    fn read(&mut self, reader: &mut Reader<'_>) -> Option<()> {
        let passage = Passage::new(&Roster::read(reader)?, &self.plan);
        self.settings.seed = reader.word()?;
        self.handled = reader.time()?;
        self.not_after = reader.time()?;
        self.now = reader.time()?;
        self.observation = reader.count()?;
        self.swept = reader.count()?;
        let is_observed = reader.flag()?;
        let observed = (reader.time()?, reader.event()?);
        self.observed = is_observed.then_some(observed);
        self.counters = Counters::of(|| reader.count())?;
        for _ in 0..reader.word()? {
            let (time, event) = (reader.time()?, reader.event()?);
            let kind = reader.flag()?;
            let (first, second) = (reader.short()?, reader.short()?);
            let source = match kind {
                false => Source::Rule(first),
                true => Source::Leaf {
                    pattern: first,
                    leaf: second,
                },
            };
            let values = Values::of_bytes(reader.bytes()?);
            let hit = passage.hit(source, values);
            if let Some((source, values)) = hit.filter(|(source, _)| self.plan.listens_to(*source)) {
                self.waiting.add((time, event, source), values);
            }
        }
        for number in passage.units() {
            let unit = reader.bytes()?;
            if let Some(number) = number {
                self.read_unit(*number, &mut Reader(unit), &passage)?;
            }
        }
        Some(())
    }

    fn read_unit(&mut self, number: u32, reader: &mut Reader<'_>, passage: &Passage) -> Option<()> {
        let plan = Arc::clone(&self.plan);
        let unit = plan.units.get(number as usize)?;
        *self.progress.get_mut(number as usize)? = Progress::read(reader)?;
        while !reader.0.is_empty() {
            let key = [reader.word()?, reader.word()?];
            let mut state = State::read(reader, unit)?;
            if self.groups.find(key).is_some() {
                return None;
            }
            passage.state(&mut state);
            if let State::Many(window) = &state
                && let Some(closing) = &window.closing
            {
                let end = closing.opened.saturating_add(unit.span?);
                self.ends.insert((end, key));
            }
            self.events += state.size();
            self.groups.add(number, key, state);
        }
        Some(())
    }
}

impl Roster {
    fn write(&self, out: &mut Vec<u8>) {
        put(out, self.units.len() as u64);
        self.units.iter().for_each(|name| out.extend_from_slice(name));
        put(out, self.patterns.len() as u64);
        self.patterns.iter().for_each(|name| out.extend_from_slice(name));
        put(out, self.rules.len() as u64);
        for (rule, (name, fields)) in &self.rules {
            put_short(out, *rule);
            out.extend_from_slice(name);
            put(out, fields.len() as u64);
            fields.iter().for_each(|field| put_bytes(out, field.as_bytes()));
        }
    }

    fn read(reader: &mut Reader<'_>) -> Option<Roster> {
        let mut names = || {
            (0..reader.word()?)
                .map(|_| reader.take())
                .collect::<Option<Vec<Name>>>()
        };
        let (units, patterns) = (names()?, names()?);
        let mut rules = BTreeMap::new();
        for _ in 0..reader.word()? {
            let (rule, name) = (reader.short()?, reader.take()?);
            let fields = (0..reader.word()?).map(|_| {
                let field = std::str::from_utf8(reader.bytes()?).ok()?;
                Some(field.to_owned())
            });
            rules.insert(rule, (name, fields.collect::<Option<_>>()?));
        }
        Some(Roster {
            units,
            rules,
            patterns,
        })
    }
}

impl Progress {
    fn write(&self, out: &mut Vec<u8>) {
        put(out, self.unsure_until as u64);
        put(out, self.work);
        put(out, self.worked_at as u64);
        put(out, self.unjoined);
        put(out, self.rests_until as u64);
    }

    fn read(reader: &mut Reader<'_>) -> Option<Progress> {
        Some(Progress {
            unsure_until: reader.time()?,
            work: reader.word()?,
            worked_at: reader.time()?,
            unjoined: reader.count()?,
            rests_until: reader.time()?,
        })
    }
}

impl State {
    fn write(&self, out: &mut Vec<u8>) {
        match self {
            State::Empty => Window::new(None).write(out),
            State::Many(window) => window.write(out),
            State::One(entry) => {
                put(out, entry.time as u64);
                out.extend_from_slice(&[0, 0, 0]);
                put(out, 1);
                entry.write(out);
            }
        }
    }

    fn read(reader: &mut Reader<'_>, unit: &Unit) -> Option<State> {
        let watch = match &unit.what {
            What::Watch(watch) => Some(watch),
            What::Joined(_) => None,
        };
        let mut window = Window::new(watch);
        let latest = reader.time()?;
        window.incomplete = reader.flag()?;
        if reader.flag()? {
            window.closing = Some(Box::new(Closing {
                opened: reader.time()?,
                total: reader.count()?,
                event: reader.event()?,
                part: reader.short()?,
                rule: reader.short()?,
                values: Values::of_bytes(reader.bytes()?),
            }));
        }
        if window.closing.is_some() != unit.closes() {
            return None;
        }
        let sum = match reader.flag()? {
            true => Some(reader.long()?),
            false => None,
        };
        for _ in 0..reader.word()? {
            let entry = Entry {
                time: reader.time()?,
                event: reader.event()?,
                value: reader.word()?,
                part: reader.short()?,
            };
            unit.parts.get(entry.part as usize)?;
            window.put(entry);
        }
        window.latest = latest;
        if let (Aside::Sum(kept), Some(sum)) = (&mut window.aside, sum) {
            **kept = sum;
        }
        Some(State::of(Box::new(window)))
    }
}

impl Window {
    fn write(&self, out: &mut Vec<u8>) {
        put(out, self.latest as u64);
        out.push(u8::from(self.incomplete));
        out.push(u8::from(self.closing.is_some()));
        if let Some(closing) = &self.closing {
            put(out, closing.opened as u64);
            put(out, closing.total);
            out.extend_from_slice(&closing.event);
            put_short(out, closing.part);
            put_short(out, closing.rule);
            put_bytes(out, closing.values.bytes());
        }
        match &self.aside {
            // Of a window judged at its end, not all events that were added up are kept.
            Aside::Sum(sum) => {
                out.push(1);
                out.extend_from_slice(&sum.to_le_bytes());
            }
            _ => out.push(0),
        }
        put(out, self.size() as u64);
        self.evidence().for_each(|entry| entry.write(out));
    }
}

impl Entry {
    fn write(&self, out: &mut Vec<u8>) {
        put(out, self.time as u64);
        out.extend_from_slice(&self.event);
        put(out, self.value);
        put_short(out, self.part);
    }
}

impl Counters {
    fn all(&self) -> [u64; 12] {
        [
            self.hits,
            self.duplicates,
            self.late,
            self.lost,
            self.ahead,
            self.pressed,
            self.ungrouped,
            self.unmeasured,
            self.evicted,
            self.capped,
            self.unjoined,
            self.matches,
        ]
    }

    fn of(mut next: impl FnMut() -> Option<u64>) -> Option<Self> {
        Some(Counters {
            hits: next()?,
            duplicates: next()?,
            late: next()?,
            lost: next()?,
            ahead: next()?,
            pressed: next()?,
            ungrouped: next()?,
            unmeasured: next()?,
            evicted: next()?,
            capped: next()?,
            unjoined: next()?,
            matches: next()?,
        })
    }
}

fn put(out: &mut Vec<u8>, word: u64) {
    out.extend_from_slice(&word.to_le_bytes());
}

fn put_short(out: &mut Vec<u8>, short: u32) {
    out.extend_from_slice(&short.to_le_bytes());
}

fn put_bytes(out: &mut Vec<u8>, bytes: &[u8]) {
    put(out, bytes.len() as u64);
    out.extend_from_slice(bytes);
}

/// Puts in its place how many bytes came behind a length.
fn put_length(out: &mut [u8], place: usize) {
    let behind = out.len().saturating_sub(place + 8) as u64;
    if let Some(length) = out.get_mut(place..).and_then(<[u8]>::first_chunk_mut) {
        *length = behind.to_le_bytes();
    }
}

/// What is left to read; each read takes from the front.
struct Reader<'b>(&'b [u8]);

impl<'b> Reader<'b> {
    fn take<const N: usize>(&mut self) -> Option<[u8; N]> {
        let (taken, rest) = self.0.split_first_chunk::<N>()?;
        self.0 = rest;
        Some(*taken)
    }

    fn word(&mut self) -> Option<u64> {
        self.take().map(u64::from_le_bytes)
    }

    fn long(&mut self) -> Option<i128> {
        self.take().map(i128::from_le_bytes)
    }

    fn short(&mut self) -> Option<u32> {
        self.take().map(u32::from_le_bytes)
    }

    fn time(&mut self) -> Option<i64> {
        self.take().map(i64::from_le_bytes)
    }

    fn count(&mut self) -> Option<u64> {
        self.word().filter(|count| *count < COUNT_MAX)
    }

    fn event(&mut self) -> Option<Event> {
        self.take()
    }

    fn flag(&mut self) -> Option<bool> {
        match self.take::<1>()? {
            [0] => Some(false),
            [1] => Some(true),
            _ => None,
        }
    }

    fn bytes(&mut self) -> Option<&'b [u8]> {
        let length = usize::try_from(self.word()?).ok()?;
        let (taken, rest) = self.0.split_at_checked(length)?;
        self.0 = rest;
        Some(taken)
    }
}
