//! Parties and keys from the command line.

use crate::harness::Home;

/// A home whose node is the party `name`; the passphrase is in a file of it.
pub(crate) fn party(name: &str) -> Home {
    let home = Home::new();
    home.file("passphrase", "four words make one\n");
    let added = signing(&home, &["party", "add", "--self", name]);
    assert_eq!(added.0, 0, "{}", added.2);
    home
}

/// Runs with the passphrase of the home's file: exit code, standard output, standard error.
pub(crate) fn signing(home: &Home, arguments: &[&str]) -> (i32, String, String) {
    let mut command = home.command(arguments);
    command.env("ENTENTE_PASSPHRASE_FILE", home.path("passphrase"));
    let output = command.output().unwrap();
    (
        output.status.code().unwrap_or(-1),
        String::from_utf8(output.stdout).unwrap(),
        String::from_utf8(output.stderr).unwrap(),
    )
}

/// Hands the card of `from` to `to`.
pub(crate) fn introduce(from: &Home, to: &Home) {
    let card = from.ok(&["party", "card"]).out;
    let file = to.file("card", card);
    to.ok(&["party", "add", &file]);
}

#[test]
fn a_party_is_founded_and_met_by_its_card() {
    let (alpha, beta) = (party("Alpha"), party("Beta"));
    introduce(&beta, &alpha);
    let listed = alpha.ok(&["party", "list", "--json"]).json();
    let names: Vec<&str> = listed
        .iter()
        .map(|party| party["name"].as_str().unwrap())
        .collect();
    assert_eq!(names, ["Alpha", "Beta"]);
    assert_eq!(listed[0]["self"], true);
    assert_eq!(
        listed[1]["fingerprint"],
        beta.ok(&["party", "keys", "--json"]).last()["fingerprint"]
    );
    let again = signing(&alpha, &["party", "add", "--self", "Other"]);
    assert_eq!(again.0, 2, "{}", again.2);
    assert!(again.2.contains("is the party `Alpha` already"), "{}", again.2);
}

#[test]
fn a_dry_run_shows_a_card_and_stores_nothing() {
    let (alpha, beta) = (party("Alpha"), party("Beta"));
    let file = alpha.file("card", beta.ok(&["party", "card"]).out);
    let shown = alpha.ok(&["party", "add", "--dry-run", &file]);
    assert!(shown.out.contains("fingerprint"), "{}", shown.out);
    assert_eq!(alpha.ok(&["party", "list", "--json"]).json().len(), 1);
}

#[test]
fn keys_are_kept_for_their_owner_only_and_never_without_a_passphrase() {
    let home = Home::new();
    let refused = home.run(&["party", "add", "--self", "Alpha"]);
    assert_eq!(refused.code, 2);
    assert!(refused.err.contains("--passphrase-file"), "{}", refused.err);
    let empty = home.file("empty", "\n");
    let refused = home.run(&["party", "add", "--self", "Alpha", "--passphrase-file", &empty]);
    assert_eq!(refused.code, 2);
    assert!(refused.err.contains("passphrase is empty"), "{}", refused.err);
    assert!(!home.data().join("keys").exists());

    let home = party("Alpha");
    let keys = home.data().join("keys");
    let files: Vec<_> = std::fs::read_dir(&keys)
        .unwrap()
        .map(|file| file.unwrap().path())
        .collect();
    assert_eq!(files.len(), 2);
    for file in &files {
        let bytes = std::fs::read(file).unwrap();
        assert!(
            bytes.starts_with(b"age-encryption.org/v1\n-> scrypt "),
            "{file:?}"
        );
    }
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt as _;
        let mode = |path: &std::path::Path| path.metadata().unwrap().permissions().mode() & 0o777;
        assert_eq!(mode(&keys), 0o700);
        assert!(files.iter().all(|file| mode(file) == 0o600));
    }
    home.file("passphrase", "another one\n");
    let wrong = signing(&home, &["party", "keys", "--rotate"]);
    assert_eq!(wrong.0, 6, "{}", wrong.2);
    assert!(wrong.2.contains("the passphrase does not open"), "{}", wrong.2);
}

#[test]
fn keys_are_renewed_and_taken_back() {
    let home = party("Alpha");
    let first = home.ok(&["party", "keys", "--json"]).last()["keys"][0]["key"].clone();
    let first = first.as_str().unwrap();
    let last = signing(&home, &["party", "keys", "--revoke", first]);
    assert_eq!(last.0, 3, "the only key stays: {}", last.2);
    assert_eq!(signing(&home, &["party", "keys", "--rotate"]).0, 0);
    assert_eq!(signing(&home, &["party", "keys", "--revoke", first]).0, 0);
    let keys = home.ok(&["party", "keys", "--json"]).last();
    assert_eq!(keys["key_list"], 3);
    let standings: Vec<&str> = keys["keys"]
        .as_array()
        .unwrap()
        .iter()
        .map(|key| key["standing"].as_str().unwrap())
        .collect();
    assert_eq!(standings, ["revoked", "valid"]);
    assert_eq!(signing(&home, &["party", "keys", "--revoke", "x"]).0, 4);
}

