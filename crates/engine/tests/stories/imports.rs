//! Imports as stories: engine, in-process registry, held clock, on both databases.

use crate::common::{Story, chosen, upstream};
use engine::{
    Error, db_test,
    testing::upstream::{Fault, ImageKind, Route, TestUpstream},
};
use model::{
    PageRequest, TagSource,
    import::Selection,
    job::{ItemState, JobState},
    policy::{ImportMode, ReferencePolicy, Schedule},
    tag::{Reason, TagAt, TagFilter},
    tagging::{Mode, TagInput, TagRequest},
};

db_test!(
    async fn a_new_stream_and_its_first_import_are_generation_1(db) {
        let up = TestUpstream::start().await;
        let digest = up.image("team/app", "1.0", ImageKind::Docker);
        let story = Story::new(&db).await;
        let job = story.import_new(&up, chosen(&["1.0"])).await;
        assert_eq!(job.state, JobState::Succeeded, "{job:?}");
        let tag = story.tag("1.0").await;
        let (spec, head) = (tag.spec.unwrap(), tag.head.unwrap());
        assert_eq!((spec.generation, head.digest.clone(), head.number), (1, digest.clone(), 1));
        assert_eq!(head.reference, up.reference("team/app").with_digest(&digest));
        let view = story.engine.stream(&story.editor, &story.stream).await.unwrap();
        assert_eq!((view.generation, view.row.tags, view.row.insecure), (1, 1, true));
        let image = story.engine.image(&story.editor, &story.stream, &digest).await.unwrap();
        assert!(!image.layers.is_empty() && !image.config.env.is_empty(), "{image:?}");
    }
);

db_test!(
    async fn every_kind_of_manifest_is_imported_with_its_platforms(db) {
        let up = TestUpstream::start().await;
        let kinds = [
            ("docker", ImageKind::Docker),
            ("oci", ImageKind::Oci),
            ("list", ImageKind::DockerList),
            ("index", ImageKind::OciIndex),
            ("schema1", ImageKind::Schema1),
        ];
        for (tag, kind) in kinds {
            up.image("team/app", tag, kind);
        }
        let story = Story::new(&db).await;
        let job = story.import_new(&up, Selection::All).await;
        assert_eq!((job.state, job.progress.done, job.progress.failed), (JobState::Succeeded, 5, 0), "{job:?}");
        for tag in ["list", "index"] {
            let digest = story.tag(tag).await.head.unwrap().digest;
            assert_eq!(digest, up.digest("team/app", tag), "the index itself is kept");
            let image = story.engine.image(&story.editor, &story.stream, &digest).await.unwrap();
            let child = image.platforms.iter().find(|child| !child.is_attestation()).unwrap();
            let child = story.engine.image(&story.editor, &story.stream, &child.digest).await.unwrap();
            assert!(child.platform.is_some() && !child.layers.is_empty(), "{child:?}");
        }
    }
);

db_test!(
    async fn an_unchanged_tag_costs_one_head_and_writes_nothing(db) {
        let up = TestUpstream::start().await;
        up.many("team/app", 20);
        let story = Story::new(&db).await;
        story.import_new(&up, Selection::All).await;
        let (before, view) = (story.journal().await, story.engine.stream(&story.editor, &story.stream).await.unwrap());
        up.forget_requests();
        let job = story.again(&[]).await;
        assert_eq!((job.state, job.progress.unchanged), (JobState::Succeeded, 20));
        assert_eq!(up.count("HEAD", Route::Manifest), 20);
        assert_eq!(up.count("GET", Route::Manifest) + up.count("GET", Route::Blob), 0);
        assert_eq!(story.journal().await, before, "no journal entry");
        let after = story.engine.stream(&story.editor, &story.stream).await.unwrap();
        assert_eq!((after.version, after.generation), (view.version, view.generation));
    }
);

