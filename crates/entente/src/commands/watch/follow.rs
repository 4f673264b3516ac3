//! Sources that are still being written, read without waiting: files by their path, and stdin.

use std::fs::{File, Metadata};
use std::io::{self, ErrorKind, Read, Seek as _, SeekFrom};
use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};
use std::sync::mpsc::{Receiver, TryRecvError, sync_channel};

use entente_node::scan::watch::{LiveInput, Mark, Opened};
use sha2::{Digest as _, Sha256};

/// Bytes by which a first line must end; a log without one is begun with what is there.
const FIRST_LINE_BYTES: usize = 64 << 10;

/// Bytes that are looked at to find the encoding of a log.
const HEAD_BYTES: usize = 4;

/// Looks in a row at a log whose name went to another one, with nothing new in it, before it is left: who writes it may
/// not have noticed yet.
const LAST_LOOKS: u32 = 10;

/// Pieces of stdin that wait to be read.
const PIECES_WAITING: usize = 64;

/// What is written to the file of this path, in whichever file that is.
pub(super) fn file(path: PathBuf) -> LiveInput {
    LiveInput {
        name: path.display().to_string(),
        open: Box::new(move || open(&path)),
    }
}

fn open(path: &Path) -> io::Result<Opened> {
    let mut file = match File::open(path) {
        Ok(file) => file,
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(Opened::NotYet),
        Err(error) => return Err(error),
    };
    let mut head = Vec::new();
    (&mut file).take(FIRST_LINE_BYTES as u64).read_to_end(&mut head)?;
    if !has_begun(&head) {
        return Ok(Opened::NotYet);
    }
    file.seek(SeekFrom::Start(0))?;
    let metadata = file.metadata()?;
    let followed = Followed {
        identity: identity(&metadata),
        path: path.to_owned(),
        file,
        read: 0,
        last_looks: 0,
    };
    let mark = mark(&head, &metadata);
    Ok(Opened::Log(Box::new(followed), Some(mark)))
}

/// A file that is cut, and written anew, has another first line.
fn mark(head: &[u8], metadata: &Metadata) -> Mark {
    let (device, inode) = identity(metadata);
    let end = head.iter().position(|byte| *byte == b'\n').unwrap_or(head.len());
    let mut digest = Sha256::new();
    digest.update(device.to_le_bytes());
    digest.update(inode.to_le_bytes());
    digest.update(head.get(..end).unwrap_or_default());
    Mark {
        digest: digest.finalize().into(),
        bytes: metadata.len(),
    }
}

/// Whether enough is there to tell what the log is.
fn has_begun(head: &[u8]) -> bool {
    head.len() >= FIRST_LINE_BYTES || (head.len() >= HEAD_BYTES && head.contains(&b'\n'))
}

/// Which file it is, whatever its name.
fn identity(metadata: &Metadata) -> (u64, u64) {
    (metadata.dev(), metadata.ino())
}

/// A file that is being written. It ends when another one has its name, or when it was cut.
struct Followed {
    path: PathBuf,
    file: File,
    identity: (u64, u64),
    read: u64,
    last_looks: u32,
}

impl Read for Followed {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let count = self.file.read(buffer)?;
        if count > 0 {
            self.read += count as u64;
            self.last_looks = 0;
            return Ok(count);
        }
        if buffer.is_empty() || self.is_over()? {
            return Ok(0);
        }
        Err(ErrorKind::WouldBlock.into())
    }
}

impl Followed {
    fn is_over(&mut self) -> io::Result<bool> {
        if self.file.metadata()?.len() < self.read {
            return Ok(true);
        }
        match std::fs::metadata(&self.path) {
            Ok(now) if identity(&now) != self.identity => {
                self.last_looks += 1;
                Ok(self.last_looks >= LAST_LOOKS)
            }
            // Gone, and nothing in its place: who has it open may still write.
            _ => Ok(false),
        }
    }
}

/// Standard input. A thread waits for it, so that nobody else has to.
pub(super) fn stdin() -> LiveInput {
    let (send, pieces) = sync_channel(PIECES_WAITING);
    std::thread::spawn(move || {
        let mut stdin = io::stdin().lock();
        let mut buffer = vec![0; FIRST_LINE_BYTES];
        loop {
            let piece = match stdin.read(&mut buffer) {
                Ok(0) => return,
                Ok(count) => Ok(buffer.get(..count).unwrap_or_default().to_vec()),
                Err(error) if error.kind() == ErrorKind::Interrupted => continue,
                Err(error) => Err(error),
            };
            let is_last = piece.is_err();
            if send.send(piece).is_err() || is_last {
                return;
            }
        }
    });
    let mut waiting = Some(Pieces {
        pieces,
        ready: Vec::new(),
        at: 0,
        is_over: false,
    });
    LiveInput {
        name: "-".to_owned(),
        open: Box::new(move || {
            let Some(pieces) = &mut waiting else {
                return Ok(Opened::Over);
            };
            pieces.take_more()?;
            if !pieces.is_over && !has_begun(&pieces.ready) {
                return Ok(Opened::NotYet);
            }
            Ok(match waiting.take() {
                Some(pieces) if !pieces.ready.is_empty() => Opened::Log(Box::new(pieces), None),
                _ => Opened::Over,
            })
        }),
    }
}

