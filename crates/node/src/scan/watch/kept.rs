//! What a watch goes on with after a stop: the state of what takes several records, and how far its sources were.
//!
//! A file of the node's folder. A log is read from its beginning again; records that the state has seen already are told
//! by their lines, and do not count twice.

use std::io::Write as _;
use std::path::PathBuf;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use super::Mark;
use crate::generation::private_file;
use crate::limits::WATCH_STATE_BYTES_MAX;
use crate::{Error, Node};

/// The first line of the file; moves on with its form.
const FIRST_LINE: &str = "entente watch 1";

/// How far a source was.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Far {
    pub(super) name: String,
    /// The log that was open; none where it cannot be known again.
    pub(super) mark: Option<Mark>,
    /// The last line that the state has seen.
    pub(super) line: u64,
}

/// What is kept.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Kept {
    pub(super) sources: Vec<Far>,
    /// Of [`entente_detect::state::Machine::snapshot`].
    pub(super) state: Vec<u8>,
}

impl Kept {
    /// How far this log was read; zero where it is another one, or was cut since.
    pub(super) fn line_of(&self, name: &str, mark: Option<Mark>) -> u64 {
        let known = self.sources.iter().find(|far| far.name == name);
        let is_same = |far: &&Far| match (far.mark, mark) {
            (Some(then), Some(now)) => then.digest == now.digest && now.bytes >= then.bytes,
            _ => false,
        };
        known.filter(is_same).map_or(0, |far| far.line)
    }

    fn written(&self) -> Vec<u8> {
        let mut bytes = format!("{FIRST_LINE}\n").into_bytes();
        for Far { name, mark, line } in &self.sources {
            let (digest, length) = mark.map_or((String::new(), 0), |mark| {
                (STANDARD.encode(mark.digest), mark.bytes)
            });
            bytes.extend(format!("{digest}\t{length}\t{line}\t{name}\n").into_bytes());
        }
        bytes.push(b'\n');
        bytes.extend(&self.state);
        bytes
    }

    /// None where the file is not as it was written.
    fn read(bytes: &[u8]) -> Option<Kept> {
        let mut rest = bytes;
        let mut next = || {
            let end = rest.iter().position(|byte| *byte == b'\n')?;
            let (line, after) = rest.split_at(end);
            rest = after.get(1..)?;
            std::str::from_utf8(line).ok()
        };
        next().filter(|line| *line == FIRST_LINE)?;
        let mut sources = Vec::new();
        loop {
            let line = next()?;
            if line.is_empty() {
                break;
            }
            let mut parts = line.splitn(4, '\t');
            let digest = parts.next()?;
            let (bytes, line) = (parts.next()?.parse().ok()?, parts.next()?.parse().ok()?);
            let mark = match digest {
                "" => None,
                digest => Some(Mark {
                    digest: STANDARD.decode(digest).ok()?.try_into().ok()?,
                    bytes,
                }),
            };
            let name = parts.next()?.to_owned();
            sources.push(Far { name, mark, line });
        }
        let state = rest.to_vec();
        Some(Kept { sources, state })
    }
}

impl Node {
    /// What the last watch kept, where that was of these sources; one of others has nothing to do with it.
    pub(super) fn kept_of(&self, names: &[String]) -> Option<Kept> {
        let path = self.kept_path();
        if std::fs::metadata(&path).ok()?.len() > WATCH_STATE_BYTES_MAX {
            return None;
        }
        let kept = Kept::read(&std::fs::read(path).ok()?)?;
        kept.sources
            .iter()
            .all(|far| names.contains(&far.name))
            .then_some(kept)
    }

    /// Keeps it, or where there is nothing to keep, nothing.
    pub(super) fn keep(&self, kept: Option<&Kept>) -> Result<(), Error> {
        let path = self.kept_path();
        let io = |cause| Error::Io {
            doing: "keep what a watch saw in",
            path: path.clone(),
            cause,
        };
        // A name with a line break is a line too many.
        let kept = kept.filter(|kept| !kept.sources.iter().any(|far| far.name.contains('\n')));
        let bytes = kept.map(Kept::written);
        let Some(bytes) = bytes.filter(|bytes| bytes.len() as u64 <= WATCH_STATE_BYTES_MAX) else {
            return match std::fs::remove_file(&path) {
                Err(cause) if cause.kind() != std::io::ErrorKind::NotFound => Err(io(cause)),
                _ => Ok(()),
            };
        };
        let new = path.with_extension("new");
        let mut file = private_file(&new).map_err(io)?;
        file.write_all(&bytes)
            .and_then(|()| file.sync_all())
            .map_err(io)?;
        std::fs::rename(&new, &path).map_err(io)
    }

    fn kept_path(&self) -> PathBuf {
        self.folder.join("watch.state")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_kept_is_read_as_written_and_nothing_else_is() {
        let mark = Mark {
            digest: [7; 32],
            bytes: 9,
        };
        let far = |name: &str, mark, line| Far {
            name: name.to_owned(),
            mark,
            line,
        };
        let kept = Kept {
            sources: vec![far("a\tb.log", Some(mark), 12), far("-", None, 3)],
            state: b"\n\nstate\n".to_vec(),
        };
        let written = kept.written();
        assert_eq!(Kept::read(&written), Some(kept.clone()));
        for cut in 0..written.len() - kept.state.len() {
            assert_eq!(Kept::read(&written[..cut]), None, "{cut}");
        }
        assert_eq!(kept.line_of("a\tb.log", Some(mark)), 12);
        assert_eq!(
            kept.line_of("a\tb.log", Some(Mark { bytes: 8, ..mark })),
            0,
            "it was cut"
        );
        assert_eq!(
            kept.line_of(
                "a\tb.log",
                Some(Mark {
                    digest: [8; 32],
                    ..mark
                })
            ),
            0
        );
        assert_eq!(kept.line_of("-", None), 0);
        assert_eq!(kept.line_of("c.log", Some(mark)), 0);
    }
}
