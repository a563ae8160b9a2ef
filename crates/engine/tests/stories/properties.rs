//! Whatever people, schedules and upstreams do, in any order: what must always hold, holds. On both databases.
//!
//! Each seed has two namespaces and three streams of its own in one database; a failure names the seed and what was
//! done until then, and `SEEDS` can be narrowed to it.

use std::{
    collections::{BTreeMap, BTreeSet},
    fmt::Write as _,
    ops::Range,
};

use engine::{
    Error, Result, db_test,
    testing::upstream::{ImageKind, TestUpstream},
};
use model::{
    PageRequest, StreamRef, TagName, TagSource, TagSpec,
    edit::{Edit, Policies, Which},
    policy::{Freshness, ReferencePolicy, Schedule},
    stream::StreamView,
    tag::{Revision, TagAt, TagFilter, TagRow},
    tagging::{After, Mode, TagInput, TagRequest},
};
use proptest::{
    collection::vec,
    prelude::*,
    strategy::{Strategy, ValueTree},
    test_runner::{Config, RngAlgorithm, TestRng, TestRunner},
};

use crate::{
    common::{Story, chosen},
    replay::{Own, Replayed, State},
};

/// Small numbers, each the beginning of another run.
const SEEDS: Range<u8> = 0..10;
const STEPS: usize = 40;
const TAGS: [&str; 4] = ["1.0", "2.0", "edge", "latest"];
/// Streams of a seed: two of one namespace, one of another.
const STREAMS: usize = 3;

/// A tag of a stream, by their numbers.
type At = (usize, usize);

/// One thing somebody does.
#[derive(Debug, Clone)]
enum Step {
    /// Upstream gets a new image for a tag.
    Push(usize),
    /// Upstream loses a tag.
    Lose(usize),
    Import(At),
    Tag(At, Vec<At>, Mode),
    Delete(At),
    DeleteStream(usize),
    Rollback(At, i64, After),
    Release(At),
    Policies(At, Policies),
    /// The policies of a whole stream.
    Stream(usize, Edit),
    /// Time passes, and the schedules have their turn.
    Wait,
}

fn step() -> impl Strategy<Value = Step> {
    let tag = 0..TAGS.len();
    let at = (0..STREAMS, 0..TAGS.len());
    let mode = prop_oneof![2 => Just(Mode::Follow), 1 => Just(Mode::Fixed)];
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
        any::<bool>().prop_map(|insecure| Policies {
            insecure: Some(insecure),
            ..Policies::default()
        }),
    ];
    prop_oneof![
        8 => tag.clone().prop_map(Step::Push),
        1 => tag.prop_map(Step::Lose),
        10 => at.clone().prop_map(Step::Import),
        12 => (at.clone(), vec(at.clone(), 1..3), mode).prop_map(|(from, to, mode)| Step::Tag(from, to, mode)),
        2 => at.clone().prop_map(Step::Delete),
        1 => (0..STREAMS).prop_map(Step::DeleteStream),
        8 => (at.clone(), 1..4_i64, after).prop_map(|(at, n, after)| Step::Rollback(at, n, after)),
        3 => at.clone().prop_map(Step::Release),
        4 => (0..STREAMS, stream_edit()).prop_map(|(n, edit)| Step::Stream(n, edit)),
        4 => (at, policies).prop_map(|(at, policies)| Step::Policies(at, policies)),
        3 => Just(Step::Wait),
    ]
}

fn stream_edit() -> impl Strategy<Value = Edit> {
    prop_oneof![
        any::<bool>().prop_map(|insecure| Edit::StreamInsecure { insecure }),
        proptest::option::of(60..62_u32).prop_map(|period| Edit::StreamPeriod { period }),
        prop_oneof![Just(Freshness::Local), Just(Freshness::Every(60))]
            .prop_map(|freshness| Edit::StreamFreshness { freshness }),
    ]
}

/// The same steps for the same seed, always.
fn steps(seed: u8) -> Vec<Step> {
    let rng = TestRng::from_seed(RngAlgorithm::ChaCha, &[seed; 32]);
    let mut runner = TestRunner::new_with_rng(Config::default(), rng);
    vec(step(), STEPS).new_tree(&mut runner).unwrap().current()
}

/// Says, when a test fails, which seed it was and what was done.
struct Told(String);

impl Drop for Told {
    fn drop(&mut self) {
        if std::thread::panicking() {
            eprintln!("{}", self.0);
        }
    }
}

