INSERT INTO proven_blobs (repository, digest) VALUES ('quay.io/org/app', 'sha256:b');
