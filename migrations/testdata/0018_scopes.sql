UPDATE tokens SET scope = 'pull' WHERE id = 't1';
