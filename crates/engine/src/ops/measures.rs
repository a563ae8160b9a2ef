//! Figures that are looked up when metrics are read.

use model::job::JobKind;

use crate::{Actor, Engine, Result};

impl Engine {
    /// Sets the gauges of jobs that wait or run.
    ///
    /// # Errors
    /// `Denied` for those who are not signed in.
    pub async fn measure_jobs(&self, actor: &Actor) -> Result<()> {
        actor.may_read_anywhere()?;
        let counts = self.store().read().await?.active_jobs().await?;
        for kind in [JobKind::Import, JobKind::Schedule, JobKind::Mirror] {
            for state in ["queued", "running"] {
                let count = counts
                    .iter()
                    .find(|(of, is, _)| of == kind.as_str() && is == state)
                    .map_or(0, |(_, _, count)| *count);
                let count = u32::try_from(count).unwrap_or(u32::MAX);
                metrics::gauge!("weir_jobs", "kind" => kind.as_str(), "state" => state)
                    .set(f64::from(count));
            }
        }
        Ok(())
    }
}
