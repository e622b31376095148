//! Write access to the database. This crate can write only through an open transaction.

use std::time::Instant;

use sea_orm::{DatabaseConnection, DatabaseTransaction, DbBackend, DbErr, TransactionTrait};
use tokio::sync::watch;

use crate::{db::schema, error::StoreError};

/// The connection for writing. It can run statements only in a transaction.
///
/// A statement outside a transaction commits implicitly, and the error of this commit can get lost. The ORM runs `INSERT … RETURNING` as a
/// query, reads the returned row and resets the statement. SQLite commits at that reset. If the commit fails, for example because the disk
/// is full, the ORM reports no error. The `COMMIT` that ends a transaction is a separate statement, so its error is returned.
pub(crate) struct Writer {
    connection: DatabaseConnection,
    /// `true` once a newer program has migrated the database.
    outdated: watch::Sender<bool>,
}

impl Writer {
    pub(crate) fn new(connection: DatabaseConnection) -> Self {
        Self {
            connection,
            outdated: watch::Sender::new(false),
        }
    }

    pub(crate) fn backend(&self) -> DbBackend {
        self.connection.get_database_backend()
    }

    /// Returns an error if an earlier transaction found that a newer program has migrated the database.
    pub(crate) fn check_current(&self) -> Result<(), StoreError> {
        match *self.outdated.borrow() {
            true => Err(StoreError::Outdated),
            false => Ok(()),
        }
    }

    /// Waits until a transaction finds that a newer program has migrated the database.
    pub(crate) async fn until_outdated(&self) {
        let mut outdated = self.outdated.subscribe();
        // The sender exists as long as this writer.
        let _ = outdated.wait_for(|is_outdated| *is_outdated).await;
    }

    /// Begins a transaction. On SQLite, the transaction takes the write lock when it begins. It therefore cannot fail later because another
    /// process holds the lock. Fails if a newer program has migrated the database. Until the transaction ends, no process can migrate it.
    pub(crate) async fn begin(&self) -> Result<DatabaseTransaction, StoreError> {
        self.check_current()?;
        let transaction = self
            .connection
            .begin_with_options(schema::write_options())
            .await?;
        let Err(error) = schema::ensure_current(&transaction).await else {
            return Ok(transaction);
        };
        if matches!(error, StoreError::Outdated) && !self.outdated.send_replace(true) {
            tracing::error!(error = %error, "Nothing is accepted or written any more");
        }
        Err(error)
    }

    /// Closes the connection once the open transaction has ended.
    pub(crate) async fn close(&self) -> Result<(), DbErr> {
        self.connection.close_by_ref().await
    }
}

/// Commits a transaction and records how long the commit took.
pub(crate) async fn commit_measured(transaction: DatabaseTransaction) -> Result<(), DbErr> {
    let begun = Instant::now();
    let committed = transaction.commit().await;
    metrics::histogram!("hotline_db_commit_seconds").record(begun.elapsed());
    committed
}
