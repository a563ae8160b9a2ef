//! Writes changes: the one place where streams, tags, revisions and conditions are modified.
//!
//! Changes are folded over the loaded facts first, then written with as few statements as rows allow.

use std::{
    collections::{BTreeMap, BTreeSet},
    time::Duration,
};

use chrono::{DateTime, Utc};
use model::{Change, TagName, TagSource, TagSpec, policy::Schedule, tag::Hold, version::sort_key};
use sha2::{Digest as _, Sha256};

use super::{StreamRecord, Tx, on, row};
use crate::{
    error::{Error, Result},
    rules::facts::{HeadFacts, StreamFacts, TagFacts},
};

/// Who changes something, when and for which import.
#[derive(Debug, Clone)]
pub struct WriteContext {
    /// Now.
    pub now: DateTime<Utc>,
    /// The user's name.
    pub actor: String,
    /// What the journal says was done: `tag`, `import`, `delete`, `create`.
    pub cause: &'static str,
    /// The import, if it is one.
    pub job_id: Option<String>,
    /// The period of tags that are scheduled without one of their own.
    pub period: Duration,
}

impl WriteContext {
    /// When a tag that is newly scheduled is looked at first: somewhere within its period, by its name, so that tags
    /// scheduled together do not come together for ever.
    fn first_due(
        &self,
        stream_id: &str,
        tag: &TagName,
        schedule: Schedule,
    ) -> Option<DateTime<Utc>> {
        let period = schedule.period(self.period)?;
        Some(self.now + period.mul_f64(spread(stream_id, tag.as_str())))
    }
}

/// A fraction of a period, from 0 up to 1, the same for the same tag.
fn spread(stream_id: &str, tag: &str) -> f64 {
    let hash = Sha256::digest(format!("{stream_id} {tag}"));
    f64::from(u16::from_be_bytes([hash[0], hash[1]])) / 65_536.0
}

struct NewRevision {
    tag: TagName,
    head: HeadFacts,
    cause: model::Cause,
    /// The head keeps its number: only its reference and generation change.
    in_place: bool,
}

impl Tx {
    /// Makes a stream (and its namespace); the change goes to the journal.
    ///
    /// # Errors
    /// When the database refuses, also because the stream exists.
    pub async fn create_stream(
        &mut self,
        id: &str,
        stream: &model::StreamRef,
        change: Change,
        ctx: &WriteContext,
    ) -> Result<()> {
        let Change::CreateStream { source, insecure } = &change else {
            return Err(Error::inconsistent(
                "create_stream was given another change",
            ));
        };
        self.ensure_namespace(&stream.namespace, ctx.now).await?;
        self.insert_stream(id, stream, source.as_ref(), *insecure, ctx.now)
            .await?;
        self.append(ctx.now, stream, &ctx.actor, ctx.cause, &[change])
            .await
    }

    /// Applies changes to a locked stream, and moves the tags of other streams that follow the moved ones. `facts` must
    /// hold every tag they touch, as loaded in this transaction.
    ///
    /// # Errors
    /// When the database refuses.
    pub async fn apply(
        &mut self,
        record: &StreamRecord,
        facts: &StreamFacts,
        changes: &[Change],
        ctx: &WriteContext,
    ) -> Result<()> {
        self.apply_here(record, facts, changes, ctx).await?;
        self.cascade(&record.stream, changes, ctx).await
    }

