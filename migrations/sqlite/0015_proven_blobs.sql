-- Repositories of other registries that showed that they have a blob or manifest, by sending it: what is stored is given out
-- only in streams that have it from one of them. A digest alone shows nothing; whoever writes a manifest may name any.
CREATE TABLE proven_blobs (
    repository TEXT NOT NULL,
    digest TEXT NOT NULL,
    PRIMARY KEY (repository, digest)
);
