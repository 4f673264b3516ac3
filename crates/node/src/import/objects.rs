//! STIX bundles, envelopes, arrays and lines of objects, one object at a time.

use std::io::Read;

use entente_stix::bundle::{self, Item as BundleItem};
use entente_stix::json::Value;
use entente_stix::object::Object;
use entente_stix::validate::{self, Severity};

use super::Settings;
use super::pipeline::{Pipeline, Prepared};
use crate::Error;
use crate::derive::derive;

pub(super) fn read<R: Read>(
    input: R,
    name: &str,
    settings: &Settings<'_>,
    pipeline: &mut Pipeline<'_, '_>,
) -> Result<(), Error> {
    let mut reader = bundle::Reader::new(input);
    loop {
        let item = reader.next().map_err(|cause| Error::Input {
            name: name.to_owned(),
            cause: cause.to_string(),
        })?;
        match item {
            None => return Ok(()),
            Some(BundleItem::Defect { pointer, reason, .. }) => pipeline.refuse(pointer, None, reason)?,
            Some(BundleItem::Object { text, pointer, .. }) => object(text, pointer, settings, pipeline)?,
        }
    }
}

fn object(
    text: &[u8],
    pointer: String,
    settings: &Settings<'_>,
    pipeline: &mut Pipeline<'_, '_>,
) -> Result<(), Error> {
    let object = match Object::read(text) {
        Ok(object) => object,
        Err(refusal) => return pipeline.refuse(pointer, None, refusal.to_string()),
    };
    if settings.strict
        && let Some(reason) = broken_must(object.value())
    {
        return pipeline.refuse(pointer, Some(object.id().to_owned()), reason);
    }
    let derived = derive(&object);
    pipeline.object(
        pointer,
        Prepared {
            text: text.to_owned(),
            derived,
            id_covers_content: false,
        },
    )
}

/// The first MUST that an object breaks, for `--strict`.
fn broken_must(value: &Value<'_>) -> Option<String> {
    let findings = validate::object(value);
    let mut errors = findings
        .into_iter()
        .filter(|finding| finding.severity == Severity::Error);
    let first = errors.next()?;
    let more = errors.count();
    let rest = if more > 0 {
        format!(" (and {more} more; see `entente stix validate`)")
    } else {
        String::new()
    };
    Some(format!(
        "{} at `{}` ({}): {}{rest}",
        first.message, first.pointer, first.clause, first.way_out
    ))
}
