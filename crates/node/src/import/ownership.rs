//! What is imported or written here respects what parties own: another text of their object goes beside it.

use std::collections::BTreeSet;

use entente_store::{Change, Derived, NewAside, Store};

use crate::channel::BOUND;
use crate::party::IDENTITY;
use crate::reading::PROPOSAL;

/// For each object the party that owns it, where that is another one and holds another text.
///
/// One indexed question for all of them, and none while nothing is owned.
pub(crate) fn foreign(
    store: &dyn Store,
    objects: &[&Derived],
) -> Result<Vec<Option<String>>, entente_store::Error> {
    if store.meta(BOUND)?.is_none() {
        return Ok(vec![None; objects.len()]);
    }
    let ids: Vec<&str> = objects.iter().map(|derived| derived.id.as_str()).collect();
    let mut owners = store.owners(&ids)?;
    let me = store.meta(IDENTITY)?;
    let owned: BTreeSet<&str> = ids
        .iter()
        .zip(&owners)
        .filter(|(_, owner)| owner.is_some() && **owner != me)
        .map(|(id, _)| *id)
        .collect();
    let owned: Vec<&str> = owned.into_iter().collect();
    let current = store.current_many(&owned)?;
    let held: BTreeSet<(&str, [u8; 32])> = owned
        .iter()
        .zip(current)
        .filter_map(|(id, current)| Some((*id, current?.digest)))
        .collect();
    for (derived, owner) in objects.iter().zip(&mut owners) {
        if *owner == me || held.contains(&(derived.id.as_str(), derived.digest)) {
            *owner = None;
        }
    }
    Ok(owners)
}

/// Keeps objects beside those that parties own, as proposals of `source`.
pub(crate) fn set_aside(
    store: &dyn Store,
    source: &str,
    at: i64,
    objects: &[(&Derived, &[u8], &str)],
) -> Result<(), entente_store::Error> {
    if objects.is_empty() {
        return Ok(());
    }
    let reasons: Vec<String> = objects
        .iter()
        .map(|(_, _, owner)| format!("`{owner}` told it first and owns it"))
        .collect();
    let aside = objects
        .iter()
        .zip(&reasons)
        .map(|((derived, text, _), reason)| NewAside {
            kind: PROPOSAL,
            id: &derived.id,
            source,
            digest: derived.digest,
            text,
            reason,
            until: None,
        });
    store.apply(&Change {
        at,
        aside: aside.collect(),
        ..Change::default()
    })?;
    Ok(())
}
