//! Derives everything again from history and compares; rebuilds the indexes when asked to.
//!
//! Begin at [`compare`] and [`rebuild`]; [`channels`] and [`collections`] do the same for theirs. Both go through
//! history in the order of its keys and hold one object at a time, and a batch of rows.

mod channels;
mod collections;

use std::path::Path;

use rusqlite::{Connection, OptionalExtension, params};

use super::entities::{GREATEST, LAST_NUMBER, join_digest};
use super::fault::Fault;
use super::packed::Packed;
use super::{detections, entities, indexes, read, schema};
use crate::records::{Derive, Derived, Difference, Report};
use crate::{Error, limits};

/// Rows written together in a rebuild, in the order of their tree.
const REBUILD_ROWS: usize = 50_000;

/// Compares what is stored with what history says.
pub(super) fn compare(connection: &Connection, derive: &Derive<'_>) -> Result<Report, Fault> {
    // Read-only connections may have temporary tables; they go with the transaction.
    connection.execute_batch(&schema::words_table("temp.fresh_words"))?;
    connection.execute_batch("CREATE TABLE temp.damaged (pk INTEGER PRIMARY KEY)")?;
    let report = Report::default();
    let mut check = Check {
        connection,
        derive,
        report,
        observables_expected: 0,
        edges_expected: 0,
        is_damaged: false,
    };
    for part in [
        Part::Structure,
        Part::History,
        Part::Current,
        Part::IndexSizes,
        Part::Words,
        Part::Groups,
        Part::Logs,
        Part::Live,
        Part::Contents,
        Part::Collections,
        Part::Loose,
    ] {
        if let Err(fault) = check.part(part) {
            check.damage("structure", "", fault)?;
        }
    }
    Ok(check.report)
}

#[derive(Clone, Copy)]
enum Part {
    Structure,
    History,
    Current,
    IndexSizes,
    Words,
    Groups,
    Logs,
    Live,
    Contents,
    Collections,
    Loose,
}

struct Check<'a> {
    connection: &'a Connection,
    derive: &'a Derive<'a>,
    report: Report,
    observables_expected: u64,
    edges_expected: u64,
    /// Whether some current text is damaged, and in `temp.damaged`.
    is_damaged: bool,
}

/// A stored version as the check reads it.
struct Row {
    pk: i64,
    entity: i64,
    id: Option<String>,
    version: i64,
    digest: [u8; 32],
    revoked: bool,
    name: String,
    creator: Option<String>,
    derived: Vec<u8>,
    text: Vec<u8>,
    is_current: bool,
}

