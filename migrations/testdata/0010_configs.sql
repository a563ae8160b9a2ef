UPDATE images SET config_digest = 'sha256:' || digest WHERE config_digest IS NULL;
