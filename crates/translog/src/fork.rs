//! Forks: two heads of one log that cannot both be true, as a proof that anybody can check.
//!
//! A log that shows different entries to different readers has to sign two heads. The proof holds both,
//! and the root that the later one has at the size of the earlier one: if that is not the earlier root, the
//! log's own signatures convict it. No honest pair can be made into such a proof.

use std::fmt;

use crate::checkpoint::{self, VerifiedCheckpoint};
use crate::hash::Hash;
use crate::note::{Note, Verifier};
use crate::tile::Tiles;
use crate::{Error, ReadError, limits, proof, text};

const HEADER: &str = "entente/fork/v1";

/// Two signed heads and what stands between them. Nothing is proved before [`Fork::verify`]. The text form is
/// [`Fork::read`] and its [`fmt::Display`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fork {
    /// The signed checkpoint with the smaller (or the same) size.
    pub earlier: String,
    /// The other one.
    pub later: String,
    /// Root of the later tree's first entries, as many as the earlier head counts.
    pub prefix_root: Hash,
    /// Leads from `prefix_root` to the later root. Empty at the same size.
    pub consistency: Vec<Hash>,
}

impl Fork {
    /// Compares two signed heads of one log, given the tiles of the bigger one: the proof that they fork, or
    /// `None` where the earlier is a beginning of the later.
    pub fn between<T: Tiles>(
        one: &str,
        other: &str,
        log_keys: &[Verifier],
        tiles_of_the_bigger: &T,
    ) -> Result<Option<Self>, ReadError<T::Error>> {
        let (one, other) = (open(one, log_keys)?, open(other, log_keys)?);
        same_log(&one, &other)?;
        let (earlier, later) = if one.size <= other.size {
            (one, other)
        } else {
            (other, one)
        };
        let same_size = earlier.size == later.size;
        let prefix_root = if same_size {
            later.root
        } else {
            proof::root(tiles_of_the_bigger, earlier.size)?
        };
        if prefix_root == earlier.root {
            return Ok(None);
        }
        let consistency = match same_size {
            true => Vec::new(),
            false => proof::consistency(tiles_of_the_bigger, earlier.size, later.size)?,
        };
        let fork = Self {
            earlier: earlier.note().to_owned(),
            later: later.note().to_owned(),
            prefix_root,
            consistency,
        };
        // Tiles of some third tree would have led nowhere.
        fork.verify(log_keys)?;
        Ok(Some(fork))
    }

    /// Checks the proof with the log's keys: both heads are signed, are of one log, and cannot both be true.
    /// [`Error::NoFork`] where they can.
    pub fn verify(&self, log_keys: &[Verifier]) -> Result<(), Error> {
        let (earlier, later) = (open(&self.earlier, log_keys)?, open(&self.later, log_keys)?);
        same_log(&earlier, &later)?;
        proof::verify_consistency(
            &self.consistency,
            later.size,
            &later.root,
            earlier.size,
            &self.prefix_root,
        )?;
        if self.prefix_root == earlier.root {
            return Err(Error::NoFork);
        }
        Ok(())
    }

    /// Reads the text form:
    ///
    /// ```text
    /// entente/fork/v1
    /// prefix <root in base64>
    /// earlier <lines of the earlier note>
    /// later <lines of the later note>
    /// <consistency proof, a hash a line>
    ///
    /// <the earlier note><the later note>
    /// ```
    pub fn read(bytes: &[u8]) -> Result<Self, Error> {
        let fault = |why| Error::Text { what: "fork", why };
        if bytes.len() > limits::TEXT_BYTES_MAX {
            return Err(Error::TooMuch {
                what: "a fork",
                max: limits::TEXT_BYTES_MAX as u64,
            });
        }
        let rest = str::from_utf8(bytes).map_err(|_| fault("it is not UTF-8"))?;
        let (header, rest) = text::line(rest).ok_or(fault("it has no lines"))?;
        if header != HEADER {
            return Err(fault("its first line is not `entente/fork/v1`"));
        }
        let (prefix, rest) =
            field(rest, "prefix ").ok_or(fault("its second line is not `prefix` and a root"))?;
        let (earlier, rest) =
            field(rest, "earlier ").ok_or(fault("its third line is not `earlier` and a number"))?;
        let (later, rest) =
            field(rest, "later ").ok_or(fault("its fourth line is not `later` and a number"))?;
        let (consistency, notes) = text::hashes(rest).map_err(fault)?;
        let lines = |count| text::decimal(count).ok_or(fault("a number of lines is not a decimal"));
        let (earlier, notes) =
            split_lines(notes, lines(earlier)?).ok_or(fault("it ends within the earlier note"))?;
        let (later, notes) =
            split_lines(notes, lines(later)?).ok_or(fault("it ends within the later note"))?;
        if !notes.is_empty() {
            return Err(fault("something follows the later note"));
        }
        Note::read(earlier.as_bytes())?;
        Note::read(later.as_bytes())?;
        Ok(Self {
            earlier: earlier.to_owned(),
            later: later.to_owned(),
            prefix_root: text::hash(prefix).ok_or(fault("its prefix is not a hash in base64"))?,
            consistency,
        })
    }
}

impl fmt::Display for Fork {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "{HEADER}\nprefix {}", text::to_base64(&self.prefix_root))?;
        writeln!(
            f,
            "earlier {}\nlater {}",
            self.earlier.lines().count(),
            self.later.lines().count()
        )?;
        write!(
            f,
            "{}\n{}{}",
            text::to_lines(&self.consistency),
            self.earlier,
            self.later
        )
    }
}

fn open(note: &str, log_keys: &[Verifier]) -> Result<VerifiedCheckpoint, Error> {
    checkpoint::open(note.as_bytes(), log_keys)
}

fn same_log(one: &VerifiedCheckpoint, other: &VerifiedCheckpoint) -> Result<(), Error> {
    if one.origin != other.origin {
        return Err(Error::Origin {
            found: other.origin.clone(),
            wanted: one.origin.clone(),
        });
    }
    Ok(())
}

fn field<'a>(text: &'a str, name: &str) -> Option<(&'a str, &'a str)> {
    let (line, rest) = text::line(text)?;
    Some((line.strip_prefix(name)?, rest))
}

/// The first `count` lines with their newlines, and the rest.
fn split_lines(text: &str, count: u64) -> Option<(&str, &str)> {
    let last = usize::try_from(count).ok()?.checked_sub(1)?;
    let (at, _) = text.match_indices('\n').nth(last)?;
    text.split_at_checked(at + 1)
}
