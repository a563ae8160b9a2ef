-- Signatures of images, as clients made them; nothing here verifies them. Each belongs to the stream it was put to: another
-- stream with the same image does not have it. `name` is what follows the digest in the signature's own name, `content` is
-- base64.
CREATE TABLE image_signatures (
    stream_id TEXT COLLATE "C" NOT NULL REFERENCES streams (id) ON DELETE CASCADE,
    digest TEXT COLLATE "C" NOT NULL REFERENCES images (digest) ON DELETE CASCADE,
    name TEXT COLLATE "C" NOT NULL,
    kind TEXT NOT NULL,
    content TEXT NOT NULL,
    added_by TEXT NOT NULL,
    added_at TIMESTAMPTZ NOT NULL,
    PRIMARY KEY (stream_id, digest, name)
);
CREATE INDEX image_signatures_by_digest ON image_signatures (digest);
