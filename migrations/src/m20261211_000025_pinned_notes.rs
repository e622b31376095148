//! The notes that staff keep beside every contact of a person.

use sea_orm_migration::{prelude::*, schema};

#[derive(DeriveMigrationName)]
pub struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    /// Runs in one transaction, also on SQLite, so that an interrupted migration can be run again.
    fn use_transaction(&self) -> Option<bool> {
        Some(true)
    }

    /// A row for each pinned note. The text stays in the note, encrypted with the key of its contact.
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let table = Table::create()
            .table("pinned_notes")
            .col(schema::uuid("message_id").primary_key())
            .col(schema::uuid("contact_id"))
            .col(schema::text("line"))
            .col(schema::binary("identifier_hash"))
            .to_owned();
        manager.create_table(table).await?;
        for columns in [vec!["line", "identifier_hash"], vec!["contact_id"]] {
            let mut index = Index::create()
                .name(format!("pinned_notes_{}", columns.join("_")))
                .table("pinned_notes")
                .to_owned();
            for column in columns {
                index.col(column);
            }
            manager.create_index(index).await?;
        }
        Ok(())
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let table = Table::drop().table("pinned_notes").to_owned();
        manager.drop_table(table).await
    }
}
