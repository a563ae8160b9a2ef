//! The steps of a scenario, asked of our engine.

use std::collections::{HashMap, HashSet};

use engine::{
    Actor, Engine,
    testing::{
        db::{TestDb, actor},
        upstream::{ImageKind, TestUpstream},
    },
    upstream::{Config, Upstream},
};
use model::{
    Digest, Reference, StreamRef,
    import::{ImageImport, ImportRequest, Selection},
    policy::{ImportMode, ReferencePolicy, Schedule},
    tag::TagAt,
    tagging::{Mode, TagInput, TagOptions, TagRequest},
    user::Role,
};
use serde_json::Value;

use super::compare::{Deviation, bare, differences};

/// One scenario under way.
pub struct Replay {
    up: TestUpstream,
    engine: Engine,
    editor: Actor,
    /// The number of each digest pushed so far.
    numbers: HashMap<Digest, String>,
    /// Where each number was pushed first: repository and tag.
    places: HashMap<String, (String, String)>,
    /// Tags that were taken away upstream.
    removed: HashSet<(String, String)>,
}

impl Replay {
    /// Asks step by step, and compares after each that tells how the streams were.
    pub async fn run(scenario: &str, text: &str, deviations: &[Deviation]) {
        let golden: Value = serde_json::from_str(text).unwrap();
        let db = TestDb::sqlite();
        let plain = golden["plain"] == true;
        let builder = TestUpstream::builder();
        let up = if plain { builder } else { builder.tls() }.start().await;
        let upstream = Upstream::new(Config {
            extra_roots: up.certificate().into_iter().collect(),
            retries: 0,
            ..Config::default()
        });
        let mut replay = Self {
            engine: db.engine_with(upstream.unwrap(), |_| {}).await,
            up,
            editor: actor(Role::Editor),
            numbers: HashMap::new(),
            places: HashMap::new(),
            removed: HashSet::new(),
        };
        let mut expected: Vec<&Deviation> = deviations
            .iter()
            .filter(|deviation| deviation.scenario == scenario)
            .collect();
        let mut wrong = Vec::new();
        for (step, number) in golden["steps"].as_array().unwrap().iter().zip(1..) {
            db.clock.advance(chrono::Duration::seconds(1));
            replay.step(step).await;
            for stream in step["streams"].as_array().into_iter().flatten() {
                for found in replay.compare(stream).await {
                    let ours = found.ours.to_string();
                    let listed = expected.iter().position(|listed| {
                        listed.step == number && listed.path == found.path && listed.ours == ours
                    });
                    match listed {
                        Some(at) => drop(expected.remove(at)),
                        None => wrong.push(format!("step {number} ({}): {found}", step["as"])),
                    }
                }
            }
        }
        for listed in expected {
            let (step, path, why) = (listed.step, listed.path, listed.why);
            wrong.push(format!(
                "step {step}: {path} does not deviate any more: {why}"
            ));
        }
        assert!(wrong.is_empty(), "{scenario}:\n{}", wrong.join("\n"));
    }

    async fn compare(&self, theirs: &Value) -> Vec<super::compare::Difference> {
        let name = theirs["metadata"]["name"].as_str().unwrap();
        let ours = self
            .engine
            .export_stream(&self.editor, &stream(name))
            .await
            .unwrap();
        let ours = serde_json::from_str(&self.numbered(&bare(ours).to_string())).unwrap();
        differences(name, theirs, &ours)
    }

