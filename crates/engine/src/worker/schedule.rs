//! Schedules: once a second, makes import jobs of the tags that are due, a job for each stream and upstream host.
//!
//! A tag keeps its place in its period, so load that was spread stays spread; a tag taken late is not taken twice. The
//! rate bounds how many tags are taken a minute: what is too much waits. Streams take turns, a tag each, and of a stream
//! the longest due goes first: many tags of one do not hold up the few of others.

use std::{collections::BTreeMap, time::Duration};

use model::{
    Reference, TagName,
    job::{ItemState, JobKind},
    narrow::Narrow,
    policy::ReferencePolicy,
    policy::Schedule,
};

use crate::{
    Engine, Result,
    clock::jitter,
    store::{DueTag, NewItem, NewJob},
};

/// How often due tags are looked for.
const TICK: Duration = Duration::from_secs(1);
/// Tags taken in one transaction, at most.
const MOST: u32 = 1_000;
/// How soon a tag is tried again when an import of its stream and host by schedule is still under way.
const AGAIN: Duration = Duration::from_secs(30);

/// How many tags may still be taken: `rate` a minute, saved up for two minutes at most.
struct Budget {
    rate: Option<u32>,
    left: f64,
}

impl Budget {
    fn new(rate: Option<u32>) -> Self {
        let left = rate.map_or(0.0, |rate| f64::from(rate) / 60.0);
        Self { rate, left }
    }

    fn earn(&mut self, time: Duration) {
        if let Some(rate) = self.rate {
            let rate = f64::from(rate);
            self.left = (self.left + rate * time.as_secs_f64() / 60.0).min(rate * 2.0);
        }
    }

    fn available(&self) -> u32 {
        match self.rate {
            None => MOST,
            #[expect(
                clippy::cast_possible_truncation,
                clippy::cast_sign_loss,
                reason = "whole tags, from 0 to MOST"
            )]
            Some(_) => self.left.clamp(0.0, f64::from(MOST)) as u32,
        }
    }

    fn spend(&mut self, tags: usize) {
        self.left -= f64::from(u32::try_from(tags).unwrap_or(u32::MAX));
    }
}

impl Engine {
    /// Looks for due tags once a tick until the engine stops.
    pub(super) async fn keep_schedules(self) {
        let stop = self.stopping();
        let mut budget = Budget::new(self.config().imports_per_minute);
        let mut ticks = tokio::time::interval(TICK);
        ticks.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
        loop {
            tokio::select! {
                _ = ticks.tick() => budget.earn(TICK),
                () = stop.cancelled() => return,
            }
            match self.schedule_due(budget.available()).await {
                Ok(taken) => budget.spend(taken),
                Err(error) => {
                    tracing::error!(%error, "could not look for scheduled imports; trying again");
                }
            }
        }
    }

    /// Makes import jobs of at most `limit` tags that are due. Returns of how many.
    ///
    /// # Errors
    /// When the database refuses; then what was made is told by no number.
    pub async fn schedule_due(&self, limit: u32) -> Result<usize> {
        let mut made = 0;
        let limit = usize::try_from(limit).unwrap_or(usize::MAX);
        // Those that wait for an earlier look at their stream and host take no turn from others.
        while made < limit {
            let (taken, scheduled) = self.schedule_some(limit - made).await?;
            made += scheduled;
            if taken == 0 || taken == scheduled {
                break;
            }
        }
        if made > 0 {
            self.wake();
        }
        Ok(made)
    }

    /// Takes at most `limit` due tags; returns how many were there, and of how many jobs were made.
    async fn schedule_some(&self, limit: usize) -> Result<(usize, usize)> {
        let now = self.clock().now();
        if !self.store().read().await?.any_due(now).await? {
            return Ok((0, 0));
        }
        let mut tx = self.store().write().await?;
        let limit = i64::try_from(limit).unwrap_or(i64::MAX);
        let taken = tx.take_due_tags(now, now + AGAIN, limit).await?;
        let (count, mut scheduled) = (taken.len(), 0);
        let mut groups: BTreeMap<(String, String), Vec<(Reference, DueTag)>> = BTreeMap::new();
        let mut without_spec: BTreeMap<String, Vec<TagName>> = BTreeMap::new();
        for tag in taken {
            if let Some(reference) = tag.reference.clone() {
                let key = (tag.stream_id.clone(), reference.host().to_owned());
                groups.entry(key).or_default().push((reference, tag));
            } else {
                without_spec.entry(tag.stream_id).or_default().push(tag.tag);
            }
        }
        for (stream_id, tags) in without_spec {
            let waiting = self.retry_as_asked(&mut tx, &stream_id, &tags).await?;
            let tried: Vec<_> = tags
                .iter()
                .filter(|tag| !waiting.contains(tag))
                .map(|tag| (tag, None))
                .collect();
            scheduled += tried.len();
            tx.set_due(&stream_id, &tried).await?;
        }
        for ((stream_id, host), tags) in groups {
            let wanted: Vec<_> = tags.iter().filter(|(_, tag)| !tag.settled).collect();
            let mut waits = false;
            if let Some((first, _)) = wanted.first() {
                let job = NewJob {
                    id: self.clock().id(),
                    dedup_key: format!("{stream_id}|schedule|{host}"),
                    stream_id: stream_id.clone(),
                    source: first.without_tag(),
                    all_tags: false,
                    narrow: Narrow::default(),
                    listed: true,
                    insecure: false,
                    schedule: Schedule::Never,
                    reference_policy: ReferencePolicy::Source,
                    mode: None,
                    platform: <[String; 2]>::default(),
                    kind: JobKind::Schedule,
                    creates_stream: false,
                    actor: String::new(),
                };
                let items: Vec<NewItem> = wanted
                    .iter()
                    .map(|(reference, tag)| NewItem {
                        tag: tag.tag.clone(),
                        reference: reference.clone(),
                        // The tag's own policy holds.
                        insecure: false,
                        state: ItemState::Pending,
                    })
                    .collect();
                let id = tx.insert_job(&job, now).await?;
                if id == job.id {
                    tx.insert_items(&id, &items).await?;
                } else {
                    waits = true;
                }
            }
            // Those that wait keep the short time they were put off by.
            if !waits {
                scheduled += tags.len();
                let period = self.config().schedule_interval;
                let next: Vec<_> = tags
                    .iter()
                    .map(|(_, tag)| (&tag.tag, tag.next(period, now, jitter() * 2.0 - 1.0)))
                    .collect();
                tx.set_due(&stream_id, &next).await?;
            }
        }
        tx.commit().await?;
        Ok((count, scheduled))
    }
}
