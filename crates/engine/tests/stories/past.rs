//! Streams and tags as they were, and lists that are too long for one page.

use chrono::{DateTime, Duration, Utc};
use engine::{
    Error, Result, db_test,
    testing::upstream::{ImageKind, TestUpstream},
};
use model::{
    PageRequest, StreamRef, TagName,
    edit::{Edit, Policies, Which},
    import::Selection,
    policy::Schedule,
    tag::{TagAt, TagPast},
    tagging::{After, Mode, TagInput, TagRequest},
};

use crate::common::{Story, chosen};

impl Story {
    /// An hour passes; returns the time before it.
    fn hour(&self) -> DateTime<Utc> {
        let now = self.engine.clock().now();
        self.engine.clock().advance(Duration::hours(1));
        now
    }

    async fn delete(&self, tags: &[TagName]) {
        let planned = self
            .engine
            .plan_delete_tags(&self.editor, &self.stream, tags)
            .await
            .unwrap();
        let deleted = self
            .engine
            .delete_tags(&self.editor, &self.stream, tags, &planned.token)
            .await;
        deleted.unwrap();
    }

    async fn tag_then(&self, tag: &str, at: DateTime<Utc>) -> Result<TagPast> {
        let tag = tag.parse().unwrap();
        self.engine
            .tag_at(&self.editor, &self.stream, &tag, at)
            .await
    }
}

db_test!(
    async fn a_stream_is_shown_as_it_was_with_what_was_deleted_since(db) {
        let up = TestUpstream::start().await;
        let first = up.image("team/app", "1.0", ImageKind::Docker);
        let gone = up.image("team/app", "2.0", ImageKind::Docker);
        let story = Story::new(&db).await;
        let before = story.engine.clock().now();
        story.engine.clock().advance(chrono::Duration::hours(1));
        story.import_new(&up, Selection::All).await;
        let then = story.engine.clock().now();
        story.engine.clock().advance(chrono::Duration::hours(1));
        let second = up.move_tag("team/app", "1.0");
        story.again(&["1.0"]).await;
        let tags = ["2.0".parse().unwrap()];
        let planned = story.engine.plan_delete_tags(&story.editor, &story.stream, &tags).await.unwrap();
        story.engine.delete_tags(&story.editor, &story.stream, &tags, &planned.token).await.unwrap();

        let page = model::PageRequest::default();
        let at = |at| story.engine.stream_at(&story.editor, &story.stream, at, &page);
        let now = at(story.engine.clock().now()).await.unwrap();
        assert_eq!(now.tags.items.iter().map(|tag| &tag.digest).collect::<Vec<_>>(), [&second]);
        assert!(now.deleted.is_empty());
        let shown = at(then).await.unwrap();
        assert_eq!(shown.tags.items.iter().map(|tag| (&tag.digest, tag.number)).collect::<Vec<_>>(), [(&first, Some(1))]);
        assert_eq!(shown.deleted.iter().map(|tag| (tag.name.as_str(), &tag.digest)).collect::<Vec<_>>(), [("2.0", &gone)]);
        let nothing = at(before).await.unwrap();
        assert!(nothing.tags.items.is_empty() && nothing.deleted.is_empty());
    }
);

db_test!(
    async fn a_stream_made_again_under_its_name_shows_nothing_of_the_one_before(db) {
        let up = TestUpstream::start().await;
        up.image("team/app", "1.0", ImageKind::Docker);
        up.image("team/app", "2.0", ImageKind::Docker);
        let story = Story::new(&db).await;
        story.import_new(&up, Selection::All).await;
        let first = story.hour();
        story.delete(&["2.0".parse().unwrap()]).await;
        story.hour();
        let planned = story.engine.plan_delete_stream(&story.editor, &story.stream).await.unwrap();
        story.engine.delete_stream(&story.editor, &story.stream, &planned.token).await.unwrap();
        story.hour();
        story.import_new(&up, chosen(&["1.0"])).await;
        let second = story.hour();

        let page = PageRequest::default();
        let then = story.engine.stream_at(&story.editor, &story.stream, first, &page).await.unwrap();
        assert!(then.tags.items.is_empty() && then.deleted.is_empty(), "{then:?}");
        for tag in ["1.0", "2.0"] {
            let none = story.tag_then(tag, first).await.unwrap_err();
            assert!(matches!(none, Error::NotFound(_)), "{none}");
        }
        let then = story.tag_then("1.0", second).await.unwrap();
        assert_eq!(then.head.unwrap().number, Some(1));
    }
);

