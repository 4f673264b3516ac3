//! Detections: as a scan finds them, and as they are kept.

use entente_detect::Hit;
use entente_node::receipt::Recalled;
use entente_node::rules::{Fired, Part, Rule};
use entente_store::Recorded;
use serde::Serialize;
use utoipa::ToSchema;

use super::over_time::OverTimeShown;
use super::show::RecallShown;
use super::time;

/// Something that the node knows, found in a record.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub(crate) struct DetectionFound {
    /// The record's own time, where it has one.
    #[schema(format = DateTime)]
    pub(crate) time: Option<String>,
    /// The input.
    pub(crate) file: String,
    /// Line or record number, from 1.
    pub(crate) line: u64,
    /// The field that matched.
    pub(crate) field: String,
    /// The value that matched.
    pub(crate) value: String,
    /// Its kind.
    #[serde(rename = "type")]
    pub(crate) kind: String,
    /// The indicator's STIX id.
    pub(crate) indicator: String,
    /// What the indicator is called.
    pub(crate) name: String,
    /// Why it matched.
    pub(crate) how: String,
    /// The asset concerned, where it is known.
    pub(crate) host: Option<String>,
    /// Whether it was not recorded before.
    pub(crate) new: bool,
    /// The recall that holds for the indicator, where the party that it belongs to took it back.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(required = false)]
    pub(crate) recalled: Option<RecallShown>,
}

impl DetectionFound {
    pub(crate) fn of(hit: &Hit, file: &str, is_new: bool, recalled: Option<&Recalled>) -> DetectionFound {
        DetectionFound {
            time: hit.time.map(time),
            file: file.to_owned(),
            line: hit.line,
            field: hit.field.clone(),
            value: hit.value.clone(),
            kind: hit.observable.kind.name().to_owned(),
            indicator: hit.indicator.id.clone(),
            name: hit.indicator.name.clone(),
            how: hit.how.to_string(),
            host: hit.host.clone(),
            new: is_new,
            recalled: recalled.map(RecallShown::from),
        }
    }
}

/// A rule that a record satisfies.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub(crate) struct RuleFired {
    /// The record's own time, where it has one.
    #[schema(format = DateTime)]
    pub(crate) time: Option<String>,
    /// The input.
    pub(crate) file: String,
    /// Line or record number, from 1.
    pub(crate) line: u64,
    /// The id of the rule's object; of a rule from a text its own id, or the text's name.
    pub(crate) rule: String,
    /// What the rule is called.
    pub(crate) name: String,
    /// How much it matters, in Sigma's words.
    pub(crate) level: Option<String>,
    /// The text that it is from; none where it is an object of the node.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(required = false)]
    pub(crate) from: Option<String>,
    /// What made it fire.
    pub(crate) parts: Vec<PartShown>,
    /// The records, where it takes several.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(required = false)]
    pub(crate) over_time: Option<OverTimeShown>,
    /// The asset concerned, where it is known.
    pub(crate) host: Option<String>,
    /// Whether it was not recorded before; what rules of texts find is not recorded.
    pub(crate) new: bool,
    /// The recall that holds for the rule, where the party that it belongs to took it back.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(required = false)]
    pub(crate) recalled: Option<RecallShown>,
}

/// One comparison that made a rule fire.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub(crate) struct PartShown {
    /// In words.
    pub(crate) test: String,
    /// The field; none where all values were looked at.
    pub(crate) field: Option<String>,
    /// The values that met it, as logged.
    pub(crate) values: Vec<String>,
}

impl RuleFired {
    pub(crate) fn of(
        fired: &Fired,
        rule: &Rule,
        file: &str,
        is_new: bool,
        recalled: Option<&Recalled>,
    ) -> RuleFired {
        RuleFired {
            time: fired.time.map(time),
            file: file.to_owned(),
            line: fired.line,
            rule: rule.id.clone(),
            name: rule.name.clone(),
            level: rule.level.map(str::to_owned),
            from: rule.text().map(str::to_owned),
            parts: fired.parts.iter().map(PartShown::of).collect(),
            over_time: fired.over_time.as_deref().map(OverTimeShown::of),
            host: fired.host.clone(),
            new: is_new,
            recalled: recalled.map(RecallShown::from),
        }
    }
}

impl PartShown {
    pub(super) fn of(part: &Part) -> PartShown {
        PartShown {
            test: part.test.clone(),
            field: part.field.clone(),
            values: part.values.clone(),
        }
    }
}

/// A detection as it is kept.
#[allow(dead_code, reason = "told over HTTP only")]
#[derive(Clone, Debug, Serialize, ToSchema)]
pub(crate) struct DetectionKept {
    /// Its number in the order of recording.
    pub(crate) number: u64,
    /// The record's own time, where it has one.
    #[schema(format = DateTime)]
    pub(crate) time: Option<String>,
    /// The input.
    pub(crate) file: String,
    /// Line or record number, from 1.
    pub(crate) line: u64,
    /// The field that matched.
    pub(crate) field: String,
    /// The value that matched.
    pub(crate) value: String,
    /// Its kind.
    #[serde(rename = "type")]
    pub(crate) kind: Option<String>,
    /// The indicator's STIX id.
    pub(crate) indicator: String,
    /// Why it matched.
    pub(crate) how: String,
    /// The asset concerned, where it is known.
    pub(crate) host: Option<String>,
    /// The recall that holds for the indicator, where the party that it belongs to took it back.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(required = false)]
    pub(crate) recalled: Option<RecallShown>,
}

impl DetectionKept {
    #[allow(dead_code, reason = "told over HTTP only")]
    pub(crate) fn of(recorded: &Recorded, recalled: Option<&Recalled>) -> DetectionKept {
        let kept = &recorded.detection;
        DetectionKept {
            number: recorded.number,
            time: (kept.at != i64::MIN).then(|| time(kept.at)),
            file: kept.file.clone(),
            line: kept.line,
            field: kept.field.clone(),
            value: kept.value.clone(),
            kind: entente_stix::observable::Kind::from_number(kept.kind).map(|kind| kind.name().to_owned()),
            indicator: kept.indicator.clone(),
            how: kept.how.clone(),
            host: Some(kept.host.clone()).filter(|host| !host.is_empty()),
            recalled: recalled.map(RecallShown::from),
        }
    }
}