    /// Applies changes to one stream.
    pub(super) async fn apply_here(
        &mut self,
        record: &StreamRecord,
        facts: &StreamFacts,
        changes: &[Change],
        ctx: &WriteContext,
    ) -> Result<()> {
        if changes.is_empty() {
            return Ok(());
        }
        let mut tags: BTreeMap<TagName, TagFacts> = BTreeMap::new();
        let mut deleted: BTreeSet<TagName> = BTreeSet::new();
        let mut revisions = Vec::new();
        let mut source = record.source.clone();
        let mut insecure = record.insecure;
        let mut freshness = record.freshness;
        let mut period = record.period;
        let mut meta = record.meta.clone();
        let mut generation = record.generation;
        for change in changes {
            let mut tag = |name: &TagName| -> TagFacts {
                tags.remove(name)
                    .or_else(|| facts.tag(name).cloned())
                    .unwrap_or_default()
            };
            match change {
                Change::CreateStream { .. } => {}
                Change::DeleteStream { .. } => {
                    self.remove_stream(&record.id).await?;
                    return self
                        .append(ctx.now, &record.stream, &ctx.actor, ctx.cause, changes)
                        .await;
                }
                Change::SetSource { after, .. } => source.clone_from(after),
                Change::SetInsecure { after, .. } => insecure = *after,
                Change::SetFreshness { after, .. } => freshness = *after,
                Change::SetPeriod { after, .. } => period = *after,
                Change::SetMeta { before, after } => {
                    // Of what is noted, only this is a part of what the stream should be.
                    if before.lookup_local != after.lookup_local {
                        generation = generation.max(record.generation + 1);
                    }
                    meta = after.clone();
                }
                Change::SetHold {
                    tag: name, after, ..
                } => {
                    let mut row = tag(name);
                    row.hold = after.then(|| Hold {
                        since: ctx.now,
                        by: ctx.actor.clone(),
                    });
                    tags.insert(name.clone(), row);
                }
                Change::SetSpec {
                    tag: name,
                    before,
                    after,
                } => {
                    let mut row = tag(name);
                    generation = generation.max(after.generation);
                    // A policy alone asks for no import, but it is a change of what the stream should be.
                    if before.as_ref().map(|before| before.generation) == Some(after.generation) {
                        generation = generation.max(record.generation + 1);
                    }
                    row.spec = Some(after.clone());
                    tags.insert(name.clone(), row);
                }
                Change::MoveHead {
                    tag: name,
                    after,
                    reference,
                    generation: made,
                    cause,
                    ..
                } => {
                    let mut row = tag(name);
                    generation = generation.max(*made);
                    let in_place = row.head.as_ref().is_some_and(|head| head.digest == *after);
                    let number =
                        row.head.as_ref().map_or(0, |head| head.number) + i64::from(!in_place);
                    let created_at = row
                        .head
                        .as_ref()
                        .filter(|_| in_place)
                        .map_or(ctx.now, |head| head.created_at);
                    let head = HeadFacts {
                        digest: after.clone(),
                        reference: reference.clone(),
                        number,
                        generation: *made,
                        created_at,
                    };
                    row.head = Some(head.clone());
                    revisions.push(NewRevision {
                        tag: name.clone(),
                        head,
                        cause: *cause,
                        in_place,
                    });
                    tags.insert(name.clone(), row);
                }
                Change::SetCondition { tag: name, after } => {
                    let mut row = tag(name);
                    row.condition.clone_from(after);
                    tags.insert(name.clone(), row);
                }
                Change::DeleteTag { tag: name, .. } => {
                    tags.remove(name);
                    deleted.insert(name.clone());
                    generation = record.generation + 1;
                }
            }
        }
        let own = period.map(|seconds| Duration::from_secs(seconds.into()));
        let ctx = &WriteContext {
            period: own.unwrap_or(ctx.period),
            ..ctx.clone()
        };
        self.upsert_tags(&record.id, facts, &tags, ctx).await?;
        if period != record.period {
            self.reschedule(&record.id, ctx).await?;
        }
        self.write_revisions(&record.id, &revisions, ctx).await?;
        self.write_conditions(&record.id, facts, &tags).await?;
        self.remove_tags(&record.id, &deleted).await?;
        let counts = differences(facts, &tags, &deleted);
        let after = StreamRecord {
            generation,
            source,
            insecure,
            freshness,
            period,
            meta,
            ..record.clone()
        };
        self.touch_stream(&after, counts, ctx.now).await?;
        self.append(ctx.now, &record.stream, &ctx.actor, ctx.cause, changes)
            .await
    }

