-- User names and passwords for registries, of a namespace or ('') of all. `secret` is encrypted with the key that is not
-- in the database.
CREATE TABLE credentials (
    namespace TEXT COLLATE "C" NOT NULL,
    pattern TEXT COLLATE "C" NOT NULL,
    user_name TEXT NOT NULL,
    secret TEXT NOT NULL,
    created_by TEXT NOT NULL,
    created_at TIMESTAMPTZ NOT NULL,
    PRIMARY KEY (namespace, pattern)
);
