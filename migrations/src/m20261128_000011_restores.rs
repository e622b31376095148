//! Safeguards for a restored database: stored references, and a proof of the master key.

use sea_orm_migration::{prelude::*, schema};

#[derive(DeriveMigrationName)]
pub struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    /// Runs in one transaction, also on SQLite, so that an interrupted migration can be run again.
    fn use_transaction(&self) -> Option<bool> {
        Some(true)
    }

    /// Adds the column `journal.reference` and the table `key_proofs`. The column contains the reference that was issued for the message.
    /// It is NULL for older messages, whose reference follows from their number. The table has one row, which only this database's master
    /// key can decrypt.
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let reference = schema::big_integer_null("reference");
        manager
            .alter_table(Table::alter().table("journal").add_column(reference).to_owned())
            .await?;
        let unique = Index::create()
            .name("journal_reference")
            .table("journal")
            .col("reference")
            .unique()
            .to_owned();
        manager.create_index(unique).await?;
        let proofs = Table::create()
            .table("key_proofs")
            .col(schema::integer("id").primary_key())
            .col(schema::blob("sealed"))
            .to_owned();
        manager.create_table(proofs).await
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        manager
            .drop_table(Table::drop().table("key_proofs").to_owned())
            .await?;
        manager
            .drop_index(
                Index::drop()
                    .name("journal_reference")
                    .table("journal")
                    .to_owned(),
            )
            .await?;
        let reference = Table::alter()
            .table("journal")
            .drop_column("reference")
            .to_owned();
        manager.alter_table(reference).await
    }
}
