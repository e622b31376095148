//! Passkeys with which members of staff log in.

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
        let passkeys = Table::create()
            .table("passkeys")
            .col(schema::uuid("id").primary_key())
            .col(schema::uuid("staff_id"))
            .col(schema::binary("credential_hash"))
            .col(schema::text("credential"))
            .col(schema::text("name"))
            .col(schema::big_integer("made_at"))
            .col(schema::big_integer_null("used_at"))
            .to_owned();
        manager.create_table(passkeys).await?;
        let by_credential = Index::create()
            .name("passkeys_by_credential")
            .table("passkeys")
            .col("credential_hash")
            .unique()
            .to_owned();
        manager.create_index(by_credential).await?;
        let by_staff = Index::create()
            .name("passkeys_by_staff")
            .table("passkeys")
            .col("staff_id")
            .to_owned();
        manager.create_index(by_staff).await
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        manager
            .drop_table(Table::drop().table("passkeys").to_owned())
            .await
    }
}
