//! The tree of a pattern. Chains of one operator are flat (`a OR b OR c` is one node with three
//! children), so a tree is never deeper than its brackets.

use crate::time::Timestamp;

/// A whole pattern.
#[derive(Debug, Clone, PartialEq)]
pub struct Pattern {
    /// What must have been observed.
    pub expression: ObservationExpr,
}

/// What must hold over observations (STIX 2.1 §9.5).
#[derive(Debug, Clone, PartialEq)]
pub enum ObservationExpr {
    /// `[…]`: one observation satisfies the comparisons.
    Comparison(ComparisonExpr),
    /// All of them, each by different observations; at least two children.
    And(Vec<ObservationExpr>),
    /// At least one of them; at least two children.
    Or(Vec<ObservationExpr>),
    /// All of them, in this order of time; at least two children.
    FollowedBy(Vec<ObservationExpr>),
    /// A restriction on the nearest `[…]` or `(…)` before it.
    Qualified {
        /// What is restricted.
        inner: Box<ObservationExpr>,
        /// The restriction.
        qualifier: Qualifier,
    },
}

/// A restriction on observations (STIX 2.1 §9.5.1).
#[derive(Debug, Clone, PartialEq)]
pub enum Qualifier {
    /// `WITHIN x SECONDS`: the latest is less than this many seconds after the earliest.
    Within(f64),
    /// `REPEATS n TIMES`: at least so many different observations.
    Repeats(u64),
    /// `START a STOP b`: not before the first, before the second.
    StartStop(Instant, Instant),
}

/// What must hold for one observation (STIX 2.1 §9.6).
#[derive(Debug, Clone, PartialEq)]
pub enum ComparisonExpr {
    /// All of them, by the same object; at least two children.
    And(Vec<ComparisonExpr>),
    /// At least one of them; at least two children.
    Or(Vec<ComparisonExpr>),
    /// One comparison.
    Test(Comparison),
}

/// One comparison of a property with constants.
#[derive(Debug, Clone, PartialEq)]
pub struct Comparison {
    /// What is compared.
    pub path: ObjectPath,
    /// Whether `NOT` stands before the operator (or before `EXISTS`).
    pub negated: bool,
    /// How it is compared.
    pub operator: Operator,
    /// With what: none for `EXISTS`, any number for `IN`, else exactly one.
    pub values: Vec<Constant>,
}

/// A path to a property of an observable object (STIX 2.1 §9.7).
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct ObjectPath {
    /// The object's type, such as `file`.
    pub object_type: String,
    /// The way to the property; the first step is always a property.
    pub steps: Vec<Step>,
}

/// One step of an object path.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Step {
    /// `.name` or `.'any name'`, without the quotes.
    Property(String),
    /// `[n]`; the grammar admits negative numbers, §9.7.2 gives them no meaning.
    Index(i64),
    /// `[*]`: any element.
    Any,
}

/// A comparison operator (STIX 2.1 §9.6.1).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Operator {
    /// `=`
    Equal,
    /// `!=`
    NotEqual,
    /// `<`
    Less,
    /// `<=`
    LessOrEqual,
    /// `>`
    Greater,
    /// `>=`
    GreaterOrEqual,
    /// `IN (…)`
    In,
    /// `LIKE '…'`
    Like,
    /// `MATCHES '…'`
    Matches,
    /// `ISSUBSET '…'`
    IsSubset,
    /// `ISSUPERSET '…'`
    IsSuperset,
    /// `EXISTS path`
    Exists,
}

/// A constant (STIX 2.1 §9.2).
#[derive(Debug, Clone, PartialEq)]
pub enum Constant {
    /// `'…'`, escapes resolved.
    String(String),
    /// A signed 64-bit number.
    Integer(i64),
    /// A number with a fraction.
    Float(f64),
    /// `true` or `false`.
    Boolean(bool),
    /// `t'…'`
    Timestamp(Instant),
    /// `h'…'`, as bytes.
    Hex(Vec<u8>),
    /// `b'…'`, decoded.
    Binary(Vec<u8>),
}

/// A time as a pattern writes it: `YYYY-MM-DDThh:mm:ss[.s…]Z`.
///
/// The grammar looks at digits only, so the 30th of February is one that no clock shows.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Instant {
    text: String,
}

