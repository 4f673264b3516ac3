//! Placeholders, filled from what a pipeline knows.

use super::transform::Chosen;
use super::values::one_or_any;
use crate::error::Reason;
use crate::limits;
use crate::test::{Pattern, Regex, Test, Token};

/// The values of a placeholder; none where it has none.
type Values<'a> = &'a dyn Fn(&str) -> Option<Vec<String>>;

/// The test with its chosen placeholders replaced by their values, one test for each combination of them.
pub(super) fn filled(test: Test, chosen: &Chosen, values: Values<'_>) -> Result<Test, Reason> {
    match test {
        Test::Text(pattern) => Ok(one_or_any(
            patterns(pattern, chosen, values)?
                .into_iter()
                .map(Test::Text)
                .collect(),
        )),
        Test::Regex(regex) => Ok(one_or_any(
            regexes(regex, chosen, values)?
                .into_iter()
                .map(Test::Regex)
                .collect(),
        )),
        Test::Any(tests) => {
            let each = tests.into_iter().map(|test| filled(test, chosen, values));
            Ok(one_or_any(each.collect::<Result<_, _>>()?))
        }
        other => Ok(other),
    }
}

fn known(name: &str, values: Values<'_>) -> Result<Vec<String>, Reason> {
    values(name)
        .filter(|values| !values.is_empty())
        .ok_or_else(|| Reason::Placeholder(name.to_owned()))
}

fn bounded<T>(made: Vec<T>) -> Result<Vec<T>, Reason> {
    match made.len() > limits::FILLED_MAX {
        true => Err(Reason::TooMuch {
            what: "values that placeholders of one value stand for",
            max: limits::FILLED_MAX,
        }),
        false => Ok(made),
    }
}

fn patterns(pattern: Pattern, chosen: &Chosen, values: Values<'_>) -> Result<Vec<Pattern>, Reason> {
    let cased = pattern.cased;
    let mut made = vec![Pattern {
        tokens: Vec::new(),
        cased,
    }];
    for token in pattern.tokens {
        let fillings = match &token {
            Token::Placeholder(name) if chosen.takes(name) => known(name, values)?
                .iter()
                .map(|value| Pattern::parse(value).tokens)
                .collect(),
            _ => vec![vec![token]],
        };
        if made.len().saturating_mul(fillings.len()) > limits::FILLED_MAX {
            return bounded(vec![(); limits::FILLED_MAX + 1]).map(|_| Vec::new());
        }
        let each = made.iter().flat_map(|begun| {
            fillings.iter().map(move |filling| {
                let mut longer = begun.clone();
                filling.iter().for_each(|token| longer.push(token.clone()));
                longer
            })
        });
        made = each.collect();
    }
    Ok(made)
}

/// Values are texts with wildcards in an expression too.
fn regexes(regex: Regex, chosen: &Chosen, values: Values<'_>) -> Result<Vec<Regex>, Reason> {
    let names: Vec<String> = regex
        .unfilled
        .iter()
        .filter(|name| chosen.takes(name))
        .cloned()
        .collect();
    let mut made = vec![regex];
    for name in names {
        let fillings: Vec<String> = known(&name, values)?
            .iter()
            .map(|value| Pattern::parse(value).inner_regex())
            .collect();
        let each = made.iter().flat_map(|begun| {
            fillings.iter().map(|filling| Regex {
                source: begun.source.replace(&format!("%{name}%"), filling),
                unfilled: begun
                    .unfilled
                    .iter()
                    .filter(|other| **other != name)
                    .cloned()
                    .collect(),
                ..begun.clone()
            })
        });
        made = bounded(each.collect())?;
    }
    Ok(made)
}

/// A value that is one placeholder becomes a query in the words of another engine.
pub(super) fn query(
    test: Test,
    chosen: &Chosen,
    expression: &str,
    mapping: &[(String, String)],
    field: Option<&str>,
) -> Test {
    let name = match &test {
        Test::Text(Pattern { tokens, .. }) => match tokens.as_slice() {
            [Token::Placeholder(name)] if chosen.takes(name) => name.clone(),
            _ => return test,
        },
        _ => return test,
    };
    let id = mapping
        .iter()
        .find(|(from, _)| *from == name)
        .map_or(&name, |(_, to)| to);
    Test::Query(
        expression
            .replace("{field}", field.unwrap_or_default())
            .replace("{id}", id),
    )
}
