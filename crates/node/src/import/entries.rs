//! Lists and CSV: each entry becomes an indicator whose id covers its content.

use std::io::BufRead;

use entente_formats::{Entry, Item, csv, indicator, list};
use entente_stix::object::Object;

use super::Settings;
use super::pipeline::{Pipeline, Prepared};
use crate::Error;
use crate::derive::derive;

pub(super) fn read_list<R: BufRead>(
    input: R,
    name: &str,
    settings: &Settings<'_>,
    pipeline: &mut Pipeline<'_, '_>,
) -> Result<(), Error> {
    let mut reader = list::Reader::new(input);
    take(&mut || reader.read_item(), name, settings, pipeline)
}

pub(super) fn read_csv<R: BufRead>(
    input: R,
    name: &str,
    settings: &Settings<'_>,
    pipeline: &mut Pipeline<'_, '_>,
) -> Result<(), Error> {
    let mut reader = csv::Reader::new(input);
    take(&mut || reader.read_item(), name, settings, pipeline)
}

fn take(
    next: &mut dyn FnMut() -> std::io::Result<Option<Item>>,
    name: &str,
    settings: &Settings<'_>,
    pipeline: &mut Pipeline<'_, '_>,
) -> Result<(), Error> {
    loop {
        let item = next().map_err(|cause| Error::Input {
            name: name.to_owned(),
            cause: cause.to_string(),
        })?;
        match item {
            None => return Ok(()),
            Some(Item::Entry(entry)) => take_entry(&entry, settings, pipeline)?,
            Some(Item::Defect(defect)) => pipeline.refuse(
                format!("line {}", defect.line),
                None,
                format!("{}; {} (`{}`)", defect.reason, defect.way_out, defect.excerpt),
            )?,
        }
    }
}

fn take_entry(entry: &Entry, settings: &Settings<'_>, pipeline: &mut Pipeline<'_, '_>) -> Result<(), Error> {
    let place = format!("line {}", entry.line);
    let text = indicator(entry, settings.source, settings.at).into_bytes();
    let derived = match Object::read(&text) {
        Ok(object) => derive(&object),
        Err(refusal) => return pipeline.refuse(place, None, refusal.to_string()),
    };
    pipeline.object(
        place,
        Prepared {
            text,
            derived,
            id_covers_content: true,
        },
    )
}