db_test!(
    async fn the_cap_takes_the_first_in_priority_order_and_the_rest_stays_importable(db) {
        let up = TestUpstream::start().await;
        for tag in ["edge", "1.0", "latest", "2.0", "1.5.3", "abc"] {
            up.image("team/app", tag, ImageKind::Docker);
        }
        let story = Story::with_cap(&db, Some(3)).await;
        let mut request = story.request(up.reference("team/app"), Selection::All, true);
        (request.schedule, request.reference_policy) = (Schedule::Global, ReferencePolicy::Local);
        request.mode = Some(ImportMode::Legacy);
        let job = story.run(&request).await;
        assert_eq!((job.progress.total, job.progress.left_out), (3, 3));
        let names = |rows: Vec<model::tag::TagRow>| rows.into_iter().map(|row| row.name.to_string()).collect::<Vec<_>>();
        assert_eq!(names(story.tags().await), ["latest", "2.0", "1.0"]);
        assert_eq!(story.engine.stream(&story.editor, &story.stream).await.unwrap().left_out, 3);
        // Importing something again, or storing all, does not forget what was left out.
        story.again(&["latest"]).await;
        story.mirror(&[]).await;
        assert_eq!(story.engine.stream(&story.editor, &story.stream).await.unwrap().left_out, 3);
        let id = story.engine.import_left_out(&story.editor, &story.stream).await.unwrap();
        story.engine.run_jobs().await.unwrap();
        assert_eq!(story.job(&id).await.state, JobState::Succeeded);
        for tag in story.tags().await {
            let spec = tag.spec.unwrap();
            assert_eq!((spec.schedule(), spec.reference_policy, spec.mode()), (Schedule::Global, ReferencePolicy::Local, ImportMode::Legacy), "{}", tag.name);
        }
        assert_eq!(names(story.tags().await), ["latest", "2.0", "1.0", "1.5.3", "abc", "edge"]);
        let none = story.engine.import_left_out(&story.editor, &story.stream).await.unwrap_err();
        assert!(matches!(none, Error::Conflict(_)), "{none}");
    }
);

db_test!(
    async fn a_preview_looks_and_writes_nothing(db) {
        let up = TestUpstream::start().await;
        up.many("team/app", 5);
        let story = Story::with_cap(&db, Some(3)).await;
        let request = story.request(up.reference("team/app"), Selection::All, true);
        let preview = story.engine.preview_import(&story.editor, &request).await.unwrap();
        assert_eq!((preview.found, preview.tags.len(), preview.left_out_count), (5, 3, 2));
        assert!(matches!(story.engine.stream(&story.editor, &story.stream).await, Err(Error::NotFound(_))));
        let missing = story.request(up.reference("team/app"), chosen(&["0000", "nope"]), true);
        let refused = story.engine.preview_import(&story.editor, &missing).await.unwrap_err();
        assert!(matches!(&refused, Error::Invalid { field: "tags", message } if message.contains("nope")), "{refused}");
    }
);

db_test!(
    async fn a_follower_moves_in_the_write_that_moves_what_it_follows(db) {
        let up = TestUpstream::start().await;
        up.image("team/app", "2.0", ImageKind::Docker);
        let story = Story::new(&db).await;
        story.import_new(&up, Selection::All).await;
        for (source, destination) in [("2.0", "latest"), ("latest", "stable")] {
            let at = |tag: &str| TagAt::new(&story.stream, tag.parse().unwrap());
            let request = TagRequest::new(TagInput::Tag(at(source)), at(destination), Mode::Follow);
            let planned = story.engine.plan_tag(&story.editor, &request).await.unwrap();
            story.engine.set_tag(&story.editor, &request, &planned.token).await.unwrap();
        }
        let moved = up.move_tag("team/app", "2.0");
        db.clock.advance(chrono::Duration::hours(1));
        story.again(&["2.0"]).await;
        for tag in ["2.0", "latest", "stable"] {
            let history = story.history(tag).await;
            assert_eq!((history.len(), &history[0].digest), (2, &moved), "{tag}");
        }
        let numbers: Vec<i64> = story.journal().await.into_iter().map(|(number, _)| number).collect();
        assert_eq!(numbers[numbers.len() - 3..].iter().collect::<std::collections::BTreeSet<_>>().len(), 1, "one transaction");
        assert_eq!(story.history("stable").await[0].cause, model::Cause::Follow);
    }
);

