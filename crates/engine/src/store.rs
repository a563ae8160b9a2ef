//! The store: SQLite or PostgreSQL behind one SQL text. Nobody else names sqlx or sees a connection.
//!
//! [`Tx`] holds a transaction of either kind; the `on!` macro expands one body for both. Store functions are methods
//! of `Tx`, one statement each, one file per aggregate. Reads go through [`Store::read`], writes through
//! [`Store::write`], which takes SQLite's write lock at once (`BEGIN IMMEDIATE`): a later upgrade would fail under load.

mod accounts;
mod apply;
mod blobs;
mod credentials;
mod drafts;
mod elsewhere;
mod ended_jobs;
mod graph;
mod images;
mod insecure;
mod job_lists;
mod job_records;
mod jobs;
mod journal;
mod namespaces;
mod past;
mod pull;
mod push;
mod registry_lists;
mod retries;
mod revisions;
mod row;
mod schedules;
mod signatures;
mod storage;
mod streams;
mod tags;
mod tokens;
mod within;

use std::{str::FromStr, sync::Arc, time::Duration};

use sqlx::{
    Postgres, Sqlite, Transaction,
    postgres::{PgConnectOptions, PgPool, PgPoolOptions},
    sqlite::{
        SqliteConnectOptions, SqliteJournalMode, SqlitePool, SqlitePoolOptions, SqliteSynchronous,
    },
};

pub use self::{
    apply::WriteContext,
    credentials::SealedCredential,
    images::StoredImage,
    job_records::{ItemOutcome, JobRecord, NewItem, NewJob, PendingItem},
    jobs::Claim,
    push::Referrer,
    retries::FailedTag,
    schedules::DueTag,
    streams::StreamRecord,
};
pub(crate) use self::{
    elsewhere::MOST_MOVED,
    past::pointed_at,
    pull::Source,
    push::Part,
    retries::{MOST_ATTEMPTS, wait},
};
use crate::error::{Error, Result};

/// Runs one body on the connection of either kind.
macro_rules! on {
    ($tx:expr, |$conn:ident| $body:expr) => {
        match &mut $tx.conn {
            crate::store::Conn::Sqlite(tx) => {
                let $conn = &mut **tx;
                $body
            }
            crate::store::Conn::Postgres(tx) => {
                let $conn = &mut **tx;
                $body
            }
        }
    };
}
pub(crate) use on;

/// The database.
#[derive(Clone)]
pub struct Store {
    pools: Pools,
    /// Hosts of this registry: what lies there moves from stream to stream without its place.
    own_hosts: Arc<[String]>,
}

#[derive(Clone)]
enum Pools {
    /// One file: many readers, one writer at a time.
    Sqlite {
        /// Connections that only read.
        read: SqlitePool,
        /// The one connection that writes.
        write: SqlitePool,
    },
    /// A PostgreSQL server.
    Postgres(PgPool),
}

/// A transaction. Dropped without [`Tx::commit`], it changes nothing.
pub struct Tx {
    pub(crate) conn: Conn,
    own_hosts: Arc<[String]>,
    /// Journal number of this transaction, once it has one.
    number: Option<i64>,
    /// Journal lines written under that number.
    position: i64,
}

