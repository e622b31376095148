//! The [`Store`], with the functions that open and close the database. The other modules of this crate add methods to it.

use std::{
    collections::HashSet,
    path::{Path, PathBuf},
    sync::{Arc, Mutex, OnceLock, RwLock, atomic::AtomicU64},
    time::Duration,
};

use anyhow::Context;
use chrono::{DateTime, Utc};
use chrono_tz::Tz;
use futures::future::BoxFuture;
use hotline_core::{
    abuse_material::AbuseMaterialSettings,
    casework::answers::CaseSettings,
    centre::CentreInForce,
    contact::{classification::Scheme, urgency::UrgencyRules},
    identifiers::private::Private,
    masking::MaskingSettings,
    retention::RetentionSettings,
    routing::{alarm::AlarmSettings, settings::Routing, targets::Targets},
    staff::{audit::AuditSettings, factors::AccountSettings, passkeys::RelyingParty},
    statistics::returns::Return,
    text::{locale::Locales, rich::ReplyStyle},
    time::clock::Clock,
};
use log::LevelFilter;
use sea_orm::{
    ConnectOptions, Database, DatabaseConnection, DatabaseTransaction, DbBackend, IsolationLevel,
    TransactionOptions, TransactionTrait,
    sqlx::{
        self, Connection, SqliteConnection,
        sqlite::{SqliteConnectOptions, SqliteJournalMode, SqliteSynchronous},
    },
};
use tokio::sync::{Notify, Semaphore, broadcast, mpsc, watch};

use crate::{
    db::{
        audit::AuditCopies,
        batch_request::BatchRequest,
        changes::Changes,
        database_file::{self, DatabaseFile},
        key_proof, key_rotation,
        schema::{self, MigrationBackup, PendingMigrations},
        transactions::Writer,
        unfinished_move::refuse_unfinished_move,
        unfinished_restore::refuse_unfinished_restore,
    },
    error::StoreError,
    memory::{
        breached_passwords::BreachedPasswords,
        known_files::KnownFiles,
        log_ins::{Refused, Steady, Watched},
        openings::Openings,
        presence::Presence,
        scheme::SchemeInForce,
        search_index::Search,
        typing::Typing,
    },
    sealing::{files::Files, keys::Keys, master_key::KeySource},
};

/// Settings of the store.
pub struct Settings {
    /// URL of the database: `sqlite:///path/to/file` or `postgres://…`. It may contain a password.
    pub url: Private<String>,
    /// Folder that contains the master key and the attachments.
    pub folder: PathBuf,
    /// Where the master key comes from. `None`: the file `master.key` in `folder`.
    pub key: Option<KeySource>,
    /// Where the master key comes from that `key` replaces. `None`: no master key is being replaced.
    pub old_key: Option<KeySource>,
    /// The centre with the texts in force. The store replaces its texts by those that administrators stored.
    pub centre: CentreInForce,
    /// The URL of the web form, which automatic messages name.
    pub form_url: String,
    /// Bytes that must stay free on the disk. If fewer bytes are free, no message is accepted.
    pub reserve: u64,
    /// Whether a commit on SQLite waits until the disk has written it. Only a database that is deleted after its first use does without.
    pub durable: bool,
    /// Delay before a reply is sent. During this delay, its author can take the reply back.
    pub undo: Duration,
    /// Maximum number of accepted messages that wait to be registered. If more messages wait, new messages are refused.
    pub backlog: u64,
    /// Classification scheme of the settings: the questions and answers by which counsellors classify contacts. A version that staff put
    /// into force on screen replaces it.
    pub scheme: Scheme,
    /// Whether a contact must be classified before it is closed.
    pub wrap_up: bool,
    /// The rules that raise the urgency of contacts. `None`: the built-in rules.
    pub urgency_rules: Option<UrgencyRules>,
    /// When alarms about contacts in danger are sent, and to which recipients.
    pub alarm: AlarmSettings,
    /// How contacts reach counsellors.
    pub routing: Routing,
    /// The time within which a waiting person is to get a reply.
    pub targets: Targets,
    /// When the answers of institutions to referrals are due.
    pub cases: CaseSettings,
    /// Where the signed end of the audit is copied to.
    pub audit: AuditSettings,
    /// The roles that need a second factor to log in.
    pub accounts: AccountSettings,
    /// The service as devices with passkeys know it; `None` if passkeys cannot be used.
    pub relying_party: Option<RelyingParty>,
    /// How long the content of closed contacts is kept.
    pub retention: RetentionSettings,
    /// What may be decided about files that are locked as suspected abuse material, and which files are known.
    pub abuse_material: AbuseMaterialSettings,
    /// Whether identifiers and names are masked, and who may reveal them.
    pub masking: MaskingSettings,
    /// Settings of each line.
    pub lines: Vec<LineSettings>,
    /// Channel names of networks that have no line. Counsellors log calls and messages on these networks by hand.
    pub networks: Vec<String>,
}

