//! Pulling blobs: from the local disk, else through from the registry they come from, stored while they stream.
//!
//! A blob is read in a stream only if an image that is or was there has it ([`crate::store::Tx::blob_sources`]). That it lies
//! on the disk serves nobody else; nor is an image that was imported believed to have what it names: stored bytes are given
//! out once the blob was pushed to the stream, or a repository the stream has the image from has sent it.

mod download;
mod fill;
mod through;

use std::{collections::HashSet, io};

use bytes::Bytes;
use futures::{StreamExt, stream, stream::BoxStream};
use model::{
    Digest, StreamRef,
    policy::{Freshness, Insecure},
};

pub(crate) use self::fill::Fills;
use self::{
    download::Download,
    fill::{Ready, Stopped},
};
use crate::{
    Actor, Engine, Error, Result,
    ops::{not_fetched, only_here},
    store::{Source, StreamRecord, Tx},
    upstream::{Door, MANIFEST_CAP, Range},
};

/// References looked at for one blob, at most.
const MOST_REFERENCES: i64 = 200;
/// Repositories asked for one blob, at most.
const MOST_DOORS: usize = 8;

/// An empty archive, packed and not: builders put them where a step has no content. Everybody may have them.
const EMPTY: [(&str, &[u8]); 2] = [
    (
        "sha256:a3ed95caeb02ffe68cdd9fd84406680ae93d633cb16422d00e8a7c22955b46d4",
        &[
            31, 139, 8, 0, 0, 9, 110, 136, 0, 255, 98, 24, 5, 163, 96, 20, 140, 88, 0, 8, 0, 0,
            255, 255, 46, 175, 181, 239, 0, 4, 0, 0,
        ],
    ),
    (
        "sha256:e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
        &[],
    ),
];

/// A blob on its way. Its stream ends early, with an error, if the bytes turn out not to be the blob's; of a part that is
/// passed on and not stored nobody can tell but who has the rest.
pub struct Blob {
    /// Bytes of the whole blob.
    pub size: u64,
    /// First byte sent, and the one after the last.
    pub range: (u64, u64),
    /// The bytes of that range.
    pub body: BoxStream<'static, io::Result<Bytes>>,
}

impl Range {
    /// First byte and the one after the last, or `Invalid` field `range` if nothing is there.
    fn of(range: Option<Self>, size: u64) -> Result<(u64, u64)> {
        let Some(range) = range else {
            return Ok((0, size));
        };
        range.within(size).ok_or_else(|| {
            Error::invalid(
                "range",
                format!("the blob has {size} bytes; ask for some of them"),
            )
        })
    }
}

impl Engine {
    /// A blob of a stream: local bytes if they are here, else those of the registry its image comes from, which are
    /// stored while they stream (unless mirroring is off).
    ///
    /// # Errors
    /// `Denied`; `NotFound`, also for a blob that only other streams have; `Invalid` field `range`; `Upstream` when no
    /// registry gives it.
    pub async fn pull_blob(
        &self,
        actor: &Actor,
        stream: &StreamRef,
        digest: &Digest,
        range: Option<Range>,
    ) -> Result<Blob> {
        let ended = self.fills().ended();
        let Doors {
            doors,
            freshness,
            proven,
        } = match self.way_to(actor, stream, digest).await? {
            Way::Known(bytes) => return known(bytes, range),
            Way::Doors(doors) => doors,
        };
        let local = match proven {
            true => match self.local_blob(digest, range).await {
                // Whatever keeps us from reading it, who has it elsewhere can have it.
                Err(error @ Error::Internal { .. })
                    if may_fetch(stream, digest, &doors, freshness).is_ok() =>
                {
                    tracing::error!(blob.digest = %digest, %error, "a stored blob cannot be read; it is passed on from where it comes from");
                    return self.through(doors, digest, range).await;
                }
                local => local?,
            },
            false => None,
        };
        let kind = if local.is_some() { "hit" } else { "miss" };
        metrics::counter!("weir_pullthrough_blobstore_cache_requests_total", "type" => kind)
            .increment(1);
        if let Some(blob) = local {
            return Ok(blob);
        }
        may_fetch(stream, digest, &doors, freshness)?;
        // Who has to wait for others' downloads to end is served without storing.
        if !self.config().mirror || self.fills().are_full(digest) {
            return self.through(doors, digest, range).await;
        }
        let mut failed = None;
        // A download that ends while we come is on the disk when we look again; one that others began and that failed is
        // begun anew, with what we know of the blob.
        for _ in 0..3 {
            let Some((fill, ours)) = self.fill(digest, doors.clone(), ended) else {
                return self.through(doors, digest, range).await;
            };
            match self
                .in_time(async { Ok::<_, Error>(fill.ready().await) })
                .await?
            {
                Ok(Ready::Size(size)) => {
                    let (start, end) = Range::of(range, size)?;
                    let spare = Download::new(doors.clone(), digest, self.config().max_blob_size);
                    match fill.follow(size, start, end, spare).await {
                        Ok(body) => {
                            return Ok(Blob {
                                size,
                                range: (start, end),
                                body,
                            });
                        }
                        Err(error) if error.kind() == io::ErrorKind::NotFound => {}
                        Err(error) => return Err(Error::reading_blob(error)),
                    }
                }
                Ok(Ready::Stored) => {}
                Err(Stopped::Failed(failure)) if ours => return Err(failure.into()),
                Err(Stopped::Failed(failure)) => failed = Some(failure),
                Err(Stopped::Disk | Stopped::Unkept) => {
                    return self.through(doors, digest, range).await;
                }
            }
            if self
                .store()
                .read()
                .await?
                .any_proven(&doors, digest)
                .await?
                && let Some(blob) = self.local_blob(digest, range).await?
            {
                return Ok(blob);
            }
        }
        Err(failed.map_or_else(
            || Error::Upstream {
                message: format!("the download of {digest} ended"),
                hint: "Pull again.".to_owned(),
                busy: false,
            },
            Error::from,
        ))
    }

