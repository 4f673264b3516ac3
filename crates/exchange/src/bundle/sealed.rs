//! The outermost layer: an age file (age-encryption.org/v1) for one X25519 recipient.
//!
//! age takes the randomness of its file key from the system; it is the one thing here that no seed repeats. What
//! the file holds does not depend on it.

use std::io::{self, Read, Write};

use age::stream::{StreamReader, StreamWriter};

use entente_node::party::Party;

use super::Error;
use crate::limits::SEAL_BYTES_MAX;

/// How every age file begins.
const MAGIC: &[u8] = b"age-encryption.org/v1\n";
/// How the last line of its header begins.
const HEADER_END: &[u8] = b"\n--- ";

/// The recipient (`age1…`) that belongs to a secret (`AGE-SECRET-KEY-1…`).
///
/// # Errors
/// [`Error::Secret`].
pub fn recipient(secret: &str) -> Result<String, Error> {
    Ok(identity(secret)?.to_public().to_string())
}

/// Encrypts what is written to a party.
pub(super) fn seal<W: Write>(party: &Party, out: W) -> Result<StreamWriter<W>, Error> {
    let no_recipient = |cause: String| Error::NoRecipient {
        party: party.id.clone(),
        cause,
    };
    let recipient = party
        .recipient
        .as_deref()
        .unwrap_or_default()
        .parse::<age::x25519::Recipient>();
    let recipient =
        recipient.map_err(|cause| no_recipient(format!("it told no good key for files ({cause})")))?;
    let encryptor = age::Encryptor::with_recipients(std::iter::once(&recipient as &dyn age::Recipient));
    let encryptor = encryptor.map_err(|error| no_recipient(error.to_string()))?;
    Ok(encryptor.wrap_output(out)?)
}

fn identity(secret: &str) -> Result<age::x25519::Identity, Error> {
    secret
        .parse()
        .map_err(|cause: &str| Error::Secret(cause.to_owned()))
}

/// Decrypts with `secret` (`AGE-SECRET-KEY-1…`). Reads no more than its header before it knows whether it can.
pub(super) fn open<R: Read>(secret: &str, mut file: R) -> Result<StreamReader<impl Read + use<R>>, Error> {
    let identity = identity(secret)?;
    let head = head(&mut file)?;
    let decryptor = age::Decryptor::new_buffered(io::BufReader::new(io::Cursor::new(head).chain(file)));
    let decryptor = decryptor.map_err(|error| Error::not_ours(error.to_string()))?;
    decryptor
        .decrypt(std::iter::once(&identity as &dyn age::Identity))
        .map_err(|error| match error {
            age::DecryptError::NoMatchingKeys => Error::WrongRecipient,
            other => Error::not_ours(other.to_string()),
        })
}

/// The beginning of the file, which must hold the whole age header: age itself would read on for as long as
/// somebody writes one.
fn head(file: &mut impl Read) -> Result<Vec<u8>, Error> {
    let mut head = Vec::new();
    file.by_ref().take(MAGIC.len() as u64).read_to_end(&mut head)?;
    if head != MAGIC {
        return Err(Error::not_ours(
            "it does not begin as an age file does".to_owned(),
        ));
    }
    file.by_ref().take(SEAL_BYTES_MAX).read_to_end(&mut head)?;
    match head.windows(HEADER_END.len()).any(|window| window == HEADER_END) {
        true => Ok(head),
        false => Err(Error::not_ours(format!(
            "its age header is longer than {SEAL_BYTES_MAX} bytes"
        ))),
    }
}
