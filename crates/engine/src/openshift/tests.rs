//! Streams and their tags compared with what OpenShift 4.21 answered (recorded; names of hosts and of the namespace are
//! put in). The differences that [`expected`] takes out are those `export` explains.

mod golden;
mod image;

use chrono::{DateTime, Utc};
use model::{
    Cause, Condition, Reference, Revision, StreamRef, TagSource, TagSpec,
    policy::{ImportMode, ReferencePolicy, Schedule},
    stream::StreamMeta,
    tag::Reason,
};
use serde_json::{Value, json};

use self::golden::{ALIAS, FAILED, FAILED_TAG, INSECURE, LOCAL_TAG, NEVER, PERMANENT};
use super::{StreamObject, TagObject, image_stream, image_stream_tag};

fn at(text: &str) -> DateTime<Utc> {
    text.parse().unwrap()
}

fn stream(name: &str, generation: i64, created: &str, checked: &str) -> StreamObject {
    StreamObject {
        stream: StreamRef::parse("demo", name).unwrap(),
        uid: "0198-id".to_owned(),
        version: 410,
        generation,
        created_at: at(created),
        source: None,
        insecure: false,
        meta: StreamMeta::default(),
        checked_at: Some(at(checked)),
        registry: Some("weir.test:5000".to_owned()),
        tags: Vec::new(),
    }
}

fn imported(reference: &str) -> TagSource {
    TagSource::External {
        reference: reference.parse().unwrap(),
        schedule: Schedule::Never,
        mode: ImportMode::Legacy,
    }
}

fn follows(tag: &str) -> TagSource {
    TagSource::Follow {
        stream: None,
        tag: tag.parse().unwrap(),
    }
}

/// A tag with its history: reference, generation and time of each revision, newest first.
fn tag(name: &str, source: TagSource, generation: i64, items: &[(&str, i64, &str)]) -> TagObject {
    let items = items
        .iter()
        .zip((1..=items.len() as i64).rev())
        .map(|((reference, generation, created), number)| {
            let reference: Reference = reference.parse().unwrap();
            Revision {
                number,
                digest: reference.digest().unwrap().clone(),
                reference,
                generation: *generation,
                created_at: at(created),
                cause: Cause::Import,
                actor: String::new(),
                job_id: None,
            }
        })
        .collect();
    TagObject {
        name: name.parse().unwrap(),
        spec: Some(TagSpec::new(source, generation)),
        items,
        condition: None,
    }
}

fn insecure(mut tag: TagObject) -> TagObject {
    tag.spec.as_mut().unwrap().insecure = true;
    tag
}

/// What was recorded, less the differences we mean.
fn expected(golden: &str) -> Value {
    let mut golden: Value = serde_json::from_str(golden).unwrap();
    if golden.get("kind").is_none() {
        // Items of a list do not say what they are.
        golden["kind"] = json!("ImageStream");
        golden["apiVersion"] = json!("image.openshift.io/v1");
    }
    if let Some(status) = golden.get_mut("status").and_then(Value::as_object_mut) {
        status.remove("publicDockerImageRepository");
    }
    golden
}

/// What we made, less what differs each time.
fn made(mut value: Value) -> Value {
    let metadata = value["metadata"].as_object_mut().unwrap();
    assert_eq!(metadata.remove("uid").unwrap(), "0198-id");
    assert_eq!(metadata.remove("resourceVersion").unwrap(), "410");
    value
}

#[test]
fn tags_that_follow_are_image_stream_tags_and_one_without_history_is_not_in_status() {
    const NEW: &str = "up.test:5000/tag-alias/app@sha256:74c88ec880e5e5e91573868bd362459ad987f02db7cdad6c96d41e2771ac6d4e";
    const OLD: &str = "up.test:5000/tag-alias/app@sha256:844aa849e0d7fbb829c98275240327481ff02b3470d89000fb29c38a824397fa";
    let history = |first: i64| {
        [
            (NEW, 5, "2026-11-23T05:53:38Z"),
            (OLD, first, "2026-11-23T05:53:30Z"),
        ]
    };
    let mut object = stream("app", 5, "2026-11-23T05:53:30Z", "2026-11-23T05:53:38Z");
    // In no order.
    object.tags = vec![
        tag("stable", follows("1"), 2, &history(3)),
        tag(
            "1",
            imported("up.test:5000/tag-alias/app:1.0.0"),
            5,
            &history(2),
        ),
        tag("prod", follows("stable"), 3, &history(3)),
        tag("dangling", follows("none"), 4, &[]),
    ];
    assert_eq!(made(image_stream(&object)), expected(ALIAS));
}