impl Check<'_> {
    fn part(&mut self, part: Part) -> Result<(), Fault> {
        match part {
            Part::Structure => self.structure(),
            Part::History => self.history(),
            Part::Current => self.current(),
            Part::IndexSizes => self.index_sizes(),
            Part::Words => self.words(),
            Part::Groups => self.groups(),
            Part::Logs => self.logs(),
            Part::Live => self.live(),
            Part::Contents => self.contents(),
            Part::Collections => self.collections(),
            Part::Loose => self.loose(),
        }
    }

    fn differs(
        &mut self,
        part: &'static str,
        subject: impl Into<String>,
        message: impl Into<String>,
        mends: bool,
    ) {
        self.report.differences_total += 1;
        if self.report.differences.len() < limits::DIFFERENCES_MAX {
            let (subject, message) = (subject.into(), message.into());
            self.report.differences.push(Difference {
                part,
                subject,
                message,
                repairable: mends,
            });
        }
    }

    /// Damage is a finding; any other fault ends the check.
    fn damage(&mut self, part: &'static str, subject: &str, fault: Fault) -> Result<(), Fault> {
        match fault.at(Path::new("")) {
            Error::Corrupt { cause, .. } => self.differs(part, subject, cause, false),
            other => return Err(other.into()),
        }
        Ok(())
    }

    fn structure(&mut self) -> Result<(), Fault> {
        let mut statement = self.connection.prepare("PRAGMA integrity_check(100)")?;
        let mut rows = statement.query(())?;
        while let Some(row) = rows.next()? {
            let message: String = row.get(0)?;
            if message != "ok" {
                // Indexes can be made again from their tables; tables from nothing.
                let mends = message.contains("index") || message.contains("for FTS5 table");
                self.differs("structure", "", message, mends);
            }
        }
        Ok(())
    }

    fn history(&mut self) -> Result<(), Fault> {
        let connection = self.connection;
        let greatest: Option<i64> =
            connection.query_row("SELECT max(pk) FROM objects", (), |row| row.get(0))?;
        for pk in 1..=greatest.unwrap_or(0) {
            // One by one, so that a damaged page costs only the objects on it.
            match row(connection, pk) {
                Ok(Some(row)) => self.object(&row)?,
                Ok(None) => {}
                Err(fault) => self.damage("text", &place_of(connection, pk), fault)?,
            }
        }
        Ok(())
    }

    fn object(&mut self, row: &Row) -> Result<(), Fault> {
        self.report.versions += 1;
        let Some(id) = row.id.as_deref() else {
            self.differs(
                "current",
                format!("object {}", row.pk),
                "its id is not listed",
                true,
            );
            return Ok(());
        };
        let derived = match (self.derive)(&row.text) {
            Ok(derived) => derived,
            Err(message) => {
                self.differs("text", id, format!("its text is not an object: {message}"), false);
                return self.keep(row);
            }
        };
        if derived.digest != row.digest {
            let message = format!(
                "its text has digest {}, it was stored under {}",
                hex(&derived.digest),
                hex(&row.digest)
            );
            self.differs("text", id, message, false);
            return self.keep(row);
        }
        self.fields(row, id, &derived);
        self.references(row, id, &derived)?;
        self.observables(row, id, &derived)?;
        if row.is_current {
            let mut insert = self
                .connection
                .prepare_cached("INSERT INTO temp.fresh_words (rowid, name, body) VALUES (?1, ?2, ?3)")?;
            insert.execute(params![row.pk, derived.name, derived.words])?;
        }
        Ok(())
    }

    /// Of a damaged text, the indexes keep what was known when it came.
    fn keep(&mut self, row: &Row) -> Result<(), Fault> {
        if !row.is_current {
            return Ok(());
        }
        let packed = Packed::read(&row.derived).unwrap_or_default();
        self.observables_expected += packed.observables.len() as u64;
        self.edges_expected += packed.edges.len() as u64;
        self.connection
            .prepare_cached("INSERT INTO temp.damaged (pk) VALUES (?1)")?
            .execute([row.pk])?;
        self.is_damaged = true;
        Ok(())
    }

    fn fields(&mut self, row: &Row, id: &str, derived: &Derived) {
        if derived.id != id {
            self.differs("text", id, format!("its text has the id `{}`", derived.id), false);
        }
        let fields = [
            ("version", derived.version == row.version),
            ("revoked", derived.revoked == row.revoked),
            ("name", derived.name == row.name),
            ("creator", derived.created_by == row.creator),
        ];
        for (part, _) in fields.iter().filter(|(_, is_equal)| !is_equal) {
            self.differs(part, id, "what is noted beside the text differs from it", true);
        }
    }

    fn references(&mut self, row: &Row, id: &str, derived: &Derived) -> Result<(), Fault> {
        let mut edges = Vec::with_capacity(derived.edges.len());
        for (property, target) in &derived.edges {
            let property = read::key(self.connection, PROPERTY, property)?;
            // A missing name gives a key that is nowhere.
            edges.push((
                property.unwrap_or(0),
                read::key(self.connection, ENTITY, target)?.unwrap_or(0),
            ));
        }
        indexes::drop_repeated(&mut edges);
        if Packed::read(&row.derived)
            .map(|packed| packed.edges)
            .unwrap_or_default()
            != edges
        {
            self.differs(
                "edges",
                id,
                "the references noted beside the text differ from it",
                true,
            );
        }
        if !row.is_current {
            return Ok(());
        }
        let mut indexed = self
            .connection
            .prepare_cached("SELECT 1 FROM edges WHERE target = ?1 AND property = ?2 AND source = ?3")?;
        self.edges_expected += edges.len() as u64;
        for (property, target) in edges {
            if !indexed.exists([target, property, row.entity])? {
                self.differs("edges", id, "a reference is not in the index", true);
            }
        }
        Ok(())
    }

    fn observables(&mut self, row: &Row, id: &str, derived: &Derived) -> Result<(), Fault> {
        let observables = indexes::indexable(&derived.observables);
        if Packed::read(&row.derived)
            .map(|packed| packed.observables)
            .unwrap_or_default()
            != observables
        {
            self.differs(
                "observables",
                id,
                "the observables noted beside the text differ from it",
                true,
            );
        }
        if !row.is_current {
            return Ok(());
        }
        let mut indexed = self.connection.prepare_cached(
            "SELECT 1 FROM observables WHERE kind = ?1 AND value = ?2 AND plain = ?3 AND entity = ?4",
        )?;
        self.observables_expected += observables.len() as u64;
        for (kind, value, plain) in observables {
            if !indexed.exists(params![kind, value, plain, row.entity])? {
                self.differs("observables", id, format!("`{value}` is not in the index"), true);
            }
        }
        Ok(())
    }

    /// Each id's current version is its greatest.
    fn current(&mut self) -> Result<(), Fault> {
        let connection = self.connection;
        let mut statement = connection.prepare(&format!(
            "SELECT e.id FROM entities e WHERE e.current IS NOT {GREATEST}"
        ))?;
        let mut rows = statement.query(())?;
        while let Some(row) = rows.next()? {
            let id: String = row.get(0)?;
            self.differs("current", id, "another version is the greatest", true);
        }
        let unheld = "SELECT e.id FROM objects o JOIN entities e ON e.pk = o.entity
             WHERE NOT EXISTS (SELECT 1 FROM holdings h JOIN sources s ON s.pk = h.source WHERE h.object = o.pk)";
        let mut statement = connection.prepare(unheld)?;
        let mut rows = statement.query(())?;
        while let Some(row) = rows.next()? {
            let id: String = row.get(0)?;
            self.differs("holdings", id, "nobody is noted as having told it", false);
        }
        Ok(())
    }

    /// Every row that should be in the indexes is there (seen in [`Check::object`]); these are too many.
    fn index_sizes(&mut self) -> Result<(), Fault> {
        let expected = [
            ("observables", self.observables_expected),
            ("edges", self.edges_expected),
        ];
        for (table, expected) in expected {
            let sql = format!("SELECT count(*) FROM {table}");
            let stored: i64 = self.connection.query_row(&sql, (), |row| row.get(0))?;
            if stored.cast_unsigned() > expected {
                let message = format!("the index has {stored} rows, history gives {expected}");
                self.differs(table, "", message, true);
            }
        }
        Ok(())
    }

    /// Compares the index of words with one made anew: which objects are in it with how many words, and how
    /// often each word occurs.
    fn words(&mut self) -> Result<(), Fault> {
        let connection = self.connection;
        let mut lengths = connection.prepare(
            "SELECT ifnull(stored.id, fresh.id), (SELECT e.id FROM objects o JOIN entities e ON e.pk = o.entity
                     WHERE o.pk = ifnull(stored.id, fresh.id))
             FROM main.words_docsize stored FULL JOIN temp.fresh_words_docsize fresh ON fresh.id = stored.id
             WHERE stored.sz IS NOT fresh.sz 
                 AND NOT EXISTS (SELECT 1 FROM temp.damaged d WHERE d.pk = stored.id)",
        )?;
        let mut rows = lengths.query(())?;
        while let Some(row) = rows.next()? {
            let (pk, id): (i64, Option<String>) = (row.get(0)?, row.get(1)?);
            let subject = id.unwrap_or_else(|| format!("object {pk}"));
            self.differs("words", subject, "its words are not those in the index", true);
        }
        if self.is_damaged {
            // Which words a damaged text had is not known, so the counts tell nothing.
            return Ok(());
        }
        connection.execute_batch(
            "CREATE VIRTUAL TABLE temp.stored_counts USING fts5vocab('main', 'words', 'row');
             CREATE VIRTUAL TABLE temp.fresh_counts USING fts5vocab('temp', 'fresh_words', 'row');",
        )?;
        let mut counts = connection.prepare(
            "SELECT DISTINCT term FROM (
                 SELECT * FROM (SELECT term, doc, cnt FROM stored_counts EXCEPT SELECT term, doc, cnt FROM fresh_counts)
                 UNION ALL
                 SELECT * FROM (SELECT term, doc, cnt FROM fresh_counts EXCEPT SELECT term, doc, cnt FROM stored_counts))",
        )?;
        let mut rows = counts.query(())?;
        while let Some(row) = rows.next()? {
            let term: String = row.get(0)?;
            self.differs(
                "words",
                "",
                format!("`{term}` occurs in other objects than the index says"),
                true,
            );
        }
        Ok(())
    }

    fn groups(&mut self) -> Result<(), Fault> {
        for (id, day) in detections::wrong_groups(self.connection, limits::DIFFERENCES_MAX)? {
            self.differs(
                "groups",
                id,
                format!("day {day} counts other detections than were recorded"),
                true,
            );
        }
        Ok(())
    }
}

