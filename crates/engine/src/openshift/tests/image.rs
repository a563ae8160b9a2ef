//! Images compared with what OpenShift 4.21 answered. Of labels and environment some are kept.

use model::{
    Digest, Reference,
    image::{Child, Layer},
};
use serde_json::{Value, json};

use super::{at, stream};
use crate::{
    openshift::{image, image_stream_image},
    store::StoredImage,
};

fn reference(text: &str) -> Reference {
    text.parse().unwrap()
}

fn bare(reference: &Reference, media_type: &str) -> StoredImage {
    StoredImage {
        digest: reference.digest().unwrap().clone(),
        media_type: media_type.to_owned(),
        config_digest: None,
        config: None,
        os: String::new(),
        architecture: String::new(),
        variant: String::new(),
        author: String::new(),
        size: 0,
        created_at: None,
        layers: Vec::new(),
        children: Vec::new(),
        facts: model::image::ManifestFacts::default(),
        managed: false,
    }
}

fn docker() -> (StoredImage, Reference) {
    let found = reference(
        "up.test:5000/import-media-types/app@sha256:7473f59d66fc54ffb06322f7fab51cf2e077f66807c0bf6a9bd58fb6290a39be",
    );
    let layers = [
        (
            "533f47c9e46005fc30cd9183f97dabc7ea3916db24adaac16c5ac12d65bc237b",
            8403,
        ),
        (
            "cff43ada0393334e34a4bfa0535545e9725e458504eae7f5315d38ab7679cc18",
            8160,
        ),
        (
            "b87672c4cd4091f62ca2ffb6ed9d97c42bcabc7c21f3de6885bb86f064ec6954",
            8159,
        ),
        (
            "d956f18ff41a9133e42bbc7c76668db00325b7c40d0710003093f9db1e030849",
            8277,
        ),
    ];
    let stored = StoredImage {
        config_digest: Some(digest(
            "71e7ce5ae82b8113cdefd2fe33e8e38043a11044e09292d3488000d13ed0f4cb",
        )),
        config: Some(BLOB.to_owned()),
        os: "linux".to_owned(),
        architecture: "amd64".to_owned(),
        author: "Rig <rig@example.test>".to_owned(),
        size: 37_337,
        created_at: Some(at("2024-01-01T00:00:00.508156800Z")),
        layers: layers
            .into_iter()
            .map(|(hex, size)| Layer {
                digest: digest(hex),
                size,
                media_type: "application/vnd.docker.image.rootfs.diff.tar.gzip".to_owned(),
                created_by: String::new(),
            })
            .collect(),
        ..bare(
            &found,
            "application/vnd.docker.distribution.manifest.v2+json",
        )
    };
    (stored, found)
}

fn digest(hex: &str) -> Digest {
    format!("sha256:{hex}").parse().unwrap()
}

/// What was recorded, less the times we do not keep.
fn expected(golden: &str) -> Value {
    let mut golden: Value = serde_json::from_str(golden).unwrap();
    for object in ["/metadata", "/image/metadata"] {
        if let Some(metadata) = golden.pointer_mut(object).and_then(Value::as_object_mut) {
            metadata.remove("creationTimestamp");
        }
    }
    golden
}

#[test]
fn the_config_blob_becomes_capitalised_metadata() {
    let (stored, found) = docker();
    assert_eq!(image(&stored, &found, &[]), expected(DOCKER));
}

#[test]
fn an_index_lists_its_manifests_and_is_its_own_id() {
    let found = reference(
        "up.test:5000/import-mode-docker-list/app@sha256:6cb49cddbb99dc3d44d116242309425980c08323ee453ed4bd8ff412f62fb221",
    );
    let child = |hex: &str, architecture: &str, variant: &str| Child {
        digest: digest(hex),
        media_type: "application/vnd.docker.distribution.manifest.v2+json".to_owned(),
        size: 908,
        os: "linux".to_owned(),
        architecture: architecture.to_owned(),
        variant: variant.to_owned(),
    };
    let stored = StoredImage {
        children: vec![
            child(
                "592f457ba085781cbc4670bd04e13e915390bcb2cff6026d18cc9b3e2939002e",
                "amd64",
                "",
            ),
            child(
                "9b149005c86fa0381060f0d0fea2f7dc8a0a548be38802335bffe7722b1c4513",
                "arm64",
                "v8",
            ),
        ],
        ..bare(
            &found,
            "application/vnd.docker.distribution.manifest.list.v2+json",
        )
    };
    let object = stream("app", 2, "2026-11-23T05:50:29Z", "2026-11-23T05:50:31Z");
    let name = format!("app@{}", stored.digest);
    let mut golden = expected(INDEX);
    golden["metadata"]["creationTimestamp"] = Value::Null;
    golden["image"]["dockerImageMetadata"]["Created"] = Value::Null;
    assert_eq!(
        image_stream_image(&object, &name, &image(&stored, &found, &[])),
        golden
    );
}

