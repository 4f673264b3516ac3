//! Agreements from the command line, handed over as files.

use crate::harness::{Home, bundle, indicator};
use crate::party::{introduce, party, signing};

/// Alpha and Beta, who know each other, and a document that both could sign, begun long ago.
fn two() -> (Home, Home, String) {
    let (alpha, beta) = (party("Alpha"), party("Beta"));
    introduce(&alpha, &beta);
    introduce(&beta, &alpha);
    let text = alpha.ok(&["agreement", "new", "pact"]).out;
    let lines: Vec<String> = text
        .lines()
        .map(|line| match line.split_once(" = ") {
            Some(("from", value)) if value.contains('T') || value.contains('-') => {
                "from = 2020-01-01T00:00:00Z".to_owned()
            }
            _ => line.to_owned(),
        })
        .collect();
    (alpha, beta, lines.join("\n") + "\n")
}

fn standing(home: &Home) -> String {
    let shown = home.ok(&["agreement", "show", "pact", "--json"]).last();
    shown["standing"].as_str().unwrap().to_owned()
}

/// Signs at `home` and gives the file to hand over.
fn signed(home: &Home) -> String {
    let done = signing(home, &["agreement", "sign", "pact", "-o", "-"]);
    assert_eq!(done.0, 0, "{}", done.2);
    done.1
}

#[test]
fn an_agreement_is_drafted_signed_handed_over_and_in_force() {
    let (alpha, beta, text) = two();
    let file = alpha.file("pact.toml", &text);
    alpha.ok(&["agreement", "add", &file]);
    let dry = alpha.ok(&["agreement", "sign", "pact", "--dry-run"]);
    assert!(dry.out.contains("would sign"), "{}", dry.out);
    assert!(standing(&alpha).contains("is a draft"));

    let file = beta.file("from-alpha", signed(&alpha));
    beta.ok(&["agreement", "add", &file]);
    let shown = beta.ok(&["agreement", "show", "pact"]).out;
    assert!(shown.contains("the signature of Beta is missing"), "{shown}");
    let file = alpha.file("from-beta", signed(&beta));
    alpha.ok(&["agreement", "add", &file]);
    for home in [&alpha, &beta] {
        assert_eq!(standing(home), "is in force");
    }
    let listed = alpha.ok(&["agreement", "list"]).out;
    assert!(listed.contains("pact  version 1  is in force"), "{listed}");
    let canonical = |home: &Home| home.ok(&["agreement", "show", "pact", "--canonical"]).out;
    assert_eq!(canonical(&alpha), canonical(&beta));
}

#[test]
fn one_party_holds_it_up_and_lets_it_go_on() {
    let (alpha, beta, text) = two();
    let file = alpha.file("pact.toml", &text);
    alpha.ok(&["agreement", "add", &file]);
    let file = beta.file("from-alpha", signed(&alpha));
    beta.ok(&["agreement", "add", &file]);
    let file = alpha.file("from-beta", signed(&beta));
    alpha.ok(&["agreement", "add", &file]);

    let suspended = signing(&alpha, &["agreement", "suspend", "pact", "-o", "-"]);
    let file = beta.file("suspended", &suspended.1);
    beta.ok(&["agreement", "add", &file]);
    assert!(standing(&beta).contains("is suspended"));
    let refused = signing(&beta, &["agreement", "resume", "pact"]);
    assert_eq!(refused.0, 3, "{}", refused.2);
    let resumed = signing(&alpha, &["agreement", "resume", "pact", "-o", "-"]);
    let file = beta.file("resumed", &resumed.1);
    beta.ok(&["agreement", "add", &file]);
    assert_eq!(standing(&beta), "is in force");
    assert_eq!(signing(&beta, &["agreement", "leave", "pact"]).0, 0);
    assert!(standing(&beta).contains("was left"));
}