    /// Bytes of a blob of a stream.
    ///
    /// # Errors
    /// As [`Engine::pull_blob`].
    pub async fn blob_head(
        &self,
        actor: &Actor,
        stream: &StreamRef,
        digest: &Digest,
    ) -> Result<u64> {
        let Doors {
            doors,
            freshness,
            proven,
        } = match self.way_to(actor, stream, digest).await? {
            Way::Known(bytes) => return Ok(bytes.len() as u64),
            Way::Doors(doors) => doors,
        };
        // What is just being stored first: when it is no more, it is stored.
        if let Some(size) = self.fills().size(digest, &doors) {
            return Ok(size);
        }
        let proven = proven
            || self
                .store()
                .read()
                .await?
                .any_proven(&doors, digest)
                .await?;
        if proven {
            match self.blobs().size(digest).await {
                Ok(Some(size)) => return Ok(size),
                Ok(None) => {}
                Err(error) if may_fetch(stream, digest, &doors, freshness).is_err() => {
                    return Err(Error::reading_blob(error));
                }
                Err(error) => {
                    tracing::error!(blob.digest = %digest, %error, "a stored blob cannot be looked at");
                }
            }
        }
        may_fetch(stream, digest, &doors, freshness)?;
        let mut download = Download::new(doors, digest, self.config().max_blob_size);
        if self.in_time(download.open()).await?
            && let Some(size) = download.size
        {
            return Ok(size);
        }
        Err(Error::Upstream {
            message: format!("the registry does not say how large {digest} is"),
            hint: "Pull it.".to_owned(),
            busy: false,
        })
    }

    /// Stores a blob of a stream. False when it was here.
    ///
    /// # Errors
    /// As [`Engine::pull_blob`].
    pub(crate) async fn mirror_blob(
        &self,
        actor: &Actor,
        stream: &StreamRef,
        digest: &Digest,
    ) -> Result<bool> {
        let ended = self.fills().ended();
        // Somebody asked for it: that pulls ask for nothing does not matter.
        let Doors { doors, proven, .. } = match self.way_to(actor, stream, digest).await? {
            Way::Known(_) => return Ok(false),
            Way::Doors(doors) => doors,
        };
        if proven
            && self
                .blobs()
                .size(digest)
                .await
                .map_err(Error::reading_blob)?
                .is_some()
        {
            return Ok(false);
        }
        if doors.is_empty() {
            return Err(only_here(stream, digest));
        }
        for _ in 0..3 {
            match self.fill(digest, doors.clone(), ended) {
                Some((fill, ours)) => match fill.end().await {
                    Ok(()) => return Ok(true),
                    Err(failure) if ours => return Err(failure.into()),
                    // Others began it, with doors of their own.
                    Err(_) => {}
                },
                // It is being stored from elsewhere: what is wanted is that one of ours has it, too.
                None => {
                    self.see(doors.clone(), digest).await?;
                    if self
                        .blobs()
                        .size(digest)
                        .await
                        .map_err(Error::reading_blob)?
                        .is_some()
                    {
                        return Ok(true);
                    }
                }
            }
        }
        Err(Error::Upstream {
            message: format!("the downloads of {digest} that others began ended"),
            hint: "Mirror it again.".to_owned(),
            busy: false,
        })
    }

