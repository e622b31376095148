//! The schema of the database: its migrations, and the fence that keeps a process of an older version from writing.
//!
//! The table `seaql_migrations` has a row for each migration, which is written in the transaction of the migrations. Every write
//! transaction first looks there for a migration that this program does not know. Such a transaction and a migration exclude each other: on
//! SQLite by the write lock of the file, on PostgreSQL by an advisory lock.

use std::{str::FromStr, sync::LazyLock, time::Duration};

use anyhow::{Context, bail};
use chrono::{DateTime, Utc};
use futures::future::BoxFuture;
use hotline_migrations::{MigrationStatus, Migrator, MigratorTrait};
use log::LevelFilter;
use sea_orm::{
    ConnectOptions, ConnectionTrait, Database, DatabaseConnection, DatabaseTransaction, DbBackend, DbErr,
    SqliteTransactionMode, Statement, TransactionOptions, TransactionTrait,
    sqlx::sqlite::SqliteConnectOptions,
};

use crate::{
    db::{database_file::beside, unfinished_move::refuse_unfinished_move},
    error::StoreError,
    sealing::files::Files,
};

/// The PostgreSQL advisory lock of the schema. Every write transaction holds it shared, and the process that migrates holds it exclusively.
pub const SCHEMA_LOCK: i64 = 7_205_759_403_792_798;

/// How long a connection that only reads waits for the database.
const PATIENCE: Duration = Duration::from_secs(20);

/// The statement that finds a migration that this program does not know. It compares with every known name, because a migration of another
/// branch may sort before the newest one.
static FIND_UNKNOWN: LazyLock<String> = LazyLock::new(|| {
    let known = names().join("', '");
    format!("SELECT version FROM seaql_migrations WHERE version NOT IN ('{known}') LIMIT 1")
});

/// The statements with which a write transaction begins on PostgreSQL. Each `SELECT` returns a row if all is well. The second one sees
/// everything that was committed before the first one took the lock, because the transaction has the level READ COMMITTED.
static FENCE: LazyLock<String> = LazyLock::new(|| {
    format!(
        "{READ_COMMITTED}; \
         SELECT 1 WHERE pg_try_advisory_xact_lock_shared({SCHEMA_LOCK}); \
         SELECT 1 WHERE NOT EXISTS ({})",
        FIND_UNKNOWN.as_str()
    )
});

/// PostgreSQL may be set to another level, at which the fence would see an old list of migrations.
const READ_COMMITTED: &str = "SET TRANSACTION ISOLATION LEVEL READ COMMITTED";

/// The migrations of this program that a database lacks.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PendingMigrations {
    /// Their names, oldest first.
    pub names: Vec<String>,
    /// The name of the newest migration that the database has. `None`: the database is new.
    pub schema: Option<String>,
}

impl PendingMigrations {
    /// Returns the number of migrations that the database has.
    #[must_use]
    pub fn applied(&self) -> usize {
        Migrator::migrations().len().saturating_sub(self.names.len())
    }
}

/// A backup of the database before its migrations.
pub trait MigrationBackup: Send + Sync {
    /// Makes the backup. Until the migrations have ended, no process that knows the fence writes. If this fails, no migration runs.
    fn make<'a>(&'a self, pending: &'a PendingMigrations) -> BoxFuture<'a, anyhow::Result<()>>;

    /// Removes the backup that [`MigrationBackup::make`] made. Called if the migrations certainly changed nothing.
    fn discard(&self);
}

/// Returns the name of the newest migration of this program.
#[must_use]
pub fn newest_migration() -> String {
    names().pop().unwrap_or_default()
}

/// Returns the pending migrations of the database with this URL. Changes nothing, and creates no database.
///
/// # Errors
/// Fails if the database cannot be read, if a newer version of Hotline has migrated it, or if it is the target of an unfinished move.
pub async fn find_pending_migrations(url: &str) -> anyhow::Result<PendingMigrations> {
    if url.starts_with("sqlite") && !SqliteConnectOptions::from_str(url)?.get_filename().exists() {
        return Ok(PendingMigrations {
            names: names(),
            schema: None,
        });
    }
    let database = connect_to_read(url)
        .await
        .context("Could not open the database")?;
    let pending = read_pending_unless_moving(&database).await;
    let _ = database.close().await;
    pending
}

async fn read_pending_unless_moving(database: &DatabaseConnection) -> anyhow::Result<PendingMigrations> {
    refuse_unfinished_move(database).await?;
    Ok(read_pending(database).await?)
}

