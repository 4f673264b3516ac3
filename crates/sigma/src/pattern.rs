//! Texts with wildcards: how they are written, and how they are put together.

use crate::test::{Pattern, Token};

/// The characters that `windash` takes for each other (modifiers appendix 2.1.0).
pub(crate) const DASHES: [char; 5] = ['-', '/', '\u{2013}', '\u{2014}', '\u{2015}'];

impl Pattern {
    /// Reads a value as it is written: `*` and `?` are wildcards, and `\` is itself unless it stands before one of
    /// them or before another `\` (Sigma 2.1 rules, "Escaping").
    pub fn parse(written: &str) -> Self {
        let mut pattern = Self::default();
        let mut chars = written.chars().peekable();
        while let Some(char) = chars.next() {
            match char {
                '*' => pattern.push(Token::Run),
                '?' => pattern.push(Token::One),
                '\\' => {
                    let escaped = chars.next_if(|next| matches!(next, '*' | '?' | '\\'));
                    pattern.push_char(escaped.unwrap_or('\\'));
                }
                other => pattern.push_char(other),
            }
        }
        pattern
    }

    /// This text and nothing else.
    pub fn literal(text: &str) -> Self {
        let mut pattern = Self::default();
        pattern.push(Token::Literal(text.to_owned()));
        pattern
    }

    /// Adds a token at the end and keeps the form that [`Pattern::tokens`] promises.
    pub fn push(&mut self, token: Token) {
        match (token, self.tokens.last_mut()) {
            (Token::Literal(text), _) if text.is_empty() => {}
            (Token::Literal(text), Some(Token::Literal(last))) => last.push_str(&text),
            (Token::Run, Some(Token::Run)) => {}
            (token, _) => self.tokens.push(token),
        }
    }

    fn push_char(&mut self, char: char) {
        match self.tokens.last_mut() {
            Some(Token::Literal(last)) => last.push(char),
            _ => self.tokens.push(Token::Literal(char.to_string())),
        }
    }

    /// Anything may stand before it.
    pub fn open_start(mut self) -> Self {
        if self.tokens.first() != Some(&Token::Run) {
            self.tokens.insert(0, Token::Run);
        }
        self
    }

    /// Anything may stand behind it.
    pub fn open_end(mut self) -> Self {
        self.push(Token::Run);
        self
    }

    /// The text, if it has neither wildcards nor placeholders.
    pub fn as_literal(&self) -> Option<&str> {
        match self.tokens.as_slice() {
            [] => Some(""),
            [Token::Literal(text)] => Some(text),
            _ => None,
        }
    }

    /// The first placeholder that is still to be filled.
    pub fn placeholder(&self) -> Option<&str> {
        self.tokens.iter().find_map(|token| match token {
            Token::Placeholder(name) => Some(name.as_str()),
            _ => None,
        })
    }

    /// `%name%` becomes a placeholder; `\%` is a percent sign (Sigma 2.1 rules, "Placeholders").
    pub(crate) fn expand(&self) -> Self {
        self.rebuilt(|text, made| {
            for piece in placeholders(text) {
                made.push(piece);
            }
        })
    }

    /// The same tokens, with each literal replaced by what `change` pushes.
    pub(crate) fn rebuilt(&self, mut change: impl FnMut(&str, &mut Self)) -> Self {
        let mut made = Self {
            tokens: Vec::new(),
            cased: self.cased,
        };
        for token in &self.tokens {
            match token {
                Token::Literal(text) => change(text, &mut made),
                other => made.push(other.clone()),
            }
        }
        made
    }

    /// How many of its characters `windash` changes.
    pub(crate) fn dashes(&self) -> usize {
        let count = |token: &Token| match token {
            Token::Literal(text) => marked(text).filter(|(_, is_dash)| *is_dash).count(),
            _ => 0,
        };
        self.tokens.iter().map(count).sum()
    }

    /// The pattern with its dashes replaced: the n-th by the n-th digit of `choice` in base five.
    pub(crate) fn with_dashes(&self, mut choice: usize) -> Self {
        self.rebuilt(|text, made| {
            let changed = marked(text).map(|(char, is_dash)| {
                if !is_dash {
                    return char;
                }
                let digit = choice % DASHES.len();
                choice /= DASHES.len();
                DASHES.get(digit).copied().unwrap_or(char)
            });
            made.push(Token::Literal(changed.collect()));
        })
    }

