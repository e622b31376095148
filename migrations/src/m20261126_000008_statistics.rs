//! Figures of closings, cases and referrals; corrections; the time of the first reply; read-only tokens; and the outreach register.

use sea_orm_migration::{prelude::*, schema};

#[derive(DeriveMigrationName)]
pub struct Migration;

/// The tables that this migration adds, in the order in which they can be dropped.
const NEW: [&str; 5] = ["event_educators", "educators", "outreach", "schools", "tokens"];

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    /// Runs in one transaction, also on SQLite, so that an interrupted migration can be run again.
    fn use_transaction(&self) -> Option<bool> {
        Some(true)
    }

    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let run = async |statement: &str| manager.get_connection().execute_unprepared(statement).await;
        // The new table starts empty, which makes the next start recount all figures.
        for old in ["figures", "totals"] {
            let drop = Table::drop().table(old).to_owned();
            manager.drop_table(drop).await?;
        }
        for table in [
            figures(),
            tokens(),
            schools(),
            outreach(),
            educators(),
            event_educators(),
        ] {
            manager.create_table(table).await?;
        }
        for (name, table, column) in [
            ("outreach_by_day", "outreach", "day"),
            ("outreach_of_contact", "outreach", "contact_id"),
            ("outreach_of_school", "outreach", "school_id"),
        ] {
            let mut index = Index::create();
            manager
                .create_index(index.name(name).table(table).col(column).to_owned())
                .await?;
        }
        let mut index = Index::create();
        index.name("tokens_hash").table("tokens").col("hash").unique();
        manager.create_index(index).await?;

        // The time at which the first reply was sent.
        add(manager, "contacts", schema::big_integer_null("first_reply_at")).await?;
        run("UPDATE contacts SET first_reply_at = (
                SELECT MIN(outbox.sent_at) FROM outbox JOIN messages ON messages.id = outbox.message_id
                WHERE outbox.contact_id = contacts.id AND messages.direction = 'reply'
            ) WHERE id IN (SELECT contact_id FROM outbox WHERE sent_at IS NOT NULL)")
        .await?;

        // The institution to which the case was first referred. Statistics count the case under this institution.
        add(manager, "cases", schema::text_null("institution")).await?;
        run("UPDATE cases SET institution = (
                SELECT institution FROM referrals WHERE referrals.case_id = cases.id AND confirmed_at IS NOT NULL
                ORDER BY confirmed_at, id LIMIT 1
            ) WHERE kind = 'forwarded'")
        .await?;

        // Entries can now also concern cases and outreach, be corrections, and be withdrawn.
        let mut renamed = Table::alter();
        renamed.table("balances").rename_column("channel", "value");
        manager.alter_table(renamed.to_owned()).await?;
        add(
            manager,
            "balances",
            schema::text("of").default("contact").to_owned(),
        )
        .await?;
        let correction = schema::boolean("correction").default(false).to_owned();
        add(manager, "balances", correction).await?;
        add(manager, "balances", schema::uuid_null("withdrawn_by")).await?;
        add(manager, "balances", schema::big_integer_null("withdrawn_at")).await?;
        Ok(())
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        // The earlier version does not know these entries and would count them as communications.
        let unknown =
            "DELETE FROM balances WHERE \"of\" <> 'contact' OR correction OR withdrawn_at IS NOT NULL";
        manager.get_connection().execute_unprepared(unknown).await?;
        for table in NEW.into_iter().chain(["figures"]) {
            manager.drop_table(Table::drop().table(table).to_owned()).await?;
        }
        for (table, column) in [
            ("contacts", "first_reply_at"),
            ("cases", "institution"),
            ("balances", "of"),
            ("balances", "correction"),
            ("balances", "withdrawn_by"),
            ("balances", "withdrawn_at"),
        ] {
            manager
                .alter_table(Table::alter().table(table).drop_column(column).to_owned())
                .await?;
        }
        let mut renamed = Table::alter();
        renamed.table("balances").rename_column("value", "channel");
        manager.alter_table(renamed.to_owned()).await?;
        // Restore the old tables. The earlier version recounts an empty `figures` but not `totals`, so `totals` is filled here.
        let mut totals = Table::create();
        totals.table("totals");
        for column in ["day", "line", "channel"] {
            totals.col(schema::text(column));
        }
        totals.col(schema::big_integer("count"));
        totals.primary_key(Index::create().col("day").col("line"));
        manager.create_table(totals).await?;
        manager
            .get_connection()
            .execute_unprepared(
                "INSERT INTO totals (day, line, channel, count)
                    SELECT day, line, channel, COUNT(*) FROM contacts WHERE marking IS NULL GROUP BY day, line, channel",
            )
            .await?;
        let mut figures = Table::create();
        figures.table("figures");
        let place = ["one", "other", "span", "value", "other_value"];
        let mut key = Index::create();
        for column in place {
            figures.col(schema::text(column));
            key.col(column);
        }
        figures.col(schema::big_integer("count")).primary_key(&mut key);
        manager.create_table(figures).await
    }
}

