//! Removing the old content that remains in the database files after rows were deleted or changed.

use std::time::Duration;

use sea_orm::{ConnectionTrait, DbBackend, Statement};

use crate::{db::store::Store, error::StoreError};

/// Number of attempts to empty SQLite's write-ahead log. An attempt fails while another connection is reading.
const TRIES: u32 = 50;
const BETWEEN_TRIES: Duration = Duration::from_millis(200);
/// Tables that contain encrypted content or the keys that encrypt it.
const TABLES: &str = "journal, contacts, messages, versions, attachments, outbox, drafts, records, people, cases, \
                      case_versions, case_entries, referrals, holds, staff, conversations, totp_secrets, push_keys, \
                      push_devices, stored_lines, key_proofs";

impl Store {
    /// Removes deleted content from the database files. Returns `false` if SQLite's write-ahead log could not be emptied, because other
    /// connections were reading from it during all attempts. In that case the log is emptied when the service next stops.
    ///
    /// SQLite overwrites deleted content in its pages with zeros (`secure_delete`), but the write-ahead log still contains the old pages. A
    /// TRUNCATE checkpoint empties the log. On PostgreSQL, `VACUUM` removes the old rows from the tables. PostgreSQL's write-ahead log and
    /// base backups keep the old rows until they are recycled or expire.
    ///
    /// # Errors
    /// Fails if a database query fails.
    pub(crate) async fn clear_deleted(&self) -> Result<bool, StoreError> {
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
