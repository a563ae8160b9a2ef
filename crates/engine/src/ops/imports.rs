//! Imports, as far as a request goes: look at the upstream, or make the job that will do it.

use std::{collections::BTreeSet, sync::Arc};

use futures::{StreamExt, TryStreamExt, stream};
use model::{
    Change, Reference, StreamRef, TagName, TagSource, Warning,
    import::{ImportPreview, ImportRequest, PreviewTag, Selection},
    job::{ItemState, JobKind},
    narrow::Narrow,
    policy::{ImportMode, Insecure, ReferencePolicy, Schedule},
    version::sort_key,
};
use sha2::{Digest as _, Sha256};

mod wanted;

use self::wanted::source_of;
use super::{load_stream, locked_stream, short_hash};
use crate::{
    Actor, Engine, Error, Result,
    rules::facts::StreamFacts,
    store::{NewItem, NewJob, StreamRecord, Tx},
    upstream::Door,
};

/// Tags read from one repository at most: five times what a big public repository has.
pub(crate) const MOST_TAGS: usize = 100_000;
/// Chosen tags a preview asks the upstream about.
const LOOKED_AT: usize = 50;

impl Engine {
    /// Looks at the upstream and says what an import would do. Writes nothing.
    ///
    /// # Errors
    /// `Denied`; `Invalid` naming the field; `NotFound` for a stream that is not there; `Upstream` when the registry
    /// does not answer as needed.
    pub async fn preview_import(
        &self,
        actor: &Actor,
        request: &ImportRequest,
    ) -> Result<ImportPreview> {
        actor.may_write(&request.stream.namespace)?;
        let record = {
            let mut tx = self.store().read().await?;
            check(&mut tx, request).await?
        };
        let stream_insecure = record.as_ref().is_some_and(|record| record.insecure);
        self.check_import(request, stream_insecure)?;
        let mut preview = ImportPreview {
            request: request.clone(),
            tags: Vec::new(),
            left_out: Vec::new(),
            left_out_count: 0,
            found: 0,
            selected: 0,
            requests: 0,
            unusable: 0,
            warnings: Vec::new(),
        };
        let Some(source) = request
            .source
            .as_ref()
            .filter(|_| request.selection != Selection::None)
        else {
            return Ok(preview);
        };
        let insecure = Insecure::effective(stream_insecure, request.insecure).allowed();
        let access = {
            let mut tx = self.store().read().await?;
            let namespace = &request.stream.namespace;
            self.access(&mut tx, namespace, source, insecure).await?
        };
        let repository = Arc::new(Door::new(self.upstream(), source, access));
        let tags = match &request.selection {
            Selection::None => Vec::new(),
            Selection::All | Selection::Matching(_) => {
                let list = repository.tags(MOST_TAGS).await.map_err(Error::from)?;
                let (tags, unusable) = usable(list.tags);
                preview.unusable = count(unusable);
                preview.found = count(tags.len() + unusable);
                if list.truncated {
                    preview.warnings.push(Warning(more_listed()));
                }
                let narrow = request.selection.narrow();
                let selected = narrow.select(tags);
                if selected.is_empty() && !narrow.is_empty() {
                    return Err(Error::invalid(
                        "include",
                        none_fits(source, preview.found, &narrow),
                    ));
                }
                selected
            }
            Selection::Chosen(tags) => {
                preview.found = count(tags.len());
                let missing: Vec<String> = stream::iter(tags.iter().take(LOOKED_AT).cloned())
                    .map(|tag| {
                        let repository = Arc::clone(&repository);
                        async move {
                            match repository.head(tag.as_str()).await {
                                Ok(_) => Ok(None),
                                Err(failure) if failure.reason == model::tag::Reason::NotFound => {
                                    Ok(Some(tag.to_string()))
                                }
                                Err(failure) => Err(Error::from(failure)),
                            }
                        }
                    })
                    .buffered(8)
                    .try_filter_map(|missing| async move { Ok(missing) })
                    .try_collect()
                    .await?;
                if !missing.is_empty() {
                    return Err(Error::invalid(
                        "tags",
                        format!("{} has no tag {}", source.name(), missing.join(", ")),
                    ));
                }
                tags.clone()
            }
        };
        preview.selected = count(tags.len());
        let cap = self.cap(&request.selection);
        let now = tags.len().min(cap);
        preview.left_out_count = count(tags.len() - now);
        preview.left_out = tags[now..]
            .iter()
            .take(ImportPreview::LISTED)
            .cloned()
            .collect();
        preview.requests = count(now) * 2;
        let facts = match &record {
            Some(record) => Some(
                self.store()
                    .read()
                    .await?
                    .facts(record, &tags[..now])
                    .await?,
            ),
            None => None,
        };
        preview.tags = tags[..now]
            .iter()
            .map(|tag| preview_tag(tag, source, facts.as_ref()))
            .collect();
        if !repository.note().is_empty() {
            preview.warnings.push(Warning(repository.note().to_owned()));
        }
        if request.insecure {
            preview.warnings.push(Warning(format!(
                "Connections to {} may go over unverified TLS or plain HTTP: anybody on the way can change what is \
                 imported. The setting is kept on each imported tag.",
                source.host()
            )));
        }
        Ok(preview)
    }

