//! Identities at an identity provider with which members of staff log in, at most one for each account.

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
        let identities = Table::create()
            .table("identities")
            .col(schema::uuid("staff_id").primary_key())
            .col(schema::text("issuer"))
            .col(schema::text("subject"))
            .col(schema::big_integer("connected_at"))
            .col(schema::big_integer_null("used_at"))
            .to_owned();
        manager.create_table(identities).await?;
        let index = Index::create()
            .name("identities_by_subject")
            .table("identities")
            .col("issuer")
            .col("subject")
            .unique()
            .to_owned();
        manager.create_index(index).await
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        manager
            .drop_table(Table::drop().table("identities").to_owned())
            .await
    }
}