db_test!(
    async fn a_tag_is_shown_as_it_was_also_when_it_is_gone(db) {
        let up = TestUpstream::start().await;
        let first = up.image("team/app", "1.0", ImageKind::Docker);
        let story = Story::new(&db).await;
        let before = story.hour();
        story.import_new(&up, chosen(&["1.0"])).await;
        let imported = story.hour();
        let policies = Policies { schedule: Some(Schedule::Every(60)), ..Policies::default() };
        story.confirmed(Edit::Policies { which: Which::Containing(String::new()), policies }).await;
        let scheduled = story.hour();
        let second = up.move_tag("team/app", "1.0");
        story.again(&["1.0"]).await;
        let moved = story.hour();
        story.confirmed(Edit::Rollback { tag: "1.0".parse().unwrap(), revision: 1, after: After::Held }).await;
        let held = story.hour();

        let none = story.tag_then("1.0", before).await.unwrap_err();
        assert!(matches!(none, Error::NotFound(_)), "{none}");
        let all = [
            (imported, &first, 1, Schedule::Never, false),
            (scheduled, &first, 1, Schedule::Every(60), false),
            (moved, &second, 2, Schedule::Every(60), false),
            (held, &first, 3, Schedule::Every(60), true),
        ];
        for (at, digest, number, schedule, held) in all {
            let then = story.tag_then("1.0", at).await.unwrap();
            let head = then.head.unwrap();
            assert_eq!((&head.digest, head.number), (digest, Some(number)), "at {at}");
            assert_eq!((then.spec.unwrap().schedule(), then.held), (schedule, held), "at {at}");
            assert!(!then.deleted);
            let page = PageRequest::default();
            let tag = "1.0".parse().unwrap();
            let history = story.engine.history_at(&story.editor, &story.stream, &tag, at, &page).await.unwrap();
            let numbers: Vec<_> = history.items.iter().map(|revision| revision.number).collect();
            assert_eq!(numbers, (1..=number).rev().collect::<Vec<_>>(), "no later revision at {at}");
        }

        story.delete(&["1.0".parse().unwrap()]).await;
        story.hour();
        for (at, digest, _, schedule, held) in all {
            let then = story.tag_then("1.0", at).await.unwrap();
            assert_eq!(&then.head.unwrap().digest, digest, "at {at}");
            assert_eq!((then.spec.unwrap().schedule(), then.held, then.deleted), (schedule, held, true), "at {at}");
        }
        let gone = story.tag_then("1.0", story.engine.clock().now()).await.unwrap_err();
        assert!(matches!(gone, Error::NotFound(_)), "{gone}");
    }
);

db_test!(
    async fn more_deleted_tags_than_are_looked_at_are_said(db) {
        let up = TestUpstream::start().await;
        let tags = up.many("team/app", 201);
        let story = Story::new(&db).await;
        story.import_new(&up, Selection::All).await;
        let then = story.hour();
        let tags: Vec<TagName> = tags.iter().map(|tag| tag.parse().unwrap()).collect();
        story.delete(&tags[1..]).await;
        let page = PageRequest::default();
        let shown = story.engine.stream_at(&story.editor, &story.stream, then, &page).await.unwrap();
        assert_eq!((shown.deleted.len(), shown.more_deleted), (200, false));
        story.delete(&tags[..1]).await;
        let shown = story.engine.stream_at(&story.editor, &story.stream, then, &page).await.unwrap();
        assert_eq!((shown.deleted.len(), shown.more_deleted), (200, true));
    }
);

db_test!(
    async fn followers_in_other_streams_that_are_not_named_are_counted(db) {
        let up = TestUpstream::start().await;
        up.image("team/app", "1.0", ImageKind::Docker);
        let story = Story::new(&db).await;
        story.import_new(&up, chosen(&["1.0"])).await;
        let tag: TagName = "1.0".parse().unwrap();
        let followed = TagInput::Tag(TagAt::new(&story.stream, tag.clone()));
        for (from, until, named, more) in [(0, 50, 50, 0), (50, 53, 50, 3)] {
            let destinations: Vec<_> = (from..until)
                .map(|n| TagAt::new(&StreamRef::parse("shop", &format!("s{n}")).unwrap(), tag.clone()))
                .collect();
            let request = TagRequest {
                destinations: destinations.clone(),
                ..TagRequest::new(followed.clone(), destinations[0].clone(), Mode::Follow)
            };
            let planned = story.engine.plan_tag(&story.editor, &request).await.unwrap();
            story.engine.set_tag(&story.editor, &request, &planned.token).await.unwrap();
            let view = story.engine.tag(&story.editor, &story.stream, &tag).await.unwrap();
            assert_eq!((view.followers_elsewhere.len(), view.more_followers), (named, more));
        }
    }
);

db_test!(
    async fn the_report_on_names_is_paged_both_ways(db) {
        let up = TestUpstream::start().await;
        let names = ["2016-05-01", "2016-05-02", "2016-05-03", "2016-05-04", "2016-05-05"];
        for name in names.iter().chain(&["edge", "latest", "stable"]) {
            up.image("team/app", name, ImageKind::Docker);
        }
        let story = Story::new(&db).await;
        story.import_new(&up, Selection::All).await;
        let mut page = PageRequest { cursor: None, size: 2 };
        let (mut forwards, mut sizes) = (Vec::new(), Vec::new());
        let report = async |page: &PageRequest| {
            let age = Duration::days(90);
            let found = story.engine.stale_tags(&story.editor, &story.stream, age, page).await.unwrap();
            let names: Vec<_> = found.items.iter().map(|tag| tag.row.name.to_string()).collect();
            (names, found.previous, found.next)
        };
        let last = loop {
            let (found, previous, next) = report(&page).await;
            sizes.push(found.len());
            forwards.extend(found);
            match next {
                Some(next) => page.cursor = Some(next),
                None => break previous,
            }
        };
        let mut sorted = forwards.clone();
        sorted.sort();
        assert_eq!((sorted.as_slice(), sizes), (names.map(str::to_owned).as_slice(), vec![2, 2, 1]));
        page.cursor = last;
        let (middle, previous, _) = report(&page).await;
        assert_eq!(middle, forwards[2..4]);
        page.cursor = previous;
        let (first, previous, _) = report(&page).await;
        assert_eq!((first.as_slice(), previous), (&forwards[..2], None));
    }
);
