//! The predicate table against what conditions mean, on rules and rows that the bytes make up.

use std::net::IpAddr;

use entente_detect::rules::{
    Atom, Condition, Field, FieldNames, Leaf, Matcher, Number, Order, Piece, Polarity, Reading, Relation,
    Rules, Test, Value, Which,
};

use crate::choice::Choices;

// The evaluator that the tests of `entente-detect` hold the table against.
#[path = "../../crates/detect/tests/detect/naive.rs"]
mod naive;

/// Rules and rows: the table finds what the naive evaluator finds, or refuses a rule in words.
pub fn rules(data: &[u8]) {
    let mut choices = Choices::new(data);
    let leaves: Vec<Leaf> = (0..=choices.below(6)).map(|_| leaf(&mut choices)).collect();
    let (rules, refusals) = Rules::compile(&leaves, choices.below(1 << 16) as u64);
    assert!(refusals.iter().all(|refusal| !refusal.reason.is_empty()));
    let mut matcher = Matcher::new();
    for _ in 0..=choices.below(4) {
        let row: Vec<_> = (0..choices.below(6))
            .map(|_| (name(&mut choices), value(&mut choices)))
            .collect();
        let row = fields(&row, rules.names());
        let mut expected = naive::matching(&leaves, rules.names(), &row);
        let mut found = rules.matching(&row, &mut matcher).to_vec();
        let exhausted = rules.exhausted(&mut matcher);
        let is_decided = |leaf: &u32| {
            refusals.iter().all(|refusal| refusal.leaf != *leaf as usize)
                && exhausted.iter().all(|exhausted| exhausted.leaf != Some(*leaf))
        };
        expected.retain(is_decided);
        found.retain(is_decided);
        assert_eq!(found, expected, "{leaves:?}\n{row:?}");
    }
}

const FIELDS: [&str; 3] = ["Image", "a.b", "x"];

/// Expressions that all engines read alike; texts of other kinds are of any letters.
const EXPRESSIONS: [&str; 8] = [
    "cmd",
    "^a",
    r"\.exe$",
    "(a|b)+c?",
    "[0-9]{2,}",
    r"(a)\1",
    "k|ſ",
    "a.b",
];

const ADDRESSES: [&str; 6] = [
    "10.1.2.3",
    "0.0.0.0",
    "2001:db8::",
    "::",
    "::ffff:10.1.0.0",
    "192.0.2.255",
];

fn leaf(choices: &mut Choices<'_>) -> Leaf {
    let gate = match choices.below(3) {
        0 => condition(choices, 2),
        _ => Condition::True,
    };
    Leaf {
        gate,
        condition: condition(choices, 4),
    }
}

fn condition(choices: &mut Choices<'_>, depth: usize) -> Condition {
    let parts = |choices: &mut Choices<'_>| {
        (0..choices.below(4))
            .map(|_| condition(choices, depth - 1))
            .collect()
    };
    match choices.below(if depth == 0 { 5 } else { 9 }) {
        0..=3 => Condition::Atom(atom(choices)),
        4 if choices.below(2) == 0 => Condition::True,
        4 => Condition::False,
        5 | 6 => Condition::All(parts(choices)),
        7 => Condition::Any(parts(choices)),
        _ => Condition::Not(Box::new(condition(choices, depth - 1))),
    }
}

fn atom(choices: &mut Choices<'_>) -> Atom {
    let field = match choices.below(8) {
        0 => Which::Every,
        _ => Which::Field(choices.one_of(&FIELDS).into()),
    };
    Atom {
        field,
        test: test(choices),
        reading: choices.one_of(&[Reading::Loose, Reading::Strict]),
        polarity: choices.one_of(&[
            Polarity::Passes,
            Polarity::Passes,
            Polarity::Differs,
            Polarity::Fails,
        ]),
    }
}

