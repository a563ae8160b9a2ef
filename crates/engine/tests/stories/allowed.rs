//! The list of allowed registries, as stories: what is refused when asked, and what when it is due.

use chrono::Duration;
use engine::{
    Draft, Error, db_test,
    testing::{
        db::{TestDb, actor},
        upstream::{ImageKind, Route, TestUpstream},
    },
};
use model::{
    edit::{Edit, Policies, Which},
    import::Selection,
    job::JobState,
    policy::Schedule,
    tag::{Reason, TagAt},
    tagging::{Mode, TagInput, TagRequest},
    user::Role,
};

use crate::common::{Story, chosen, upstream};

impl Story {
    async fn allowing(db: &TestDb, list: &str) -> Self {
        let list = list.parse().unwrap();
        let set = |config: &mut engine::Config| config.allowed_registries = list;
        Self {
            engine: db.engine_with(upstream(), set).await,
            ..Self::new(db).await
        }
    }
}

/// The field and the message of a refusal.
fn refused<T: std::fmt::Debug>(result: engine::Result<T>) -> (&'static str, String) {
    match result {
        Err(Error::Invalid { field, message }) => (field, message),
        other => panic!("not refused: {other:?}"),
    }
}

fn external(story: &Story, up: &TestUpstream) -> TagRequest {
    let reference = up.reference("team/app").with_tag(&"1.0".parse().unwrap());
    let destination = TagAt {
        stream: story.stream.clone(),
        tag: "2.0".parse().unwrap(),
    };
    let mut request = TagRequest::new(TagInput::External(reference), destination, Mode::Follow);
    request.options.insecure = true;
    request
}

db_test!(
    async fn a_registry_that_is_not_allowed_is_refused_wherever_it_is_named(db) {
        let up = TestUpstream::start().await;
        up.image("team/app", "1.0", ImageKind::Docker);
        let story = Story::allowing(&db, "quay.io,*.example.com").await;
        let request = story.request(up.reference("team/app"), Selection::All, true);
        let (field, message) = refused(story.engine.preview_import(&story.editor, &request).await);
        assert_eq!(field, "source");
        assert!(message.contains("allowed are quay.io, *.example.com"), "{message}");
        assert_eq!(refused(story.engine.start_import(&story.editor, &request).await), (field, message));
        assert_eq!(refused(story.engine.plan_tag(&story.editor, &external(&story, &up)).await).0, "source");
        let text = format!("kind: ImageStream\napiVersion: v1\nmetadata:\n  name: app\nspec:\n  dockerImageRepository: {}\n", up.reference("team/app"));
        let draft = Draft { namespace: "team".into(), text };
        assert_eq!(refused(story.engine.plan_definitions(&story.editor, &draft).await).0, "text");
        assert_eq!(up.count("GET", Route::Manifest) + up.count("HEAD", Route::Manifest), 0, "nobody was asked");
        assert!(story.engine.stream(&story.editor, &story.stream).await.is_err(), "nothing was made");
    }
);

db_test!(
    async fn what_is_no_longer_allowed_stays_and_says_forbidden_when_it_is_imported_again(db) {
        let up = TestUpstream::start().await;
        let digest = up.image("team/app", "1.0", ImageKind::Docker);
        let before = Story::allowing(&db, "insecure:*:*").await;
        let job = before.import_new(&up, chosen(&["1.0"])).await;
        assert_eq!(job.state, JobState::Succeeded, "{job:?}");
        let policies = Policies { schedule: Some(Schedule::Global), ..Policies::default() };
        let edit = Edit::Policies { which: Which::Tags(vec!["1.0".parse().unwrap()]), policies };
        let story = Story::allowing(&db, "quay.io").await;
        // What is there already may be changed in other ways.
        let planned = story.engine.plan_edit(&story.editor, &story.stream, &edit).await.unwrap();
        story.engine.edit(&story.editor, &story.stream, &edit, &planned.token).await.unwrap();
        up.forget_requests();

        let job = story.again(&["1.0"]).await;
        assert_eq!(job.state, JobState::Failed);
        let tag = story.tag("1.0").await;
        assert_eq!(tag.condition.unwrap().reason, Reason::Forbidden);
        assert_eq!(tag.head.unwrap().digest, digest, "its image stays");
        // Allowed again, the condition goes; and comes back by the schedule.
        before.again(&["1.0"]).await;
        assert_eq!(before.tag("1.0").await.condition, None);
        up.forget_requests();
        story.engine.clock().advance(Duration::minutes(40));
        assert_eq!(story.engine.schedule_due(10).await.unwrap(), 1);
        story.engine.run_jobs().await.unwrap();
        assert_eq!(story.tag("1.0").await.condition.unwrap().reason, Reason::Forbidden);
        assert_eq!(up.count("GET", Route::Manifest) + up.count("HEAD", Route::Manifest), 0, "nobody was asked");
    }
);

db_test!(
    async fn a_registry_allowed_with_verified_tls_only_is_not_read_in_another_way(db) {
        let up = TestUpstream::start().await;
        up.image("team/app", "1.0", ImageKind::Docker);
        let reference = up.reference("team/app");
        let story = Story::allowing(&db, reference.host()).await;
        let request = story.request(reference.clone(), chosen(&["1.0"]), true);
        let (field, message) = refused(story.engine.start_import(&story.editor, &request).await);
        assert_eq!(field, "insecure");
        assert!(message.contains("verified TLS only"), "{message}");
        assert_eq!(refused(story.engine.plan_tag(&story.editor, &external(&story, &up)).await).0, "insecure");
        let secure = model::import::ImportRequest { insecure: false, ..request };
        assert!(story.engine.start_import(&story.editor, &secure).await.unwrap().is_some());
        story.engine.run_jobs().await.unwrap();
        let loosen = Edit::StreamInsecure { insecure: true };
        let refusal = refused(story.engine.plan_edit(&actor(Role::Editor), &story.stream, &loosen).await);
        assert_eq!(refusal.0, "insecure");
        let policies = Policies { insecure: Some(true), ..Policies::default() };
        let loosen = Edit::Policies { which: Which::Tags(vec!["1.0".parse().unwrap()]), policies };
        assert_eq!(refused(story.engine.plan_edit(&story.editor, &story.stream, &loosen).await).0, "policy");
    }
);