/// Connects to a database that exists, and refuses every write. A SQLite database that no process has open is read as a file that does not
/// change, because SQLite would otherwise create its log. After a crash, the log is there, and SQLite may create the index of the log.
pub(crate) async fn connect_to_read(url: &str) -> anyhow::Result<DatabaseConnection> {
    let mut options = ConnectOptions::new(url);
    options
        .max_connections(4)
        .sqlx_logging_level(LevelFilter::Trace)
        .sqlx_slow_statements_logging_settings(LevelFilter::Debug, Duration::from_secs(1))
        .acquire_timeout(PATIENCE)
        .map_sqlx_postgres_opts(|postgres| postgres.options([("default_transaction_read_only", "on")]));
    if url.starts_with("sqlite") {
        let file = SqliteConnectOptions::from_str(url)?.get_filename().to_owned();
        let is_closed = !beside(&std::fs::canonicalize(file)?, "-wal").exists();
        options.map_sqlx_sqlite_opts(move |sqlite| {
            sqlite
                .create_if_missing(false)
                .read_only(true)
                .immutable(is_closed)
                .busy_timeout(PATIENCE)
                .pragma("trusted_schema", "OFF")
        });
    }
    Ok(Database::connect(options).await?)
}

fn names() -> Vec<String> {
    let migrations = Migrator::migrations();
    migrations
        .iter()
        .map(|migration| migration.name().to_owned())
        .collect()
}

pub(crate) async fn read_pending(database: &impl ConnectionTrait) -> Result<PendingMigrations, StoreError> {
    let found = Migrator::get_migration_with_status_read_only(database).await;
    // A migration that this program does not know is an error, too.
    if found.is_err() && is_newer(database).await.unwrap_or(false) {
        return Err(StoreError::Outdated);
    }
    let found = found?;
    Ok(PendingMigrations {
        names: found
            .iter()
            .filter(|migration| migration.status() == MigrationStatus::Pending)
            .map(|migration| migration.name().to_owned())
            .collect(),
        schema: found
            .iter()
            .rfind(|migration| migration.status() == MigrationStatus::Applied)
            .map(|migration| migration.name().to_owned()),
    })
}

/// Returns when the first migration of the database ran.
pub(crate) async fn created_at(database: &impl ConnectionTrait) -> Result<DateTime<Utc>, StoreError> {
    let statement = Statement::from_string(
        database.get_database_backend(),
        "SELECT MIN(applied_at) AS created FROM seaql_migrations",
    );
    let row = database.query_one_raw(statement).await?;
    let seconds: Option<i64> = row.map(|row| row.try_get("", "created")).transpose()?;
    Ok(seconds
        .and_then(|seconds| DateTime::from_timestamp(seconds, 0))
        .unwrap_or_default())
}

/// Returns whether a newer program has migrated the database.
async fn is_newer(database: &impl ConnectionTrait) -> Result<bool, DbErr> {
    let statement = Statement::from_string(database.get_database_backend(), FIND_UNKNOWN.as_str());
    Ok(database.query_one_raw(statement).await?.is_some())
}

/// Returns the options of a write transaction. On SQLite, it takes the write lock when it begins.
pub(crate) fn write_options() -> TransactionOptions {
    TransactionOptions {
        sqlite_transaction_mode: Some(SqliteTransactionMode::Immediate),
        ..Default::default()
    }
}

/// Checks in a new write transaction that no newer program has migrated the database. From then on, no process can migrate it until the
/// transaction ends.
pub(crate) async fn ensure_current(transaction: &DatabaseTransaction) -> Result<(), StoreError> {
    if transaction.get_database_backend() != DbBackend::Postgres {
        return match is_newer(transaction).await? {
            true => Err(StoreError::Outdated),
            false => Ok(()),
        };
    }
    // One message to the server has all statements. While another process migrates, the lock is not free, and waiting for it would occupy
    // every connection of this process.
    if transaction.execute_unprepared(&FENCE).await?.rows_affected() == 2 {
        return Ok(());
    }
    match is_newer(transaction).await? {
        true => Err(StoreError::Outdated),
        false => Err(StoreError::Migrating),
    }
}