pub(crate) enum Conn {
    Sqlite(Transaction<'static, Sqlite>),
    Postgres(Transaction<'static, Postgres>),
}

impl Store {
    /// Lets PostgreSQL count what it has, as it does by itself within a minute: for measurements right after filling it.
    /// SQLite does not count by itself.
    ///
    /// # Errors
    /// When the database refuses.
    #[cfg(feature = "testing")]
    pub async fn analyze(&self) -> Result<()> {
        if let Pools::Postgres(pool) = &self.pools {
            sqlx::query("ANALYZE").execute(pool).await?;
        }
        Ok(())
    }

    /// Connects and brings the schema up to date.
    ///
    /// # Errors
    /// `Invalid` for a URL of another kind; `Internal` when the database cannot be reached or migrated, or is newer.
    pub async fn open(url: &str) -> Result<Self> {
        let failed = |error: Box<dyn std::error::Error + Send + Sync>| Error::Internal {
            doing: "WEIR_DATABASE_URL: opening the database",
            source: error,
        };
        if url.starts_with("sqlite:") {
            let options = SqliteConnectOptions::from_str(url)
                .map_err(|error| failed(error.into()))?
                .create_if_missing(true)
                .journal_mode(SqliteJournalMode::Wal)
                .synchronous(SqliteSynchronous::Normal)
                .foreign_keys(true)
                .busy_timeout(Duration::from_secs(10))
                .pragma("cache_size", "-16000")
                .statement_cache_capacity(200);
            // The writer first: it makes the file and sets the journal mode.
            let write = SqlitePoolOptions::new()
                .max_connections(1)
                .connect_with(options.clone())
                .await
                .map_err(|error| failed(error.into()))?;
            sqlx::migrate!("../../migrations/sqlite")
                .run(&write)
                .await
                .map_err(|error| failed(error.into()))?;
            let read = SqlitePoolOptions::new()
                .max_connections(8)
                .connect_with(options.read_only(true))
                .await
                .map_err(|error| failed(error.into()))?;
            return Ok(Self::over(Pools::Sqlite { read, write }));
        }
        if url.starts_with("postgres:") || url.starts_with("postgresql:") {
            let options = PgConnectOptions::from_str(url)
                .map_err(|error| failed(error.into()))?
                .application_name("weir");
            let pool = PgPoolOptions::new()
                .max_connections(16)
                .connect_with(options)
                .await
                .map_err(|error| failed(error.into()))?;
            sqlx::migrate!("../../migrations/postgres")
                .run(&pool)
                .await
                .map_err(|error| failed(error.into()))?;
            return Ok(Self::over(Pools::Postgres(pool)));
        }
        Err(Error::invalid(
            "WEIR_DATABASE_URL",
            "use sqlite://path/to/weir.db or postgres://user@host/database",
        ))
    }

    /// Begins reading: one snapshot until the transaction is dropped.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn read(&self) -> Result<Tx> {
        let conn = match &self.pools {
            Pools::Sqlite { read, .. } => Conn::Sqlite(read.begin().await?),
            // PostgreSQL's own BEGIN shows each statement what was committed before that statement.
            Pools::Postgres(pool) => Conn::Postgres(
                pool.begin_with("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY")
                    .await?,
            ),
        };
        Ok(self.tx(conn))
    }

    /// Begins writing.
    ///
    /// # Errors
    /// When the database does not answer, or stays locked by another writer.
    pub async fn write(&self) -> Result<Tx> {
        let conn = match &self.pools {
            Pools::Sqlite { write, .. } => Conn::Sqlite(write.begin_with("BEGIN IMMEDIATE").await?),
            Pools::Postgres(pool) => Conn::Postgres(pool.begin().await?),
        };
        Ok(self.tx(conn))
    }

    fn over(pools: Pools) -> Self {
        Self {
            pools,
            own_hosts: Arc::default(),
        }
    }

    /// The same database, for a registry of these hosts.
    #[must_use]
    pub fn of_hosts(self, own_hosts: &[String]) -> Self {
        Self {
            own_hosts: own_hosts.into(),
            ..self
        }
    }

    fn tx(&self, conn: Conn) -> Tx {
        Tx {
            conn,
            own_hosts: Arc::clone(&self.own_hosts),
            number: None,
            position: 0,
        }
    }

    /// Closes all connections after the statements in flight.
    pub async fn close(&self) {
        match &self.pools {
            Pools::Sqlite { read, write } => {
                read.close().await;
                write.close().await;
            }
            Pools::Postgres(pool) => pool.close().await,
        }
    }
}

impl Tx {
    /// Makes everything of this transaction last.
    ///
    /// # Errors
    /// When the database refuses; then nothing lasts.
    pub async fn commit(self) -> Result<()> {
        match self.conn {
            Conn::Sqlite(tx) => tx.commit().await?,
            Conn::Postgres(tx) => tx.commit().await?,
        }
        Ok(())
    }

    /// Asks the database for nothing, to see whether it answers.
    ///
    /// # Errors
    /// When it does not.
    pub async fn ping(&mut self) -> Result<()> {
        on!(self, |conn| {
            sqlx::query("SELECT 1").execute(conn).await?;
        });
        Ok(())
    }
}

impl From<sqlx::Error> for Error {
    fn from(error: sqlx::Error) -> Self {
        // PostgreSQL keeps no NUL in text; SQLite does.
        let code = error.as_database_error().and_then(|error| error.code());
        if code.is_some_and(|code| code == "22021") {
            return Self::invalid("", "the text holds a character that cannot be stored");
        }
        Self::Internal {
            doing: "using the database",
            source: Box::new(error),
        }
    }
}
