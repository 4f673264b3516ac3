//! What §9 says about a pattern beyond its grammar.

use super::ast::{Comparison, ComparisonExpr, Constant, ObjectPath, Operator, Qualifier, Step};
use super::text::shortened;
use crate::limits::FINDINGS_MAX;
use crate::validate::Severity;

/// One thing to be said about a pattern that the grammar accepts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Remark {
    /// What it is about.
    pub kind: RemarkKind,
    /// Line, counted from 1.
    pub line: usize,
    /// Column in characters, counted from 1.
    pub column: usize,
    /// One sentence, lower case, with a way out.
    pub message: String,
}

/// What a remark is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RemarkKind {
    /// A hash that is not one of its algorithm (error).
    Hash,
    /// `START '…' STOP '…'` as STIX 2.0 wrote it (error in STIX 2.1).
    OldTimestamp,
    /// A number of seconds or times that is not positive (error, §9.5.1).
    QualifierValue,
    /// A kind of qualifier given twice for one `[…]` (error in STIX 2.1, §9.5.1).
    DoubledQualifier,
    /// Objects of different types joined by AND inside one `[…]`: one object cannot be both (warning, §9.5).
    MixedTypes,
    /// An empty set, a negative index, a stop that is not after its start (warning).
    NeverMatches,
    /// A type that is no observable of the standard (warning, §6).
    UnknownType,
    /// A property that the object does not have (warning, §6).
    UnknownProperty,
    /// A property by the name that it had in STIX 2.0 (warning).
    OldName,
    /// A hash algorithm in another spelling than objects have (warning, §10.8).
    HashName,
    /// A list without an index, an index on what is no list, a step into a plain value (warning, §9.7).
    PathShape,
    /// A constant, or an operator, that the property's values can never satisfy (warning, §9.6).
    ConstantType,
    /// `WITHIN` that restricts one `[…]` at the end of a chain, most likely meant for the chain
    /// (warning, §9.5.3).
    QualifierReach,
    /// `WITHIN` around what a single observation satisfies (warning, §9.5.1).
    VacuousQualifier,
    /// Another qualifier that restricts only the end of a chain (note, §9.5.3).
    QualifierBinding,
    /// A type, property, extension or hash algorithm of somebody's own (note, §11).
    Custom,
}

impl RemarkKind {
    /// How much it weighs: an error makes the pattern invalid, a note is for information.
    pub fn severity(self) -> Severity {
        match self {
            Self::Hash | Self::OldTimestamp | Self::QualifierValue | Self::DoubledQualifier => {
                Severity::Error
            }
            Self::QualifierBinding | Self::Custom => Severity::Note,
            _ => Severity::Warning,
        }
    }

    /// Whether STIX 2.0 allowed what STIX 2.1 does not: no remark on a pattern of that version.
    pub fn was_allowed_in_2_0(self) -> bool {
        matches!(self, Self::OldTimestamp | Self::DoubledQualifier | Self::OldName)
    }

    /// Its stable name, for scripts.
    pub fn name(self) -> &'static str {
        match self {
            Self::Hash => "hash",
            Self::OldTimestamp => "old-timestamp",
            Self::QualifierValue => "qualifier-value",
            Self::DoubledQualifier => "doubled-qualifier",
            Self::MixedTypes => "mixed-types",
            Self::NeverMatches => "never-matches",
            Self::UnknownType => "unknown-type",
            Self::UnknownProperty => "unknown-property",
            Self::OldName => "old-name",
            Self::HashName => "hash-name",
            Self::PathShape => "path-shape",
            Self::ConstantType => "constant-type",
            Self::QualifierReach => "qualifier-reach",
            Self::VacuousQualifier => "vacuous-qualifier",
            Self::QualifierBinding => "qualifier-binding",
            Self::Custom => "custom",
        }
    }
}

impl Remark {
    /// Whether the pattern is invalid by the standard, not only useless.
    pub fn is_error(&self) -> bool {
        self.kind.severity() == Severity::Error
    }
}

