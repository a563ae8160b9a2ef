-- How often a tag was pulled through the registry, and when last.
ALTER TABLE tags ADD COLUMN pulls BIGINT NOT NULL DEFAULT 0;
ALTER TABLE tags ADD COLUMN pulled_at TIMESTAMPTZ;

-- How fresh a pull by tag is to be: the word of a policy.
ALTER TABLE streams ADD COLUMN freshness TEXT NOT NULL DEFAULT 'local';

-- Blobs that are stored here: what is here can be told without asking the place of blobs.
CREATE TABLE stored_blobs (
    digest TEXT COLLATE "C" NOT NULL PRIMARY KEY,
    size BIGINT NOT NULL,
    stored_at TIMESTAMPTZ NOT NULL
);

-- What the images of a stream take, as it was when last measured. Layers count once a stream.
CREATE TABLE stream_storage (
    stream_id TEXT COLLATE "C" NOT NULL PRIMARY KEY REFERENCES streams (id) ON DELETE CASCADE,
    images BIGINT NOT NULL,
    bytes BIGINT NOT NULL,
    stored_bytes BIGINT NOT NULL,
    pulls BIGINT NOT NULL,
    pulled_at TIMESTAMPTZ,
    measured_at TIMESTAMPTZ NOT NULL
);
CREATE INDEX stream_storage_by_age ON stream_storage (measured_at);
