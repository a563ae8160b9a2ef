-- Jobs that ended, by age: old ones are forgotten.
CREATE INDEX jobs_ended ON jobs (finished_at) WHERE finished_at IS NOT NULL;