#[test]
fn a_permanent_tag_is_an_image_stream_image() {
    const NEW: &str = "up.test:5000/tag-permanent/app@sha256:002e3d9e9b8dc00973dbf27c114b95d9009bde3fe7fe10a888f6bbcd92231468";
    const OLD: &str = "up.test:5000/tag-permanent/app@sha256:10cb81e7f61b8bedb4262e17cd5a20157a8facc50bea6926b81c608ecc5cfb34";
    let mut object = stream("app", 4, "2026-11-23T05:52:40Z", "2026-11-23T05:52:47Z");
    let digest = NEW.parse::<Reference>().unwrap().digest().unwrap().clone();
    object.tags = vec![
        tag(
            "1",
            imported("up.test:5000/tag-permanent/app:1.0.0"),
            3,
            &[
                (NEW, 3, "2026-11-23T05:52:47Z"),
                (OLD, 1, "2026-11-23T05:52:40Z"),
            ],
        ),
        tag(
            "prod",
            TagSource::Fixed {
                stream: None,
                digest,
            },
            4,
            &[
                (NEW, 4, "2026-11-23T05:52:50Z"),
                (OLD, 2, "2026-11-23T05:52:41Z"),
            ],
        ),
    ];
    assert_eq!(made(image_stream(&object)), expected(PERMANENT));
}

#[test]
fn a_tag_that_never_came_has_null_items_and_a_condition() {
    let mut object = stream("app", 1, "2026-11-23T05:49:40Z", "2026-11-23T05:49:40Z");
    let mut failed = tag(
        "1",
        imported("http.test:5000/import-http-only/app:1.0.0"),
        1,
        &[],
    );
    failed.condition = Some(Condition {
        reason: Reason::InternalError,
        message: "Internal error occurred: http.test:5000/import-http-only/app:1.0.0: Get \"https://http.test:5000/v2/\": \
http: server gave HTTP response to HTTPS client"
            .to_owned(),
        hint: "not for the API".to_owned(),
        generation: 1,
        since: at("2026-11-23T05:49:40Z"),
    });
    object.tags = vec![failed];
    assert_eq!(made(image_stream(&object)), expected(NEVER));
}

#[test]
fn a_failed_import_keeps_the_history_and_is_told_with_the_tag() {
    const HEAD: &str = "http.test:5000/import-failure-keeps-history/app@sha256:8b3be7013114cf2b7e42ef1af5aa1d8fd87687cb0d952d59f34fc2260cde9b06";
    let mut object = stream("app", 2, "2026-11-23T05:52:05Z", "2026-11-23T05:52:06Z");
    let source = imported("http.test:5000/import-failure-keeps-history/app:1.0.0");
    let mut failed = insecure(tag("1", source, 2, &[(HEAD, 1, "2026-11-23T05:52:05Z")]));
    failed.condition = Some(Condition {
        reason: Reason::NotFound,
        message: "dockerimage.image.openshift.io \"http.test:5000/import-failure-keeps-history/app:1.0.0\" not found"
            .to_owned(),
        hint: String::new(),
        generation: 2,
        since: at("2026-11-23T05:52:06Z"),
    });
    object.tags = vec![failed];
    assert_eq!(made(image_stream(&object)), expected(FAILED));
    let image = json!({"kind": "Image", "apiVersion": "image.openshift.io/v1", "dockerImageReference": "x"});
    let tag = image_stream_tag(&object, &object.tags[0], &image);
    assert_eq!(made(tag), expected(FAILED_TAG));
}

#[test]
fn an_insecure_stream_with_a_repository_says_both() {
    const HEAD: &str = "http.test:5000/seed-definitions/ruby@sha256:7695832b747f325deee2e86361a2a993802367e6fab24d2fe3573af24e6c4cc1";
    let mut object = stream(
        "ruby-insecure",
        2,
        "2026-11-23T05:57:06Z",
        "2026-11-23T05:57:06Z",
    );
    object.source = Some("http.test:5000/seed-definitions/ruby".parse().unwrap());
    object.insecure = true;
    object.tags = ["latest", "1.0.0"]
        .map(|name| {
            let source = imported(&format!("http.test:5000/seed-definitions/ruby:{name}"));
            insecure(tag(name, source, 2, &[(HEAD, 2, "2026-11-23T05:57:06Z")]))
        })
        .into();
    assert_eq!(made(image_stream(&object)), expected(INSECURE));

    object.registry = None;
    let status = &image_stream(&object)["status"];
    assert_eq!(
        status["dockerImageRepository"],
        "http.test:5000/seed-definitions/ruby"
    );
}

