//! The names of modifiers (modifiers appendix 2.1.0, and those of pySigma beside them).

use crate::error::Reason;
use crate::suggest;
use crate::test::{Comparison, TimePart};

/// A modifier.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Modifier {
    All,
    Negated,
    Contains,
    StartsWith,
    EndsWith,
    Exists,
    Cased,
    Windash,
    Regex,
    Insensitive,
    Multiline,
    Dotall,
    Base64,
    Base64Offset,
    Utf16(Utf16),
    Compare(Comparison),
    Time(TimePart),
    Cidr,
    Expand,
    FieldRef,
}

/// How UTF-16 is laid out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Utf16 {
    LittleEndian,
    BigEndian,
    /// Little-endian behind a byte order mark.
    Marked,
}

const NAMES: &[(&str, Modifier)] = &[
    ("all", Modifier::All),
    ("neq", Modifier::Negated),
    ("contains", Modifier::Contains),
    ("startswith", Modifier::StartsWith),
    ("endswith", Modifier::EndsWith),
    ("exists", Modifier::Exists),
    ("cased", Modifier::Cased),
    ("windash", Modifier::Windash),
    ("re", Modifier::Regex),
    ("i", Modifier::Insensitive),
    ("ignorecase", Modifier::Insensitive),
    ("m", Modifier::Multiline),
    ("multiline", Modifier::Multiline),
    ("s", Modifier::Dotall),
    ("dotall", Modifier::Dotall),
    ("base64", Modifier::Base64),
    ("base64offset", Modifier::Base64Offset),
    ("utf16le", Modifier::Utf16(Utf16::LittleEndian)),
    ("wide", Modifier::Utf16(Utf16::LittleEndian)),
    ("utf16be", Modifier::Utf16(Utf16::BigEndian)),
    ("utf16", Modifier::Utf16(Utf16::Marked)),
    ("lt", Modifier::Compare(Comparison::Less)),
    ("lte", Modifier::Compare(Comparison::LessOrEqual)),
    ("gt", Modifier::Compare(Comparison::Greater)),
    ("gte", Modifier::Compare(Comparison::GreaterOrEqual)),
    ("minute", Modifier::Time(TimePart::Minute)),
    ("hour", Modifier::Time(TimePart::Hour)),
    ("day", Modifier::Time(TimePart::Day)),
    ("week", Modifier::Time(TimePart::Week)),
    ("month", Modifier::Time(TimePart::Month)),
    ("year", Modifier::Time(TimePart::Year)),
    ("cidr", Modifier::Cidr),
    ("expand", Modifier::Expand),
    ("fieldref", Modifier::FieldRef),
];

/// The layout that a modifier stands for, if it is one.
pub(crate) fn utf16_named(name: &str) -> Option<Utf16> {
    match Modifier::named(name) {
        Ok(Modifier::Utf16(layout)) => Some(layout),
        _ => None,
    }
}

impl Modifier {
    pub(crate) fn named(name: &str) -> Result<Self, Reason> {
        let known = NAMES.iter().find(|(known, _)| *known == name);
        known
            .map(|(_, modifier)| *modifier)
            .ok_or_else(|| Reason::UnknownModifier {
                modifier: crate::yaml::shown(name),
                hint: suggest::nearest(name, NAMES.iter().map(|(known, _)| *known)),
            })
    }

    /// Its first name.
    pub(crate) fn name(self) -> &'static str {
        let known = NAMES.iter().find(|(_, known)| *known == self);
        known.map_or("", |(name, _)| *name)
    }
}
