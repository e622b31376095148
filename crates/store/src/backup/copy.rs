//! Consistent copies of the database, and the files that they name.

use std::{
    collections::BTreeSet,
    path::{Path, PathBuf},
    str::FromStr,
    time::Duration,
};

use anyhow::{Context, bail};
use chrono::{DateTime, Utc};
use hotline_migrations::{Migrator, MigratorTrait};
use sea_orm::{
    ColumnTrait, ConnectOptions, ConnectionTrait, Database, DatabaseTransaction, DbBackend, DbErr,
    EntityTrait, PaginatorTrait, QueryFilter, QuerySelect, Statement,
    sqlx::{self, ConnectOptions as _, Connection, sqlite::SqliteConnectOptions},
};
use uuid::Uuid;

use crate::{
    db::{
        entity::{attachments, journal, locked_files},
        store::Store,
    },
    error::StoreError,
};

/// How long copying waits for locks of other processes.
const PATIENCE: Duration = Duration::from_secs(20);

/// What was read in a copy of the database.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct CopiedDatabase {
    /// The name of the newest migration.
    pub schema: String,
    /// The ids of the files in the attachments folder that the copy names.
    pub files: BTreeSet<Uuid>,
    /// What is damaged, in English. Empty if the database is intact.
    pub damage: Vec<String>,
}

/// A state of a PostgreSQL database that other connections can read, too, until this value is dropped.
pub struct ExportedSnapshot {
    /// The id of the snapshot for `pg_dump --snapshot`.
    pub id: String,
    /// What the snapshot contains.
    pub content: CopiedDatabase,
    transaction: DatabaseTransaction,
}

impl ExportedSnapshot {
    /// Ends the snapshot.
    ///
    /// # Errors
    /// Fails if the connection was lost. A dump that ended before is still complete.
    pub async fn end(self) -> Result<(), StoreError> {
        self.transaction.rollback().await?;
        Ok(())
    }
}

impl Store {
    /// Copies the SQLite database into a new file, while other connections write. The copy has no write-ahead log.
    ///
    /// # Errors
    /// Fails on PostgreSQL, if the file exists, or if it cannot be written.
    pub async fn copy_sqlite(&self, to: &Path) -> anyhow::Result<()> {
        self.check_place()?;
        let from = self.database_path().context("Only a SQLite database is a file")?;
        let to = to.to_str().context("The path of the copy is no UTF-8 text")?;
        // The reading connections of the store refuse the statement, and its writing connection would block everything meanwhile.
        let options = SqliteConnectOptions::new()
            .filename(from)
            .create_if_missing(false)
            .busy_timeout(PATIENCE)
            .disable_statement_logging();
        let mut connection = options.connect().await?;
        sqlx::query("VACUUM INTO ?")
            .bind(to)
            .execute(&mut connection)
            .await?;
        connection.close().await?;
        Ok(())
    }

    /// Exports a snapshot of the PostgreSQL database for `pg_dump`, with the files that it names.
    ///
    /// # Errors
    /// Fails on SQLite, or if a database query fails.
    pub async fn export_snapshot(&self) -> anyhow::Result<ExportedSnapshot> {
        if self.on_sqlite() {
            bail!("Only PostgreSQL exports snapshots");
        }
        let transaction = self.begin_snapshot().await?;
        let id: String = read_one(&transaction, "SELECT pg_export_snapshot() AS value").await?;
        Ok(ExportedSnapshot {
            id,
            content: CopiedDatabase {
                schema: schema(&transaction).await?,
                files: named_files(&transaction).await?,
                damage: Vec::new(),
            },
            transaction,
        })
    }

    /// Returns the ids of the files in the attachments folder that the database names now.
    ///
    /// # Errors
    /// Fails if a database query fails.
    pub async fn named_files(&self) -> Result<BTreeSet<Uuid>, StoreError> {
        Ok(named_files(&self.reading).await?)
    }

    /// Returns whether a locked file was destroyed since this time.
    ///
    /// # Errors
    /// Fails if a database query fails.
    pub async fn was_purged_since(&self, since: DateTime<Utc>) -> Result<bool, StoreError> {
        let purged = locked_files::Entity::find()
            .filter(locked_files::Column::PurgedAt.gte(since.timestamp_micros()))
            .count(&self.reading)
            .await?;
        Ok(purged > 0)
    }
}

