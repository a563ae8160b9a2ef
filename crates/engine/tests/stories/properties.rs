//! Whatever people and upstreams do, in any order: what must always hold, holds. On both databases.

use std::collections::BTreeMap;

use engine::{
    Error, Result, db_test,
    testing::upstream::{ImageKind, TestUpstream},
};
use model::{
    Change, Digest, TagName, TagSource, TagSpec,
    edit::{Edit, Policies, Which},
    policy::{ReferencePolicy, Schedule},
    tag::TagAt,
    tagging::{After, Mode, TagInput, TagRequest},
};
use proptest::{
    collection::vec,
    prelude::*,
    strategy::{Strategy, ValueTree},
    test_runner::TestRunner,
};

use crate::common::{Story, chosen};

const TAGS: [&str; 5] = ["1.0", "2.0", "3.0", "edge", "latest"];

/// One thing somebody does. Numbers name tags of [`TAGS`].
#[derive(Debug, Clone)]
enum Step {
    /// Upstream gets a new image for a tag.
    Push(usize),
    Import(usize),
    Tag(usize, usize, Mode),
    Delete(usize),
    Rollback(usize, i64, After),
    Release(usize),
    Policies(usize, Policies),
}

fn step() -> impl Strategy<Value = Step> {
    let tag = 0..TAGS.len();
    let mode = prop_oneof![Just(Mode::Fixed), Just(Mode::Follow)];
    let after = prop_oneof![Just(After::Fixed), Just(After::Held)];
    let policies = prop_oneof![
        Just(Policies {
            reference_policy: Some(ReferencePolicy::Local),
            ..Policies::default()
        }),
        Just(Policies {
            schedule: Some(Schedule::Every(60)),
            ..Policies::default()
        }),
        Just(Policies {
            schedule: Some(Schedule::Never),
            ..Policies::default()
        }),
    ];
    prop_oneof![
        4 => tag.clone().prop_map(Step::Push),
        5 => tag.clone().prop_map(Step::Import),
        4 => (tag.clone(), tag.clone(), mode).prop_map(|(from, to, mode)| Step::Tag(from, to, mode)),
        1 => tag.clone().prop_map(Step::Delete),
        3 => (tag.clone(), 1..4_i64, after).prop_map(|(tag, n, after)| Step::Rollback(tag, n, after)),
        1 => tag.clone().prop_map(Step::Release),
        1 => (tag, policies).prop_map(|(tag, policies)| Step::Policies(tag, policies)),
    ]
}

impl Story {
    async fn take(&self, up: &TestUpstream, step: &Step) -> Result<()> {
        let tag = |n: &usize| TAGS[*n].parse::<TagName>().unwrap();
        let edit = match step {
            Step::Push(n) => {
                up.move_tag("team/app", TAGS[*n]);
                return Ok(());
            }
            Step::Import(n) => {
                let mut request =
                    self.request(up.reference("team/app"), chosen(&[TAGS[*n]]), false);
                request.insecure = true;
                self.engine.start_import(&self.editor, &request).await?;
                return self.engine.run_jobs().await;
            }
            Step::Tag(from, to, mode) => {
                let at = |name| TagAt::new(&self.stream, tag(name));
                let request = TagRequest::new(TagInput::Tag(at(from)), at(to), *mode);
                let planned = self.engine.plan_tag(&self.editor, &request).await?;
                self.engine
                    .set_tag(&self.editor, &request, &planned.token)
                    .await?;
                return Ok(());
            }
            Step::Delete(n) => {
                let tags = [tag(n)];
                let planned = self
                    .engine
                    .plan_delete_tags(&self.editor, &self.stream, &tags)
                    .await?;
                self.engine
                    .delete_tags(&self.editor, &self.stream, &tags, &planned.token)
                    .await?;
                return Ok(());
            }
            Step::Rollback(n, revision, after) => Edit::Rollback {
                tag: tag(n),
                revision: *revision,
                after: *after,
            },
            Step::Release(n) => Edit::Release { tag: tag(n) },
            Step::Policies(n, policies) => Edit::Policies {
                which: Which::Tags(vec![tag(n)]),
                policies: *policies,
            },
        };
        let planned = self
            .engine
            .plan_edit(&self.editor, &self.stream, &edit)
            .await?;
        self.engine
            .edit(&self.editor, &self.stream, &edit, &planned.token)
            .await?;
        self.engine.run_jobs().await
    }

