"""Tables of the index. A script never changes once released."""

MIGRATIONS = (
    """
    CREATE TABLE tags (
        repository TEXT NOT NULL,
        tag TEXT NOT NULL,
        digest TEXT NOT NULL,
        etag TEXT NOT NULL,
        checked_at REAL NOT NULL,
        PRIMARY KEY (repository, tag)
    ) WITHOUT ROWID;
    CREATE TABLE manifests (
        digest TEXT PRIMARY KEY,
        media_type TEXT NOT NULL,
        size INTEGER NOT NULL
    ) WITHOUT ROWID;
    CREATE TABLE children (
        parent TEXT NOT NULL REFERENCES manifests ON DELETE CASCADE,
        child TEXT NOT NULL,
        PRIMARY KEY (parent, child)
    ) WITHOUT ROWID;
    CREATE TABLE places (
        repository TEXT NOT NULL,
        digest TEXT NOT NULL,
        PRIMARY KEY (repository, digest)
    ) WITHOUT ROWID;
    """,
    """
    ALTER TABLE manifests ADD COLUMN subject TEXT NOT NULL DEFAULT '';
    ALTER TABLE manifests ADD COLUMN artifact_type TEXT NOT NULL DEFAULT '';
    ALTER TABLE manifests ADD COLUMN annotations TEXT NOT NULL DEFAULT '{}';
    CREATE INDEX manifests_by_subject ON manifests (subject) WHERE subject != '';
    DROP TABLE places;
    CREATE TABLE places (
        repository TEXT NOT NULL,
        digest TEXT NOT NULL,
        added_at REAL NOT NULL,
        PRIMARY KEY (repository, digest)
    ) WITHOUT ROWID;
    CREATE TABLE uploads (
        id TEXT PRIMARY KEY,
        repository TEXT NOT NULL,
        started_at REAL NOT NULL
    ) WITHOUT ROWID;
    CREATE TABLE pins (
        repository TEXT NOT NULL,
        digest TEXT NOT NULL,
        PRIMARY KEY (repository, digest)
    ) WITHOUT ROWID;
    """,
    """
    DROP TABLE pins;
    CREATE TABLE pins (
        reference TEXT PRIMARY KEY,
        digest TEXT NOT NULL
    ) WITHOUT ROWID;
    """,
)
