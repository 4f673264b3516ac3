//! The tables, the steps from older ones, and the counters in them.
//!
//! Integer keys stay inside this engine. `objects`, `sources` and `holdings` are history and with `detections`
//! the only truth about objects; `entities.current`, `objects.derived`, `observables`, `edges` and `words` are
//! derived. Of the channel side `live`, `channels.closed` and `entries.added` are derived from `entries`, of collections their
//! counts and the marks and types of `collected`; the rest is truth.

use rusqlite::{Connection, OptionalExtension, TransactionBehavior};

use super::fault::Fault;
use crate::Error;

/// Bytes of a database page.
pub(super) const PAGE_BYTES: i64 = 8192;

/// `Ente`: tells our files from others'.
const APPLICATION_ID: i64 = 0x456e_7465;

/// The counter behind `change_number`.
pub(super) const CHANGE: &str = "change";
/// The counter behind `generation_number`.
pub(super) const GENERATION: &str = "generation";

/// Step n leads from schema n to schema n + 1. Steps are only ever added.
const STEPS: &[fn() -> String] = &[first, second, third];

fn first() -> String {
    [FIRST, &words_table("words")].concat()
}

fn second() -> String {
    SECOND.to_owned()
}

fn third() -> String {
    THIRD.to_owned()
}

/// Words of current versions; rowid is `objects.pk`, so that rows always come in ascending order.
pub(super) fn words_table(name: &str) -> String {
    format!(
        "CREATE VIRTUAL TABLE {name} USING fts5 (
             name, body, content = '', contentless_delete = 1, tokenize = 'unicode61 remove_diacritics 2'
         );"
    )
}

const FIRST: &str = "
-- Counters and versions of the engine's own.
CREATE TABLE counters (name TEXT PRIMARY KEY, value INTEGER NOT NULL) WITHOUT ROWID;
INSERT INTO counters VALUES ('change', 0), ('generation', 0);

