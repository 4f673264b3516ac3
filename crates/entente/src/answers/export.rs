//! What is known, given back: as STIX, and as rows.

use std::io::Write;

use entente_node::Node;
use entente_node::export::Selection;
use entente_node::recall::standing::Recalls;
use entente_node::receipt::Recalled;
use entente_store::Stored;

use crate::exit::Failure;
use crate::place;

/// What went by, and what of it was left out.
#[derive(Default)]
pub(crate) struct Written {
    pub(crate) objects: u64,
    /// Revoked ones that were left out.
    pub(crate) revoked: u64,
    /// Of those that their owner recalled, the first, and how many: left out of rows, and in a bundle as they came.
    pub(crate) recalled: (Vec<(String, Recalled)>, u64),
    /// Indicators without a value that were left out.
    pub(crate) valueless: u64,
}

/// Recalled objects that are named; the others are counted.
const RECALLED_NAMED: usize = 20;

impl Written {
    /// Notes whether `stored` was recalled so that it is no longer to be used.
    fn is_recalled(&mut self, recalls: &Recalls<'_>, stored: &Stored) -> Result<bool, Failure> {
        let recall = recalls.of(&stored.id).map_err(place::node_failure)?;
        let Some(recall) = recall.filter(|recall| recalls.withdraws(recall)) else {
            return Ok(false);
        };
        let (named, count) = &mut self.recalled;
        *count += 1;
        if named.len() < RECALLED_NAMED {
            named.push((stored.id.clone(), recall));
        }
        Ok(true)
    }
}

/// A bundle whose objects are the texts as they came in, one after another.
///
/// # Errors
/// The store failed, or `out` did.
pub(crate) fn stix(node: &Node, selection: &Selection, out: &mut dyn Write) -> Result<Written, Failure> {
    let id = node.bundle_id(selection).map_err(place::node_failure)?;
    write!(out, "{{\"type\":\"bundle\",\"id\":\"{id}\",\"objects\":[")?;
    let recalls = node.recalls().map_err(place::node_failure)?;
    let mut written = Written::default();
    let mut separator = "\n";
    node.export::<Failure>(selection, &mut |stored: &Stored| {
        out.write_all(separator.as_bytes())?;
        out.write_all(&stored.text)?;
        separator = ",\n";
        written.objects += 1;
        written.is_recalled(&recalls, stored)?;
        Ok(())
    })?;
    out.write_all(b"\n]}\n")?;
    Ok(written)
}

/// Rows for block lists and spreadsheets: what was taken back by its creator must not come back through them.
///
/// # Errors
/// The store failed, or `out` did.
pub(crate) fn csv(node: &Node, selection: &Selection, out: &mut dyn Write) -> Result<Written, Failure> {
    let all_rows = !selection.types.is_empty();
    let types = if all_rows {
        selection.types.clone()
    } else {
        vec!["indicator".to_owned()]
    };
    let selection = Selection {
        types,
        versions: false,
    };
    let recalls = node.recalls().map_err(place::node_failure)?;
    let mut written = Written::default();
    let mut rows = entente_formats::export::csv::Writer::new(out)?;
    node.export::<Failure>(&selection, &mut |stored: &Stored| {
        written.objects += 1;
        if stored.revoked {
            written.revoked += 1;
            return Ok(());
        }
        if written.is_recalled(&recalls, stored)? {
            return Ok(());
        }
        node.rows::<Failure>(stored, &mut |row| {
            if row.value.is_empty() && !all_rows {
                written.valueless += 1;
                return Ok(());
            }
            Ok(rows.write(row)?)
        })
    })?;
    rows.finish()?;
    Ok(written)
}
