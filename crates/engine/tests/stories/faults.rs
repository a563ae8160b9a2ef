//! What goes wrong while a blob is pulled or pushed, on the other side or on our own disk, and what clients get then.

use std::{path::PathBuf, time::Duration};

use bytes::Bytes;
use engine::{
    Error, PushError, Range, db_test,
    testing::{
        db::TestDb,
        upstream::{Fault, Route, TestUpstream},
    },
    upstream::{Config, Upstream},
};
use futures::{StreamExt, TryStreamExt, future::join_all, stream};
use model::{Digest, StreamRef};
use sha2::{Digest as _, Sha256};
use tokio::task::JoinSet;

use crate::{
    common::{Story, chosen},
    pull::{all, layer},
};

/// An engine that waits only so long for the next bytes of a blob.
async fn impatient(db: &TestDb, up: &TestUpstream, layer: &Bytes) -> (Story, Digest) {
    let digest = up.image_with_layer("team/app", "1.0", layer.clone());
    let mut story = Story::new(db).await;
    let config = Config {
        blob_patience: Duration::from_millis(200),
        retry_wait: Duration::from_millis(1),
        ..Config::default()
    };
    story.engine = db.engine_with(Upstream::new(config).unwrap(), |_| {}).await;
    story.import_new(up, chosen(&["1.0"])).await;
    up.forget_requests();
    (story, digest)
}

impl Story {
    /// Nothing half is left of downloads.
    async fn nothing_is_left(&self) {
        self.engine.downloads_ended().await;
        let temp = self.engine.config().data.join("blobs/temp");
        let left: Vec<_> = std::fs::read_dir(temp).into_iter().flatten().collect();
        assert!(left.is_empty(), "{left:?}");
    }
}

db_test!(
    async fn a_download_is_taken_up_as_often_as_it_breaks_off_but_not_for_ever(db) {
        let up = TestUpstream::start().await;
        let layer = layer();
        let (story, digest) = Story::with_layer(&db, &up, &layer).await;
        up.fail(Route::Blob, Fault::CutAfter(100_000));
        let read = match story.blob(&digest, None).await {
            Ok(blob) => all(blob).await.map_err(drop),
            Err(_) => Err(()),
        };
        assert!(read.is_err() && !story.stored(&digest).await);
        story.nothing_is_left().await;
        up.heal();
        up.forget_requests();
        up.fail_times(5, Route::Blob, Fault::CutAfter(500_000));
        assert_eq!(all(story.blob(&digest, None).await.unwrap()).await.unwrap(), layer);
        assert_eq!(up.count("GET", Route::Blob), 6);
        assert!(story.stored(&digest).await);
    }
);

db_test!(
    async fn a_registry_that_stops_sending_is_asked_for_the_rest(db) {
        let up = TestUpstream::start().await;
        let layer = layer();
        let (story, digest) = impatient(&db, &up, &layer).await;
        up.fail_times(1, Route::Blob, Fault::Stall);
        assert_eq!(all(story.blob(&digest, None).await.unwrap()).await.unwrap(), layer);
        assert_eq!(up.count("GET", Route::Blob), 2);
        assert!(story.stored(&digest).await);
    }
);

db_test!(
    async fn a_registry_that_does_not_answer_is_not_waited_for_long(db) {
        let up = TestUpstream::start().await;
        let digest = up.image_with_layer("team/app", "1.0", layer());
        let mut story = Story::new(&db).await;
        let config = Config {
            pull_timeout: Duration::from_millis(200),
            ..Config::default()
        };
        story.engine = db.engine_with(Upstream::new(config).unwrap(), |_| {}).await;
        story.import_new(&up, chosen(&["1.0"])).await;
        for route in [Route::Blob, Route::Manifest] {
            up.fail(route, Fault::Hang);
        }
        let target = engine::Target::Tag("1.0".parse().unwrap());
        let (editor, stream) = (&story.editor, &story.stream);
        let refused = [
            story.engine.pull_manifest(editor, stream, &target).await.err().unwrap(),
            story.engine.blob_head(editor, stream, &digest).await.err().unwrap(),
            story.engine.pull_blob(editor, stream, &digest, None).await.err().unwrap(),
        ];
        for refused in refused {
            assert!(refused.to_string().contains("no answer came"), "{refused}");
        }
    }
);

