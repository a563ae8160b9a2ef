-- How often in a row the import of a tag failed for a reason that may pass: it is tried again by itself, at `due_at`.
ALTER TABLE tags ADD COLUMN attempts BIGINT NOT NULL DEFAULT 0;
