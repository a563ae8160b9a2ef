//! Mirroring on request, what is stored, and what is pulled.

use bytes::Bytes;
use engine::{
    Error, Target, db_test,
    testing::upstream::{Fault, ImageKind, Route, TestUpstream},
};
use futures::TryStreamExt;
use model::{
    PageRequest, TagName,
    job::{ItemState, JobKind, JobState, JobView},
    storage::ImageStorage,
};

use crate::common::{Story, chosen, upstream};

impl Story {
    pub async fn mirror(&self, tags: &[&str]) -> JobView {
        let tags: Vec<TagName> = tags.iter().map(|tag| tag.parse().unwrap()).collect();
        let id = self
            .engine
            .start_mirror(&self.editor, &self.stream, &tags)
            .await
            .unwrap();
        self.engine.run_jobs().await.unwrap();
        self.engine.job(&self.editor, &id).await.unwrap()
    }

    /// Layers of a tag's image that are here, and of how many.
    pub async fn stored_of(&self, tag: &str) -> (i64, i64) {
        let storage = self.storage_of(tag).await;
        (storage.stored_layers, storage.layers)
    }

    /// Whether all of a tag's image is here.
    async fn is_whole(&self, tag: &str) -> bool {
        let storage = self.storage_of(tag).await;
        assert_eq!(storage.missing == 0, storage.stored_bytes == storage.bytes);
        storage.missing == 0
    }

    async fn storage_of(&self, tag: &str) -> ImageStorage {
        let tag = tag.parse().unwrap();
        let view = self
            .engine
            .tag(&self.editor, &self.stream, &tag)
            .await
            .unwrap();
        let digest = view.row.head.unwrap().digest;
        let storage = self
            .engine
            .image_storage(&self.editor, &self.stream, &digest);
        storage.await.unwrap()
    }
}

db_test!(
    async fn a_mirrored_stream_is_served_with_its_upstream_gone(db) {
        let up = TestUpstream::start().await;
        for (tag, kind) in [("docker", ImageKind::Docker), ("index", ImageKind::OciIndex)] {
            up.image("team/app", tag, kind);
        }
        let story = Story::new(&db).await;
        story.import_new(&up, chosen(&["docker", "index"])).await;
        let (none, layers) = story.stored_of("index").await;
        assert!(none == 0 && layers > 1);
        let job = story.mirror(&[]).await;
        assert_eq!((job.kind, job.state, job.progress.done), (JobKind::Mirror, JobState::Succeeded, 2));
        let states: Vec<ItemState> = story.items(&job).await.into_iter().map(|item| item.state).collect();
        assert_eq!(states, [ItemState::Mirrored; 2]);
        assert_eq!(story.stored_of("index").await, (layers, layers));
        for tag in ["docker", "index"] {
            assert!(story.is_whole(tag).await, "{tag}");
        }
        up.stop().await;
        let console = &story.editor;
        for tag in ["docker", "index"] {
            let target = Target::Tag(tag.parse().unwrap());
            let manifest = story.engine.pull_manifest(console, &story.stream, &target).await.unwrap();
            let image = story.engine.image(console, &story.stream, &manifest.digest).await.unwrap();
            let images = image.platforms.iter().map(|child| child.digest.clone()).chain([manifest.digest]);
            for digest in images {
                let target = Target::Digest(digest.clone());
                story.engine.pull_manifest(console, &story.stream, &target).await.unwrap();
                let image = story.engine.image(console, &story.stream, &digest).await.unwrap();
                for blob in image.layers.iter().map(|layer| &layer.digest).chain(&image.config_digest) {
                    let blob = story.engine.pull_blob(console, &story.stream, blob, None).await.unwrap();
                    let pieces: Vec<Bytes> = blob.body.try_collect().await.unwrap();
                    assert!(!pieces.is_empty());
                }
            }
        }
        // Again: all of it is here.
        let job = story.mirror(&["docker"]).await;
        assert_eq!((job.state, job.progress.unchanged, job.progress.total), (JobState::Succeeded, 1, 1));
    }
);

