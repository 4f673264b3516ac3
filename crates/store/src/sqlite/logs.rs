//! Channels and their logs: making them, appending, erasing contents.
//!
//! Begin at [`write`] and [`erase`].

use std::collections::BTreeSet;

use rusqlite::{Connection, OptionalExtension, params};

use super::fault::Fault;
use super::{channels, entities, labels};
use crate::change::{Append, Change, EntryKind, NewChannel, NewContent, NewEntry};
use crate::{Error, limits};

/// Where the entries of a channel begin in `entries`.
const PLACES: i64 = limits::CHANNEL_ENTRIES_MAX.cast_signed();

/// The place of an entry; none has a number beyond the bound.
pub(super) fn place(channel: i64, number: u64) -> Option<i64> {
    let number = i64::try_from(number).ok().filter(|number| *number < PLACES)?;
    channel.checked_mul(PLACES)?.checked_add(number)
}

/// The channel and the number of an entry's place.
pub(super) fn at_place(place: i64) -> (i64, u64) {
    (place.div_euclid(PLACES), place.rem_euclid(PLACES).cast_unsigned())
}

/// Refuses what is over a bound or cannot be stored.
pub(super) fn require_fit(change: &Change<'_>) -> Result<(), Error> {
    let audience = |channel: &NewChannel<'_>| {
        super::limit(
            "the audience of a channel",
            channel.audience.len(),
            limits::AUDIENCE_MAX,
        )?;
        let is_plain = |party: &&str| !party.is_empty() && !party.contains('\n');
        if channel.audience.iter().all(is_plain) {
            return Ok(());
        }
        Err(unfit(
            channel.origin,
            "a party of its audience has no name, or one of several lines",
        ))
    };
    change.channels.iter().try_for_each(audience)?;
    let mut origins = BTreeSet::new();
    for append in &change.appends {
        super::limit(
            "the entries of an append",
            append.entries.len(),
            limits::CHANGE_ITEMS_MAX,
        )?;
        super::limit(
            "the tiles of an append",
            append.tiles.len(),
            limits::CHANGE_ITEMS_MAX,
        )?;
        let tiles = append.tiles.iter();
        let largest = tiles.map(|(_, _, bytes)| bytes.len()).max().unwrap_or(0);
        super::limit("a tile, in bytes,", largest, limits::TILE_BYTES_MAX)?;
        let after = append.expected_size.saturating_add(append.entries.len() as u64);
        if after > limits::CHANNEL_ENTRIES_MAX {
            return Err(Error::TooMuch {
                what: "the channel",
                found: after,
                limit: limits::CHANNEL_ENTRIES_MAX,
            });
        }
        if append
            .tiles
            .iter()
            .any(|(_, index, _)| i64::try_from(*index).is_err())
        {
            return Err(unfit(append.origin, "no tree has so many tiles"));
        }
        if !origins.insert(append.origin) {
            return Err(unfit(append.origin, "the change appends to it twice"));
        }
        append
            .entries
            .iter()
            .try_for_each(|entry| require_subject(append.origin, entry))?;
    }
    Ok(())
}

fn require_subject(origin: &str, entry: &NewEntry<'_>) -> Result<(), Error> {
    match entry.kind {
        EntryKind::Release | EntryKind::Recall if entry.subject.is_empty() => {
            Err(unfit(origin, "an entry names no object"))
        }
        EntryKind::Close if !entry.subject.is_empty() => {
            Err(unfit(origin, "an entry that closes names an object"))
        }
        EntryKind::Release if entry.digest.is_none() => Err(unfit(origin, "a release names no digest")),
        _ => Ok(()),
    }
}

pub(super) fn names<'a>(change: &'a Change<'a>) -> impl Iterator<Item = &'a str> {
    let channels = change.channels.iter().flat_map(|channel| {
        let names = [channel.origin, channel.agreement, channel.owner];
        names.into_iter().chain(channel.audience.iter().copied())
    });
    let appends = change.appends.iter().flat_map(|append| {
        std::iter::once(append.origin).chain(append.entries.iter().map(|entry| entry.subject))
    });
    channels
        .chain(appends)
        .chain(change.erased.iter().map(|(origin, _)| *origin))
}

