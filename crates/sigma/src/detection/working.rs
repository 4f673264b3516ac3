//! A value on its way through its modifiers.
//!
//! Modifiers are applied in the order they are written (Sigma 2.1 rules, "Value Modifiers"); each takes the kinds
//! of values that it has a meaning for and refuses the others. Begin at [`Working::apply`].

use super::encode;
use super::modifier::{Modifier, Utf16};
use super::regex;
use crate::error::Reason;
use crate::limits;
use crate::pattern::placeholders;
use crate::test::{Cidr, Comparison, FieldRef, Number, Pattern, Position, Regex, Test, TimePart, Token};
use crate::yaml::{Node, Value};

/// A value that some of its modifiers have seen.
#[derive(Debug, Clone)]
pub(super) enum Working {
    /// A text as written, and nothing done to it; of a number, how it was written.
    Raw(String, Option<Number>),
    Text {
        pattern: Pattern,
        /// `windash` with so many dashes that they stay one pattern and end as a regular expression.
        dashed: bool,
    },
    Bytes(Vec<Piece>),
    Regex(Regex),
    Cidr(Cidr),
    Compare(Comparison, Number),
    Time(TimePart, Comparison, i64),
    FieldRef(FieldRef),
    Boolean(bool),
    Exists(bool),
    Null,
    Many(Vec<Working>),
}

/// A part of a text in an encoding that is not text.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Piece {
    Bytes(Vec<u8>),
    Wildcard(Token),
}

impl Working {
    pub(super) fn new(node: &Node) -> Result<Self, Reason> {
        Ok(match &node.value {
            Value::Null => Self::Null,
            Value::Boolean(value) => Self::Boolean(*value),
            Value::Number(number, written) => Self::Raw(written.clone(), Some(*number)),
            Value::Text(text) => Self::Raw(text.clone(), None),
            Value::List(_) | Value::Map(_) => {
                let found = node.kind();
                return Err(Reason::wrong("value", "a text, number, boolean or null", found));
            }
        })
    }

    /// How many spellings there are, and their bytes.
    pub(super) fn weight(&self) -> (usize, usize) {
        let tokens = |tokens: &[Token]| {
            let bytes = tokens.iter().map(|token| match token {
                Token::Literal(text) | Token::Placeholder(text) => text.len(),
                Token::Run | Token::One => 1,
            });
            bytes.sum()
        };
        let bytes = match self {
            Self::Many(many) => {
                return many
                    .iter()
                    .map(Self::weight)
                    .fold((0, 0), |sum, one| (sum.0 + one.0, sum.1 + one.1));
            }
            Self::Text { pattern, .. } => tokens(&pattern.tokens),
            Self::Bytes(pieces) => pieces
                .iter()
                .map(|piece| match piece {
                    Piece::Bytes(bytes) => bytes.len(),
                    Piece::Wildcard(_) => 1,
                })
                .sum(),
            _ => 0,
        };
        (1, bytes)
    }

    /// Applies one modifier of a value, `seen` being those before it.
    pub(super) fn apply(self, modifier: Modifier, seen: &[Modifier]) -> Result<Self, Reason> {
        if let Self::Many(many) = self {
            let each = many.into_iter().map(|one| one.apply(modifier, seen));
            return each.collect::<Result<_, _>>().map(Self::Many);
        }
        let alone = matches!(modifier, Modifier::Regex | Modifier::Cidr | Modifier::Exists);
        if alone
            && seen
                .iter()
                .any(|other| !matches!(other, Modifier::All | Modifier::Negated))
        {
            return Err(Reason::modifier(modifier.name(), "must be the first one"));
        }
        match modifier {
            Modifier::All | Modifier::Negated => Ok(self),
            Modifier::Contains => self.placed(modifier, Position::Anywhere),
            Modifier::StartsWith => self.placed(modifier, Position::Start),
            Modifier::EndsWith => self.placed(modifier, Position::End),
            Modifier::Cased => self.cased(),
            Modifier::Windash => self.windash(),
            Modifier::Regex => self.regex(),
            Modifier::Insensitive => self.flag(modifier, |regex| regex.insensitive = true),
            Modifier::Multiline => self.flag(modifier, |regex| regex.multiline = true),
            Modifier::Dotall => self.flag(modifier, |regex| regex.dotall = true),
            Modifier::Base64 => Ok(text(encode::base64(&self.bytes(modifier)?))),
            Modifier::Base64Offset => {
                let offsets = encode::base64_offsets(&self.bytes(modifier)?);
                Ok(Self::Many(offsets.into_iter().map(text).collect()))
            }
            Modifier::Utf16(layout) => self.utf16(modifier, layout),
            Modifier::Compare(comparison) => self.compare(modifier, comparison),
            Modifier::Time(part) => self.time(modifier, part),
            Modifier::Cidr => self.cidr(),
            Modifier::Exists => self.exists(),
            Modifier::Expand => self.expand(),
            Modifier::FieldRef => self.fieldref(),
        }
    }

