//! The secrets in the addresses of shift calendars, and the log-out tokens of the identity provider that were accepted.

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
        let secrets = Table::create()
            .table("calendar_secrets")
            .col(schema::uuid("staff_id").primary_key())
            // The keyed hash of the secret.
            .col(schema::binary("hash"))
            .col(schema::big_integer("made_at"))
            .to_owned();
        manager.create_table(secrets).await?;
        let by_hash = Index::create()
            .name("calendar_secrets_by_hash")
            .table("calendar_secrets")
            .col("hash")
            .unique()
            .to_owned();
        manager.create_index(by_hash).await?;
        let tokens = Table::create()
            .table("log_out_tokens")
            // The keyed hash of the issuer and the id of the token.
            .col(schema::blob("hash").primary_key())
            .col(schema::big_integer("accepted_at"))
            .to_owned();
        manager.create_table(tokens).await
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        for table in ["log_out_tokens", "calendar_secrets"] {
            manager.drop_table(Table::drop().table(table).to_owned()).await?;
        }
        Ok(())
    }
}
