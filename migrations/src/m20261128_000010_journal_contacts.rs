//! The contact of each raw message that is not a message of its own: edited versions, delivery reports and repeats.

use sea_orm_migration::{prelude::*, schema};

#[derive(DeriveMigrationName)]
pub struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    fn use_transaction(&self) -> Option<bool> {
        Some(true)
    }

    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let table = Table::create()
            .table("journal_contacts")
            .col(schema::big_integer("journal_id").primary_key())
            .col(schema::uuid("contact_id"))
            .to_owned();
        manager.create_table(table).await?;
        let index = Index::create()
            .name("journal_contacts_by_contact")
            .table("journal_contacts")
            .col("contact_id")
            .to_owned();
        manager.create_index(index).await
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        manager
            .drop_table(Table::drop().table("journal_contacts").to_owned())
            .await
    }
}
