//! What an import job found, written in batches: images, then tags under the stream's lock, then the job's progress.

use std::collections::{BTreeSet, HashSet};

use chrono::{DateTime, Utc};
use model::{
    Reference, TagName, TagSource,
    job::{ItemState, JobKind},
};

use super::import::{Answer, Fetched};
use crate::{
    Engine, Error, Result,
    rules::{
        facts::StreamFacts,
        import::{Finding, Outcome, plan},
    },
    store::{ItemOutcome, JobRecord, PendingItem, StreamRecord, Tx, WriteContext},
    upstream::Failure,
};

/// What is said of a tag that somebody changed after the import was asked for.
const CHANGED: &str =
    "It was changed after this import was asked for, and stays as it was changed.";

/// Writes one batch: images, then tags under the stream's lock, then the job's progress. All or nothing.
pub(super) async fn write(
    engine: &Engine,
    job: &JobRecord,
    batch: Vec<Fetched>,
) -> Result<Option<Failure>> {
    let now = engine.clock().now();
    let mut last_failure = None;
    let mut outcomes = Vec::with_capacity(batch.len());
    let mut findings = Vec::new();
    let mut images = Vec::new();
    let mut taken = Vec::new();
    let mut may_pass = BTreeSet::new();
    for Fetched {
        item,
        answer,
        note,
        mode,
    } in batch
    {
        let finding = |outcome, mode| Finding {
            mode,
            platform: job.platform.clone(),
            tag: item.tag.clone(),
            reference: item.reference.clone(),
            insecure: item.insecure,
            schedule: job.schedule,
            reference_policy: job.reference_policy,
            explicit: job.kind == JobKind::Import && !job.all_tags,
            outcome,
            found: None,
        };
        let (state, digest, message) = match answer {
            Answer::Unchanged(digest, write) => {
                if write {
                    findings.push(finding(Outcome::Found(digest.clone()), mode));
                }
                (ItemState::Unchanged, Some(digest), note.to_owned())
            }
            Answer::Held => (ItemState::Held, None, String::new()),
            Answer::Image(digest, found, index) => {
                images.extend(found);
                taken.extend(index.map(|index| (item.tag.clone(), digest.clone(), index)));
                findings.push(finding(Outcome::Found(digest.clone()), mode));
                (ItemState::Imported, Some(digest), note.to_owned())
            }
            Answer::Failed(failure) => {
                let message = failure.message.clone();
                if failure.transient() {
                    may_pass.insert(item.tag.clone());
                }
                findings.push(finding(
                    Outcome::Failed(failure.reason, message.clone(), failure.hint.clone()),
                    mode,
                ));
                last_failure = Some(failure);
                (ItemState::Failed, None, message)
            }
        };
        outcomes.push(ItemOutcome {
            item,
            state,
            digest,
            message,
        });
    }
    let mut tx = engine.store().write().await?;
    // The job's row first, then the stream's: the same order everywhere.
    let current = tx.job_record(&job.id).await?.ok_or_else(gone)?;
    tx.insert_images(&images, now).await?;
    tx.lock_stream(&job.stream_id).await?;
    let record = tx.stream_by_id(&job.stream_id).await?.ok_or_else(gone)?;
    Engine::take_over(&mut tx, &record, &mut findings).await?;
    let names: Vec<TagName> = outcomes
        .iter()
        .map(|outcome| outcome.item.tag.clone())
        .collect();
    let facts = tx.facts(&record, &names).await?;
    let mut changed = changed_since(&mut tx, &current, &record, &facts, &findings).await?;
    let found: HashSet<&TagName> = findings.iter().map(|finding| &finding.tag).collect();
    // An answer that changes nothing says something of the tag only while that is what was asked for.
    let quiet = outcomes.iter().filter(|outcome| {
        let PendingItem { tag, reference, .. } = &outcome.item;
        !found.contains(tag)
            && match outcome.state {
                ItemState::Held => facts.tag(tag).is_none_or(|tag| tag.hold.is_none()),
                _ => !is_external(source(&facts, tag), reference),
            }
    });
    changed.extend(quiet.map(|outcome| outcome.item.tag.clone()));
    findings.retain(|finding| !changed.contains(&finding.tag));
    for outcome in &mut outcomes {
        if changed.contains(&outcome.item.tag) {
            outcome.state = ItemState::Unchanged;
            CHANGED.clone_into(&mut outcome.message);
        }
    }
    if !findings.is_empty() {
        let generation = current
            .generation
            .unwrap_or_else(|| first_generation(job, record.generation));
        let changes = plan(&facts, &findings, generation, now);
        if !changes.is_empty() {
            let ctx = context(engine, job, now);
            tx.apply(&record, &facts, &changes, &ctx).await?;
            tx.set_stream_checked(&job.stream_id, now).await?;
            if current.generation.is_none() {
                tx.set_job_generation(&job.id, generation).await?;
            }
        }
        tx.set_indexes(&job.stream_id, &taken).await?;
        // Found, but as it was: an answer without a digest header had to be fetched to know.
        for outcome in outcomes
            .iter_mut()
            .filter(|outcome| outcome.state == ItemState::Imported)
        {
            if !changes
                .iter()
                .any(|change| change.tag() == Some(&outcome.item.tag))
            {
                outcome.state = ItemState::Unchanged;
            }
        }
    }
    // What came of a tag that was changed meanwhile says nothing of what it is now.
    let told: Vec<&ItemOutcome> = outcomes
        .iter()
        .filter(|outcome| !changed.contains(&outcome.item.tag))
        .collect();
    let looked_at: Vec<&TagName> = told
        .iter()
        .filter(|outcome| outcome.state != ItemState::Held)
        .map(|outcome| &outcome.item.tag)
        .collect();
    let scheduled = job.kind == JobKind::Schedule;
    tx.set_checked(&job.stream_id, &looked_at, now, scheduled)
        .await?;
    let (passing, settled): (Vec<_>, Vec<_>) = told
        .iter()
        .map(|outcome| &outcome.item.tag)
        .partition(|tag| may_pass.contains(*tag));
    tx.set_failed(&job.stream_id, &passing, now).await?;
    tx.clear_failed(&job.stream_id, &settled).await?;
    tx.finish_items(&job.id, engine.owner(), &outcomes, now)
        .await?;
    tx.commit().await?;
    for outcome in &outcomes {
        metrics::counter!("weir_imported_tags_total", "result" => outcome.state.as_str())
            .increment(1);
    }
    Ok(last_failure)
}