    /// The test that is left when all modifiers are applied.
    pub(super) fn finish(self, keyword: bool) -> Result<Test, Reason> {
        Ok(match self {
            Self::Raw(_, Some(number)) if !keyword => match number {
                Number::Integer(_) => Test::Number(number),
                // Beyond 64 bits the digits are exact and the number is not.
                Number::Float(_) if self.is_whole() => self.text_test(keyword)?,
                Number::Float(_) => Test::Number(number),
            },
            Self::Raw(..) | Self::Text { .. } | Self::Bytes(_) => self.text_test(keyword)?,
            Self::Regex(regex) => Test::Regex(regex),
            Self::Cidr(cidr) => Test::Cidr(cidr),
            Self::Compare(comparison, number) => Test::Compare(comparison, number),
            Self::Time(part, comparison, number) => Test::TimePart {
                part,
                comparison,
                number,
            },
            Self::FieldRef(reference) => Test::FieldRef(reference),
            Self::Boolean(value) if keyword => Self::Raw(value.to_string(), None).finish(true)?,
            Self::Boolean(value) => Test::Boolean(value),
            Self::Exists(there) => Test::Exists(there),
            Self::Null if keyword => {
                return Err(Reason::Value("`null` needs a field; a keyword is a text".into()));
            }
            Self::Null => Test::Null,
            Self::Many(many) => {
                let mut tests = Vec::new();
                for one in many {
                    match one.finish(keyword)? {
                        Test::Any(inner) => tests.extend(inner),
                        test => tests.push(test),
                    }
                }
                Test::Any(tests)
            }
        })
    }

    fn is_whole(&self) -> bool {
        matches!(self, Self::Raw(written, _) if written.bytes().all(|byte| byte.is_ascii_digit() || byte == b'-'))
    }

    /// A keyword is looked for inside of every value; other texts are whole values.
    fn text_test(self, keyword: bool) -> Result<Test, Reason> {
        let (pattern, dashed) = match self {
            Self::Text { pattern, dashed } => (pattern, dashed),
            Self::Bytes(pieces) => (encode::text_of(&pieces)?, false),
            Self::Raw(written, _) if keyword => (Pattern::parse(&written).open_start().open_end(), false),
            Self::Raw(written, _) => (Pattern::parse(&written), false),
            _ => return Err(Reason::Value("is not a text".into())),
        };
        if dashed {
            let (source, insensitive) = (pattern.dashed_regex(), !pattern.cased);
            return Ok(Test::Regex(Regex {
                source,
                insensitive,
                dotall: true,
                ..Regex::default()
            }));
        }
        Ok(Test::Text(pattern))
    }

    /// A text to be changed as one; numbers count by how they are written.
    fn into_text(self, modifier: Modifier) -> Result<(Pattern, bool), Reason> {
        match self {
            Self::Raw(written, _) => Ok((Pattern::parse(&written), false)),
            Self::Text { pattern, dashed } => Ok((pattern, dashed)),
            Self::Bytes(pieces) => Ok((encode::text_of(&pieces)?, false)),
            other => Err(other.unfit(modifier, "a text")),
        }
    }