/// The streams of one seed.
struct World<'a> {
    story: &'a Story,
    up: &'a TestUpstream,
    streams: [StreamRef; STREAMS],
    /// The tags upstream has lost.
    lost: BTreeSet<usize>,
    /// The newest journal number that was looked at, over all seeds.
    number: i64,
    /// What the journal makes of each stream so far, over all seeds: schedules go on for those of earlier ones.
    replayed: BTreeMap<StreamRef, Replayed>,
}

/// A stream as the tables have it.
struct Seen {
    /// None while there is none.
    view: Option<StreamView>,
    rows: BTreeMap<TagName, TagRow>,
    revisions: BTreeMap<TagName, Vec<Revision>>,
}

type AllSeen = BTreeMap<StreamRef, Seen>;

impl World<'_> {
    fn at(&self, at: &At) -> TagAt {
        TagAt::new(&self.streams[at.0], TAGS[at.1].parse().unwrap())
    }

    async fn take(&mut self, step: &Step) -> Result<()> {
        let (engine, editor) = (&self.story.engine, &self.story.editor);
        match step {
            Step::Push(n) => {
                if self.lost.remove(n) {
                    self.up.image("team/app", TAGS[*n], ImageKind::Docker);
                } else {
                    self.up.move_tag("team/app", TAGS[*n]);
                }
            }
            Step::Lose(n) => {
                self.up.delete_tag("team/app", TAGS[*n]);
                self.lost.insert(*n);
            }
            Step::Import(at) => {
                let at = self.at(at);
                let selection = chosen(&[at.tag.as_str()]);
                let create = engine.stream(editor, &at.stream).await.is_err();
                let mut request =
                    self.story
                        .request(self.up.reference("team/app"), selection, create);
                request.stream = at.stream;
                engine.start_import(editor, &request).await?;
            }
            Step::Tag(from, to, mode) => {
                let request = TagRequest {
                    destinations: to.iter().map(|to| self.at(to)).collect(),
                    ..TagRequest::new(TagInput::Tag(self.at(from)), self.at(&to[0]), *mode)
                };
                let planned = engine.plan_tag(editor, &request).await?;
                engine.set_tag(editor, &request, &planned.token).await?;
            }
            Step::Delete(at) => {
                let at = self.at(at);
                let tags = [at.tag];
                let planned = engine.plan_delete_tags(editor, &at.stream, &tags).await?;
                engine
                    .delete_tags(editor, &at.stream, &tags, &planned.token)
                    .await?;
            }
            Step::DeleteStream(n) => {
                let stream = &self.streams[*n];
                let planned = engine.plan_delete_stream(editor, stream).await?;
                engine.delete_stream(editor, stream, &planned.token).await?;
            }
            Step::Rollback(at, revision, after) => {
                let edit = Edit::Rollback {
                    tag: self.at(at).tag,
                    revision: *revision,
                    after: *after,
                };
                self.edit(at, edit).await?;
            }
            Step::Release(at) => {
                let tag = self.at(at).tag;
                self.edit(at, Edit::Release { tag }).await?;
            }
            Step::Policies(at, policies) => {
                let edit = Edit::Policies {
                    which: Which::Tags(vec![self.at(at).tag]),
                    policies: *policies,
                };
                self.edit(at, edit).await?;
            }
            Step::Stream(n, edit) => self.edit(&(*n, 0), edit.clone()).await?,
            Step::Wait => {
                engine.clock().advance(chrono::Duration::minutes(2));
                engine.schedule_due(1_000).await?;
            }
        }
        engine.run_jobs().await
    }

    async fn edit(&self, at: &At, edit: Edit) -> Result<()> {
        let (engine, editor, stream) =
            (&self.story.engine, &self.story.editor, &self.streams[at.0]);
        let planned = engine.plan_edit(editor, stream, &edit).await?;
        engine.edit(editor, stream, &edit, &planned.token).await?;
        Ok(())
    }

    async fn see(&self) -> AllSeen {
        let mut all = AllSeen::new();
        for stream in &self.streams {
            let mut seen = Seen {
                view: None,
                rows: BTreeMap::new(),
                revisions: BTreeMap::new(),
            };
            let mut tx = self.story.engine.store().read().await.unwrap();
            if let Some(record) = tx.stream(stream).await.unwrap() {
                seen.view = tx.stream_view(stream).await.unwrap();
                for (tag, revision) in tx.all_revisions(&record.id, 10_000).await.unwrap() {
                    seen.revisions.entry(tag).or_default().push(revision);
                }
                drop(tx);
                let (engine, editor) = (&self.story.engine, &self.story.editor);
                let page = PageRequest::default();
                let all = TagFilter::default();
                let rows = engine.list_tags(editor, stream, &all, &page).await.unwrap();
                for row in rows.items {
                    assert!(
                        seen.rows.insert(row.name.clone(), row).is_none(),
                        "a tag is there once"
                    );
                }
            }
            all.insert(stream.clone(), seen);
        }
        all
    }

    /// The journal's numbers have no gap, and what it says of these streams is added to what it said before.
    async fn read_journal(&mut self) {
        let engine = &self.story.engine;
        let newest = engine.newest_number().await.unwrap();
        while self.number < newest {
            let changed = engine
                .changed_after(&self.story.editor, self.number)
                .await
                .unwrap();
            let before = self.number;
            for (number, stream) in changed {
                assert!(
                    number == self.number || number == self.number + 1,
                    "{number} comes after {}",
                    self.number
                );
                self.number = number;
                let mut tx = engine.store().read().await.unwrap();
                let changes = tx.journal_number(&stream, number).await.unwrap();
                let replayed = self.replayed.entry(stream).or_default();
                changes.iter().for_each(|change| replayed.replay(change));
            }
            assert!(self.number > before, "{newest} is nowhere in the journal");
        }
    }
}

