//! Scheduled imports as stories: the clock is moved by hand, on both databases.

use crate::common::{Story, chosen};
use chrono::Duration;
use engine::{
    db_test,
    testing::upstream::{Fault, ImageKind, Route, TestUpstream},
};
use model::{
    StreamRef,
    edit::{Edit, Policies, Which},
    import::{ImageImport, Selection},
    policy::{ImportMode, ReferencePolicy, Schedule},
    tagging::After,
};

impl Story {
    async fn schedule(&self, schedule: Schedule) {
        let policies = Policies {
            schedule: Some(schedule),
            ..Policies::default()
        };
        let edit = Edit::Policies {
            which: Which::Containing(String::new()),
            policies,
        };
        self.confirmed(edit).await;
    }

    /// Moves the clock, and does what is due then. Returns how many tags were.
    pub async fn after(&self, time: Duration) -> usize {
        self.engine.clock().advance(time);
        let taken = self.engine.schedule_due(1_000).await.unwrap();
        self.engine.run_jobs().await.unwrap();
        taken
    }
}

db_test!(
    async fn a_scheduled_tag_finds_the_new_image_once_a_period_and_an_unchanged_one_writes_nothing(db) {
        let up = TestUpstream::start().await;
        up.image("team/app", "1.0", ImageKind::Docker);
        let story = Story::new(&db).await;
        story.import_new(&up, chosen(&["1.0"])).await;
        assert_eq!(story.after(Duration::days(1)).await, 0, "nothing is scheduled");
        story.schedule(Schedule::Every(60)).await;
        let due = story.tag("1.0").await.checks.due.unwrap();
        assert!(due - story.engine.clock().now() <= Duration::seconds(60), "first within a period");

        let journal = story.journal().await;
        up.forget_requests();
        assert_eq!(story.after(Duration::seconds(61)).await, 1);
        assert_eq!((up.count("HEAD", Route::Manifest), up.count("GET", Route::Manifest)), (1, 0));
        assert_eq!(story.journal().await, journal, "unchanged: nothing in the journal");
        let checks = story.tag("1.0").await.checks;
        assert_eq!(checks.last, Some(story.engine.clock().now()));
        assert_eq!(checks.last_due, Some(due), "how late it was can be seen");
        assert!(checks.due.unwrap() > story.engine.clock().now());
        let jobs = story.engine.list_jobs(&story.editor, Some(&story.stream), None, &model::PageRequest::default()).await.unwrap();
        assert_eq!(jobs.items.len(), 1, "a look that found nothing leaves no job: {:?}", jobs.items);
        assert_eq!(story.after(Duration::zero()).await, 0, "not twice in a period");

        let moved = up.move_tag("team/app", "1.0");
        assert_eq!(story.after(Duration::seconds(64)).await, 1);
        let head = story.tag("1.0").await.head.unwrap();
        assert_eq!((head.digest, head.number), (moved, 2));
        assert_eq!(story.history("1.0").await[0].actor, "", "nobody but the schedule");
        story.again(&["1.0"]).await;
        assert_eq!(story.tag("1.0").await.checks.last_due, None, "a look somebody asked for was not due");

        story.schedule(Schedule::Never).await;
        assert_eq!(story.tag("1.0").await.checks.due, None);
        assert_eq!(story.after(Duration::days(1)).await, 0);
    }
);

db_test!(
    async fn how_late_a_look_was_is_told_of_the_schedule_a_tag_has_by_now(db) {
        let up = TestUpstream::start().await;
        up.image("team/app", "1.0", ImageKind::Docker);
        let story = Story::new(&db).await;
        story.import_new(&up, chosen(&["1.0"])).await;
        story.schedule(Schedule::Every(60)).await;
        // Its turn comes, and before it is looked at it gets another schedule.
        story.engine.clock().advance(Duration::seconds(61));
        assert_eq!(story.engine.schedule_due(1).await.unwrap(), 1);
        assert!(story.tag("1.0").await.checks.last_due.is_some());
        story.schedule(Schedule::Every(600)).await;
        let checks = story.tag("1.0").await.checks;
        assert_eq!(checks.last_due, None, "by this schedule it was never due");
        let due = checks.due;
        story.engine.clock().advance(Duration::seconds(601));
        story.engine.schedule_due(1).await.unwrap();
        story.engine.run_jobs().await.unwrap();
        assert_eq!(story.tag("1.0").await.checks.last_due, due);
        // By the stream's period it is the same.
        story.schedule(Schedule::Global).await;
        story.after(Duration::minutes(16)).await;
        assert!(story.tag("1.0").await.checks.last_due.is_some());
        story.confirmed(Edit::StreamPeriod { period: Some(60) }).await;
        assert_eq!(story.tag("1.0").await.checks.last_due, None);
    }
);