    /// A regular expression that matches what the pattern does with its dashes taken for each other, to be used with `s`
    /// and, unless the pattern is cased, `i`.
    pub(crate) fn dashed_regex(&self) -> String {
        let mut source = String::from(r"\A");
        for token in &self.tokens {
            match token {
                Token::Literal(text) => {
                    for (char, is_dash) in marked(text) {
                        if is_dash {
                            source.push_str("[-/\u{2013}\u{2014}\u{2015}]");
                        } else {
                            source.push_str(&regex_syntax::escape(char.encode_utf8(&mut [0; 4])));
                        }
                    }
                }
                Token::Run => source.push_str(".*"),
                Token::One => source.push('.'),
                Token::Placeholder(name) => source.push_str(&format!("%{name}%")),
            }
        }
        source.push_str(r"\z");
        source
    }
}

/// Each character, and whether it is a dash that `windash` changes: one that begins a word, as pySigma has it
/// (`\B[-/]\b`), and not the one in `-no-exit`.
fn marked(text: &str) -> impl Iterator<Item = (char, bool)> {
    let is_word = |char: char| char.is_alphanumeric() || char == '_';
    let mut chars = text.chars().peekable();
    let mut is_inside = false;
    std::iter::from_fn(move || {
        let char = chars.next()?;
        let begins = !is_inside && chars.peek().copied().is_some_and(is_word);
        is_inside = is_word(char);
        Some((char, begins && DASHES.contains(&char)))
    })
}

/// A text into literals and placeholders.
pub(crate) fn placeholders(text: &str) -> Vec<Token> {
    let mut pieces = Vec::new();
    let mut literal = String::new();
    let mut rest = text;
    while let Some(at) = rest.find(['%', '\\']) {
        let (before, from) = rest.split_at(at);
        literal.push_str(before);
        let (taken, name) = match from.strip_prefix("\\%") {
            Some(_) => {
                literal.push('%');
                (2, None)
            }
            None => match placeholder(from) {
                Some(name) => (name.len() + 2, Some(name)),
                None => {
                    literal.extend(from.chars().next());
                    (1, None)
                }
            },
        };
        if let Some(name) = name {
            pieces.push(Token::Literal(std::mem::take(&mut literal)));
            pieces.push(Token::Placeholder(name.to_owned()));
        }
        rest = from.get(taken..).unwrap_or_default();
    }
    literal.push_str(rest);
    pieces.push(Token::Literal(literal));
    pieces
}

/// The name in `%name%` at the beginning of a text.
fn placeholder(text: &str) -> Option<&str> {
    let inside = text.strip_prefix('%')?;
    let name = inside.get(..inside.find('%')?)?;
    let word = |char: char| char.is_alphanumeric() || char == '_';
    (!name.is_empty() && name.chars().all(word)).then_some(name)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn literal(text: &str) -> Token {
        Token::Literal(text.to_owned())
    }

    #[test]
    fn backslashes_escape_wildcards_and_themselves_only() {
        for (written, expected) in [
            (r"C:\x", vec![literal(r"C:\x")]),
            (r"C:\\x", vec![literal(r"C:\x")]),
            (r"a\*b", vec![literal("a*b")]),
            (r"a\\*b", vec![literal(r"a\"), Token::Run, literal("b")]),
            (r"a\\\*b", vec![literal(r"a\*b")]),
            (r"a\\\\b", vec![literal(r"a\\b")]),
            (r"a\\\b", vec![literal(r"a\\b")]),
            (r"a\", vec![literal(r"a\")]),
            ("**?", vec![Token::Run, Token::One]),
            ("", vec![]),
        ] {
            assert_eq!(Pattern::parse(written).tokens, expected, "{written}");
        }
    }

    #[test]
    fn placeholders_are_words_between_percents() {
        let expanded = Pattern::parse(r"\%plain%name%x%").expand();
        let expected = vec![
            literal("%plain"),
            Token::Placeholder("name".into()),
            literal("x%"),
        ];
        assert_eq!(expanded.tokens, expected);
    }

    #[test]
    fn a_dash_stands_for_each_of_five() {
        let pattern = Pattern::literal("a -b /c");
        let all: std::collections::HashSet<_> =
            (0..25).map(|choice| pattern.with_dashes(choice).tokens).collect();
        assert_eq!((pattern.dashes(), all.len()), (2, 25));
        assert!(all.contains(&vec![literal("a /b \u{2013}c")]));
        for (text, dashes) in [
            ("-test-test", 1),
            ("--no-exit", 1),
            (" - ", 0),
            ("/x:-y", 2),
            ("-", 0),
        ] {
            assert_eq!(Pattern::literal(text).dashes(), dashes, "{text}");
        }
    }
}