db_test!(
    async fn layers_that_may_not_be_passed_on_are_left_out_of_what_is_mirrored(db) {
        let up = TestUpstream::start().await;
        up.image_with_foreign_layer("team/app", "1");
        let story = Story::new(&db).await;
        story.import_new(&up, chosen(&["1"])).await;
        assert_eq!(story.stored_of("1").await, (0, 1));
        let job = story.mirror(&[]).await;
        assert_eq!(job.state, JobState::Succeeded, "{}", story.items(&job).await[0].message);
        assert_eq!(story.stored_of("1").await, (1, 1));
    }
);

db_test!(
    async fn an_image_that_shares_all_its_layers_with_a_stored_one_is_not_stored_itself(db) {
        let up = TestUpstream::start().await;
        for tag in ["1", "2"] {
            up.image_with_layer("team/app", tag, "the same");
        }
        let story = Story::new(&db).await;
        story.import_new(&up, chosen(&["1", "2"])).await;
        story.mirror(&["1"]).await;
        assert!(story.is_whole("1").await);
        assert_eq!(story.stored_of("2").await, (2, 2));
        assert!(!story.is_whole("2").await, "neither its manifest nor its config is here");
        while story.engine.measure_storage().await.unwrap() > 0 {}
        let (_, page) = story.engine.storage(&story.editor, "", &PageRequest::default()).await.unwrap();
        assert!(page.items[0].stored_bytes < page.items[0].bytes);
        story.mirror(&["2"]).await;
        assert!(story.is_whole("2").await);
        // Without its manifest it cannot be pulled.
        let admin = engine::testing::db::actor(model::user::Role::Admin);
        let manifest = story.tag("2").await.head.unwrap().digest;
        story.engine.remove_stored(&admin, &manifest).await.unwrap();
        assert!(!story.is_whole("2").await);
        let target = Target::Digest(manifest);
        story.engine.pull_manifest(&story.editor, &story.stream, &target).await.unwrap();
        assert!(story.is_whole("2").await);
    }
);

db_test!(
    async fn a_mirror_says_of_each_tag_what_is_missing(db) {
        let up = TestUpstream::start().await;
        up.image("team/app", "1", ImageKind::Docker);
        up.image("team/app", "2", ImageKind::Oci);
        let story = Story::new(&db).await;
        story.import_new(&up, chosen(&["1", "2"])).await;
        story.mirror(&["1"]).await;
        up.fail(Route::Blob, Fault::Status(404));
        let job = story.mirror(&[]).await;
        assert_eq!((job.state, job.progress.failed, job.progress.unchanged), (JobState::Failed, 1, 1));
        let failed = story.items(&job).await.into_iter().find(|item| item.state == ItemState::Failed).unwrap();
        assert_eq!((failed.tag.as_str(), failed.message.is_empty()), ("2", false));
    }
);

db_test!(
    async fn what_cannot_be_mirrored_is_refused(db) {
        let up = TestUpstream::start().await;
        up.image("team/app", "1", ImageKind::Docker);
        let mut story = Story::new(&db).await;
        story.import_new(&up, chosen(&["1"])).await;
        let tag: TagName = "none".parse().unwrap();
        let none = story.engine.start_mirror(&story.editor, &story.stream, &[tag]).await;
        assert!(matches!(none, Err(Error::NotFound(_))));
        let viewer = engine::testing::db::actor(model::user::Role::Viewer);
        let denied = story.engine.start_mirror(&viewer, &story.stream, &[]).await;
        assert!(matches!(denied, Err(Error::Denied(_))));
        story.engine = db.engine_with(upstream(), |config| config.mirror = false).await;
        let off = story.engine.start_mirror(&story.editor, &story.stream, &[]).await;
        assert!(matches!(off, Err(Error::Conflict(message)) if message.contains("WEIR_MIRROR")));
    }
);