    async fn step(&mut self, step: &Value) {
        if let Some(tags) = step["push"].as_object() {
            let lists: Vec<&str> = step["lists"]
                .as_array()
                .into_iter()
                .flatten()
                .filter_map(Value::as_str)
                .collect();
            for (at, number) in tags {
                let number = number.as_str().unwrap();
                self.push(at, number, lists.contains(&number));
            }
        }
        if let Some([from, to]) = step["copy"].as_array().map(Vec::as_slice) {
            let (from, to) = (place(from.as_str().unwrap()), place(to.as_str().unwrap()));
            self.up.copy((&from.0, &from.1), (&to.0, &to.1));
        }
        if let Some(at) = step["remove"].as_str() {
            let (repository, tag) = place(at);
            self.up.delete_tag(&repository, &tag);
            self.removed.insert((repository, tag));
        }
        for ask in step["do"].as_array().into_iter().flatten() {
            let (what, body) = ask.as_object().unwrap().iter().next().unwrap();
            match what.as_str() {
                "define" => self.define(body).await,
                "tag" => self.tag(body).await,
                "import" => self.import(body).await,
                "delete" => self.delete(body.as_str().unwrap()).await,
                other => panic!("{other}?"),
            }
            self.engine.run_jobs().await.unwrap();
        }
    }

    fn push(&mut self, at: &str, number: &str, list: bool) {
        let (repository, tag) = place(at);
        if let Some((other, from)) = self.places.get(number) {
            self.up.copy((other, from), (&repository, &tag));
            return;
        }
        let there = self
            .places
            .values()
            .any(|known| *known == (repository.clone(), tag.clone()));
        let kind = if list {
            ImageKind::DockerList
        } else {
            ImageKind::Docker
        };
        if self.removed.remove(&(repository.clone(), tag.clone())) {
            self.up.image(&repository, &tag, kind);
        }
        let digest = match there {
            true => self.up.move_tag(&repository, &tag),
            false => self.up.image(&repository, &tag, kind),
        };
        if list {
            let index = self.up.manifest(&repository, &digest).unwrap();
            let index: Value = serde_json::from_slice(&index).unwrap();
            for child in index["manifests"].as_array().unwrap() {
                let platform = &child["platform"];
                let (os, architecture) = (
                    platform["os"].as_str().unwrap(),
                    platform["architecture"].as_str().unwrap(),
                );
                let digest = child["digest"].as_str().unwrap().parse().unwrap();
                self.numbers
                    .insert(digest, format!("{number}/{os}/{architecture}"));
            }
        }
        self.numbers.insert(digest, number.to_owned());
        self.places.insert(number.to_owned(), (repository, tag));
    }

    /// Our digests and host as the files write them.
    fn numbered(&self, text: &str) -> String {
        let mut text = text.replace(&self.up.host(), "UP");
        for (digest, number) in &self.numbers {
            text = text.replace(digest.as_str(), &format!("<{number}>"));
        }
        text
    }

    /// The other way round.
    fn real(&self, text: &str) -> String {
        let mut text = match text.strip_prefix("UP/") {
            Some(rest) => format!("{}/{rest}", self.up.host()),
            None => text.to_owned(),
        };
        for (digest, number) in &self.numbers {
            text = text.replace(&format!("<{number}>"), digest.as_str());
        }
        text
    }

    fn reference(&self, from: &Value) -> Reference {
        self.real(from["name"].as_str().unwrap()).parse().unwrap()
    }

    async fn define(&self, body: &Value) {
        let mut body = body.clone();
        body["metadata"]["namespace"] = "ns".into();
        let text = body
            .to_string()
            .replace("UP/", &format!("{}/", self.up.host()));
        let draft = engine::Draft {
            namespace: String::new(),
            text,
        };
        let planned = self
            .engine
            .plan_definitions(&self.editor, &draft)
            .await
            .unwrap();
        let applied = self
            .engine
            .apply_definitions(&self.editor, &draft, &planned.token)
            .await;
        applied.unwrap();
    }