impl Settings {
    /// Removes and returns the source of the master key.
    fn take_key(&mut self) -> KeySource {
        let usual = self.folder.join("master.key");
        self.key.take().unwrap_or(KeySource::File(usual))
    }
}

/// The part of a line's settings that the store needs.
#[derive(Debug, Clone)]
pub struct LineSettings {
    /// Name of the line.
    pub name: String,
    /// Name of the line's channel.
    pub channel: String,
    /// Key of the automatic acknowledgement of the message that opens a contact. If `None`, no acknowledgement is sent.
    pub acknowledgement: Option<&'static str>,
    /// Key of the automatic answer while the line is closed. If `None`, no such answer is sent.
    pub closed: Option<&'static str>,
    /// Name of a second line on which replies to this line's contacts are also sent, if the person left an address for replies.
    pub answers_also_by: Option<String>,
    /// Whether people can send files on this line only after a counsellor asked for them.
    pub asks_for_files: bool,
    /// Whether replies on this line can have files.
    pub sends_files: bool,
    /// How replies on this line are shown to people.
    pub reply_style: ReplyStyle,
    /// Whether an outgoing message waits while an earlier message of the same contact on this line is still to be sent.
    pub keeps_order: bool,
    /// Whether administrators paused the line: it accepts no messages, but still sends replies.
    pub paused: bool,
}

/// Maximum number of concurrent statistics snapshots. The store has at least four reading connections, so two always stay free for other
/// queries.
const SNAPSHOTS: usize = 2;

/// How long [`Store::disconnect`] waits for queries that are still running.
const CLOSING: Duration = Duration::from_secs(3);

/// What is opened before there is a store.
struct Opened {
    reading: DatabaseConnection,
    writing: Writer,
    keys: Keys,
    files: Files,
    database_file: Option<DatabaseFile>,
    migrated: Vec<String>,
}