/// Each bad upstream, as the condition of a tag that was good before: reason, words, and nothing changed besides.
macro_rules! bad_upstream {
    ($name:ident, $up:expr, $break_it:expr, $reason:expr, $words:expr) => {
        db_test!(
            async fn $name(db) {
                let up: TestUpstream = $up;
                up.image("team/app", "1.0", ImageKind::Docker);
                let story = Story::new(&db).await;
                story.import_new(&up, chosen(&["1.0"])).await;
                let before = story.tag("1.0").await;
                assert!(before.condition.is_none(), "{before:?}");
                // New content, so that more than a HEAD is needed.
                up.move_tag("team/app", "1.0");
                let break_it: fn(&TestUpstream) = $break_it;
                break_it(&up);
                // A client that has learned nothing of the host yet.
                let story = Story::new(&db).await;
                let job = story.again(&["1.0"]).await;
                assert_eq!(job.state, JobState::Failed, "{job:?}");
                let after = story.tag("1.0").await;
                let condition = after.condition.clone().unwrap();
                assert_eq!(condition.reason, $reason, "{condition:?}");
                for word in $words {
                    let all = format!("{} {}", condition.message, condition.hint);
                    assert!(all.contains(word), "{word:?} in {all:?}");
                }
                // What was asked is of the failure's generation now: it is answered, and not pending.
                let asked = before.spec.clone().map(|spec| model::TagSpec { generation: condition.generation, ..spec });
                assert_eq!((after.head, after.spec), (before.head, asked), "the tag keeps what it had");
                assert_eq!(story.history("1.0").await.len(), 1);
                assert_eq!(story.tags().await.len(), 1);
            }
        );
    };
}

bad_upstream!(
    a_repository_that_is_gone_is_not_found,
    TestUpstream::start().await,
    |up| up.fail(Route::Manifest, Fault::Status(404)),
    Reason::NotFound,
    ["not found"]
);
bad_upstream!(
    a_manifest_with_other_bytes_is_refused,
    TestUpstream::start().await,
    |up| up.fail(Route::Manifest, Fault::WrongBytes),
    Reason::InternalError,
    ["digest"]
);
bad_upstream!(
    a_manifest_of_50_mib_is_refused,
    TestUpstream::start().await,
    |up| up.fail(Route::Manifest, Fault::Huge),
    Reason::InternalError,
    ["larger than 4194304 bytes"]
);
bad_upstream!(
    a_token_service_at_a_blocked_address_is_not_asked,
    TestUpstream::start().await,
    |up| up.fail(
        Route::Any,
        Fault::Realm("https://169.254.169.254/token".into())
    ),
    Reason::Forbidden,
    ["169.254.169.254"]
);
bad_upstream!(
    a_redirect_to_the_metadata_address_is_not_followed,
    TestUpstream::start().await,
    |up| up.fail(
        Route::Blob,
        Fault::Redirect("http://169.254.169.254/latest/meta-data".into())
    ),
    Reason::Forbidden,
    ["169.254.169.254"]
);
bad_upstream!(
    a_registry_that_wants_a_password_is_unauthorized,
    TestUpstream::start().await,
    |up| up.fail(Route::Manifest, Fault::Status(401)),
    Reason::Unauthorized,
    ["may not have access"]
);
bad_upstream!(
    a_registry_that_is_down_is_named,
    TestUpstream::start().await,
    |up| up.fail(Route::Any, Fault::Status(503)),
    Reason::InternalError,
    ["503"]
);

/// Each bad upstream at the first import: a field error in the preview, a failed job otherwise, no tag either way.
macro_rules! bad_source {
    ($name:ident, $up:expr, $insecure:expr, $words:expr) => {
        db_test!(
            async fn $name(db) {
                let up: TestUpstream = $up;
                let story = Story::new(&db).await;
                let mut request = story.request(up.reference("team/app"), Selection::All, true);
                request.insecure = $insecure;
                let refused = story.engine.preview_import(&story.editor, &request).await.unwrap_err();
                let Error::Upstream { message, hint, .. } = &refused else { panic!("{refused:?}") };
                for word in $words {
                    let all = format!("{message} {hint}");
                    assert!(all.contains(word), "{word:?} in {all:?}");
                }
                assert!(matches!(story.engine.stream(&story.editor, &story.stream).await, Err(Error::NotFound(_))));
                let story = Story::new(&db).await;
                let job = story.run(&request).await;
                assert_eq!((job.state, &job.error), (JobState::Failed, message));
                assert!(story.tags().await.is_empty());
            }
        );
    };
}

