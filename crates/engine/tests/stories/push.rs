//! Pushes as stories: bytes in any number of parts become a blob once they are right, and images of a stream.

use bytes::Bytes;
use engine::{
    Clock, PushError, Target, db_test,
    rules::quota::Quota,
    testing::{
        db::actor,
        upstream::{ImageKind, TestUpstream},
    },
};
use futures::{TryStreamExt, stream};
use model::{
    Digest, PageRequest, StreamRef, TagName,
    tag::{Cause, TagAt},
    tagging::{Mode, TagInput, TagRequest},
    user::Role,
};
use serde_json::json;
use sha2::{Digest as _, Sha256};

use crate::common::{Story, chosen, upstream};

const HOST: &str = "weir.test:5000";

/// More than one part of a bucket's upload, and no multiple of it.
fn large() -> Bytes {
    (0..9_000_001_u32)
        .map(|number| u8::try_from(number.wrapping_mul(2_654_435_761) >> 24).unwrap())
        .collect::<Vec<_>>()
        .into()
}

pub fn digest(bytes: &[u8]) -> Digest {
    Digest::sha256(&Sha256::digest(bytes).into())
}

fn body(bytes: &Bytes) -> impl futures::Stream<Item = std::io::Result<Bytes>> + Send + use<> {
    let pieces: Vec<_> = bytes
        .chunks(100_000)
        .map(|piece| Ok(Bytes::copy_from_slice(piece)))
        .collect();
    stream::iter(pieces)
}

impl Story {
    /// A registry that is served.
    pub async fn served(db: &engine::testing::db::TestDb) -> Self {
        Self::served_with(db, Quota::default()).await
    }

    async fn served_with(db: &engine::testing::db::TestDb, quota: Quota) -> Self {
        let engine = db
            .engine_with(upstream(), |config| {
                config.quota = quota;
                config.registry_host = Some(HOST.to_owned());
                config.own_hosts = vec![HOST.to_owned()];
                config.max_blob_size = 10_000_000;
            })
            .await;
        Self {
            engine,
            editor: actor(Role::Editor),
            stream: StreamRef::parse("team", "app").unwrap(),
        }
    }

    async fn part(&self, id: &str, bytes: &Bytes) -> Result<u64, PushError> {
        let taken = self
            .engine
            .extend_upload(&self.editor, &self.stream, id, None, None, body(bytes))
            .await?;
        Ok(taken.size)
    }

    async fn begin(&self) -> String {
        let begun = self.engine.begin_upload(&self.editor, &self.stream).await;
        begun.unwrap().id
    }

    /// Uploads a blob in these parts.
    pub async fn upload(&self, parts: &[Bytes]) -> Result<Digest, PushError> {
        let id = self.begin().await;
        for part in parts {
            self.part(&id, part).await?;
        }
        let digest = digest(&parts.concat());
        self.engine
            .finish_upload(&self.editor, &self.stream, &id, &digest)
            .await?;
        Ok(digest)
    }

    pub async fn bytes(&self, digest: &Digest) -> Vec<u8> {
        let blob = self
            .engine
            .pull_blob(&self.editor, &self.stream, digest, None)
            .await;
        let pieces: Vec<Bytes> = blob.unwrap().body.try_collect().await.unwrap();
        pieces.concat()
    }

    pub async fn push(
        &self,
        target: &Target,
        manifest: &serde_json::Value,
    ) -> Result<Digest, PushError> {
        let bytes = Bytes::from(manifest.to_string());
        let pushed = self
            .engine
            .push_manifest(&self.editor, &self.stream, target, None, bytes)
            .await?;
        Ok(pushed.digest)
    }
}

