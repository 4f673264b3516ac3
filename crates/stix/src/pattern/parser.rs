//! Tokens to a tree, by recursive descent over the grammar of STIX 2.1 §9; every bracket counts
//! towards [`PATTERN_DEPTH_MAX`]. Begin at [`parse`].

use super::PatternError;
use super::ast::{
    Comparison, ComparisonExpr, Constant, Instant, ObjectPath, ObservationExpr, Operator, Pattern, Qualifier,
    Step,
};
use super::layout::{ComparisonAt, Layout};
use super::lexer::{Keyword, Lexer, Spanned, Token};
use super::remarks::{self, Noted, RemarkKind};
use super::text::{position, shortened, unbase64, unescape, unhex};
use crate::limits::{PATTERN_BYTES_MAX, PATTERN_DEPTH_MAX, PATTERN_QUALIFIERS_MAX, PATTERN_SET_MAX};

/// What is read of a text.
pub(super) struct Read {
    pub(super) pattern: Pattern,
    /// What breaks or stretches the standard, in the order in which it was read.
    pub(super) remarks: Vec<Noted>,
    /// Where its parts stand; empty unless it was asked for.
    pub(super) layout: Layout,
}

/// Reads a text; `with_layout` also remembers where the parts stand.
pub(super) fn parse(text: &str, with_layout: bool) -> Result<Read, PatternError> {
    if text.len() > PATTERN_BYTES_MAX {
        return Err(PatternError {
            line: 1,
            column: 1,
            message: format!("the pattern is longer than {PATTERN_BYTES_MAX} bytes; split it"),
        });
    }
    let mut lexer = Lexer::new(text);
    let current = lexer.next();
    let mut parser = Parser {
        text,
        lexer,
        current,
        read_to: 0,
        depth: 0,
        remarks: Vec::new(),
        layout: with_layout.then(Layout::default),
    };
    let expression = parser.pattern()?;
    Ok(Read {
        pattern: Pattern { expression },
        remarks: parser.remarks,
        layout: parser.layout.unwrap_or_default(),
    })
}

struct Parser<'a> {
    text: &'a str,
    lexer: Lexer<'a>,
    current: Spanned<'a>,
    /// Where the token before the current one ends.
    read_to: usize,
    depth: usize,
    remarks: Vec<Noted>,
    layout: Option<Layout>,
}

type Parsed<T> = Result<T, PatternError>;

impl<'a> Parser<'a> {
    fn pattern(&mut self) -> Parsed<ObservationExpr> {
        let expression = self.followed_by()?;
        if self.current.token != Token::End {
            return Err(self.expected("the end of the pattern, AND, OR, FOLLOWEDBY or a qualifier"));
        }
        Ok(expression)
    }

    // Observations: FOLLOWEDBY binds loosest, then OR, then AND (§9.5.3).

    fn followed_by(&mut self) -> Parsed<ObservationExpr> {
        self.chain(
            Keyword::FollowedBy,
            Self::observation_or,
            ObservationExpr::FollowedBy,
        )
    }

    fn observation_or(&mut self) -> Parsed<ObservationExpr> {
        self.chain(Keyword::Or, Self::observation_and, ObservationExpr::Or)
    }

    fn observation_and(&mut self) -> Parsed<ObservationExpr> {
        self.chain(Keyword::And, Self::observation, ObservationExpr::And)
    }

    /// `one (joint one)*`; a single one stays itself.
    fn chain<T>(
        &mut self,
        joint: Keyword,
        one: fn(&mut Self) -> Parsed<T>,
        join: fn(Vec<T>) -> T,
    ) -> Parsed<T> {
        let first = one(self)?;
        if self.current.token != Token::Keyword(joint) {
            return Ok(first);
        }
        let mut all = vec![first];
        while self.take(Token::Keyword(joint)) {
            all.push(one(self)?);
        }
        Ok(join(all))
    }

