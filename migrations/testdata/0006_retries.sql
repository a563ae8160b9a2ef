UPDATE tags SET attempts = 2, due_at = '2026-01-02T00:00:00+00:00' WHERE stream_id = 'st1';
