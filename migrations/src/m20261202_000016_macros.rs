//! Folders and owners of canned replies, and the steps of macros.

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
        let columns = [
            // Empty for a canned reply that is in no folder.
            schema::text("folder").default("").take(),
            // NULL for a canned reply that all counsellors share.
            schema::uuid_null("owner").take(),
            // The answers of the wrap-up that the macro gives, as a JSON object.
            schema::text("answers").default("{}").take(),
            // What the macro does last. NULL if it does nothing further.
            schema::text_null("ending").take(),
        ];
        for column in columns {
            let table = Table::alter().table("canned").add_column(column).to_owned();
            manager.alter_table(table).await?;
        }
        Ok(())
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        for column in ["ending", "answers", "owner", "folder"] {
            let table = Table::alter().table("canned").drop_column(column).to_owned();
            manager.alter_table(table).await?;
        }
        Ok(())
    }
}