/// About how many bytes are written of channels and entries.
pub(super) fn weight(change: &Change<'_>) -> usize {
    let appends = change.appends.iter().map(|append| {
        let entries = append.entries.iter().map(|entry| 128 + entry.opening.len());
        let tiles = append.tiles.iter().map(|(_, _, bytes)| bytes.len());
        entries.chain(tiles).sum::<usize>() + append.frontier.len()
    });
    let channels = change
        .channels
        .iter()
        .map(|channel| channel.audience.iter().map(|party| party.len()).sum());
    appends.chain(channels).sum()
}

fn unfit(subject: &str, cause: &str) -> Error {
    Error::Unfit {
        subject: subject.to_owned(),
        cause: cause.to_owned(),
    }
}

/// Makes channels, keeps contents, appends, and notes heads.
pub(super) fn write(connection: &Connection, change: &Change<'_>) -> Result<(), Fault> {
    change
        .channels
        .iter()
        .try_for_each(|channel| make(connection, channel))?;
    keep_contents(connection, &change.contents)?;
    change
        .appends
        .iter()
        .try_for_each(|added| append(connection, change.at, added))?;
    change
        .heads
        .iter()
        .try_for_each(|(origin, note)| set_head(connection, origin, note))
}

fn make(connection: &Connection, channel: &NewChannel<'_>) -> Result<(), Fault> {
    let made = connection
        .prepare_cached(
            "INSERT INTO channels (origin, agreement, owner, audience, size, frontier, closed)
             VALUES (?1, ?2, ?3, ?4, 0, x'', 0) ON CONFLICT (origin) DO NOTHING",
        )?
        .execute(params![
            channel.origin,
            channel.agreement,
            channel.owner,
            channel.audience.join("\n")
        ])?;
    let key = connection.last_insert_rowid().cast_unsigned();
    if made > 0 && key > limits::CHANNELS_MAX {
        return Err(Error::TooMuch {
            what: "the store, in channels,",
            found: key,
            limit: limits::CHANNELS_MAX,
        }
        .into());
    }
    Ok(())
}

