//! Streams: overview, list, one stream, delete.

use model::{
    Change, Namespace, Page, PageRequest, Plan, StreamRef, Warning,
    stream::{Attention, Overview, StreamFilter, StreamRow, StreamView},
};

use super::{Planned, load_stream, locked_stream, no_stream, tags::left_elsewhere};
use crate::{
    Actor, Engine, Result,
    rules::facts::StreamFacts,
    store::{StreamRecord, Tx, WriteContext},
};

impl Engine {
    /// The overview's figures.
    ///
    /// # Errors
    /// `Denied` for those who are not signed in.
    pub async fn overview(&self, actor: &Actor) -> Result<Overview> {
        actor.may_read_anywhere()?;
        self.store().read().await?.overview().await
    }

    /// What needs attention: failing tags, `most` at most, and what comes next.
    ///
    /// # Errors
    /// `Denied` for those who are not signed in.
    pub async fn attention(&self, actor: &Actor, most: i64) -> Result<Attention> {
        actor.may_read_anywhere()?;
        let mut tx = self.store().read().await?;
        let stored = tx.storage_total().await?;
        Ok(Attention {
            tags: tx.failing_tags(most).await?,
            next_due: tx.next_due().await?,
            stored: stored.measured_at.map(|_| stored.bytes),
        })
    }

    /// Namespaces in order, at most 250.
    ///
    /// # Errors
    /// `Denied` for those who are not signed in.
    pub async fn list_namespaces(&self, actor: &Actor) -> Result<Vec<Namespace>> {
        actor.may_read_anywhere()?;
        self.store().read().await?.list_namespaces().await
    }

    /// One page of streams by namespace and name.
    ///
    /// # Errors
    /// `Denied` for those who are not signed in.
    pub async fn list_streams(
        &self,
        actor: &Actor,
        filter: &StreamFilter,
        page: &PageRequest,
    ) -> Result<Page<StreamRow>> {
        actor.may_read_anywhere()?;
        self.store().read().await?.list_streams(filter, page).await
    }

    /// One stream's own facts.
    ///
    /// # Errors
    /// `NotFound`.
    pub async fn stream(&self, actor: &Actor, stream: &StreamRef) -> Result<StreamView> {
        actor.may_read(&stream.namespace)?;
        self.store()
            .read()
            .await?
            .stream_view(stream)
            .await?
            .ok_or_else(|| no_stream(stream))
    }

    /// What deleting a stream would do.
    ///
    /// # Errors
    /// `NotFound`, `Denied`.
    pub async fn plan_delete_stream(&self, actor: &Actor, stream: &StreamRef) -> Result<Planned> {
        actor.may_write(&stream.namespace)?;
        let mut tx = self.store().read().await?;
        let mut planned = plan_delete(&mut tx, stream).await?.1;
        let followers = tx.followed_from(stream, None).await?;
        planned.plan.warnings.extend(left_elsewhere(&followers));
        Ok(planned)
    }

    /// Deletes a stream with its tags and their history.
    ///
    /// # Errors
    /// `NotFound`, `Denied`; `Conflict` when the plan is not the one `token` confirms.
    pub async fn delete_stream(
        &self,
        actor: &Actor,
        stream: &StreamRef,
        token: &str,
    ) -> Result<Plan> {
        actor.may_write(&stream.namespace)?;
        let mut tx = self.store().write().await?;
        locked_stream(&mut tx, stream).await?;
        let (record, planned) = plan_delete(&mut tx, stream).await?;
        let plan = planned.confirmed(token)?;
        let facts = tx.facts(&record, &[]).await?;
        let ctx = self.write_context(actor, "delete");
        tx.apply(&record, &facts, &plan.changes, &ctx).await?;
        tx.commit().await?;
        Ok(plan)
    }

    pub(super) fn write_context(&self, actor: &Actor, cause: &'static str) -> WriteContext {
        WriteContext {
            now: self.clock().now(),
            actor: actor.name.clone(),
            cause,
            job_id: None,
            period: self.config().schedule_interval,
        }
    }
}

async fn plan_delete(tx: &mut Tx, stream: &StreamRef) -> Result<(StreamRecord, Planned)> {
    let record = load_stream(tx, stream).await?;
    let plan = Plan {
        stream: stream.clone(),
        changes: vec![Change::DeleteStream { tags: record.tags }],
        warnings: vec![Warning(
            "This cannot be undone. Its imports and their results go too.".into(),
        )],
        sentence: format!(
            "{stream}, its {} tags and their history will be deleted. Their images stay stored.",
            record.tags
        ),
    };
    Ok((record, Planned::new(plan)?))
}

/// The facts of one stream that a tag operation needs.
pub(super) async fn tag_facts(
    tx: &mut Tx,
    stream: &StreamRef,
    tags: &[model::TagName],
) -> Result<(StreamRecord, StreamFacts)> {
    let record = load_stream(tx, stream).await?;
    let facts = tx.facts(&record, tags).await?;
    Ok((record, facts))
}