    fn observation(&mut self) -> Parsed<ObservationExpr> {
        let start = self.current.offset;
        if self.take(Token::OpenSquare) {
            let comparison = self.comparison_or()?;
            self.require(Token::CloseSquare, "`]`, AND or OR")?;
            if let Some(message) = remarks::of_types(&comparison) {
                self.remark(start, RemarkKind::MixedTypes, message.to_owned());
            }
            return self.qualified(ObservationExpr::Comparison(comparison), true);
        }
        if self.current.token == Token::OpenRound {
            let inner = self.in_brackets(Self::followed_by)?;
            return self.qualified(inner, false);
        }
        Err(self.expected("`[` or `(`"))
    }

    fn in_brackets<T>(&mut self, inner: fn(&mut Self) -> Parsed<T>) -> Parsed<T> {
        self.depth += 1;
        if self.depth > PATTERN_DEPTH_MAX {
            return Err(self.error(format!(
                "brackets are nested deeper than {PATTERN_DEPTH_MAX}; split the pattern"
            )));
        }
        self.advance();
        let inner = inner(self)?;
        self.require(Token::CloseRound, "`)`, AND or OR")?;
        self.depth -= 1;
        Ok(inner)
    }

    /// The qualifiers after an observation. A single `[…]` takes each kind once (§9.5.1), which STIX 2.0 did
    /// not ask for; what brackets enclose is not looked into, as the reference validator does
    /// (cti-stix2#214 leaves it open).
    fn qualified(&mut self, mut expression: ObservationExpr, once: bool) -> Parsed<ObservationExpr> {
        let mut seen = Vec::new();
        loop {
            let start = self.current;
            let Some(qualifier) = self.qualifier()? else {
                return Ok(expression);
            };
            let kind = std::mem::discriminant(&qualifier);
            if once && seen.contains(&kind) {
                let message = format!(
                    "`{}` is given twice for one expression; keep one of them",
                    start.text
                );
                self.remark(start.offset, RemarkKind::DoubledQualifier, message);
            }
            if seen.len() == PATTERN_QUALIFIERS_MAX {
                return Err(self.error_at(
                    start.offset,
                    format!("more than {PATTERN_QUALIFIERS_MAX} qualifiers on one expression; keep one of each kind"),
                ));
            }
            seen.push(kind);
            expression = ObservationExpr::Qualified {
                inner: Box::new(expression),
                qualifier,
            };
        }
    }

    fn qualifier(&mut self) -> Parsed<Option<Qualifier>> {
        let start = self.current.offset;
        let qualifier = match self.current.token {
            Token::Keyword(Keyword::Within) => self.within()?,
            Token::Keyword(Keyword::Repeats) => self.repeats()?,
            Token::Keyword(Keyword::Start) => self.start_stop()?,
            _ => return Ok(None),
        };
        if let Some((kind, message)) = remarks::of_qualifier(&qualifier) {
            self.remark(start, kind, message.to_owned());
        }
        let end = self.read_to;
        if let Some(layout) = &mut self.layout {
            layout.qualifiers.push(start..end);
        }
        Ok(Some(qualifier))
    }

    fn within(&mut self) -> Parsed<Qualifier> {
        self.advance();
        let (Token::Integer(text) | Token::Float(text)) = self.current.token else {
            return Err(self.expected("a number of seconds without a minus sign"));
        };
        if text.starts_with('-') {
            return Err(self.expected("a number of seconds without a minus sign"));
        }
        let seconds = self.float(text)?;
        self.advance();
        self.require(Token::Keyword(Keyword::Seconds), "SECONDS, the only unit")?;
        Ok(Qualifier::Within(seconds))
    }

    fn repeats(&mut self) -> Parsed<Qualifier> {
        self.advance();
        let Token::Integer(text) = self.current.token else {
            return Err(self.expected("a whole number without a minus sign"));
        };
        if text.starts_with('-') {
            return Err(self.expected("a whole number without a minus sign"));
        }
        let times = text
            .parse()
            .map_err(|_| self.error(format!("`{text}` is out of range")))?;
        self.advance();
        self.require(Token::Keyword(Keyword::Times), "TIMES")?;
        Ok(Qualifier::Repeats(times))
    }

