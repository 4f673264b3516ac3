-- Schema 1 as it was: stores of it are out there. Never changed.

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

CREATE VIRTUAL TABLE words USING fts5 (
    name, body, content = '', contentless_delete = 1, tokenize = 'unicode61 remove_diacritics 2'
);

PRAGMA application_id = 0x456e7465;
PRAGMA user_version = 1;
