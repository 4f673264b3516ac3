//! Agreements are read, refused, written and read again.

use std::fs;
use std::path::{Path, PathBuf};

use entente_policy::agreement::{Agreement, Parties};
use entente_policy::handling::{Pap, PermittedActions, Tlp};
use entente_policy::limits;
use entente_stix::time::Timestamp;
use proptest::prelude::*;

use crate::{golden, random};

fn examples() -> Vec<(PathBuf, String)> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../examples/agreements");
    let files = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    let mut files: Vec<_> = files
        .filter(|path| path.extension().is_some_and(|extension| extension == "toml"))
        .map(|path| (path.clone(), fs::read_to_string(&path).unwrap()))
        .collect();
    files.sort();
    files
}

fn example(name: &str) -> String {
    let found = examples().into_iter().find(|(path, _)| path.ends_with(name));
    found.unwrap().1
}

fn read(text: &str) -> Agreement {
    Agreement::read(text).unwrap_or_else(|faults| {
        let told: Vec<_> = faults.iter().map(ToString::to_string).collect();
        panic!("{}", told.join("\n"))
    })
}

/// The faults of a document, one a line.
fn faults(text: &str) -> String {
    let faults = Agreement::read(text).expect_err("the document has faults");
    let told: Vec<_> = faults.iter().map(ToString::to_string).collect();
    told.join("\n")
}

fn time(text: &str) -> Timestamp {
    Timestamp::parse(text).unwrap()
}

#[test]
fn every_example_is_read_and_survives_both_forms() {
    let examples = examples();
    assert!(examples.len() >= 3);
    for (path, text) in examples {
        let agreement = read(&text);
        let canonical = agreement.canonical();
        assert_eq!(
            Agreement::from_canonical(canonical.as_bytes()).as_ref(),
            Ok(&agreement),
            "{path:?}"
        );
        assert_eq!(read(&agreement.to_toml()), agreement, "{path:?}");
        let digest = entente_stix::digest::Digest::of(canonical.as_bytes());
        assert_eq!(&agreement.digest(), digest.as_bytes());
    }
}

#[test]
fn the_document_says_what_its_words_say() {
    let agreement = read(&example("energy-north.toml"));
    assert_eq!(agreement.from, time("2026-01-01T00:00:00Z"));
    let warnings = &agreement.clauses[0];
    assert_eq!(warnings.markings_up_to, Tlp::AmberStrict);
    assert_eq!(warnings.unmarked, Some(Tlp::Green));
    assert_eq!(warnings.pap_up_to, Some(Pap::Amber));
    assert_eq!(warnings.obligations.sightings_within, Some(86_400));
    assert_eq!(warnings.obligations.delete_after, Some(365 * 86_400));
    assert!(warnings.redact && !warnings.drop_custom && !warnings.obligations.redistribute);
    assert!(warnings.types.contains("indicator") && warnings.types.contains("sighting"));
    assert!(warnings.types.contains("url") && !warnings.types.contains("marking-definition"));
    let Parties::Named(from) = &warnings.from else {
        panic!("the CERT alone gives")
    };
    assert_eq!(from.iter().collect::<Vec<_>>(), ["cert"]);
    let iep = agreement.handling.iep.as_ref().unwrap();
    assert_eq!(
        iep.permitted_actions,
        Some(PermittedActions::ExternallyVisibleIndirect)
    );
    assert_eq!(iep.end, None);

    let agreement = read(&example("field-and-press.toml"));
    assert_eq!(agreement.until, time("2026-08-01T08:00:00Z"));
    assert_eq!(agreement.clauses[0].from, Parties::All);
    assert_eq!(agreement.clauses[0].markings_up_to, Tlp::Red);
    assert!(agreement.clauses[1].types.contains("x-coordinated-account"));
    assert!(agreement.clauses[1].obligations.redistribute);
}

#[test]
fn the_canonical_form_of_a_small_and_of_a_whole_agreement_is_this() {
    let whole = read(&example("energy-north.toml"));
    golden::check("energy-north.json", &whole.canonical());
    golden::check("smallest.json", &read(SMALLEST).canonical());
}