const PROPERTY: &str = "SELECT pk FROM properties WHERE name = ?1";
const ENTITY: &str = "SELECT pk FROM entities WHERE id = ?1";

fn row(connection: &Connection, pk: i64) -> Result<Option<Row>, Fault> {
    let mut statement = connection.prepare_cached(
        "SELECT o.entity, e.id, o.version, o.digest_head, o.digest_tail, o.revoked, o.name,
                (SELECT c.id FROM entities c WHERE c.pk = o.creator), o.derived, o.text, e.current IS o.pk
         FROM objects o LEFT JOIN entities e ON e.pk = o.entity WHERE o.pk = ?1",
    )?;
    let row = statement.query_row([pk], |row| {
        Ok(Row {
            pk,
            entity: row.get(0)?,
            id: row.get(1)?,
            version: row.get(2)?,
            digest: join_digest(row.get(3)?, row.get(4)?),
            revoked: row.get(5)?,
            name: row.get(6)?,
            creator: row.get(7)?,
            derived: row.get(8)?,
            text: row.get_ref(9)?.as_bytes()?.to_vec(),
            is_current: row.get(10)?,
        })
    });
    Ok(row.optional()?)
}

/// The id of an object whose row cannot be read, if the index still knows it.
fn place_of(connection: &Connection, pk: i64) -> String {
    let id = connection.query_row("SELECT id FROM entities WHERE current = ?1", [pk], |row| {
        row.get(0)
    });
    id.unwrap_or_else(|_| format!("object {pk}"))
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// Makes every index anew from history. Detections, holdings and texts stay as they are.
pub(super) fn rebuild(connection: &Connection, derive: &Derive<'_>) -> Result<(), Fault> {
    connection.execute_batch("REINDEX; DELETE FROM observables; DELETE FROM edges;")?;
    connection.execute_batch("DROP TABLE words;")?;
    connection.execute_batch(&schema::words_table("words"))?;
    let mut rebuild = Rebuild {
        connection,
        derive,
        observables: Vec::new(),
        edges: Vec::new(),
    };
    rebuild.entities()?;
    // What stands beside the texts first: which version is current follows from it, and from that the indexes.
    rebuild.each_object(|rebuild, row| rebuild.note(row))?;
    // Who follows the changes must hear of ids whose current version becomes another.
    connection.execute_batch(&format!(
        "INSERT INTO again (number, entity) SELECT ({LAST_NUMBER}) + row_number() OVER (), e.pk
         FROM entities e WHERE e.current IS NOT {GREATEST}"
    ))?;
    connection.execute_batch(&format!(
        "UPDATE entities AS e SET current = {GREATEST} WHERE current IS NOT {GREATEST}"
    ))?;
    rebuild.each_object(|rebuild, row| rebuild.index(row))?;
    rebuild.write_rows()?;
    detections::recount(connection)?;
    channels::rebuild(connection)?;
    collections::rebuild(connection)?;
    schema::count_on(connection, schema::CHANGE)?;
    schema::count_on(connection, schema::GENERATION)
}

struct Rebuild<'a> {
    connection: &'a Connection,
    derive: &'a Derive<'a>,
    observables: Vec<(u8, String, bool, i64)>,
    edges: Vec<(i64, i64, i64)>,
}

