//! Routing: the last action and the skills of staff, offers, versioned schedules, and the queue of waiting contacts.

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
        for column in staff_columns() {
            manager
                .alter_table(Table::alter().table("staff").add_column(column).to_owned())
                .await?;
        }
        manager
            .alter_table(
                Table::alter()
                    .table("people")
                    .add_column(closed_told_at())
                    .to_owned(),
            )
            .await?;
        let seen = Table::alter()
            .table("contacts")
            .add_column(danger_seen_at())
            .to_owned();
        manager.alter_table(seen).await?;
        manager.create_table(offers()).await?;
        manager.create_table(schedules()).await?;
        manager.create_table(alarms()).await?;
        manager.create_table(alarm_notices()).await?;
        let queue = "CREATE INDEX contacts_queue ON contacts (urgency DESC, waiting_since, id) \
                     WHERE status = 'waiting' AND holder IS NULL AND marking IS NULL";
        manager.get_connection().execute_unprepared(queue).await?;
        Ok(())
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        manager
            .drop_index(Index::drop().name("contacts_queue").table("contacts").to_owned())
            .await?;
        for table in ["alarm_notices", "alarms", "schedules", "offers"] {
            manager.drop_table(Table::drop().table(table).to_owned()).await?;
        }
        let seen = Table::alter()
            .table("contacts")
            .drop_column("danger_seen_at")
            .to_owned();
        manager.alter_table(seen).await?;
        let told = Table::alter()
            .table("people")
            .drop_column("closed_told_at")
            .to_owned();
        manager.alter_table(told).await?;
        for column in staff_columns() {
            let name = column.get_column_name();
            manager
                .alter_table(Table::alter().table("staff").drop_column(name).to_owned())
                .await?;
        }
        Ok(())
    }
}

fn staff_columns() -> [ColumnDef; 2] {
    [
        // When the member of staff last acted at the desk, in microseconds since 1970. NULL: never since this migration.
        schema::big_integer_null("last_action_at").to_owned(),
        // What the member of staff can do and how much, as JSON.
        schema::text("skills").default("{}").to_owned(),
    ]
}

/// When the assignee opened the contact after it was raised to danger, in microseconds since 1970. NULL: not yet.
fn danger_seen_at() -> ColumnDef {
    schema::big_integer_null("danger_seen_at").to_owned()
}

/// When the person was last told automatically that the line is closed, in microseconds since 1970.
fn closed_told_at() -> ColumnDef {
    schema::big_integer_null("closed_told_at").to_owned()
}

/// Offers of contacts to counsellors. An offer stays after its end, so that the contact is not offered to the same counsellor again.
fn offers() -> TableCreateStatement {
    Table::create()
        .table("offers")
        .col(schema::uuid("contact_id"))
        .col(schema::uuid("staff_id"))
        .primary_key(Index::create().col("contact_id").col("staff_id"))
        .col(schema::big_integer("offered_at"))
        // Until when the counsellor can accept.
        .col(schema::big_integer("until"))
        // Whether the offer is still open: neither accepted nor declined, and not found to have ended.
        .col(schema::boolean("open"))
        .foreign_key(
            ForeignKey::create()
                .from("offers", "contact_id")
                .to("contacts", "id")
                .on_delete(ForeignKeyAction::Cascade),
        )
        .to_owned()
}

/// Opening hours and shift plans. Each change adds a version; the newest version holds.
fn schedules() -> TableCreateStatement {
    Table::create()
        .table("schedules")
        .col(schema::text("kind"))
        // The name of the line; empty for the whole centre.
        .col(schema::text("line"))
        .col(schema::big_integer("version"))
        .primary_key(Index::create().col("kind").col("line").col("version"))
        .col(schema::big_integer("made_at"))
        .col(schema::uuid_null("made_by"))
        // The schedule as JSON.
        .col(schema::text("content"))
        .to_owned()
}

/// Alarms that leave the desk.
fn alarms() -> TableCreateStatement {
    Table::create()
        .table("alarms")
        .col(schema::uuid("id").primary_key())
        // "danger", "test" or "weekly_test".
        .col(schema::text("kind"))
        // The contact in danger; NULL for a test.
        .col(schema::uuid_null("contact_id"))
        .col(schema::big_integer("raised_at"))
        // The number of steps taken so far.
        .col(schema::small_integer("step").default(0))
        // When the next step is due.
        .col(schema::big_integer("next_at"))
        // When the alarm ended; NULL while it goes on.
        .col(schema::big_integer_null("ended_at"))
        .foreign_key(
            ForeignKey::create()
                .from("alarms", "contact_id")
                .to("contacts", "id")
                .on_delete(ForeignKeyAction::Cascade),
        )
        .to_owned()
}

/// Who was told about an alarm, when, and whether it worked.
fn alarm_notices() -> TableCreateStatement {
    Table::create()
        .table("alarm_notices")
        .col(schema::big_integer("id").primary_key().auto_increment())
        .col(schema::uuid("alarm_id"))
        .col(schema::big_integer("at"))
        .col(schema::small_integer("step"))
        // The recipient's name, and the line that carried the notice.
        .col(schema::text("recipient"))
        .col(schema::text("line"))
        // Empty if the notice was handed over.
        .col(schema::text("problem"))
        .foreign_key(
            ForeignKey::create()
                .from("alarm_notices", "alarm_id")
                .to("alarms", "id")
                .on_delete(ForeignKeyAction::Cascade),
        )
        .to_owned()
}
