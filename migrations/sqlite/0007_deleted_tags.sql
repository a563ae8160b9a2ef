-- Tags that were deleted since an instant: what a stream was then includes them.
CREATE INDEX journal_of_deleted_tags ON journal (namespace, stream, at) WHERE cause = 'delete' AND tag IS NOT NULL;