bad_source!(
    http_without_insecure_says_what_to_tick,
    TestUpstream::start().await,
    false,
    [
        "http: server gave HTTP response to HTTPS client",
        "Insecure registry"
    ]
);
bad_source!(
    a_self_signed_certificate_is_not_trusted,
    TestUpstream::builder().tls().start().await,
    false,
    ["certificate signed by unknown authority"]
);
bad_source!(
    a_password_we_do_not_have_is_asked_for,
    TestUpstream::builder().basic("rig", "secret").start().await,
    true,
    ["may not have access"]
);
bad_source!(
    a_repository_that_never_was_is_not_found,
    TestUpstream::start().await,
    true,
    ["not found"]
);
bad_source!(
    a_tag_list_that_goes_in_circles_is_refused,
    {
        let up = TestUpstream::start().await;
        up.image("team/app", "1.0", ImageKind::Docker);
        up.fail(Route::Tags, Fault::RepeatedTags);
        up
    },
    true,
    ["the tag list repeats itself"]
);

db_test!(
    async fn a_host_that_does_not_answer_is_named(db) {
        let up = TestUpstream::start().await;
        let source = up.reference("team/app");
        up.stop().await;
        let story = Story::new(&db).await;
        let job = story.run(&story.request(source, chosen(&["1.0"]), true)).await;
        assert_eq!(job.state, JobState::Failed);
        assert!(job.error.contains("refused"), "{job:?}");
        let tag = story.tag("1.0").await;
        assert!(tag.head.is_none() && tag.condition.is_some(), "a tag asked for by name can be tried again: {tag:?}");
    }
);

db_test!(
    async fn one_bad_tag_does_not_stop_the_others_and_heals_by_itself(db) {
        let up = TestUpstream::start().await;
        for tag in ["1.0", "1.1", "1.2"] {
            up.image("team/app", tag, ImageKind::Docker);
        }
        let story = Story::new(&db).await;
        let job = story.import_new(&up, chosen(&["1.0", "1.1", "1.2", "9.9"])).await;
        assert_eq!((job.state, job.progress.done, job.progress.failed), (JobState::Failed, 4, 1));
        let failed: Vec<_> =
            story.items(&job).await.into_iter().filter(|item| item.state == ItemState::Failed).collect();
        assert_eq!(failed[0].tag.as_str(), "9.9");
        assert!(job.error.is_empty(), "the tag says why");
        assert_eq!(story.engine.stream(&story.editor, &story.stream).await.unwrap().row.failed, 1);
        up.image("team/app", "9.9", ImageKind::Oci);
        assert_eq!(story.again(&["9.9"]).await.state, JobState::Succeeded);
        let view = story.engine.stream(&story.editor, &story.stream).await.unwrap();
        assert_eq!((view.row.failed, view.row.tags), (0, 4));
    }
);

db_test!(
    async fn what_fails_is_listed_alone_newest_results_first_and_an_image_is_found(db) {
        let up = TestUpstream::start().await;
        let digest = up.image("team/app", "1.0", ImageKind::Docker);
        up.image("team/app", "1.1", ImageKind::Docker);
        let story = Story::new(&db).await;
        let job = story.import_new(&up, chosen(&["1.0", "1.1", "9.9"])).await;
        let (engine, editor) = (&story.engine, &story.editor);
        let page = PageRequest::default();

        let failed = TagFilter { text: String::new(), failed: true };
        let tags = engine.list_tags(editor, &story.stream, &failed, &page).await.unwrap();
        let names: Vec<_> = tags.items.iter().map(|tag| tag.name.as_str()).collect();
        assert_eq!(names, ["9.9"]);
        let none = TagFilter { text: "1".into(), failed: true };
        assert!(engine.list_tags(editor, &story.stream, &none, &page).await.unwrap().items.is_empty());

        let newest = engine.newest_job_items(editor, &job.id, 2).await.unwrap();
        let mut in_order: Vec<_> = story.items(&job).await.into_iter().map(|item| item.tag).collect();
        in_order.reverse();
        assert_eq!(newest.into_iter().map(|item| item.tag).collect::<Vec<_>>(), in_order[..2]);

        for (state, n) in [(None, 1), (Some(JobState::Failed), 1), (Some(JobState::Running), 0)] {
            for stream in [None, Some(&story.stream)] {
                let jobs = engine.list_jobs(editor, stream, state, &page).await.unwrap();
                assert_eq!(jobs.items.len(), n, "{state:?}");
            }
        }
        let ahead = engine.attention(editor, 10).await.unwrap();
        assert_eq!(ahead.tags.len(), 1);
        assert_eq!((ahead.tags[0].tag.as_str(), &ahead.tags[0].stream), ("9.9", &story.stream));
        assert!(engine.storage_of_namespaces(editor).await.unwrap().is_empty(), "not measured yet");

        let found = engine.stream_with_image(editor, &digest).await.unwrap();
        assert_eq!(found.as_ref(), Some(&story.stream));
    }
);

