//! Indexes as stories: of images, of other indexes, and of blobs.

use bytes::Bytes;
use engine::{
    PushError, Target, db_test,
    testing::{
        db::actor,
        upstream::{Route, TestUpstream},
    },
};
use model::{
    StreamRef,
    job::{ItemState, JobState},
    policy::ImportMode,
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
const DOCKER: &str = "application/vnd.docker.distribution.manifest.v2+json";

/// The entry of an index for what an upstream has at a tag of `team/app`.
fn entry(up: &TestUpstream, kind: &str, tag: &str) -> Value {
    let digest = up.digest("team/app", tag);
    let size = up.manifest("team/app", &digest).unwrap().len();
    json!({ "mediaType": kind, "digest": digest.as_str(), "size": size,
        "platform": { "os": "linux", "architecture": "amd64" } })
}

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
        up.lose_blob("team/app", &layer);
        let hidden = Story::served(&db).await;
        hidden.upload(&[secret]).await.unwrap();
        let reader = Story { stream: StreamRef::parse("team", "reader").unwrap(), ..hidden };
        let request = reader.request(up.reference("team/app"), chosen(&["1"]), true);
        reader.run(&request).await;
        let over = index(&[entry(&up, DOCKER, "1")]);
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

db_test!(
    async fn a_child_known_from_elsewhere_is_shown_when_the_registry_of_its_index_gives_it(db) {
        let (theirs, up) = (TestUpstream::start().await, TestUpstream::start().await);
        let layer = Bytes::from_static(b"a layer");
        theirs.image_with_layer("team/app", "1", layer.clone());
        let digest = theirs.digest("team/app", "1");
        let hidden = Story::served(&db).await;
        hidden.run(&hidden.request(theirs.reference("team/app"), chosen(&["1"]), true)).await;
        up.index_over("team/app", "index", &[entry(&theirs, DOCKER, "1")]);
        let reader = Story { stream: StreamRef::parse("team", "reader").unwrap(), ..hidden };
        let job = reader.run(&reader.request(up.reference("team/app"), chosen(&["index"]), true)).await;
        assert_eq!(job.state, JobState::Succeeded, "{}", job.error);
        let shown = reader.engine.image(&reader.editor, &reader.stream, &digest).await;
        assert!(shown.is_err(), "{shown:?}");
        let exported = reader.engine.export_image(&reader.editor, &reader.stream, digest.hex()).await;
        assert!(exported.is_err(), "{exported:?}");
        up.image_with_layer("team/app", "1", layer);
        let shown = reader.engine.image(&reader.editor, &reader.stream, &digest).await.unwrap();
        assert_eq!(shown.digest, digest);
        reader.engine.export_image(&reader.editor, &reader.stream, digest.hex()).await.unwrap();
    }
);

db_test!(
    async fn an_index_in_an_index_is_imported_pulled_and_mirrored_with_all_it_is_of(db) {
        let up = TestUpstream::start().await;
        let layer = Bytes::from_static(b"a layer");
        let digest = up.image_with_layer("team/app", "image", layer.clone());
        let image = up.digest("team/app", "image");
        up.index_over("team/app", "inner", &[entry(&up, DOCKER, "image")]);
        let inner = up.digest("team/app", "inner");
        up.index_over("team/app", "outer", &[entry(&up, INDEX, "inner")]);
        up.index_over("team/app", "deeper", &[entry(&up, INDEX, "outer")]);
        let story = Story::served(&db).await;
        let request = story.request(up.reference("team/app"), chosen(&["outer", "deeper"]), true);
        let job = story.run(&request).await;
        for item in story.items(&job).await {
            match item.tag.as_str() {
                "outer" => assert_eq!(item.state, ItemState::Imported, "{}", item.message),
                _ => assert!(item.state == ItemState::Failed && item.message.contains("too deep"), "{}", item.message),
            }
        }
        let other = StreamRef::parse("shop", "web").unwrap();
        let source = TagInput::Tag(TagAt::new(&story.stream, "outer".parse().unwrap()));
        let request = TagRequest::new(source, TagAt::new(&other, "outer".parse().unwrap()), Mode::Fixed);
        let planned = story.engine.plan_tag(&story.editor, &request).await.unwrap();
        story.engine.set_tag(&story.editor, &request, &planned.token).await.unwrap();
        let elsewhere = Story { engine: story.engine.clone(), editor: actor(Role::Editor), stream: other };
        for story in [&story, &elsewhere] {
            for manifest in [&inner, &image] {
                let target = Target::Digest(manifest.clone());
                let pulled = story.engine.pull_manifest(&story.editor, &story.stream, &target).await.unwrap();
                assert_eq!(Some(pulled.bytes), up.manifest("team/app", manifest));
                assert_eq!(story.engine.image(&story.editor, &story.stream, manifest).await.unwrap().digest, *manifest);
            }
            assert_eq!(story.bytes(&digest).await, layer);
        }
        story.engine.downloads_ended().await;
        let (stored, layers) = story.stored_of("outer").await;
        assert_eq!((stored, layers), (1, 2));
        let job = story.mirror(&["outer"]).await;
        assert_eq!(job.state, JobState::Succeeded, "{}", job.error);
        assert_eq!(story.stored_of("outer").await, (2, 2));
        // One platform of it is the image itself.
        let mut request = story.request(up.reference("team/app"), chosen(&["outer"]), true);
        request.stream = StreamRef::parse("team", "one").unwrap();
        request.mode = Some(ImportMode::Legacy);
        story.run(&request).await;
        let head = story.engine.tag(&story.editor, &request.stream, &"outer".parse().unwrap()).await.unwrap().row.head;
        assert_eq!(head.unwrap().digest, image);
    }
);

db_test!(
    async fn an_imported_cache_of_builds_is_mirrored_with_its_blobs(db) {
        let up = TestUpstream::start().await;
        let layer = Bytes::from_static(b"a layer");
        let digest = up.image_with_layer("team/app", "image", layer.clone());
        let kind = "application/vnd.oci.image.layer.v1.tar+gzip";
        let blob = json!({ "mediaType": kind, "digest": digest.as_str(), "size": layer.len() });
        up.index_over("team/app", "cache", &[blob]);
        let story = Story::new(&db).await;
        story.import_new(&up, chosen(&["cache"])).await;
        assert_eq!(up.count("GET", Route::Manifest), 1, "a blob is no manifest");
        let job = story.mirror(&["cache"]).await;
        assert_eq!(job.state, JobState::Succeeded, "{}", job.error);
        up.stop().await;
        assert_eq!(story.bytes(&digest).await, layer);
    }
);
