//! Signatures of images: whose they are, how many, and where they are shown.

use engine::{
    Error, db_test,
    rules::signature::{Brought, MOST},
    testing::{
        db::{TestDb, actor},
        upstream::{ImageKind, TestUpstream},
    },
};
use model::{Digest, StreamRef, image::Signature, user::Role};

use crate::common::{Story, chosen};

impl Story {
    /// A stream with an index, imported; its digest and that of a child.
    async fn signable(db: &TestDb, up: &TestUpstream) -> (Self, Digest, Digest) {
        let digest = up.image("team/app", "1.0", ImageKind::OciIndex);
        let story = Self::new(db).await;
        story.import_new(up, chosen(&["1.0"])).await;
        let image = story
            .engine
            .image(&story.editor, &story.stream, &digest)
            .await;
        let child = image.unwrap().platforms[0].digest.clone();
        (story, digest, child)
    }

    async fn sign(&self, digest: &Digest, name: &str, content: &str) -> engine::Result<()> {
        let brought = Brought {
            name: format!("{digest}@{name}"),
            kind: "atomic".to_owned(),
            content: content.to_owned(),
        };
        let (engine, editor) = (&self.engine, &self.editor);
        engine.sign(editor, &self.stream, digest, brought).await
    }

    async fn signatures(&self, digest: &Digest) -> engine::Result<Vec<Signature>> {
        let (engine, editor) = (&self.engine, &self.editor);
        engine.signatures(editor, &self.stream, digest).await
    }
}

db_test!(
    async fn a_signature_is_of_the_stream_it_was_put_to_and_goes_with_it(db) {
        let up = TestUpstream::start().await;
        let (mut story, index, child) = Story::signable(&db, &up).await;
        for digest in [&index, &child] {
            assert_eq!(story.signatures(digest).await.unwrap(), []);
            story.sign(digest, "one", "AAAA").await.unwrap();
            let found = story.signatures(digest).await.unwrap();
            let expected = Signature {
                name: "one".to_owned(),
                kind: "atomic".to_owned(),
                content: "AAAA".to_owned(),
                added_by: story.editor.name.clone(),
                added_at: story.engine.clock().now(),
            };
            assert_eq!(found, [expected]);
        }
        // Only who may push adds one.
        let ours = story.stream.clone();
        for role in [Role::Viewer, Role::Anonymous] {
            let editor = std::mem::replace(&mut story.editor, actor(role));
            let refused = story.sign(&index, "two", "BBBB").await.unwrap_err();
            assert!(matches!(refused, Error::Denied(_)), "{refused}");
            story.editor = editor;
        }
        // Another stream with the same image has none of it, one without the image nothing to sign.
        let elsewhere = StreamRef::parse("open", "app").unwrap();
        story.stream = elsewhere.clone();
        assert!(matches!(story.signatures(&index).await, Err(Error::NotFound(_))), "no stream");
        up.image("team/app", "other", ImageKind::Docker);
        story.import_new(&up, chosen(&["other"])).await;
        for found in [story.signatures(&index).await.map(drop), story.sign(&index, "one", "AAAA").await] {
            assert!(matches!(found, Err(Error::NotFound(_))), "not its image");
        }
        story.run(&story.request(up.reference("team/app"), chosen(&["1.0"]), false)).await;
        for digest in [&index, &child] {
            assert_eq!(story.signatures(digest).await.unwrap(), []);
        }
        story.sign(&index, "one", "CCCC").await.unwrap();
        story.stream = ours;
        assert_eq!(story.signatures(&index).await.unwrap()[0].content, "AAAA");
        // Made again under its name, the stream has none.
        let planned = story.engine.plan_delete_stream(&story.editor, &story.stream).await.unwrap();
        story.engine.delete_stream(&story.editor, &story.stream, &planned.token).await.unwrap();
        story.import_new(&up, chosen(&["1.0"])).await;
        assert_eq!(story.signatures(&index).await.unwrap(), []);
        story.stream = elsewhere;
        assert_eq!(story.signatures(&index).await.unwrap().len(), 1);
    }
);

db_test!(
    async fn no_signature_is_there_twice_and_an_image_has_no_more_than_it_may(db) {
        let up = TestUpstream::start().await;
        let (story, digest, child) = Story::signable(&db, &up).await;
        // Two at the same time.
        let (one, other) = tokio::join!(story.sign(&digest, "0", "AAAA"), story.sign(&digest, "0", "BBBB"));
        assert_eq!(one.is_ok() as u8 + other.is_ok() as u8, 1, "{one:?} {other:?}");
        let there = story.signatures(&digest).await.unwrap();
        for (name, content) in [("0", "CCCC"), ("same", &there[0].content)] {
            let refused = story.sign(&digest, name, content).await.unwrap_err();
            assert!(matches!(refused, Error::Conflict(_)), "{refused}");
        }
        for number in 1..MOST {
            story.sign(&digest, &number.to_string(), &format!("{number:04}")).await.unwrap();
        }
        let refused = story.sign(&digest, "more", "DDDD").await.unwrap_err();
        assert!(matches!(&refused, Error::Invalid { field: "signatures", .. }), "{refused}");
        let wrong = story.sign(&digest, "more", "no base64").await.unwrap_err();
        assert!(matches!(&wrong, Error::Invalid { field: "signature", .. }), "{wrong}");
        assert_eq!(story.signatures(&digest).await.unwrap().len(), MOST);
        // Another image is counted by itself.
        story.sign(&child, "0", "AAAA").await.unwrap();
    }
);

db_test!(
    async fn an_image_is_exported_and_described_with_its_signatures(db) {
        let up = TestUpstream::start().await;
        let (story, digest, _) = Story::signable(&db, &up).await;
        let tag = "1.0".parse().unwrap();
        let (engine, editor, stream) = (&story.engine, &story.editor, &story.stream);
        let object = engine.export_image(editor, stream, digest.short()).await.unwrap();
        assert_eq!(object["image"].get("signatures"), None);
        story.sign(&digest, "one", "AAAA").await.unwrap();
        let name = format!("{digest}@one");
        for object in [
            engine.export_image(editor, stream, digest.short()).await.unwrap(),
            engine.export_tag(editor, stream, &tag).await.unwrap(),
        ] {
            let signatures = object["image"]["signatures"].as_array().unwrap();
            assert_eq!(signatures.len(), 1);
            assert_eq!(signatures[0]["metadata"]["name"], name.as_str());
            assert_eq!((signatures[0]["type"].as_str(), signatures[0]["content"].as_str()), (Some("atomic"), Some("AAAA")));
        }
        let text = engine.describe_image(editor, stream, digest.as_str()).await.unwrap();
        let lines: Vec<&str> = text.lines().map(str::trim).collect();
        let at = lines.iter().position(|line| *line == "Image Signatures:").unwrap();
        assert!(lines[at + 1].starts_with("Name:") && lines[at + 1].ends_with(&name), "{text}");
        assert!(lines[at + 3].starts_with("Status:") && lines[at + 3].ends_with("Unverified"), "{text}");
    }
);
