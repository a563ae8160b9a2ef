//! An import job: list the tags once, then fetch them side by side and write what was found in batches.
//!
//! A tag that is there already costs one `HEAD`. Findings are written while others are fetched; what is written is
//! what the job page shows. Cancelled or stopped, the job leaves no tag half done.

use std::{
    collections::{HashMap, HashSet, hash_map::Entry},
    sync::Arc,
};

use futures::StreamExt;
use model::{
    Digest, Reference, TagName, TagSource, TagSpec,
    image::Child,
    import::Selection,
    job::{ItemState, JobKind, JobState},
    policy::{ImportMode, Insecure, Schedule},
    tag::Reason,
};
use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;

use super::{
    Ended, finish,
    write::{gone, write},
};
use crate::{
    Engine, Result,
    ops::{MOST_TAGS, more_listed, none_fits, usable},
    rules::{
        facts::{StreamFacts, TagFacts, Taken},
        import::{choose_platform, insecure_there},
    },
    store::{JobRecord, MOST_ATTEMPTS, NewItem, PendingItem, StoredImage, StreamRecord, wait},
    upstream::{Door, Failure, Retry, TagList, Walk},
};

/// Findings gathered for one transaction; up to twice as many are written.
const BATCH: usize = 100;
/// How long findings are gathered before they are written: what the job page shows is no older.
const GATHER: std::time::Duration = std::time::Duration::from_millis(250);
/// Tags whose facts are loaded ahead.
const AHEAD: i64 = 1_000;

pub(super) struct Fetched {
    pub item: PendingItem,
    pub answer: Answer,
    /// What else there is to say about it, beside the answer.
    pub note: &'static str,
    /// What was kept of an index.
    pub mode: ImportMode,
}

pub(super) enum Answer {
    /// The image the tag has already; whether there is something to write all the same.
    Unchanged(Digest, bool),
    /// Nobody asked: the tag stays where it is.
    Held,
    /// An image, with its children first where it is an index; the index it was taken out of, if it was.
    Image(Digest, Vec<StoredImage>, Option<Taken>),
    Failed(Failure),
}

/// Runs a claimed import to its end, or until `cancel`.
pub(super) async fn run(
    engine: &Engine,
    job: JobRecord,
    cancel: &CancellationToken,
) -> Result<Ended> {
    let id = job.id.as_str();
    if job.cancel_requested {
        return finish(engine, &job, JobState::Cancelled, "", "").await;
    }
    if !job.listed {
        let listed = tokio::select! {
            listed = list(engine, &job) => listed?,
            () = cancel.cancelled() => return finish(engine, &job, JobState::Cancelled, "", "").await,
        };
        if let Err(failure) = listed {
            if failure.transient() && job.attempts < MOST_ATTEMPTS {
                return put_off(engine, &job, &failure).await;
            }
            return finish(
                engine,
                &job,
                JobState::Failed,
                &failure.message,
                &failure.hint,
            )
            .await;
        }
    }
    let mut last_failure = None;
    loop {
        let (pending, facts) = {
            let mut tx = engine.store().read().await?;
            let pending = tx.pending_items(id, AHEAD).await?;
            let Some(record) = tx.stream_by_id(&job.stream_id).await? else {
                return Ok(Ended::Final);
            };
            let names: Vec<TagName> = pending.iter().map(|item| item.tag.clone()).collect();
            let facts = tx.facts(&record, &names).await?;
            (pending, facts)
        };
        if pending.is_empty() {
            break;
        }
        if let Some(failure) = import(engine, &job, pending, &facts, cancel).await? {
            last_failure = Some(failure);
        }
        if cancel.is_cancelled() {
            return finish(engine, &job, JobState::Cancelled, "", "").await;
        }
    }
    let view = engine.store().read().await?.job_view(id).await?;
    let Some(progress) = view.map(|view| view.progress) else {
        return Ok(Ended::Final);
    };
    // A schedule that changed nothing leaves no trace but when each tag was looked at: neither what is as it was, nor the
    // same failure once a period.
    if job.kind == JobKind::Schedule {
        let mut tx = engine.store().write().await?;
        let record = tx.job_record(id).await?;
        if record.is_none_or(|record| record.generation.is_none()) {
            tx.hold(id, engine.owner()).await?;
            tx.delete_job(id).await?;
            tx.commit().await?;
            return Ok(Ended::Final);
        }
    }
    if progress.failed == 0 {
        return finish(engine, &job, JobState::Succeeded, "", "").await;
    }
    // When nothing worked, the job says why; otherwise each tag does.
    let (error, hint) = match last_failure {
        Some(failure) if progress.failed == progress.total => (failure.message, failure.hint),
        _ => (String::new(), String::new()),
    };
    finish(engine, &job, JobState::Failed, &error, &hint).await
}

