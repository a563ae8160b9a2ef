//! Signing in and setting up, on both databases.
#![expect(clippy::unwrap_used, reason = "a failed unwrap is a failed test")]

use chrono::Duration;
use engine::{
    Engine, Error, db_test,
    testing::db::{TestDb, actor},
};
use model::user::Role;

const PASSWORD: &str = "correct horse battery";

async fn with_admin(db: &TestDb) -> Engine {
    let engine = db.engine().await;
    assert_eq!(engine.first_start(Some(PASSWORD)).await.unwrap(), None);
    engine
}

db_test!(
    async fn a_setup_link_works_once_and_only_the_newest_does(db) {
        let engine = db.engine().await;
        let old = engine.first_start(None).await.unwrap().unwrap();
        let token = engine.first_start(None).await.unwrap().unwrap();
        assert_ne!(old, token, "each start prints a new one");
        for (token, password, field) in [(&old, PASSWORD, "token"), (&token, "short", "password")] {
            let refused = engine.setup(token, password).await.unwrap_err();
            assert!(matches!(&refused, Error::Invalid { field: at, .. } if *at == field), "{refused:?}");
        }
        let admin = engine.setup(&token, PASSWORD).await.unwrap();
        assert_eq!((admin.name.as_str(), admin.role), ("admin", Role::Admin));
        assert!(engine.setup(&token, PASSWORD).await.is_err(), "used up");
        assert_eq!(engine.first_start(None).await.unwrap(), None, "there is a user now");
        assert_eq!(engine.sign_in("admin", PASSWORD, "a").await.unwrap().id, admin.id);
    }
);

db_test!(
    async fn unknown_and_wrong_are_answered_alike(db) {
        let engine = with_admin(&db).await;
        let wrong = engine.sign_in("admin", "nope", "a").await.unwrap_err().to_string();
        let unknown = engine.sign_in("nobody", "nope", "a").await.unwrap_err().to_string();
        assert_eq!(wrong, unknown);
    }
);

db_test!(
    async fn guessing_is_slowed_by_account_and_waiting_helps(db) {
        let engine = with_admin(&db).await;
        for _ in 0..5 {
            assert!(matches!(engine.sign_in("admin", "nope", "a").await, Err(Error::Denied(_))));
        }
        assert!(matches!(engine.sign_in("admin", PASSWORD, "b").await, Err(Error::Conflict(_))), "also from elsewhere");
        db.clock.advance(Duration::seconds(2));
        assert!(engine.sign_in("admin", PASSWORD, "b").await.is_ok());
        assert!(matches!(engine.sign_in("admin", "nope", "a").await, Err(Error::Denied(_))), "forgotten by success");
    }
);

db_test!(
    async fn only_administrators_manage_users(db) {
        let engine = with_admin(&db).await;
        for role in [Role::Viewer, Role::Editor] {
            let refused = engine.add_user(&actor(role), "eve", PASSWORD, Role::Admin).await.unwrap_err();
            assert!(matches!(refused, Error::Denied(_)));
        }
        let admin = Engine::console_actor();
        engine.add_user(&admin, "ann", PASSWORD, Role::Viewer).await.unwrap();
        let taken = engine.add_user(&admin, "ann", PASSWORD, Role::Viewer).await.unwrap_err();
        assert!(matches!(taken, Error::Invalid { field: "name", .. }));
        engine.set_password(&admin, "ann", "another password").await.unwrap();
        assert!(engine.sign_in("ann", "another password", "a").await.is_ok());
        assert!(matches!(engine.set_password(&admin, "bob", PASSWORD).await, Err(Error::NotFound(_))));
        assert_eq!(engine.list_users(&admin).await.unwrap().len(), 2);
    }
);

db_test!(
    async fn sessions_end_when_they_say(db) {
        let engine = db.engine().await;
        let now = engine.clock().now();
        engine.save_session("s1", "{}", now + Duration::hours(1)).await.unwrap();
        assert!(engine.load_session("s1").await.unwrap().is_some());
        db.clock.advance(Duration::hours(2));
        assert!(engine.load_session("s1").await.unwrap().is_none());
        engine.save_session("s2", "{}", now + Duration::hours(9)).await.unwrap();
        engine.delete_session("s2").await.unwrap();
        assert!(engine.load_session("s2").await.unwrap().is_none());
    }
);
