//! Definitions as stories: pasted, previewed, applied, exported.

use engine::{
    Draft, Error, db_test,
    testing::{
        db::actor,
        upstream::{ImageKind, TestUpstream},
    },
};
use model::{
    Change, TagSource,
    import::Selection,
    policy::{ReferencePolicy, Schedule},
    user::Role,
};

use crate::common::{Story, chosen, upstream};

fn draft(text: impl Into<String>) -> Draft {
    Draft {
        namespace: "team".into(),
        text: text.into(),
    }
}

impl Story {
    async fn apply(&self, text: &str) -> engine::Result<()> {
        let draft = draft(text);
        let planned = self.engine.plan_definitions(&self.editor, &draft).await?;
        self.engine
            .apply_definitions(&self.editor, &draft, &planned.token)
            .await?;
        self.engine.run_jobs().await
    }
}

db_test!(
    async fn a_definition_with_a_repository_is_imported_soon_after(db) {
        let up = TestUpstream::start().await;
        up.image("team/app", "1.0", ImageKind::Docker);
        up.image("team/app", "2.0", ImageKind::Docker);
        let story = Story::new(&db).await;
        let text = format!(
            "kind: ImageStream\napiVersion: v1\nmetadata:\n  name: app\n  annotations:\n    openshift.io/image.insecureRepository: \"true\"\nspec:\n  dockerImageRepository: {}\n",
            up.reference("team/app")
        );
        story.apply(&text).await.unwrap();
        let tags = story.tags().await;
        assert_eq!(tags.len(), 2);
        assert!(tags.iter().all(|tag| tag.head.is_some() && !tag.spec.as_ref().unwrap().insecure), "insecure by the stream");
        let journal = story.journal().await;
        assert!(matches!(journal[0].1, Change::CreateStream { .. }));

        // The same once more changes nothing and imports nothing.
        let planned = story.engine.plan_definitions(&story.editor, &draft(&text)).await.unwrap();
        assert!(planned.plans[0].is_empty(), "{:?}", planned.plans);
        story.apply(&text).await.unwrap();
        assert_eq!(story.journal().await, journal);
    }
);

db_test!(
    async fn tags_are_made_and_changed_as_written_and_the_rest_stays(db) {
        let up = TestUpstream::start().await;
        up.image("team/app", "1.0", ImageKind::Docker);
        up.image("team/app", "2.0", ImageKind::Docker);
        let story = Story::new(&db).await;
        story.import_new(&up, chosen(&["1.0"])).await;
        let tags = |policy: &str, scheduled: bool| {
            let host = up.reference("team/app");
            format!(
                "apiVersion: image.openshift.io/v1\nkind: ImageStream\nmetadata: {{name: app, namespace: team}}\nspec:\n  tags:\n  - name: \"2.0\"\n    from: {{kind: DockerImage, name: '{host}:2.0'}}\n    importPolicy: {{insecure: true, scheduled: {scheduled}}}\n    referencePolicy: {{type: {policy}}}\n  - name: latest\n    from: {{kind: ImageStreamTag, name: 'app:2.0'}}\n"
            )
        };
        story.apply(&tags("Local", true)).await.unwrap();
        let two = story.tag("2.0").await;
        let spec = two.spec.unwrap();
        assert_eq!((spec.insecure, spec.reference_policy, spec.schedule()), (true, ReferencePolicy::Local, Schedule::Global));
        assert_eq!(story.tag("latest").await.head.unwrap().digest, two.head.unwrap().digest, "it follows what came with the import");
        assert!(story.tag("1.0").await.head.is_some(), "what is not written stays");

        // A policy alone is changed without another import.
        let jobs = story.engine.list_jobs(&story.editor, Some(&story.stream), None, &model::PageRequest::default()).await.unwrap().items.len();
        story.apply(&tags("Source", false)).await.unwrap();
        let spec = story.tag("2.0").await.spec.unwrap();
        assert_eq!((spec.reference_policy, spec.schedule()), (ReferencePolicy::Source, Schedule::Never));
        let after = story.engine.list_jobs(&story.editor, Some(&story.stream), None, &model::PageRequest::default()).await.unwrap().items.len();
        assert_eq!(after, jobs);
    }
);

