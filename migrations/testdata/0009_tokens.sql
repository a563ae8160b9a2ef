INSERT INTO tokens (id, user_id, name, hash, created_at, expires_at, last_used_at)
    VALUES ('t1', 'u1', 'ci', 'x', '2026-01-01T00:00:00+00:00', '2027-01-01T00:00:00+00:00', '2026-01-02T00:00:00+00:00');
UPDATE namespaces SET anonymous_pull = TRUE WHERE name = 'team';
