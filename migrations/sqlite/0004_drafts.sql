-- Definitions that were previewed and not applied yet; a day old, they go.
CREATE TABLE drafts (
    id TEXT NOT NULL PRIMARY KEY,
    user_id TEXT NOT NULL,
    namespace TEXT NOT NULL,
    text TEXT NOT NULL,
    created_at DATETIME NOT NULL
);
CREATE INDEX drafts_by_age ON drafts (created_at);
