"""Tables of the store's database.

Triggers count what needs a row (``uses``), so that garbage is found by an index on zero, whatever else exists:

- ``images.uses``: names and leases of an image
- ``layers.uses``: images and leases that have a layer; ``layers.loans``: layers that read files from its tar
- ``stacks.uses``: images whose merged index it is
- ``contents.uses``: images whose manifest or config it is
"""

_COUNTED = (  # table, column that refers, table referred to, its key, counter
    ("names", "image", "images", "digest", "uses"),
    ("lease_images", "image", "images", "digest", "uses"),
    ("image_layers", "layer", "layers", "id", "uses"),
    ("lease_layers", "layer", "layers", "id", "uses"),
    ("loans", "donor", "layers", "id", "loans"),
    ("images", "stack", "stacks", "chain", "uses"),
    ("images", "digest", "contents", "digest", "uses"),
    ("images", "config", "contents", "digest", "uses"),
)

_TABLES = """
CREATE TABLE contents (
    digest TEXT PRIMARY KEY,
    media_type TEXT NOT NULL,
    data BLOB NOT NULL,
    uses INTEGER NOT NULL DEFAULT 0
) WITHOUT ROWID;
CREATE INDEX contents_unused ON contents (digest) WHERE uses = 0;
CREATE TABLE layers (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    diff_id TEXT NOT NULL,
    directory TEXT NOT NULL UNIQUE,
    is_live INTEGER NOT NULL DEFAULT 1,     -- 0: kept only for what other layers borrow
    logical_bytes INTEGER NOT NULL,
    stored_bytes INTEGER NOT NULL,
    index_bytes INTEGER NOT NULL,
    borrowed_bytes INTEGER NOT NULL,
    entries INTEGER NOT NULL,
    index_digest BLOB NOT NULL,
    stored_at_ns INTEGER NOT NULL,
    uses INTEGER NOT NULL DEFAULT 0,
    loans INTEGER NOT NULL DEFAULT 0
);
CREATE UNIQUE INDEX layers_live ON layers (diff_id) WHERE is_live;
CREATE INDEX layers_unused ON layers (id) WHERE uses = 0;
CREATE TABLE layer_blobs (
    layer INTEGER NOT NULL REFERENCES layers (id) ON DELETE CASCADE,
    digest TEXT NOT NULL,
    media_type TEXT NOT NULL,
    size_bytes INTEGER NOT NULL,
    PRIMARY KEY (layer, digest)
) WITHOUT ROWID;
CREATE INDEX layer_blobs_digest ON layer_blobs (digest);
CREATE TABLE loans (
    borrower INTEGER NOT NULL REFERENCES layers (id) ON DELETE CASCADE,
    device INTEGER NOT NULL,
    donor INTEGER NOT NULL REFERENCES layers (id),
    PRIMARY KEY (borrower, device)
) WITHOUT ROWID;
CREATE INDEX loans_donor ON loans (donor);
CREATE TABLE objects (                      -- who holds a content, and can lend it
    digest BLOB PRIMARY KEY,
    layer INTEGER NOT NULL REFERENCES layers (id) ON DELETE CASCADE,
    offset INTEGER NOT NULL
) WITHOUT ROWID;
CREATE INDEX objects_layer ON objects (layer);
CREATE TABLE stacks (
    chain TEXT PRIMARY KEY,
    stored_bytes INTEGER NOT NULL,
    index_digest BLOB NOT NULL,
    uses INTEGER NOT NULL DEFAULT 0
) WITHOUT ROWID;
CREATE INDEX stacks_unused ON stacks (chain) WHERE uses = 0;
CREATE TABLE images (
    digest TEXT PRIMARY KEY,
    config TEXT NOT NULL REFERENCES contents (digest),
    stack TEXT NOT NULL REFERENCES stacks (chain),
    platform TEXT NOT NULL,
    labels TEXT NOT NULL,
    diff_ids TEXT NOT NULL,
    created_at_ns INTEGER NOT NULL,
    stored_at_ns INTEGER NOT NULL,
    logical_bytes INTEGER NOT NULL,
    is_removed INTEGER NOT NULL DEFAULT 0,  -- 1: goes with its last lease
    uses INTEGER NOT NULL DEFAULT 0,
    FOREIGN KEY (digest) REFERENCES contents (digest)
) WITHOUT ROWID;
CREATE INDEX images_newest ON images (stored_at_ns DESC, digest);
CREATE INDEX images_config ON images (config);
CREATE INDEX images_unused ON images (is_removed, digest) WHERE uses = 0;
CREATE TABLE image_layers (
    image TEXT NOT NULL REFERENCES images (digest) ON DELETE CASCADE,
    position INTEGER NOT NULL,
    layer INTEGER NOT NULL REFERENCES layers (id),
    PRIMARY KEY (image, position)
) WITHOUT ROWID;
CREATE INDEX image_layers_layer ON image_layers (layer);
CREATE TABLE names (
    name TEXT PRIMARY KEY,
    image TEXT NOT NULL REFERENCES images (digest) ON DELETE CASCADE
) WITHOUT ROWID;
CREATE INDEX names_image ON names (image);
CREATE TABLE repo_digests (
    image TEXT NOT NULL REFERENCES images (digest) ON DELETE CASCADE,
    repo_digest TEXT NOT NULL,
    PRIMARY KEY (image, repo_digest)
) WITHOUT ROWID;
CREATE INDEX repo_digests_digest ON repo_digests (repo_digest);
CREATE TABLE leases (
    name TEXT PRIMARY KEY,
    created_at_ns INTEGER NOT NULL,
    expires_at_ns INTEGER                   -- NULL: never
) WITHOUT ROWID;
CREATE INDEX leases_expiry ON leases (expires_at_ns) WHERE expires_at_ns IS NOT NULL;
CREATE TABLE lease_images (
    lease TEXT NOT NULL REFERENCES leases (name) ON DELETE CASCADE,
    image TEXT NOT NULL REFERENCES images (digest),
    PRIMARY KEY (lease, image)
) WITHOUT ROWID;
CREATE INDEX lease_images_image ON lease_images (image);
CREATE TABLE lease_layers (
    lease TEXT NOT NULL REFERENCES leases (name) ON DELETE CASCADE,
    layer INTEGER NOT NULL REFERENCES layers (id),
    PRIMARY KEY (lease, layer)
) WITHOUT ROWID;
CREATE INDEX lease_layers_layer ON lease_layers (layer);
"""