impl Instant {
    /// Takes the text if it has the form that the grammar asks for.
    pub fn new(text: &str) -> Option<Instant> {
        has_timestamp_form(text).then(|| Instant {
            text: text.to_owned(),
        })
    }

    /// The text, without `t` and quotes.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// The moment, to the microsecond; none for a day that is in no calendar.
    pub fn timestamp(&self) -> Option<Timestamp> {
        Timestamp::parse(&self.text).ok()
    }

    /// Whether this is before the other; exact to any number of digits.
    pub fn is_before(&self, other: &Instant) -> bool {
        self.digits() < other.digits()
    }

    /// The same time without the zeros that end its fraction.
    pub fn shortest(&self) -> Instant {
        Instant {
            text: format!("{}Z", self.digits()),
        }
    }

    /// What precedes the `Z`, without zeros at the end of the fraction: equal times are equal text.
    fn digits(&self) -> &str {
        let significant = self.text.trim_end_matches('Z').trim_end_matches(['0', '.']);
        self.text.get(..significant.len().max(19)).unwrap_or_default()
    }
}

impl Pattern {
    /// Every comparison, in the order of the text.
    pub fn comparisons(&self) -> Vec<&Comparison> {
        let mut found = Vec::new();
        self.expression.collect(&mut found);
        found
    }

    /// The times of every `START … STOP …`, in the order of the text.
    pub fn windows(&self) -> Vec<(&Instant, &Instant)> {
        let mut found = Vec::new();
        self.expression.collect_windows(&mut found);
        found
    }
}

impl ObservationExpr {
    // Recursion is as deep as the brackets, which the parser bounds.
    fn collect<'a>(&'a self, found: &mut Vec<&'a Comparison>) {
        match self {
            Self::Comparison(comparison) => comparison.collect(found),
            Self::And(all) | Self::Or(all) | Self::FollowedBy(all) => {
                all.iter().for_each(|one| one.collect(found))
            }
            Self::Qualified { inner, .. } => inner.collect(found),
        }
    }

    // As deep as the other.
    fn collect_windows<'a>(&'a self, found: &mut Vec<(&'a Instant, &'a Instant)>) {
        match self {
            Self::Comparison(_) => {}
            Self::And(all) | Self::Or(all) | Self::FollowedBy(all) => {
                all.iter().for_each(|one| one.collect_windows(found))
            }
            Self::Qualified { inner, qualifier } => {
                inner.collect_windows(found);
                if let Qualifier::StartStop(start, stop) = qualifier {
                    found.push((start, stop));
                }
            }
        }
    }
}

impl ComparisonExpr {
    fn collect<'a>(&'a self, found: &mut Vec<&'a Comparison>) {
        match self {
            Self::And(all) | Self::Or(all) => all.iter().for_each(|one| one.collect(found)),
            Self::Test(comparison) => found.push(comparison),
        }
    }
}

/// Whether the text has the grammar's form of a timestamp. Seconds go up to 60.
pub(super) fn has_timestamp_form(text: &str) -> bool {
    let Some((date_time, fraction)) = text.split_at_checked(19) else {
        return false;
    };
    let fraction_ok = match fraction
        .strip_suffix('Z')
        .map(|fraction| fraction.strip_prefix('.').ok_or(fraction))
    {
        Some(Ok(digits)) => !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit()),
        Some(Err(rest)) => rest.is_empty(),
        None => false,
    };
    let [
        y1,
        y2,
        y3,
        y4,
        b'-',
        m1,
        m2,
        b'-',
        d1,
        d2,
        b'T',
        h1,
        h2,
        b':',
        n1,
        n2,
        b':',
        s1,
        s2,
    ] = date_time.as_bytes()
    else {
        return false;
    };
    let number = |tens: &u8, ones: &u8| {
        (tens.is_ascii_digit() && ones.is_ascii_digit()).then(|| (tens - b'0') * 10 + (ones - b'0'))
    };
    let between =
        |value: Option<u8>, low: u8, high: u8| value.is_some_and(|value| (low..=high).contains(&value));
    fraction_ok
        && [y1, y2, y3, y4].iter().all(|digit| digit.is_ascii_digit())
        && between(number(m1, m2), 1, 12)
        && between(number(d1, d2), 1, 31)
        && between(number(h1, h2), 0, 23)
        && between(number(n1, n2), 0, 59)
        && between(number(s1, s2), 0, 60)
}