async fn add(manager: &SchemaManager<'_>, table: &'static str, column: ColumnDef) -> Result<(), DbErr> {
    manager
        .alter_table(Table::alter().table(table).add_column(column).to_owned())
        .await
}

/// The number of items of a measure with this value, or this pair of values, in a span. The table contains no personal data, and erasing a
/// contact does not change it.
fn figures() -> TableCreateStatement {
    Table::create()
        .table("figures")
        // The measure: contacts, closings, cases or referrals.
        .col(schema::text("of"))
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
                .col("of")
                .col("one")
                .col("other")
                .col("span")
                .col("value")
                .col("other_value"),
        )
        .to_owned()
}

/// Tokens that give programs read-only access to figures.
fn tokens() -> TableCreateStatement {
    Table::create()
        .table("tokens")
        .col(schema::uuid("id").primary_key())
        .col(schema::text("name"))
        .col(schema::binary("hash"))
        .col(schema::uuid_null("made_by"))
        .col(schema::big_integer("made_at"))
        .col(schema::big_integer_null("used_at"))
        .col(schema::big_integer_null("ended_at"))
        .to_owned()
}

/// Schools and other institutions that hosted events.
fn schools() -> TableCreateStatement {
    Table::create()
        .table("schools")
        .col(schema::uuid("id").primary_key())
        .col(schema::text("name"))
        // `primary`, `secondary`, …
        .col(schema::text("kind"))
        .col(schema::text("place").default(""))
        // The school with which this duplicate was merged.
        .col(schema::uuid_null("merged_into"))
        .to_owned()
}

/// Outreach events, such as presentations and webinars.
fn outreach() -> TableCreateStatement {
    Table::create()
        .table("outreach")
        .col(schema::uuid("id").primary_key())
        .col(schema::text("kind"))
        // `planned`, `held` or `cancelled`
        .col(schema::text("state"))
        .col(schema::text_null("day"))
        .col(schema::uuid_null("school_id"))
        .col(schema::integer("students").default(0))
        .col(schema::integer("parents").default(0))
        .col(schema::integer("teachers").default(0))
        .col(schema::integer("others").default(0))
        .col(schema::text("presenter").default(""))
        .col(schema::text("language").default(""))
        .col(schema::text("remarks").default(""))
        // The contact that requested the event.
        .col(schema::uuid_null("contact_id"))
        .col(schema::uuid_null("by"))
        .col(schema::big_integer("at"))
        .to_owned()
}

/// Peer educators. Only the name by which they want to be called is stored.
fn educators() -> TableCreateStatement {
    Table::create()
        .table("educators")
        .col(schema::uuid("id").primary_key())
        .col(schema::text("name"))
        .col(schema::uuid_null("school_id"))
        .col(schema::boolean("active").default(true))
        .to_owned()
}

/// The peer educators who led or were trained at each event.
fn event_educators() -> TableCreateStatement {
    Table::create()
        .table("event_educators")
        .col(schema::uuid("outreach_id"))
        .col(schema::uuid("educator_id"))
        // `led` or `trained`
        .col(schema::text("part"))
        .primary_key(Index::create().col("outreach_id").col("educator_id"))
        .to_owned()
}
