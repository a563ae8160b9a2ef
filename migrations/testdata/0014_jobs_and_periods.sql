UPDATE jobs SET note = 'x', state = 'succeeded', finished_at = '2026-01-01T00:00:00+00:00';
UPDATE streams SET period = 300;
