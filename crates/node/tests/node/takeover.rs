//! Nobody takes over what another party owns, whichever way it is tried, and each try is shown.

use entente_node::import::Fate;
use entente_node::release::Selection;

use crate::peers::{GREEN, Peer, count, id, indicator, marked, object, peers, relationship};
use crate::world::day;

/// Ways to try it: what Alpha said, and what Beta says instead.
fn attempts(number: u32) -> Vec<(String, String, String)> {
    let other_end = id("indicator", 900_000);
    let target = id("malware", 800_000);
    let plain = indicator(number, 0, "");
    let definition = |text: &str| {
        format!(
            r#"{{"type":"marking-definition","spec_version":"2.1","id":"{}","created":"{}","definition_type":"statement","definition":{{"statement":"{text}"}}}}"#,
            id("marking-definition", number),
            day(0),
        )
    };
    let observable = |more: &str| {
        format!(
            r#"{{"type":"file","spec_version":"2.1","id":"{}","name":"f{number}"{more}}}"#,
            id("file", number)
        )
    };
    let attempt = |type_name: &str, said: String, instead: String| (id(type_name, number), said, instead);
    match number % 6 {
        0 => vec![attempt(
            "indicator",
            plain,
            indicator(number, 1, r#","name":"mine now""#),
        )],
        1 => vec![attempt(
            "indicator",
            plain,
            indicator(number, 1, r#","revoked":true"#),
        )],
        2 => vec![attempt(
            "indicator",
            indicator(number, 0, &marked(GREEN)),
            indicator(number, 1, ""),
        )],
        3 => vec![attempt(
            "file",
            observable(r#","size":1"#),
            observable(r#","size":2"#),
        )],
        4 => vec![attempt(
            "relationship",
            relationship(number, &other_end, &target),
            relationship(number, &target, &other_end),
        )],
        _ => vec![attempt("marking-definition", definition("a"), definition("b"))],
    }
}

/// What Alpha and Beta need to name ends of relationships.
fn ends() -> [String; 2] {
    [
        indicator(900_000, 0, ""),
        object("malware", 800_000, 0, r#","is_family":false,"name":"m""#),
    ]
}

#[test]
fn no_variant_of_a_take_over_succeeds_and_each_is_shown() {
    let count = count("ENTENTE_TAKEOVERS", 1_000);
    let [alpha, beta, gamma]: [Peer; 3] = peers(&["Alpha", "Beta", "Gamma"]).try_into().ok().unwrap();
    let all: Vec<(String, String, String)> = (0..count).flat_map(attempts).collect();
    let side = |pick: fn(&(String, String, String)) -> &String| {
        let mut texts: Vec<String> = all.iter().map(|attempt| pick(attempt).clone()).collect();
        texts.extend(ends());
        texts
    };
    alpha.import("desk", &side(|attempt| &attempt.1), day(3));
    beta.import("desk", &side(|attempt| &attempt.2), day(3));
    let released = |peer: &Peer| peer.release(&Selection::All, day(3)).0.released;
    assert_eq!(
        (released(&alpha), released(&beta)),
        (all.len() as u64 + 2, all.len() as u64 + 2)
    );
    gamma.read_on(&alpha, day(4));
    let taken = gamma.read_on(&beta, day(4));
    let proposals: u64 = taken.iter().map(|taken| taken.proposals).sum();
    assert_eq!(proposals, all.len() as u64);
    for (id, said, instead) in &all {
        assert_eq!(gamma.text(id).as_ref(), Some(said));
        let shown = gamma.home.node.show(id).unwrap().unwrap();
        let [proposal] = &shown.asides[..] else {
            panic!("{id}: {:?}", shown.asides)
        };
        assert_eq!(String::from_utf8_lossy(&proposal.text), *instead);
        assert!(proposal.source.contains(beta.id()), "{}", proposal.source);
        assert_eq!(shown.holdings.len(), 1);
    }
}

#[test]
fn import_of_another_text_of_an_owned_object_goes_beside_it() {
    let [alpha, beta]: [Peer; 2] = peers(&["Alpha", "Beta"]).try_into().ok().unwrap();
    alpha.import("desk", &[indicator(1, 0, "")], day(3));
    alpha.release_all(day(3));
    beta.read_on(&alpha, day(4));
    let newer = indicator(1, 2, r#","revoked":true"#);
    let settings = entente_node::import::Settings {
        source: "feed",
        at: day(5),
        kind: Some(entente_formats::Kind::Stix),
        strict: false,
        dry_run: false,
    };
    let mut fates = Vec::new();
    let text = format!("[{newer},{},{}]", indicator(1, 0, ""), indicator(2, 0, ""));
    let done = beta
        .home
        .node
        .import(text.as_bytes(), "x", &settings, &mut |item| fates.push(item.fate))
        .unwrap();
    let owner = alpha.id().to_owned();
    assert_eq!(fates, [Fate::SetAside { owner }, Fate::NewSource, Fate::Stored]);
    assert_eq!(done.account.aside, 1);
    let shown = beta.home.node.show(&id("indicator", 1)).unwrap().unwrap();
    assert_eq!(shown.owner.as_deref(), Some(alpha.id()));
    assert!(!shown.current.revoked);
    assert_eq!((shown.asides.len(), shown.asides[0].source.as_str()), (1, "feed"));
    let reserved = entente_node::import::Settings {
        source: "party/identity--x/pact",
        ..settings
    };
    let refused = beta.home.node.import(&b"[]"[..], "x", &reserved, &mut |_| {});
    assert!(matches!(refused, Err(entente_node::Error::ReservedSource { .. })));
}