    async fn tag(&self, body: &Value) {
        let tag = &body["tag"];
        let from = &tag["from"];
        let name = self.real(from["name"].as_str().unwrap());
        let policy = &tag["importPolicy"];
        let (source, mode) = match from["kind"].as_str().unwrap() {
            "DockerImage" if policy["scheduled"] == true => {
                (TagInput::External(name.parse().unwrap()), Mode::Follow)
            }
            "DockerImage" => (TagInput::External(name.parse().unwrap()), Mode::Fixed),
            "ImageStreamTag" => (TagInput::Tag(at(&name)), Mode::Follow),
            "ImageStreamImage" => {
                let (of, id) = name.split_once('@').unwrap();
                let id = id.strip_prefix("sha256:").unwrap_or(id);
                (TagInput::Image(stream(of), id.to_owned()), Mode::Fixed)
            }
            other => panic!("{other}?"),
        };
        let request = TagRequest {
            options: TagOptions {
                insecure: policy["insecure"] == true,
                reference_policy: Some(pulled(tag)),
                import_mode: import_mode(policy),
                ..TagOptions::default()
            },
            ..TagRequest::new(source, at(body["name"].as_str().unwrap()), mode)
        };
        let planned = self.engine.plan_tag(&self.editor, &request).await.unwrap();
        self.engine
            .set_tag(&self.editor, &request, &planned.token)
            .await
            .unwrap();
    }

    async fn import(&self, body: &Value) {
        let stream = stream(body["stream"].as_str().unwrap());
        let repository = &body["repository"];
        if repository.is_object() {
            let policy = &repository["importPolicy"];
            let request = ImportRequest {
                create: self.engine.stream(&self.editor, &stream).await.is_err(),
                stream,
                source: Some(self.reference(&repository["from"])),
                selection: Selection::All,
                insecure: policy["insecure"] == true,
                schedule: schedule(policy),
                reference_policy: pulled(repository),
                mode: Some(import_mode(policy)),
                platform: <[String; 2]>::default(),
            };
            self.engine
                .start_import(&self.editor, &request)
                .await
                .unwrap();
            return;
        }
        let images: Vec<ImageImport> = body["images"]
            .as_array()
            .unwrap()
            .iter()
            .map(|image| ImageImport {
                from: self.reference(&image["from"]),
                to: image["to"]["name"].as_str().unwrap().parse().unwrap(),
                insecure: image["importPolicy"]["insecure"] == true,
                schedule: schedule(&image["importPolicy"]),
                reference_policy: pulled(image),
                mode: import_mode(&image["importPolicy"]),
                platform: <[String; 2]>::default(),
            })
            .collect();
        self.engine
            .import_images(&self.editor, &stream, &images)
            .await
            .unwrap();
    }

    async fn delete(&self, name: &str) {
        let TagAt { stream, tag } = at(name);
        let planned = self
            .engine
            .plan_delete_tags(&self.editor, &stream, std::slice::from_ref(&tag))
            .await
            .unwrap();
        self.engine
            .delete_tags(&self.editor, &stream, &[tag], &planned.token)
            .await
            .unwrap();
    }
}

fn stream(name: &str) -> StreamRef {
    StreamRef::parse("ns", name).unwrap()
}

/// `stream:tag`.
fn at(name: &str) -> TagAt {
    let (of, tag) = name.split_once(':').unwrap();
    TagAt::new(&stream(of), tag.parse().unwrap())
}

/// Repository and tag upstream.
fn place(text: &str) -> (String, String) {
    let (repository, tag) = text.split_once(':').unwrap();
    (format!("r/{repository}"), tag.to_owned())
}

fn pulled(body: &Value) -> ReferencePolicy {
    match body["referencePolicy"]["type"].as_str() {
        Some("Local") => ReferencePolicy::Local,
        _ => ReferencePolicy::Source,
    }
}

fn import_mode(policy: &Value) -> ImportMode {
    match policy["importMode"].as_str() {
        Some("PreserveOriginal") => ImportMode::PreserveOriginal,
        _ => ImportMode::Legacy,
    }
}

fn schedule(policy: &Value) -> Schedule {
    if policy["scheduled"] == true {
        Schedule::Global
    } else {
        Schedule::Never
    }
}
