-- The schema of version 1, as released: never changed.

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
CREATE TRIGGER names_image_uses_insert AFTER INSERT ON names BEGIN UPDATE images SET uses = uses + 1 WHERE digest = NEW.image; END;
CREATE TRIGGER names_image_uses_delete AFTER DELETE ON names BEGIN UPDATE images SET uses = uses - 1 WHERE digest = OLD.image; END;
CREATE TRIGGER names_image_uses_update AFTER UPDATE OF image ON names BEGIN UPDATE images SET uses = uses - 1 WHERE digest = OLD.image; UPDATE images SET uses = uses + 1 WHERE digest = NEW.image; END;
CREATE TRIGGER lease_images_image_uses_insert AFTER INSERT ON lease_images BEGIN UPDATE images SET uses = uses + 1 WHERE digest = NEW.image; END;
CREATE TRIGGER lease_images_image_uses_delete AFTER DELETE ON lease_images BEGIN UPDATE images SET uses = uses - 1 WHERE digest = OLD.image; END;
CREATE TRIGGER lease_images_image_uses_update AFTER UPDATE OF image ON lease_images BEGIN UPDATE images SET uses = uses - 1 WHERE digest = OLD.image; UPDATE images SET uses = uses + 1 WHERE digest = NEW.image; END;
CREATE TRIGGER image_layers_layer_uses_insert AFTER INSERT ON image_layers BEGIN UPDATE layers SET uses = uses + 1 WHERE id = NEW.layer; END;
CREATE TRIGGER image_layers_layer_uses_delete AFTER DELETE ON image_layers BEGIN UPDATE layers SET uses = uses - 1 WHERE id = OLD.layer; END;
CREATE TRIGGER image_layers_layer_uses_update AFTER UPDATE OF layer ON image_layers BEGIN UPDATE layers SET uses = uses - 1 WHERE id = OLD.layer; UPDATE layers SET uses = uses + 1 WHERE id = NEW.layer; END;
CREATE TRIGGER lease_layers_layer_uses_insert AFTER INSERT ON lease_layers BEGIN UPDATE layers SET uses = uses + 1 WHERE id = NEW.layer; END;
CREATE TRIGGER lease_layers_layer_uses_delete AFTER DELETE ON lease_layers BEGIN UPDATE layers SET uses = uses - 1 WHERE id = OLD.layer; END;
CREATE TRIGGER lease_layers_layer_uses_update AFTER UPDATE OF layer ON lease_layers BEGIN UPDATE layers SET uses = uses - 1 WHERE id = OLD.layer; UPDATE layers SET uses = uses + 1 WHERE id = NEW.layer; END;
CREATE TRIGGER loans_donor_loans_insert AFTER INSERT ON loans BEGIN UPDATE layers SET loans = loans + 1 WHERE id = NEW.donor; END;
CREATE TRIGGER loans_donor_loans_delete AFTER DELETE ON loans BEGIN UPDATE layers SET loans = loans - 1 WHERE id = OLD.donor; END;
CREATE TRIGGER loans_donor_loans_update AFTER UPDATE OF donor ON loans BEGIN UPDATE layers SET loans = loans - 1 WHERE id = OLD.donor; UPDATE layers SET loans = loans + 1 WHERE id = NEW.donor; END;
CREATE TRIGGER images_stack_uses_insert AFTER INSERT ON images BEGIN UPDATE stacks SET uses = uses + 1 WHERE chain = NEW.stack; END;
CREATE TRIGGER images_stack_uses_delete AFTER DELETE ON images BEGIN UPDATE stacks SET uses = uses - 1 WHERE chain = OLD.stack; END;
CREATE TRIGGER images_stack_uses_update AFTER UPDATE OF stack ON images BEGIN UPDATE stacks SET uses = uses - 1 WHERE chain = OLD.stack; UPDATE stacks SET uses = uses + 1 WHERE chain = NEW.stack; END;
CREATE TRIGGER images_digest_uses_insert AFTER INSERT ON images BEGIN UPDATE contents SET uses = uses + 1 WHERE digest = NEW.digest; END;
CREATE TRIGGER images_digest_uses_delete AFTER DELETE ON images BEGIN UPDATE contents SET uses = uses - 1 WHERE digest = OLD.digest; END;
CREATE TRIGGER images_digest_uses_update AFTER UPDATE OF digest ON images BEGIN UPDATE contents SET uses = uses - 1 WHERE digest = OLD.digest; UPDATE contents SET uses = uses + 1 WHERE digest = NEW.digest; END;
CREATE TRIGGER images_config_uses_insert AFTER INSERT ON images BEGIN UPDATE contents SET uses = uses + 1 WHERE digest = NEW.config; END;
CREATE TRIGGER images_config_uses_delete AFTER DELETE ON images BEGIN UPDATE contents SET uses = uses - 1 WHERE digest = OLD.config; END;
CREATE TRIGGER images_config_uses_update AFTER UPDATE OF config ON images BEGIN UPDATE contents SET uses = uses - 1 WHERE digest = OLD.config; UPDATE contents SET uses = uses + 1 WHERE digest = NEW.config; END;
