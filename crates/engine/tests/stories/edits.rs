//! Rollback, hold, policies and undo as stories: engine, in-process registry, held clock, on both databases.

use crate::common::{Story, chosen};
use engine::{
    Edited, Error, Result, db_test,
    testing::{
        db::TestDb,
        upstream::{ImageKind, TestUpstream},
    },
};
use model::{
    Cause, Digest, TagName, TagSource,
    edit::{Edit, Policies, Which},
    import::Selection,
    job::{ItemState, JobState},
    policy::{Freshness, InsecureRow, ReferencePolicy, Schedule},
    tag::TagAt,
    tagging::{After, Mode, TagInput, TagRequest},
};

impl Story {
    /// One whose tag `1.0` has moved once, and the image it had before.
    async fn moved(db: &TestDb, up: &TestUpstream) -> (Self, Digest) {
        let first = up.image("team/app", "1.0", ImageKind::Docker);
        let story = Self::new(db).await;
        story.import_new(up, chosen(&["1.0"])).await;
        up.move_tag("team/app", "1.0");
        story.again(&["1.0"]).await;
        (story, first)
    }

    async fn edit(&self, edit: Edit) -> Result<Edited> {
        let planned = self
            .engine
            .plan_edit(&self.editor, &self.stream, &edit)
            .await?;
        let done = self
            .engine
            .edit(&self.editor, &self.stream, &edit, &planned.token)
            .await?;
        assert_eq!(done.plan, planned.plan, "what was shown is what was done");
        self.engine.run_jobs().await.unwrap();
        Ok(done)
    }

    async fn rollback(&self, tag: &str, revision: i64, after: After) -> Result<Edited> {
        let tag = tag.parse().unwrap();
        self.edit(Edit::Rollback {
            tag,
            revision,
            after,
        })
        .await
    }

    async fn policies(&self, tags: &[&str], policies: Policies) -> Result<Edited> {
        let which = Which::Tags(tags.iter().map(|tag| tag.parse().unwrap()).collect());
        self.edit(Edit::Policies { which, policies }).await
    }

    async fn follow(&self, source: &str, destination: &str) {
        let at = |tag: &str| TagAt::new(&self.stream, tag.parse().unwrap());
        let request = TagRequest::new(TagInput::Tag(at(source)), at(destination), Mode::Follow);
        let planned = self.engine.plan_tag(&self.editor, &request).await.unwrap();
        self.engine
            .set_tag(&self.editor, &request, &planned.token)
            .await
            .unwrap();
    }
}

db_test!(
    async fn a_tag_rolled_back_and_held_is_moved_by_nothing_until_it_is_released(db) {
        let up = TestUpstream::start().await;
        let first = up.image("team/app", "1.0", ImageKind::Docker);
        let story = Story::new(&db).await;
        story.import_new(&up, chosen(&["1.0"])).await;
        story.follow("1.0", "edge").await;
        story.follow("edge", "far").await;
        let second = up.move_tag("team/app", "1.0");
        story.again(&["1.0"]).await;
        assert_eq!(story.tag("far").await.head.unwrap().digest, second);

        // The follower goes back and is held; what follows it goes with it.
        let done = story.rollback("edge", 1, After::Held).await.unwrap();
        assert!(done.plan.warnings[0].0.contains("1.0, which it follows"), "{:?}", done.plan.warnings);
        for tag in ["edge", "far"] {
            assert_eq!(story.tag(tag).await.head.unwrap().digest, first, "{tag}");
        }
        let edge = story.tag("edge").await;
        assert_eq!(edge.hold.unwrap().by, story.editor.name);
        assert!(matches!(edge.spec.unwrap().source, TagSource::Follow { .. }), "what it follows is kept");
        let history = story.history("edge").await;
        assert_eq!((history.len(), history[0].cause, history[0].number), (3, Cause::Rollback, 3));

        // Upstream moves: neither the held follower nor its follower does.
        let third = up.move_tag("team/app", "1.0");
        story.again(&["1.0"]).await;
        assert_eq!(story.tag("1.0").await.head.unwrap().digest, third);
        for tag in ["edge", "far"] {
            assert_eq!(story.tag(tag).await.head.unwrap().digest, first, "{tag}");
        }

        // Released, it is where the followed tag is, at once.
        story.edit(Edit::Release { tag: "edge".parse().unwrap() }).await.unwrap();
        for tag in ["edge", "far"] {
            assert_eq!(story.tag(tag).await.head.unwrap().digest, third, "{tag}");
        }
        assert!(story.tag("edge").await.hold.is_none());
        let refused = story.edit(Edit::Release { tag: "edge".parse().unwrap() }).await.unwrap_err();
        assert!(matches!(&refused, Error::Invalid { field: "tag", message } if message.contains("not held")), "{refused}");
    }
);