/// Lets a job be tried again later: after a while that doubles, and not before the other side wants to be asked.
async fn put_off(engine: &Engine, job: &JobRecord, failure: &Failure) -> Result<Ended> {
    let asked = match failure.retry {
        Retry::After(time) => chrono::Duration::from_std(time).unwrap_or_default(),
        _ => chrono::Duration::zero(),
    };
    let again = engine.clock().now() + wait(job.attempts).max(asked);
    let mut tx = engine.store().write().await?;
    let why = [failure.message.as_str(), failure.hint.as_str()];
    tx.put_off(&job.id, engine.owner(), again, why).await?;
    tx.commit().await?;
    Ok(Ended::Final)
}

/// Reads the repository's tags and notes them. The stream was looked at then, whatever came of it.
async fn list(engine: &Engine, job: &JobRecord) -> Result<std::result::Result<(), Failure>> {
    let mut tx = engine.store().read().await?;
    let Some(stream) = tx.stream_by_id(&job.stream_id).await? else {
        return Err(gone());
    };
    drop(tx);
    let listed = note_tags(engine, job, &stream).await?;
    if stream.checked_at.is_none() {
        let mut tx = engine.store().write().await?;
        tx.set_stream_checked(&stream.id, engine.clock().now())
            .await?;
        tx.commit().await?;
    }
    Ok(listed)
}

/// Notes the repository's tags: the first ones, in priority order, to do; the rest left out.
async fn note_tags(
    engine: &Engine,
    job: &JobRecord,
    stream: &StreamRecord,
) -> Result<std::result::Result<(), Failure>> {
    let insecure = Insecure::effective(stream.insecure, job.insecure);
    if let Some(failure) = engine.not_allowed(&stream.stream, &job.source, insecure.allowed()) {
        return Ok(Err(failure));
    }
    let access = {
        let mut tx = engine.store().read().await?;
        let namespace = &stream.stream.namespace;
        engine
            .access(&mut tx, namespace, &job.source, insecure.allowed())
            .await?
    };
    let list = match Door::new(engine.upstream(), &job.source, access)
        .tags(MOST_TAGS)
        .await
    {
        Ok(list) => list,
        Err(failure) => return Ok(Err(failure)),
    };
    let TagList {
        tags: names,
        truncated,
    } = list;
    let cap = engine.cap(&Selection::All);
    let found = i64::try_from(names.len()).unwrap_or(i64::MAX);
    let tags = job.narrow.select(usable(names).0);
    if tags.is_empty() && !job.narrow.is_empty() {
        return Ok(Err(Failure {
            reason: Reason::NotFound,
            message: none_fits(&job.source, found, &job.narrow),
            hint: "Import again with other patterns, another range, or none.".to_owned(),
            retry: Retry::Never,
            busy: false,
        }));
    }
    let picked: HashSet<&TagName> = job.narrow.picked.iter().collect();
    let items: Vec<NewItem> = tags
        .into_iter()
        .enumerate()
        .filter(|(i, tag)| *i >= cap || picked.is_empty() || picked.contains(tag))
        .map(|(i, tag)| NewItem {
            reference: job.source.with_tag(&tag),
            insecure: job.insecure,
            state: if i < cap {
                ItemState::Pending
            } else {
                ItemState::LeftOut
            },
            tag,
        })
        .collect();
    let mut tx = engine.store().write().await?;
    tx.hold(&job.id, engine.owner()).await?;
    tx.insert_items(&job.id, &items).await?;
    if truncated {
        tx.set_job_note(&job.id, &more_listed()).await?;
    }
    tx.commit().await?;
    Ok(Ok(()))
}

