//! How much an image and a stream may have. What a push adds is held against it; what adds nothing passes, also above a
//! limit that was lowered.

use super::Refusal;

/// What there may be at most; none for no limit.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Quota {
    /// Bytes of an image: its config and each of its layers once.
    pub image_bytes: Option<u64>,
    /// Images of a stream: those its tags have or had, and those pushed without a tag.
    pub stream_images: Option<u64>,
    /// Tags of a stream.
    pub stream_tags: Option<u64>,
}

/// What a push brings, and what is there.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Asked {
    /// Bytes of the image; 0 for an index.
    pub image_bytes: u64,
    /// Images of the stream, if this one is not among them.
    pub images_before: Option<u64>,
    /// Tags of the stream, if this one is not among them.
    pub tags_before: Option<u64>,
}

/// Holds a push against a quota.
///
/// # Errors
/// The limit it exceeds, with the setting that raises it.
pub fn check(quota: Quota, asked: Asked) -> Result<(), Refusal> {
    let over = |is: u64, may: Option<u64>| may.filter(|may| is > *may);
    if let Some(may) = over(asked.image_bytes, quota.image_bytes) {
        return Err(Refusal::new(
            "image",
            format!(
                "the image has {} bytes, which exceeds the maximum limit of {may} (WEIR_MAX_IMAGE_SIZE)",
                asked.image_bytes
            ),
        ));
    }
    for (before, may, what, setting) in [
        (
            asked.images_before,
            quota.stream_images,
            "images",
            "WEIR_MAX_IMAGES_PER_STREAM",
        ),
        (
            asked.tags_before,
            quota.stream_tags,
            "tags",
            "WEIR_MAX_TAGS_PER_STREAM",
        ),
    ] {
        if let Some(before) = before
            && let Some(may) = over(before.saturating_add(1), may)
        {
            return Err(Refusal::new(
                "stream",
                format!(
                    "the stream has {before} {what}; one more exceeds the maximum limit of {may} ({setting}). Delete some, \
                     or ask an administrator for more"
                ),
            ));
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_push_adds_is_held_against_each_limit_and_what_adds_nothing_passes() {
        let quota = Quota {
            image_bytes: Some(100),
            stream_images: Some(2),
            stream_tags: Some(3),
        };
        let asked = |image_bytes, images_before, tags_before| Asked {
            image_bytes,
            images_before,
            tags_before,
        };
        for (asked, refused) in [
            (asked(100, Some(1), Some(2)), None),
            (asked(101, None, None), Some("WEIR_MAX_IMAGE_SIZE")),
            (
                asked(1, Some(2), Some(0)),
                Some("WEIR_MAX_IMAGES_PER_STREAM"),
            ),
            (asked(1, None, Some(3)), Some("WEIR_MAX_TAGS_PER_STREAM")),
            (asked(1, None, None), None),
        ] {
            let said = check(quota, asked).err().map(|refusal| refusal.message);
            match (&said, refused) {
                (Some(said), Some(setting)) => assert!(said.contains(setting), "{said}"),
                (said, refused) => assert!(said.is_none() && refused.is_none(), "{said:?}"),
            }
            assert_eq!(check(Quota::default(), asked), Ok(()));
        }
    }
}