db_test!(
    async fn a_failure_stays_scheduled_and_a_held_tag_is_not_asked_for(db) {
        let up = TestUpstream::start().await;
        up.image("team/app", "1.0", ImageKind::Docker);
        let story = Story::new(&db).await;
        story.import_new(&up, chosen(&["1.0"])).await;
        up.move_tag("team/app", "1.0");
        story.again(&["1.0"]).await;
        story.schedule(Schedule::Global).await;
        up.delete_tag("team/app", "1.0");
        assert_eq!(story.after(Duration::minutes(16)).await, 1);
        let failed = story.tag("1.0").await;
        assert!(failed.condition.is_some() && failed.head.is_some() && failed.checks.due.is_some(), "{failed:?}");
        up.image("team/app", "1.0", ImageKind::Docker);
        assert_eq!(story.after(Duration::minutes(16)).await, 1);
        assert!(story.tag("1.0").await.condition.is_none());

        let edit = Edit::Rollback { tag: "1.0".parse().unwrap(), revision: 1, after: After::Held };
        story.confirmed(edit).await;
        assert_eq!(story.tag("1.0").await.checks.due, None);
        assert_eq!(story.after(Duration::days(1)).await, 0);
    }
);

db_test!(
    async fn tags_scheduled_together_are_spread_over_the_period_and_the_longest_due_go_first(db) {
        let up = TestUpstream::start().await;
        up.many("team/app", 200);
        let story = Story::new(&db).await;
        story.import_new(&up, Selection::All).await;
        story.schedule(Schedule::Every(1_000)).await;
        let mut taken = Vec::new();
        for _ in 0..10 {
            taken.push(story.after(Duration::seconds(100)).await);
        }
        assert!(story.tags().await.iter().all(|row| row.checks.last.is_some()), "each had its turn");
        assert!(taken.iter().all(|tags| (5..=40).contains(tags)), "about 20 each: {taken:?}");

        // A rate bounds what is taken; what is too much waits, the longest due first.
        story.engine.clock().advance(Duration::seconds(1_100));
        let mut due: Vec<_> = story.tags().await.iter().map(|row| row.checks.due.unwrap()).collect();
        due.sort_unstable();
        assert_eq!(story.engine.schedule_due(50).await.unwrap(), 50);
        let now = story.engine.clock().now();
        let waiting = story.tags().await;
        let waiting: Vec<_> = waiting.iter().filter_map(|row| row.checks.due).filter(|at| *at <= now).collect();
        assert_eq!(waiting.len(), 150);
        assert!(waiting.iter().all(|at| *at >= due[49]));
    }
);

db_test!(
    async fn a_digest_is_left_alone_after_its_first_success(db) {
        let up = TestUpstream::start().await;
        let digest = up.image("team/app", "1.0", ImageKind::Docker);
        let story = Story::new(&db).await;
        let pinned = ImageImport {
            from: up.reference("team/app").with_digest(&digest),
            to: "pinned".parse().unwrap(),
            insecure: true,
            schedule: Schedule::Every(60),
            reference_policy: ReferencePolicy::Source,
            mode: ImportMode::PreserveOriginal,
            platform: <[String; 2]>::default(),
        };
        up.fail(Route::Manifest, Fault::Status(404));
        story.engine.import_images(&story.editor, &story.stream, &[pinned]).await.unwrap();
        story.engine.run_jobs().await.unwrap();
        assert!(story.tag("pinned").await.condition.is_some());
        up.heal();
        assert_eq!(story.after(Duration::seconds(61)).await, 1, "it has no image yet");
        let row = story.tag("pinned").await;
        assert!(row.head.is_some() && row.checks.due.is_some(), "{row:?}");
        up.forget_requests();
        story.after(Duration::seconds(64)).await;
        assert_eq!(up.requests().len(), 0, "a digest never points at anything else");
        let row = story.tag("pinned").await;
        assert_eq!((row.checks.due, row.spec.unwrap().schedule()), (None, Schedule::Every(60)));
        assert_eq!(story.after(Duration::days(1)).await, 0);
    }
);