#[test]
fn who_signed_another_text_is_told_so() {
    let (alpha, beta, text) = two();
    let file = alpha.file("pact.toml", &text);
    alpha.ok(&["agreement", "add", &file]);
    signed(&alpha);
    let other = text.replace("TLP:GREEN", "TLP:AMBER");
    let file = beta.file("pact.toml", &other);
    beta.ok(&["agreement", "add", &file]);
    let file = alpha.file("from-beta", signed(&beta));
    let ran = alpha.run(&["agreement", "add", &file]);
    assert_eq!(ran.code, 6, "{}\n{}", ran.out, ran.err);
    assert!(
        ran.out.contains("signed another text of version 1 of `pact`"),
        "{}",
        ran.out
    );
}

#[test]
fn faults_of_a_document_are_told_with_their_line() {
    let (alpha, _, text) = two();
    let file = alpha.file("pact.toml", text.replace("markings_up_to", "markings_upto"));
    let ran = alpha.run(&["agreement", "add", &file]);
    assert_eq!(ran.code, 6);
    assert!(ran.err.contains("did you mean `markings_up_to`"), "{}", ran.err);
    assert_eq!(alpha.run(&["agreement", "show", "pact"]).code, 4);
    assert_eq!(alpha.run(&["agreement", "sign", "pact"]).code, 4);
}

#[test]
fn what_becomes_of_an_object_is_explained() {
    let (alpha, _, text) = two();
    let file = alpha.file("pact.toml", &text);
    alpha.ok(&["agreement", "add", &file]);
    let indicator = indicator(1, "[domain-name:value = 'evil.example']");
    let file = alpha.file("feed.json", bundle(&[indicator]));
    alpha.ok(&["import", &file]);
    let id = "indicator--00000001-0000-4000-8000-000000000001";
    let ran = alpha.run(&["agreement", "explain", id, "Beta"]);
    assert_eq!(ran.code, 1, "{}{}", ran.out, ran.err);
    assert!(ran.out.contains("`pact`"), "{}", ran.out);
    let told = alpha.run(&["agreement", "explain", id, "Beta", "--json"]).last();
    assert_eq!(told["may_go"], false);
    assert_eq!(alpha.run(&["agreement", "explain", id, "Nobody"]).code, 4);
    let unknown = id.replace("0001", "0002");
    assert_eq!(alpha.run(&["agreement", "explain", &unknown, "Beta"]).code, 4);
}

#[test]
fn a_draft_that_was_read_is_exchanged_only_on_purpose() {
    let (alpha, beta, text) = two();
    let file = alpha.file("pact.toml", &text);
    alpha.ok(&["agreement", "add", &file]);
    let digest = |home: &Home| {
        let shown = home.ok(&["agreement", "show", "pact", "--json"]).last();
        shown["versions"][0]["digest"].as_str().unwrap().to_owned()
    };
    let read = digest(&alpha);
    let other = beta.file("pact.toml", text.replace("TLP:GREEN", "TLP:AMBER"));
    beta.ok(&["agreement", "add", &other]);
    let by_file = alpha.file("pact.pact", beta.ok(&["agreement", "show", "pact", "--file"]).out);
    for file in [&by_file, &other] {
        let ran = alpha.run(&["agreement", "add", file]);
        let told = ran.out + &ran.err;
        assert_eq!(ran.code, 6, "{told}");
        for part in [&*read, &*digest(&beta), "--replace"] {
            assert!(told.contains(part), "{told}");
        }
        assert_eq!(digest(&alpha), read);
    }
    alpha.ok(&["agreement", "add", "--replace", &by_file]);
    assert_eq!(digest(&alpha), digest(&beta));
}

