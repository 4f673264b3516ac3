//! What conditions mean, written straight from their documentation: no index, no sharing, no memory. Texts are
//! compared by regular expressions, whose case folding is somebody else's.

use entente_detect::rules::FieldNames;
use entente_detect::rules::{
    Atom, Condition, Leaf, Number, Order, Piece, Polarity, Reading, Relation, Row, Test, Value, Which,
};
use std::cmp::Ordering;
use std::net::IpAddr;

pub(crate) fn matching(leaves: &[Leaf], names: &FieldNames, row: &Row<'_>) -> Vec<u32> {
    let holds = |leaf: &Leaf| holds(&leaf.gate, names, row) && holds(&leaf.condition, names, row);
    (0..)
        .zip(leaves)
        .filter(|(_, leaf)| holds(leaf))
        .map(|(number, _)| number)
        .collect()
}

pub(crate) fn holds(condition: &Condition, names: &FieldNames, row: &Row<'_>) -> bool {
    match condition {
        Condition::True => true,
        Condition::False => false,
        Condition::Atom(atom) => {
            let wanted = match &atom.field {
                Which::Field(name) => values(name, names, row),
                Which::Every => row.iter().map(|field| field.value).collect(),
            };
            wanted.into_iter().any(|value| passes(atom, value, names, row))
        }
        Condition::All(parts) => parts.iter().all(|part| holds(part, names, row)),
        Condition::Any(parts) => parts.iter().any(|part| holds(part, names, row)),
        Condition::Not(inner) => !holds(inner, names, row),
    }
}

fn values<'a>(name: &str, names: &FieldNames, row: &Row<'a>) -> Vec<Value<'a>> {
    let number = names.number(name);
    row.iter()
        .filter(|field| Some(field.number) == number)
        .map(|field| field.value)
        .collect()
}

fn passes(atom: &Atom, value: Value<'_>, names: &FieldNames, row: &Row<'_>) -> bool {
    if matches!(value, Value::Empty) && atom.test != Test::Exists {
        return false;
    }
    if matches!(value, Value::Null) && !matches!(atom.test, Test::Exists | Test::Null) {
        return false;
    }
    match (test(atom, value, names, row), atom.polarity) {
        (Some(passes), Polarity::Passes) => passes,
        (Some(passes), Polarity::Differs | Polarity::Fails) => !passes,
        (None, Polarity::Differs) => true,
        (None, Polarity::Passes | Polarity::Fails) => false,
    }
}