/// The database with its sealed contents, and the state shared by all parts of this process.
pub struct Store {
    pub(crate) reading: DatabaseConnection,
    /// Connection for writing, always in transactions. On SQLite this is the only connection that writes.
    pub(crate) writing: Writer,
    /// Limits the number of concurrent statistics snapshots. Each snapshot occupies a reading connection until it ends, so snapshots could
    /// otherwise occupy all connections and block other queries.
    pub(crate) snapshot_permits: Semaphore,
    pub(crate) keys: Keys,
    pub(crate) files: Files,
    /// Checks whether the file of a SQLite database is still at its path. `None` on PostgreSQL.
    database_file: Option<DatabaseFile>,
    /// The names of the migrations that ran when the database was opened.
    migrated: Vec<String>,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) zone: Tz,
    pub(crate) centre: CentreInForce,
    /// The number of versions of texts that `centre` takes into account.
    pub(crate) texts_read: AtomicU64,
    /// Held while the texts in force are read.
    pub(crate) texts_refreshing: tokio::sync::Mutex<()>,
    pub(crate) form_url: String,
    pub(crate) locales: Locales,
    pub(crate) reopen_days: u16,
    pub(crate) scheme: SchemeInForce,
    pub(crate) wrap_up: bool,
    pub(crate) urgency_rules: Option<UrgencyRules>,
    pub(crate) routing: Routing,
    pub(crate) alarm: AlarmSettings,
    pub(crate) targets: Targets,
    pub(crate) case_settings: CaseSettings,
    /// The number of months after which an entry of the audit is removed; 0: never.
    pub(crate) audit_months: u16,
    pub(crate) audit_copies: AuditCopies,
    /// Whether entries of the audit are also logged.
    pub(crate) logs_audit: bool,
    pub(crate) accounts: AccountSettings,
    /// The list of breached passwords. `None`: the settings name none.
    pub(crate) breached_passwords: Option<BreachedPasswords>,
    pub(crate) relying_party: Option<RelyingParty>,
    pub(crate) retention: RetentionSettings,
    /// The file that lists what was erased.
    pub(crate) erasure_list: PathBuf,
    pub(crate) abuse_material: AbuseMaterialSettings,
    pub(crate) masking: MaskingSettings,
    pub(crate) known_files: KnownFiles,
    /// The keyed hashes of the files that the list of erasures names.
    pub(crate) purged_files: RwLock<HashSet<Vec<u8>>>,
    /// The lines that are in force, sorted by name.
    pub(crate) lines: RwLock<Arc<[Arc<LineSettings>]>>,
    /// The number of versions of stored lines, as last noticed.
    pub(crate) stored_line_versions: watch::Sender<u64>,
    pub(crate) networks: Vec<String>,
    pub(crate) returns: Vec<Return>,
    pub(crate) requests: mpsc::Sender<BatchRequest>,
    /// Notified when a receive job may be due. `deliver_due` and `fetch_due` are notified when a deliver job or a fetch job may be due.
    pub(crate) receive_due: Arc<Notify>,
    pub(crate) deliver_due: Arc<Notify>,
    pub(crate) fetch_due: Arc<Notify>,
    /// Notified when a contact may have to be routed or returned to the queue.
    pub(crate) route_due: Arc<Notify>,
    /// Broadcasts each report that a counsellor is writing a reply.
    pub(crate) typing: broadcast::Sender<Typing>,
    pub(crate) changes: Changes,
    pub(crate) presence: Presence,
    pub(crate) search: Search,
    pub(crate) refused: Mutex<Refused>,
    pub(crate) openings: Openings,
    /// Clock for the expiry of sessions. It never goes back, even if the system clock is set back.
    pub(crate) steady: Steady,
    /// Notifies subscribers when a session ends.
    pub(crate) watched: Watched,
    /// How long a reply can be taken back after it was written.
    pub(crate) undo: Duration,
    /// The locked file that lets only this process run the jobs of a SQLite database. Set by [`Store::take_over`]. The lock ends when the
    /// store is dropped or the process ends.
    pub(crate) served: OnceLock<std::fs::File>,
    /// Number of accepted messages that wait to be registered, according to the last count.
    pub(crate) waiting: AtomicU64,
    pub(crate) backlog: u64,
}