db_test!(
    async fn a_held_imported_tag_is_not_asked_for_and_comes_back_on_release(db) {
        let up = TestUpstream::start().await;
        let (story, first) = Story::moved(&db, &up).await;
        story.rollback("1.0", 1, After::Held).await.unwrap();
        let third = up.move_tag("team/app", "1.0");
        up.forget_requests();
        let job = story.again(&["1.0"]).await;
        assert_eq!((job.state, story.items(&job).await[0].state), (JobState::Succeeded, ItemState::Held));
        assert_eq!(up.count("GET", engine::testing::upstream::Route::Manifest), 0);
        assert_eq!(story.tag("1.0").await.head.unwrap().digest, first);
        story.edit(Edit::Release { tag: "1.0".parse().unwrap() }).await.unwrap();
        assert_eq!(story.tag("1.0").await.head.unwrap().digest, third, "released, it was imported again");
    }
);

db_test!(
    async fn a_tag_rolled_back_for_good_is_imported_no_more_and_the_same_revision_twice_is_refused(db) {
        let up = TestUpstream::start().await;
        let (story, first) = Story::moved(&db, &up).await;
        story.rollback("1.0", 1, After::Fixed).await.unwrap();
        let tag = story.tag("1.0").await;
        assert_eq!(tag.head.unwrap().digest, first);
        assert_eq!(tag.spec.unwrap().source, TagSource::Fixed { stream: None, digest: first });
        let refused = story.rollback("1.0", 1, After::Fixed).await.unwrap_err();
        assert!(matches!(&refused, Error::Invalid { field: "revision", .. }), "{refused}");
        let missing = story.rollback("1.0", 9, After::Held).await.unwrap_err();
        assert!(matches!(missing, Error::NotFound(_)), "{missing}");
    }
);

db_test!(
    async fn a_fixed_tag_that_goes_back_and_is_held_is_what_it_says_when_it_is_released(db) {
        let up = TestUpstream::start().await;
        let (story, first) = Story::moved(&db, &up).await;
        story.rollback("1.0", 2, After::Fixed).await.unwrap();
        story.rollback("1.0", 1, After::Held).await.unwrap();
        story.edit(Edit::Release { tag: "1.0".parse().unwrap() }).await.unwrap();
        let tag = story.tag("1.0").await;
        assert_eq!(tag.head.unwrap().digest, first);
        assert_eq!(tag.spec.unwrap().source, TagSource::Fixed { stream: None, digest: first });
    }
);

db_test!(
    async fn policies_of_300_tags_are_set_together_and_undone_together(db) {
        let up = TestUpstream::start().await;
        up.many("team/app", 300);
        let story = Story::new(&db).await;
        story.import_new(&up, Selection::All).await;
        let local = Policies { reference_policy: Some(ReferencePolicy::Local), ..Policies::default() };
        let which = Which::Containing(String::new());
        let before = story.engine.stream(&story.editor, &story.stream).await.unwrap();
        let done = story.edit(Edit::Policies { which, policies: local }).await.unwrap();
        assert_eq!(done.plan.changes.len(), 300);
        let is = |rows: Vec<model::tag::TagRow>, policy| {
            rows.iter().filter(|row| row.spec.as_ref().unwrap().reference_policy == policy).count()
        };
        assert_eq!(is(story.tags().await, ReferencePolicy::Local), 250, "a whole page");
        let after = story.engine.stream(&story.editor, &story.stream).await.unwrap();
        assert_eq!(after.generation, before.generation + 1, "a policy alone raises the stream's generation");

        // One of them is changed again: the undo leaves it alone and says so.
        let tag = story.tags().await[0].name.to_string();
        story.policies(&[&tag], Policies { schedule: Some(Schedule::Every(60)), ..Policies::default() }).await.unwrap();
        let undone = story.edit(Edit::Undo { number: done.number }).await.unwrap();
        assert_eq!(undone.plan.changes.len(), 299);
        assert!(undone.plan.warnings[0].0.starts_with("1 changed again"), "{:?}", undone.plan.warnings);
        assert_eq!(is(story.tags().await, ReferencePolicy::Local), 1);
        let again = story.edit(Edit::Undo { number: done.number }).await.unwrap_err();
        assert!(matches!(again, Error::Invalid { field: "change", .. }), "{again}");
    }
);

