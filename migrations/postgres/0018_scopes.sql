-- What a token may do of what its user may: full, or pull.
ALTER TABLE tokens ADD COLUMN scope TEXT NOT NULL DEFAULT 'full';