db_test!(
    async fn registries_that_never_go_on_give_the_places_of_downloads_back(db) {
        let up = TestUpstream::start().await;
        let layer = layer();
        let (story, digest) = impatient(&db, &up, &layer).await;
        // More than there are places, each of a blob of its own.
        let tags: Vec<String> = (0..20).map(|number| format!("slow-{number}")).collect();
        let mut slow = Vec::new();
        for tag in &tags {
            let bytes = Bytes::from(format!("{tag}{}", "x".repeat(1_000)));
            slow.push(up.image_with_layer("team/app", tag, bytes));
        }
        let names: Vec<&str> = tags.iter().map(String::as_str).collect();
        let request = story.request(up.reference("team/app"), chosen(&names), false);
        story.run(&request).await;
        up.fail(Route::Blob, Fault::Stall);
        let read = async |digest| match story.blob(digest, None).await {
            Ok(blob) => all(blob).await.is_ok(),
            Err(_) => false,
        };
        let reads = join_all(slow.iter().map(read)).await;
        assert!(reads.into_iter().all(|right| !right));
        up.heal();
        assert_eq!(all(story.blob(&digest, None).await.unwrap()).await.unwrap(), layer);
        story.nothing_is_left().await;
    }
);

db_test!(
    async fn a_token_that_expires_midway_is_replaced(db) {
        let up = TestUpstream::builder().bearer().start().await;
        let layer = layer();
        let (story, digest) = impatient(&db, &up, &layer).await;
        up.fail_times(1, Route::Blob, Fault::Stall);
        let mut blob = story.blob(&digest, None).await.unwrap();
        let first = blob.body.next().await.unwrap().unwrap();
        up.revoke_tokens();
        let issued = up.count("GET", Route::Token);
        let rest: Vec<Bytes> = blob.body.try_collect().await.unwrap();
        assert_eq!([first.to_vec(), rest.concat()].concat(), layer);
        assert_eq!(up.count("GET", Route::Token), issued + 1);
    }
);

db_test!(
    async fn who_joined_a_download_that_fails_gets_the_blob_from_its_own_registry(db) {
        let up = TestUpstream::start().await;
        let other = TestUpstream::start().await;
        let layer = layer();
        let (story, digest) = Story::with_layer(&db, &up, &layer).await;
        assert_eq!(other.image_with_layer("team/app", "1.0", layer.clone()), digest);
        let elsewhere = StreamRef::parse("team", "elsewhere").unwrap();
        let mut request = story.request(other.reference("team/app"), chosen(&["1.0"]), true);
        request.stream = elsewhere.clone();
        story.run(&request).await;
        up.copy(("team/app", "1.0"), ("team/app", "2.0"));
        let mut request = story.request(up.reference("team/app"), chosen(&["2.0"]), false);
        request.stream = elsewhere.clone();
        story.run(&request).await;
        other.forget_requests();
        up.fail(Route::Blob, Fault::HangThen(404));
        let first = async { story.blob(&digest, None).await.err().unwrap() };
        let second = async {
            up.hangs(1).await;
            let joined = story.engine.pull_blob(&story.editor, &elsewhere, &digest, None);
            let release = async {
                while story.engine.readers(&digest) < 2 {
                    tokio::task::yield_now().await;
                }
                assert_eq!(other.count("GET", Route::Blob), 0, "it waits with the first");
                up.release();
            };
            let (joined, ()) = tokio::join!(joined, release);
            all(joined.unwrap()).await.unwrap()
        };
        let (refused, read) = tokio::join!(first, second);
        assert!(matches!(&refused, Error::Upstream { message, .. } if message.contains("not found")), "{refused}");
        assert_eq!(read, layer);
        assert_eq!(other.count("GET", Route::Blob), 1);
        assert!(story.stored(&digest).await);
    }
);

