//! Tags across streams and namespaces, several at once, from registries and only noted; platforms taken out of an index.

use engine::{
    Error, db_test,
    testing::upstream::{ImageKind, TestUpstream},
};
use model::{
    Cause, PageRequest, Plan, StreamRef, TagSource,
    import::Selection,
    policy::{ImportMode, Schedule},
    stream::StreamFilter,
    tag::TagAt,
    tagging::{Mode, TagInput, TagRequest, parse_destinations, parse_source},
};

use crate::common::Story;

impl Story {
    /// What the tag form would send.
    fn form(&self, source: &str, destinations: &str, mode: Mode) -> TagRequest {
        TagRequest {
            source: parse_source(source, &self.stream).unwrap(),
            destinations: parse_destinations(destinations, &self.stream).unwrap(),
            mode,
            options: model::tagging::TagOptions::default(),
        }
    }

    pub async fn set(&self, request: &TagRequest) -> Vec<Plan> {
        let planned = self.engine.plan_tag(&self.editor, request).await.unwrap();
        let set = self
            .engine
            .set_tag(&self.editor, request, &planned.token)
            .await;
        set.unwrap()
    }

    /// Sets tags as the form would.
    pub async fn tag_as(&self, source: &str, destinations: &str, mode: Mode) -> Vec<Plan> {
        self.set(&self.form(source, destinations, mode)).await
    }

    /// The digest a tag of any stream points at, and why it came to.
    async fn head_of(&self, at: &str) -> (model::Digest, Cause) {
        let (stream, tag) = at.split_once(':').unwrap();
        let (namespace, name) = stream.split_once('/').unwrap();
        let stream = StreamRef::parse(namespace, name).unwrap();
        let tag = tag.parse().unwrap();
        let page = model::PageRequest::default();
        let history = self
            .engine
            .history(&self.editor, &stream, &tag, &page)
            .await
            .unwrap();
        (history.items[0].digest.clone(), history.items[0].cause)
    }
}

db_test!(
    async fn a_tag_follows_one_of_another_namespace_in_the_write_that_moves_it_and_through_others(db) {
        let up = TestUpstream::start().await;
        up.image("team/app", "2.0", ImageKind::Docker);
        let story = Story::new(&db).await;
        story.import_new(&up, Selection::All).await;
        let made = story.tag_as("2.0", "shop/web:base", Mode::Follow).await;
        assert!(made[0].sentence.starts_with("shop/web will be created."), "{}", made[0].sentence);
        story.tag_as("shop/web:base", "shop/cart:os", Mode::Follow).await;
        // And back into the stream it began in: once round, and no circle.
        story.tag_as("shop/cart:os", "mirror", Mode::Follow).await;

        let moved = up.move_tag("team/app", "2.0");
        let before = story.journal().await.last().unwrap().0;
        story.again(&["2.0"]).await;
        for at in ["shop/web:base", "shop/cart:os", "team/app:mirror"] {
            assert_eq!(story.head_of(at).await, (moved.clone(), Cause::Follow), "{at}");
        }
        let written: Vec<i64> = story.journal().await.into_iter().map(|(number, _)| number).filter(|n| *n > before).collect();
        assert!(written.len() >= 2 && written.iter().all(|n| *n == written[0]), "one write: {written:?}");
        let view = story.engine.tag(&story.editor, &story.stream, &"2.0".parse().unwrap()).await.unwrap();
        assert_eq!(view.followers_elsewhere.iter().map(ToString::to_string).collect::<Vec<_>>(), ["shop/web:base"]);
    }
);

db_test!(
    async fn a_circle_through_other_streams_is_refused_and_changes_nothing(db) {
        let up = TestUpstream::start().await;
        up.image("team/app", "2.0", ImageKind::Docker);
        let story = Story::new(&db).await;
        story.import_new(&up, Selection::All).await;
        story.tag_as("2.0", "shop/web:a", Mode::Follow).await;
        story.tag_as("shop/web:a", "b", Mode::Follow).await;
        let before = story.journal().await.len();
        let circle = story.form("b", "shop/web:a", Mode::Follow);
        let refused = story.engine.plan_tag(&story.editor, &circle).await.unwrap_err();
        assert!(refused.to_string().contains("shop/web:a → team/app:b → shop/web:a") || refused.to_string().contains("a → team/app:b → a"), "{refused}");
        assert!(matches!(&refused, Error::Invalid { field, .. } if *field == "source"));
        assert_eq!(story.journal().await.len(), before);
    }
);