/// Runs the pending migrations in one transaction, so that either all of them run or none, and returns their names. First backs up a
/// database that is not new.
///
/// On an existing SQLite database, takes the lock that a running service holds. The migrations therefore fail while another version of
/// Hotline is running. On PostgreSQL, waits until the write transactions of other processes have ended. Once `stopped` is ready, the wait
/// ends with an error.
pub(crate) async fn bring_up_to_date(
    writing: &DatabaseConnection,
    files: &Files,
    backup: Option<&dyn MigrationBackup>,
    stopped: BoxFuture<'_, ()>,
) -> anyhow::Result<Vec<String>> {
    let pending = read_pending(writing).await?;
    if pending.names.is_empty() {
        return Ok(Vec::new());
    }
    let is_sqlite = writing.get_database_backend() == DbBackend::Sqlite;
    let _alone = match is_sqlite && pending.schema.is_some() {
        true => Some(files.lock()?),
        false => None,
    };
    let transaction = tokio::select! {
        begun = begin_migration(writing) => begun?,
        () = stopped => bail!("A signal ended the wait for other write transactions, so nothing was migrated"),
    };
    // While this process waited, another one may have migrated the database, or made it the target of a move.
    refuse_unfinished_move(&transaction).await?;
    let pending = read_pending(&transaction).await?;
    if pending.names.is_empty() {
        transaction.rollback().await?;
        return Ok(Vec::new());
    }
    run_migrations(transaction, &pending, backup).await?;
    tracing::info!(migrations = pending.names.len(), "Migrated the database");
    Ok(pending.names)
}

/// Begins the transaction of the migrations, and waits until no write transaction of another process is open.
async fn begin_migration(writing: &DatabaseConnection) -> Result<DatabaseTransaction, DbErr> {
    let transaction = writing.begin_with_options(write_options()).await?;
    if transaction.get_database_backend() == DbBackend::Postgres {
        let prepare = format!(
            "{READ_COMMITTED}; {}",
            lift_time_limits(TimeLimits::OfTransaction)
        );
        transaction.execute_unprepared(&prepare).await?;
        let lock = format!("SELECT pg_advisory_xact_lock({SCHEMA_LOCK})");
        transaction.execute_unprepared(&lock).await?;
    }
    Ok(transaction)
}

/// Which time limits [`lift_time_limits`] lifts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum TimeLimits {
    OfTransaction,
    OfConnection,
}

/// Returns the statement that lifts the time limits of PostgreSQL. During the backup before migrations and while SQLite is read, PostgreSQL
/// would otherwise close a connection that waits, or end a long statement. Not every version has all of these settings.
pub(crate) fn lift_time_limits(limits: TimeLimits) -> String {
    let is_local = limits == TimeLimits::OfTransaction;
    format!(
        "SELECT set_config(name, '0', {is_local}) FROM pg_settings WHERE name IN ('idle_in_transaction_session_timeout', \
         'idle_session_timeout', 'lock_timeout', 'statement_timeout', 'transaction_timeout')"
    )
}

async fn run_migrations(
    transaction: DatabaseTransaction,
    pending: &PendingMigrations,
    backup: Option<&dyn MigrationBackup>,
) -> anyhow::Result<()> {
    let backup = backup.filter(|_| pending.schema.is_some());
    match backup {
        Some(backup) => backup.make(pending).await?,
        None if pending.schema.is_some() => {
            tracing::info!("The database is migrated without a backup before it");
        }
        None => {}
    }
    if let Err(error) = Migrator::up(&transaction, None).await {
        // If the connection is lost, the database rolls the transaction back, too.
        let _ = transaction.rollback().await;
        if let Some(backup) = backup {
            backup.discard();
        }
        return Err(error.into());
    }
    let is_sqlite = transaction.get_database_backend() == DbBackend::Sqlite;
    if let Err(error) = transaction.commit().await {
        // A failed COMMIT changes nothing on SQLite. On PostgreSQL, it may have succeeded although its answer was lost.
        if is_sqlite && let Some(backup) = backup {
            backup.discard();
        }
        return Err(error.into());
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_names_of_migrations_sort_by_time() {
        let names = names();
        assert!(names.is_sorted_by(|one, next| one < next), "{names:?}");
        assert_eq!(names.last(), Some(&newest_migration()));
        let is_plain = |name: &String| name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_');
        assert!(names.iter().all(is_plain), "they are parts of SQL statements");
        assert!(
            names
                .iter()
                .all(|name| FIND_UNKNOWN.contains(&format!("'{name}'")))
        );
    }

    #[tokio::test]
    async fn finding_pending_migrations_creates_no_database() {
        let folder = tempfile::tempdir().unwrap();
        let url = format!("sqlite://{}?mode=rwc", folder.path().join("hotline.db").display());
        let pending = find_pending_migrations(&url).await.unwrap();
        assert_eq!((pending.names, pending.schema), (names(), None));
        assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 0);
    }
}
