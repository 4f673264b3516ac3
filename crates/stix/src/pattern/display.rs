//! A tree as text, in the one spelling that the parser reads back as the same tree.

use std::fmt::{Display, Formatter, Result, Write};

use super::ast::{
    Comparison, ComparisonExpr, Constant, Instant, ObjectPath, ObservationExpr, Operator, Pattern, Qualifier,
    Step,
};
use super::lexer::Keyword;

impl Display for Pattern {
    fn fmt(&self, f: &mut Formatter<'_>) -> Result {
        self.expression.fmt(f)
    }
}

impl Display for ObservationExpr {
    fn fmt(&self, f: &mut Formatter<'_>) -> Result {
        match self {
            Self::Comparison(comparison) => write!(f, "[{comparison}]"),
            Self::And(all) => chain(f, all, " AND ", Self::binds_looser_than_and),
            Self::Or(all) => chain(f, all, " OR ", Self::binds_looser_than_or),
            Self::FollowedBy(all) => chain(f, all, " FOLLOWEDBY ", |one| matches!(one, Self::FollowedBy(_))),
            Self::Qualified { inner, qualifier } => {
                // One expression must not carry two qualifiers of a kind (§9.5.1); brackets make it two.
                let brackets = match inner.as_ref() {
                    Self::Comparison(_) => false,
                    Self::Qualified { .. } => inner.carries(qualifier),
                    _ => true,
                };
                bracketed(f, inner.as_ref(), brackets)?;
                write!(f, " {qualifier}")
            }
        }
    }
}

impl ObservationExpr {
    fn binds_looser_than_and(&self) -> bool {
        matches!(self, Self::And(_) | Self::Or(_) | Self::FollowedBy(_))
    }

    fn binds_looser_than_or(&self) -> bool {
        matches!(self, Self::Or(_) | Self::FollowedBy(_))
    }

    /// Whether a qualifier of this kind stands on it, brackets not looked into.
    pub(super) fn carries(&self, wanted: &Qualifier) -> bool {
        let mut expression = self;
        while let Self::Qualified { inner, qualifier } = expression {
            if std::mem::discriminant(qualifier) == std::mem::discriminant(wanted) {
                return true;
            }
            expression = inner;
        }
        false
    }
}

impl Display for Qualifier {
    fn fmt(&self, f: &mut Formatter<'_>) -> Result {
        match self {
            Self::Within(seconds) => write!(f, "WITHIN {seconds} SECONDS"),
            Self::Repeats(times) => write!(f, "REPEATS {times} TIMES"),
            Self::StartStop(start, stop) => write!(f, "START {start} STOP {stop}"),
        }
    }
}

impl Display for ComparisonExpr {
    fn fmt(&self, f: &mut Formatter<'_>) -> Result {
        match self {
            Self::And(all) => chain(f, all, " AND ", |one| !matches!(one, Self::Test(_))),
            Self::Or(all) => chain(f, all, " OR ", |one| matches!(one, Self::Or(_))),
            Self::Test(comparison) => comparison.fmt(f),
        }
    }
}

impl Display for Comparison {
    fn fmt(&self, f: &mut Formatter<'_>) -> Result {
        let not = if self.negated { "NOT " } else { "" };
        match self.operator {
            Operator::Exists => write!(f, "{not}EXISTS {}", self.path),
            Operator::In => {
                write!(f, "{} {not}IN (", self.path)?;
                separated(f, &self.values, ", ")?;
                f.write_char(')')
            }
            operator => {
                write!(f, "{} {not}{operator} ", self.path)?;
                separated(f, &self.values, ", ")
            }
        }
    }
}

impl Display for Operator {
    fn fmt(&self, f: &mut Formatter<'_>) -> Result {
        f.write_str(match self {
            Self::Equal => "=",
            Self::NotEqual => "!=",
            Self::Less => "<",
            Self::LessOrEqual => "<=",
            Self::Greater => ">",
            Self::GreaterOrEqual => ">=",
            Self::In => "IN",
            Self::Like => "LIKE",
            Self::Matches => "MATCHES",
            Self::IsSubset => "ISSUBSET",
            Self::IsSuperset => "ISSUPERSET",
            Self::Exists => "EXISTS",
        })
    }
}

impl Display for ObjectPath {
    fn fmt(&self, f: &mut Formatter<'_>) -> Result {
        write!(f, "{}:", self.object_type)?;
        for (position, step) in self.steps.iter().enumerate() {
            match step {
                Step::Property(name) => {
                    if position > 0 {
                        f.write_char('.')?;
                    }
                    if is_plain(name) {
                        f.write_str(name)?
                    } else {
                        quoted(f, name)?
                    }
                }
                Step::Index(index) => write!(f, "[{index}]")?,
                Step::Any => f.write_str("[*]")?,
            }
        }
        Ok(())
    }
}

impl Display for Constant {
    fn fmt(&self, f: &mut Formatter<'_>) -> Result {
        match self {
            Self::String(text) => quoted(f, text),
            Self::Integer(number) => number.fmt(f),
            // Rust writes no exponent here, and the grammar knows none; it does ask for a fraction.
            Self::Float(number) if number.fract() == 0.0 => write!(f, "{number:.1}"),
            Self::Float(number) => write!(f, "{number}"),
            Self::Boolean(value) => value.fmt(f),
            Self::Timestamp(instant) => instant.fmt(f),
            Self::Hex(bytes) => {
                f.write_str("h'")?;
                bytes.iter().try_for_each(|byte| write!(f, "{byte:02x}"))?;
                f.write_char('\'')
            }
            Self::Binary(bytes) => {
                use base64::Engine;
                write!(
                    f,
                    "b'{}'",
                    base64::engine::general_purpose::STANDARD.encode(bytes)
                )
            }
        }
    }
}

impl Display for Instant {
    fn fmt(&self, f: &mut Formatter<'_>) -> Result {
        write!(f, "t'{}'", self.text())
    }
}

fn chain<T: Display>(
    f: &mut Formatter<'_>,
    all: &[T],
    joint: &str,
    needs_brackets: impl Fn(&T) -> bool,
) -> Result {
    for (position, one) in all.iter().enumerate() {
        if position > 0 {
            f.write_str(joint)?;
        }
        bracketed(f, one, needs_brackets(one))?;
    }
    Ok(())
}

fn bracketed<T: Display>(f: &mut Formatter<'_>, one: &T, brackets: bool) -> Result {
    if brackets {
        write!(f, "({one})")
    } else {
        one.fmt(f)
    }
}

fn separated<T: Display>(f: &mut Formatter<'_>, all: &[T], joint: &str) -> Result {
    chain(f, all, joint, |_| false)
}

/// Whether a property name can stand without quotes.
fn is_plain(name: &str) -> bool {
    let mut bytes = name.bytes();
    bytes
        .next()
        .is_some_and(|byte| byte.is_ascii_alphabetic() || byte == b'_')
        && bytes.all(|byte| byte.is_ascii_alphanumeric() || byte == b'_')
        && Keyword::from_text(name).is_none()
        && name != "true"
        && name != "false"
}

fn quoted(f: &mut Formatter<'_>, text: &str) -> Result {
    f.write_char('\'')?;
    for character in text.chars() {
        if matches!(character, '\'' | '\\') {
            f.write_char('\\')?;
        }
        f.write_char(character)?;
    }
    f.write_char('\'')
}
