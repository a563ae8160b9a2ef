INSERT INTO journal (number, position, at, namespace, stream, tag, actor, cause, change) VALUES (900, 0, '2026-01-02T00:00:00+00:00', 'shop', 'ruby', 'gone', 'admin', 'delete', '{}');
