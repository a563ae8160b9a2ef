//! Definitions that are refused, as tables: what is wrong, where that is told, and words of what is allowed.

use serde_json::{Value, json};

use super::super::from_values;
use super::{DIGEST, problem, stream, with_tag};

fn with_from(kind: &str, name: &str) -> Value {
    with_tag(json!({"name": "t", "from": {"kind": kind, "name": name}}))
}

#[test]
fn a_tag_that_is_wrong_is_refused_where_it_is_wrong() {
    let docker = |name: &str| with_from("DockerImage", name);
    let tag = |name: &str| with_from("ImageStreamTag", name);
    let image = |name: &str| with_from("ImageStreamImage", name);
    for (value, path, part) in [
        (docker("a/B:1"), "from.name", "must be lowercase"),
        (
            docker("a/b@sha256:12"),
            "from.name",
            "invalid reference format",
        ),
        (docker("https://q.io/a"), "from.name", "leave out"),
        (docker(""), "from.name", "is required"),
        (with_from("Image", "a/b"), "from.kind", "use DockerImage"),
        (with_from("", "a/b"), "from.kind", "use DockerImage"),
        (tag("a:b:c"), "from.name", "<tag> or <stream>:<tag>"),
        (tag("ruby:b:c"), "from.name", "<tag> or <stream>:<tag>"),
        (tag("ruby:"), "from.name", "<tag> or <stream>:<tag>"),
        (tag(":a"), "from.name", "<tag> or <stream>:<tag>"),
        (tag("ruby@x"), "from.name", "use from.kind ImageStreamImage"),
        (tag("a b"), "from.name", "letters, digits"),
        (image("ruby@3a335x7"), "from.name", "is no image id"),
        (image("latest"), "from.name", "is no image id"),
        (image("ruby@a@b"), "from.name", "<id> or <stream>@<id>"),
        (tag("Perl:5"), "from.name", "lower-case"),
    ] {
        let text = value.to_string();
        let (at, message) = problem(value);
        assert_eq!(at, format!("spec.tags[0].{path}"), "{text}");
        assert!(message.contains(part), "{text}: {message}");
    }
    let from = json!({"kind": "DockerImage", "name": "a/b"});
    let follows = json!({"kind": "ImageStreamTag", "name": "latest"});
    for (tag, path, part) in [
        (json!({"name": "a:b"}), "name", "tag \"a:b\" is not valid"),
        (json!({"name": ""}), "name", "is required"),
        (json!({"from": from}), "name", "is required"),
        (json!({"name": 2.0}), "name", "put it in quotes"),
        (
            json!({"name": "t", "from": follows, "importPolicy": {"scheduled": true}}),
            "importPolicy.scheduled",
            "only tags with from.kind DockerImage",
        ),
        (
            json!({"name": "t", "importPolicy": {"scheduled": true}}),
            "importPolicy.scheduled",
            "only tags with from.kind DockerImage",
        ),
        (
            json!({"name": "t", "from": follows, "reference": true}),
            "reference",
            "only tags with from.kind DockerImage",
        ),
        (
            json!({"name": "t", "importPolicy": {"insecure": "true"}}),
            "importPolicy.insecure",
            "must be true or false, not text",
        ),
        (
            json!({"name": "t", "from": from, "importPolicy": {"importMode": "All"}}),
            "importPolicy.importMode",
            "use Legacy or PreserveOriginal",
        ),
        (
            json!({"name": "t", "from": from, "referencePolicy": {"type": "Nearby"}}),
            "referencePolicy.type",
            "use Source or Local",
        ),
        (
            json!({"name": "t", "from": from, "sheduled": true}),
            "sheduled",
            "use name, annotations",
        ),
        (
            json!({"name": "t", "from": {"kind": "ImageStreamTag", "name": "x", "namespace": "other"}}),
            "from.name",
            "of another namespace must be of the form",
        ),
        (
            json!({"name": "t", "annotations": {"a": 1}}),
            "annotations[a]",
            "put it in quotes",
        ),
    ] {
        let text = tag.to_string();
        let (at, message) = problem(with_tag(tag));
        assert_eq!(at, format!("spec.tags[0].{path}"), "{text}");
        assert!(message.contains(part), "{text}: {message}");
    }
}

