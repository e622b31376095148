//! Counts by day, month and year, and indexes for queries that scanned whole tables.

use sea_orm_migration::{prelude::*, schema, sea_orm::DbBackend};

#[derive(DeriveMigrationName)]
pub struct Migration;

/// The new indexes: name, table, columns.
const FOUND: [(&str, &str, &[&str]); 4] = [
    ("outbox_message", "outbox", &["message_id"]),
    ("attachments_of_message", "attachments", &["message_id"]),
    ("jobs_in_state", "jobs", &["state", "id"]),
    ("contacts_by_registration", "contacts", &["opened_at", "id"]),
];

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        manager.create_table(figures()).await?;
        for (name, table, columns) in FOUND {
            let mut index = Index::create();
            index.name(name).table(table);
            for column in columns {
                index.col(*column);
            }
            manager.create_index(index).await?;
        }
        // Fill in the topic of contacts that were classified before the column existed.
        let first_topic = if manager.get_database_backend() == DbBackend::Sqlite {
            "json_extract(answers, '$.topic[0]')"
        } else {
            "CAST(answers AS json) -> 'topic' ->> 0"
        };
        let topics = format!(
            "UPDATE contacts SET topic = (SELECT {first_topic} FROM records WHERE contact_id = contacts.id)
                WHERE id IN (SELECT contact_id FROM records)"
        );
        manager.get_connection().execute_unprepared(&topics).await?;
        Ok(())
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        for (name, table, _) in FOUND {
            manager
                .drop_index(Index::drop().name(name).table(table).to_owned())
                .await?;
        }
        manager
            .drop_table(Table::drop().table("figures").to_owned())
            .await
    }
}

/// The number of registered communications with this value, or this pair of values, in a span. The table contains no personal data, and
/// erasing a contact does not change it.
fn figures() -> TableCreateStatement {
    Table::create()
        .table("figures")
        // The first dimension; empty for the total of the span.
        .col(schema::text("one"))
        // The second dimension, which sorts after the first; empty if there is none.
        .col(schema::text("other"))
        // A day, month or year in the centre's time zone.
        .col(schema::text("span"))
        .col(schema::text("value"))
        .col(schema::text("other_value"))
        .col(schema::big_integer("count"))
        .primary_key(
            Index::create()
                .col("one")
                .col("other")
                .col("span")
                .col("value")
                .col("other_value"),
        )
        .to_owned()
}