db_test!(
    async fn storage_is_measured_once_a_while_and_shared_layers_count_once(db) {
        let up = TestUpstream::start().await;
        up.image("team/app", "1", ImageKind::Docker);
        let story = Story::new(&db).await;
        story.import_new(&up, chosen(&["1"])).await;
        let first = PageRequest::default();
        let (total, page) = story.engine.storage(&story.editor, "", &first).await.unwrap();
        assert!(total.measured_at.is_none() && page.items.is_empty());
        assert_eq!(story.engine.measure_storage().await.unwrap(), 1);
        assert_eq!(story.engine.measure_storage().await.unwrap(), 0, "it is fresh");
        let (_, page) = story.engine.storage(&story.editor, "team", &first).await.unwrap();
        assert_eq!((page.items[0].images, page.items[0].stored_bytes), (1, 0));
        story.mirror(&[]).await;
        db.clock.advance(chrono::Duration::minutes(11));
        while story.engine.measure_storage().await.unwrap() > 0 {}
        let (alone, page) = story.engine.storage(&story.editor, "", &first).await.unwrap();
        let each = page.items[0].bytes;
        assert!(each > 0 && page.items[0].stored_bytes == each && alone.unshared_bytes == each);
        assert_eq!(alone.bytes, each, "layers, config and manifest");
        // The same image in another stream takes no more room.
        let mut other = Story::new(&db).await;
        other.stream = model::StreamRef::parse("team", "other").unwrap();
        other.import_new(&up, chosen(&["1"])).await;
        while story.engine.measure_storage().await.unwrap() > 0 {}
        let (both, page) = story.engine.storage(&story.editor, "", &first).await.unwrap();
        assert_eq!((page.items.len(), both.bytes, both.unshared_bytes), (2, alone.bytes, 2 * each));
        let (_, none) = story.engine.storage(&story.editor, "elsewhere", &first).await.unwrap();
        assert!(none.items.is_empty());
    }
);

db_test!(
    async fn pulls_are_counted_by_tag_and_by_the_digest_a_tag_points_at(db) {
        let up = TestUpstream::start().await;
        let digest = up.image("team/app", "1", ImageKind::Docker);
        let story = Story::new(&db).await;
        story.import_new(&up, chosen(&["1"])).await;
        let tag: TagName = "1".parse().unwrap();
        let pulls = async || story.engine.tag_pulls(&story.editor, &story.stream, &tag).await.unwrap();
        assert_eq!(pulls().await.count, 0);
        story.engine.note_pull(&story.stream, &Target::Tag(tag.clone()));
        db.clock.advance(chrono::Duration::minutes(1));
        story.engine.note_pull(&story.stream, &Target::Digest(digest));
        story.engine.note_pull(&story.stream, &Target::Tag("none".parse().unwrap()));
        story.engine.write_pulls().await.unwrap();
        let counted = pulls().await;
        assert_eq!(counted.count, 2);
        assert!(counted.last.is_some());
        // A tag that moves keeps its count.
        up.move_tag("team/app", "1");
        story.run(&story.request(up.reference("team/app"), chosen(&["1"]), false)).await;
        assert_eq!(pulls().await, counted);
    }
);

db_test!(
    async fn as_many_tags_as_somebody_names_are_mirrored_by_one_job(db) {
        let up = TestUpstream::start().await;
        // Text that does not get shorter when it is packed.
        let tags: Vec<String> = (0..60).map(|_| engine::clock::secret::<60>()).collect();
        for tag in &tags {
            up.image("team/app", tag, ImageKind::Docker);
        }
        let tags: Vec<&str> = tags.iter().map(String::as_str).collect();
        let story = Story::new(&db).await;
        story.import_new(&up, chosen(&tags)).await;
        assert_eq!(story.mirror(&tags).await.state, JobState::Succeeded);
    }
);
