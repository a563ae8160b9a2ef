//! Every address of the registry, tried by everybody in a closed namespace, in one that is open to everybody, and in one
//! that is not there: what each may see and do.

use engine::testing::upstream::TestUpstream;
use http::{Method, Request, StatusCode};
use model::{
    Digest,
    import::{ImportRequest, Selection},
    policy::{ReferencePolicy, Schedule},
    tag::TagAt,
    tagging::{Mode, TagInput, TagRequest},
};
use serde_json::json;

use crate::{
    common::{Page, TestServer},
    v2_auth::{ask, code, token},
    v2_push::{Client, INDEX, LAYER, OCI, digest, image, push},
    v2_signatures::signature,
};

/// Statuses for no header at all, `anonymous`, viewer, editor and admin.
type Row = [u16; 5];
/// An address with its method, and the rows of a closed namespace, an open one, and one that is not there.
type Case = (&'static str, &'static str, [Row; 3]);

const READ: [Row; 3] = [
    [401, 401, 200, 200, 200],
    [401, 200, 200, 200, 200],
    [401, 401, 404, 404, 404],
];

/// What is attached to an image: nothing where no stream is, for those who may pull there.
const ATTACHED: [Row; 3] = [READ[0], READ[1], READ[0]];

/// Where only editors get in: what they find in a stream, and in one that is not there.
const fn edit(there: u16, missing: u16) -> [Row; 3] {
    let row = [401, 401, 401, there, there];
    [row, row, [401, 401, 401, missing, missing]]
}

/// Where only administrators get in.
const ADMIN: [Row; 3] = [
    [401, 401, 401, 401, 202],
    [401, 401, 401, 401, 202],
    [401, 401, 401, 401, 404],
];

/// `{s}` is the stream; the other names are what [`Walk::fill`] puts there.
const CASES: [Case; 36] = [
    ("GET", "/v2/", [[401, 200, 200, 200, 200]; 3]),
    ("HEAD", "/v2/", [[401, 200, 200, 200, 200]; 3]),
    ("PUT", "/v2/", [[401, 405, 405, 405, 405]; 3]),
    ("GET", "/v2/_catalog", [[401, 401, 200, 200, 200]; 3]),
    ("HEAD", "/v2/_catalog", [[401, 401, 200, 200, 200]; 3]),
    ("GET", "/v2/{s}/tags/list", READ),
    ("HEAD", "/v2/{s}/tags/list", READ),
    ("POST", "/v2/{s}/tags/list", [[401, 405, 405, 405, 405]; 3]),
    ("GET", "/v2/{s}/manifests/1", READ),
    ("HEAD", "/v2/{s}/manifests/1", READ),
    ("PUT", "/v2/{s}/manifests/1", edit(201, 400)),
    ("PUT", "/v2/{s}/manifests/new", edit(201, 400)),
    ("DELETE", "/v2/{s}/manifests/1", edit(202, 404)),
    ("GET", "/v2/{s}/manifests/{image}", READ),
    ("HEAD", "/v2/{s}/manifests/{image}", READ),
    ("PUT", "/v2/{s}/manifests/{image}", edit(201, 400)),
    (
        "DELETE",
        "/v2/{s}/manifests/{loose}",
        [ADMIN[0], ADMIN[1], [401, 401, 401, 404, 404]],
    ),
    ("GET", "/v2/{s}/blobs/{layer}", READ),
    ("HEAD", "/v2/{s}/blobs/{layer}", READ),
    ("DELETE", "/v2/{s}/blobs/{spare}", ADMIN),
    ("POST", "/v2/{s}/blobs/uploads/", edit(202, 202)),
    (
        "POST",
        "/v2/{s}/blobs/uploads/?mount={secret}&from=hidden/app",
        edit(201, 201),
    ),
    (
        "POST",
        "/v2/{s}/blobs/uploads/?digest={body}",
        edit(201, 201),
    ),
    ("GET", "/v2/{s}/blobs/uploads/{upload}", edit(204, 404)),
    ("HEAD", "/v2/{s}/blobs/uploads/{upload}", edit(204, 404)),
    ("PATCH", "/v2/{s}/blobs/uploads/{upload}", edit(202, 404)),
    (
        "PUT",
        "/v2/{s}/blobs/uploads/{upload}?digest={body}",
        edit(201, 404),
    ),
    ("DELETE", "/v2/{s}/blobs/uploads/{upload}", edit(204, 404)),
    ("GET", "/v2/{s}/referrers/{image}", ATTACHED),
    ("HEAD", "/v2/{s}/referrers/{image}", ATTACHED),
    ("GET", "/extensions/v2/{s}/signatures/{image}", READ),
    ("HEAD", "/extensions/v2/{s}/signatures/{image}", READ),
    (
        "PUT",
        "/extensions/v2/{s}/signatures/{image}",
        edit(201, 404),
    ),
    (
        "DELETE",
        "/extensions/v2/{s}/signatures/{image}",
        [[401, 405, 405, 405, 405]; 3],
    ),
    (
        "DELETE",
        "/admin/blobs/{spare}",
        [[401, 401, 401, 401, 204]; 3],
    ),
    (
        "GET",
        "/admin/blobs/{layer}",
        [[401, 405, 405, 405, 405]; 3],
    ),
];

