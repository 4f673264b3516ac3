//! Regular expressions: what is certainly broken is refused here, the rest is the engine's to compile.

use regex_syntax::ast::{self, ErrorKind, parse::ParserBuilder};

use crate::error::Reason;
use crate::limits;
use crate::test::{Position, Regex};

/// Refuses what no reader of PCRE can read. What is only more than linear engines know (look-around, back-references)
/// passes, and so does a brace that PCRE takes for itself.
pub(super) fn check(source: &str) -> Result<(), Reason> {
    if source.len() > limits::REGEX_BYTES_MAX {
        let (what, max) = ("bytes of a regular expression", limits::REGEX_BYTES_MAX);
        return Err(Reason::TooMuch { what, max });
    }
    let mut parser = ParserBuilder::new().nest_limit(limits::REGEX_DEPTH_MAX).build();
    match parser.parse(source) {
        Ok(_) => Ok(()),
        Err(error) if is_broken(error.kind()) => Err(Reason::Regex {
            at: position(source, &error),
            why: error.kind().to_string(),
        }),
        Err(_) => Ok(()),
    }
}

/// Whether engines that run in linear time cannot read it: look-around, back-references, and what PCRE alone has.
pub(crate) fn is_beyond_linear(source: &str) -> bool {
    let mut parser = ParserBuilder::new().nest_limit(limits::REGEX_DEPTH_MAX).build();
    parser.parse(source).is_err()
}

fn is_broken(kind: &ErrorKind) -> bool {
    matches!(
        kind,
        ErrorKind::ClassRangeInvalid
            | ErrorKind::ClassUnclosed
            | ErrorKind::EscapeUnexpectedEof
            | ErrorKind::GroupUnclosed
            | ErrorKind::GroupUnopened
            | ErrorKind::NestLimitExceeded(_)
            | ErrorKind::RepetitionCountInvalid
            | ErrorKind::RepetitionMissing
    )
}

fn position(source: &str, error: &ast::Error) -> usize {
    let before = source.get(..error.span().start.offset).unwrap_or_default();
    before.chars().count() + 1
}

/// An expression that must stand at the start or end of the value; anywhere is where it stands already.
pub(super) fn placed(regex: Regex, position: Position) -> Regex {
    let source = match position {
        Position::Start => format!(r"\A(?:{})", regex.source),
        Position::End => format!(r"(?:{})\z", regex.source),
        Position::Whole | Position::Anywhere => regex.source,
    };
    Regex { source, ..regex }
}