impl Store {
    /// Opens the database and runs pending migrations, after `backup` has made a backup of a database that is not new. Once `stopped` is
    /// ready, no longer waits for other processes before the migrations.
    ///
    /// # Errors
    /// Fails if the database cannot be opened, if a newer version of Hotline created the database, if the master key is missing, or if the
    /// master key belongs to another database. Also fails if the database is the target of an unfinished move, or the folder that of an
    /// unfinished restore.
    pub(crate) async fn open(
        mut settings: Settings,
        clock: Arc<dyn Clock>,
        backup: Option<&dyn MigrationBackup>,
        stopped: BoxFuture<'_, ()>,
    ) -> anyhow::Result<(Arc<Self>, mpsc::Receiver<BatchRequest>)> {
        refuse_unfinished_restore(&settings.folder)?;
        std::fs::create_dir_all(&settings.folder)
            .with_context(|| format!("Could not make the folder {}", settings.folder.display()))?;
        let (reading, writing) = connect(settings.url.expose(), settings.durable)
            .await
            .context("Could not open the database")?;
        refuse_unfinished_move(&reading).await?;
        let key = settings.take_key();
        key_proof::refuse_wrong_key(&reading, &key, settings.old_key.as_ref()).await?;
        let files = Files::open(&settings.folder.join("attachments"), settings.reserve)
            .context("Could not make the attachments folder")?;
        let migrated = schema::bring_up_to_date(&writing, &files, backup, stopped)
            .await
            .context("Could not bring the database up to date")?;
        // A move that began meanwhile may have made the tables.
        refuse_unfinished_move(&reading).await?;
        let writing = Writer::new(writing);
        let url = settings.url.expose();
        let database_file = match url.starts_with("sqlite") {
            true => Some(
                DatabaseFile::watch(url)
                    .await
                    .context("Could not watch the database file")?,
            ),
            false => None,
        };
        let keys = key_rotation::load(&reading, &writing, &key, settings.old_key.as_ref()).await?;
        let opened = Opened {
            reading,
            writing,
            keys,
            files,
            database_file,
            migrated,
        };
        let (store, received) = Self::assemble(opened, settings, clock).await?;
        store.prove_key().await?;
        store.refresh_texts().await?;
        store.notice_line_changes().await?;
        store.refresh_scheme().await?;
        Ok((store, received))
    }

    /// Opens the database without changing anything: no migration runs, and no key and no folder is made. After a crash, SQLite may create the
    /// index of its log. Returns no store if migrations are pending, because its queries need the newest tables.
    ///
    /// # Errors
    /// Fails if there is no database, if a newer version of Hotline created it, if it is the target of an unfinished move, or if the master
    /// key is missing or belongs to another database.
    pub(crate) async fn open_to_read(
        mut settings: Settings,
        clock: Arc<dyn Clock>,
    ) -> anyhow::Result<(PendingMigrations, Option<Arc<Self>>)> {
        refuse_unfinished_restore(&settings.folder)?;
        let reading = schema::connect_to_read(settings.url.expose())
            .await
            .context("Could not open the database")?;
        refuse_unfinished_move(&reading).await?;
        let pending = schema::read_pending(&reading).await?;
        if !pending.names.is_empty() {
            return Ok((pending, None));
        }
        let key = settings.take_key();
        let keys = key_rotation::load_to_read(&reading, &key, settings.old_key.as_ref()).await?;
        let opened = Opened {
            writing: Writer::new(reading.clone()),
            reading,
            keys,
            files: Files::at(&settings.folder.join("attachments"), settings.reserve),
            database_file: None,
            migrated: Vec::new(),
        };
        let (store, _) = Self::assemble(opened, settings, clock).await?;
        store.refresh_scheme().await?;
        Ok((pending, Some(store)))
    }