-- Small values of the node's own.
CREATE TABLE meta (name TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;

-- Every id that is stored or referred to. `current` is null while it is only referred to.
CREATE TABLE entities (
    pk INTEGER PRIMARY KEY,
    id TEXT NOT NULL UNIQUE,
    current INTEGER
);

-- History: every version of every object. The digest is split so that its index holds 8 bytes of it:
-- `digest_head` is the first 8 bytes, big-endian, shifted to keep their order in a signed integer.
-- `derived` (module `packed`) is what the indexes hold about the object, to take it out again.
CREATE TABLE objects (
    pk INTEGER PRIMARY KEY,
    entity INTEGER NOT NULL,
    version INTEGER NOT NULL,
    digest_head INTEGER NOT NULL,
    digest_tail BLOB NOT NULL,
    at INTEGER NOT NULL,
    revoked INTEGER NOT NULL,
    creator INTEGER,
    name TEXT NOT NULL,
    derived BLOB NOT NULL,
    text TEXT NOT NULL
);
CREATE INDEX objects_version ON objects (entity, version);
CREATE INDEX objects_digest ON objects (digest_head);

CREATE TABLE sources (pk INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE, first_at INTEGER NOT NULL);
CREATE TABLE holdings (
    object INTEGER NOT NULL,
    source INTEGER NOT NULL,
    at INTEGER NOT NULL,
    PRIMARY KEY (object, source)
) WITHOUT ROWID;

-- Of current versions. `plain` is 0 for what an indicator looks for, so that those come first.
CREATE TABLE observables (
    kind INTEGER NOT NULL,
    value TEXT NOT NULL,
    plain INTEGER NOT NULL,
    entity INTEGER NOT NULL,
    PRIMARY KEY (kind, value, plain, entity)
) WITHOUT ROWID;

-- Of current versions, from the target's side; the source's side is in `objects.derived`.
CREATE TABLE properties (pk INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE);
CREATE TABLE edges (
    target INTEGER NOT NULL,
    property INTEGER NOT NULL,
    source INTEGER NOT NULL,
    PRIMARY KEY (target, property, source)
) WITHOUT ROWID;

CREATE TABLE detections (
    number INTEGER PRIMARY KEY,
    indicator INTEGER NOT NULL,
    record BLOB NOT NULL,
    occurrence INTEGER NOT NULL,
    at INTEGER,
    day INTEGER NOT NULL,
    file TEXT NOT NULL,
    line INTEGER NOT NULL,
    field TEXT NOT NULL,
    kind INTEGER NOT NULL,
    value TEXT NOT NULL,
    host TEXT NOT NULL,
    how TEXT NOT NULL
);
CREATE UNIQUE INDEX detections_identity ON detections (record, indicator, occurrence);
CREATE INDEX detections_indicator ON detections (indicator);
CREATE INDEX detections_value ON detections (kind, value, at);

-- What one sighting tells: detections of one indicator on one day.
CREATE TABLE groups (
    indicator INTEGER NOT NULL,
    day INTEGER NOT NULL,
    count INTEGER NOT NULL,
    first INTEGER,
    last INTEGER,
    revision INTEGER NOT NULL,
    dirty INTEGER NOT NULL,
    PRIMARY KEY (indicator, day)
) WITHOUT ROWID;
CREATE INDEX groups_dirty ON groups (indicator, day) WHERE dirty = 1;
CREATE TABLE group_values (
    indicator INTEGER NOT NULL,
    day INTEGER NOT NULL,
    position INTEGER NOT NULL,
    kind INTEGER NOT NULL,
    value TEXT NOT NULL,
    PRIMARY KEY (indicator, day, position)
) WITHOUT ROWID;
";

const SECOND: &str = "
-- Places in the order of changes beside those that objects have by their keys: of an id that changed while its
-- current version stayed the same row, or became so again. One sequence with `objects.pk`.
CREATE TABLE again (number INTEGER PRIMARY KEY, entity INTEGER NOT NULL);

CREATE TABLE acts (
    number INTEGER PRIMARY KEY,
    kind TEXT NOT NULL,
    subject TEXT NOT NULL,
    digest BLOB NOT NULL UNIQUE,
    text BLOB NOT NULL,
    at INTEGER NOT NULL
);

-- `audience` is a line for each party.
CREATE TABLE channels (
    pk INTEGER PRIMARY KEY,
    origin TEXT NOT NULL UNIQUE,
    agreement TEXT NOT NULL,
    owner TEXT NOT NULL,
    audience TEXT NOT NULL,
    size INTEGER NOT NULL,
    frontier BLOB NOT NULL,
    head BLOB,
    closed INTEGER NOT NULL
);

-- `place` is the channel's key times 2^40, and the number of the entry: appending touches the last page only.
CREATE TABLE entries (
    place INTEGER PRIMARY KEY,
    kind INTEGER NOT NULL,
    subject INTEGER,
    digest BLOB,
    opening BLOB NOT NULL,
    salt BLOB NOT NULL,
    leaf BLOB NOT NULL,
    at INTEGER NOT NULL,
    expires_at INTEGER,
    erased INTEGER NOT NULL
);
CREATE INDEX entries_subject ON entries (subject) WHERE subject IS NOT NULL;
CREATE INDEX entries_expiring ON entries (expires_at) WHERE expires_at IS NOT NULL AND erased = 0;

-- The last release of each subject in each channel that no later recall took back.
CREATE TABLE live (
    subject INTEGER NOT NULL,
    channel INTEGER NOT NULL,
    number INTEGER NOT NULL,
    digest BLOB,
    PRIMARY KEY (subject, channel)
) WITHOUT ROWID;

CREATE TABLE tiles (
    channel INTEGER NOT NULL,
    level INTEGER NOT NULL,
    position INTEGER NOT NULL,
    bytes BLOB NOT NULL,
    PRIMARY KEY (channel, level, position)
) WITHOUT ROWID;

-- Released forms that are not objects, as long as an entry of the subject needs them.
CREATE TABLE contents (
    pk INTEGER PRIMARY KEY,
    subject INTEGER NOT NULL,
    digest BLOB NOT NULL,
    text BLOB NOT NULL
);
CREATE UNIQUE INDEX contents_identity ON contents (digest, subject);

-- The party that an id belongs to; both are keys of `entities`.
CREATE TABLE owners (subject INTEGER PRIMARY KEY, party INTEGER NOT NULL);

-- A number is never given twice, so that who pages by it misses nothing.
CREATE TABLE asides (
    number INTEGER PRIMARY KEY AUTOINCREMENT,
    kind TEXT NOT NULL,
    subject INTEGER NOT NULL,
    source INTEGER NOT NULL,
    digest BLOB NOT NULL,
    text BLOB NOT NULL,
    reason TEXT NOT NULL,
    at INTEGER NOT NULL,
    until INTEGER
);
CREATE UNIQUE INDEX asides_identity ON asides (digest, source);
CREATE INDEX asides_subject ON asides (subject);
CREATE INDEX asides_until ON asides (until) WHERE until IS NOT NULL;

CREATE TABLE notes (
    kind TEXT NOT NULL,
    subject TEXT NOT NULL,
    party TEXT NOT NULL,
    size INTEGER NOT NULL,
    text BLOB NOT NULL,
    at INTEGER NOT NULL,
    PRIMARY KEY (kind, subject, party)
) WITHOUT ROWID;
";

const THIRD: &str = "
-- What SQLite noted about tables when they were small misleads it when they have grown.
DROP TABLE IF EXISTS sqlite_stat1;
DROP TABLE IF EXISTS sqlite_stat4;

-- Names that many rows share: STIX versions and media types; and the types in ids.
CREATE TABLE labels (pk INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE);
CREATE TABLE types (pk INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE);
INSERT OR IGNORE INTO types (name)
    SELECT substr(id, 1, ifnull(nullif(instr(id, '--'), 0) - 1, length(id))) FROM entities
    WHERE pk IN (SELECT subject FROM live);

-- The greatest of `at` and of what is one more than that of the entry before, in each channel.
ALTER TABLE entries ADD COLUMN added INTEGER NOT NULL DEFAULT 0;
UPDATE entries SET added = later.added FROM (
    SELECT place AS key, place + max(at - place) OVER (PARTITION BY place >> 40 ORDER BY place) AS added FROM entries
) AS later WHERE later.key = place;

-- Grows with every entry and erasure that changes what earlier entries say.
ALTER TABLE channels ADD COLUMN disturbed INTEGER NOT NULL DEFAULT 0;

-- The last release of each subject in each channel that no later recall took back. `told` is 0 where its content
-- was erased; `type` is that of the id.
ALTER TABLE live RENAME TO live_before;
CREATE TABLE live (
    subject INTEGER NOT NULL,
    channel INTEGER NOT NULL,
    place INTEGER NOT NULL,
    digest BLOB,
    type INTEGER NOT NULL,
    told INTEGER NOT NULL,
    PRIMARY KEY (subject, channel)
) WITHOUT ROWID;
INSERT INTO live
    SELECT b.subject, b.channel, n.place, b.digest, t.pk, 1 - n.erased
    FROM live_before b JOIN entries n ON n.place = (b.channel << 40) + b.number
    JOIN entities e ON e.pk = b.subject
    JOIN types t ON t.name = substr(e.id, 1, ifnull(nullif(instr(e.id, '--'), 0) - 1, length(e.id)));
DROP TABLE live_before;
CREATE INDEX live_place ON live (place) WHERE told = 1;
CREATE INDEX live_type ON live (type, place) WHERE told = 1;

-- `media_types` is a line for each.
CREATE TABLE collections (
    pk INTEGER PRIMARY KEY,
    root TEXT NOT NULL,
    id TEXT NOT NULL,
    title TEXT NOT NULL,
    description TEXT,
    alias TEXT,
    media_types TEXT NOT NULL,
    can_read INTEGER NOT NULL,
    can_write INTEGER NOT NULL,
    owner TEXT,
    size INTEGER NOT NULL,
    last INTEGER NOT NULL,
    last_added INTEGER NOT NULL,
    disturbed INTEGER NOT NULL,
    at INTEGER NOT NULL
);
CREATE UNIQUE INDEX collections_identity ON collections (root, id);

-- `place` is the collection's key times 2^40, and the number of the entry. `is_first` and `is_last` are derived:
-- whether no other entry of the subject in the collection has a lesser, or a greater, (version, digest).
CREATE TABLE collected (
    place INTEGER PRIMARY KEY,
    collection INTEGER NOT NULL,
    subject INTEGER NOT NULL,
    type INTEGER NOT NULL,
    version INTEGER NOT NULL,
    version_text TEXT NOT NULL,
    spec INTEGER NOT NULL,
    media INTEGER NOT NULL,
    added INTEGER NOT NULL,
    digest_head INTEGER NOT NULL,
    digest_tail BLOB NOT NULL,
    is_first INTEGER NOT NULL,
    is_last INTEGER NOT NULL
);
CREATE INDEX collected_version ON collected (subject, collection, version, digest_head);
CREATE INDEX collected_subject ON collected (subject, place);
CREATE INDEX collected_type ON collected (type, place);
CREATE INDEX collected_last ON collected (place) WHERE is_last = 1;

-- Small records of the node's own.
CREATE TABLE documents (
    pk INTEGER PRIMARY KEY,
    kind TEXT NOT NULL,
    key TEXT NOT NULL,
    value BLOB NOT NULL,
    at INTEGER NOT NULL,
    expires_at INTEGER
);
CREATE UNIQUE INDEX documents_identity ON documents (kind, key);
CREATE INDEX documents_expiring ON documents (expires_at) WHERE expires_at IS NOT NULL;
";

/// The newest schema that this program knows.
fn known() -> i64 {
    i64::try_from(STEPS.len()).unwrap_or(i64::MAX)
}

/// Refuses a database that something else made, or a later version of this program.
pub(super) fn require_ours(connection: &Connection) -> Result<(), Fault> {
    let tables: i64 = connection.query_row("SELECT count(*) FROM sqlite_schema", (), |row| row.get(0))?;
    let application: i64 = connection.query_row("PRAGMA application_id", (), |row| row.get(0))?;
    if tables > 0 && application != APPLICATION_ID {
        return Err(Error::NotAStore {
            path: Default::default(),
        }
        .into());
    }
    let found = version(connection)?;
    if found > known() {
        return Err(Error::Newer {
            path: Default::default(),
            found,
            known: known(),
        }
        .into());
    }
    Ok(())
}

/// Refuses what cannot be read as it stands: someone else's, a later one, or one that a writer must first
/// bring up to date.
pub(super) fn require_current(connection: &Connection) -> Result<(), Fault> {
    require_ours(connection)?;
    match version(connection)? {
        // Killed between making the file and its first commit: nothing was ever stored.
        0 => Err(Error::Missing {
            path: Default::default(),
        }
        .into()),
        found if found < known() => Err(Fault::damage(format!(
            "schema {found} is old; open it once for writing"
        ))),
        _ => Ok(()),
    }
}

/// Brings the schema up to date, all steps in one transaction: a crash leaves the old one whole.
pub(super) fn migrate(connection: &mut Connection) -> Result<(), Fault> {
    let found = version(connection)?;
    let steps = STEPS
        .get(usize::try_from(found).unwrap_or(0)..)
        .unwrap_or_default();
    if steps.is_empty() {
        return Ok(());
    }
    let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
    for step in steps {
        transaction.execute_batch(&step())?;
    }
    transaction.pragma_update(None, "application_id", APPLICATION_ID)?;
    transaction.pragma_update(None, "user_version", known())?;
    transaction.commit()?;
    Ok(())
}

fn version(connection: &Connection) -> Result<i64, Fault> {
    Ok(connection.query_row("PRAGMA user_version", (), |row| row.get(0))?)
}

/// The value of a counter.
pub(super) fn number(connection: &Connection, name: &str) -> Result<u64, Fault> {
    let value: Option<i64> = connection
        .prepare_cached("SELECT value FROM counters WHERE name = ?1")?
        .query_row([name], |row| row.get(0))
        .optional()?;
    Ok(value.map_or(0, i64::cast_unsigned))
}

/// Adds one to a counter.
pub(super) fn count_on(connection: &Connection, name: &str) -> Result<(), Fault> {
    connection
        .prepare_cached("UPDATE counters SET value = value + 1 WHERE name = ?1")?
        .execute([name])?;
    Ok(())
}
