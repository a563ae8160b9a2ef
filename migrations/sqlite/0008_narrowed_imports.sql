-- What narrows the tags an import of a whole repository takes, as JSON; empty for all of them.
ALTER TABLE jobs ADD COLUMN narrow TEXT NOT NULL DEFAULT '';