    async fn assemble(
        opened: Opened,
        settings: Settings,
        clock: Arc<dyn Clock>,
    ) -> anyhow::Result<(Arc<Self>, mpsc::Receiver<BatchRequest>)> {
        let (requests, received) = mpsc::channel(1_024);
        let changes = Changes::new(&opened.reading).await?;
        let store = Arc::new(Self {
            reading: opened.reading,
            snapshot_permits: Semaphore::new(SNAPSHOTS),
            writing: opened.writing,
            keys: opened.keys,
            files: opened.files,
            database_file: opened.database_file,
            migrated: opened.migrated,
            clock,
            zone: settings.centre.settings().time_zone,
            reopen_days: settings.centre.settings().reopen_days,
            centre: settings.centre,
            texts_read: AtomicU64::new(0),
            texts_refreshing: tokio::sync::Mutex::new(()),
            form_url: settings.form_url,
            locales: Locales,
            scheme: SchemeInForce::new(settings.scheme),
            wrap_up: settings.wrap_up,
            urgency_rules: settings.urgency_rules,
            routing: settings.routing,
            alarm: settings.alarm,
            targets: settings.targets,
            case_settings: settings.cases,
            audit_months: settings.audit.months,
            logs_audit: settings.audit.log,
            audit_copies: AuditCopies::new(&settings.folder, settings.audit),
            breached_passwords: settings
                .accounts
                .breached_passwords
                .as_deref()
                .map(BreachedPasswords::open),
            accounts: settings.accounts,
            relying_party: settings.relying_party,
            erasure_list: settings
                .retention
                .list_file
                .clone()
                .unwrap_or_else(|| settings.folder.join("erased.jsonl")),
            retention: settings.retention,
            purged_files: RwLock::default(),
            known_files: KnownFiles::open(settings.abuse_material.hash_list.clone())?,
            abuse_material: settings.abuse_material,
            masking: settings.masking,
            lines: RwLock::new(settings.lines.into_iter().map(Arc::new).collect()),
            stored_line_versions: watch::Sender::new(0),
            networks: settings.networks,
            returns: Return::all()?,
            requests,
            receive_due: Arc::new(Notify::new()),
            deliver_due: Arc::new(Notify::new()),
            fetch_due: Arc::new(Notify::new()),
            route_due: Arc::new(Notify::new()),
            typing: broadcast::Sender::new(64),
            changes,
            presence: Presence::new(),
            search: Search::default(),
            refused: Mutex::default(),
            openings: Openings::default(),
            steady: Steady::default(),
            watched: Watched::default(),
            undo: settings.undo,
            served: OnceLock::new(),
            waiting: AtomicU64::new(0),
            backlog: settings.backlog,
        });
        Ok((store, received))
    }

    /// Returns the name of the database engine, for display.
    #[must_use]
    pub fn engine(&self) -> &'static str {
        if self.on_sqlite() { "SQLite" } else { "PostgreSQL" }
    }

    /// Returns the names of the migrations that ran when the database was opened, oldest first.
    #[must_use]
    pub fn migrated(&self) -> &[String] {
        &self.migrated
    }

    pub(crate) fn now(&self) -> i64 {
        self.clock.now().timestamp_micros()
    }

    /// Returns the time `wait` from now, in microseconds since 1970.
    pub(crate) fn after(&self, wait: Duration) -> i64 {
        self.now()
            .saturating_add(i64::try_from(wait.as_micros()).unwrap_or(i64::MAX))
    }

    pub(crate) fn on_sqlite(&self) -> bool {
        self.writing.backend() == DbBackend::Sqlite
    }

    /// Returns an error if the SQLite database file is no longer at its path. Anything written now would then be lost.
    pub(crate) fn check_place(&self) -> Result<(), StoreError> {
        self.database_file.as_ref().map_or(Ok(()), DatabaseFile::check)
    }

    /// Returns the path of the SQLite database file. `None` on PostgreSQL.
    pub(crate) fn database_path(&self) -> Option<&Path> {
        self.database_file.as_ref().map(DatabaseFile::path)
    }

    /// Closes every connection to the database. The store cannot be used afterwards. On SQLite, the write-ahead log is moved into the
    /// database file, so that the file alone is complete.
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

    /// Returns whether a newer version of Hotline has migrated the database, so that this process writes nothing any more.
    #[must_use]
    pub fn is_outdated(&self) -> bool {
        self.writing.check_current().is_err()
    }

    /// Waits until a write transaction finds that a newer version of Hotline has migrated the database.
    pub async fn until_outdated(&self) {
        self.writing.until_outdated().await;
    }

    /// Begins a write transaction. On SQLite, the transaction takes the write lock when it begins. It therefore cannot fail later because
    /// another process holds the lock. Fails if a newer version of Hotline has migrated the database.
    pub(crate) async fn begin(&self) -> Result<DatabaseTransaction, StoreError> {
        self.check_place()?;
        self.writing.begin().await
    }

    /// Begins a read transaction in which all statements see the same state of the database, even if other transactions commit meanwhile.
    pub(crate) async fn begin_snapshot(&self) -> Result<DatabaseTransaction, StoreError> {
        let options = TransactionOptions {
            isolation_level: (!self.on_sqlite()).then_some(IsolationLevel::RepeatableRead),
            ..Default::default()
        };
        Ok(self.reading.begin_with_options(options).await?)
    }
}

