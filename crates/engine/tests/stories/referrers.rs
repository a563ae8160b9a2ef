//! What is attached to images, as a story: all annotations are told, in pages that stay small.

use engine::db_test;
use model::Digest;
use serde_json::json;

use crate::{
    common::Story,
    push::{image, tag},
};

const OCI: &str = "application/vnd.oci.image.manifest.v1+json";

db_test!(
    async fn all_annotations_are_told_and_pages_end_when_they_are_full_of_them(db) {
        let story = Story::served(&db).await;
        let plain = image(&story, "layer").await;
        let subject = story.push(&tag("1"), &plain).await.unwrap();
        let note = "ü".repeat(750_000);
        let mut attached = Vec::new();
        for number in 0..5 {
            let mut manifest = plain.clone();
            manifest["subject"] = json!({ "mediaType": "x/y", "digest": subject.as_str(), "size": 1 });
            manifest["annotations"] = json!({ "note": note, "other": note, "number": number.to_string() });
            attached.push(story.push(&tag(&format!("attached-{number}")), &manifest).await.unwrap());
        }
        attached.sort();
        let page = async |after: &str, most| {
            let told = story.engine.referrers(&story.editor, &story.stream, &subject, "", after, most);
            let (found, more) = told.await.unwrap();
            assert!(found.iter().all(|one| one.annotations["note"] == note && one.annotations["other"] == note));
            (found.into_iter().map(|one| one.digest).collect::<Vec<Digest>>(), more)
        };
        // The third one of a page fills it.
        assert_eq!(page("", 1_000).await, (attached[..3].to_vec(), true));
        assert_eq!(page(attached[2].as_str(), 1_000).await, (attached[3..].to_vec(), false));
        assert_eq!(page("", 2).await, (attached[..2].to_vec(), true));
        // What a tag lists beyond a full page is not told before what is known after that page.
        let entry = json!({ "mediaType": OCI, "digest": attached[4].as_str(), "size": 1, "annotations": { "note": "other" } });
        let list = json!({ "schemaVersion": 2, "mediaType": "application/vnd.oci.image.index.v1+json", "manifests": [entry] });
        story.push(&tag(&subject.as_str().replace(':', "-")), &list).await.unwrap();
        assert_eq!(page("", 1_000).await, (attached[..3].to_vec(), true));
    }
);
