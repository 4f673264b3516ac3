//! Conditions in words.

use entente_detect::rules::{
    Atom, Condition, Number, Order, Piece, Polarity, Relation, Test, TimePart, Which,
};

use crate::render::short;

/// Characters of a value that are shown.
const VALUE_CHARS_MAX: usize = 80;

/// Comparisons of one part that are shown.
const SHOWN_MAX: usize = 4;

/// A condition in one line; of long ones the beginning.
pub(super) fn of(condition: &Condition) -> String {
    match condition {
        Condition::True => "anything".to_owned(),
        Condition::False => "nothing".to_owned(),
        Condition::Atom(atom) => of_atom(atom),
        Condition::All(parts) => joined(parts, " and "),
        Condition::Any(parts) => joined(parts, " or "),
        Condition::Not(inner) => format!("not ({})", of(inner)),
    }
}

fn joined(parts: &[Condition], word: &str) -> String {
    let inner = |part: &Condition| match part {
        Condition::All(parts) | Condition::Any(parts) if parts.len() > 1 => format!("({})", of(part)),
        _ => of(part),
    };
    let field = |part: &Condition| match part {
        Condition::Atom(atom) => Some(atom.field.clone()),
        _ => None,
    };
    let first = parts.first().and_then(field);
    let one_field = first.is_some() && parts.iter().all(|part| field(part) == first);
    let mut shown: Vec<String> = Vec::new();
    for (number, part) in parts.iter().take(SHOWN_MAX).enumerate() {
        shown.push(match part {
            Condition::Atom(atom) if one_field && number > 0 => of_test(&atom.test),
            other => inner(other),
        });
    }
    if parts.len() > SHOWN_MAX {
        shown.push(format!("{} more", parts.len() - SHOWN_MAX));
    }
    shown.join(word)
}

/// One comparison.
pub(super) fn of_atom(atom: &Atom) -> String {
    let field = match &atom.field {
        Which::Field(name) => short(name, VALUE_CHARS_MAX),
        Which::Every => "any value".to_owned(),
    };
    let not = match atom.polarity {
        Polarity::Passes => "",
        Polarity::Differs | Polarity::Fails => "not: ",
    };
    format!("{not}{field} {}", of_test(&atom.test))
}

fn of_test(test: &Test) -> String {
    let quoted = |text: &str| format!("\"{}\"", short(text, VALUE_CHARS_MAX));
    let cased = |fold: bool| if fold { "" } else { " (in this case)" };
    match test {
        Test::Equals { text, fold } => format!("is {}{}", quoted(text), cased(*fold)),
        Test::OneOf { texts, fold } => {
            let shown: Vec<String> = texts.iter().take(SHOWN_MAX).map(|text| quoted(text)).collect();
            let more = match texts.len().saturating_sub(SHOWN_MAX) {
                0 => String::new(),
                more => format!(" and {more} more"),
            };
            format!("is one of {}{more}{}", shown.join(", "), cased(*fold))
        }
        Test::StartsWith { text, fold } => format!("starts with {}{}", quoted(text), cased(*fold)),
        Test::EndsWith { text, fold } => format!("ends with {}{}", quoted(text), cased(*fold)),
        Test::Contains { text, fold } => format!("contains {}{}", quoted(text), cased(*fold)),
        Test::Glob { pieces, fold } => format!("is like {}{}", quoted(&glob(pieces)), cased(*fold)),
        Test::Regex { source, .. } => format!("matches /{}/", short(source, VALUE_CHARS_MAX)),
        Test::Network { address, length } => format!("is in {address}/{length}"),
        Test::NetworkHolding { address, length } => format!("holds {address}/{length}"),
        Test::Number { order, number } => format!("{} {}", sign(*order), of_number(*number)),
        Test::Ordered { order, text } => format!("{} {}", sign(*order), quoted(text)),
        Test::Time { order, time } => format!("{} {time}", sign(*order)),
        Test::Boolean(truth) => format!("is {truth}"),
        Test::Null => "is null".to_owned(),
        Test::Exists => "is there".to_owned(),
        Test::Other {
            field,
            relation,
            fold,
        } => {
            let relation = match relation {
                Relation::Equals => "is the value of",
                Relation::StartsWith => "starts with the value of",
                Relation::EndsWith => "ends with the value of",
                Relation::Contains => "contains the value of",
            };
            format!("{relation} {}{}", short(field, VALUE_CHARS_MAX), cased(*fold))
        }
        Test::TimePart { part, order, number } => format!("{} {} {number}", of_part(*part), sign(*order)),
    }
}

fn glob(pieces: &[Piece]) -> String {
    let piece = |piece: &Piece| match piece {
        Piece::Literal(text) => text.clone(),
        Piece::AnyRun => "*".to_owned(),
        Piece::AnyOne => "?".to_owned(),
    };
    pieces.iter().map(piece).collect()
}

fn of_number(number: Number) -> String {
    match number {
        Number::Integer(integer) => integer.to_string(),
        Number::Float(float) => float.to_string(),
    }
}

fn sign(order: Order) -> &'static str {
    match order {
        Order::Equal => "=",
        Order::Less => "<",
        Order::LessOrEqual => "<=",
        Order::Greater => ">",
        Order::GreaterOrEqual => ">=",
    }
}

fn of_part(part: TimePart) -> &'static str {
    match part {
        TimePart::Minute => "minute",
        TimePart::Hour => "hour",
        TimePart::Day => "day",
        TimePart::Week => "week",
        TimePart::Month => "month",
        TimePart::Year => "year",
    }
}
