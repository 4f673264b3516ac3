//! Comparisons in words, for whoever asks why a rule matched.

use super::language::{Atom, Number, Order, Piece, Polarity, Relation, Test, TimePart, Which};
use std::fmt;

/// Most texts of a list that are written out.
const SHOWN_TEXTS_MAX: usize = 8;

impl fmt::Display for Atom {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.field {
            Which::Field(name) => write!(f, "{name} ")?,
            Which::Every => f.write_str("some value ")?,
        }
        match self.polarity {
            Polarity::Passes => self.test.fmt(f),
            Polarity::Differs | Polarity::Fails => write!(f, "is not one that {}", self.test),
        }
    }
}

impl fmt::Display for Test {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Test::Equals { text, fold } => write!(f, "is '{text}'{}", cased(*fold)),
            Test::OneOf { texts, fold } => {
                f.write_str("is one of ")?;
                for (place, text) in texts.iter().take(SHOWN_TEXTS_MAX).enumerate() {
                    write!(f, "{}'{text}'", if place == 0 { "" } else { ", " })?;
                }
                match texts.len().checked_sub(SHOWN_TEXTS_MAX) {
                    Some(more @ 1..) => write!(f, " and {more} more{}", cased(*fold)),
                    _ => f.write_str(cased(*fold)),
                }
            }
            Test::StartsWith { text, fold } => write!(f, "starts with '{text}'{}", cased(*fold)),
            Test::EndsWith { text, fold } => write!(f, "ends with '{text}'{}", cased(*fold)),
            Test::Contains { text, fold } => write!(f, "contains '{text}'{}", cased(*fold)),
            Test::Glob { pieces, fold } => {
                f.write_str("is like '")?;
                pieces.iter().try_for_each(|piece| piece.fmt(f))?;
                write!(f, "'{}", cased(*fold))
            }
            Test::Regex {
                source,
                ignore_case,
                multi_line,
                dot_all,
            } => {
                write!(f, "matches /{source}/")?;
                let flags = [(*ignore_case, "i"), (*multi_line, "m"), (*dot_all, "s")];
                let given = flags.iter().filter(|(given, _)| *given);
                given.map(|(_, flag)| flag).try_for_each(|flag| f.write_str(flag))
            }
            Test::Network { address, length } => write!(f, "is in {address}/{length}"),
            Test::NetworkHolding { address, length } => write!(f, "holds {address}/{length}"),
            Test::Number { order, number } => write!(f, "{order} {number}"),
            Test::Ordered { order, text } => write!(f, "{order} '{text}'"),
            Test::Time { order, time } => write!(f, "{order} {time}"),
            Test::Boolean(truth) => write!(f, "is {truth}"),
            Test::Null => f.write_str("is null"),
            Test::Exists => f.write_str("is there"),
            Test::Other {
                field,
                relation,
                fold,
            } => write!(f, "{relation} the field {field}{}", cased(*fold)),
            Test::TimePart { part, order, number } => write!(f, "has {part} {order} {number}"),
        }
    }
}

fn cased(fold: bool) -> &'static str {
    if fold { "" } else { " in this case" }
}

impl fmt::Display for Piece {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Piece::Literal(text) => f.write_str(text),
            Piece::AnyRun => f.write_str("*"),
            Piece::AnyOne => f.write_str("?"),
        }
    }
}

impl fmt::Display for Number {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Number::Integer(number) => number.fmt(f),
            Number::Float(number) => number.fmt(f),
        }
    }
}

impl fmt::Display for Order {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Order::Equal => "=",
            Order::Less => "<",
            Order::LessOrEqual => "<=",
            Order::Greater => ">",
            Order::GreaterOrEqual => ">=",
        })
    }
}

impl fmt::Display for Relation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Relation::Equals => "is",
            Relation::StartsWith => "starts with",
            Relation::EndsWith => "ends with",
            Relation::Contains => "contains",
        })
    }
}

impl fmt::Display for TimePart {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            TimePart::Minute => "minute",
            TimePart::Hour => "hour",
            TimePart::Day => "day",
            TimePart::Week => "week",
            TimePart::Month => "month",
            TimePart::Year => "year",
        })
    }
}
