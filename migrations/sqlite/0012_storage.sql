-- How often a tag was pulled through the registry, and when last.
ALTER TABLE tags ADD COLUMN pulls INTEGER NOT NULL DEFAULT 0;
ALTER TABLE tags ADD COLUMN pulled_at DATETIME;

-- How fresh a pull by tag is to be: the word of a policy.
ALTER TABLE streams ADD COLUMN freshness TEXT NOT NULL DEFAULT 'local';

-- Blobs that are stored here: what is here can be told without asking the place of blobs.
CREATE TABLE stored_blobs (
    digest TEXT NOT NULL PRIMARY KEY,
    size INTEGER NOT NULL,
    stored_at DATETIME NOT NULL
);

-- What the images of a stream take, as it was when last measured. Layers count once a stream.
CREATE TABLE stream_storage (
    stream_id TEXT NOT NULL PRIMARY KEY REFERENCES streams (id) ON DELETE CASCADE,
    images INTEGER NOT NULL,
    bytes INTEGER NOT NULL,
    stored_bytes INTEGER NOT NULL,
    pulls INTEGER NOT NULL,
    pulled_at DATETIME,
    measured_at DATETIME NOT NULL
);
CREATE INDEX stream_storage_by_age ON stream_storage (measured_at);