/// Converts microseconds since 1970 to a time. A value outside the range of [`DateTime`] becomes the beginning of 1970. The store never
/// writes such values.
pub(crate) fn time(micros: i64) -> DateTime<Utc> {
    DateTime::from_timestamp_micros(micros).unwrap_or_default()
}

/// Returns whether a connection that is returned to the pool has no open transaction. If this function returns `false`, the pool closes the
/// connection.
///
/// If the disk is full, SQLite rolls back the transaction automatically. The `ROLLBACK` that sqlx then sends fails, so sqlx still assumes
/// that a transaction is open. On this connection, sqlx would begin the next transaction as a savepoint inside another transaction. The
/// outer transaction is never committed, so messages that were confirmed to their sources would be lost.
async fn is_at_rest(connection: &mut SqliteConnection) -> Result<bool, sqlx::Error> {
    // Dropping a transaction only queues its rollback. The ping runs after the queued rollback, so that the check below sees its result.
    connection.ping().await?;
    let at_rest = !connection.is_in_transaction();
    if !at_rest {
        tracing::warn!("A connection to the database is closed, since its last transaction did not end");
    }
    Ok(at_rest)
}

fn tuned(sqlite: SqliteConnectOptions, durable: bool) -> SqliteConnectOptions {
    sqlite
        // If the database file was deleted, a connection that the pool opens later must not create a new, empty database.
        .create_if_missing(false)
        .foreign_keys(true)
        .journal_mode(SqliteJournalMode::Wal)
        // With `NORMAL`, the last commits before a power cut could be lost.
        .synchronous(if durable {
            SqliteSynchronous::Full
        } else {
            SqliteSynchronous::Off
        })
        .busy_timeout(Duration::from_secs(20))
        .pragma("secure_delete", "ON")
        .pragma("trusted_schema", "OFF")
        .pragma("temp_store", "MEMORY")
        .statement_cache_capacity(400)
}

async fn connect(url: &str, durable: bool) -> anyhow::Result<(DatabaseConnection, DatabaseConnection)> {
    if url.starts_with("sqlite") {
        database_file::make_private(url)?;
    }
    let options = |connections: u32| {
        let mut options = ConnectOptions::new(url);
        options
            .max_connections(connections)
            // SQL statements are logged only at the trace level, and without their bound values.
            .sqlx_logging_level(LevelFilter::Trace)
            // A recount of the statistics reads all contacts, so slow statements are normal and are logged only at the debug level.
            .sqlx_slow_statements_logging_settings(LevelFilter::Debug, Duration::from_secs(1))
            .acquire_timeout(Duration::from_secs(20));
        options.map_sqlx_sqlite_opts(move |sqlite| tuned(sqlite, durable));
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
        // The reading connections reject all writes. The store writes only through a `Writer`.
        several.map_sqlx_sqlite_opts(move |sqlite| tuned(sqlite, durable).pragma("query_only", "ON"));
        let reading = Database::connect(several).await?;
        Ok((reading, writing))
    } else {
        let both = Database::connect(options(16)).await?;
        Ok((both.clone(), both))
    }
}
