//! What people do while an import runs holds: they said it later.

use engine::{
    db_test,
    testing::upstream::{Fault, ImageKind, Route, TestUpstream},
};
use model::{
    TagSource,
    edit::Edit,
    import::Selection,
    job::{ItemState, JobState},
    tag::TagAt,
    tagging::{Mode, TagInput, TagRequest},
};

use crate::common::{Story, chosen};

impl Story {
    /// Imports these tags again from a registry that answers once `meanwhile` was done.
    async fn again_while(
        &self,
        up: &TestUpstream,
        tags: &[&str],
        meanwhile: impl Future,
    ) -> String {
        let tags: Vec<_> = tags.iter().map(|tag| tag.parse().unwrap()).collect();
        let asked = self
            .engine
            .import_again(&self.editor, &self.stream, &tags)
            .await
            .unwrap();
        let during = async {
            up.hangs(tags.len()).await;
            self.engine.clock().advance(chrono::Duration::seconds(1));
            meanwhile.await;
            up.heal();
        };
        let (done, ()) = tokio::join!(self.engine.run_jobs(), during);
        done.unwrap();
        asked
    }
}

db_test!(
    async fn tags_that_are_set_or_deleted_while_an_import_runs_stay_as_they_were_set(db) {
        let up = TestUpstream::start().await;
        for tag in ["1.0", "2.0", "3.0", "base"] {
            up.image("team/app", tag, ImageKind::Docker);
        }
        let story = Story::new(&db).await;
        story.import_new(&up, Selection::All).await;
        let base = story.tag("base").await.head.unwrap().digest;
        for tag in ["1.0", "2.0", "3.0"] {
            up.move_tag("team/app", tag);
        }
        up.fail(Route::Manifest, Fault::Hang);
        let meanwhile = async {
            story.tag_as("base", "1.0", Mode::Fixed).await;
            let (editor, stream, tags) = (&story.editor, &story.stream, ["2.0".parse().unwrap()]);
            let planned = story.engine.plan_delete_tags(editor, stream, &tags).await.unwrap();
            story.engine.delete_tags(editor, stream, &tags, &planned.token).await.unwrap();
        };
        let job = story.again_while(&up, &["1.0", "2.0", "3.0"], meanwhile).await;
        let job = story.job(&job).await;
        assert_eq!(job.state, JobState::Succeeded);
        let set = story.tag("1.0").await;
        assert!(matches!(set.spec.unwrap().source, TagSource::Fixed { .. }));
        assert_eq!(set.head.unwrap().digest, base);
        assert_eq!(story.tags().await.len(), 3, "what was deleted does not come back");
        assert_eq!(story.tag("3.0").await.head.unwrap().digest, up.digest("team/app", "3.0"));
        for item in story.items(&job).await {
            let changed = item.message.contains("changed after this import was asked for");
            assert_eq!((item.state == ItemState::Unchanged, changed), match item.tag.as_str() {
                "3.0" => (false, false),
                _ => (true, true),
            }, "{item:?}");
        }
        // Who asks now gets what they ask for.
        let request = story.request(up.reference("team/app"), chosen(&["1.0"]), false);
        story.run(&request).await;
        assert_eq!(story.tag("1.0").await.head.unwrap().digest, up.digest("team/app", "1.0"));
    }
);

db_test!(
    async fn a_failure_of_the_registry_a_tag_came_from_before_it_was_corrected_is_not_told_of_it(db) {
        let (typo, right) = (TestUpstream::start().await, TestUpstream::start().await);
        typo.image("team/app", "1.0", ImageKind::Docker);
        let digest = right.image("team/app", "1.0", ImageKind::Oci);
        let story = Story::new(&db).await;
        story.import_new(&typo, Selection::All).await;
        typo.fail(Route::Manifest, Fault::HangThen(404));
        let meanwhile = async {
            let request = story.request(right.reference("team/app"), chosen(&["1.0"]), false);
            let id = story.engine.start_import(&story.editor, &request).await.unwrap().unwrap();
            // It runs beside the one that hangs.
            story.engine.run_jobs().await.unwrap();
            assert_eq!(story.job(&id).await.state, JobState::Succeeded);
        };
        story.again_while(&typo, &["1.0"], meanwhile).await;
        let tag = story.tag("1.0").await;
        assert_eq!(tag.head.unwrap().digest, digest);
        assert!(tag.condition.is_none(), "{:?}", tag.condition);
        assert!(matches!(tag.spec.unwrap().source, TagSource::External { reference, .. } if reference.host() == right.host()));
    }
);

db_test!(
    async fn a_look_that_finds_nothing_new_does_not_end_the_tries_of_the_source_a_tag_has_by_now(db) {
        let (old, new) = (TestUpstream::start().await, TestUpstream::start().await);
        for up in [&old, &new] {
            up.image("team/app", "1.0", ImageKind::Docker);
        }
        let story = Story::new(&db).await;
        story.import_new(&old, Selection::All).await;
        old.fail(Route::Manifest, Fault::Hang);
        new.fail(Route::Manifest, Fault::Status(503));
        let meanwhile = async {
            let at = TagAt::new(&story.stream, "1.0".parse().unwrap());
            let reference = new.reference("team/app").with_tag(&at.tag);
            let mut request = TagRequest::new(TagInput::External(reference), at, Mode::Follow);
            request.options.insecure = true;
            story.set(&request).await;
            story.engine.run_jobs().await.unwrap();
            let checks = story.tag("1.0").await.checks;
            assert!(checks.attempts == 1 && checks.due.is_some(), "{checks:?}");
        };
        let job = story.again_while(&old, &["1.0"], meanwhile).await;
        let tag = story.tag("1.0").await;
        assert!(matches!(tag.spec.unwrap().source, TagSource::External { reference, .. } if reference.host() == new.host()));
        assert!(tag.condition.is_some() && tag.checks.attempts == 1 && tag.checks.due.is_some(), "{:?}", tag.checks);
        let items = story.items(&story.job(&job).await).await;
        assert!(items[0].message.contains("changed after this import was asked for"), "{items:?}");
    }
);

db_test!(
    async fn a_generation_that_others_raised_while_an_import_ran_does_not_go_back(db) {
        let up = TestUpstream::start().await;
        for tag in ["1.0", "2.0"] {
            up.image("team/app", tag, ImageKind::Docker);
        }
        let story = Story::new(&db).await;
        story.import_new(&up, Selection::All).await;
        up.move_tag("team/app", "1.0");
        up.fail(Route::Manifest, Fault::Hang);
        let raised = async {
            for tag in ["2.0", "1.0"] {
                let policies = model::edit::Policies {
                    insecure: Some(false),
                    ..Default::default()
                };
                let which = model::edit::Which::Tags(vec![tag.parse().unwrap()]);
                story.confirmed(Edit::Policies { which, policies }).await;
            }
        };
        story.again_while(&up, &["1.0"], raised).await;
        let stream = story.engine.stream(&story.editor, &story.stream).await.unwrap();
        let tag = story.tag("1.0").await;
        assert!(tag.spec.unwrap().generation <= stream.generation);
    }
);