fn test(choices: &mut Choices<'_>) -> Test {
    let order = |choices: &mut Choices<'_>| {
        choices.one_of(&[
            Order::Equal,
            Order::Less,
            Order::LessOrEqual,
            Order::Greater,
            Order::GreaterOrEqual,
        ])
    };
    let kind = choices.below(15);
    let fold = choices.below(2) == 0;
    match kind {
        0 => Test::Equals {
            text: choices.text(),
            fold,
        },
        1 => Test::OneOf {
            texts: (0..choices.below(4)).map(|_| choices.text()).collect(),
            fold,
        },
        2 => Test::StartsWith {
            text: choices.text(),
            fold,
        },
        3 => Test::EndsWith {
            text: choices.text(),
            fold,
        },
        4 => Test::Contains {
            text: choices.text(),
            fold,
        },
        5 | 6 => Test::Glob {
            pieces: (0..choices.below(6)).map(|_| piece(choices)).collect(),
            fold,
        },
        7 => Test::Regex {
            source: choices.one_of(&EXPRESSIONS).into(),
            ignore_case: fold,
            multi_line: choices.below(2) == 0,
            dot_all: choices.below(2) == 0,
        },
        8 => {
            let (address, length) = network(choices);
            match fold {
                true => Test::Network { address, length },
                false => Test::NetworkHolding { address, length },
            }
        }
        9 => match Number::parse(&number(choices)) {
            Some(number) => Test::Number {
                order: order(choices),
                number,
            },
            None => Test::Exists,
        },
        10 => Test::Ordered {
            order: order(choices),
            text: choices.text(),
        },
        11 => Test::Boolean(fold),
        12 => Test::Null,
        13 => Test::Exists,
        _ => Test::Other {
            field: choices.one_of(&FIELDS).into(),
            relation: choices.one_of(&[
                Relation::Equals,
                Relation::StartsWith,
                Relation::EndsWith,
                Relation::Contains,
            ]),
            fold,
        },
    }
}

fn piece(choices: &mut Choices<'_>) -> Piece {
    match choices.below(3) {
        0 => Piece::AnyRun,
        1 => Piece::AnyOne,
        _ => Piece::Literal(choices.text()),
    }
}

fn network(choices: &mut Choices<'_>) -> (IpAddr, u8) {
    let address: IpAddr = choices.one_of(&ADDRESSES).parse().expect("an address");
    let longest = if address.is_ipv4() { 32 } else { 128 };
    (address, choices.below(longest + 1) as u8)
}

/// Digits mostly, so that many are numbers.
fn number(choices: &mut Choices<'_>) -> String {
    let letters = (0..choices.below(24)).map(|_| choices.one_of(b"0123456789019.-+eE"));
    letters.map(char::from).collect()
}

fn name(choices: &mut Choices<'_>) -> Option<&'static str> {
    match choices.below(8) {
        0 => None,
        _ => Some(choices.one_of(&FIELDS)),
    }
}

enum Owned {
    Text(String),
    Number(String),
    Boolean(bool),
    Null,
    Empty,
}

fn value(choices: &mut Choices<'_>) -> Owned {
    match choices.below(8) {
        0 => Owned::Number(
            Some(number(choices))
                .filter(|text| is_json_number(text))
                .unwrap_or_else(|| "0".to_owned()),
        ),
        1 => Owned::Boolean(choices.below(2) == 0),
        2 => Owned::Null,
        3 => Owned::Empty,
        4 => Owned::Text(number(choices)),
        5 => Owned::Text(format!("{}/{}", choices.one_of(&ADDRESSES), choices.below(130))),
        _ => Owned::Text(choices.text()),
    }
}

/// What a record has as a number is one.
fn is_json_number(text: &str) -> bool {
    text.starts_with(|first: char| first.is_ascii_digit() || first == '-')
        && entente_stix::json::read(text.as_bytes()).is_ok()
}

fn fields<'a>(row: &'a [(Option<&str>, Owned)], names: &FieldNames) -> Vec<Field<'a>> {
    let field = |(name, value): &'a (Option<&str>, Owned)| {
        let number = match name {
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