    /// What must hold after every step. Returns the stream's generation, and where held tags are.
    async fn holds(&self, before: i64) -> (i64, Held) {
        let stream = self
            .engine
            .stream(&self.editor, &self.stream)
            .await
            .unwrap();
        assert!(stream.generation >= before, "generations only rise");
        let rows: BTreeMap<_, _> = self
            .tags()
            .await
            .into_iter()
            .map(|row| (row.name.clone(), row))
            .collect();
        assert_eq!(
            stream.row.tags,
            i64::try_from(rows.len()).unwrap(),
            "the count kept beside the tags"
        );
        let failed = rows.values().filter(|row| row.condition.is_some()).count();
        assert_eq!(
            stream.row.failed,
            i64::try_from(failed).unwrap(),
            "the count of failed tags"
        );
        for (name, row) in &rows {
            let history = self.history(name.as_str()).await;
            let newest = history
                .first()
                .map(|newest| (&newest.digest, newest.number));
            assert_eq!(
                row.head.as_ref().map(|head| (&head.digest, head.number)),
                newest,
                "{name}: its newest revision is its head"
            );
            let numbers: Vec<_> = history
                .iter()
                .map(|revision| revision.number)
                .rev()
                .collect();
            assert!(
                numbers
                    .iter()
                    .zip(1..)
                    .all(|(number, wanted)| *number == wanted),
                "{name}: {numbers:?}"
            );
            assert!(
                history
                    .windows(2)
                    .all(|pair| pair[0].digest != pair[1].digest),
                "{name}: each revision is another image"
            );
            assert!(
                row.spec
                    .as_ref()
                    .is_none_or(|spec| spec.generation <= stream.generation),
                "{name}: {row:?}"
            );
            if let Some(TagSource::Follow { tag, .. }) = row.spec.as_ref().map(|spec| &spec.source)
                && row.hold.is_none()
                && let Some(followed) = rows.get(tag).and_then(|row| row.head.as_ref())
            {
                assert_eq!(
                    row.head.as_ref().map(|head| &head.digest),
                    Some(&followed.digest),
                    "{name} is where {tag} is"
                );
            }
            let due = row.spec.as_ref().map(TagSpec::schedule).unwrap_or_default()
                != Schedule::Never
                && row.hold.is_none();
            assert_eq!(
                row.checks.due.is_some(),
                due,
                "{name}: due if scheduled and not held"
            );
        }

        let held: Held = rows
            .values()
            .filter(|row| row.hold.is_some())
            .map(|row| {
                (
                    row.name.clone(),
                    row.head.as_ref().map(|head| head.digest.clone()),
                )
            })
            .collect();

        // The journal has no gaps, and what it says makes the tables.
        let numbers = self.engine.changed_after(&self.editor, 0).await.unwrap();
        assert!(
            numbers
                .iter()
                .zip(1..)
                .all(|((number, _), wanted)| *number == wanted),
            "{numbers:?}"
        );
        assert_eq!(
            numbers.last().map(|(number, _)| *number),
            Some(self.engine.newest_number().await.unwrap())
        );
        let replayed = replay(&self.journal().await);
        let stored: BTreeMap<_, _> = rows
            .into_iter()
            .map(|(name, row)| {
                let state = State {
                    spec: row.spec,
                    head: row.head.map(|head| head.digest),
                    failed: row.condition.is_some(),
                    held: row.hold.is_some(),
                };
                (name, state)
            })
            .collect();
        assert_eq!(replayed, stored, "replaying the journal gives the tables");
        (stream.generation, held)
    }
}

type Held = BTreeMap<TagName, Option<Digest>>;

#[derive(Debug, Default, PartialEq)]
struct State {
    spec: Option<TagSpec>,
    head: Option<Digest>,
    failed: bool,
    held: bool,
}

fn replay(journal: &[(i64, Change)]) -> BTreeMap<TagName, State> {
    let mut tags: BTreeMap<TagName, State> = BTreeMap::new();
    for (_, change) in journal {
        let Some(name) = change.tag().cloned() else {
            continue;
        };
        if matches!(change, Change::DeleteTag { .. }) {
            tags.remove(&name);
            continue;
        }
        let state = tags.entry(name).or_default();
        match change {
            Change::SetSpec { before, after, .. } => {
                assert_eq!(&state.spec, before, "what it says was there, was there");
                state.spec = Some(after.clone());
            }
            Change::MoveHead { before, after, .. } => {
                assert_eq!(&state.head, before, "what it says was there, was there");
                state.head = Some(after.clone());
            }
            Change::SetCondition { after, .. } => state.failed = after.is_some(),
            Change::SetHold { before, after, .. } => {
                assert_eq!(state.held, *before);
                state.held = *after;
            }
            _ => {}
        }
    }
    tags
}

db_test!(
    async fn any_sequence_of_changes_keeps_the_invariants(db) {
        let up = TestUpstream::start().await;
        for tag in TAGS {
            up.image("team/app", tag, ImageKind::Docker);
        }
        let mut runner = TestRunner::deterministic();
        let story = Story::new(&db).await;
        let mut request = story.request(up.reference("team/app"), chosen(&["1.0", "2.0"]), true);
        request.insecure = true;
        story.run(&request).await;
        let (mut generation, mut held) = story.holds(0).await;
        let mut done = 0;
        for round in 0..10 {
            let steps = vec(step(), 40).new_tree(&mut runner).unwrap().current();
            for step in steps {
                match story.take(&up, &step).await {
                    Ok(()) => done += 1,
                    Err(Error::Invalid { .. } | Error::NotFound(_) | Error::Conflict(_)) => {}
                    Err(error) => panic!("round {round}, {step:?}: {error}"),
                }
                let after = story.holds(generation).await;
                for (tag, image) in &after.1 {
                    let aimed_at = matches!(&step, Step::Rollback(n, ..) if TAGS[*n] == tag.as_str());
                    let was = held.get(tag).filter(|_| !aimed_at);
                    assert!(was.is_none_or(|was| was == image), "{tag} is held, but {step:?} moved it");
                }
                (generation, held) = after;
            }
        }
        assert!(done > 200, "most of it is possible: {done}");
    }
);