db_test!(
    async fn held_followers_stay_and_so_does_what_follows_them(db) {
        let up = TestUpstream::start().await;
        let first = up.image("team/app", "2.0", ImageKind::Docker);
        let story = Story::new(&db).await;
        story.import_new(&up, Selection::All).await;
        story.tag_as("2.0", "shop/web:base", Mode::Follow).await;
        story.tag_as("shop/web:base", "shop/cart:os", Mode::Follow).await;
        let web = StreamRef::parse("shop", "web").unwrap();
        let hold = model::edit::Edit::Rollback {
            tag: "base".parse().unwrap(),
            revision: 1,
            after: model::tagging::After::Held,
        };
        let planned = story.engine.plan_edit(&story.editor, &web, &hold).await.unwrap();
        story.engine.edit(&story.editor, &web, &hold, &planned.token).await.unwrap();
        let moved = up.move_tag("team/app", "2.0");
        story.again(&["2.0"]).await;
        assert_eq!(story.head_of("shop/web:base").await.0, first);
        assert_eq!(story.head_of("shop/cart:os").await.0, first);
        let release = model::edit::Edit::Release { tag: "base".parse().unwrap() };
        let planned = story.engine.plan_edit(&story.editor, &web, &release).await.unwrap();
        assert!(planned.plan.warnings.iter().any(|warning| warning.0.contains("shop/cart:os")), "{planned:?}");
        story.engine.edit(&story.editor, &web, &release, &planned.token).await.unwrap();
        assert_eq!(story.head_of("shop/web:base").await.0, moved);
        assert_eq!(story.head_of("shop/cart:os").await.0, moved);
    }
);

db_test!(
    async fn several_destinations_are_set_at_once_or_none(db) {
        let up = TestUpstream::start().await;
        let first = up.image("team/app", "2.0", ImageKind::Docker);
        let story = Story::new(&db).await;
        story.import_new(&up, Selection::All).await;
        let plans = story.tag_as("2.0", "latest stable shop/web:app", Mode::Fixed).await;
        assert_eq!(plans.len(), 2, "one a stream");
        for at in ["team/app:latest", "team/app:stable", "shop/web:app"] {
            assert_eq!(story.head_of(at).await, (first.clone(), Cause::Tag), "{at}");
        }
        let spec = story.engine
            .tag(&story.editor, &StreamRef::parse("shop", "web").unwrap(), &"app".parse().unwrap())
            .await
            .unwrap()
            .row
            .spec
            .unwrap();
        assert_eq!(spec.source, TagSource::Fixed { stream: Some(story.stream.clone()), digest: first });

        let request = story.form("nope", "new shop/web:new", Mode::Fixed);
        assert!(story.engine.plan_tag(&story.editor, &request).await.is_err());
        assert!(story.engine.set_tag(&story.editor, &request, "x").await.is_err());
        assert!(story.tags().await.iter().all(|row| row.name.as_str() != "new"));
    }
);

db_test!(
    async fn a_registry_s_image_is_imported_by_tagging_it_and_followed_by_schedule(db) {
        let up = TestUpstream::start().await;
        let digest = up.image("other/web", "3", ImageKind::Docker);
        up.image("team/app", "2.0", ImageKind::Docker);
        let story = Story::new(&db).await;
        story.import_new(&up, Selection::All).await;
        let source = format!("{}:3", up.reference("other/web"));
        let mut request = story.form(&source, "web", Mode::Follow);
        request.options.insecure = true;
        story.set(&request).await;
        story.engine.run_jobs().await.unwrap();
        assert_eq!(story.head_of("team/app:web").await, (digest, Cause::Import));
        let row = story.tag("web").await;
        assert_eq!(row.spec.as_ref().unwrap().schedule(), Schedule::Global);
        assert!(row.checks.due.is_some());

        request.options.reference_only = true;
        request.mode = Mode::Fixed;
        request.destinations = vec![TagAt::new(&story.stream, "noted".parse().unwrap())];
        story.set(&request).await;
        story.engine.run_jobs().await.unwrap();
        let row = story.tag("noted").await;
        assert!(row.head.is_none() && matches!(row.spec.unwrap().source, TagSource::Reference { .. }));
    }
);

