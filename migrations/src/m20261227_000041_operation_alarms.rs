//! The conditions of the service about which people outside the desk are told.

use sea_orm_migration::{prelude::*, schema};

#[derive(DeriveMigrationName)]
pub struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    /// Runs in one transaction, also on SQLite, so that an interrupted migration can be run again.
    fn use_transaction(&self) -> Option<bool> {
        Some(true)
    }

    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let table = Table::create()
            .table("operation_alarms")
            .col(schema::text("kind"))
            // The name of the line or of the machine; empty for the whole installation.
            .col(schema::text("subject"))
            .primary_key(Index::create().col("kind").col("subject"))
            .col(schema::big_integer("since"))
            // When the condition was first missed after it had been told. Null: it lasts.
            .col(schema::big_integer_null("gone_since"))
            // When somebody was last told. Null: nobody was.
            .col(schema::big_integer_null("told_at"))
            // When the last message was begun that has reached nobody so far.
            .col(schema::big_integer_null("tried_at"))
            // How often this message was begun.
            .col(schema::integer("attempts"))
            .to_owned();
        manager.create_table(table).await
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        manager
            .drop_table(Table::drop().table("operation_alarms").to_owned())
            .await
    }
}