    fn start_stop(&mut self) -> Parsed<Qualifier> {
        self.advance();
        let start = self.bound()?;
        self.require(Token::Keyword(Keyword::Stop), "STOP")?;
        Ok(Qualifier::StartStop(start, self.bound()?))
    }

    /// A time after START or STOP: `t'…'`, or `'…'` as STIX 2.0 wrote it.
    fn bound(&mut self) -> Parsed<Instant> {
        let instant = match self.current.token {
            Token::Timestamp(text) => Instant::new(text),
            Token::Text(text) => {
                let old = Instant::new(text);
                if old.is_some() {
                    let message = format!("STIX 2.0 wrote this time as a text; STIX 2.1 asks for t'{text}'");
                    self.remark(self.current.offset, RemarkKind::OldTimestamp, message);
                }
                old
            }
            _ => None,
        };
        let instant = instant.ok_or_else(|| self.expected("a timestamp such as t'2024-05-31T12:00:00Z'"))?;
        self.advance();
        Ok(instant)
    }

    // Comparisons: AND binds tighter than OR (§9.6).

    fn comparison_or(&mut self) -> Parsed<ComparisonExpr> {
        self.chain(Keyword::Or, Self::comparison_and, ComparisonExpr::Or)
    }

    fn comparison_and(&mut self) -> Parsed<ComparisonExpr> {
        self.chain(Keyword::And, Self::test, ComparisonExpr::And)
    }

    fn test(&mut self) -> Parsed<ComparisonExpr> {
        match self.current.token {
            Token::OpenRound => self.in_brackets(Self::comparison_or),
            Token::Keyword(Keyword::Not) => {
                self.advance();
                if self.current.token != Token::Keyword(Keyword::Exists) {
                    return Err(
                        self.expected("EXISTS; elsewhere NOT stands behind the path: `file:size NOT = 1`")
                    );
                }
                self.exists(true)
            }
            Token::Keyword(Keyword::Exists) => self.exists(false),
            _ => self.comparison(),
        }
    }

    fn exists(&mut self, negated: bool) -> Parsed<ComparisonExpr> {
        self.advance();
        self.begin_comparison();
        let path = self.object_path()?;
        Ok(ComparisonExpr::Test(Comparison {
            path,
            negated,
            operator: Operator::Exists,
            values: Vec::new(),
        }))
    }

    /// From here on, steps and constants belong to a new comparison.
    fn begin_comparison(&mut self) {
        let offset = self.current.offset;
        if let Some(layout) = &mut self.layout {
            layout.comparisons.push(ComparisonAt::at(offset));
        }
    }

    fn comparison_at(&mut self) -> Option<&mut ComparisonAt> {
        self.layout
            .as_mut()
            .and_then(|layout| layout.comparisons.last_mut())
    }

    fn comparison(&mut self) -> Parsed<ComparisonExpr> {
        self.begin_comparison();
        let path = self.object_path()?;
        let negated = self.take(Token::Keyword(Keyword::Not));
        let operator = self.operator()?;
        let start = self.current.offset;
        let values = match operator {
            Operator::In => self.set()?,
            Operator::Like | Operator::Matches | Operator::IsSubset | Operator::IsSuperset => {
                vec![self.string()?]
            }
            Operator::Equal | Operator::NotEqual => vec![self.constant()?],
            _ => vec![self.orderable()?],
        };
        let comparison = Comparison {
            path,
            negated,
            operator,
            values,
        };
        if let Some(message) = remarks::of_hash(&comparison) {
            self.remark(start, RemarkKind::Hash, message);
        }
        if let Some((kind, message)) = remarks::of_meaning(&comparison) {
            self.remark(start, kind, message.to_owned());
        }
        Ok(ComparisonExpr::Test(comparison))
    }

