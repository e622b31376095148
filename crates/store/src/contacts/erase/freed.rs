//! Clearing what the database keeps of rows that were deleted or changed.

use std::time::Duration;

use sea_orm::{ConnectionTrait, DbBackend, Statement};

use crate::{db::store::Store, error::StoreError};

/// How often emptying the write-ahead log is tried: a reader in the middle of a query holds it.
const TRIES: u32 = 50;
const BETWEEN_TRIES: Duration = Duration::from_millis(200);
/// Tables that hold what people wrote, or keys to it.
const TABLES: &str = "journal, contacts, messages, versions, attachments, outbox, drafts, records, people, cases, \
                      case_versions, referrals, staff";

impl Store {
    /// Clears what was deleted out of the database's files. False if a reader held the write-ahead log all the time; it is then emptied when
    /// the service is next stopped.
    ///
    /// SQLite zeroes deleted content in its pages (`secure_delete`), but the log still holds the pages as they were: a TRUNCATE
    /// checkpoint empties it. On PostgreSQL `VACUUM` frees the old rows; its own log and base backups keep them until they are
    /// recycled or expire.
    ///
    /// # Errors
    /// When the database refuses.
    pub(super) async fn clear_deleted(&self) -> Result<bool, StoreError> {
        if !self.on_sqlite() {
            self.reading
                .execute_unprepared(&format!("VACUUM {TABLES}"))
                .await?;
            return Ok(true);
        }
        let checkpoint = || Statement::from_string(DbBackend::Sqlite, "PRAGMA wal_checkpoint(TRUNCATE)");
        for _ in 0..TRIES {
            let row = self.reading.query_one_raw(checkpoint()).await?;
            let busy: Option<i32> = row.map(|row| row.try_get("", "busy")).transpose()?;
            if busy == Some(0) {
                return Ok(true);
            }
            tokio::time::sleep(BETWEEN_TRIES).await;
        }
        Ok(false)
    }
}
