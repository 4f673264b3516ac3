//! Pages of a channel for anyone: only some of its entries may be seen, and nothing may count the others.
//!
//! So a page goes on until it is full, and passes over many entries ([`HIDDEN_ENTRIES_MAX`]: then it ends early, which
//! tells no more than that there are so many); its cursor tells the last object that was
//! told instead of a number; and times are those of whole releases, not made different entry by entry.

use entente_store::Channel;

use super::Shelf;
use super::cursor::Cursor;
use super::page::{Filling, Page, Wanted, is_of_spec, is_wanted, item, stored_filter};
use crate::Error;
use crate::limits::{HIDDEN_ENTRIES_MAX, LISTED_MAX};
use crate::view::{CONTENTS_AT_ONCE, Hands, Told};

impl Shelf<'_> {
    /// A page in the order of the log, up to its signed size.
    pub(super) fn open_page(
        &self,
        hands: &Hands<'_>,
        channel: &Channel,
        size: u64,
        wanted: &Wanted<'_>,
        cursor: Cursor,
    ) -> Result<(Page, Option<Cursor>), Error> {
        let mut filling = Filling::new(wanted.limit);
        let mut from = self.place_of(channel, cursor)?;
        if !is_of_spec(wanted.filter) {
            return Ok((filling.done(), None));
        }
        let filter = stored_filter(wanted.filter);
        let mut last: Option<Cursor> = None;
        for _ in 0..HIDDEN_ENTRIES_MAX.div_ceil(CONTENTS_AT_ONCE) {
            let (told, next) = hands.released(from, size, &filter, CONTENTS_AT_ONCE)?;
            for told in told.into_iter().map(as_released) {
                let is_after = wanted.filter.added_after.is_none_or(|after| told.added > after);
                if !is_after || !is_wanted(&told, wanted.filter) {
                    continue;
                }
                let (added, id, expires) = (told.added, told.id.clone(), told.expires);
                if !filling.add(item(told)) {
                    return Ok((filling.done(), last));
                }
                filling.expires(expires);
                last = Some(Cursor::Behind { added, id });
            }
            match next {
                Some(next) => from = next,
                None => return Ok((filling.done(), None)),
            }
        }
        Ok((filling.done(), Some(Cursor::Hidden(from))))
    }

    /// The number behind the entry that a cursor names. Entries stay where they are, also when what they released
    /// is told no more.
    fn place_of(&self, channel: &Channel, cursor: Cursor) -> Result<u64, Error> {
        let (added, id) = match cursor {
            Cursor::Behind { added, id } => (added, id),
            Cursor::Hidden(number) => return Ok(number),
            Cursor::Number(_) => return Ok(0),
        };
        let store = self.node.store();
        let mut after: Option<(String, u64)> = None;
        loop {
            let place = after.as_ref().map(|(origin, number)| (origin.as_str(), *number));
            let about = store.entries_about(&id, place, LISTED_MAX)?;
            for (origin, number) in &about {
                if *origin != channel.origin {
                    continue;
                }
                let entries = store.entries(origin, *number, 1)?;
                if entries
                    .iter()
                    .any(|entry| entry.number == *number && entry.at == added.micros())
                {
                    return Ok(number + 1);
                }
            }
            match about.into_iter().last() {
                Some(last) => after = Some(last),
                // It was sealed here, so it was there.
                None => return Ok(0),
            }
        }
    }
}

/// At the time of the whole release.
fn as_released(told: Told) -> Told {
    Told {
        added: told.at,
        ..told
    }
}

#[cfg(test)]
mod tests {
    use entente_stix::time::Timestamp;

    use super::*;

    #[test]
    fn the_time_of_a_release_says_nothing_about_its_place() {
        let told = Told {
            number: 7,
            id: "x--1".to_owned(),
            added: Timestamp::from_micros(12),
            at: Timestamp::from_micros(5),
            version: None,
            expires: None,
            text: Vec::new(),
        };
        assert_eq!(as_released(told).added.micros(), 5);
    }
}