    async fn upsert_tags(
        &mut self,
        stream_id: &str,
        facts: &StreamFacts,
        tags: &BTreeMap<TagName, TagFacts>,
        ctx: &WriteContext,
    ) -> Result<()> {
        let rows: Vec<_> = tags.iter().collect();
        for chunk in rows.chunks(500) {
            on!(self, |conn| {
                let mut query = sqlx::QueryBuilder::new(
                    "INSERT INTO tags (stream_id, name, sort_key, source_kind, source_reference, source_stream,
                    source_tag, source_digest, source_since, import_mode, annotations, insecure, reference_policy, schedule, generation, head_digest, head_reference,
                    head_number, head_generation, head_created_at, held_at, held_by) ",
                );
                query.push_values(chunk, |mut row, (name, tag)| {
                    let spec = tag.spec.as_ref();
                    let head = tag.head.as_ref();
                    let source = columns(spec.map(|spec| &spec.source));
                    row.push_bind(stream_id)
                        .push_bind(name.as_str())
                        .push_bind(sort_key(name.as_str()))
                        .push_bind(spec.map(|spec| spec.source.kind()))
                        .push_bind(source.reference)
                        .push_bind(source.stream)
                        .push_bind(source.tag)
                        .push_bind(source.digest)
                        .push_bind(source.since)
                        .push_bind(spec.map(TagSpec::mode).unwrap_or_default().as_str())
                        .push_bind(
                            spec.map_or_else(String::new, |spec| row::json(&spec.annotations)),
                        )
                        .push_bind(spec.is_some_and(|spec| spec.insecure))
                        .push_bind(
                            spec.map(|spec| spec.reference_policy)
                                .unwrap_or_default()
                                .as_str(),
                        )
                        .push_bind(spec.map(TagSpec::schedule).unwrap_or_default().word())
                        .push_bind(spec.map(|spec| spec.generation))
                        .push_bind(head.map(|head| head.digest.as_str()))
                        .push_bind(head.map(|head| head.reference.to_string()))
                        .push_bind(head.map_or(0, |head| head.number))
                        .push_bind(head.map(|head| head.generation))
                        .push_bind(head.map(|head| head.created_at))
                        .push_bind(tag.hold.as_ref().map(|hold| hold.since))
                        .push_bind(tag.hold.as_ref().map_or("", |hold| hold.by.as_str()));
                });
                query.push(
                    " ON CONFLICT (stream_id, name) DO UPDATE SET source_kind = excluded.source_kind,
                    source_reference = excluded.source_reference, source_stream = excluded.source_stream,
                    source_tag = excluded.source_tag, source_digest = excluded.source_digest,
                    source_since = excluded.source_since, import_mode = excluded.import_mode,
                    annotations = excluded.annotations, insecure = excluded.insecure,
                    reference_policy = excluded.reference_policy, schedule = excluded.schedule,
                    generation = excluded.generation, head_digest = excluded.head_digest,
                    head_reference = excluded.head_reference, head_number = excluded.head_number,
                    head_generation = excluded.head_generation, head_created_at = excluded.head_created_at,
                    held_at = excluded.held_at, held_by = excluded.held_by",
                );
                query.build().execute(conn).await?;
            });
        }
        // A schedule that is new, other or stopped by a hold: its next look is another one.
        let plan = |tag: Option<&TagFacts>| {
            tag.filter(|tag| tag.hold.is_none())
                .and_then(|tag| tag.spec.as_ref())
                .map_or(Schedule::Never, TagSpec::schedule)
        };
        let due: Vec<_> = tags
            .iter()
            .filter_map(|(name, tag)| {
                let schedule = plan(Some(tag));
                // What is imported from elsewhere now is not tried again as it was.
                let source = |tag: Option<&TagFacts>| {
                    let spec = tag.and_then(|tag| tag.spec.as_ref());
                    spec.map(|spec| columns(Some(&spec.source)))
                };
                let other =
                    facts.tag(name).is_some() && source(facts.tag(name)) != source(Some(tag));
                (plan(facts.tag(name)) != schedule || other)
                    .then(|| (name, ctx.first_due(stream_id, name, schedule)))
            })
            .collect();
        self.set_first_due(stream_id, &due).await
    }

    /// Gives the tags that are scheduled without a period of their own their next look by another period.
    async fn reschedule(&mut self, stream_id: &str, ctx: &WriteContext) -> Result<()> {
        let tags = self.scheduled_tags(stream_id).await?;
        let due: Vec<_> = tags
            .iter()
            .map(|tag| (tag, ctx.first_due(stream_id, tag, Schedule::Global)))
            .collect();
        self.set_first_due(stream_id, &due).await
    }

    async fn write_revisions(
        &mut self,
        stream_id: &str,
        all: &[NewRevision],
        ctx: &WriteContext,
    ) -> Result<()> {
        for revision in all.iter().filter(|revision| revision.in_place) {
            const SQL: &str = "UPDATE revisions SET reference = $4, generation = $5
                WHERE stream_id = $1 AND tag = $2 AND number = $3";
            on!(self, |conn| {
                sqlx::query(SQL)
                    .bind(stream_id)
                    .bind(revision.tag.as_str())
                    .bind(revision.head.number)
                    .bind(revision.head.reference.to_string())
                    .bind(revision.head.generation)
                    .execute(conn)
                    .await?;
            });
        }
        let new: Vec<_> = all.iter().filter(|revision| !revision.in_place).collect();
        for chunk in new.chunks(500) {
            on!(self, |conn| {
                let mut query = sqlx::QueryBuilder::new(
                    "INSERT INTO revisions (stream_id, tag, number, digest, reference, generation, cause, actor,
                    job_id, created_at) ",
                );
                query.push_values(chunk, |mut row, revision| {
                    row.push_bind(stream_id)
                        .push_bind(revision.tag.as_str())
                        .push_bind(revision.head.number)
                        .push_bind(revision.head.digest.as_str())
                        .push_bind(revision.head.reference.to_string())
                        .push_bind(revision.head.generation)
                        .push_bind(revision.cause.as_str())
                        .push_bind(ctx.actor.as_str())
                        .push_bind(ctx.job_id.as_deref())
                        .push_bind(revision.head.created_at);
                });
                query.build().execute(conn).await?;
            });
        }
        Ok(())
    }

    async fn write_conditions(
        &mut self,
        stream_id: &str,
        facts: &StreamFacts,
        tags: &BTreeMap<TagName, TagFacts>,
    ) -> Result<()> {
        let before = |name: &TagName| facts.tag(name).and_then(|tag| tag.condition.as_ref());
        for name in tags
            .iter()
            .filter(|(name, tag)| tag.condition.is_none() && before(name).is_some())
        {
            const SQL: &str = "DELETE FROM conditions WHERE stream_id = $1 AND tag = $2";
            on!(self, |conn| {
                sqlx::query(SQL)
                    .bind(stream_id)
                    .bind(name.0.as_str())
                    .execute(conn)
                    .await?;
            });
        }
        let set: Vec<_> = tags
            .iter()
            .filter_map(|(name, tag)| tag.condition.as_ref().map(|condition| (name, condition)))
            .filter(|(name, condition)| before(name) != Some(condition))
            .collect();
        for chunk in set.chunks(500) {
            on!(self, |conn| {
                let mut query = sqlx::QueryBuilder::new(
                    "INSERT INTO conditions (stream_id, tag, reason, message, hint, generation, since) ",
                );
                query.push_values(chunk, |mut row, (name, condition)| {
                    row.push_bind(stream_id)
                        .push_bind(name.as_str())
                        .push_bind(condition.reason.as_str())
                        .push_bind(condition.message.as_str())
                        .push_bind(condition.hint.as_str())
                        .push_bind(condition.generation)
                        .push_bind(condition.since);
                });
                query.push(
                    " ON CONFLICT (stream_id, tag) DO UPDATE SET reason = excluded.reason,
                    message = excluded.message, hint = excluded.hint, generation = excluded.generation,
                    since = excluded.since",
                );
                query.build().execute(conn).await?;
            });
        }
        Ok(())
    }

    async fn remove_tags(&mut self, stream_id: &str, names: &BTreeSet<TagName>) -> Result<()> {
        const SQL: &str = "DELETE FROM tags WHERE stream_id = $1 AND name = $2";
        for name in names {
            on!(self, |conn| {
                sqlx::query(SQL)
                    .bind(stream_id)
                    .bind(name.as_str())
                    .execute(conn)
                    .await?;
            });
        }
        Ok(())
    }
}

