//! How the program ends: the documented exit codes, and the error that carries one.

use std::fmt;
use std::process::ExitCode;

/// The exit codes of every command; scripts rely on them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub(crate) enum Exit {
    /// Done.
    Done = 0,
    /// Done, and the answer is "no" or "found" where the command asks.
    Answer = 1,
    /// The command line was wrong.
    Usage = 2,
    /// What was asked is not allowed: by an agreement, or by what was signed before.
    Refused = 3,
    /// Nothing is known under that name.
    NotFound = 4,
    /// The network, or who is at its other end, failed.
    Network = 5,
    /// Input could not be read, or part of it was refused; the report names each item.
    BadInput = 6,
    /// The store or the disk.
    Store = 7,
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> ExitCode {
        ExitCode::from(exit as u8)
    }
}

/// What went wrong, in words for people, with the exit code that says whose fault it was.
#[derive(Debug)]
pub(crate) struct Failure {
    pub(crate) exit: Exit,
    pub(crate) message: String,
}

impl Failure {
    pub(crate) fn usage(message: impl fmt::Display) -> Failure {
        Failure {
            exit: Exit::Usage,
            message: message.to_string(),
        }
    }

    pub(crate) fn refused(message: impl fmt::Display) -> Failure {
        Failure {
            exit: Exit::Refused,
            message: message.to_string(),
        }
    }

    pub(crate) fn input(message: impl fmt::Display) -> Failure {
        Failure {
            exit: Exit::BadInput,
            message: message.to_string(),
        }
    }

    pub(crate) fn store(message: impl fmt::Display) -> Failure {
        Failure {
            exit: Exit::Store,
            message: message.to_string(),
        }
    }

    pub(crate) fn network(message: impl fmt::Display) -> Failure {
        Failure {
            exit: Exit::Network,
            message: message.to_string(),
        }
    }

    pub(crate) fn not_found(message: impl fmt::Display) -> Failure {
        Failure {
            exit: Exit::NotFound,
            message: message.to_string(),
        }
    }
}

/// A reader that hung up has seen enough; work that changes the store goes on without it.
pub(crate) fn unless_hung_up(written: Result<(), Failure>) -> Result<(), Failure> {
    match written {
        Err(failure) if failure.message.is_empty() => Ok(()),
        written => written,
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

/// Writing an answer failed. A reader that hung up (`entente … | head`) is not a failure worth words.
impl From<std::io::Error> for Failure {
    fn from(error: std::io::Error) -> Failure {
        if error.kind() == std::io::ErrorKind::BrokenPipe {
            return Failure {
                exit: Exit::Done,
                message: String::new(),
            };
        }
        Failure {
            exit: Exit::Store,
            message: format!("cannot write the answer: {error}"),
        }
    }
}
