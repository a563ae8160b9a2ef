//! Credentials as stories: given once, used where they fit, never sent elsewhere.

use engine::{
    Error, db_test,
    store::SealedCredential,
    testing::{
        db::actor,
        upstream::{Fault, ImageKind, Route, TestUpstream},
    },
    upstream::{Config, Upstream},
};
use model::{
    StreamRef, credential::HostPattern, import::Selection, job::JobState, tag::Reason, user::Role,
};

use crate::common::{Story, chosen};

impl Story {
    pub async fn credential(&self, pattern: &str, user: &str, password: &str) {
        let namespace = Some(self.stream.namespace.clone());
        let pattern = pattern.parse().unwrap();
        self.engine
            .set_credential(&self.editor, namespace, pattern, user, password)
            .await
            .unwrap();
        self.engine.run_jobs().await.unwrap();
    }
}

db_test!(
    async fn a_private_repository_is_imported_as_soon_as_its_credential_is_there(db) {
        let up = TestUpstream::builder().bearer_for("robot", "s3cret").start().await;
        up.image("team/app", "1.0", ImageKind::Docker);
        let story = Story::new(&db).await;
        let job = story.import_new(&up, chosen(&["1.0"])).await;
        assert_eq!(job.state, JobState::Failed);
        assert_eq!(story.tag("1.0").await.condition.unwrap().reason, Reason::Unauthorized);

        // One for another repository of the host does not help; the right one does, at once.
        story.credential(&format!("{}/other", up.host()), "robot", "s3cret").await;
        assert!(story.tag("1.0").await.condition.is_some());
        story.credential(&up.host(), "robot", "wrong").await;
        assert_eq!(story.tag("1.0").await.condition.unwrap().reason, Reason::Unauthorized);
        story.credential(&up.host(), "robot", "s3cret").await;
        let tag = story.tag("1.0").await;
        assert!(tag.condition.is_none() && tag.head.is_some(), "{tag:?}");

        // What is listed says everything but the secret, and the database does not hold it either.
        let all = story.engine.list_credentials(&story.editor).await.unwrap();
        assert_eq!(all.len(), 2);
        assert_eq!((all[0].user.as_str(), all[0].created_by.as_str()), ("robot", story.editor.name.as_str()));
        assert!(!format!("{all:?}").contains("s3cret"));
        let mut tx = story.engine.store().read().await.unwrap();
        let sealed = tx.credentials().await.unwrap();
        assert!(sealed.iter().all(|found| !found.secret.contains("s3cret")));
    }
);

db_test!(
    async fn the_right_credential_is_found_among_any_number(db) {
        let up = TestUpstream::builder().basic("robot", "s3cret").start().await;
        up.image("team/app", "1.0", ImageKind::Docker);
        let story = Story::new(&db).await;
        story.credential(&up.host(), "robot", "s3cret").await;
        let mut tx = story.engine.store().write().await.unwrap();
        let own = tx.credentials().await.unwrap().remove(0);
        for number in 0..1_200 {
            let other = SealedCredential {
                namespace: None,
                pattern: format!("0{number}.example").parse().unwrap(),
                ..own.clone()
            };
            tx.set_credential(&other).await.unwrap();
        }
        tx.commit().await.unwrap();
        let job = story.import_new(&up, chosen(&["1.0"])).await;
        assert_eq!(job.state, JobState::Succeeded, "{job:?}");
        let listed = story.engine.list_credentials(&actor(Role::Admin)).await.unwrap();
        assert_eq!((listed.len(), &listed[0].namespace), (1_000, &own.namespace));
    }
);

db_test!(
    async fn a_secret_goes_to_a_token_service_on_another_host_only_when_that_is_allowed(db) {
        // Another name of the same machine: another host, as far as names tell, and one that would answer.
        let service = TestUpstream::builder().tls().bearer_for("robot", "s3cret").start().await;
        let realm = service.origin().replace("127.0.0.1", "localhost");
        let up = TestUpstream::builder().tls().start().await;
        up.image("team/app", "1.0", ImageKind::Docker);
        up.fail(Route::Ping, Fault::Realm(format!("{realm}/token")));
        let mut story = Story::new(&db).await;
        story.credential(&up.host(), "robot", "s3cret").await;
        story.import_new(&up, chosen(&["1.0"])).await;
        let condition = story.tag("1.0").await.condition.unwrap();
        assert_eq!(condition.reason, Reason::Unauthorized);
        assert!(condition.message.contains(&format!("wants credentials sent to {realm}")), "{condition:?}");
        assert!(condition.hint.contains("WEIR_ALLOWED_REALMS"), "{condition:?}");
        let asked = service.requests();
        assert!(asked.iter().all(|seen| seen.authorization.is_none()), "the secret stays here: {asked:?}");

        let config = Config { allowed_realms: vec!["localhost".to_owned()], ..Config::default() };
        story.engine = db.engine_with(Upstream::new(config).unwrap(), |_| {}).await;
        story.again(&["1.0"]).await;
        let row = story.tag("1.0").await;
        assert!(row.head.is_some() && row.condition.is_none(), "{row:?}");
        assert!(service.requests().iter().any(|seen| seen.authorization.is_some()));
    }
);

db_test!(
    async fn a_wrong_secret_does_not_keep_public_images_away_and_it_is_said(db) {
        let up = TestUpstream::builder().public_for("robot", "s3cret").start().await;
        for tag in ["1.0", "2.0", "3.0"] {
            up.image("team/app", tag, ImageKind::Docker);
        }
        let story = Story::new(&db).await;
        story.credential(&up.host(), "robot", "wrong").await;
        let job = story.import_new(&up, model::import::Selection::All).await;
        assert_eq!((job.state, job.progress.done), (JobState::Succeeded, 3), "{job:?}");
        let items = story.items(&job).await;
        assert!(items.iter().any(|item| item.message.contains("refused the stored credential")), "{items:?}");
        let tokens = up.requests().into_iter().filter(|seen| seen.route == Route::Token).count();
        assert!(tokens <= 8, "the refused credential is not tried for every tag: {tokens}");
    }
);

