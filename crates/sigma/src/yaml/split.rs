//! A text into parts that can be read one without the other.
//!
//! A line that begins with `---` and a blank or its end is a document's beginning wherever it stands (YAML 1.2.2
//! §9.1.2, c-forbidden), so that a broken document ends there at the latest.

/// What stands between two markers.
pub(super) struct Part<'a> {
    pub(super) text: &'a str,
    /// Line of the whole text in which it begins.
    pub(super) line: u32,
}

pub(super) fn parts(text: &str) -> Vec<Part<'_>> {
    let mut parts = Vec::new();
    let (mut begin, mut begin_line) = (0, 1);
    let (mut at, mut line) = (0, 1);
    for piece in text.split_inclusive('\n') {
        if at > begin && is_marker(piece) {
            parts.extend(part(text, begin, at, begin_line));
            (begin, begin_line) = (at, line);
        }
        at += piece.len();
        line += 1;
    }
    parts.extend(part(text, begin, text.len(), begin_line));
    parts
}

fn part(text: &str, begin: usize, end: usize, line: u32) -> Option<Part<'_>> {
    text.get(begin..end).map(|text| Part { text, line })
}

fn is_marker(line: &str) -> bool {
    line.strip_prefix("---")
        .is_some_and(|rest| rest.is_empty() || rest.starts_with([' ', '\t', '\r', '\n']))
}
