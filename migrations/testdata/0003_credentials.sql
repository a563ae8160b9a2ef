INSERT INTO credentials (namespace, pattern, user_name, secret, created_by, created_at)
    VALUES ('team', 'quay.io', 'robot', 'x', 'admin', '2026-01-01T00:00:00+00:00');
