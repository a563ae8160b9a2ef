//! The bytes of one blob, removed by hand.

use bytes::Bytes;
use engine::{
    Error, Target, db_test,
    testing::{
        db::actor,
        upstream::{Fault, Route, TestUpstream},
    },
};
use futures::TryStreamExt;
use model::{Digest, user::Role};

use crate::{
    common::Story,
    pull::{all, layer},
};

impl Story {
    async fn remove(&self, digest: &Digest) {
        let admin = actor(Role::Admin);
        self.engine.remove_stored(&admin, digest).await.unwrap();
    }

    /// Layers of the tag that are told to be stored.
    async fn told_stored(&self) -> i64 {
        let head = self.tag("1.0").await.head.unwrap().digest;
        let told = self.engine.image_storage(&self.editor, &self.stream, &head);
        told.await.unwrap().stored_layers
    }
}

db_test!(
    async fn what_another_registry_has_is_fetched_again_after_its_bytes_were_removed(db) {
        let up = TestUpstream::start().await;
        let layer = layer();
        let (story, digest) = Story::with_layer(&db, &up, &layer).await;
        story.remove(&digest).await;
        for times in 1..=2 {
            assert_eq!(all(story.blob(&digest, None).await.unwrap()).await.unwrap(), layer);
            assert!(story.stored(&digest).await);
            assert_eq!((up.count("GET", Route::Blob), story.told_stored().await), (times, 1));
            for role in [Role::Editor, Role::Viewer, Role::Anonymous] {
                let refused = story.engine.remove_stored(&actor(role), &digest).await.unwrap_err();
                assert!(matches!(refused, Error::Denied(_)), "{refused}");
            }
            assert!(story.stored(&digest).await);
            // Who reads it reads on where it is a file.
            let reading = story.blob(&digest, None).await.unwrap();
            story.remove(&digest).await;
            story.remove(&digest).await;
            if db.url.starts_with("sqlite") {
                assert_eq!(all(reading).await.unwrap(), layer);
            }
            assert!(!story.stored(&digest).await);
            assert_eq!(story.told_stored().await, 0);
        }
        up.stop().await;
        assert!(matches!(story.blob(&digest, None).await.err(), Some(Error::Upstream { .. })));
    }
);

db_test!(
    async fn what_was_pushed_is_gone_after_its_bytes_were_removed_until_it_is_pushed_again(db) {
        let mut story = Story::new(&db).await;
        let push = async |story: &Story| {
            let (engine, editor, stream) = (&story.engine, &story.editor, &story.stream);
            let id = engine.begin_upload(editor, stream).await.unwrap().id;
            let body = futures::stream::iter([Ok(Bytes::from_static(b"pushed"))]);
            engine.extend_upload(editor, stream, &id, None, None, body).await.unwrap();
            let digest = digest_of_pushed();
            engine.finish_upload(editor, stream, &id, &digest).await.unwrap();
            digest
        };
        let digest = push(&story).await;
        story.remove(&digest).await;
        assert!(matches!(story.blob(&digest, None).await.err(), Some(Error::NotFound(_))));
        let head = story.engine.blob_head(&story.editor, &story.stream, &digest).await;
        assert!(matches!(head, Err(Error::NotFound(_))), "so that clients upload it");
        let ours = story.stream.clone();
        story.stream = model::StreamRef::parse("team", "other").unwrap();
        assert!(!story.engine.mount_blob(&story.editor, &story.stream, &digest, &ours).await.unwrap());
        story.stream = ours;
        push(&story).await;
        assert_eq!(all(story.blob(&digest, None).await.unwrap()).await.unwrap(), b"pushed");
    }
);

fn digest_of_pushed() -> Digest {
    use sha2::{Digest as _, Sha256};
    Digest::sha256(&Sha256::digest(b"pushed").into())
}

db_test!(
    async fn a_download_goes_on_when_its_blob_is_removed_and_is_stored_when_it_ends(db) {
        let up = TestUpstream::start().await;
        let layer = layer();
        let (story, digest) = Story::with_layer(&db, &up, &layer).await;
        up.fail(Route::Blob, Fault::Stall);
        let mut body = story.blob(&digest, None).await.unwrap().body;
        let first = body.try_next().await.unwrap().unwrap();
        story.remove(&digest).await;
        assert_eq!(story.told_stored().await, 0);
        up.release();
        let rest: Vec<Bytes> = body.try_collect().await.unwrap();
        assert!([first].into_iter().chain(rest).collect::<Vec<_>>().concat() == layer);
        assert!(story.stored(&digest).await);
        assert_eq!(story.told_stored().await, 1);
    }
);

db_test!(
    async fn blobs_that_are_stored_and_removed_at_the_same_time_are_told_as_they_are(db) {
        let up = TestUpstream::start().await;
        let layer = Bytes::from_static(b"a layer of few bytes");
        let (story, digest) = Story::with_layer(&db, &up, &layer).await;
        // Another process with the same database and blobs.
        let other = Story::new(&db).await;
        let (story, other) = (&story, &other);
        for _ in 0..30 {
            let read = async |story: &Story| {
                // It may be removed under the reader's eyes.
                if let Ok(blob) = story.blob(&digest, None).await {
                    let _ = all(blob).await;
                }
                story.engine.downloads_ended().await;
            };
            tokio::join!(read(story), other.remove(&digest), read(other), story.remove(&digest), read(story));
            let stored = story.stored(&digest).await;
            assert_eq!(story.told_stored().await, i64::from(stored));
        }
        let target = Target::Tag("1.0".parse().unwrap());
        story.engine.pull_manifest(&story.editor, &story.stream, &target).await.unwrap();
        assert_eq!(all(story.blob(&digest, None).await.unwrap()).await.unwrap(), layer);
    }
);