/// A remark before its place is counted in lines.
#[derive(Debug)]
pub(super) struct Noted {
    pub(super) offset: usize,
    pub(super) kind: RemarkKind,
    pub(super) message: String,
}

/// Remarks with lines and columns, in the order of the text. Of more than [`FINDINGS_MAX`] the rest is left
/// out, but never the only error.
pub(super) fn located(text: &str, mut noted: Vec<Noted>) -> Vec<Remark> {
    noted.sort_by_key(|one| one.offset);
    let is_error = |one: &Noted| one.kind.severity() == Severity::Error;
    if let Some(late) = noted.iter().position(is_error).filter(|at| *at >= FINDINGS_MAX) {
        let error = noted.remove(late);
        noted.insert(FINDINGS_MAX - 1, error);
    }
    noted.truncate(FINDINGS_MAX);
    noted.sort_by_key(|one| one.offset);
    let mut remarks = Vec::with_capacity(noted.len());
    let (mut line, mut column, mut counted) = (1, 1, 0);
    for one in noted {
        for character in text.get(counted..one.offset).unwrap_or_default().chars() {
            (line, column) = if character == '\n' {
                (line + 1, 1)
            } else {
                (line, column + 1)
            };
        }
        counted = one.offset;
        remarks.push(Remark {
            kind: one.kind,
            line,
            column,
            message: one.message,
        });
    }
    remarks
}

pub(super) fn of_qualifier(qualifier: &Qualifier) -> Option<(RemarkKind, &'static str)> {
    match qualifier {
        Qualifier::Within(seconds) if *seconds <= 0.0 => Some((
            RemarkKind::QualifierValue,
            "no two observations lie within 0 seconds; give a positive number",
        )),
        Qualifier::Repeats(0) => Some((
            RemarkKind::QualifierValue,
            "what repeats 0 times is not asked for; give a positive number",
        )),
        Qualifier::StartStop(start, stop) if !start.is_before(stop) => Some((
            RemarkKind::NeverMatches,
            "STOP is not later than START, so this never matches; swap them",
        )),
        _ => None,
    }
}

pub(super) fn of_meaning(comparison: &Comparison) -> Option<(RemarkKind, &'static str)> {
    (comparison.operator == Operator::In && comparison.values.is_empty()).then_some((
        RemarkKind::NeverMatches,
        "nothing is in an empty set, so this never matches",
    ))
}

/// A comparison of a hash with what cannot be a hash of that algorithm.
pub(super) fn of_hash(comparison: &Comparison) -> Option<String> {
    if !matches!(
        comparison.operator,
        Operator::Equal | Operator::NotEqual | Operator::In
    ) {
        return None;
    }
    let algorithm = hash_algorithm(&comparison.path)?;
    let form = HashForm::of(algorithm)?;
    let wrong = comparison.values.iter().find(|value| match value {
        Constant::String(text) => !form.fits(text),
        Constant::Hex(_) | Constant::Binary(_) => false,
        _ => true,
    })?;
    Some(format!(
        "{} is not a {algorithm} hash; {}",
        shortened(&wrong.to_string()),
        form.way_out()
    ))
}

/// The algorithm that a path names behind `hashes`, as it is written there.
fn hash_algorithm(path: &ObjectPath) -> Option<&str> {
    let (last, before) = path.steps.split_last()?;
    let has_hashes = before
        .iter()
        .any(|step| matches!(step, Step::Property(name) if name == "hashes"));
    match last {
        Step::Property(algorithm) if has_hashes => Some(algorithm),
        _ => None,
    }
}