/// A manifest over an uploaded config and layer.
pub async fn image(story: &Story, layer: &'static str) -> serde_json::Value {
    const OCI: &str = "application/vnd.oci.image.manifest.v1+json";
    let config = Bytes::from_static(br#"{"os":"linux","architecture":"arm64"}"#);
    let layer = Bytes::from_static(layer.as_bytes());
    let mut entries = Vec::new();
    for (kind, bytes) in [
        ("application/vnd.oci.image.config.v1+json", &config),
        ("application/vnd.oci.image.layer.v1.tar", &layer),
    ] {
        let digest = story.upload(std::slice::from_ref(bytes)).await.unwrap();
        entries.push(json!({ "mediaType": kind, "digest": digest.as_str(), "size": bytes.len() }));
    }
    let layer = entries.pop();
    json!({ "schemaVersion": 2, "mediaType": OCI, "config": entries.pop(), "layers": [layer] })
}

pub fn tag(name: &str) -> Target {
    Target::Tag(name.parse().unwrap())
}

db_test!(
    async fn a_blob_comes_in_one_part_or_in_many(db) {
        let story = Story::served(&db).await;
        let all = large();
        let many: Vec<Bytes> = vec![all.slice(..1), all.slice(1..8_999_999), Bytes::new(), all.slice(8_999_999..)];
        for parts in [vec![Bytes::from_static(b"small")], vec![], vec![all.clone()], many] {
            let digest = story.upload(&parts).await.unwrap();
            assert!(story.bytes(&digest).await == parts.concat(), "{} parts", parts.len());
        }
    }
);

db_test!(
    async fn parts_of_which_one_is_wrong_become_nothing(db) {
        let story = Story::served(&db).await;
        let right = digest(b"right");
        for parts in [&["wrong"][..], &["ri", "te"], &[]] {
            let id = story.begin().await;
            for part in parts {
                story.part(&id, &Bytes::from_static(part.as_bytes())).await.unwrap();
            }
            let ended = story.engine.finish_upload(&story.editor, &story.stream, &id, &right).await;
            assert!(matches!(ended, Err(PushError::WrongDigest(_))));
            let again = story.part(&id, &Bytes::from_static(b"x")).await;
            assert!(matches!(again, Err(PushError::UnknownUpload(_))), "the upload is over");
        }
        assert_eq!(story.engine.blobs().size(&right).await.unwrap(), None);
    }
);

db_test!(
    async fn what_breaks_off_or_is_too_large_does_not_count(db) {
        let story = Story::served(&db).await;
        let id = story.begin().await;
        story.part(&id, &Bytes::from_static(b"ab")).await.unwrap();
        let broken = stream::iter([Ok(Bytes::from_static(b"cd")), Err(std::io::Error::other("gone"))]);
        let taken = story.engine.extend_upload(&story.editor, &story.stream, &id, None, None, broken).await;
        assert!(matches!(taken, Err(PushError::Broken(_))));
        let limit = Bytes::from(vec![0; 10_000_001]);
        assert!(matches!(story.part(&id, &limit).await, Err(PushError::TooLarge(_))));
        let said = story.engine.extend_upload(&story.editor, &story.stream, &id, None, Some(10_000_000), body(&limit)).await;
        assert!(matches!(said, Err(PushError::TooLarge(_))), "before it comes");
        assert_eq!(story.part(&id, &Bytes::from_static(b"cd")).await.unwrap(), 4);
        let digest = digest(b"abcd");
        story.engine.finish_upload(&story.editor, &story.stream, &id, &digest).await.unwrap();
        assert_eq!(story.bytes(&digest).await, b"abcd");
    }
);

db_test!(
    async fn two_requests_at_one_place_of_an_upload_do_not_both_count(db) {
        let story = Story::served(&db).await;
        let id = story.begin().await;
        let parts = ["aa", "bb", "cc", "dd"].map(|part| Bytes::from_static(part.as_bytes()));
        let taken = futures::future::join_all(parts.iter().map(|part| story.part(&id, part))).await;
        let sizes: Vec<u64> = taken.into_iter().flatten().collect();
        let upload = story.engine.upload(&story.editor, &story.stream, &id).await.unwrap();
        assert_eq!(upload.size, 2 * sizes.len() as u64, "those that count are there, one after the other");
        assert!(!sizes.is_empty());
    }
);

db_test!(
    async fn another_process_goes_on_with_an_upload(db) {
        let mut story = Story::served(&db).await;
        let id = story.begin().await;
        story.part(&id, &Bytes::from_static(b"abc")).await.unwrap();
        story.engine = Story::served(&db).await.engine;
        story.part(&id, &Bytes::from_static(b"def")).await.unwrap();
        let digest = digest(b"abcdef");
        story.engine.finish_upload(&story.editor, &story.stream, &id, &digest).await.unwrap();
        assert_eq!(story.bytes(&digest).await, b"abcdef");
    }
);

db_test!(
    async fn a_push_makes_revisions_that_followers_take_over_and_imports_override(db) {
        let up = TestUpstream::start().await;
        up.image("team/app", "1.0", ImageKind::Oci);
        let story = Story::served(&db).await;
        story.import_new(&up, chosen(&["1.0"])).await;
        let name: TagName = "1.0".parse().unwrap();
        let imported = story.engine.tag(&story.editor, &story.stream, &name).await.unwrap();
        let manifest = image(&story, "pushed").await;
        let pushed = story.push(&tag("1.0"), &manifest).await.unwrap();
        let view = story.engine.tag(&story.editor, &story.stream, &name).await.unwrap();
        assert_eq!(view.row.spec, imported.row.spec, "what it imports is kept");
        let head = view.row.head.unwrap();
        assert_eq!(head.digest, pushed);
        let storage = story.engine.image_storage(&story.editor, &story.stream, &pushed).await.unwrap();
        assert_eq!((storage.missing, storage.stored_bytes), (0, storage.bytes));
        assert_eq!(head.reference.to_string(), format!("{HOST}/team/app@{pushed}"));
        let page = story.engine.history(&story.editor, &story.stream, &name, &model::PageRequest::default()).await.unwrap();
        let causes: Vec<Cause> = page.items.iter().map(|revision| revision.cause).collect();
        assert_eq!(causes, [Cause::Push, Cause::Import]);
        let stream = story.engine.stream(&story.editor, &story.stream).await.unwrap();
        assert_eq!(page.items[0].generation, stream.generation, "nothing is imported because of it");
        // The next import decides again.
        story.run(&story.request(up.reference("team/app"), chosen(&["1.0"]), false)).await;
        let view = story.engine.tag(&story.editor, &story.stream, &name).await.unwrap();
        assert_eq!(view.row.head.unwrap().digest, imported.row.head.unwrap().digest);
    }
);

db_test!(
    async fn what_is_left_of_an_upload_that_ended_goes(db) {
        let story = Story::new(&db).await;
        let left = story.begin().await;
        story.part(&left, &large()).await.unwrap();
        let running = story.begin().await;
        story.part(&running, &large()).await.unwrap();
        // As a crash leaves it: forgotten, and its bytes still there.
        db.forget_upload(&left).await;
        assert_eq!(story.engine.remove_abandoned_uploads().await.unwrap(), 1);
        assert_eq!(story.engine.remove_abandoned_uploads().await.unwrap(), 0);
        // What came to this process of one that another went on with, and ended.
        let rest = story.engine.config().data.join("blobs/uploads/ended");
        std::fs::create_dir_all(&rest).unwrap();
        std::fs::write(rest.join("part"), "half").unwrap();
        assert_eq!(story.engine.remove_abandoned_uploads().await.unwrap(), 1);
        assert!(!rest.exists());
        let whole = digest(&large());
        story.engine.finish_upload(&story.editor, &story.stream, &running, &whole).await.unwrap();
        assert_eq!(story.bytes(&whole).await, large());
    }
);

db_test!(
    async fn a_push_that_exceeds_a_quota_is_refused_and_changes_nothing(db) {
        let quota = Quota { image_bytes: Some(60), stream_images: Some(2), stream_tags: Some(2) };
        let story = Story::served_with(&db, quota).await;
        let first = image(&story, "first").await;
        let second = image(&story, "second").await;
        story.push(&tag("1"), &first).await.unwrap();
        story.push(&tag("2"), &second).await.unwrap();
        let third = image(&story, "third").await;
        let large = image(&story, "a layer that is larger than the others").await;
        for (at, manifest, setting) in [
            ("1", &third, "WEIR_MAX_IMAGES_PER_STREAM"),
            ("3", &first, "WEIR_MAX_TAGS_PER_STREAM"),
            ("1", &large, "WEIR_MAX_IMAGE_SIZE"),
        ] {
            let before = story.engine.stream(&story.editor, &story.stream).await.unwrap();
            let refused = story.push(&tag(at), manifest).await.unwrap_err().to_string();
            assert!(refused.contains(setting) && refused.contains("exceeds the maximum limit"), "{refused}");
            let by_digest = Target::Digest(digest(manifest.to_string().as_bytes()));
            if at == "1" {
                assert!(story.push(&by_digest, manifest).await.is_err());
                // Not even its bytes stay.
                let bytes = digest(manifest.to_string().as_bytes());
                assert_eq!(story.engine.blobs().size(&bytes).await.unwrap(), None);
            }
            assert_eq!(story.engine.stream(&story.editor, &story.stream).await.unwrap(), before);
        }
        // What adds nothing is taken.
        story.push(&tag("1"), &second).await.unwrap();
        // A blob that no image could have is not taken, however it comes.
        let refused = story.upload(&[Bytes::from(vec![1; 40]), Bytes::from(vec![1; 21])]).await;
        let refused = refused.unwrap_err().to_string();
        assert!(refused.contains("WEIR_MAX_IMAGE_SIZE") && refused.contains("exceeds the maximum limit"), "{refused}");
    }
);

db_test!(
    async fn blobs_that_no_image_of_the_stream_names_are_taken_away_after_a_day(db) {
        let mut db = db;
        let clock = Clock::held_at(Clock::default().now());
        db.clock = clock.clone();
        let story = Story::served(&db).await;
        let spare = story.upload(&[Bytes::from_static(b"of no image")]).await.unwrap();
        let again = story.upload(&[Bytes::from_static(b"of the next image")]).await.unwrap();
        let tagged = image(&story, "a tagged layer").await;
        story.push(&tag("1"), &tagged).await.unwrap();
        let loose = image(&story, "a layer of an image without a tag").await;
        let loose_digest = digest(loose.to_string().as_bytes());
        story.push(&Target::Digest(loose_digest.clone()), &loose).await.unwrap();
        let there = async |digest: &Digest| {
            story.engine.blob_head(&story.editor, &story.stream, digest).await.is_ok()
        };
        let kept = [&tagged, &loose].map(|image| image["layers"][0]["digest"].as_str().unwrap().parse::<Digest>().unwrap());
        story.engine.remove_abandoned_uploads().await.unwrap();
        assert!(there(&spare).await, "it is new");
        clock.advance(chrono::Duration::hours(25));
        // Named by a manifest that still lacks another: it may be pushed soon.
        let mut next = image(&story, "a new layer").await;
        for bytes in [&b"of the next image"[..], b"not here yet"] {
            let layer = json!({ "mediaType": "application/vnd.oci.image.layer.v1.tar", "size": bytes.len(),
                "digest": digest(bytes).as_str() });
            next["layers"].as_array_mut().unwrap().push(layer);
        }
        assert!(matches!(story.push(&tag("1"), &next).await, Err(PushError::MissingBlob(_))));
        story.engine.remove_abandoned_uploads().await.unwrap();
        assert!(!there(&spare).await);
        for digest in kept.iter().chain([&again]) {
            assert!(there(digest).await, "{digest}");
        }
        let admin = actor(Role::Admin);
        let target = Target::Digest(loose_digest);
        story.engine.delete_manifest(&admin, &story.stream, &target).await.unwrap();
        story.engine.remove_abandoned_uploads().await.unwrap();
        assert!(!there(&kept[1]).await, "its image is gone");
    }
);

db_test!(
    async fn a_blob_is_not_taken_away_while_an_image_has_it_tagged_or_not(db) {
        let story = Story::served(&db).await;
        let manifest = image(&story, "a layer").await;
        let blobs = [&manifest["layers"][0], &manifest["config"]];
        let blobs = blobs.map(|part| part["digest"].as_str().unwrap().parse::<Digest>().unwrap());
        let pushed = Target::Digest(digest(manifest.to_string().as_bytes()));
        story.push(&pushed, &manifest).await.unwrap();
        let admin = actor(Role::Admin);
        let unlink = async |blob| story.engine.unlink_blob(&admin, &story.stream, blob).await;
        for blob in &blobs {
            assert!(matches!(unlink(blob).await, Err(PushError::InUse(_))), "{blob}");
        }
        story.engine.delete_manifest(&admin, &story.stream, &pushed).await.unwrap();
        for blob in &blobs {
            unlink(blob).await.unwrap();
        }
    }
);

db_test!(
    async fn pushes_that_make_a_stream_at_the_same_time_all_arrive(db) {
        let story = Story::served(&db).await;
        let manifest = image(&story, "pushed").await;
        let tags = ["1", "2", "3", "4"].map(tag);
        let pushes = tags.iter().map(|tag| story.push(tag, &manifest));
        for pushed in futures::future::join_all(pushes).await {
            pushed.unwrap();
        }
        assert_eq!(story.tags().await.len(), 4);
    }
);

db_test!(
    async fn what_was_pushed_is_exported_as_managed_and_goes_with_its_stream(db) {
        let story = Story::served(&db).await;
        let manifest = image(&story, "layer").await;
        let layer: Digest = manifest["layers"][0]["digest"].as_str().unwrap().parse().unwrap();
        let digest = story.push(&tag("1"), &manifest).await.unwrap();
        let image = story.engine.image(&story.editor, &story.stream, &digest).await.unwrap();
        assert_eq!(image.platform.as_deref(), Some("linux/arm64"));
        let planned = story.engine.plan_delete_stream(&story.editor, &story.stream).await.unwrap();
        story.engine.delete_stream(&story.editor, &story.stream, &planned.token).await.unwrap();
        // Made again under its name, it has nothing of what was there.
        story.upload(&[Bytes::from_static(b"other")]).await.unwrap();
        let found = story.engine.blob_head(&story.editor, &story.stream, &layer).await;
        assert!(matches!(found, Err(engine::Error::NotFound(_))));
    }
);

db_test!(
    async fn an_image_that_was_imported_before_is_managed_once_it_is_pushed(db) {
        let up = TestUpstream::start().await;
        let digest = up.image("team/app", "1", ImageKind::Docker);
        let story = Story::served(&db).await;
        story.import_new(&up, chosen(&["1"])).await;
        let managed = async || {
            let mut tx = story.engine.store().read().await.unwrap();
            tx.image(&digest).await.unwrap().unwrap().managed
        };
        assert!(!managed().await);
        let manifest = up.manifest("team/app", &digest).unwrap();
        let target = tag("pushed");
        let pushed = story.engine.push_manifest(&story.editor, &story.stream, &target, None, manifest);
        assert_eq!(pushed.await.unwrap().digest, digest);
        assert!(managed().await);
    }
);

db_test!(
    async fn an_image_pushed_to_a_stream_is_pulled_from_those_it_is_tagged_into(db) {
        let story = Story::served(&db).await;
        let manifest = image(&story, "layer").await;
        let layer: Digest = manifest["layers"][0]["digest"].as_str().unwrap().parse().unwrap();
        let pushed = story.push(&tag("1"), &manifest).await.unwrap();
        let other = StreamRef::parse("shop", "web").unwrap();
        let at = |stream: &StreamRef, tag: &str| TagAt::new(stream, tag.parse().unwrap());
        let source = at(&story.stream, "1");
        let id = TagInput::Image(story.stream.clone(), pushed.short().to_owned());
        for (source, to, mode) in [
            (TagInput::Tag(source.clone()), "fixed", Mode::Fixed),
            (id, "id", Mode::Fixed),
            (TagInput::Tag(source), "follows", Mode::Follow),
        ] {
            let request = TagRequest::new(source, at(&other, to), mode);
            let planned = story.engine.plan_tag(&story.editor, &request).await.unwrap();
            story.engine.set_tag(&story.editor, &request, &planned.token).await.unwrap();
        }
        let head = async |tag: &str| {
            let view = story.engine.tag(&story.editor, &other, &tag.parse().unwrap()).await.unwrap();
            view.row.head.unwrap()
        };
        for tag in ["fixed", "id", "follows"] {
            assert_eq!(head(tag).await.reference.to_string(), format!("{HOST}/shop/web@{pushed}"));
        }
        // One that follows takes over what is pushed later.
        let again = story.push(&tag("1"), &image(&story, "another layer").await).await.unwrap();
        assert_eq!(head("follows").await.reference.to_string(), format!("{HOST}/shop/web@{again}"));
        assert_eq!(head("fixed").await.digest, pushed);

        // Nothing of the stream it was pushed to is needed.
        let planned = story.engine.plan_delete_stream(&story.editor, &story.stream).await.unwrap();
        story.engine.delete_stream(&story.editor, &story.stream, &planned.token).await.unwrap();
        let elsewhere = Story { stream: other, ..story };
        assert_eq!(elsewhere.bytes(&layer).await, b"layer");
        let pulled = elsewhere.engine.pull_manifest(&elsewhere.editor, &elsewhere.stream, &tag("fixed")).await.unwrap();
        assert_eq!(pulled.digest, pushed);
    }
);

db_test!(
    async fn a_pushed_image_is_always_pulled_from_this_registry_whatever_the_policy(db) {
        let story = Story::served(&db).await;
        let manifest = image(&story, "layer").await;
        let pushed = story.push(&tag("1"), &manifest).await.unwrap();
        let here = format!("{HOST}/team/app@{pushed}");
        let told = async || {
            let tag = "1".parse().unwrap();
            let object = story.engine.export_tag(&story.editor, &story.stream, &tag).await.unwrap();
            (object["image"]["dockerImageReference"].clone(), object["tag"]["referencePolicy"]["type"].clone())
        };
        assert_eq!(told().await, (here.as_str().into(), serde_json::Value::Null), "without any");
        for policy in ["Source", "Local"] {
            let text = format!(
                "kind: ImageStream\napiVersion: v1\nmetadata: {{name: app}}\nspec:\n  tags:\n  - name: \"1\"\n    referencePolicy: {{type: {policy}}}\n"
            );
            story.apply(&text).await.unwrap();
            assert_eq!(told().await, (here.as_str().into(), policy.into()));
        }
    }
);

db_test!(
    async fn a_pushed_image_is_not_read_through_an_import_that_only_names_it(db) {
        // It answers for this registry itself: its `open/liar` has a manifest from somebody who knows it.
        let up = TestUpstream::start().await;
        let layer = up.image_with_layer("team/app", "1", Bytes::from_static(b"a secret"));
        let image = up.digest("team/app", "1");
        let manifest = up.manifest("team/app", &image).unwrap();
        let parsed: serde_json::Value = serde_json::from_slice(&manifest).unwrap();
        let engine = db
            .engine_with(upstream(), |config| {
                config.registry_host = Some(up.host());
                config.own_hosts = vec![up.host()];
            })
            .await;
        let at = |name: &str| Story {
            engine: engine.clone(),
            editor: actor(Role::Editor),
            stream: StreamRef::parse("team", name).unwrap(),
        };
        let hidden = at("hidden");
        for part in parsed["layers"].as_array().unwrap().iter().chain([&parsed["config"]]) {
let digest = part["digest"].as_str().unwrap().parse().unwrap();
            hidden.upload(&[up.blob("team/app", &digest).unwrap()]).await.unwrap();
        }
        let first = tag("1");
        let pushed = engine.push_manifest(&hidden.editor, &hidden.stream, &first, None, manifest);
        assert_eq!(pushed.await.unwrap().digest, image);

        let import = async |from: &str, to: &str| {
            up.copy(("team/app", "1"), (from, "1"));
            let story = at(to);
            let request = story.request(up.reference(from), chosen(&["1"]), true);
            let job = story.run(&request).await;
            (story, job)
        };
        // Whether a stream gives it out; `HEAD` and `GET` agree.
        let secret = async |story: &Story| {
            let found = engine.pull_blob(&story.editor, &story.stream, &layer, None).await;
            assert_eq!(found.is_ok(), engine.blob_head(&story.editor, &story.stream, &layer).await.is_ok());
            match found {
                Ok(_) => story.bytes(&layer).await == b"a secret",
                Err(error) => !matches!(error, engine::Error::NotFound(_)),
            }
        };
        let (reader, _) = import("team/liar", "reader").await;
        assert!(!secret(&reader).await);
        // Nor does a stream vouch for itself, straight or by way of another.
        let (itself, job) = import("team/liar", "liar").await;
        assert!(!secret(&itself).await);
        let again = itself.request(up.reference("team/liar"), chosen(&["1"]), false);
        itself.run(&again).await;
        assert!(!secret(&itself).await);
        let items = itself.items(&job).await;
        assert_eq!(items[0].message, format!("{} is this stream itself", up.reference("team/liar")));
        let source = TagInput::Tag(TagAt::new(&reader.stream, "1".parse().unwrap()));
        let id = TagInput::Image(reader.stream.clone(), image.short().to_owned());
        for (name, source, mode) in [
            ("tagged", source.clone(), Mode::Fixed),
            ("by-id", id.clone(), Mode::Fixed),
            ("liar", source.clone(), Mode::Follow),
            ("liar", source, Mode::Fixed),
            ("liar", id, Mode::Fixed),
        ] {
            let tagged = at(name);
            let request = TagRequest::new(source, TagAt::new(&tagged.stream, format!("{mode:?}").parse().unwrap()), mode);
            let planned = engine.plan_tag(&tagged.editor, &request).await.unwrap();
            engine.set_tag(&tagged.editor, &request, &planned.token).await.unwrap();
            assert!(!secret(&tagged).await, "{name} {mode:?}");
        }

        // Where it was pushed it is read, and where it was imported from there.
        assert!(secret(&hidden).await);
        let (honest, _) = import("team/hidden", "honest").await;
        assert!(secret(&honest).await);
        let revisions = async || {
            let page = PageRequest { cursor: None, size: 10 };
            engine.history(&honest.editor, &honest.stream, &"1".parse().unwrap(), &page).await.unwrap().items.len()
        };
        honest.again(&["1"]).await;
        assert_eq!(revisions().await, 1, "nothing moved");
        // It is its own from then on.
        let planned = engine.plan_delete_stream(&hidden.editor, &hidden.stream).await.unwrap();
        engine.delete_stream(&hidden.editor, &hidden.stream, &planned.token).await.unwrap();
        assert!(secret(&honest).await);
        assert_eq!(engine.pull_manifest(&honest.editor, &honest.stream, &first).await.unwrap().digest, image);
    }
);
