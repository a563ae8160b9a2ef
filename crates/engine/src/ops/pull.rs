//! Pulling through: what the registry asks of the repository an image came from.

use model::{Digest, Reference, StreamRef, TagName, policy::Freshness};

use super::{load_stream, no_tag};

use crate::{
    Actor, Engine, Error, Result,
    rules::import::{Finding, Outcome},
    store::{Source, StreamRecord, Tx},
    upstream::{Door, Failure, RawManifest},
};

/// A tag or a digest.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Target {
    /// By name.
    Tag(TagName),
    /// By content.
    Digest(Digest),
}

/// Who wants a manifest.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Fetch {
    /// A client, on the stream's terms.
    Pull,
    /// A job that stores what is missing, because somebody asked.
    Mirror,
}

/// References looked at for one manifest, at most.
const MOST_CANDIDATES: i64 = 8;

/// The same, when a stream takes an image over.
const MOST_TAKEN: i64 = 200;

/// What is not stored, in a stream whose source is never asked.
pub(crate) fn not_fetched(stream: &StreamRef, digest: &Digest) -> Error {
    Error::NotFound(format!(
        "{digest} is not stored here, and {stream} gives only what is: mirror it, or change what the stream's policy says of pulls"
    ))
}

/// What came from this registry itself, which does not have it (any more).
pub(crate) fn only_here(stream: &StreamRef, digest: &Digest) -> Error {
    Error::NotFound(format!(
        "{stream} has {digest} from this registry itself, which does not have it"
    ))
}

impl Engine {
    /// Where an image of a stream is pulled from here, if this registry is served.
    #[must_use]
    pub fn local_reference(&self, stream: &StreamRef, digest: &Digest) -> Option<Reference> {
        let host = self.config().registry_host.as_deref()?;
        format!("{host}/{stream}@{digest}").parse().ok()
    }

    /// Whether a place is in this registry itself: asked, it would ask itself again.
    pub(crate) fn is_own(&self, reference: &Reference) -> bool {
        let host = reference.host();
        let own = &self.config().own_hosts;
        own.iter().any(|name| name.eq_ignore_ascii_case(host))
    }

    /// Whether one of these says that it was pushed to the stream, or was when the stream took it over: nothing but a push,
    /// tagging and [`Engine::take_over`] write that. That the image was pushed somewhere says nothing: whoever knows its
    /// manifest could have imported it from a registry of theirs.
    pub(crate) fn any_pushed(tx: &Tx, record: &StreamRecord, found: &[Source]) -> bool {
        let own = |source: &Source| tx.own_stream(&source.reference);
        found
            .iter()
            .any(|source| own(source).as_ref() == Some(&record.stream))
    }

    /// Where images are found that a stream imports from other streams of this registry: what was pushed there is the
    /// stream's own from now on, whatever becomes of the other. What the other has from elsewhere, or only names, is not.
    pub(crate) async fn take_over(
        tx: &mut Tx,
        record: &StreamRecord,
        findings: &mut [Finding],
    ) -> Result<()> {
        for finding in findings {
            let Outcome::Found(digest) = &finding.outcome else {
                continue;
            };
            let Some(from) = tx.own_stream(&finding.reference) else {
                continue;
            };
            let Some(from) = tx.stream(&from).await? else {
                continue;
            };
            let there = tx.image_sources(&from.id, digest, MOST_TAKEN).await?;
            if Self::any_pushed(tx, &from, &there) || tx.has_pushed_image(&from.id, digest).await? {
                let reference = finding.reference.with_digest(digest);
                finding.found = Some(tx.in_stream(&reference, &record.stream)?);
            }
        }
        Ok(())
    }

    /// Makes sure, before tags name them by id or somebody looks at them, that images a stream only has by an index that names
    /// them are where the index is from: under a tag of its own, such an image is no child any more, and believed to have been read.
    ///
    /// # Errors
    /// As [`Engine::pull_manifest`].
    pub(super) async fn see_children(
        &self,
        actor: &Actor,
        ids: impl IntoIterator<Item = (&StreamRef, &str)>,
    ) -> Result<()> {
        for (stream, id) in ids {
            actor.may_read(&stream.namespace)?;
            let mut tx = self.store().read().await?;
            let Some(record) = tx.stream(stream).await? else {
                continue;
            };
            let found = tx.find_images(&record, id, stream).await?;
            let [(digest, _)] = found.as_slice() else {
                continue;
            };
            if !tx.has_seen(&record, digest).await? {
                drop(tx);
                let child = Target::Digest(digest.clone());
                self.manifest(actor, stream, &child, Fetch::Mirror).await?;
            }
        }
        Ok(())
    }

    /// A manifest of a stream: the image a tag points at, one of the stream's history, or a child of an index in it. It is
    /// fetched from the repositories the stream has it from, secure ones first, on the terms of the tags that carry it.
    ///
    /// # Errors
    /// `Denied`; `NotFound`, also for what only other streams have; `Upstream` with what the last repository said.
    pub async fn pull_manifest(
        &self,
        actor: &Actor,
        stream: &StreamRef,
        target: &Target,
    ) -> Result<RawManifest> {
        self.manifest(actor, stream, target, Fetch::Pull).await
    }

