//! The outcomes of reply targets, and indexes of the events that statistics and routing count.

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
        manager.create_table(reply_targets()).await?;
        let since = Index::create()
            .name("reply_targets_since")
            .table("reply_targets")
            .col("since")
            .to_owned();
        manager.create_index(since).await?;
        let handed_back =
            "CREATE INDEX events_handed_back ON events (kind, at) WHERE kind IN ('given_back', 'returned')";
        let given = "CREATE INDEX events_given ON events (at) WHERE kind IN ('assigned', 'claimed')";
        for index in [handed_back, given] {
            manager.get_connection().execute_unprepared(index).await?;
        }
        Ok(())
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        for index in ["events_handed_back", "events_given"] {
            manager
                .drop_index(Index::drop().name(index).table("events").to_owned())
                .await?;
        }
        manager
            .drop_table(Table::drop().table("reply_targets").to_owned())
            .await
    }
}

/// One row for each wait for a reply that ended with a reply, or whose target was missed.
fn reply_targets() -> TableCreateStatement {
    Table::create()
        .table("reply_targets")
        .col(schema::uuid("contact_id"))
        // When the person began to wait, in microseconds since 1970.
        .col(schema::big_integer("since"))
        .primary_key(Index::create().col("contact_id").col("since"))
        // "first" or "next".
        .col(schema::text("reply_order"))
        .col(schema::small_integer("urgency"))
        .col(schema::text("line"))
        .col(schema::big_integer("due_at"))
        // When staff replied; NULL while the person waits, and if the wait ended without a reply.
        .col(schema::big_integer_null("replied_at"))
        .foreign_key(
            ForeignKey::create()
                .from("reply_targets", "contact_id")
                .to("contacts", "id")
                .on_delete(ForeignKeyAction::Cascade),
        )
        .to_owned()
}
