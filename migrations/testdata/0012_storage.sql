INSERT INTO stored_blobs (digest, size, stored_at) VALUES ('sha256:b', 1, '2026-01-01T00:00:00+00:00');
INSERT INTO stream_storage (stream_id, images, bytes, stored_bytes, pulls, measured_at)
    SELECT id, 1, 1, 1, 0, created_at FROM streams;
UPDATE tags SET pulls = 1, pulled_at = '2026-01-01T00:00:00+00:00';