db_test!(
    async fn one_platform_of_an_index_is_kept_when_that_is_asked_and_the_next_import_keeps_to_it(db) {
        let up = TestUpstream::start().await;
        let index = up.image("team/app", "2.0", ImageKind::OciIndex);
        let story = Story::new(&db).await;
        let mut request = story.request(up.reference("team/app"), Selection::All, true);
        request.mode = Some(ImportMode::Legacy);
        request.platform = ["linux".into(), "arm64".into()];
        story.run(&request).await;
        let child = story.head_of("team/app:2.0").await.0;
        assert_ne!(child, index);
        let image = story.engine.image(&story.editor, &story.stream, &child).await.unwrap();
        assert_eq!(image.platform.as_deref(), Some("linux/arm64/v8"));
        let before = story.journal().await.len();
        story.again(&["2.0"]).await;
        assert_eq!(story.head_of("team/app:2.0").await.0, child);
        assert_eq!(story.journal().await.len(), before, "nothing moved, so nothing is written");
        assert_eq!(story.tag("2.0").await.spec.unwrap().mode(), ImportMode::Legacy);

        let mut whole = story.request(up.reference("team/app"), Selection::All, false);
        whole.mode = Some(ImportMode::PreserveOriginal);
        story.run(&whole).await;
        assert_eq!(story.head_of("team/app:2.0").await.0, index);
    }
);

db_test!(
    async fn an_image_of_another_stream_is_tagged_by_the_beginning_of_its_digest(db) {
        let up = TestUpstream::start().await;
        let digest = up.image("team/app", "2.0", ImageKind::Docker);
        let story = Story::new(&db).await;
        story.import_new(&up, Selection::All).await;
        let short = &digest.as_str()[7..19];
        story.tag_as(&format!("team/app@{short}"), "shop/web:pin", Mode::Fixed).await;
        assert_eq!(story.head_of("shop/web:pin").await.0, digest);
        let request = story.form("team/none@abc", "pin", Mode::Fixed);
        let refused = story.engine.plan_tag(&story.editor, &request).await.unwrap_err();
        assert!(refused.to_string().contains("no stream team/none"), "{refused}");
        assert!(matches!(request.source, TagInput::Image(..)));
    }
);

db_test!(
    async fn a_child_of_an_index_is_found_by_the_beginning_of_its_digest_unless_others_begin_so(db) {
        let up = TestUpstream::start().await;
        let index = up.image("team/app", "2.0", ImageKind::OciIndex);
        let story = Story::new(&db).await;
        let mut request = story.request(up.reference("team/app"), Selection::All, true);
        request.mode = Some(ImportMode::PreserveOriginal);
        story.run(&request).await;
        let image = story.engine.image(&story.editor, &story.stream, &index).await.unwrap();
        let children: Vec<_> = image.platforms.iter().map(|child| child.digest.clone()).collect();
        assert!(children.len() > 1);
        for child in &children {
            let short = &child.as_str()[7..19];
            story.tag_as(&format!("team/app@{short}"), "shop/web:pin", Mode::Fixed).await;
            assert_eq!(story.head_of("shop/web:pin").await.0, *child);
            let object = story.engine.export_image(&story.editor, &story.stream, short).await.unwrap();
            assert_eq!(object["image"]["metadata"]["name"], child.as_str());
        }
        // Nothing at all is what every digest begins with.
        let mut request = story.form("team/app@abc", "pin", Mode::Fixed);
        request.source = TagInput::Image(story.stream.clone(), String::new());
        let refused = story.engine.plan_tag(&story.editor, &request).await.unwrap_err().to_string();
        for digest in children.iter().chain([&index]) {
            assert!(refused.contains(digest.as_str()), "{refused}");
        }
    }
);

db_test!(
    async fn a_preview_of_deleting_names_tags_of_other_streams_that_follow(db) {
        let up = TestUpstream::start().await;
        up.image("team/app", "2.0", ImageKind::Docker);
        let story = Story::new(&db).await;
        story.import_new(&up, Selection::All).await;
        story.tag_as("2.0", "shop/web:base", Mode::Follow).await;
        let (editor, stream) = (&story.editor, &story.stream);
        let tags = ["2.0".parse().unwrap()];
        let tag = story.engine.plan_delete_tags(editor, stream, &tags).await.unwrap();
        let whole = story.engine.plan_delete_stream(editor, stream).await.unwrap();
        for planned in [&tag, &whole] {
            let warnings = &planned.plan.warnings;
            assert!(warnings.iter().any(|warning| warning.0.contains("move no more: shop/web:base.")), "{warnings:?}");
        }
        story.engine.delete_tags(editor, stream, &tags, &tag.token).await.unwrap();
        assert!(story.head_of("shop/web:base").await.0.as_str().starts_with("sha256:"), "it keeps its image");
    }
);

db_test!(
    async fn text_no_database_keeps_is_refused_and_no_fault_of_ours(db) {
        let story = Story::new(&db).await;
        let filter = StreamFilter { text: "a\0b".into(), ..StreamFilter::default() };
        let page = PageRequest::default();
        let listed = story.engine.list_streams(&story.editor, &filter, &page).await;
        match listed {
            Ok(found) => assert!(found.items.is_empty()),
            Err(refused) => assert!(matches!(refused, Error::Invalid { .. }), "{refused:?}"),
        }
    }
);
