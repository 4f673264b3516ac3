//! The channel side of the check: logs are whole, what stands follows from the entries, nothing hangs loose.

use rusqlite::Connection;

use super::{Check, hex};
use crate::limits;
use crate::sqlite::fault::Fault;

/// Entries of a channel are those with a place from `pk` times this on.
const PLACES: u64 = limits::CHANNEL_ENTRIES_MAX;

/// The type in an id, as SQL: the part before `--`, or all of it.
pub(super) const TYPE: &str = "substr(id, 1, ifnull(nullif(instr(id, '--'), 0) - 1, length(id)))";

/// The key of the type of a row's `subject`, as SQL; 0 where its id is lost.
pub(super) fn type_key() -> String {
    format!("ifnull((SELECT pk FROM types WHERE name = (SELECT {TYPE} FROM entities WHERE pk = subject)), 0)")
}

/// The releases that no later recall took back: of each subject in each channel, the last entry if it releases.
/// Of the columns beside `max` SQLite gives those of that same row.
fn standing() -> String {
    format!(
        "SELECT subject, channel, last AS place, digest,
             {type_key} AS type,
             1 - erased AS told
         FROM (
             SELECT subject, place / {PLACES} AS channel, max(place) AS last, digest, kind, erased FROM entries
             WHERE subject IS NOT NULL GROUP BY subject, place / {PLACES})
         WHERE kind = 1",
        type_key = type_key()
    )
}

/// When each entry was added: the greatest of its time and of what is one more than that of the entry before.
fn later() -> String {
    format!(
        "SELECT place AS key, place + max(at - place) OVER (PARTITION BY place / {PLACES} ORDER BY place) AS added
         FROM entries"
    )
}

/// Whether an entry closes the channel `c`.
fn is_closed() -> String {
    format!(
        "EXISTS (SELECT 1 FROM entries n
             WHERE n.place >= c.pk * {PLACES} AND n.place < (c.pk + 1) * {PLACES} AND n.kind = 3)"
    )
}

/// Contents that no entry of the same subject needs.
const UNNEEDED: &str = "FROM contents WHERE NOT EXISTS (SELECT 1 FROM entries n
    WHERE n.subject = contents.subject AND n.digest = contents.digest AND n.erased = 0)";

/// Tiles of no channel.
const LOOSE_TILES: &str = "FROM tiles WHERE channel NOT IN (SELECT pk FROM channels)";