#[test]
fn a_local_tag_is_pulled_from_the_integrated_registry() {
    const HEAD: &str = "http.test:5000/seed-definitions/ruby@sha256:7695832b747f325deee2e86361a2a993802367e6fab24d2fe3573af24e6c4cc1";
    let mut object = stream(
        "ruby-policy",
        2,
        "2026-11-23T05:57:09Z",
        "2026-11-23T05:57:10Z",
    );
    let source = imported("http.test:5000/seed-definitions/ruby:latest");
    let mut local = insecure(tag(
        "mytag",
        source,
        2,
        &[(HEAD, 2, "2026-11-23T05:57:10Z")],
    ));
    local.spec.as_mut().unwrap().reference_policy = ReferencePolicy::Local;
    let image = json!({"dockerImageReference": HEAD});
    assert_eq!(
        made(image_stream_tag(&object, &local, &image)),
        expected(LOCAL_TAG)
    );
    object.registry = None;
    let without = image_stream_tag(&object, &local, &image);
    assert_eq!(without["image"]["dockerImageReference"], HEAD);
}

#[test]
fn an_empty_stream_has_no_tags_and_a_scheduled_tag_says_so() {
    let mut object = stream("empty", 1, "2026-11-23T05:58:14Z", "2026-11-23T05:58:14Z");
    object.checked_at = None;
    let empty = image_stream(&object);
    assert_eq!(empty["spec"], json!({"lookupPolicy": {"local": false}}));
    assert_eq!(
        empty["status"],
        json!({"dockerImageRepository": "weir.test:5000/demo/empty"})
    );
    assert_eq!(empty["metadata"].get("annotations"), None);

    for (schedule, told) in [
        (Schedule::Never, None),
        (Schedule::Global, Some(true)),
        (Schedule::Every(60), Some(true)),
    ] {
        let source = TagSource::External {
            reference: "quay.io/org/ruby".parse().unwrap(),
            schedule,
            mode: ImportMode::Legacy,
        };
        object.tags = vec![tag("latest", source, 1, &[])];
        let policy = &image_stream(&object)["spec"]["tags"][0]["importPolicy"];
        assert_eq!(policy.get("scheduled").and_then(Value::as_bool), told);
    }
}

#[test]
fn a_tag_shows_the_stream_s_labels_and_its_own_annotations_also_on_its_image() {
    const HEAD: &str = "up.test:5000/tag-istag-api/app@sha256:36a50bc1f00885dc3c1437c6336c33bb600d589e10c5d2cea340d20bbc93fabd";
    let mut object = stream("put", 2, "2026-11-23T05:55:31Z", "2026-11-23T05:55:37Z");
    object.meta.labels = [("l".to_owned(), "1".to_owned())].into();
    let source = imported("up.test:5000/tag-istag-api/app:1.0.1");
    let mut noted = tag("1", source, 2, &[(HEAD, 2, "2026-11-23T05:55:37Z")]);
    let image = json!({"metadata": {"annotations": {"image.openshift.io/dockerLayersOrder": "ascending", "z": "0"}}});
    let shown = |tag: &TagObject| {
        let shown = image_stream_tag(&object, tag, &image);
        let of_image = shown["image"]["metadata"]["annotations"].clone();
        (shown["metadata"].clone(), of_image)
    };
    let (metadata, of_image) = shown(&noted);
    assert_eq!(metadata["labels"], json!({"l": "1"}));
    assert_eq!(metadata.get("annotations"), None);
    assert_eq!(of_image, image["metadata"]["annotations"]);

    noted.spec.as_mut().unwrap().annotations = [("z".to_owned(), "1".to_owned())].into();
    let (metadata, of_image) = shown(&noted);
    assert_eq!(metadata["annotations"], json!({"z": "1"}));
    assert_eq!(
        of_image,
        json!({"image.openshift.io/dockerLayersOrder": "ascending", "z": "1"})
    );
}
