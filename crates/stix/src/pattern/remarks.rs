//! What §9 says about a pattern beyond its grammar.

use super::ast::{
    Comparison, ComparisonExpr, Constant, ObjectPath, ObservationExpr, Operator, Qualifier, Step,
};

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
    /// Objects of different types joined by AND inside one `[…]`: one object cannot be both (warning, §9.5).
    MixedTypes,
    /// An empty set, a negative index, a stop that is not after its start (warning).
    NeverMatches,
}

impl Remark {
    /// Whether the pattern is invalid by the standard, not only useless.
    pub fn is_error(&self) -> bool {
        match self.kind {
            RemarkKind::Hash | RemarkKind::OldTimestamp | RemarkKind::QualifierValue => true,
            RemarkKind::MixedTypes | RemarkKind::NeverMatches => false,
        }
    }
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
    Some(format!("{wrong} is not a {algorithm} hash; {}", form.way_out()))
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

/// Remarks on `[…]` that no object can satisfy because its parts are about different types.
pub(super) fn add_mixed_types(expression: &ObservationExpr, remarks: &mut Vec<Remark>) {
    match expression {
        ObservationExpr::Comparison(comparison) => {
            if let Types::Some(types) = types_of(comparison)
                && types.is_empty()
            {
                remarks.push(Remark {
                    kind: RemarkKind::MixedTypes,
                    line: 1,
                    column: 1,
                    message:
                        "AND joins properties of different object types in one `[…]`, which no object has; \
                              write `[…] AND […]`"
                            .to_owned(),
                });
            }
        }
        ObservationExpr::And(all) | ObservationExpr::Or(all) | ObservationExpr::FollowedBy(all) => {
            all.iter().for_each(|one| add_mixed_types(one, remarks));
        }
        ObservationExpr::Qualified { inner, .. } => add_mixed_types(inner, remarks),
    }
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
