//! Jobs that ended are forgotten, and what pages still need of them is not; the clock is moved by hand.

use chrono::Duration;
use engine::{
    Error, db_test,
    testing::upstream::{Fault, ImageKind, Route, TestUpstream},
};
use model::{
    PageRequest,
    import::Selection,
    job::{JobKind, JobState, JobView},
    policy::Schedule,
};

use crate::common::{Story, chosen};

impl Story {
    /// All jobs of the stream, newest first.
    async fn jobs(&self) -> Vec<JobView> {
        let (mut all, mut page) = (
            Vec::new(),
            PageRequest {
                cursor: None,
                size: 250,
            },
        );
        loop {
            let jobs = self
                .engine
                .list_jobs(&self.editor, Some(&self.stream), None, &page)
                .await
                .unwrap();
            all.extend(jobs.items);
            match jobs.next {
                Some(next) => page.cursor = Some(next),
                None => return all,
            }
        }
    }
}

db_test!(
    async fn jobs_that_ended_long_ago_are_forgotten_but_what_the_stream_shows_of_them_stays(db) {
        let up = TestUpstream::start().await;
        up.many("team/app", 5);
        let story = Story::with_cap(&db, Some(2)).await;
        let all = story.import_new(&up, Selection::All).await;
        let first = story.again(&[]).await;
        let last = story.again(&[]).await;
        let request = story.request(up.reference("team/app"), chosen(&["x"]), false);
        let waiting = story.engine.start_import(&story.editor, &request).await.unwrap().unwrap();
        let ids = |jobs: Vec<JobView>| jobs.into_iter().map(|job| job.id).collect::<Vec<_>>();

        story.engine.clock().advance(Duration::days(30));
        assert_eq!(story.engine.forget_old_jobs().await.unwrap(), 0);
        story.engine.clock().advance(Duration::seconds(1));
        assert_eq!(story.engine.forget_old_jobs().await.unwrap(), 2, "the newest is the one that waits");
        assert_eq!(ids(story.jobs().await), [waiting.clone(), all.id.clone()]);
        for id in [first.id, last.id] {
            let gone = story.engine.job(&story.editor, &id).await.unwrap_err();
            assert!(matches!(&gone, Error::NotFound(said) if said.contains("30 days")), "{gone}");
        }
        story.engine.run_jobs().await.unwrap();

        // What the limit left out is still there to be imported.
        let view = story.engine.stream(&story.editor, &story.stream).await.unwrap();
        assert_eq!((view.left_out, view.last_job), (3, Some(waiting.clone())));
        let rest = story.engine.import_left_out(&story.editor, &story.stream).await.unwrap();
        story.engine.run_jobs().await.unwrap();
        story.engine.clock().advance(Duration::days(31));
        assert_eq!(story.engine.forget_old_jobs().await.unwrap(), 2);
        assert_eq!(ids(story.jobs().await), [rest]);
    }
);

db_test!(
    async fn only_the_newest_ended_jobs_of_a_stream_are_kept(db) {
        let up = TestUpstream::start().await;
        up.image("team/app", "1.0", ImageKind::Docker);
        let story = Story::new(&db).await;
        let all = story.import_new(&up, Selection::All).await;
        let mut newest = all.clone();
        for _ in 0..205 {
            newest = story.again(&["1.0"]).await;
        }
        let jobs = story.jobs().await;
        assert_eq!((jobs.len(), &jobs[0].id), (201, &newest.id));
        assert_eq!(jobs[200].id, all.id, "the newest of the whole repository");
    }
);

db_test!(
    async fn a_schedule_that_fails_in_the_same_way_again_leaves_one_job(db) {
        let up = TestUpstream::start().await;
        up.image("team/app", "1.0", ImageKind::Docker);
        let story = Story::new(&db).await;
        let mut request = story.request(up.reference("team/app"), chosen(&["1.0"]), true);
        request.schedule = Schedule::Every(60);
        story.run(&request).await;
        up.fail(Route::Manifest, Fault::Status(404));
        for _ in 0..5 {
            assert_eq!(story.after(Duration::seconds(64)).await, 1);
        }
        let jobs = story.jobs().await;
        assert_eq!(jobs.len(), 2, "{jobs:?}");
        assert_eq!((jobs[0].kind, jobs[0].state), (JobKind::Schedule, JobState::Failed));
        // Another failure is news, and so is that it works again.
        up.fail(Route::Manifest, Fault::Status(401));
        story.after(Duration::seconds(64)).await;
        up.heal();
        story.after(Duration::seconds(64)).await;
        let states: Vec<JobState> = story.jobs().await.iter().map(|job| job.state).collect();
        assert_eq!(states, [JobState::Succeeded, JobState::Failed, JobState::Failed, JobState::Succeeded]);
    }
);

db_test!(
    async fn who_is_not_signed_in_sees_no_list_of_jobs(db) {
        let story = Story::new(&db).await;
        let page = PageRequest::default();
        let refused = story.engine.list_jobs(&engine::Actor::anonymous(), None, None, &page).await;
        assert!(matches!(refused, Err(engine::Error::Denied(_))), "{refused:?}");
    }
);
