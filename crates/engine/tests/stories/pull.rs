//! Blobs as stories: pulled through once, kept, and read only where an image has them.

use std::{io, time::Duration};

use bytes::Bytes;
use engine::{
    Blob, Error, Range, Target, db_test,
    testing::{
        db::{TestDb, actor},
        upstream::{Fault, ImageKind, Route, TestUpstream},
    },
    upstream::{Config, Upstream},
};
use futures::{StreamExt, TryStreamExt};
use model::{Digest, StreamRef, user::Role};

use crate::common::{Story, chosen, upstream};

/// A layer larger than any buffer on the way.
pub fn layer() -> Bytes {
    (0..3_000_000_u32)
        .map(|number| u8::try_from(number.wrapping_mul(2_654_435_761) >> 24).unwrap())
        .collect::<Vec<_>>()
        .into()
}

pub async fn all(blob: Blob) -> io::Result<Vec<u8>> {
    let pieces: Vec<Bytes> = blob.body.try_collect().await?;
    Ok(pieces.concat())
}

impl Story {
    pub async fn blob(&self, digest: &Digest, range: Option<Range>) -> engine::Result<Blob> {
        self.engine
            .pull_blob(&self.editor, &self.stream, digest, range)
            .await
    }

    pub async fn stored(&self, digest: &Digest) -> bool {
        self.engine.downloads_ended().await;
        self.engine.blobs().size(digest).await.unwrap().is_some()
    }

    /// A stream whose image has this layer, imported from an upstream that was asked for nothing yet.
    pub async fn with_layer(db: &TestDb, up: &TestUpstream, layer: &Bytes) -> (Self, Digest) {
        let digest = up.image_with_layer("team/app", "1.0", layer.clone());
        let story = Self::new(db).await;
        story.import_new(up, chosen(&["1.0"])).await;
        up.forget_requests();
        (story, digest)
    }
}

db_test!(
    async fn fifty_readers_of_a_cold_blob_are_one_request_upstream(db) {
        let up = TestUpstream::start().await;
        let layer = layer();
        let (story, digest) = Story::with_layer(&db, &up, &layer).await;
        let reads = (0..50).map(|_| async { all(story.blob(&digest, None).await.unwrap()).await.unwrap() == layer });
        assert!(futures::future::join_all(reads).await.into_iter().all(|right| right));
        assert_eq!(up.count("GET", Route::Blob), 1);
        assert!(story.stored(&digest).await);
    }
);

db_test!(
    async fn what_another_stream_has_stored_is_given_out_only_when_ones_own_registry_has_it(db) {
        let up = TestUpstream::start().await;
        let other = TestUpstream::start().await;
        let layer = layer();
        let (story, digest) = Story::with_layer(&db, &up, &layer).await;
        all(story.blob(&digest, None).await.unwrap()).await.unwrap();
        assert!(story.stored(&digest).await);
        // Another registry only says that it has it.
        assert_eq!(other.image_with_layer("team/app", "1.0", layer.clone()), digest);
        other.lose_blob("team/app", &digest);
        let elsewhere = StreamRef::parse("team", "elsewhere").unwrap();
        let mut request = story.request(other.reference("team/app"), chosen(&["1.0"]), true);
        request.stream = elsewhere.clone();
        story.run(&request).await;
        let read = async |range| story.engine.pull_blob(&story.editor, &elsewhere, &digest, range).await;
        for range in [None, Some(Range::Last(10))] {
            let refused = read(range).await.err().unwrap();
            assert!(matches!(refused, Error::Upstream { .. }), "{refused}");
        }
        assert!(story.engine.blob_head(&story.editor, &elsewhere, &digest).await.is_err());
        // Or sends something else.
        other.image_with_layer("team/app", "1.0", layer.clone());
        other.fail(Route::Blob, Fault::WrongBytes);
        assert!(all(read(None).await.unwrap()).await.is_err());
        // Once it has sent it, it is asked no more.
        other.heal();
        other.forget_requests();
        assert_eq!(all(read(None).await.unwrap()).await.unwrap(), layer);
        assert_eq!(other.count("GET", Route::Blob), 1);
        other.stop().await;
        assert_eq!(all(read(Some(Range::Last(10))).await.unwrap()).await.unwrap(), layer[layer.len() - 10..]);
    }
);

