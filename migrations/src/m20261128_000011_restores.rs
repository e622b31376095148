//! What keeps a restored database from going wrong: references that are drawn, and a proof of the master key.

use sea_orm_migration::{prelude::*, schema};

#[derive(DeriveMigrationName)]
pub struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    /// Whole or not at all, on SQLite too: what is cut off in the middle begins anew.
    fn use_transaction(&self) -> Option<bool> {
        Some(true)
    }

    /// `journal.reference` is the reference that was given out with the message; of messages from before, it follows from
    /// their number. `key_proofs` has one row, which only the master key of this database opens.
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
