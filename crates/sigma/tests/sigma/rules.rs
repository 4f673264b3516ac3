//! Rules, correlations and filters: what they become, and why they are refused.

use entente_sigma::correlation::{Kind, Member, When};
use entente_sigma::test::{Comparison, Number};
use entente_sigma::{Collection, lint, one_rule};

use crate::pipelines::{rule, shown};

fn expression(detection: &str) -> String {
    shown(&rule("{category: test}", detection).expression().unwrap())
}

/// What one item comes to.
fn item(item: &str) -> String {
    let text = format!("title: t\nlogsource: {{category: test}}\ndetection: {{s: {{{item}}}, condition: s}}");
    match one_rule(&text) {
        Ok(rule) => shown(&rule.expression().unwrap()),
        Err(refusal) => refusal.reason.to_string(),
    }
}

#[test]
fn modifiers_become_tests() {
    for (written, expected) in [
        ("f: x", "f='x'"),
        ("f: ''", "f=''"),
        ("f: null", "f=Null"),
        ("f: 4625", "f=4625"),
        ("f: '4625'", "f='4625'"),
        ("f: 99999999999999999999", "f='99999999999999999999'"),
        ("f: true", "f=Boolean(true)"),
        ("f|contains: [a, 1]", "f='*a*','*1*'"),
        ("f|contains|all: [a, b]", "f='*a*','*b*'"),
        ("f|startswith|cased: a*", "f='a*'c"),
        ("f|endswith: '*a'", "f='*a'"),
        ("f|neq: x", "~f='x'"),
        ("f|exists: no", "f=Exists(false)"),
        ("f|re: 'a+'", "f=/a+/"),
        ("f|re|startswith: 'a|b'", r"f=/\A(?:a|b)/"),
        (
            "f|windash|contains: ' -a'",
            "f=<'* -a*','* /a*','* –a*','* —a*','* ―a*'>",
        ),
        (
            "f|contains|windash: ' /a'",
            "f=<'* -a*','* /a*','* –a*','* —a*','* ―a*'>",
        ),
        (
            "f|contains|windash: '-a -b -c /d'",
            r"f=/\A.*[-/–—―]a [-/–—―]b [-/–—―]c [-/–—―]d.*\z/",
        ),
        ("f|base64: foo", "f='Zm9v'"),
        (
            "f|base64offset|contains: foobar",
            "f=<'*Zm9vYmFy*','*Zvb2Jhc*','*mb29iYX*'>",
        ),
        (
            "f|wide|base64offset|contains: ab",
            "f=<'*YQBiA*','*EAYg*','*hAGIA*'>",
        ),
        ("f|utf16|base64: a", "f='//5hAA=='"),
        ("f|utf16be|base64: ä", "f='AOQ='"),
        (
            "f|cidr: 192.168.1.7/16",
            "f=Cidr(Cidr { address: 192.168.0.0, prefix: 16 })",
        ),
        ("f|gte: 5", "f=Compare(GreaterOrEqual, Integer(5))"),
        (
            "f|hour: 3",
            "f=TimePart { part: Hour, comparison: Equal, number: 3 }",
        ),
        (
            "f|minute|lt: 3",
            "f=TimePart { part: Minute, comparison: Less, number: 3 }",
        ),
        ("f|expand: '%x%'", "f='%x%'"),
        (
            "f|fieldref|startswith: g",
            "f=FieldRef(FieldRef { field: \"g\", position: Start, cased: false })",
        ),
        ("'|re': a", "*=/a/"),
        ("'|all': [a, b]", "*='*a*','*b*'"),
    ] {
        assert_eq!(item(written), expected, "{written}");
    }
}

#[test]
fn modifiers_without_a_meaning_are_refused_with_a_way_out() {
    for (written, expected) in [
        (
            "f|contians: x",
            "unknown modifier `contians`; did you mean `contains`?",
        ),
        ("f|frobnicate: x", "unknown modifier `frobnicate`"),
        ("f|contains|re: x", "modifier `re` must be the first one"),
        ("f|i: x", "modifier `i` stands after `re` only"),
        (
            "f|re|cased: x",
            "modifier `cased` has no meaning after `re`: expressions are case-sensitive unless `i` follows",
        ),
        (
            "f|contains|base64: x",
            "modifier `base64` cannot encode wildcards; put `contains` and its like behind it, and escape `*` and `?`",
        ),
        (
            "f|lt: x",
            "modifier `lt` takes a number, written without quotes, not the text `x`",
        ),
        (
            "f|cidr: 1.2.3.4/33",
            "`cidr` must be a network like `10.0.0.0/8` or `fe80::/10`, not 1.2.3.4/33",
        ),
        (
            "f|exists: maybe",
            "modifier `exists` takes `true` or `false`, not the text `maybe`",
        ),
        (
            "f|utf16le: ä",
            "the value is not text in this encoding; put `base64` or `base64offset` behind it",
        ),
        ("f|re: 'a(b'", "regular expression, character 2: unclosed group"),
        (
            "f|re: '*a'",
            "regular expression, character 1: repetition operator missing expression",
        ),
        (
            "f|fieldref: 'a*'",
            "modifier `fieldref` takes the name of a field, without wildcards; `startswith` and its like stand behind it",
        ),
        ("'|exists': true", "modifier `exists` needs a field before it"),
        (
            "f: []",
            "`f` must be a value or a list that holds one, not a list",
        ),
        (
            "f: {a: b}",
            "`value` must be a text, number, boolean or null, not a map",
        ),
    ] {
        assert_eq!(item(written), expected, "{written}");
    }
}

