//! The lines that administrators connect on screen.

use sea_orm_migration::{prelude::*, schema};

#[derive(DeriveMigrationName)]
pub struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    /// Runs in one transaction, also on SQLite, so that an interrupted migration can be run again.
    fn use_transaction(&self) -> Option<bool> {
        Some(true)
    }

    /// Rows are only added. The newest version of a line is in force. `settings` is sealed JSON, because it contains passwords and tokens.
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let table = Table::create()
            .table("stored_lines")
            .col(schema::text("line"))
            .col(schema::big_integer("version"))
            .col(schema::big_integer("made_at"))
            .col(schema::uuid_null("made_by"))
            .col(schema::text("channel"))
            .col(schema::boolean("paused"))
            .col(schema::blob("data_key"))
            .col(schema::blob("settings"))
            .primary_key(Index::create().col("line").col("version"))
            .to_owned();
        manager.create_table(table).await
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let table = Table::drop().table("stored_lines").to_owned();
        manager.drop_table(table).await
    }
}