db_test!(
    async fn a_registry_that_is_only_busy_is_what_is_told_when_another_has_nothing(db) {
        let up = TestUpstream::start().await;
        let other = TestUpstream::start().await;
        let layer = layer();
        let (story, digest) = Story::with_layer(&db, &up, &layer).await;
        other.image_with_layer("team/app", "2.0", layer.clone());
        let mut request = story.request(other.reference("team/app"), chosen(&["2.0"]), false);
        request.stream = story.stream.clone();
        story.run(&request).await;
        for (busy, without) in [(&up, &other), (&other, &up)] {
            busy.fail(Route::Blob, Fault::RateLimited(0));
            without.fail(Route::Blob, Fault::Status(404));
            let refused = story.blob(&digest, None).await.err().unwrap();
            assert!(matches!(refused, Error::Upstream { busy: true, .. }), "{refused}");
            busy.heal();
            without.heal();
        }
        // The other is asked when the one has a problem.
        up.fail(Route::Blob, Fault::Status(404));
        assert_eq!(all(story.blob(&digest, None).await.unwrap()).await.unwrap(), layer);
    }
);

/// A file where a folder has to be: nothing can be written there, not even by root.
fn block(story: &Story, folder: &str) -> PathBuf {
    let place = story.engine.config().data.join("blobs").join(folder);
    std::fs::create_dir_all(place.parent().unwrap()).unwrap();
    // There is none before the first blob.
    let _ = std::fs::remove_dir_all(&place);
    std::fs::write(&place, "").unwrap();
    place
}

db_test!(
    async fn a_disk_that_takes_nothing_does_not_keep_a_blob_from_its_readers(db) {
        let up = TestUpstream::start().await;
        let layer = layer();
        let (story, digest) = Story::with_layer(&db, &up, &layer).await;
        let blocked = block(&story, "temp");
        assert_eq!(all(story.blob(&digest, None).await.unwrap()).await.unwrap(), layer);
        let part = story.blob(&digest, Some(Range::Last(10))).await.unwrap();
        assert_eq!(all(part).await.unwrap(), layer[layer.len() - 10..]);
        assert!(!story.stored(&digest).await);
        // What it sends is verified all the same.
        up.fail(Route::Blob, Fault::WrongBytes);
        assert!(all(story.blob(&digest, None).await.unwrap()).await.is_err());
        up.heal();
        std::fs::remove_file(blocked).unwrap();
        assert_eq!(all(story.blob(&digest, None).await.unwrap()).await.unwrap(), layer);
        assert!(story.stored(&digest).await);
        story.nothing_is_left().await;
    }
);

#[tokio::test]
async fn a_stored_blob_that_cannot_be_read_is_passed_on_from_its_registry() {
    let db = TestDb::sqlite();
    let up = TestUpstream::start().await;
    let layer = layer();
    let (story, digest) = Story::with_layer(&db, &up, &layer).await;
    all(story.blob(&digest, None).await.unwrap()).await.unwrap();
    story.nothing_is_left().await;
    let hex = digest.hex();
    let blobs = story.engine.config().data.join("blobs/sha256");
    let file = blobs.join(&hex[..2]).join(hex);
    std::fs::remove_file(&file).unwrap();
    // A link to itself: whoever opens it is refused.
    std::os::unix::fs::symlink(&file, &file).unwrap();
    up.forget_requests();
    assert_eq!(
        all(story.blob(&digest, None).await.unwrap()).await.unwrap(),
        layer
    );
    let part = story.blob(&digest, Some(Range::Last(10))).await.unwrap();
    assert_eq!(all(part).await.unwrap(), layer[layer.len() - 10..]);
    let head = story
        .engine
        .blob_head(&story.editor, &story.stream, &digest);
    assert_eq!(head.await.unwrap(), layer.len() as u64);
    // Where it is nowhere else, it is said.
    up.lose_blob("team/app", &digest);
    let refused = story.blob(&digest, None).await.err().unwrap();
    assert!(matches!(refused, Error::Upstream { .. }), "{refused}");
}

