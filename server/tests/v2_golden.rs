//! What a real OpenShift registry answered, exchange by exchange, against what ours answers to the same.
//!
//! `v2_golden.json` holds, per scenario, what clients asked and were told: of exchanges of one kind the first, and of
//! headers those that mean something to clients. `<manifest>`, `<other>`, `<layer>`, `<config>` and `<cold>` (a layer
//! nobody has pulled yet) stand for digests, `<id>` for an upload, `HERE` for the registry, `ns` for the namespace. Tags
//! are listed in no order there, and in their order here. What differs by decision is in [`DEVIATIONS`], with its reason.
//!
//! Not here, of what was recorded: `registry-pull-local-policy` asks what these ask, with other clients, and
//! `registry-push-over-docker-tag` for what a push does to a tag, which `v2_push.rs` and the engine's stories show;
//! of `prune-registry` only the deletion of a blob's bytes is: what a pruner finds, which is not there yet, it deletes so.

use engine::testing::upstream::{Fault, Route, TestUpstream};
use http::{Method, StatusCode};
use serde_json::{Value, json};

use crate::{
    common::{Page, TestServer},
    v2_auth::{ask, basic, token},
    v2_pull::import,
    v2_push::{CONFIG, Client, LAYER, OCI, digest, image},
};

/// The headers that are compared.
const HEADERS: [&str; 12] = [
    "accept-ranges",
    "cache-control",
    "content-range",
    "content-type",
    "docker-content-digest",
    "docker-distribution-api-version",
    "docker-upload-uuid",
    "etag",
    "location",
    "range",
    "www-authenticate",
    "x-registry-supports-signatures",
];

/// What, theirs, ours, and why. `*` is the same text in both, a null a header that is not there.
const DEVIATIONS: [(&str, &str, &str, &str); 6] = [
    (
        "cache-control",
        "null",
        "no-store",
        "who may see something is asked each time: nothing on the way keeps it",
    ),
    (
        "cache-control",
        "max-age=31536000",
        "no-store",
        "who may see something is asked each time: nothing on the way keeps it",
    ),
    (
        "docker-distribution-api-version",
        "registry/2.0",
        "null",
        "the token service is no part of that interface",
    ),
    (
        "etag",
        "*",
        "\"*\"",
        "a tag of an entity stands in quotes, also of what is not stored yet",
    ),
    (
        "location",
        "http://HERE*",
        "*",
        "places are told by their path: a proxy may have another name and scheme",
    ),
    (
        "www-authenticate",
        "*",
        "*,service=\"HERE\"",
        "the service is named, as clients of the token specification expect",
    ),
];

/// What `*` stands for, if the text is of this form.
fn fits<'t>(form: &str, text: &'t str) -> Option<&'t str> {
    match form.split_once('*') {
        Some((before, after)) => text.strip_prefix(before)?.strip_suffix(after),
        None => (form == text).then_some(""),
    }
}

/// A scenario under way.
struct Replay<'a> {
    server: &'a TestServer,
    client: Client<'a>,
    token: String,
    /// Places of `<manifest>` and the like.
    words: Vec<(&'static str, String)>,
    /// Where the upload is that was begun last.
    upload: String,
    /// Differences by decision that were seen.
    seen: Vec<usize>,
    wrong: Vec<String>,
}