/// What the value of a hash looks like.
pub(crate) enum HashForm {
    /// So many hexadecimal digits.
    Digits(&'static [usize]),
    /// ssdeep: base64 digits, colons and dots.
    Fuzzy,
    /// TLSH: 70 letters and digits, with or without the `T1` of its newer versions.
    Tlsh,
}

/// Characters of the longest ssdeep digest.
const SSDEEP_CHARS_MAX: usize = 148;

impl HashForm {
    /// By the name of the algorithm, whatever its case and hyphens; none for unknown ones.
    pub(crate) fn of(algorithm: &str) -> Option<HashForm> {
        let name: String = algorithm
            .chars()
            .filter(|c| !matches!(c, '-' | '_'))
            .map(|c| c.to_ascii_uppercase())
            .take(16)
            .collect();
        Some(HashForm::Digits(match name.as_str() {
            "MD5" => &[32],
            "MD6" => &[32, 40, 56, 64, 96, 128],
            "RIPEMD160" | "SHA1" => &[40],
            "SHA224" | "SHA3224" => &[56],
            "SHA256" | "SHA3256" => &[64],
            "SHA384" | "SHA3384" => &[96],
            "SHA512" | "SHA3512" | "WHIRLPOOL" => &[128],
            "SSDEEP" => return Some(HashForm::Fuzzy),
            _ => return None,
        }))
    }

    /// By the name exactly as hash-algorithm-ov has it; none for others.
    pub(crate) fn exactly(algorithm: &str) -> Option<HashForm> {
        match algorithm {
            "MD5" | "SHA-1" | "SHA-256" | "SHA-512" | "SHA3-256" | "SHA3-512" | "SSDEEP" => {
                HashForm::of(algorithm)
            }
            "TLSH" => Some(HashForm::Tlsh),
            _ => None,
        }
    }

    /// Whether the text can be such a hash.
    pub(crate) fn fits(&self, text: &str) -> bool {
        match self {
            Self::Digits(lengths) => {
                lengths.contains(&text.len()) && text.bytes().all(|b| b.is_ascii_hexdigit())
            }
            Self::Tlsh => {
                let digits = text
                    .strip_prefix("T1")
                    .filter(|rest| rest.len() == 70)
                    .unwrap_or(text);
                digits.len() == 70 && digits.bytes().all(|b| b.is_ascii_alphanumeric())
            }
            Self::Fuzzy => {
                (1..=SSDEEP_CHARS_MAX).contains(&text.len())
                    && text
                        .bytes()
                        .all(|b| b.is_ascii_alphanumeric() || matches!(b, b'/' | b'+' | b':' | b'.'))
            }
        }
    }

    pub(crate) fn way_out(&self) -> String {
        match self {
            Self::Digits(lengths) => {
                let lengths: Vec<String> = lengths.iter().map(usize::to_string).collect();
                format!("it has {} hexadecimal digits", lengths.join(" or "))
            }
            Self::Tlsh => "it has 70 hexadecimal digits".to_owned(),
            Self::Fuzzy => "it looks like `blocksize:hash:hash`".to_owned(),
        }
    }
}

/// What is to be said about `[…]` that no object can satisfy because its parts are about different types.
pub(super) fn of_types(comparison: &ComparisonExpr) -> Option<&'static str> {
    let Types::Some(types) = types_of(comparison) else {
        return None;
    };
    types.is_empty().then_some(
        "AND joins properties of different object types in one `[…]`, which no object has; write `[…] AND […]`",
    )
}

/// The object types that a comparison can be true for.
enum Types<'a> {
    Some(Vec<&'a str>),
    /// Too many to keep count.
    Many,
}

const TYPES_TRACKED: usize = 32;

fn types_of(expression: &ComparisonExpr) -> Types<'_> {
    match expression {
        ComparisonExpr::Test(comparison) => Types::Some(vec![&comparison.path.object_type]),
        ComparisonExpr::Or(all) => {
            let mut union = Vec::new();
            for one in all {
                let Types::Some(types) = types_of(one) else {
                    return Types::Many;
                };
                for object_type in types {
                    if !union.contains(&object_type) {
                        union.push(object_type);
                    }
                }
                if union.len() > TYPES_TRACKED {
                    return Types::Many;
                }
            }
            Types::Some(union)
        }
        ComparisonExpr::And(all) => {
            all.iter()
                .map(types_of)
                .fold(Types::Many, |common, types| match (common, types) {
                    (Types::Many, other) | (other, Types::Many) => other,
                    (Types::Some(common), Types::Some(types)) => Types::Some(
                        common
                            .into_iter()
                            .filter(|object_type| types.contains(object_type))
                            .collect(),
                    ),
                })
        }
    }
}
