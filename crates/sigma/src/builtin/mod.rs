//! The pipelines that come with us, as data: which records show what a log source names, and what they call its fields.

use crate::error::Refusal;
use crate::pipeline::{Alternative, Pipeline};

/// The alternatives by name, each with the texts of its pipelines.
const TEXTS: &[(&str, &[&str])] = &[
    ("windows-sysmon", &[SYSMON]),
    ("windows-security", &[SECURITY]),
    ("windows", &[CHANNELS]),
    ("ecs-windows-sysmon", &[SYSMON, ECS]),
    ("ecs-windows-security", &[SECURITY, ECS]),
    ("ecs-windows", &[CHANNELS, ECS]),
    ("ecs-unix", &[include_str!("ecs_unix.yml")]),
    ("ocsf", &[include_str!("ocsf.yml")]),
    ("zeek", &[include_str!("zeek.yml")]),
    ("suricata", &[include_str!("suricata.yml")]),
    ("linux", &[include_str!("linux.yml")]),
];

const SYSMON: &str = include_str!("windows_sysmon.yml");
const SECURITY: &str = include_str!("windows_security.yml");
const CHANNELS: &str = include_str!("windows.yml");
const ECS: &str = include_str!("ecs_windows.yml");

/// Their names.
pub fn names() -> impl Iterator<Item = &'static str> {
    TEXTS.iter().map(|(name, _)| *name)
}

/// The texts of the pipelines of one alternative.
pub fn texts(name: &str) -> Option<&'static [&'static str]> {
    TEXTS
        .iter()
        .find(|(known, _)| *known == name)
        .map(|(_, texts)| *texts)
}

pub(crate) fn alternatives() -> Result<Vec<Alternative>, Refusal> {
    let each = TEXTS.iter().map(|(name, texts)| {
        let pipelines = texts
            .iter()
            .map(|text| Pipeline::read(text))
            .collect::<Result<_, _>>()?;
        Ok(Alternative {
            name: (*name).to_owned(),
            pipelines,
        })
    });
    each.collect()
}
