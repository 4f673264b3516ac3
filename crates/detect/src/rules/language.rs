//! What a rule asks of a row: comparisons of fields, and how they are combined.
//!
//! Sigma's items and STIX's comparisons are both written in it. The caller chooses what differs between the
//! two: [`Reading`] says whether `4625` and `'4625'` are the same, [`Polarity`] what a negated comparison is.

use entente_stix::time::Timestamp;
use std::net::IpAddr;

/// A condition with names of fields, as callers build it.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Condition {
    /// Holds for every row.
    True,
    /// Holds for none.
    False,
    /// One comparison.
    Atom(Atom),
    /// All of them hold; of none, true.
    All(Vec<Condition>),
    /// Some of them holds; of none, false.
    Any(Vec<Condition>),
    /// It does not hold.
    Not(Box<Condition>),
}

/// One comparison of one field. It holds if some value of the field passes the test.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Atom {
    /// Whose values are looked at.
    pub field: Which,
    /// What is asked of a value.
    pub test: Test,
    /// Which types of value the test takes.
    pub reading: Reading,
    /// Whether it asks for a value that passes, or for one that does not.
    pub polarity: Polarity,
}

/// Whose values an atom looks at.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Which {
    /// The values of the field of this name.
    Field(String),
    /// All values of the row: Sigma's keywords.
    Every,
}

/// Which types of value a test takes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Reading {
    /// As Sigma: tests of text also take numbers as they are written, and `true` and `false`; tests of numbers
    /// and booleans also take text that is wholly one.
    #[default]
    Loose,
    /// As STIX (9.6.1): only values of the test's own type; any other is a mismatch.
    Strict,
}

/// Whether an atom asks for a value that passes its test, or for one that does not. A field without values
/// makes it false either way; null is no value here, except for [`Test::Null`] and [`Test::Exists`].
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Polarity {
    /// Some value passes.
    #[default]
    Passes,
    /// Some value fails, or is of another type: STIX's `!=`.
    Differs,
    /// Some value of the right type fails: STIX's `NOT` with a comparison.
    Fails,
}

/// A decimal number, compared exactly also between integers and fractions.
#[derive(Clone, Copy, Debug)]
pub enum Number {
    /// What is written without fraction and exponent and fits.
    Integer(i64),
    /// Any other; never NaN.
    Float(f64),
}

/// How two things are ordered.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Order {
    /// The value is equal.
    Equal,
    /// The value is less.
    Less,
    /// The value is less or equal.
    LessOrEqual,
    /// The value is greater.
    Greater,
    /// The value is greater or equal.
    GreaterOrEqual,
}

/// One piece of a wildcard pattern.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Piece {
    /// These characters.
    Literal(String),
    /// Any characters, also none, also line ends.
    AnyRun,
    /// Exactly one character, also a line end.
    AnyOne,
}

/// How two fields are compared.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Relation {
    /// Equal.
    Equals,
    /// The field starts with the other.
    StartsWith,
    /// The field ends with the other.
    EndsWith,
    /// The field contains the other.
    Contains,
}

/// A part of a time, as it is written: no zone is converted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum TimePart {
    /// 0 to 59.
    Minute,
    /// 0 to 23.
    Hour,
    /// Day of the month, 1 to 31.
    Day,
    /// Week of the year (ISO 8601), 1 to 53.
    Week,
    /// 1 to 12.
    Month,
    /// The year.
    Year,
}

