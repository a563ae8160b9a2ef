-- API tokens. `hash` is the SHA-256 of the token, which is random and long; the token itself is shown once and kept nowhere.
CREATE TABLE tokens (
    id TEXT COLLATE "C" NOT NULL PRIMARY KEY,
    user_id TEXT COLLATE "C" NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    name TEXT NOT NULL,
    hash TEXT COLLATE "C" NOT NULL UNIQUE,
    created_at TIMESTAMPTZ NOT NULL,
    expires_at TIMESTAMPTZ,
    last_used_at TIMESTAMPTZ
);
CREATE INDEX tokens_of_user ON tokens (user_id, id);

-- Whether everybody may pull from the namespace, signed in or not.
ALTER TABLE namespaces ADD COLUMN anonymous_pull BOOLEAN NOT NULL DEFAULT FALSE;
