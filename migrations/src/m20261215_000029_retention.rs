//! Legal holds, the protocol of what was erased, and the state of the nightly run that erases what is due.

use sea_orm_migration::{prelude::*, schema};

#[derive(DeriveMigrationName)]
pub struct Migration;

/// The new indexes: name, table, columns, and condition.
const INDEXES: [(&str, &str, &str, &str); 3] = [
    (
        "contacts_to_erase",
        "contacts",
        "closed_at, id",
        "closed_at IS NOT NULL AND data_key IS NOT NULL",
    ),
    ("holds_of_contact", "holds", "contact_id", "lifted_at IS NULL"),
    ("holds_of_case", "holds", "case_id", "lifted_at IS NULL"),
];

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    /// Runs in one transaction, also on SQLite, so that an interrupted migration can be run again.
    fn use_transaction(&self) -> Option<bool> {
        Some(true)
    }

    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        for table in [holds(), erasures(), retention_runs()] {
            manager.create_table(table).await?;
        }
        let run = async |statement: &str| manager.get_connection().execute_unprepared(statement).await;
        for (name, table, columns, rows) in INDEXES {
            run(&format!(
                "CREATE INDEX {name} ON {table} ({columns}) WHERE {rows}"
            ))
            .await?;
        }
        run("INSERT INTO retention_runs (id, lease_until) VALUES (1, 0)").await?;
        Ok(())
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let index = Index::drop()
            .name("contacts_to_erase")
            .table("contacts")
            .to_owned();
        manager.drop_index(index).await?;
        for table in ["retention_runs", "erasures", "holds"] {
            manager.drop_table(Table::drop().table(table).to_owned()).await?;
        }
        Ok(())
    }
}

/// An order to keep a contact or a case. `until` is the last day of the hold; without it, the hold is in force until it is lifted. The
/// reasons are encrypted with the key of the contact or case, and deleted with its content.
fn holds() -> TableCreateStatement {
    Table::create()
        .table("holds")
        .col(schema::uuid("id").primary_key())
        .col(schema::uuid_null("contact_id"))
        .col(schema::uuid_null("case_id"))
        .col(schema::uuid("by"))
        .col(schema::big_integer("at"))
        .col(schema::text_null("until"))
        .col(schema::blob_null("reason"))
        .col(schema::uuid_null("lifted_by"))
        .col(schema::big_integer_null("lifted_at"))
        .col(schema::blob_null("lift_reason"))
        .to_owned()
}

/// The protocol: a row for each contact that was erased. It contains no content. `rule` is the rule of the settings, and `agent` is the worker
/// or the operating-system account.
fn erasures() -> TableCreateStatement {
    Table::create()
        .table("erasures")
        .col(schema::big_integer("id").primary_key().auto_increment())
        .col(schema::big_integer("at"))
        .col(schema::big_integer("reference"))
        .col(schema::text("cause"))
        .col(schema::text("rule"))
        .col(schema::text("agent"))
        .to_owned()
}

/// The only row has the id 1. `owner` is the process that is erasing until the time `lease_until`. `last_day` is the day of the last
/// complete run.
fn retention_runs() -> TableCreateStatement {
    Table::create()
        .table("retention_runs")
        .col(schema::integer("id").primary_key())
        .col(schema::uuid_null("owner"))
        .col(schema::big_integer("lease_until"))
        .col(schema::text_null("last_day"))
        .col(schema::big_integer_null("finished_at"))
        .to_owned()
}
