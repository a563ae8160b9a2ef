//! Background workers: claim a job, hold its lease, run it, end it or hand it back.
//!
//! Workers do what people ask for. What schedules ask for mostly waits for upstreams, so much of it runs side by side,
//! apart from them; of one host a few jobs at once, so that others are asked while it is slow.
//!
//! A job is claimed by one statement, so two workers never run the same one. While it runs, its lease is prolonged;
//! a worker that dies leaves a lease that runs out, and another one goes on where it stopped: every step of a job is
//! idempotent. Workers wait on "woken, or a period, or the end".

mod import;
mod mirror;
mod schedule;
mod write;

use std::{sync::Arc, time::Duration};

use futures::future::BoxFuture;
use model::job::{JobKind, JobState};
use tokio::sync::{Notify, Semaphore};
use tokio_util::sync::CancellationToken;

use crate::{
    Engine, Error, Result,
    error::caught,
    store::{Claim, JobRecord, MOST_ATTEMPTS, wait},
};

/// How long a worker may be silent before its job is taken over.
const LEASE: chrono::Duration = chrono::Duration::seconds(10);
/// How often a running job's lease is prolonged and a wish to cancel is looked for.
const HEARTBEAT: Duration = Duration::from_secs(2);
/// How often an idle worker looks for jobs it was not woken for: those of a worker that died.
const PERIOD: Duration = Duration::from_secs(2);

/// How often uploads nobody goes on with and old jobs are looked for, and what is stored is measured.
const TIDY: Duration = Duration::from_secs(60);
/// Jobs of schedules that run side by side in this process.
const LOOKS: usize = 32;
/// Of these, jobs that ask one host: of all processes together.
const LOOKS_PER_HOST: i64 = 8;

/// How a run of a job ended.
enum Ended {
    /// It is over, or waits for its next try: its state is written.
    Final,
    /// The process stops: hand it back.
    Stopped,
}

impl Engine {
    /// Starts the configured number of background workers, and with them the schedules.
    pub fn start_workers(&self) {
        for _ in 0..self.config().workers {
            self.lasting(Self::work);
        }
        if self.config().workers > 0 {
            self.lasting(Self::keep_schedules);
            self.lasting(Self::keep_tidy);
            self.lasting(Self::look);
        }
    }

