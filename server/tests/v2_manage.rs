//! Content discovery and management of what was pushed: what is attached to an image, and taking things away again.

use http::StatusCode;
use model::Digest;
use serde_json::{Value, json};

use crate::{
    common::{Page, TestServer},
    v2_auth::code,
    v2_push::{Client, INDEX, LAYER, OCI, digest, image, push},
};

#[tokio::test]
async fn listing_referrers() {
    let server = TestServer::start().await;
    let client = Client::new(&server, "editor").await;
    let subject = push(&client, "shop/app", "1", &image("")).await;
    let path = format!("/v2/shop/app/referrers/{subject}");
    for path in [&path, &format!("/v2/shop/none/referrers/{subject}")] {
        let page = client.get(path).await;
        assert_eq!(page.status, StatusCode::OK, "{path}");
        assert_eq!(page.header("content-type"), INDEX);
        let body: Value = serde_json::from_str(&page.body).unwrap();
        assert_eq!(
            body,
            json!({ "schemaVersion": 2, "mediaType": INDEX, "manifests": [] })
        );
    }
    let attached = |kind: Option<&str>, note: &str| {
        let mut manifest = image(note);
        manifest["subject"] = json!({ "mediaType": OCI, "digest": subject.as_str(), "size": 1 });
        if let Some(kind) = kind {
            manifest["artifactType"] = kind.into();
        }
        manifest
    };
    let mut all = Vec::new();
    for manifest in [
        attached(Some("application/vnd.example.sbom"), "sbom"),
        attached(Some("application/vnd.example.signature"), "signature"),
        attached(None, "by its config"),
    ] {
        let digest = digest(manifest.to_string().as_bytes());
        let page = client
            .manifest("shop/app", digest.as_str(), OCI, &manifest)
            .await;
        assert_eq!(page.status, StatusCode::CREATED, "{}", page.body);
        assert_eq!(page.header("oci-subject"), subject.as_str());
        all.push(json!({
            "mediaType": OCI, "digest": digest.as_str(), "size": manifest.to_string().len(),
            "artifactType": manifest.get("artifactType").cloned()
                .unwrap_or_else(|| "application/vnd.oci.image.config.v1+json".into()),
            "annotations": manifest["annotations"],
        }));
    }
    all.sort_by_key(|one| one["digest"].to_string());
    let manifests = |page: &Page| -> Value {
        let body: Value = serde_json::from_str(&page.body).unwrap();
        body["manifests"].clone()
    };
    assert_eq!(manifests(&client.get(&path).await), json!(all));
    // Narrowed.
    let page = client
        .get(&format!("{path}?artifactType=application/vnd.example.sbom"))
        .await;
    assert_eq!(page.header("oci-filters-applied"), "artifactType");
    let found = manifests(&page);
    assert_eq!(found.as_array().unwrap().len(), 1);
    assert_eq!(found[0]["annotations"]["note"], "sbom");
    // In pages.
    let mut seen = Vec::new();
    let mut next = format!("{path}?n=2");
    loop {
        let page = client.get(&next).await;
        seen.extend(manifests(&page).as_array().unwrap().clone());
        match page.header("link").split_once('>') {
            Some((link, _)) => next = link.trim_start_matches('<').to_owned(),
            None => break,
        }
    }
    assert_eq!(seen, all);
    // What a client of an older registry listed at a tag is listed with it, and what is known better is not listed twice.
    let old = image("of an older client");
    let digest = digest(old.to_string().as_bytes());
    client
        .manifest("shop/app", digest.as_str(), OCI, &old)
        .await;
    let entry = json!({
        "mediaType": OCI, "digest": digest.as_str(), "size": old.to_string().len(),
        "artifactType": "application/vnd.example.old", "annotations": { "note": "old" },
    });
    let mut again = all[0].clone();
    again["annotations"] = json!({ "note": "said otherwise" });
    let index = json!({ "schemaVersion": 2, "mediaType": INDEX, "manifests": [entry, again] });
    let tag = subject.as_str().replace(':', "-");
    let page = client.manifest("shop/app", &tag, INDEX, &index).await;
    assert_eq!(page.status, StatusCode::CREATED, "{}", page.body);
    all.push(entry);
    all.sort_by_key(|one| one["digest"].to_string());
    assert_eq!(manifests(&client.get(&path).await), json!(all));
    let page = client
        .get(&format!("{path}?artifactType=application/vnd.example.old"))
        .await;
    assert_eq!(manifests(&page).as_array().unwrap().len(), 1);
    let page = client.get(&format!("{path}?n=2")).await;
    assert_eq!(manifests(&page), json!(all[..2]));
    // Of a long digest the tag has the first 64 characters.
    let index = json!({ "schemaVersion": 2, "mediaType": INDEX, "manifests": [all[0]] });
    let tag = format!("sha512-{}", "a".repeat(64));
    let page = client.manifest("shop/app", &tag, INDEX, &index).await;
    assert_eq!(page.status, StatusCode::CREATED, "{}", page.body);
    let long = format!("/v2/shop/app/referrers/sha512:{}", "a".repeat(128));
    let found = manifests(&client.get(&long).await);
    assert_eq!(found[0]["digest"], all[0]["digest"]);
    // Of another stream there are none.
    push(&client, "shop/other", "1", &image("")).await;
    let path = path.replace("shop/app", "shop/other");
    assert_eq!(manifests(&client.get(&path).await), json!([]));
}

