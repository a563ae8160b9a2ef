INSERT INTO drafts (id, user_id, namespace, text, created_at) VALUES ('d1', 'u1', 'team', 'kind: ImageStream', '2026-01-01T00:00:00+00:00');
