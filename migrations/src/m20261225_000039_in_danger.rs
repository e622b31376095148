//! An index of the open urgent contacts in the order of how long they have waited.

use sea_orm_migration::prelude::*;

#[derive(DeriveMigrationName)]
pub struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let index = "CREATE INDEX contacts_in_danger ON contacts (waiting_since, id) \
                     WHERE status <> 'closed' AND urgency > 0";
        manager.get_connection().execute_unprepared(index).await?;
        Ok(())
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let index = Index::drop()
            .name("contacts_in_danger")
            .table("contacts")
            .to_owned();
        manager.drop_index(index).await
    }
}
