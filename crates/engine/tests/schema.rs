//! Both databases have the same schema, and each migration can follow the one before on a database that is not empty.
#![expect(
    clippy::unwrap_used,
    reason = "a check that cannot read a schema has failed"
)]

use std::collections::BTreeMap;

use engine::testing::db::TestDb;
use sqlx::Row;

/// Columns as "table.column" with nullability.
type Schema = BTreeMap<String, bool>;

async fn sqlite_schema(url: &str) -> Schema {
    let pool = sqlx::SqlitePool::connect(url).await.unwrap();
    let sql = "SELECT m.name || '.' || p.name AS name, p.\"notnull\" = 0 AND p.pk = 0 AS nullable
        FROM sqlite_master m JOIN pragma_table_info(m.name) p
        WHERE m.type = 'table' AND m.name NOT LIKE '\\_sqlx%' ESCAPE '\\' AND m.name NOT LIKE 'sqlite%'";
    let rows = sqlx::query(sql).fetch_all(&pool).await.unwrap();
    rows.iter()
        .map(|row| (row.get("name"), row.get::<i64, _>("nullable") != 0))
        .collect()
}

async fn postgres_schema(url: &str) -> Schema {
    let pool = sqlx::PgPool::connect(url).await.unwrap();
    let sql = "SELECT table_name || '.' || column_name AS name, is_nullable = 'YES' AS nullable
        FROM information_schema.columns
        WHERE table_schema = current_schema() AND table_name NOT LIKE '\\_sqlx%'";
    let rows = sqlx::query(sql).fetch_all(&pool).await.unwrap();
    rows.iter()
        .map(|row| (row.get("name"), row.get("nullable")))
        .collect()
}

#[tokio::test]
async fn both_databases_have_the_same_tables_columns_and_nullability() {
    let (sqlite, postgres) = (TestDb::sqlite(), TestDb::postgres().await);
    sqlite.store().await;
    postgres.store().await;
    let (sqlite, postgres) = (
        sqlite_schema(&sqlite.url).await,
        postgres_schema(&postgres.url).await,
    );
    assert!(sqlite.len() > 100, "{}", sqlite.len());
    assert_eq!(sqlite, postgres);
}

#[test]
fn both_databases_have_the_same_migrations_and_each_has_test_data() {
    let root = concat!(env!("CARGO_MANIFEST_DIR"), "/../../migrations");
    let names = |folder: &str| -> Vec<String> {
        let mut names: Vec<_> = std::fs::read_dir(format!("{root}/{folder}"))
            .unwrap()
            .map(|entry| entry.unwrap().file_name().into_string().unwrap())
            .collect();
        names.sort();
        names
    };
    let sqlite = names("sqlite");
    assert!(!sqlite.is_empty());
    assert_eq!(sqlite, names("postgres"));
    assert_eq!(sqlite, names("testdata"));
}

/// Runs each migration on a database that holds the rows of the ones before.
macro_rules! walk {
    ($name:ident, $folder:literal, $pool:ty, $db:expr) => {
        #[tokio::test]
        async fn $name() {
            let db: TestDb = $db;
            let url = if db.url.starts_with("sqlite") {
                format!("{}?mode=rwc", db.url)
            } else {
                db.url.clone()
            };
            let pool = <$pool>::connect(&url).await.unwrap();
            let root = concat!(env!("CARGO_MANIFEST_DIR"), "/../../migrations");
            let migrations = sqlx::migrate!($folder);
            for migration in migrations.iter() {
                sqlx::raw_sql(migration.sql.clone())
                    .execute(&pool)
                    .await
                    .unwrap();
                let name = format!(
                    "{:04}_{}.sql",
                    migration.version,
                    migration.description.replace(' ', "_")
                );
                let data = std::fs::read_to_string(format!("{root}/testdata/{name}")).unwrap();
                sqlx::raw_sql(sqlx::AssertSqlSafe(data))
                    .execute(&pool)
                    .await
                    .unwrap();
            }
            let tags: i64 = sqlx::query_scalar("SELECT COUNT(*) FROM tags")
                .fetch_one(&pool)
                .await
                .unwrap();
            assert!(tags > 0, "the test data reaches the tags table");
            // What is only of an image goes with it.
            let signatures = "SELECT COUNT(*) FROM image_signatures";
            let count: i64 = sqlx::query_scalar(signatures)
                .fetch_one(&pool)
                .await
                .unwrap();
            assert!(count > 0);
            sqlx::raw_sql("DELETE FROM images")
                .execute(&pool)
                .await
                .unwrap();
            let count: i64 = sqlx::query_scalar(signatures)
                .fetch_one(&pool)
                .await
                .unwrap();
            assert_eq!(count, 0);
        }
    };
}
walk!(
    migrations_run_on_a_sqlite_that_is_not_empty,
    "../../migrations/sqlite",
    sqlx::SqlitePool,
    TestDb::sqlite()
);
walk!(
    migrations_run_on_a_postgres_that_is_not_empty,
    "../../migrations/postgres",
    sqlx::PgPool,
    TestDb::postgres().await
);