/// Tags that people gave another source, or deleted, after the job was asked for: what they said last holds. So does what
/// was imported for a job that was asked for later.
async fn changed_since(
    tx: &mut Tx,
    job: &JobRecord,
    record: &StreamRecord,
    facts: &StreamFacts,
    findings: &[Finding],
) -> Result<HashSet<TagName>> {
    let mut changed = match findings
        .iter()
        .any(|found| source(facts, &found.tag).is_none())
    {
        true => tx.deleted_after(record, job.created_at).await?,
        false => HashSet::new(),
    };
    changed.retain(|tag| source(facts, tag).is_none());
    let mut newest = None;
    for Finding { tag, reference, .. } in findings {
        match source(facts, tag) {
            None => continue,
            has if is_external(has, reference) => continue,
            Some(_) => {}
        }
        let number = match newest {
            Some(number) => number,
            None => *newest.insert(tx.number_about(job.created_at).await?),
        };
        let asked = (job.created_at, number);
        if tx.changed_by_others(record, tag, asked).await? {
            changed.insert(tag.clone());
        }
    }
    Ok(changed)
}

fn source<'a>(facts: &'a StreamFacts, tag: &TagName) -> Option<&'a TagSource> {
    let spec = facts.tag(tag).and_then(|tag| tag.spec.as_ref());
    spec.map(|spec| &spec.source)
}

/// Whether a tag is imported from there.
fn is_external(source: Option<&TagSource>, asked: &Reference) -> bool {
    matches!(source, Some(TagSource::External { reference, .. }) if reference == asked)
}

pub(super) fn gone() -> Error {
    Error::Conflict("the stream was deleted".into())
}

/// The first import of a stream made for it is generation 1; any other is one more than the stream has.
fn first_generation(job: &JobRecord, stream: i64) -> i64 {
    if job.creates_stream && stream == 1 {
        1
    } else {
        stream + 1
    }
}

fn context(engine: &Engine, job: &JobRecord, now: DateTime<Utc>) -> WriteContext {
    WriteContext {
        now,
        actor: job.actor.clone(),
        cause: "import",
        job_id: Some(job.id.clone()),
        period: engine.config().schedule_interval,
    }
}