#[test]
fn a_stream_that_is_wrong_is_refused_where_it_is_wrong() {
    let named =
        |metadata: Value| json!({"apiVersion": "v1", "kind": "ImageStream", "metadata": metadata});
    let annotated = |text: &str| {
        named(json!({
            "name": "ruby",
            "annotations": {"openshift.io/image.insecureRepository": text},
        }))
    };
    const INSECURE: &str = "metadata.annotations[openshift.io/image.insecureRepository]";
    for (value, path, part) in [
        (
            named(json!({"name": "Ruby"})),
            "metadata.name",
            "lower-case",
        ),
        (
            named(json!({"name": "a--b"})),
            "metadata.name",
            "joined by single",
        ),
        (named(json!({})), "metadata.name", "is required"),
        (named(json!(null)), "metadata.name", "is required"),
        (
            named(json!({"name": "a", "namespace": "A"})),
            "metadata.namespace",
            "63 lower-case",
        ),
        (annotated("True"), INSECURE, "only exactly \"true\""),
        (annotated("1"), INSECURE, "only exactly \"true\""),
        (
            stream(json!({"dockerImageRepository": "a/b:1"})),
            "spec.dockerImageRepository",
            "without tag and digest, as in a/b",
        ),
        (
            stream(json!({"dockerImageRepository": format!("a/b@{DIGEST}")})),
            "spec.dockerImageRepository",
            "without tag and digest",
        ),
        (
            stream(json!({"dockerImageRepository": "a//b"})),
            "spec.dockerImageRepository",
            "invalid reference format",
        ),
        (
            stream(json!({"tags": {}})),
            "spec.tags",
            "must be a list, not an object",
        ),
        (stream(json!({"tags": [1]})), "spec.tags[0]", "not a number"),
        (stream(json!("x")), "spec", "must be an object"),
        (
            stream(json!({"tag": []})),
            "spec.tag",
            "use lookupPolicy, dockerImageRepository, tags",
        ),
        (
            stream(json!({"tags": [{"name": "a"}, {"name": "b"}, {"name": "a"}]})),
            "spec.tags[2].name",
            "already, in tags[0]",
        ),
        (
            json!({"apiVersion": "apps/v1", "kind": "Deployment"}),
            "kind",
            "use ImageStream,",
        ),
        (
            json!({"apiVersion": "image.openshift.io/v2", "kind": "ImageStream", "metadata": {"name": "a"}}),
            "apiVersion",
            "use image.openshift.io/v1",
        ),
        (
            json!({"kind": "ImageStream", "metadata": {"name": "a"}}),
            "apiVersion",
            "is required",
        ),
        (json!("text"), "", "must be an object with fields, not text"),
        (
            json!({"apiVersion": "v1", "kind": "List", "items": []}),
            "",
            "no ImageStream",
        ),
        (
            json!({"apiVersion": "v1", "kind": "List", "items": [
                {"apiVersion": "v1", "kind": "List", "items": []},
            ]}),
            "items[0].kind",
            "cannot stand in a list",
        ),
    ] {
        let text = value.to_string();
        let (at, message) = problem(value);
        assert_eq!(at, path, "{text}");
        assert!(message.contains(part), "{text}: {message}");
    }
}

#[test]
fn every_problem_of_every_document_is_told() {
    let list = json!({"apiVersion": "v1", "kind": "List", "items": [
        stream(json!({})),
        {"apiVersion": "v1", "kind": "ImageStream", "metadata": {"name": "X"}, "spec": {"tags": [
            {"name": "a", "from": {"kind": "Image"}, "referencePolicy": {"type": "x"}},
        ]}},
    ]});
    let found = from_values(vec![Value::Null, list, stream(json!({"tags": 1}))], None).unwrap_err();
    let told: Vec<_> = found
        .iter()
        .map(|error| (error.document, error.path.as_str()))
        .collect();
    assert_eq!(
        told,
        [
            (2, "items[1].metadata.name"),
            (2, "items[1].spec.tags[0].referencePolicy.type"),
            (2, "items[1].spec.tags[0].from.name"),
            (2, "items[1].spec.tags[0].from.kind"),
            (3, "spec.tags"),
            (3, "metadata.name"),
        ]
    );
    let text = found[4].to_string();
    assert_eq!(text, "document 3: spec.tags: must be a list, not a number");
}