/// Opens a copy of a SQLite database without writing to it, and checks that it is intact.
///
/// # Errors
/// Fails if the file is no database of Hotline.
pub async fn check_sqlite_copy(path: &Path) -> anyhow::Result<CopiedDatabase> {
    let file = path.to_owned();
    let mut options = ConnectOptions::new("sqlite://copy");
    options
        .max_connections(1)
        .sqlx_logging(false)
        .map_sqlx_sqlite_opts(move |sqlite| {
            sqlite
                .filename(&file)
                .create_if_missing(false)
                .read_only(true)
                .immutable(true)
                .pragma("trusted_schema", "OFF")
        });
    let database = Database::connect(options).await?;
    let checked = read_copy(&database).await;
    let _ = database.close().await;
    Ok(checked?)
}

async fn read_copy(database: &impl ConnectionTrait) -> Result<CopiedDatabase, DbErr> {
    let statement = Statement::from_string(DbBackend::Sqlite, "PRAGMA integrity_check");
    let mut damage = Vec::new();
    for row in database.query_all_raw(statement).await? {
        let line: String = row.try_get("", "integrity_check")?;
        if line != "ok" {
            damage.push(line);
        }
    }
    Ok(CopiedDatabase {
        schema: schema(database).await?,
        files: named_files(database).await?,
        damage,
    })
}

/// Returns the files that raw messages and attachments name.
async fn named_files(database: &impl ConnectionTrait) -> Result<BTreeSet<Uuid>, DbErr> {
    let raw = journal::Entity::find()
        .select_only()
        .column(journal::Column::File)
        .filter(journal::Column::File.is_not_null())
        .into_tuple::<Uuid>()
        .all(database)
        .await?;
    let kept = attachments::Entity::find()
        .select_only()
        .column(attachments::Column::Id)
        .filter(attachments::Column::Kept.eq(true))
        .into_tuple::<Uuid>()
        .all(database)
        .await?;
    Ok(raw.into_iter().chain(kept).collect())
}

async fn schema(database: &impl ConnectionTrait) -> Result<String, DbErr> {
    read_one(database, "SELECT MAX(version) AS value FROM seaql_migrations").await
}

async fn read_one(database: &impl ConnectionTrait, statement: &str) -> Result<String, DbErr> {
    let statement = Statement::from_string(database.get_database_backend(), statement);
    let row = database.query_one_raw(statement).await?;
    let row = row.ok_or_else(|| DbErr::RecordNotFound("a row of the backup".to_owned()))?;
    row.try_get("", "value")
}

/// Returns the path of the file of a SQLite URL.
///
/// # Errors
/// Fails if the URL is invalid.
pub fn sqlite_path(url: &str) -> anyhow::Result<PathBuf> {
    Ok(SqliteConnectOptions::from_str(url)?.get_filename().to_owned())
}

/// Returns whether a PostgreSQL database contains no table, view or sequence of its own.
///
/// # Errors
/// Fails if the database cannot be reached.
pub async fn is_empty_postgres(url: &str) -> anyhow::Result<bool> {
    const OWN: &str = "SELECT COUNT(*) AS own FROM pg_class JOIN pg_namespace ON pg_namespace.oid = relnamespace \
                       WHERE nspname <> 'information_schema' AND nspname NOT LIKE 'pg\\_%'";
    let mut options = ConnectOptions::new(url);
    options
        .max_connections(1)
        .sqlx_logging(false)
        .acquire_timeout(PATIENCE);
    let database = Database::connect(options)
        .await
        .context("Could not open the database")?;
    let statement = Statement::from_string(DbBackend::Postgres, OWN);
    let row = database.query_one_raw(statement).await?;
    let own: i64 = row
        .context("PostgreSQL did not count its tables")?
        .try_get("", "own")?;
    let _ = database.close().await;
    Ok(own == 0)
}

/// Returns the name of the newest migration of this program.
#[must_use]
pub fn newest_migration() -> String {
    Migrator::migrations()
        .last()
        .map(|migration| migration.name().to_owned())
        .unwrap_or_default()
}
