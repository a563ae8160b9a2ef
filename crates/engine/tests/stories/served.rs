//! What people are told of an import, and how images of an insecure stream are served.

use bytes::Bytes;
use engine::{
    Draft, Error, db_test,
    openshift::describe::Layout,
    testing::upstream::{ImageKind, Route, TestUpstream},
};
use futures::TryStreamExt;
use model::{Digest, edit::Edit};

use crate::common::{Story, chosen};

db_test!(
    async fn a_stream_described_after_an_import_tells_tags_images_and_ids_that_name_them(db) {
        let up = TestUpstream::start().await;
        let first = up.image("team/app", "1.0", ImageKind::Docker);
        let story = Story::new(&db).await;
        story.import_new(&up, chosen(&["1.0", "9.9"])).await;
        let second = up.move_tag("team/app", "1.0");
        story.again(&["1.0"]).await;
        let described = |layout| story.engine.describe_stream(&story.editor, &story.stream, layout);
        let text = described(Layout::Modern).await.unwrap();
        let source = up.reference("team/app");
        for part in [
            "Unique Images:\t\t2".to_owned(),
            format!("tagged from {source}:1.0"),
            format!("* {source}@{second}"),
            format!("  {source}@{first}"),
            "! error: Import failed (NotFound)".to_owned(),
        ] {
            assert!(text.contains(&part), "{part} in\n{text}");
        }
        let old = described(Layout::Legacy).await.unwrap();
        assert!(old.contains("1.0") && old.contains(&source.to_string()), "{old}");
        // Each id that is told, or the beginning of it, names its image.
        for digest in [first, second] {
            let image = story.engine.export_image(&story.editor, &story.stream, digest.short()).await.unwrap();
            assert!(image.to_string().contains(digest.as_str()), "{image}");
        }
    }
);

db_test!(
    async fn images_of_an_insecure_stream_are_served_from_a_registry_without_tls(db) {
        let up = TestUpstream::start().await;
        let story = Story::new(&db).await;
        let layers = ["1.0", "2.0"].map(|tag| (tag, Bytes::from(format!("the layer of {tag}"))));
        let digests: Vec<Digest> = layers
            .iter()
            .map(|(tag, layer)| up.image_with_layer("team/app", tag, layer.clone()))
            .collect();
        // The tags say nothing about it, the annotation does.
        let text = format!(
            "kind: ImageStream\napiVersion: v1\nmetadata: {{name: app, annotations: {{openshift.io/image.insecureRepository: \"true\"}}}}\nspec: {{dockerImageRepository: {}}}\n",
            up.reference("team/app")
        );
        let draft = Draft { namespace: "team".into(), text };
        let planned = story.engine.plan_definitions(&story.editor, &draft).await.unwrap();
        story.engine.apply_definitions(&story.editor, &draft, &planned.token).await.unwrap();
        story.engine.run_jobs().await.unwrap();
        assert!(story.tags().await.iter().all(|tag| !tag.spec.as_ref().unwrap().insecure));

        let pull = |digest| story.engine.pull_blob(&story.editor, &story.stream, digest, None);
        let pieces: Vec<Bytes> = pull(&digests[0]).await.unwrap().body.try_collect().await.unwrap();
        assert_eq!(pieces.concat(), layers[0].1);

        // Without the annotation the registry is asked over verified HTTPS only, and has none.
        let strict = Edit::StreamInsecure { insecure: false };
        story.confirmed(strict).await;
        up.forget_requests();
        let refused = pull(&digests[1]).await.err().unwrap();
        assert!(matches!(refused, Error::Upstream { .. }), "{refused}");
        assert_eq!(up.count("GET", Route::Blob), 0);
    }
);
