//! Files as such: the YARA rules that the node was told, and what of them was found in files.
//!
//! The engine is not linked here: whoever looks at files asks for the texts and brings back the matches, which are
//! detections like any other: of a file's SHA-256 by the rule's indicator.

use entente_stix::json::Value;
use entente_stix::object::Object;
use entente_stix::observable::Kind;
use entente_stix::time::Timestamp;
use entente_store::{Cursor, Detection};

use super::MICROS_A_DAY;
use crate::derive::label;
use crate::limits::LISTED_MAX;
use crate::noted::Noted;
use crate::rules::trials::RuleKey;
use crate::{Error, Node};

/// `pattern_type` of YARA rules.
const YARA: &str = "yara";

/// A YARA rule that the node was told.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RuleText {
    /// The indicator's id.
    pub id: String,
    /// What it is called.
    pub name: String,
    /// Its `pattern`.
    pub text: String,
}

impl RuleText {
    /// What tells it from other rules in trials.
    pub fn key(&self) -> RuleKey {
        RuleKey::new(&self.id, YARA, &self.text)
    }
}

/// A rule of an indicator that matches a file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FileMatch {
    /// The indicator's id.
    pub indicator: String,
    /// The rule's name in the indicator's text.
    pub rule: String,
    /// SHA-256 of the file, or of the archive's member.
    pub digest: [u8; 32],
    /// The file, as the operator named it.
    pub file: String,
}

impl Node {
    /// The YARA rules that hold now: of current indicators with `pattern_type` `yara` (STIX 2.1 §4.7) that are valid,
    /// neither revoked nor recalled by their owner. In the order of ids.
    ///
    /// # Errors
    /// The store failed.
    pub fn yara_rules(&self, now: Timestamp) -> Result<Vec<RuleText>, Error> {
        let recalls = self.recalls()?;
        let mut rules = Vec::new();
        let mut after: Option<Cursor> = None;
        loop {
            let page = self.store.indicators(after.as_ref(), LISTED_MAX)?;
            for row in page.items.iter().filter(|row| !row.revoked) {
                let Ok(object) = Object::read(&row.text) else {
                    continue;
                };
                if let Some(text) = yara_text(object.value(), now)
                    && !recalls
                        .of(&row.id)?
                        .is_some_and(|recall| recalls.withdraws(&recall))
                {
                    rules.push(RuleText {
                        id: row.id.clone(),
                        name: label(&object),
                        text,
                    });
                }
            }
            match page.next {
                Some(next) => after = Some(next),
                None => break,
            }
        }
        rules.sort_by(|a, b| a.id.cmp(&b.id));
        Ok(rules)
    }

    /// Notes matches as detections of today; answers which of them were not known before.
    ///
    /// # Errors
    /// The store failed.
    pub fn note_file_matches(&self, matches: &[FileMatch], now: Timestamp) -> Result<Vec<bool>, Error> {
        if matches.is_empty() {
            return Ok(Vec::new());
        }
        let detections: Vec<Detection> = matches.iter().map(|found| detection(found, now)).collect();
        let values = detections
            .iter()
            .map(|detection| (detection.kind, detection.value.as_str()));
        Noted::extend(self.store(), values)?;
        Ok(self.store.record_detections(&detections)?)
    }
}

fn yara_text(value: &Value<'_>, now: Timestamp) -> Option<String> {
    let text = |property| value.get(property).and_then(Value::as_str);
    let time = |property| text(property).and_then(|text| Timestamp::parse(text).ok());
    let holds = time("valid_from").is_none_or(|from| from <= now)
        && time("valid_until").is_none_or(|until| now < until);
    (text("pattern_type") == Some(YARA) && holds)
        .then(|| text("pattern").map(str::to_owned))
        .flatten()
}

fn detection(found: &FileMatch, now: Timestamp) -> Detection {
    use std::fmt::Write as _;
    let mut digest = String::with_capacity(64);
    for byte in found.digest {
        // Writing to a string does not fail.
        let _ = write!(digest, "{byte:02x}");
    }
    Detection {
        indicator: found.indicator.clone(),
        record: found.digest,
        occurrence: 0,
        at: i64::MIN,
        day: i32::try_from(now.micros().div_euclid(MICROS_A_DAY)).unwrap_or_default(),
        file: found.file.clone(),
        line: 0,
        field: "content".to_owned(),
        kind: Kind::Sha256.number(),
        value: digest,
        host: String::new(),
        how: format!("YARA rule {}", found.rule),
    }
}