/// Fetches tags side by side and writes them in batches as they come. Returns the last failure.
async fn import(
    engine: &Engine,
    job: &JobRecord,
    pending: Vec<PendingItem>,
    facts: &StreamFacts,
    cancel: &CancellationToken,
) -> Result<Option<Failure>> {
    let (sender, mut receiver) = mpsc::channel::<Fetched>(BATCH * 2);
    let pending: Vec<_> = pending
        .into_iter()
        .map(|item| {
            // The stream's policy OR the tag's OR what was asked.
            let spec = facts.tag(&item.tag).and_then(|tag| tag.spec.as_ref());
            let own = spec.is_some_and(|spec| insecure_there(spec, &item.reference));
            let insecure = Insecure::effective(facts.insecure, item.insecure || own).allowed();
            (item.reference.without_tag(), insecure, item)
        })
        .collect();
    // One handle a repository: its tokens and connections are shared.
    let mut repositories: HashMap<(Reference, bool), Arc<Door>> = HashMap::new();
    {
        let mut tx = engine.store().read().await?;
        for (source, insecure, _) in &pending {
            if let Entry::Vacant(place) = repositories.entry((source.clone(), *insecure)) {
                let namespace = &facts.stream.namespace;
                let access = engine.access(&mut tx, namespace, source, *insecure).await?;
                place.insert(Arc::new(Door::new(engine.upstream(), source, access)));
            }
        }
    }
    let pending: Vec<_> = pending
        .into_iter()
        .filter_map(|(source, insecure, item)| {
            let refused = engine.not_allowed(&facts.stream, &source, insecure);
            let door = repositories.get(&(source, insecure))?;
            Some((Arc::clone(door), item, refused))
        })
        .collect();
    let width = engine.config().import_concurrency.max(1);
    let fetching = async {
        let fetches = futures::stream::iter(pending)
            .take_until(cancel.cancelled())
            .map(|(repository, item, refused)| {
                let known = facts.tag(&item.tag);
                async move {
                    let answer = match refused {
                        Some(failure) if !held(known) => Answer::Failed(failure),
                        _ => fetch(&repository, job, &item, known).await,
                    };
                    Fetched {
                        answer,
                        note: repository.note(),
                        mode: mode(job, known),
                        item,
                    }
                }
            })
            .buffer_unordered(width);
        tokio::pin!(fetches);
        while let Some(fetched) = fetches.next().await {
            if sender.send(fetched).await.is_err() {
                break;
            }
        }
        drop(sender);
    };
    let writing = async {
        let mut last_failure = None;
        let mut batch = Vec::with_capacity(BATCH);
        while receiver.recv_many(&mut batch, BATCH).await > 0 {
            // A transaction costs the same for one finding as for many, and the registry needs the processor too.
            let gathered = tokio::time::sleep(GATHER);
            tokio::pin!(gathered);
            while batch.len() < BATCH {
                tokio::select! {
                    more = receiver.recv_many(&mut batch, BATCH) => if more == 0 { break },
                    () = &mut gathered => break,
                }
            }
            if let Some(failure) = write(engine, job, std::mem::take(&mut batch)).await? {
                last_failure = Some(failure);
            }
        }
        Ok(last_failure)
    };
    // Both run in this task: while one waits for the database, the other waits for the registry.
    tokio::pin!(writing);
    tokio::pin!(fetching);
    tokio::select! {
        result = &mut writing => result,
        () = &mut fetching => writing.await,
    }
}

/// Asks the upstream about one tag: `HEAD` when we may have it already, else the image.
async fn fetch(
    repository: &Door,
    job: &JobRecord,
    item: &PendingItem,
    known: Option<&TagFacts>,
) -> Answer {
    if held(known) {
        return Answer::Held;
    }
    if let Some(have) = known.and_then(|known| in_place(job, known, item)) {
        match repository.head(item.reference.target()).await {
            Ok(Some(digest)) if digest == *have || is_index(job, known, &digest) => {
                let behind = known.is_some_and(TagFacts::behind);
                return Answer::Unchanged(have.clone(), behind || other_policies(job, item, known));
            }
            Ok(_) => {}
            Err(failure) => return Answer::Failed(failure),
        }
    }
    let image = match repository.image(item.reference.target()).await {
        Ok(image) => image,
        Err(failure) => return Answer::Failed(failure),
    };
    if mode(job, known) == ImportMode::Legacy && !image.children.is_empty() {
        let wanted = wanted(job, known);
        let taken = Taken {
            platform: wanted.join("/"),
            index: image.digest,
        };
        return one_platform(repository, wanted, image.children, taken).await;
    }
    let digest = image.digest.clone();
    let mut images = match below(repository, &image.children).await {
        Ok(images) => images,
        Err(failure) => return Answer::Failed(failure),
    };
    images.push(StoredImage::from(image));
    Answer::Image(digest, images, None)
}

