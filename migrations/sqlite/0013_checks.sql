-- When an import last wrote to the stream, or first read its repository.
ALTER TABLE streams ADD COLUMN checked_at DATETIME;
UPDATE streams SET checked_at = (SELECT MAX(checked_at) FROM tags WHERE stream_id = streams.id);