fn keep_contents(connection: &Connection, contents: &[NewContent<'_>]) -> Result<(), Fault> {
    let mut insert = connection
        .prepare_cached("INSERT OR IGNORE INTO contents (subject, digest, text) VALUES (?1, ?2, ?3)")?;
    for content in contents {
        let subject = entities::key(connection, content.subject)?;
        insert.execute(params![subject, content.digest, content.text])?;
    }
    Ok(())
}

/// The key and the size of a channel that must be there.
fn channel(connection: &Connection, origin: &str) -> Result<(i64, u64), Fault> {
    let found = channels::key_and_size(connection, origin)?;
    found.ok_or_else(|| unfit(origin, "there is no such channel").into())
}

fn append(connection: &Connection, at: i64, append: &Append<'_>) -> Result<(), Fault> {
    let (channel, found) = channel(connection, append.origin)?;
    if found != append.expected_size {
        return Err(Error::Moved {
            origin: append.origin.to_owned(),
            expected: append.expected_size,
            found,
        }
        .into());
    }
    let mut size = found;
    let mut added = last_added(connection, channel, found)?;
    let mut disturbed = 0;
    for entry in &append.entries {
        added = at.max(added.saturating_add(1));
        disturbed += add_entry(connection, (at, added), (channel, size), entry)?;
        size += 1;
    }
    let mut put = connection.prepare_cached(
        "INSERT OR REPLACE INTO tiles (channel, level, position, bytes) VALUES (?1, ?2, ?3, ?4)",
    )?;
    for (level, index, bytes) in &append.tiles {
        put.execute(params![channel, level, index.cast_signed(), bytes])?;
    }
    let closes = append.entries.iter().any(|entry| entry.kind == EntryKind::Close);
    connection
        .prepare_cached(
            "UPDATE channels SET size = ?2, frontier = ?3, closed = closed OR ?4, disturbed = disturbed + ?5
             WHERE pk = ?1",
        )?
        .execute(params![
            channel,
            size.cast_signed(),
            append.frontier,
            closes,
            disturbed
        ])?;
    Ok(())
}

/// When the last entry of a channel was added.
fn last_added(connection: &Connection, channel: i64, size: u64) -> Result<i64, Fault> {
    let Some(last) = size.checked_sub(1).and_then(|last| place(channel, last)) else {
        return Ok(i64::MIN);
    };
    let added = connection
        .prepare_cached("SELECT added FROM entries WHERE place = ?1")?
        .query_row([last], |row| row.get(0))
        .optional()?;
    added.ok_or_else(|| Fault::damage("the last entry of a channel is missing"))
}

/// Adds an entry; how much it disturbs.
fn add_entry(
    connection: &Connection,
    (at, added): (i64, i64),
    (channel, number): (i64, u64),
    entry: &NewEntry<'_>,
) -> Result<i64, Fault> {
    let subject = match entry.subject {
        "" => None,
        id => Some(entities::key(connection, id)?),
    };
    let place = place(channel, number).ok_or_else(|| Fault::engine("an entry has no place"))?;
    connection
        .prepare_cached(
            "INSERT INTO entries (place, kind, subject, digest, opening, salt, leaf, at, expires_at, erased, added)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, 0, ?10)",
        )?
        .execute(params![
            place,
            entry.kind as u8,
            subject,
            entry.digest,
            entry.opening,
            entry.salt,
            entry.leaf,
            at,
            entry.expires_at,
            added
        ])?;
    let before = match entry.kind {
        EntryKind::Release | EntryKind::Recall => connection
            .prepare_cached("DELETE FROM live WHERE subject = ?1 AND channel = ?2")?
            .execute(params![subject, channel])?,
        EntryKind::Close => 1,
    };
    if entry.kind == EntryKind::Release {
        let type_name = labels::type_key(connection, entry.subject)?;
        connection
            .prepare_cached(
                "INSERT INTO live (subject, channel, place, digest, type, told) VALUES (?1, ?2, ?3, ?4, ?5, 1)",
            )?
            .execute(params![subject, channel, place, entry.digest, type_name])?;
    }
    Ok(i64::from(before > 0))
}

fn set_head(connection: &Connection, origin: &str, note: &[u8]) -> Result<(), Fault> {
    let (channel, _) = channel(connection, origin)?;
    connection
        .prepare_cached("UPDATE channels SET head = ?2 WHERE pk = ?1")?
        .execute(params![channel, note])?;
    Ok(())
}

/// Erases the contents of entries, except what other entries of the same subject still need.
pub(super) fn erase(connection: &Connection, erased: &[(&str, u64)]) -> Result<(), Fault> {
    let mut mark = connection
        .prepare_cached("UPDATE entries SET erased = 1 WHERE place = ?1 RETURNING subject, digest")?;
    for (origin, number) in erased {
        let (channel, size) = channel(connection, origin)?;
        let place = place(channel, *number).filter(|_| *number < size);
        let Some(place) = place else {
            return Err(unfit(origin, &format!("it has no entry {number}")).into());
        };
        let named: (Option<i64>, Option<[u8; 32]>) =
            mark.query_row([place], |row| Ok((row.get(0)?, row.get(1)?)))?;
        if let (Some(subject), Some(digest)) = named {
            drop_content(connection, subject, &digest)?;
            let untold = connection
                .prepare_cached(
                    "UPDATE live SET told = 0 WHERE subject = ?1 AND channel = ?2 AND place = ?3 AND told = 1",
                )?
                .execute([subject, channel, place])?;
            connection
                .prepare_cached("UPDATE channels SET disturbed = disturbed + ?2 WHERE pk = ?1")?
                .execute([channel, i64::from(untold > 0)])?;
        }
    }
    Ok(())
}

fn drop_content(connection: &Connection, subject: i64, digest: &[u8; 32]) -> Result<(), Fault> {
    connection
        .prepare_cached(
            "DELETE FROM contents WHERE digest = ?2 AND subject = ?1
             AND NOT EXISTS (SELECT 1 FROM entries WHERE subject = ?1 AND digest = ?2 AND erased = 0)",
        )?
        .execute(params![subject, digest])?;
    Ok(())
}
