//! Look-ups, references and search.

use super::{Case, Open, Sample, all_pages, id, ingest};
use crate::{Edge, Error, SearchQuery, Store, limits};

pub(super) const CASES: &[Case] = &[
    ("look_answers_each_key_in_order", look_answers_each_key_in_order),
    ("look_is_capped_and_says_so", look_is_capped_and_says_so),
    (
        "look_follows_the_current_version",
        look_follows_the_current_version,
    ),
    (
        "overlong_value_is_stored_not_indexed",
        overlong_value_is_stored_not_indexed,
    ),
    ("edges_are_found_from_both_ends", edges_are_found_from_both_ends),
    (
        "edges_follow_the_current_version",
        edges_follow_the_current_version,
    ),
    ("edges_to_a_hub_are_paged", edges_to_a_hub_are_paged),
    (
        "search_finds_words_phrases_and_beginnings",
        search_finds_words_phrases_and_beginnings,
    ),
    (
        "search_follows_the_current_version",
        search_follows_the_current_version,
    ),
    ("search_filters_by_field", search_filters_by_field),
    ("search_puts_names_first", search_puts_names_first),
    ("hostile_search_is_only_words", hostile_search_is_only_words),
    (
        "search_of_a_common_word_is_bounded",
        search_of_a_common_word_is_bounded,
    ),
];

fn look_answers_each_key_in_order(open: &Open<'_>) {
    let store = open("a");
    ingest(
        &*store,
        "a",
        &[
            Sample::new("report--1", 4)
                .mention("evil.example")
                .name("a report"),
            Sample::new("indicator--1", 5)
                .term("evil.example")
                .revoked()
                .name("an indicator"),
            Sample::new("indicator--2", 6)
                .term("bad.example")
                .mention("bad.example"),
        ],
    );
    let looked = store.look(
        &[
            (3, "none"),
            (3, "evil.example"),
            (4, "evil.example"),
            (3, "bad.example"),
            (3, "none"),
        ],
        5,
    );
    let looked = looked.unwrap();
    assert_eq!(
        looked
            .iter()
            .map(|l| (l.mentions.len(), l.more))
            .collect::<Vec<_>>(),
        [(0, false), (2, false), (0, false), (1, false), (0, false)]
    );
    let [first, second] = &looked[1].mentions[..] else {
        panic!()
    };
    assert_eq!(
        (first.id.as_str(), first.is_term, first.revoked, first.version),
        ("indicator--1", true, true, 5)
    );
    assert_eq!(first.name, "an indicator");
    assert_eq!(
        (second.id.as_str(), second.is_term, second.revoked, second.version),
        ("report--1", false, false, 4)
    );
    assert!(
        looked[3].mentions[0].is_term,
        "looking for it wins over mentioning it"
    );
    assert_eq!(store.look(&[], 5).unwrap(), []);
    let many = vec![(3, "x"); limits::LOOK_KEYS_MAX + 1];
    assert!(matches!(store.look(&many, 1), Err(Error::TooMuch { .. })));
}

fn look_is_capped_and_says_so(open: &Open<'_>) {
    let store = open("a");
    let samples: Vec<Sample> = (0..1_200)
        .map(|n| Sample::new(&id("malware", n), 1).mention("hot"))
        .collect();
    ingest(&*store, "a", &samples);
    ingest(&*store, "a", &[Sample::new("indicator--1", 1).term("hot")]);
    let look = |cap| {
        let looked = store.look(&[(3, "hot")], cap).unwrap().remove(0);
        (looked.mentions.len(), looked.more, looked.mentions[0].id.clone())
    };
    assert_eq!(
        look(3),
        (3, true, "indicator--1".to_owned()),
        "what looks for it comes first, though it came last"
    );
    assert_eq!(
        look(usize::MAX),
        (limits::LOOK_MENTIONS_MAX, true, "indicator--1".to_owned())
    );
}

