//! What failed for a reason that may pass is tried again, visibly, and can be stopped; the clock is moved by hand.

use chrono::Duration;
use engine::{
    db_test,
    testing::upstream::{Fault, ImageKind, Route, TestUpstream},
};
use model::{
    import::Selection,
    job::{JobState, JobView},
    policy::Schedule,
};

use crate::common::Story;

impl Story {
    /// The stream's newest import.
    async fn newest(&self) -> JobView {
        let view = self
            .engine
            .stream(&self.editor, &self.stream)
            .await
            .unwrap();
        self.job(&view.last_job.unwrap()).await
    }

    /// How long until a job is tried again.
    fn wait(&self, job: &JobView) -> Duration {
        let now = self.engine.clock().now();
        job.next_try(now).expect("it is tried again") - now
    }
}

db_test!(
    async fn a_list_of_tags_that_cannot_be_read_is_asked_for_again_later_and_later(db) {
        let up = TestUpstream::start().await;
        up.many("team/app", 3);
        up.fail(Route::Tags, Fault::Status(503));
        let story = Story::new(&db).await;
        let job = story.import_new(&up, Selection::All).await;
        assert_eq!((job.state, job.attempts), (JobState::Queued, 1), "{job:?}");
        assert!(job.error.contains("503"), "why is said: {job:?}");
        let now = story.engine.clock().now();
        assert_eq!(job.summary(now), "reading the tag list again in 31 s · try 1 failed");
        let mut waits = Vec::new();
        for _ in 0..4 {
            let job = story.newest().await;
            let wait = story.wait(&job);
            waits.push(wait.num_seconds());
            let asked = up.count("GET", Route::Tags);
            story.after(wait - Duration::seconds(1)).await;
            assert_eq!(up.count("GET", Route::Tags), asked, "not before it is due");
            story.after(Duration::seconds(1)).await;
        }
        assert_eq!(waits, [30, 60, 120, 240]);
        up.heal();
        let wait = story.wait(&story.newest().await);
        story.after(wait).await;
        let job = story.newest().await;
        assert_eq!((job.state, job.progress.done, job.error.as_str()), (JobState::Succeeded, 3, ""), "{job:?}");
    }
);

db_test!(
    async fn a_list_that_never_comes_fails_in_the_end_and_waiting_can_be_stopped(db) {
        let up = TestUpstream::start().await;
        up.many("team/app", 3);
        up.fail(Route::Tags, Fault::Status(503));
        let story = Story::new(&db).await;
        let mut job = story.import_new(&up, Selection::All).await;
        while !job.state.is_final() {
            story.after(story.wait(&job)).await;
            job = story.newest().await;
        }
        assert_eq!((job.state, job.attempts), (JobState::Failed, 10), "{job:?}");
        assert!(job.error.contains("503"), "{job:?}");

        let request = story.request(up.reference("team/app"), Selection::All, false);
        let job = story.run(&request).await;
        story.engine.cancel_job(&story.editor, &job.id).await.unwrap();
        assert_eq!(story.job(&job.id).await.state, JobState::Cancelled);
        up.heal();
        story.after(Duration::days(1)).await;
        assert!(story.tags().await.is_empty());
    }
);

db_test!(
    async fn who_asks_again_or_gives_a_credential_does_not_wait_for_the_next_try(db) {
        let up = TestUpstream::start().await;
        up.many("team/app", 3);
        up.fail(Route::Tags, Fault::Status(503));
        let story = Story::new(&db).await;
        let first = story.import_new(&up, Selection::All).await;
        let request = story.request(up.reference("team/app"), Selection::All, false);
        let second = story.run(&request).await;
        assert_eq!((&second.id, second.attempts), (&first.id, 1), "the same job, counted from the start");
        assert!(second.next_try(story.engine.clock().now()).is_some());
        up.heal();
        story.credential(&up.host(), "robot", "s3cret").await;
        assert_eq!(story.job(&first.id).await.state, JobState::Succeeded);
    }
);

