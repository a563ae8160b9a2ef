//! What failed and is tried again: how to stop that, and what a new credential tries again.

use std::collections::BTreeMap;

use model::{Namespace, StreamRef, TagName, credential::HostPattern};

use super::{load_stream, no_tag};
use crate::{
    Actor, Engine, Result,
    store::{FailedTag, NewJob, Tx},
};

impl Engine {
    /// Does not try a failed tag again by itself; a schedule or somebody who asks still does.
    ///
    /// # Errors
    /// `NotFound`, `Denied`.
    pub async fn stop_trying(
        &self,
        actor: &Actor,
        stream: &StreamRef,
        tag: &TagName,
    ) -> Result<()> {
        actor.may_write(&stream.namespace)?;
        let mut tx = self.store().write().await?;
        let record = load_stream(&mut tx, stream).await?;
        if tx.tag_row(&record.id, tag).await?.is_none() {
            return Err(no_tag(stream, tag));
        }
        tx.clear_failed(&record.id, &[tag]).await?;
        tx.commit().await
    }

    /// Imports again what failed of the registries a credential is for, in a namespace or in all: tags, and whole
    /// repositories whose tags could not even be listed. They are tried as if for the first time.
    pub(super) async fn retry_failed(
        &self,
        tx: &mut Tx,
        actor: &Actor,
        namespace: Option<&Namespace>,
        pattern: &HostPattern,
    ) -> Result<()> {
        let mut streams: BTreeMap<StreamRef, Vec<TagName>> = BTreeMap::new();
        let mut last: Option<FailedTag> = None;
        loop {
            let found = tx.failed_tags(namespace, last.as_ref()).await?;
            let Some(newest) = found.last() else { break };
            last = Some(newest.clone());
            for failed in found
                .into_iter()
                .filter(|failed| pattern.matches(&failed.reference))
            {
                streams.entry(failed.stream).or_default().push(failed.tag);
            }
        }
        for (stream, tags) in streams {
            let record = load_stream(tx, &stream).await?;
            let names: Vec<&TagName> = tags.iter().collect();
            tx.clear_failed(&record.id, &names).await?;
            self.insert_again(tx, actor, &record, &tags).await?;
        }
        for id in tx.failed_lists(namespace).await? {
            let Some(job) = tx.job_record(&id).await? else {
                continue;
            };
            if !pattern.matches(&job.source) {
                continue;
            }
            let again = NewJob {
                id: self.clock().id(),
                dedup_key: format!("{}|again|{id}", job.stream_id),
                stream_id: job.stream_id,
                source: job.source,
                all_tags: job.all_tags,
                narrow: job.narrow,
                listed: false,
                insecure: job.insecure,
                schedule: job.schedule,
                reference_policy: job.reference_policy,
                mode: job.mode,
                platform: job.platform,
                kind: model::job::JobKind::Import,
                creates_stream: job.creates_stream,
                actor: actor.name.clone(),
            };
            tx.insert_job(&again, self.clock().now()).await?;
        }
        Ok(())
    }
}
