//! Indexes as stories: of images, of other indexes, and of blobs.

use bytes::Bytes;
use engine::{
    PushError, db_test,
    testing::{db::actor, upstream::TestUpstream},
};
use model::{
    StreamRef,
    tag::TagAt,
    tagging::{Mode, TagInput, TagRequest},
    user::Role,
};
use serde_json::{Value, json};

use crate::{
    common::{Story, chosen},
    push::{digest, tag},
};

const INDEX: &str = "application/vnd.oci.image.index.v1+json";

/// An index of these entries.
fn index(entries: &[Value]) -> Value {
    json!({ "schemaVersion": 2, "mediaType": INDEX, "manifests": entries })
}

db_test!(
    async fn an_index_of_blobs_is_taken_when_the_stream_has_them_as_caches_of_builds_are(db) {
        let story = Story::served(&db).await;
        let (layer, config) = (Bytes::from_static(b"a layer"), Bytes::from_static(b"{\"layers\":[]}"));
        let entry = |kind: &str, bytes: &Bytes| {
            json!({ "mediaType": kind, "digest": digest(bytes).as_str(), "size": bytes.len() })
        };
        let cache = index(&[
            entry("application/vnd.oci.image.layer.v1.tar+gzip", &layer),
            entry("application/vnd.buildkit.cacheconfig.v0", &config),
        ]);
        story.upload(std::slice::from_ref(&layer)).await.unwrap();
        let refused = story.push(&tag("cache"), &cache).await;
        assert!(matches!(refused, Err(PushError::MissingBlob(_))), "{refused:?}");
        story.upload(std::slice::from_ref(&config)).await.unwrap();
        let pushed = story.push(&tag("cache"), &cache).await.unwrap();
        let found = story.engine.pull_manifest(&story.editor, &story.stream, &tag("cache")).await.unwrap();
        assert_eq!(found.digest, pushed);
        let admin = actor(Role::Admin);
        let unlinked = story.engine.unlink_blob(&admin, &story.stream, &digest(&layer)).await;
        assert!(matches!(unlinked, Err(PushError::InUse(_))), "{unlinked:?}");
        // A stream it is tagged into has them, too.
        let other = StreamRef::parse("shop", "web").unwrap();
        let source = TagInput::Tag(TagAt::new(&story.stream, "cache".parse().unwrap()));
        let request = TagRequest::new(source, TagAt::new(&other, "cache".parse().unwrap()), Mode::Fixed);
        let planned = story.engine.plan_tag(&story.editor, &request).await.unwrap();
        story.engine.set_tag(&story.editor, &request, &planned.token).await.unwrap();
        let elsewhere = Story { stream: other, ..story };
        assert_eq!(elsewhere.bytes(&digest(&layer)).await, layer);
        assert_eq!(elsewhere.bytes(&digest(&config)).await, config);
    }
);

db_test!(
    async fn an_index_pushed_over_an_import_opens_nothing_the_import_only_names(db) {
        let up = TestUpstream::start().await;
        let secret = Bytes::from_static(b"a secret");
        let layer = up.image_with_layer("team/app", "1", secret.clone());
        let image = up.digest("team/app", "1");
        up.lose_blob("team/app", &layer);
        let hidden = Story::served(&db).await;
        hidden.upload(&[secret]).await.unwrap();
        let reader = Story { stream: StreamRef::parse("team", "reader").unwrap(), ..hidden };
        let request = reader.request(up.reference("team/app"), chosen(&["1"]), true);
        reader.run(&request).await;
        let size = up.manifest("team/app", &image).unwrap().len();
        let over = index(&[json!({
            "mediaType": "application/vnd.docker.distribution.manifest.v2+json", "digest": image.as_str(), "size": size,
        })]);
        let pushed = reader.push(&tag("index"), &over).await;
        let read = reader.blob(&layer, None).await;
        assert!(read.is_err(), "{pushed:?}");
        assert!(matches!(pushed, Err(PushError::MissingBlob(_))), "{pushed:?}");
        // With all of it there it is taken.
        up.image_with_layer("team/app", "1", Bytes::from_static(b"a secret"));
        reader.push(&tag("index"), &over).await.unwrap();
        assert_eq!(reader.bytes(&layer).await, b"a secret");
    }
);