#[test]
fn a_short_id_stays_short() {
    let (stored, found) = docker();
    let object = stream("app", 2, "2026-11-23T05:50:29Z", "2026-11-23T05:50:31Z");
    let made = image_stream_image(&object, "app@7473f59", &image(&stored, &found, &[]));
    assert_eq!(made["metadata"]["name"], "app@7473f59");
    assert_eq!(made["image"]["metadata"]["name"], stored.digest.as_str());
}

#[test]
fn empty_layers_stay_as_often_as_they_are_listed() {
    let (mut stored, found) = docker();
    let empty = Layer {
        size: 0,
        ..stored.layers[0].clone()
    };
    stored.layers = vec![empty.clone(), stored.layers[1].clone(), empty];
    let made = image(&stored, &found, &[]);
    let sizes: Vec<_> = made["dockerImageLayers"]
        .as_array()
        .unwrap()
        .iter()
        .map(|layer| layer["size"].as_i64().unwrap())
        .collect();
    assert_eq!(sizes, [0, 8160, 0]);
}

#[test]
fn a_blob_of_another_shape_is_read_as_far_as_it_goes() {
    let (mut stored, found) = docker();
    for (blob, config) in [
        (
            r#"{"config": {"Env": "A=b", "Cmd": [1], "User": "u", "Labels": {"a": 1}}}"#,
            json!({"User": "u"}),
        ),
        (
            r#"{"config": {}, "author": 7, "container_config": null}"#,
            json!({}),
        ),
        (r#"{"config": null}"#, Value::Null),
        ("[]", Value::Null),
        ("not json", Value::Null),
    ] {
        stored.config = Some(blob.to_owned());
        let made = image(&stored, &found, &[]);
        let metadata = &made["dockerImageMetadata"];
        assert_eq!(metadata["Config"], config, "{blob}");
        assert_eq!(metadata["ContainerConfig"], json!({}), "{blob}");
        assert_eq!(metadata.get("Author"), None, "{blob}");
    }
}

const BLOB: &str = r##"{"architecture": "amd64", "author": "Rig <rig@example.test>",
 "config": {"Hostname": "", "AttachStdin": false, "User": "1001", "ExposedPorts": {"8080/tcp": {}, "8443/tcp": {}},
  "Env": ["APP_NAME=app"], "Cmd": ["serve", "--port", "8080"], "Volumes": {"/var/lib/app": {}},
  "WorkingDir": "/opt/app-root", "Entrypoint": ["/opt/app-root/bin/entrypoint"], "OnBuild": null,
  "Labels": {"build-date": "2024-01-01", "vendor": "Rig"}, "StopSignal": "SIGTERM"},
 "container": "92521fc3cbd964bdc9f584a991b89fddaa5754ed1cc96d6d42445338669c1305",
 "container_config": {"User": "1001", "ExposedPorts": {"8080/tcp": {}, "8443/tcp": {}}, "Env": ["APP_NAME=app"],
  "Cmd": ["/bin/sh", "-c", "#(nop) ", "CMD [\"serve\"]"], "Volumes": {"/var/lib/app": {}},
  "WorkingDir": "/opt/app-root", "Entrypoint": ["/opt/app-root/bin/entrypoint"],
  "Labels": {"build-date": "2024-01-01", "vendor": "Rig"}},
 "created": "2024-01-01T00:00:00.508156800Z", "docker_version": "24.0.7", "os": "linux",
 "history": [], "rootfs": {"type": "layers", "diff_ids": []}}"##;

