//! Where the passphrase of the keys comes from: a file, or the terminal. There is no default.

use std::fs;
use std::io::{BufRead as _, BufReader, IsTerminal as _, Read as _};
use std::path::Path;

use age::secrecy::SecretString;
use zeroize::Zeroizing;

use crate::cli::Unlock;
use crate::exit::Failure;

/// Bytes read of a passphrase's file.
const PASSPHRASE_BYTES_MAX: u64 = 4 << 10;

/// A passphrase, wiped from memory when dropped.
pub(crate) struct Passphrase(Zeroizing<String>);

impl Passphrase {
    /// The passphrase of keys that are there.
    pub(crate) fn given(unlock: &Unlock) -> Result<Passphrase, Failure> {
        match &unlock.passphrase_file {
            Some(file) => Passphrase::of_file(file),
            None => Passphrase::asked("Passphrase of this node's keys: "),
        }
    }

    /// The passphrase of keys that are made; asked for twice.
    pub(crate) fn new(unlock: &Unlock) -> Result<Passphrase, Failure> {
        if let Some(file) = &unlock.passphrase_file {
            return Passphrase::of_file(file);
        }
        let first = Passphrase::asked("New passphrase, to keep this node's keys under: ")?;
        let second = Passphrase::asked("The same again: ")?;
        if *first.0 == *second.0 {
            Ok(first)
        } else {
            Err(Failure::usage("the two passphrases differ; begin again"))
        }
    }

    pub(super) fn secret(&self) -> SecretString {
        SecretString::from(self.0.to_string())
    }

    fn of_file(file: &Path) -> Result<Passphrase, Failure> {
        let line = first_line(file, "the passphrase")?;
        Passphrase::of(&line, &format!("the first line of `{}`", file.display()))
    }

    fn asked(prompt: &str) -> Result<Passphrase, Failure> {
        let nobody = "the keys of this node are kept under a passphrase, and there is no terminal to ask for it; name a file with `--passphrase-file FILE` or ENTENTE_PASSPHRASE_FILE";
        if !std::io::stdin().is_terminal() {
            return Err(Failure::usage(nobody));
        }
        let line = rpassword::prompt_password(prompt).map_err(|_| Failure::usage(nobody))?;
        Passphrase::of(&Zeroizing::new(line), "what was typed")
    }

    fn of(line: &str, whence: &str) -> Result<Passphrase, Failure> {
        let passphrase = line.trim_end_matches(['\r', '\n']);
        if passphrase.is_empty() {
            return Err(Failure::usage(format!(
                "the passphrase is empty ({whence}); take several words, and keep them where the keys are not"
            )));
        }
        Ok(Passphrase(Zeroizing::new(passphrase.to_owned())))
    }
}

/// The first line of a file with a secret in it, without its end.
pub(crate) fn first_line(file: &Path, what: &str) -> Result<Zeroizing<String>, Failure> {
    let failing = |error: std::io::Error| {
        Failure::usage(format!(
            "cannot read {what} from `{}`: {error}; name a file that you can read",
            file.display()
        ))
    };
    let opened = fs::File::open(file).map_err(failing)?;
    let mut line = Zeroizing::new(String::with_capacity(PASSPHRASE_BYTES_MAX as usize));
    BufReader::new(opened.take(PASSPHRASE_BYTES_MAX))
        .read_line(&mut line)
        .map_err(failing)?;
    let end = line.trim_end_matches(['\r', '\n']).len();
    line.truncate(end);
    Ok(line)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_empty_passphrase_is_refused_and_a_line_end_is_none_of_it() {
        assert!(Passphrase::of("", "x").is_err());
        assert!(Passphrase::of("\r\n", "x").is_err());
        assert_eq!(*Passphrase::of("two words\r\n", "x").unwrap().0, "two words");
    }
}
