//! The only way to write to the database: an open transaction.

use sea_orm::{
    DatabaseConnection, DatabaseTransaction, DbBackend, DbErr, SqliteTransactionMode, TransactionOptions,
    TransactionTrait,
};

/// The connection that writes. It can't run a statement itself, it only begins transactions.
///
/// A single statement outside a transaction commits implicitly. The ORM runs `INSERT … RETURNING` as a query, reads its one row and
/// resets the statement; SQLite commits at that reset, and an error of this commit (a full disk) reaches nobody. `COMMIT` is a
/// statement of its own, so its error is returned.
pub(crate) struct Writer(DatabaseConnection);

impl Writer {
    pub(crate) fn new(connection: DatabaseConnection) -> Self {
        Self(connection)
    }

    pub(crate) fn backend(&self) -> DbBackend {
        self.0.get_database_backend()
    }

    /// Begins a transaction that locks out other writers at once, so that it never fails half-way for one of them.
    pub(crate) async fn begin(&self) -> Result<DatabaseTransaction, DbErr> {
        let options = TransactionOptions {
            sqlite_transaction_mode: Some(SqliteTransactionMode::Immediate),
            ..Default::default()
        };
        self.0.begin_with_options(options).await
    }

    /// Ends the connection once the transaction that is open has ended.
    pub(crate) async fn close(&self) -> Result<(), DbErr> {
        self.0.close_by_ref().await
    }
}
