//! Further steps of macros: a note for colleagues, and the team that gets the contact.

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
        let columns = [
            // Empty for a macro that writes no note.
            schema::text("note").default("").take(),
            // NULL for a macro that hands the contact over to no team.
            schema::text_null("team").take(),
        ];
        for column in columns {
            let table = Table::alter().table("canned").add_column(column).to_owned();
            manager.alter_table(table).await?;
        }
        Ok(())
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        for column in ["team", "note"] {
            let table = Table::alter().table("canned").drop_column(column).to_owned();
            manager.alter_table(table).await?;
        }
        Ok(())
    }
}
