//! Opening the database, and what every other module of this crate stands on.

use std::{
    path::PathBuf,
    sync::{Arc, Mutex, OnceLock, atomic::AtomicU64},
    time::Duration,
};

use anyhow::Context;
use chrono::{DateTime, Utc};
use chrono_tz::Tz;
use hotline_core::{
    contact::classification::Scheme, identifiers::private::Private, statistics::returns::Return,
    time::clock::Clock,
};
use hotline_migrations::{Migrator, MigratorTrait};
use log::LevelFilter;
use sea_orm::{
    ConnectOptions, Database, DatabaseConnection, DatabaseTransaction, DbBackend, IsolationLevel,
    TransactionOptions, TransactionTrait,
    sqlx::{
        self, Connection, SqliteConnection,
        sqlite::{SqliteConnectOptions, SqliteJournalMode, SqliteSynchronous},
    },
};
use tokio::sync::{Notify, Semaphore, broadcast, mpsc};

use crate::{
    db::{
        batch_request::BatchRequest,
        changes::Changes,
        database_file::{self, DatabaseFile},
        key_proof,
        transactions::Writer,
    },
    error::StoreError,
    memory::{
        log_ins::{Refused, Steady, Watched},
        presence::Presence,
        search_index::Search,
        typing::Typing,
    },
    sealing::{files::Files, keys::Keys},
};

/// How to open the store.
pub struct Settings {
    /// `sqlite:///path/to/file` or `postgres://…`. It may hold a password.
    pub url: Private<String>,
    /// The folder for the master key and attachments.
    pub folder: PathBuf,
    /// The master key, if it lies elsewhere than `master.key` in the folder.
    pub key_file: Option<PathBuf>,
    /// The zone in which a day is a day.
    pub zone: Tz,
    /// For how many days after it was closed a contact takes a later message.
    pub reopen_days: u16,
    /// Bytes of disk that stay free.
    pub reserve: u64,
    /// How long a reply waits before it leaves, so that it can be taken back.
    pub undo: Duration,
    /// Messages that may wait to be registered; beyond, nothing is accepted.
    pub backlog: u64,
    /// How contacts are classified.
    pub scheme: Scheme,
    /// Whether a contact is closed only when it is classified.
    pub wrap_up: bool,
    /// What it must know of each line.
    pub lines: Vec<LineSettings>,
    /// Networks that no line reads and counsellors log: names of channels.
    pub networks: Vec<String>,
}

/// What the store must know of a line.
#[derive(Debug, Clone)]
pub struct LineSettings {
    /// Its name.
    pub name: String,
    /// The name of its channel.
    pub channel: String,
    /// The text acknowledging a first message, by language tag. Empty: none is sent.
    pub acknowledgement: Vec<(String, String)>,
    /// The line by which somebody who left an address on this one is answered there as well.
    pub answers_also_by: Option<String>,
    /// Whether people send files on it only when a counsellor asked for them.
    pub asks_for_files: bool,
    /// Whether files can leave by it.
    pub sends_files: bool,
    /// Whether a message waits behind an earlier one to the same person.
    pub keeps_order: bool,
}

/// Looks at the figures at a time: half of the fewest connections there are.
const SNAPSHOTS: usize = 2;

/// How long what still reads or writes is waited for at the end.
const CLOSING: Duration = Duration::from_secs(3);

/// The database, sealed.
pub struct Store {
    /// Reads.
    pub(crate) reading: DatabaseConnection,
    /// Writes, in transactions. On SQLite this is the one connection that writes.
    pub(crate) writing: Writer,
    /// A look at the figures holds a connection for as long as it takes: the others are for everybody else.
    pub(crate) looks: Semaphore,
    pub(crate) keys: Keys,
    pub(crate) files: Files,
    /// The file of a SQLite database.
    database_file: Option<DatabaseFile>,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) zone: Tz,
    pub(crate) reopen_days: u16,
    pub(crate) scheme: Scheme,
    pub(crate) wrap_up: bool,
    pub(crate) lines: Vec<LineSettings>,
    pub(crate) networks: Vec<String>,
    pub(crate) returns: Vec<Return>,
    pub(crate) requests: mpsc::Sender<BatchRequest>,
    /// Told when a job of a kind may be due.
    pub(crate) receive_due: Arc<Notify>,
    pub(crate) deliver_due: Arc<Notify>,
    pub(crate) fetch_due: Arc<Notify>,
    /// Told when somebody writes an answer.
    pub(crate) typing: broadcast::Sender<Typing>,
    pub(crate) changes: Changes,
    pub(crate) presence: Presence,
    pub(crate) search: Search,
    pub(crate) refused: Mutex<Refused>,
    /// The time by which log-ins end.
    pub(crate) steady: Steady,
    /// Log-ins on whose end somebody waits.
    pub(crate) watched: Watched,
    /// How long a reply can be taken back.
    pub(crate) undo: Duration,
    /// Held while this process runs the jobs of a SQLite database.
    pub(crate) served: OnceLock<std::fs::File>,
    /// How many messages wait to be registered, as last looked.
    pub(crate) waiting: AtomicU64,
    pub(crate) backlog: u64,
}