/// What is asked of one value. `fold`: letters count the same in either case, by Unicode's simple case folding.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Test {
    /// The text is this.
    Equals {
        /// The text.
        text: String,
        /// Whether case is ignored.
        fold: bool,
    },
    /// The text is one of these.
    OneOf {
        /// The texts.
        texts: Vec<String>,
        /// Whether case is ignored.
        fold: bool,
    },
    /// The text starts so.
    StartsWith {
        /// The beginning.
        text: String,
        /// Whether case is ignored.
        fold: bool,
    },
    /// The text ends so.
    EndsWith {
        /// The end.
        text: String,
        /// Whether case is ignored.
        fold: bool,
    },
    /// The text holds this.
    Contains {
        /// The part.
        text: String,
        /// Whether case is ignored.
        fold: bool,
    },
    /// The whole text is of this form.
    Glob {
        /// The form.
        pieces: Vec<Piece>,
        /// Whether case is ignored.
        fold: bool,
    },
    /// A regular expression is found in the text. What needs look-around or back-references runs under a limit
    /// of steps, beyond which it does not match, and is counted.
    Regex {
        /// The expression.
        source: String,
        /// Whether case is ignored (`i`).
        ignore_case: bool,
        /// Whether `^` and `$` are at line ends too (`m`).
        multi_line: bool,
        /// Whether `.` is also a line end (`s`).
        dot_all: bool,
    },
    /// The text is an address in this network. `::ffff:192.0.2.1` is 192.0.2.1 on both sides.
    Network {
        /// Its address; bits after the length do not count.
        address: IpAddr,
        /// Its length in bits.
        length: u8,
    },
    /// The text is a network or an address that holds this whole network (STIX `ISSUPERSET`).
    NetworkHolding {
        /// Its address; bits after the length do not count.
        address: IpAddr,
        /// Its length in bits.
        length: u8,
    },
    /// The number stands so to this one.
    Number {
        /// How.
        order: Order,
        /// The number on the right.
        number: Number,
    },
    /// The text stands so to this one, by code points.
    Ordered {
        /// How.
        order: Order,
        /// The text on the right.
        text: String,
    },
    /// The time stands so to this one.
    Time {
        /// How.
        order: Order,
        /// The time on the right.
        time: Timestamp,
    },
    /// The value is this truth value.
    Boolean(bool),
    /// The value is null. (That a field is missing is `Not(Exists)`.)
    Null,
    /// The row has the field, even if null or an empty list.
    Exists,
    /// A value of another field stands so to it.
    Other {
        /// The other field.
        field: String,
        /// How.
        relation: Relation,
        /// Whether case is ignored.
        fold: bool,
    },
    /// A part of the time that the text says is this.
    TimePart {
        /// Which part.
        part: TimePart,
        /// How it is compared.
        order: Order,
        /// With what.
        number: i64,
    },
}

/// One condition over one row. Its number is its place among the leaves that were compiled.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Leaf {
    /// Which rows are looked at at all (the log source, the object's type): leaves with the same gate are
    /// kept together, so that rows pass by leaves that are not for them.
    pub gate: Condition,
    /// What is asked of such a row.
    pub condition: Condition,
}

impl Atom {
    /// An atom as Sigma reads it.
    pub fn loose(field: impl Into<String>, test: Test) -> Self {
        Atom {
            field: Which::Field(field.into()),
            test,
            reading: Reading::Loose,
            polarity: Polarity::Passes,
        }
    }

    /// An atom as STIX reads it.
    pub fn strict(field: impl Into<String>, test: Test) -> Self {
        Atom {
            reading: Reading::Strict,
            ..Atom::loose(field, test)
        }
    }
}

impl From<Atom> for Condition {
    fn from(atom: Atom) -> Self {
        Condition::Atom(atom)
    }
}

impl Test {
    /// The simplest test of a wildcard pattern.
    pub(crate) fn of_pieces(pieces: Vec<Piece>, fold: bool) -> Test {
        match pieces.as_slice() {
            [] => Test::Equals {
                text: String::new(),
                fold,
            },
            [Piece::Literal(text)] => Test::Equals {
                text: text.clone(),
                fold,
            },
            [Piece::Literal(text), Piece::AnyRun] => Test::StartsWith {
                text: text.clone(),
                fold,
            },
            [Piece::AnyRun, Piece::Literal(text)] => Test::EndsWith {
                text: text.clone(),
                fold,
            },
            [Piece::AnyRun, Piece::Literal(text), Piece::AnyRun] => Test::Contains {
                text: text.clone(),
                fold,
            },
            _ => Test::Glob { pieces, fold },
        }
    }

    /// The regular expression as written, of tests that have one.
    pub(super) fn source(&self) -> Option<&str> {
        match self {
            Test::Regex { source, .. } => Some(source),
            _ => None,
        }
    }
}
