//! Whether everything derived is as history says.

use std::cell::RefCell;

use entente_store::{Difference, Report};

use crate::noted::Noted;
use crate::{Error, Node};

impl Node {
    /// Checks the store's own structure, derives every object anew and compares; repairs where asked.
    ///
    /// # Errors
    /// The store failed; differences are in the report, not errors.
    pub fn check(&self, repair: bool) -> Result<Report, Error> {
        let found = RefCell::new(Noted::default());
        let mut report = self.store.check(repair, &|text| {
            let derived = crate::derive::derive_text(text)?;
            let mut found = found.borrow_mut();
            derived
                .observables
                .iter()
                .for_each(|observed| found.note(observed.kind, &observed.value));
            Ok(derived)
        })?;
        let found = found.into_inner();
        let noted = Noted::of(self.store())?;
        if !noted.covers(&found) {
            report.differences_total += 1;
            report.differences.push(Difference {
                part: "kinds and networks",
                subject: String::new(),
                message: "the note of which kinds and networks occur lacks some that do".to_owned(),
                repairable: true,
            });
            if repair {
                noted.save_with(found, self.store())?;
                report.repaired = true;
            }
        }
        Ok(report)
    }
}