#[tokio::test]
async fn deleting_tags_manifests_and_blobs() {
    let server = TestServer::start().await;
    let editor = Client::new(&server, "editor").await;
    let admin = Client::new(&server, "admin").await;
    let tagged = push(&editor, "shop/app", "1", &image("tagged")).await;
    push(&editor, "shop/app", "2", &image("other")).await;
    let manifest = |reference: &str| format!("/v2/shop/app/manifests/{reference}");
    // By digest only what no tag has or had; clients that ask for the digest first are told what to do instead.
    for client in [&editor, &admin] {
        let page = client.delete(manifest(tagged.as_str())).await;
        assert_eq!(
            (page.status, code(&page).as_str()),
            (StatusCode::METHOD_NOT_ALLOWED, "UNSUPPORTED")
        );
        assert!(page.body.contains("manifests/TAG"), "{}", page.body);
    }
    let page = editor.delete(manifest("none")).await;
    assert_eq!(code(&page), "MANIFEST_UNKNOWN");
    // A tag is deleted by who may change the stream.
    let page = editor.delete(manifest("1")).await;
    assert_eq!(page.status, StatusCode::ACCEPTED, "{}", page.body);
    assert_eq!(
        editor.get(&manifest("1")).await.status,
        StatusCode::NOT_FOUND
    );
    assert_eq!(
        editor.get(&manifest(tagged.as_str())).await.status,
        StatusCode::OK
    );
    // And that only administrators.
    let page = editor.delete(manifest(tagged.as_str())).await;
    assert_eq!(
        (page.status, code(&page).as_str()),
        (StatusCode::UNAUTHORIZED, "DENIED")
    );
    let page = admin.delete(manifest(tagged.as_str())).await;
    assert_eq!(page.status, StatusCode::ACCEPTED, "{}", page.body);
    let page = editor.get(&manifest(tagged.as_str())).await;
    assert_eq!(code(&page), "MANIFEST_UNKNOWN");
    assert_eq!(
        code(&admin.delete(manifest(tagged.as_str())).await),
        "MANIFEST_UNKNOWN"
    );
    // Blobs as long as no image of the stream has them.
    let blob = |digest: &Digest| format!("/v2/shop/app/blobs/{digest}");
    let loose = editor.blob("shop/app", b"loose").await;
    let page = editor.delete(blob(&loose)).await;
    assert_eq!(code(&page), "DENIED");
    assert_eq!(
        code(&admin.delete(blob(&digest(LAYER))).await),
        "UNSUPPORTED"
    );
    let page = admin.delete(blob(&loose)).await;
    assert_eq!(page.status, StatusCode::ACCEPTED, "{}", page.body);
    assert_eq!(
        editor.get(&blob(&loose)).await.status,
        StatusCode::NOT_FOUND
    );
    assert_eq!(code(&admin.delete(blob(&loose)).await), "BLOB_UNKNOWN");
}

#[tokio::test]
async fn deleting_the_bytes_of_a_blob_wherever_it_is_had() {
    let server = TestServer::start().await;
    let editor = Client::new(&server, "editor").await;
    let admin = Client::new(&server, "admin").await;
    for stream in ["shop/app", "team/app"] {
        push(&editor, stream, "1", &image("")).await;
    }
    let path = format!("/admin/blobs/{}", digest(LAYER));
    let page = editor.delete(path.clone()).await;
    assert_eq!(
        (page.status, code(&page).as_str()),
        (StatusCode::UNAUTHORIZED, "DENIED")
    );
    // Also when it is gone.
    for _ in 0..2 {
        let page = admin.delete(path.clone()).await;
        assert_eq!(
            (page.status, page.body.as_str()),
            (StatusCode::NO_CONTENT, "")
        );
    }
    for stream in ["shop/app", "team/app"] {
        let page = editor
            .get(&format!("/v2/{stream}/blobs/{}", digest(LAYER)))
            .await;
        assert_eq!(code(&page), "BLOB_UNKNOWN");
        let page = editor.get(&format!("/v2/{stream}/manifests/1")).await;
        assert_eq!(page.status, StatusCode::OK, "{}", page.body);
    }
    // A push of the same image brings it back, for all who have it.
    push(&editor, "shop/app", "1", &image("")).await;
    let page = editor
        .get(&format!("/v2/team/app/blobs/{}", digest(LAYER)))
        .await;
    assert_eq!(page.body.as_bytes(), LAYER);
    let page = admin.delete("/admin/blobs/sha256:short".to_owned()).await;
    assert_eq!(code(&page), "DIGEST_INVALID");
}
