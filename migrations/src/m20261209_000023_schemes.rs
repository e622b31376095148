//! The versions of the wrap-up questions that staff put into force on screen, and the draft of the next version.

use sea_orm_migration::{prelude::*, schema};

#[derive(DeriveMigrationName)]
pub struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    /// Runs in one transaction, also on SQLite, so that an interrupted migration can be run again.
    fn use_transaction(&self) -> Option<bool> {
        Some(true)
    }

    /// `content` is a scheme in the format of the files in `config/schemes`. Versions are only added; the newest version of a name is in
    /// force. A discarded draft has the content NULL, so that its revisions are never used again.
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let versions = Table::create()
            .table("schemes")
            .col(schema::text("name"))
            .col(schema::integer("version"))
            .col(schema::text("content"))
            .col(schema::big_integer("made_at"))
            .col(schema::uuid("made_by"))
            .col(schema::text("note"))
            .primary_key(Index::create().col("name").col("version"))
            .to_owned();
        manager.create_table(versions).await?;
        let drafts = Table::create()
            .table("scheme_drafts")
            .col(schema::text("name").primary_key())
            .col(schema::big_integer("revision"))
            .col(schema::text_null("content"))
            .col(schema::big_integer("edited_at"))
            .col(schema::uuid("edited_by"))
            .to_owned();
        manager.create_table(drafts).await
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        for table in ["scheme_drafts", "schemes"] {
            manager.drop_table(Table::drop().table(table).to_owned()).await?;
        }
        Ok(())
    }
}
