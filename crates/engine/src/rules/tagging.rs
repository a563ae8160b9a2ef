//! What setting tags of one stream changes.

use chrono::{DateTime, Utc};
use model::{
    Cause, Change, Digest, Plan, Reference, StreamRef, TagName, TagSource, TagSpec, Warning,
    policy::Schedule,
    tag::{PREFER_ARCH, PREFER_OS, TagAt},
    tagging::{Mode, TagInput, TagRequest},
};

use super::{Refusal, alias, facts::StreamFacts, policy, rollback};

/// Images of the source's stream whose digest begins as asked: digest and where each is found.
pub type Matches = [(Digest, Reference)];

/// Plans setting `destinations`, tags of the stream that `facts` are of; it is made if it does not `exist`. `matches`
/// answers a source that is an image.
///
/// # Errors
/// When the source does not exist, is ambiguous or has no image yet, or when following would go round in a circle.
pub fn plan(
    facts: &StreamFacts,
    exists: bool,
    destinations: &[TagName],
    request: &TagRequest,
    matches: &Matches,
    now: DateTime<Utc>,
) -> Result<Plan, Refusal> {
    let mut changes = Vec::new();
    let mut warnings = Vec::new();
    let mut sentences = Vec::new();
    if !exists {
        changes.push(Change::CreateStream {
            source: None,
            insecure: false,
        });
        sentences.push(format!("{} will be created.", facts.stream));
    }
    for destination in destinations {
        let one = Destination {
            facts,
            tag: destination,
            request,
            matches,
            now,
        };
        changes.extend(one.plan(&mut warnings, &mut sentences)?);
    }
    let own = changes.len();
    let changes = alias::with_followers(facts, changes);
    warnings.extend(rollback::moved_with(&changes[own..]));
    Ok(Plan {
        stream: facts.stream.clone(),
        changes,
        warnings,
        sentence: sentences.join(" "),
    })
}

/// One tag that is to be set.
struct Destination<'a> {
    facts: &'a StreamFacts,
    tag: &'a TagName,
    request: &'a TagRequest,
    matches: &'a Matches,
    now: DateTime<Utc>,
}

/// What a source comes to: what the tag should be, its image, and the source in words.
type Resolved = (TagSource, Option<(Digest, Reference)>, String);

