//! Applies one [`Change`], inside a transaction that the writer opened.
//!
//! Begin at [`apply`]. `withdraw` ends holdings, `ingest` takes in what was told, `logs` appends to channels.

use rusqlite::{Connection, OptionalExtension, params};

use super::fault::Fault;
use super::{collections, documents, entities, ingest, logs, withdraw};
use crate::change::{Applied, Change, NewAct, NewAside, NewNote};
use crate::{Error, limits};

/// Refuses a change that is over a bound or cannot be stored, before anything is written.
pub(super) fn require_fit(change: &Change<'_>) -> Result<(), Error> {
    let counts = [
        ("the withdrawals of a change", change.withdrawn.len()),
        ("the tellings of a change", change.told.len()),
        ("the acts of a change", change.acts.len()),
        ("the channels of a change", change.channels.len()),
        ("the contents of a change", change.contents.len()),
        ("the appends of a change", change.appends.len()),
        ("the heads of a change", change.heads.len()),
        ("the owners of a change", change.bound.len()),
        ("the settled asides of a change", change.aside_gone.len()),
        ("the asides of a change", change.aside.len()),
        ("the notes of a change", change.notes.len()),
        ("the erasures of a change", change.erased.len()),
        ("the values of a change", change.meta.len()),
        ("the collections of a change", change.collections.len()),
        ("the discarded of a change", change.discarded.len()),
        ("the collected of a change", change.collected.len()),
        ("the documents of a change", change.documents.len()),
    ];
    for (what, count) in counts {
        super::limit(what, count, limits::CHANGE_ITEMS_MAX)?;
    }
    let objects = change.told.iter().map(|telling| telling.objects.len()).sum();
    super::limit("what is told in a change", objects, limits::BATCH_OBJECTS_MAX)?;
    super::limit("the change, in bytes,", weight(change), limits::CHANGE_BYTES_MAX)?;
    for telling in &change.told {
        ingest::require_fit(telling.source, &telling.objects)?;
    }
    names(change)
        .try_for_each(|name| super::limit("a name in the change", name.len(), limits::NAME_BYTES_MAX))?;
    change.documents.iter().try_for_each(documents::require_fit)?;
    collections::require_fit(change)?;
    logs::require_fit(change)
}

/// Every id, source, origin and other name, beside those of what is told.
fn names<'a>(change: &'a Change<'a>) -> impl Iterator<Item = &'a str> {
    let withdrawn = change.withdrawn.iter().flat_map(|ended| [ended.source, ended.id]);
    let acts = change.acts.iter().flat_map(|act| [act.kind, act.subject]);
    let contents = change.contents.iter().map(|content| content.subject);
    let heads = change.heads.iter().map(|(origin, _)| *origin);
    let bound = change.bound.iter().flat_map(|(id, party)| [*id, *party]);
    let aside = change
        .aside
        .iter()
        .flat_map(|aside| [aside.kind, aside.id, aside.source]);
    let notes = change
        .notes
        .iter()
        .flat_map(|note| [note.kind, note.subject, note.party]);
    let meta = change.meta.iter().map(|(name, _)| *name);
    let all = withdrawn.chain(acts).chain(contents).chain(heads).chain(bound);
    all.chain(aside)
        .chain(notes)
        .chain(meta)
        .chain(logs::names(change))
        .chain(collections::names(change))
}

/// About how many bytes a change writes.
pub(super) fn weight(change: &Change<'_>) -> usize {
    let told = change.told.iter().map(|telling| ingest::weight(&telling.objects));
    let acts = change.acts.iter().map(|act| act.text.len());
    let contents = change.contents.iter().map(|content| content.text.len());
    let heads = change.heads.iter().map(|(_, note)| note.len());
    let aside = change
        .aside
        .iter()
        .map(|aside| aside.text.len() + aside.reason.len());
    let notes = change.notes.iter().map(|note| note.text.len());
    let meta = change.meta.iter().map(|(_, value)| value.map_or(0, str::len));
    let all = told
        .chain(acts)
        .chain(contents)
        .chain(heads)
        .chain(aside)
        .chain(notes)
        .chain(meta);
    let documents = change.documents.iter().map(documents::weight);
    all.chain(documents).sum::<usize>() + logs::weight(change) + collections::weight(change)
}

