-- API tokens. `hash` is the SHA-256 of the token, which is random and long; the token itself is shown once and kept nowhere.
CREATE TABLE tokens (
    id TEXT NOT NULL PRIMARY KEY,
    user_id TEXT NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    name TEXT NOT NULL,
    hash TEXT NOT NULL UNIQUE,
    created_at DATETIME NOT NULL,
    expires_at DATETIME,
    last_used_at DATETIME
);
CREATE INDEX tokens_of_user ON tokens (user_id, id);

-- Whether everybody may pull from the namespace, signed in or not.
ALTER TABLE namespaces ADD COLUMN anonymous_pull BOOLEAN NOT NULL DEFAULT FALSE;
