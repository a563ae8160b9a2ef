//! Policies of many streams at once: previewed, set in one transaction, undone in one step.

use engine::{Actor, BulkDone, Draft, Error, PlannedBulk, Result, db_test, testing::db::actor};
use model::{
    StreamRef,
    edit::{BulkEdit, Policies, WhichStreams},
    policy::{ReferencePolicy, Schedule},
    stream::StreamFilter,
    user::Role,
};

use crate::common::{Story, upstream};

impl Story {
    /// Streams `team/s00` and on, each with two tags that are imported and nothing imported yet.
    async fn streams(&self, count: usize) {
        let texts = (0..count).map(|n| {
            format!("kind: ImageStream\napiVersion: v1\nmetadata: {{name: s{n:02}}}\nspec:\n  tags:\n  - {{name: a, from: {{kind: DockerImage, name: 'quay.io/org/s{n}:a'}}}}\n  - {{name: b, from: {{kind: DockerImage, name: 'quay.io/org/s{n}:b'}}}}\n")
        });
        let text = texts.collect::<Vec<_>>().join("---\n");
        let draft = Draft {
            namespace: "team".into(),
            text,
        };
        let planned = self
            .engine
            .plan_definitions(&self.editor, &draft)
            .await
            .unwrap();
        self.engine
            .apply_definitions(&self.editor, &draft, &planned.token)
            .await
            .unwrap();
    }

    async fn planned(&self, edit: &BulkEdit) -> Result<PlannedBulk> {
        self.engine.plan_bulk(&self.editor, edit).await
    }

    async fn bulk(&self, edit: &BulkEdit) -> BulkDone {
        let planned = self.planned(edit).await.unwrap();
        let done = self
            .engine
            .bulk(&self.editor, &planned.edit, &planned.all.token)
            .await
            .unwrap();
        assert_eq!(
            done.plans, planned.all.plans,
            "what was shown is what was done"
        );
        done
    }

    /// Of each stream: insecure, and of its tag `a`: insecure, where consumers go, schedule.
    async fn all_policies(&self, count: usize) -> Vec<(bool, bool, ReferencePolicy, Schedule)> {
        let mut found = Vec::new();
        for n in 0..count {
            let stream = StreamRef::parse("team", &format!("s{n:02}")).unwrap();
            let view = self.engine.stream(&self.editor, &stream).await.unwrap();
            let tag = self
                .engine
                .tag(&self.editor, &stream, &"a".parse().unwrap())
                .await
                .unwrap();
            let spec = tag.row.spec.unwrap();
            found.push((
                view.insecure,
                spec.insecure,
                spec.reference_policy,
                spec.schedule(),
            ));
        }
        found
    }
}

fn matching(text: &str) -> WhichStreams {
    after(text, None)
}

fn after(text: &str, last: Option<StreamRef>) -> WhichStreams {
    let filter = StreamFilter {
        text: text.into(),
        ..StreamFilter::default()
    };
    WhichStreams::Matching {
        filter,
        after: last,
    }
}

fn everything() -> Policies {
    Policies {
        insecure: Some(true),
        reference_policy: Some(ReferencePolicy::Local),
        schedule: Some(Schedule::Every(3_600)),
    }
}

db_test!(
    async fn policies_of_50_streams_are_set_together_and_undone_together(db) {
        let story = Story::new(&db).await;
        story.streams(50).await;
        let before = story.all_policies(50).await;
        let edit = BulkEdit::Policies { which: matching("S"), insecure: Some(true), tags: everything() };
        let done = story.bulk(&edit).await;
        assert_eq!((done.plans.len(), done.plans[0].changes.len()), (50, 3));
        let set = (true, true, ReferencePolicy::Local, Schedule::Every(3_600));
        assert_eq!(story.all_policies(50).await, vec![set; 50]);
        let numbers = story.engine.store().read().await.unwrap().streams_of_number(done.number, 100).await.unwrap();
        assert_eq!(numbers.len(), 50, "one journal number for all");

        // One tag is changed again since: it stays, the rest goes back.
        let one = StreamRef::parse("team", "s07").unwrap();
        let one = BulkEdit::Policies {
            which: WhichStreams::Streams(vec![one.clone(), one]),
            insecure: None,
            tags: Policies { reference_policy: Some(ReferencePolicy::Source), ..Policies::default() },
        };
        story.bulk(&one).await;
        let undone = story.bulk(&BulkEdit::Undo { number: done.number }).await;
        assert_eq!(undone.plans.len(), 50);
        let mut expected = before;
        expected[7] = (false, true, ReferencePolicy::Source, Schedule::Every(3_600));
        assert_eq!(story.all_policies(50).await, expected);
        let refused = story.planned(&BulkEdit::Undo { number: done.number }).await.unwrap_err();
        assert!(matches!(&refused, Error::Invalid { field: "change", .. }), "{refused}");
    }
);