db_test!(
    async fn a_worker_that_died_leaves_a_job_that_another_finishes(db) {
        let up = TestUpstream::start().await;
        up.many("team/app", 30);
        let story = Story::new(&db).await;
        let request = story.request(up.reference("team/app"), Selection::All, true);
        let id = story.engine.start_import(&story.editor, &request).await.unwrap().unwrap();
        // The first worker's requests never come back; it is dropped as a killed process would be.
        up.fail(Route::Manifest, Fault::Hang);
        {
            let run = story.engine.run_jobs();
            tokio::pin!(run);
            tokio::select! {
                _ = &mut run => panic!("it hangs"),
                () = up.hangs(1) => {}
            }
        }
        up.heal();
        let other = Story::new(&db).await;
        other.engine.run_jobs().await.unwrap();
        assert_eq!(other.job(&id).await.state, JobState::Running, "the lease still stands");
        db.clock.advance(chrono::Duration::seconds(11));
        other.engine.run_jobs().await.unwrap();
        let job = other.job(&id).await;
        assert_eq!((job.state, job.progress.done, job.attempts), (JobState::Succeeded, 30, 2));
        assert_eq!(other.tags().await.len(), 30);
        assert!(other.history("0007").await.len() == 1);
    }
);

db_test!(
    async fn a_cancelled_import_keeps_what_was_imported_and_takes_no_more(db) {
        let up = TestUpstream::start().await;
        up.many("team/app", 5);
        let story = Story::new(&db).await;
        let request = story.request(up.reference("team/app"), Selection::All, true);
        let id = story.engine.start_import(&story.editor, &request).await.unwrap().unwrap();
        up.fail(Route::Manifest, Fault::Hang);
        let run = story.engine.run_jobs();
        let cancel = async {
            up.hangs(1).await;
            story.engine.cancel_job(&story.editor, &id).await.unwrap();
            up.heal();
        };
        let (ran, ()) = tokio::join!(run, cancel);
        ran.unwrap();
        assert_eq!(story.job(&id).await.state, JobState::Cancelled);
        let again = story.engine.cancel_job(&story.editor, &id).await.unwrap_err();
        assert!(matches!(again, Error::Conflict(_)), "{again}");
        // One that waits is cancelled at once.
        let waiting = story.engine.import_again(&story.editor, &story.stream, &[]).await;
        if let Ok(waiting) = waiting {
            story.engine.cancel_job(&story.editor, &waiting).await.unwrap();
            assert_eq!(story.job(&waiting).await.state, JobState::Cancelled);
        }
    }
);

db_test!(
    async fn what_a_cancelled_import_did_not_get_to_waits_with_what_the_cap_left_out(db) {
        let up = TestUpstream::start().await;
        up.many("team/app", 9);
        let mut story = Story::new(&db).await;
        let asks_two_at_a_time = |config: &mut engine::Config| {
            (config.max_tags_per_import, config.import_concurrency) = (Some(7), 2);
        };
        story.engine = db.engine_with(upstream(), asks_two_at_a_time).await;
        let waiting = async || story.engine.stream(&story.editor, &story.stream).await.unwrap().left_out;
        let request = story.request(up.reference("team/app"), Selection::All, true);
        let id = story.engine.start_import(&story.editor, &request).await.unwrap().unwrap();
        up.fail(Route::Manifest, Fault::Hang);
        let cancel = async {
            up.hangs(2).await;
            story.engine.cancel_job(&story.editor, &id).await.unwrap();
            up.heal();
        };
        let (ran, ()) = tokio::join!(story.engine.run_jobs(), cancel);
        ran.unwrap();
        let job = story.job(&id).await;
        let progress = job.progress;
        assert_eq!((job.state, progress.done, progress.total, progress.left_out), (JobState::Cancelled, 2, 7, 2));
        assert_eq!((waiting().await, job.waiting()), (7, 7));
        // The import of what waits is stopped before it begins.
        let id = story.engine.import_left_out(&story.editor, &story.stream).await.unwrap();
        story.engine.cancel_job(&story.editor, &id).await.unwrap();
        assert_eq!((waiting().await, story.job(&id).await.waiting()), (7, 7));
        story.engine.import_left_out(&story.editor, &story.stream).await.unwrap();
        story.engine.run_jobs().await.unwrap();
        assert_eq!(waiting().await, 0);
        let tags = story.tags().await;
        assert!(tags.len() == 9 && tags.iter().all(|tag| tag.head.is_some()), "{tags:?}");
    }
);

