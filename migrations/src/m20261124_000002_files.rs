//! File requests by counsellors, and attachments for which only name, kind and size are stored.

use sea_orm_migration::{prelude::*, schema};

#[derive(DeriveMigrationName)]
pub struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        for (table, column) in [
            // Whether a counsellor asked the person for files and none has arrived yet.
            (
                "contacts",
                schema::boolean("files_wanted").default(false).to_owned(),
            ),
            // Whether the bytes are stored in the attachments folder. If false, the line stores no attachments, and only the name, kind and
            // size are known.
            ("attachments", schema::boolean("kept").default(true).to_owned()),
        ] {
            manager
                .alter_table(Table::alter().table(table).add_column(column).to_owned())
                .await?;
        }
        Ok(())
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        for (table, column) in [("contacts", "files_wanted"), ("attachments", "kept")] {
            manager
                .alter_table(Table::alter().table(table).drop_column(column).to_owned())
                .await?;
        }
        Ok(())
    }
}