    /// Makes the stream if asked, and the job that imports; returns its id, none when nothing is to be imported.
    ///
    /// # Errors
    /// As [`Engine::preview_import`], but the upstream is not asked: it answers in the job.
    pub async fn start_import(
        &self,
        actor: &Actor,
        request: &ImportRequest,
    ) -> Result<Option<String>> {
        actor.may_write(&request.stream.namespace)?;
        let mut tx = self.store().write().await?;
        let found = check(&mut tx, request).await?;
        self.check_import(request, found.as_ref().is_some_and(|found| found.insecure))?;
        let ctx = self.write_context(actor, if request.create { "create" } else { "import" });
        let record = match found {
            Some(_) => {
                let record = locked_stream(&mut tx, &request.stream).await?;
                if let (None, Some(source), true) =
                    (&record.source, &request.source, request.selection.lists())
                {
                    let facts = tx.facts(&record, &[]).await?;
                    let change = Change::SetSource {
                        before: None,
                        after: Some(source.clone()),
                    };
                    tx.apply(&record, &facts, &[change], &ctx).await?;
                }
                record
            }
            None => {
                let id = self.clock().id();
                let change = Change::CreateStream {
                    source: request.source.clone(),
                    // What the import allows is kept on each tag it makes.
                    insecure: false,
                };
                tx.create_stream(&id, &request.stream, change, &ctx).await?;
                load_stream(&mut tx, &request.stream).await?
            }
        };
        let job = match (&request.source, &request.selection) {
            (None, _) | (_, Selection::None) => None,
            (Some(source), Selection::All | Selection::Matching(_)) => {
                let narrow = request.selection.narrow();
                let job = self.asked_job(actor, &record, source, request);
                let asked = format!(
                    "{source}|{}|{}|{}|{}|{}|{narrow:?}",
                    request.insecure,
                    request.schedule.word(),
                    request.reference_policy.as_str(),
                    request.mode.map_or("", ImportMode::as_str),
                    request.platform.join("/"),
                );
                let dedup_key = format!("{}|all|{}", record.id, short_hash(&asked));
                Some(
                    tx.insert_job(
                        &NewJob {
                            all_tags: true,
                            listed: false,
                            narrow,
                            dedup_key,
                            ..job
                        },
                        self.clock().now(),
                    )
                    .await?,
                )
            }
            (Some(source), Selection::Chosen(tags)) => {
                let items = tags
                    .iter()
                    .map(|tag| NewItem {
                        tag: tag.clone(),
                        reference: source.with_tag(tag),
                        insecure: request.insecure,
                        state: ItemState::Pending,
                    })
                    .collect();
                let job = self.asked_job(actor, &record, source, request);
                Some(self.insert_listed(&mut tx, job, items).await?)
            }
        };
        tx.commit().await?;
        self.wake();
        Ok(job)
    }

    /// Imports again what tags say they import; all imported tags when none is named. Returns the job.
    ///
    /// # Errors
    /// `NotFound`, `Denied`; `Invalid` field `tag` for a tag that is not imported from anywhere.
    pub async fn import_again(
        &self,
        actor: &Actor,
        stream: &StreamRef,
        tags: &[TagName],
    ) -> Result<String> {
        actor.may_write(&stream.namespace)?;
        let mut tx = self.store().write().await?;
        let record = load_stream(&mut tx, stream).await?;
        let id = self.insert_again(&mut tx, actor, &record, tags).await?;
        tx.commit().await?;
        self.wake();
        Ok(id)
    }