    /// Makes sure that the stream has a blob, and not only images that name it.
    ///
    /// # Errors
    /// As [`Engine::pull_blob`].
    pub(crate) async fn has_blob(
        &self,
        actor: &Actor,
        stream: &StreamRef,
        digest: &Digest,
    ) -> Result<()> {
        match self.way_to(actor, stream, digest).await? {
            Way::Doors(found) if !found.proven => match self.config().mirror {
                true => self.mirror_blob(actor, stream, digest).await.map(drop),
                false => self.see(found.doors, digest).await,
            },
            _ => Ok(()),
        }
    }

    /// The bytes of a manifest, if they are here.
    pub(crate) async fn kept_manifest(&self, digest: &Digest) -> io::Result<Option<Bytes>> {
        self.blobs().bytes(digest, MANIFEST_CAP).await
    }

    /// Keeps the bytes of a manifest, if blobs are kept at all. It can be fetched again: a failure is only told.
    pub(crate) async fn keep_manifest(&self, digest: &Digest, bytes: &Bytes) {
        if !self.config().mirror {
            return;
        }
        let kept = async {
            let new = self.blobs().begin(&self.clock().id(), digest).await?;
            let body = stream::iter([io::Result::Ok(bytes.clone())]);
            let new = new.append(body, |_| ()).await?;
            // Signed manifests of schema 1 have the digest of what was signed, not of all their bytes.
            let right = new.is_right();
            if right {
                new.keep().await?;
            }
            io::Result::Ok(right)
        };
        match kept.await {
            Ok(true) => self.note_manifest(digest).await,
            Ok(false) => {}
            Err(error) => {
                tracing::warn!(image.digest = %digest, %error, "manifest not stored");
            }
        }
    }

    /// Writes down that a manifest is stored, if it is. Only what is told of it may be wrong otherwise.
    pub(crate) async fn note_manifest(&self, digest: &Digest) {
        if let Err(error) = self.look_again(digest, false).await {
            tracing::warn!(image.digest = %digest, %error, "a stored manifest was not noted");
        }
    }

    /// Whether an actor may read the stored bytes of a blob in a stream.
    ///
    /// # Errors
    /// `Denied`; `NotFound`, also for a blob that only other streams have.
    pub(crate) async fn may_read_stored(
        &self,
        actor: &Actor,
        stream: &StreamRef,
        digest: &Digest,
    ) -> Result<bool> {
        Ok(match self.way_to(actor, stream, digest).await? {
            Way::Known(_) => true,
            Way::Doors(found) => found.proven,
        })
    }

    /// Where a blob may be had for a stream; who may not read it there is told that it is not there.
    async fn way_to(&self, actor: &Actor, stream: &StreamRef, digest: &Digest) -> Result<Way> {
        let mut tx = self.store().read().await?;
        self.may_pull(&mut tx, actor, &stream.namespace).await?;
        // What was pushed is there before the manifest that makes the stream.
        let pushed = tx.has_pushed_blob(stream, digest).await?;
        let Some(record) = tx.stream(stream).await? else {
            return match pushed {
                true => Ok(Way::Doors(Doors {
                    doors: Vec::new(),
                    freshness: Freshness::default(),
                    proven: true,
                })),
                false => Err(Error::NotFound(format!("there is no stream {stream}"))),
            };
        };
        if let Some((_, bytes)) = EMPTY.iter().find(|(empty, _)| *empty == digest.as_str()) {
            return Ok(Way::Known(bytes));
        }
        let found = tx.blob_sources(&record.id, digest, MOST_REFERENCES).await?;
        if found.is_empty() && !pushed {
            return Err(Error::NotFound(format!("{stream} has no blob {digest}")));
        }
        let ours = pushed || Self::any_pushed(&tx, &record, &found);
        let doors = self.doors(&mut tx, &record, found).await?;
        Ok(Way::Doors(Doors {
            proven: ours || tx.any_proven(&doors, digest).await?,
            doors,
            freshness: record.freshness,
        }))
    }