const SPARE: &[u8] = b"of no image";
const SECRET: &[u8] = b"of a closed namespace only";

struct Walk<'a> {
    server: &'a TestServer,
    admin: Client<'a>,
    /// What each of the five sends.
    headers: [String; 5],
}

impl<'a> Walk<'a> {
    async fn new(server: &'a TestServer) -> Self {
        let bearer = async |user: &str| format!("Bearer {}", token(server, user).await);
        let walk = Self {
            server,
            admin: Client::new(server, "admin").await,
            headers: [
                String::new(),
                "Bearer anonymous".to_owned(),
                bearer("viewer").await,
                bearer("editor").await,
                bearer("admin").await,
            ],
        };
        for stream in ["closed/app", "open/app"] {
            walk.fill(stream).await;
        }
        walk.admin.blob("hidden/app", SECRET).await;
        let open = "open".parse().unwrap();
        let console = engine::Engine::console_actor();
        let opened = server.engine.set_anonymous_pull(&console, &open, true);
        opened.await.unwrap();
        walk
    }

    /// An image at a tag, one at no tag, and a blob of no image.
    async fn fill(&self, stream: &str) {
        push(&self.admin, stream, "1", &image("tagged")).await;
        let loose = image("loose");
        let name = digest(loose.to_string().as_bytes());
        let page = self.admin.manifest(stream, name.as_str(), OCI, &loose);
        assert_eq!(page.await.status, StatusCode::CREATED);
        self.admin.blob(stream, SPARE).await;
    }

    async fn begin(&self, stream: &str) -> String {
        let place = self.admin.begin(stream).await;
        place.rsplit('/').next().unwrap().to_owned()
    }

    async fn send(&self, who: usize, method: &str, path: &str) -> Page {
        let mut builder = Request::builder()
            .method(method)
            .uri(path)
            .header("host", "weir.test")
            .header("content-type", OCI);
        if !self.headers[who].is_empty() {
            builder = builder.header("authorization", &self.headers[who]);
        }
        let body = match method {
            // One of their own each time.
            "PUT" if path.contains("/signatures/") => {
                signature(path.rsplit('/').next().unwrap(), &format!("of-{who}")).to_string()
            }
            "PUT" | "POST" | "PATCH" => image("tagged").to_string(),
            _ => String::new(),
        };
        self.server.send(builder.body(body.into()).unwrap()).await
    }

    /// What an administrator sees of a stream and of an upload to it.
    async fn seen(&self, stream: &str, upload: &str) -> Vec<(StatusCode, String, String)> {
        let image = digest(image("tagged").to_string().as_bytes());
        let mut seen = Vec::new();
        for path in [
            "/v2/_catalog".to_owned(),
            format!("/v2/{stream}/tags/list"),
            format!("/v2/{stream}/manifests/1"),
            format!("/v2/{stream}/manifests/{image}"),
            format!("/v2/{stream}/blobs/{}", digest(SPARE)),
            format!("/v2/{stream}/blobs/{}", digest(SECRET)),
            format!("/v2/{stream}/blobs/uploads/{upload}"),
            format!("/extensions/v2/{stream}/signatures/{image}"),
        ] {
            let page = self.admin.get(&path).await;
            let range = page.header("range").to_owned();
            seen.push((page.status, page.body, range));
        }
        seen
    }
}

/// The same text about any namespace.
fn nameless(page: &Page, namespace: &str) -> (StatusCode, String, String) {
    let text = |text: &str| text.replace(namespace, "NAMESPACE");
    let challenge = text(page.header("www-authenticate"));
    (page.status, text(&page.body), challenge)
}

