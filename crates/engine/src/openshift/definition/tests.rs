//! Definitions that are read, the seed document's own first, and how many.

mod refused;

use std::collections::BTreeMap;

use chrono::DateTime;
use model::{
    StreamRef, TagSource, TagSpec,
    policy::{ImportMode, ReferencePolicy, Schedule},
    stream::StreamMeta,
};
use serde_json::{Value, json};

use super::{DefinedSource, Definition, TagDefinition, from_values};
use crate::openshift::{StreamObject, TagObject, image_stream};

const DIGEST: &str = "sha256:772c5bf9b2d1e8e80742ed75aab05820419dc4532fa6d7ad8a1efddda5493dc3";

fn stream(spec: Value) -> Value {
    json!({
        "apiVersion": "image.openshift.io/v1",
        "kind": "ImageStream",
        "metadata": {"name": "ruby", "namespace": "demo"},
        "spec": spec,
    })
}

fn with_tag(tag: Value) -> Value {
    stream(json!({"tags": [tag]}))
}

fn one(value: Value) -> Definition {
    let mut read = from_values(vec![value], None).unwrap();
    assert_eq!(read.len(), 1);
    read.remove(0)
}

fn external(reference: &str, schedule: Schedule) -> DefinedSource {
    DefinedSource::External(reference.parse().unwrap(), schedule, ImportMode::Legacy)
}

fn plain(name: &str, source: DefinedSource) -> TagDefinition {
    TagDefinition {
        name: name.parse().unwrap(),
        source,
        insecure: false,
        reference_policy: ReferencePolicy::Source,
        annotations: BTreeMap::new(),
        import_again: false,
    }
}

fn texts(list: &[(&str, &str)]) -> BTreeMap<String, String> {
    list.iter()
        .map(|(name, text)| ((*name).to_owned(), (*text).to_owned()))
        .collect()
}

/// The one problem of a value, as (path, message).
fn problem(value: Value) -> (String, String) {
    let text = value.to_string();
    let mut found = from_values(vec![value], None).unwrap_err();
    assert_eq!(found.len(), 1, "{text}: {found:?}");
    let error = found.remove(0);
    assert_eq!(error.document, 1);
    (error.path, error.message)
}

#[test]
fn the_seed_s_stream_with_a_repository_is_read() {
    for repository in ["", "centos/ruby-22-centos7"] {
        let read = one(json!({
            "apiVersion": "v1",
            "kind": "ImageStream",
            "metadata": {"name": "my-ruby"},
            "spec": {"dockerImageRepository": repository},
        }));
        assert_eq!(read.name.as_str(), "my-ruby");
        assert_eq!(read.namespace, None);
        let source = read.source.map(|source| source.to_string());
        assert_eq!(source.unwrap_or_default(), repository);
        assert_eq!((read.insecure, read.tags.len()), (None, 0));
    }
}

#[test]
fn the_seed_s_scheduled_tag_is_read() {
    let read = one(json!({
        "apiVersion": "v1",
        "kind": "ImageStream",
        "metadata": {"name": "ruby"},
        "spec": {"tags": [{
            "from": {"kind": "DockerImage", "name": "openshift/ruby-20-centos7"},
            "name": "latest",
            "importPolicy": {"scheduled": true},
        }]},
    }));
    let source = external("openshift/ruby-20-centos7", Schedule::Global);
    assert_eq!(read.tags, [plain("latest", source)]);
}

#[test]
fn the_seed_s_insecure_stream_is_read() {
    let read = one(json!({
        "kind": "ImageStream",
        "apiVersion": "v1",
        "metadata": {
            "name": "ruby",
            "annotations": {"openshift.io/image.insecureRepository": "true", "team": "blue"},
            "labels": {"app": "web"},
        },
        "spec": {"dockerImageRepository": "my.repo.com:5000/myimage"},
    }));
    assert_eq!(read.insecure, Some(true));
    assert_eq!(read.meta.annotations, texts(&[("team", "blue")]));
    assert_eq!(read.meta.labels, texts(&[("app", "web")]));
}

#[test]
fn the_seed_s_policies_are_read() {
    let read = one(with_tag(json!({
        "from": {"kind": "DockerImage", "name": "my.repo.com:5000/myimage"},
        "name": "mytag",
        "importPolicy": {"insecure": true},
        "referencePolicy": {"type": "Local"},
    })));
    let expected = TagDefinition {
        insecure: true,
        reference_policy: ReferencePolicy::Local,
        ..plain(
            "mytag",
            external("my.repo.com:5000/myimage", Schedule::Never),
        )
    };
    assert_eq!(read.tags, [expected]);
}