    fn operator(&mut self) -> Parsed<Operator> {
        let operator = match self.current.token {
            Token::Equal => Operator::Equal,
            Token::NotEqual => Operator::NotEqual,
            Token::Less => Operator::Less,
            Token::LessOrEqual => Operator::LessOrEqual,
            Token::Greater => Operator::Greater,
            Token::GreaterOrEqual => Operator::GreaterOrEqual,
            Token::Keyword(Keyword::In) => Operator::In,
            Token::Keyword(Keyword::Like) => Operator::Like,
            Token::Keyword(Keyword::Matches) => Operator::Matches,
            Token::Keyword(Keyword::IsSubset) => Operator::IsSubset,
            Token::Keyword(Keyword::IsSuperset) => Operator::IsSuperset,
            _ => {
                return Err(self
                    .expected("an operator (=, !=, <, <=, >, >=, IN, LIKE, MATCHES, ISSUBSET, ISSUPERSET)"));
            }
        };
        self.advance();
        Ok(operator)
    }

    fn object_path(&mut self) -> Parsed<ObjectPath> {
        let (Token::Name(object_type) | Token::HyphenName(object_type)) = self.current.token else {
            return Err(self.expected("an object path such as `file:name`"));
        };
        self.advance();
        self.require(Token::Colon, "`:` and a property, as in `file:name`")?;
        let mut steps = vec![self.property()?];
        loop {
            if self.take(Token::Dot) {
                steps.push(self.property()?);
            } else if self.take(Token::OpenSquare) {
                steps.push(self.index()?);
            } else {
                return Ok(ObjectPath {
                    object_type: object_type.to_owned(),
                    steps,
                });
            }
        }
    }

    fn property(&mut self) -> Parsed<Step> {
        self.begin_step();
        let name = match self.current.token {
            Token::Name(name) => name.to_owned(),
            Token::Text(text) => unescape(text),
            _ => return Err(self.expected("a property name")),
        };
        self.advance();
        Ok(Step::Property(name))
    }

    fn begin_step(&mut self) {
        let offset = self.current.offset;
        if let Some(at) = self.comparison_at() {
            at.steps.push(offset);
        }
    }

    fn index(&mut self) -> Parsed<Step> {
        self.begin_step();
        let step = match self.current.token {
            Token::Asterisk => Step::Any,
            Token::Integer(text) => {
                let index = self.integer(text)?;
                if index < 0 {
                    let message = "a list has no elements before `[0]`, so this never matches".to_owned();
                    self.remark(self.current.offset, RemarkKind::NeverMatches, message);
                }
                Step::Index(index)
            }
            _ => return Err(self.expected("a whole number or `*`")),
        };
        self.advance();
        self.require(Token::CloseSquare, "`]`")?;
        Ok(step)
    }

    fn set(&mut self) -> Parsed<Vec<Constant>> {
        self.require(Token::OpenRound, "`(` and the values of the set")?;
        let mut values = Vec::new();
        if self.take(Token::CloseRound) {
            return Ok(values);
        }
        loop {
            if values.len() == PATTERN_SET_MAX {
                return Err(self.error(format!(
                    "a set has more than {PATTERN_SET_MAX} values; split it with OR"
                )));
            }
            values.push(self.constant()?);
            if !self.take(Token::Comma) {
                self.require(Token::CloseRound, "`,` or `)`")?;
                return Ok(values);
            }
        }
    }

    fn string(&mut self) -> Parsed<Constant> {
        match self.current.token {
            Token::Text(_) => self.constant(),
            _ => Err(self.expected("a text in single quotes")),
        }
    }

    fn orderable(&mut self) -> Parsed<Constant> {
        match self.current.token {
            Token::Boolean(_) => {
                Err(self.expected("a number, text or timestamp (true and false have no order; use `=`)"))
            }
            _ => self.constant(),
        }
    }

