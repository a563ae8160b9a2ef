//! What the import stories share: an engine with an upstream, and short ways to ask it.

use std::time::Duration;

use engine::{
    Actor, Edited, Engine,
    testing::{
        db::{TestDb, actor},
        upstream::TestUpstream,
    },
    upstream::{Config, Upstream},
};
use model::{
    PageRequest, Reference, Revision, StreamRef, TagName,
    edit::Edit,
    import::{ImportRequest, Selection},
    job::{JobItem, JobView},
    policy::{ReferencePolicy, Schedule},
    tag::{TagFilter, TagRow},
    user::Role,
};

/// An engine, somebody who may write, and the stream the stories are about.
pub struct Story {
    pub engine: Engine,
    pub editor: Actor,
    pub stream: StreamRef,
}

/// Short waits, so that a test of retries is quick.
pub fn upstream() -> Upstream {
    Upstream::new(Config {
        retry_wait: Duration::from_millis(1),
        ..Config::default()
    })
    .unwrap()
}

impl Story {
    pub async fn new(db: &TestDb) -> Self {
        Self::with_cap(db, None).await
    }

    pub async fn with_cap(db: &TestDb, cap: Option<usize>) -> Self {
        let engine = db
            .engine_with(upstream(), |config| config.max_tags_per_import = cap)
            .await;
        Self {
            engine,
            editor: actor(Role::Editor),
            stream: StreamRef::parse("team", "app").unwrap(),
        }
    }

    /// Workers are started by the test, when it wants them.
    pub async fn with_workers(db: &TestDb, workers: usize) -> Self {
        let engine = db
            .engine_with(upstream(), |config| config.workers = workers)
            .await;
        Self {
            engine,
            editor: actor(Role::Editor),
            stream: StreamRef::parse("team", "app").unwrap(),
        }
    }

    pub fn request(&self, source: Reference, selection: Selection, create: bool) -> ImportRequest {
        ImportRequest {
            mode: None,
            platform: <[String; 2]>::default(),
            stream: self.stream.clone(),
            create,
            source: Some(source),
            selection,
            insecure: true,
            schedule: Schedule::Never,
            reference_policy: ReferencePolicy::Source,
        }
    }

    /// Does an edit as its preview says; what it lets be imported waits.
    pub async fn confirmed(&self, edit: Edit) -> Edited {
        let (engine, editor, stream) = (&self.engine, &self.editor, &self.stream);
        let planned = engine.plan_edit(editor, stream, &edit).await.unwrap();
        let done = engine.edit(editor, stream, &edit, &planned.token).await;
        done.unwrap()
    }

    /// Makes the stream, imports, runs the job to its end.
    pub async fn import_new(&self, up: &TestUpstream, selection: Selection) -> JobView {
        let request = self.request(up.reference("team/app"), selection, true);
        self.run(&request).await
    }

    pub async fn run(&self, request: &ImportRequest) -> JobView {
        let id = self
            .engine
            .start_import(&self.editor, request)
            .await
            .unwrap()
            .unwrap();
        self.engine.run_jobs().await.unwrap();
        self.job(&id).await
    }

    pub async fn again(&self, tags: &[&str]) -> JobView {
        let tags: Vec<TagName> = tags.iter().map(|tag| tag.parse().unwrap()).collect();
        let id = self
            .engine
            .import_again(&self.editor, &self.stream, &tags)
            .await
            .unwrap();
        self.engine.run_jobs().await.unwrap();
        self.job(&id).await
    }

    pub async fn job(&self, id: &str) -> JobView {
        self.engine.job(&self.editor, id).await.unwrap()
    }

    pub async fn items(&self, job: &JobView) -> Vec<JobItem> {
        let page = PageRequest {
            cursor: None,
            size: 250,
        };
        self.engine
            .job_items(&self.editor, &job.id, None, &page)
            .await
            .unwrap()
            .items
    }

    pub async fn tags(&self) -> Vec<TagRow> {
        let page = PageRequest {
            cursor: None,
            size: 250,
        };
        self.engine
            .list_tags(&self.editor, &self.stream, &TagFilter::default(), &page)
            .await
            .unwrap()
            .items
    }

    pub async fn tag(&self, name: &str) -> TagRow {
        self.engine
            .tag(&self.editor, &self.stream, &name.parse().unwrap())
            .await
            .unwrap()
            .row
    }

    pub async fn history(&self, name: &str) -> Vec<Revision> {
        let page = PageRequest::default();
        self.engine
            .history(&self.editor, &self.stream, &name.parse().unwrap(), &page)
            .await
            .unwrap()
            .items
    }

    /// The newest journal number: what a write would raise.
    pub async fn journal(&self) -> Vec<(i64, model::Change)> {
        self.engine
            .store()
            .read()
            .await
            .unwrap()
            .journal(&self.stream, 0)
            .await
            .unwrap()
    }
}

pub fn chosen(tags: &[&str]) -> Selection {
    Selection::Chosen(tags.iter().map(|tag| tag.parse().unwrap()).collect())
}
