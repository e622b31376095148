//! Schema for chat channels: versions of edited messages, files stored on the platform, conversations, and people's choices.

use sea_orm_migration::{prelude::*, schema};

#[derive(DeriveMigrationName)]
pub struct Migration;

/// The columns added to existing tables: table, column name, definition.
fn columns() -> [(&'static str, &'static str, ColumnDef); 4] {
    [
        // The encrypted reference with which the file is fetched from the platform.
        ("attachments", "remote", schema::blob_null("remote")),
        // The state of the download: `wanted` while the file is being fetched, `too_large`, or `failed`; empty otherwise.
        ("attachments", "fate", schema::text("fate").default("").to_owned()),
        // The attachment that a fetch job downloads.
        ("jobs", "attachment_id", schema::uuid_null("attachment_id")),
        // The number of message parts that have been sent.
        ("outbox", "done", schema::integer("done").default(0).to_owned()),
    ]
}

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        for (table, _, column) in columns() {
            manager
                .alter_table(Table::alter().table(table).add_column(column).to_owned())
                .await?;
        }
        for table in [versions(), conversations(), people()] {
            manager.create_table(table).await?;
        }
        let mut index = Index::create();
        index.name("versions_message").table("versions").col("message_id");
        manager.create_index(index).await
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        for table in ["people", "conversations", "versions"] {
            manager.drop_table(Table::drop().table(table).to_owned()).await?;
        }
        for (table, column, _) in columns() {
            manager
                .alter_table(Table::alter().table(table).drop_column(column).to_owned())
                .await?;
        }
        Ok(())
    }
}

/// Superseded versions of edited messages. `body` is encrypted like the body of the message.
fn versions() -> TableCreateStatement {
    Table::create()
        .table("versions")
        .col(schema::uuid("id").primary_key())
        .col(schema::uuid("message_id"))
        .col(schema::big_integer("at"))
        .col(schema::blob_null("body"))
        .foreign_key(
            ForeignKey::create()
                .from("versions", "message_id")
                .to("messages", "id")
                .on_delete(ForeignKeyAction::Cascade),
        )
        .to_owned()
}

/// The position up to which each conversation of a line was read. `source_hash` identifies the row. `sealed` contains the encrypted source
/// and position.
fn conversations() -> TableCreateStatement {
    Table::create()
        .table("conversations")
        .col(schema::text("line"))
        .col(schema::blob("source_hash"))
        .col(schema::blob("data_key"))
        .col(schema::blob("sealed"))
        .col(schema::big_integer("moved_at"))
        .primary_key(Index::create().col("line").col("source_hash"))
        .to_owned()
}

/// The choices of each person on a line: a language, and whether the person wants to receive no messages.
fn people() -> TableCreateStatement {
    Table::create()
        .table("people")
        .col(schema::text("line"))
        .col(schema::blob("identifier_hash"))
        .col(schema::text_null("language"))
        .col(schema::boolean("stopped").default(false))
        .primary_key(Index::create().col("line").col("identifier_hash"))
        .to_owned()
}
