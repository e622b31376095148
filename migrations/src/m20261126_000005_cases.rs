//! Cases and referrals, canned replies, links between contacts, followed contacts, preferences, and indexes for frequent queries.

use sea_orm_migration::{prelude::*, schema};

#[derive(DeriveMigrationName)]
pub struct Migration;

/// The order of open contacts: urgent ones first, then those that have waited longest, then answered ones. The store's queries use
/// exactly this expression, because an expression index serves only the same expression.
macro_rules! order {
    () => {
        "(COALESCE(waiting_since, 4000000000000000000) - urgency * 100000000000000000)"
    };
}

/// Indexes that this migration replaces, with their tables.
const REPLACED: [(&str, &str); 5] = [
    ("contacts_identifier", "contacts"),
    ("contacts_holder", "contacts"),
    ("contacts_status", "contacts"),
    ("contacts_marked", "contacts"),
    ("jobs_due", "jobs"),
];

/// One partial index for each view of the inbox: its name, the sort columns, and the condition.
const VIEWS: [(&str, &str, &str); 8] = [
    (
        "contacts_unassigned",
        order!(),
        "status <> 'closed' AND holder IS NULL",
    ),
    (
        "contacts_mine",
        concat!("holder, ", order!()),
        "status <> 'closed'",
    ),
    ("contacts_urgent", order!(), "status <> 'closed' AND urgency > 0"),
    ("contacts_waiting", order!(), "status = 'waiting'"),
    ("contacts_answered", order!(), "status = 'answered'"),
    (
        "contacts_snoozed",
        order!(),
        "status <> 'closed' AND snoozed_until IS NOT NULL",
    ),
    (
        "contacts_closed",
        "last_in_at",
        "status = 'closed' AND marking IS NULL",
    ),
    ("contacts_marked", "last_in_at", "marking IS NOT NULL"),
];

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        for table in [
            cases(),
            case_contacts(),
            referrals(),
            canned(),
            links(),
            follows(),
        ] {
            manager.create_table(table).await?;
        }
        let mut index = Index::create();
        index.name("cases_number").table("cases").unique();
        index.col("year").col("number");
        manager.create_index(index).await?;
        for (name, table, column) in [
            ("case_contacts_contact", "case_contacts", "contact_id"),
            ("referrals_case", "referrals", "case_id"),
        ] {
            let mut index = Index::create();
            index.name(name).table(table).col(column);
            manager.create_index(index).await?;
        }
        // The preferences of a member of staff, as JSON.
        let preferences = schema::text("preferences").default("{}").to_owned();
        manager
            .alter_table(Table::alter().table("staff").add_column(preferences).to_owned())
            .await?;
        for (replaced, table) in REPLACED {
            let index = Index::drop().name(replaced).table(table).to_owned();
            manager.drop_index(index).await?;
        }
        for (name, columns, of) in VIEWS {
            let index = format!("CREATE INDEX {name} ON contacts ({columns}, id) WHERE {of}");
            manager.get_connection().execute_unprepared(&index).await?;
        }
        // Lookups use the hash of the identifier without the line, so the hash is the first column.
        let mut index = Index::create();
        index.name("contacts_identifier_hash").table("contacts");
        index.col("identifier_hash").col("line").col("opened_at");
        manager.create_index(index).await?;
        // Jobs are claimed in the order of their ids. This index finds the first jobs of a long queue without reading the rest.
        manager
            .get_connection()
            .execute_unprepared("CREATE INDEX jobs_in_order ON jobs (kind, id) WHERE state <> 'parked'")
            .await?;
        let mut index = Index::create();
        index.name("jobs_outbox").table("jobs").col("outbox_id");
        manager.create_index(index).await?;
        Ok(())
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        manager
            .alter_table(
                Table::alter()
                    .table("staff")
                    .drop_column("preferences")
                    .to_owned(),
            )
            .await?;
        for (name, ..) in VIEWS {
            manager
                .drop_index(Index::drop().name(name).table("contacts").to_owned())
                .await?;
        }
        for (name, table) in [
            ("jobs_in_order", "jobs"),
            ("jobs_outbox", "jobs"),
            ("contacts_identifier_hash", "contacts"),
        ] {
            manager
                .drop_index(Index::drop().name(name).table(table).to_owned())
                .await?;
        }
        for ((name, table), columns) in REPLACED.into_iter().zip([
            ["line", "identifier_hash", "opened_at"],
            ["holder", "status", "last_in_at"],
            ["status", "last_in_at", "id"],
            ["marking", "last_in_at", "id"],
            ["kind", "state", "due_at"],
        ]) {
            let mut index = Index::create();
            index.name(name).table(table);
            for column in columns {
                index.col(column);
            }
            manager.create_index(index).await?;
        }
        for table in [
            "follows",
            "links",
            "canned",
            "referrals",
            "case_contacts",
            "cases",
        ] {
            manager.drop_table(Table::drop().table(table).to_owned()).await?;
        }
        Ok(())
    }
}

