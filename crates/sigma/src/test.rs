//! The tests that a value of an event is put to: what is left of values and modifiers once they are read.

use std::fmt;
use std::net::IpAddr;

/// One test. All are put to one value of the field; a field with several values meets it if one of them does.
#[derive(Debug, Clone, PartialEq)]
pub enum Test {
    /// The whole text of the value. A number in an event is compared by its text, as `'4625'` and `4625` mean the same.
    Text(Pattern),
    /// A regular expression that is found anywhere in the value.
    Regex(Regex),
    /// An address inside a network; IPv4 and IPv4 mapped into IPv6 are the same address.
    Cidr(Cidr),
    /// The value, a number or a text that is one, compared with a number.
    Compare(Comparison, Number),
    /// The value is this number, or the text of it.
    Number(Number),
    /// The value is this boolean, or the text `true` or `false` in any case.
    Boolean(bool),
    /// The field is absent, or null.
    Null,
    /// The field is there (null or not), or is not.
    Exists(bool),
    /// Compared with another field of the same event.
    FieldRef(FieldRef),
    /// A part of a time, compared with a number.
    TimePart {
        /// Which part.
        part: TimePart,
        /// How it is compared.
        comparison: Comparison,
        /// With what.
        number: i64,
    },
    /// One of several spellings of one written value (`windash`, `base64offset`); none is itself `Any`.
    Any(Vec<Test>),
    /// Text given by a pipeline in the language of another engine; whoever cannot run it refuses the rule.
    Query(String),
}

/// A text with wildcards, to be matched as a whole.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Default)]
pub struct Pattern {
    /// What follows what. No two literals and no two `Run` stand beside each other; no literal is empty; no token at all is
    /// the empty text.
    pub tokens: Vec<Token>,
    /// Case matters (`cased`). Otherwise both sides are folded (Unicode simple case folding).
    pub cased: bool,
}

/// A part of a [`Pattern`].
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Token {
    /// These characters.
    Literal(String),
    /// `*`: any number of any characters, line ends too.
    Run,
    /// `?`: one code point, whichever.
    One,
    /// `%name%` under `expand`, still to be filled by a pipeline. A rule that keeps one is refused before it is used.
    Placeholder(String),
}

/// A regular expression (`re`).
#[derive(Debug, Clone, PartialEq, Eq, Hash, Default)]
pub struct Regex {
    /// As written; PCRE, searched for anywhere, case-sensitive unless `insensitive`.
    pub source: String,
    /// `i`: case does not matter.
    pub insensitive: bool,
    /// `m`: `^` and `$` are ends of lines too.
    pub multiline: bool,
    /// `s`: `.` covers line ends too.
    pub dotall: bool,
    /// Placeholders in the source (`expand`) that are still to be filled. A rule that keeps one is refused before it is used.
    pub unfilled: Vec<String>,
}

/// A network of addresses, host bits zero.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Cidr {
    /// The first address.
    pub address: IpAddr,
    /// Bits that count: at most 32, or 128.
    pub prefix: u8,
}

/// How numbers are compared.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Comparison {
    /// `eq`, and time parts without another comparison.
    Equal,
    /// `lt`.
    Less,
    /// `lte`.
    LessOrEqual,
    /// `gt`.
    Greater,
    /// `gte`.
    GreaterOrEqual,
    /// `neq` of correlations; items of rules are negated instead.
    NotEqual,
}

/// A number as written: whole ones within 64 bits are exact.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Number {
    /// A whole number.
    Integer(i64),
    /// Any other; never NaN.
    Float(f64),
}

/// Another field of the same event.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct FieldRef {
    /// The other field.
    pub field: String,
    /// How the value under test holds the other field's value.
    pub position: Position,
    /// Case matters.
    pub cased: bool,
}

/// Where in the value under test another field's value is looked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Position {
    /// They are equal.
    Whole,
    /// The value starts with it.
    Start,
    /// The value ends with it.
    End,
    /// It is somewhere in the value.
    Anywhere,
}

/// A part of a time, in the time as written (no zone is converted).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum TimePart {
    /// 0 to 59.
    Minute,
    /// 0 to 23.
    Hour,
    /// 1 to 31.
    Day,
    /// ISO 8601 week, 1 to 53.
    Week,
    /// 1 to 12.
    Month,
    /// The year.
    Year,
}

impl Test {
    /// How many tests it stands for.
    pub(crate) fn spellings(&self) -> usize {
        match self {
            Self::Any(tests) => tests.iter().map(Self::spellings).sum(),
            _ => 1,
        }
    }
}

impl Cidr {
    /// Reads `address/prefix`, or an address alone; host bits are cleared.
    pub fn parse(text: &str) -> Option<Self> {
        let (address, prefix) = match text.split_once('/') {
            Some((address, prefix)) => (address, Some(prefix)),
            None => (text, None),
        };
        let address: IpAddr = address.parse().ok()?;
        let bits = if address.is_ipv4() { 32 } else { 128 };
        let prefix = match prefix {
            Some(digits) if digits.bytes().all(|digit| digit.is_ascii_digit()) => digits.parse().ok()?,
            Some(_) => return None,
            None => bits,
        };
        (prefix <= bits).then(|| Self {
            address: masked(address, prefix),
            prefix,
        })
    }

    /// Whether an address lies inside; IPv4 mapped into IPv6 is taken for IPv4.
    pub fn contains(&self, address: IpAddr) -> bool {
        let address = match address {
            IpAddr::V6(six) if self.address.is_ipv4() => six.to_ipv4_mapped().map_or(address, IpAddr::V4),
            other => other,
        };
        address.is_ipv4() == self.address.is_ipv4() && masked(address, self.prefix) == self.address
    }
}

fn masked(address: IpAddr, prefix: u8) -> IpAddr {
    let prefix = u32::from(prefix);
    match address {
        IpAddr::V4(four) => {
            let mask = u32::MAX.checked_shl(32 - prefix.min(32)).unwrap_or(0);
            IpAddr::V4((four.to_bits() & mask).into())
        }
        IpAddr::V6(six) => {
            let mask = u128::MAX.checked_shl(128 - prefix.min(128)).unwrap_or(0);
            IpAddr::V6((six.to_bits() & mask).into())
        }
    }
}

impl fmt::Display for Number {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Integer(number) => write!(f, "{number}"),
            Self::Float(number) => write!(f, "{number}"),
        }
    }
}
