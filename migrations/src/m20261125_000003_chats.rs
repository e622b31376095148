//! What chat channels need: versions of messages, files that lie elsewhere, conversations, and what people chose.

use sea_orm_migration::{prelude::*, schema};

#[derive(DeriveMigrationName)]
pub struct Migration;

/// Columns added to what there was.
fn columns() -> [(&'static str, &'static str, ColumnDef); 4] {
    [
        // How the file is fetched from where it lies. Sealed.
        ("attachments", "remote", schema::blob_null("remote")),
        // `wanted` while it is being fetched, `too_large`, `failed`; empty otherwise.
        ("attachments", "fate", schema::text("fate").default("").to_owned()),
        // The file a fetch job is about.
        ("jobs", "attachment_id", schema::uuid_null("attachment_id")),
        // How many of its pieces were handed over.
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

/// Versions of messages that others took the place of. `body` is sealed as the message's own.
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

/// How far each conversation of a line was read. `source_hash` finds it, `sealed` says which it is and how far.
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

/// What somebody on a line chose: a language, and not to be written to.
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