#[tokio::test]
async fn everybody_gets_exactly_what_they_may_at_every_address() {
    let server = TestServer::start().await;
    let walk = Walk::new(&server).await;
    let name = |bytes: &[u8]| digest(bytes).to_string();
    let names = [
        ("{image}", name(image("tagged").to_string().as_bytes())),
        ("{body}", name(image("tagged").to_string().as_bytes())),
        ("{loose}", name(image("loose").to_string().as_bytes())),
        ("{layer}", name(LAYER)),
        ("{spare}", name(SPARE)),
        ("{secret}", name(SECRET)),
    ];
    for (number, (method, address, rows)) in CASES.iter().enumerate() {
        let mut refusals: Vec<Vec<_>> = Vec::new();
        for (row, kind) in rows.iter().zip(["closed", "open", "none"]) {
            let mut of_outsiders = Vec::new();
            for (who, expected) in row.iter().enumerate() {
                // One that is not there is made by whoever may push: another one each time.
                let namespace = match kind {
                    "none" => format!("none-{number}-{who}"),
                    there => there.to_owned(),
                };
                let stream = format!("{namespace}/app");
                let upload = match kind {
                    "none" => "01a2".to_owned(),
                    _ => walk.begin(&stream).await,
                };
                let mut path = address.replace("{s}", &stream).replace("{upload}", &upload);
                for (name, value) in &names {
                    path = path.replace(name, value);
                }
                let before = walk.seen(&stream, &upload).await;
                let page = walk.send(who, method, &path).await;
                let what = format!("{method} {path} as number {who}: {}", page.body);
                assert_eq!(page.status.as_u16(), *expected, "{what}");
                let refused = !page.status.is_success();
                if *method == "HEAD" {
                    assert_eq!(page.body, "", "{what}");
                } else if refused {
                    assert!(!code(&page).is_empty(), "{what}");
                }
                if refused || matches!(*method, "GET" | "HEAD") {
                    let after = walk.seen(&stream, &upload).await;
                    assert_eq!(before, after, "{what}");
                }
                if who < 2 {
                    let given = page.header("www-authenticate").starts_with("Bearer realm=");
                    assert_eq!(given, *expected == 401, "{what}");
                    of_outsiders.push(nameless(&page, &namespace));
                }
                if !refused && *method == "DELETE" {
                    walk.fill(&stream).await;
                }
            }
            refusals.push(of_outsiders);
        }
        assert_eq!(
            refusals[0], refusals[2],
            "{method} {address}: outsiders learn whether something is there"
        );
    }
}

#[tokio::test]
async fn what_a_closed_namespace_has_is_not_read_through_what_another_registry_says() {
    let server = TestServer::start().await;
    let walk = Walk::new(&server).await;
    let editor = Client::new(&server, "editor").await;
    let hidden = push(&editor, "hidden/app", "1", &image("hidden")).await;
    let liar = TestUpstream::start().await;
    let secret = liar.image_with_layer("its/app", "layer", SECRET);
    assert_eq!(secret, digest(SECRET));
    liar.lose_blob("its/app", &secret);
    let size = image("hidden").to_string().len();
    let index = liar.index_of("its/app", "index", &hidden, size);
    let stream = model::StreamRef::parse("open", "liar").unwrap();
    let request = ImportRequest {
        mode: None,
        platform: <[String; 2]>::default(),
        stream: stream.clone(),
        create: true,
        source: Some(liar.reference("its/app")),
        selection: Selection::All,
        insecure: true,
        schedule: Schedule::Never,
        reference_policy: ReferencePolicy::Source,
    };
    let console = engine::Engine::console_actor();
    server
        .engine
        .start_import(&console, &request)
        .await
        .unwrap();
    server.engine.run_jobs().await.unwrap();
    // Both tags are there, and what they name is not to be had.
    let page = ask(
        &server,
        Method::GET,
        &format!("/v2/open/liar/manifests/{index}"),
        &walk.headers[1],
    )
    .await;
    assert_eq!(page.status, StatusCode::OK, "{}", page.body);
    for header in &walk.headers[1..] {
        for method in [Method::GET, Method::HEAD] {
            for path in [
                format!("/v2/open/liar/blobs/{secret}"),
                format!("/v2/open/liar/manifests/{hidden}"),
            ] {
                let page = ask(&server, method.clone(), &path, header).await;
                assert_eq!(page.status, StatusCode::NOT_FOUND, "{method} {path}");
            }
        }
    }
    // Nor under a tag of its own.
    let id = TagInput::Image(stream.clone(), hidden.hex().to_owned());
    let at = TagAt::new(&stream, "own".parse().unwrap());
    let by_id = TagRequest::new(id, at, Mode::Fixed);
    let text = format!(
        "kind: ImageStream\napiVersion: v1\nmetadata: {{name: liar}}\nspec: {{tags: [{{name: own, from: {{kind: ImageStreamImage, name: 'liar@{hidden}'}}}}]}}\n"
    );
    let draft = engine::Draft {
        namespace: "open".into(),
        text,
    };
    for refused in [
        server.engine.plan_tag(&console, &by_id).await.map(drop),
        server.engine.set_tag(&console, &by_id, "").await.map(drop),
        server
            .engine
            .plan_definitions(&console, &draft)
            .await
            .map(drop),
        server
            .engine
            .apply_definitions(&console, &draft, "")
            .await
            .map(drop),
    ] {
        let error = refused.unwrap_err();
        assert!(matches!(error, engine::Error::Upstream { .. }), "{error}");
    }
    // Nor is it carried on from there.
    let path = format!("/v2/open/app/blobs/uploads/?mount={secret}&from=open/liar");
    let page = ask(&server, Method::POST, &path, &walk.headers[3]).await;
    assert_eq!(page.status, StatusCode::ACCEPTED, "{}", page.body);
    let mut layered = image("names it");
    layered["layers"][0]["digest"] = secret.as_str().into();
    layered["layers"][0]["size"] = SECRET.len().into();
    push(&editor, "open/liar", "own", &image("of its own")).await;
    let index = json!({
        "schemaVersion": 2, "mediaType": INDEX,
        "manifests": [{ "mediaType": OCI, "digest": hidden.as_str(), "size": size,
            "platform": { "os": "linux", "architecture": "amd64" } }],
    });
    for (kind, manifest) in [(OCI, &layered), (INDEX, &index)] {
        let page = editor.manifest("open/liar", "pushed", kind, manifest).await;
        assert_eq!(page.status, StatusCode::BAD_REQUEST, "{}", page.body);
        assert_eq!(code(&page), "MANIFEST_BLOB_UNKNOWN");
    }
}

