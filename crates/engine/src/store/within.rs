//! What is in what: SQL texts that choose images by what they have. An image may lie in an index, and that in another, but no
//! deeper (`upstream/walk.rs`).

/// Images that have a blob: as layer, as config, as entry of an index of blobs, or by way of an index.
macro_rules! having {
    ($digest:expr) => {
        concat!(
            "WITH RECURSIVE holding (digest, above) AS (
                SELECT l.image_digest, 0 FROM image_layers l WHERE l.digest = ",
            $digest,
            " UNION SELECT i.digest, 0 FROM images i WHERE i.config_digest = ",
            $digest,
            " UNION SELECT c.image_digest, 0 FROM image_children c WHERE c.digest = ",
            $digest,
            " UNION SELECT c.image_digest, h.above + 1 FROM holding h
                JOIN image_children c ON c.digest = h.digest WHERE h.above < 2)
            SELECT digest FROM holding"
        )
    };
}

/// Indexes an image is in, straight or by way of another.
macro_rules! indexes_of {
    ($digest:expr) => {
        concat!(
            "SELECT c.image_digest FROM image_children c WHERE c.digest = ", $digest,
            " UNION SELECT o.image_digest FROM image_children c JOIN image_children o ON o.digest = c.image_digest
                WHERE c.digest = ", $digest
        )
    };
}

/// The images of a stream: those its tags have or had, what is in their indexes, and those that were pushed.
macro_rules! images_in {
    ($stream:expr) => {
        concat!(
            "SELECT digest FROM revisions WHERE stream_id = ", $stream,
            " UNION SELECT c.digest FROM revisions r JOIN image_children c ON c.image_digest = r.digest
                WHERE r.stream_id = ", $stream,
            " UNION SELECT i.digest FROM revisions r JOIN image_children c ON c.image_digest = r.digest
                JOIN image_children i ON i.image_digest = c.digest WHERE r.stream_id = ", $stream,
            " UNION SELECT digest FROM pushed_images WHERE stream_id = ", $stream
        )
    };
}

pub(super) use {having, images_in, indexes_of};