impl Store {
    /// Opens the database and brings its tables up to date.
    ///
    /// # Errors
    /// When it cannot be opened, was made by a newer version, or the master key is missing or another one.
    pub(crate) async fn open(
        settings: Settings,
        clock: Arc<dyn Clock>,
    ) -> anyhow::Result<(Arc<Self>, mpsc::Receiver<BatchRequest>)> {
        std::fs::create_dir_all(&settings.folder)
            .with_context(|| format!("Could not make the folder {}", settings.folder.display()))?;
        let (reading, writing) = connect(settings.url.expose())
            .await
            .context("Could not open the database")?;
        let files = Files::open(&settings.folder.join("attachments"), settings.reserve)
            .context("Could not make the attachments folder")?;
        bring_up_to_date(&writing, &files)
            .await
            .context("Could not bring the database up to date")?;
        let url = settings.url.expose();
        let database_file = match url.starts_with("sqlite") {
            true => Some(
                DatabaseFile::watch(url)
                    .await
                    .context("Could not watch the database file")?,
            ),
            false => None,
        };
        let key_file = settings
            .key_file
            .unwrap_or_else(|| settings.folder.join("master.key"));
        let keys = Keys::load(&key_file, key_proof::needs_no_key(&reading).await?)?;
        let (requests, received) = mpsc::channel(1_024);
        let changes = Changes::new(&reading).await?;
        let store = Arc::new(Self {
            reading,
            looks: Semaphore::new(SNAPSHOTS),
            writing: Writer::new(writing),
            keys,
            files,
            database_file,
            clock,
            zone: settings.zone,
            reopen_days: settings.reopen_days,
            scheme: settings.scheme,
            wrap_up: settings.wrap_up,
            lines: settings.lines,
            networks: settings.networks,
            returns: Return::all()?,
            requests,
            receive_due: Arc::new(Notify::new()),
            deliver_due: Arc::new(Notify::new()),
            fetch_due: Arc::new(Notify::new()),
            typing: broadcast::Sender::new(64),
            changes,
            presence: Presence::new(),
            search: Search::default(),
            refused: Mutex::default(),
            steady: Steady::default(),
            watched: Watched::default(),
            undo: settings.undo,
            served: OnceLock::new(),
            waiting: AtomicU64::new(0),
            backlog: settings.backlog,
        });
        store.prove_key().await?;
        Ok((store, received))
    }

    /// What the database is called: for people reading a table of figures.
    #[must_use]
    pub fn engine(&self) -> &'static str {
        if self.on_sqlite() { "SQLite" } else { "PostgreSQL" }
    }

    pub(crate) fn now(&self) -> i64 {
        self.clock.now().timestamp_micros()
    }

    /// The time in microseconds when this will have passed from now.
    pub(crate) fn after(&self, wait: Duration) -> i64 {
        self.now()
            .saturating_add(i64::try_from(wait.as_micros()).unwrap_or(i64::MAX))
    }

    pub(crate) fn on_sqlite(&self) -> bool {
        self.writing.backend() == DbBackend::Sqlite
    }

    /// Refuses once what is written would not be found again, since the database file is not at its place any more.
    pub(crate) fn check_place(&self) -> Result<(), StoreError> {
        self.database_file.as_ref().map_or(Ok(()), DatabaseFile::check)
    }

    /// Ends every connection to the database. Of a SQLite database the file alone is then whole, without its log. Nothing can
    /// be read or written afterwards.
    pub async fn disconnect(&self) {
        let others = async {
            let _ = self.reading.close_by_ref().await;
            let _ = self.writing.close().await;
        };
        if tokio::time::timeout(CLOSING, others).await.is_err() {
            tracing::warn!("The database was still in use when the service stopped");
        }
        if let Some(file) = &self.database_file
            && let Err(error) = file.close().await
        {
            tracing::warn!(error = %error, "The log of the database could not be moved into its file; keep both together");
        }
    }

    /// Begins a transaction that may write from its start, so that it never fails half-way for another writer.
    pub(crate) async fn begin(&self) -> Result<DatabaseTransaction, StoreError> {
        self.check_place()?;
        Ok(self.writing.begin().await?)
    }

    /// Begins a transaction in which every statement sees the same state of the database, while others write.
    pub(crate) async fn begin_snapshot(&self) -> Result<DatabaseTransaction, StoreError> {
        let options = TransactionOptions {
            isolation_level: (!self.on_sqlite()).then_some(IsolationLevel::RepeatableRead),
            ..Default::default()
        };
        Ok(self.reading.begin_with_options(options).await?)
    }
}

