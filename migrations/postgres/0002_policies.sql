-- Policies, schedules and holds.

-- A stream's own insecure policy: OR-ed with each tag's.
ALTER TABLE streams ADD COLUMN insecure BOOLEAN NOT NULL DEFAULT FALSE;

-- `schedule` is how often an imported tag is looked at again: '' never, 'global', or seconds. `due_at` is when next;
-- `checked_at` is when it last was, and `checked_due_at` when that had been due.
-- A held tag is moved by nobody but people: `held_at` is since when.
ALTER TABLE tags ADD COLUMN reference_policy TEXT NOT NULL DEFAULT 'source';
ALTER TABLE tags ADD COLUMN schedule TEXT NOT NULL DEFAULT '';
ALTER TABLE tags ADD COLUMN due_at TIMESTAMPTZ;
ALTER TABLE tags ADD COLUMN checked_at TIMESTAMPTZ;
ALTER TABLE tags ADD COLUMN checked_due_at TIMESTAMPTZ;
ALTER TABLE tags ADD COLUMN held_at TIMESTAMPTZ;
ALTER TABLE tags ADD COLUMN held_by TEXT NOT NULL DEFAULT '';
CREATE INDEX tags_due ON tags (due_at) WHERE due_at IS NOT NULL;

-- What an import gives the tags it makes. `host` is the upstream it asks: workers spread over hosts.
ALTER TABLE jobs ADD COLUMN reference_policy TEXT NOT NULL DEFAULT 'source';
ALTER TABLE jobs ADD COLUMN schedule TEXT NOT NULL DEFAULT '';

ALTER TABLE jobs ADD COLUMN host TEXT NOT NULL DEFAULT '';
CREATE INDEX jobs_of_host ON jobs (host, lease_until) WHERE finished_at IS NULL;

-- The newest revision and the first tags of an image, without sorting.
DROP INDEX revisions_by_digest;
CREATE INDEX revisions_by_digest ON revisions (stream_id, digest, created_at);
DROP INDEX tags_by_head;
CREATE INDEX tags_by_head ON tags (stream_id, head_digest, sort_key);

-- A stream's history narrowed to one tag.
CREATE INDEX journal_of_tag ON journal (namespace, stream, tag, number);
