//! The alias graph: who follows whom, within a stream and beyond it.

use engine::{
    Error, db_test,
    testing::{
        db::actor,
        upstream::{ImageKind, TestUpstream},
    },
};
use model::{
    StreamRef,
    edit::Edit,
    graph::{Followed, Graph},
    import::Selection,
    tagging::{After, Mode},
    user::Role,
};

use crate::common::Story;

impl Story {
    async fn graph(&self, of: &str, text: &str) -> Graph {
        let (namespace, name) = of.split_once('/').unwrap();
        let stream = StreamRef::parse(namespace, name).unwrap();
        let viewer = actor(Role::Viewer);
        self.engine.graph(&viewer, &stream, text).await.unwrap()
    }
}

/// Each follow in words.
fn words(graph: &Graph) -> Vec<String> {
    let one = |follow: &model::graph::Follow| {
        let is = match &follow.is {
            Followed::Missing => " (missing)",
            Followed::Imported(_) => " (imported)",
            Followed::Here => "",
        };
        let held = if follow.held { ", held" } else { "" };
        format!("{} > {}{is}{held}", follow.follower, follow.followed)
    };
    graph.follows.iter().map(one).collect()
}

db_test!(
    async fn the_graph_shows_who_follows_whom_in_and_beyond_a_stream_and_marks_held_and_missing(db) {
        let up = TestUpstream::start().await;
        up.image("team/app", "2.0", ImageKind::Docker);
        let story = Story::new(&db).await;
        story.import_new(&up, Selection::All).await;
        for (source, destination) in [("2.0", "latest"), ("latest", "edge"), ("2.0", "shop/web:base"), ("shop/web:base", "mirror"), ("shop/web:base", "shop/web:own")] {
            story.tag_as(source, destination, Mode::Follow).await;
        }
        let hold = Edit::Rollback { tag: "edge".parse().unwrap(), revision: 1, after: After::Held };
        story.confirmed(hold).await;
        let all = [
            "team/app:mirror > shop/web:base",
            "shop/web:base > team/app:2.0 (imported)",
            "team/app:latest > team/app:2.0 (imported)",
            "team/app:edge > team/app:latest, held",
        ];
        assert_eq!(words(&story.graph("team/app", "").await), all, "what other streams follow among themselves is theirs");
        assert_eq!(words(&story.graph("team/app", "EDGE").await), [all[3]]);
        assert_eq!(words(&story.graph("shop/web", "").await), ["shop/web:own > shop/web:base", "team/app:mirror > shop/web:base", all[1]]);

        // What is followed goes: the follow stays, and says so.
        let web = StreamRef::parse("shop", "web").unwrap();
        let planned = story.engine.plan_delete_stream(&story.editor, &web).await.unwrap();
        story.engine.delete_stream(&story.editor, &web, &planned.token).await.unwrap();
        assert_eq!(words(&story.graph("team/app", "base").await), ["team/app:mirror > shop/web:base (missing)"]);
        let missing = story.engine.graph(&story.editor, &web, "").await.unwrap_err();
        assert!(matches!(missing, Error::NotFound(_)), "{missing}");
        let denied = story.engine.graph(&engine::Actor::anonymous(), &story.stream, "").await.unwrap_err();
        assert!(matches!(denied, Error::Denied(_)), "{denied}");
    }
);

db_test!(
    async fn a_graph_of_very_many_follows_shows_the_first_and_says_there_are_more(db) {
        let up = TestUpstream::start().await;
        up.image("team/app", "2.0", ImageKind::Docker);
        let story = Story::new(&db).await;
        story.import_new(&up, Selection::All).await;
        for round in 0..5 {
            let many: Vec<String> = (0..45).map(|n| format!("f{round}-{n}")).collect();
            story.tag_as("2.0", &many.join(","), Mode::Follow).await;
        }
        let graph = story.graph("team/app", "").await;
        assert_eq!((graph.follows.len(), graph.more), (Graph::LIMIT, true));
        let some = story.graph("team/app", "f2-").await;
        assert_eq!((some.follows.len(), some.more), (45, false));
    }
);