def _counting(table: str, column: str, target: str, key: str, counter: str) -> str:
    """Return the triggers that keep a counter equal to the number of rows that refer to its row."""
    name = f"{table}_{column}_{counter}"
    change = f"UPDATE {target} SET {counter} = {counter} {{sign}} 1 WHERE {key} = {{row}}.{column};"  # noqa: S608
    plus, minus = change.format(sign="+", row="NEW"), change.format(sign="-", row="OLD")
    return (
        f"CREATE TRIGGER {name}_insert AFTER INSERT ON {table} BEGIN {plus} END;\n"
        f"CREATE TRIGGER {name}_delete AFTER DELETE ON {table} BEGIN {minus} END;\n"
        f"CREATE TRIGGER {name}_update AFTER UPDATE OF {column} ON {table} BEGIN {minus} {plus} END;\n"
    )


_REMNANTS = """
ALTER TABLE layers ADD COLUMN is_damaged INTEGER NOT NULL DEFAULT 0;  -- 1: Scrub found wrong bytes
ALTER TABLE layers ADD COLUMN is_trimmed INTEGER NOT NULL DEFAULT 0;  -- 1: not live, and only what is borrowed is left
ALTER TABLE layers ADD COLUMN generation INTEGER NOT NULL DEFAULT 0;  -- of its index: grows when that is written again
CREATE INDEX layers_untrimmed ON layers (id) WHERE uses = 0 AND NOT is_trimmed;
CREATE TABLE borrowed (                     -- contents a layer reads from its donors
    borrower INTEGER NOT NULL REFERENCES layers (id) ON DELETE CASCADE,
    digest BLOB NOT NULL,
    device INTEGER NOT NULL,
    size INTEGER NOT NULL,
    PRIMARY KEY (borrower, digest)
) WITHOUT ROWID;
"""

MIGRATIONS = (_TABLES + "".join(_counting(*row) for row in _COUNTED), _REMNANTS)
"""Released: a change is one more script at the end."""