impl Rebuild<'_> {
    /// Lists the ids of objects whose entity is gone.
    fn entities(&self) -> Result<(), Fault> {
        let mut lost = self.connection.prepare(
            "SELECT o.entity, o.text FROM objects o WHERE NOT EXISTS (SELECT 1 FROM entities e WHERE e.pk = o.entity)",
        )?;
        let mut rows = lost.query(())?;
        while let Some(row) = rows.next()? {
            let entity: i64 = row.get(0)?;
            if let Ok(derived) = (self.derive)(row.get_ref(1)?.as_bytes().unwrap_or_default()) {
                self.connection
                    .prepare_cached("INSERT OR IGNORE INTO entities (pk, id) VALUES (?1, ?2)")?
                    .execute(params![entity, derived.id])?;
            }
        }
        Ok(())
    }

    fn each_object(&mut self, body: impl Fn(&mut Self, &Row) -> Result<(), Fault>) -> Result<(), Fault> {
        let greatest = self
            .connection
            .query_row("SELECT max(pk) FROM objects", (), |row| row.get(0))?;
        for pk in 1..=Option::<i64>::unwrap_or(greatest, 0) {
            // What cannot be read stays as it is: the check has named it.
            if let Ok(Some(row)) = row(self.connection, pk) {
                body(self, &row)?;
            }
        }
        Ok(())
    }

    /// Writes beside the text what it says, where something else stands there. Beside a damaged text stays
    /// what was known of it when it came.
    fn note(&mut self, row: &Row) -> Result<(), Fault> {
        let Some(derived) = self.derive(row) else {
            return Ok(());
        };
        let mut properties = indexes::Properties::new(self.connection);
        let mut edges = Vec::with_capacity(derived.edges.len());
        for (property, target) in &derived.edges {
            edges.push((properties.key(property)?, entities::key(self.connection, target)?));
        }
        indexes::drop_repeated(&mut edges);
        let creator = derived
            .created_by
            .as_deref()
            .map(|id| entities::key(self.connection, id))
            .transpose()?;
        let mut packed = Vec::new();
        Packed {
            edges,
            observables: indexes::indexable(&derived.observables),
        }
        .write(&mut packed);
        let is_noted = packed == row.derived
            && derived.created_by == row.creator
            && (&derived.name, derived.revoked, derived.version) == (&row.name, row.revoked, row.version);
        if !is_noted {
            let sql = "UPDATE objects SET derived = ?2, creator = ?3, name = ?4, revoked = ?5, version = ?6 WHERE pk = ?1";
            let Derived {
                name,
                revoked,
                version,
                ..
            } = derived;
            self.connection
                .prepare_cached(sql)?
                .execute(params![row.pk, packed, creator, name, revoked, version])?;
        }
        Ok(())
    }

    fn index(&mut self, row: &Row) -> Result<(), Fault> {
        if !row.is_current {
            return Ok(());
        }
        let packed = Packed::read(&row.derived).unwrap_or_default();
        let observables = packed.observables.into_iter();
        self.observables
            .extend(observables.map(|(kind, value, plain)| (kind, value, plain, row.entity)));
        self.edges.extend(
            packed
                .edges
                .into_iter()
                .map(|(property, target)| (target, property, row.entity)),
        );
        let words = self.derive(row).map(|derived| derived.words).unwrap_or_default();
        self.connection
            .prepare_cached("INSERT INTO words (rowid, name, body) VALUES (?1, ?2, ?3)")?
            .execute(params![row.pk, row.name, words])?;
        if self.observables.len() + self.edges.len() > REBUILD_ROWS {
            self.write_rows()?;
        }
        Ok(())
    }

    /// What the text says, unless it is damaged.
    fn derive(&self, row: &Row) -> Option<Derived> {
        (self.derive)(&row.text)
            .ok()
            .filter(|derived| derived.digest == row.digest)
    }

    fn write_rows(&mut self) -> Result<(), Fault> {
        indexes::write_observables(self.connection, &mut self.observables)?;
        indexes::write_edges(self.connection, &mut self.edges)?;
        self.observables.clear();
        self.edges.clear();
        Ok(())
    }
}
