//! What a transaction that reads sees.

use engine::{db_test, testing::upstream::TestUpstream};

use crate::common::{Story, chosen};

db_test!(
    async fn who_reads_sees_nothing_of_what_is_written_meanwhile(db) {
        let up = TestUpstream::start().await;
        let tags = up.many("team/app", 1);
        let story = Story::new(&db).await;
        let store = story.engine.store();
        let mut before = store.read().await.unwrap();
        assert!(before.stream(&story.stream).await.unwrap().is_none());
        story.import_new(&up, chosen(&[&tags[0]])).await;
        let seen = before.stream(&story.stream).await.unwrap();
        assert!(seen.is_none(), "{seen:?}");
        let mut after = store.read().await.unwrap();
        assert!(after.stream(&story.stream).await.unwrap().is_some());
    }
);
