//! What goes on when something of our own breaks: no fault of one job or download ends the work on others.

use std::{
    sync::atomic::{AtomicUsize, Ordering},
    time::Duration,
};

use engine::{
    db_test,
    testing::upstream::{Fault, Route, TestUpstream},
};
use metrics::{Counter, Gauge, Histogram, Key, KeyName, Metadata, Recorder, SharedString, Unit};
use model::{
    import::Selection,
    job::{JobState, JobView},
};

use crate::{
    common::{Story, chosen, upstream},
    pull::{all, layer},
};

/// Panics the first times this is counted.
struct Panics {
    counting: &'static str,
    left: AtomicUsize,
}

impl Panics {
    fn once(counting: &'static str) -> Self {
        let left = AtomicUsize::new(1);
        Self { counting, left }
    }

    fn count(&self, key: &Key) {
        let left = |left: usize| left.checked_sub(1);
        if key.to_string().contains(self.counting)
            && let Ok(_) = self
                .left
                .fetch_update(Ordering::SeqCst, Ordering::SeqCst, left)
        {
            panic!("as the test wants it");
        }
    }

    fn has_panicked(&self) -> bool {
        self.left.load(Ordering::SeqCst) == 0
    }
}

impl Recorder for Panics {
    fn describe_counter(&self, _: KeyName, _: Option<Unit>, _: SharedString) {}
    fn describe_gauge(&self, _: KeyName, _: Option<Unit>, _: SharedString) {}
    fn describe_histogram(&self, _: KeyName, _: Option<Unit>, _: SharedString) {}
    fn register_counter(&self, key: &Key, _: &Metadata<'_>) -> Counter {
        self.count(key);
        Counter::noop()
    }
    fn register_gauge(&self, _: &Key, _: &Metadata<'_>) -> Gauge {
        Gauge::noop()
    }
    fn register_histogram(&self, key: &Key, _: &Metadata<'_>) -> Histogram {
        self.count(key);
        Histogram::noop()
    }
}

impl Story {
    /// Waits until a job that workers run has ended or was put off.
    async fn left(&self, id: &str) -> JobView {
        self.until(id, |job| job.state.is_final() || !job.error.is_empty())
            .await
    }

    /// Waits until a job that workers run has ended.
    async fn ended(&self, id: &str) -> JobView {
        self.until(id, |job| job.state.is_final()).await
    }

    async fn until(&self, id: &str, is_so: impl Fn(&JobView) -> bool) -> JobView {
        let found = async {
            loop {
                let job = self.job(id).await;
                if is_so(&job) {
                    return job;
                }
                tokio::task::yield_now().await;
            }
        };
        tokio::time::timeout(Duration::from_secs(30), found)
            .await
            .expect("a worker takes it")
    }

    async fn start(&self, up: &TestUpstream, tag: &str, create: bool) -> String {
        let request = self.request(up.reference("team/app"), chosen(&[tag]), create);
        let begun = self.engine.start_import(&self.editor, &request).await;
        begun.unwrap().unwrap()
    }
}

db_test!(
    async fn a_panic_in_a_job_puts_it_off_and_the_worker_goes_on(db) {
        let up = TestUpstream::start().await;
        let tags = up.many("team/app", 2);
        let story = Story::with_workers(&db, 1).await;
        let panics = Panics::once("weir_pullthrough_repository_duration_seconds");
        let _counted = metrics::set_default_local_recorder(&panics);
        let first = story.start(&up, &tags[0], true).await;
        story.engine.start_workers();
        let job = story.left(&first).await;
        assert!(panics.has_panicked());
        assert_eq!((job.state, job.attempts), (JobState::Queued, 1), "{job:?}");
        let second = story.start(&up, &tags[1], false).await;
        assert_eq!(story.left(&second).await.state, JobState::Succeeded);
        story.engine.clock().advance(chrono::Duration::seconds(30));
        story.start(&up, &tags[0], false).await;
        assert_eq!(story.ended(&first).await.state, JobState::Succeeded);
    }
);

db_test!(
    async fn a_panic_in_a_download_is_no_end_to_pulls_of_its_blob(db) {
        let up = TestUpstream::start().await;
        let layer = layer();
        let (story, digest) = Story::with_layer(&db, &up, &layer).await;
        let panics = Panics::once("operation = store");
        let _counted = metrics::set_default_local_recorder(&panics);
        let pull = async || all(story.blob(&digest, None).await.unwrap()).await.unwrap();
        let pulls = async {
            assert_eq!(pull().await, layer, "who reads gets all of it");
            story.engine.downloads_ended().await;
            assert!(panics.has_panicked());
            assert_eq!(pull().await, layer);
        };
        tokio::time::timeout(Duration::from_secs(30), pulls)
            .await
            .expect("nobody waits for ever");
    }
);

db_test!(
    async fn a_job_that_fails_for_a_reason_of_ours_is_tried_later_and_later_and_ends(db) {
        let up = TestUpstream::start().await;
        let tags = up.many("team/app", 1);
        let mut story = Story::new(&db).await;
        story.credential(&up.host(), "robot", "s3cret").await;
        // This process has another key: it cannot read the credential.
        story.engine = db.engine_with(upstream(), |config| config.secret_key = Some([7; 32])).await;
        let mut job = story.import_new(&up, chosen(&[&tags[0]])).await;
        let mut waits = Vec::new();
        while !job.state.is_final() {
            assert!(job.error.contains("this server") && job.hint.contains("log"), "{job:?}");
            let wait = job.next_try(story.engine.clock().now()).unwrap() - story.engine.clock().now();
            waits.push(wait.num_seconds());
            story.engine.clock().advance(wait);
            story.engine.run_jobs().await.unwrap();
            job = story.job(&job.id).await;
        }
        assert_eq!((job.state, job.attempts), (JobState::Failed, 10), "{job:?}");
        assert_eq!(waits[..3], [30, 60, 120]);
    }
);

db_test!(
    async fn a_worker_that_lost_a_job_ends_nothing_of_it(db) {
        let up = TestUpstream::start().await;
        up.many("team/app", 1);
        let slow = Story::new(&db).await;
        let other = Story::new(&db).await;
        up.fail_times(1, Route::Tags, Fault::HangThen(404));
        let request = slow.request(up.reference("team/app"), Selection::All, true);
        let begun = slow.engine.start_import(&slow.editor, &request).await;
        let id = begun.unwrap().unwrap();
        let taken_over = async {
            up.hangs(1).await;
            // Its lease ran out, and before its next heartbeat another worker fails.
            slow.engine.clock().advance(chrono::Duration::seconds(11));
            up.fail(Route::Tags, Fault::Status(503));
            other.engine.run_jobs().await.unwrap();
            up.release();
        };
        let (ran, ()) = tokio::join!(slow.engine.run_jobs(), taken_over);
        ran.unwrap();
        let job = other.job(&id).await;
        assert_eq!((job.state, job.attempts), (JobState::Queued, 2), "{job:?}");
    }
);
