//! Conditions and the boolean conditions of correlations, from their text.

use super::{Condition, Quantity};
use crate::error::Reason;
use crate::limits;

impl Condition {
    /// Parses a condition. Operators count in any case; what a search may be called is not limited here.
    pub fn parse(text: &str) -> Result<Self, Reason> {
        if let Some((_, aggregation)) = text.split_once('|') {
            return Err(Reason::Aggregation(crate::yaml::shown(aggregation.trim())));
        }
        Parser::new(text, true)?.whole()
    }
}

/// Parses names with `and`, `or`, `not` and brackets, and nothing else: the condition of a correlation.
pub(crate) fn boolean(text: &str) -> Result<Condition, Reason> {
    Parser::new(text, false)?.whole()
}

struct Parser<'a> {
    tokens: Vec<(usize, &'a str)>,
    next: usize,
    depth: usize,
    selectors: bool,
    chars: usize,
}

impl<'a> Parser<'a> {
    fn new(text: &'a str, selectors: bool) -> Result<Self, Reason> {
        if text.len() > limits::CONDITION_BYTES_MAX {
            let (what, max) = ("bytes of a condition", limits::CONDITION_BYTES_MAX);
            return Err(Reason::TooMuch { what, max });
        }
        let chars = text.chars().count();
        Ok(Self {
            tokens: tokens(text),
            next: 0,
            depth: 0,
            selectors,
            chars,
        })
    }

    fn whole(mut self) -> Result<Condition, Reason> {
        let condition = self.or()?;
        match self.peek() {
            None => Ok(condition),
            Some(")") => Err(self.fault("this `)` closes nothing")),
            Some(token) => {
                let expected = format!(
                    "expected `and`, `or` or the end, not `{}`",
                    crate::yaml::shown(token)
                );
                Err(self.fault(expected))
            }
        }
    }

    fn or(&mut self) -> Result<Condition, Reason> {
        self.chain("or", Self::and, Condition::Or)
    }

    fn and(&mut self) -> Result<Condition, Reason> {
        self.chain("and", Self::not, Condition::And)
    }

    fn chain(
        &mut self,
        operator: &str,
        part: fn(&mut Self) -> Result<Condition, Reason>,
        many: fn(Vec<Condition>) -> Condition,
    ) -> Result<Condition, Reason> {
        let first = part(self)?;
        if !self.take(operator) {
            return Ok(first);
        }
        let mut parts = vec![first, part(self)?];
        while self.take(operator) {
            parts.push(part(self)?);
        }
        Ok(many(parts))
    }

    fn not(&mut self) -> Result<Condition, Reason> {
        if self.is("not") && !self.ends_after() {
            return self.deeper(|parser| {
                parser.next += 1;
                Ok(Condition::Not(Box::new(parser.not()?)))
            });
        }
        self.operand()
    }

    fn operand(&mut self) -> Result<Condition, Reason> {
        let Some(token) = self.peek() else {
            return Err(self.fault("it ends where a search is expected"));
        };
        match token {
            "(" => self.deeper(|parser| {
                parser.next += 1;
                let inside = parser.or()?;
                if parser.take(")") {
                    return Ok(inside);
                }
                Err(parser.fault("expected `)`"))
            }),
            ")" => Err(self.fault("expected a search, not `)`")),
            _ if ["and", "or", "not"].iter().any(|word| self.is(word)) => {
                Err(self.fault(format!("expected a search, not `{token}`")))
            }
            _ if self.selectors && self.follows("of") => self.selector(token),
            name => {
                self.next += 1;
                Ok(Condition::Search(name.to_owned()))
            }
        }
    }

    fn selector(&mut self, quantity: &str) -> Result<Condition, Reason> {
        let quantity = match quantity {
            "1" => Quantity::One,
            any if any.eq_ignore_ascii_case("any") => Quantity::One,
            all if all.eq_ignore_ascii_case("all") => Quantity::All,
            other => {
                let why = format!(
                    "expected `1 of`, `any of` or `all of`, not `{} of`",
                    crate::yaml::shown(other)
                );
                return Err(self.fault(why));
            }
        };
        self.next += 2;
        match self.peek() {
            None | Some("(" | ")") => {
                Err(self.fault("expected `them` or names of searches, like `selection_*`"))
            }
            Some(pattern) => {
                let pattern = pattern.to_owned();
                self.next += 1;
                Ok(Condition::Selector { quantity, pattern })
            }
        }
    }

    fn deeper(
        &mut self,
        inside: impl FnOnce(&mut Self) -> Result<Condition, Reason>,
    ) -> Result<Condition, Reason> {
        if self.depth >= limits::CONDITION_DEPTH_MAX {
            let max = limits::CONDITION_DEPTH_MAX;
            return Err(self.fault(format!("more than {max} brackets and `not` inside each other")));
        }
        self.depth += 1;
        let condition = inside(self)?;
        self.depth -= 1;
        Ok(condition)
    }