db_test!(
    async fn a_change_over_streams_leaves_alone_what_is_so_already_and_is_refused_when_all_is(db) {
        let story = Story::new(&db).await;
        story.streams(3).await;
        let which = WhichStreams::Streams(vec![StreamRef::parse("team", "s01").unwrap()]);
        let insecure = |which: WhichStreams| BulkEdit::Policies { which, insecure: Some(true), tags: Policies::default() };
        story.bulk(&insecure(which)).await;
        let planned = story.planned(&insecure(matching(""))).await.unwrap();
        assert_eq!((planned.all.plans.len(), planned.same), (2, 1));
        // Somebody else does a part of it: what was shown is not what would be done.
        story.bulk(&insecure(matching("s02"))).await;
        let refused = story.engine.bulk(&story.editor, &insecure(matching("")), &planned.all.token).await.unwrap_err();
        assert!(matches!(refused, Error::Conflict(_)), "{refused}");
        story.bulk(&insecure(matching(""))).await;
        let field = |error: Error| match error {
            Error::Invalid { field, .. } => field,
            other => panic!("{other}"),
        };
        assert_eq!(field(story.planned(&insecure(matching(""))).await.unwrap_err()), "insecure");
        assert_eq!(field(story.planned(&insecure(matching("nothing"))).await.unwrap_err()), "stream");
        let nothing = BulkEdit::Policies { which: matching(""), insecure: None, tags: Policies::default() };
        assert_eq!(field(story.planned(&nothing).await.unwrap_err()), "policy");
        let missing = story.planned(&BulkEdit::Undo { number: 999 }).await.unwrap_err();
        assert!(matches!(missing, Error::NotFound(_)), "{missing}");
        for who in [actor(Role::Viewer), Actor::anonymous()] {
            let denied = story.engine.plan_bulk(&who, &insecure(matching(""))).await.unwrap_err();
            assert!(matches!(denied, Error::Denied(_)), "{denied}");
            let denied = story.engine.bulk(&who, &insecure(matching("")), "token").await.unwrap_err();
            assert!(matches!(denied, Error::Denied(_)), "{denied}");
        }
    }
);

db_test!(
    async fn streams_beyond_what_is_changed_at_once_are_changed_in_parts(db) {
        let engine = db.engine_with(upstream(), |config| config.streams_at_once = 2).await;
        let story = Story { engine, ..Story::new(&db).await };
        story.streams(7).await;
        let at = |n: usize| StreamRef::parse("team", &format!("s{n:02}")).unwrap();
        let insecure = |which| BulkEdit::Policies { which, insecure: Some(true), tags: Policies::default() };
        // Those two are so already: a part without a change is passed over.
        story.bulk(&insecure(WhichStreams::Streams(vec![at(2), at(3)]))).await;
        let mut last = None;
        let mut numbers = Vec::new();
        for (changed, same, next) in [(2, 0, Some(at(1))), (2, 2, Some(at(5))), (1, 0, None)] {
            let edit = insecure(after("", last));
            let planned = story.planned(&edit).await.unwrap();
            assert_eq!((planned.all.plans.len(), planned.same, planned.next), (changed, same, next.clone()));
            let done = story.bulk(&edit).await;
            assert_eq!(done.next, next);
            numbers.push(done.number);
            last = next;
        }
        let states = async || story.all_policies(7).await.into_iter().map(|of| of.0).collect::<Vec<_>>();
        assert_eq!(states().await, [true; 7]);
        let none = story.planned(&insecure(after("", Some(at(6))))).await.unwrap_err();
        assert!(none.to_string().contains("no more streams match"), "{none}");
        let undone = story.bulk(&BulkEdit::Undo { number: numbers[1] }).await;
        assert_eq!((undone.plans.len(), undone.next), (2, None));
        assert_eq!(states().await, [true, true, true, true, false, false, true]);

        // What may not be, in any part, is not passed over.
        let allowed = "insecure:registry.example, quay.io".parse().unwrap();
        let strict = db
            .engine_with(upstream(), |config| {
                config.streams_at_once = 2;
                config.allowed_registries = allowed;
            })
            .await;
        let strict = Story { engine: strict, ..Story::new(&db).await };
        let tags = |which| BulkEdit::Policies { which, insecure: None, tags: Policies { insecure: Some(true), ..Policies::default() } };
        let refused = strict.planned(&tags(matching(""))).await.unwrap_err();
        assert!(refused.to_string().contains("quay.io"), "{refused}");

        // What was ticked is changed as it is, or not at all.
        let ticked = insecure(WhichStreams::Streams(vec![at(4), at(5), at(6)]));
        let refused = story.planned(&ticked).await.unwrap_err();
        assert!(matches!(&refused, Error::Invalid { field: "stream", .. }), "{refused}");
    }
);