#[tokio::test]
async fn a_blob_that_came_whole_and_cannot_be_kept_is_read_whole() {
    let db = TestDb::sqlite();
    let up = TestUpstream::start().await;
    let layer = layer();
    let (story, digest) = Story::with_layer(&db, &up, &layer).await;
    let blobs = story.engine.config().data.join("blobs");
    std::fs::create_dir_all(blobs.join("sha256")).unwrap();
    let folder = blobs.join("sha256").join(&digest.hex()[..2]);
    std::os::unix::fs::symlink("nowhere", &folder).unwrap();
    let reads = (0..3).map(|_| async { all(story.blob(&digest, None).await.unwrap()).await });
    for read in join_all(reads).await {
        assert_eq!(read.unwrap(), layer);
    }
    assert!(!story.stored(&digest).await);
    story.nothing_is_left().await;
    std::fs::remove_file(folder).unwrap();
    all(story.blob(&digest, None).await.unwrap()).await.unwrap();
    assert!(story.stored(&digest).await);
}

#[tokio::test]
async fn a_bucket_that_takes_nothing_keeps_no_blob_from_its_readers_and_refuses_pushes() {
    let db = TestDb::postgres().await;
    let up = TestUpstream::start().await;
    let layer = layer();
    let (story, digest) = Story::with_layer(&db, &up, &layer).await;
    let (engine, editor) = (&story.engine, &story.editor);
    let bucket = db.bucket.as_ref().unwrap();
    let to = StreamRef::parse("team", "pushed").unwrap();
    let id = engine.begin_upload(editor, &to).await.unwrap().id;
    let push = || {
        let body = stream::iter([Ok(layer.clone())]);
        engine.extend_upload(editor, &to, &id, None, None, body)
    };
    bucket.set_room(0);
    assert_eq!(
        all(story.blob(&digest, None).await.unwrap()).await.unwrap(),
        layer
    );
    assert!(!story.stored(&digest).await);
    let refused = push().await.unwrap_err();
    assert!(
        matches!(refused, PushError::Engine(Error::Internal { .. })),
        "{refused}"
    );
    bucket.set_room(u64::MAX);
    assert_eq!(push().await.unwrap().size, layer.len() as u64);
    assert_eq!(
        all(story.blob(&digest, None).await.unwrap()).await.unwrap(),
        layer
    );
    assert!(story.stored(&digest).await);
    story.nothing_is_left().await;
}

#[tokio::test]
async fn what_a_bucket_refuses_in_the_middle_of_a_blob_does_not_stay_in_it() {
    let db = TestDb::postgres().await;
    let story = Story::new(&db).await;
    let (engine, editor, to) = (&story.engine, &story.editor, &story.stream);
    let bucket = db.bucket.as_ref().unwrap();
    // More parts than are on their way at one time.
    let bytes = Bytes::from(vec![1; 50_000_000]);
    let id = engine.begin_upload(editor, to).await.unwrap().id;
    let push = || {
        let body = stream::iter([Ok(bytes.clone())]);
        engine.extend_upload(editor, to, &id, None, None, body)
    };
    for room in [0, 9_000_000, 18_000_000, 43_000_000] {
        bucket.set_room(room);
        let refused = push().await.unwrap_err();
        assert!(
            matches!(refused, PushError::Engine(Error::Internal { .. })),
            "{refused}"
        );
        assert!(bucket.unfinished().is_empty(), "{:?}", bucket.unfinished());
    }
    bucket.set_room(u64::MAX);
    assert_eq!(push().await.unwrap().size, bytes.len() as u64);
}