#[test]
fn anonymous_reading_is_written_only_where_it_is_allowed() {
    let shut = read(SMALLEST);
    let with = |value: &str| {
        SMALLEST.replacen(
            "[[party]]",
            &format!("anonymous_reading = {value}\n\n[[party]]"),
            1,
        )
    };
    assert_eq!(read(&with("false")), shut);
    assert!(!shut.anonymous_reading && !shut.canonical().contains("anonymous"));
    let open = read(&with("true"));
    assert!(open.anonymous_reading && open.digest() != shut.digest());
    assert!(
        open.canonical()
            .starts_with(r#"{"anonymous_reading":true,"clause":"#)
    );
    let json = open.canonical();
    assert_eq!(Agreement::from_canonical(json.as_bytes()), Ok(open));
    let said = json.replacen("true", "false", 1);
    let fault = Agreement::from_canonical(said.as_bytes()).unwrap_err();
    assert!(fault.to_string().contains("not in canonical form"), "{fault}");
    assert!(faults(&with("\"yes\"")).contains("anonymous_reading: a text where `true` or `false` should be"));
}

const SMALLEST: &str = r#"id = "pair"
version = 1
title = "Two"
purpose = "To try it."
from = 2026-01-01
until = 2027-01-01

[[party]]
name = "a"
identity = "identity--af21206b-8081-41c2-94cd-41fa43111328"
root_key = "identity--af21206b-8081-41c2-94cd-41fa43111328+a4c99bd3+AQU2E72h+snach7BO4gmjNoEloJ5k3XMHibK8uxQutjU"

[[party]]
name = "b"
identity = "identity--61d1e750-0f8f-4843-9152-adcf28678986"
root_key = "identity--61d1e750-0f8f-4843-9152-adcf28678986+7e0ddc35+Adw1UmSrKcWpO761KV/GlL/TBuUk4O9mAttoMczugoL7"

[[clause]]
name = "c"
from = "all"
to = "all"
types = ["indicator"]
markings_up_to = "TLP:GREEN"
"#;

/// `SMALLEST` with one text put in place of another.
fn with(from: &str, to: &str) -> String {
    assert!(SMALLEST.contains(from), "{from}");
    SMALLEST.replacen(from, to, 1)
}

#[test]
fn levels_dates_and_spans_are_read_as_people_write_them() {
    for (written, expected) in [
        ("TLP:AMBER+STRICT", Tlp::AmberStrict),
        ("amber+strict", Tlp::AmberStrict),
        ("white", Tlp::Clear),
    ] {
        let agreement = read(&with("TLP:GREEN", written));
        assert_eq!(agreement.clauses[0].markings_up_to, expected, "{written}");
    }
    for (written, expected) in [
        ("2026-12-31", "2026-12-31T00:00:00Z"),
        ("2026-12-31T10:00:00Z", "2026-12-31T10:00:00Z"),
        ("2026-12-31T10:00Z", "2026-12-31T10:00:00Z"),
        ("2026-12-31 10:00:00.5Z", "2026-12-31T10:00:00.500Z"),
        ("2026-12-31T10:00:00+02:00", "2026-12-31T08:00:00Z"),
        ("\"2026-12-31\"", "2026-12-31T00:00:00Z"),
        ("\"2026-12-31T10:00:00Z\"", "2026-12-31T10:00:00Z"),
    ] {
        let agreement = read(&with("until = 2027-01-01", &format!("until = {written}")));
        assert_eq!(agreement.until, time(expected), "{written}");
    }
    let agreement = read(&format!("{SMALLEST}not_older_than = \"36h\"\n"));
    assert_eq!(agreement.clauses[0].not_older_than, Some(36 * 3600));
}

#[test]
fn the_template_is_an_agreement() {
    let parties = read(SMALLEST).parties;
    let (from, until) = (time("2026-01-01T00:00:00Z"), time("2027-03-01T12:30:00Z"));
    let text = Agreement::template("new-one", &parties, from, until);
    let agreement = read(&text);
    assert_eq!((agreement.id.as_str(), agreement.version), ("new-one", 1));
    assert_eq!((agreement.from, agreement.until), (from, until));
    assert_eq!(agreement.parties, parties);
    assert_eq!(agreement.clauses.len(), 1);
    // Every line that is commented out is good as it stands.
    let uncommented: Vec<_> = text
        .lines()
        .map(|line| match line.strip_prefix("# ") {
            Some(rest) if rest.contains(" = ") || rest.starts_with('[') => rest,
            _ => line,
        })
        .collect();
    let agreement = read(&uncommented.join("\n"));
    assert_eq!(agreement.contributions.len(), 1);
    assert_eq!(agreement.clauses[0].confidence_at_least, Some(50));
    assert_eq!(agreement.handling.pap, Some(Pap::Amber));
}

#[test]
fn every_fault_is_told_in_one_go_with_its_line() {
    golden::check("faulty.txt", &faults(include_str!("faulty.toml")));
}

#[test]
fn what_contradicts_itself_is_refused() {
    let check = |document: String, expected: &str| {
        let told = faults(&document);
        assert!(told.contains(expected), "{expected}\n{told}");
    };
    check(
        with(
            "types = [\"indicator\"]",
            "types = [\"any\", \"x-own\"]\ndrop_custom = true",
        ),
        "drop_custom: `x-own` of `types` is custom",
    );
    check(
        with("until = 2027-01-01", "until = 2026-01-01"),
        "is not after `from`",
    );
    check(
        with("version = 1", "version = 0"),
        "0 is not from 1 to 4294967295",
    );
    check(with("version = 1", "version = 2"), "version 2 without `previous`");
    check(
        with(
            "version = 1",
            &format!("version = 1\nprevious = \"{}\"", "0".repeat(64)),
        ),
        "version 1 has no version before it",
    );
    check(
        with("version = 1", "version = 2\nprevious = \"AB\""),
        "`AB` is no digest",
    );
    check(
        with("name = \"b\"", "name = \"a\""),
        "another party has this name",
    );
    check(
        with("from = \"all\"\nto = \"all\"", "from = [\"a\"]\nto = [\"a\"]"),
        "the only recipient is the giver",
    );
    check(
        with("from = \"all\"", "from = []"),
        "no party; name one, or `\"all\"`",
    );
    check(
        with("from = \"all\"", "from = \"a\""),
        "write `[\"a\"]` for one party",
    );
    check(with("from = \"all\"", "from = [\"a\", \"a\"]"), "`a` twice");
    check(with("types = [\"indicator\"]", "types = []"), "no type");
    check(
        with("types = [\"indicator\"]", "types = [\"bundle\"]"),
        "`bundle` is no type of STIX 2.1",
    );
    check(
        with("TLP:GREEN\"", "TLP:GREEN\"\nunmarked = \"TLP:RED\""),
        "TLP:RED is more closed than `markings_up_to`",
    );
    check(
        with(
            "TLP:GREEN\"",
            "TLP:GREEN\"\nlabels_any = [\"x\"]\nlabels_none = [\"x\"]",
        ),
        "`x` is wanted by `labels_any`, and excluded here",
    );
    check(
        with("TLP:GREEN\"", "TLP:GREEN\"\nconfidence_at_least = 101"),
        "101 is not from 0 to 100",
    );
    check(
        with("TLP:GREEN\"", "TLP:GREEN\"\nnot_older_than = 90"),
        "a number where a span of time should be",
    );
    check(
        with("TLP:GREEN\"", "TLP:GREEN\"\nnot_older_than = \"0d\""),
        "a span of time of nothing",
    );
    check(
        with("TLP:GREEN\"", "TLP:GREEN\"\nnot_older_than = \"200000d\""),
        "longer than a hundred years",
    );
    check(
        with("from = 2026-01-01", "from = 2026-01-01T10:00:00"),
        "is no point in time",
    );
    check(
        with("from = 2026-01-01", "from = 1969-12-31"),
        "a year before 1970",
    );
    check(
        with("from = 2026-01-01", "from = 10:00:00"),
        "is no point in time",
    );
    check(with("[[clause]]", "[clause]"), "begin each with `[[clause]]`");
    check(with("title = \"Two\"", "title = \"\""), "an empty text");
    check(
        with("title = \"Two\"", "title = \"T\\u202Ewo\""),
        "U+202E, which nobody sees who reads",
    );
    check(with("title = \"Two\"", "title = \"T\\nwo\""), "U+000A");
    check(
        with("id = \"pair\"", "id = \"Pair of two\""),
        "`Pair of two` is no name",
    );
    check(
        SMALLEST.split("[[clause]]").next().unwrap().to_owned(),
        "neither a clause nor a contribution",
    );
    let alone = SMALLEST.replacen("[[party]]\nname = \"b\"", "[[nobody]]\nname = \"b\"", 1);
    check(alone, "one party where an agreement takes two");
}

#[test]
fn identities_and_keys_are_of_one_party_each() {
    let a = "identity--af21206b-8081-41c2-94cd-41fa43111328";
    let b = "identity--61d1e750-0f8f-4843-9152-adcf28678986";
    let told = faults(&SMALLEST.replace(b, a));
    assert_eq!(
        told,
        "line 15, column 12, party \"b\", identity: party \"a\" has this identity"
    );
    let told = faults(&SMALLEST.replace(
        "7e0ddc35+Adw1UmSrKcWpO761KV/GlL/TBuUk4O9mAttoMczugoL7",
        "00000000+AQU2E72h+snach7BO4gmjNoEloJ5k3XMHibK8uxQutjU",
    ));
    assert_eq!(
        told,
        "line 16, column 12, party \"b\", root_key: party \"a\" has this key"
    );
    for (key, why) in [
        ("x", "its hash is not 8 digits"),
        ("+a4c99bd3+AQU2", "its name is empty"),
        ("a b+a4c99bd3+AQU2", "its name is empty or has spaces"),
        ("a+A4C99BD3+AQU2", "its hash is not 8 digits"),
        ("a+a4c99bd3+AQU", "its key is not base64"),
        ("a+a4c99bd3+", "its key is not base64"),
        ("a+a4c99bd3+AQ-2", "its key is not base64"),
        ("a+a4c99bd3+=QU2", "its key is not base64"),
    ] {
        let whole = format!("{b}+7e0ddc35+Adw1UmSrKcWpO761KV/GlL/TBuUk4O9mAttoMczugoL7");
        let told = faults(&SMALLEST.replace(&whole, key));
        assert!(told.contains(why), "{key}: {told}");
    }
    for (identity, why) in [
        ("identity--AF21206B-8081-41C2-94CD-41FA43111328", "has capitals"),
        ("tool--af21206b-8081-41c2-94cd-41fa43111328", "is a tool"),
        ("CERT", "is not of the form `type--uuid`"),
    ] {
        let told = faults(&SMALLEST.replacen(
            &format!("identity = \"{a}\""),
            &format!("identity = \"{identity}\""),
            1,
        ));
        assert!(told.contains(why), "{identity}: {told}");
    }
}

#[test]
fn a_policy_of_iep_is_read_with_the_words_of_its_standard() {
    let iep = |rest: &str| {
        format!(
            "{SMALLEST}[handling.iep]\nid = \"01bc4353-4829-4d55-8d52-0ab7e0790df9\"\nname = \"n\"\nstart_date = 2017-01-01\n{rest}\n"
        )
    };
    let policy = read(&iep(
        "iep_version = 2.0\nend_date = 2030-01-01\ntlp = \"amber\"\nattribution = \"must-not\"",
    ))
    .handling
    .iep
    .unwrap();
    assert_eq!(policy.tlp, Some(Tlp::Amber));
    assert_eq!(policy.end, Some(time("2030-01-01T00:00:00Z")));
    for (rest, why) in [
        ("iep_version = \"1.0\"", "unknown word `1.0`; expected `2.0`"),
        ("iep_version = 1.0", "a number with a point where `2.0` should be"),
        ("encrypt_in_transit = \"must-not\"", "expected one of must, may"),
        ("unmodified_resale = \"must\"", "expected one of may, must-not"),
        (
            "permitted_actions = \"externally-visible-direct-action\"",
            "did you mean `externally-visible-direct-actions`?",
        ),
        (
            "provider_attribution = \"may\"",
            "unknown key `provider_attribution`",
        ),
        ("end_date = 2016-01-01", "is not after `start_date`"),
        (
            "external_references = [\"first.org\"]",
            "`first.org` is no address",
        ),
    ] {
        let told = faults(&iep(rest));
        assert!(told.contains(why), "{rest}: {told}");
    }
}

#[test]
fn what_is_no_toml_is_told_with_its_places() {
    let told = faults("id = \nversion 1\n");
    assert_eq!(
        told,
        "line 1, column 6: not TOML: string values must be quoted, expected literal string\n\
         line 2, column 9: not TOML: key with no value, expected `=`"
    );
    let told = faults("id = \"a\"\nid = \"b\"\n");
    assert!(told.contains("duplicate key"), "{told}");
}

#[test]
fn bounds_hold() {
    let big = format!("{SMALLEST}# {}", "x".repeat(limits::DOCUMENT_BYTES_MAX));
    assert!(faults(&big).contains("bytes, where an agreement may have"));
    let broken = "=\n".repeat(limits::RECOVERED_BYTES_MAX);
    assert_eq!(faults(&broken).lines().count(), 1);
    let long = with(
        "\"To try it.\"",
        &format!("\"{}\"", "x".repeat(limits::TEXT_BYTES_MAX + 1)),
    );
    assert!(faults(&long).contains("where 65536 are the most"));
    let parties: String = (0..=limits::PARTIES_MAX)
        .map(|n| format!("[[party]]\nname = \"p{n}\"\n"))
        .collect();
    let told = faults(&with("[[party]]", &format!("{parties}[[party]]")));
    assert!(told.contains("1003 tables, where 1000 are the most"), "{told}");
    let clauses = "[[clause]]\n".repeat(limits::CLAUSES_MAX);
    assert!(faults(&format!("{SMALLEST}{clauses}")).contains("1001 tables, where 1000 are the most"));
    let labels: Vec<_> = (0..=limits::LIST_MAX).map(|n| format!("\"l{n}\"")).collect();
    let many = format!("{SMALLEST}labels_any = [{}]", labels.join(","));
    assert!(faults(&many).contains("1001 labels, where 1000 are the most"));
    let unknown: String = (0..limits::FAULTS_MAX + 5)
        .map(|n| format!("zz{n} = 1\n"))
        .collect();
    let told = faults(&format!("{unknown}{SMALLEST}"));
    assert_eq!(told.lines().count(), limits::FAULTS_MAX + 1);
    assert!(
        told.ends_with("and 5 faults more"),
        "{}",
        &told[told.len() - 80..]
    );
}

#[test]
fn an_agreement_of_a_thousand_parties_is_read() {
    let parties: String = (0..limits::PARTIES_MAX)
        .map(|n| format!("[[party]]\nname = \"p{n}\"\nidentity = \"identity--00000000-0000-4000-8000-{n:012}\"\nroot_key = \"k{n}+{n:08}+AQ{n:04}==\"\n"))
        .collect();
    let head = SMALLEST.split("[[party]]").next().unwrap();
    let clause = &SMALLEST[SMALLEST.find("[[clause]]").unwrap()..];
    let agreement = read(&format!("{head}{parties}{clause}"));
    assert_eq!(agreement.parties.len(), 1000);
    let canonical = agreement.canonical();
    assert_eq!(Agreement::from_canonical(canonical.as_bytes()), Ok(agreement));
}

#[test]
fn only_the_canonical_text_is_the_agreement() {
    let canonical = read(SMALLEST).canonical();
    let refuse = |text: String, expected: &str| {
        let fault = Agreement::from_canonical(text.as_bytes())
            .expect_err(&text)
            .to_string();
        assert!(fault.contains(expected), "{expected}: {fault}");
    };
    refuse(format!("{canonical}\n"), "not in canonical form");
    refuse(canonical.replacen(':', ": ", 1), "not in canonical form");
    refuse(
        canonical.replacen("\"redact\":false,", "", 1),
        "not in canonical form",
    );
    refuse(
        canonical.replacen("[\"indicator\"]", "[\"any\"]", 1),
        "not in canonical form",
    );
    refuse(
        canonical.replacen("TLP:GREEN", "green", 1),
        "not in canonical form",
    );
    refuse(
        canonical.replacen("\"version\":1", "\"version\":1.0", 1),
        "not in canonical form",
    );
    refuse(
        canonical.replacen("\"Two\"", "\"T\\u0077o\"", 1),
        "not in canonical form",
    );
    refuse(
        canonical.replacen("\"redact\"", "\"redacted\"", 1),
        "unknown key `redacted`; did you mean `redact`?",
    );
    refuse(
        canonical.replacen("\"format\":\"entente/agreement/v1\",", "", 1),
        "not in canonical form",
    );
    refuse(
        canonical.replacen("agreement/v1", "agreement/v2", 1),
        "unknown word `entente/agreement/v2`",
    );
    refuse(
        canonical.replacen("\"title\":\"Two\"", "\"title\":null", 1),
        "null where a text should be",
    );
    refuse(
        canonical.replacen("\"version\":1", "\"version\":1,\"version\":1", 1),
        "not JSON: key given twice",
    );
    refuse(String::new(), "not JSON");
    refuse("[]".to_owned(), "a list where a table should be");
    refuse(
        " ".repeat(limits::AGREEMENT_BYTES_MAX + 1),
        "bytes, where an agreement may have",
    );
}

#[test]
fn a_version_follows_the_one_whose_digest_it_names() {
    let first = read(SMALLEST);
    let mut second = first.clone();
    second.version = 2;
    second.previous = Some(first.digest());
    assert_eq!(second.follows(&first), Ok(()));
    assert_eq!(read(&second.to_toml()), second);
    let why = |change: fn(&mut Agreement)| {
        let mut changed = second.clone();
        change(&mut changed);
        changed.follows(&first).unwrap_err().to_string()
    };
    assert!(why(|next| next.version = 3).contains("version 3 after version 1; make it version 2"));
    assert!(why(|next| next.previous = Some([0; 32])).contains("not the digest of version 1; make it"));
    assert!(why(|next| next.id = "other".to_owned()).contains("another agreement"));
}

proptest! {
    #![proptest_config(ProptestConfig { cases: random::cases(256), ..ProptestConfig::default() })]

    #[test]
    fn both_forms_say_the_same(agreement in random::agreement()) {
        let canonical = agreement.canonical();
        let read_json = Agreement::from_canonical(canonical.as_bytes());
        prop_assert_eq!(read_json.as_ref(), Ok(&agreement));
        let toml = agreement.to_toml();
        let read_toml = Agreement::read(&toml);
        prop_assert_eq!(read_toml.map(|read| read.canonical()), Ok(canonical), "{}", toml);
    }

    #[test]
    fn any_change_of_the_canonical_text_is_refused_or_another_agreement(
        agreement in random::agreement(), at in any::<prop::sample::Index>(), byte in any::<u8>(),
    ) {
        let canonical = agreement.canonical();
        let mut changed = canonical.clone().into_bytes();
        let at = at.index(changed.len());
        changed[at] = byte;
        if let Ok(read) = Agreement::from_canonical(&changed) {
            prop_assert_eq!(read.canonical().into_bytes(), changed);
        }
    }

    #[test]
    fn a_document_with_a_line_changed_is_read_or_told(agreement in random::agreement(), junk in "[ -~]{0,20}", at in any::<prop::sample::Index>()) {
        let toml = agreement.to_toml();
        let mut lines: Vec<&str> = toml.lines().collect();
        let at = at.index(lines.len());
        lines[at] = &junk;
        match Agreement::read(&lines.join("\n")) {
            Ok(read) => prop_assert_eq!(Agreement::from_canonical(read.canonical().as_bytes()), Ok(read)),
            Err(faults) => prop_assert!(!faults.is_empty()),
        }
    }
}