#[test]
fn what_is_to_be_looked_at_again_and_a_strict_stream_are_said() {
    let annotated = |annotations: Value| {
        let read = one(json!({
            "kind": "ImageStream",
            "apiVersion": "v1",
            "metadata": {"name": "ruby", "annotations": annotations},
        }));
        assert!(read.meta.annotations.is_empty());
        (read.insecure, read.check_again)
    };
    const CHECKED: &str = "openshift.io/image.dockerRepositoryCheck";
    assert_eq!(annotated(json!({})), (None, false));
    assert_eq!(
        annotated(json!({CHECKED: "2026-11-23T05:53:30Z"})),
        (None, false)
    );
    assert_eq!(annotated(json!({CHECKED: ""})), (None, true));
    for word in ["false", ""] {
        let annotation = json!({"openshift.io/image.insecureRepository": word});
        assert_eq!(annotated(annotation), (Some(false), false));
    }

    let image = json!({"kind": "DockerImage", "name": "quay.io/org/ruby:1"});
    let followed = json!({"kind": "ImageStreamTag", "name": "1"});
    for (from, generation, again) in [
        (&image, json!(0), true),
        (&image, json!(3), false),
        (&image, Value::Null, false),
        (&followed, json!(0), false),
    ] {
        let read = one(with_tag(
            json!({"name": "a", "from": from, "generation": generation}),
        ));
        assert_eq!(read.tags[0].import_again, again, "{from} {generation}");
    }
}

#[test]
fn the_seed_s_imported_object_is_read_without_what_the_server_filled_in() {
    let read = one(json!({
        "apiVersion": "v1",
        "kind": "ImageStream",
        "metadata": {
            "name": "my-ruby",
            "namespace": "demo-project",
            "selflink": "/oapi/v1/namespaces/demo-project/imagestreams/my-ruby",
            "uid": "5b9bd745-13d2-11e6-9a86-0ada84b8265d",
            "resourceVersion": "4699413",
            "generation": 2,
            "creationTimestamp": "2016-05-06T21:34:48Z",
            "annotations": {"openshift.io/image.dockerRepositoryCheck": "2016-05-06T21:34:48Z"},
        },
        "spec": {"tags": [{
            "name": "latest",
            "annotations": null,
            "from": {"kind": "DockerImage", "name": "centos/ruby-22-centos7:latest"},
            "generation": 2,
            "importPolicy": {},
        }]},
        "status": {"dockerImageRepository": "", "tags": [{"tag": "gone", "items": "anything"}]},
    }));
    assert_eq!(read.namespace.unwrap().as_str(), "demo-project");
    assert!(read.meta.annotations.is_empty());
    let source = external("centos/ruby-22-centos7:latest", Schedule::Never);
    assert_eq!(read.tags, [plain("latest", source)]);
}

#[test]
fn tags_and_images_are_named_in_full_or_bare_and_of_other_streams_in_full() {
    let latest: model::TagName = "latest".parse().unwrap();
    let hex = DIGEST.strip_prefix("sha256:").unwrap().to_owned();
    let follow = DefinedSource::Follow(None, latest.clone());
    let fixed = DefinedSource::Fixed(None, hex);
    let short = DefinedSource::Fixed(None, "3a335d7".to_owned());
    let perl = StreamRef::parse("demo", "perl").unwrap();
    let other = DefinedSource::Follow(Some(perl.clone()), latest.clone());
    let shared = StreamRef::parse("shared", "ruby").unwrap();
    let far = DefinedSource::Follow(Some(shared), latest);
    let image = DefinedSource::Fixed(Some(perl), "3a335d7".to_owned());
    for (from, source) in [
        (json!({"kind": "ImageStreamTag", "name": "latest"}), &follow),
        (
            json!({"kind": "ImageStreamTag", "name": "ruby:latest"}),
            &follow,
        ),
        (
            json!({"kind": "ImageStreamTag", "name": "ruby:latest", "namespace": "demo"}),
            &follow,
        ),
        (json!({"kind": "ImageStreamImage", "name": DIGEST}), &fixed),
        (
            json!({"kind": "ImageStreamImage", "name": format!("ruby@{DIGEST}")}),
            &fixed,
        ),
        (
            json!({"kind": "ImageStreamImage", "name": "ruby@3a335d7"}),
            &short,
        ),
        (
            json!({"kind": "ImageStreamTag", "name": "perl:latest"}),
            &other,
        ),
        (
            json!({"kind": "ImageStreamTag", "name": "ruby:latest", "namespace": "shared"}),
            &far,
        ),
        (
            json!({"kind": "ImageStreamImage", "name": "perl@sha256:3a335d7"}),
            &image,
        ),
    ] {
        let text = from.to_string();
        let read = one(with_tag(json!({"name": "2.0", "from": from})));
        assert_eq!(read.tags, [plain("2.0", source.clone())], "{text}");
    }
    let read = one(with_tag(json!({
        "name": "pushed",
        "annotations": {"tags": "hidden"},
        "importPolicy": {"importMode": "Legacy"},
    })));
    assert_eq!(read.tags[0].source, DefinedSource::Pushed);
    assert_eq!(read.tags[0].annotations, texts(&[("tags", "hidden")]));
}