    fn placed(self, modifier: Modifier, position: Position) -> Result<Self, Reason> {
        match self {
            Self::Regex(regex) => Ok(Self::Regex(regex::placed(regex, position))),
            Self::FieldRef(mut reference) => {
                reference.position = match (reference.position, position) {
                    (Position::Start, Position::End) | (Position::End, Position::Start) => Position::Anywhere,
                    _ => position,
                };
                Ok(Self::FieldRef(reference))
            }
            Self::Bytes(mut pieces) => {
                if position != Position::Start {
                    pieces.insert(0, Piece::Wildcard(Token::Run));
                }
                if position != Position::End {
                    pieces.push(Piece::Wildcard(Token::Run));
                }
                Ok(Self::Bytes(pieces))
            }
            other => {
                let (mut pattern, dashed) = other.into_text(modifier)?;
                if position != Position::Start {
                    pattern = pattern.open_start();
                }
                if position != Position::End {
                    pattern = pattern.open_end();
                }
                Ok(Self::Text { pattern, dashed })
            }
        }
    }

    fn cased(self) -> Result<Self, Reason> {
        match self {
            Self::FieldRef(reference) => Ok(Self::FieldRef(FieldRef {
                cased: true,
                ..reference
            })),
            Self::Regex(_) => {
                let why = "has no meaning after `re`: expressions are case-sensitive unless `i` follows";
                Err(Reason::modifier("cased", why))
            }
            other => {
                let (mut pattern, dashed) = other.into_text(Modifier::Cased)?;
                pattern.cased = true;
                Ok(Self::Text { pattern, dashed })
            }
        }
    }

    fn windash(self) -> Result<Self, Reason> {
        let (pattern, dashed) = self.into_text(Modifier::Windash)?;
        let dashes = pattern.dashes();
        let spellings = crate::pattern::DASHES
            .len()
            .saturating_pow(u32::try_from(dashes).unwrap_or(u32::MAX));
        let (_, bytes) = Self::Text {
            pattern: pattern.clone(),
            dashed,
        }
        .weight();
        let too_long = spellings.saturating_mul(bytes) > limits::SPELLINGS_BYTES_MAX;
        if dashed || dashes > limits::DASHES_SPELLED_MAX || (dashes > 0 && too_long) {
            return Ok(Self::Text {
                pattern,
                dashed: true,
            });
        }
        if dashes == 0 {
            return Ok(Self::Text { pattern, dashed });
        }
        let spelled = (0..spellings).map(|choice| {
            let pattern = pattern.with_dashes(choice);
            Self::Text {
                pattern,
                dashed: false,
            }
        });
        Ok(Self::Many(spelled.collect()))
    }

    fn regex(self) -> Result<Self, Reason> {
        match self {
            Self::Raw(source, _) => {
                regex::check(&source)?;
                Ok(Self::Regex(Regex {
                    source,
                    ..Regex::default()
                }))
            }
            other => Err(other.unfit(Modifier::Regex, "a text")),
        }
    }

    fn flag(self, modifier: Modifier, set: impl FnOnce(&mut Regex)) -> Result<Self, Reason> {
        match self {
            Self::Regex(mut regex) => {
                set(&mut regex);
                Ok(Self::Regex(regex))
            }
            _ => Err(Reason::modifier(modifier.name(), "stands after `re` only")),
        }
    }

    /// The bytes that an encoding takes: UTF-8 of a text, or what an encoding before made.
    fn bytes(self, modifier: Modifier) -> Result<Vec<u8>, Reason> {
        let wildcards = || {
            let why =
                "cannot encode wildcards; put `contains` and its like behind it, and escape `*` and `?`";
            Reason::modifier(modifier.name(), why)
        };
        match self {
            Self::Bytes(pieces) => match pieces.as_slice() {
                [] => Ok(Vec::new()),
                [Piece::Bytes(bytes)] => Ok(bytes.clone()),
                _ => Err(wildcards()),
            },
            other => {
                let (pattern, dashed) = other.into_text(modifier)?;
                if dashed {
                    return Err(too_many_dashes(modifier));
                }
                let literal = pattern.as_literal().ok_or_else(wildcards)?;
                Ok(literal.as_bytes().to_vec())
            }
        }
    }

    fn utf16(self, modifier: Modifier, layout: Utf16) -> Result<Self, Reason> {
        let (pattern, dashed) = self.into_text(modifier)?;
        if dashed {
            return Err(too_many_dashes(modifier));
        }
        Ok(Self::Bytes(encode::utf16(&pattern, layout)))
    }

