//! Files that counsellors request from people, and attachments of which only name, kind and size are kept.

use sea_orm_migration::{prelude::*, schema};

#[derive(DeriveMigrationName)]
pub struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        for (table, column) in [
            // A counsellor asked the person for files, and none has arrived yet.
            (
                "contacts",
                schema::boolean("files_wanted").default(false).to_owned(),
            ),
            // Whether the bytes are stored in the attachments folder. False: the line stores no attachments, and only name, kind
            // and size are known.
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
