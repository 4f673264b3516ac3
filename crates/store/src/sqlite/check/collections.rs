//! Collections in the check: counts, first and last versions and types follow from the entries, times never fall.

use rusqlite::Connection;

use super::Check;
use super::channels::{TYPE, type_key};
use crate::sqlite::fault::Fault;

/// How many entries of each collection there are, the last number and the last time.
const COUNTED: &str = "SELECT c.pk, c.root || ' ' || c.id AS name, c.size, c.last, c.last_added,
        count(n.place) AS count, ifnull(max(n.place), c.pk << 40) - (c.pk << 40) AS greatest,
        ifnull(max(n.added), c.last_added) AS latest
    FROM collections c LEFT JOIN collected n ON n.place >= c.pk << 40 AND n.place < (c.pk + 1) << 40
    GROUP BY c.pk";

/// What follows from the entries: whether each is the first and the last of its id, and its type.
fn derived() -> String {
    format!(
        "SELECT place AS key,
             row_number() OVER (PARTITION BY subject, collection ORDER BY version, digest_head, place) = 1 AS first,
             row_number() OVER (PARTITION BY subject, collection
                 ORDER BY version DESC, digest_head DESC, place DESC) = 1 AS last,
             {type_key} AS type
         FROM collected",
        type_key = type_key()
    )
}

impl Check<'_> {
    /// Each collection counts its entries, gives no number and no time twice, and its entries are marked as they are.
    pub(super) fn collections(&mut self) -> Result<(), Fault> {
        self.counts()?;
        self.marks()?;
        self.order()
    }

    fn counts(&mut self) -> Result<(), Fault> {
        let connection = self.connection;
        let mut statement = connection.prepare(&format!(
            "SELECT name, size <> count, greatest > last OR latest > last_added FROM ({COUNTED})"
        ))?;
        let mut rows = statement.query(())?;
        while let Some(row) = rows.next()? {
            let name: String = row.get(0)?;
            if row.get(1)? {
                self.differs("collections", name.as_str(), "it counts its entries wrong", true);
            }
            if row.get(2)? {
                let message = "it has entries after the last one that it knows of";
                self.differs("collections", name, message, true);
            }
        }
        Ok(())
    }

    fn marks(&mut self) -> Result<(), Fault> {
        let connection = self.connection;
        let mut statement = connection.prepare(&format!(
            "SELECT DISTINCT ifnull((SELECT id FROM entities WHERE pk = n.subject), 'object ' || n.subject)
             FROM collected n JOIN ({derived}) d ON d.key = n.place
             WHERE n.is_first <> d.first OR n.is_last <> d.last OR n.type <> d.type",
            derived = derived()
        ))?;
        let mut rows = statement.query(())?;
        while let Some(row) = rows.next()? {
            let id: String = row.get(0)?;
            let message = "its type, or which of its versions is first and which last, is marked wrong";
            self.differs("collected", id, message, true);
        }
        Ok(())
    }

    fn order(&mut self) -> Result<(), Fault> {
        let findings = [
            (
                "entries belong to no collection",
                "SELECT count(*) FROM collected
                 WHERE collection <> place >> 40 OR collection NOT IN (SELECT pk FROM collections)",
            ),
            (
                "entries were added before the entry before them",
                "SELECT count(*) FROM (
                     SELECT added < lag(added) OVER (PARTITION BY place >> 40 ORDER BY place) AS falls FROM collected)
                 WHERE falls",
            ),
            (
                "entries have no STIX version or media type",
                "SELECT count(*) FROM collected
                 WHERE spec NOT IN (SELECT pk FROM labels) OR media NOT IN (SELECT pk FROM labels)",
            ),
        ];
        for (message, sql) in findings {
            let count: i64 = self.connection.query_row(sql, (), |row| row.get(0))?;
            if count > 0 {
                self.differs("collected", "", format!("{count} {message}"), false);
            }
        }
        Ok(())
    }
}

/// Counts and marks anew.
pub(super) fn rebuild(connection: &Connection) -> Result<(), Fault> {
    connection.execute_batch(&format!(
        "INSERT OR IGNORE INTO types (name)
             SELECT {TYPE} FROM entities WHERE pk IN (SELECT subject FROM collected);
         UPDATE collected SET is_first = d.first, is_last = d.last, type = d.type FROM ({derived}) AS d
             WHERE d.key = place AND (is_first <> d.first OR is_last <> d.last OR collected.type <> d.type);
         UPDATE collections SET size = f.count, last = max(collections.last, f.greatest),
                 last_added = max(collections.last_added, f.latest), disturbed = disturbed + 1
             FROM ({COUNTED}) AS f WHERE f.pk = collections.pk;",
        derived = derived()
    ))?;
    Ok(())
}
