//! `ARCHITECTURE.md` against `cargo metadata`: the crate table, the arrows, the runtimes, the licences.

use std::collections::{BTreeMap, BTreeSet};
use std::process::Command;

use serde_json::Value;

const ROOT: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../..");

fn metadata() -> Value {
    let output = Command::new(env!("CARGO"))
        .args([
            "metadata",
            "--format-version",
            "1",
            "--locked",
            "--offline",
            "--all-features",
        ])
        .args(["--filter-platform", "x86_64-unknown-linux-gnu"])
        .current_dir(ROOT)
        .output()
        .unwrap();
    assert!(
        output.status.success(),
        "{}",
        String::from_utf8_lossy(&output.stderr)
    );
    serde_json::from_slice(&output.stdout).unwrap()
}

/// Our crates and which of ours each may use, read off the table of `ARCHITECTURE.md`.
fn table() -> BTreeMap<String, BTreeSet<String>> {
    let text = std::fs::read_to_string(format!("{ROOT}/ARCHITECTURE.md")).unwrap();
    let mut rows = BTreeMap::new();
    let lines = text
        .lines()
        .skip_while(|line| !line.starts_with("| crate |"))
        .skip(2);
    for line in lines.take_while(|line| line.starts_with('|')) {
        let cells: Vec<&str> = line.trim_matches('|').split('|').map(str::trim).collect();
        let uses = cells[2]
            .split(',')
            .map(|used| used.trim().to_owned())
            .filter(|used| used != "–");
        rows.insert(cells[0].trim_matches('`').to_owned(), uses.collect());
    }
    rows
}

/// Our crates and which of ours each really uses outside its tests.
fn reality(metadata: &Value) -> BTreeMap<String, BTreeSet<String>> {
    let mut rows = BTreeMap::new();
    for package in metadata["packages"].as_array().unwrap() {
        let manifest = package["manifest_path"].as_str().unwrap();
        if !package["source"].is_null() || !manifest.contains("/crates/") {
            continue;
        }
        let uses = package["dependencies"].as_array().unwrap().iter();
        let uses = uses
            .filter(|dependency| dependency["kind"].is_null())
            .filter_map(|dependency| dependency["name"].as_str().unwrap().strip_prefix("entente-"))
            .map(str::to_owned)
            .collect();
        let name = package["name"].as_str().unwrap();
        rows.insert(name.strip_prefix("entente-").unwrap_or(name).to_owned(), uses);
    }
    rows
}

#[test]
fn crates_use_each_other_as_the_table_says() {
    assert_eq!(reality(&metadata()), table());
}

#[test]
fn only_node_and_the_binary_use_the_store() {
    let rows = reality(&metadata());
    let users: Vec<&String> = rows
        .iter()
        .filter(|(_, uses)| uses.contains("store"))
        .map(|(name, _)| name)
        .collect();
    assert_eq!(users, ["entente", "node"]);
}

#[test]
fn no_runtime_below_the_door() {
    let metadata = metadata();
    let runtimes = ["tokio", "async-std", "smol", "hyper", "futures-executor"];
    let linked = linked_packages(&metadata, "entente-node");
    for id in linked {
        let name = package(&metadata, &id)["name"].as_str().unwrap();
        assert!(!runtimes.contains(&name), "`{name}` is linked below the door");
    }
}

#[test]
fn licences_are_on_the_list() {
    let metadata = metadata();
    let deny = std::fs::read_to_string(format!("{ROOT}/deny.toml")).unwrap();
    let allowed: BTreeSet<&str> = deny
        .lines()
        .skip_while(|line| !line.starts_with("allow = ["))
        .skip(1)
        .take_while(|line| *line != "]")
        .map(|line| line.trim().trim_matches([',', '"']))
        .collect();
    assert!(allowed.contains("MIT"));
    for id in linked_packages(&metadata, "entente") {
        let package = package(&metadata, &id);
        let licence = package["license"].as_str().unwrap_or("none");
        assert!(
            satisfied(licence, &allowed),
            "`{}` is under `{licence}`",
            package["name"].as_str().unwrap()
        );
    }
}

/// Whether an SPDX expression can be satisfied from the list; enough of SPDX for what manifests say.
fn satisfied(expression: &str, allowed: &BTreeSet<&str>) -> bool {
    let flat = expression.replace('/', " OR ").replace(['(', ')'], " ");
    let flat = flat.split_whitespace().collect::<Vec<_>>().join(" ");
    // `(A OR B) AND C` flattens to `A OR B AND C`: asking each AND part for one allowed choice is right for both.
    flat.split(" AND ")
        .all(|part| part.split(" OR ").any(|licence| allowed.contains(licence.trim())))
}

fn package<'a>(metadata: &'a Value, id: &str) -> &'a Value {
    metadata["packages"]
        .as_array()
        .unwrap()
        .iter()
        .find(|package| package["id"] == id)
        .unwrap()
}

/// Everything that ends up linked into `name`: normal dependencies, transitively.
fn linked_packages(metadata: &Value, name: &str) -> BTreeSet<String> {
    let nodes = metadata["resolve"]["nodes"].as_array().unwrap();
    let start = metadata["packages"]
        .as_array()
        .unwrap()
        .iter()
        .find(|package| package["name"] == name)
        .unwrap();
    let mut linked = BTreeSet::new();
    let mut open = vec![start["id"].as_str().unwrap().to_owned()];
    while let Some(id) = open.pop() {
        if !linked.insert(id.clone()) {
            continue;
        }
        let node = nodes.iter().find(|node| node["id"] == id.as_str()).unwrap();
        for dependency in node["deps"].as_array().unwrap() {
            let kinds = dependency["dep_kinds"].as_array().unwrap();
            if kinds.iter().any(|kind| kind["kind"].is_null()) {
                open.push(dependency["pkg"].as_str().unwrap().to_owned());
            }
        }
    }
    linked
}
