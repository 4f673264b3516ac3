//! Values, changed by pipelines.

use super::transform::{Case, Transformation};
use crate::rule::Logsource;
use crate::search::{Item, Search};
use crate::test::{Number, Pattern, Regex, Test, Token};

/// One test alone, or any of several.
pub(super) fn one_or_any(mut tests: Vec<Test>) -> Test {
    if tests.len() == 1 {
        return tests.swap_remove(0);
    }
    let flat = tests.into_iter().flat_map(|test| match test {
        Test::Any(inside) => inside,
        test => vec![test],
    });
    Test::Any(flat.collect())
}

/// A test after a transformation of values; what it does not apply to stays.
pub(super) fn changed(transformation: &Transformation, test: Test) -> Result<Test, String> {
    if let Test::Any(tests) = test {
        let each = tests.into_iter().map(|test| changed(transformation, test));
        return Ok(one_or_any(each.collect::<Result<_, _>>()?));
    }
    Ok(match (transformation, test) {
        (Transformation::SetValue(value), _) => value.clone(),
        (Transformation::MapString(mapping), Test::Text(pattern)) => {
            let plain = pattern.plain();
            match mapping.iter().find(|(from, _)| *from == plain) {
                Some((_, to)) => {
                    let cased = pattern.cased;
                    let each = to.iter().map(|to| {
                        Test::Text(Pattern {
                            cased,
                            ..Pattern::parse(to)
                        })
                    });
                    one_or_any(each.collect())
                }
                None => Test::Text(pattern),
            }
        }
        (Transformation::ReplaceString { .. }, Test::Number(number)) => {
            replaced(transformation, &Pattern::literal(&number.to_string()))
        }
        (Transformation::ReplaceString { .. }, Test::Text(pattern)) => replaced(transformation, &pattern),
        (Transformation::ToRegex { insensitive }, Test::Text(pattern)) => to_regex(pattern, *insensitive)?,
        (Transformation::ToText, Test::Number(number)) => Test::Text(Pattern::literal(&number.to_string())),
        (Transformation::ToText, Test::Boolean(value)) => Test::Text(Pattern::literal(&value.to_string())),
        (Transformation::ToNumber, Test::Text(pattern)) => {
            let number = pattern.as_literal().and_then(crate::yaml::number);
            Test::Number(
                number.ok_or_else(|| format!("`{}` is no number", crate::yaml::shown(&pattern.plain())))?,
            )
        }
        (Transformation::Case(case), Test::Text(pattern)) => Test::Text(recased(&pattern, *case)),
        (_, test) => test,
    })
}

fn recased(pattern: &Pattern, case: Case) -> Pattern {
    pattern.rebuilt(|text, made| made.push(Token::Literal(case.of(text))))
}

fn replaced(transformation: &Transformation, pattern: &Pattern) -> Test {
    let Transformation::ReplaceString {
        pattern: wanted,
        replacement,
        literals_only,
        interpreted,
    } = transformation
    else {
        return Test::Text(pattern.clone());
    };
    let replace = |text: &str| wanted.replace_all(text, replacement.as_str()).into_owned();
    let cased = pattern.cased;
    if *literals_only {
        return Test::Text(pattern.rebuilt(|text, made| {
            let text = replace(text);
            match interpreted {
                true => Pattern::parse(&text)
                    .tokens
                    .into_iter()
                    .for_each(|token| made.push(token)),
                false => made.push(Token::Literal(text)),
            }
        }));
    }
    let had_placeholders = pattern.placeholder().is_some();
    let parsed = Pattern::from_plain(&replace(&pattern.plain()));
    let parsed = if had_placeholders { parsed.expand() } else { parsed };
    Test::Text(Pattern { cased, ..parsed })
}

fn to_regex(pattern: Pattern, insensitive: bool) -> Result<Test, String> {
    if let Some(name) = pattern.placeholder() {
        return Err(format!(
            "the placeholder `%{name}%` cannot become a regular expression; fill it first"
        ));
    }
    if pattern.tokens.is_empty() {
        return Ok(Test::Text(pattern));
    }
    let source = format!(r"\A{}\z", pattern.inner_regex());
    Ok(Test::Regex(Regex {
        source,
        insensitive,
        dotall: true,
        ..Regex::default()
    }))
}