db_test!(
    async fn what_was_pulled_once_is_served_when_the_upstream_is_gone(db) {
        let up = TestUpstream::start().await;
        let layer = layer();
        let (story, digest) = Story::with_layer(&db, &up, &layer).await;
        all(story.blob(&digest, None).await.unwrap()).await.unwrap();
        up.stop().await;
        assert_eq!(story.engine.blob_head(&story.editor, &story.stream, &digest).await.unwrap(), layer.len() as u64);
        assert_eq!(all(story.blob(&digest, None).await.unwrap()).await.unwrap(), layer);
        let part = story.blob(&digest, Some(Range::From(1_000, Some(200_999)))).await.unwrap();
        assert_eq!((part.size, part.range), (layer.len() as u64, (1_000, 201_000)));
        assert_eq!(all(part).await.unwrap(), layer[1_000..201_000]);
        let past = story.blob(&digest, Some(Range::From(layer.len() as u64, None))).await;
        assert!(matches!(past.err(), Some(Error::Invalid { field: "range", .. })));
    }
);

db_test!(
    async fn manifests_that_were_pulled_once_are_served_untouched_when_the_upstream_is_gone(db) {
        let up = TestUpstream::start().await;
        let mut pulled = Vec::new();
        for (tag, kind) in [("oci", ImageKind::Oci), ("list", ImageKind::DockerList), ("old", ImageKind::Schema1Unsigned)] {
            up.image("team/app", tag, kind);
            pulled.push(tag);
        }
        let story = Story::new(&db).await;
        story.import_new(&up, chosen(&pulled)).await;
        let pull = async |tag: &str| {
            let target = Target::Tag(tag.parse().unwrap());
            story.engine.pull_manifest(&story.editor, &story.stream, &target).await
        };
        let mut cold = Vec::new();
        for tag in &pulled[..2] {
            cold.push(pull(tag).await.unwrap());
            assert_eq!(Some(&cold.last().unwrap().bytes), up.manifest("team/app", &up.digest("team/app", tag)).as_ref());
        }
        up.stop().await;
        for (tag, cold) in pulled.iter().zip(&cold) {
            assert_eq!(pull(tag).await.unwrap(), *cold);
        }
        // One nobody pulled was never here.
        assert!(matches!(pull("old").await, Err(Error::Upstream { .. })));
    }
);

db_test!(
    async fn a_client_that_leaves_does_not_stop_the_download(db) {
        let up = TestUpstream::start().await;
        let layer = layer();
        let (story, digest) = Story::with_layer(&db, &up, &layer).await;
        up.fail_times(1, Route::Blob, Fault::Stall);
        let mut first = story.blob(&digest, None).await.unwrap();
        first.body.next().await.unwrap().unwrap();
        drop(first);
        // One who comes later joins the same download, at a place of its own.
        let tail = story.blob(&digest, Some(Range::Last(10))).await.unwrap();
        up.release();
        assert_eq!(all(tail).await.unwrap(), layer[layer.len() - 10..]);
        assert_eq!(up.count("GET", Route::Blob), 1);
        assert_eq!(all(story.blob(&digest, None).await.unwrap()).await.unwrap(), layer);
        assert_eq!(up.count("GET", Route::Blob), 1);
    }
);

db_test!(
    async fn a_download_that_breaks_off_goes_on_where_it_stopped(db) {
        let up = TestUpstream::builder().bearer().start().await;
        let layer = layer();
        let (story, digest) = Story::with_layer(&db, &up, &layer).await;
        up.fail_times(1, Route::Blob, Fault::CutAfter(1_000_000));
        // The token it began with is worth nothing by then.
        let mut blob = story.blob(&digest, None).await.unwrap();
        up.revoke_tokens();
        let mut read = Vec::new();
        while let Some(piece) = blob.body.next().await {
            read.extend_from_slice(&piece.unwrap());
        }
        assert_eq!(read, layer);
        assert!(up.count("GET", Route::Blob) > 1);
        assert!(story.stored(&digest).await);
    }
);

db_test!(
    async fn wrong_bytes_are_neither_stored_nor_served_whole(db) {
        let up = TestUpstream::start().await;
        let layer = layer();
        let (story, digest) = Story::with_layer(&db, &up, &layer).await;
        for fault in [Fault::WrongBytes, Fault::Longer, Fault::Shorter] {
            up.fail(Route::Blob, fault.clone());
            // Whoever is quick is cut off before the end; whoever comes after it is refused.
            let read = match story.blob(&digest, None).await {
                Ok(blob) => all(blob).await.map_err(|error| error.to_string()),
                Err(error) => Err(error.to_string()),
            };
            let error = read.unwrap_err();
            assert!(error.contains("other bytes than the digest says"), "{fault:?}: {error}");
            assert!(!story.stored(&digest).await, "{fault:?}");
            up.heal();
        }
        assert_eq!(all(story.blob(&digest, None).await.unwrap()).await.unwrap(), layer);
    }
);

