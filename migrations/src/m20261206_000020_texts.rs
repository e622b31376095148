//! The texts for the public that administrators replace on screen.

use sea_orm_migration::{prelude::*, schema};

#[derive(DeriveMigrationName)]
pub struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    /// Runs in one transaction, also on SQLite, so that an interrupted migration can be run again.
    fn use_transaction(&self) -> Option<bool> {
        Some(true)
    }

    /// Rows are only added. The newest version of a text is in force. `content` is JSON; NULL means that the text of the settings file, or
    /// else the built-in text, is in force again.
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let table = Table::create()
            .table("texts")
            .col(schema::text("text"))
            .col(schema::big_integer("version"))
            .col(schema::big_integer("made_at"))
            .col(schema::uuid_null("made_by"))
            .col(schema::text_null("content"))
            .primary_key(Index::create().col("text").col("version"))
            .to_owned();
        manager.create_table(table).await
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let table = Table::drop().table("texts").to_owned();
        manager.drop_table(table).await
    }
}
