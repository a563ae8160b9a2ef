UPDATE tags SET index_digest = 'sha256:a', index_child = head_digest, index_platform = 'linux/arm64' WHERE head_digest IS NOT NULL;
