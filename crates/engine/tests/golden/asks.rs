//! The steps of a scenario, asked of our engine.

use std::collections::{BTreeMap, HashMap, HashSet};

use engine::{
    Actor, Engine, Error, Result,
    testing::{
        db::{TestDb, actor},
        upstream::{ImageKind, TestUpstream},
    },
    upstream::{Config, Upstream},
};
use model::{
    Digest, Reference, StreamRef,
    import::{ImageImport, ImportRequest, Selection},
    page::PageRequest,
    policy::{ImportMode, ReferencePolicy, Schedule},
    stream::StreamFilter,
    tag::TagAt,
    tagging::{Mode, TagInput, TagOptions, TagRequest},
    user::Role,
};
use serde_json::Value;

use super::{
    compare::{CHECKED, Difference, bare, deviations, differences, pointer, shown},
    patch,
};

/// One scenario under way.
pub struct Replay {
    up: TestUpstream,
    /// Of plain HTTP, for the scenarios that have two.
    second: TestUpstream,
    engine: Engine,
    editor: Actor,
    /// The number of each digest pushed so far.
    numbers: HashMap<Digest, String>,
    /// Where each number was pushed first: repository and tag.
    places: HashMap<String, (String, String)>,
    /// Tags that were taken away upstream.
    removed: HashSet<(String, String)>,
    /// What the objects of tags and images were when they last changed; null when there was none.
    tags: BTreeMap<String, Value>,
    images: BTreeMap<String, Value>,
}