/// `None` for a value of another type.
fn test(atom: &Atom, value: Value<'_>, names: &FieldNames, row: &Row<'_>) -> Option<bool> {
    let is_loose = atom.reading == Reading::Loose;
    let text_of = |value: Value<'_>| match value {
        Value::Text(text) => Some(text.to_string()),
        Value::Number(text) if is_loose => Some(text.to_string()),
        Value::Boolean(truth) if is_loose => Some(truth.to_string()),
        _ => None,
    };
    let text = text_of(value);
    let searched = |pattern: &str, fold: bool| {
        let text = text.as_ref()?;
        let flags = if fold { "(?is)" } else { "(?s)" };
        Some(
            regex::Regex::new(&format!("{flags}{pattern}"))
                .unwrap()
                .is_match(text),
        )
    };
    match &atom.test {
        Test::Exists => Some(true),
        Test::Null => Some(matches!(value, Value::Null)),
        Test::Equals { text: other, fold } if is_plain(&text, other) => {
            Some(lower(text.as_ref()?, *fold) == lower(other, *fold))
        }
        Test::StartsWith { text: other, fold } if is_plain(&text, other) => {
            Some(lower(text.as_ref()?, *fold).starts_with(&lower(other, *fold)))
        }
        Test::EndsWith { text: other, fold } if is_plain(&text, other) => {
            Some(lower(text.as_ref()?, *fold).ends_with(&lower(other, *fold)))
        }
        Test::Contains { text: other, fold } if is_plain(&text, other) => {
            Some(lower(text.as_ref()?, *fold).contains(&lower(other, *fold)))
        }
        Test::Equals { text, fold } => searched(&format!(r"\A{}\z", regex::escape(text)), *fold),
        Test::OneOf { texts, fold } => {
            let equals = |other: &String| {
                let equals = Atom {
                    test: Test::Equals {
                        text: other.clone(),
                        fold: *fold,
                    },
                    ..atom.clone()
                };
                test(&equals, value, names, row)
            };
            text.as_ref()
                .map(|_| texts.iter().any(|other| equals(other) == Some(true)))
        }
        Test::StartsWith { text, fold } => searched(&format!(r"\A{}", regex::escape(text)), *fold),
        Test::EndsWith { text, fold } => searched(&format!(r"{}\z", regex::escape(text)), *fold),
        Test::Contains { text, fold } => searched(&regex::escape(text), *fold),
        Test::Glob { pieces, fold } => {
            let piece = |piece: &Piece| match piece {
                Piece::Literal(text) => regex::escape(text),
                Piece::AnyRun => ".*".into(),
                Piece::AnyOne => ".".into(),
            };
            let pattern: String = pieces.iter().map(piece).collect();
            searched(&format!(r"\A{pattern}\z"), *fold)
        }
        Test::Regex {
            source,
            ignore_case,
            multi_line,
            dot_all,
        } => {
            // To PCRE, `$` is also before a last line end.
            let pcre = match source.strip_suffix('$') {
                Some(source) if !multi_line => format!("{source}\\n?\\z"),
                _ => source.clone(),
            };
            let built = fancy_regex::RegexBuilder::new(&pcre)
                .case_insensitive(*ignore_case)
                .multi_line(*multi_line)
                .dot_matches_new_line(*dot_all)
                .build();
            Some(built.unwrap().is_match(text.as_ref()?).unwrap())
        }
        Test::Network { address, length } => {
            let (address, length) = canonical(*address, *length);
            let (inner, inner_length) = network(text.as_ref()?)?;
            Some(inner_length >= length && is_in(inner, address, length))
        }
        Test::NetworkHolding { address, length } => {
            let (address, length) = canonical(*address, *length);
            let (outer, outer_length) = network(text.as_ref()?)?;
            Some(outer_length <= length && is_in(address, outer, outer_length))
        }
        Test::Number { order, number } => {
            let written = match value {
                Value::Number(text) => text,
                Value::Text(text) if is_loose => text,
                _ => return None,
            };
            Some(stands(*order, Number::parse(written)?.cmp(number)))
        }
        Test::Ordered { order, text: other } => Some(stands(*order, text?.as_str().cmp(other))),
        Test::Time { order, time } => {
            let found = entente_stix::time::Timestamp::parse_rfc3339(&text?).ok()?;
            Some(stands(*order, found.cmp(time)))
        }
        Test::Boolean(truth) => match value {
            Value::Boolean(found) => Some(found == *truth),
            Value::Text(text) if is_loose && text.eq_ignore_ascii_case("true") => Some(*truth),
            Value::Text(text) if is_loose && text.eq_ignore_ascii_case("false") => Some(!*truth),
            _ => None,
        },
        Test::Other {
            field,
            relation,
            fold,
        } => {
            let others = values(field, names, row).into_iter().filter_map(text_of);
            text.as_ref()?;
            Some(others.into_iter().any(|other| {
                let other = regex::escape(&other);
                let pattern = match relation {
                    Relation::Equals => format!(r"\A{other}\z"),
                    Relation::StartsWith => format!(r"\A{other}"),
                    Relation::EndsWith => format!(r"{other}\z"),
                    Relation::Contains => other,
                };
                searched(&pattern, *fold) == Some(true)
            }))
        }
        Test::TimePart { .. } => panic!("parts of times have tests of their own"),
    }
}

/// Of ASCII there is no doubt what its small letters are.
fn is_plain(text: &Option<String>, other: &str) -> bool {
    text.as_ref().is_some_and(|text| text.is_ascii()) && other.is_ascii()
}

fn lower(text: &str, fold: bool) -> String {
    if fold {
        text.to_ascii_lowercase()
    } else {
        text.to_string()
    }
}

fn stands(order: Order, ordering: Ordering) -> bool {
    match order {
        Order::Equal => ordering == Ordering::Equal,
        Order::Less => ordering == Ordering::Less,
        Order::LessOrEqual => ordering != Ordering::Greater,
        Order::Greater => ordering == Ordering::Greater,
        Order::GreaterOrEqual => ordering != Ordering::Less,
    }
}

/// IPv4 mapped into IPv6 is IPv4, also of networks.
fn canonical(address: IpAddr, length: u8) -> (IpAddr, u8) {
    match address {
        IpAddr::V6(six) if length >= 96 => match six.to_ipv4_mapped() {
            Some(four) => (IpAddr::V4(four), length - 96),
            None => (address, length),
        },
        _ => (address, length),
    }
}

fn network(text: &str) -> Option<(IpAddr, u8)> {
    if let Ok(address) = text.parse::<IpAddr>() {
        return Some(canonical(address, if address.is_ipv4() { 32 } else { 128 }));
    }
    let (address, length) = text.split_once('/')?;
    if length.starts_with('+') {
        return None;
    }
    let (address, length) = (address.parse::<IpAddr>().ok()?, length.parse::<u8>().ok()?);
    (length <= if address.is_ipv4() { 32 } else { 128 }).then(|| canonical(address, length))
}

/// Bit by bit.
fn is_in(inner: IpAddr, outer: IpAddr, length: u8) -> bool {
    let bits = |address: IpAddr| -> Vec<u8> {
        let octets = match address {
            IpAddr::V4(four) => four.octets().to_vec(),
            IpAddr::V6(six) => six.octets().to_vec(),
        };
        octets
            .iter()
            .flat_map(|octet| (0..8).rev().map(move |bit| octet >> bit & 1))
            .collect()
    };
    let (inner, outer) = (bits(inner), bits(outer));
    inner.len() == outer.len() && inner[..length as usize] == outer[..length as usize]
}
