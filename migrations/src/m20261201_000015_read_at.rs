//! When staff last read a contact, so that the list shows what nobody has read yet.

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
        // In microseconds since 1970; NULL if staff have not read the contact.
        let read_at = Table::alter()
            .table("contacts")
            .add_column(schema::big_integer_null("read_at"))
            .to_owned();
        manager.alter_table(read_at).await?;
        // What was read at all counts as read up to now, because later readings were not stored.
        let read = "UPDATE contacts SET read_at = last_in_at WHERE first_read_at IS NOT NULL";
        manager.get_connection().execute_unprepared(read).await?;
        Ok(())
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let table = Table::alter().table("contacts").drop_column("read_at").to_owned();
        manager.alter_table(table).await
    }
}
