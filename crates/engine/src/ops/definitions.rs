//! Definitions: streams, tags and images out in OpenShift's form, and streams in, previewed first.

use std::collections::{BTreeMap, BTreeSet};

use chrono::{DateTime, Utc};
use model::{
    Change, Digest, Namespace, Plan, StreamRef, TagName,
    tag::{Revision, TagAt},
};
use serde_json::Value;

use super::{PlannedAll, edits, load_stream, no_tag, tags::moved_elsewhere};
use crate::{
    Actor, Engine, Error, Result,
    openshift::{
        self, StreamObject, TagObject,
        definition::{DefinedSource, Definition, DefinitionError, from_values},
        text,
    },
    rules::{
        self,
        facts::{Elsewhere, StreamFacts},
    },
    store::{StreamRecord, Tx, WriteContext},
};

/// Tags and revisions one export holds, at most.
const MOST_TAGS: usize = 5_000;
const MOST_REVISIONS: usize = 20_000;
/// How long a preview is kept.
const DRAFT: chrono::Duration = chrono::Duration::days(1);

/// A text somebody previews.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Draft {
    /// Namespace of definitions that name none; may be empty.
    pub namespace: String,
    /// The text.
    pub text: String,
}

impl Engine {
    fn registry(&self) -> Option<String> {
        self.config().registry_host.clone()
    }

    /// A stream as an OpenShift object, with all its tags and their history.
    ///
    /// # Errors
    /// `NotFound`; `Conflict` when it is too large for one object.
    pub async fn export_stream(&self, actor: &Actor, stream: &StreamRef) -> Result<Value> {
        actor.may_read(&stream.namespace)?;
        let mut tx = self.store().read().await?;
        let record = load_stream(&mut tx, stream).await?;
        let names = tx.tag_names(&record.id, "", MOST_TAGS + 1).await?;
        let revisions = tx.all_revisions(&record.id, MOST_REVISIONS + 1).await?;
        if names.len() > MOST_TAGS || revisions.len() > MOST_REVISIONS {
            return Err(Error::Conflict(format!(
                "{stream} has more than {MOST_TAGS} tags or {MOST_REVISIONS} revisions, too many for one object; export its tags one by one"
            )));
        }
        let registry = self.registry();
        let object = object(&mut tx, &record, &names, revisions, registry).await?;
        Ok(openshift::image_stream(&object))
    }

    /// A tag as an ImageStreamTag.
    ///
    /// # Errors
    /// `NotFound`, also for a tag without an image.
    pub async fn export_tag(
        &self,
        actor: &Actor,
        stream: &StreamRef,
        tag: &TagName,
    ) -> Result<Value> {
        actor.may_read(&stream.namespace)?;
        let mut tx = self.store().read().await?;
        let record = load_stream(&mut tx, stream).await?;
        let head = tx
            .facts(&record, std::slice::from_ref(tag))
            .await?
            .tag(tag)
            .and_then(|tag| tag.image().cloned())
            .ok_or_else(|| no_tag(stream, tag))?;
        let revision = tx.revision(&record.id, tag, head.number).await?;
        let revisions = revision
            .into_iter()
            .map(|found| (tag.clone(), found))
            .collect();
        let names = std::slice::from_ref(tag);
        let object = object(&mut tx, &record, names, revisions, self.registry()).await?;
        let image = tx.image(&head.digest).await?;
        let image = image.ok_or_else(|| Error::inconsistent("a head without its image"))?;
        let signatures = tx.signatures(&record.id, &head.digest).await?;
        let image = openshift::image(&image, &head.reference, &signatures);
        let shown = object.tags.first().ok_or_else(|| no_tag(stream, tag))?;
        Ok(openshift::image_stream_tag(&object, shown, &image))
    }

    /// An image of a stream as an ImageStreamImage, by digest or its beginning; the name is as it was asked for.
    ///
    /// # Errors
    /// `NotFound`; `Conflict` naming all that begin so; `Upstream` as [`Engine::image`].
    pub async fn export_image(&self, actor: &Actor, stream: &StreamRef, id: &str) -> Result<Value> {
        actor.may_read(&stream.namespace)?;
        let prefix = id.strip_prefix("sha256:").unwrap_or(id);
        self.see_children(actor, [(stream, prefix)]).await?;
        let mut tx = self.store().read().await?;
        let record = load_stream(&mut tx, stream).await?;
        let digest: Digest = match id.parse() {
            Ok(digest) => digest,
            Err(_) => match tx.find_images(&record, prefix, stream).await?.as_slice() {
                [] => return Err(Error::NotFound(format!("{stream} has no image {id}"))),
                [(digest, _)] => digest.clone(),
                many => {
                    let all: Vec<_> = many.iter().map(|(digest, _)| digest.to_string()).collect();
                    return Err(Error::Conflict(format!(
                        "{id} could be any of {}: write more digits",
                        all.join(", ")
                    )));
                }
            },
        };
        let missing = || Error::NotFound(format!("{stream} has no image {id}"));
        let reference = tx.image_in_stream(&record.id, &digest).await?;
        let reference = reference.ok_or_else(missing)?;
        let image = tx.image(&digest).await?.ok_or_else(missing)?;
        let object = object(&mut tx, &record, &[], Vec::new(), self.registry()).await?;
        let name = format!("{}@{id}", stream.name);
        let signatures = tx.signatures(&record.id, &digest).await?;
        let image = openshift::image(&image, &reference, &signatures);
        Ok(openshift::image_stream_image(&object, &name, &image))
    }