db_test!(
    async fn a_push_to_a_disk_that_takes_nothing_is_refused_and_can_be_done_again(db) {
        let story = Story::new(&db).await;
        let (engine, editor, to) = (&story.engine, &story.editor, &story.stream);
        let bytes = layer();
        let digest = Digest::sha256(&Sha256::digest(&bytes).into());
        let id = engine.begin_upload(editor, to).await.unwrap().id;
        let body = || stream::iter([Ok(bytes.clone())]);
        let push = || engine.extend_upload(editor, to, &id, None, None, body());
        let blocked = block(&story, "uploads");
        let refused = push().await.unwrap_err();
        assert!(matches!(refused, PushError::Engine(Error::Internal { .. })), "{refused}");
        assert_eq!(engine.upload(editor, to, &id).await.unwrap().size, 0, "nothing of it counts");
        std::fs::remove_file(blocked).unwrap();
        assert_eq!(push().await.unwrap().size, bytes.len() as u64);
        // The same when the parts are put together.
        let end = stream::iter([Ok(Bytes::from_static(b"and the end"))]);
        engine.extend_upload(editor, to, &id, None, None, end).await.unwrap();
        let whole = [&bytes[..], b"and the end"].concat();
        let digest_of_all = Digest::sha256(&Sha256::digest(&whole).into());
        let blocked = block(&story, "temp");
        let refused = engine.finish_upload(editor, to, &id, &digest_of_all).await.unwrap_err();
        assert!(matches!(refused, PushError::Engine(Error::Internal { .. })), "{refused}");
        assert!(!story.stored(&digest_of_all).await && !story.stored(&digest).await);
        std::fs::remove_file(blocked).unwrap();
        engine.finish_upload(editor, to, &id, &digest_of_all).await.unwrap();
        assert_eq!(all(story.blob(&digest_of_all, None).await.unwrap()).await.unwrap(), whole);
        story.nothing_is_left().await;
    }
);

/// In as many threads as a server has: what fifty compare keeps one thread from asking the database for seconds.
mod fifty_readers_of_a_cold_blob_of_200_mb_are_one_request_upstream {
    use super::*;

    #[tokio::test(flavor = "multi_thread")]
    async fn sqlite() {
        fifty_readers(&TestDb::sqlite()).await;
    }

    #[tokio::test(flavor = "multi_thread")]
    async fn postgres() {
        fifty_readers(&TestDb::postgres().await).await;
    }
}

async fn fifty_readers(db: &TestDb) {
    const PART: usize = 1 << 20;
    let up = TestUpstream::start().await;
    let mut layer = Vec::with_capacity(200 * PART);
    for number in 0..200_u8 {
        layer.resize(layer.len() + PART, number);
    }
    let layer = Bytes::from(layer);
    let (story, digest) = Story::with_layer(db, &up, &layer).await;
    let read = || {
        let (engine, editor) = (story.engine.clone(), story.editor.clone());
        let (stream, digest, layer) = (story.stream.clone(), digest.clone(), layer.clone());
        async move {
            let mut blob = engine
                .pull_blob(&editor, &stream, &digest, None)
                .await
                .unwrap();
            let mut at = 0;
            while let Some(piece) = blob.body.try_next().await.unwrap() {
                assert!(piece == layer[at..at + piece.len()], "at {at}");
                at += piece.len();
            }
            at
        }
    };
    let readers: JoinSet<usize> = (0..50).map(|_| read()).collect();
    assert_eq!(readers.join_all().await, [layer.len(); 50]);
    assert_eq!(up.count("GET", Route::Blob), 1);
    assert!(story.stored(&digest).await);
    // What is kept is all of it.
    up.fail(Route::Blob, Fault::Status(404));
    assert_eq!(read().await, layer.len());
}