    /// Repositories of a stream's references, each once on the same terms, this registry itself left out.
    pub(crate) async fn doors(
        &self,
        tx: &mut Tx,
        record: &StreamRecord,
        found: Vec<Source>,
    ) -> Result<Vec<Door>> {
        let mut seen = HashSet::new();
        let mut doors = Vec::new();
        for Source {
            reference,
            insecure,
            ..
        } in found
        {
            let source = reference.without_tag();
            let insecure = Insecure::effective(record.insecure, insecure).allowed();
            if doors.len() < MOST_DOORS
                && !self.is_own(&reference)
                && seen.insert((source.clone(), insecure))
            {
                let namespace = &record.stream.namespace;
                let access = self.access(tx, namespace, &source, insecure).await?;
                doors.push(Door::new(self.upstream(), &source, access));
            }
        }
        Ok(doors)
    }

    async fn local_blob(&self, digest: &Digest, range: Option<Range>) -> Result<Option<Blob>> {
        let Some(found) = self
            .blobs()
            .open(digest)
            .await
            .map_err(Error::reading_blob)?
        else {
            return Ok(None);
        };
        let size = found.size;
        let (start, end) = Range::of(range, size)?;
        Ok(Some(Blob {
            size,
            range: (start, end),
            body: found.read(start, end).await.map_err(Error::reading_blob)?,
        }))
    }
}

/// Where a blob may be had.
enum Way {
    Known(&'static [u8]),
    Doors(Doors),
}

/// Repositories a blob may be had from.
struct Doors {
    doors: Vec<Door>,
    /// Whether pulls may ask them.
    freshness: Freshness,
    /// One of them has sent it, or it was pushed: what is stored may be given out.
    proven: bool,
}

impl Tx {
    /// Whether the repository of one of these doors sent these bytes once.
    pub(crate) async fn any_proven(&mut self, doors: &[Door], digest: &Digest) -> Result<bool> {
        for door in doors {
            if self.is_proven(door.repository(), digest).await? {
                return Ok(true);
            }
        }
        Ok(false)
    }
}

/// Refuses what no pull may fetch.
fn may_fetch(
    stream: &StreamRef,
    digest: &Digest,
    doors: &[Door],
    freshness: Freshness,
) -> Result<()> {
    match (doors, freshness) {
        ([], _) => Err(only_here(stream, digest)),
        (_, Freshness::Never) => Err(not_fetched(stream, digest)),
        _ => Ok(()),
    }
}

fn known(bytes: &'static [u8], range: Option<Range>) -> Result<Blob> {
    let size = bytes.len() as u64;
    let (start, end) = Range::of(range, size)?;
    let part = usize::try_from(start)
        .ok()
        .zip(usize::try_from(end).ok())
        .and_then(|(start, end)| bytes.get(start..end))
        .unwrap_or_default();
    Ok(Blob {
        size,
        range: (start, end),
        body: stream::iter([Ok(Bytes::from_static(part))]).boxed(),
    })
}

#[cfg(test)]
mod tests {
    use sha2::{Digest as _, Sha256};

    use super::*;

    #[test]
    fn the_empty_layers_are_what_their_digests_say() {
        for (digest, bytes) in EMPTY {
            assert_eq!(
                Digest::sha256(&Sha256::digest(bytes).into()).as_str(),
                digest
            );
        }
    }

    #[test]
    fn ranges_end_where_the_blob_ends_and_empty_ones_are_refused() {
        let of = |range| Range::of(Some(range), 10).ok();
        assert_eq!(of(Range::From(2, Some(4))), Some((2, 5)));
        assert_eq!(of(Range::From(2, None)), Some((2, 10)));
        assert_eq!(of(Range::From(2, Some(u64::MAX))), Some((2, 10)));
        assert_eq!(of(Range::Last(3)), Some((7, 10)));
        assert_eq!(of(Range::Last(30)), Some((0, 10)));
        assert_eq!(of(Range::From(10, None)), None);
        assert_eq!(of(Range::From(5, Some(4))), None);
        assert_eq!(of(Range::Last(0)), None);
    }
}
