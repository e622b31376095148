//! Files whose content does not fit their name or their declared media type.

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
        // Files that an earlier version stored are not marked.
        let misnamed = schema::boolean("misnamed").default(false).to_owned();
        let table = Table::alter()
            .table("attachments")
            .add_column(misnamed)
            .to_owned();
        manager.alter_table(table).await
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let table = Table::alter()
            .table("attachments")
            .drop_column("misnamed")
            .to_owned();
        manager.alter_table(table).await
    }
}