    /// Makes the job that imports tags again.
    pub(super) async fn insert_again(
        &self,
        tx: &mut Tx,
        actor: &Actor,
        record: &StreamRecord,
        tags: &[TagName],
    ) -> Result<String> {
        let stream = &record.stream;
        // Those that have no policy yet are asked for as they were before.
        let mut without_spec = BTreeSet::new();
        let wanted = if tags.is_empty() {
            tx.external_tags(&record.id).await?
        } else {
            let facts = tx.facts(record, tags).await?;
            let bare = |tag: &&TagName| facts.tag(tag).is_some_and(|known| known.spec.is_none());
            without_spec.extend(tags.iter().filter(bare).cloned());
            let mut wanted = Vec::with_capacity(tags.len());
            for tag in tags {
                wanted.push(source_of(tx, record, &facts, tag).await?);
            }
            wanted
        };
        let Some(first) = wanted.first() else {
            return Err(Error::invalid(
                "tag",
                format!("no tag of {stream} is imported from a registry; import one first"),
            ));
        };
        let source = record
            .source
            .clone()
            .unwrap_or_else(|| first.1.without_tag());
        let insecure = wanted.iter().any(|(_, _, insecure)| *insecure);
        let mut items: Vec<NewItem> = wanted
            .into_iter()
            .map(|(tag, reference, insecure)| NewItem {
                tag,
                reference,
                insecure,
                state: ItemState::Pending,
            })
            .collect();
        let job = self.new_job(actor, record, &source, insecure, false);
        let job = listed_as(job, &items);
        // The policy that holds is the tag's when the job runs, not that of now.
        for item in &mut items {
            item.insecure &= without_spec.contains(&item.tag);
        }
        self.insert_with_items(tx, job, &items).await
    }

    /// Imports what the newest repository import left out or was stopped before, as many as the cap allows. Returns the job.
    ///
    /// # Errors
    /// `NotFound`, `Denied`; `Conflict` when nothing is left out.
    pub async fn import_left_out(&self, actor: &Actor, stream: &StreamRef) -> Result<String> {
        actor.may_write(&stream.namespace)?;
        let mut tx = self.store().write().await?;
        let record = load_stream(&mut tx, stream).await?;
        let newest = tx.newest_repository_job(&record.id).await?;
        let left = match &newest {
            Some(job) => tx.left_out_items(&job.id).await?,
            None => Vec::new(),
        };
        let Some(newest) = newest.filter(|_| !left.is_empty()) else {
            return Err(Error::Conflict(format!("no tags of {stream} are left out")));
        };
        let cap = self.cap(&Selection::All);
        let items = left
            .into_iter()
            .enumerate()
            .map(|(i, tag)| NewItem {
                reference: newest.source.with_tag(&tag),
                insecure: newest.insecure,
                state: if i < cap {
                    ItemState::Pending
                } else {
                    ItemState::LeftOut
                },
                tag,
            })
            .collect();
        // They are imported as the others were.
        let job = NewJob {
            all_tags: true,
            schedule: newest.schedule,
            reference_policy: newest.reference_policy,
            mode: newest.mode,
            platform: newest.platform,
            ..self.new_job(actor, &record, &newest.source, newest.insecure, false)
        };
        let id = self.insert_listed(&mut tx, job, items).await?;
        tx.commit().await?;
        self.wake();
        Ok(id)
    }

    /// Makes the job that imports a stream's whole repository.
    pub(super) async fn insert_repository_job(
        &self,
        tx: &mut Tx,
        actor: &Actor,
        record: &StreamRecord,
        source: &Reference,
    ) -> Result<String> {
        let job = NewJob {
            all_tags: true,
            listed: false,
            dedup_key: format!("{}|{source}|all|definition", record.id),
            // What a definition means that does not say.
            mode: Some(ImportMode::Legacy),
            ..self.new_job(actor, record, source, false, false)
        };
        tx.insert_job(&job, self.clock().now()).await
    }

    fn asked_job(
        &self,
        actor: &Actor,
        record: &StreamRecord,
        source: &Reference,
        request: &ImportRequest,
    ) -> NewJob {
        NewJob {
            schedule: request.schedule,
            reference_policy: request.reference_policy,
            mode: request.mode,
            platform: request.platform.clone(),
            ..self.new_job(actor, record, source, request.insecure, request.create)
        }
    }

    pub(super) fn new_job(
        &self,
        actor: &Actor,
        record: &StreamRecord,
        source: &Reference,
        insecure: bool,
        creates_stream: bool,
    ) -> NewJob {
        NewJob {
            id: self.clock().id(),
            dedup_key: String::new(),
            stream_id: record.id.clone(),
            source: source.clone(),
            all_tags: false,
            narrow: Narrow::default(),
            listed: true,
            insecure,
            schedule: Schedule::Never,
            reference_policy: ReferencePolicy::Source,
            mode: None,
            platform: <[String; 2]>::default(),
            kind: JobKind::Import,
            creates_stream,
            actor: actor.name.clone(),
        }
    }