/// An item `Hashes: [MD5=…, SHA1=…]` as one item for each algorithm.
pub(super) fn hashes(item: Item, algorithms: &[String], prefix: &str, bare: bool) -> Result<Search, String> {
    let mut found: Vec<(String, Vec<Test>)> = Vec::new();
    for test in &item.tests {
        let Test::Text(pattern) = test else {
            return Ok(Search::Item(item));
        };
        let plain = pattern.plain();
        let Some((algorithm, digest)) = algorithm_of(plain.trim_matches('*')) else {
            continue;
        };
        if !algorithms
            .iter()
            .any(|known| known.eq_ignore_ascii_case(&algorithm))
        {
            continue;
        }
        let field = format!("{prefix}{}", if bare { "" } else { &algorithm });
        let test = Test::Text(Pattern::literal(digest));
        match found.iter_mut().find(|(other, _)| *other == field) {
            Some((_, tests)) => tests.push(test),
            None => found.push((field, vec![test])),
        }
    }
    if found.is_empty() {
        return Err(format!(
            "no hash of `{}` is one of {}",
            item.field.as_deref().unwrap_or_default(),
            algorithms.join(", ")
        ));
    }
    let each = found.into_iter().map(|(field, tests)| {
        Search::Item(Item {
            field: Some(field),
            tests,
            ..item.clone()
        })
    });
    Ok(Search::any(each.collect()))
}

/// The algorithm by name, or by the length of the digest.
fn algorithm_of(value: &str) -> Option<(String, &str)> {
    if let Some((algorithm, digest)) = value.split_once(['=', '|']) {
        return Some((algorithm.to_uppercase(), digest));
    }
    let algorithm = match value.len() {
        32 => "MD5",
        40 => "SHA1",
        64 => "SHA256",
        128 => "SHA512",
        _ => return None,
    };
    Some((algorithm.to_owned(), value))
}

/// `$category`, `$product` and `$service` in the literals of added conditions.
pub(super) fn templated(search: &Search, logsource: &Logsource) -> Search {
    let fill = |text: &str| {
        let parts = [
            ("category", &logsource.category),
            ("product", &logsource.product),
            ("service", &logsource.service),
        ];
        parts.into_iter().fold(text.to_owned(), |text, (name, value)| {
            let value = value.as_deref().unwrap_or_default();
            text.replace(&format!("${{{name}}}"), value)
                .replace(&format!("${name}"), value)
        })
    };
    let all = |searches: &[Search]| {
        searches
            .iter()
            .map(|search| templated(search, logsource))
            .collect()
    };
    match search {
        Search::All(inside) => Search::All(all(inside)),
        Search::Any(inside) => Search::Any(all(inside)),
        Search::Dropped => Search::Dropped,
        Search::Item(item) => {
            let tests = item.tests.iter().map(|test| match test {
                Test::Text(pattern) => {
                    Test::Text(pattern.rebuilt(|text, made| made.push(Token::Literal(fill(text)))))
                }
                test => test.clone(),
            });
            Search::Item(Item {
                tests: tests.collect(),
                ..item.clone()
            })
        }
    }
}

impl Pattern {
    /// The pattern in one line: wildcards as such, literal `*` and `?` escaped, other backslashes alone.
    pub(crate) fn plain(&self) -> String {
        let mut plain = String::new();
        for token in &self.tokens {
            match token {
                Token::Literal(text) => {
                    for char in text.chars() {
                        if matches!(char, '*' | '?') {
                            plain.push('\\');
                        }
                        plain.push(char);
                    }
                }
                Token::Run => plain.push('*'),
                Token::One => plain.push('?'),
                Token::Placeholder(name) => plain.push_str(&format!("%{name}%")),
            }
        }
        plain
    }

    /// Reads what [`Pattern::plain`] wrote: a backslash is itself unless `*` or `?` follows.
    pub(crate) fn from_plain(plain: &str) -> Self {
        let mut written = String::with_capacity(plain.len());
        let mut chars = plain.chars().peekable();
        while let Some(char) = chars.next() {
            written.push(char);
            if char == '\\' && !matches!(chars.peek(), Some('*' | '?')) {
                written.push('\\');
            }
        }
        Self::parse(&written)
    }

    /// A regular expression of it without anchors, to be used with `s`.
    pub(crate) fn inner_regex(&self) -> String {
        let piece = |token: &Token| match token {
            Token::Literal(text) => regex_syntax::escape(text),
            Token::Run => ".*".to_owned(),
            Token::One => ".".to_owned(),
            Token::Placeholder(name) => format!("%{name}%"),
        };
        self.tokens.iter().map(piece).collect()
    }
}

/// What a value written in a pipeline tests for.
pub(super) fn test_of(node: &crate::yaml::Node) -> Option<Test> {
    use crate::yaml::Value;
    Some(match &node.value {
        Value::Null => Test::Null,
        Value::Boolean(value) => Test::Boolean(*value),
        Value::Number(number, _) => Test::Number(*number),
        Value::Text(text) => Test::Text(Pattern::parse(text)),
        Value::List(_) | Value::Map(_) => return None,
    })
}

/// A value with its type forced.
pub(super) fn forced(node: &crate::yaml::Node, to: &str) -> Option<Test> {
    let written = node.scalar()?;
    match to {
        "str" => Some(Test::Text(Pattern::parse(&written))),
        "num" => crate::yaml::number(&written).map(|number: Number| Test::Number(number)),
        _ => None,
    }
}
