//! Readers of `node`.

use entente_node::channel::opening::Opening;

/// Openings of log entries. What is read is exactly what would be written: one text for one meaning.
pub fn opening(data: &[u8]) {
    if let Ok(opening) = Opening::read(data) {
        assert_eq!(opening.text().as_bytes(), data);
    }
}
