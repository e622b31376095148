//! Revealed identities: who sees the identifier and the name of a contact unmasked, until when.

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
        let reveals = Table::create()
            .table("reveals")
            .col(schema::uuid("id").primary_key())
            .col(schema::uuid("staff_id"))
            .col(schema::uuid("contact_id"))
            .col(schema::big_integer("at"))
            .col(schema::big_integer("until"))
            .to_owned();
        manager.create_table(reveals).await?;
        let index = Index::create()
            .name("reveals_by_staff")
            .table("reveals")
            .col("staff_id")
            .col("at")
            .to_owned();
        manager.create_index(index).await
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        manager
            .drop_table(Table::drop().table("reveals").to_owned())
            .await
    }
}
