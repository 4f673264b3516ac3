//! Events of an input as rows of named values.

use std::io::Read;

use entente_detect::rules::{Matcher, Rules};
use entente_telemetry::{
    Defect, Field, FieldNames, Kind, Observed, Options, Record, Scratch, Source, Visitor,
};

use crate::exit::Failure;
use crate::inputs::Input;
use crate::render::safe;

/// Where events come from.
pub(crate) enum Events<'e> {
    /// A log.
    Input(&'e Input),
    /// One event as JSON: an argument, or a member of a line of a batch.
    Text(&'e str),
}

/// What was gone through.
#[derive(Default)]
pub(crate) struct Seen {
    /// Events.
    pub(crate) events: u64,
    /// Records that could not be read.
    pub(crate) defects: Vec<String>,
}

/// Has `judge` look at the row of every event, and `tell` told what it found, with the event's place and text.
///
/// # Errors
/// The input is no log, or cannot be read to its end; what `tell` says.
pub(crate) fn each<T>(
    events: &Events<'_>,
    rules: &Rules,
    judge: impl FnMut(&[Field<'_>], &mut Matcher) -> T,
    tell: impl FnMut(T, &str, &[u8]) -> Result<(), Failure>,
) -> Result<Seen, Failure> {
    let name = match events {
        Events::Input(input) => input.name(),
        Events::Text(_) => "event".to_owned(),
    };
    let reader: Box<dyn Read + '_> = match events {
        Events::Text(text) => Box::new(text.as_bytes().chain(&b"\n"[..])),
        Events::Input(input) => Box::new(input.open().map_err(|error| {
            Failure::input(format!(
                "cannot read `{}`: {error}; check path and permissions",
                safe(&name)
            ))
        })?),
    };
    let failed = |error: entente_telemetry::Error| Failure::input(safe(&error.to_string()));
    let mut source = Source::open_with(reader, &name, Options::default()).map_err(failed)?;
    let mut rows = Rows {
        name: &name,
        names: rules.names(),
        matcher: Matcher::new(),
        judge,
        tell,
        judged: None,
        seen: Seen::default(),
        done: Ok(()),
    };
    let mut scratch = Scratch::new();
    while let Some(batch) = source.next().map_err(failed)? {
        batch.visit(&mut rows, &mut scratch);
        source.recycle(batch);
        std::mem::replace(&mut rows.done, Ok(()))?;
    }
    Ok(rows.seen)
}

struct Rows<'a, J, S, T> {
    name: &'a str,
    names: &'a FieldNames,
    matcher: Matcher,
    judge: J,
    tell: S,
    judged: Option<T>,
    seen: Seen,
    done: Result<(), Failure>,
}

impl<J, S, T> Visitor for Rows<'_, J, S, T>
where
    J: FnMut(&[Field<'_>], &mut Matcher) -> T,
    S: FnMut(T, &str, &[u8]) -> Result<(), Failure>,
{
    fn wants(&self, _: Kind) -> bool {
        false
    }

    fn observed(&mut self, _: Observed<'_>) {}

    fn names(&self) -> Option<&FieldNames> {
        Some(self.names)
    }

    fn fields(&mut self, fields: &[Field<'_>]) {
        self.judged = Some((self.judge)(fields, &mut self.matcher));
    }

    fn record(&mut self, record: &Record<'_>) {
        let judged = match self.judged.take() {
            Some(judged) => judged,
            None => (self.judge)(&[], &mut self.matcher),
        };
        self.seen.events += 1;
        if self.done.is_ok() {
            let place = format!("{}:{}", self.name, record.line());
            self.done = (self.tell)(judged, &place, record.raw());
        }
    }

    fn defect(&mut self, defect: Defect) {
        self.seen
            .defects
            .push(format!("{}:{}: {}", self.name, defect.line, defect.reason));
    }
}