    /// Keeps a text that is to be previewed; returns its id.
    ///
    /// # Errors
    /// `Denied`; `Invalid` field `text` for what a database cannot keep.
    pub async fn save_draft(&self, actor: &Actor, draft: &Draft) -> Result<String> {
        actor.may_write_anywhere()?;
        if draft.text.contains('\0') || draft.namespace.contains('\0') {
            let message = "this is no text: a zero byte is in it";
            return Err(Error::invalid("text", message));
        }
        let id = self.clock().id();
        let now = self.clock().now();
        let mut tx = self.store().write().await?;
        tx.insert_draft(&id, &actor.id, draft, now, now - DRAFT)
            .await?;
        tx.commit().await?;
        Ok(id)
    }

    /// A text the actor previews.
    ///
    /// # Errors
    /// `Denied`; `NotFound`, also for somebody else's.
    pub async fn draft(&self, actor: &Actor, id: &str) -> Result<Draft> {
        actor.may_write_anywhere()?;
        let mut tx = self.store().read().await?;
        tx.draft(id, &actor.id).await?.ok_or_else(|| {
            Error::NotFound("this preview is gone: paste the definition once more".into())
        })
    }

    /// What applying a text would do.
    ///
    /// # Errors
    /// `Denied`; `Invalid` field `text` or `namespace`, every problem of the text in its message, a line each.
    pub async fn plan_definitions(&self, actor: &Actor, draft: &Draft) -> Result<PlannedAll> {
        let definitions = read(actor, draft)?;
        self.see_children(actor, by_id(&definitions)).await?;
        let now = self.clock().now();
        let mut tx = self.store().read().await?;
        let mut plans = Vec::new();
        let mut text = Text::of(&definitions);
        for (stream, definition) in &definitions {
            let (facts, mut plan) = text.plan(&mut tx, actor, stream, definition, now).await?;
            self.check_changes(&facts, &plan.changes, "text")?;
            let moved = tx.moves_elsewhere(stream, &plan.changes).await?;
            plan.warnings.extend(moved_elsewhere(&moved));
            plans.push(plan);
        }
        PlannedAll::new(plans)
    }

    /// Applies a text: all of it or nothing. What is to be imported is, soon after. Returns the streams.
    ///
    /// # Errors
    /// As [`Engine::plan_definitions`]; `Conflict` when the plan is not the one `token` confirms.
    pub async fn apply_definitions(
        &self,
        actor: &Actor,
        draft: &Draft,
        confirmed: &str,
    ) -> Result<Vec<StreamRef>> {
        let definitions = read(actor, draft)?;
        self.see_children(actor, by_id(&definitions)).await?;
        let now = self.clock().now();
        let mut tx = self.store().write().await?;
        // Locked in one order everywhere: two texts that name the same streams wait for each other.
        let mut streams: Vec<&StreamRef> = definitions.iter().map(|(stream, _)| stream).collect();
        streams.sort();
        for stream in streams {
            if let Some(record) = tx.stream(stream).await? {
                tx.lock_stream(&record.id).await?;
            }
        }
        let mut plans = Vec::new();
        let mut text = Text::of(&definitions);
        for (stream, definition) in &definitions {
            let (facts, plan) = text.plan(&mut tx, actor, stream, definition, now).await?;
            self.check_changes(&facts, &plan.changes, "text")?;
            plans.push(plan);
        }
        if PlannedAll::new(plans)?.token != confirmed {
            return Err(Error::Conflict(
                "something has changed since the preview; look at the new preview and confirm again"
                    .into(),
            ));
        }
        let ctx = self.write_context(actor, "apply");
        let mut text = Text::of(&definitions);
        for (stream, definition) in &definitions {
            let (facts, plan) = text
                .plan(&mut tx, actor, stream, definition, ctx.now)
                .await?;
            self.apply_one(&mut tx, actor, &ctx, definition, facts, plan)
                .await?;
        }
        tx.commit().await?;
        self.wake();
        Ok(definitions.into_iter().map(|(stream, _)| stream).collect())
    }