fn look_follows_the_current_version(open: &Open<'_>) {
    let store = open("a");
    let look = |value: &str| {
        let looked = store.look(&[(3, value)], 5).unwrap().remove(0);
        looked
            .mentions
            .first()
            .map(|mention| (mention.is_term, mention.version))
    };
    ingest(
        &*store,
        "a",
        &[Sample::new("indicator--1", 1)
            .term("old")
            .term("kept")
            .mention("turned")],
    );
    ingest(
        &*store,
        "a",
        &[Sample::new("indicator--1", 2)
            .term("kept")
            .term("new")
            .term("turned")],
    );
    assert_eq!(
        [look("old"), look("kept"), look("new"), look("turned")],
        [None, Some((true, 2)), Some((true, 2)), Some((true, 2))]
    );
    ingest(&*store, "a", &[Sample::new("indicator--1", 0).term("older")]);
    assert_eq!(look("older"), None);
}

fn overlong_value_is_stored_not_indexed(open: &Open<'_>) {
    let store = open("a");
    let long = "x".repeat(limits::VALUE_BYTES_MAX + 1);
    ingest(
        &*store,
        "a",
        &[Sample::new("url--1", 0).mention(&long).mention("short")],
    );
    let looked = store.look(&[(3, &long), (3, "short")], 5).unwrap();
    assert_eq!(
        looked
            .iter()
            .map(|looked| looked.mentions.len())
            .collect::<Vec<_>>(),
        [0, 1]
    );
    assert!(store.current("url--1").unwrap().unwrap().text.len() > long.len());
}

fn edge(source: &str, property: &str, target: &str) -> Edge {
    Edge {
        source: source.to_owned(),
        property: property.to_owned(),
        target: target.to_owned(),
    }
}

fn edges_are_found_from_both_ends(open: &Open<'_>) {
    let store = open("a");
    let relationship = Sample::new("relationship--1", 1)
        .edge("target_ref", "tool--2")
        .edge("source_ref", "tool--1")
        .edge("target_ref", "tool--2")
        .edge("extensions.x.y_ref", "tool--1")
        .edge("self_ref", "relationship--1");
    ingest(&*store, "a", &[relationship]);
    let from = [
        edge("relationship--1", "target_ref", "tool--2"),
        edge("relationship--1", "source_ref", "tool--1"),
        edge("relationship--1", "extensions.x.y_ref", "tool--1"),
        edge("relationship--1", "self_ref", "relationship--1"),
    ];
    assert_eq!(
        store.edges_from("relationship--1").unwrap(),
        from,
        "in order, each once"
    );
    assert_eq!(store.edges_from("tool--1").unwrap(), []);
    let to = |id: &str, property: Option<&str>| {
        let mut edges = store.edges_to(id, property, None, 10).unwrap().items;
        edges.sort();
        edges
    };
    assert_eq!(to("tool--2", None), from[..1], "the target need not be stored");
    assert_eq!(to("tool--1", None), [from[2].clone(), from[1].clone()]);
    assert_eq!(to("tool--1", Some("source_ref")), from[1..2]);
    assert_eq!(to("tool--1", Some("target_ref")), []);
    assert_eq!(to("tool--1", Some("no_ref")), []);
    assert_eq!(to("relationship--1", None), from[3..]);
    assert_eq!(to("tool--9", None), []);
}

fn edges_follow_the_current_version(open: &Open<'_>) {
    let store = open("a");
    let version = |number| Sample::new("report--1", number).edge("object_refs", "tool--0");
    ingest(&*store, "a", &[version(1).edge("object_refs", "tool--1")]);
    ingest(&*store, "a", &[version(2).edge("object_refs", "tool--2")]);
    ingest(&*store, "a", &[version(0).edge("object_refs", "tool--3")]);
    let to = |id: &str| store.edges_to(id, None, None, 10).unwrap().items.len();
    assert_eq!(
        [to("tool--0"), to("tool--1"), to("tool--2"), to("tool--3")],
        [1, 0, 1, 0]
    );
    assert_eq!(store.edges_from("report--1").unwrap().len(), 2);
}

