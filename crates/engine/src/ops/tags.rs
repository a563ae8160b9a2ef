//! Tags: list, one tag, history, set, delete.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use model::{
    Change, Digest, Page, PageRequest, Plan, Revision, StreamRef, TagName, Warning,
    policy::Insecure,
    tag::{TagAt, TagFilter, TagRow, TagView},
    tagging::{TagInput, TagRequest},
};

use super::{Planned, PlannedAll, load_stream, locked_stream, no_tag, streams::tag_facts};
use crate::{
    Actor, Engine, Error, Result,
    rules::{self, facts::StreamFacts},
    store::{MOST_MOVED, StreamRecord, Tx, WriteContext},
};

impl Engine {
    /// One page of those of a stream's tags that the filter leaves, in priority order.
    ///
    /// # Errors
    /// `NotFound`.
    pub async fn list_tags(
        &self,
        actor: &Actor,
        stream: &StreamRef,
        filter: &TagFilter,
        page: &PageRequest,
    ) -> Result<Page<TagRow>> {
        actor.may_read(&stream.namespace)?;
        let mut tx = self.store().read().await?;
        let record = load_stream(&mut tx, stream).await?;
        tx.list_tags(&record.id, filter, page).await
    }

    /// The first stream a tag of which has or had this image.
    ///
    /// # Errors
    /// `Denied` for those who are not signed in.
    pub async fn stream_with_image(
        &self,
        actor: &Actor,
        digest: &Digest,
    ) -> Result<Option<StreamRef>> {
        actor.may_read_anywhere()?;
        self.store().read().await?.stream_with_image(digest).await
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
        let (followers_elsewhere, more_followers) =
            tx.direct_followers_elsewhere(stream, tag).await?;
        Ok(TagView {
            period: record.period,
            followers: facts.followers.get(tag).cloned().unwrap_or_default(),
            followers_elsewhere,
            more_followers,
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
        tx.history(&record.id, tag, None, page).await
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

    /// What setting tags would do, stream by stream.
    ///
    /// # Errors
    /// `NotFound`, `Denied`; `Invalid` field `source`, `mode` or `destination` as [`rules::tagging::plan`] says.
    pub async fn plan_tag(&self, actor: &Actor, request: &TagRequest) -> Result<PlannedAll> {
        self.see_children(actor, by_id(request)).await?;
        let mut tx = self.store().read().await?;
        let now = self.clock().now();
        let mut plans = Vec::new();
        for (stream, tags) in by_stream(request) {
            let one = plan_tags(&mut tx, actor, &stream, &tags, request, now).await?;
            self.check_changes(&one.facts, &one.plan.changes, "source")?;
            let mut plan = one.plan;
            let moved = tx.moves_elsewhere(&stream, &plan.changes).await?;
            plan.warnings.extend(moved_elsewhere(&moved));
            plans.push(plan);
        }
        PlannedAll::new(plans)
    }

    /// Sets tags, all or none: plans again under the streams' locks, then applies. What is to be imported is, at once.
    ///
    /// # Errors
    /// As [`Engine::plan_tag`]; `Conflict` when the plan is not the one `token` confirms.
    pub async fn set_tag(
        &self,
        actor: &Actor,
        request: &TagRequest,
        token: &str,
    ) -> Result<Vec<Plan>> {
        self.see_children(actor, by_id(request)).await?;
        let mut tx = self.store().write().await?;
        let all = by_stream(request);
        for stream in all.keys() {
            if let Some(record) = tx.stream(stream).await? {
                tx.lock_stream(&record.id).await?;
            }
        }
        let ctx = self.write_context(actor, "tag");
        let mut plans = Vec::new();
        for (stream, tags) in &all {
            let one = plan_tags(&mut tx, actor, stream, tags, request, ctx.now).await?;
            self.check_changes(&one.facts, &one.plan.changes, "source")?;
            plans.push(one.plan);
        }
        let confirmed = PlannedAll::new(plans)?;
        if confirmed.token != token {
            return Err(Error::Conflict(
                "something has changed since the preview; look at the new preview and confirm again"
                    .into(),
            ));
        }
        for (stream, tags) in &all {
            // Once more: what was applied to one stream may have moved tags of the next.
            let one = plan_tags(&mut tx, actor, stream, tags, request, ctx.now).await?;
            self.apply_tags(&mut tx, actor, &ctx, one).await?;
        }
        tx.commit().await?;
        self.wake();
        Ok(confirmed.plans)
    }

    async fn apply_tags(
        &self,
        tx: &mut Tx,
        actor: &Actor,
        ctx: &WriteContext,
        one: PlannedTags,
    ) -> Result<()> {
        let PlannedTags { plan, mut facts } = one;
        let mut changes = plan.changes;
        if let [create @ Change::CreateStream { .. }, ..] = changes.as_slice() {
            let id = self.clock().id();
            tx.create_stream(&id, &plan.stream, create.clone(), ctx)
                .await?;
            changes.remove(0);
            facts.generation = 1;
        }
        let record = load_stream(tx, &plan.stream).await?;
        tx.apply(&record, &facts, &changes, ctx).await?;
        let again = rules::policy::to_import(&changes);
        if !again.is_empty() {
            let record = load_stream(tx, &plan.stream).await?;
            self.insert_again(tx, actor, &record, &again).await?;
        }
        Ok(())
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
        let mut plan = rules::delete::plan(&facts, tags)?;
        let followers = tx.followed_from(stream, Some(tags)).await?;
        plan.warnings.extend(left_elsewhere(&followers));
        Planned::new(plan)
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
        locked_stream(&mut tx, stream).await?;
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

/// Setting the tags of one stream, planned.
struct PlannedTags {
    plan: Plan,
    facts: StreamFacts,
}

/// The image a request names by its id.
fn by_id(request: &TagRequest) -> Option<(&StreamRef, &str)> {
    match &request.source {
        TagInput::Image(of, id) => Some((of, id)),
        TagInput::Tag(_) | TagInput::External(_) => None,
    }
}

/// The destinations of a request, each once, stream by stream, in one order everywhere.
fn by_stream(request: &TagRequest) -> BTreeMap<StreamRef, Vec<TagName>> {
    let mut all: BTreeMap<StreamRef, Vec<TagName>> = BTreeMap::new();
    for at in &request.destinations {
        let tags = all.entry(at.stream.clone()).or_default();
        if !tags.contains(&at.tag) {
            tags.push(at.tag.clone());
        }
    }
    all
}

async fn plan_tags(
    tx: &mut Tx,
    actor: &Actor,
    stream: &StreamRef,
    tags: &[TagName],
    request: &TagRequest,
    now: DateTime<Utc>,
) -> Result<PlannedTags> {
    actor.may_write(&stream.namespace)?;
    let mut names = tags.to_vec();
    let mut others = Vec::new();
    let mut matches = Vec::new();
    match &request.source {
        TagInput::Tag(at) => {
            source_stream(tx, actor, &at.stream).await?;
            if at.stream == *stream {
                names.push(at.tag.clone());
            } else {
                others.push(at.clone());
            }
        }
        TagInput::Image(of, id) => {
            let record = source_stream(tx, actor, of).await?;
            matches = tx.find_images(&record, id, stream).await?;
            tx.check_seen(&record, &matches).await?;
        }
        TagInput::External(_) => {}
    }
    let record = tx.stream(stream).await?;
    let facts = match &record {
        Some(record) => tx.facts_with(record, &names, others).await?,
        None => {
            let mut facts = StreamFacts::empty(stream);
            tx.look_elsewhere(&mut facts, others).await?;
            facts
        }
    };
    let plan = rules::tagging::plan(&facts, record.is_some(), tags, request, &matches, now)?;
    Ok(PlannedTags { plan, facts })
}

/// The stream a source is of, if the actor may pull from it.
async fn source_stream(tx: &mut Tx, actor: &Actor, stream: &StreamRef) -> Result<StreamRecord> {
    actor.may_read(&stream.namespace)?;
    tx.stream(stream)
        .await?
        .ok_or_else(|| Error::invalid("source", format!("there is no stream {stream}")))
}

/// Names the tags of other streams that follow what is deleted.
pub(super) fn left_elsewhere(followers: &[TagAt]) -> Option<Warning> {
    (!followers.is_empty()).then(|| {
        let names: Vec<_> = followers.iter().map(ToString::to_string).collect();
        Warning(format!(
            "Tags of other streams follow what is deleted, keep the image they have and move no more: {}.",
            names.join(", ")
        ))
    })
}

/// Names the tags of other streams that move because they follow.
pub(super) fn moved_elsewhere(moved: &[TagAt]) -> Option<Warning> {
    let names: Vec<_> = moved.iter().map(ToString::to_string).collect();
    (!names.is_empty()).then(|| {
        let more = match names.len() {
            MOST_MOVED.. => " and maybe more",
            _ => "",
        };
        Warning(format!(
            "Moves with it in other streams: {}{more}.",
            names.join(", ")
        ))
    })
}
