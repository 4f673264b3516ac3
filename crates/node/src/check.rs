//! Whether everything derived is as history says.

use entente_store::Report;

use crate::{Error, Node};

impl Node {
    /// Checks the store's own structure, derives every object anew and compares; repairs where asked.
    ///
    /// # Errors
    /// The store failed; differences are in the report, not errors.
    pub fn check(&self, repair: bool) -> Result<Report, Error> {
        Ok(self.store.check(repair, &crate::derive::derive_text)?)
    }
}