/// Links between contacts. Each pair is stored in both directions.
fn links() -> TableCreateStatement {
    Table::create()
        .table("links")
        .col(schema::uuid("contact_id"))
        .col(schema::uuid("other_id"))
        .primary_key(Index::create().col("contact_id").col("other_id"))
        .foreign_key(
            ForeignKey::create()
                .from("links", "contact_id")
                .to("contacts", "id")
                .on_delete(ForeignKeyAction::Cascade),
        )
        .foreign_key(
            ForeignKey::create()
                .from("links", "other_id")
                .to("contacts", "id")
                .on_delete(ForeignKeyAction::Cascade),
        )
        .to_owned()
}

/// The contacts that members of staff follow.
fn follows() -> TableCreateStatement {
    Table::create()
        .table("follows")
        .col(schema::uuid("staff_id"))
        .col(schema::uuid("contact_id"))
        .primary_key(Index::create().col("staff_id").col("contact_id"))
        .foreign_key(
            ForeignKey::create()
                .from("follows", "contact_id")
                .to("contacts", "id")
                .on_delete(ForeignKeyAction::Cascade),
        )
        .to_owned()
}

/// Canned replies. They contain no personal data.
fn canned() -> TableCreateStatement {
    Table::create()
        .table("canned")
        .col(schema::uuid("id").primary_key())
        .col(schema::text("name").unique_key())
        // The text in Serbian (Cyrillic), and the text in English.
        .col(schema::text("sr"))
        .col(schema::text("en"))
        .col(schema::uuid("by"))
        .col(schema::big_integer("at"))
        .to_owned()
}

/// Cases, formed from contacts. A case is advisory until a second person confirms one of its referrals.
fn cases() -> TableCreateStatement {
    Table::create()
        .table("cases")
        .col(schema::uuid("id").primary_key())
        // The number restarts at 1 each year.
        .col(schema::integer("number"))
        .col(schema::integer("year"))
        // `advisory` or `forwarded`
        .col(schema::text("kind"))
        .col(schema::uuid("formed_by"))
        .col(schema::big_integer("formed_at"))
        .col(schema::text("day"))
        .col(schema::big_integer_null("closed_at"))
        .col(schema::blob_null("data_key"))
        // The encrypted summary of the case.
        .col(schema::blob_null("summary"))
        .to_owned()
}

/// The contacts from which each case was formed.
fn case_contacts() -> TableCreateStatement {
    Table::create()
        .table("case_contacts")
        .col(schema::uuid("case_id"))
        .col(schema::uuid("contact_id"))
        .primary_key(Index::create().col("case_id").col("contact_id"))
        .foreign_key(
            ForeignKey::create()
                .from("case_contacts", "case_id")
                .to("cases", "id")
                .on_delete(ForeignKeyAction::Cascade),
        )
        .foreign_key(
            ForeignKey::create()
                .from("case_contacts", "contact_id")
                .to("contacts", "id")
                .on_delete(ForeignKeyAction::Cascade),
        )
        .to_owned()
}

/// Referrals of cases to institutions. The person who proposes a referral may not confirm it.
fn referrals() -> TableCreateStatement {
    Table::create()
        .table("referrals")
        .col(schema::uuid("id").primary_key())
        .col(schema::uuid("case_id"))
        .col(schema::text("institution"))
        .col(schema::uuid("proposed_by"))
        .col(schema::big_integer("proposed_at"))
        // The time of the last change to the details. A confirmation states this time, so that it applies only to the version that
        // was read.
        .col(schema::big_integer("changed_at"))
        .col(schema::uuid_null("confirmed_by"))
        .col(schema::big_integer_null("confirmed_at"))
        // The day on which the referral was sent.
        .col(schema::text_null("sent_on"))
        // The encrypted details: what was sent, the legal basis, the institution's file number, and the result. The case's key
        // decrypts them.
        .col(schema::blob("details"))
        .foreign_key(
            ForeignKey::create()
                .from("referrals", "case_id")
                .to("cases", "id")
                .on_delete(ForeignKeyAction::Cascade),
        )
        .to_owned()
}