#[test]
fn lists_are_flattened_and_items_of_a_stream_list_need_not_say_what_they_are() {
    let named = |name: &str| json!({"metadata": {"name": name}});
    let values = vec![
        json!({"apiVersion": "image.openshift.io/v1", "kind": "ImageStreamList", "metadata": {}, "items": [
            named("a"), named("b"),
        ]}),
        Value::Null,
        json!({"apiVersion": "v1", "kind": "List", "items": [stream(json!(null))]}),
    ];
    let names: Vec<_> = from_values(values, None)
        .unwrap()
        .into_iter()
        .map(|read| read.name.to_string())
        .collect();
    assert_eq!(names, ["a", "b", "ruby"]);
}

#[test]
fn streams_tags_and_problems_are_bounded() {
    let named = |n: usize| json!({"apiVersion": "v1", "kind": "ImageStream", "metadata": {"name": format!("s{n}")}});
    assert_eq!(
        from_values((0..100).map(named).collect(), None)
            .unwrap()
            .len(),
        100
    );
    let found = from_values((0..103).map(named).collect(), None).unwrap_err();
    assert_eq!((found.len(), found[0].document), (1, 101));

    let tags = |count: usize| -> Vec<Value> {
        (0..count)
            .map(|n| json!({"name": format!("t{n}")}))
            .collect()
    };
    assert_eq!(one(stream(json!({"tags": tags(5_000)}))).tags.len(), 5_000);
    let (path, message) = problem(stream(json!({"tags": tags(5_001)})));
    assert_eq!(path, "spec.tags");
    assert!(message.contains("at most 5000"), "{message}");

    let wrong: Vec<Value> = (0..2_000).map(|_| json!({"name": "a b"})).collect();
    let found = from_values(vec![stream(json!({"tags": wrong}))], None).unwrap_err();
    assert_eq!(found.len(), 1_001);
    assert!(found[1_000].message.contains("more problems"));
}

#[test]
fn what_is_exported_is_read_back() {
    let tag = |name: &str| name.parse::<model::TagName>().unwrap();
    let base = StreamRef::parse("shared", "base").unwrap();
    let reference = || "quay.io/org/ruby:2.0".parse().unwrap();
    let digest = || DIGEST.parse::<model::Digest>().unwrap();
    let hex = DIGEST.strip_prefix("sha256:").unwrap();
    let pairs = [
        (
            TagSource::External {
                reference: reference(),
                schedule: Schedule::Global,
                mode: ImportMode::PreserveOriginal,
            },
            DefinedSource::External(reference(), Schedule::Global, ImportMode::PreserveOriginal),
        ),
        (
            TagSource::Reference {
                reference: reference(),
                since: DateTime::UNIX_EPOCH,
            },
            DefinedSource::Reference(reference()),
        ),
        (
            TagSource::Follow {
                stream: None,
                tag: tag("a"),
            },
            DefinedSource::Follow(None, tag("a")),
        ),
        (
            TagSource::Follow {
                stream: Some(base.clone()),
                tag: tag("a"),
            },
            DefinedSource::Follow(Some(base.clone()), tag("a")),
        ),
        (
            TagSource::Fixed {
                stream: Some(base.clone()),
                digest: digest(),
            },
            DefinedSource::Fixed(Some(base), hex.to_owned()),
        ),
        (TagSource::Pushed, DefinedSource::Pushed),
    ];
    let annotations = texts(&[("description", "what it is")]);
    let names = ["a", "b", "c", "d", "e", "f"];
    let tags = names
        .iter()
        .zip(&pairs)
        .map(|(name, (source, _))| TagObject {
            name: tag(name),
            spec: Some(TagSpec {
                insecure: *name == "b",
                reference_policy: ReferencePolicy::Local,
                annotations: annotations.clone(),
                ..TagSpec::new(source.clone(), 3)
            }),
            items: Vec::new(),
            condition: None,
        });
    let meta = StreamMeta {
        labels: texts(&[("app", "web")]),
        annotations: texts(&[("note", "x")]),
        lookup_local: true,
    };
    let read = one(image_stream(&StreamObject {
        stream: StreamRef::parse("demo", "ruby").unwrap(),
        uid: "u".to_owned(),
        version: 7,
        generation: 3,
        created_at: DateTime::UNIX_EPOCH,
        source: Some("quay.io/org/ruby".parse().unwrap()),
        insecure: true,
        meta: meta.clone(),
        checked_at: Some(DateTime::UNIX_EPOCH),
        registry: Some("weir.test".to_owned()),
        tags: tags.collect(),
    }));
    assert!(read.insecure == Some(true) && !read.check_again && read.meta == meta);
    assert_eq!(read.source.unwrap().to_string(), "quay.io/org/ruby");
    let tags: Vec<_> = names
        .into_iter()
        .zip(pairs)
        .map(|(name, (_, source))| TagDefinition {
            insecure: name == "b",
            reference_policy: ReferencePolicy::Local,
            annotations: annotations.clone(),
            ..plain(name, source)
        })
        .collect();
    assert_eq!(read.tags, tags);
}
