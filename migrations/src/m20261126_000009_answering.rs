//! The time at which a contact was first read, and indexes for open contacts and for contacts closed in a period.

use sea_orm_migration::{prelude::*, schema};

#[derive(DeriveMigrationName)]
pub struct Migration;

/// The new indexes: name, table, columns, and condition.
const FOUND: [(&str, &str, &str, &str); 4] = [
    (
        "contacts_open_since",
        "contacts",
        "opened_at",
        "status <> 'closed' AND marking IS NULL",
    ),
    (
        "contacts_waiting_since",
        "contacts",
        "waiting_since",
        "status = 'waiting' AND marking IS NULL",
    ),
    (
        "contacts_by_closing",
        "contacts",
        "closed_at, id",
        "closed_at IS NOT NULL",
    ),
    ("outbox_unsent", "outbox", "state, queued_at", "state <> 'sent'"),
];

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    /// Runs in one transaction, also on SQLite, so that an interrupted migration can be run again.
    fn use_transaction(&self) -> Option<bool> {
        Some(true)
    }

    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let run = async |statement: &str| manager.get_connection().execute_unprepared(statement).await;
        let first_read = schema::big_integer_null("first_read_at");
        manager
            .alter_table(Table::alter().table("contacts").add_column(first_read).to_owned())
            .await?;
        // The time of reading was not recorded before this migration. A member of staff who acted on a contact had read it by then, so the
        // time of the first action is used.
        run("UPDATE contacts SET first_read_at = (
                SELECT MIN(at) FROM events
                WHERE events.contact_id = contacts.id AND actor IS NOT NULL AND at > contacts.opened_at
            ) WHERE id IN (SELECT contact_id FROM events WHERE actor IS NOT NULL)")
        .await?;
        // A logged call counts as read when the contact is opened. An erased call has no messages left, but still has the event `logged`.
        run("UPDATE contacts SET first_read_at = opened_at
                WHERE id IN (SELECT contact_id FROM messages WHERE direction = 'call')
                OR id IN (SELECT contact_id FROM events WHERE kind = 'logged')")
        .await?;
        for (name, table, columns, rows) in FOUND {
            run(&format!(
                "CREATE INDEX {name} ON {table} ({columns}) WHERE {rows}"
            ))
            .await?;
        }
        // An empty table makes the next start recount all figures, including the new dimensions.
        run("DELETE FROM figures").await?;
        Ok(())
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        for (name, table, ..) in FOUND {
            let index = Index::drop().name(name).table(table).to_owned();
            manager.drop_index(index).await?;
        }
        manager
            .alter_table(
                Table::alter()
                    .table("contacts")
                    .drop_column("first_read_at")
                    .to_owned(),
            )
            .await?;
        let run = async |statement: &str| manager.get_connection().execute_unprepared(statement).await;
        run("DELETE FROM figures").await?;
        Ok(())
    }
}
