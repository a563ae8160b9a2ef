-- Tags of other streams as sources, places that are only noted, import modes, and what people note.

-- `source_stream` is `namespace/name` of the stream that is followed or was tagged from, none for the tag's own.
-- `source_since` is since when a place is noted. `annotations` and `labels` are JSON objects, empty for none.
ALTER TABLE tags ADD COLUMN source_stream TEXT;
ALTER TABLE tags ADD COLUMN source_since DATETIME;
ALTER TABLE tags ADD COLUMN import_mode TEXT NOT NULL DEFAULT 'preserve-original';
ALTER TABLE tags ADD COLUMN annotations TEXT NOT NULL DEFAULT '';
CREATE INDEX tags_by_followed_elsewhere ON tags (source_stream, source_tag) WHERE source_stream IS NOT NULL;

ALTER TABLE streams ADD COLUMN labels TEXT NOT NULL DEFAULT '';
ALTER TABLE streams ADD COLUMN annotations TEXT NOT NULL DEFAULT '';
ALTER TABLE streams ADD COLUMN lookup_local BOOLEAN NOT NULL DEFAULT FALSE;

-- What an import keeps of an index, '' for what each tag says, and the platform it takes out of one: `os/architecture`.
ALTER TABLE jobs ADD COLUMN import_mode TEXT NOT NULL DEFAULT '';
ALTER TABLE jobs ADD COLUMN platform TEXT NOT NULL DEFAULT '';