#[test]
fn handling_and_contributions_are_shown() {
    let (alpha, _, text) = two();
    let (before, _) = text.split_once("[handling]").unwrap_or((&text, ""));
    let file = alpha.file(
        "pact.toml",
        format!(
            "{before}\n[[contribution]]\nname = \"sightings\"\nby = \"all\"\ntypes = [\"sighting\"]\nmarkings_up_to = \"TLP:GREEN\"\n\n[handling]\npap = \"PAP:AMBER\"\n[handling.iep]\nid = \"1a7a7e5c-45c7-4b8e-8b4e-6b1f1f5f3f10\"\nname = \"Harbour policy\"\nstart_date = 2020-01-01T00:00:00Z\nattribution = \"must-not\"\nunmodified_resale = \"must-not\"\n"
        ),
    );
    alpha.ok(&["agreement", "add", &file]);
    let shown = alpha.ok(&["agreement", "show", "pact"]).out;
    for part in [
        "PAP:AMBER",
        "Harbour policy",
        "attribution",
        "must-not",
        "sightings: by all",
    ] {
        assert!(shown.contains(part), "{part}: {shown}");
    }
    let json = alpha.ok(&["agreement", "show", "pact", "--json"]).last();
    let signed = &json["versions"][0]["agreement"];
    assert_eq!(signed["handling"]["pap"], "PAP:AMBER");
    assert_eq!(signed["handling"]["iep"]["attribution"], "must-not");
    assert!(signed.to_string().contains("sightings"), "{signed}");
}

#[test]
fn a_later_version_that_waits_is_told() {
    let (alpha, beta, text) = two();
    let file = alpha.file("pact.toml", &text);
    alpha.ok(&["agreement", "add", &file]);
    let file = beta.file("from-alpha", signed(&alpha));
    beta.ok(&["agreement", "add", &file]);
    let file = alpha.file("from-beta", signed(&beta));
    alpha.ok(&["agreement", "add", &file]);
    let held = alpha.ok(&["agreement", "show", "pact", "--json"]).last();
    assert!(held["pending"].is_null());
    let digest = held["versions"][0]["digest"].as_str().unwrap();
    let next = text.replace("version = 1", &format!("version = 2\nprevious = \"{digest}\""));
    let file = alpha.file("next.toml", next);
    let added = alpha.ok(&["agreement", "add", &file]).out;
    assert!(added.contains("`entente agreement show pact 2`"), "{added}");
    let done = signing(&alpha, &["agreement", "sign", "pact"]);
    let waits = "version 2 waits for the signatures of Beta";
    assert!(done.1.contains(waits), "{}", done.1);
    for asked in [&["agreement", "show", "pact"][..], &["agreement", "list"]] {
        let told = alpha.ok(asked).out;
        assert!(told.contains(waits), "{told}");
    }
    let shown = alpha.ok(&["agreement", "show", "pact", "--json"]).last();
    assert_eq!(shown["pending"]["version"], 2);
}

#[test]
fn what_could_not_be_added_or_would_be_lost_is_not_written() {
    let (alpha, _, _) = two();
    let alone = party("Gamma");
    let path = alpha.path("new.toml").display().to_string();
    for (home, asked) in [
        (&alpha, &["Big Name"][..]),
        (&alpha, &["pact", "--party", "Alpha"]),
        (&alone, &["pact"]),
    ] {
        let mut asked = asked.to_vec();
        asked.extend(["-o", &path]);
        let ran = home.run(&[&["agreement", "new"], &asked[..]].concat());
        assert_eq!(ran.code, 2, "{}", ran.err);
        assert!(!alpha.path("new.toml").exists());
    }
    alpha.file("new.toml", "edited");
    let ran = alpha.run(&["agreement", "new", "pact", "-o", &path]);
    assert_eq!(ran.code, 2, "{}", ran.err);
    assert_eq!(std::fs::read_to_string(&path).unwrap(), "edited");
}

#[test]
fn nothing_is_written_into_the_data_folder() {
    let (alpha, _, _) = two();
    for name in ["store.db", "fresh", "keys/fresh"] {
        let path = alpha.data().join(name).display().to_string();
        for asked in [
            &["party", "card"][..],
            &["agreement", "new", "pact"],
            &["export", "stix"],
        ] {
            let ran = alpha.run(&[asked, &["-o", &path]].concat());
            assert_eq!(ran.code, 2, "{asked:?}: {}", ran.err);
        }
    }
    assert_eq!(alpha.ok(&["party", "list", "--json"]).json().len(), 2);
}