db_test!(
    async fn what_can_never_work_is_not_tried_again(db) {
        let up = TestUpstream::start().await;
        up.fail(Route::Tags, Fault::Status(404));
        let story = Story::new(&db).await;
        let job = story.import_new(&up, Selection::All).await;
        assert_eq!((job.state, job.attempts), (JobState::Failed, 1));
    }
);

db_test!(
    async fn tags_that_failed_in_an_import_of_all_are_tried_again_as_it_asked(db) {
        let up = TestUpstream::start().await;
        for tag in ["1.0", "2.0"] {
            up.image("team/app", tag, ImageKind::Docker);
        }
        up.fail(Route::Manifest, Fault::Status(503));
        let story = Story::new(&db).await;
        let mut request = story.request(up.reference("team/app"), Selection::All, true);
        request.schedule = Schedule::Every(600);
        story.run(&request).await;
        let row = story.tag("1.0").await;
        assert!(row.spec.is_none() && row.condition.is_some(), "{row:?}");
        assert_eq!(row.checks.attempts, 1);
        let newest = story.newest().await.id;

        let wait = row.checks.due.unwrap() - story.engine.clock().now();
        assert_eq!(wait, Duration::seconds(30));
        assert_eq!(story.after(wait - Duration::seconds(1)).await, 0, "not before it is due");
        assert_eq!(story.after(Duration::seconds(1)).await, 2);
        let row = story.tag("1.0").await;
        assert!(row.spec.is_none() && row.checks.attempts == 2, "still as if nothing was there: {row:?}");
        assert_eq!(story.newest().await.id, newest, "what people see is what they asked for");

        // One is stopped, the other comes with what the import asked for.
        let tag = "2.0".parse().unwrap();
        story.engine.stop_trying(&story.editor, &story.stream, &tag).await.unwrap();
        up.heal();
        assert_eq!(story.after(Duration::seconds(60)).await, 1);
        let row = story.tag("1.0").await;
        let spec = row.spec.unwrap();
        assert!(row.head.is_some() && row.condition.is_none() && row.checks.attempts == 0);
        assert_eq!((spec.schedule(), spec.insecure), (Schedule::Every(600), true));
        assert!(story.tag("2.0").await.condition.is_some());
    }
);

db_test!(
    async fn a_new_credential_tries_tags_again_that_failed_in_an_import_of_all(db) {
        let up = TestUpstream::start().await;
        up.many("team/app", 3);
        up.fail(Route::Manifest, Fault::Status(401));
        let story = Story::new(&db).await;
        let job = story.import_new(&up, Selection::All).await;
        assert_eq!((job.state, job.progress.failed), (JobState::Failed, 3));
        assert!(story.tags().await.iter().all(|row| row.spec.is_none() && row.checks.due.is_none()));
        up.heal();
        story.credential("quay.io", "robot", "s3cret").await;
        assert!(story.tags().await.iter().all(|row| row.condition.is_some()), "another host's changes nothing");
        story.credential(&up.host(), "robot", "s3cret").await;
        assert!(story.tags().await.iter().all(|row| row.condition.is_none() && row.head.is_some()));
    }
);

db_test!(
    async fn a_new_credential_tries_very_many_tags_again_some_at_a_time(db) {
        let up = TestUpstream::start().await;
        up.many("team/app", 1_010);
        up.fail(Route::Manifest, Fault::Status(401));
        let story = Story::new(&db).await;
        let job = story.import_new(&up, Selection::All).await;
        assert_eq!(job.progress.failed, 1_010);
        up.heal();
        story.credential(&up.host(), "robot", "s3cret").await;
        let page = model::PageRequest::default();
        let jobs = story.engine.list_jobs(&story.editor, Some(&story.stream), None, &page).await.unwrap();
        let mut tags: Vec<_> = jobs.items.iter().map(|job| job.progress.total).collect();
        tags.sort_unstable();
        assert_eq!(tags, [10, 1_000, 1_010], "a job for what was written at once");
        let view = story.engine.stream(&story.editor, &story.stream).await.unwrap();
        assert_eq!(view.row.failed, 0);
    }
);
