UPDATE jobs SET state = 'succeeded', finished_at = '2026-01-01T00:00:00+00:00';