db_test!(
    async fn a_streams_period_holds_for_tags_without_one_of_their_own_also_for_those_to_come(db) {
        let up = TestUpstream::start().await;
        for tag in ["1.0", "2.0", "3.0", "4.0"] {
            up.image("team/app", tag, ImageKind::Docker);
        }
        let story = Story::new(&db).await;
        let mut request = story.request(up.reference("team/app"), chosen(&["1.0"]), true);
        request.schedule = Schedule::Global;
        story.run(&request).await;
        request.create = false;
        (request.selection, request.schedule) = (chosen(&["2.0"]), Schedule::Every(86_400));
        story.run(&request).await;
        (request.selection, request.schedule) = (chosen(&["3.0"]), Schedule::Never);
        story.run(&request).await;
        assert_eq!(story.engine.config().schedule_interval.as_secs(), 900);
        let due = async |tag: &str| {
            let due = story.tag(tag).await.checks.due;
            due.map(|due| (due - story.engine.clock().now()).num_seconds())
        };
        let before = due("2.0").await;
        let done = story.confirmed(Edit::StreamPeriod { period: Some(60) }).await;
        assert_eq!(done.plan.sentence, "1 tag of team/app is imported again every 1m.");
        assert!(due("1.0").await.unwrap() <= 60);
        assert_eq!((due("2.0").await, due("3.0").await), (before, None));
        (request.selection, request.schedule) = (chosen(&["4.0"]), Schedule::Global);
        story.run(&request).await;
        assert!(due("4.0").await.unwrap() <= 60, "a new one, too");
        // Each once a minute from then on.
        assert_eq!(story.after(Duration::seconds(61)).await, 2);
        assert!(due("1.0").await.unwrap() <= 64 && due("4.0").await.unwrap() <= 64);
        assert_eq!(story.after(Duration::seconds(64)).await, 2);

        let same = story.engine.plan_edit(&story.editor, &story.stream, &Edit::StreamPeriod { period: Some(60) }).await;
        assert!(same.unwrap_err().to_string().contains("nothing would change"));
        story.confirmed(Edit::Undo { number: done.number }).await;
        let view = story.engine.stream(&story.editor, &story.stream).await.unwrap();
        assert_eq!(view.period, None);
        assert!(due("1.0").await.is_some());
        let taken = story.after(Duration::seconds(900)).await;
        assert_eq!(taken, 2);
        assert!(due("1.0").await.max(due("4.0").await).unwrap() > 64, "the server's period again");
    }
);

db_test!(
    async fn a_failure_that_may_pass_is_tried_again_later_and_later_until_it_is_enough(db) {
        let up = TestUpstream::start().await;
        up.image("team/app", "1.0", ImageKind::Docker);
        let story = Story::new(&db).await;
        story.import_new(&up, chosen(&["1.0"])).await;
        assert_eq!(story.tag("1.0").await.checks.attempts, 0);
        up.fail(Route::Manifest, Fault::Status(503));
        story.again(&["1.0"]).await;
        let mut waits = Vec::new();
        for attempt in 1..10 {
            let checks = story.tag("1.0").await.checks;
            assert_eq!(checks.attempts, attempt);
            let wait = checks.due.unwrap() - story.engine.clock().now();
            waits.push(wait.num_seconds());
            assert_eq!(story.after(wait - Duration::seconds(1)).await, 0, "not before it is due");
            assert_eq!(story.after(Duration::seconds(1)).await, 1);
        }
        assert_eq!(waits, [30, 60, 120, 240, 480, 960, 1920, 3600, 3600]);
        let checks = story.tag("1.0").await.checks;
        assert_eq!((checks.attempts, checks.due), (10, None), "that was enough");

        // What is there again is found by asking, and nothing is left of the tries.
        up.heal();
        story.again(&["1.0"]).await;
        let row = story.tag("1.0").await;
        assert!(row.condition.is_none() && row.checks.attempts == 0 && row.checks.due.is_none(), "{row:?}");
    }
);