    fn compare(self, modifier: Modifier, comparison: Comparison) -> Result<Self, Reason> {
        match self {
            Self::Raw(_, Some(number)) => Ok(Self::Compare(comparison, number)),
            Self::Time(part, Comparison::Equal, number) => Ok(Self::Time(part, comparison, number)),
            other => Err(other.unfit(modifier, "a number, written without quotes")),
        }
    }

    fn time(self, modifier: Modifier, part: TimePart) -> Result<Self, Reason> {
        match self {
            Self::Raw(_, Some(Number::Integer(number))) => Ok(Self::Time(part, Comparison::Equal, number)),
            other => Err(other.unfit(modifier, "a whole number, before any comparison")),
        }
    }

    fn cidr(self) -> Result<Self, Reason> {
        match self {
            Self::Raw(written, None) => Cidr::parse(&written).map(Self::Cidr).ok_or_else(|| {
                Reason::wrong(
                    "cidr",
                    "a network like `10.0.0.0/8` or `fe80::/10`",
                    crate::yaml::shown(&written),
                )
            }),
            other => Err(other.unfit(Modifier::Cidr, "a network like `10.0.0.0/8`")),
        }
    }

    fn exists(self) -> Result<Self, Reason> {
        match &self {
            Self::Boolean(there) => Ok(Self::Exists(*there)),
            // What YAML 1.1 took for booleans, and rules were written for.
            Self::Raw(word, None) => match word.to_ascii_lowercase().as_str() {
                "yes" | "on" | "true" => Ok(Self::Exists(true)),
                "no" | "off" | "false" => Ok(Self::Exists(false)),
                _ => Err(self.unfit(Modifier::Exists, "`true` or `false`")),
            },
            _ => Err(self.unfit(Modifier::Exists, "`true` or `false`")),
        }
    }

    fn expand(self) -> Result<Self, Reason> {
        match self {
            Self::Regex(mut regex) => {
                regex.unfilled = placeholders(&regex.source)
                    .into_iter()
                    .filter_map(|token| match token {
                        Token::Placeholder(name) => Some(name),
                        _ => None,
                    })
                    .collect();
                Ok(Self::Regex(regex))
            }
            other => {
                let (pattern, dashed) = other.into_text(Modifier::Expand)?;
                let pattern = pattern.expand();
                Ok(Self::Text { pattern, dashed })
            }
        }
    }

    fn fieldref(self) -> Result<Self, Reason> {
        let (pattern, _) = self.into_text(Modifier::FieldRef)?;
        let (field, cased) = (pattern.as_literal(), pattern.cased);
        match field.filter(|field| !field.is_empty()) {
            Some(field) => Ok(Self::FieldRef(FieldRef {
                field: field.to_owned(),
                position: Position::Whole,
                cased,
            })),
            None => {
                let why =
                    "takes the name of a field, without wildcards; `startswith` and its like stand behind it";
                Err(Reason::modifier("fieldref", why))
            }
        }
    }

    fn unfit(&self, modifier: Modifier, expected: &str) -> Reason {
        let found = match self {
            Self::Raw(written, None) => format!("the text `{}`", crate::yaml::shown(written)),
            Self::Raw(written, Some(_)) => format!("the number `{}`", crate::yaml::shown(written)),
            Self::Text { .. } => "a changed text".to_owned(),
            Self::Bytes(_) => "an encoded text".to_owned(),
            Self::Regex(_) => "a regular expression".to_owned(),
            Self::Cidr(_) => "a network".to_owned(),
            Self::Compare(..) => "a comparison".to_owned(),
            Self::Time(..) => "a part of a time".to_owned(),
            Self::FieldRef(_) => "another field".to_owned(),
            Self::Boolean(value) => format!("the boolean `{value}`"),
            Self::Exists(_) => "a test for presence".to_owned(),
            Self::Null => "`null`".to_owned(),
            Self::Many(_) => "several values".to_owned(),
        };
        Reason::modifier(modifier.name(), format!("takes {expected}, not {found}"))
    }
}

fn text(literal: String) -> Working {
    let pattern = Pattern::literal(&literal);
    Working::Text {
        pattern,
        dashed: false,
    }
}

fn too_many_dashes(modifier: Modifier) -> Reason {
    let max = limits::DASHES_SPELLED_MAX;
    Reason::modifier(
        modifier.name(),
        format!("cannot follow `windash` on a value with more than {max} dashes and slashes"),
    )
}
