//! Sigma's expressions as conditions.

use super::language::{
    Atom, Condition, Number, Order, Piece, Polarity, Reading, Relation, Test, TimePart, Which,
};
use entente_sigma::search::{Expression, Item, Linking};
use entente_sigma::test::{self, Comparison, Pattern, Position, Token};

/// The condition that a rule's expression is.
///
/// A missing field and null are the same to Sigma's `null`; to every other test a null is a value that fails, and
/// `neq` fails where there is no value to differ. Keywords are looked for anywhere inside of every value, numbers
/// included.
///
/// # Errors
/// What it holds that cannot be evaluated, for people: a placeholder that nobody filled, a query in the language of
/// another engine.
pub fn from_sigma(expression: &Expression) -> Result<Condition, String> {
    Ok(match expression {
        Expression::True => Condition::True,
        Expression::False => Condition::False,
        Expression::Not(inner) => Condition::Not(Box::new(from_sigma(inner)?)),
        Expression::And(parts) => Condition::All(all(parts)?),
        Expression::Or(parts) => Condition::Any(all(parts)?),
        Expression::Item(item) => of_item(item)?,
    })
}

fn all(parts: &[Expression]) -> Result<Vec<Condition>, String> {
    parts.iter().map(from_sigma).collect()
}

fn of_item(item: &Item) -> Result<Condition, String> {
    let field = match &item.field {
        Some(name) => Which::Field(name.clone()),
        None => Which::Every,
    };
    let tests: Vec<Condition> = item
        .tests
        .iter()
        .map(|test| of_test(&field, test))
        .collect::<Result<_, String>>()?;
    let linked = match item.linking {
        Linking::Any => Condition::Any(tests),
        Linking::All => Condition::All(tests),
    };
    if !item.negated {
        return Ok(linked);
    }
    let has_value = Test::Glob {
        pieces: vec![Piece::AnyRun],
        fold: false,
    };
    Ok(Condition::All(vec![
        atom(&field, has_value),
        Condition::Not(Box::new(linked)),
    ]))
}

fn atom(field: &Which, test: Test) -> Condition {
    Condition::Atom(Atom {
        field: field.clone(),
        test,
        reading: Reading::Loose,
        polarity: Polarity::Passes,
    })
}

fn of_test(field: &Which, test: &test::Test) -> Result<Condition, String> {
    let is_keyword = *field == Which::Every;
    Ok(match test {
        test::Test::Text(pattern) => atom(field, of_pattern(pattern, is_keyword)?),
        test::Test::Number(number) if is_keyword => atom(
            field,
            Test::Contains {
                text: number.to_string(),
                fold: true,
            },
        ),
        test::Test::Number(number) => atom(
            field,
            Test::Number {
                order: Order::Equal,
                number: of_number(*number)?,
            },
        ),
        test::Test::Compare(comparison, number) => {
            let number = of_number(*number)?;
            ordered(*comparison, |order| atom(field, Test::Number { order, number }))
        }
        test::Test::TimePart {
            part,
            comparison,
            number,
        } => {
            let (part, number) = (of_part(*part), *number);
            ordered(*comparison, |order| {
                atom(field, Test::TimePart { part, order, number })
            })
        }
        test::Test::Regex(regex) => {
            if let Some(name) = regex.unfilled.first() {
                return Err(unfilled(name));
            }
            let (ignore_case, multi_line, dot_all) = (regex.insensitive, regex.multiline, regex.dotall);
            atom(
                field,
                Test::Regex {
                    source: regex.source.clone(),
                    ignore_case,
                    multi_line,
                    dot_all,
                },
            )
        }
        test::Test::Cidr(cidr) => atom(
            field,
            Test::Network {
                address: cidr.address,
                length: cidr.prefix,
            },
        ),
        test::Test::Boolean(truth) => atom(field, Test::Boolean(*truth)),
        test::Test::Null => Condition::Any(vec![
            Condition::Not(Box::new(atom(field, Test::Exists))),
            atom(field, Test::Null),
        ]),
        test::Test::Exists(true) => atom(field, Test::Exists),
        test::Test::Exists(false) => Condition::Not(Box::new(atom(field, Test::Exists))),
        test::Test::FieldRef(other) => {
            let relation = match other.position {
                Position::Whole => Relation::Equals,
                Position::Start => Relation::StartsWith,
                Position::End => Relation::EndsWith,
                Position::Anywhere => Relation::Contains,
            };
            atom(
                field,
                Test::Other {
                    field: other.field.clone(),
                    relation,
                    fold: !other.cased,
                },
            )
        }
        test::Test::Any(tests) => {
            let each: Result<Vec<Condition>, String> =
                tests.iter().map(|test| of_test(field, test)).collect();
            Condition::Any(each?)
        }
        test::Test::Query(_) => return Err("a query in the language of another engine".into()),
    })
}

fn unfilled(name: &str) -> String {
    format!("the placeholder `%{name}%` is not filled")
}

fn of_number(number: test::Number) -> Result<Number, String> {
    match number {
        test::Number::Integer(integer) => Ok(Number::Integer(integer)),
        test::Number::Float(float) => {
            Number::from_float(float).ok_or_else(|| format!("`{float}` is no number"))
        }
    }
}

/// What is not equal is less or greater: a value that is no number is neither.
fn ordered(comparison: Comparison, atom: impl Fn(Order) -> Condition) -> Condition {
    match comparison {
        Comparison::Equal => atom(Order::Equal),
        Comparison::Less => atom(Order::Less),
        Comparison::LessOrEqual => atom(Order::LessOrEqual),
        Comparison::Greater => atom(Order::Greater),
        Comparison::GreaterOrEqual => atom(Order::GreaterOrEqual),
        Comparison::NotEqual => Condition::Any(vec![atom(Order::Less), atom(Order::Greater)]),
    }
}

fn of_part(part: test::TimePart) -> TimePart {
    match part {
        test::TimePart::Minute => TimePart::Minute,
        test::TimePart::Hour => TimePart::Hour,
        test::TimePart::Day => TimePart::Day,
        test::TimePart::Week => TimePart::Week,
        test::TimePart::Month => TimePart::Month,
        test::TimePart::Year => TimePart::Year,
    }
}

fn of_pattern(pattern: &Pattern, is_keyword: bool) -> Result<Test, String> {
    let fold = !pattern.cased;
    let mut pieces = Vec::with_capacity(pattern.tokens.len() + 2);
    for token in &pattern.tokens {
        pieces.push(match token {
            Token::Literal(text) => Piece::Literal(text.clone()),
            Token::Run => Piece::AnyRun,
            Token::One => Piece::AnyOne,
            Token::Placeholder(name) => return Err(unfilled(name)),
        });
    }
    if is_keyword {
        pieces.insert(0, Piece::AnyRun);
        pieces.push(Piece::AnyRun);
        pieces.dedup_by(|a, b| *a == Piece::AnyRun && *b == Piece::AnyRun);
    }
    Ok(Test::of_pieces(pieces, fold))
}
