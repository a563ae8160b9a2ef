//! Tags: list, one tag, history, set, delete.

use model::{
    Page, PageRequest, Plan, Revision, StreamRef, TagName,
    policy::Insecure,
    tag::{TagRow, TagView},
    tagging::{TagInput, TagRequest},
};

use super::{Planned, load_stream, no_tag, streams::tag_facts};
use crate::{
    Actor, Engine, Error, Result,
    rules::{self, facts::StreamFacts},
    store::{StreamRecord, Tx},
};

impl Engine {
    /// One page of a stream's tags in priority order; `text` narrows to names that contain it.
    ///
    /// # Errors
    /// `NotFound`.
    pub async fn list_tags(
        &self,
        actor: &Actor,
        stream: &StreamRef,
        text: &str,
        page: &PageRequest,
    ) -> Result<Page<TagRow>> {
        actor.may_read(&stream.namespace)?;
        let mut tx = self.store().read().await?;
        let record = load_stream(&mut tx, stream).await?;
        tx.list_tags(&record.id, text, page).await
    }

    /// One tag.
    ///
    /// # Errors
    /// `NotFound`.
    pub async fn tag(&self, actor: &Actor, stream: &StreamRef, tag: &TagName) -> Result<TagView> {
        actor.may_read(&stream.namespace)?;
        let mut tx = self.store().read().await?;
        let (record, facts) = tag_facts(&mut tx, stream, std::slice::from_ref(tag)).await?;
        let row = tx
            .tag_row(&record.id, tag)
            .await?
            .ok_or_else(|| no_tag(stream, tag))?;
        Ok(TagView {
            followers: facts.followers.get(tag).cloned().unwrap_or_default(),
            insecure: Insecure::effective(
                record.insecure,
                row.spec.as_ref().is_some_and(|spec| spec.insecure),
            ),
            row,
        })
    }

    /// One page of a tag's revisions, newest first.
    ///
    /// # Errors
    /// `NotFound`.
    pub async fn history(
        &self,
        actor: &Actor,
        stream: &StreamRef,
        tag: &TagName,
        page: &PageRequest,
    ) -> Result<Page<Revision>> {
        actor.may_read(&stream.namespace)?;
        let mut tx = self.store().read().await?;
        let record = load_stream(&mut tx, stream).await?;
        if tx.tag_row(&record.id, tag).await?.is_none() {
            return Err(no_tag(stream, tag));
        }
        tx.history(&record.id, tag, page).await
    }

    /// One revision of a tag.
    ///
    /// # Errors
    /// `NotFound`.
    pub async fn revision(
        &self,
        actor: &Actor,
        stream: &StreamRef,
        tag: &TagName,
        number: i64,
    ) -> Result<Revision> {
        actor.may_read(&stream.namespace)?;
        let mut tx = self.store().read().await?;
        let record = load_stream(&mut tx, stream).await?;
        tx.revision(&record.id, tag, number).await?.ok_or_else(|| {
            Error::NotFound(format!(
                "{stream}:{tag} has no revision {number}; its history lists those it has"
            ))
        })
    }

    /// What setting a tag would do.
    ///
    /// # Errors
    /// `NotFound`, `Denied`; `Invalid` field `source` or `mode` as [`rules::tagging::plan`] says.
    pub async fn plan_tag(&self, actor: &Actor, request: &TagRequest) -> Result<Planned> {
        actor.may_write(&request.stream.namespace)?;
        let mut tx = self.store().read().await?;
        Ok(plan_tag(&mut tx, request).await?.2)
    }

    /// Sets a tag: plans again under the stream's lock, then applies.
    ///
    /// # Errors
    /// As [`Engine::plan_tag`]; `Conflict` when the plan is not the one `token` confirms.
    pub async fn set_tag(&self, actor: &Actor, request: &TagRequest, token: &str) -> Result<Plan> {
        actor.may_write(&request.stream.namespace)?;
        let mut tx = self.store().write().await?;
        let record = load_stream(&mut tx, &request.stream).await?;
        tx.lock_stream(&record.id).await?;
        let (record, facts, planned) = plan_tag(&mut tx, request).await?;
        let plan = planned.confirmed(token)?;
        if plan.is_empty() {
            return Ok(plan);
        }
        tx.apply(
            &record,
            &facts,
            &plan.changes,
            &self.write_context(actor, "tag"),
        )
        .await?;
        tx.commit().await?;
        Ok(plan)
    }

    /// What deleting tags would do.
    ///
    /// # Errors
    /// `NotFound`, `Denied`; `Invalid` field `tag` when there is nothing to delete.
    pub async fn plan_delete_tags(
        &self,
        actor: &Actor,
        stream: &StreamRef,
        tags: &[TagName],
    ) -> Result<Planned> {
        actor.may_write(&stream.namespace)?;
        let mut tx = self.store().read().await?;
        let (_, facts) = tag_facts(&mut tx, stream, tags).await?;
        Planned::new(rules::delete::plan(&facts, tags)?)
    }

    /// Deletes tags: spec, head and history. Images stay; followers keep their last image.
    ///
    /// # Errors
    /// As [`Engine::plan_delete_tags`]; `Conflict` when the plan is not the one `token` confirms.
    pub async fn delete_tags(
        &self,
        actor: &Actor,
        stream: &StreamRef,
        tags: &[TagName],
        token: &str,
    ) -> Result<Plan> {
        actor.may_write(&stream.namespace)?;
        let mut tx = self.store().write().await?;
        let record = load_stream(&mut tx, stream).await?;
        tx.lock_stream(&record.id).await?;
        let (record, facts) = tag_facts(&mut tx, stream, tags).await?;
        let plan = Planned::new(rules::delete::plan(&facts, tags)?)?.confirmed(token)?;
        tx.apply(
            &record,
            &facts,
            &plan.changes,
            &self.write_context(actor, "delete"),
        )
        .await?;
        tx.commit().await?;
        Ok(plan)
    }
}

async fn plan_tag(
    tx: &mut Tx,
    request: &TagRequest,
) -> Result<(StreamRecord, StreamFacts, Planned)> {
    let mut names = vec![request.destination.clone()];
    if let TagInput::Tag(tag) = &request.source {
        names.push(tag.clone());
    }
    let (record, facts) = tag_facts(tx, &request.stream, &names).await?;
    let matches = match &request.source {
        TagInput::Image(prefix) => tx.find_images(&record.id, prefix).await?,
        TagInput::Tag(_) => Vec::new(),
    };
    let plan = rules::tagging::plan(&facts, request, &matches)?;
    Ok((record, facts, Planned::new(plan)?))
}