db_test!(
    async fn insecure_by_tag_or_by_stream_decides_and_a_change_imports_again(db) {
        let up = TestUpstream::start().await;
        up.many("team/app", 2);
        let story = Story::new(&db).await;
        let mut request = story.request(up.reference("team/app"), Selection::All, true);
        request.insecure = true;
        story.run(&request).await;
        let name = story.tags().await[0].name.to_string();
        let tag = name.as_str();

        // Strict, an HTTP registry is refused; the image stays.
        let insecure = |value| Policies { insecure: Some(value), ..Policies::default() };
        story.policies(&[tag], insecure(false)).await.unwrap();
        let failed = story.tag(tag).await;
        assert!(failed.condition.is_some() && failed.head.is_some(), "{failed:?}");

        // The stream's policy holds for the strict tag too, and failed tags are tried at once.
        let done = story.edit(Edit::StreamInsecure { insecure: true }).await.unwrap();
        assert!(done.plan.warnings.iter().any(|warning| warning.0.starts_with("Safer")), "{:?}", done.plan.warnings);
        let tag_now = story.tag(tag).await;
        assert!(tag_now.condition.is_none() && !tag_now.spec.unwrap().insecure, "strict itself, allowed by its stream");
        assert!(story.engine.stream(&story.editor, &story.stream).await.unwrap().row.insecure);
        let twice = story.edit(Edit::StreamInsecure { insecure: true }).await.unwrap_err();
        assert!(matches!(twice, Error::Invalid { field: "insecure", .. }), "{twice}");

        // Undone, the tag is strict again; its failure is new.
        story.edit(Edit::Undo { number: done.number }).await.unwrap();
        story.again(&[tag]).await;
        assert!(story.tag(tag).await.condition.is_some());
    }
);

db_test!(
    async fn a_policy_that_is_set_while_an_import_waits_stays_as_set(db) {
        let up = TestUpstream::start().await;
        up.many("team/app", 1);
        let story = Story::new(&db).await;
        story.import_new(&up, Selection::All).await;
        let name = story.tags().await[0].name.clone();
        let moved = up.move_tag("team/app", name.as_str());
        let insecure = |insecure| Edit::Policies {
            which: Which::Tags(vec![name.clone()]),
            policies: Policies { insecure: Some(insecure), ..Policies::default() },
        };
        // Asked for while it is insecure, run when it is strict, and the other way round.
        story.engine.import_again(&story.editor, &story.stream, std::slice::from_ref(&name)).await.unwrap();
        story.confirmed(insecure(false)).await;
        story.engine.run_jobs().await.unwrap();
        let tag = story.tag(name.as_str()).await;
        assert!(!tag.spec.unwrap().insecure && tag.condition.is_some(), "strict, and refused over plain HTTP");
        story.confirmed(insecure(true)).await;
        story.engine.run_jobs().await.unwrap();
        let tag = story.tag(name.as_str()).await;
        assert!(tag.spec.unwrap().insecure && tag.condition.is_none());
        assert_eq!(tag.head.unwrap().digest, moved);
    }
);

db_test!(
    async fn edits_of_one_stream_at_the_same_time_are_all_kept(db) {
        let up = TestUpstream::start().await;
        up.many("team/app", 1);
        let story = Story::new(&db).await;
        story.import_new(&up, Selection::All).await;
        for round in 0..10 {
            let insecure = round % 2 == 0;
            let freshness = if insecure { Freshness::Always } else { Freshness::Never };
            tokio::join!(
                story.confirmed(Edit::StreamInsecure { insecure }),
                story.confirmed(Edit::StreamFreshness { freshness }),
            );
            let view = story.engine.stream(&story.editor, &story.stream).await.unwrap();
            assert_eq!((view.insecure, view.freshness), (insecure, freshness), "round {round}");
        }
    }
);

db_test!(
    async fn a_viewer_changes_nothing(db) {
        let up = TestUpstream::start().await;
        up.many("team/app", 1);
        let story = Story::new(&db).await;
        story.import_new(&up, Selection::All).await;
        let viewer = engine::testing::db::actor(model::user::Role::Viewer);
        let edit = Edit::StreamInsecure { insecure: true };
        let planned = story.engine.plan_edit(&story.editor, &story.stream, &edit).await.unwrap();
        for refused in [
            story.engine.plan_edit(&viewer, &story.stream, &edit).await.map(|_| ()),
            story.engine.edit(&viewer, &story.stream, &edit, &planned.token).await.map(|_| ()),
        ] {
            assert!(matches!(refused, Err(Error::Denied(_))), "{refused:?}");
        }
    }
);

