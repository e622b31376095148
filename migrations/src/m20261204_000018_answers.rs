//! Owners of cases, the texts that staff add to cases, and the deadlines and outcomes of referrals.

use sea_orm_migration::{prelude::*, schema};

#[derive(DeriveMigrationName)]
pub struct Migration;

/// The new columns of `referrals` with text. Days are `YYYY-MM-DD`.
const DAYS_AND_OUTCOME: [&str; 4] = ["due_on", "remind_on", "outcome", "answered_on"];

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    /// Runs in one transaction, also on SQLite, so that an interrupted migration can be run again.
    fn use_transaction(&self) -> Option<bool> {
        Some(true)
    }

    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let connection = manager.get_connection();
        for (table, column) in [
            ("cases", schema::uuid_null("owner")),
            ("referrals", schema::uuid_null("returned_by")),
            ("referrals", schema::big_integer_null("returned_at")),
        ] {
            let added = Table::alter().table(table).add_column(column).to_owned();
            manager.alter_table(added).await?;
        }
        for column in DAYS_AND_OUTCOME {
            let mut added = Table::alter();
            added.table("referrals").add_column(schema::text_null(column));
            manager.alter_table(added).await?;
        }
        manager.create_table(case_entries()).await?;
        let mut index = Index::create();
        index
            .name("case_entries_case")
            .table("case_entries")
            .col("case_id");
        manager.create_index(index).await?;
        for statement in [
            "UPDATE cases SET owner = formed_by",
            // The referrals that wait for a person: for a confirmation, for changes, or for the answer of the institution.
            "CREATE INDEX referrals_awaited ON referrals (case_id) WHERE outcome IS NULL",
            "CREATE INDEX referrals_confirmed ON referrals (confirmed_at) WHERE confirmed_at IS NOT NULL",
            // Referrals are counted by outcome, so the next start recounts all figures.
            "DELETE FROM figures",
        ] {
            connection.execute_unprepared(statement).await?;
        }
        Ok(())
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let connection = manager.get_connection();
        for statement in [
            "DROP INDEX referrals_awaited",
            "DROP INDEX referrals_confirmed",
            "DELETE FROM figures",
        ] {
            connection.execute_unprepared(statement).await?;
        }
        let table = Table::drop().table("case_entries").to_owned();
        manager.drop_table(table).await?;
        let columns = ["returned_by", "returned_at"].into_iter().chain(DAYS_AND_OUTCOME);
        for column in columns {
            let dropped = Table::alter().table("referrals").drop_column(column).to_owned();
            manager.alter_table(dropped).await?;
        }
        let owner = Table::alter().table("cases").drop_column("owner").to_owned();
        manager.alter_table(owner).await
    }
}

/// `referral_id` is NULL if the text belongs to the case as a whole. `text` is encrypted with the key of the case.
fn case_entries() -> TableCreateStatement {
    Table::create()
        .table("case_entries")
        .col(schema::uuid("id").primary_key())
        .col(schema::uuid("case_id"))
        .col(schema::uuid_null("referral_id"))
        .col(schema::uuid("by"))
        .col(schema::big_integer("at"))
        .col(schema::text("kind"))
        .col(schema::binary("text"))
        .foreign_key(
            ForeignKey::create()
                .from("case_entries", "case_id")
                .to("cases", "id"),
        )
        .to_owned()
}