/// The columns of a source.
#[derive(Default, PartialEq, Eq)]
struct SourceColumns {
    reference: Option<String>,
    stream: Option<String>,
    tag: Option<String>,
    digest: Option<String>,
    since: Option<DateTime<Utc>>,
}

fn columns(source: Option<&TagSource>) -> SourceColumns {
    let mut columns = SourceColumns::default();
    match source {
        Some(TagSource::External { reference, .. }) => {
            columns.reference = Some(reference.to_string());
        }
        Some(TagSource::Reference { reference, since }) => {
            columns.reference = Some(reference.to_string());
            columns.since = Some(*since);
        }
        Some(TagSource::Follow { stream, tag }) => {
            columns.stream = stream.as_ref().map(ToString::to_string);
            columns.tag = Some(tag.to_string());
        }
        Some(TagSource::Fixed { stream, digest }) => {
            columns.stream = stream.as_ref().map(ToString::to_string);
            columns.digest = Some(digest.to_string());
        }
        Some(TagSource::Pushed) | None => {}
    }
    columns
}

/// How the counts beside the stream change: tags, failed, insecure.
fn differences(
    facts: &StreamFacts,
    tags: &BTreeMap<TagName, TagFacts>,
    deleted: &BTreeSet<TagName>,
) -> [i64; 3] {
    let count = |tag: Option<&TagFacts>| {
        tag.map_or([0; 3], |tag| {
            let insecure = tag.spec.as_ref().is_some_and(|spec| spec.insecure);
            [1, i64::from(tag.condition.is_some()), i64::from(insecure)]
        })
    };
    let mut total = [0; 3];
    let pairs = tags
        .iter()
        .map(|(name, tag)| (count(facts.tag(name)), count(Some(tag))))
        .chain(deleted.iter().map(|name| (count(facts.tag(name)), [0; 3])));
    for (before, after) in pairs {
        for (sum, (before, after)) in total.iter_mut().zip(before.into_iter().zip(after)) {
            *sum += after - before;
        }
    }
    total
}
