//! What rules know of a stream: the tags a request touches, as loaded in its transaction.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use model::{
    Change, Digest, Reference, StreamRef, TagName, TagSource, TagSpec,
    stream::StreamMeta,
    tag::{Condition, Hold, TagAt},
};

/// The current image of a tag.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HeadFacts {
    /// The image.
    pub digest: Digest,
    /// Where it is found.
    pub reference: Reference,
    /// Number of the revision.
    pub number: i64,
    /// Generation of the revision.
    pub generation: i64,
    /// Since when.
    pub created_at: DateTime<Utc>,
}

/// The index an image was taken out of.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Taken {
    /// The index.
    pub index: Digest,
    /// The platform that was wanted, `os/architecture`; a word that is empty is any.
    pub platform: String,
}

/// One tag.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct TagFacts {
    /// What it should be.
    pub spec: Option<TagSpec>,
    /// What it is.
    pub head: Option<HeadFacts>,
    /// What that was taken out of, if it is one platform of an index.
    pub index: Option<Taken>,
    /// How its latest import failed.
    pub condition: Option<Condition>,
    /// It stays where it is until somebody releases it.
    pub hold: Option<Hold>,
}

/// One stream with the tags a request touches.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StreamFacts {
    /// Namespace and name.
    pub stream: StreamRef,
    /// Generation of what it should be.
    pub generation: i64,
    /// The stream's own insecure policy.
    pub insecure: bool,
    /// The period, in seconds, of tags that are scheduled without one of their own; none for the server's.
    pub period: Option<u32>,
    /// What is noted about it.
    pub meta: StreamMeta,
    /// The tags that were asked for, those they follow, and all that follow them, however far.
    pub tags: BTreeMap<TagName, TagFacts>,
    /// Direct followers of each of these tags in this stream, in name order.
    pub followers: BTreeMap<TagName, Vec<TagName>>,
    /// Tags of other streams that these follow, however far; one that is not there is missing here.
    pub elsewhere: BTreeMap<TagAt, Elsewhere>,
}

/// A tag of another stream, as far as those who follow it care.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Elsewhere {
    /// Its image, and where that is found.
    pub head: Option<(Digest, Reference)>,
    /// What it follows itself.
    pub follows: Option<TagAt>,
    /// It, or its stream, may be read over unverified TLS and plain HTTP.
    pub insecure: bool,
}

impl TagFacts {
    /// The image it gives: none while it only notes a reference, whatever it pointed at before.
    #[must_use]
    pub fn image(&self) -> Option<&HeadFacts> {
        self.head.as_ref().filter(|_| {
            let source = self.spec.as_ref().map(|spec| &spec.source);
            !matches!(source, Some(TagSource::Reference { .. }))
        })
    }

    /// Whether the spec is newer than the image: what is found next answers it, even if it is the same image.
    #[must_use]
    pub fn behind(&self) -> bool {
        let head = self.head.as_ref().map_or(0, |head| head.generation);
        self.spec
            .as_ref()
            .is_some_and(|spec| spec.generation > head)
    }
}

impl StreamFacts {
    /// A stream that is not there yet.
    #[must_use]
    pub fn empty(stream: &StreamRef) -> Self {
        Self {
            stream: stream.clone(),
            generation: 0,
            insecure: false,
            period: None,
            meta: StreamMeta::default(),
            tags: BTreeMap::new(),
            followers: BTreeMap::new(),
            elsewhere: BTreeMap::new(),
        }
    }

    /// The image of a tag, here or in another stream, and where it is found.
    #[must_use]
    pub fn head_at(&self, at: &TagAt) -> Option<(Digest, Reference)> {
        if at.stream != self.stream {
            return self.elsewhere.get(at)?.head.clone();
        }
        let head = self.tag(&at.tag)?.image()?;
        Some((head.digest.clone(), head.reference.clone()))
    }

    /// What a tag follows, here or in another stream.
    #[must_use]
    pub fn followed_at(&self, at: &TagAt) -> Option<TagAt> {
        if at.stream != self.stream {
            return self.elsewhere.get(at)?.follows.clone();
        }
        self.tag(&at.tag)?
            .spec
            .as_ref()?
            .source
            .followed(&self.stream)
    }

    /// A tag's facts, if it exists.
    #[must_use]
    pub fn tag(&self, name: &TagName) -> Option<&TagFacts> {
        self.tags.get(name)
    }

    /// Whether the tag is held.
    #[must_use]
    pub fn held(&self, name: &TagName) -> bool {
        self.tag(name).is_some_and(|tag| tag.hold.is_some())
    }

    /// The changes that make `tag` point at an image; none if it already does, unless its spec waits for that.
    #[must_use]
    pub fn move_head(
        &self,
        tag: &TagName,
        digest: &Digest,
        reference: &Reference,
        generation: i64,
        cause: model::Cause,
    ) -> Vec<Change> {
        let known = self.tag(tag);
        let head = known.and_then(|tag| tag.head.as_ref());
        let there = head.is_some_and(|head| head.digest == *digest && head.reference == *reference);
        if there && !known.is_some_and(TagFacts::behind) {
            return Vec::new();
        }
        vec![Change::MoveHead {
            tag: tag.clone(),
            before: head.map(|head| head.digest.clone()),
            after: digest.clone(),
            reference: reference.clone(),
            generation,
            cause,
        }]
    }

    /// As [`Self::move_head`], after changes of the same plan: an image that is there already is what the spec they give
    /// the tag asks for. Else the tag would look as if it were to be imported for ever.
    #[must_use]
    pub fn settle_head(
        &self,
        so_far: &[Change],
        tag: &TagName,
        (digest, reference): (&Digest, &Reference),
        generation: i64,
        cause: model::Cause,
    ) -> Vec<Change> {
        let moves = self.move_head(tag, digest, reference, generation, cause);
        let renewed = so_far.iter().any(|change| {
            matches!(change, Change::SetSpec { tag: set, after, .. } if set == tag && after.generation == generation)
        });
        if !moves.is_empty() || !renewed {
            return moves;
        }
        vec![Change::MoveHead {
            tag: tag.clone(),
            before: Some(digest.clone()),
            after: digest.clone(),
            reference: reference.clone(),
            generation,
            cause,
        }]
    }
}
