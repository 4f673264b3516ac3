//! Logs that are still being written: what is whole is given at once, and the whole is the same as read at the end.

use crate::Seen;
use entente_telemetry::{Options, Scratch, Source};
use std::collections::VecDeque;
use std::io::{self, ErrorKind, Read};

/// Pieces with pauses between them.
struct Pieces(VecDeque<Vec<u8>>);

impl Read for Pieces {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let Some(piece) = self.0.front_mut() else {
            return Ok(0);
        };
        if piece.is_empty() {
            self.0.pop_front();
            return Err(ErrorKind::WouldBlock.into());
        }
        let count = piece.as_slice().read(buffer)?;
        piece.drain(..count);
        Ok(count)
    }
}

/// What is read of a log whose first two lines are there, and the rest comes in pieces of this size; and how often nothing was there.
fn read(text: &str, size: usize) -> (Seen, usize) {
    let ends: Vec<usize> = text.match_indices('\n').map(|(at, _)| at + 1).collect();
    let (first, rest) = text.split_at(ends[1]);
    let pieces = rest.as_bytes().chunks(size).map(<[u8]>::to_vec);
    let pieces = Pieces([first.as_bytes().to_vec()].into_iter().chain(pieces).collect());
    let options = Options {
        live: true,
        ..Options::default()
    };
    let mut source = Source::open_with(pieces, "log", options).unwrap();
    let (mut seen, mut pauses, mut scratch) = (Seen::default(), 0, Scratch::new());
    while let Some(batch) = source.next().unwrap() {
        pauses += usize::from(batch.is_empty());
        batch.visit(&mut seen, &mut scratch);
        source.recycle(batch);
    }
    (seen, pauses)
}

fn check(text: &str) {
    let mut whole = Seen::default();
    let mut source = Source::open(text.as_bytes(), "log").unwrap();
    while let Some(batch) = source.next().unwrap() {
        batch.visit(&mut whole, &mut Scratch::new());
    }
    assert!(whole.records.len() > 1);
    for size in [1, 7, 64, 5_000] {
        let (seen, _) = read(text, size);
        assert_eq!(seen, whole, "in pieces of {size}");
    }
}

#[test]
fn every_format_comes_in_pieces_as_it_comes_whole() {
    check("{\"a\":1}\n{\"a\":\"two\"}\nno json\n{\"a\":3}");
    check(
        "#separator \\x09\n#fields\tts\tuid\n#types\ttime\tstring\n1.5\tC1\n2.5\tC2\n#fields\tuid\n#types\tstring\nC3\n",
    );
    check("a,b\n1,2\n3,\"two\nlines\"\n5,6\n");
    check("Jan  1 00:00:00 host app: one\nJan  1 00:00:01 host app: two\n");
    check("plain text\nand more of it\n");
}

#[test]
fn where_no_line_is_whole_nothing_is_given_and_nothing_waits() {
    let (seen, pauses) = read("{\"a\":1}\n{\"a\":2}\n{\"a\":3}\n", 2);
    assert_eq!(seen.records.len(), 3);
    // The third line comes in four pieces: the first with the lines before it, and the last completes it.
    assert_eq!(pauses, 2);
}

#[test]
fn a_line_beyond_the_bound_is_skipped_once_however_slowly_it_comes() {
    let long = "x".repeat(entente_telemetry::limits::LINE_BYTES_MAX + 70_000);
    let text = format!("{{\"a\":1}}\n\n{long}\n{{\"a\":2}}\n");
    let (seen, _) = read(&text, 900_000);
    assert_eq!(seen.raw, [b"{\"a\":1}", b"{\"a\":2}"]);
    assert_eq!(seen.defects.len(), 1);
    assert_eq!(seen.records[1].0, 4);
}