/// The images an index with these entries is of, and the indexes among them.
async fn below(repository: &Door, entries: &[Child]) -> Result<Vec<StoredImage>, Failure> {
    let mut images = Vec::with_capacity(1 + entries.len());
    let mut walk = Walk::below(entries);
    while let Some(digest) = walk.next().map_err(unusable)? {
        match repository.image(digest.as_str()).await {
            Ok(image) => {
                walk.enter(&image.children);
                images.push(StoredImage::from(image));
            }
            // Sparse indexes name platforms their registry does not hold.
            Err(failure) if failure.reason == Reason::NotFound => {}
            Err(failure) => return Err(failure),
        }
    }
    Ok(images)
}

/// What is said of an index that can be read and not be kept.
fn unusable(why: String) -> Failure {
    Failure {
        reason: Reason::Invalid,
        message: why,
        hint: "import the images in it by themselves".to_owned(),
        retry: Retry::Never,
        busy: false,
    }
}

fn held(known: Option<&TagFacts>) -> bool {
    known.is_some_and(|known| known.hold.is_some())
}

/// The operating system and architecture that are taken out of an index; an empty word is any.
fn wanted<'a>(job: &'a JobRecord, known: Option<&'a TagFacts>) -> [&'a str; 2] {
    let said = known
        .and_then(|known| known.spec.as_ref())
        .map(TagSpec::platform)
        .unwrap_or_default();
    let mut wanted = [said[0].unwrap_or_default(), said[1].unwrap_or_default()];
    for (word, asked) in wanted.iter_mut().zip(&job.platform) {
        if !asked.is_empty() {
            *word = asked;
        }
    }
    wanted
}

/// Whether this is the index the tag's image was taken out of, for the platform that is wanted today.
fn is_index(job: &JobRecord, known: Option<&TagFacts>, digest: &Digest) -> bool {
    let taken = known.and_then(|known| known.index.as_ref());
    mode(job, known) == ImportMode::Legacy
        && taken.is_some_and(|taken| {
            taken.index == *digest && taken.platform == wanted(job, known).join("/")
        })
}

/// Takes the image of one platform out of an index.
async fn one_platform(
    repository: &Door,
    wanted: [&str; 2],
    mut children: Vec<Child>,
    taken: Taken,
) -> Answer {
    // The one that is chosen may be an index itself.
    for _ in 0..2 {
        let Some(child) = choose_platform(&children, wanted) else {
            break;
        };
        match repository.image(child.digest.as_str()).await {
            Ok(image) if !image.children.is_empty() => children = image.children,
            Ok(image) => {
                let digest = image.digest.clone();
                return Answer::Image(digest, vec![StoredImage::from(image)], Some(taken));
            }
            Err(failure) => return Answer::Failed(failure),
        }
    }
    Answer::Failed(Failure {
        hint: "keep all platforms of it instead of one".to_owned(),
        ..unusable("the index names no image of any platform".to_owned())
    })
}

/// What is kept of an index: as the import says, else as the tag does.
fn mode(job: &JobRecord, known: Option<&TagFacts>) -> ImportMode {
    let spec = known.and_then(|known| known.spec.as_ref());
    let own = spec
        .filter(|spec| matches!(spec.source, TagSource::External { .. }))
        .map(TagSpec::mode);
    job.mode.or(own).unwrap_or_default()
}

/// Whether an import gives a tag policies it does not have.
fn other_policies(job: &JobRecord, item: &PendingItem, known: Option<&TagFacts>) -> bool {
    known
        .and_then(|known| known.spec.as_ref())
        .is_some_and(|spec| {
            (item.insecure && !spec.insecure)
                || (job.schedule != Schedule::Never && job.schedule != spec.schedule())
        })
}

/// The image a tag has, if its spec is what this item would make it and nothing is wrong with it.
fn in_place<'a>(job: &JobRecord, known: &'a TagFacts, item: &PendingItem) -> Option<&'a Digest> {
    let spec = known.spec.as_ref()?;
    let head = known.head.as_ref()?;
    let as_it_was = job.mode.is_none_or(|mode| mode == spec.mode())
        && job
            .platform
            .iter()
            .zip(spec.platform())
            .all(|(asked, has)| asked.is_empty() || Some(asked.as_str()) == has);
    let same = as_it_was
        && matches!(&spec.source, TagSource::External { reference, .. } if *reference == item.reference)
        && known.condition.is_none()
        && head.reference == item.reference.with_digest(&head.digest);
    same.then_some(&head.digest)
}
