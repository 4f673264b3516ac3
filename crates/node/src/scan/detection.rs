//! What is kept of something found.

use entente_detect::Hit;
use entente_stix::observable::{Kind, Observable};
use entente_stix::time::Timestamp;
use entente_store::Detection;

use super::matching::Found;
use super::{MICROS_A_DAY, NO_OBSERVABLE};
use crate::rules::{Fired, OverTime};

/// What is kept of it, as found for an object in the record of this occurrence; nothing of what alone is no find.
pub(super) fn detection(
    found: &Found,
    indicator: String,
    occurrence: u32,
    file: &str,
    now: Timestamp,
) -> Option<Detection> {
    let seen = match found {
        Found::Hit(hit) => Seen::of_hit(hit),
        Found::Fired(fired) => Seen::of_fired(fired),
        _ => return None,
    };
    let day = seen.time.unwrap_or(now.micros());
    Some(Detection {
        indicator,
        record: seen.digest,
        occurrence,
        at: seen.time.unwrap_or(i64::MIN),
        day: i32::try_from(day.div_euclid(MICROS_A_DAY)).unwrap_or_default(),
        file: file.to_owned(),
        line: seen.line,
        field: seen.field,
        kind: seen.kind,
        value: seen.value,
        host: seen.host.unwrap_or_default(),
        how: seen.how,
    })
}

/// What a detection keeps of a record.
struct Seen {
    time: Option<i64>,
    digest: [u8; 32],
    line: u64,
    host: Option<String>,
    field: String,
    kind: u8,
    value: String,
    how: String,
}

impl Seen {
    fn of_hit(hit: &Hit) -> Seen {
        Seen {
            time: hit.time,
            digest: hit.record_digest,
            line: hit.line,
            host: hit.host.clone(),
            field: hit.field.clone(),
            kind: hit.observable.kind.number(),
            value: kept_value(&hit.observable, &hit.value),
            how: hit.how.to_string(),
        }
    }

    /// The first comparison stands for all of them.
    fn of_fired(fired: &Fired) -> Seen {
        if let Some(over_time) = &fired.over_time {
            return Seen::of_several(fired, over_time);
        }
        let part = fired.parts.first();
        let value = part.and_then(|part| part.values.first());
        Seen {
            time: fired.time,
            digest: fired.record_digest,
            line: fired.line,
            host: fired.host.clone(),
            field: part.and_then(|part| part.field.clone()).unwrap_or_default(),
            kind: NO_OBSERVABLE,
            value: value.cloned().unwrap_or_default(),
            how: part.map(|part| part.test.clone()).unwrap_or_default(),
        }
    }

    /// Several records are kept as what they have in common.
    fn of_several(fired: &Fired, over_time: &OverTime) -> Seen {
        let (fields, values): (Vec<&str>, Vec<&str>) = over_time
            .group
            .iter()
            .map(|(field, value)| (field.as_str(), value.as_deref().unwrap_or_default()))
            .unzip();
        Seen {
            time: fired.time,
            digest: fired.record_digest,
            line: fired.line,
            host: fired.host.clone(),
            field: fields.join(", "),
            kind: NO_OBSERVABLE,
            value: values.join(", "),
            how: over_time.in_words(),
        }
    }
}

/// The value under which a detection is kept: its normal form, a URL with the scheme that the log told.
fn kept_value(observable: &Observable, logged: &str) -> String {
    let scheme = logged
        .split_once("://")
        .map(|(scheme, _)| scheme.to_ascii_lowercase());
    match scheme {
        Some(scheme) if observable.kind == Kind::Url && (scheme == "http" || scheme == "https") => {
            format!("{scheme}://{}", observable.value)
        }
        _ => observable.value.clone(),
    }
}