fn edges_to_a_hub_are_paged(open: &Open<'_>) {
    let store = open("a");
    let samples: Vec<Sample> = (0..100)
        .map(|n| {
            Sample::new(&id("tool", n), 1).edge(if n % 3 == 0 { "a_ref" } else { "b_ref" }, "identity--hub")
        })
        .collect();
    ingest(&*store, "a", &samples);
    for property in [None, Some("a_ref"), Some("b_ref")] {
        let edges = all_pages(|after| store.edges_to("identity--hub", property, after, 7).unwrap());
        let mut sources: Vec<String> = edges.iter().map(|edge| edge.source.clone()).collect();
        sources.sort();
        sources.dedup();
        let expected =
            [100, 34, 66][usize::from(property.is_some()) + usize::from(property == Some("b_ref"))];
        assert_eq!((edges.len(), sources.len()), (expected, expected));
    }
    let bad = crate::Cursor::from_text("nonsense");
    assert!(matches!(
        store.edges_to("identity--hub", None, Some(&bad), 7),
        Err(Error::BadCursor { .. })
    ));
}

fn found(store: &dyn Store, query: &str) -> Vec<String> {
    let query = SearchQuery::parse(query).unwrap();
    let mut ids: Vec<String> = store
        .search(&query, 100)
        .unwrap()
        .items
        .into_iter()
        .map(|hit| hit.id)
        .collect();
    ids.sort();
    ids
}

fn search_finds_words_phrases_and_beginnings(open: &Open<'_>) {
    let store = open("a");
    ingest(
        &*store,
        "a",
        &[
            Sample::new("malware--1", 1)
                .name("Cobalt Strike")
                .words("a beacon for lateral movement"),
            Sample::new("malware--2", 1)
                .name("Strike")
                .words("made of cobalt"),
            Sample::new("indicator--3", 1)
                .name("evil.example")
                .words("[domain-name:value = 'evil.example']"),
            Sample::new("malware--4", 1).name("Ångström").words("Café Über"),
        ],
    );
    let check = |query: &str, ids: &[&str]| assert_eq!(found(&*store, query), ids, "{query}");
    check("cobalt", &["malware--1", "malware--2"]);
    check("strike COBALT", &["malware--1", "malware--2"]);
    check("\"cobalt strike\"", &["malware--1"]);
    check("\"strike cobalt\"", &[]);
    check("cob*", &["malware--1", "malware--2"]);
    check("\"cobalt str\"*", &["malware--1"]);
    check("cob", &[]);
    check("lateral nothing", &[]);
    check("evil.example", &["indicator--3"]);
    check("angstrom uber", &["malware--4"]);
    check("CAFÉ", &["malware--4"]);
    check("", &[]);
}

fn search_follows_the_current_version(open: &Open<'_>) {
    let store = open("a");
    ingest(
        &*store,
        "a",
        &[Sample::new("tool--1", 1).name("first").words("shared")],
    );
    ingest(
        &*store,
        "a",
        &[Sample::new("tool--1", 3).name("third").words("shared")],
    );
    ingest(
        &*store,
        "a",
        &[Sample::new("tool--1", 2).name("second").words("shared")],
    );
    assert_eq!(
        [found(&*store, "first").len(), found(&*store, "second").len()],
        [0, 0]
    );
    assert_eq!(
        [found(&*store, "third").len(), found(&*store, "shared").len()],
        [1, 1]
    );
    let hit = store
        .search(&SearchQuery::parse("third").unwrap(), 1)
        .unwrap()
        .items
        .remove(0);
    assert_eq!((hit.name.as_str(), hit.version, hit.revoked), ("third", 3, false));
}

