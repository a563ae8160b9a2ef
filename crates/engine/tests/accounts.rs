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

db_test!(
    async fn a_token_speaks_for_its_user_until_it_ends(db) {
        let engine = with_admin(&db).await;
        let console = Engine::console_actor();
        let user = engine.add_user(&console, "ann", PASSWORD, Role::Editor).await.unwrap();
        let ann = engine.actor(&user.id).await.unwrap().unwrap();
        let new = engine.create_token(&ann, "ann", " ci ", "2h".parse().unwrap(), model::token::Scope::Full).await.unwrap();
        assert!(new.secret.starts_with("weir_") && new.secret.len() == 69, "{}", new.secret.len());
        assert_eq!(new.view.name, "ci");
        assert_eq!(engine.actor_for_token(&new.secret).await.unwrap(), Some(ann.clone()));
        for wrong in ["", "anonymous", "weir_", &new.secret[..68], &new.view.id, &new.secret.to_uppercase()] {
            assert_eq!(engine.actor_for_token(wrong).await.unwrap(), None, "{wrong}");
        }
        db.clock.advance(Duration::minutes(10));
        engine.actor_for_token(&new.secret).await.unwrap();
        let list = engine.list_tokens(&ann, "ann").await.unwrap();
        assert_eq!(list[0].last_used_at, Some(list[0].created_at), "noted coarsely");
        db.clock.advance(Duration::minutes(10));
        engine.actor_for_token(&new.secret).await.unwrap();
        assert_eq!(engine.list_tokens(&ann, "ann").await.unwrap()[0].last_used_at, Some(engine.clock().now()));
        db.clock.advance(Duration::minutes(100));
        assert_eq!(engine.actor_for_token(&new.secret).await.unwrap(), None, "expired");

        let other = engine.create_token(&ann, "ann", "forever", "never".parse().unwrap(), model::token::Scope::Full).await.unwrap();
        engine.revoke_token(&ann, &other.view.id).await.unwrap();
        assert_eq!(engine.actor_for_token(&other.secret).await.unwrap(), None, "revoked");
        assert_eq!(engine.list_tokens(&ann, "ann").await.unwrap().len(), 1);
    }
);

db_test!(
    async fn tokens_are_handled_by_their_user_and_by_administrators(db) {
        let engine = with_admin(&db).await;
        let console = Engine::console_actor();
        let mut users = Vec::new();
        for name in ["ann", "bob"] {
            let user = engine.add_user(&console, name, PASSWORD, Role::Editor).await.unwrap();
            users.push(engine.actor(&user.id).await.unwrap().unwrap());
        }
        let [ann, bob] = &users[..] else { panic!("two users") };
        let new = engine.create_token(ann, "ann", "ci", "1d".parse().unwrap(), model::token::Scope::Full).await.unwrap();
        let life = "1d".parse().unwrap();
        assert!(matches!(engine.create_token(bob, "ann", "x", life, model::token::Scope::Full).await, Err(Error::Denied(_))));
        assert!(matches!(engine.list_tokens(bob, "ann").await, Err(Error::Denied(_))));
        assert!(matches!(engine.revoke_token(bob, &new.view.id).await, Err(Error::NotFound(_))));
        // Somebody who is called like a user but is another one.
        let impostor = engine::Actor { id: "other".into(), ..ann.clone() };
        assert!(matches!(engine.create_token(&impostor, "ann", "x", life, model::token::Scope::Full).await, Err(Error::Denied(_))));
        assert!(matches!(engine.create_token(&engine::Actor::anonymous(), "ann", "x", life, model::token::Scope::Full).await, Err(Error::Denied(_))));
        for name in ["", " ", "a\nb", &"x".repeat(65)] {
            let refused = engine.create_token(ann, "ann", name, life, model::token::Scope::Full).await;
            assert!(matches!(refused, Err(Error::Invalid { field: "name", .. })), "{name}");
        }
        assert!(matches!(engine.create_token(&console, "eve", "x", life, model::token::Scope::Full).await, Err(Error::NotFound(_))));
        engine.create_token(&console, "ann", "x", life, model::token::Scope::Full).await.unwrap();
        engine.revoke_token(&console, &new.view.id).await.unwrap();
        for _ in 1..100 {
            engine.create_token(ann, "ann", "x", life, model::token::Scope::Full).await.unwrap();
        }
        assert!(matches!(engine.create_token(ann, "ann", "x", life, model::token::Scope::Full).await, Err(Error::Conflict(_))));
    }
);

db_test!(
    async fn an_administrator_opens_a_namespace_for_everybody_to_pull(db) {
        let engine = with_admin(&db).await;
        let (shop, none) = ("shop".parse().unwrap(), "none".parse().unwrap());
        let mut tx = engine.store().write().await.unwrap();
        tx.ensure_namespace(&shop, engine.clock().now()).await.unwrap();
        tx.commit().await.unwrap();
        let nobody = engine::Actor::anonymous();
        let may = async |actor: &engine::Actor, namespace| {
            let mut tx = engine.store().read().await.unwrap();
            engine.may_pull(&mut tx, actor, namespace).await.is_ok()
        };
        assert!(!may(&nobody, &shop).await);
        assert!(may(&actor(Role::Viewer), &shop).await);
        let refused = engine.set_anonymous_pull(&actor(Role::Editor), &shop, true).await;
        assert!(matches!(refused, Err(Error::Denied(_))));
        let admin = Engine::console_actor();
        engine.set_anonymous_pull(&admin, &shop, true).await.unwrap();
        assert!(may(&nobody, &shop).await && !may(&nobody, &none).await);
        assert!(nobody.may_read(&shop).is_err() && nobody.may_write(&shop).is_err(), "pulling only");
        assert!(engine.overview(&nobody).await.is_err());
        engine.set_anonymous_pull(&admin, &shop, false).await.unwrap();
        assert!(!may(&nobody, &shop).await);
        let refused = engine.set_anonymous_pull(&admin, &none, true).await;
        assert!(matches!(refused, Err(Error::NotFound(_))));
    }
);

db_test!(
    async fn a_name_of_any_length_and_any_bytes_is_no_fault_of_ours(db) {
        let engine = with_admin(&db).await;
        let long: String = (0..200).map(|_| engine::clock::secret::<32>()).collect();
        let refused = engine.sign_in(&long, "nope", "a").await.unwrap_err();
        assert!(matches!(refused, Error::Denied(_)), "{refused:?}");
        let refused = engine.sign_in("ad\0min", "nope", "a").await.unwrap_err();
        assert!(matches!(refused, Error::Denied(_) | Error::Invalid { .. }), "{refused:?}");
    }
);

db_test!(
    async fn a_token_to_pull_does_no_more_whatever_its_user_may(db) {
        let engine = with_admin(&db).await;
        let console = Engine::console_actor();
        let life = "1d".parse().unwrap();
        for (name, role) in [("ann", Role::Editor), ("eve", Role::Admin), ("tim", Role::Viewer)] {
            engine.add_user(&console, name, PASSWORD, role).await.unwrap();
            let scope = model::token::Scope::Pull;
            let new = engine.create_token(&console, name, "cluster", life, scope).await.unwrap();
            let actor = engine.actor_for_token(&new.secret).await.unwrap().unwrap();
            assert_eq!((actor.name.as_str(), actor.role), (name, Role::Viewer));
            assert_eq!(engine.list_tokens(&console, name).await.unwrap()[0].scope, scope);
        }
    }
);
