//! What the standard field map makes of records: some written by hand, with all objects that they must give, and all
//! of the logs that only some machines have, with how many records give which types. The tables are beside this file;
//! `ENTENTE_REWRITE=1` writes them anew, and what changed is then read in the diff.

use crate::shared;
use entente_detect::sco::{Map, Projection, Projector};
use entente_stix::json::Value;
use entente_telemetry::{Defect, Field, FieldNames, Kind, Observed, Record, Scratch, Source, Visitor};
use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

fn beside(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("tests/detect/observables")
        .join(name)
}

/// The same as the file says, or what the file says from now on.
#[track_caller]
#[allow(clippy::disallowed_methods, reason = "rewriting is asked for from outside")]
fn check(name: &str, found: &str) {
    if std::env::var_os("ENTENTE_REWRITE").is_some() {
        std::fs::write(beside(name), found).unwrap();
    }
    let expected = std::fs::read_to_string(beside(name)).unwrap();
    for (found, expected) in found.lines().zip(expected.lines()) {
        assert_eq!(found, expected, "in {name}");
    }
    assert_eq!(found.len(), expected.len(), "in {name}");
}

/// Gives each record's objects.
struct Projecting<'p, F> {
    projection: &'p Projection,
    projector: Projector,
    each: F,
}

impl<F: FnMut(Vec<Value<'static>>)> Visitor for Projecting<'_, F> {
    fn wants(&self, _: Kind) -> bool {
        false
    }
    fn observed(&mut self, _: Observed<'_>) {}
    fn names(&self) -> Option<&FieldNames> {
        Some(self.projection.names())
    }
    fn fields(&mut self, fields: &[Field<'_>]) {
        (self.each)(self.projection.objects(fields, &mut self.projector));
    }
    fn record(&mut self, _: &Record<'_>) {}
    fn defect(&mut self, _: Defect) {}
}

fn project(log: &[u8], name: &str, each: impl FnMut(Vec<Value<'static>>)) {
    let projection = Projection::whole(Map::standard());
    let mut projecting = Projecting {
        projection: &projection,
        projector: Projector::new(),
        each,
    };
    let mut scratch = Scratch::new();
    let mut source = Source::open(log, name).unwrap();
    while let Some(batch) = source.next().unwrap() {
        batch.visit(&mut projecting, &mut scratch);
        source.recycle(batch);
    }
}

/// `2 domain-name resolves_to_refs=[@3] value="example.org"`: numbers stand for ids.
fn shown(objects: &[Value<'_>]) -> String {
    let id = |object: &Value<'_>| object.get("id").unwrap().canonical();
    let mut text = String::new();
    for (number, object) in (1..).zip(objects) {
        text += &format!("{number} {}", object.get("type").unwrap().as_str().unwrap());
        for (name, value) in object.as_object().unwrap().iter() {
            if !matches!(name, "type" | "id" | "spec_version") {
                text += &format!(" {name}={}", value.canonical());
            }
        }
        text.push('\n');
    }
    for (number, object) in (1..).zip(objects) {
        text = text.replace(&id(object), &format!("@{number}"));
    }
    text
}

#[test]
fn records_give_the_objects_that_stand_below_them() {
    let table = std::fs::read_to_string(beside("records.txt")).unwrap();
    let mut found = String::new();
    for line in table.lines() {
        if line.starts_with('#') {
            found += &format!("{line}\n");
        }
        if line.starts_with('{') {
            found += &format!("{line}\n");
            project(line.as_bytes(), "log", |objects| found += &shown(&objects));
            found.push('\n');
        }
    }
    check("records.txt", &found);
}

/// The logs below a folder, in order.
fn logs(folder: &Path, all: &mut Vec<PathBuf>) {
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        match path.is_dir() {
            true => logs(&path, all),
            false => all.push(path),
        }
    }
    all.sort();
}

#[test]
fn real_logs_hold_so_many_of_each_type() {
    let Some(folder) = shared::folder("data/logs") else {
        return;
    };
    let mut paths = Vec::new();
    logs(&folder, &mut paths);
    let mut found = String::new();
    for path in &paths {
        let (mut records, mut without) = (0, 0);
        let mut by_type: BTreeMap<String, u32> = BTreeMap::new();
        let log = std::fs::read(path).unwrap();
        project(&log, &path.to_string_lossy(), |objects| {
            records += 1;
            without += u32::from(objects.is_empty());
            let types: BTreeSet<&str> = objects
                .iter()
                .filter_map(|object| object.get("type")?.as_str())
                .collect();
            for name in types {
                *by_type.entry(name.to_owned()).or_default() += 1;
            }
        });
        let types: Vec<String> = by_type
            .iter()
            .map(|(name, count)| format!("{name} {count}"))
            .collect();
        let name = path.strip_prefix(&folder).unwrap().display();
        found += &format!(
            "{name}: {records} records, {without} without; {}\n",
            types.join(", ")
        );
    }
    check("logs.txt", &found);
}
