//! Write access to the database. This crate can write only through an open transaction.

use std::time::Instant;

use sea_orm::{
    DatabaseConnection, DatabaseTransaction, DbBackend, DbErr, SqliteTransactionMode, TransactionOptions,
    TransactionTrait,
};

/// The connection for writing. It can run statements only in a transaction.
///
/// A statement outside a transaction commits implicitly, and the error of this commit can get lost. The ORM runs `INSERT … RETURNING` as a
/// query, reads the returned row and resets the statement. SQLite commits at that reset. If the commit fails, for example because the disk
/// is full, the ORM reports no error. The `COMMIT` that ends a transaction is a separate statement, so its error is returned.
pub(crate) struct Writer(DatabaseConnection);

impl Writer {
    pub(crate) fn new(connection: DatabaseConnection) -> Self {
        Self(connection)
    }

    pub(crate) fn backend(&self) -> DbBackend {
        self.0.get_database_backend()
    }

    /// Begins a transaction. On SQLite, the transaction takes the write lock when it begins. It therefore cannot fail later because another
    /// process holds the lock.
    pub(crate) async fn begin(&self) -> Result<DatabaseTransaction, DbErr> {
        let options = TransactionOptions {
            sqlite_transaction_mode: Some(SqliteTransactionMode::Immediate),
            ..Default::default()
        };
        self.0.begin_with_options(options).await
    }

    /// Closes the connection once the open transaction has ended.
    pub(crate) async fn close(&self) -> Result<(), DbErr> {
        self.0.close_by_ref().await
    }
}

/// Commits a transaction and records how long the commit took.
pub(crate) async fn commit_measured(transaction: DatabaseTransaction) -> Result<(), DbErr> {
    let begun = Instant::now();
    let committed = transaction.commit().await;
    metrics::histogram!("hotline_db_commit_seconds").record(begun.elapsed());
    committed
}