/// What a thread read of stdin.
struct Pieces {
    pieces: Receiver<io::Result<Vec<u8>>>,
    ready: Vec<u8>,
    at: usize,
    is_over: bool,
}

impl Pieces {
    /// Adds one more piece, if it is there.
    fn take_more(&mut self) -> io::Result<()> {
        match self.pieces.try_recv() {
            Ok(piece) => self.ready.append(&mut piece?),
            Err(TryRecvError::Empty) => {}
            Err(TryRecvError::Disconnected) => self.is_over = true,
        }
        Ok(())
    }
}

impl Read for Pieces {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        if self.at == self.ready.len() {
            self.ready.clear();
            self.at = 0;
            self.take_more()?;
        }
        let mut rest = self.ready.get(self.at..).unwrap_or_default();
        if rest.is_empty() && !self.is_over {
            return Err(ErrorKind::WouldBlock.into());
        }
        let count = rest.read(buffer)?;
        self.at += count;
        Ok(count)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::Write as _;

    /// What is there now; `None` where the log ended.
    fn now(reader: &mut dyn Read) -> Option<String> {
        let mut text = Vec::new();
        let mut buffer = [0; 5];
        loop {
            match reader.read(&mut buffer) {
                Ok(0) => return None,
                Ok(count) => text.extend_from_slice(&buffer[..count]),
                Err(error) if error.kind() == ErrorKind::WouldBlock => {
                    return Some(String::from_utf8(text).unwrap());
                }
                Err(error) => panic!("{error}"),
            }
        }
    }

    fn opened(path: &Path) -> Option<Box<dyn Read + Send>> {
        match open(path).unwrap() {
            Opened::Log(reader, _) => Some(reader),
            Opened::NotYet => None,
            Opened::Over => panic!("a file is never over"),
        }
    }

    #[test]
    fn a_log_is_begun_with_its_first_line_and_gives_what_is_added() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("log");
        assert!(opened(&path).is_none());
        std::fs::write(&path, "half of").unwrap();
        assert!(opened(&path).is_none());
        let mut file = File::options().append(true).open(&path).unwrap();
        writeln!(file, " a line").unwrap();
        let mut reader = opened(&path).unwrap();
        assert_eq!(now(&mut reader).as_deref(), Some("half of a line\n"));
        assert_eq!(now(&mut reader).as_deref(), Some(""));
        writeln!(file, "more").unwrap();
        assert_eq!(now(&mut reader).as_deref(), Some("more\n"));
    }

    #[test]
    fn a_log_that_is_replaced_is_read_to_its_end_before_the_new_one() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("log");
        std::fs::write(&path, "old\n").unwrap();
        let mut file = File::options().append(true).open(&path).unwrap();
        let mut reader = opened(&path).unwrap();
        assert_eq!(now(&mut reader).as_deref(), Some("old\n"));
        std::fs::rename(&path, folder.path().join("log.1")).unwrap();
        assert_eq!(now(&mut reader).as_deref(), Some(""));
        std::fs::write(&path, "new\n").unwrap();
        assert_eq!(now(&mut reader).as_deref(), Some(""));
        writeln!(file, "late").unwrap();
        assert_eq!(now(&mut reader).as_deref(), Some("late\n"));
        let looks = (0..LAST_LOOKS).take_while(|_| now(&mut reader).is_some());
        assert!(looks.count() < LAST_LOOKS as usize);
        assert_eq!(now(&mut opened(&path).unwrap()).as_deref(), Some("new\n"));
    }

    #[test]
    fn a_log_that_is_cut_begins_anew() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("log");
        std::fs::write(&path, "old line\n").unwrap();
        let mut reader = opened(&path).unwrap();
        assert_eq!(now(&mut reader).as_deref(), Some("old line\n"));
        std::fs::write(&path, "new\n").unwrap();
        assert_eq!(now(&mut reader), None);
        assert_eq!(now(&mut opened(&path).unwrap()).as_deref(), Some("new\n"));
    }
}