/// Microseconds since 1970 as a time. Out of range becomes 1970, which nothing stored here is.
pub(crate) fn time(micros: i64) -> DateTime<Utc> {
    DateTime::from_timestamp_micros(micros).unwrap_or_default()
}

/// Whether a connection that comes back is in no transaction; it is closed otherwise.
///
/// A full disk makes SQLite roll back by itself; the ROLLBACK that follows then fails, and sqlx goes on believing that a
/// transaction is open. The next one would be a savepoint in a transaction that nobody ever commits: everything it
/// acknowledged would be lost.
async fn is_at_rest(connection: &mut SqliteConnection) -> Result<bool, sqlx::Error> {
    // A rollback that is under way comes first.
    connection.ping().await?;
    let at_rest = !connection.is_in_transaction();
    if !at_rest {
        tracing::warn!("A connection to the database is closed, since its last transaction did not end");
    }
    Ok(at_rest)
}

/// An older version that still serves a SQLite database would count on as it did: it has to be stopped first.
async fn bring_up_to_date(writing: &DatabaseConnection, files: &Files) -> anyhow::Result<()> {
    let sqlite = writing.get_database_backend() == DbBackend::Sqlite;
    let _alone = match sqlite && !Migrator::get_applied_migrations(writing).await?.is_empty() {
        true if Migrator::get_pending_migrations(writing).await?.is_empty() => return Ok(()),
        true => Some(files.lock()?),
        false => None,
    };
    Ok(Migrator::up(writing, None).await?)
}

fn tuned(sqlite: SqliteConnectOptions) -> SqliteConnectOptions {
    sqlite
        // A connection that is opened later must not begin another database.
        .create_if_missing(false)
        .foreign_keys(true)
        .journal_mode(SqliteJournalMode::Wal)
        // With NORMAL a commit may be gone after a power cut.
        .synchronous(SqliteSynchronous::Full)
        .busy_timeout(Duration::from_secs(20))
        .pragma("secure_delete", "ON")
        .pragma("trusted_schema", "OFF")
        .pragma("temp_store", "MEMORY")
        .statement_cache_capacity(400)
}

async fn connect(url: &str) -> anyhow::Result<(DatabaseConnection, DatabaseConnection)> {
    if url.starts_with("sqlite") {
        database_file::make_private(url)?;
    }
    let options = |connections: u32| {
        let mut options = ConnectOptions::new(url);
        options
            .max_connections(connections)
            // The statements, never what is bound to them.
            .sqlx_logging_level(LevelFilter::Trace)
            // A recount reads everything, and takes as long as that takes.
            .sqlx_slow_statements_logging_settings(LevelFilter::Debug, Duration::from_secs(1))
            .acquire_timeout(Duration::from_secs(20));
        options.map_sqlx_sqlite_opts(tuned);
        options
    };
    if url.starts_with("sqlite") {
        let mut one = options(1);
        one.min_connections(1);
        one.map_sqlx_sqlite_pool_opts(|pool| {
            pool.after_release(|connection, _| Box::pin(is_at_rest(connection)))
        });
        let writing = Database::connect(one).await?;
        let mut several = options(4);
        // What is written past a transaction is refused: see `Writer`.
        several.map_sqlx_sqlite_opts(|sqlite| tuned(sqlite).pragma("query_only", "ON"));
        let reading = Database::connect(several).await?;
        Ok((reading, writing))
    } else {
        let both = Database::connect(options(16)).await?;
        Ok((both.clone(), both))
    }
}
