//! Edits of a stream and its tags beside tagging and importing: rollback, release, policies, undo.

use std::collections::BTreeSet;

use model::{
    Change, Plan, StreamRef, TagName, TagSource,
    allowed::NotAllowed,
    edit::{Edit, Which},
};

use super::{Planned, load_stream, locked_stream, no_tag, tags::moved_elsewhere};
use crate::{
    Actor, Engine, Error, Result,
    rules::{self, facts::StreamFacts},
    store::{StreamRecord, Tx},
};

/// Tags one edit may name or match, at most.
pub(super) const MOST: usize = 50_000;

/// What an edit did.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Edited {
    /// What was done.
    pub plan: Plan,
    /// Its journal number: what an undo names.
    pub number: i64,
}

impl Engine {
    /// What an edit would do.
    ///
    /// # Errors
    /// `NotFound`, `Denied`; `Invalid` naming the field, as the rules say.
    pub async fn plan_edit(
        &self,
        actor: &Actor,
        stream: &StreamRef,
        edit: &Edit,
    ) -> Result<Planned> {
        actor.may_write(&stream.namespace)?;
        let mut tx = self.store().read().await?;
        let record = load_stream(&mut tx, stream).await?;
        let (facts, mut plan) = plan(&mut tx, &record, edit).await?;
        self.check_edit(&mut tx, &record, &facts, &plan).await?;
        let moved = tx.moves_elsewhere(stream, &plan.changes).await?;
        plan.warnings.extend(moved_elsewhere(&moved));
        Planned::new(plan)
    }

    /// Does an edit: plans again under the stream's lock, then applies. What has to be imported again is.
    ///
    /// # Errors
    /// As [`Engine::plan_edit`]; `Conflict` when the plan is not the one `token` confirms.
    pub async fn edit(
        &self,
        actor: &Actor,
        stream: &StreamRef,
        edit: &Edit,
        token: &str,
    ) -> Result<Edited> {
        actor.may_write(&stream.namespace)?;
        let mut tx = self.store().write().await?;
        let record = locked_stream(&mut tx, stream).await?;
        let (facts, plan) = plan(&mut tx, &record, edit).await?;
        self.check_edit(&mut tx, &record, &facts, &plan).await?;
        let plan = Planned::new(plan)?.confirmed(token)?;
        let ctx = self.write_context(actor, cause(edit));
        tx.apply(&record, &facts, &plan.changes, &ctx).await?;
        let again = match edit {
            Edit::Policies { .. } | Edit::Undo { .. } | Edit::StreamInsecure { .. } => {
                again(&mut tx, &record, &plan.changes).await?
            }
            Edit::Release { tag } if external(&facts, tag) => vec![tag.clone()],
            Edit::Release { .. }
            | Edit::Rollback { .. }
            | Edit::StreamFreshness { .. }
            | Edit::StreamPeriod { .. } => Vec::new(),
        };
        if !again.is_empty() {
            let record = load_stream(&mut tx, stream).await?;
            self.insert_again(&mut tx, actor, &record, &again).await?;
        }
        let number = tx.number().await?;
        tx.commit().await?;
        self.wake();
        Ok(Edited { plan, number })
    }

    /// Refuses an edit that brings in a registry, or a way to connect to one, that is not allowed.
    pub(super) async fn check_edit(
        &self,
        tx: &mut Tx,
        record: &StreamRecord,
        facts: &StreamFacts,
        plan: &Plan,
    ) -> Result<()> {
        self.check_changes(facts, &plan.changes, "policy")?;
        let loosens = |change: &Change| matches!(change, Change::SetInsecure { after: true, .. });
        if plan.changes.iter().any(loosens) {
            // It holds for all tags, so their registries must allow it.
            for (_, reference, _) in tx.external_tags(&record.id).await? {
                let allowed = &self.config().allowed_registries;
                // One that is not allowed at all is refused when it is imported, and no reason against this.
                if let Err(error @ NotAllowed::Insecure { .. }) =
                    allowed.check(reference.host(), true)
                {
                    return Err(rules::allowed::refusal(&error, "insecure").into());
                }
            }
        }
        Ok(())
    }
}