db_test!(
    async fn a_registry_that_sends_and_stops_is_given_up_at_the_deadline(db) {
        let up = TestUpstream::start().await;
        let layer = layer();
        let digest = up.image_with_layer("team/app", "1.0", layer.clone());
        let mut story = Story::new(&db).await;
        let hurried = Upstream::new(Config { blob_timeout: Duration::from_millis(300), ..Config::default() }).unwrap();
        story.engine = db.engine_with(hurried, |_| {}).await;
        story.import_new(&up, chosen(&["1.0"])).await;
        up.fail(Route::Blob, Fault::Stall);
        let error = match story.blob(&digest, None).await {
            Ok(blob) => all(blob).await.unwrap_err().to_string(),
            Err(error) => error.to_string(),
        };
        assert!(error.contains("in time"), "{error}");
        assert!(!story.stored(&digest).await);
        let temp = std::fs::read_dir(story.engine.config().data.join("blobs/temp")).unwrap();
        assert_eq!(temp.count(), 0, "nothing is left of it");
    }
);

db_test!(
    async fn what_the_upstream_refuses_is_said_in_its_words(db) {
        let up = TestUpstream::start().await;
        let layer = layer();
        let (story, digest) = Story::with_layer(&db, &up, &layer).await;
        for (fault, words) in [(Fault::Status(500), "500"), (Fault::Status(429), "429"), (Fault::Status(404), "not found")] {
            up.fail(Route::Blob, fault);
            let refused = story.blob(&digest, None).await.err().unwrap();
            assert!(matches!(&refused, Error::Upstream { message, .. } if message.contains(words)), "{refused}");
            up.heal();
        }
        // Nothing is remembered: the next one is served.
        assert_eq!(all(story.blob(&digest, None).await.unwrap()).await.unwrap(), layer);
    }
);

db_test!(
    async fn a_redirect_to_another_host_gets_no_credentials(db) {
        let up = TestUpstream::builder().bearer().start().await;
        let other = TestUpstream::start().await;
        let layer = layer();
        other.image_with_layer("team/app", "1.0", layer.clone());
        let (story, digest) = Story::with_layer(&db, &up, &layer).await;
        up.fail(Route::Blob, Fault::Redirect(format!("{}{{path}}", other.origin())));
        assert_eq!(all(story.blob(&digest, None).await.unwrap()).await.unwrap(), layer);
        let seen = other.requests();
        assert!(!seen.is_empty() && seen.iter().all(|seen| seen.authorization.is_none()), "{seen:?}");
    }
);

db_test!(
    async fn a_blob_is_read_only_where_an_image_has_it(db) {
        let up = TestUpstream::start().await;
        let layer = layer();
        let (story, digest) = Story::with_layer(&db, &up, &layer).await;
        all(story.blob(&digest, None).await.unwrap()).await.unwrap();
        // On the disk, and of no other stream.
        for other in ["team/other", "elsewhere/app"] {
            let (namespace, name) = other.split_once('/').unwrap();
            let other = StreamRef::parse(namespace, name).unwrap();
            up.image("team/plain", "1.0", ImageKind::OciIndex);
            let mut request = story.request(up.reference("team/plain"), chosen(&["1.0"]), true);
            request.stream = other.clone();
            story.run(&request).await;
            let refused = story.engine.pull_blob(&story.editor, &other, &digest, None).await.err().unwrap();
            assert!(matches!(refused, Error::NotFound(_)), "{refused}");
            assert!(matches!(story.engine.blob_head(&story.editor, &other, &digest).await, Err(Error::NotFound(_))));
            // Those of a child of its own index are.
            let index = up.digest("team/plain", "1.0");
            let child = story.engine.image(&story.editor, &other, &index).await.unwrap().platforms[0].digest.clone();
            let child = story.engine.image(&story.editor, &other, &child).await.unwrap();
            for digest in child.layers.iter().map(|layer| &layer.digest).chain(&child.config_digest) {
                let blob = story.engine.pull_blob(&actor(Role::Viewer), &other, digest, None).await.unwrap();
                assert!(!all(blob).await.unwrap().is_empty());
            }
        }
        let nowhere = StreamRef::parse("team", "nowhere").unwrap();
        assert!(matches!(story.engine.blob_head(&story.editor, &nowhere, &digest).await, Err(Error::NotFound(_))));
    }
);

