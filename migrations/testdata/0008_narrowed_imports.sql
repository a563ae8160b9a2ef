UPDATE jobs SET narrow = '{"include":["2.*"]}' WHERE id = 'j1';
