//! Teams, identifiers that nobody is called to for a time, earlier texts of cases, and an index for each filter of the inbox.

use sea_orm_migration::{prelude::*, schema, sea_orm::DbBackend};

#[derive(DeriveMigrationName)]
pub struct Migration;

/// What is found by these alone, with every reply and every batch: name, table, columns.
const FOUND: [(&str, &str, &[&str]); 3] = [
    ("outbox_message", "outbox", &["message_id"]),
    ("attachments_of_message", "attachments", &["message_id"]),
    ("jobs_in_state", "jobs", &["state", "id"]),
];

/// As in the views' indexes of the step before.
const ORDER: &str = "(COALESCE(waiting_since, 4000000000000000000) - urgency * 100000000000000000)";

/// An index for each filter of the long views, in their order: its name, its columns, and which contacts are in it if not all.
const FILTERS: [(&str, &str, &str); 6] = [
    ("contacts_by_registration", "opened_at", ""),
    ("contacts_by_channel", "channel, last_in_at", ""),
    (
        "contacts_by_language",
        "language, last_in_at",
        "language IS NOT NULL",
    ),
    ("contacts_by_topic", "topic, last_in_at", "topic IS NOT NULL"),
    ("contacts_by_holder", "holder, last_in_at", "holder IS NOT NULL"),
    ("contacts_by_urgency", "last_in_at", "urgency > 0"),
];

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        for (table, column) in added() {
            manager
                .alter_table(Table::alter().table(table).add_column(column).to_owned())
                .await?;
        }
        manager.create_table(case_versions()).await?;
        let mut index = Index::create();
        index
            .name("case_versions_case")
            .table("case_versions")
            .col("case_id");
        manager.create_index(index).await?;
        for (name, table, columns) in FOUND {
            let mut index = Index::create();
            index.name(name).table(table);
            for column in columns {
                index.col(*column);
            }
            manager.create_index(index).await?;
        }
        let connection = manager.get_connection();
        for (name, columns, of) in FILTERS {
            let mut index = format!("CREATE INDEX {name} ON contacts ({columns}, id)");
            if !of.is_empty() {
                index.push_str(&format!(" WHERE {of}"));
            }
            connection.execute_unprepared(&index).await?;
        }
        let team = format!(
            "CREATE INDEX contacts_team ON contacts (team, {ORDER}, id) WHERE status <> 'closed' AND team IS NOT NULL"
        );
        connection.execute_unprepared(&team).await?;
        let first_topic = if manager.get_database_backend() == DbBackend::Sqlite {
            "json_extract(answers, '$.topic[0]')"
        } else {
            "CAST(answers AS json) -> 'topic' ->> 0"
        };
        let topics = format!(
            "UPDATE contacts SET topic = (SELECT {first_topic} FROM records WHERE contact_id = contacts.id)
                WHERE id IN (SELECT contact_id FROM records)"
        );
        connection.execute_unprepared(&topics).await?;
        Ok(())
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let filters = FILTERS.into_iter().map(|(name, ..)| (name, "contacts"));
        let found = FOUND.into_iter().map(|(name, table, _)| (name, table));
        for (name, table) in filters.chain(found).chain([("contacts_team", "contacts")]) {
            manager
                .drop_index(Index::drop().name(name).table(table).to_owned())
                .await?;
        }
        manager
            .drop_table(Table::drop().table("case_versions").to_owned())
            .await?;
        for (table, column) in added() {
            let name = column.get_column_name();
            manager
                .alter_table(Table::alter().table(table).drop_column(name).to_owned())
                .await?;
        }
        Ok(())
    }
}

/// What tables get, by their names.
fn added() -> [(&'static str, ColumnDef); 5] {
    [
        // The team somebody is in.
        ("staff", schema::text_null("team").to_owned()),
        // The team whose work it is: of whoever holds it, or to which it was handed over.
        ("contacts", schema::text_null("team").to_owned()),
        // The main topic of its classification.
        ("contacts", schema::text_null("topic").to_owned()),
        // Until when nobody is called to what this identifier writes.
        ("people", schema::big_integer_null("blocked_until").to_owned()),
        // What was answered in words of one's own: JSON, sealed with the contact's key.
        ("records", schema::blob_null("words").to_owned()),
    ]
}

/// What was written of a case or a referral and then written otherwise.
fn case_versions() -> TableCreateStatement {
    Table::create()
        .table("case_versions")
        .col(schema::uuid("id").primary_key())
        .col(schema::uuid("case_id"))
        // Of the case itself: nothing.
        .col(schema::uuid_null("referral_id"))
        // Who wrote otherwise, and when.
        .col(schema::uuid("by"))
        .col(schema::big_integer("at"))
        // Sealed with the case's key.
        .col(schema::blob("text"))
        .foreign_key(
            ForeignKey::create()
                .from("case_versions", "case_id")
                .to("cases", "id")
                .on_delete(ForeignKeyAction::Cascade),
        )
        .to_owned()
}
