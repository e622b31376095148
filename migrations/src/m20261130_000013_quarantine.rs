//! An index for the contacts with one marking, so that the quarantine is counted without reading all marked contacts.

use sea_orm_migration::prelude::*;

#[derive(DeriveMigrationName)]
pub struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let index =
            "CREATE INDEX contacts_marking ON contacts (marking, last_in_at, id) WHERE marking IS NOT NULL";
        manager.get_connection().execute_unprepared(index).await?;
        Ok(())
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let index = Index::drop()
            .name("contacts_marking")
            .table("contacts")
            .to_owned();
        manager.drop_index(index).await
    }
}
