//! Signatures of the operations, until their bodies land.
#![expect(missing_docs, clippy::unused_async, clippy::todo, unused_variables)]
use model::{*, image::ImageView, import::*, job::*, stream::*, tag::*, tagging::TagRequest, user::*};
use crate::{Actor, Engine, Planned, Result};

impl Engine {
    // accounts
    /// Checks a name and password (slowly, by design); `Denied` with one text for unknown and wrong; backs off after failures.
    pub async fn sign_in(&self, name: &str, password: &str) -> Result<Actor> { todo!() }
    /// The user behind a session, as of now; `None` if gone.
    pub async fn actor(&self, user_id: &str) -> Result<Option<Actor>> { todo!() }
    /// Makes user `admin` if there is no user yet: with this password, or returns a one-time setup token to print.
    pub async fn first_start(&self, admin_password: Option<&str>) -> Result<Option<String>> { todo!() }
    /// Whether a setup token is waiting to be used.
    pub async fn setup_pending(&self) -> Result<bool> { todo!() }
    /// Uses the setup token: makes user `admin` with this password (at least 12 characters, field "password").
    pub async fn setup(&self, token: &str, password: &str) -> Result<Actor> { todo!() }
    pub async fn list_users(&self, actor: &Actor) -> Result<Vec<UserView>> { todo!() }
    pub async fn add_user(&self, actor: &Actor, name: &str, password: &str, role: Role) -> Result<UserView> { todo!() }
    pub async fn set_password(&self, actor: &Actor, name: &str, password: &str) -> Result<()> { todo!() }
    /// The actor of the command line: whoever can run it with the database at hand.
    #[must_use] pub fn console_actor() -> Actor { todo!() }
    // sessions (raw records for tower-sessions)
    pub async fn load_session(&self, id: &str) -> Result<Option<(String, chrono::DateTime<chrono::Utc>)>> { todo!() }
    pub async fn save_session(&self, id: &str, data: &str, expires_at: chrono::DateTime<chrono::Utc>) -> Result<()> { todo!() }
    pub async fn delete_session(&self, id: &str) -> Result<()> { todo!() }

    // streams
    pub async fn overview(&self, actor: &Actor) -> Result<Overview> { todo!() }
    pub async fn list_namespaces(&self, actor: &Actor) -> Result<Vec<Namespace>> { todo!() }
    pub async fn list_streams(&self, actor: &Actor, filter: &StreamFilter, page: &PageRequest) -> Result<Page<StreamRow>> { todo!() }
    pub async fn stream(&self, actor: &Actor, stream: &StreamRef) -> Result<StreamView> { todo!() }
    pub async fn plan_delete_stream(&self, actor: &Actor, stream: &StreamRef) -> Result<Planned> { todo!() }
    pub async fn delete_stream(&self, actor: &Actor, stream: &StreamRef, token: &str) -> Result<Plan> { todo!() }

    // tags
    /// Priority order; `text` narrows to names that contain it.
    pub async fn list_tags(&self, actor: &Actor, stream: &StreamRef, text: &str, page: &PageRequest) -> Result<Page<TagRow>> { todo!() }
    pub async fn tag(&self, actor: &Actor, stream: &StreamRef, tag: &TagName) -> Result<TagView> { todo!() }
    /// Newest first.
    pub async fn history(&self, actor: &Actor, stream: &StreamRef, tag: &TagName, page: &PageRequest) -> Result<Page<Revision>> { todo!() }
    pub async fn plan_tag(&self, actor: &Actor, request: &TagRequest) -> Result<Planned> { todo!() }
    /// Plans again in the write transaction; `Conflict` if the plan is not the one `token` confirms.
    pub async fn set_tag(&self, actor: &Actor, request: &TagRequest, token: &str) -> Result<Plan> { todo!() }
    pub async fn plan_delete_tags(&self, actor: &Actor, stream: &StreamRef, tags: &[TagName]) -> Result<Planned> { todo!() }
    pub async fn delete_tags(&self, actor: &Actor, stream: &StreamRef, tags: &[TagName], token: &str) -> Result<Plan> { todo!() }

    // images
    /// An image that is, or was, in this stream, or a child of an index that is.
    pub async fn image(&self, actor: &Actor, stream: &StreamRef, digest: &Digest) -> Result<ImageView> { todo!() }

    // imports
    /// Looks at the upstream, writes nothing.
    pub async fn preview_import(&self, actor: &Actor, request: &ImportRequest) -> Result<ImportPreview> { todo!() }
    /// Makes the stream if asked and starts the import; `None` when the selection is `None`.
    pub async fn start_import(&self, actor: &Actor, request: &ImportRequest) -> Result<Option<String>> { todo!() }
    /// Imports again what the stream's tags say (`tags` empty: all external tags); returns the job.
    pub async fn import_again(&self, actor: &Actor, stream: &StreamRef, tags: &[TagName]) -> Result<String> { todo!() }
    /// Imports what the newest repository import left out, as many as the cap allows.
    pub async fn import_left_out(&self, actor: &Actor, stream: &StreamRef) -> Result<String> { todo!() }
    /// Newest first.
    pub async fn list_jobs(&self, actor: &Actor, stream: Option<&StreamRef>, page: &PageRequest) -> Result<Page<JobView>> { todo!() }
    pub async fn job(&self, actor: &Actor, id: &str) -> Result<JobView> { todo!() }
    /// Tags of a job; `state` narrows to one state.
    pub async fn job_items(&self, actor: &Actor, id: &str, state: Option<ItemState>, page: &PageRequest) -> Result<Page<JobItem>> { todo!() }
    pub async fn cancel_job(&self, actor: &Actor, id: &str) -> Result<()> { todo!() }
}