const DOCKER: &str = r##"{"kind": "Image", "apiVersion": "image.openshift.io/v1",
 "metadata": {"name": "sha256:7473f59d66fc54ffb06322f7fab51cf2e077f66807c0bf6a9bd58fb6290a39be",
  "creationTimestamp": "2026-11-23T05:50:59Z",
  "annotations": {"image.openshift.io/dockerLayersOrder": "ascending"}},
 "dockerImageReference": "up.test:5000/import-media-types/app@sha256:7473f59d66fc54ffb06322f7fab51cf2e077f66807c0bf6a9bd58fb6290a39be",
 "dockerImageMetadata": {"kind": "DockerImage", "apiVersion": "image.openshift.io/1.0",
  "Id": "sha256:71e7ce5ae82b8113cdefd2fe33e8e38043a11044e09292d3488000d13ed0f4cb",
  "Created": "2024-01-01T00:00:00Z",
  "Container": "92521fc3cbd964bdc9f584a991b89fddaa5754ed1cc96d6d42445338669c1305",
  "ContainerConfig": {"User": "1001", "ExposedPorts": {"8080/tcp": {}, "8443/tcp": {}}, "Env": ["APP_NAME=app"],
   "Cmd": ["/bin/sh", "-c", "#(nop) ", "CMD [\"serve\"]"], "Volumes": {"/var/lib/app": {}},
   "WorkingDir": "/opt/app-root", "Entrypoint": ["/opt/app-root/bin/entrypoint"],
   "Labels": {"build-date": "2024-01-01", "vendor": "Rig"}},
  "DockerVersion": "24.0.7", "Author": "Rig <rig@example.test>",
  "Config": {"User": "1001", "ExposedPorts": {"8080/tcp": {}, "8443/tcp": {}}, "Env": ["APP_NAME=app"],
   "Cmd": ["serve", "--port", "8080"], "Volumes": {"/var/lib/app": {}}, "WorkingDir": "/opt/app-root",
   "Entrypoint": ["/opt/app-root/bin/entrypoint"], "Labels": {"build-date": "2024-01-01", "vendor": "Rig"}},
  "Architecture": "amd64", "Size": 37337},
 "dockerImageMetadataVersion": "1.0",
 "dockerImageLayers": [{"name": "sha256:533f47c9e46005fc30cd9183f97dabc7ea3916db24adaac16c5ac12d65bc237b", "size": 8403,
   "mediaType": "application/vnd.docker.image.rootfs.diff.tar.gzip"},
  {"name": "sha256:cff43ada0393334e34a4bfa0535545e9725e458504eae7f5315d38ab7679cc18", "size": 8160,
   "mediaType": "application/vnd.docker.image.rootfs.diff.tar.gzip"},
  {"name": "sha256:b87672c4cd4091f62ca2ffb6ed9d97c42bcabc7c21f3de6885bb86f064ec6954", "size": 8159,
   "mediaType": "application/vnd.docker.image.rootfs.diff.tar.gzip"},
  {"name": "sha256:d956f18ff41a9133e42bbc7c76668db00325b7c40d0710003093f9db1e030849", "size": 8277,
   "mediaType": "application/vnd.docker.image.rootfs.diff.tar.gzip"}],
 "dockerImageManifestMediaType": "application/vnd.docker.distribution.manifest.v2+json"}"##;

const INDEX: &str = r##"{"kind": "ImageStreamImage", "apiVersion": "image.openshift.io/v1",
 "metadata": {"name": "app@sha256:6cb49cddbb99dc3d44d116242309425980c08323ee453ed4bd8ff412f62fb221", "namespace": "demo",
  "creationTimestamp": "2026-11-23T05:50:31Z",
  "annotations": {"openshift.io/image.dockerRepositoryCheck": "2026-11-23T05:50:31Z"}},
 "image": {"metadata": {"name": "sha256:6cb49cddbb99dc3d44d116242309425980c08323ee453ed4bd8ff412f62fb221",
   "creationTimestamp": "2026-11-23T05:50:31Z"},
  "dockerImageReference": "up.test:5000/import-mode-docker-list/app@sha256:6cb49cddbb99dc3d44d116242309425980c08323ee453ed4bd8ff412f62fb221",
  "dockerImageMetadata": {"kind": "DockerImage", "apiVersion": "image.openshift.io/1.0",
   "Id": "sha256:6cb49cddbb99dc3d44d116242309425980c08323ee453ed4bd8ff412f62fb221",
   "Created": "2026-11-23T05:50:31Z", "ContainerConfig": {}},
  "dockerImageMetadataVersion": "1.0",
  "dockerImageManifestMediaType": "application/vnd.docker.distribution.manifest.list.v2+json",
  "dockerImageManifests": [{"digest": "sha256:592f457ba085781cbc4670bd04e13e915390bcb2cff6026d18cc9b3e2939002e",
    "mediaType": "application/vnd.docker.distribution.manifest.v2+json", "manifestSize": 908,
    "architecture": "amd64", "os": "linux"},
   {"digest": "sha256:9b149005c86fa0381060f0d0fea2f7dc8a0a548be38802335bffe7722b1c4513",
    "mediaType": "application/vnd.docker.distribution.manifest.v2+json", "manifestSize": 908,
    "architecture": "arm64", "os": "linux", "variant": "v8"}]}}"##;