db_test!(
    async fn a_failure_that_stays_is_not_tried_again_and_tries_can_be_stopped(db) {
        let up = TestUpstream::start().await;
        up.image("team/app", "1.0", ImageKind::Docker);
        let story = Story::new(&db).await;
        story.import_new(&up, chosen(&["1.0"])).await;
        up.delete_tag("team/app", "1.0");
        story.again(&["1.0"]).await;
        let row = story.tag("1.0").await;
        assert!(row.condition.is_some() && row.checks.due.is_none() && row.checks.attempts == 0, "{row:?}");
        up.fail(Route::Manifest, Fault::Status(503));
        story.again(&["1.0"]).await;
        assert!(story.tag("1.0").await.checks.due.is_some());
        let tag = "1.0".parse().unwrap();
        story.engine.stop_trying(&story.editor, &story.stream, &tag).await.unwrap();
        assert_eq!(story.tag("1.0").await.checks.due, None);
        assert_eq!(story.after(Duration::days(1)).await, 0);
    }
);

db_test!(
    async fn small_streams_do_not_wait_behind_a_big_one(db) {
        let story = Story::new(&db).await;
        let stream = |name: &str, tags: usize| {
            let tags: String = (0..tags)
                .map(|n| format!("  - {{name: v{n}, from: {{kind: DockerImage, name: 'localhost:1/team/{name}:{n}'}}, importPolicy: {{scheduled: true}}}}\n"))
                .collect();
            format!("kind: ImageStream\napiVersion: v1\nmetadata: {{name: {name}, namespace: team}}\nspec:\n  tags:\n{tags}")
        };
        let define = async |text: String| {
            let draft = engine::Draft { namespace: String::new(), text };
            let planned = story.engine.plan_definitions(&story.editor, &draft).await.unwrap();
            story.engine.apply_definitions(&story.editor, &draft, &planned.token).await.unwrap();
        };
        define(stream("big", 5_000)).await;
        // After what is long due, so that only a turn of their own helps them.
        story.engine.clock().advance(Duration::hours(2));
        let small: Vec<String> = (0..99).map(|n| stream(&format!("s{n}"), 1)).collect();
        define(small.join("---\n")).await;
        story.engine.clock().advance(Duration::hours(2));
        assert_eq!(story.engine.schedule_due(200).await.unwrap(), 200);
        let now = story.engine.clock().now();
        for n in 0..99 {
            let stream = StreamRef::parse("team", &format!("s{n}")).unwrap();
            let view = story.engine.tag(&story.editor, &stream, &"v0".parse().unwrap()).await.unwrap();
            assert!(view.row.checks.due.unwrap() > now, "{stream} had its turn");
        }
    }
);

db_test!(
    async fn a_slow_host_does_not_hold_up_the_others(db) {
        let (slow, fast) = (TestUpstream::start().await, TestUpstream::start().await);
        let mut story = Story::with_workers(&db, 2).await;
        let mut streams = Vec::new();
        for n in 0..13 {
            let up = if n < 12 { &slow } else { &fast };
            up.image("team/app", "1.0", ImageKind::Docker);
            story.stream = StreamRef::parse("team", &format!("s{n}")).unwrap();
            let mut request = story.request(up.reference("team/app"), chosen(&["1.0"]), true);
            request.schedule = Schedule::Every(60);
            story.run(&request).await;
            streams.push(story.stream.clone());
        }
        slow.fail(Route::Manifest, Fault::Hang);
        slow.move_tag("team/app", "1.0");
        story.engine.clock().advance(Duration::seconds(61));
        story.engine.start_workers();
        slow.hangs(8).await;
        // All that may ask the slow host wait for it. Now another host has something new.
        let moved = fast.move_tag("team/app", "1.0");
        let mut numbers = story.engine.journal_numbers();
        story.engine.clock().advance(Duration::seconds(61));
        story.stream = streams[12].clone();
        while story.tag("1.0").await.head.unwrap().digest != moved {
            numbers.changed().await.unwrap();
        }
        for stream in &streams[..12] {
            story.stream = stream.clone();
            assert_eq!(story.tag("1.0").await.head.unwrap().number, 1, "{stream} waits still");
        }
        slow.heal();
        slow.release();
        for stream in &streams[..12] {
            story.stream = stream.clone();
            while story.tag("1.0").await.head.unwrap().number != 2 {
                numbers.changed().await.unwrap();
            }
        }
        story.engine.stop(std::time::Duration::from_secs(5)).await;
    }
);
