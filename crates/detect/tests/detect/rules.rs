//! The predicate table against what conditions mean.

use crate::naive;
use entente_detect::rules::{
    Atom, Condition, Field, FieldNames, Leaf, Matcher, Number, Order, Piece, Polarity, Reading, Relation,
    Rules, Test, Value, Which,
};
use proptest::prelude::*;
use std::net::IpAddr;

/// Pieces of texts, so that random texts meet: words of different cases, letters that fold in odd ways, line
/// ends, numbers, addresses.
const WORDS: &[&str] = &[
    "",
    "a",
    "b",
    "A",
    ".exe",
    "\\",
    "cmd",
    "CMD",
    "Power",
    "shell",
    "POWERSHELL",
    "\\Windows\\",
    "system32",
    " ",
    "\n",
    "-enc",
    "\u{212a}",
    "k",
    "K",
    "ı",
    "İ",
    "I",
    "i",
    "ſ",
    "S",
    "s",
    "é",
    "É",
    "Σ",
    "ς",
    "ß",
    "ẞ",
    "日本",
    "😀",
    "1",
    "10",
    "-5",
    "1.5",
    "1.50",
    "1e1",
    "true",
    "TRUE",
    "false",
    "10.1.2.3",
    "::ffff:10.1.2.3",
    "10.1.0.0/16",
    "::ffff:10.1.2.0/120",
    "2001:db8::1",
    "2001:db8::/32",
    "*",
    "?",
    "%",
    "2024-01-01T00:00:00Z",
    "2025-06-01T12:00:00.5Z",
];
const FIELDS: &[&str] = &["Image", "CommandLine", "EventID", "a.b", "x"];
const EXPRESSIONS: &[&str] = &[
    "cmd",
    "^cmd",
    r"\.exe$",
    "po?wer.*shell",
    "(a|b)+c?",
    "[0-9]{2,}",
    "(?i)windows.system",
    "(?<!x)cmd",
    r"(a)\1",
    "^$",
    "k|ſ",
    "(cmd|power)(shell|.exe)",
    r"\bsystem32\b",
    ".",
    "a.b",
    "(?:ab){0}",
    "日|😀",
    "\\\\",
];

#[expect(clippy::disallowed_methods, reason = "who runs a longer campaign says so")]
fn cases() -> ProptestConfig {
    let cases = std::env::var("ENTENTE_RULES_CASES")
        .ok()
        .and_then(|cases| cases.parse().ok());
    ProptestConfig {
        failure_persistence: None,
        ..ProptestConfig::with_cases(cases.unwrap_or(1_500))
    }
}

fn text() -> impl Strategy<Value = String> {
    prop::collection::vec(prop::sample::select(WORDS), 0..4).prop_map(|words| words.concat())
}

fn order() -> impl Strategy<Value = Order> {
    use Order::{Equal, Greater, GreaterOrEqual, Less, LessOrEqual};
    prop::sample::select(vec![Equal, Less, LessOrEqual, Greater, GreaterOrEqual])
}

fn number() -> impl Strategy<Value = Number> {
    let texts = [
        "1",
        "10",
        "-5",
        "1.5",
        "0",
        "9223372036854775807",
        "9223372036854775808",
        "1e300",
        "4625",
    ];
    prop::sample::select(texts.to_vec()).prop_map(|text| Number::parse(text).unwrap())
}

fn network() -> impl Strategy<Value = (IpAddr, u8)> {
    let networks = [
        ("10.1.2.3", 32),
        ("10.1.2.3", 16),
        ("10.0.0.0", 8),
        ("0.0.0.0", 0),
        ("2001:db8::", 32),
        ("::", 0),
        ("2001:db8::1", 128),
        ("192.0.2.0", 24),
        ("::ffff:10.1.0.0", 112),
        ("::ffff:0:0", 90),
    ];
    prop::sample::select(networks.to_vec()).prop_map(|(address, length)| (address.parse().unwrap(), length))
}

fn test() -> impl Strategy<Value = Test> {
    let piece = prop_oneof![
        3 => text().prop_map(Piece::Literal),
        2 => Just(Piece::AnyRun),
        1 => Just(Piece::AnyOne),
    ];
    let relation = prop::sample::select(vec![
        Relation::Equals,
        Relation::StartsWith,
        Relation::EndsWith,
        Relation::Contains,
    ]);
    let time = [
        "2024-01-01T00:00:00Z",
        "2025-06-01T12:00:00.500Z",
        "2030-01-01T00:00:00Z",
    ];
    let time = prop::sample::select(time.to_vec())
        .prop_map(|text| entente_stix::time::Timestamp::parse(text).unwrap());
    prop_oneof![
        4 => (text(), any::<bool>()).prop_map(|(text, fold)| Test::Equals { text, fold }),
        2 => (prop::collection::vec(text(), 0..4), any::<bool>())
            .prop_map(|(texts, fold)| Test::OneOf { texts, fold }),
        3 => (text(), any::<bool>()).prop_map(|(text, fold)| Test::StartsWith { text, fold }),
        4 => (text(), any::<bool>()).prop_map(|(text, fold)| Test::EndsWith { text, fold }),
        5 => (text(), any::<bool>()).prop_map(|(text, fold)| Test::Contains { text, fold }),
        4 => (prop::collection::vec(piece, 0..6), any::<bool>()).prop_map(|(pieces, fold)| Test::Glob { pieces, fold }),
        4 => (prop::sample::select(EXPRESSIONS), any::<[bool; 3]>()).prop_map(|(source, flags)| Test::Regex {
            source: source.into(), ignore_case: flags[0], multi_line: flags[1], dot_all: flags[2],
        }),
        2 => network().prop_map(|(address, length)| Test::Network { address, length }),
        1 => network().prop_map(|(address, length)| Test::NetworkHolding { address, length }),
        3 => (order(), number()).prop_map(|(order, number)| Test::Number { order, number }),
        1 => (order(), text()).prop_map(|(order, text)| Test::Ordered { order, text }),
        1 => (order(), time).prop_map(|(order, time)| Test::Time { order, time }),
        1 => any::<bool>().prop_map(Test::Boolean),
        1 => Just(Test::Null),
        1 => Just(Test::Exists),
        1 => (prop::sample::select(FIELDS), relation, any::<bool>())
            .prop_map(|(field, relation, fold)| Test::Other { field: field.into(), relation, fold }),
    ]
}