    async fn apply_one(
        &self,
        tx: &mut Tx,
        actor: &Actor,
        ctx: &WriteContext,
        definition: &Definition,
        mut facts: StreamFacts,
        plan: Plan,
    ) -> Result<()> {
        let stream = &plan.stream;
        let (mut changes, mut reads_source) = (plan.changes, false);
        if let [create @ Change::CreateStream { source, .. }, ..] = changes.as_slice() {
            reads_source = source.is_some();
            let id = self.clock().id();
            tx.create_stream(&id, stream, create.clone(), ctx).await?;
            changes.remove(0);
            facts.generation = 1;
        }
        reads_source |= changes
            .iter()
            .any(|change| matches!(change, Change::SetSource { after: Some(_), .. }));
        let record = load_stream(tx, stream).await?;
        tx.apply(&record, &facts, &changes, ctx).await?;
        let record = load_stream(tx, stream).await?;
        let mut again = edits::again(tx, &record, &changes).await?;
        let asked = definition.tags.iter().filter(|tag| tag.import_again);
        again.extend(asked.map(|tag| tag.name.clone()));
        if let (true, Some(source)) = (reads_source, &record.source) {
            self.insert_repository_job(tx, actor, &record, source)
                .await?;
            if definition.check_again {
                let external = tx.external_tags(&record.id).await?.into_iter();
                let others = external.filter(|(_, from, _)| from.without_tag() != *source);
                again.extend(others.map(|(tag, ..)| tag));
            }
        }
        again.sort();
        again.dedup();
        if !again.is_empty() {
            self.insert_again(tx, actor, &record, &again).await?;
        }
        Ok(())
    }
}

/// The definitions of a text with the stream of each, those that others follow before those; the actor may change them all.
fn read(actor: &Actor, draft: &Draft) -> Result<Vec<(StreamRef, Definition)>> {
    let namespace: Option<Namespace> = match draft.namespace.trim() {
        "" => None,
        name => Some(name.parse().map_err(|error: model::name::NameError| {
            Error::invalid("namespace", error.to_string())
        })?),
    };
    let definitions =
        from_values(text::parse(&draft.text)?, namespace.as_ref()).map_err(refused)?;
    let definitions = definitions
        .into_iter()
        .map(|definition| {
            let namespace = definition.namespace.clone().ok_or_else(|| {
                Error::invalid(
                    "namespace",
                    format!(
                        "{} names no namespace: write one here, or metadata.namespace in the text",
                        definition.name
                    ),
                )
            })?;
            actor.may_write(&namespace)?;
            let stream = StreamRef {
                namespace,
                name: definition.name.clone(),
            };
            Ok((stream, definition))
        })
        .collect::<Result<Vec<_>>>()?;
    Ok(in_order(definitions))
}

/// Those whose tags are followed before those that follow them.
fn in_order(definitions: Vec<(StreamRef, Definition)>) -> Vec<(StreamRef, Definition)> {
    let streams = definitions.iter().map(|(stream, _)| stream);
    let places: BTreeMap<&StreamRef, usize> = streams.zip(0..).collect();
    let followed = definitions.iter().map(|(_, definition)| {
        let others = definition.tags.iter().filter_map(|tag| match &tag.source {
            DefinedSource::Follow(Some(other), _) => places.get(other).copied(),
            _ => None,
        });
        others.collect()
    });
    let order = rules::definition::followed_first(followed.collect());
    let mut definitions: Vec<_> = definitions.into_iter().map(Some).collect();
    let take = |place: usize| definitions.get_mut(place).and_then(Option::take);
    order.into_iter().filter_map(take).collect()
}

/// The images definitions name by their ids.
fn by_id(definitions: &[(StreamRef, Definition)]) -> impl Iterator<Item = (&StreamRef, &str)> {
    definitions.iter().flat_map(|(stream, definition)| {
        definition
            .tags
            .iter()
            .filter_map(move |tag| match &tag.source {
                DefinedSource::Fixed(other, id) => {
                    Some((other.as_ref().unwrap_or(stream), id.as_str()))
                }
                _ => None,
            })
    })
}

fn refused(problems: Vec<DefinitionError>) -> Error {
    let lines: Vec<_> = problems.iter().map(ToString::to_string).collect();
    Error::invalid("text", lines.join("\n"))
}

/// The streams of one text, and what those that are planned make of their tags: what later ones follow.
struct Text<'a> {
    streams: BTreeSet<&'a StreamRef>,
    tags: BTreeMap<TagAt, Elsewhere>,
}