db_test!(
    async fn the_same_import_asked_for_twice_is_one_job(db) {
        let up = TestUpstream::start().await;
        up.many("team/app", 2);
        let story = Story::new(&db).await;
        story.import_new(&up, Selection::All).await;
        let first = story.engine.import_again(&story.editor, &story.stream, &[]).await.unwrap();
        let second = story.engine.import_again(&story.editor, &story.stream, &[]).await.unwrap();
        assert_eq!(first, second);
    }
);

db_test!(
    async fn an_import_over_a_fixed_tag_says_what_it_replaces(db) {
        let up = TestUpstream::start().await;
        up.many("team/app", 2);
        let story = Story::new(&db).await;
        story.import_new(&up, Selection::All).await;
        let at = |tag: &str| TagAt::new(&story.stream, tag.parse().unwrap());
        let request = TagRequest::new(TagInput::Tag(at("0000")), at("0001"), Mode::Fixed);
        let planned = story.engine.plan_tag(&story.editor, &request).await.unwrap();
        story.engine.set_tag(&story.editor, &request, &planned.token).await.unwrap();
        let stale = story.engine.set_tag(&story.editor, &request, &planned.token).await.unwrap_err();
        assert!(matches!(stale, Error::Conflict(_)), "a plan is confirmed once: {stale}");
        assert!(matches!(story.tag("0001").await.spec.unwrap().source, TagSource::Fixed { .. }));
        let all = story.request(up.reference("team/app"), Selection::All, false);
        let preview = story.engine.preview_import(&story.editor, &all).await.unwrap();
        assert!(preview.tags[1].replaces.as_ref().is_some_and(|text| text.starts_with("fixed to")), "{preview:?}");
        let refused = story.engine.import_again(&story.editor, &story.stream, &["0001".parse().unwrap()]).await;
        assert!(matches!(refused, Err(Error::Invalid { field: "tag", .. })));
    }
);

db_test!(
    async fn an_unchanged_tag_of_one_platform_costs_one_head_until_its_index_or_its_platform_changes(db) {
        let up = TestUpstream::start().await;
        up.image("team/app", "1.0", ImageKind::OciIndex);
        let story = Story::new(&db).await;
        let mut request = story.request(up.reference("team/app"), chosen(&["1.0"]), true);
        request.mode = Some(ImportMode::Legacy);
        story.run(&request).await;
        let first = story.tag("1.0").await.head.unwrap().digest;
        let before = story.journal().await.len();
        let again = async || {
            up.forget_requests();
            let job = story.again(&["1.0"]).await;
            (job.progress.unchanged, up.count("HEAD", Route::Manifest), up.count("GET", Route::Manifest))
        };
        assert_eq!(again().await, (1, 1, 0));
        assert_eq!(story.journal().await.len(), before, "nothing is written");
        // Another platform of the same index is another image.
        request.create = false;
        request.platform = ["linux".into(), "arm64".into()];
        story.run(&request).await;
        let arm = story.tag("1.0").await.head.unwrap().digest;
        assert_ne!(arm, first);
        assert_eq!(again().await, (1, 1, 0));
        up.move_tag("team/app", "1.0");
        assert_eq!(again().await.0, 0);
        assert!(![first, arm].contains(&story.tag("1.0").await.head.unwrap().digest));
        assert_eq!(again().await, (1, 1, 0));
        // All of the index is more than was taken.
        request.mode = Some(ImportMode::PreserveOriginal);
        request.platform = <[String; 2]>::default();
        story.run(&request).await;
        assert_eq!(story.tag("1.0").await.head.unwrap().digest, up.digest("team/app", "1.0"));
    }
);
