//! The first tables: job queue, contacts, outbox, staff and totals.

use sea_orm_migration::{prelude::*, schema};

#[derive(DeriveMigrationName)]
pub struct Migration;

/// The tables of this migration. Dropping them in reverse order satisfies the foreign keys.
const TABLES: [&str; 14] = [
    "journal",
    "jobs",
    "cursors",
    "lines",
    "staff",
    "sessions",
    "contacts",
    "messages",
    "attachments",
    "outbox",
    "events",
    "totals",
    "balances",
    "audit",
];

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        for table in [
            journal(),
            jobs(),
            cursors(),
            lines(),
            staff(),
            sessions(),
            contacts(),
            messages(),
            attachments(),
            outbox(),
            events(),
            totals(),
            balances(),
            audit(),
        ] {
            manager.create_table(table).await?;
        }
        for (name, table, columns) in [
            (
                "jobs_due",
                "jobs",
                &["kind", "state", "due_at"] as &[&'static str],
            ),
            ("journal_outcome", "journal", &["outcome", "id"]),
            (
                "contacts_identifier",
                "contacts",
                &["line", "identifier_hash", "opened_at"],
            ),
            ("contacts_holder", "contacts", &["holder", "status", "last_in_at"]),
            ("contacts_status", "contacts", &["status", "last_in_at", "id"]),
            ("contacts_recent", "contacts", &["last_in_at", "id"]),
            ("contacts_day", "contacts", &["day", "line"]),
            ("messages_contact", "messages", &["contact_id", "at"]),
            ("messages_their_id", "messages", &["their_id_hash"]),
            ("attachments_message", "attachments", &["contact_id"]),
            ("outbox_contact", "outbox", &["contact_id"]),
            ("events_contact", "events", &["contact_id", "id"]),
            ("sessions_staff", "sessions", &["staff_id"]),
        ] {
            let mut index = Index::create();
            index.name(name).table(table);
            for column in columns {
                index.col(*column);
            }
            manager.create_index(index).await?;
        }
        for (name, table, columns) in [
            (
                "journal_once",
                "journal",
                &["line", "external_hash"] as &[&'static str],
            ),
            ("contacts_reference", "contacts", &["reference"]),
            ("contacts_thread", "contacts", &["thread_hash"]),
            ("messages_once", "messages", &["journal_id"]),
            ("staff_login", "staff", &["login"]),
        ] {
            let mut index = Index::create();
            index.name(name).table(table).unique();
            for column in columns {
                index.col(*column);
            }
            manager.create_index(index).await?;
        }
        // A message from a chat account or with a receipt code joins the open contact of its identifier without further evidence. Such an
        // identifier therefore has at most one open contact.
        manager
            .get_connection()
            .execute_unprepared(
                "CREATE UNIQUE INDEX contacts_one_open ON contacts (line, open_key) WHERE status <> 'closed'",
            )
            .await?;
        Ok(())
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        for table in TABLES.into_iter().rev() {
            manager.drop_table(Table::drop().table(table).to_owned()).await?;
        }
        Ok(())
    }
}

/// Raw messages as the channels delivered them. `outcome` is the result of processing: `accepted`, `message`, `report`, `ignored`
/// or `unreadable`. Rows are kept until retention deletes them.
fn journal() -> TableCreateStatement {
    Table::create()
        .table("journal")
        .col(schema::big_integer("id").auto_increment().primary_key())
        .col(schema::text("line"))
        .col(schema::blob("external_hash"))
        .col(schema::big_integer("received_at"))
        .col(schema::big_integer("size"))
        .col(schema::big_integer_null("cut_from"))
        .col(schema::blob_null("data_key"))
        .col(schema::blob_null("sealed"))
        .col(schema::uuid_null("file"))
        .col(schema::text("outcome").default("accepted"))
        .col(schema::text("reason").default(""))
        .to_owned()
}

/// Pending jobs. The transaction that completes a job deletes its row.
fn jobs() -> TableCreateStatement {
    Table::create()
        .table("jobs")
        .col(schema::big_integer("id").auto_increment().primary_key())
        .col(schema::text("kind"))
        .col(schema::big_integer_null("journal_id"))
        .col(schema::uuid_null("outbox_id"))
        .col(schema::text("state").default("ready"))
        .col(schema::integer("attempt").default(0))
        .col(schema::big_integer("due_at"))
        .col(schema::big_integer("made_at"))
        .col(schema::text("reason").default(""))
        .to_owned()
}

/// The position in each source up to which its line has read.
fn cursors() -> TableCreateStatement {
    Table::create()
        .table("cursors")
        .col(schema::text("line"))
        .col(schema::text("source"))
        .col(schema::text("position"))
        .primary_key(Index::create().col("line").col("source"))
        .to_owned()
}

/// The health of each line.
fn lines() -> TableCreateStatement {
    Table::create()
        .table("lines")
        .col(schema::text("line").primary_key())
        .col(schema::text("channel"))
        .col(schema::boolean("up").default(true))
        .col(schema::big_integer("since"))
        .col(schema::text("problem").default(""))
        .to_owned()
}

fn staff() -> TableCreateStatement {
    Table::create()
        .table("staff")
        .col(schema::uuid("id").primary_key())
        .col(schema::text("login"))
        .col(schema::text("name"))
        .col(schema::text("role"))
        .col(schema::text("password"))
        .col(schema::boolean("active").default(true))
        .col(schema::boolean("on_duty").default(false))
        .col(schema::big_integer_null("last_given"))
        .col(schema::big_integer("made_at"))
        .to_owned()
}

