//! Jobs: list, look, cancel.

use model::{
    Page, PageRequest, StreamRef,
    job::{ItemState, JobItem, JobState, JobView},
};

use super::load_stream;
use crate::{Actor, Engine, Error, Result};

/// How long ended jobs are kept.
const KEPT: chrono::Duration = chrono::Duration::days(30);
/// Transactions of one turn of forgetting: others want to write, too.
const MOST_BATCHES: usize = 20;

impl Engine {
    /// One page of jobs, newest first; of one stream or of all.
    ///
    /// # Errors
    /// `NotFound` for a stream that is not there; `Denied` for those who are not signed in.
    pub async fn list_jobs(
        &self,
        actor: &Actor,
        stream: Option<&StreamRef>,
        state: Option<JobState>,
        page: &PageRequest,
    ) -> Result<Page<JobView>> {
        let mut tx = self.store().read().await?;
        let id = match stream {
            Some(stream) => {
                actor.may_read(&stream.namespace)?;
                Some(load_stream(&mut tx, stream).await?.id)
            }
            None => {
                actor.may_read_anywhere()?;
                None
            }
        };
        tx.list_jobs(id.as_deref(), state, page).await
    }

    /// One job.
    ///
    /// # Errors
    /// `NotFound`.
    pub async fn job(&self, actor: &Actor, id: &str) -> Result<JobView> {
        let job = self
            .store()
            .read()
            .await?
            .job_view(id)
            .await?
            .ok_or_else(|| no_job(id))?;
        actor.may_read(&job.stream.namespace)?;
        Ok(job)
    }

    /// One page of a job's tags in order; of one state or of all.
    ///
    /// # Errors
    /// `NotFound`.
    pub async fn job_items(
        &self,
        actor: &Actor,
        id: &str,
        state: Option<ItemState>,
        page: &PageRequest,
    ) -> Result<Page<JobItem>> {
        let mut tx = self.store().read().await?;
        let job = tx.job_view(id).await?.ok_or_else(|| no_job(id))?;
        actor.may_read(&job.stream.namespace)?;
        tx.list_items(id, state, page).await
    }

    /// Tags a job has dealt with, the last ones first, `most` at most.
    ///
    /// # Errors
    /// `NotFound`.
    pub async fn newest_job_items(
        &self,
        actor: &Actor,
        id: &str,
        most: usize,
    ) -> Result<Vec<JobItem>> {
        let mut tx = self.store().read().await?;
        let job = tx.job_view(id).await?.ok_or_else(|| no_job(id))?;
        actor.may_read(&job.stream.namespace)?;
        tx.newest_items(id, most).await
    }

    /// Stops a job: at once when it waits, after the tags in flight when it runs. What was imported stays.
    ///
    /// # Errors
    /// `NotFound`, `Denied`; `Conflict` when it has ended.
    pub async fn cancel_job(&self, actor: &Actor, id: &str) -> Result<()> {
        let now = self.clock().now();
        let mut tx = self.store().write().await?;
        let job = tx.job_view(id).await?.ok_or_else(|| no_job(id))?;
        actor.may_write(&job.stream.namespace)?;
        if job.state.is_final() {
            return Err(Error::Conflict(format!(
                "this job has already {}",
                ended(job.state)
            )));
        }
        if tx.request_cancel(id, now).await? {
            tx.finish_job(id, JobState::Cancelled, "", "", now).await?;
        }
        tx.commit().await?;
        self.cancelled(id);
        Ok(())
    }

    /// Forgets jobs that ended long ago, some at a time. Returns how many.
    ///
    /// # Errors
    /// When the database refuses.
    pub async fn forget_old_jobs(&self) -> Result<usize> {
        let before = self.clock().now() - KEPT;
        let mut forgotten = 0;
        for _ in 0..MOST_BATCHES {
            let ids = self.store().read().await?.old_jobs(before).await?;
            if ids.is_empty() {
                break;
            }
            let mut tx = self.store().write().await?;
            for id in &ids {
                tx.delete_job(id).await?;
            }
            tx.commit().await?;
            forgotten += ids.len();
        }
        Ok(forgotten)
    }
}

fn ended(state: JobState) -> &'static str {
    match state {
        JobState::Cancelled => "been cancelled",
        JobState::Failed => "failed",
        _ => "succeeded",
    }
}

fn no_job(id: &str) -> Error {
    Error::NotFound(format!(
        "there is no job {}; those that ended more than 30 days ago are forgotten",
        id.chars().take(64).collect::<String>()
    ))
}