#[test]
fn maps_are_and_and_lists_are_or() {
    for (detection, expected) in [
        ("{s: {a: x, b: [y, z]}, condition: s}", "(a='x' & b='y','z')"),
        (
            "{s: [{a: x}, {b: y, c: z}], condition: s}",
            "(a='x' | (b='y' & c='z'))",
        ),
        ("{s: [k, l], condition: s}", "*='*k*','*l*'"),
        ("{s: [k, {a: x}], condition: s}", "(*='*k*' | a='x')"),
        (
            "{a1: {a: x}, a2: {a: y}, _a: {a: z}, condition: all of a*}",
            "(a='x' & a='y')",
        ),
        (
            "{a1: {a: x}, a2: {a: y}, _a: {a: z}, condition: not 1 of them}",
            "!(a='x' | a='y')",
        ),
        (
            "{a: {a: x}, b: {b: y}, condition: [a, not b]}",
            "(a='x' | !b='y')",
        ),
    ] {
        assert_eq!(expression(detection), expected, "{detection}");
    }
}

#[test]
fn conditions_name_searches_that_are_there() {
    for (condition, expected) in [
        (
            "selecton",
            "the condition names `selecton`, and there is no such search; did you mean `selection`?",
        ),
        (
            "all of filter_*",
            "`all of filter_*` selects none of the searches",
        ),
        (
            "1 of selecton*",
            "`1 of selecton*` selects none of the searches; did you mean `selection*`?",
        ),
        (
            "selection | count() > 3",
            "`| count() > 3`: aggregations in conditions are no longer part of Sigma; write a correlation rule",
        ),
    ] {
        let text = format!(
            "title: t\nlogsource: {{category: c}}\ndetection:\n  selection: {{a: b}}\n  condition: '{condition}'"
        );
        assert_eq!(one_rule(&text).unwrap_err().reason.to_string(), expected);
    }
}

const RULES: &str = "title: A\nname: rule_a\nlogsource: {category: c}\ndetection: {s: {a: 1}, condition: s}\n---\n\
    title: B\nname: rule_b\nlogsource: {category: c}\ndetection: {s: {b: 1}, condition: s}\n---\n";

fn correlations(text: &str) -> Collection {
    let mut collection = Collection::read(&format!("{RULES}{text}"));
    collection.link();
    collection
}

#[test]
fn a_correlation_finds_its_rules_and_silences_them() {
    let text = "title: C\nname: c\ncorrelation: {type: value_percentile, rules: [rule_a], group-by: user, timespan: 2w, \
        condition: {gt: 1, lte: 2.5, field: [x, y], percentile: 99}}\n---\n\
        title: D\ncorrelation: {type: temporal_ordered, rules: [c, rule_b], timespan: 1M, generate: yes}";
    let collection = correlations(text);
    assert_eq!(collection.refusals, []);
    let [c, d] = collection.correlations.as_slice() else {
        panic!("{collection:?}");
    };
    assert_eq!(
        (c.kind, c.timespan.seconds(), c.group_by.as_slice()),
        (Kind::ValuePercentile, 1_209_600, ["user".to_owned()].as_slice())
    );
    let When::Measure(measure) = &c.when else {
        panic!("{c:?}");
    };
    assert_eq!(
        measure.bounds,
        [
            (Comparison::Greater, Number::Integer(1)),
            (Comparison::LessOrEqual, Number::Float(2.5))
        ]
    );
    assert_eq!((measure.fields.len(), measure.percentile), (2, 99.0));
    assert_eq!(d.members, [Member::Correlation(0), Member::Rule(1)]);
    let silent: Vec<bool> = collection.rules.iter().map(|rule| rule.silent).collect();
    assert_eq!((silent, c.silent, d.silent), (vec![true, false], false, false));
}

