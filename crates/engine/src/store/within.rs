//! What is in what: SQL texts that choose images by what they have.

/// Images that have a blob: as layer, as config, as entry of an index of blobs, or by way of an index.
macro_rules! having {
    ($digest:expr) => {
        concat!(
            "SELECT l.image_digest FROM image_layers l WHERE l.digest = ", $digest,
            " UNION SELECT i.digest FROM images i WHERE i.config_digest = ", $digest,
            " UNION SELECT c.image_digest FROM image_children c WHERE c.digest = ", $digest,
            " UNION SELECT c.image_digest FROM image_children c JOIN image_layers l ON l.image_digest = c.digest
                WHERE l.digest = ", $digest,
            " UNION SELECT c.image_digest FROM image_children c JOIN images i ON i.digest = c.digest
                WHERE i.config_digest = ", $digest
        )
    };
}

pub(super) use having;
