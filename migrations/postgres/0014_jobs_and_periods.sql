-- Jobs that ended, by age: old ones are forgotten.
CREATE INDEX jobs_ended ON jobs (finished_at) WHERE finished_at IS NOT NULL;

-- What else there is to say about a job, beside why it failed.
ALTER TABLE jobs ADD COLUMN note TEXT NOT NULL DEFAULT '';

-- The period, in seconds, of tags that are scheduled without one of their own; none for the server's.
ALTER TABLE streams ADD COLUMN period BIGINT;