impl Replay {
    /// Asks step by step, and compares after each that tells how the streams were.
    pub async fn run(scenario: &str, text: &str, db: TestDb) {
        let golden: Value = serde_json::from_str(text).unwrap();
        let plain = golden["plain"] == true;
        let builder = TestUpstream::builder();
        let up = if plain { builder } else { builder.tls() }.start().await;
        let known = up.certificate().filter(|_| golden["untrusted"] != true);
        let upstream = Upstream::new(Config {
            upstream_ca: known.into_iter().collect(),
            retries: 0,
            ..Config::default()
        });
        let mut replay = Self {
            engine: db
                .engine_with(upstream.unwrap(), |config| {
                    config.registry_host = Some("HERE".into());
                })
                .await,
            up,
            second: TestUpstream::start().await,
            editor: actor(Role::Editor),
            numbers: HashMap::new(),
            places: HashMap::new(),
            removed: HashSet::new(),
            tags: BTreeMap::new(),
            images: BTreeMap::new(),
        };
        let mut expected = deviations(scenario);
        let mut wrong = Vec::new();
        for (step, number) in golden["steps"].as_array().unwrap().iter().zip(1..) {
            db.clock.advance(chrono::Duration::seconds(1));
            let mut differs = replay.step(step).await;
            if let Some(streams) = step["streams"].as_array() {
                differs.extend(replay.compare(streams).await);
                learn(&mut replay.tags, &step["istags"]);
                learn(&mut replay.images, &step["isimages"]);
                differs.extend(replay.compare_objects().await);
            }
            for found in differs {
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
        for listed in expected {
            let (step, path, why) = (listed.step, listed.path, listed.why);
            wrong.push(format!(
                "step {step}: {path} does not deviate any more: {why}"
            ));
        }
        assert!(wrong.is_empty(), "{scenario}:\n{}", wrong.join("\n"));
    }

    /// All streams there are, against all that were there.
    async fn compare(&self, theirs: &[Value]) -> Vec<Difference> {
        let (all, page) = (StreamFilter::default(), PageRequest::default());
        let there = self
            .engine
            .list_streams(&self.editor, &all, &page)
            .await
            .unwrap();
        let mut found = Vec::new();
        for row in &there.items {
            let ours = self
                .engine
                .export_stream(&self.editor, &row.stream)
                .await
                .unwrap();
            let ours: Value =
                serde_json::from_str(&self.numbered(&bare(ours).to_string())).unwrap();
            let name = row.stream.name.as_str();
            let known = theirs
                .iter()
                .find(|stream| stream["metadata"]["name"] == name);
            found.extend(differences(name, known.unwrap_or(&Value::Null), &ours));
        }
        let names: Vec<_> = there
            .items
            .iter()
            .map(|row| row.stream.name.as_str())
            .collect();
        for stream in theirs {
            let name = stream["metadata"]["name"].as_str().unwrap();
            if !names.contains(&name) {
                found.push(Difference {
                    path: name.to_owned(),
                    theirs: stream.clone(),
                    ours: Value::Null,
                });
            }
        }
        found
    }

    /// The tags and images there were, each against ours.
    async fn compare_objects(&self) -> Vec<Difference> {
        let mut found = Vec::new();
        for (name, theirs) in &self.tags {
            let at = at(name);
            let ours = self
                .engine
                .export_tag(&self.editor, &at.stream, &at.tag)
                .await;
            if let Ok(ours) = &ours {
                found.extend(self.compare_with_stream(name, &at, ours).await);
            }
            found.extend(differences(
                &format!("istags.{name}"),
                theirs,
                &self.object(ours),
            ));
        }
        for (name, theirs) in &self.images {
            let real = self.real(name);
            let (of, id) = real.split_once('@').unwrap();
            let ours = self
                .engine
                .export_image(&self.editor, &stream(of), id)
                .await;
            found.extend(differences(
                &format!("isimages.{name}"),
                theirs,
                &self.object(ours),
            ));
        }
        found
    }

    /// What the object of a tag repeats of its stream: it was the same in all that was recorded.
    async fn compare_with_stream(&self, name: &str, at: &TagAt, tag: &Value) -> Vec<Difference> {
        let stream = self
            .engine
            .export_stream(&self.editor, &at.stream)
            .await
            .unwrap();
        let entry = |list: &Value, key: &str| {
            let mut entries = list.as_array().into_iter().flatten();
            let found = entries.find(|entry| entry[key] == at.tag.as_str());
            found.cloned().unwrap_or_default()
        };
        let spec = entry(&stream["spec"]["tags"], "name");
        let status = entry(&stream["status"]["tags"], "tag");
        let said = [
            ("tag", &spec),
            ("conditions", &status["conditions"]),
            ("generation", &status["items"][0]["generation"]),
            ("lookupPolicy", &stream["spec"]["lookupPolicy"]),
        ];
        said.into_iter()
            .flat_map(|(field, said)| {
                differences(&format!("istags.{name}.{field}"), said, &tag[field])
            })
            .collect()
    }

    /// What is compared of an object of ours; null if there is none.
    fn object(&self, ours: Result<Value>) -> Value {
        match ours {
            Ok(ours) => serde_json::from_str(&self.numbered(&shown(&ours).to_string())).unwrap(),
            Err(Error::NotFound(_)) => Value::Null,
            Err(error) => panic!("{error}"),
        }
    }

    /// Does what is to be done; returns what was taken there and refused here, or the other way round.
    async fn step(&mut self, step: &Value) -> Vec<Difference> {
        if let Some(tags) = step["push"].as_object() {
            for (at, number) in tags {
                let is = |kind: &str| {
                    let mut numbers = step[kind].as_array().into_iter().flatten();
                    numbers.any(|listed| listed == number)
                };
                let kind = match (is("lists"), is("oci")) {
                    (true, _) => ImageKind::DockerList,
                    (_, true) => ImageKind::Oci,
                    _ => ImageKind::Docker,
                };
                self.push(step["at"] == "UP2", at, number.as_str().unwrap(), kind);
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
        if let Some(seconds) = step["after"].as_i64() {
            let clock = self.engine.clock();
            clock.advance(chrono::Duration::seconds(seconds));
            self.engine.schedule_due(1_000).await.unwrap();
            self.engine.run_jobs().await.unwrap();
        }
        let mut differs = Vec::new();
        let asks = step["do"].as_array().into_iter().flatten();
        for (ask, number) in asks.zip(0..) {
            let ours = status(self.ask(ask).await);
            let theirs = ask["status"].as_u64().unwrap_or(200);
            if ours != theirs {
                differs.push(Difference {
                    path: format!("do[{number}]"),
                    theirs: theirs.into(),
                    ours: ours.into(),
                });
            }
            self.engine.run_jobs().await.unwrap();
        }
        differs
    }

    async fn ask(&self, ask: &Value) -> Result<()> {
        let known = |(what, _): &(&String, &Value)| *what != "status";
        let (what, body) = ask.as_object().unwrap().iter().find(known).unwrap();
        match what.as_str() {
            "define" => self.define(body.clone()).await,
            "patch" => self.patch(body).await,
            "tag" => self.tag(body).await,
            "import" => self.import(body).await,
            "preview" => self.preview(body).await,
            "delete" => self.delete(&[body.as_str().unwrap()]).await,
            "delete stream" => self.delete_stream(body.as_str().unwrap()).await,
            other => panic!("{other}?"),
        }
    }

    fn push(&mut self, second: bool, at: &str, number: &str, kind: ImageKind) {
        let (repository, tag) = place(at);
        let up = if second { &self.second } else { &self.up };
        if let Some((other, from)) = self.places.get(number) {
            up.copy((other, from), (&repository, &tag));
            return;
        }
        let there = self
            .places
            .values()
            .any(|known| *known == (repository.clone(), tag.clone()));
        if self.removed.remove(&(repository.clone(), tag.clone())) {
            up.image(&repository, &tag, kind);
        }
        let digest = match there {
            true => up.move_tag(&repository, &tag),
            false => up.image(&repository, &tag, kind),
        };
        if kind == ImageKind::DockerList {
            let index = up.manifest(&repository, &digest).unwrap();
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
        let mut text = text
            .replace(&self.up.host(), "UP")
            .replace(&self.second.host(), "UP2");
        for (digest, number) in &self.numbers {
            text = text.replace(digest.as_str(), &format!("<{number}>"));
        }
        text
    }

    /// The other way round.
    fn real(&self, text: &str) -> String {
        let mut text = text
            .replace("UP/", &format!("{}/", self.up.host()))
            .replace("UP2/", &format!("{}/", self.second.host()));
        for (digest, number) in &self.numbers {
            text = text.replace(&format!("<{number}>"), digest.as_str());
        }
        text
    }

    fn reference(&self, from: &Value) -> Reference {
        self.real(from["name"].as_str().unwrap()).parse().unwrap()
    }

    async fn define(&self, mut body: Value) -> Result<()> {
        body["metadata"]["namespace"] = "ns".into();
        let text = self.real(&body.to_string());
        let draft = engine::Draft {
            namespace: String::new(),
            text,
        };
        let planned = self.engine.plan_definitions(&self.editor, &draft).await?;
        self.engine
            .apply_definitions(&self.editor, &draft, &planned.token)
            .await?;
        Ok(())
    }

    /// A patch is what its result is when it is applied, and the tags it leaves out are deleted.
    async fn patch(&self, body: &Value) -> Result<()> {
        let of = stream(body["of"].as_str().unwrap());
        let before = self.engine.export_stream(&self.editor, &of).await?;
        let mut after = before.clone();
        patch::apply(&mut after, &body["with"]);
        // A text that leaves it out says nothing; an object without it is to be looked at again.
        let checked = pointer(CHECKED);
        if before["metadata"].pointer(&checked).is_some()
            && after["metadata"].pointer(&checked).is_none()
        {
            after["metadata"]["annotations"][CHECKED] = "".into();
        }
        let gone = patch::tags_gone(&before, &after);
        self.define(after).await?;
        let gone: Vec<String> = gone
            .iter()
            .map(|tag| format!("{}:{tag}", of.name))
            .collect();
        let gone: Vec<&str> = gone.iter().map(String::as_str).collect();
        if gone.is_empty() {
            return Ok(());
        }
        self.delete(&gone).await
    }

    async fn tag(&self, body: &Value) -> Result<()> {
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
        let planned = self.engine.plan_tag(&self.editor, &request).await?;
        self.engine
            .set_tag(&self.editor, &request, &planned.token)
            .await?;
        Ok(())
    }

    async fn import(&self, body: &Value) -> Result<()> {
        if body["repository"].is_object() {
            let request = self.repository(body).await;
            self.engine.start_import(&self.editor, &request).await?;
            return Ok(());
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
        let stream = stream(body["stream"].as_str().unwrap());
        self.engine
            .import_images(&self.editor, &stream, &images)
            .await?;
        Ok(())
    }

    /// A single image is previewed as the only tag that is chosen.
    async fn preview(&self, body: &Value) -> Result<()> {
        let mut request = self.repository(body).await;
        if let Some(image) = body["images"].as_array().and_then(|images| images.first()) {
            let from = self.reference(&image["from"]);
            request.selection = Selection::Chosen(from.tag().cloned().into_iter().collect());
            request.source = Some(from.without_tag());
        }
        self.engine.preview_import(&self.editor, &request).await?;
        Ok(())
    }

    async fn repository(&self, body: &Value) -> ImportRequest {
        let stream = stream(body["stream"].as_str().unwrap());
        let repository = &body["repository"];
        let policy = &repository["importPolicy"];
        ImportRequest {
            create: self.engine.stream(&self.editor, &stream).await.is_err(),
            stream,
            source: repository
                .is_object()
                .then(|| self.reference(&repository["from"])),
            selection: Selection::All,
            insecure: policy["insecure"] == true,
            schedule: schedule(policy),
            reference_policy: pulled(repository),
            mode: Some(import_mode(policy)),
            platform: <[String; 2]>::default(),
        }
    }

    /// Tags of one stream.
    async fn delete(&self, names: &[&str]) -> Result<()> {
        let at: Vec<TagAt> = names.iter().map(|name| at(name)).collect();
        let stream = &at[0].stream;
        let tags: Vec<_> = at.iter().map(|at| at.tag.clone()).collect();
        let planned = self
            .engine
            .plan_delete_tags(&self.editor, stream, &tags)
            .await?;
        self.engine
            .delete_tags(&self.editor, stream, &tags, &planned.token)
            .await?;
        Ok(())
    }

    async fn delete_stream(&self, name: &str) -> Result<()> {
        let stream = stream(name);
        let planned = self
            .engine
            .plan_delete_stream(&self.editor, &stream)
            .await?;
        self.engine
            .delete_stream(&self.editor, &stream, &planned.token)
            .await?;
        Ok(())
    }
}

/// Takes over what has changed.
fn learn(known: &mut BTreeMap<String, Value>, changed: &Value) {
    for (name, object) in changed.as_object().into_iter().flatten() {
        known.insert(name.clone(), object.clone());
    }
}

/// What the API would answer.
fn status(done: Result<()>) -> u64 {
    match done {
        Ok(()) => 200,
        Err(Error::Invalid { .. }) => 422,
        Err(Error::NotFound(_)) => 404,
        Err(Error::Conflict(_)) => 409,
        Err(error) => panic!("{error}"),
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
