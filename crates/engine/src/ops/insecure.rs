//! The report on insecure connections.

use model::{Page, PageRequest, policy::InsecureRow};

use crate::{Actor, Engine, Result};

impl Engine {
    /// One page of the streams that allow insecure connections, or have tags that do, by namespace and name.
    ///
    /// # Errors
    /// `Denied` for those who are not signed in.
    pub async fn list_insecure(
        &self,
        actor: &Actor,
        page: &PageRequest,
    ) -> Result<Page<InsecureRow>> {
        actor.may_read_anywhere()?;
        self.store().read().await?.list_insecure(page).await
    }
}
