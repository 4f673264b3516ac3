//! The last signed head of each own log, kept outside the database and outside every backup.
//!
//! A restored old backup does not know what was signed after it; the guard does, so the node refuses to
//! sign a second history. Where it is kept is the caller's matter. Begin at [`Guard`].

/// Remembers the last signed head of each log. What it was told is durable when it answers.
pub trait Guard: Send + Sync {
    /// The last head that was signed for the log `origin`, as the signed note that it was.
    ///
    /// # Errors
    /// It could not be read. Nothing may then be signed.
    fn last(&self, origin: &str) -> Result<Option<String>, GuardError>;

    /// Compare and swap: `to` is now the last, if `from` was the last until now.
    ///
    /// # Errors
    /// [`GuardError::Moved`] if another was the last, [`GuardError::Failed`] if it could not be made durable.
    fn advance(&self, origin: &str, from: Option<&str>, to: &str) -> Result<(), GuardError>;
}

/// Why the guard did not do what was asked.
#[derive(Debug, thiserror::Error)]
pub enum GuardError {
    /// Another head was signed meanwhile.
    #[error("another head of `{origin}` was signed meanwhile; repeat")]
    Moved {
        /// The log.
        origin: String,
    },
    /// It could not be read or written.
    #[error(
        "cannot use the guard of signed heads: {0}; nothing was signed: check the folder it is kept in, then repeat"
    )]
    Failed(String),
}