/// The generation of what a tag is, against that of what it should be: an import is needed while it is behind.
fn observed(row: &TagRow, revisions: &[Revision]) -> i64 {
    let head = revisions.first().map_or(0, |head| head.generation);
    let failed = row.condition.as_ref().map_or(0, |failed| failed.generation);
    head.max(failed)
}

/// What must hold of a stream by itself.
fn stream_holds(stream: &StreamRef, seen: &Seen, all: &AllSeen) {
    let Some(view) = &seen.view else {
        assert!(seen.rows.is_empty() && seen.revisions.is_empty());
        return;
    };
    let count = |n: usize| i64::try_from(n).unwrap();
    let failed = seen.rows.values().filter(|row| row.condition.is_some());
    assert_eq!(view.row.tags, count(seen.rows.len()), "{stream}: its tags");
    assert_eq!(
        view.row.failed,
        count(failed.count()),
        "{stream}: its failed"
    );
    for tag in seen.revisions.keys() {
        assert!(
            seen.rows.contains_key(tag),
            "{tag} has a history but is not there"
        );
    }
    for (name, row) in &seen.rows {
        let none = Vec::new();
        let history = seen.revisions.get(name).unwrap_or(&none);
        let newest = history
            .first()
            .map(|newest| (&newest.digest, newest.number));
        let head = row.head.as_ref().map(|head| (&head.digest, head.number));
        assert_eq!(
            head, newest,
            "{stream}:{name}: its newest revision is its one head"
        );
        let numbers: Vec<_> = history
            .iter()
            .rev()
            .map(|revision| revision.number)
            .collect();
        let wanted: Vec<_> = (1..).take(numbers.len()).collect();
        assert_eq!(numbers, wanted, "{stream}:{name}");
        for pair in history.windows(2) {
            assert!(
                pair[0].digest != pair[1].digest,
                "{stream}:{name}: each another image"
            );
            assert!(
                pair[0].generation >= pair[1].generation,
                "{stream}:{name}: {pair:?}"
            );
        }
        let observed = observed(row, history);
        let wanted = row.spec.as_ref().map_or(0, |spec| spec.generation);
        assert!(
            wanted.max(observed) <= view.generation,
            "{stream}:{name}: {row:?}"
        );
        // Whether there is something the tag can come to: who follows a tag without an image cannot.
        let settles = match row.spec.as_ref().map(|spec| &spec.source) {
            Some(TagSource::External { .. } | TagSource::Fixed { .. }) => true,
            Some(follow @ TagSource::Follow { .. }) => follow
                .followed(stream)
                .and_then(|at| all.get(&at.stream)?.rows.get(&at.tag)?.head.clone())
                .is_some(),
            _ => false,
        };
        assert!(
            !settles || row.hold.is_some() || observed >= wanted,
            "{stream}:{name}: looks as if it were to be imported for ever: {row:?}"
        );
        let scheduled = row.spec.as_ref().map(TagSpec::schedule).unwrap_or_default();
        let due = scheduled != Schedule::Never && row.hold.is_none();
        let tried = row.checks.attempts > 0;
        assert!(
            row.checks.due.is_some() == due || tried,
            "{stream}:{name}: due if scheduled and not held: {row:?}"
        );
    }
}

