//! Fresh pulls as stories: when the source is asked, what a pull gets, and what it gets when the source does not answer.

use engine::{
    Error, Target, db_test,
    testing::{
        db::TestDb,
        upstream::{ImageKind, Route, TestUpstream},
    },
};
use model::{
    Digest,
    edit::{Edit, Policies, Which},
    policy::{Freshness, Schedule},
};

use crate::common::{Story, chosen};

impl Story {
    async fn set_freshness(&self, word: &str) -> i64 {
        let edit = Edit::StreamFreshness {
            freshness: word.parse().unwrap(),
        };
        self.confirmed(edit).await.number
    }

    async fn pulled(&self, tag: &str) -> Result<Digest, Error> {
        let target = Target::Tag(tag.parse().unwrap());
        let manifest = self
            .engine
            .pull_manifest(&self.editor, &self.stream, &target)
            .await?;
        Ok(manifest.digest)
    }

    async fn with_tag(db: &TestDb, up: &TestUpstream) -> (Self, Digest) {
        let digest = up.image("team/app", "1", ImageKind::Oci);
        let story = Self::new(db).await;
        story.import_new(up, chosen(&["1"])).await;
        story.pulled("1").await.unwrap();
        up.forget_requests();
        (story, digest)
    }
}

db_test!(
    async fn a_pull_asks_the_source_when_the_stream_says_so(db) {
        let up = TestUpstream::start().await;
        let (story, first) = Story::with_tag(&db, &up).await;
        let second = up.move_tag("team/app", "1");
        assert_eq!(story.pulled("1").await.unwrap(), first, "as imported");
        assert!(up.requests().is_empty());
        story.set_freshness("always").await;
        assert_eq!(story.pulled("1").await.unwrap(), second);
        up.forget_requests();
        assert_eq!(story.pulled("1").await.unwrap(), second);
        assert_eq!(up.count("HEAD", Route::Manifest), 1, "asked, and as it was");
        // By digest there is nothing to ask.
        up.forget_requests();
        let target = Target::Digest(second.clone());
        story.engine.pull_manifest(&story.editor, &story.stream, &target).await.unwrap();
        assert!(up.requests().is_empty());
        // The history says what moved it; looks that found nothing new leave no job.
        let jobs = story.engine.list_jobs(&story.editor, Some(&story.stream), None, &model::PageRequest::default()).await.unwrap();
        assert_eq!(jobs.items.len(), 2, "the import and the pull that moved the tag");
    }
);

db_test!(
    async fn a_pull_asks_at_most_once_a_period(db) {
        let up = TestUpstream::start().await;
        let (story, first) = Story::with_tag(&db, &up).await;
        story.set_freshness("10m").await;
        // When it was asked last nobody noted: it is asked now.
        assert_eq!(story.pulled("1").await.unwrap(), first);
        let second = up.move_tag("team/app", "1");
        db.clock.advance(chrono::Duration::minutes(9));
        assert_eq!(story.pulled("1").await.unwrap(), first);
        db.clock.advance(chrono::Duration::minutes(2));
        assert_eq!(story.pulled("1").await.unwrap(), second);
        up.move_tag("team/app", "1");
        assert_eq!(story.pulled("1").await.unwrap(), second, "asked just now");
    }
);

db_test!(
    async fn a_look_for_a_pull_was_not_due(db) {
        let up = TestUpstream::start().await;
        let (story, _) = Story::with_tag(&db, &up).await;
        let policies = Policies { schedule: Some(Schedule::Every(600)), ..Policies::default() };
        let which = Which::Containing(String::new());
        story.confirmed(Edit::Policies { which, policies }).await;
        story.set_freshness("always").await;
        let due = story.tag("1").await.checks.due;
        story.after(chrono::Duration::seconds(601)).await;
        assert_eq!(story.tag("1").await.checks.last_due, due);
        db.clock.advance(chrono::Duration::seconds(30));
        story.pulled("1").await.unwrap();
        let checks = story.tag("1").await.checks;
        assert_eq!((checks.last, checks.last_due), (Some(db.clock.now()), None));
        // The first may have been due before the pull, which then came before it.
        for _ in 0..3 {
            story.after(chrono::Duration::seconds(700)).await;
        }
        assert!(story.tag("1").await.checks.last_due.is_some(), "the schedule's next looks were due");
    }
);

db_test!(
    async fn many_pulls_at_once_ask_once(db) {
        let up = TestUpstream::start().await;
        let (story, _) = Story::with_tag(&db, &up).await;
        story.set_freshness("10m").await;
        db.clock.advance(chrono::Duration::hours(1));
        let second = up.move_tag("team/app", "1");
        let pulls = futures::future::join_all((0..10).map(|_| story.pulled("1"))).await;
        assert!(pulls.into_iter().all(|digest| digest.unwrap() == second));
        assert_eq!(up.count("HEAD", Route::Manifest), 1);
    }
);

db_test!(
    async fn a_source_that_is_gone_or_a_tag_that_is_held_gives_what_is_here(db) {
        let up = TestUpstream::start().await;
        let (story, first) = Story::with_tag(&db, &up).await;
        story.set_freshness("always").await;
        let hold = Edit::Rollback { tag: "1".parse().unwrap(), revision: 1, after: model::tagging::After::Held };
        story.confirmed(hold).await;
        up.move_tag("team/app", "1");
        up.forget_requests();
        assert_eq!(story.pulled("1").await.unwrap(), first, "held");
        assert!(up.requests().is_empty());
        let release = Edit::Release { tag: "1".parse().unwrap() };
        story.confirmed(release).await;
        up.stop().await;
        assert_eq!(story.pulled("1").await.unwrap(), first, "gone");
    }
);

db_test!(
    async fn a_stream_of_what_is_stored_asks_for_nothing(db) {
        let up = TestUpstream::start().await;
        let (story, first) = Story::with_tag(&db, &up).await;
        let number = story.set_freshness("never").await;
        assert_eq!(story.pulled("1").await.unwrap(), first, "its manifest was pulled before");
        let image = story.engine.image(&story.editor, &story.stream, &first).await.unwrap();
        let layer = &image.layers[0].digest;
        let missing = story.engine.pull_blob(&story.editor, &story.stream, layer, None).await.err().unwrap();
        assert!(matches!(&missing, Error::NotFound(why) if why.contains("not stored here")), "{missing}");
        assert!(up.requests().is_empty());
        // Undone, it is fetched.
        let undo = Edit::Undo { number };
        story.confirmed(undo).await;
        let view = story.engine.stream(&story.editor, &story.stream).await.unwrap();
        assert_eq!(view.freshness, Freshness::Local);
        story.engine.pull_blob(&story.editor, &story.stream, layer, None).await.unwrap();
    }
);

db_test!(
    async fn a_mirror_stores_what_pulls_may_not_fetch(db) {
        let up = TestUpstream::start().await;
        up.image("team/app", "1", ImageKind::OciIndex);
        let story = Story::new(&db).await;
        story.import_new(&up, chosen(&["1"])).await;
        story.set_freshness("never").await;
        assert!(matches!(story.pulled("1").await, Err(Error::NotFound(why)) if why.contains("mirror it")));
        story.engine.start_mirror(&story.editor, &story.stream, &[]).await.unwrap();
        story.engine.run_jobs().await.unwrap();
        up.stop().await;
        story.pulled("1").await.unwrap();
    }
);