    /// Runs in the background what only a stop ends: a panic is logged, and it begins anew.
    pub(crate) fn lasting<F: Future<Output = ()> + Send + 'static>(&self, task: fn(Self) -> F) {
        let engine = self.clone();
        self.spawn(async move {
            let stop = engine.stopping();
            while let Err(error) = caught("working in the background", task(engine.clone())).await {
                tracing::error!(%error, "background work broke off; it begins anew");
                tokio::select! {
                    () = tokio::time::sleep(PERIOD) => {}
                    () = stop.cancelled() => {}
                }
            }
        });
    }

    /// Runs every job that is due now, and those they make, until none is left. For tests and one-shot commands.
    ///
    /// # Errors
    /// When the database refuses.
    pub async fn run_jobs(&self) -> Result<()> {
        while let Some(id) = self.claim(Claim::Any).await? {
            self.run(&id).await?;
        }
        Ok(())
    }

    /// Removes now and then what nobody goes on with, until the engine stops.
    async fn keep_tidy(self) {
        let stop = self.stopping();
        let mut turns = tokio::time::interval(TIDY);
        loop {
            tokio::select! {
                _ = turns.tick() => {}
                () = stop.cancelled() => return,
            }
            match self.remove_abandoned_uploads().await {
                Ok(0) => {}
                Ok(removed) => tracing::info!(removed, "removed uploads nobody went on with"),
                Err(error) => tracing::warn!(%error, "could not look for abandoned uploads"),
            }
            match self.forget_old_jobs().await {
                Ok(0) => {}
                Ok(forgotten) => tracing::info!(forgotten, "forgot jobs that ended long ago"),
                Err(error) => tracing::warn!(%error, "could not forget old jobs"),
            }
            if let Err(error) = self.measure_storage().await {
                tracing::warn!(%error, "could not measure what is stored");
            }
        }
    }

    async fn work(self) {
        let stop = self.stopping();
        while !stop.is_cancelled() {
            // Registered before looking, so a wake-up in between is not lost.
            let woken = self.woken();
            let found = match self.claim(Claim::Asked).await {
                Ok(Some(id)) => self.run(&id).await.map(|()| true),
                Ok(None) => Ok(false),
                Err(error) => Err(error),
            };
            match found {
                Ok(true) => continue,
                Ok(false) => {}
                Err(error) => {
                    tracing::error!(%error, "a worker could not use the database; it tries again")
                }
            }
            tokio::select! {
                () = woken => {}
                () = tokio::time::sleep(PERIOD) => {}
                () = stop.cancelled() => {}
            }
        }
    }

    /// Runs what schedules ask for, side by side.
    async fn look(self) {
        let stop = self.stopping();
        let places = Arc::new(Semaphore::new(LOOKS));
        // An ended job leaves room for another one of its host.
        let ended = Arc::new(Notify::new());
        while !stop.is_cancelled() {
            let place = tokio::select! {
                place = Arc::clone(&places).acquire_owned() => place,
                () = stop.cancelled() => return,
            };
            let woken = self.woken();
            match self.claim(Claim::Scheduled).await {
                Ok(Some(id)) => {
                    let (engine, ended) = (self.clone(), Arc::clone(&ended));
                    self.spawn(async move {
                        if let Err(error) = engine.run(&id).await {
                            tracing::error!(job.id = id, %error, "a scheduled import could not use the database");
                        }
                        drop(place);
                        ended.notify_one();
                    });
                    continue;
                }
                Ok(None) => {}
                Err(error) => {
                    tracing::error!(%error, "could not use the database for scheduled imports; trying again");
                }
            }
            tokio::select! {
                () = woken => {}
                () = ended.notified() => {}
                () = tokio::time::sleep(PERIOD) => {}
                () = stop.cancelled() => {}
            }
        }
    }

    async fn claim(&self, kind: Claim) -> Result<Option<String>> {
        let now = self.clock().now();
        let mut tx = self.store().write().await?;
        let lease = now + LEASE;
        let id = tx
            .claim_job(self.owner(), now, lease, kind, LOOKS_PER_HOST)
            .await?;
        tx.commit().await?;
        Ok(id)
    }

    /// Claims a job that waits. False when somebody has it.
    pub(crate) async fn claim_this(&self, id: &str) -> Result<bool> {
        let now = self.clock().now();
        let mut tx = self.store().write().await?;
        let ours = tx
            .claim_this_job(id, self.owner(), now, now + LEASE)
            .await?;
        tx.commit().await?;
        Ok(ours)
    }

    /// Runs one claimed job under its lease. Boxed: a mirror pulls, and a pull may run an import.
    pub(crate) fn run<'a>(&'a self, id: &'a str) -> BoxFuture<'a, Result<()>> {
        Box::pin(self.run_leased(id))
    }

    async fn run_leased(&self, id: &str) -> Result<()> {
        let cancel = CancellationToken::new();
        let _registered = self.running(id, cancel.clone());
        let lost = CancellationToken::new();
        tracing::info!(job.id = id, "job started");
        let heartbeat = self.keep(id, &cancel, &lost);
        let ended = tokio::select! {
            ended = caught("running a job", self.run_kind(id, &cancel)) => ended.flatten(),
            () = heartbeat => Ok(Ended::Stopped),
            () = lost.cancelled() => {
                tracing::warn!(job.id = id, "another worker took this job over");
                return Ok(());
            }
            () = self.stopping().cancelled_owned() => Ok(Ended::Stopped),
        };
        match ended {
            Ok(Ended::Final) => tracing::info!(job.id = id, "job ended"),
            Ok(Ended::Stopped) => {
                let mut tx = self.store().write().await?;
                tx.hand_back(id, self.owner(), self.clock().now()).await?;
                tx.commit().await?;
                tracing::info!(job.id = id, "job handed back");
            }
            // The stream is gone, or the job was taken over between two heartbeats: what was in hand was not written.
            Err(Error::Conflict(reason)) => {
                tracing::warn!(job.id = id, reason, "this worker does not go on with a job")
            }
            Err(error) => {
                tracing::error!(job.id = id, %error, "a job failed");
                self.put_off_or_end(id).await?;
            }
        }
        Ok(())
    }

    /// What becomes of a job that failed for a reason of ours: it is tried again later and later, but not for ever.
    async fn put_off_or_end(&self, id: &str) -> Result<()> {
        let why = [
            "something is wrong with this server",
            "Ask its administrator to look at the log for the id of this job.",
        ];
        let mut tx = self.store().write().await?;
        // Ended, deleted, or somebody else's by now.
        let Some(attempts) = tx.attempts(id, self.owner()).await? else {
            return Ok(());
        };
        if attempts < MOST_ATTEMPTS {
            let next = self.clock().now() + wait(attempts);
            tx.put_off(id, self.owner(), next, why).await?;
            return tx.commit().await;
        }
        let job = tx.job_record(id).await?;
        drop(tx);
        if let Some(job) = job {
            finish(self, &job, JobState::Failed, why[0], why[1]).await?;
        }
        Ok(())
    }

    async fn run_kind(&self, id: &str, cancel: &CancellationToken) -> Result<Ended> {
        let Some(job) = self.store().read().await?.job_record(id).await? else {
            return Ok(Ended::Final);
        };
        match job.kind {
            JobKind::Import | JobKind::Schedule => import::run(self, job, cancel).await,
            JobKind::Mirror => mirror::run(self, job, cancel).await,
        }
    }

    /// Prolongs the lease until the job ends or the lease is lost; passes on a wish to cancel made in another process.
    async fn keep(&self, id: &str, cancel: &CancellationToken, lost: &CancellationToken) {
        loop {
            tokio::time::sleep(HEARTBEAT).await;
            let beat = async {
                let mut tx = self.store().write().await?;
                let held = tx
                    .keep_lease(id, self.owner(), self.clock().now() + LEASE)
                    .await?;
                let record = tx.job_record(id).await?;
                tx.commit().await?;
                Ok::<_, Error>((held, record.is_some_and(|record| record.cancel_requested)))
            };
            match beat.await {
                Ok((true, wish)) => {
                    if wish {
                        cancel.cancel();
                    }
                }
                Ok((false, _)) => lost.cancel(),
                // The lease still stands for some beats; the next one may work.
                Err(error) => tracing::warn!(job.id = id, %error, "could not prolong a lease"),
            }
        }
    }
}

/// Ends a job this worker holds.
async fn finish(
    engine: &Engine,
    job: &JobRecord,
    state: JobState,
    error: &str,
    hint: &str,
) -> Result<Ended> {
    let mut tx = engine.store().write().await?;
    tx.hold(&job.id, engine.owner()).await?;
    tx.finish_job(&job.id, state, error, hint, engine.clock().now())
        .await?;
    tx.forget_surplus_jobs(&job.stream_id).await?;
    tx.commit().await?;
    metrics::counter!("weir_jobs_ended_total", "state" => state.as_str()).increment(1);
    Ok(Ended::Final)
}