    fn peek(&self) -> Option<&'a str> {
        self.tokens.get(self.next).map(|(_, token)| *token)
    }

    fn is(&self, word: &str) -> bool {
        self.peek().is_some_and(|token| token.eq_ignore_ascii_case(word))
    }

    fn follows(&self, word: &str) -> bool {
        self.tokens
            .get(self.next + 1)
            .is_some_and(|(_, token)| token.eq_ignore_ascii_case(word))
    }

    fn ends_after(&self) -> bool {
        self.next + 1 >= self.tokens.len()
    }

    fn take(&mut self, word: &str) -> bool {
        let there = self.is(word);
        self.next += usize::from(there);
        there
    }

    fn fault(&self, why: impl Into<String>) -> Reason {
        let at = self.tokens.get(self.next).map_or(self.chars, |(at, _)| *at);
        Reason::Condition {
            at: at + 1,
            why: why.into(),
        }
    }
}

/// Brackets and words, each with the number of characters before it.
fn tokens(text: &str) -> Vec<(usize, &str)> {
    let mut tokens = Vec::new();
    let mut word: Option<(usize, usize)> = None;
    for (index, (byte, char)) in text.char_indices().enumerate() {
        let bracket = matches!(char, '(' | ')');
        if !bracket && !char.is_whitespace() {
            word.get_or_insert((index, byte));
            continue;
        }
        if let Some((index, begin)) = word.take() {
            tokens.extend(text.get(begin..byte).map(|word| (index, word)));
        }
        if bracket {
            tokens.extend(text.get(byte..byte + 1).map(|bracket| (index, bracket)));
        }
    }
    if let Some((index, begin)) = word {
        tokens.extend(text.get(begin..).map(|word| (index, word)));
    }
    tokens
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(condition: &Condition) -> String {
        let joined = |parts: &[Condition], word: &str| {
            let parts: Vec<_> = parts.iter().map(shown).collect();
            format!("({})", parts.join(word))
        };
        match condition {
            Condition::Search(name) => name.clone(),
            Condition::Selector {
                quantity: Quantity::One,
                pattern,
            } => format!("1:{pattern}"),
            Condition::Selector {
                quantity: Quantity::All,
                pattern,
            } => format!("all:{pattern}"),
            Condition::Not(inside) => format!("!{}", shown(inside)),
            Condition::And(parts) => joined(parts, "&"),
            Condition::Or(parts) => joined(parts, "|"),
        }
    }

    #[test]
    fn not_binds_closer_than_and_and_closer_than_or() {
        for (text, expected) in [
            ("a", "a"),
            ("a or b and not c", "(a|(b&!c))"),
            ("not a and b", "(!a&b)"),
            ("not (a or b) and c", "(!(a|b)&c)"),
            ("a and b and c or d", "((a&b&c)|d)"),
            ("all of sel* and not 1 of filter_*", "(all:sel*&!1:filter_*)"),
            ("any of them", "1:them"),
            ("1 of (", "!"),
            ("a-b.c AND not  not b", "(a-b.c&!!b)"),
        ] {
            let read = Condition::parse(text).as_ref().map_or("!".to_owned(), shown);
            assert_eq!(read, expected, "{text}");
        }
    }

    #[test]
    fn faults_say_where_and_what_was_expected() {
        for (text, expected) in [
            ("", "condition, character 1: it ends where a search is expected"),
            (
                "a and",
                "condition, character 6: it ends where a search is expected",
            ),
            (
                "a b",
                "condition, character 3: expected `and`, `or` or the end, not `b`",
            ),
            (
                "a and and b",
                "condition, character 7: expected a search, not `and`",
            ),
            ("(a", "condition, character 3: expected `)`"),
            ("a)", "condition, character 2: this `)` closes nothing"),
            (
                "2 of them",
                "condition, character 1: expected `1 of`, `any of` or `all of`, not `2 of`",
            ),
        ] {
            assert_eq!(
                Condition::parse(text).unwrap_err().to_string(),
                expected,
                "{text}"
            );
        }
    }

    #[test]
    fn aggregations_are_named() {
        let fault = Condition::parse("sel | count() by User > 5").unwrap_err();
        assert_eq!(fault, Reason::Aggregation("count() by User > 5".into()));
    }

    #[test]
    fn deep_brackets_are_refused_at_once() {
        let fault = Condition::parse(&"(".repeat(60_000)).unwrap_err();
        assert!(matches!(fault, Reason::Condition { at: 65, .. }), "{fault}");
        let fault = Condition::parse(&"not ".repeat(10_000)).unwrap_err();
        assert!(matches!(fault, Reason::Condition { .. }), "{fault}");
    }
}