impl Destination<'_> {
    fn plan(
        &self,
        warnings: &mut Vec<Warning>,
        sentences: &mut Vec<String>,
    ) -> Result<Vec<Change>, Refusal> {
        let Self { facts, tag, .. } = *self;
        let generation = facts.generation + 1;
        let known = facts.tag(tag);
        let before = known.and_then(|tag| tag.spec.clone());
        let (source, image, from) = self.resolve(before.as_ref())?;
        let mut after = self.spec(source.clone(), before.as_ref(), generation);
        // What is read stays as it is: that is no new import.
        if let Some(before) = before
            .as_ref()
            .filter(|before| policy::reads_as(before, &after))
        {
            after.generation = before.generation;
        }
        let mut changes = Vec::new();
        let same = before.as_ref().is_some_and(|before| {
            *before
                == TagSpec {
                    generation: before.generation,
                    ..after.clone()
                }
        });
        if !same {
            warnings.extend(self.gives_up(before.as_ref(), &source));
            changes.push(Change::SetSpec {
                tag: tag.clone(),
                before,
                after,
            });
        }
        if let Some((digest, reference)) = &image {
            let (image, cause) = ((digest, reference), Cause::Tag);
            changes.extend(facts.settle_head(&changes, tag, image, generation, cause));
        }
        if !changes.is_empty() && facts.held(tag) {
            warnings.push(Warning(format!("{tag} is held; tagging it ends the hold.")));
            changes.push(Change::SetHold {
                tag: tag.clone(),
                before: true,
                after: false,
            });
        }
        if !changes.is_empty() && known.is_some_and(|tag| tag.condition.is_some()) {
            changes.push(Change::SetCondition {
                tag: tag.clone(),
                after: None,
            });
        }
        if let TagInput::Tag(at) = &self.request.source
            && !changes.is_empty()
            && !facts.insecure
            && facts.elsewhere.get(at).is_some_and(|tag| tag.insecure)
        {
            warnings.push(Warning(format!(
                "{at} may be read over unverified TLS or plain HTTP, {tag} may not: what is not stored here yet cannot be pulled through it. Allow insecure connections in its policies if you trust the network."
            )));
        }
        sentences.push(self.sentence(&source, image.as_ref(), &from, changes.is_empty()));
        Ok(changes)
    }

    /// What the tag should be. Where consumers are sent is kept unless it is said; the rest is as asked.
    fn spec(&self, source: TagSource, before: Option<&TagSpec>, generation: i64) -> TagSpec {
        let options = &self.request.options;
        let external = matches!(source, TagSource::External { .. });
        let mut spec = TagSpec::new(source, generation);
        spec.reference_policy = options.reference_policy.unwrap_or_else(|| {
            before
                .map(|before| before.reference_policy)
                .unwrap_or_default()
        });
        spec.insecure = options.insecure && external;
        if let Some(before) = before {
            spec.annotations.clone_from(&before.annotations);
        }
        if external {
            for (name, word) in [PREFER_OS, PREFER_ARCH].into_iter().zip(&options.platform) {
                if !word.is_empty() {
                    spec.annotations.insert(name.to_owned(), word.clone());
                }
            }
        }
        spec
    }

    fn resolve(&self, before: Option<&TagSpec>) -> Result<Resolved, Refusal> {
        match (&self.request.source, self.request.mode) {
            (TagInput::External(reference), mode) => self.external(reference, mode, before),
            (TagInput::Image(_, _), Mode::Follow) => Err(Refusal::new(
                "mode",
                "an image never moves, so it cannot be followed: choose Fixed, or name a tag as source",
            )),
            (TagInput::Image(stream, id), Mode::Fixed) => self.image(stream, id),
            (TagInput::Tag(at), Mode::Follow) => self.follow(at),
            (TagInput::Tag(at), Mode::Fixed) => self.fixed(at),
        }
    }

    fn external(
        &self,
        reference: &Reference,
        mode: Mode,
        before: Option<&TagSpec>,
    ) -> Result<Resolved, Refusal> {
        let options = &self.request.options;
        let said = reference.to_string();
        if options.reference_only {
            if mode == Mode::Follow {
                return Err(Refusal::new(
                    "mode",
                    "what is only noted is never looked at again: choose Fixed, or leave out Only note it",
                ));
            }
            let since = match before.map(|before| &before.source) {
                Some(TagSource::Reference {
                    reference: noted,
                    since,
                }) if noted == reference => *since,
                _ => self.now,
            };
            let reference = reference.clone();
            return Ok((TagSource::Reference { reference, since }, None, said));
        }
        let schedule = match (mode, options.schedule) {
            (Mode::Fixed, _) => Schedule::Never,
            (Mode::Follow, Schedule::Never) => Schedule::Global,
            (Mode::Follow, own) => own,
        };
        let source = TagSource::External {
            reference: reference.clone(),
            schedule,
            mode: options.import_mode,
        };
        Ok((source, None, said))
    }

    fn image(&self, stream: &StreamRef, id: &str) -> Result<Resolved, Refusal> {
        match self.matches {
            [] => Err(Refusal::new(
                "source",
                format!("{stream} has no image {id}; its history lists the digests it has"),
            )),
            [(digest, reference)] => Ok((
                TagSource::Fixed {
                    stream: self.other(stream),
                    digest: digest.clone(),
                },
                Some((digest.clone(), reference.clone())),
                format!("{}@{}", self.short(stream), digest.short()),
            )),
            many => {
                let all: Vec<_> = many.iter().map(|(digest, _)| digest.to_string()).collect();
                Err(Refusal::new(
                    "source",
                    format!("{id} could be any of {}: write more digits", all.join(", ")),
                ))
            }
        }
    }

    fn follow(&self, at: &TagAt) -> Result<Resolved, Refusal> {
        if let Some(circle) = alias::circle(self.facts, self.tag, at) {
            let message = alias::circle_words(&self.facts.stream, &circle);
            return Err(Refusal::new("source", message));
        }
        let source = TagSource::Follow {
            stream: self.other(&at.stream),
            tag: at.tag.clone(),
        };
        Ok((source, self.facts.head_at(at), self.name(at)))
    }

    fn fixed(&self, at: &TagAt) -> Result<Resolved, Refusal> {
        if !self.exists(at) {
            let message = format!("{} has no tag {}", at.stream, at.tag);
            return Err(Refusal::new("source", message));
        }
        let Some((digest, reference)) = self.facts.head_at(at) else {
            let message = format!(
                "{} has no image yet, so there is nothing to stay at: import it, or choose Follow",
                self.name(at)
            );
            return Err(Refusal::new("source", message));
        };
        let source = TagSource::Fixed {
            stream: self.other(&at.stream),
            digest: digest.clone(),
        };
        Ok((source, Some((digest, reference)), self.name(at)))
    }

    fn exists(&self, at: &TagAt) -> bool {
        if at.stream == self.facts.stream {
            return self.facts.tag(&at.tag).is_some();
        }
        self.facts.elsewhere.contains_key(at)
    }

    /// The stream, if it is not the destination's own.
    fn other(&self, stream: &StreamRef) -> Option<StreamRef> {
        (*stream != self.facts.stream).then(|| stream.clone())
    }

    fn short(&self, stream: &StreamRef) -> String {
        match self.other(stream) {
            Some(other) => other.to_string(),
            None => stream.name.to_string(),
        }
    }

    fn name(&self, at: &TagAt) -> String {
        format!("{}:{}", self.short(&at.stream), at.tag)
    }

    /// What the tag did so far and will not do any more.
    fn gives_up(&self, before: Option<&TagSpec>, source: &TagSource) -> Option<Warning> {
        let tag = self.tag;
        let text = match (&before?.source, source) {
            (
                TagSource::External { reference, .. },
                TagSource::External {
                    reference: other, ..
                },
            ) if reference == other => return None,
            (TagSource::External { reference, .. }, _) => {
                format!("{tag} will no longer be imported from {reference}.")
            }
            (
                TagSource::Follow {
                    stream,
                    tag: followed,
                },
                _,
            ) => {
                let stream = stream.as_ref().unwrap_or(&self.facts.stream);
                let followed = TagAt {
                    stream: stream.clone(),
                    tag: followed.clone(),
                };
                format!("{tag} will no longer follow {}.", self.name(&followed))
            }
            _ => return None,
        };
        Some(Warning(text))
    }

    fn sentence(
        &self,
        source: &TagSource,
        image: Option<&(Digest, Reference)>,
        from: &str,
        nothing: bool,
    ) -> String {
        let destination = format!("{}:{}", self.facts.stream.name, self.tag);
        if nothing {
            return match source {
                TagSource::External { .. } => format!(
                    "Nothing would change: {destination} already is so. Import again asks the registry."
                ),
                _ => format!("Nothing would change: {destination} already is so."),
            };
        }
        let mut sentence = match (source, image) {
            (TagSource::External { schedule, .. }, _) if *schedule == Schedule::Never => {
                format!("{destination} will be imported from {from}, at once.")
            }
            (TagSource::External { schedule, .. }, _) => {
                format!("{destination} will be imported from {from}, at once and {schedule}.")
            }
            (TagSource::Reference { .. }, _) => {
                format!("{destination} will note {from}, which is never imported.")
            }
            (TagSource::Follow { .. }, Some(_)) => format!("{destination} will follow {from}."),
            (TagSource::Follow { .. }, None) => {
                format!("{destination} will follow {from}, which has no image yet.")
            }
            (_, Some((digest, _))) => format!(
                "{destination} will point at what {from} is now ({}) and stay there.",
                digest.short()
            ),
            (_, None) => format!("{destination} will be set."),
        };
        match self.facts.tag(self.tag).and_then(|tag| tag.head.as_ref()) {
            Some(head) => sentence.push_str(&format!(" Now it points at {}.", head.digest.short())),
            None => sentence.push_str(" It does not exist yet."),
        }
        sentence
    }
}