impl<'a> Replay<'a> {
    async fn new(server: &'a TestServer, words: &[(&'static str, String)]) -> Self {
        Self {
            server,
            client: Client::new(server, "admin").await,
            token: token(server, "admin").await,
            words: words.to_vec(),
            upload: String::new(),
            seen: Vec::new(),
            wrong: Vec::new(),
        }
    }

    async fn run(&mut self, scenario: &str, upstream: Option<&TestUpstream>) {
        let all: Value = serde_json::from_str(include_str!("v2_golden.json")).unwrap();
        for (row, number) in all[scenario].as_array().unwrap().iter().zip(1..) {
            match row["upstream"].as_str() {
                Some("stops") => upstream.unwrap().fail(Route::Any, Fault::Status(403)),
                Some(_) => upstream.unwrap().heal(),
                None => {
                    let page = self.ask(row).await;
                    let ours = self.answer(row, &page);
                    self.compare(&format!("{scenario} {number}"), row, &ours);
                }
            }
        }
    }

    async fn ask(&mut self, row: &Value) -> Page {
        let method: Method = row["method"].as_str().unwrap().parse().unwrap();
        let mut path = row["path"].as_str().unwrap().to_owned();
        for (word, real) in &self.words {
            path = path.replace(word, real);
        }
        if path.starts_with("/openshift/token") {
            let authorization = basic("x", &self.token);
            return ask(self.server, method, &path, &authorization).await;
        }
        if row["auth"] == false {
            return ask(self.server, method, &path, "").await;
        }
        let bytes = match path.contains("no-such-project") {
            true => CONFIG,
            false => LAYER,
        };
        if path.ends_with("/<id>") {
            let (path, body) = match method {
                Method::PUT => (
                    format!("{}?digest={}", self.upload, digest(bytes)),
                    &b""[..],
                ),
                _ => (self.upload.clone(), bytes),
            };
            return self.client.send(method, &path, &[], body).await;
        }
        if method == Method::PUT {
            // Their clients sent the config as they sent the layer.
            self.client.blob("ns/pushed", CONFIG).await;
            let manifest = image("golden").to_string();
            let headers = [("content-type", OCI)];
            return self.client.send(method, &path, &headers, manifest).await;
        }
        let range = row["range"].as_str().map(|range| ("range", range));
        let headers: Vec<_> = range.into_iter().collect();
        let page = self.client.send(method, &path, &headers, "").await;
        if page.status == StatusCode::ACCEPTED {
            self.upload = page.location().to_owned();
        }
        page
    }

    /// An answer of ours as the file writes it.
    fn answer(&self, row: &Value, page: &Page) -> Value {
        let plain = |text: &str| {
            let mut text = text.replace("weir.test", "HERE");
            for (word, real) in &self.words {
                text = text.replace(real, word);
            }
            let id = self.upload.rsplit('/').next().unwrap_or_default();
            if id.is_empty() {
                text
            } else {
                text.replace(id, "<id>")
            }
        };
        let mut headers = json!({});
        for name in HEADERS
            .into_iter()
            .filter(|name| page.headers.contains_key(*name))
        {
            let value = page.header(name);
            headers[name] = match name {
                "content-range" => match value.rsplit_once('/') {
                    Some((range, _)) => format!("{range}/<size>"),
                    None => value.to_owned(),
                },
                "range" if value != "0-0" => "0-<end>".to_owned(),
                _ => plain(value),
            }
            .into();
        }
        let mut ours = json!({ "status": page.status.as_u16(), "headers": headers });
        let body: Value = serde_json::from_str(&page.body).unwrap_or_default();
        if let Some(code) = body["errors"][0].get("code") {
            ours["code"] = code.clone();
        }
        if row["tags"].is_array() {
            ours["tags"] = body["tags"].clone();
        }
        if row["keys"].is_array() {
            let keys = ["access_token", "token"];
            ours["keys"] = keys
                .into_iter()
                .filter(|key| body[key].is_string())
                .collect();
        }
        ours
    }

    fn compare(&mut self, at: &str, theirs: &Value, ours: &Value) {
        let header = |of: &Value, name: &str| of["headers"][name].clone();
        let mut pairs: Vec<(&str, Value, Value)> = HEADERS
            .into_iter()
            .map(|name| (name, header(theirs, name), header(ours, name)))
            .collect();
        for name in ["status", "code", "tags", "keys"] {
            pairs.push((name, theirs[name].clone(), ours[name].clone()));
        }
        for (name, theirs, ours) in pairs.into_iter().filter(|(_, theirs, ours)| theirs != ours) {
            let word = |value: &Value| value.as_str().map_or(value.to_string(), str::to_owned);
            let (theirs, ours) = (word(&theirs), word(&ours));
            let listed = DEVIATIONS.iter().position(|known| {
                let both = (fits(known.1, &theirs), fits(known.2, &ours));
                known.0 == name && both.0.is_some() && both.0 == both.1
            });
            match listed {
                Some(listed) => self.seen.push(listed),
                None => self
                    .wrong
                    .push(format!("{at} {name}: theirs {theirs}, ours {ours}")),
            }
        }
    }
}

#[tokio::test]
async fn answers_to_pulls_and_pushes_are_those_that_were_recorded() {
    let server = TestServer::start().await;
    let upstream = TestUpstream::start().await;
    let layer = vec![b'l'; 8_163];
    upstream.image_with_layer("team/app", "1", layer.clone());
    upstream.image_with_layer("team/app", "2", "cold");
    import(&server, &upstream, "ns/app", &["1", "2"]).await;
    let one = upstream.digest("team/app", "1");
    let manifest = upstream.manifest("team/app", &one).unwrap();
    let kind: Value = serde_json::from_slice(&manifest).unwrap();
    let kind = kind["mediaType"].as_str().unwrap().to_owned();
    let words = [
        ("<manifest>", one.to_string()),
        ("<other>", upstream.digest("team/app", "2").to_string()),
        ("<layer>", digest(&layer).to_string()),
        ("<cold>", digest(b"cold").to_string()),
        ("<type>", kind),
    ];
    let mut pulls = Replay::new(&server, &words).await;
    pulls.run("registry-pull-imported", Some(&upstream)).await;

    let words = [
        (
            "<manifest>",
            digest(image("golden").to_string().as_bytes()).to_string(),
        ),
        ("<layer>", digest(LAYER).to_string()),
        ("<config>", digest(CONFIG).to_string()),
        ("<type>", OCI.to_owned()),
    ];
    let mut pushes = Replay::new(&server, &words).await;
    pushes.run("registry-push-new", None).await;
    pushes.run("prune-registry", None).await;

    let mut wrong = pulls.wrong;
    wrong.append(&mut pushes.wrong);
    for (at, (name, _, ours, _)) in DEVIATIONS.iter().enumerate() {
        if !pulls.seen.contains(&at) && !pushes.seen.contains(&at) {
            wrong.push(format!("{name}: {ours} deviates no more"));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}
