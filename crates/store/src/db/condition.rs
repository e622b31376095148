//! The condition of the database and the disk, as shown to administrators.

use sea_orm::{ConnectionTrait, DbBackend, DbErr, QueryResult, Statement};

use crate::{db::store::Store, error::StoreError, sealing::files::FolderSize};

/// The number of files in the attachments folder that are measured at most, so that a page does not wait for minutes.
const MEASURED: usize = 100_000;

/// The condition of the database and the disk.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StorageCondition {
    /// The name of the newest migration that the database has.
    pub schema: String,
    /// The size of the database in bytes, without the write-ahead log.
    pub database_bytes: i64,
    /// The files of attachments and large raw messages.
    pub attachments: FolderSize,
    /// The free bytes of the disk with the data folder.
    pub free_bytes: u64,
    /// The bytes that must stay free on this disk. If fewer bytes are free, no message is accepted.
    pub reserve_bytes: u64,
}

/// The free space of the disk with the data folder.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct DiskSpace {
    /// The free bytes of the disk.
    pub free_bytes: u64,
    /// The bytes that must stay free. If fewer bytes are free, no message is accepted.
    pub reserve_bytes: u64,
}

impl Store {
    /// Returns the free space of the disk with the data folder.
    ///
    /// # Errors
    /// Fails if the free space cannot be determined.
    pub fn disk_space(&self) -> Result<DiskSpace, StoreError> {
        Ok(DiskSpace {
            free_bytes: self.files.free()?,
            reserve_bytes: self.files.reserve(),
        })
    }

    /// Returns the condition of the database and the disk.
    ///
    /// # Errors
    /// Fails if a database query fails, or if the attachments folder cannot be read.
    pub async fn storage_condition(&self) -> Result<StorageCondition, StoreError> {
        let schema = "SELECT MAX(version) AS version FROM seaql_migrations";
        Ok(StorageCondition {
            schema: read_row(&self.reading, schema).await?.try_get("", "version")?,
            database_bytes: database_bytes(&self.reading).await?,
            attachments: self.files.measure(MEASURED).await?,
            free_bytes: self.files.free()?,
            reserve_bytes: self.files.reserve(),
        })
    }
}

/// Returns the size of a database in bytes, without the write-ahead log. Reads no table.
pub(crate) async fn database_bytes(database: &impl ConnectionTrait) -> Result<i64, DbErr> {
    let size = match database.get_database_backend() == DbBackend::Sqlite {
        true => "SELECT page_count * page_size AS bytes FROM pragma_page_count(), pragma_page_size()",
        false => "SELECT pg_database_size(current_database()) AS bytes",
    };
    read_row(database, size).await?.try_get("", "bytes")
}

async fn read_row(database: &impl ConnectionTrait, statement: &str) -> Result<QueryResult, DbErr> {
    let statement = Statement::from_string(database.get_database_backend(), statement);
    let row = database.query_one_raw(statement).await?;
    row.ok_or_else(|| DbErr::RecordNotFound("a row of the condition".to_owned()))
}