/// Who follows is where the followed is, in whatever stream, unless it is held.
fn followers_hold(all: &AllSeen) {
    for (stream, seen) in all {
        for row in seen.rows.values().filter(|row| row.hold.is_none()) {
            let followed = row
                .spec
                .as_ref()
                .and_then(|spec| spec.source.followed(stream));
            let Some(at) = followed else { continue };
            let known = all.get(&at.stream).and_then(|seen| seen.rows.get(&at.tag));
            if let Some(head) = known.and_then(|known| known.head.as_ref()) {
                let own = row.head.as_ref().map(|head| &head.digest);
                assert_eq!(
                    own,
                    Some(&head.digest),
                    "{stream}:{} follows {at}",
                    row.name
                );
            }
        }
    }
}

/// What must hold between two looks: numbers that only rise while their thing is there, and held tags that stay.
fn nothing_goes_back(before: &AllSeen, after: &AllSeen, step: &Step, world: &World<'_>) {
    for (stream, now) in after {
        let was = &before[stream];
        let (Some(view), Some(earlier)) = (&now.view, &was.view) else {
            continue;
        };
        assert!(
            view.generation >= earlier.generation,
            "{stream}: generations only rise"
        );
        assert!(
            view.version >= earlier.version,
            "{stream}: versions only rise"
        );
        for (name, row) in &now.rows {
            let Some(earlier) = was.rows.get(name) else {
                continue;
            };
            let generation = |row: &TagRow| row.spec.as_ref().map(|spec| spec.generation);
            assert!(
                generation(row) >= generation(earlier),
                "{stream}:{name}: {row:?}"
            );
            let at = TagAt::new(stream, name.clone());
            let aimed_at = matches!(step, Step::Rollback(aim, ..) if world.at(aim) == at);
            if row.hold.is_some() && earlier.hold.is_some() && !aimed_at {
                let digest = |row: &TagRow| row.head.as_ref().map(|head| head.digest.clone());
                assert_eq!(digest(row), digest(earlier), "{at} is held");
            }
        }
    }
}

db_test!(
    async fn any_sequence_of_changes_keeps_the_invariants(db) {
        let up = TestUpstream::start().await;
        let story = Story::new(&db).await;
        let (mut number, mut replayed, mut done) = (0, BTreeMap::new(), 0);
        for seed in SEEDS {
            for tag in TAGS {
                up.image("team/app", tag, ImageKind::Docker);
            }
            let mut told = Told(format!("seed {seed}"));
            let stream = |namespace, name| StreamRef::parse(&format!("{namespace}{seed}"), name).unwrap();
            let mut world = World {
                story: &story,
                up: &up,
                streams: [stream("team", "app"), stream("team", "lib"), stream("shop", "site")],
                lost: BTreeSet::new(),
                number,
                replayed,
            };
            for n in 0..STREAMS {
                world.take(&Step::Import((n, 0))).await.unwrap();
            }
            let mut before = world.see().await;
            for step in steps(seed) {
                write!(told.0, "\n  {step:?}").unwrap();
                match world.take(&step).await {
                    Ok(()) => done += 1,
                    Err(Error::Invalid { .. } | Error::NotFound(_) | Error::Conflict(_)) => {}
                    Err(error) => panic!("{error}"),
                }
                let after = world.see().await;
                for (stream, seen) in &after {
                    stream_holds(stream, seen, &after);
                }
                followers_hold(&after);
                nothing_goes_back(&before, &after, &step, &world);
                world.read_journal().await;
                for (stream, seen) in &after {
                    let stored = seen.rows.values().map(|row| {
                        let state = State {
                            spec: row.spec.clone(),
                            head: row.head.as_ref().map(|head| head.digest.clone()),
                            failed: row.condition.is_some(),
                            held: row.hold.is_some(),
                        };
                        (row.name.clone(), state)
                    });
                    let stored = stored.collect();
                    let stored = Replayed {
                        own: seen.view.as_ref().map(|view| Own {
                            source: view.row.source.clone(),
                            insecure: view.insecure,
                            freshness: view.freshness,
                            period: view.period,
                            meta: view.meta.clone(),
                        }),
                        tags: stored,
                    };
                    let replayed = world.replayed.entry(stream.clone()).or_default();
                    assert_eq!(*replayed, stored, "{stream}: replaying the journal gives the tables");
                }
                before = after;
            }
            (number, replayed) = (world.number, world.replayed);
        }
        let possible = STEPS * SEEDS.len() / 2;
        assert!(done > possible, "most of it is possible: {done}");
    }
);