    /// The same; a mirror also fetches where pulls may not.
    pub(crate) async fn manifest(
        &self,
        actor: &Actor,
        stream: &StreamRef,
        target: &Target,
        fetch: Fetch,
    ) -> Result<RawManifest> {
        let mut tx = self.store().read().await?;
        self.may_pull(&mut tx, actor, &stream.namespace).await?;
        let record = load_stream(&mut tx, stream).await?;
        let digest = match target {
            Target::Digest(digest) => digest.clone(),
            Target::Tag(tag) => {
                let mut row = tx.tag_row(&record.id, tag).await?;
                if let Some(now) = &row
                    && record.freshness.asked_since(self.clock().now()).is_some()
                {
                    // The database is not held while the source answers.
                    drop(tx);
                    self.freshen(&record, now).await;
                    tx = self.store().read().await?;
                    row = tx.tag_row(&record.id, tag).await?;
                }
                let row = row.ok_or_else(|| no_tag(stream, tag))?;
                let noted = row.is_noted();
                let head = row.head.filter(|_| !noted).ok_or_else(|| {
                    Error::NotFound(format!(
                        "{stream}:{tag} has no image: {}",
                        match (noted, &row.condition) {
                            (true, _) => "it only notes where one is",
                            (false, Some(_)) => "its import failed, as its page tells",
                            (false, None) => "none was imported or pushed yet",
                        }
                    ))
                })?;
                head.digest
            }
        };
        let found = tx
            .image_sources(&record.id, &digest, MOST_CANDIDATES)
            .await?;
        let pushed = tx.has_pushed_image(&record.id, &digest).await?;
        if found.is_empty() && !pushed {
            return Err(Error::NotFound(format!("{stream} has no image {digest}")));
        }
        // What was imported was read, and what was pushed was here; a child is only named by its index.
        let read = pushed
            || found.iter().any(|source| source.itself)
            || Self::any_pushed(&tx, &record, &found);
        let doors = self.doors(&mut tx, &record, found).await?;
        // What was pulled once is served whatever became of its registry.
        if (read || tx.any_proven(&doors, &digest).await?)
            && let Some(image) = tx.image(&digest).await?
        {
            match self.kept_manifest(&digest).await {
                Ok(Some(bytes)) => {
                    if fetch == Fetch::Mirror {
                        drop(tx);
                        self.note_manifest(&digest).await;
                    }
                    return Ok(RawManifest {
                        digest,
                        media_type: image.media_type,
                        bytes,
                    });
                }
                Ok(None) => {}
                // Whatever keeps us from reading it, who has it elsewhere can have it.
                Err(error) if !doors.is_empty() => {
                    tracing::error!(image.digest = %digest, %error, "a stored manifest cannot be read; it is fetched again");
                }
                Err(error) => return Err(Error::reading_blob(error)),
            }
        }
        if record.freshness == Freshness::Never && fetch == Fetch::Pull {
            return Err(not_fetched(stream, &digest));
        }
        if doors.is_empty() {
            return Err(only_here(stream, &digest));
        }
        // The database is not held while others answer.
        drop(tx);
        let (door, manifest) = self.in_time(first_to_give(doors, &digest)).await?;
        self.keep_manifest(&digest, &manifest.bytes).await;
        if !read {
            self.note_proven(door.repository(), &digest).await;
        }
        Ok(manifest)
    }

    /// What other registries answer, if they do before clients wait no more.
    pub(crate) async fn in_time<T, E: Into<Error>>(
        &self,
        answer: impl Future<Output = Result<T, E>>,
    ) -> Result<T> {
        let patience = self.upstream().pull_timeout();
        match tokio::time::timeout(patience, answer).await {
            Ok(answer) => answer.map_err(E::into),
            Err(_) => Err(Error::Upstream {
                message: format!("no answer came within {} seconds", patience.as_secs()),
                hint: "Look at the registry, or pull again later.".to_owned(),
                busy: false,
            }),
        }
    }
}

impl Tx {
    /// Whether an image is more to a stream than a name in an index: it is or was at a tag, was pushed, or a repository the
    /// stream has it from has sent it.
    async fn has_seen(&mut self, record: &StreamRecord, digest: &Digest) -> Result<bool> {
        let found = self.image_sources(&record.id, digest, MOST_TAKEN).await?;
        if found.iter().any(|source| source.itself)
            || Engine::any_pushed(self, record, &found)
            || self.has_pushed_image(&record.id, digest).await?
        {
            return Ok(true);
        }
        for source in found {
            let repository = source.reference.without_tag().to_string();
            if self.is_proven(&repository, digest).await? {
                return Ok(true);
            }
        }
        Ok(false)
    }

    /// Refuses the one image an id names if it came to the stream after [`Engine::see_children`] looked.
    pub(super) async fn check_seen(
        &mut self,
        record: &StreamRecord,
        named: &[(Digest, Reference)],
    ) -> Result<()> {
        match named {
            [(digest, _)] if !self.has_seen(record, digest).await? => {
                Err(Error::Conflict(format!(
                    "{digest} has only just come to {}; do it again",
                    record.stream
                )))
            }
            _ => Ok(()),
        }
    }
}

/// The manifest from the first repository that gives it.
async fn first_to_give(doors: Vec<Door>, digest: &Digest) -> Result<(Door, RawManifest)> {
    let mut last: Option<Failure> = None;
    for door in doors {
        match door.manifest(digest).await {
            Ok(manifest) => return Ok((door, manifest)),
            Err(failure) => last = Some(failure.after(last)),
        }
    }
    Err(last.map_or_else(
        || Error::NotFound(format!("no repository has {digest}")),
        Error::from,
    ))
}