db_test!(
    async fn the_longest_pattern_of_the_namespace_is_used_and_other_namespaces_are_not_asked(db) {
        let up = TestUpstream::builder().basic("right", "s3cret").start().await;
        up.image("team/app", "1.0", ImageKind::Docker);
        let story = Story::new(&db).await;
        let admin = actor(Role::Admin);
        let host: HostPattern = up.host().parse().unwrap();
        let other = Some("elsewhere".parse().unwrap());
        story.engine.set_credential(&admin, other, host.clone(), "right", "s3cret").await.unwrap();
        let job = story.import_new(&up, chosen(&["1.0"])).await;
        assert_eq!(job.state, JobState::Failed, "another namespace's credential is not used");
        story.engine.set_credential(&admin, None, format!("{host}/team").parse().unwrap(), "server-wide", "x").await.unwrap();
        story.credential(&format!("{host}/team/app"), "right", "s3cret").await;
        assert!(story.tag("1.0").await.head.is_some());

        let refused = story.engine.set_credential(&story.editor, None, host.clone(), "a", "b").await.unwrap_err();
        assert!(matches!(refused, Error::Denied(_)), "for all namespaces only administrators");
        let viewer = actor(Role::Viewer);
        let team = Some(story.stream.namespace.clone());
        for refused in [
            story.engine.list_credentials(&viewer).await.map(|_| ()),
            story.engine.set_credential(&viewer, team.clone(), host.clone(), "a", "b").await,
            story.engine.delete_credential(&viewer, team.clone(), &host).await,
        ] {
            assert!(matches!(refused, Err(Error::Denied(_))), "{refused:?}");
        }
        let gone = story.engine.delete_credential(&story.editor, team, &host).await.unwrap_err();
        assert!(matches!(gone, Error::NotFound(_)), "{gone}");
    }
);

db_test!(
    async fn a_credential_that_changes_tries_all_again_that_failed_of_its_host_and_namespace(db) {
        let up = TestUpstream::builder().basic("robot", "s3cret").start().await;
        let elsewhere = TestUpstream::start().await;
        for up in [&up, &elsewhere] {
            for tag in ["1.0", "2.0", "3.0"] {
                up.image("team/app", tag, ImageKind::Docker);
            }
        }
        let story = Story::new(&db).await;
        story.credential(&up.host(), "robot", "s3cret").await;
        story.import_new(&up, chosen(&["1.0", "2.0"])).await;
        let mut other = story.request(elsewhere.reference("team/app"), chosen(&["3.0"]), false);
        story.run(&other).await;
        other.stream = StreamRef::parse("shop", "app").unwrap();
        (other.create, other.source, other.selection) = (true, Some(up.reference("team/app")), chosen(&["1.0"]));
        story.run(&other).await;
        // Three failures of three kinds, and a repository whose tags cannot be listed.
        up.delete_tag("team/app", "1.0");
        elsewhere.fail(Route::Manifest, Fault::Status(503));
        up.fail(Route::Manifest, Fault::Status(503));
        story.again(&["2.0"]).await;
        story.again(&["3.0"]).await;
        up.heal();
        story.again(&["1.0"]).await;
        up.fail(Route::Tags, Fault::Status(503));
        let whole = StreamRef::parse("team", "whole").unwrap();
        let mut list = story.request(up.reference("team/app"), Selection::All, true);
        list.stream = whole.clone();
        story.run(&list).await;
        let failures = |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect::<Vec<_>>();
        let failed = async || {
            let rows = story.tags().await.into_iter().filter(|row| row.condition.is_some());
            let mut names: Vec<_> = rows.map(|row| row.name.to_string()).collect();
            names.sort();
            names
        };
        assert_eq!(failed().await, failures(&["1.0", "2.0", "3.0"]));

        // One of another namespace, or of another host, changes nothing here.
        up.heal();
        elsewhere.heal();
        up.image("team/app", "1.0", ImageKind::Docker);
        let host: HostPattern = up.host().parse().unwrap();
        let shop = Some("shop".parse().unwrap());
        story.engine.set_credential(&story.editor, shop, host.clone(), "robot", "s3cret").await.unwrap();
        story.credential("quay.io", "robot", "s3cret").await;
        assert_eq!(failed().await, failures(&["1.0", "2.0", "3.0"]));

        story.credential(&up.host(), "robot", "s3cret").await;
        assert_eq!(failed().await, failures(&["3.0"]), "that one is of another host");
        assert_eq!(story.tag("2.0").await.checks.attempts, 0, "as if for the first time");
        let view = story.engine.stream(&story.editor, &whole).await.unwrap();
        assert_eq!(view.row.tags, 3, "its tags could be listed now");

        // One that is taken away is a change, too: the one that fits now is used.
        story.credential(&elsewhere.host(), "robot", "wrong").await;
        assert!(failed().await.is_empty());
        elsewhere.fail_times(1, Route::Manifest, Fault::Status(404));
        story.again(&["3.0"]).await;
        assert_eq!(failed().await, failures(&["3.0"]));
        let team = Some(story.stream.namespace.clone());
        let pattern = elsewhere.host().parse().unwrap();
        story.engine.delete_credential(&story.editor, team, &pattern).await.unwrap();
        story.engine.run_jobs().await.unwrap();
        assert!(failed().await.is_empty());
    }
);