db_test!(
    async fn without_mirroring_nothing_stays(db) {
        let up = TestUpstream::start().await;
        let layer = layer();
        let digest = up.image_with_layer("team/app", "1.0", layer.clone());
        let mut story = Story::new(&db).await;
        story.engine = db.engine_with(upstream(), |config| config.mirror = false).await;
        story.import_new(&up, chosen(&["1.0"])).await;
        up.forget_requests();
        for asked in 1..=2 {
            assert_eq!(all(story.blob(&digest, None).await.unwrap()).await.unwrap(), layer);
            assert_eq!(up.count("GET", Route::Blob), asked);
        }
        assert!(!story.stored(&digest).await);
        up.fail(Route::Blob, Fault::WrongBytes);
        assert!(all(story.blob(&digest, None).await.unwrap()).await.is_err());
    }
);

db_test!(
    async fn without_mirroring_a_part_is_asked_of_the_upstream_as_it_is_asked_here(db) {
        let up = TestUpstream::start().await;
        let layer = layer();
        let size = layer.len() as u64;
        let digest = up.image_with_layer("team/app", "1.0", layer.clone());
        let mut story = Story::new(&db).await;
        story.engine = db.engine_with(upstream(), |config| config.mirror = false).await;
        story.import_new(&up, chosen(&["1.0"])).await;
        let asked = || up.requests().into_iter().filter_map(|seen| seen.range).collect::<Vec<_>>();
        let parts = [
            (Range::From(1_000, Some(2_000_999)), "bytes=1000-2000999", 1_000..2_001_000),
            (Range::From(size - 5, None), "bytes=2999995-", layer.len() - 5..layer.len()),
            (Range::From(size - 5, Some(size * 2)), "bytes=2999995-6000000", layer.len() - 5..layer.len()),
            (Range::Last(10), "bytes=-10", layer.len() - 10..layer.len()),
        ];
        let read = async |range| {
            let part = story.blob(&digest, Some(range)).await.unwrap();
            assert_eq!(part.size, size);
            (part.range, all(part).await.unwrap())
        };
        for (range, header, bytes) in parts.clone() {
            up.forget_requests();
            let (told, came) = read(range).await;
            assert_eq!(told, (bytes.start as u64, bytes.end as u64));
            assert_eq!(came, layer[bytes]);
            assert_eq!(asked(), [header]);
        }
        // One that breaks off goes on where it stopped.
        up.forget_requests();
        up.fail_times(1, Route::Blob, Fault::CutAfter(500_000));
        assert_eq!(read(Range::From(1_000, Some(2_000_999))).await.1, layer[1_000..2_001_000]);
        let [first, next] = &asked()[..] else { panic!("{:?}", asked()) };
        assert_eq!(first, "bytes=1000-2000999");
        assert!(next.ends_with("-2000999") && next != first, "{next}");
        // What is not there is refused, as of a blob that is stored.
        let past = story.blob(&digest, Some(Range::From(size, None))).await;
        assert!(matches!(past.err(), Some(Error::Invalid { field: "range", .. })));
        // A registry that knows no ranges sends all of it.
        up.fail(Route::Blob, Fault::Body("application/octet-stream", layer.clone()));
        for (range, _, bytes) in parts {
            assert_eq!(read(range).await.1, layer[bytes]);
        }
    }
);

db_test!(
    async fn nothing_is_pulled_through_from_this_registry_itself(db) {
        let up = TestUpstream::start().await;
        let layer = layer();
        let (first, digest) = Story::with_layer(&db, &up, &layer).await;
        let engine = db.engine_with(upstream(), |config| config.own_hosts = vec![up.host()]).await;
        let own = engine.pull_blob(&first.editor, &first.stream, &digest, None).await.err().unwrap();
        assert!(matches!(&own, Error::NotFound(_)) && own.to_string().contains("itself"), "{own}");
        let tag = Target::Tag("1.0".parse().unwrap());
        assert!(matches!(engine.pull_manifest(&first.editor, &first.stream, &tag).await, Err(Error::NotFound(_))));
        assert_eq!(up.requests().len(), 0, "nobody was asked");
    }
);
