//! What is known, given back: bundles, block lists, and files that appear whole.

use std::io::Read as _;
use std::process::Stdio;

use crate::harness::{Home, bundle, indicator};

/// An indicator in force, one that was taken back, one that no value can be read from.
fn filled() -> Home {
    let home = Home::new();
    let described = indicator(1, "[domain-name:value = 'evil.example']").replace(
        "\"name\"",
        "\"description\":\"=seen, often\\nsince spring\",\"name\"",
    );
    let recalled =
        indicator(2, "[domain-name:value = 'good.example']").replace("\"name\"", "\"revoked\":true,\"name\"");
    let valueless = indicator(3, "[process:pid > 7]");
    let file = home.file("feed.json", bundle(&[described, recalled, valueless]));
    home.ok(&["import", "--source", "a feed", &file]);
    home
}

#[test]
fn a_block_list_does_not_bring_recalled_values_back() {
    let home = filled();
    let ran = home.ok(&["export", "csv"]);
    assert!(ran.out.contains("evil.example"), "{}", ran.out);
    assert!(!ran.out.contains("good.example"), "{}", ran.out);
    assert!(ran.err.contains("1 revoked object"), "{}", ran.err);
    assert_eq!(home.ok(&["export", "csv", "--quiet"]).err, "");
}

#[test]
fn rows_without_a_value_come_only_when_their_type_was_asked_for() {
    let home = filled();
    let ran = home.ok(&["export", "csv"]);
    assert!(!ran.out.contains("indicator 3"), "{}", ran.out);
    assert!(ran.err.contains("1 indicator without"), "{}", ran.err);
    let asked = home.ok(&["export", "csv", "--type", "indicator"]).out;
    assert!(asked.contains("indicator 3"), "{asked}");
}

#[test]
fn a_description_survives_the_way_out_and_in_again() {
    let text = filled().ok(&["export", "csv"]).out;
    let other = Home::new();
    let file = other.file("list.csv", text);
    other.ok(&["import", &file]);
    let known = other.ok(&["export", "stix", "--type", "indicator"]).out;
    let exported: serde_json::Value = serde_json::from_str(&known).unwrap();
    assert_eq!(
        exported["objects"][0]["description"],
        "=seen, often\nsince spring"
    );
}

#[test]
fn a_reader_that_hangs_up_ends_an_export_quietly() {
    let home = Home::new();
    let list: String = (0..20_000)
        .map(|number| format!("host-{number}.example\n"))
        .collect();
    let file = home.file("list.txt", list);
    home.ok(&["import", &file]);
    for format in ["csv", "stix"] {
        let mut child = home
            .command(&["export", format])
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let mut first = [0u8; 64];
        child.stdout.take().unwrap().read_exact(&mut first).unwrap();
        let ended = child.wait_with_output().unwrap();
        assert_eq!(
            (
                ended.status.code(),
                String::from_utf8_lossy(&ended.stderr).as_ref()
            ),
            (Some(0), ""),
            "{format}"
        );
    }
}

#[test]
fn a_dash_is_stdout() {
    let home = filled();
    assert_eq!(
        home.ok(&["export", "csv", "-o", "-"]).out,
        home.ok(&["export", "csv"]).out
    );
}

#[test]
fn a_file_appears_whole_and_its_neighbours_stay() {
    let home = filled();
    let neighbour = home.file("out/all.csv.part", "mine");
    let target = home.path("out/all.csv").display().to_string();
    home.ok(&["export", "csv", "-o", &target]);
    home.ok(&["export", "csv", "-o", &target]);
    assert_eq!(std::fs::read_to_string(neighbour).unwrap(), "mine");
    assert!(std::fs::read_to_string(target).unwrap().contains("evil.example"));
    assert_eq!(home.path("out").read_dir().unwrap().count(), 2);
}

#[cfg(unix)]
#[test]
fn links_keep_pointing_and_devices_stay_devices() {
    let home = filled();
    let target = home.file("out/all.csv", "old");
    let link = home.path("latest.csv");
    std::os::unix::fs::symlink(&target, &link).unwrap();
    home.ok(&["export", "csv", "-o", &link.display().to_string()]);
    assert!(link.is_symlink());
    assert!(std::fs::read_to_string(&target).unwrap().contains("evil.example"));
    let null = home.path("null");
    std::os::unix::fs::symlink("/dev/null", &null).unwrap();
    home.ok(&["export", "csv", "-o", &null.display().to_string()]);
    assert!(null.is_symlink());
}

#[test]
fn what_cannot_be_written_says_what_to_do() {
    let home = filled();
    let nowhere = home.path("nowhere/all.csv").display().to_string();
    let ran = home.run(&["export", "csv", "-o", &nowhere]);
    assert_eq!(ran.code, 7);
    assert!(ran.err.contains("make it first"), "{}", ran.err);
    let folder = home.data().display().to_string();
    assert_eq!(home.run(&["export", "csv", "-o", &folder]).code, 2);
}

#[test]
fn options_that_do_not_fit_the_format_are_refused() {
    let home = filled();
    assert_eq!(home.run(&["export", "csv", "--versions"]).code, 2);
    let ran = home.run(&["export", "csv", "--json"]);
    assert_eq!(ran.code, 2);
    assert!(ran.err.contains("export stix"), "{}", ran.err);
    assert_eq!(home.ok(&["export", "stix", "--versions"]).err, "");
}

#[test]
fn a_type_of_which_nothing_is_held_gives_an_empty_bundle_and_is_named() {
    let home = filled();
    let ran = home.run(&["export", "stix", "--type", "nonsense"]);
    assert_eq!(ran.code, 4);
    assert!(ran.err.contains("`nonsense`"), "{}", ran.err);
    let exported: serde_json::Value = serde_json::from_str(&ran.out).unwrap();
    assert_eq!(exported["objects"], serde_json::json!([]));
    let known = home.ok(&["export", "stix", "--type", "malware"]);
    assert!(
        known.err.contains("no object of type `malware` is held"),
        "{}",
        known.err
    );
}
