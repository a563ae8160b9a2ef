//! Mirroring on request: a job that stores what is missing of images; and what is stored, measured now and then.

use model::{
    Digest, Page, PageRequest, StreamRef, TagName,
    job::{ItemState, JobKind},
    storage::{ImageStorage, NamespaceStorage, Pulls, StorageTotal, StreamStorage},
};

use super::{load_stream, no_tag, short_hash};
use crate::{
    Actor, Engine, Error, Result,
    store::{NewItem, NewJob},
};

/// Tags of one job, at most.
const MOST_TAGS: i64 = 10_000;
/// Streams measured at one time.
const MOST_STREAMS: i64 = 200;
/// How old a measurement may be.
const MEASURED: chrono::Duration = chrono::Duration::minutes(10);

impl Engine {
    /// Starts a job that stores the images of these tags, of all of the stream's if none is named. Returns its id; that of
    /// the one under way if there is one for the same.
    ///
    /// # Errors
    /// `NotFound`, `Denied`; `Conflict` when mirroring is off; `Invalid` field `tag` when there is nothing to store.
    pub async fn start_mirror(
        &self,
        actor: &Actor,
        stream: &StreamRef,
        tags: &[TagName],
    ) -> Result<String> {
        actor.may_write(&stream.namespace)?;
        if !self.config().mirror {
            return Err(Error::Conflict(
                "mirroring is off here: nothing that is pulled through is stored. Ask an administrator to set WEIR_MIRROR=on"
                    .into(),
            ));
        }
        let mut tx = self.store().write().await?;
        let record = load_stream(&mut tx, stream).await?;
        let mut heads = Vec::new();
        if tags.is_empty() {
            heads = tx.heads(&record.id, MOST_TAGS).await?;
        }
        for tag in tags {
            let row = tx.tag_row(&record.id, tag).await?;
            let row = row.ok_or_else(|| no_tag(stream, tag))?;
            if let Some(head) = row.head {
                heads.push((tag.clone(), head.reference));
            }
        }
        let Some((_, first)) = heads.first() else {
            return Err(Error::invalid(
                "tag",
                format!("no tag of {stream} that was asked for has an image to store"),
            ));
        };
        let what: Vec<_> = tags.iter().map(ToString::to_string).collect();
        let job = NewJob {
            dedup_key: format!("mirror {} {}", record.id, short_hash(&what.join(" "))),
            all_tags: tags.is_empty(),
            kind: JobKind::Mirror,
            ..self.new_job(actor, &record, &first.without_tag(), false, false)
        };
        let now = self.clock().now();
        let id = tx.insert_job(&job, now).await?;
        if id == job.id {
            let items: Vec<NewItem> = heads
                .into_iter()
                .map(|(tag, reference)| NewItem {
                    tag,
                    reference,
                    insecure: false,
                    state: ItemState::Pending,
                })
                .collect();
            tx.insert_items(&id, &items).await?;
        }
        tx.commit().await?;
        self.wake();
        Ok(id)
    }

    /// How much of an image of a stream is stored here.
    ///
    /// # Errors
    /// `NotFound`, `Denied`.
    pub async fn image_storage(
        &self,
        actor: &Actor,
        stream: &StreamRef,
        digest: &Digest,
    ) -> Result<ImageStorage> {
        actor.may_read(&stream.namespace)?;
        let mut tx = self.store().read().await?;
        let record = load_stream(&mut tx, stream).await?;
        if tx.image_in_stream(&record.id, digest).await?.is_none() {
            return Err(Error::NotFound(format!("{stream} has no image {digest}")));
        }
        tx.image_storage(digest).await
    }

    /// How often a tag was pulled through the registry.
    ///
    /// # Errors
    /// `NotFound`, `Denied`.
    pub async fn tag_pulls(
        &self,
        actor: &Actor,
        stream: &StreamRef,
        tag: &TagName,
    ) -> Result<Pulls> {
        actor.may_read(&stream.namespace)?;
        let mut tx = self.store().read().await?;
        let record = load_stream(&mut tx, stream).await?;
        tx.pulls(&record.id, tag).await
    }

    /// What all streams take together, and one page of what each takes; of one namespace if it is not empty.
    ///
    /// # Errors
    /// `Denied` for those who are not signed in.
    pub async fn storage(
        &self,
        actor: &Actor,
        namespace: &str,
        page: &PageRequest,
    ) -> Result<(StorageTotal, Page<StreamStorage>)> {
        actor.may_read_anywhere()?;
        let mut tx = self.store().read().await?;
        let total = tx.storage_total().await?;
        Ok((total, tx.list_storage(namespace, page).await?))
    }

    /// What namespaces take, as their streams were measured.
    ///
    /// # Errors
    /// `Denied` for those who are not signed in.
    pub async fn storage_of_namespaces(&self, actor: &Actor) -> Result<Vec<NamespaceStorage>> {
        actor.may_read_anywhere()?;
        self.store().read().await?.storage_of_namespaces().await
    }

    /// Measures some of the streams whose measurements are missing or old. Returns how many.
    ///
    /// # Errors
    /// When the database refuses.
    pub async fn measure_storage(&self) -> Result<usize> {
        let now = self.clock().now();
        let mut tx = self.store().read().await?;
        let streams = tx.streams_to_measure(now - MEASURED, MOST_STREAMS).await?;
        drop(tx);
        if streams.is_empty() {
            return Ok(0);
        }
        // Added up beside the writers, not before them: a long history takes a while.
        let mut measured = Vec::new();
        for id in &streams {
            let mut tx = self.store().read().await?;
            measured.push(tx.measure_stream(id).await?);
        }
        let mut tx = self.store().write().await?;
        for (id, measures) in streams.iter().zip(&measured) {
            tx.set_measures(id, measures, now).await?;
        }
        tx.commit().await?;
        let total = self.store().read().await?.measure_total(now).await?;
        let mut tx = self.store().write().await?;
        tx.set_storage_total(&total).await?;
        tx.commit().await?;
        Ok(streams.len())
    }
}
