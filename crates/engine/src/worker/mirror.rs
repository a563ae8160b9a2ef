//! A mirror job: tag by tag, what is missing of the image is fetched and stored; manifests and blobs of all platforms.
//!
//! Each blob is a download like that of a pull: who pulls it meanwhile reads along.

use std::collections::BTreeSet;

use futures::{StreamExt, TryStreamExt, stream};
use model::{
    Digest, StreamRef,
    job::{ItemState, JobState},
};
use tokio_util::sync::CancellationToken;

use super::{Ended, finish};
use crate::{
    Engine, Error, Result, Target,
    ops::Fetch,
    store::{ItemOutcome, JobRecord, PendingItem},
    upstream::{Walk, is_manifest},
};

/// Blobs of one image on their way at one time.
const BLOBS: usize = 4;
/// Tags looked up at one time.
const AHEAD: i64 = 100;

/// Runs a claimed job to its end, or until `cancel`.
pub(super) async fn run(
    engine: &Engine,
    job: JobRecord,
    cancel: &CancellationToken,
) -> Result<Ended> {
    let mut last = None;
    loop {
        let mut tx = engine.store().read().await?;
        let Some(record) = tx.stream_by_id(&job.stream_id).await? else {
            return Ok(Ended::Final);
        };
        let pending = tx.pending_items(&job.id, AHEAD).await?;
        drop(tx);
        if pending.is_empty() {
            break;
        }
        for item in pending {
            let outcome = tokio::select! {
                stored = store(engine, &record.stream, &item) => outcome(item, stored, &mut last)?,
                () = cancel.cancelled() => {
                    return finish(engine, &job, JobState::Cancelled, "", "").await;
                }
            };
            let now = engine.clock().now();
            let mut tx = engine.store().write().await?;
            tx.finish_items(&job.id, engine.owner(), &[outcome], now)
                .await?;
            tx.commit().await?;
        }
    }
    let view = engine.store().read().await?.job_view(&job.id).await?;
    let Some(progress) = view.map(|view| view.progress) else {
        return Ok(Ended::Final);
    };
    if progress.failed == 0 {
        return finish(engine, &job, JobState::Succeeded, "", "").await;
    }
    // When nothing worked, the job says why; otherwise each tag does.
    let (error, hint) = match last {
        Some(why) if progress.failed == progress.total => why,
        _ => Default::default(),
    };
    finish(engine, &job, JobState::Failed, &error, &hint).await
}

fn outcome(
    item: PendingItem,
    stored: Result<(Digest, usize)>,
    last: &mut Option<(String, String)>,
) -> Result<ItemOutcome> {
    let (state, digest, message) = match stored {
        Ok((digest, 0)) => (ItemState::Unchanged, Some(digest), String::new()),
        Ok((digest, blobs)) => {
            let blobs = match blobs {
                1 => "1 blob stored".to_owned(),
                n => format!("{n} blobs stored"),
            };
            (ItemState::Mirrored, Some(digest), blobs)
        }
        Err(Error::Upstream { message, hint, .. }) => {
            *last = Some((message.clone(), hint));
            (ItemState::Failed, None, message)
        }
        Err(Error::NotFound(message)) => {
            *last = Some((message.clone(), String::new()));
            (ItemState::Failed, None, message)
        }
        // A fault of ours: the job is tried again.
        Err(error) => return Err(error),
    };
    Ok(ItemOutcome {
        item,
        state,
        digest,
        message,
    })
}

/// Stores what is missing of an image; its digest, and how many blobs were missing.
async fn store(engine: &Engine, stream: &StreamRef, item: &PendingItem) -> Result<(Digest, usize)> {
    let digest =
        item.reference.digest().cloned().ok_or_else(|| {
            Error::NotFound(format!("{} names no digest to store", item.reference))
        })?;
    let mut manifests = Vec::new();
    let mut blobs: BTreeSet<Digest> = BTreeSet::new();
    {
        let mut tx = engine.store().read().await?;
        let mut walk = Walk::below(&[]);
        let mut next = Some(digest.clone());
        while let Some(manifest) = next {
            // An index may name platforms its registry does not hold.
            if let Some(image) = tx.image(&manifest).await? {
                walk.enter(&image.children);
                blobs.extend(image.config_digest);
                // Caches of builds are indexes of blobs.
                let entries = image.children.into_iter();
                blobs.extend(
                    entries
                        .filter(|entry| !is_manifest(entry))
                        .map(|entry| entry.digest),
                );
                let layers = image.layers.into_iter();
                // Its registry does not have the others either.
                blobs.extend(
                    layers
                        .filter(|layer| !layer.is_foreign())
                        .map(|layer| layer.digest),
                );
                manifests.push(manifest);
            }
            next = walk.next().map_err(Error::NotFound)?;
        }
    }
    let console = Engine::console_actor();
    for manifest in manifests {
        engine
            .manifest(&console, stream, &Target::Digest(manifest), Fetch::Mirror)
            .await?;
    }
    let stored: Vec<bool> = stream::iter(blobs)
        .map(|blob| {
            let console = &console;
            async move { engine.mirror_blob(console, stream, &blob).await }
        })
        .buffer_unordered(BLOBS)
        .try_collect()
        .await?;
    let missing = stored.into_iter().filter(|missing| *missing).count();
    Ok((digest, missing))
}
