//! The tables of the quarantine: a column for contacts that were opened without a form, and the table of surges. An index of the contacts
//! by marking makes it possible to count the quarantine without reading all marked contacts.

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
        let column = Table::alter()
            .table("contacts")
            .add_column(without_form())
            .to_owned();
        manager.alter_table(column).await?;
        manager.create_table(surges()).await?;
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
        manager.drop_index(index).await?;
        manager
            .drop_table(Table::drop().table("surges").to_owned())
            .await?;
        let column = Table::alter()
            .table("contacts")
            .drop_column("without_form")
            .to_owned();
        manager.alter_table(column).await
    }
}

/// Whether the post that opened the contact came without a form and without a proof of work, while the line asked for no proof.
fn without_form() -> ColumnDef {
    schema::boolean("without_form").default(false).to_owned()
}

/// The beginnings of floods. A post that came without a form between `since` and about `recognised_at` is quarantined.
fn surges() -> TableCreateStatement {
    Table::create()
        .table("surges")
        .col(schema::text("line"))
        .col(schema::big_integer("recognised_at"))
        .primary_key(Index::create().col("line").col("recognised_at"))
        .col(schema::big_integer("since"))
        .to_owned()
}