impl<'a> Text<'a> {
    fn of(definitions: &'a [(StreamRef, Definition)]) -> Self {
        Self {
            streams: definitions.iter().map(|(stream, _)| stream).collect(),
            tags: BTreeMap::new(),
        }
    }

    async fn plan(
        &mut self,
        tx: &mut Tx,
        actor: &Actor,
        stream: &StreamRef,
        definition: &Definition,
        now: DateTime<Utc>,
    ) -> Result<(StreamFacts, Plan)> {
        let record = tx.stream(stream).await?;
        let mut names: Vec<TagName> = definition.tags.iter().map(|tag| tag.name.clone()).collect();
        let mut images = rules::definition::Images::new();
        let mut followed = Vec::new();
        for tag in &definition.tags {
            match &tag.source {
                DefinedSource::Follow(None, tag) => names.push(tag.clone()),
                DefinedSource::Follow(Some(other), tag_there) => {
                    actor.may_read(&other.namespace)?;
                    if !self.streams.contains(other) && tx.stream(other).await?.is_none() {
                        let message = format!("{}: there is no stream {other} to follow", tag.name);
                        return Err(Error::invalid("text", message));
                    }
                    followed.push(TagAt {
                        stream: other.clone(),
                        tag: tag_there.clone(),
                    });
                }
                DefinedSource::Fixed(other, id) => {
                    let of = other.as_ref().unwrap_or(stream);
                    actor.may_read(&of.namespace)?;
                    if let Some(record) = tx.stream(of).await? {
                        let found = tx.find_images(&record, id, stream).await?;
                        tx.check_seen(&record, &found).await?;
                        images.insert((of.clone(), id.clone()), found);
                    }
                }
                _ => {}
            }
        }
        let mut facts = match &record {
            Some(record) => tx.facts_with(record, &names, followed.clone()).await?,
            None => {
                let mut facts = StreamFacts::empty(stream);
                tx.look_elsewhere(&mut facts, followed.clone()).await?;
                facts
            }
        };
        let mut wanted: Vec<TagAt> = facts.elsewhere.keys().cloned().collect();
        wanted.extend(followed);
        let mut met = BTreeSet::new();
        while let Some(at) = wanted.pop() {
            if at.stream == *stream || !met.insert(at.clone()) {
                continue;
            }
            let Some(mut planned) = self.tags.get(&at).cloned() else {
                continue;
            };
            wanted.extend(planned.follows.clone());
            if let Some((_, reference)) = &mut planned.head {
                *reference = tx.brought(reference, &at.stream, stream)?;
            }
            facts.elsewhere.insert(at, planned);
        }
        let source = record.as_ref().and_then(|record| record.source.as_ref());
        let plan =
            rules::definition::plan(&facts, record.is_some(), source, definition, &images, now)?;
        self.note(&facts, &plan);
        Ok((facts, plan))
    }

    fn note(&mut self, facts: &StreamFacts, plan: &Plan) {
        for change in &plan.changes {
            let Some(tag) = change.tag() else { continue };
            let at = TagAt {
                stream: plan.stream.clone(),
                tag: tag.clone(),
            };
            let known = self.tags.entry(at).or_insert_with_key(|at| Elsewhere {
                head: facts.head_at(at),
                follows: facts.followed_at(at),
                ..Elsewhere::default()
            });
            match change {
                Change::SetSpec { after, .. } => {
                    known.follows = after.source.followed(&plan.stream)
                }
                Change::MoveHead {
                    after, reference, ..
                } => known.head = Some((after.clone(), reference.clone())),
                _ => {}
            }
        }
    }
}

/// A stream's object with some of its tags.
async fn object(
    tx: &mut Tx,
    record: &StreamRecord,
    names: &[TagName],
    revisions: Vec<(TagName, Revision)>,
    registry: Option<String>,
) -> Result<StreamObject> {
    let view = tx.stream_view(&record.stream).await?;
    let view = view.ok_or_else(|| super::no_stream(&record.stream))?;
    let facts = tx.facts(record, names).await?;
    let mut items: BTreeMap<TagName, Vec<Revision>> = BTreeMap::new();
    for (tag, revision) in revisions {
        items.entry(tag).or_default().push(revision);
    }
    let tags = names
        .iter()
        .filter_map(|name| {
            let tag = facts.tag(name)?;
            Some(TagObject {
                name: name.clone(),
                spec: tag.spec.clone(),
                items: items.remove(name).unwrap_or_default(),
                condition: tag.condition.clone(),
            })
        })
        .collect();
    Ok(StreamObject {
        stream: record.stream.clone(),
        uid: record.id.clone(),
        version: view.version,
        generation: view.generation,
        created_at: view.created_at,
        source: record.source.clone(),
        insecure: record.insecure,
        meta: record.meta.clone(),
        checked_at: record.checked_at,
        registry,
        tags,
    })
}