db_test!(
    async fn what_is_exported_can_be_applied_again_and_changes_nothing(db) {
        let up = TestUpstream::start().await;
        let digest = up.image("team/app", "1.0", ImageKind::Docker);
        let story = Story::new(&db).await;
        story.import_new(&up, chosen(&["1.0"])).await;
        let follow = format!("{}:follow", story.stream.name);
        assert_eq!(follow, "app:follow");
        let object = story.engine.export_stream(&story.editor, &story.stream).await.unwrap();
        assert_eq!(object["spec"]["tags"][0]["from"]["kind"], "DockerImage");
        assert_eq!(object["status"]["tags"][0]["items"][0]["image"], digest.as_str());
        let text = engine::openshift::text::yaml(&object).unwrap();
        let planned = story.engine.plan_definitions(&story.editor, &draft(&text)).await.unwrap();
        assert!(planned.plans[0].is_empty(), "{:?}", planned.plans);

        let tag = story.engine.export_tag(&story.editor, &story.stream, &"1.0".parse().unwrap()).await.unwrap();
        assert_eq!((tag["kind"].as_str(), tag["metadata"]["name"].as_str()), (Some("ImageStreamTag"), Some("app:1.0")));
        assert!(tag["image"]["dockerImageMetadata"]["Config"].is_object(), "{tag}");
        let short = &digest.short()[..7];
        let image = story.engine.export_image(&story.editor, &story.stream, short).await.unwrap();
        assert_eq!(image["metadata"]["name"], format!("app@{short}"), "the name is as it was asked for");
        assert_eq!(image["image"]["metadata"]["name"], digest.as_str());
        let missing = story.engine.export_image(&story.editor, &story.stream, "0000000").await.unwrap_err();
        assert!(matches!(missing, Error::NotFound(_)), "{missing}");
    }
);

db_test!(
    async fn a_text_is_applied_whole_or_not_at_all(db) {
        let story = Story::new(&db).await;
        let good = "kind: ImageStream\napiVersion: v1\nmetadata: {name: app}\n";
        let circle = "kind: ImageStream\napiVersion: v1\nmetadata: {name: ring}\nspec:\n  tags:\n  - {name: a, from: {kind: ImageStreamTag, name: 'ring:b'}}\n  - {name: b, from: {kind: ImageStreamTag, name: 'ring:a'}}\n";
        let unknown = "kind: ImageStream\napiVersion: v1\nmetadata: {name: pin}\nspec:\n  tags:\n  - name: a\n    from: {kind: ImageStreamImage, name: 'pin@sha256:0000000000000000000000000000000000000000000000000000000000000000'}\n";
        for (bad, part) in [(circle, "circle: b → a → b"), (unknown, "has no image"), ("kind: Pod\napiVersion: v1\n", "kind")] {
            let refused = story.apply(&format!("{good}---\n{bad}")).await.unwrap_err();
            assert!(matches!(&refused, Error::Invalid { field: "text", message } if message.contains(part)), "{refused}");
            let missing = story.engine.stream(&story.editor, &story.stream).await.unwrap_err();
            assert!(matches!(missing, Error::NotFound(_)), "nothing of it was applied");
        }
        let viewer = actor(Role::Viewer);
        let refused = story.engine.plan_definitions(&viewer, &draft(good)).await.unwrap_err();
        assert!(matches!(refused, Error::Denied(_)));
        let nowhere = Draft { namespace: String::new(), text: good.into() };
        let refused = story.engine.plan_definitions(&story.editor, &nowhere).await.unwrap_err();
        assert!(matches!(&refused, Error::Invalid { field: "namespace", .. }), "{refused}");
        story.apply(good).await.unwrap();
        assert!(story.tags().await.is_empty());
    }
);

db_test!(
    async fn a_preview_is_its_owners_and_another_plan_is_not_confirmed(db) {
        let up = TestUpstream::start().await;
        up.image("team/app", "1.0", ImageKind::Docker);
        let story = Story::new(&db).await;
        let text = draft("kind: ImageStream\napiVersion: v1\nmetadata: {name: app}\n");
        let id = story.engine.save_draft(&story.editor, &text).await.unwrap();
        assert_eq!(story.engine.draft(&story.editor, &id).await.unwrap(), text);
        let mut other = actor(Role::Admin);
        other.id = "somebody-else".into();
        assert!(matches!(story.engine.draft(&other, &id).await, Err(Error::NotFound(_))));
        let planned = story.engine.plan_definitions(&story.editor, &text).await.unwrap();
        story.import_new(&up, chosen(&["1.0"])).await;
        let stale = story.engine.apply_definitions(&story.editor, &text, &planned.token).await.unwrap_err();
        assert!(matches!(stale, Error::Conflict(_)), "{stale}");
        assert!(matches!(story.tag("1.0").await.spec.unwrap().source, TagSource::External { .. }));
    }
);

db_test!(
    async fn a_local_tag_is_told_to_be_pulled_from_here(db) {
        let up = TestUpstream::start().await;
        let digest = up.image("team/app", "1.0", ImageKind::Docker);
        let story = Story::new(&db).await;
        let mut request = story.request(up.reference("team/app"), Selection::All, true);
        request.reference_policy = ReferencePolicy::Local;
        story.run(&request).await;
        let engine = db.engine_with(upstream(), |config| config.registry_host = Some("weir.test:5000".into())).await;
        let tag = engine.export_tag(&story.editor, &story.stream, &"1.0".parse().unwrap()).await.unwrap();
        assert_eq!(tag["image"]["dockerImageReference"], format!("weir.test:5000/team/app@{digest}"));
        let stream = engine.export_stream(&story.editor, &story.stream).await.unwrap();
        assert_eq!(stream["status"]["dockerImageRepository"], "weir.test:5000/team/app");
        assert!(stream["status"]["tags"][0]["items"][0]["dockerImageReference"].as_str().unwrap().starts_with(&up.host()), "never stored");
    }
);
