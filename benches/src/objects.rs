//! Objects to release: many small ones, all different, each by its number.

use std::io::{self, Write};
use std::path::Path;

use crate::bundles::uuid;
use crate::random::Random;
use crate::{create, indicator};

/// Objects of one bundle.
const BUNDLE: u64 = 50_000;
/// TLP:CLEAR in STIX 2.1 (TLP 2.0).
const CLEAR: &str = "marking-definition--94868c89-83c2-464b-929b-a1a8aa3c8487";

/// Indicators `from` up to `from + count`, in bundles.
pub(crate) fn write(seed: u64, from: u64, count: u64, out: &Path) -> io::Result<()> {
    std::fs::create_dir_all(out)?;
    let mut number = from;
    while number < from + count {
        let end = (number + BUNDLE).min(from + count);
        let mut bundle = create(&out.join(format!("{number:09}.json")))?;
        write!(
            bundle,
            r#"{{"type":"bundle","id":"bundle--{}","objects":["#,
            uuid(&mut Random::new(seed ^ !number))
        )?;
        for one in number..end {
            let comma = if one == number { "" } else { "," };
            write!(bundle, "{comma}\n{}", object(seed, one))?;
        }
        bundle.write_all(b"\n]}\n")?;
        bundle.flush()?;
        number = end;
    }
    Ok(())
}

fn object(seed: u64, number: u64) -> String {
    let value = indicator::nth(seed, number).value;
    let id = uuid(&mut Random::new(seed.rotate_left(32) ^ number));
    format!(
        r#"{{"type":"indicator","spec_version":"2.1","id":"indicator--{id}","created":"2026-01-01T00:00:00.000Z","modified":"2026-01-01T00:00:00.000Z","name":"{value}","indicator_types":["malicious-activity"],"pattern":"[x-value:value = '{value}']","pattern_type":"stix","valid_from":"2026-01-01T00:00:00Z","object_marking_refs":["{CLEAR}"]}}"#
    )
}
