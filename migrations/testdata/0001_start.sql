-- Rows to try the next migration on: at least one in every table.
INSERT INTO settings (key, value) VALUES ('setup', 'x');
INSERT INTO users (id, name, password_hash, role, created_at) VALUES ('u1', 'admin', 'x', 'admin', '2026-01-01T00:00:00+00:00');
INSERT INTO sign_in_failures (subject, failures, blocked_until) VALUES ('user:admin', 1, '2026-01-01T00:00:00+00:00');
INSERT INTO sessions (id, data, expires_at) VALUES ('s1', '{}', '2026-01-01T00:00:00+00:00');
INSERT INTO namespaces (name, created_at) VALUES ('team', '2026-01-01T00:00:00+00:00');
INSERT INTO streams (id, namespace, name, source, generation, version, tags, created_at, changed_at)
    VALUES ('st1', 'team', 'ruby', 'quay.io/org/ruby', 1, 1, 1, '2026-01-01T00:00:00+00:00', '2026-01-01T00:00:00+00:00');
INSERT INTO images (digest, media_type, os, architecture, variant, author, size, children, stored_at)
    VALUES ('sha256:0000000000000000000000000000000000000000000000000000000000000000', 'm', 'linux', 'amd64', '', '', 1, 0, '2026-01-01T00:00:00+00:00');
INSERT INTO image_layers (image_digest, position, digest, size, media_type)
    VALUES ('sha256:0000000000000000000000000000000000000000000000000000000000000000', 0, 'sha256:1', 1, 'm');
INSERT INTO image_children (image_digest, position, digest, size, media_type, os, architecture, variant)
    VALUES ('sha256:0000000000000000000000000000000000000000000000000000000000000000', 0, 'sha256:2', 1, 'm', 'linux', 'arm64', 'v8');
INSERT INTO tags (stream_id, name, sort_key, source_kind, source_reference, insecure, generation, head_number)
    VALUES ('st1', 'latest', '0', 'external', 'quay.io/org/ruby:latest', FALSE, 1, 1);
INSERT INTO revisions (stream_id, tag, number, digest, reference, generation, cause, actor, created_at)
    VALUES ('st1', 'latest', 1, 'sha256:0000000000000000000000000000000000000000000000000000000000000000', 'quay.io/org/ruby', 1, 'import', 'admin', '2026-01-01T00:00:00+00:00');
INSERT INTO conditions (stream_id, tag, reason, message, hint, generation, since)
    VALUES ('st1', 'latest', 'NotFound', 'm', '', 1, '2026-01-01T00:00:00+00:00');
INSERT INTO jobs (id, kind, dedup_key, state, stream_id, source, all_tags, insecure, listed, creates_stream, actor, cancel_requested, error, hint, run_at, created_at)
    VALUES ('j1', 'import', 'k', 'queued', 'st1', 'quay.io/org/ruby', TRUE, FALSE, TRUE, FALSE, 'admin', FALSE, '', '', '2026-01-01T00:00:00+00:00', '2026-01-01T00:00:00+00:00');
INSERT INTO job_items (job_id, position, tag, reference, insecure, state, message)
    VALUES ('j1', 0, 'latest', 'quay.io/org/ruby:latest', FALSE, 'pending', '');
INSERT INTO journal (number, position, at, namespace, stream, tag, actor, cause, change)
    VALUES (1, 0, '2026-01-01T00:00:00+00:00', 'team', 'ruby', 'latest', 'admin', 'tag', '{}');
UPDATE counters SET value = 1 WHERE name = 'journal';