    /// Makes a job whose tags are known; the same tags asked for twice are one job.
    pub(crate) async fn insert_listed(
        &self,
        tx: &mut Tx,
        job: NewJob,
        items: Vec<NewItem>,
    ) -> Result<String> {
        let job = listed_as(job, &items);
        self.insert_with_items(tx, job, &items).await
    }

    async fn insert_with_items(
        &self,
        tx: &mut Tx,
        job: NewJob,
        items: &[NewItem],
    ) -> Result<String> {
        let id = tx.insert_job(&job, self.clock().now()).await?;
        if id == job.id {
            tx.insert_items(&id, items).await?;
        }
        Ok(id)
    }

    pub(crate) fn cap(&self, selection: &Selection) -> usize {
        match selection {
            Selection::All | Selection::Matching(_) => {
                self.config().max_tags_per_import.unwrap_or(MOST_TAGS)
            }
            _ => MOST_TAGS,
        }
    }
}

/// The job with the key that names its tags and what is asked for them.
fn listed_as(job: NewJob, items: &[NewItem]) -> NewJob {
    let mut hash = Sha256::new();
    for item in items {
        hash.update(format!(
            "{} {} {} {} {} {} {}\n",
            item.tag,
            item.reference,
            item.insecure,
            job.schedule.word(),
            job.reference_policy.as_str(),
            job.mode.map_or("", ImportMode::as_str),
            job.platform.join("/"),
        ));
    }
    NewJob {
        dedup_key: format!("{}|{:.32x}", job.stream_id, hash.finalize()),
        ..job
    }
}

/// What must hold before anything is asked or written. Returns the stream if it is there (and should be).
async fn check(tx: &mut Tx, request: &ImportRequest) -> Result<Option<StreamRecord>> {
    let found = tx.stream(&request.stream).await?;
    match (&found, request.create) {
        (Some(_), true) => {
            return Err(Error::invalid(
                "name",
                format!(
                    "{} exists already; open it and use Import there, or choose another name",
                    request.stream
                ),
            ));
        }
        (None, false) => return Err(super::no_stream(&request.stream)),
        _ => {}
    }
    match (&request.source, &request.selection) {
        (None, Selection::None) => {}
        (None, _) => {
            return Err(Error::invalid(
                "source",
                "name the repository to import, as in quay.io/org/app",
            ));
        }
        (Some(source), _) => {
            if let Some(tag) = source.tag() {
                return Err(Error::invalid(
                    "source",
                    format!(
                        "leave out \":{tag}\" here, choose \"Chosen tags\" and write {tag} there"
                    ),
                ));
            }
            if source.digest().is_some() {
                return Err(Error::invalid(
                    "source",
                    "name a repository, without a digest",
                ));
            }
        }
    }
    if let Selection::Chosen(tags) = &request.selection
        && tags.is_empty()
    {
        return Err(Error::invalid(
            "tags",
            "write at least one tag, or choose All tags or None",
        ));
    }
    Ok(found)
}

/// That a registry lists more tags than are read.
pub(crate) fn more_listed() -> String {
    format!("The registry lists more than {MOST_TAGS} tags; the rest is not looked at.")
}

/// That a repository has tags, but none of those asked for.
pub(crate) fn none_fits(source: &Reference, found: i64, narrow: &Narrow) -> String {
    format!(
        "none of the {found} tags of {} fits: {narrow}",
        source.name()
    )
}

/// Tags that are valid names, in priority order, and how many are not.
pub(crate) fn usable(names: Vec<String>) -> (Vec<TagName>, usize) {
    let all = names.len();
    let mut tags: Vec<TagName> = names
        .into_iter()
        .filter_map(|name| TagName::try_from(name).ok())
        .collect();
    let unusable = all - tags.len();
    tags.sort_by_cached_key(|tag| sort_key(tag.as_str()));
    tags.dedup();
    (tags, unusable)
}

fn preview_tag(tag: &TagName, source: &Reference, facts: Option<&StreamFacts>) -> PreviewTag {
    let known = facts.and_then(|facts| facts.tag(tag));
    let replaces = known
        .and_then(|known| known.spec.as_ref())
        .and_then(|spec| match &spec.source {
            TagSource::External { reference, .. } if reference.without_tag() == *source => None,
            other => Some(other.to_string()),
        });
    PreviewTag {
        tag: tag.clone(),
        current: known
            .and_then(|known| known.head.as_ref())
            .map(|head| head.digest.clone()),
        replaces,
    }
}

fn count(n: usize) -> i64 {
    i64::try_from(n).unwrap_or(i64::MAX)
}