#[test]
fn the_root_key_moves_away_and_signs_where_it_is() {
    let home = party("Alpha");
    let root = home.path("root.age").display().to_string();
    assert_eq!(signing(&home, &["party", "keys", "--root-out", &root]).0, 0);
    let refused = signing(&home, &["party", "keys", "--rotate"]);
    assert_eq!(refused.0, 2);
    assert!(refused.2.contains("--request"), "{}", refused.2);
    assert_eq!(home.ok(&["party", "keys", "--json"]).last()["key_list"], 1);

    let (request, signed) = (home.path("request"), home.path("signed"));
    let (request, signed) = (request.display().to_string(), signed.display().to_string());
    let asked = signing(&home, &["party", "keys", "--rotate", "--request", &request]);
    assert_eq!(asked.0, 0, "{}", asked.2);
    // On a machine without a node: another data folder that is never made.
    let elsewhere = home.path("elsewhere");
    let mut command = home.command(&[
        "party", "keys", "--sign", &request, "--root", &root, "-o", &signed,
    ]);
    command
        .env("ENTENTE_DATA", &elsewhere)
        .env("ENTENTE_PASSPHRASE_FILE", home.path("passphrase"));
    assert!(command.output().unwrap().status.success());
    assert!(!elsewhere.exists());
    assert_eq!(signing(&home, &["party", "add", &signed]).0, 0);
    assert_eq!(home.ok(&["party", "keys", "--json"]).last()["key_list"], 2);
}

#[test]
fn bad_cards_are_bad_input() {
    let home = party("Alpha");
    for content in [
        "",
        "hello\n",
        "entente/acts/v1\n",
        "entente/acts/v1\n== party\nx\n",
    ] {
        let file = home.file("card", content);
        let ran = home.run(&["party", "add", &file]);
        assert_eq!(ran.code, 6, "{content:?}: {}", ran.err);
        assert!(ran.err.contains("card"), "{}", ran.err);
    }
    assert_eq!(home.run(&["party", "keys", "Nobody"]).code, 4);
}

#[test]
fn a_name_that_cannot_be_one_leaves_no_keys_behind() {
    let home = Home::new();
    home.file("passphrase", "four words make one\n");
    for name in ["Al\u{1b}[31mpha", &"x".repeat(5_000)] {
        let refused = signing(&home, &["party", "add", "--self", name]);
        assert_eq!(refused.0, 2, "{}", refused.2);
        assert!(!refused.2.contains('\u{1b}'), "{}", refused.2);
        assert!(!home.data().join("keys").exists());
    }
}

#[test]
fn keys_that_an_attempt_left_behind_are_named() {
    let (home, other) = (Home::new(), Home::new());
    home.file("passphrase", "four words make one\n");
    other.file("passphrase", "other words make one\n");
    let root = other.path("root").display().to_string();
    let found = ["party", "add", "--self", "Alpha", "--root-out", &root];
    assert_eq!(signing(&other, &found).0, 0);
    let refused = signing(&home, &found);
    assert_eq!(refused.0, 6, "{}", refused.2);
    let keys = home.data().join("keys").display().to_string();
    assert!(
        refused.2.contains(&format!("move `{root}` and `{keys}")),
        "{}",
        refused.2
    );
}

#[test]
fn who_was_taken_in_beside_a_broken_card_is_told() {
    let (alpha, beta, gamma) = (party("Alpha"), party("Beta"), party("Gamma"));
    let good = beta.ok(&["party", "card"]).out;
    let broken = gamma.ok(&["party", "card"]).out.replace("Gamma", "Gam\u{9b}ma");
    let broken = broken.split_once('\n').unwrap().1;
    let file = alpha.file("cards", good + broken);
    let ran = alpha.run(&["party", "add", &file]);
    assert_eq!(ran.code, 6, "{}", ran.err);
    let fingerprint = beta.ok(&["party", "keys", "--json"]).last()["fingerprint"].clone();
    assert!(ran.out.contains(fingerprint.as_str().unwrap()), "{}", ran.out);
    assert_eq!(alpha.ok(&["party", "list", "--json"]).json().len(), 2);
}

#[test]
fn control_characters_of_others_do_not_reach_the_terminal() {
    let home = party("Alpha");
    let file = home.file("card", "entente/acts/v1\n== \u{1b}]0;owned\u{7}\nx\n");
    let hostile = "x\u{1b}[2J";
    for asked in [
        &["party", "add", &*file][..],
        &["party", "keys", hostile],
        &["agreement", "show", hostile],
    ] {
        let ran = home.run(asked);
        assert_ne!(ran.code, 0);
        assert!(!ran.err.contains(['\u{1b}', '\u{7}']), "{:?}", ran.err);
    }
}
