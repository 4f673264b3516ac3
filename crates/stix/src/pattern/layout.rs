//! Where the parts of a pattern stand in its text, in the order of [`Pattern::comparisons`] and of a walk
//! that meets what is qualified before its qualifier.
//!
//! [`Pattern::comparisons`]: super::Pattern::comparisons

use std::ops::Range;

/// Byte offsets into the text.
#[derive(Debug, Default)]
pub(super) struct Layout {
    pub(super) comparisons: Vec<ComparisonAt>,
    pub(super) qualifiers: Vec<Range<usize>>,
}

/// Where a comparison stands.
#[derive(Debug)]
pub(super) struct ComparisonAt {
    /// Its path.
    pub(super) path: usize,
    /// Each step of its path.
    pub(super) steps: Vec<usize>,
    /// Each of its constants.
    pub(super) values: Vec<Range<usize>>,
}

impl ComparisonAt {
    pub(super) fn at(path: usize) -> ComparisonAt {
        ComparisonAt {
            path,
            steps: Vec::new(),
            values: Vec::new(),
        }
    }
}
