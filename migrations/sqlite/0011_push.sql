-- Uploads to the registry that have not ended; their parts lie beside the blobs. `size` counts the bytes that are there.
CREATE TABLE uploads (
    id TEXT NOT NULL PRIMARY KEY,
    namespace TEXT NOT NULL,
    stream TEXT NOT NULL,
    size INTEGER NOT NULL,
    started_at DATETIME NOT NULL,
    touched_at DATETIME NOT NULL
);
CREATE INDEX uploads_by_age ON uploads (touched_at);
CREATE TABLE upload_parts (
    upload_id TEXT NOT NULL REFERENCES uploads (id) ON DELETE CASCADE,
    start INTEGER NOT NULL,
    name TEXT NOT NULL,
    PRIMARY KEY (upload_id, start)
);

-- Blobs that were pushed to a stream or mounted in it. By its name: blobs come before the manifest that makes the stream.
CREATE TABLE pushed_blobs (
    namespace TEXT NOT NULL,
    stream TEXT NOT NULL,
    digest TEXT NOT NULL,
    size INTEGER NOT NULL,
    pushed_at DATETIME NOT NULL,
    PRIMARY KEY (namespace, stream, digest)
);
CREATE INDEX pushed_blobs_by_digest ON pushed_blobs (digest);

-- Manifests that were pushed to a stream, with a tag or without.
CREATE TABLE pushed_images (
    stream_id TEXT NOT NULL REFERENCES streams (id) ON DELETE CASCADE,
    digest TEXT NOT NULL REFERENCES images (digest) ON DELETE CASCADE,
    pushed_at DATETIME NOT NULL,
    PRIMARY KEY (stream_id, digest)
);
CREATE INDEX pushed_images_by_digest ON pushed_images (digest);

-- `managed`: the image came by a push. `subject`: what it is attached to, as signatures and lists of parts are.
ALTER TABLE images ADD COLUMN managed BOOLEAN NOT NULL DEFAULT FALSE;
ALTER TABLE images ADD COLUMN manifest_size INTEGER NOT NULL DEFAULT 0;
ALTER TABLE images ADD COLUMN subject TEXT;
ALTER TABLE images ADD COLUMN artifact_type TEXT NOT NULL DEFAULT '';
ALTER TABLE images ADD COLUMN annotations TEXT NOT NULL DEFAULT '';
CREATE INDEX images_by_subject ON images (subject, digest);
