-- What schema 2 added to schema 1, as it was.
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
PRAGMA user_version = 2;