fn atom() -> impl Strategy<Value = Atom> {
    let field = prop_oneof![
        8 => prop::sample::select(FIELDS).prop_map(|name| Which::Field(name.into())),
        1 => Just(Which::Every),
    ];
    let reading = prop_oneof![3 => Just(Reading::Loose), 1 => Just(Reading::Strict)];
    let polarity =
        prop_oneof![4 => Just(Polarity::Passes), 1 => Just(Polarity::Differs), 1 => Just(Polarity::Fails)];
    (field, test(), reading, polarity).prop_map(|(field, test, reading, polarity)| Atom {
        field,
        test,
        reading,
        polarity,
    })
}

fn condition() -> impl Strategy<Value = Condition> {
    let leaf = prop_oneof![
        20 => atom().prop_map(Condition::Atom),
        1 => Just(Condition::True),
        1 => Just(Condition::False),
    ];
    leaf.prop_recursive(4, 24, 4, |inner| {
        prop_oneof![
            3 => prop::collection::vec(inner.clone(), 0..4).prop_map(Condition::All),
            3 => prop::collection::vec(inner.clone(), 0..4).prop_map(Condition::Any),
            1 => inner.prop_map(|inner| Condition::Not(Box::new(inner))),
        ]
    })
}

fn leaf() -> impl Strategy<Value = Leaf> {
    let gate = prop_oneof![
        2 => Just(Condition::True),
        2 => prop::sample::select(vec!["1", "10", "cmd"]).prop_map(|text| {
            Atom::loose("EventID", Test::Equals { text: text.into(), fold: true }).into()
        }),
        1 => condition(),
    ];
    (gate, condition()).prop_map(|(gate, condition)| Leaf { gate, condition })
}

/// A value with its text owned.
#[derive(Clone, Debug)]
enum Owned {
    Text(String),
    Number(String),
    Boolean(bool),
    Null,
    Empty,
}

fn value() -> impl Strategy<Value = Owned> {
    let numbers = [
        "1",
        "10",
        "-5",
        "1.5",
        "1.50",
        "1e1",
        "4625",
        "9223372036854775808",
        "0",
    ];
    prop_oneof![
        8 => text().prop_map(Owned::Text),
        3 => prop::sample::select(numbers.to_vec()).prop_map(|text| Owned::Number(text.into())),
        1 => any::<bool>().prop_map(Owned::Boolean),
        1 => Just(Owned::Null),
        1 => Just(Owned::Empty),
    ]
}

fn row() -> impl Strategy<Value = Vec<(Option<&'static str>, Owned)>> {
    let name = prop_oneof![9 => prop::sample::select(FIELDS).prop_map(Some), 1 => Just(None)];
    prop::collection::vec((name, value()), 0..8)
}

fn fields<'a>(row: &'a [(Option<&str>, Owned)], names: &FieldNames) -> Vec<Field<'a>> {
    let field = |(name, value): &'a (Option<&str>, Owned)| {
        let number = match name {
            // A field that no rule asks for would not be there.
            Some(name) => names.number(name)?,
            None if names.wants_every_value() => FieldNames::UNNAMED,
            None => return None,
        };
        let value = match value {
            Owned::Text(text) => Value::Text(text),
            Owned::Number(text) => Value::Number(text),
            Owned::Boolean(truth) => Value::Boolean(*truth),
            Owned::Null => Value::Null,
            Owned::Empty => Value::Empty,
        };
        Some(Field { number, value })
    };
    row.iter().filter_map(field).collect()
}

proptest! {
    #![proptest_config(cases())]

    #[test]
    fn the_table_finds_what_conditions_mean(
        leaves in prop::collection::vec(leaf(), 1..24),
        rows in prop::collection::vec(row(), 1..6),
        seed in any::<u64>(),
    ) {
        let (rules, refusals) = Rules::compile(&leaves, seed);
        prop_assert_eq!(refusals, vec![]);
        let mut matcher = Matcher::new();
        for row in &rows {
            let row = fields(row, rules.names());
            let mut expected = naive::matching(&leaves, rules.names(), &row);
            let found = rules.matching(&row, &mut matcher).to_vec();
            // Looking around in many values may be more than a leaf's share of one row.
            let over = rules.exhausted(&mut matcher);
            expected.retain(|leaf| over.iter().all(|over| over.leaf != Some(*leaf)));
            prop_assert_eq!(found, expected, "{:?}", row);
        }
        let passed = matcher.take_passed();
        for (number, leaf) in leaves.iter().enumerate() {
            let looked_at = rows.iter().filter(|row| naive::holds(&leaf.gate, rules.names(), &fields(row, rules.names())));
            let counted = rules.gate_of(number).map_or(0, |gate| passed[gate]);
            prop_assert_eq!(counted, looked_at.count() as u64, "leaf {}", number);
        }
        prop_assert_eq!(matcher.take_passed(), Vec::<u64>::new());
    }
}
