-- The new columns, filled.
UPDATE streams SET insecure = TRUE WHERE id = 'st1';
UPDATE tags SET reference_policy = 'local', schedule = 'global', due_at = '2026-01-01T00:00:00+00:00', held_at = '2026-01-01T00:00:00+00:00', held_by = 'admin' WHERE stream_id = 'st1';
UPDATE jobs SET reference_policy = 'local', schedule = '3600' WHERE id = 'j1';