db_test!(
    async fn tags_that_cannot_move_or_have_not_for_long_are_reported(db) {
        let up = TestUpstream::start().await;
        for tag in ["2.0", "v2.0.1-may-2016", "latest"] {
            up.image("team/app", tag, ImageKind::Docker);
        }
        let story = Story::new(&db).await;
        story.import_new(&up, Selection::All).await;
        let report = async || {
            let age = chrono::Duration::days(90);
            let page = model::PageRequest::default();
            let found = story.engine.stale_tags(&story.editor, &story.stream, age, &page).await.unwrap();
            assert!(found.previous.is_none() && found.next.is_none());
            found.items.into_iter().map(|tag| (tag.row.name.to_string(), tag.advice.is_some(), tag.stale)).collect::<Vec<_>>()
        };
        assert_eq!(report().await, [("v2.0.1-may-2016".to_owned(), true, false)]);
        story.engine.clock().advance(chrono::Duration::days(91));
        up.move_tag("team/app", "latest");
        story.again(&["latest"]).await;
        let mut names: Vec<_> = report().await;
        names.sort();
        assert_eq!(names, [("2.0".to_owned(), false, true), ("v2.0.1-may-2016".to_owned(), true, true)], "latest has moved");
    }
);

db_test!(
    async fn what_is_insecure_is_reported_with_who_allows_it_page_by_page(db) {
        let up = TestUpstream::start().await;
        for tag in ["1.0", "2.0", "3.0"] {
            up.image("team/app", tag, ImageKind::Docker);
        }
        let story = Story::new(&db).await;
        // The import allows it for each tag; one is made strict.
        story.import_new(&up, Selection::All).await;
        story.follow("1.0", "latest").await;
        let strict = Policies { insecure: Some(false), ..Policies::default() };
        story.policies(&["2.0"], strict).await.unwrap();
        let viewer = engine::testing::db::actor(model::user::Role::Viewer);
        let words = |rows: Vec<InsecureRow>| -> Vec<String> {
            rows.into_iter().map(|row| {
                let named: Vec<&str> = row.named.iter().map(TagName::as_str).collect();
                format!("{} {} {} {} {} {}", row.stream, row.whole, row.tags, row.insecure_tags, named.join(","), row.source.is_some())
            }).collect()
        };
        let all = model::PageRequest::default();
        let rows = story.engine.list_insecure(&viewer, &all).await.unwrap();
        assert_eq!(words(rows.items), ["team/app false 4 2 1.0,3.0 true"]);

        // However small a page is, a stream is on one with all its tags.
        let mut other = Story::new(&db).await;
        other.stream = model::StreamRef::parse("team", "other").unwrap();
        let up = TestUpstream::start().await;
        up.many("team/app", 251);
        other.import_new(&up, Selection::All).await;
        story.edit(Edit::StreamInsecure { insecure: true }).await.unwrap();
        let mut page = model::PageRequest { cursor: None, size: 1 };
        let first = "team/app true 4 2 1.0,3.0 true";
        let rows = story.engine.list_insecure(&viewer, &page).await.unwrap();
        assert_eq!(words(rows.items), [first]);
        page.cursor = rows.next;
        let rows = story.engine.list_insecure(&viewer, &page).await.unwrap();
        let [row] = rows.items.as_slice() else { panic!("{rows:?}") };
        assert_eq!((&row.stream, row.whole, row.tags, row.insecure_tags), (&other.stream, false, 251, 251));
        assert_eq!((row.named.len(), rows.next.is_some()), (InsecureRow::NAMED, false));
        page.cursor = rows.previous;
        let back = story.engine.list_insecure(&viewer, &page).await.unwrap();
        assert_eq!(words(back.items), [first], "and back");
        let denied = story.engine.list_insecure(&engine::Actor::anonymous(), &all).await.unwrap_err();
        assert!(matches!(denied, Error::Denied(_)), "{denied}");
    }
);

db_test!(
    async fn only_changes_of_policies_are_undone_not_those_of_where_a_tag_is_from(db) {
        let up = TestUpstream::start().await;
        up.image("team/app", "1.0", ImageKind::Docker);
        let story = Story::new(&db).await;
        story.import_new(&up, chosen(&["1.0"])).await;
        story.follow("1.0", "edge").await;
        story.tag_as("1.0", "edge", model::tagging::Mode::Fixed).await;
        let before = story.journal().await;
        let number = before.last().unwrap().0;
        let refused = story.edit(Edit::Undo { number }).await.unwrap_err();
        assert!(refused.to_string().contains("a tag goes back by its history"), "{refused}");
        assert_eq!(story.journal().await, before);
    }
);