impl Check<'_> {
    /// Each channel has as many entries as its size says, without a gap, and is closed if one of them closes it.
    pub(super) fn logs(&mut self) -> Result<(), Fault> {
        let connection = self.connection;
        let mut statement = connection.prepare(&format!(
            "SELECT c.origin, c.size, c.closed IS NOT {is_closed},
                 (SELECT count(*) FROM entries n WHERE n.place >= c.pk * {PLACES} AND n.place < (c.pk + 1) * {PLACES}),
                 (SELECT max(place) + 1 - c.pk * {PLACES} FROM entries n
                     WHERE n.place >= c.pk * {PLACES} AND n.place < (c.pk + 1) * {PLACES})
             FROM channels c",
            is_closed = is_closed()
        ))?;
        let mut rows = statement.query(())?;
        while let Some(row) = rows.next()? {
            let (origin, size): (String, i64) = (row.get(0)?, row.get(1)?);
            let (count, end): (i64, Option<i64>) = (row.get(3)?, row.get(4)?);
            if count != size || end.unwrap_or(0) != size {
                let message = format!("its log has {size} entries, {count} are stored");
                self.differs("entries", origin.as_str(), message, false);
            }
            if row.get(2)? {
                self.differs(
                    "closed",
                    origin,
                    "its entries say otherwise whether it is closed",
                    true,
                );
            }
        }
        self.times()
    }

    /// Entries were added when their times say, one after the other.
    fn times(&mut self) -> Result<(), Fault> {
        let connection = self.connection;
        let mut statement = connection.prepare(&format!(
            "SELECT c.origin, count(*) FROM entries n JOIN ({later}) AS later ON later.key = n.place
             JOIN channels c ON c.pk = n.place / {PLACES}
             WHERE later.added <> n.added GROUP BY c.pk",
            later = later()
        ))?;
        let mut rows = statement.query(())?;
        while let Some(row) = rows.next()? {
            let (origin, count): (String, i64) = (row.get(0)?, row.get(1)?);
            let message = format!("{count} of its entries were added at another time than their order says");
            self.differs("added", origin, message, true);
        }
        Ok(())
    }

    /// The table of what stands is what the entries say.
    pub(super) fn live(&mut self) -> Result<(), Fault> {
        let connection = self.connection;
        let standing = standing();
        let mut statement = connection.prepare(&format!(
            "WITH standing AS MATERIALIZED ({standing})
             SELECT DISTINCT ifnull((SELECT id FROM entities e WHERE e.pk = subject), 'object ' || subject),
                 ifnull((SELECT origin FROM channels c WHERE c.pk = channel), 'channel ' || channel)
             FROM (
                 SELECT * FROM (SELECT * FROM standing
                     EXCEPT SELECT subject, channel, place, digest, type, told FROM live)
                 UNION ALL
                 SELECT * FROM (SELECT subject, channel, place, digest, type, told FROM live
                     EXCEPT SELECT * FROM standing))"
        ))?;
        let mut rows = statement.query(())?;
        while let Some(row) = rows.next()? {
            let (id, origin): (String, String) = (row.get(0)?, row.get(1)?);
            let message = format!("its entries in `{origin}` say otherwise which release stands");
            self.differs("live", id, message, true);
        }
        Ok(())
    }

    /// Each content is the object that it is kept for.
    pub(super) fn contents(&mut self) -> Result<(), Fault> {
        let connection = self.connection;
        let greatest: Option<i64> =
            connection.query_row("SELECT max(pk) FROM contents", (), |row| row.get(0))?;
        for pk in 1..=greatest.unwrap_or(0) {
            // One by one, so that a damaged page costs only the contents on it.
            if let Err(fault) = self.one_content(pk) {
                self.damage("contents", &format!("content {pk}"), fault)?;
            }
        }
        Ok(())
    }

    fn one_content(&mut self, pk: i64) -> Result<(), Fault> {
        let mut statement = self.connection.prepare_cached(
            "SELECT ifnull((SELECT id FROM entities e WHERE e.pk = c.subject), ''), c.digest, c.text
             FROM contents c WHERE c.pk = ?1",
        )?;
        let mut rows = statement.query([pk])?;
        let Some(row) = rows.next()? else { return Ok(()) };
        let (subject, digest): (String, [u8; 32]) = (row.get(0)?, row.get(1)?);
        let message = match (self.derive)(row.get_ref(2)?.as_bytes().unwrap_or_default()) {
            Err(message) => format!("a content is not an object: {message}"),
            Ok(derived) if derived.id != subject => format!("a content has the id `{}`", derived.id),
            Ok(derived) if derived.digest != digest => format!(
                "a content has digest {}, it was stored under {}",
                hex(&derived.digest),
                hex(&digest)
            ),
            Ok(_) => return Ok(()),
        };
        self.differs("contents", subject, message, false);
        Ok(())
    }

    /// Nothing belongs to what is not there.
    pub(super) fn loose(&mut self) -> Result<(), Fault> {
        let entries = format!("FROM entries WHERE place / {PLACES} NOT IN (SELECT pk FROM channels)");
        let told = "FROM asides WHERE source NOT IN (SELECT pk FROM sources)";
        let findings = [
            ("entries", "entries belong to no channel", entries.as_str(), false),
            ("tiles", "tiles belong to no channel", LOOSE_TILES, true),
            ("contents", "contents are needed by no entry", UNNEEDED, true),
            ("asides", "asides were told by nobody", told, false),
        ];
        for (part, message, rows, mends) in findings {
            let sql = format!("SELECT count(*) {rows}");
            let count: i64 = self.connection.query_row(&sql, (), |row| row.get(0))?;
            if count > 0 {
                self.differs(part, "", format!("{count} {message}"), mends);
            }
        }
        self.lost_ids()
    }

    /// Every id that entries, owners and asides name is listed.
    fn lost_ids(&mut self) -> Result<(), Fault> {
        let connection = self.connection;
        let mut statement = connection.prepare(
            "SELECT key, EXISTS (SELECT 1 FROM objects o WHERE o.entity = key) FROM (
                 SELECT subject AS key FROM entries WHERE subject IS NOT NULL
                 UNION SELECT subject FROM owners UNION SELECT party FROM owners UNION SELECT subject FROM asides
                 UNION SELECT subject FROM collected)
             WHERE NOT EXISTS (SELECT 1 FROM entities e WHERE e.pk = key)",
        )?;
        let mut rows = statement.query(())?;
        while let Some(row) = rows.next()? {
            let (key, mends): (i64, bool) = (row.get(0)?, row.get(1)?);
            self.differs("ids", format!("object {key}"), "its id is not listed", mends);
        }
        Ok(())
    }
}

/// Makes anew what follows from the entries, and removes what nothing needs.
pub(super) fn rebuild(connection: &Connection) -> Result<(), Fault> {
    connection.execute_batch(&format!(
        "UPDATE entries SET added = later.added FROM ({later}) AS later
             WHERE later.key = place AND later.added <> entries.added;
         INSERT OR IGNORE INTO types (name) SELECT {TYPE} FROM entities WHERE pk IN (SELECT subject FROM entries);
         DELETE FROM live;
         INSERT INTO live (subject, channel, place, digest, type, told) {standing};
         UPDATE channels AS c SET closed = {is_closed} WHERE closed IS NOT {is_closed};
         DELETE {LOOSE_TILES};
         DELETE {UNNEEDED};",
        later = later(),
        standing = standing(),
        is_closed = is_closed()
    ))?;
    Ok(())
}