/// Login sessions. Only a hash of the cookie's secret is stored.
fn sessions() -> TableCreateStatement {
    Table::create()
        .table("sessions")
        .col(schema::blob("token_hash").primary_key())
        .col(schema::uuid("staff_id"))
        .col(schema::big_integer("made_at"))
        .col(schema::big_integer("seen_at"))
        .foreign_key(
            ForeignKey::create()
                .from("sessions", "staff_id")
                .to("staff", "id")
                .on_delete(ForeignKeyAction::Cascade),
        )
        .to_owned()
}

/// The registered communications. `card` contains the identifier, the name and the subject, encrypted.
fn contacts() -> TableCreateStatement {
    Table::create()
        .table("contacts")
        .col(schema::uuid("id").primary_key())
        .col(schema::big_integer("reference"))
        .col(schema::text("line"))
        .col(schema::text("channel"))
        .col(schema::text("day"))
        .col(schema::text("status").default("waiting"))
        .col(schema::uuid_null("holder"))
        .col(schema::text_null("marking"))
        .col(schema::text_null("asks"))
        .col(schema::text_null("language"))
        .col(schema::blob_null("identifier_hash"))
        .col(schema::blob("thread_hash"))
        .col(schema::blob("open_key"))
        .col(schema::blob_null("data_key"))
        .col(schema::blob_null("card"))
        .col(schema::big_integer("opened_at"))
        .col(schema::big_integer("last_in_at"))
        .col(schema::big_integer_null("waiting_since"))
        .col(schema::big_integer_null("closed_at"))
        .col(schema::big_integer_null("acknowledged_at"))
        .col(schema::uuid_null("earlier"))
        .col(schema::uuid_null("refers_to"))
        .foreign_key(
            ForeignKey::create()
                .from("contacts", "holder")
                .to("staff", "id")
                .on_delete(ForeignKeyAction::Restrict),
        )
        .to_owned()
}

/// The messages of a contact. `direction` is `in`, `reply`, `automatic` or `note`. `body` is encrypted.
fn messages() -> TableCreateStatement {
    Table::create()
        .table("messages")
        .col(schema::uuid("id").primary_key())
        .col(schema::uuid("contact_id"))
        .col(schema::text("direction"))
        .col(schema::uuid_null("author"))
        .col(schema::big_integer("at"))
        .col(schema::big_integer_null("journal_id"))
        .col(schema::blob_null("body"))
        .col(schema::blob_null("their_id_hash"))
        .col(schema::blob_null("digest"))
        .foreign_key(
            ForeignKey::create()
                .from("messages", "contact_id")
                .to("contacts", "id")
                .on_delete(ForeignKeyAction::Restrict),
        )
        .to_owned()
}

/// Attachments of messages. The bytes are in an encrypted file named by the id.
fn attachments() -> TableCreateStatement {
    Table::create()
        .table("attachments")
        .col(schema::uuid("id").primary_key())
        .col(schema::uuid("contact_id"))
        .col(schema::uuid("message_id"))
        .col(schema::big_integer("journal_id"))
        .col(schema::integer("position"))
        .col(schema::blob_null("name"))
        .col(schema::text("media_type"))
        .col(schema::boolean("inline").default(false))
        .col(schema::big_integer("size"))
        .foreign_key(
            ForeignKey::create()
                .from("attachments", "message_id")
                .to("messages", "id")
                .on_delete(ForeignKeyAction::Cascade),
        )
        .to_owned()
}

/// The delivery state of each outgoing message. `said` is the response of the other server, encrypted because responses repeat addresses.
fn outbox() -> TableCreateStatement {
    Table::create()
        .table("outbox")
        .col(schema::uuid("id").primary_key())
        .col(schema::uuid("message_id"))
        .col(schema::uuid("contact_id"))
        .col(schema::text("line"))
        .col(schema::text("state").default("queued"))
        .col(schema::integer("tries").default(0))
        .col(schema::big_integer("queued_at"))
        .col(schema::big_integer_null("sent_at"))
        .col(schema::blob_null("said"))
        .foreign_key(
            ForeignKey::create()
                .from("outbox", "message_id")
                .to("messages", "id")
                .on_delete(ForeignKeyAction::Cascade),
        )
        .to_owned()
}

/// Actions on contacts and who performed them. Live views read this table. No row contains message content.
fn events() -> TableCreateStatement {
    Table::create()
        .table("events")
        .col(schema::big_integer("id").auto_increment().primary_key())
        .col(schema::uuid("contact_id"))
        .col(schema::big_integer("at"))
        .col(schema::uuid_null("actor"))
        .col(schema::text("kind"))
        .col(schema::text("detail").default(""))
        .to_owned()
}

/// The number of registered communications per day and line, updated in the transaction that registers a communication.
fn totals() -> TableCreateStatement {
    Table::create()
        .table("totals")
        .col(schema::text("day"))
        .col(schema::text("line"))
        .col(schema::text("channel"))
        .col(schema::big_integer("count"))
        .primary_key(Index::create().col("day").col("line"))
        .to_owned()
}

/// Opening balances: figures from before this software.
fn balances() -> TableCreateStatement {
    Table::create()
        .table("balances")
        .col(schema::uuid("id").primary_key())
        .col(schema::text("channel"))
        .col(schema::text("from_day"))
        .col(schema::text("to_day"))
        .col(schema::big_integer("count"))
        .col(schema::text("source"))
        .col(schema::text("reason").default(""))
        .col(schema::uuid_null("entered_by"))
        .col(schema::big_integer("entered_at"))
        .to_owned()
}

/// Administrative actions and who performed them. No row contains message content.
fn audit() -> TableCreateStatement {
    Table::create()
        .table("audit")
        .col(schema::big_integer("id").auto_increment().primary_key())
        .col(schema::big_integer("at"))
        .col(schema::uuid_null("actor"))
        .col(schema::text("action"))
        .col(schema::text("object").default(""))
        .to_owned()
}