#[test]
fn correlations_that_cannot_stand_are_named() {
    let of = |name: &str, rules: &str| {
        format!(
            "title: {name}\nname: {name}\ncorrelation: {{type: temporal, rules: {rules}, timespan: 1m}}\n---\n"
        )
    };
    for (text, expected) in [
        (
            of("x", "[rule_c, rule_b]"),
            vec!["`x` refers to `rule_c`, and no rule has this id or name; did you mean `rule_a`?"],
        ),
        (
            of("x", "[x]"),
            vec!["correlations refer to each other in a circle: `x` → `x`"],
        ),
        (
            of("x", "[y]") + &of("y", "[rule_a, z]") + &of("z", "[x]"),
            vec![
                "correlations refer to each other in a circle: `x` → `y` → `z` → `x`",
                "correlations refer to each other in a circle: `y` → `z` → `x` → `y`",
                "correlations refer to each other in a circle: `z` → `x` → `y` → `z`",
            ],
        ),
        (
            of("x", "[nope_nope_nope]") + &of("y", "[x]"),
            vec![
                "`x` refers to `nope_nope_nope`, and no rule has this id or name",
                "`y` refers to `x`, which is itself refused",
            ],
        ),
        (
            "title: B2\nname: rule_b\ncorrelation: {type: temporal, rules: [rule_b], timespan: 1m}"
                .to_owned(),
            vec!["`rule_b` refers to `rule_b`, and 2 rules are called so; give them different names"],
        ),
    ] {
        let reasons: Vec<String> = correlations(&text)
            .refusals
            .iter()
            .map(|refusal| refusal.reason.to_string())
            .collect();
        let mut sorted = reasons.clone();
        sorted.sort();
        let mut expected = expected;
        expected.sort_unstable();
        let hinted = reasons.iter().any(|reason| reason.contains("did you mean"));
        assert!(
            sorted == expected || hinted && sorted.len() == expected.len(),
            "{reasons:?}"
        );
    }
}

#[test]
fn a_long_chain_of_correlations_is_refused_above_its_bound() {
    let mut text = String::new();
    for level in 0..100 {
        let below = if level == 0 {
            "rule_a".to_owned()
        } else {
            format!("c{}", level - 1)
        };
        text += &format!(
            "title: c{level}\nname: c{level}\ncorrelation: {{type: temporal, rules: [{below}], timespan: 1m}}\n---\n"
        );
    }
    let collection = correlations(&text);
    assert_eq!(
        collection.correlations.len(),
        entente_sigma::limits::CHAIN_MAX + 1
    );
    assert!(
        collection.refusals[0]
            .to_string()
            .contains("correlations above each other"),
        "{:?}",
        collection.refusals[0]
    );
}

#[test]
fn filters_are_asked_beside_the_rule() {
    let filter = "title: F\nlogsource: {category: c}\nfilter: {rules: [rule_a], ours: {u|startswith: adm_}, condition: not ours}";
    let collection = correlations(filter);
    let made: Vec<String> = collection
        .rules
        .iter()
        .map(|rule| shown(&rule.expression().unwrap()))
        .collect();
    assert_eq!(made, ["(a=1 & !u='adm_*')", "b=1"]);
}

#[test]
fn collections_share_what_is_global() {
    let text = "action: global\ntitle: G\nlogsource: {product: p}\n---\ndetection: {s: {a: 1}, condition: s}\n---\naction: repeat\ndetection: {s: {a: 2}}\n---\n\
        action: reset\n---\ntitle: N\nlogsource: {category: q}\ndetection: {s: {a: 3}, condition: s}\n---\naction: globl\n";
    let collection = Collection::read(text);
    let made: Vec<_> = collection
        .rules
        .iter()
        .map(|rule| {
            (
                rule.meta.title.as_str(),
                rule.logsource.product.as_deref(),
                shown(&rule.expression().unwrap()),
            )
        })
        .collect();
    assert_eq!(
        made,
        [
            ("G", Some("p"), "a=1".to_owned()),
            ("G", Some("p"), "a=2".to_owned()),
            ("N", None, "a=3".to_owned())
        ]
    );
    assert!(
        collection.refusals[0]
            .to_string()
            .contains("did you mean `global`?")
    );
}

#[test]
fn lint_says_what_could_be_better() {
    let text = "title: t\nid: nope\nfalsepositive: none\ntags: [attack, attack.t1, attack.t1]\ndate: 2024-02-01\nmodified: 2024-01-01\nlogsource: {category: c}\n\
        detection:\n  a: {f|all: x, g: [1, null], h|hour: 24, i|re: 'a(?=b)'}\n  b: {f: x}\n  condition: a";
    let said: Vec<String> = lint::rule(&one_rule(text).unwrap())
        .iter()
        .map(|finding| finding.remark.to_string())
        .collect();
    let expected = [
        "the id `nope` is no UUID",
        "it was modified before its date",
        "`falsepositive` is not known; did you mean `falsepositives`?",
        "the tag `attack` should be a namespace, a dot, and lower-case letters, digits, `_` or `-`",
        "`tags` holds `attack.t1` twice",
        "`level` is missing",
        "`status` is missing",
        "no condition uses the search `b`",
        "`all` on a single value of `f` changes nothing",
        "`null` stands among values of `g`; a search of its own is understood by more engines",
        "`h` is compared with 24, which no hour is",
        "the expression `a(?=b)` needs an engine that can look around or back; it runs under a step limit",
    ];
    assert_eq!(said, expected);
    let filter = correlations(
        "title: F\nlogsource: {category: c}\nfilter: {rules: [rule_x], s: {u: 1}, condition: s}",
    );
    let said: Vec<String> = lint::collection(&filter)
        .iter()
        .map(|finding| finding.remark.to_string())
        .collect();
    assert!(
        said.iter().any(|said| said.contains("has no `not`"))
            && said.iter().any(|said| said.contains("names `rule_x`")),
        "{said:?}"
    );
}
