//! Definitions as stories: pasted, previewed, applied, exported.

use engine::{
    Draft, Error, db_test,
    testing::{
        db::actor,
        upstream::{Fault, ImageKind, Route, TestUpstream},
    },
};
use model::{
    Change, StreamRef, TagSource,
    import::Selection,
    policy::{ImportMode, ReferencePolicy, Schedule},
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
    pub async fn apply(&self, text: &str) -> engine::Result<()> {
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

db_test!(
    async fn a_stream_says_when_an_import_last_wrote_to_it(db) {
        let up = TestUpstream::start().await;
        up.image("team/app", "1.0", ImageKind::Docker);
        let story = Story::new(&db).await;
        let checked = async || {
            let object = story.engine.export_stream(&story.editor, &story.stream).await.unwrap();
            object["metadata"]["annotations"]["openshift.io/image.dockerRepositoryCheck"].clone()
        };
        story.apply("kind: ImageStream\napiVersion: v1\nmetadata: {name: app}\n").await.unwrap();
        assert!(checked().await.is_null(), "nobody has looked");
        // A repository that cannot be read was looked at all the same.
        story.run(&story.request(up.reference("team/none"), Selection::All, false)).await;
        assert_eq!(checked().await, "2026-05-01T12:00:00Z");
        db.clock.advance(chrono::Duration::hours(1));
        story.run(&story.request(up.reference("team/app"), chosen(&["1.0"]), false)).await;
        assert_eq!(checked().await, "2026-05-01T13:00:00Z");
        // An import that finds everything as it was writes nothing.
        db.clock.advance(chrono::Duration::hours(1));
        story.again(&["1.0"]).await;
        assert_eq!(checked().await, "2026-05-01T13:00:00Z");
    }
);

db_test!(
    async fn a_stream_is_strict_when_its_definition_says_so(db) {
        let story = Story::new(&db).await;
        let text = |annotations: &str| {
            format!("kind: ImageStream\napiVersion: v1\nmetadata: {{name: app, annotations: {annotations}}}\n")
        };
        let insecure = async |annotations: &str| {
            story.apply(&text(annotations)).await.unwrap();
            story.engine.stream(&story.editor, &story.stream).await.unwrap().insecure
        };
        assert!(insecure("{openshift.io/image.insecureRepository: \"true\"}").await);
        assert!(insecure("{}").await, "what is not written stays");
        assert!(!insecure("{openshift.io/image.insecureRepository: \"false\"}").await);
        let refused = story.apply(&text("{openshift.io/image.insecureRepository: \"True\"}")).await.unwrap_err();
        assert!(matches!(&refused, Error::Invalid { field: "text", .. }), "{refused}");
        let journal = story.journal().await;
        let last = &journal.last().unwrap().1;
        assert_eq!(*last, Change::SetInsecure { before: true, after: false });
    }
);

db_test!(
    async fn what_is_so_already_is_imported_again_where_the_definition_asks_for_it(db) {
        let up = TestUpstream::start().await;
        up.image("team/app", "1.0", ImageKind::Docker);
        up.image("team/other", "1.0", ImageKind::Docker);
        let story = Story::new(&db).await;
        let text = |checked: &str, generation: &str| {
            format!(
                "kind: ImageStream\napiVersion: v1\nmetadata: {{name: app, annotations: {{openshift.io/image.insecureRepository: \"true\", openshift.io/image.dockerRepositoryCheck: '{checked}'}}}}\nspec:\n  dockerImageRepository: {}\n  tags:\n  - name: other\n    from: {{kind: DockerImage, name: '{}:1.0'}}\n    generation: {generation}\n",
                up.reference("team/app"),
                up.reference("team/other"),
            )
        };
        let once = text("2026-05-01T12:00:00Z", "1");
        story.apply(&once).await.unwrap();
        let heads = async || {
            let tags = story.tags().await;
            let digest = |name: &str| tags.iter().find(|tag| tag.name.as_str() == name).unwrap().head.as_ref().unwrap().digest.clone();
            (digest("1.0"), digest("other"))
        };
        let first = heads().await;
        let (app, other) = (up.move_tag("team/app", "1.0"), up.move_tag("team/other", "1.0"));
        story.apply(&once).await.unwrap();
        assert_eq!(heads().await, first);

        let tag = text("2026-05-01T12:00:00Z", "0");
        let planned = story.engine.plan_definitions(&story.editor, &draft(&tag)).await.unwrap();
        assert_eq!(planned.plans[0].sentence, "team/app will be changed: other will be imported again.");
        story.apply(&tag).await.unwrap();
        assert_eq!(heads().await, (first.0, other));

        let other = up.move_tag("team/other", "1.0");
        let all = text("", "1");
        let planned = story.engine.plan_definitions(&story.editor, &draft(&all)).await.unwrap();
        let rows = planned.plans[0].changes[0].rows();
        assert_eq!(rows[0].after, "read again");
        story.apply(&all).await.unwrap();
        assert_eq!(heads().await, (app, other));
    }
);

db_test!(
    async fn an_id_that_comes_to_name_the_child_of_an_index_while_others_are_looked_at_is_refused(db) {
        let (up, other) = (TestUpstream::start().await, TestUpstream::start().await);
        let first = up.image("team/app", "1.0", ImageKind::OciIndex);
        let second = other.image("team/other", "2.0", ImageKind::DockerList);
        let story = Story::new(&db).await;
        let mut request = story.request(up.reference("team/app"), Selection::All, true);
        request.mode = Some(ImportMode::PreserveOriginal);
        story.run(&request).await;
        let child_of = async |stream: &StreamRef, index| {
            let image = story.engine.image(&story.editor, stream, index).await.unwrap();
            image.platforms[0].digest.clone()
        };
        let first = child_of(&story.stream, &first).await;
        // What the import below brings, brought elsewhere once to know its digest.
        let mut request = story.request(other.reference("team/other"), Selection::All, true);
        request.mode = Some(ImportMode::PreserveOriginal);
        request.stream = StreamRef::parse("shop", "web").unwrap();
        story.run(&request).await;
        let second = child_of(&request.stream, &second).await;
        request.stream = story.stream.clone();
        request.create = false;

        let text = format!(
            "{{kind: ImageStream, apiVersion: v1, metadata: {{name: pins, namespace: team}}, spec: {{tags: [\
             {{name: a, from: {{kind: ImageStreamImage, name: \"app@{second}\"}}}},\
             {{name: b, from: {{kind: ImageStreamImage, name: \"app@{first}\"}}}}]}}}}"
        );
        let draft = Draft { namespace: "team".into(), text };
        up.fail(Route::Manifest, Fault::Hang);
        let planned = story.engine.plan_definitions(&story.editor, &draft);
        let import = async {
            // The first id named nothing, the second is being looked at.
            up.hangs(1).await;
            story.run(&request).await;
            up.release();
        };
        tokio::pin!(planned);
        tokio::select! {
            early = &mut planned => panic!("nothing was looked at: {early:?}"),
            () = import => {}
        }
        let refused = planned.await.unwrap_err();
        assert!(matches!(refused, Error::Conflict(_)), "{refused}");
        // Looked at once more, both are where their indexes are from.
        story.engine.plan_definitions(&story.editor, &draft).await.unwrap();
    }
);

db_test!(
    async fn tags_that_follow_others_of_one_text_go_where_those_go(db) {
        let up = TestUpstream::start().await;
        let first = up.image("team/app", "1.0", ImageKind::Docker);
        let second = up.image("team/app", "2.0", ImageKind::Oci);
        let story = Story::new(&db).await;
        story.import_new(&up, chosen(&["1.0", "2.0"])).await;
        let text = |base: &str, policy: &str| {
            format!(
                "{{kind: ImageStream, apiVersion: v1, metadata: {{name: web, namespace: team}}, spec: {{tags: [\
                 {{name: stable, from: {{kind: ImageStreamTag, name: latest}}, referencePolicy: {{type: {policy}}}}},\
                 {{name: latest, from: {{kind: ImageStreamTag, name: base}}}},\
                 {{name: base, from: {{kind: ImageStreamImage, name: \"app@{base}\"}}}}]}}}}"
            )
        };
        let head = async |tag: &str| {
            let stream = StreamRef::parse("team", "web").unwrap();
            let tag = story.engine.tag(&story.editor, &stream, &tag.parse().unwrap()).await.unwrap();
            tag.row.head.map(|head| head.digest)
        };
        for (digest, policy) in [(&first, "Source"), (&second, "Local")] {
            story.apply(&text(digest.as_str(), policy)).await.unwrap();
            for tag in ["base", "latest", "stable"] {
                assert_eq!(head(tag).await.as_ref(), Some(digest), "{tag}, {policy}");
            }
        }
    }
);

db_test!(
    async fn a_tag_that_comes_to_note_a_reference_gives_its_image_no_more(db) {
        let up = TestUpstream::start().await;
        up.image("team/app", "1.0", ImageKind::Docker);
        let story = Story::new(&db).await;
        story.import_new(&up, chosen(&["1.0"])).await;
        let text = "{kind: ImageStream, apiVersion: v1, metadata: {name: app}, spec: {tags: [\
             {name: \"1.0\", reference: true, from: {kind: DockerImage, name: quay.io/x/y:2}}]}}";
        story.apply(text).await.unwrap();
        let (engine, editor, stream) = (&story.engine, &story.editor, &story.stream);
        let tag: model::TagName = "1.0".parse().unwrap();
        let target = engine::Target::Tag(tag.clone());
        let pulled = engine.pull_manifest(editor, stream, &target).await;
        assert!(matches!(pulled, Err(Error::NotFound(_))), "{pulled:?}");
        let exported = engine.export_tag(editor, stream, &tag).await;
        assert!(matches!(exported, Err(Error::NotFound(_))));
        let object = engine.export_stream(editor, stream).await.unwrap();
        assert_eq!(object["status"]["tags"][0]["items"][0]["image"], "");
        let follow = "{kind: ImageStream, apiVersion: v1, metadata: {name: app}, spec: {tags: [\
             {name: after, from: {kind: ImageStreamTag, name: \"1.0\"}}]}}";
        story.apply(follow).await.unwrap();
        assert!(story.tag("after").await.head.is_none());
        assert_eq!(story.history("1.0").await.len(), 1, "what it was is kept");
    }
);

db_test!(
    async fn a_long_chain_of_tags_in_one_text_is_planned_at_once(db) {
        let up = TestUpstream::start().await;
        up.image("team/app", "1.0", ImageKind::Docker);
        let story = Story::new(&db).await;
        story.import_new(&up, chosen(&["1.0"])).await;
        let head = story.tag("1.0").await.head.unwrap().digest;
        let mut text = String::from("apiVersion: v1\nkind: ImageStream\nmetadata: {name: app}\nspec:\n  tags:\n");
        // Written in the worst order: every tag before the one it follows.
        for number in (0..3000).rev() {
            let followed = match number {
                0 => "1.0".to_owned(),
                _ => format!("t{}", number - 1),
            };
            text += &format!("  - {{name: t{number}, from: {{kind: ImageStreamTag, name: 'app:{followed}'}}}}\n");
        }
        let planned = story.engine.plan_definitions(&story.editor, &draft(&text)).await.unwrap();
        let moves = planned.plans[0].changes.iter().filter(|change| matches!(change, Change::MoveHead { after, .. } if *after == head));
        assert_eq!(moves.count(), 3000, "all go where the first goes");

        let round = text.replace("app:1.0", "app:t2999");
        let error = story.engine.plan_definitions(&story.editor, &draft(&round)).await.unwrap_err();
        assert!(matches!(&error, Error::Invalid { message, .. } if message.contains("circle")), "{error:?}");
    }
);

db_test!(
    async fn tags_follow_those_of_a_stream_that_the_same_text_creates(db) {
        let up = TestUpstream::start().await;
        up.image("team/app", "1.0", ImageKind::Docker);
        let story = Story::new(&db).await;
        story.import_new(&up, chosen(&["1.0"])).await;
        let stream = |name: &str, tag: &str, of: &str| {
            format!("---\napiVersion: v1\nkind: ImageStream\nmetadata: {{name: {name}}}\nspec:\n  tags:\n  - {{name: {tag}, from: {{kind: ImageStreamTag, name: '{of}'}}}}\n")
        };
        let text = stream("last", "now", "middle:now") + &stream("middle", "now", "app:1.0");
        let planned = story.engine.plan_definitions(&story.editor, &draft(&text)).await.unwrap();
        let moves = planned.plans.iter().flat_map(|plan| &plan.changes).filter(|change| matches!(change, Change::MoveHead { .. }));
        assert_eq!(moves.count(), 2, "the preview says where both go: {:?}", planned.plans);
        story.apply(&text).await.unwrap();
        let head = story.tag("1.0").await.head.unwrap().digest;
        for name in ["middle", "last"] {
            let stream = StreamRef { name: name.parse().unwrap(), ..story.stream.clone() };
            let tag = story.engine.tag(&story.editor, &stream, &"now".parse().unwrap()).await.unwrap();
            assert_eq!(tag.row.head.map(|head| head.digest), Some(head.clone()), "{name}");
        }

        let round = stream("one", "now", "two:now") + &stream("two", "now", "one:now");
        let error = story.engine.plan_definitions(&story.editor, &draft(&round)).await.unwrap_err();
        assert!(matches!(&error, Error::Invalid { message, .. } if message.contains("circle")), "{error:?}");
        let gone = stream("one", "now", "nowhere:now");
        let error = story.engine.plan_definitions(&story.editor, &draft(&gone)).await.unwrap_err();
        assert!(matches!(&error, Error::Invalid { message, .. } if message.contains("no stream team/nowhere")), "{error:?}");
    }
);
