INSERT INTO uploads (id, namespace, stream, size, started_at, touched_at)
    VALUES ('up1', 'team', 'app', 0, '2026-01-01T00:00:00+00:00', '2026-01-01T00:00:00+00:00');
INSERT INTO upload_parts (upload_id, start, name) VALUES ('up1', 0, 'part');
INSERT INTO pushed_blobs (namespace, stream, digest, size, pushed_at)
    VALUES ('team', 'app', 'sha256:b', 1, '2026-01-01T00:00:00+00:00');
INSERT INTO pushed_images (stream_id, digest, pushed_at)
    SELECT s.id, i.digest, s.created_at FROM streams s, images i;
UPDATE images SET subject = digest;
