//! Consistent copies of the database, and the files that they name.

use std::{
    collections::BTreeSet,
    path::{Path, PathBuf},
    str::FromStr,
    time::Duration,
};

use anyhow::{Context, bail};
use chrono::{DateTime, Utc};
use sea_orm::{
    ColumnTrait, ConnectOptions, ConnectionTrait, Database, DatabaseConnection, DatabaseTransaction,
    DbBackend, DbErr, EntityTrait, PaginatorTrait, QueryFilter, QuerySelect, Statement,
    sqlx::{self, ConnectOptions as _, Connection, sqlite::SqliteConnectOptions},
};
use uuid::Uuid;

use crate::{
    db::{
        condition::database_bytes,
        entity::{attachments, journal, locked_files},
        store::Store,
    },
    error::StoreError,
    sealing::files::Files,
};

/// How long copying waits for locks of other processes.
const PATIENCE: Duration = Duration::from_secs(20);
/// The number of operations of SQLite between two questions whether copying may go on; a copied row needs about three.
const OPERATIONS: i32 = 1_000;
/// The unit in which file systems use space, in bytes.
const BLOCK: u64 = 4096;

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

/// The size of what a backup copies, in bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct BackupSize {
    /// The database. A dump of PostgreSQL is usually smaller.
    pub database: u64,
    /// All files in the attachments folder, in whole blocks.
    pub attachments: u64,
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
    /// Returns the size of what a backup copies.
    ///
    /// # Errors
    /// Fails if a database query fails, or if the attachments folder cannot be read.
    pub async fn backup_size(&self) -> Result<BackupSize, StoreError> {
        backup_size(&self.reading, &self.files).await
    }

    /// Copies the SQLite database as [`copy_sqlite_file`] does, if its file is still the one that was opened.
    ///
    /// # Errors
    /// Fails on PostgreSQL, if the file of the database was replaced, and as [`copy_sqlite_file`].
    pub async fn copy_sqlite(
        &self,
        to: &Path,
        may_go_on: impl FnMut() -> bool + Send + 'static,
    ) -> anyhow::Result<()> {
        self.check_place()?;
        let from = self.database_path().context("Only a SQLite database is a file")?;
        // The reading connections of the store refuse the statement, and its writing connection would block everything meanwhile.
        copy_sqlite_file(from, to, may_go_on).await
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

/// Returns the size of what a backup copies, of the database with this URL and of the folder with the attachments. Reads no table, so that
/// the database may be of any version.
///
/// # Errors
/// Fails if the database cannot be reached, or if the folder cannot be read.
pub async fn measure_backup(url: &str, attachments: &Path) -> anyhow::Result<BackupSize> {
    let database = connect(url).await?;
    let size = backup_size(&database, &Files::at(attachments, 0)).await;
    let _ = database.close().await;
    Ok(size?)
}

/// Returns the ids of the files in the attachments folder that the database with this URL names. Its tables may be those of any version since
/// the migration `m20261124_000002_files`.
///
/// # Errors
/// Fails if the database cannot be reached, or if a query fails.
pub async fn find_named_files(url: &str) -> anyhow::Result<BTreeSet<Uuid>> {
    let database = connect(url).await?;
    let files = named_files(&database).await;
    let _ = database.close().await;
    Ok(files?)
}

async fn backup_size(database: &impl ConnectionTrait, files: &Files) -> Result<BackupSize, StoreError> {
    let attachments = files.measure(usize::MAX).await?;
    let number = u64::try_from(attachments.files).unwrap_or(u64::MAX);
    Ok(BackupSize {
        database: u64::try_from(database_bytes(database).await?).unwrap_or_default(),
        attachments: attachments.bytes.saturating_add(number.saturating_mul(BLOCK)),
    })
}

/// Copies a SQLite database into a new file, while other connections write. The copy has no write-ahead log. `may_go_on` is called again
/// and again meanwhile; copying ends with an error once it returns `false`, even if the caller has been dropped.
///
/// # Errors
/// Fails if the new file exists, if it cannot be written, or if copying may not go on.
pub async fn copy_sqlite_file(
    from: &Path,
    to: &Path,
    may_go_on: impl FnMut() -> bool + Send + 'static,
) -> anyhow::Result<()> {
    let to = to.to_str().context("The path of the copy is no UTF-8 text")?;
    let options = SqliteConnectOptions::new()
        .filename(from)
        .create_if_missing(false)
        .busy_timeout(PATIENCE)
        .disable_statement_logging();
    let mut connection = options.connect().await?;
    connection
        .lock_handle()
        .await?
        .set_progress_handler(OPERATIONS, may_go_on);
    sqlx::query("VACUUM INTO ?")
        .bind(to)
        .execute(&mut connection)
        .await?;
    connection.close().await?;
    Ok(())
}

/// Opens a copy of a SQLite database without writing to it, and checks that it is intact.
///
/// # Errors
/// Fails if the file is no database of Hotline.
pub async fn check_sqlite_copy(path: &Path) -> anyhow::Result<CopiedDatabase> {
    let database = open_copy(path).await?;
    let checked = read_copy(&database).await;
    let _ = database.close().await;
    Ok(checked?)
}

/// Opens a copy of a SQLite database without writing to it, and returns what is damaged, in English. Knows no table, so that the database
/// may be of any version.
///
/// # Errors
/// Fails if the file is no SQLite database.
pub async fn find_damage(path: &Path) -> anyhow::Result<Vec<String>> {
    let database = open_copy(path).await?;
    let damage = read_damage(&database).await;
    let _ = database.close().await;
    Ok(damage?)
}

async fn open_copy(path: &Path) -> Result<DatabaseConnection, DbErr> {
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
    Database::connect(options).await
}

async fn read_copy(database: &impl ConnectionTrait) -> Result<CopiedDatabase, DbErr> {
    Ok(CopiedDatabase {
        damage: read_damage(database).await?,
        schema: schema(database).await?,
        files: named_files(database).await?,
    })
}

async fn read_damage(database: &impl ConnectionTrait) -> Result<Vec<String>, DbErr> {
    let statement = Statement::from_string(DbBackend::Sqlite, "PRAGMA integrity_check");
    let mut damage = Vec::new();
    for row in database.query_all_raw(statement).await? {
        let line: String = row.try_get("", "integrity_check")?;
        if line != "ok" {
            damage.push(line);
        }
    }
    Ok(damage)
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
    let database = connect(url).await?;
    let statement = Statement::from_string(DbBackend::Postgres, OWN);
    let row = database.query_one_raw(statement).await?;
    let own: i64 = row
        .context("PostgreSQL did not count its tables")?
        .try_get("", "own")?;
    let _ = database.close().await;
    Ok(own == 0)
}

/// Opens one connection that writes nothing to a SQLite database.
async fn connect(url: &str) -> anyhow::Result<DatabaseConnection> {
    let mut options = ConnectOptions::new(url);
    options
        .max_connections(1)
        .sqlx_logging(false)
        .acquire_timeout(PATIENCE)
        .map_sqlx_sqlite_opts(|sqlite| sqlite.create_if_missing(false).read_only(true));
    Database::connect(options)
        .await
        .context("Could not open the database")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_copy_that_may_not_go_on_ends_with_an_error() {
        const ROWS: &str = "CREATE TABLE entries (body TEXT); \
                            WITH RECURSIVE numbers (number) AS (SELECT 1 UNION ALL SELECT number + 1 FROM numbers WHERE number < 20000) \
                            INSERT INTO entries SELECT hex(randomblob(50)) FROM numbers";
        let folder = tempfile::tempdir().unwrap();
        let from = folder.path().join("hotline.db");
        let database = Database::connect(format!("sqlite://{}?mode=rwc", from.display()))
            .await
            .unwrap();
        database.execute_unprepared(ROWS).await.unwrap();
        database.close().await.unwrap();
        let mut asked = 0;
        let place = folder.path().join("stopped.db");
        let stopped = copy_sqlite_file(&from, &place, move || {
            asked += 1;
            asked < 3
        });
        assert!(stopped.await.is_err());
        let copy = folder.path().join("copy.db");
        copy_sqlite_file(&from, &copy, || true).await.unwrap();
        assert_eq!(find_damage(&copy).await.unwrap(), Vec::<String>::new());
    }
}
