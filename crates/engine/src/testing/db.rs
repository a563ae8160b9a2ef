//! One empty database a test, of each kind. A missing PostgreSQL fails the test; it is never skipped.

use chrono::{DateTime, Utc};
use model::user::Role;
use sqlx::Connection;

use super::bucket::TestBucket;
use crate::{Actor, Clock, Config, Engine, blobs::Blobs, store::Store, upstream::Upstream};

/// Names the PostgreSQL server of the tests: a user who may make schemas.
pub const POSTGRES_URL: &str = "WEIR_TEST_POSTGRES_URL";

/// An empty database with the newest schema, gone when dropped (a PostgreSQL schema goes with its server).
pub struct TestDb {
    /// Opens it again: for tests of restarts.
    pub url: String,
    /// Stands still at noon until moved.
    pub clock: Clock,
    folder: tempfile::TempDir,
    /// Where blobs are; none for the folder.
    pub bucket: Option<TestBucket>,
}

impl TestDb {
    fn new(url: impl FnOnce(&std::path::Path) -> String) -> Self {
        let folder = tempfile::tempdir().expect("a folder for the test");
        let noon: DateTime<Utc> = "2026-05-01T12:00:00Z".parse().expect("a time");
        Self {
            url: url(folder.path()),
            clock: Clock::held_at(noon),
            folder,
            bucket: None,
        }
    }

    /// A new SQLite file.
    #[must_use]
    pub fn sqlite() -> Self {
        Self::new(|folder| format!("sqlite://{}", folder.join("weir.db").display()))
    }

    /// A new schema on the tests' PostgreSQL server.
    ///
    /// # Panics
    /// When there is none.
    #[expect(
        clippy::disallowed_methods,
        reason = "the address of the test server is not configuration of Weir"
    )]
    pub async fn postgres() -> Self {
        let server = std::env::var(POSTGRES_URL).unwrap_or_else(|_| {
            panic!("{POSTGRES_URL} is not set: `cargo xtask test` starts a PostgreSQL server and sets it")
        });
        let schema = format!("t{}", uuid::Uuid::now_v7().simple());
        let mut conn = sqlx::PgConnection::connect(&server)
            .await
            .expect("the tests' PostgreSQL server answers");
        let sql = sqlx::AssertSqlSafe(format!("CREATE SCHEMA {schema}"));
        sqlx::query(sql)
            .execute(&mut conn)
            .await
            .expect("the test user may make schemas");
        let glue = if server.contains('?') { '&' } else { '?' };
        Self {
            // What grows is on PostgreSQL, and its blobs are in a bucket.
            bucket: Some(TestBucket::start().await),
            ..Self::new(|_| format!("{server}{glue}options=-c%20search_path%3D{schema}"))
        }
    }

    /// Opens the store.
    ///
    /// # Panics
    /// When it cannot be opened.
    pub async fn store(&self) -> Store {
        Store::open(&self.url)
            .await
            .expect("the test database opens")
    }

    /// An engine over it, with this upstream client and without background workers: tests run jobs themselves.
    ///
    /// # Panics
    /// When the store cannot be opened.
    pub async fn engine_with(
        &self,
        upstream: Upstream,
        change: impl FnOnce(&mut Config),
    ) -> Engine {
        let mut config = Config::in_folder(self.folder.path().to_owned());
        config.database_url.clone_from(&self.url);
        config.workers = 0;
        change(&mut config);
        let folder = config.data.join("blobs");
        let blobs = match &self.bucket {
            None => Blobs::new(folder),
            Some(bucket) => bucket.blobs(&folder),
        };
        let (clock, store) = (self.clock.clone(), self.store().await);
        Engine::with_blobs(config, clock, store, upstream, blobs)
    }

    /// Forgets an upload and leaves its bytes, as a crash at the wrong moment does.
    ///
    /// # Panics
    /// When the database refuses.
    pub async fn forget_upload(&self, id: &str) {
        let mut tx = self.store().await.write().await.expect("a transaction");
        assert!(tx.delete_upload(id).await.expect("the database answers"));
        tx.commit().await.expect("the database answers");
    }

    /// An engine with defaults.
    ///
    /// # Panics
    /// When the store cannot be opened.
    pub async fn engine(&self) -> Engine {
        let upstream =
            Upstream::new(crate::upstream::Config::default()).expect("an upstream client");
        self.engine_with(upstream, |_| {}).await
    }
}

/// An actor of a role that is in no database.
#[must_use]
pub fn actor(role: Role) -> Actor {
    Actor {
        id: role.as_str().into(),
        name: role.as_str().into(),
        role,
    }
}

/// Makes one test a database: `db_test!(async fn name(db) { … })` gives `name::sqlite` and `name::postgres`.
#[macro_export]
macro_rules! db_test {
    ($(#[$meta:meta])* async fn $name:ident($db:ident) $body:block) => {
        $(#[$meta])*
        mod $name {
            #[allow(unused_imports, reason = "a test may need nothing of its surroundings")]
            use super::*;

            async fn case($db: $crate::testing::db::TestDb) $body

            #[tokio::test]
            async fn sqlite() {
                case($crate::testing::db::TestDb::sqlite()).await;
            }

            #[tokio::test]
            async fn postgres() {
                case($crate::testing::db::TestDb::postgres().await).await;
            }
        }
    };
}