#[tokio::test]
async fn what_a_closed_namespace_has_is_not_read_through_an_open_one() {
    let server = TestServer::start().await;
    let walk = Walk::new(&server).await;
    let editor = Client::new(&server, "editor").await;
    let secret = digest(SECRET);
    let hidden = push(&editor, "hidden/app", "1", &image("hidden")).await;
    // By digest: for nobody, whatever they may elsewhere.
    for header in &walk.headers[1..] {
        for method in [Method::GET, Method::HEAD] {
            for path in [
                format!("/v2/open/app/blobs/{secret}"),
                format!("/v2/open/app/manifests/{hidden}"),
            ] {
                let page = ask(&server, method.clone(), &path, header).await;
                assert_eq!(
                    page.status,
                    StatusCode::NOT_FOUND,
                    "{method} {path} {header}"
                );
            }
        }
    }
    // By naming it in a manifest.
    let mut layered = image("names it");
    layered["layers"][0]["digest"] = secret.as_str().into();
    layered["layers"][0]["size"] = SECRET.len().into();
    let mut configured = image("is configured by it");
    configured["config"]["digest"] = secret.as_str().into();
    configured["config"]["size"] = SECRET.len().into();
    for manifest in [&layered, &configured] {
        for reference in ["named", digest(manifest.to_string().as_bytes()).as_str()] {
            let page = editor.manifest("open/app", reference, OCI, manifest).await;
            assert_eq!(page.status, StatusCode::BAD_REQUEST, "{}", page.body);
            assert_eq!(code(&page), "MANIFEST_BLOB_UNKNOWN");
        }
    }
    // By naming an image of its own in an index.
    let index = json!({
        "schemaVersion": 2, "mediaType": INDEX,
        "manifests": [{ "mediaType": OCI, "digest": hidden.as_str(), "size": image("hidden").to_string().len(),
            "platform": { "os": "linux", "architecture": "amd64" } }],
    });
    let page = editor.manifest("open/app", "index", INDEX, &index).await;
    assert_eq!(page.status, StatusCode::BAD_REQUEST, "{}", page.body);
    assert_eq!(code(&page), "MANIFEST_BLOB_UNKNOWN");
    let nobody = &walk.headers[1];
    let unreadable = async |path: String| {
        let page = ask(&server, Method::GET, &path, nobody).await;
        assert_eq!(page.status, StatusCode::NOT_FOUND, "{path}: {}", page.body);
    };
    unreadable(format!("/v2/open/app/manifests/{hidden}")).await;
    unreadable(format!("/v2/open/app/blobs/{secret}")).await;
    // By a mount from where it is not, or by somebody who may not read it there.
    let mount = |from: &str, digest: &Digest| {
        format!("/v2/open/app/blobs/uploads/?mount={digest}&from={from}")
    };
    for from in ["closed/app", "open/app", "none/app"] {
        let page = editor
            .send(Method::POST, &mount(from, &secret), &[], "")
            .await;
        assert_eq!(page.status, StatusCode::ACCEPTED, "{from}: an upload");
    }
    let path = mount("hidden/app", &secret);
    let page = ask(&server, Method::POST, &path, nobody).await;
    assert_eq!(page.status, StatusCode::UNAUTHORIZED);
    unreadable(format!("/v2/open/app/blobs/{secret}")).await;
    // Who may read the one and write the other may.
    let page = editor.send(Method::POST, &path, &[], "").await;
    assert_eq!(page.status, StatusCode::CREATED);
    let page = ask(
        &server,
        Method::GET,
        &format!("/v2/open/app/blobs/{secret}"),
        nobody,
    )
    .await;
    assert_eq!(
        (page.status, page.body.as_bytes()),
        (StatusCode::OK, SECRET)
    );
}
