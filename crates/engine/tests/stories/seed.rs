//! Statements of the documentation that no other story shows as a whole.

use engine::{
    Error, db_test,
    testing::upstream::{ImageKind, TestUpstream},
};
use model::{Reference, import::Selection, tagging::Mode};
use serde_json::{Value, json};

use crate::common::{Story, chosen};

impl Story {
    async fn object(&self) -> Value {
        let object = self.engine.export_stream(&self.editor, &self.stream).await;
        object.unwrap()
    }

    /// Where consumers of tag `1.0` pull from.
    async fn pulled_from(&self) -> String {
        let tag = "1.0".parse().unwrap();
        let object = self
            .engine
            .export_tag(&self.editor, &self.stream, &tag)
            .await;
        let reference = object.unwrap()["image"]["dockerImageReference"].clone();
        reference.as_str().unwrap().to_owned()
    }
}

db_test!(
    async fn the_object_after_the_import_of_a_repository_is_as_the_documentation_shows_it(db) {
        let up = TestUpstream::start().await;
        let digest = up.image("team/my-ruby", "latest", ImageKind::Docker);
        let story = Story::new(&db).await;
        let source = up.reference("team/my-ruby");
        story
            .apply(&format!(
                "apiVersion: v1\nkind: ImageStream\nmetadata:\n  name: app\n  annotations:\n    openshift.io/image.insecureRepository: \"true\"\nspec:\n  dockerImageRepository: {source}\n"
            ))
            .await
            .unwrap();
        let mut object = story.object().await;
        let metadata = object["metadata"].as_object_mut().unwrap();
        for volatile in ["uid", "resourceVersion"] {
            assert!(metadata.remove(volatile).unwrap().as_str().is_some_and(|text| !text.is_empty()));
        }
        let now = "2026-05-01T12:00:00Z";
        let expected = json!({
            "apiVersion": "image.openshift.io/v1",
            "kind": "ImageStream",
            "metadata": {
                "name": "app",
                "namespace": "team",
                "generation": 2,
                "creationTimestamp": now,
                "annotations": {
                    "openshift.io/image.dockerRepositoryCheck": now,
                    "openshift.io/image.insecureRepository": "true",
                },
            },
            "spec": {
                "dockerImageRepository": source.to_string(),
                "lookupPolicy": {"local": false},
                "tags": [{
                    "name": "latest",
                    "annotations": null,
                    "from": {"kind": "DockerImage", "name": format!("{source}:latest")},
                    "generation": 2,
                    "importPolicy": {"importMode": "Legacy"},
                    "referencePolicy": {"type": "Source"},
                }],
            },
            "status": {
                "dockerImageRepository": source.to_string(),
                "tags": [{
                    "tag": "latest",
                    "items": [{
                        "created": now,
                        "dockerImageReference": format!("{source}@{digest}"),
                        "image": digest.as_str(),
                        "generation": 2,
                    }],
                }],
            },
        });
        assert_eq!(object, expected);
    }
);

db_test!(
    async fn deleting_an_image_stream_tag_removes_spec_and_status_together_and_images_stay(db) {
        let up = TestUpstream::start().await;
        let digests = ["1.0", "2.0"].map(|tag| up.image("team/app", tag, ImageKind::Docker));
        let story = Story::new(&db).await;
        story.import_new(&up, Selection::All).await;
        story.tag_as("1.0", "stable", Mode::Fixed).await;
        let tag = "1.0".parse().unwrap();
        let tags = std::slice::from_ref(&tag);
        let planned = story.engine.plan_delete_tags(&story.editor, &story.stream, tags).await.unwrap();
        story.engine.delete_tags(&story.editor, &story.stream, tags, &planned.token).await.unwrap();

        let object = story.object().await;
        let names = |list: &Value, key: &str| -> Vec<String> {
            list.as_array().unwrap().iter().map(|entry| entry[key].as_str().unwrap().to_owned()).collect()
        };
        assert_eq!(names(&object["spec"]["tags"], "name"), ["2.0", "stable"]);
        assert_eq!(names(&object["status"]["tags"], "tag"), ["2.0", "stable"]);
        let gone = story.engine.export_tag(&story.editor, &story.stream, &tag).await;
        assert!(matches!(gone, Err(Error::NotFound(_))));
        // What was tagged from it keeps its image.
        let kept = story.engine.export_image(&story.editor, &story.stream, digests[0].as_str()).await.unwrap();
        assert_eq!(kept["image"]["metadata"]["name"], digests[0].as_str());
        // An image no tag points at any more is still there, for the next tag of it.
        let tag = "2.0".parse().unwrap();
        let tags = std::slice::from_ref(&tag);
        let planned = story.engine.plan_delete_tags(&story.editor, &story.stream, tags).await.unwrap();
        story.engine.delete_tags(&story.editor, &story.stream, tags, &planned.token).await.unwrap();
        for digest in &digests {
            let mut tx = db.store().await.read().await.unwrap();
            assert!(tx.image(digest).await.unwrap().is_some());
        }
    }
);

db_test!(
    async fn policy_source_sends_consumers_to_the_source_and_local_to_this_registry(db) {
        let up = TestUpstream::start().await;
        let digest = up.image("team/app", "1.0", ImageKind::Docker);
        let mut story = Story::new(&db).await;
        story.engine = db
            .engine_with(crate::common::upstream(), |config| {
                config.registry_host = Some("weir.test:5000".into());
            })
            .await;
        story.import_new(&up, chosen(&["1.0"])).await;
        let source: Reference = up.reference("team/app");
        let from_source = format!("{source}@{digest}");
        assert_eq!(story.pulled_from().await, from_source, "Source unless it is said");
        let policy = |kind: &str| {
            format!(
                "kind: ImageStream\napiVersion: v1\nmetadata: {{name: app}}\nspec:\n  tags:\n  - name: \"1.0\"\n    from: {{kind: DockerImage, name: '{source}:1.0'}}\n    importPolicy: {{insecure: true, importMode: PreserveOriginal}}\n    referencePolicy: {{type: {kind}}}\n"
            )
        };
        up.forget_requests();
        story.apply(&policy("Local")).await.unwrap();
        assert_eq!(story.pulled_from().await, format!("weir.test:5000/team/app@{digest}"));
        story.apply(&policy("Source")).await.unwrap();
        assert_eq!(story.pulled_from().await, from_source);
        assert!(up.requests().is_empty(), "only what is told changes");
    }
);
