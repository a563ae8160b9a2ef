-- The index a tag's image was taken out of, when one platform of it is kept: which one, the image that was taken, and the
-- platform that was wanted. While all three are as they were, the registry is asked for the index's digest only.
ALTER TABLE tags ADD COLUMN index_digest TEXT;
ALTER TABLE tags ADD COLUMN index_child TEXT;
ALTER TABLE tags ADD COLUMN index_platform TEXT;
