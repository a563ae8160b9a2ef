UPDATE tags SET annotations = '{"description":"what it is"}', import_mode = 'legacy' WHERE stream_id = 'st1';
UPDATE streams SET labels = '{"team":"shop"}', annotations = '{"note":"x"}', lookup_local = TRUE WHERE id = 'st1';
UPDATE jobs SET import_mode = 'legacy', platform = 'linux/arm64' WHERE id = 'j1';
