-- The first schema. The SQLite twin has the same tables and columns; a test compares them.
-- Keyed text is COLLATE "C": keyset pages compare bytes, as SQLite does.

-- One store-wide counter; each write transaction takes the next number (the journal's order, `resourceVersion`).
CREATE TABLE counters (
    name TEXT COLLATE "C" NOT NULL PRIMARY KEY,
    value BIGINT NOT NULL
);
INSERT INTO counters (name, value) VALUES ('journal', 0);

CREATE TABLE settings (
    key TEXT COLLATE "C" NOT NULL PRIMARY KEY,
    value TEXT NOT NULL
);

CREATE TABLE users (
    id TEXT COLLATE "C" NOT NULL PRIMARY KEY,
    name TEXT COLLATE "C" NOT NULL UNIQUE,
    password_hash TEXT NOT NULL,
    role TEXT NOT NULL,
    created_at TIMESTAMPTZ NOT NULL
);

-- Failed sign-ins by account and by address, to slow guessing down.
CREATE TABLE sign_in_failures (
    subject TEXT COLLATE "C" NOT NULL PRIMARY KEY,
    failures BIGINT NOT NULL,
    blocked_until TIMESTAMPTZ NOT NULL
);

CREATE TABLE sessions (
    id TEXT COLLATE "C" NOT NULL PRIMARY KEY,
    data TEXT NOT NULL,
    expires_at TIMESTAMPTZ NOT NULL
);
CREATE INDEX sessions_by_expiry ON sessions (expires_at);

CREATE TABLE namespaces (
    name TEXT COLLATE "C" NOT NULL PRIMARY KEY,
    created_at TIMESTAMPTZ NOT NULL
);

-- `version` is the journal number of the stream's last change; raising it is the stream's row lock.
-- The counts are kept beside the rows they count, so that no page counts.
CREATE TABLE streams (
    id TEXT COLLATE "C" NOT NULL PRIMARY KEY,
    namespace TEXT COLLATE "C" NOT NULL REFERENCES namespaces (name),
    name TEXT COLLATE "C" NOT NULL,
    source TEXT,
    generation BIGINT NOT NULL,
    version BIGINT NOT NULL,
    tags BIGINT NOT NULL DEFAULT 0,
    failed_tags BIGINT NOT NULL DEFAULT 0,
    insecure_tags BIGINT NOT NULL DEFAULT 0,
    last_job_id TEXT COLLATE "C",
    created_at TIMESTAMPTZ NOT NULL,
    changed_at TIMESTAMPTZ NOT NULL,
    UNIQUE (namespace, name)
);
CREATE INDEX streams_with_failures ON streams (namespace, name) WHERE failed_tags > 0;

-- Images are facts by digest, shared by all streams. `config` is the config blob as the registry gave it.
CREATE TABLE images (
    digest TEXT COLLATE "C" NOT NULL PRIMARY KEY,
    media_type TEXT NOT NULL,
    config_digest TEXT,
    config TEXT,
    os TEXT NOT NULL,
    architecture TEXT NOT NULL,
    variant TEXT NOT NULL,
    author TEXT NOT NULL,
    size BIGINT NOT NULL,
    children BIGINT NOT NULL,
    created_at TIMESTAMPTZ,
    stored_at TIMESTAMPTZ NOT NULL
);

CREATE TABLE image_layers (
    image_digest TEXT COLLATE "C" NOT NULL REFERENCES images (digest) ON DELETE CASCADE,
    position BIGINT NOT NULL,
    digest TEXT COLLATE "C" NOT NULL,
    size BIGINT NOT NULL,
    media_type TEXT NOT NULL,
    PRIMARY KEY (image_digest, position)
);
CREATE INDEX image_layers_by_digest ON image_layers (digest);

CREATE TABLE image_children (
    image_digest TEXT COLLATE "C" NOT NULL REFERENCES images (digest) ON DELETE CASCADE,
    position BIGINT NOT NULL,
    digest TEXT COLLATE "C" NOT NULL,
    size BIGINT NOT NULL,
    media_type TEXT NOT NULL,
    os TEXT NOT NULL,
    architecture TEXT NOT NULL,
    variant TEXT NOT NULL,
    PRIMARY KEY (image_digest, position)
);
CREATE INDEX image_children_by_digest ON image_children (digest);

-- What a tag should be (`source_*`, none if it has no spec) and its head, copied from its newest revision.
CREATE TABLE tags (
    stream_id TEXT COLLATE "C" NOT NULL REFERENCES streams (id) ON DELETE CASCADE,
    name TEXT COLLATE "C" NOT NULL,
    sort_key TEXT COLLATE "C" NOT NULL,
    source_kind TEXT,
    source_reference TEXT,
    source_tag TEXT COLLATE "C",
    source_digest TEXT,
    insecure BOOLEAN NOT NULL,
    generation BIGINT,
    head_digest TEXT COLLATE "C",
    head_reference TEXT,
    head_number BIGINT NOT NULL,
    head_generation BIGINT,
    head_created_at TIMESTAMPTZ,
    PRIMARY KEY (stream_id, name)
);
CREATE UNIQUE INDEX tags_in_order ON tags (stream_id, sort_key);
CREATE INDEX tags_by_followed ON tags (stream_id, source_tag);
CREATE INDEX tags_by_head ON tags (stream_id, head_digest);

CREATE TABLE revisions (
    stream_id TEXT COLLATE "C" NOT NULL,
    tag TEXT COLLATE "C" NOT NULL,
    number BIGINT NOT NULL,
    digest TEXT COLLATE "C" NOT NULL,
    reference TEXT NOT NULL,
    generation BIGINT NOT NULL,
    cause TEXT NOT NULL,
    actor TEXT NOT NULL,
    job_id TEXT COLLATE "C",
    created_at TIMESTAMPTZ NOT NULL,
    PRIMARY KEY (stream_id, tag, number),
    FOREIGN KEY (stream_id, tag) REFERENCES tags (stream_id, name) ON DELETE CASCADE
);
CREATE INDEX revisions_by_digest ON revisions (stream_id, digest);

CREATE TABLE conditions (
    stream_id TEXT COLLATE "C" NOT NULL,
    tag TEXT COLLATE "C" NOT NULL,
    reason TEXT NOT NULL,
    message TEXT NOT NULL,
    hint TEXT NOT NULL,
    generation BIGINT NOT NULL,
    since TIMESTAMPTZ NOT NULL,
    PRIMARY KEY (stream_id, tag),
    FOREIGN KEY (stream_id, tag) REFERENCES tags (stream_id, name) ON DELETE CASCADE
);

-- Background jobs. `dedup_key` is unique among jobs that have not ended. `run_at` and the lease decide who may take
-- it. `cursor` names the last tag listed, `generation` is the one its writes share.
CREATE TABLE jobs (
    id TEXT COLLATE "C" NOT NULL PRIMARY KEY,
    kind TEXT NOT NULL,
    dedup_key TEXT COLLATE "C" NOT NULL,
    state TEXT NOT NULL,
    stream_id TEXT COLLATE "C" NOT NULL REFERENCES streams (id) ON DELETE CASCADE,
    source TEXT NOT NULL,
    all_tags BOOLEAN NOT NULL,
    insecure BOOLEAN NOT NULL,
    listed BOOLEAN NOT NULL,
    generation BIGINT,
    creates_stream BOOLEAN NOT NULL,
    total BIGINT NOT NULL DEFAULT 0,
    done BIGINT NOT NULL DEFAULT 0,
    unchanged BIGINT NOT NULL DEFAULT 0,
    failed BIGINT NOT NULL DEFAULT 0,
    left_out BIGINT NOT NULL DEFAULT 0,
    actor TEXT NOT NULL,
    attempts BIGINT NOT NULL DEFAULT 0,
    lease_owner TEXT,
    lease_until TIMESTAMPTZ,
    cancel_requested BOOLEAN NOT NULL,
    error TEXT NOT NULL,
    hint TEXT NOT NULL,
    run_at TIMESTAMPTZ NOT NULL,
    created_at TIMESTAMPTZ NOT NULL,
    started_at TIMESTAMPTZ,
    finished_at TIMESTAMPTZ
);
CREATE UNIQUE INDEX jobs_active_once ON jobs (dedup_key) WHERE finished_at IS NULL;
CREATE INDEX jobs_due ON jobs (run_at, id) WHERE finished_at IS NULL;
CREATE INDEX jobs_of_stream ON jobs (stream_id, id);

CREATE TABLE job_items (
    job_id TEXT COLLATE "C" NOT NULL REFERENCES jobs (id) ON DELETE CASCADE,
    position BIGINT NOT NULL,
    tag TEXT COLLATE "C" NOT NULL,
    reference TEXT NOT NULL,
    insecure BOOLEAN NOT NULL,
    state TEXT NOT NULL,
    digest TEXT,
    message TEXT NOT NULL,
    finished_at TIMESTAMPTZ,
    PRIMARY KEY (job_id, position)
);
CREATE UNIQUE INDEX job_items_by_tag ON job_items (job_id, tag);
CREATE INDEX job_items_by_state ON job_items (job_id, state, position);

-- What changed, in the order it was committed. One number a transaction, positions within.
CREATE TABLE journal (
    number BIGINT NOT NULL,
    position BIGINT NOT NULL,
    at TIMESTAMPTZ NOT NULL,
    namespace TEXT COLLATE "C" NOT NULL,
    stream TEXT COLLATE "C" NOT NULL,
    tag TEXT COLLATE "C",
    actor TEXT NOT NULL,
    cause TEXT NOT NULL,
    change TEXT NOT NULL,
    PRIMARY KEY (number, position)
);
CREATE INDEX journal_of_stream ON journal (namespace, stream, number);