/// Applies a change. Errors leave it half done: the caller undoes it.
pub(super) fn apply(connection: &Connection, change: &Change<'_>) -> Result<Applied, Fault> {
    let removes = !(change.withdrawn.is_empty() && change.erased.is_empty() && change.aside_gone.is_empty());
    if !removes {
        return write(connection, change);
    }
    // What is removed for good is overwritten, not only unlinked; everything else would pay for it too.
    connection.pragma_update(None, "secure_delete", true)?;
    let applied = write(connection, change);
    connection.pragma_update(None, "secure_delete", false)?;
    applied
}

fn write(connection: &Connection, change: &Change<'_>) -> Result<Applied, Fault> {
    let withdrawn = withdraw::withdraw(connection, &change.withdrawn)?;
    let mut outcomes = Vec::with_capacity(change.told.len());
    for telling in &change.told {
        outcomes.push(ingest::ingest(
            connection,
            telling.source,
            change.at,
            &telling.objects,
        )?);
    }
    let acts = add_acts(connection, change.at, &change.acts)?;
    logs::write(connection, change)?;
    bind(connection, &change.bound)?;
    settle_asides(connection, &change.aside_gone)?;
    put_aside(connection, change.at, &change.aside)?;
    put_notes(connection, change.at, &change.notes)?;
    logs::erase(connection, &change.erased)?;
    for (name, value) in &change.meta {
        ingest::set_meta(connection, name, *value)?;
    }
    documents::put_all(connection, &change.documents, change.at)?;
    let mut applied = Applied {
        outcomes,
        acts,
        withdrawn,
        ..Applied::default()
    };
    collections::write(connection, change, &mut applied)?;
    Ok(applied)
}

fn add_acts(connection: &Connection, at: i64, acts: &[NewAct<'_>]) -> Result<Vec<Option<u64>>, Fault> {
    let mut insert = connection.prepare_cached(
        "INSERT INTO acts (kind, subject, digest, text, at) VALUES (?1, ?2, ?3, ?4, ?5)
         ON CONFLICT (digest) DO NOTHING",
    )?;
    let numbers = acts.iter().map(|act| {
        let is_new = insert.execute(params![act.kind, act.subject, act.digest, act.text, at])? > 0;
        Ok(is_new.then(|| connection.last_insert_rowid().cast_unsigned()))
    });
    numbers.collect()
}

fn bind(connection: &Connection, bound: &[(&str, &str)]) -> Result<(), Fault> {
    let mut insert =
        connection.prepare_cached("INSERT OR IGNORE INTO owners (subject, party) VALUES (?1, ?2)")?;
    for (id, party) in bound {
        let keys = [entities::key(connection, id)?, entities::key(connection, party)?];
        insert.execute(keys)?;
    }
    Ok(())
}

fn settle_asides(connection: &Connection, numbers: &[u64]) -> Result<(), Fault> {
    let mut delete = connection.prepare_cached("DELETE FROM asides WHERE number = ?1")?;
    for number in numbers {
        delete.execute([number.cast_signed()])?;
    }
    Ok(())
}

fn put_aside(connection: &Connection, at: i64, asides: &[NewAside<'_>]) -> Result<(), Fault> {
    let mut known =
        connection.prepare_cached("SELECT number FROM asides WHERE digest = ?1 AND source = ?2")?;
    let mut update = connection
        .prepare_cached("UPDATE asides SET kind = ?2, reason = ?3, until = ?4 WHERE number = ?1")?;
    let mut insert = connection.prepare_cached(
        "INSERT INTO asides (kind, subject, source, digest, text, reason, at, until)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)",
    )?;
    for aside in asides {
        let source = ingest::source_key(connection, aside.source, at)?;
        let number: Option<i64> = known
            .query_row(params![aside.digest, source], |row| row.get(0))
            .optional()?;
        // Not an upsert: one that changes nothing would still use a number up.
        if let Some(number) = number {
            update.execute(params![number, aside.kind, aside.reason, aside.until])?;
            continue;
        }
        let subject = entities::key(connection, aside.id)?;
        insert.execute(params![
            aside.kind,
            subject,
            source,
            aside.digest,
            aside.text,
            aside.reason,
            at,
            aside.until
        ])?;
    }
    Ok(())
}

fn put_notes(connection: &Connection, at: i64, notes: &[NewNote<'_>]) -> Result<(), Fault> {
    let mut put = connection.prepare_cached(
        "INSERT OR REPLACE INTO notes (kind, subject, party, size, text, at) VALUES (?1, ?2, ?3, ?4, ?5, ?6)",
    )?;
    for note in notes {
        put.execute(params![
            note.kind,
            note.subject,
            note.party,
            note.size,
            note.text,
            at
        ])?;
    }
    Ok(())
}