/// The word the journal uses.
fn cause(edit: &Edit) -> &'static str {
    match edit {
        Edit::Rollback { .. } => "rollback",
        Edit::Release { .. } => "release",
        Edit::Policies { .. }
        | Edit::StreamInsecure { .. }
        | Edit::StreamFreshness { .. }
        | Edit::StreamPeriod { .. } => "policy",
        Edit::Undo { .. } => "undo",
    }
}

fn external(facts: &StreamFacts, tag: &TagName) -> bool {
    let spec = facts.tag(tag).and_then(|tag| tag.spec.as_ref());
    spec.is_some_and(|spec| matches!(spec.source, TagSource::External { .. }))
}

/// The tags that changes of policies let be imported otherwise: those whose own policy says so, and when the stream's
/// has changed, those that failed.
pub(super) async fn again(
    tx: &mut Tx,
    record: &StreamRecord,
    changes: &[Change],
) -> Result<Vec<TagName>> {
    let mut tags: BTreeSet<TagName> = rules::policy::to_import(changes).into_iter().collect();
    let of_stream = |change: &Change| matches!(change, Change::SetInsecure { .. });
    if changes.iter().any(of_stream) {
        tags.extend(tx.failed_external_tags(&record.id).await?);
    }
    Ok(tags.into_iter().collect())
}

/// Loads what an edit of one stream is about and asks the rule.
pub(super) async fn plan(
    tx: &mut Tx,
    record: &StreamRecord,
    edit: &Edit,
) -> Result<(StreamFacts, Plan)> {
    match edit {
        Edit::Rollback {
            tag,
            revision,
            after,
        } => {
            let facts = tx.facts(record, std::slice::from_ref(tag)).await?;
            if facts.tag(tag).is_none() {
                return Err(no_tag(&record.stream, tag));
            }
            let found = tx.revision(&record.id, tag, *revision).await?;
            let found = found.ok_or_else(|| {
                Error::NotFound(format!(
                    "{}:{tag} has no revision {revision}; its history lists those it has",
                    record.stream
                ))
            })?;
            let plan = rules::rollback::plan(&facts, tag, &found, *after)?;
            Ok((facts, plan))
        }
        Edit::Release { tag } => {
            let facts = tx.facts(record, std::slice::from_ref(tag)).await?;
            let plan = rules::rollback::plan_release(&facts, tag)?;
            Ok((facts, plan))
        }
        Edit::Policies { which, policies } => {
            let tags = match which {
                Which::Tags(tags) => tags.clone(),
                Which::Containing(text) => tx.tag_names(&record.id, text, MOST + 1).await?,
            };
            if tags.len() > MOST {
                return Err(Error::invalid(
                    "tag",
                    format!("more than {MOST} tags; narrow the choice and do it in parts"),
                ));
            }
            let facts = tx.facts(record, &tags).await?;
            let plan = rules::policy::plan(&facts, &tags, *policies)?;
            Ok((facts, plan))
        }
        Edit::StreamInsecure { insecure } => {
            let facts = tx.facts(record, &[]).await?;
            let hosts = tx.external_tags(&record.id).await?;
            let hosts: Vec<_> = hosts
                .into_iter()
                .map(|(tag, reference, _)| (tag, reference.host().to_owned()))
                .collect();
            let plan = rules::policy::plan_stream(&facts, *insecure, &hosts)?;
            Ok((facts, plan))
        }
        Edit::StreamFreshness { freshness } => {
            let facts = tx.facts(record, &[]).await?;
            let plan = rules::policy::plan_freshness(&record.stream, record.freshness, *freshness)?;
            Ok((facts, plan))
        }
        Edit::StreamPeriod { period } => {
            let facts = tx.facts(record, &[]).await?;
            let scheduled = tx.scheduled_tags(&record.id).await?.len();
            let plan = rules::policy::plan_period(&facts, *period, scheduled)?;
            Ok((facts, plan))
        }
        Edit::Undo { number } => {
            let done = tx.journal_number(&record.stream, *number).await?;
            if done.is_empty() {
                return Err(Error::NotFound(format!(
                    "{} has no change {number}",
                    record.stream
                )));
            }
            let tags: Vec<TagName> = done
                .iter()
                .filter_map(|change| change.tag().cloned())
                .collect();
            let facts = tx.facts(record, &tags).await?;
            let plan = rules::policy::plan_undo(&facts, record.freshness, &done)?;
            Ok((facts, plan))
        }
    }
}
