//! What failed and is tried again: how to stop that, and what a new credential tries again.

use std::collections::BTreeMap;

use model::{Namespace, StreamRef, TagName, credential::HostPattern, job::JobKind};

use super::{load_stream, no_tag};
use crate::{
    Actor, Engine, Error, Result,
    store::{FailedTag, NewItem, NewJob, Tx},
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
        actor: &Actor,
        namespace: Option<Namespace>,
        pattern: HostPattern,
    ) -> Result<()> {
        let (engine, actor) = (self.clone(), actor.clone());
        // Who asked may leave; what was begun goes on.
        let retried = self.spawn(async move {
            engine
                .retry_in_turns(&actor, namespace.as_ref(), &pattern)
                .await
        });
        retried.await.unwrap_or_else(|error| {
            Err(Error::Internal {
                doing: "trying again what failed",
                source: Box::new(error),
            })
        })
    }

    /// Some tags a transaction, so that others may write in between. What a crash leaves keeps the next try it has, and is
    /// tried when the credential is given again: what was tried by then has not failed any more.
    async fn retry_in_turns(
        &self,
        actor: &Actor,
        namespace: Option<&Namespace>,
        pattern: &HostPattern,
    ) -> Result<()> {
        let mut last: Option<FailedTag> = None;
        loop {
            let mut tx = self.store().write().await?;
            let found = tx.failed_tags(namespace, last.as_ref()).await?;
            let Some(newest) = found.last() else { break };
            last = Some(newest.clone());
            let mut streams: BTreeMap<StreamRef, Vec<TagName>> = BTreeMap::new();
            for failed in found
                .into_iter()
                .filter(|failed| pattern.matches(&failed.reference))
            {
                streams.entry(failed.stream).or_default().push(failed.tag);
            }
            for (stream, tags) in streams {
                let record = load_stream(&mut tx, &stream).await?;
                let names: Vec<&TagName> = tags.iter().collect();
                tx.clear_failed(&record.id, &names).await?;
                self.insert_again(&mut tx, actor, &record, &tags).await?;
            }
            tx.commit().await?;
            self.wake();
        }
        let mut tx = self.store().write().await?;
        let now = self.clock().now();
        for failed in tx.failed_lists(namespace).await? {
            if !pattern.matches(&failed.source) {
                continue;
            }
            if !failed.state.is_final() {
                tx.try_now(&failed.id, now).await?;
            } else if let Some(job) = tx.job_record(&failed.id).await? {
                let again = NewJob::again(job, self.clock().id(), &actor.name);
                tx.insert_job(&again, now).await?;
            }
        }
        tx.commit().await?;
        self.wake();
        Ok(())
    }

    /// Makes jobs that ask for tags without a spec as the imports did that failed on them. What such an import would have
    /// given its tags, they get when it works. Returns the tags that wait for such a job of an earlier turn.
    pub(crate) async fn retry_as_asked(
        &self,
        tx: &mut Tx,
        stream_id: &str,
        tags: &[TagName],
    ) -> Result<Vec<TagName>> {
        let mut asked: BTreeMap<String, Vec<NewItem>> = BTreeMap::new();
        for tag in tags {
            if let Some((job, item)) = tx.failed_item(stream_id, tag).await? {
                asked.entry(job).or_default().push(item);
            }
        }
        let mut waiting = Vec::new();
        for (id, items) in asked {
            let Some(job) = tx.job_record(&id).await? else {
                continue;
            };
            let again = NewJob {
                listed: true,
                all_tags: false,
                kind: JobKind::Schedule,
                creates_stream: false,
                ..NewJob::again(job, self.clock().id(), "")
            };
            let made = tx.insert_job(&again, self.clock().now()).await?;
            if made == again.id {
                tx.insert_items(&made, &items).await?;
            } else {
                waiting.extend(items.into_iter().map(|item| item.tag));
            }
        }
        Ok(waiting)
    }
}