fn search_filters_by_field(open: &Open<'_>) {
    let store = open("a");
    ingest(
        &*store,
        "CERT A",
        &[
            Sample::new("malware--1", 1).words("needle").by("identity--1"),
            Sample::new("malware-analysis--1", 1).words("needle"),
        ],
    );
    ingest(
        &*store,
        "b",
        &[
            Sample::new("tool--1", 1).words("needle").by("identity--2"),
            Sample::new("tool--2", 1),
        ],
    );
    let check = |query: &str, ids: &[&str]| assert_eq!(found(&*store, query), ids, "{query}");
    check("needle type:malware", &["malware--1"]);
    check("type:tool", &["tool--1", "tool--2"]);
    check("needle id:malware", &["malware--1", "malware-analysis--1"]);
    check("id:tool--2", &["tool--2"]);
    check("needle source:\"CERT A\"", &["malware--1", "malware-analysis--1"]);
    check("source:b", &["tool--1", "tool--2"]);
    check("source:b type:malware", &[]);
    check("source:nobody needle", &[]);
    check("by:identity--2", &["tool--1"]);
    check("by:identity--1 needle", &["malware--1"]);
    check("by:identity--3", &[]);
}

fn search_puts_names_first(open: &Open<'_>) {
    let store = open("a");
    let mut samples: Vec<Sample> = (0..20)
        .map(|n| {
            Sample::new(&id("report", n), 1)
                .name("report")
                .words("about emotet and others")
        })
        .collect();
    samples.push(
        Sample::new("malware--z", 1)
            .name("Emotet")
            .words("a long description ".repeat(50).as_str()),
    );
    ingest(&*store, "a", &samples);
    let page = store.search(&SearchQuery::parse("emotet").unwrap(), 5).unwrap();
    assert_eq!(page.items[0].id, "malware--z");
    assert_eq!((page.items.len(), page.next.is_some()), (5, true));
}

fn hostile_search_is_only_words(open: &Open<'_>) {
    let store = open("a");
    ingest(
        &*store,
        "a",
        &[Sample::new("tool--1", 1).name("and or not near").words("x")],
    );
    let hostile = [
        "\"",
        "\"\"",
        "*",
        "* *",
        "^x",
        "x^",
        "(",
        ")",
        "()",
        "x AND",
        "AND",
        "OR OR",
        "NOT x",
        "NEAR(x y)",
        "NEAR",
        "x:y",
        "name:x",
        "{name body}: x",
        "- x",
        "+x",
        "x + y",
        "';--",
        "' OR 1=1 --",
        "\\",
        "%",
        "_",
        "\0",
        "x\0y",
        "\u{202e}x",
        "\"x\"\"y\"",
        "x\"y",
        "\"x",
        "x*y*",
        "type:",
        "type:\"",
        "id:%",
        "source:'",
        "😀",
        "\u{fffd}",
        "a\u{0301}*",
    ];
    for query in hostile {
        let query = SearchQuery::parse(query).unwrap();
        store
            .search(&query, 10)
            .unwrap_or_else(|error| panic!("{query:?}: {error}"));
    }
    assert_eq!(found(&*store, "NOT AND or"), ["tool--1"]);
    // And as a caller may put it together.
    for words in hostile {
        let term = crate::query::Term {
            words: words.to_owned(),
            is_prefix: true,
        };
        let query = SearchQuery {
            terms: vec![term],
            ..SearchQuery::default()
        };
        store
            .search(&query, 10)
            .unwrap_or_else(|error| panic!("{query:?}: {error}"));
    }
}

fn search_of_a_common_word_is_bounded(open: &Open<'_>) {
    let store = open("a");
    for round in 0..3 {
        let samples: Vec<Sample> = (0..8_000)
            .map(|n| Sample::new(&id("tool", round * 8_000 + n), 1).name("common"))
            .collect();
        ingest(&*store, "a", &samples);
    }
    let page = store
        .search(&SearchQuery::parse("common").unwrap(), usize::MAX)
        .unwrap();
    assert_eq!(
        (page.items.len(), page.next.is_some()),
        (limits::SEARCH_HITS_MAX, true)
    );
    assert_eq!(
        found(&*store, &format!("common id:{}", id("tool", 17))),
        [id("tool", 17)]
    );
}