    fn constant(&mut self) -> Parsed<Constant> {
        let constant = match self.current.token {
            Token::Text(text) => Constant::String(unescape(text)),
            Token::Integer(text) => Constant::Integer(self.integer(text)?),
            Token::Float(text) => Constant::Float(self.float(text)?),
            Token::Boolean(value) => Constant::Boolean(value),
            Token::Timestamp(text) => Instant::new(text)
                .map(Constant::Timestamp)
                .ok_or_else(|| self.expected("a timestamp"))?,
            Token::Hex(text) => Constant::Hex(unhex(text)),
            Token::Binary(text) => Constant::Binary(unbase64(text)),
            _ => return Err(self.expected("a constant")),
        };
        let range = self.current.offset..self.current.offset + self.current.text.len();
        if let Some(at) = self.comparison_at() {
            at.values.push(range);
        }
        self.advance();
        Ok(constant)
    }

    fn integer(&self, text: &str) -> Parsed<i64> {
        text.parse()
            .map_err(|_| self.error(format!("`{text}` does not fit in 64 bits")))
    }

    fn float(&self, text: &str) -> Parsed<f64> {
        let number: f64 = text
            .parse()
            .map_err(|_| self.error(format!("`{text}` is not a number")))?;
        if number.is_finite() {
            Ok(number)
        } else {
            Err(self.error(format!("`{text}` is out of range")))
        }
    }

    fn advance(&mut self) {
        self.read_to = self.current.offset + self.current.text.len();
        self.current = self.lexer.next();
    }

    fn take(&mut self, token: Token<'_>) -> bool {
        let found = self.current.token == token;
        if found {
            self.advance();
        }
        found
    }

    fn require(&mut self, token: Token<'_>, expectation: &str) -> Parsed<()> {
        if self.take(token) {
            Ok(())
        } else {
            Err(self.expected(expectation))
        }
    }

    fn remark(&mut self, offset: usize, kind: RemarkKind, message: String) {
        self.remarks.push(Noted {
            offset,
            kind,
            message,
        });
    }

    fn error(&self, message: String) -> PatternError {
        self.error_at(self.current.offset, message)
    }

    fn error_at(&self, offset: usize, message: String) -> PatternError {
        let (line, column) = position(self.text, offset);
        PatternError {
            line,
            column,
            message,
        }
    }

    /// What was found instead of the expectation, with a way out where the slip is a common one.
    fn expected(&self, expectation: &str) -> PatternError {
        let found = match self.current.token {
            Token::End => "the end of the pattern".to_owned(),
            _ => format!("`{}`", shortened(self.current.text)),
        };
        let way_out = way_out(self.current, expectation)
            .map(|hint| format!("; {hint}"))
            .unwrap_or_default();
        self.error(format!("found {found}, expected {expectation}{way_out}"))
    }
}

fn way_out(found: Spanned<'_>, expectation: &str) -> Option<String> {
    match found.token {
        Token::BadText(hint) | Token::BadLiteral(hint) => Some(hint.to_owned()),
        Token::HyphenName(name) if expectation.starts_with("a property") => Some(format!(
            "a property name with a hyphen is quoted: '{}'",
            shortened(name)
        )),
        Token::Keyword(_) | Token::Boolean(_) if expectation.starts_with("a property") => Some(format!(
            "a property named like a keyword is quoted: '{}'",
            found.text
        )),
        Token::Name(name) if Keyword::from_text(&name.to_ascii_uppercase()).is_some() => {
            Some(format!("keywords are upper case: {}", name.to_ascii_uppercase()))
        }
        Token::Name(name) | Token::HyphenName(name) if expectation.starts_with("a constant") => {
            Some(format!("put text into single quotes: '{}'", shortened(name)))
        }
        Token::Name(_) | Token::HyphenName(_) if expectation.starts_with("`[`") => {
            Some("put the comparison into square brackets: `[file:size = 1280]`".to_owned())
        }
        Token::Stray('"') => Some("text goes into single quotes".to_owned()),
        _ => None,
    }
}
